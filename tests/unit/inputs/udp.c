/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <unistd.h>
#include "tests/unit/support/net.h"

extern const struct input_type input_udp;

static int peer_of(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static int begin(struct bench *bench, enum framing framing, const char *buffer_size)
{
    static const char *const fields[] = {"host", "tags", NULL};
    static struct codec_type codec;
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(SOCK_DGRAM);
    bench_begin(bench, ECS_DISABLED, fields);
    codec = *bench->codec.type;
    codec.framing = framing;
    bench->codec.type = &codec;
    struct bench_option options[] = {{"port", bench_port_text(port_text, port)},
                                     {"buffer_size", buffer_size}, {NULL, NULL}};
    cr_assert_eq(bench_input(bench, &input_udp, options), 0);
    return peer_of(port);
}

Test(udp, a_datagram_is_a_frame)
{
    struct bench bench;
    int fd = begin(&bench, FRAMING_WHOLE, "65536");
    bench_send(fd, STR("one\ntwo\n"));
    bench_send(fd, STR(""));
    bench_send(fd, STR("three"));
    cr_assert(bench_wait_events(&bench, 2));
    cr_assert_str_eq(buf_z(&bench.events), "one\ntwo\n|127.0.0.1|-\nthree|127.0.0.1|-\n");
    close(fd);
    bench_end(&bench);
}

Test(udp, a_codec_of_lines_gets_the_lines_and_the_rest)
{
    struct bench bench;
    int fd = begin(&bench, FRAMING_LINES, "65536");
    bench_send(fd, STR("one\ntwo"));
    bench_send(fd, STR("three\n"));
    cr_assert(bench_wait_events(&bench, 3));
    cr_assert_str_eq(buf_z(&bench.events),
                     "one|127.0.0.1|-\ntwo|127.0.0.1|-\nthree|127.0.0.1|-\n");
    close(fd);
    bench_end(&bench);
}

Test(udp, a_datagram_of_the_buffers_size_passes_and_a_longer_one_is_cut)
{
    struct bench bench;
    int fd = begin(&bench, FRAMING_WHOLE, "4");
    bench_send(fd, STR("1234"));
    bench_send(fd, STR("12345"));
    cr_assert(bench_wait_events(&bench, 2));
    cr_assert_str_eq(buf_z(&bench.events), "1234|127.0.0.1|-\n1234|127.0.0.1|_datagram_cut\n");
    cr_assert_eq(counter_get(&bench.input.counters.cut), 1);
    close(fd);
    bench_end(&bench);
}

Test(udp, a_pause_keeps_datagrams_and_their_order)
{
    struct bench bench;
    int fd = begin(&bench, FRAMING_LINES, "65536");
    bench.ingest.batch_events_max = 1;
    bench.pause_after = 2;
    bench_send(fd, STR("1\n2\n3\n4"));
    bench_send(fd, STR("5"));
    cr_assert(bench_wait_events(&bench, 2));
    for (int i = 0; i < 3; i++) bench_turn(&bench);
    cr_assert_eq(bench.event_count, 2);
    bench_send(fd, STR("6"));
    bench.pause_after = 4;
    bench_resume(&bench);
    for (int i = 0; i < 3; i++) bench_turn(&bench);
    cr_assert_eq(bench.event_count, 4);
    bench_resume(&bench);
    cr_assert(bench_wait_events(&bench, 6));
    cr_assert_str_eq(buf_z(&bench.events),
                     "1|127.0.0.1|-\n2|127.0.0.1|-\n3|127.0.0.1|-\n4|127.0.0.1|-\n"
                     "5|127.0.0.1|-\n6|127.0.0.1|-\n");
    close(fd);
    bench_end(&bench);
}

Test(udp, what_the_kernel_drops_is_counted)
{
    struct bench bench;
    int fd = begin(&bench, FRAMING_WHOLE, "65536");
    static char datagram[1000];
    enum { SENT = 5000 }; /* more than the receive buffer holds */
    for (int i = 0; i < SENT; i++) bench_send(fd, (struct str){datagram, sizeof datagram});
    /* the counter travels with datagrams: one more after the flood brings the last state */
    for (int i = 0; i < 100; i++) bench_turn(&bench);
    bench_send(fd, STR("end"));
    bench_wait(&bench, bench.event_count +
                               counter_get(&bench.input.counters.kernel_drops) == SENT + 1);
    cr_assert(counter_get(&bench.input.counters.kernel_drops) > 0);
    cr_assert_eq(bench.event_count + counter_get(&bench.input.counters.kernel_drops), SENT + 1);
    close(fd);
    bench_end(&bench);
}

Test(udp, stop_hands_on_what_has_arrived_also_after_a_pause)
{
    struct bench bench;
    int fd = begin(&bench, FRAMING_WHOLE, "65536");
    bench.ingest.batch_events_max = 1;
    bench.pause_after = 1;
    for (int i = 0; i < 200; i++) bench_send(fd, STR("x"));
    cr_assert(bench_wait_events(&bench, 1));
    bench.input.is_stopping = true;
    input_udp.stop(bench.input.self);
    for (int i = 0; i < 3; i++) bench_turn(&bench);
    cr_assert(!bench.input.is_stopped);
    bench_resume(&bench);
    bench_wait(&bench, bench.input.is_stopped);
    cr_assert(bench.input.is_stopped);
    cr_assert_eq(bench.event_count, 200);
    close(fd);
    bench_end(&bench);
}
