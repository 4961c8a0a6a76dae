/* SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP socket on a worker's loop. It is never disarmed by what clients do: when
 * descriptors run out, a spare one is given up for a moment so that the waiting client is accepted
 * and turned away (else the loop would spin on it); a limit of open connections is kept by the
 * owner, who refuses in `accepted`.
 *
 * One worker's thread. */
#ifndef CORE_NET_LISTENER_H
#define CORE_NET_LISTENER_H
#include "core/net/address.h"
#include "core/net/loop.h"

enum {
    ACCEPTS_PER_TURN = 64,   /* so that a storm of connections does not starve those that are open */
    ACCEPT_PAUSE_MS = 20,    /* without descriptors and without the spare one */
};

struct listener {
    uv_poll_t poll;
    uv_timer_t pause;
    int fd, spare;
    /* Owns `fd` from here on: non-blocking, closed on exec. */
    void (*accepted)(void *opaque, int fd, const struct address *peer);
    void (*refused)(void *opaque); /* a client was turned away for lack of descriptors */
    void (*closed)(void *opaque);  /* after listener_close() */
    void *opaque;
    uint32_t closing; /* handles still to close */
};

/* Fill accepted, refused, closed and opaque first. 0 or a UV_E code; then nothing is open. */
int listener_open(struct listener *listener, struct loop *loop, const struct port_options *options);
/* Accepts once more what is waiting (it would be reset otherwise), then closes. */
void listener_close(struct listener *listener);

#endif
