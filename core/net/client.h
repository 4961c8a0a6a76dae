/* SPDX-License-Identifier: Apache-2.0 */
/* The client half of a plugin: one connection to a host and port, made anew when its owner wants it.
 * A name is resolved at every attempt, on the pipeline's disk thread, so that neither a loop nor
 * another pipeline waits for a name server. One worker's thread. */
#ifndef CORE_NET_CLIENT_H
#define CORE_NET_CLIENT_H
#include "core/net/conn.h"
#include "core/store/disk.h"

struct client_lookup {
    struct disk_job job;
    struct client *client;
    struct address address;
    int status;
    bool is_running;
};

struct client {
    struct conn_set *set;
    struct disk *disk;
    const struct conn_type *type; /* connected() and ended() are the owner's */
    struct str host;
    uint16_t port;
    void (*failed)(void *opaque, int status); /* the name is unknown, or no socket */
    void (*closed)(void *opaque);             /* after client_close() */
    void *opaque;
    struct conn *conn;      /* connecting or connected; the owner clears it in ended() */
    uv_timer_t timer;       /* the next attempt, or the end of the present one */
    struct client_lookup lookup;
    bool is_closing, is_timer_closed;
};

/* Fill set, disk, type, host, port, failed, closed and opaque first. */
void client_start(struct client *client);
/* One attempt after `delay_ms`; ends with connected(), ended() or failed(). */
void client_connect(struct client *client, uint64_t delay_ms);
/* To be called by the owner's connected(). */
void client_connected(struct client *client);
/* No attempt any more; the connection itself is the owner's to close. */
void client_close(struct client *client);

#endif
