/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/resolver.h"
#include <ares.h>
#include <assert.h>
#include <netdb.h>
#include <stdlib.h>
#include "core/net/address.h"
#include "core/xmalloc.h"

struct resolver_socket {
    uv_poll_t poll; /* first */
    struct resolver *resolver;
    ares_socket_t fd;
    struct resolver_socket *next;
};

struct resolver {
    struct loop *loop;
    ares_channel channel;
    uint32_t retries;
    uv_timer_t timer;
    struct resolver_socket *sockets;
    uint32_t handles; /* not closed yet */
    bool is_closing;
    void (*closed)(void *opaque);
    void *opaque;
};

/* ---- c-ares on the loop ---- */

static void handle_gone(struct resolver *resolver)
{
    assert(resolver->handles > 0);
    if (--resolver->handles || !resolver->is_closing) return;
    void (*closed)(void *opaque) = resolver->closed;
    void *opaque = resolver->opaque;
    free(resolver);
    closed(opaque);
}

static void socket_closed(uv_handle_t *handle)
{
    struct resolver_socket *socket = (struct resolver_socket *)(void *)handle;
    struct resolver *resolver = socket->resolver;
    free(socket);
    handle_gone(resolver);
}

static void timer_closed(uv_handle_t *handle) { handle_gone(handle->data); }

static void timer_fired(uv_timer_t *timer);

/* When c-ares next wants to look at what has timed out. */
static void timer_set(struct resolver *resolver)
{
    struct timeval most = {.tv_sec = 1}, wait;
    if (resolver->is_closing) return;
    if (!ares_timeout(resolver->channel, NULL, &wait)) {
        uv_timer_stop(&resolver->timer);
        return;
    }
    ares_timeout(resolver->channel, &most, &wait);
    uint64_t ms = (uint64_t)wait.tv_sec * 1000 + (uint64_t)wait.tv_usec / 1000 + 1;
    uv_timer_start(&resolver->timer, timer_fired, ms, 0);
}

static void process(struct resolver *resolver, ares_socket_t readable, ares_socket_t writable)
{
    ares_process_fd(resolver->channel, readable, writable);
    timer_set(resolver);
}

