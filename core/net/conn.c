/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/conn.h"
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/net/tls_session.h"
#include "core/xmalloc.h"

static bool set_is_paused(const struct conn_set *set) { return set->is_paused && *set->is_paused; }

void conn_set_init(struct conn_set *set, struct loop *loop, const bool *is_paused, void *owner)
{
    *set = (struct conn_set){.loop = loop, .is_paused = is_paused, .owner = owner};
    set->parked_last = &set->parked_first;
}

/* ---- parking ---- */

static void conn_poll(uv_poll_t *poll, int status, int events);

/* A handshake is underway: bytes of the owner cannot go yet, though the socket has room. */
static bool conn_is_shaking(const struct conn *conn) { return conn->tls && !tls_session_is_open(conn->tls); }

/* Tells the loop what this connection waits for. */
static void conn_arm(struct conn *conn)
{
    assert(!conn->is_closing);
    bool writes = (conn->wants_write && !conn_is_shaking(conn)) || conn->flushes || conn->is_connecting;
    int events = (writes ? UV_WRITABLE : 0) |
                 (conn->parked_link || conn->is_deaf || conn->is_connecting ? 0 : UV_READABLE);
    if (events)
        uv_poll_start(&conn->poll, events, conn_poll);
    else
        uv_poll_stop(&conn->poll);
}

static void conn_on_time(struct conn *conn)
{
    if (!conn->is_late) return;
    conn->is_late = false;
    assert(conn->set->loop->late);
    conn->set->loop->late--;
}

static void conn_park(struct conn *conn)
{
    conn_on_time(conn);
    if (conn->parked_link) return;
    struct conn_set *set = conn->set;
    conn->parked_next = NULL;
    conn->parked_link = set->parked_last;
    *set->parked_last = conn;
    set->parked_last = &conn->parked_next;
    conn_arm(conn);
}

static void conn_unpark(struct conn *conn)
{
    if (!conn->parked_link) return;
    *conn->parked_link = conn->parked_next;
    if (conn->parked_next)
        conn->parked_next->parked_link = conn->parked_link;
    else
        conn->set->parked_last = conn->parked_link;
    conn->parked_link = NULL;
}

static void conn_drop_held(struct conn *conn)
{
    if (conn->held) block_drop(conn->held, &conn->set->loop->pool);
    conn->held = NULL;
}

/* ---- reading ---- */

/* Hands bytes on; what is not consumed is held and the connection parked. */
static void conn_give(struct conn *conn, struct str bytes, struct block *block)
{
    block_keep(block); /* the handler's batch may drop it meanwhile */
    size_t used = conn->type->read(conn, bytes, block);
    assert(used <= bytes.len);
    conn_drop_held(conn);
    if (conn->is_closing || used == bytes.len) {
        block_drop(block, &conn->set->loop->pool);
        return;
    }
    assert(set_is_paused(conn->set)); /* else it would never be asked again */
    conn->held = block;
    conn->held_offset = (uint32_t)(bytes.ptr + used - block->bytes);
    conn->held_len = (uint32_t)(bytes.len - used);
    conn_park(conn);
}

/* The socket is asked for room as long as TLS holds bytes for it. */
static void conn_flushes(struct conn *conn)
{
    bool flushes = tls_session_is_full(conn->tls);
    if (flushes == conn->flushes) return;
    conn->flushes = flushes;
    conn_arm(conn);
}

void conn_opened(struct conn *conn)
{
    if (conn->wants_write) conn_arm(conn);
    if (conn->set->tls->plan.is_client && conn->type->connected) conn->type->connected(conn);
}

/* The end, once what came before it is consumed. */
static void conn_end(struct conn *conn, int status)
{
    conn->has_ended = true;
    conn->ended_status = status;
    if (!conn->parked_link) conn->type->ended(conn, status);
}

/* conn_receive() of a connection with TLS. */
static bool conn_receive_sealed(struct conn *conn, size_t *received)
{
    struct loop *loop = conn->set->loop;
    uv_buf_t space = loop_read_space(loop);
    struct tls_got got = tls_session_read(conn->tls, space);
    struct block *block = loop->read_block;
    loop_read_done(loop, got.len);
    *received += got.sealed;
    if (got.sealed) conn->read_ms = uv_now(&loop->uv);
    conn_flushes(conn);
    block_keep(block); /* connected() may read elsewhere */
    if (got.has_opened) conn_opened(conn);
    if (got.len && !conn->is_closing) conn_give(conn, (struct str){space.base, got.len}, block);
    block_drop(block, &loop->pool);
    if (got.is_ended && !conn->is_closing) conn_end(conn, got.status);
    return got.sealed && !got.is_ended && !conn->is_closing;
}

