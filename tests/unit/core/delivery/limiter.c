/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/limiter.h"
#include <criterion/criterion.h>

enum { MS = 1000000 };

static uint64_t good(struct limiter *limiter, uint64_t now, uint64_t took, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++, now += took) limiter_answer(limiter, now, now + took, true, LIMITER_GOOD);
    return now;
}

Test(limiter, begins_small_and_grows_while_more_is_wanted_up_to_its_most)
{
    static const struct { uint32_t most, answers, limit; } rows[] = {
        {1, 0, 1}, {1, 100, 1}, {8, 0, 2}, {8, 2, 2}, {8, 3, 3}, {8, 1000, 8}, {64, 1000, 44}, {64, 10000, 64},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct limiter limiter;
        limiter_init(&limiter, rows[i].most);
        good(&limiter, MS, 10 * MS, rows[i].answers);
        cr_expect_eq(limiter_limit(&limiter), rows[i].limit, "row %zu: %u", i, limiter_limit(&limiter));
    }
}

Test(limiter, does_not_grow_while_less_is_wanted)
{
    struct limiter limiter;
    limiter_init(&limiter, 8);
    for (uint64_t i = 1; i < 100; i++) limiter_answer(&limiter, i * MS, (i + 1) * MS, false, LIMITER_GOOD);
    cr_expect_eq(limiter_limit(&limiter), 2);
}

Test(limiter, halves_at_overload_once_for_all_that_were_under_way)
{
    struct limiter limiter;
    limiter_init(&limiter, 16);
    uint64_t now = good(&limiter, MS, 10 * MS, 1000);
    for (int i = 0; i < 16; i++) limiter_answer(&limiter, now, now + (uint64_t)(10 + i) * MS, true, LIMITER_OVERLOAD);
    cr_expect_eq(limiter_limit(&limiter), 8);
    now += 100 * MS;
    limiter_answer(&limiter, now, now + MS, true, LIMITER_OVERLOAD);
    cr_expect_eq(limiter_limit(&limiter), 4);
    for (int i = 0; i < 100; i++, now += 10 * MS) limiter_answer(&limiter, now, now + MS, true, LIMITER_OVERLOAD);
    cr_expect_eq(limiter_limit(&limiter), 1, "one request is always allowed");
}

Test(limiter, falls_when_answers_take_much_longer_than_they_used_to)
{
    struct limiter limiter;
    limiter_init(&limiter, 16);
    uint64_t now = good(&limiter, MS, 10 * MS, 1000);
    limiter_answer(&limiter, now, now + 30 * MS, true, LIMITER_GOOD);
    cr_expect_eq(limiter_limit(&limiter), 16, "three times is no reason");
    now += 30 * MS;
    limiter_answer(&limiter, now, now + 60 * MS, true, LIMITER_GOOD);
    cr_expect_eq(limiter_limit(&limiter), 12);
}
