/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "tests/unit/support/net.h"

extern const struct input_type input_tcp;

static const char *const legacy[] = {"host", "[@metadata][ip_address]", "tags", "proxy_host",
                                     "proxy_port", NULL};

static uint16_t begin_with(struct bench *bench, const struct bench_option *more)
{
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(SOCK_STREAM);
    bench_begin(bench, ECS_DISABLED, legacy);
    struct bench_option options[8] = {{"port", bench_port_text(port_text, port)},
                                      {"host", "127.0.0.1"}};
    for (int i = 2; more && more->name; i++, more++) options[i] = *more;
    cr_assert_eq(bench_input(bench, &input_tcp, options), 0);
    return port;
}

static void expect(struct bench *bench, uint32_t count, const char *events)
{
    bench_wait_events(bench, count);
    cr_assert_eq(bench->event_count, count, "%u events, not %u:\n%s", bench->event_count, count,
                 buf_z(&bench->events));
    cr_assert_str_eq(buf_z(&bench->events), events);
}

Test(tcp, lines_come_with_the_address_and_a_half_line_at_the_end)
{
    struct bench bench;
    int fd = bench_connect(begin_with(&bench, NULL));
    bench_send(fd, STR("one\ntwo\r\n\nhalf"));
    expect(&bench, 3,
           "one|127.0.0.1|127.0.0.1|-|-|-\n"
           "two\r|127.0.0.1|127.0.0.1|-|-|-\n"
           "|127.0.0.1|127.0.0.1|-|-|-\n");
    buf_clear(&bench.events);
    close(fd);
    expect(&bench, 4, "half|127.0.0.1|127.0.0.1|-|-|-\n");
    bench_end(&bench);
}

Test(tcp, ecs_mode_keeps_the_source_in_the_metadata)
{
    struct bench bench;
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(SOCK_STREAM);
    const char *fields[] = {"host", "[@metadata][input][tcp][source][name]",
                            "[@metadata][input][tcp][source][ip]", NULL};
    bench_begin(&bench, ECS_V8, fields);
    struct bench_option options[] = {{"port", bench_port_text(port_text, port)}, {NULL, NULL}};
    cr_assert_eq(bench_input(&bench, &input_tcp, options), 0);
    int fd = bench_connect(port);
    bench_send(fd, STR("x\n"));
    expect(&bench, 1, "x|-|127.0.0.1|127.0.0.1\n");
    close(fd);
    bench_end(&bench);
}

static int connect_six(uint16_t port)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

Test(tcp, listens_on_ipv6_and_on_both)
{
    static const struct { const char *host; bool takes_four; } rows[] = {
        {"::1", false}, {"[::1]", false}, {"::", true}};
    for (int i = 0; i < 3; i++) {
        struct bench bench;
        char port_text[BENCH_PORT_TEXT];
        uint16_t port = bench_free_port(SOCK_STREAM);
        bench_begin(&bench, ECS_DISABLED, legacy);
        struct bench_option options[] = {
            {"port", bench_port_text(port_text, port)}, {"host", rows[i].host}, {NULL, NULL}};
        int status = bench_input(&bench, &input_tcp, options);
        if (status == UV_EADDRNOTAVAIL || status == UV_EAFNOSUPPORT)
            cr_skip_test("no IPv6 on this machine");
        cr_assert_eq(status, 0, "%s", rows[i].host);
        int fd = connect_six(port);
        cr_assert(fd >= 0, "%s", rows[i].host);
        bench_send(fd, STR("six\n"));
        expect(&bench, 1, "six|::1|::1|-|-|-\n");
        if (rows[i].takes_four) { /* a mapped address is written as what it is */
            int four = bench_connect(port);
            bench_send(four, STR("four\n"));
            expect(&bench, 2, "six|::1|::1|-|-|-\nfour|127.0.0.1|127.0.0.1|-|-|-\n");
            close(four);
        }
        close(fd);
        bench_end(&bench);
    }
}

Test(tcp, a_port_in_use_is_refused)
{
    struct bench bench, second;
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = begin_with(&bench, NULL);
    bench_begin(&second, ECS_DISABLED, NULL);
    struct bench_option options[] = {{"port", bench_port_text(port_text, port)}, {NULL, NULL}};
    cr_assert_eq(bench_input(&second, &input_tcp, options), UV_EADDRINUSE);
    second.input.workers = 2; /* worker 0 of several looks as well */
    cr_assert_eq(input_tcp.start(second.input.self, &second.input), UV_EADDRINUSE);
    bench_end(&second);
    bench_end(&bench);
}

