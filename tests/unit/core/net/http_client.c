/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a web server of the test's own, which answers between two turns of the loop: limits, times, cancelling.
 * What the filter makes of answers is in tests/e2e/http_filter.py. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/net/http_client.h"
#include "tests/unit/support/net.h"

enum { PEERS_MAX = 64, REQUESTS_MAX = 200, BODY_MAX = 1000, TIME_MS = 1000, CONNECTIONS_MAX = 8 };

static struct bench bench;
static struct arena arena;
static struct http_client *client;
static int listener, peers[PEERS_MAX];
static uint32_t peer_count, open_count, open_most, served;
static uint16_t port;
static bool is_closed;

static struct sent {
    struct http_request request;
    uint32_t calls;
} sent[REQUESTS_MAX];

static void answered(struct http_request *request) { ((struct sent *)request->opaque)->calls++; }

static void peer_end(uint32_t at)
{
    close(peers[at]);
    peers[at] = -1;
    open_count--;
}

/* To a client that may have given up on the answer meanwhile, and closed. */
static void peer_send(uint32_t at, struct str bytes)
{
    ssize_t len = send(peers[at], bytes.ptr, bytes.len, MSG_NOSIGNAL);
    cr_assert(len == (ssize_t)bytes.len || errno == EPIPE || errno == ECONNRESET, "%s", strerror(errno));
}

/* By the path: /ok, /size/N a body of N bytes, /silent no answer, /half a part of one, /close ends the connection. */
static void peer_answer(uint32_t at, const char *text)
{
    char answer[4 * BODY_MAX];
    int size = 2;
    served++;
    if (strstr(text, " /silent")) return;
    if (strstr(text, " /close")) {
        peer_end(at);
        return;
    }
    const char *sized = strstr(text, " /size/");
    if (sized) size = atoi(sized + strlen(" /size/"));
    int head = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n",
                        strstr(text, " /missing") ? "404 No" : "200 OK", strstr(text, " /half") ? size + 10 : size);
    cr_assert_leq((size_t)head + (size_t)size, sizeof answer);
    memset(answer + head, 'x', (size_t)size);
    peer_send(at, (struct str){answer, (size_t)(head + size)}); /* at once: in two, Nagle holds the second back for 40 ms */
}

/* What the client has closed is seen to before what it has opened since. */
static void turn(void)
{
    for (uint32_t i = 0; i < peer_count; i++) {
        char text[2048];
        for (ssize_t len; peers[i] >= 0 && (len = recv(peers[i], text, sizeof text - 1, MSG_DONTWAIT)) >= 0;) {
            text[len] = 0;
            if (len)
                peer_answer(i, text);
            else
                peer_end(i);
        }
    }
    int fd = accept(listener, NULL, NULL);
    if (fd >= 0) {
        cr_assert_lt(peer_count, PEERS_MAX);
        peers[peer_count++] = fd;
        if (++open_count > open_most) open_most = open_count;
    }
    bench_turn(&bench);
}

static void until(uint32_t count)
{
    uint32_t done = 0;
    for (uint64_t end = uv_hrtime() + BENCH_DEADLINE_MS * 1000000ull; done < count && uv_hrtime() < end;) {
        turn();
        done = 0;
        for (uint32_t i = 0; i < REQUESTS_MAX; i++) done += sent[i].calls;
    }
    cr_assert_eq(done, count, "%u of %u are answered", done, count);
}

static struct http_request *send_to(uint32_t at, const char *path)
{
    const char *url = arena_printf(&arena, "http://127.0.0.1:%u%s%c", port, path, 0).ptr;
    sent[at].request = (struct http_request){.method = "GET", .url = url, .body_max = BODY_MAX, .arena = &arena,
                                             .done = answered, .opaque = &sent[at]};
    http_client_send(client, &sent[at].request);
    cr_assert_eq(sent[at].calls, 0, "never from within the call");
    return &sent[at].request;
}

static void closed(void *opaque) { *(bool *)opaque = true; }

