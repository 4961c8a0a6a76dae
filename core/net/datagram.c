/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/datagram.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/log.h"
#include "core/xmalloc.h"

/* Room for the one control message asked for. */
union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(uint32_t))];
};

struct datagram_slots {
    struct mmsghdr headers[DATAGRAM_SLOTS];
    struct iovec vectors[DATAGRAM_SLOTS];
    struct address peers[DATAGRAM_SLOTS];
    union control controls[DATAGRAM_SLOTS];
    char *bytes;
};

static void slots_create(struct datagrams *datagrams)
{
    struct datagram_slots *slots = datagrams->slots = xcalloc(1, sizeof *slots);
    size_t size = datagrams->slot_bytes;
    slots->bytes = mmap(NULL, size * DATAGRAM_SLOTS, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slots->bytes == MAP_FAILED) abort();
    for (int i = 0; i < DATAGRAM_SLOTS; i++) {
        slots->vectors[i] = (struct iovec){slots->bytes + (size_t)i * size, size};
        slots->headers[i].msg_hdr = (struct msghdr){.msg_name = &slots->peers[i],
                                                    .msg_iov = &slots->vectors[i],
                                                    .msg_iovlen = 1,
                                                    .msg_control = &slots->controls[i]};
    }
}

/* The kernel's counter runs on and wraps; what it gained is what was lost. */
static void drops_count(struct datagrams *datagrams, struct msghdr *header)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SO_RXQ_OVFL) continue;
        uint32_t drops;
        memcpy(&drops, CMSG_DATA(at), sizeof drops);
        if (drops == datagrams->drops) continue;
        counter_add(&datagrams->input->counters.kernel_drops, drops - datagrams->drops);
        datagrams->drops = drops;
        LOG(LOG_WARN, "udp.kernel_drops", datagrams->input->id,
            "the kernel dropped datagrams (%u so far): raise receive_buffer_bytes and "
            "net.core.rmem_max", drops);
    }
}

/* Hands on what is in the slots. False: the input is paused. */
static bool datagrams_hand_on(struct datagrams *datagrams)
{
    struct datagram_slots *slots = datagrams->slots;
    while (datagrams->next < datagrams->count) {
        uint32_t at = datagrams->next;
        struct mmsghdr *header = &slots->headers[at];
        struct str bytes = {slots->vectors[at].iov_base, header->msg_len};
        bytes = str_from(bytes, datagrams->next_offset);
        if (bytes.len) {
            if (input_is_paused(datagrams->input)) return false;
            bool is_cut = header->msg_hdr.msg_flags & MSG_TRUNC;
            size_t used =
                datagrams->received(datagrams->opaque, bytes, is_cut, &slots->peers[at]);
            datagrams->next_offset += used;
            if (used < bytes.len) return false;
        }
        datagrams->next++;
        datagrams->next_offset = 0;
    }
    return true;
}

/* Fills the slots. False: nothing is waiting. */
static bool datagrams_receive(struct datagrams *datagrams)
{
    struct datagram_slots *slots = datagrams->slots;
    assert(datagrams->next == datagrams->count);
    for (int i = 0; i < DATAGRAM_SLOTS; i++) {
        slots->headers[i].msg_hdr.msg_namelen = sizeof slots->peers[i];
        slots->headers[i].msg_hdr.msg_controllen = sizeof slots->controls[i];
    }
    int got;
    do got = recvmmsg(datagrams->fd, slots->headers, DATAGRAM_SLOTS, MSG_DONTWAIT, NULL);
    while (got < 0 && errno == EINTR);
    datagrams->next = datagrams->count = 0;
    /* an error is that of an earlier answer (ICMP) and was cleared by being read */
    if (got <= 0) return false;
    datagrams->count = (uint32_t)got;
    for (int i = 0; i < got; i++) {
        drops_count(datagrams, &slots->headers[i].msg_hdr);
        if (slots->headers[i].msg_hdr.msg_flags & MSG_TRUNC)
            counter_add(&datagrams->input->counters.cut, 1);
    }
    return got == DATAGRAM_SLOTS;
}

static void datagrams_poll(uv_poll_t *poll, int status, int events);

