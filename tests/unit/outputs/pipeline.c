/* SPDX-License-Identifier: Apache-2.0 */
/* The `pipeline` output and input joined, each on a bench of its own: when an event is settled, what is
 * dropped, what waits. */
#include <criterion/criterion.h>
#include "tests/unit/support/net.h"

extern const struct output_type output_pipeline;
extern const struct input_type input_pipeline;

static void begin(struct bench *from, const char *ensure)
{
    bench_begin(from, ECS_V8, (const char *const[]){NULL});
    cr_assert_eq(bench_output(from, &output_pipeline,
                              (const struct bench_option[]){{"send_to", "there"},
                                                            {"ensure_delivery", ensure},
                                                            {NULL, NULL}}), 0);
}

static void listen_at(struct bench *to)
{
    bench_begin(to, ECS_V8, (const char *const[]){NULL});
    cr_assert_eq(bench_input(to, &input_pipeline,
                             (const struct bench_option[]){{"address", "there"}, {NULL, NULL}}), 0);
}

static void both(struct bench *from, struct bench *to)
{
    for (int i = 0; i < 4; i++) bench_turn(from), bench_turn(to);
}

/* The sender first, as at a shutdown; then what is left of the benches. */
static void end(struct bench *from, struct bench *to)
{
    from->output.is_stopping = true;
    output_pipeline.stop(from->output.self);
    for (int i = 0; i < 100 && !from->output.is_stopped; i++) both(from, to);
    cr_expect(from->output.is_stopped);
    bench_end(from);
    bench_end(to);
}

static uint64_t of(const atomic_uint_fast64_t *counter) { return counter_get(counter); }

Test(pipeline_output, is_settled_when_the_receiver_has_settled)
{
    struct bench from, to;
    listen_at(&to);
    begin(&from, "true");
    to.holds = true;
    cr_expect(bench_offer(&from, "one"));
    both(&from, &to);
    cr_expect_eq(to.event_count, 1u);
    cr_expect_eq(of(&from.output.counters.sent), 0);
    cr_expect_eq(of(&from.books.delivered), 0);
    cr_expect_eq(of(&to.input.counters.connections), 1);
    bench_settle(&to);
    both(&from, &to);
    cr_expect_eq(of(&from.output.counters.sent), 1);
    cr_expect_eq(of(&from.books.delivered), 1);
    end(&from, &to);
}

Test(pipeline_output, drops_and_counts_when_told_not_to_wait)
{
    struct bench from, to;
    begin(&from, "false");
    cr_expect(bench_offer(&from, "one"));
    bench_turn(&from);
    cr_expect_eq(of(&from.output.counters.dropped), 1);
    cr_expect_eq(of(&from.books.dropped), 1);
    listen_at(&to);
    end(&from, &to);
}

Test(pipeline_output, waits_for_a_receiver_and_finds_it)
{
    struct bench from, to;
    begin(&from, "true");
    cr_expect(!bench_offer(&from, "one"));
    cr_expect_eq(from.output_readies, 0u);
    listen_at(&to);
    bench_wait(&from, from.output_readies == 1);
    cr_expect_eq(from.output_readies, 1u);
    cr_expect(bench_offer(&from, "two"));
    both(&from, &to);
    cr_expect_eq(to.event_count, 1u);
    cr_expect_eq(of(&from.output.counters.sent), 1);
    end(&from, &to);
}
