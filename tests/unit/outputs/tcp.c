/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tests/unit/support/net.h"

extern const struct output_type output_tcp;

static uint16_t begin(struct bench *bench, const char *mode)
{
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(SOCK_STREAM);
    bench_begin(bench, ECS_DISABLED, NULL);
    struct bench_option options[] = {{"port", bench_port_text(port_text, port)},
                                     {"host", "127.0.0.1"}, {"mode", mode}, {NULL, NULL}};
    cr_assert_eq(bench_output(bench, &output_tcp, options), 0);
    return port;
}

/* Reads what there is without waiting. */
static void receive(int fd, struct buf *out)
{
    char bytes[65536];
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        buf_append(out, (struct str){bytes, (size_t)got});
}

Test(tcp_output, client_sends_and_settles)
{
    struct bench bench;
    struct buf got = {0};
    int listener = bench_listen(begin(&bench, "client"));
    cr_assert(bench_offer(&bench, "one"));
    cr_assert(bench_offer(&bench, "two"));
    bench_wait(&bench, counter_get(&bench.output.counters.sent) == 2);
    cr_assert_eq(counter_get(&bench.output.counters.sent), 2);
    int fd = accept(listener, NULL, NULL);
    receive(fd, &got);
    cr_assert_str_eq(buf_z(&got), "one\ntwo\n");
    close(fd);
    close(listener);
    buf_fini(&got);
    bench_end(&bench);
}

Test(tcp_output, client_waits_for_a_server_and_loses_nothing)
{
    struct bench bench;
    struct buf got = {0};
    uint16_t port = begin(&bench, "client");
    cr_assert(bench_offer(&bench, "early"));
    bench_wait(&bench, counter_get(&bench.output.counters.retries) >= 1);
    cr_assert(counter_get(&bench.output.counters.retries) >= 1);
    int listener = bench_listen(port);
    bench_wait(&bench, counter_get(&bench.output.counters.sent) == 1);
    int fd = accept(listener, NULL, NULL);
    receive(fd, &got);
    cr_assert_str_eq(buf_z(&got), "early\n");
    close(fd);
    close(listener);
    buf_fini(&got);
    bench_end(&bench);
}

/* The first server reads a part and goes; the second must see whole records only, and together they
 * must have every record that the first had not wholly. */
Test(tcp_output, a_record_is_never_torn_by_a_new_connection)
{
    enum { RECORDS = 4000, WIDTH = 1000 };
    struct bench bench;
    struct buf first = {0}, second = {0};
    uint16_t port = begin(&bench, "client");
    int listener = bench_listen(port), small = 4096;
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    static char message[WIDTH];
    uint32_t taken = 0;
    for (; taken < RECORDS; taken++) {
        snprintf(message, sizeof message, "%07u%0*d", taken, WIDTH - 10, 0);
        if (!bench_offer(&bench, message)) break;
    }
    cr_assert(taken > 1000);
    int fd = -1;
    bench_wait(&bench, (fd = accept(listener, NULL, NULL)) >= 0);
    cr_assert(fd >= 0);
    for (int i = 0; i < 20; i++) {
        bench_turn(&bench);
        char bytes[7777];
        ssize_t len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (len > 0) buf_append(&first, (struct str){bytes, (size_t)len});
    }
    struct linger reset = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    fd = -1;
    uint64_t until = uv_hrtime() + 10000000000ull;
    while (counter_get(&bench.output.counters.sent) < taken && uv_hrtime() < until) {
        bench_turn(&bench);
        if (fd < 0) fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd >= 0) receive(fd, &second);
        if (fd < 0) cr_assert(uv_hrtime() < until);
    }
    for (int i = 0; i < 50; i++) bench_turn(&bench), receive(fd, &second);
    cr_assert_eq(counter_get(&bench.output.counters.sent), taken);
    size_t width = WIDTH - 3 + 1;
    cr_assert_eq(second.len % width, 0, "%zu bytes", second.len);
    uint32_t expected = 0;
    for (size_t at = 0; at < second.len; at += width) {
        uint32_t number = (uint32_t)strtoul((char[8]){second.ptr[at], second.ptr[at + 1],
            second.ptr[at + 2], second.ptr[at + 3], second.ptr[at + 4], second.ptr[at + 5],
            second.ptr[at + 6], 0}, NULL, 10);
        if (at) cr_assert_eq(number, expected);
        expected = number + 1;
        cr_assert_eq(second.ptr[at + width - 1], '\n');
    }
    cr_assert_eq(expected, taken);
    close(fd);
    close(listener);
    buf_fini(&first);
    buf_fini(&second);
    bench_end(&bench);
}

