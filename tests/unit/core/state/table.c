/* SPDX-License-Identifier: Apache-2.0 */
/* States that workers share, and the tables in them. */
#include "core/state/table.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct budget budget;
static struct state_scope scope;
static struct table *table;
static uint32_t dropped;

struct payload {
    int number;
};

static void payload_drop(void *payload)
{
    (void)payload;
    dropped++;
}

static void state_init(void *state, struct shared *shared)
{
    table = state;
    table_init(table, shared, sizeof(struct payload), payload_drop);
}
static void state_fini(void *state) { table_fini(state); }
static const struct shared_type type = {
    .name = "test", .size = sizeof(struct table), .init = state_init, .fini = state_fini};

static void begin(void)
{
    budget = (struct budget){0};
    dropped = 0;
    state_scope_init(&scope, &budget, 2);
    state_scope_share(&scope, &type, STR("a"));
}
static void end(void)
{
    state_scope_fini(&scope);
    cr_assert_eq(budget_used(&budget), 0, "all that was charged is released");
}
TestSuite(state, .init = begin, .fini = end);

static struct payload *add(int number)
{
    char text[32];
    snprintf(text, sizeof text, "key %d", number);
    struct payload *payload = table_add(table, str_of(text));
    payload->number = number;
    return payload;
}

Test(state, one_object_for_one_kind_and_key)
{
    struct shared *first = state_scope_share(&scope, &type, STR("a"));
    cr_expect_eq(first, state_scope_share(&scope, &type, STR("a")));
    cr_expect_neq(first, state_scope_share(&scope, &type, STR("b")));
    cr_expect_eq(scope.count, 2);
}

Test(state, entries_are_found_by_key_however_many)
{
    for (int i = 0; i < 10000; i++) add(i);
    for (int i = 0; i < 10000; i++) {
        char text[32];
        snprintf(text, sizeof text, "key %d", i);
        struct payload *found = table_find(table, str_of(text));
        cr_assert(found && found->number == i);
        cr_assert(str_eq(table_key(table, found), str_of(text)));
    }
    cr_expect_null(table_find(table, STR("key 10000")));
    cr_expect_eq(counter_get(&table->shared->counters.states), 10000);
}

Test(state, an_empty_key_is_a_key)
{
    table_add(table, STR(""));
    cr_expect(table_find(table, STR("")));
}

Test(state, age_follows_use)
{
    struct payload *a = add(1), *b = add(2), *c = add(3);
    cr_expect_eq(table_oldest(table), a);
    table_touch(table, a);
    table_touch(table, a);
    cr_expect_eq(table_oldest(table), b);
    table_remove(table, c);
    cr_expect_eq(table_newer(table, b), a);
    cr_expect_null(table_newer(table, a));
    cr_expect_eq(dropped, 1);
}

Test(state, there_is_room_up_to_the_number_given)
{
    for (int i = 0; i < 9; i++) add(i);
    cr_expect(table_has_room(table, 10, 0));
    add(9);
    cr_expect_not(table_has_room(table, 10, 0));
    cr_expect(table_has_room(table, 0, 0), "0 is no limit");
    table_evict(table, table_oldest(table));
    cr_expect(table_has_room(table, 10, 0));
    cr_expect_eq(counter_get(&table->shared->counters.evicted), 1);
}

Test(state, a_quarter_of_the_pipelines_memory_is_for_all_states)
{
    budget.limit = 400000;
    cr_expect_eq(state_share_bytes(&scope), 100000);
    state_scope_share(&scope, &type, STR("b"));
    cr_expect_eq(state_share_bytes(&scope), 50000);
}

Test(state, there_is_room_up_to_the_bytes_and_always_for_the_first)
{
    budget.limit = 40000;
    cr_expect(table_has_room(table, 0, 1 << 20), "an empty table takes any key");
    struct payload *payload = add(0);
    size_t used = counter_get(&table->shared->counters.bytes);
    cr_expect(table_has_room(table, 0, 10000 - used));
    cr_expect_not(table_has_room(table, 0, 10000 - used + 1));
    table_charge(table, payload, 0, 5000);
    cr_expect_not(table_has_room(table, 0, 10000 - used));
    table_charge(table, payload, 5000, 100);
    cr_expect_eq(budget_used(&budget), used + 100);
}

Test(state, forgotten_states_are_as_new)
{
    add(1);
    state_scope_forget(&scope);
    cr_expect_eq(table->count, 0);
    cr_expect_eq(counter_get(&table->shared->counters.states), 0);
    add(1);
}

Test(state, the_last_worker_to_leave_is_told_so)
{
    cr_expect_not(state_scope_leave(&scope));
    cr_expect(state_scope_leave(&scope));
}

Test(state, of_workers_that_ask_in_one_interval_the_first_is_right)
{
    struct shared *shared = table->shared;
    uint64_t second = 1000000000, at = 100 * second;
    cr_expect(shared_is_due(shared, at));
    cr_expect(shared_is_due(shared, at), "the same round asks again for the rest");
    cr_expect_not(shared_is_due(shared, at + second));
    cr_expect_not(shared_is_due(shared, at + 4 * second));
    cr_expect(shared_is_due(shared, at + 5 * second));
}
