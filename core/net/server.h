/* SPDX-License-Identifier: Apache-2.0 */
/* The server half of an input: a listener, its connections, their limit, pause and stop.
 *
 * Stop: the listener closes, what senders have got into the socket buffers already is read (at most
 * DRAIN_BYTES_MAX a connection, after a pause has ended), connections close, `stopped` is called.
 * One worker's thread. */
#ifndef CORE_NET_SERVER_H
#define CORE_NET_SERVER_H
#include "core/input.h"
#include "core/net/conn.h"
#include "core/net/listener.h"

enum {
    IDLE_LOOKS = 4,             /* within idle_ms: a connection may stay a quarter longer */
    CONNECTIONS_MAX = 20000,    /* preset of open connections of a listener */
    DESCRIPTORS_RESERVED = 128, /* of the process's limit, for everything that is no connection */
};

struct server_options {
    struct str host;
    int64_t port;
    int64_t connections_max; /* 0: CONNECTIONS_MAX, or what the descriptor limit allows if less */
    bool keep_alive;
    uint64_t idle_ms; /* a connection that sends nothing for so long is ended; 0: never */
    struct tls *tls; /* NULL, or off: plain */
};

struct server {
    struct input *input;
    struct listener listener;
    struct conn_set conns;
    const struct conn_type *type;
    void (*opened)(struct conn *conn);
    void (*stopped)(void *opaque);
    void *opaque;
    uint32_t connections_max;
    uint64_t idle_ms;
    uv_timer_t idle_timer;
    bool keep_alive, is_listening, is_stopping, has_idle_timer;
};

/* Fill type, opened, stopped and opaque first; the connections' set->owner is `opaque`. `tls` may be NULL
 * or off; it is open until `stopped` is called. */
void server_init(struct server *server, struct input *input, struct tls *tls);
/* Initialises and listens. 0 or a UV_E code, which is logged. Without it (a plugin in client mode)
 * the connections are made by conn_connect(), and all else is the same. */
int server_start(struct server *server, struct input *input, const struct server_options *options);
/* input_type.pause(false) */
void server_resume(struct server *server);
void server_stop(struct server *server);
/* For connections that were not accepted but made (conn_connect): the same books. */
void server_count(struct server *server);

#endif