Test(tcp, a_port_that_workers_of_another_pipeline_share_is_refused)
{
    struct bench bench, second;
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(SOCK_STREAM);
    struct bench_option options[] = {{"port", bench_port_text(port_text, port)}, {NULL, NULL}};
    bench_begin(&bench, ECS_DISABLED, NULL);
    bench_begin(&second, ECS_DISABLED, NULL);
    bench.input.workers = second.input.workers = 2;
    cr_assert_eq(bench_input(&bench, &input_tcp, options), 0);
    cr_assert_eq(bench_input(&second, &input_tcp, options), UV_EADDRINUSE);
    bench_end(&second);
    bench_end(&bench);
}

Test(tcp, workers_share_a_port)
{
    struct bench bench, second;
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(SOCK_STREAM);
    struct bench_option options[] = {{"port", bench_port_text(port_text, port)}, {NULL, NULL}};
    bench_begin(&bench, ECS_DISABLED, NULL);
    bench_begin(&second, ECS_DISABLED, NULL);
    bench.input.workers = second.input.workers = 2;
    second.input.worker = 1;
    cr_assert_eq(bench_input(&bench, &input_tcp, options), 0);
    cr_assert_eq(bench_input(&second, &input_tcp, options), 0);
    int fds[32];
    for (int i = 0; i < 32; i++) bench_send(fds[i] = bench_connect(port), STR("x\n"));
    for (int i = 0; i < 1000 && bench.event_count + second.event_count < 32; i++) {
        bench_turn(&bench);
        bench_turn(&second);
    }
    cr_assert_eq(bench.event_count + second.event_count, 32);
    cr_assert(bench.event_count > 0 && second.event_count > 0);
    for (int i = 0; i < 32; i++) close(fds[i]);
    bench_end(&bench);
    bench_end(&second);
}

Test(tcp, a_pause_in_the_middle_of_a_read_loses_and_reorders_nothing)
{
    struct bench bench;
    int fd = bench_connect(begin_with(&bench, NULL));
    bench.ingest.batch_events_max = 2;
    bench.pause_after = 4;
    int other = bench_connect((uint16_t)0 + (uint16_t)((struct { int64_t port; } *)bench.input.self)->port);
    bench_send(fd, STR("1\n2\n3\n4\n5\n6\n7"));
    cr_assert(bench_wait_events(&bench, 4));
    bench_send(fd, STR("8\n9\n"));
    bench_send(other, STR("other\n"));
    for (int i = 0; i < 5; i++) bench_turn(&bench);
    cr_assert_eq(bench.event_count, 4);
    bench.pause_after = 6; /* again, while it goes on from what was kept */
    bench_resume(&bench);
    cr_assert(bench.ingest.is_paused);
    cr_assert_eq(bench.event_count, 6);
    bench_resume(&bench);
    cr_assert(bench_wait_events(&bench, 9));
    const char *all = buf_z(&bench.events);
    const char *at = all;
    const char *expected[] = {"1|", "2|", "3|", "4|", "5|", "6|", "78|", "9|"};
    for (int i = 0; i < 8; i++) {
        at = strstr(at, expected[i]);
        cr_assert(at, "%s is missing or out of order:\n%s", expected[i], all);
    }
    cr_assert(strstr(all, "other|"));
    close(fd);
    close(other);
    bench_end(&bench);
}

Test(tcp, stop_reads_what_has_arrived)
{
    struct bench bench;
    uint16_t port = begin_with(&bench, NULL);
    int fd = bench_connect(port);
    bench_send(fd, STR("a\nb"));
    int late = bench_connect(port); /* not accepted yet when the stop comes */
    bench_send(late, STR("late\n"));
    bench_stop_input(&bench);
    bench_turn(&bench);
    cr_assert_eq(bench.event_count, 3, "%s", buf_z(&bench.events));
    cr_assert_eq(bench.input_stops, 1);
    cr_assert_eq(counter_get(&bench.input.counters.connections), 0);
    close(fd);
    close(late);
    bench_end(&bench);
}

Test(tcp, stop_while_paused_keeps_what_was_read)
{
    struct bench bench;
    int fd = bench_connect(begin_with(&bench, NULL));
    bench.ingest.batch_events_max = 1;
    bench.pause_after = 1;
    bench_send(fd, STR("1\n2\n3"));
    cr_assert(bench_wait_events(&bench, 1));
    bench.input.is_stopping = true;
    input_tcp.stop(bench.input.self);
    for (int i = 0; i < 5; i++) bench_turn(&bench);
    cr_assert(!bench.input.is_stopped);
    bench_resume(&bench);
    cr_assert(bench_wait_events(&bench, 3));
    bench_wait(&bench, bench.input.is_stopped);
    cr_assert(bench.input.is_stopped);
    close(fd);
    bench_end(&bench);
}

