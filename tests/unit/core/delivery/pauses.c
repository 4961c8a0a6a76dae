/* SPDX-License-Identifier: Apache-2.0 */
/* Backoff, breaker and rate: when something may be tried again. */
#include "core/delivery/backoff.h"
#include "core/delivery/breaker.h"
#include "core/delivery/rate.h"
#include <criterion/criterion.h>

Test(backoff, doubles_up_to_its_most_between_half_and_all_of_it)
{
    static const struct { uint64_t least, most; uint32_t attempts; uint64_t low, high; } rows[] = {
        {100, 30000, 1, 50, 100},          {100, 30000, 2, 100, 200},      {100, 30000, 3, 200, 400},
        {100, 30000, 9, 12800, 25600},     {100, 30000, 10, 15000, 30000}, {100, 30000, UINT32_MAX, 15000, 30000},
        {2000, 64000, 6, 32000, 64000},    {2000, 64000, 7, 32000, 64000}, {1, 1, 1, 1, 1},
        {3, 3, 5, 2, 3},                   {5, 7, 2, 4, 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct backoff backoff = {rows[i].least, rows[i].most};
        uint64_t low = UINT64_MAX, high = 0;
        for (uint32_t noise = 0; noise < 70000; noise++) {
            uint64_t delay = backoff_of(backoff, rows[i].attempts, noise);
            low = delay < low ? delay : low;
            high = delay > high ? delay : high;
        }
        cr_expect_eq(low, rows[i].low, "row %zu: %lu", i, low);
        cr_expect_eq(high, rows[i].high, "row %zu: %lu", i, high);
    }
}

Test(backoff, of_the_system_lies_within_too)
{
    for (uint32_t i = 1; i < 100; i++) {
        uint64_t delay = backoff_delay((struct backoff){10, 40}, i);
        cr_expect(delay >= 5 && delay <= 40);
    }
}

/* What happens (f failure, s success, b begins, w the pause passes), and what must be then. */
Test(breaker, opens_after_failures_in_a_row_and_is_closed_by_a_probe)
{
    static const struct { const char *events; enum breaker_state state; uint32_t trips; } rows[] = {
        {"", BREAKER_CLOSED, 0},        {"ff", BREAKER_CLOSED, 0},      {"fff", BREAKER_OPEN, 1},
        {"ffsff", BREAKER_CLOSED, 0},   {"fffff", BREAKER_OPEN, 1},     {"fffwb", BREAKER_PROBING, 1},
        {"fffwbs", BREAKER_CLOSED, 0},  {"fffwbf", BREAKER_OPEN, 2},    {"fffwbfwbf", BREAKER_OPEN, 3},
        {"fffs", BREAKER_CLOSED, 0},    {"fffwbsff", BREAKER_CLOSED, 0}, {"fffwbsfff", BREAKER_OPEN, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct breaker breaker;
        uint64_t now = 1000;
        breaker_init(&breaker, 3, (struct backoff){100, 800});
        for (const char *at = rows[i].events; *at; at++) {
            if (*at == 'f') breaker_failed(&breaker, now);
            if (*at == 's') breaker_succeeded(&breaker);
            if (*at == 'w') now += breaker_wait_ms(&breaker, now);
            if (*at == 'b') breaker_begin(&breaker);
        }
        cr_expect_eq(breaker.state, rows[i].state, "%s: state %d", rows[i].events, breaker.state);
        cr_expect_eq(breaker.trips, rows[i].trips, "%s: %u trips", rows[i].events, breaker.trips);
    }
}

Test(breaker, lets_one_probe_through_after_the_pause)
{
    struct breaker breaker;
    breaker_init(&breaker, 1, (struct backoff){100, 100});
    cr_expect_eq(breaker_wait_ms(&breaker, 5), 0);
    cr_expect(breaker_failed(&breaker, 5), "the first to open it is told so");
    uint64_t wait = breaker_wait_ms(&breaker, 5);
    cr_expect(wait >= 50 && wait <= 100);
    cr_expect_eq(breaker_wait_ms(&breaker, 5 + wait), 0);
    breaker_begin(&breaker);
    cr_expect_eq(breaker_wait_ms(&breaker, 500), UINT64_MAX, "the next waits for its answer");
    cr_expect(breaker_succeeded(&breaker));
    cr_expect_not(breaker_succeeded(&breaker));
    cr_expect_eq(breaker_wait_ms(&breaker, 500), 0);
}

Test(rate, a_second_s_worth_at_once_then_as_it_comes)
{
    struct rate rate;
    rate_init(&rate, 100, 0);
    cr_expect_eq(rate_wait_ms(&rate, 0), 0);
    rate_spend(&rate, 100);
    cr_expect_eq(rate_wait_ms(&rate, 0), 1, "nothing is left: wait for the next bit of it");
    cr_expect_eq(rate_wait_ms(&rate, 10), 0);
    rate_spend(&rate, 51); /* more than there is: a debt */
    cr_expect_eq(rate_wait_ms(&rate, 10), 501);
    cr_expect_eq(rate_wait_ms(&rate, 511), 0);
    cr_expect_eq(rate_wait_ms(&rate, 1000000), 0);
    rate_spend(&rate, 100);
    cr_expect_neq(rate_wait_ms(&rate, 1000000), 0, "what was not used is kept for a second only");
}

Test(rate, of_zero_is_none)
{
    struct rate rate;
    rate_init(&rate, 0, 0);
    rate_spend(&rate, 1e9);
    cr_expect_eq(rate_wait_ms(&rate, 1), 0);
}
