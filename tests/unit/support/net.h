/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of inputs and outputs that own sockets: a bench is a loop with a worker's parts around one
 * plugin instance, and runs until a condition holds or a deadline passes. Events that an input makes
 * are written to `events`, one a line: the message, then the fields asked for, each behind a `|`
 * (an absent one is `-`).
 *
 * A codec of lines stands in for the real ones: one frame is one message, delimiter newline. */
#ifndef TESTS_UNIT_SUPPORT_NET_H
#define TESTS_UNIT_SUPPORT_NET_H
#include "core/input.h"
#include "core/output.h"

enum { BENCH_DEADLINE_MS = 10000, BENCH_FIELDS_MAX = 24, BENCH_HELD_MAX = 4096 };

struct bench_option { const char *name, *value; };

struct bench {
    struct budget budget;
    struct books books;
    struct loop loop;
    struct ingest ingest;
    struct arena config;
    struct diag diag;
    struct disk *disk;
    struct codec codec;
    struct input input;
    struct output output;
    struct path fields[BENCH_FIELDS_MAX];
    uint32_t field_count;
    struct buf events;
    uint32_t event_count;
    uint32_t pause_after;  /* not 0: the input is paused once so many events have come */
    struct batch *parked;  /* by the pause */
    uint32_t input_stops, output_stops, output_readies;
    struct batch *offered; /* being filled by bench_offer() */
    bool holds;            /* batches are not settled before bench_settle() */
    struct obligation *held[BENCH_HELD_MAX];
    uint32_t held_count;
};

void bench_begin(struct bench *bench, enum ecs ecs, const char *const *fields);
/* Stops what was started, checks that all memory was given back. */
void bench_end(struct bench *bench);
/* Presets, then `options`, NULL-ended; creates and starts. Returns start()'s status, or 1 when
 * create() refused. */
int bench_input(struct bench *bench, const struct input_type *type, const struct bench_option *options);
int bench_output(struct bench *bench, const struct output_type *type,
                 const struct bench_option *options);
/* One turn of the loop and what a worker does at its end; waits at most 10 ms. */
void bench_turn(struct bench *bench);
/* Turns until `bench->event_count` reaches `count`; false at the deadline. */
bool bench_wait_events(struct bench *bench, uint32_t count);
#define bench_wait(bench_, condition_)                                             \
    for (uint64_t until_ = uv_hrtime() + BENCH_DEADLINE_MS * 1000000ull;           \
         !(condition_) && uv_hrtime() < until_;)                                   \
    bench_turn(bench_)
void bench_resume(struct bench *bench);
void bench_stop_input(struct bench *bench);
/* Outputs are done with all that was held. */
void bench_settle(struct bench *bench);
/* Offers one event with this message to the output; false when it is full. */
bool bench_offer(struct bench *bench, const char *message);

/* ---- blocking sockets of the other side ---- */
uint16_t bench_free_port(int type); /* SOCK_STREAM, SOCK_DGRAM, or 0: free for both */
int bench_connect(uint16_t port);
int bench_listen(uint16_t port); /* accept() does not wait */
void bench_send(int fd, struct str bytes);
#define BENCH_PORT_TEXT 6
const char *bench_port_text(char text[BENCH_PORT_TEXT], uint16_t port);

#endif
