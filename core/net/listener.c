/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/listener.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int spare_open(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

/* No descriptor is left: turns one client away with the spare one. False: there was none. */
static bool listener_turn_away(struct listener *listener)
{
    if (listener->spare < 0) return false;
    close(listener->spare);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        listener->refused(listener->opaque);
    }
    listener->spare = spare_open();
    return true;
}

/* One client. False: none is waiting, or none can be accepted now. */
static bool listener_accept(struct listener *listener)
{
    struct address peer;
    socklen_t len = sizeof peer;
    int fd = accept4(listener->fd, &peer.ip, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        listener->accepted(listener->opaque, fd, &peer);
        return true;
    }
    switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return listener_turn_away(listener);
    case EAGAIN: return false;
    default: return true; /* that client's trouble: ECONNABORTED, EPROTO, ENETDOWN, … */
    }
}

static void listener_poll(uv_poll_t *poll, int status, int events);

static void listener_resume(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    uv_poll_start(&listener->poll, UV_READABLE, listener_poll);
}

static void listener_poll(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct listener *listener = poll->data;
    if (listener->spare < 0) listener->spare = spare_open();
    for (int i = 0; i < ACCEPTS_PER_TURN; i++)
        if (!listener_accept(listener)) break;
    bool out_of_descriptors = listener->spare < 0;
    if (status < 0 || out_of_descriptors) {
        uv_poll_stop(poll);
        uv_timer_start(&listener->pause, listener_resume, ACCEPT_PAUSE_MS, 0);
    }
}

int listener_open(struct listener *listener, struct loop *loop, const struct port_options *options)
{
    assert(listener->accepted && listener->refused && listener->closed);
    assert(options->type == SOCK_STREAM);
    int status = port_open(options, &listener->fd);
    if (status) return status;
    status = uv_poll_init(&loop->uv, &listener->poll, listener->fd);
    if (status) {
        close(listener->fd);
        return status;
    }
    listener->spare = spare_open();
    uv_timer_init(&loop->uv, &listener->pause);
    listener->poll.data = listener->pause.data = listener;
    uv_poll_start(&listener->poll, UV_READABLE, listener_poll);
    return 0;
}

static void listener_handle_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    assert(listener->closing);
    if (--listener->closing == 0) listener->closed(listener->opaque);
}

void listener_close(struct listener *listener)
{
    assert(!listener->closing);
    for (int i = 0; i < ACCEPTS_PER_TURN; i++)
        if (!listener_accept(listener)) break;
    listener->closing = 2;
    uv_close((uv_handle_t *)&listener->poll, listener_handle_closed);
    uv_close((uv_handle_t *)&listener->pause, listener_handle_closed);
    close(listener->fd);
    if (listener->spare >= 0) close(listener->spare);
    listener->fd = listener->spare = -1;
}