Test(tcp, a_line_of_the_limit_passes_and_one_byte_more_is_cut)
{
    struct bench bench;
    struct bench_option more[] = {{"line_limit", "16"}, {NULL, NULL}};
    int fd = bench_connect(begin_with(&bench, more));
    bench_send(fd, STR("0123456789abcdef\n0123456789abcdefg\nnext\n"));
    expect(&bench, 3,
           "0123456789abcdef|127.0.0.1|127.0.0.1|-|-|-\n"
           "0123456789abcdef|127.0.0.1|127.0.0.1|_line_cut|-|-\n"
           "next|127.0.0.1|127.0.0.1|-|-|-\n");
    cr_assert_eq(counter_get(&bench.input.counters.cut), 1);
    cr_assert_eq(counter_get(&bench.input.counters.cut_bytes), 1);
    close(fd);
    bench_end(&bench);
}

Test(tcp, the_limit_of_connections_turns_away_and_counts)
{
    struct bench bench;
    struct bench_option more[] = {{"connections_limit", "2"}, {NULL, NULL}};
    uint16_t port = begin_with(&bench, more);
    int fds[3];
    for (int i = 0; i < 3; i++) fds[i] = bench_connect(port);
    bench_wait(&bench, counter_get(&bench.input.counters.refused) == 1);
    cr_assert_eq(counter_get(&bench.input.counters.refused), 1);
    cr_assert_eq(counter_get(&bench.input.counters.connections), 2);
    char byte;
    cr_assert_eq(recv(fds[2], &byte, 1, 0), 0);
    close(fds[0]);
    bench_wait(&bench, counter_get(&bench.input.counters.connections) == 1);
    cr_assert_eq(counter_get(&bench.input.counters.connections), 1);
    int again = bench_connect(port);
    bench_send(again, STR("x\n"));
    cr_assert(bench_wait_events(&bench, 1));
    close(again);
    close(fds[1]);
    close(fds[2]);
    bench_end(&bench);
}

Test(tcp, without_descriptors_clients_are_turned_away_and_the_listener_lives)
{
    struct bench bench;
    uint16_t port = begin_with(&bench, NULL);
    int first = bench_connect(port), second = bench_connect(port);
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = 3; /* below what is open: no descriptor can be made */
    setrlimit(RLIMIT_NOFILE, &none);
    for (int i = 0; i < 3; i++) bench_turn(&bench);
    setrlimit(RLIMIT_NOFILE, &before);
    int third = bench_connect(port);
    bench_send(third, STR("x\n"));
    cr_assert(bench_wait_events(&bench, 1));
    close(first);
    close(second);
    close(third);
    bench_end(&bench);
}

