/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/watch_socket.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

struct watch_socket {
    uv_poll_t poll; /* first */
    struct watch_sockets *sockets;
    int fd;
};

static void handle_gone(struct watch_sockets *sockets)
{
    assert(sockets->handles > 0);
    if (--sockets->handles == 0 && sockets->is_closing) sockets->closed(sockets);
}

static void socket_closed(uv_handle_t *handle)
{
    struct watch_socket *socket = (struct watch_socket *)(void *)handle;
    struct watch_sockets *sockets = socket->sockets;
    free(socket);
    handle_gone(sockets);
}

static void timer_closed(uv_handle_t *handle) { handle_gone(handle->data); }

static void timer_fired(uv_timer_t *timer)
{
    struct watch_sockets *sockets = timer->data;
    sockets->ready(sockets, -1, 0);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watch_socket *socket = (struct watch_socket *)(void *)poll;
    socket->sockets->ready(socket->sockets, socket->fd, status < 0 ? UV_READABLE | UV_WRITABLE : events);
}

void watch_sockets_open(struct watch_sockets *sockets, uv_loop_t *loop)
{
    assert(sockets->ready && sockets->closed);
    sockets->loop = loop;
    uv_timer_init(loop, &sockets->timer);
    sockets->timer.data = sockets;
    sockets->handles = 1;
}

void watch_sockets_close(struct watch_sockets *sockets)
{
    assert(!sockets->is_closing);
    sockets->is_closing = true;
    uv_close((uv_handle_t *)&sockets->timer, timer_closed);
}

void watch_sockets_after(struct watch_sockets *sockets, int64_t ms)
{
    if (sockets->is_closing) return;
    if (ms < 0)
        uv_timer_stop(&sockets->timer);
    else
        uv_timer_start(&sockets->timer, timer_fired, (uint64_t)ms, 0);
}

struct watch_socket *watch_socket_set(struct watch_sockets *sockets, struct watch_socket *socket, int fd, int events)
{
    if (!socket) {
        socket = xcalloc(1, sizeof *socket);
        socket->sockets = sockets;
        socket->fd = fd;
        int status = uv_poll_init_socket(sockets->loop, &socket->poll, fd);
        assert(status == 0); /* a fresh socket */
        (void)status;
        sockets->handles++;
    }
    assert(socket->fd == fd);
    uv_poll_start(&socket->poll, events, socket_ready);
    return socket;
}

void watch_socket_forget(struct watch_socket *socket)
{
    if (socket) uv_close((uv_handle_t *)&socket->poll, socket_closed);
}

int watch_socket_fd(const struct watch_socket *socket) { return socket->fd; }
