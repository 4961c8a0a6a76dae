/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP connection on a worker's loop. It reads into the loop's shared block and owns no buffer, so
 * that an idle one costs little more than its handle.
 *
 *   readable ──▶ recv into the shared block ──▶ type->read(bytes, block) ──▶ all consumed
 *                                                     └─ less: the input is paused. The rest is kept
 *                                                        as a slice of the block, the connection is
 *                                                        parked until conn_set_resume()
 *
 * What wants to read while its set is paused is parked as well: a pause costs only those that have
 * something to say. With TLS (core/net/tls_session.h) the bytes are opened on their way into the block, and
 * handshakes go on during a pause. A `struct conn` is the first member of its owner's struct (conn_type.size), which
 * the set allocates and frees. One worker's thread. */
#ifndef CORE_NET_CONN_H
#define CORE_NET_CONN_H
#include "core/net/address.h"
#include "core/net/loop.h"

enum {
    DRAIN_BYTES_MAX = 1024 * 1024, /* read from a connection that is closed by our stop */
    CONNECT_TIMEOUT_MS = 10000,
    /* a peer that is gone is found so many seconds after the last byte: 60 + 4 * 15 */
    KEEP_ALIVE_IDLE_S = 60,
    KEEP_ALIVE_INTERVAL_S = 15,
    KEEP_ALIVE_PROBES = 4,
};

struct conn;
struct tls;
struct tls_session;
struct conn_type {
    size_t size; /* of the owner's struct */
    /* Returns how many bytes it consumed: all, unless the set is paused. May call conn_close(). */
    size_t (*read)(struct conn *conn, struct str bytes, struct block *block);
    /* The peer has ended (0) or the connection broke (UV_E code); or conn_drain() is through. The
     * owner calls conn_close(). */
    void (*ended)(struct conn *conn, int status);
    void (*connected)(struct conn *conn); /* of conn_connect(), TLS included; a failure is `ended` */
    void (*writable)(struct conn *conn);  /* after conn_want_write() */
    void (*closed)(struct conn *conn);    /* the memory goes afterwards */
};

struct conn_set {
    struct loop *loop;
    const bool *is_paused; /* NULL: never */
    struct tls *tls;       /* NULL: plain; else what is opened or connected from now on is encrypted */
    struct conn *first;
    uint32_t count;
    struct conn *parked_first, **parked_last;
    void *owner;
    void (*left)(struct conn_set *set); /* one was closed and freed; may be NULL */
};

struct conn {
    uv_poll_t poll;
    const struct conn_type *type;
    struct conn_set *set;
    struct conn *next, **link;
    struct conn *parked_next, **parked_link; /* link NULL: not parked */
    struct block *held;                      /* bytes that were not consumed lie in it */
    uint32_t held_offset, held_len;
    struct tls_session *tls;                 /* NULL: plain */
    int fd;
    int ended_status;                        /* when has_ended */
    bool wants_write, is_connecting, is_draining, is_closing;
    uint64_t read_ms; /* of the loop's clock: when something was read last, or could not be for a pause */
    bool is_deaf;   /* conn_stop_reading() */
    bool flushes;   /* TLS has bytes for the socket */
    bool has_ended; /* by the peer, told once what it held is consumed */
    bool is_late; /* had bytes in a turn whose share was used up */
    struct address peer;
};

void conn_set_init(struct conn_set *set, struct loop *loop, const bool *is_paused, void *owner);
/* Goes on with what is parked, in the order it was parked, until paused again. */
void conn_set_resume(struct conn_set *set);
/* ended(UV_ETIMEDOUT) for those that have sent nothing for so long while they could. */
void conn_set_end_idle(struct conn_set *set, uint64_t idle_ms);
/* conn_drain() for each. */
void conn_set_drain(struct conn_set *set);

/* Takes `fd`, also when it fails (then NULL: no memory for the handle). The owner's part is zeroed. */
struct conn *conn_open(struct conn_set *set, const struct conn_type *type, int fd,
                       const struct address *peer);
/* Begins to connect; ends with connected() or ended(). NULL with *status when it cannot even begin. */
struct conn *conn_connect(struct conn_set *set, const struct conn_type *type,
                          const struct address *peer, int *status);
void conn_keep_alive(struct conn *conn); /* probes of a silent peer: KEEP_ALIVE_… */
/* Its handshake is done: told by TLS. */
void conn_opened(struct conn *conn);
/* Connecting, or in its first handshake as a client: nothing can be written yet. */
bool conn_is_starting(const struct conn *conn);
/* Reads what has arrived already, at most DRAIN_BYTES_MAX, then calls ended(); waits for the end of a
 * pause first. */
void conn_drain(struct conn *conn);
/* Reads no more; for a connection that is kept to write what is owed. */
void conn_stop_reading(struct conn *conn);
void conn_close(struct conn *conn);

/* How many bytes the kernel took now (0: none, ask for writable), or a UV_E code. */
ssize_t conn_write(struct conn *conn, struct str bytes);
void conn_want_write(struct conn *conn, bool wanted);

#endif