/* One read. False: nothing is there, or the connection has ended or been closed. */
static bool conn_receive(struct conn *conn, size_t *received)
{
    if (conn->tls) return conn_receive_sealed(conn, received);
    struct loop *loop = conn->set->loop;
    uv_buf_t space = loop_read_space(loop);
    ssize_t got;
    do got = recv(conn->fd, space.base, space.len, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
        conn->type->ended(conn, got < 0 ? uv_translate_sys_error(errno) : 0);
        return false;
    }
    conn->read_ms = uv_now(&loop->uv);
    *received += (size_t)got;
    struct block *block = loop->read_block;
    loop_read_done(loop, (size_t)got);
    conn_give(conn, (struct str){space.base, (size_t)got}, block);
    return !conn->is_closing;
}

/* Reads what is there already, then ends; comes again after a pause. */
static void conn_drain_on(struct conn *conn)
{
    size_t received = 0;
    while (!set_is_paused(conn->set) && received < DRAIN_BYTES_MAX)
        if (!conn_receive(conn, &received)) break;
    if (conn->is_closing) return;
    if (set_is_paused(conn->set))
        conn_park(conn);
    else
        conn->type->ended(conn, 0);
}

/* A turn reads at most about TURN_BYTES_MAX, else thousands of busy senders would keep the loop from
 * its timers, stops and answers. Who is left out reads before all others in the turn that follows:
 * epoll reports in the same order each time. */
static bool conn_has_turn(struct conn *conn)
{
    struct loop *loop = conn->set->loop;
    bool is_used_up = loop->turn_bytes >= TURN_BYTES_MAX;
    if (!is_used_up && (conn->is_late || !loop->late)) {
        conn_on_time(conn);
        return true;
    }
    if (is_used_up && !conn->is_late) {
        conn->is_late = true;
        loop->late++;
    }
    return false;
}

static void conn_readable(struct conn *conn)
{
    size_t received = 0;
    if (set_is_paused(conn->set) && !conn_is_shaking(conn)) {
        conn_park(conn);
    } else if (conn_has_turn(conn)) {
        conn_receive(conn, &received);
        conn->set->loop->turn_bytes += received;
    }
}

/* The first writable event says how connecting went. */
static void conn_connect_done(struct conn *conn)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len)) error = errno;
    conn->is_connecting = false;
    if (error) {
        conn->type->ended(conn, uv_translate_sys_error(error));
        return;
    }
    if (conn->set->tls) {
        conn->tls = tls_session_open(conn->set->tls, conn);
        conn->flushes = tls_session_is_full(conn->tls);
    }
    conn_arm(conn);
    if (!conn->tls && conn->type->connected) conn->type->connected(conn);
}

/* There is room in the socket: first for what TLS holds, then for the owner. */
static void conn_writable(struct conn *conn)
{
    int status = conn->flushes ? tls_session_flush(conn->tls) : 0;
    if (status) {
        conn->type->ended(conn, status);
        return;
    }
    if (conn->flushes) conn_flushes(conn);
    if (conn->wants_write && !conn->flushes) conn->type->writable(conn);
}

static void conn_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *conn = poll->data;
    if (conn->is_connecting) {
        conn_connect_done(conn);
        return;
    }
    if (events & UV_WRITABLE) conn_writable(conn);
    if (conn->is_closing) return;
    if (status < 0) {
        /* libuv has stopped the handle: the error, or what came before it, is read now and the
         * handle armed again until it has all been seen */
        conn_readable(conn);
        if (!conn->is_closing) conn_arm(conn);
    } else if (events & UV_READABLE) {
        conn_readable(conn);
    }
}

/* One parked connection: its held bytes, then it may read again (or end, when draining). */
static void conn_resume(struct conn *conn)
{
    conn_unpark(conn);
    conn->read_ms = uv_now(&conn->set->loop->uv);
    if (conn->held) {
        struct block *block = conn->held;
        conn_give(conn, (struct str){block->bytes + conn->held_offset, conn->held_len}, block);
    }
    if (conn->is_closing || conn->parked_link) return;
    if (conn->has_ended)
        conn->type->ended(conn, conn->ended_status);
    else if (conn->is_draining)
        conn_drain_on(conn);
    else
        conn_arm(conn);
}

void conn_set_resume(struct conn_set *set)
{
    /* those parked again stand behind those that were parked before; they wait for the next call */
    uint32_t most = set->count;
    while (set->parked_first && most-- && !set_is_paused(set)) conn_resume(set->parked_first);
}

/* ---- life ---- */

