/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that belong to a library (c-ares, libcurl) and are watched on a worker's loop, with the one timer
 * that such a library wants. The owner is told when all of it is closed. One worker's thread. */
#ifndef CORE_NET_WATCH_SOCKET_H
#define CORE_NET_WATCH_SOCKET_H
#include <stdbool.h>
#include <uv.h>

struct watch_socket;
struct watch_sockets {
    uv_loop_t *loop;
    uv_timer_t timer;
    uint32_t handles; /* not closed yet */
    bool is_closing;
    /* `fd`: -1 when the timer has fired; events: of uv_poll_event, both at an error. */
    void (*ready)(struct watch_sockets *sockets, int fd, int events);
    void (*closed)(struct watch_sockets *sockets); /* after watch_sockets_close(); may free it */
};

void watch_sockets_open(struct watch_sockets *sockets, uv_loop_t *loop);
/* Every socket has been forgotten, or is before the next turn. */
void watch_sockets_close(struct watch_sockets *sockets);
/* Calls ready() once, so much later; less than 0: not any more. */
void watch_sockets_after(struct watch_sockets *sockets, int64_t ms);
/* `socket` NULL: a socket that is not watched yet. */
struct watch_socket *watch_socket_set(struct watch_sockets *sockets, struct watch_socket *socket, int fd, int events);
void watch_socket_forget(struct watch_socket *socket); /* before the library closes it; NULL is allowed */
int watch_socket_fd(const struct watch_socket *socket);

#endif
