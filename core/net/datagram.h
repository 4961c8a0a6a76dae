/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams from a UDP port, many in one system call (recvmmsg), with the kernel's own count of what
 * it had to drop (SO_RXQ_OVFL). Own sockets on uv_poll, since libuv keeps that count to itself.
 *
 * The slots they are received into are mapped once and only touched pages cost memory: a datagram is
 * copied into its batch, for a slice would keep a whole slot. One worker's thread. */
#ifndef CORE_NET_DATAGRAM_H
#define CORE_NET_DATAGRAM_H
#include "core/input.h"
#include "core/net/address.h"

enum {
    DATAGRAM_SLOTS = 64,
    DATAGRAM_BYTES_MAX = 65536,
    DATAGRAM_ROUNDS = 8, /* system calls in one loop turn, so that a flood does not starve others */
};

struct datagram_slots;

struct datagrams {
    struct input *input;
    /* One datagram, never empty; returns how many bytes it used: all, unless the input is paused. */
    size_t (*received)(void *opaque, struct str bytes, bool is_cut, const struct address *peer);
    void (*stopped)(void *opaque);
    void *opaque;
    uv_poll_t poll;
    int fd;
    size_t slot_bytes;
    struct datagram_slots *slots;
    uint32_t next, count;   /* slots received and not handed on yet */
    size_t next_offset;     /* bytes of the first of them that are used */
    uint32_t drops;         /* the kernel's counter as last seen */
    bool is_stopping;
};

struct datagram_options {
    struct str host;
    int64_t port;
    int64_t slot_bytes;     /* longest datagram; the rest of a longer one is cut off */
    int64_t receive_buffer; /* SO_RCVBUF; 0: the system's */
};

/* Fill received, stopped and opaque first. 0 or a UV_E code, which is logged. */
int datagrams_start(struct datagrams *datagrams, struct input *input,
                    const struct datagram_options *options);
void datagrams_resume(struct datagrams *datagrams);
/* Hands on what was received (after a pause), then closes and calls stopped(). */
void datagrams_stop(struct datagrams *datagrams);

#endif