Test(tcp, the_spare_descriptor_turns_a_client_away)
{
    struct bench bench;
    uint16_t port = begin_with(&bench, NULL);
    int client = bench_connect(port);
    int fillers[20000], count = 0;
    struct rlimit before, low;
    getrlimit(RLIMIT_NOFILE, &before);
    low = before;
    low.rlim_cur = 200;
    setrlimit(RLIMIT_NOFILE, &low);
    while (count < 20000 && (fillers[count] = dup(0)) >= 0) count++;
    bench_wait(&bench, counter_get(&bench.input.counters.refused) == 1);
    cr_assert_eq(counter_get(&bench.input.counters.refused), 1);
    char byte;
    cr_assert_eq(recv(client, &byte, 1, 0), 0);
    while (count) close(fillers[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    int next = bench_connect(port);
    bench_send(next, STR("x\n"));
    cr_assert(bench_wait_events(&bench, 1));
    close(client);
    close(next);
    bench_end(&bench);
}

struct proxy_row { const char *sent; uint32_t events; const char *expected; uint32_t errors; };
static const struct proxy_row proxy_rows[] = {
    {"PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\nx\n", 1,
     "x|192.0.2.1|192.0.2.1|-|192.0.2.9|443\n", 0},
    {"PROXY TCP6 2001:db8::1 ::1 65535 0\r\nx\n", 1, "x|2001:db8::1|2001:db8::1|-|::1|0\n", 0},
    {"PROXY UNKNOWN\r\nx\n", 1, "x|127.0.0.1|127.0.0.1|-|-|-\n", 0},
    {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\nx\n", 1, "x|127.0.0.1|127.0.0.1|-|-|-\n", 0},
    {"GET / HTTP/1.0\r\n", 0, "", 1},
    {"PROXY TCP4 192.0.2.1 192.0.2.9 56324\r\nx\n", 0, "", 1},
    {"PROXY TCP4 192.0.2.1 192.0.2.9 56324 65536\r\nx\n", 0, "", 1},
    {"PROXY TCP4 ::1 192.0.2.9 56324 443\r\nx\n", 0, "", 1},
    {"PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\nx\n", 0, "", 1},
};

Test(tcp, the_proxy_line_is_read_however_it_is_cut)
{
    for (size_t row = 0; row < sizeof proxy_rows / sizeof *proxy_rows; row++) {
        const struct proxy_row *at = &proxy_rows[row];
        struct bench bench;
        struct bench_option more[] = {{"proxy_protocol", "true"}, {NULL, NULL}};
        uint16_t port = begin_with(&bench, more);
        for (int bytewise = 0; bytewise < 2; bytewise++) {
            int fd = bench_connect(port);
            size_t len = strlen(at->sent), step = bytewise ? 1 : len;
            for (size_t i = 0; i < len; i += step) {
                send(fd, at->sent + i, step, MSG_NOSIGNAL);
                if (bytewise && i % 16 == 0) bench_turn(&bench);
            }
            bench_wait(&bench, bench.event_count == at->events &&
                                   counter_get(&bench.input.counters.errors) == at->errors);
            cr_assert_str_eq(buf_z(&bench.events), at->expected, "row %zu", row);
            cr_assert_eq(counter_get(&bench.input.counters.errors), at->errors, "row %zu", row);
            atomic_store(&bench.input.counters.errors, 0);
            buf_clear(&bench.events);
            bench.event_count = 0;
            close(fd);
        }
        bench_end(&bench);
    }
}

Test(tcp, client_mode_connects_and_connects_again)
{
    struct bench bench;
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(SOCK_STREAM);
    int listener = bench_listen(port);
    bench_begin(&bench, ECS_DISABLED, legacy);
    struct bench_option options[] = {{"port", bench_port_text(port_text, port)},
                                     {"host", "localhost"}, {"mode", "client"}, {NULL, NULL}};
    cr_assert_eq(bench_input(&bench, &input_tcp, options), 0);
    bench_wait(&bench, counter_get(&bench.input.counters.connections) == 1);
    int fd = accept(listener, NULL, NULL);
    bench_send(fd, STR("1\nhalf"));
    close(fd);
    cr_assert(bench_wait_events(&bench, 2));
    bench_wait(&bench, counter_get(&bench.input.counters.connections) == 0);
    bench_wait(&bench, counter_get(&bench.input.counters.connections) == 1);
    fd = accept(listener, NULL, NULL);
    bench_send(fd, STR("2\n"));
    expect(&bench, 3,
           "1|127.0.0.1|127.0.0.1|-|-|-\nhalf|127.0.0.1|127.0.0.1|-|-|-\n"
           "2|127.0.0.1|127.0.0.1|-|-|-\n");
    close(fd);
    close(listener);
    bench_end(&bench);
}

Test(tcp, five_thousand_connections_of_which_a_hundred_write_byte_by_byte)
{
    enum { OPEN = 5000, BUSY = 100, LINES = 20 };
    static int fds[OPEN];
    struct bench bench;
    struct rlimit descriptors;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    if (descriptors.rlim_max < 2 * OPEN + 200) cr_skip("needs %d descriptors", 2 * OPEN + 200);
    rlim_t before = descriptors.rlim_cur;
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    uint16_t port = begin_with(&bench, NULL);
    for (int i = 0; i < OPEN; i++) {
        fds[i] = bench_connect(port);
        if (i % 50 == 0) bench_turn(&bench);
    }
    bench_wait(&bench, counter_get(&bench.input.counters.connections) == OPEN);
    cr_assert_eq(counter_get(&bench.input.counters.connections), OPEN);
    static const char line[] = "a line\n";
    for (int n = 0; n < LINES; n++)
        for (size_t byte = 0; byte < sizeof line - 1; byte++) {
            for (int i = 0; i < BUSY; i++)
                bench_send(fds[i * (OPEN / BUSY)], (struct str){line + byte, 1});
            bench_turn(&bench);
        }
    cr_assert(bench_wait_events(&bench, BUSY * LINES));
    cr_assert_eq(bench.event_count, BUSY * LINES);
    for (int i = 0; i < OPEN; i++) close(fds[i]);
    bench_wait(&bench, counter_get(&bench.input.counters.connections) == 0);
    bench_end(&bench);
    descriptors.rlim_cur = before;
    setrlimit(RLIMIT_NOFILE, &descriptors);
}