static void timer_fired(uv_timer_t *timer) { process(timer->data, ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

static void socket_is_ready(uv_poll_t *poll, int status, int events)
{
    struct resolver_socket *socket = (struct resolver_socket *)(void *)poll;
    bool is_readable = status < 0 || (events & UV_READABLE), is_writable = status < 0 || (events & UV_WRITABLE);
    process(socket->resolver, is_readable ? socket->fd : ARES_SOCKET_BAD, is_writable ? socket->fd : ARES_SOCKET_BAD);
}

/* c-ares wants to hear of a socket, or is about to close it. */
static void socket_wanted(void *opaque, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = opaque;
    struct resolver_socket **at = &resolver->sockets;
    while (*at && (*at)->fd != fd) at = &(*at)->next;
    struct resolver_socket *socket = *at;
    if (!readable && !writable) {
        if (!socket) return;
        *at = socket->next;
        uv_close((uv_handle_t *)&socket->poll, socket_closed);
        return;
    }
    if (!socket) {
        socket = xcalloc(1, sizeof *socket);
        *socket = (struct resolver_socket){.resolver = resolver, .fd = fd, .next = resolver->sockets};
        int status = uv_poll_init_socket(&resolver->loop->uv, &socket->poll, fd);
        assert(status == 0); /* a fresh socket */
        (void)status;
        resolver->sockets = socket;
        resolver->handles++;
    }
    uv_poll_start(&socket->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), socket_is_ready);
}

/* ---- opening and closing ---- */

static int status_of(int ares)
{
    return ares == ARES_ENOMEM ? UV_ENOMEM : ares == ARES_EFILE ? UV_ENOENT : UV_EINVAL;
}

int resolver_open(struct resolver **out, struct loop *loop, const struct resolver_options *options)
{
    struct resolver *resolver = xcalloc(1, sizeof *resolver);
    resolver->loop = loop;
    resolver->retries = options->retries;
    struct ares_options wanted = {.timeout = options->timeout_ms,
                                  .tries = 1, /* c-ares would double the time with each */
                                  .ndots = options->ndots,
                                  .lookups = (char *)(uintptr_t)"b",
                                  .domains = (char **)(uintptr_t)options->search,
                                  .ndomains = options->search_count,
                                  .sock_state_cb = socket_wanted,
                                  .sock_state_cb_data = resolver};
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    if (options->ndots >= 0) mask |= ARES_OPT_NDOTS;
    if (options->search_count >= 0) mask |= ARES_OPT_DOMAINS;
    int status = ares_init_options(&resolver->channel, &wanted, mask);
    if (status == ARES_SUCCESS && options->servers) {
        status = ares_set_servers_ports_csv(resolver->channel, options->servers);
        if (status != ARES_SUCCESS) ares_destroy(resolver->channel);
    }
    if (status != ARES_SUCCESS) {
        free(resolver);
        return status_of(status);
    }
    uv_timer_init(&loop->uv, &resolver->timer);
    resolver->timer.data = resolver;
    resolver->handles = 1;
    *out = resolver;
    return 0;
}

void resolver_close(struct resolver *resolver, void (*closed)(void *opaque), void *opaque)
{
    assert(!resolver->is_closing);
    resolver->is_closing = true;
    resolver->closed = closed;
    resolver->opaque = opaque;
    uv_close((uv_handle_t *)&resolver->timer, timer_closed);
    ares_destroy(resolver->channel); /* tells of each socket that it goes */
}

/* ---- questions ---- */

static void question_send(struct question *question);

static bool has_answer(const struct question *question, const struct hostent *host)
{
    return question->is_reverse ? host->h_name && *host->h_name : host->h_addr_list[0] != NULL;
}

static void answered(void *opaque, int status, int timeouts, struct hostent *host)
{
    (void)timeouts;
    struct question *question = opaque;
    struct resolver *resolver = question->resolver;
    if (resolver->is_closing || status == ARES_EDESTRUCTION) return;
    if (status == ARES_SUCCESS && has_answer(question, host)) {
        char text[ADDRESS_TEXT_MAX] = "";
        if (!question->is_reverse) inet_ntop(host->h_addrtype, host->h_addr_list[0], text, sizeof text);
        question->done(question, ANSWER_FOUND, str_of(question->is_reverse ? host->h_name : text));
        return;
    }
    if (status == ARES_ETIMEOUT && question->attempts++ < resolver->retries) {
        question_send(question);
        return;
    }
    bool is_none = status == ARES_ENODATA || status == ARES_ENOTFOUND || status == ARES_SUCCESS;
    if (is_none && !question->is_reverse && !question->is_v6) {
        question->is_v6 = true;
        question_send(question);
        return;
    }
    question->done(question, is_none ? ANSWER_NONE : status == ARES_ETIMEOUT ? ANSWER_TIMEOUT : ANSWER_FAILED,
                   (struct str){0});
}

static void question_send(struct question *question)
{
    ares_channel channel = question->resolver->channel;
    if (question->is_reverse) {
        struct address address = {0};
        bool is_address = address_parse(&address, question->text, 0);
        assert(is_address); /* the owner has looked */
        (void)is_address;
        bool is_v4 = address.family == AF_INET;
        ares_gethostbyaddr(channel, is_v4 ? (void *)&address.v4.sin_addr : (void *)&address.v6.sin6_addr,
                           is_v4 ? sizeof address.v4.sin_addr : sizeof address.v6.sin6_addr, address.family, answered,
                           question);
        return;
    }
    char name[NAME_BYTES_MAX + 1];
    memcpy(name, question->text.ptr, question->text.len);
    name[question->text.len] = 0;
    ares_gethostbyname(channel, name, question->is_v6 ? AF_INET6 : AF_INET, answered, question);
}

void resolver_ask(struct resolver *resolver, struct question *question)
{
    struct str text = question->text;
    question->resolver = resolver;
    question->attempts = 0;
    question->is_v6 = false;
    struct address address;
    bool is_sound = text.len && text.len <= NAME_BYTES_MAX && !memchr(text.ptr, 0, text.len) &&
                    (!question->is_reverse || address_parse(&address, text, 0));
    if (!is_sound) {
        question->done(question, ANSWER_NONE, (struct str){0});
        return;
    }
    question_send(question);
    timer_set(resolver);
}
