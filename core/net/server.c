/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/server.h"
#include <assert.h>
#include <sys/resource.h>
#include <unistd.h>
#include "core/log.h"
#include "core/net/tls.h"

static uint32_t connections_limit(int64_t wanted)
{
    if (wanted) return (uint32_t)wanted;
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors)) return CONNECTIONS_MAX;
    if (descriptors.rlim_cur <= 2 * DESCRIPTORS_RESERVED) return DESCRIPTORS_RESERVED;
    rlim_t left = descriptors.rlim_cur - DESCRIPTORS_RESERVED;
    return left < CONNECTIONS_MAX ? (uint32_t)left : CONNECTIONS_MAX;
}

void server_count(struct server *server)
{
    atomic_store_explicit(&server->input->counters.connections, server->conns.count,
                          memory_order_relaxed);
}

static void server_refused(void *opaque)
{
    struct server *server = opaque;
    counter_add(&server->input->counters.refused, 1);
    LOG(LOG_WARN, "net.no_descriptors", server->input->id,
        "a connection was turned away: no file descriptor is left; raise LimitNOFILE (ulimit -n)");
}

static void server_accepted(void *opaque, int fd, const struct address *peer)
{
    struct server *server = opaque;
    if (server->conns.count >= server->connections_max) {
        close(fd);
        counter_add(&server->input->counters.refused, 1);
        LOG(LOG_WARN, "net.too_many_connections", server->input->id,
            "a connection was turned away: %u are open; raise connections_limit or LimitNOFILE",
            server->connections_max);
        return;
    }
    struct conn *conn = conn_open(&server->conns, server->type, fd, peer);
    if (!conn) return;
    if (server->keep_alive) conn_keep_alive(conn);
    server_count(server);
    server->opened(conn);
}

static void server_check_stopped(struct server *server)
{
    if (!server->is_stopping || server->is_listening || server->has_idle_timer || server->conns.count) return;
    if (server->conns.tls) tls_close(server->conns.tls);
    server->stopped(server->opaque);
}

static void server_listener_closed(void *opaque)
{
    struct server *server = opaque;
    server->is_listening = false;
    server_check_stopped(server);
}

static void server_left(struct conn_set *set)
{
    struct server *server = (struct server *)(void *)((char *)set - offsetof(struct server, conns));
    server_count(server);
    /* while the listener is open its own close asks */
    if (!server->is_listening) server_check_stopped(server);
}

void server_init(struct server *server, struct input *input, struct tls *tls)
{
    assert(server->type && server->stopped);
    server->input = input;
    conn_set_init(&server->conns, input->loop, &input->ingest->is_paused, server->opaque);
    server->conns.left = server_left;
    if (!tls || !tls_is_on(tls)) return;
    server->conns.tls = input->tls = tls;
    tls_open(tls, input->loop);
}

static void idle_looked(uv_timer_t *timer)
{
    struct server *server = timer->data;
    conn_set_end_idle(&server->conns, server->idle_ms);
}

static void idle_timer_start(struct server *server, uint64_t idle_ms)
{
    server->idle_ms = idle_ms;
    if (!idle_ms) return;
    uint64_t interval = idle_ms / IDLE_LOOKS + 1;
    uv_timer_init(&server->input->loop->uv, &server->idle_timer);
    server->idle_timer.data = server;
    uv_timer_start(&server->idle_timer, idle_looked, interval, interval);
    server->has_idle_timer = true;
}

static void idle_timer_closed(uv_handle_t *handle)
{
    struct server *server = handle->data;
    server->has_idle_timer = false;
    server_check_stopped(server);
}

int server_start(struct server *server, struct input *input, const struct server_options *options)
{
    assert(server->opened);
    server_init(server, input, options->tls);
    server->keep_alive = options->keep_alive;
    server->connections_max = connections_limit(options->connections_max);
    struct port_options port = {
        .type = SOCK_STREAM, .worker = input->worker, .workers = input->workers};
    int status = address_resolve(&port.address, options->host, (uint16_t)options->port);
    if (status == 0) {
        server->listener.accepted = server_accepted;
        server->listener.refused = server_refused;
        server->listener.closed = server_listener_closed;
        server->listener.opaque = server;
        status = listener_open(&server->listener, input->loop, &port);
    }
    server->is_listening = status == 0;
    if (server->is_listening) idle_timer_start(server, options->idle_ms);
    if (status && server->conns.tls) tls_close(server->conns.tls);
    if (status)
        LOG(LOG_ERROR, "net.listen", input->id, "cannot listen on %.*s port %d: %s",
            STR_ARG(options->host), (int)options->port, uv_strerror(status));
    return status;
}

void server_resume(struct server *server) { conn_set_resume(&server->conns); }

void server_stop(struct server *server)
{
    assert(!server->is_stopping);
    server->is_stopping = true;
    if (server->has_idle_timer) uv_close((uv_handle_t *)&server->idle_timer, idle_timer_closed);
    bool was_listening = server->is_listening;
    if (was_listening) listener_close(&server->listener);
    conn_set_drain(&server->conns);
    /* else the listener's close, or the last connection's, asks */
    if (!was_listening) server_check_stopped(server);
}