struct conn *conn_open(struct conn_set *set, const struct conn_type *type, int fd,
                       const struct address *peer)
{
    assert(type->size >= sizeof(struct conn) && type->read && type->ended);
    struct conn *conn = xcalloc(1, type->size);
    conn->type = type;
    conn->set = set;
    conn->fd = fd;
    conn->peer = *peer;
    conn->read_ms = uv_now(&set->loop->uv);
    /* one that connects begins with TLS when it is connected */
    bool begins = set->tls && !set->tls->plan.is_client;
    if (begins) conn->tls = tls_session_open(set->tls, conn);
    if ((begins && !conn->tls) || uv_poll_init(&set->loop->uv, &conn->poll, fd)) {
        if (conn->tls) tls_session_close(conn->tls);
        close(fd);
        free(conn);
        return NULL;
    }
    conn->poll.data = conn;
    conn->next = set->first;
    conn->link = &set->first;
    if (conn->next) conn->next->link = &conn->next;
    set->first = conn;
    set->count++;
    conn_arm(conn);
    return conn;
}

struct conn *conn_connect(struct conn_set *set, const struct conn_type *type,
                          const struct address *peer, int *status)
{
    int fd = socket(peer->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *status = fd < 0 ? uv_translate_sys_error(errno) : 0;
    if (*status) return NULL;
    if (connect(fd, &peer->ip, address_len(peer)) && errno != EINPROGRESS) {
        *status = uv_translate_sys_error(errno);
        close(fd);
        return NULL;
    }
    struct conn *conn = conn_open(set, type, fd, peer);
    if (!conn) {
        *status = UV_ENOMEM;
        return NULL;
    }
    conn->is_connecting = true;
    /* No TCP_USER_TIMEOUT: Linux counts a closed window like a peer that is gone, and giving up a
     * receiver that merely stopped reading would lose what TCP holds for it. A peer that is gone is
     * found by keep-alive and by TCP's own limit of retransmissions. */
    conn_keep_alive(conn);
    conn_arm(conn);
    return conn;
}

void conn_keep_alive(struct conn *conn)
{
    static const int on = 1, idle = KEEP_ALIVE_IDLE_S, interval = KEEP_ALIVE_INTERVAL_S,
                     probes = KEEP_ALIVE_PROBES;
    /* the system's own begin after two hours */
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(conn->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

bool conn_is_starting(const struct conn *conn)
{
    return conn->is_connecting || (conn_is_shaking(conn) && conn->set->tls->plan.is_client);
}

void conn_drain(struct conn *conn)
{
    if (conn->is_closing || conn->is_draining) return;
    conn->is_draining = true;
    if (conn_is_starting(conn))
        conn->type->ended(conn, UV_ECANCELED);
    else if (!conn->parked_link)
        conn_drain_on(conn);
}

void conn_set_end_idle(struct conn_set *set, uint64_t idle_ms)
{
    uint64_t now = uv_now(&set->loop->uv);
    for (struct conn *conn = set->first, *next; conn; conn = next) {
        next = conn->next;
        /* one that is parked may have much to say */
        if (conn->is_closing || conn->parked_link || conn->is_late || now < conn->read_ms + idle_ms) continue;
        conn->type->ended(conn, UV_ETIMEDOUT);
    }
}

void conn_set_drain(struct conn_set *set)
{
    for (struct conn *conn = set->first, *next; conn; conn = next) {
        next = conn->next;
        conn_drain(conn);
    }
}

static void conn_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    struct conn_set *set = conn->set;
    if (conn->type->closed) conn->type->closed(conn);
    *conn->link = conn->next;
    if (conn->next) conn->next->link = conn->link;
    free(conn);
    assert(set->count);
    set->count--;
    if (set->left) set->left(set);
}

void conn_stop_reading(struct conn *conn)
{
    assert(!conn->is_closing);
    conn->is_deaf = true;
    conn_arm(conn);
}

void conn_close(struct conn *conn)
{
    conn_on_time(conn);
    if (conn->is_closing) return;
    conn_unpark(conn);
    conn_drop_held(conn);
    if (conn->tls) tls_session_close(conn->tls);
    conn->tls = NULL;
    conn->is_closing = true;
    uv_close((uv_handle_t *)&conn->poll, conn_closed);
    close(conn->fd);
    conn->fd = -1;
}

/* ---- writing ---- */

ssize_t conn_write(struct conn *conn, struct str bytes)
{
    assert(!conn->is_connecting && !conn->is_closing);
    ssize_t sent;
    if (conn_is_shaking(conn)) return 0;
    if (conn->tls) {
        sent = tls_session_write(conn->tls, bytes);
        conn_flushes(conn);
        return sent;
    }
    do sent = send(conn->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) return sent;
    return errno == EAGAIN ? 0 : uv_translate_sys_error(errno);
}

void conn_want_write(struct conn *conn, bool wanted)
{
    assert(conn->type->writable);
    if (conn->wants_write == wanted || conn->is_closing) return;
    conn->wants_write = wanted;
    conn_arm(conn);
}
