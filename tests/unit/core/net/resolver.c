/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a name server of the test's own, which answers between two turns of the loop. What the filter makes of
 * answers is in tests/e2e/dns.py. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include "core/net/resolver.h"
#include "tests/unit/support/net.h"

enum { QUERY_BYTES_MAX = 512, TIMEOUT_MS = 300 };

static struct bench bench;
static struct resolver *resolver;
static int server, queries;
static bool is_closed;

static struct reply {
    struct question question;
    enum answer answer;
    char found[256];
    uint32_t calls;
} replies[QUESTIONS_MAX];

static void asked(struct question *question, enum answer answer, struct str found)
{
    struct reply *reply = question->opaque;
    reply->calls++;
    reply->answer = answer;
    cr_assert_lt(found.len, sizeof reply->found);
    memcpy(reply->found, found.ptr ? found.ptr : "", found.len);
    reply->found[found.len] = 0;
}

/* Of the name's first letter: `a` an address, `v` an IPv6 address alone, `s` silence, `r` refused, `f` silence at
 * first, `g` garbage; else there is no such name. */
static void server_answer(const unsigned char *query, size_t len, const struct sockaddr_in *peer)
{
    static const unsigned char v4[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7};
    static const unsigned char v6[] = {0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 9, 0, 16, 0x20, 1, 0xd, 0xb8,
                                       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    unsigned char out[QUERY_BYTES_MAX + sizeof v6];
    size_t end = 12;
    while (end < len && query[end]) end += 1u + query[end];
    unsigned type = query[end + 2];
    char kind = (char)query[13];
    queries++;
    if (kind == 's' || (kind == 'f' && queries == 1)) return;
    bool has_v4 = (kind == 'a' || kind == 'f') && type == 1, has_v6 = kind == 'v' && type == 28;
    memcpy(out, query, end + 5);
    out[2] = 0x81;
    out[3] = (unsigned char)(0x80 | (kind == 'r' ? 5 : has_v4 || has_v6 || kind == 'v' ? 0 : 3));
    out[7] = has_v4 || has_v6;
    memset(out + 8, 0, 4);
    size_t size = end + 5;
    if (has_v4) memcpy(out + size, v4, sizeof v4), size += sizeof v4;
    if (has_v6) memcpy(out + size, v6, sizeof v6), size += sizeof v6;
    if (kind == 'g') memset(out + 4, 0xff, 8);
    sendto(server, out, size, 0, (const struct sockaddr *)peer, sizeof *peer);
}

static void turn(void)
{
    unsigned char query[QUERY_BYTES_MAX];
    struct sockaddr_in peer;
    socklen_t peer_len = sizeof peer;
    ssize_t len;
    while ((len = recvfrom(server, query, sizeof query, MSG_DONTWAIT, (struct sockaddr *)&peer, &peer_len)) > 12)
        server_answer(query, (size_t)len, &peer);
    bench_turn(&bench);
}

static uint32_t answered(uint32_t count)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < count; i++) done += replies[i].calls;
    return done;
}

static void until(uint32_t count)
{
    for (uint64_t end = uv_hrtime() + BENCH_DEADLINE_MS * 1000000ull; answered(count) < count && uv_hrtime() < end;) turn();
    cr_assert_eq(answered(count), count, "each is answered once");
}

static void ask(uint32_t at, const char *text, bool is_reverse)
{
    replies[at].question = (struct question){
        .is_reverse = is_reverse, .text = str_of(text), .done = asked, .opaque = &replies[at]};
    resolver_ask(resolver, &replies[at].question);
}

static void closed(void *opaque) { *(bool *)opaque = true; }

static void set_up_with(uint32_t retries)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof here;
    static char servers[32];
    bench_begin(&bench, ECS_DISABLED, (const char *const[]){NULL});
    server = socket(AF_INET, SOCK_DGRAM, 0);
    cr_assert_eq(bind(server, (struct sockaddr *)&here, sizeof here), 0);
    cr_assert_eq(getsockname(server, (struct sockaddr *)&here, &len), 0);
    snprintf(servers, sizeof servers, "127.0.0.1:%u", ntohs(here.sin_port));
    struct resolver_options options = {
        .servers = servers, .search_count = 0, .ndots = -1, .timeout_ms = TIMEOUT_MS, .retries = retries};
    cr_assert_eq(resolver_open(&resolver, &bench.loop, &options), 0);
    queries = 0;
    is_closed = false;
    memset(replies, 0, sizeof replies);
}