static void datagrams_arm(struct datagrams *datagrams)
{
    uv_poll_start(&datagrams->poll, UV_READABLE, datagrams_poll);
}

static void datagrams_poll(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct datagrams *datagrams = poll->data;
    for (int round = 0; round < DATAGRAM_ROUNDS; round++) {
        if (!datagrams_hand_on(datagrams) || input_is_paused(datagrams->input)) {
            uv_poll_stop(poll);
            return;
        }
        bool has_more = datagrams_receive(datagrams);
        if (!has_more) break;
    }
    if (!datagrams_hand_on(datagrams))
        uv_poll_stop(poll);
    else if (status < 0)
        datagrams_arm(datagrams); /* libuv has stopped the handle */
}

static void datagrams_closed(uv_handle_t *handle)
{
    struct datagrams *datagrams = handle->data;
    munmap(datagrams->slots->bytes, datagrams->slot_bytes * DATAGRAM_SLOTS);
    free(datagrams->slots);
    datagrams->slots = NULL;
    datagrams->stopped(datagrams->opaque);
}

/* Empties the socket as well, at most one full round of slots. */
static void datagrams_end(struct datagrams *datagrams)
{
    for (int round = 0; round < DATAGRAM_ROUNDS; round++) {
        if (!datagrams_hand_on(datagrams)) return; /* comes again with the end of the pause */
        if (input_is_paused(datagrams->input)) return;
        if (!datagrams_receive(datagrams) && datagrams->count == 0) break;
    }
    if (!datagrams_hand_on(datagrams)) return;
    uv_close((uv_handle_t *)&datagrams->poll, datagrams_closed);
    close(datagrams->fd);
    datagrams->fd = -1;
}

void datagrams_resume(struct datagrams *datagrams)
{
    if (datagrams->fd < 0) return;
    if (datagrams->is_stopping)
        datagrams_end(datagrams);
    else if (datagrams_hand_on(datagrams))
        datagrams_arm(datagrams);
}

void datagrams_stop(struct datagrams *datagrams)
{
    assert(!datagrams->is_stopping);
    datagrams->is_stopping = true;
    uv_poll_stop(&datagrams->poll);
    datagrams_end(datagrams);
}

static void socket_tune(struct datagrams *datagrams, int64_t receive_buffer)
{
    int on = 1, wanted = (int)receive_buffer;
    setsockopt(datagrams->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    if (!wanted) return;
    setsockopt(datagrams->fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    int got = 0;
    socklen_t len = sizeof got;
    getsockopt(datagrams->fd, SOL_SOCKET, SO_RCVBUF, &got, &len);
    /* the kernel doubles what was asked for, or keeps it at net.core.rmem_max */
    if (got / 2 < wanted)
        LOG(LOG_WARN, "udp.receive_buffer", datagrams->input->id,
            "the receive buffer is %d bytes, not %d: raise net.core.rmem_max", got / 2, wanted);
}

int datagrams_start(struct datagrams *datagrams, struct input *input,
                    const struct datagram_options *options)
{
    assert(datagrams->received && datagrams->stopped);
    assert(options->slot_bytes > 0 && options->slot_bytes <= DATAGRAM_BYTES_MAX);
    datagrams->input = input;
    struct port_options port = {
        .type = SOCK_DGRAM, .worker = input->worker, .workers = input->workers};
    int status = address_resolve(&port.address, options->host, (uint16_t)options->port);
    if (status == 0) status = port_open(&port, &datagrams->fd);
    if (status == 0) {
        status = uv_poll_init(&input->loop->uv, &datagrams->poll, datagrams->fd);
        if (status) close(datagrams->fd);
    }
    if (status) {
        LOG(LOG_ERROR, "net.listen", input->id, "cannot bind UDP %.*s port %d: %s",
            STR_ARG(options->host), (int)options->port, uv_strerror(status));
        return status;
    }
    socket_tune(datagrams, options->receive_buffer);
    datagrams->poll.data = datagrams;
    datagrams->slot_bytes = (size_t)options->slot_bytes;
    slots_create(datagrams);
    datagrams_arm(datagrams);
    return 0;
}
