/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/resolver.h"
#include <ares.h>
#include <assert.h>
#include <netdb.h>
#include <stdlib.h>
#include "core/net/address.h"
#include "core/net/watch_socket.h"
#include "core/xmalloc.h"

enum { SOCKETS_MAX = 64 }; /* of c-ares: two a server, and those of questions over TCP */

struct resolver {
    struct watch_sockets watched; /* first */
    ares_channel channel;
    uint32_t retries;
    struct watch_socket *sockets[SOCKETS_MAX];
    uint32_t socket_count;
    void (*closed)(void *opaque);
    void *opaque;
};

/* ---- c-ares on the loop ---- */

/* When c-ares next wants to look at what has timed out. */
static void timer_set(struct resolver *resolver)
{
    struct timeval wait;
    bool is_waiting = ares_timeout(resolver->channel, NULL, &wait);
    int64_t ms = is_waiting ? (int64_t)wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1 : -1;
    watch_sockets_after(&resolver->watched, ms);
}

static void sockets_ready(struct watch_sockets *watched, int fd, int events)
{
    struct resolver *resolver = (struct resolver *)(void *)watched;
    ares_process_fd(resolver->channel, events & UV_READABLE ? fd : ARES_SOCKET_BAD,
                    events & UV_WRITABLE ? fd : ARES_SOCKET_BAD);
    timer_set(resolver);
}

/* c-ares wants to hear of a socket, or is about to close it. One too many is not heard: it times out. */
static void socket_wanted(void *opaque, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = opaque;
    uint32_t at = 0;
    while (at < resolver->socket_count && watch_socket_fd(resolver->sockets[at]) != fd) at++;
    bool is_known = at < resolver->socket_count;
    if (!readable && !writable) {
        if (!is_known) return;
        watch_socket_forget(resolver->sockets[at]);
        resolver->sockets[at] = resolver->sockets[--resolver->socket_count];
        return;
    }
    if (at == SOCKETS_MAX) return;
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    resolver->sockets[at] = watch_socket_set(&resolver->watched, is_known ? resolver->sockets[at] : NULL, fd, events);
    resolver->socket_count += !is_known;
}

static void sockets_closed(struct watch_sockets *watched)
{
    struct resolver *resolver = (struct resolver *)(void *)watched;
    void (*closed)(void *opaque) = resolver->closed;
    void *opaque = resolver->opaque;
    free(resolver);
    closed(opaque);
}

/* ---- opening and closing ---- */

static int status_of(int ares)
{
    return ares == ARES_ENOMEM ? UV_ENOMEM : ares == ARES_EFILE ? UV_ENOENT : UV_EINVAL;
}

int resolver_open(struct resolver **out, struct loop *loop, const struct resolver_options *options)
{
    struct resolver *resolver = xcalloc(1, sizeof *resolver);
    resolver->watched.ready = sockets_ready;
    resolver->watched.closed = sockets_closed;
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
    watch_sockets_open(&resolver->watched, &loop->uv);
    *out = resolver;
    return 0;
}

void resolver_close(struct resolver *resolver, void (*closed)(void *opaque), void *opaque)
{
    resolver->closed = closed;
    resolver->opaque = opaque;
    watch_sockets_close(&resolver->watched);
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
    if (resolver->watched.is_closing || status == ARES_EDESTRUCTION) return;
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