static void set_up(void)
{
    const char *problem;
    struct http_client_options options = {.connect_timeout_ms = TIME_MS, .request_timeout_ms = TIME_MS, 
                                          .connections_max = CONNECTIONS_MAX, .host_connections_max = CONNECTIONS_MAX, .keeps_connections = true};
    cr_assert(http_client_is_available(&problem), "%s", problem);
    bench_begin(&bench, ECS_DISABLED, (const char *const[]){NULL});
    arena_init(&arena, NULL);
    port = bench_free_port(SOCK_STREAM);
    listener = bench_listen(port);
    memset(sent, 0, sizeof sent);
    peer_count = open_count = open_most = served = 0;
    is_closed = false;
    cr_assert_eq(http_client_open(&client, &bench.loop, &options), 0);
}

static void tear_down(void)
{
    http_client_close(client, closed, &is_closed);
    bench_wait(&bench, is_closed);
    cr_expect(is_closed);
    for (uint32_t i = 0; i < peer_count; i++)
        if (peers[i] >= 0) close(peers[i]);
    close(listener);
    arena_fini(&arena);
    bench_end(&bench);
}
TestSuite(http_client, .init = set_up, .fini = tear_down, .timeout = 60);

Test(http_client, answers_to_a_size_and_not_beyond)
{
    struct http_request *most = send_to(0, "/size/1000"), *more = send_to(1, "/size/1001"), *none = send_to(2, "/size/0");
    until(3);
    cr_expect_eq(most->status, 200);
    cr_expect_eq(most->answer.len, BODY_MAX);
    cr_expect_eq(more->status, 0);
    cr_expect(more->is_too_large && more->error[0]);
    cr_expect_eq(none->status, 200);
    cr_expect_eq(none->answer.len, 0);
}

Test(http_client, an_answer_that_does_not_come_or_stops_is_late)
{
    struct http_request *silent = send_to(0, "/silent"), *half = send_to(1, "/half");
    until(2);
    cr_expect(silent->status == 0 && silent->is_late && silent->error[0], "%s", silent->error);
    cr_expect(half->status == 0 && half->error[0], "%s", half->error);
}

Test(http_client, failures_say_why)
{
    struct http_request *ended = send_to(0, "/close"), *missing = send_to(1, "/missing");
    until(2);
    cr_expect(ended->status == 0 && ended->error[0] && !ended->is_late, "%s", ended->error);
    cr_expect_eq(missing->status, 404, "another status is an answer");
    static const char *const urls[] = {"http://127.0.0.1:1/", "file:///etc/hostname", "gopher://127.0.0.1/", "http://", ""};
    for (uint32_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        sent[2 + i].request = (struct http_request){.method = "GET", .url = urls[i], .body_max = BODY_MAX, .arena = &arena,
                                                    .done = answered, .opaque = &sent[2 + i]};
        http_client_send(client, &sent[2 + i].request);
        until(3 + i);
        cr_expect(sent[2 + i].request.status == 0 && sent[2 + i].request.error[0], "`%s`", urls[i]);
    }
}

Test(http_client, what_is_cancelled_is_not_answered)
{
    struct http_request *silent = send_to(0, "/silent");
    struct http_request *ok = send_to(1, "/ok");
    until(1);
    cr_expect_eq(sent[1].calls, 1);
    cr_expect_eq(ok->status, 200);
    http_client_cancel(client, silent);
    for (int i = 0; i < 5; i++) turn();
    cr_expect_eq(sent[0].calls, 0);
    send_to(2, "/ok");
    until(2);
    cr_expect_eq(sent[2].request.status, 200, "the client goes on");
}

Test(http_client, many_at_once_on_few_connections_are_each_answered_once)
{
    for (uint32_t i = 0; i < REQUESTS_MAX; i++) send_to(i, "/ok");
    until(REQUESTS_MAX);
    uint32_t fine = 0;
    for (uint32_t i = 0; i < REQUESTS_MAX; i++) fine += sent[i].calls == 1 && (sent[i].request.status == 200 || sent[i].request.is_late);
    cr_expect_eq(fine, REQUESTS_MAX, "those behind others may have waited for too long");
    cr_expect_leq(open_most, CONNECTIONS_MAX);
}