Test(tcp_output, whole_records_are_found)
{
    uint32_t ends[] = {3, 3, 7, 20};
    struct request request = {.ends = ends, .events = 4, .data = {.len = 20}};
    static const struct { size_t written, start; } rows[] = {
        {0, 0}, {1, 0}, {2, 0}, {3, 3}, {6, 3}, {7, 7}, {8, 7}, {19, 7}, {20, 20}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(request_whole(&request, rows[i].written), rows[i].start, "%zu", rows[i].written);
}

Test(tcp_output, a_full_lane_refuses_and_says_when_there_is_room)
{
    struct bench bench;
    uint16_t port = begin(&bench, "client");
    static char message[65000];
    memset(message, 'x', sizeof message - 1);
    uint32_t taken = 0;
    while (taken < 1000 && bench_offer(&bench, message)) taken++;
    cr_assert(taken >= 60 && taken < 80, "%u", taken);
    int listener = bench_listen(port), fd = -1;
    struct buf got = {0};
    uint64_t until = uv_hrtime() + 10000000000ull;
    while (counter_get(&bench.output.counters.sent) < taken && uv_hrtime() < until) {
        bench_turn(&bench);
        if (fd < 0) fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd >= 0) receive(fd, &got);
    }
    cr_assert_eq(counter_get(&bench.output.counters.sent), taken);
    cr_assert_eq(bench.output_readies, 1);
    close(fd);
    close(listener);
    buf_fini(&got);
    bench_end(&bench);
}

Test(tcp_output, server_sends_to_all_and_drops_without_clients)
{
    struct bench bench;
    uint16_t port = begin(&bench, "server");
    cr_assert(bench_offer(&bench, "nobody"));
    cr_assert_eq(counter_get(&bench.output.counters.dropped), 1);
    int a = bench_connect(port), b = bench_connect(port);
    struct buf got_a = {0}, got_b = {0};
    for (int i = 0; i < 3; i++) bench_turn(&bench);
    cr_assert(bench_offer(&bench, "one"));
    cr_assert(bench_offer(&bench, "two"));
    bench_wait(&bench, (receive(a, &got_a), receive(b, &got_b), got_a.len + got_b.len == 16));
    cr_assert_str_eq(buf_z(&got_a), "one\ntwo\n");
    cr_assert_str_eq(buf_z(&got_b), "one\ntwo\n");
    cr_assert_eq(counter_get(&bench.output.counters.sent), 2);
    close(a);
    close(b);
    buf_fini(&got_a);
    buf_fini(&got_b);
    bench_end(&bench);
}

Test(tcp_output, a_client_that_does_not_read_is_disconnected)
{
    struct bench bench;
    uint16_t port = begin(&bench, "server");
    int slow = bench_connect(port);
    for (int i = 0; i < 3; i++) bench_turn(&bench);
    static char message[100000];
    memset(message, 'x', sizeof message - 1);
    for (int i = 0; i < 200 && !counter_get(&bench.output.counters.errors); i++) {
        cr_assert(bench_offer(&bench, message));
        bench_turn(&bench);
    }
    cr_assert_eq(counter_get(&bench.output.counters.errors), 1);
    close(slow);
    bench_end(&bench);
}