static void set_up(void) { set_up_with(1); }

static void tear_down(void)
{
    resolver_close(resolver, closed, &is_closed);
    bench_wait(&bench, is_closed);
    cr_expect(is_closed);
    close(server);
    bench_end(&bench);
}
TestSuite(resolver, .init = set_up, .fini = tear_down, .timeout = 60);

Test(resolver, each_kind_of_answer_is_told_apart)
{
    static const struct {
        const char *text;
        bool is_reverse;
        enum answer answer;
        const char *found;
    } rows[] = {
        {"a.example", false, ANSWER_FOUND, "192.0.2.7"}, {"v.example", false, ANSWER_FOUND, "2001:db8::1"},
        {"none.example", false, ANSWER_NONE, ""},        {"192.0.2.7", true, ANSWER_NONE, ""},
        {"r.example", false, ANSWER_FAILED, ""},         {"s.example", false, ANSWER_TIMEOUT, ""},
    };
    uint32_t count = sizeof rows / sizeof *rows;
    for (uint32_t i = 0; i < count; i++) ask(i, rows[i].text, rows[i].is_reverse);
    until(count);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(replies[i].answer, rows[i].answer, "%s: %d", rows[i].text, (int)replies[i].answer);
        cr_expect_str_eq(replies[i].found, rows[i].found, "%s", rows[i].text);
    }
}

Test(resolver, names_that_cannot_be_asked_for_are_none)
{
    static char longest[NAME_BYTES_MAX + 2];
    memset(longest, 'a', sizeof longest - 1);
    static const char *const names[] = {longest, "", "..", "a..b", "."};
    uint32_t count = sizeof names / sizeof *names;
    for (uint32_t i = 0; i < count; i++) ask(i, names[i], false);
    until(count);
    for (uint32_t i = 0; i < count; i++) cr_expect_neq(replies[i].answer, ANSWER_FOUND, "%.20s", names[i]);
    ask(count, "not an address", true);
    until(count + 1);
    cr_expect_neq(replies[count].answer, ANSWER_FOUND);
}

Test(resolver, without_an_answer_it_is_asked_again_and_then_late)
{
    ask(0, "f.example", false);
    until(1);
    cr_expect_eq(replies[0].answer, ANSWER_FOUND);
    cr_expect_eq(queries, 2, "the first got no answer");
    queries = 0;
    ask(1, "s.example", false);
    until(2);
    cr_expect_eq(replies[1].answer, ANSWER_TIMEOUT);
    cr_expect_eq(queries, 2, "one attempt and one more");
}

Test(resolver, as_many_as_may_be_asked_at_once_are_each_answered_once)
{
    for (uint32_t i = 0; i < QUESTIONS_MAX; i++) {
        static char names[QUESTIONS_MAX][24];
        snprintf(names[i], sizeof names[i], "%c%u.example", i % 2 ? 'a' : 'n', i);
        ask(i, names[i], false);
    }
    until(QUESTIONS_MAX);
    for (uint32_t i = 0; i < QUESTIONS_MAX; i++) {
        cr_expect_eq(replies[i].calls, 1);
        cr_expect_eq(replies[i].answer, i % 2 ? ANSWER_FOUND : ANSWER_NONE, "%u", i);
    }
}

Test(resolver, a_broken_answer_is_no_answer)
{
    ask(0, "g.example", false);
    until(1);
    cr_expect_neq(replies[0].answer, ANSWER_FOUND);
}

Test(resolver, questions_in_flight_at_a_close_are_not_answered)
{
    ask(0, "s.example", false);
    for (int i = 0; i < 3; i++) turn();
    struct resolver *first = resolver;
    bool was_closed = false;
    resolver_close(first, closed, &was_closed);
    bench_wait(&bench, was_closed);
    cr_expect(was_closed);
    cr_expect_eq(replies[0].calls, 0);
    struct resolver_options options = {.servers = "127.0.0.1:1", .search_count = 0, .ndots = -1, .timeout_ms = TIMEOUT_MS};
    cr_assert_eq(resolver_open(&resolver, &bench.loop, &options), 0); /* for tear_down */
}
