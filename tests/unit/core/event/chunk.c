/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/chunk.h"
#include <criterion/criterion.h>

static const size_t MIB = 1024 * 1024;

Test(budget, is_over_from_its_limit_on)
{
    struct budget budget = {.limit = 1000};
    budget_charge(&budget, 999);
    cr_assert(!budget_is_over(&budget));
    budget_charge(&budget, 1);
    cr_assert(budget_is_over(&budget));
    budget_release(&budget, 1);
    cr_assert(!budget_is_over(&budget));
}

Test(budget, without_a_limit_is_never_over)
{
    struct budget budget = {0};
    budget_charge(&budget, SIZE_MAX / 2);
    cr_assert(!budget_is_over(&budget));
}

Test(budget, tells_its_parent_of_large_changes_at_once_and_of_small_ones_when_asked)
{
    struct budget process = {.limit = 64 * MIB}, pipeline = {.parent = &process};
    budget_charge(&pipeline, BUDGET_REPORT_BYTES - 1);
    cr_assert_eq(budget_used(&process), 0);
    budget_report(&pipeline);
    cr_assert_eq(budget_used(&process), BUDGET_REPORT_BYTES - 1);
    budget_charge(&pipeline, BUDGET_REPORT_BYTES);
    cr_assert_eq(budget_used(&process), 2 * BUDGET_REPORT_BYTES - 1);
    budget_release(&pipeline, 2 * BUDGET_REPORT_BYTES - 1);
    cr_assert_eq(budget_used(&process), 0);
}

Test(budget, pauses_all_pipelines_when_the_process_is_over_but_those_with_next_to_nothing)
{
    struct budget process = {.limit = 8 * MIB};
    struct budget large = {.parent = &process}, middle = {.parent = &process}, small = {.parent = &process};
    budget_charge(&middle, 2 * MIB);
    budget_charge(&small, BUDGET_ALWAYS_BYTES);
    cr_assert(!budget_is_over(&middle));
    budget_charge(&large, 5 * MIB);
    cr_assert(budget_is_over(&large));
    cr_assert(budget_is_over(&middle));
    cr_assert(!budget_is_over(&small));
    budget_release(&large, BUDGET_REPORT_BYTES);
    cr_assert(!budget_is_over(&middle));
}

Test(budget, of_chunks_that_are_taken_and_given_back_is_even)
{
    struct budget process = {.limit = 64 * MIB}, pipeline = {.parent = &process};
    struct chunk_pool pool;
    chunk_pool_init(&pool, &pipeline);
    struct chunk *chunks[64];
    for (int i = 0; i < 64; i++) chunks[i] = chunk_take(&pool, 1);
    cr_assert_eq(budget_used(&pipeline), 64 * CHUNK_BYTES);
    cr_assert_eq(budget_used(&process), 64 * CHUNK_BYTES);
    for (int i = 0; i < 64; i++) chunk_give(&pool, chunks[i]);
    cr_assert_eq(budget_used(&pipeline), 0);
    chunk_pool_fini(&pool);
    budget_report(&pipeline);
    cr_assert_eq(budget_used(&process), 0);
}
