/* SPDX-License-Identifier: Apache-2.0 */
/* What a case cannot show: limits of memory, long keys, keys that are idle. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_throttle;
static struct scene scene;
static struct rig rig;
static void begin(void) { scene_begin(&scene); }
static void end(void)
{
    rig_close(&rig);
    cr_expect_eq(budget_used(&rig.budget), 0, "what was charged is released");
    scene_end(&scene);
}
TestSuite(throttle, .init = begin, .fini = end);

static enum fate run_at(const char *key, int64_t second)
{
    struct event *event = scene_event(&scene, "{}");
    event_slot_set(event, SLOT_MESSAGE, value_string(str_of(key)));
    event_slot_set(event, SLOT_TIMESTAMP, value_time(second, 0));
    rig_run(&rig, event);
    return rig_fate(&rig, event);
}

static uint64_t keys(void) { return counter_get(&rig.shared->counters.states); }
static uint64_t evicted(void) { return counter_get(&rig.shared->counters.evicted); }

Test(throttle, keys_that_are_idle_for_max_age_are_forgotten_by_the_timer)
{
    cr_assert(rig_open(&rig, &scene, &filter_throttle, "{'key': '%{message}', 'after_count': 1, 'max_age': 100}"));
    run_at("a", 1000);
    run_at("b", 1001);
    run_at("c", 1101);
    cr_expect_eq(rig_flush(&rig, false), 0);
    cr_expect_eq(keys(), 2, "b is as old as may be");
    cr_expect_eq(run_at("b", 1001), FATE_MATCHED);
    cr_expect_eq(run_at("a", 1000), FATE_PASSED);
    cr_expect_eq(evicted(), 0, "they were not given up");
}

Test(throttle, a_key_of_one_mebibyte_is_a_key)
{
    enum { LEN = 1 << 20 };
    char *key = xmalloc(LEN + 1);
    memset(key, 'k', LEN);
    key[LEN] = 0;
    cr_assert(rig_open(&rig, &scene, &filter_throttle, "{'key': '%{message}', 'after_count': 1}"));
    cr_expect_eq(run_at(key, 1), FATE_PASSED);
    cr_expect_eq(run_at(key, 2), FATE_MATCHED);
    free(key);
}

Test(throttle, beyond_its_share_of_memory_the_oldest_keys_go)
{
    cr_assert(rig_open(&rig, &scene, &filter_throttle, "{'key': '%{message}', 'after_count': 1, 'max_counters': -1}"));
    rig.budget.limit = 400000; /* 100000 bytes of it for state */
    char key[32];
    for (int i = 0; i < 4000; i++) {
        snprintf(key, sizeof key, "key %d", i);
        run_at(key, 1);
    }
    cr_expect(evicted() > 3000 && keys() == 4000 - evicted());
    cr_expect(counter_get(&rig.shared->counters.bytes) <= 100000 + 200, "an entry's own slots come behind the check");
    cr_expect_eq(run_at(key, 1), FATE_MATCHED, "the newest are known");
    cr_expect_eq(run_at("key 0", 1), FATE_PASSED, "the oldest are not");
}

Test(throttle, a_single_key_is_bounded_too)
{
    cr_assert(rig_open(&rig, &scene, &filter_throttle,
                       "{'key': '%{message}', 'after_count': 1, 'period': '1', 'max_counters': 10}"));
    for (int i = 0; i < 100; i++) run_at("a", i);
    cr_expect_eq(keys(), 1);
    cr_expect_eq(evicted(), 90, "its earliest counts were given up");
    cr_expect_eq(run_at("a", 95), FATE_MATCHED, "the latest are known");
    cr_expect_eq(run_at("a", 5), FATE_PASSED);
    run_at("b", 1);
    cr_expect_eq(keys(), 1, "a made room");
}
