/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_drop;
static struct scene scene;
static struct rig rig;
static void begin(void) { scene_begin(&scene); }
static void end(void)
{
    rig_close(&rig);
    scene_end(&scene);
}
TestSuite(drop, .init = begin, .fini = end);

static uint32_t cancelled(const char *options)
{
    cr_assert(rig_open(&rig, &scene, &filter_drop, options));
    for (int i = 0; i < 4000; i++) batch_event(scene.batch);
    rig_run_all(&rig);
    uint32_t count = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        const struct event *event = scene.batch->events[i];
        cr_assert_eq(event->is_cancelled, rig_fate(&rig, event) == FATE_CANCELLED);
        count += event->is_cancelled;
    }
    cr_assert_eq(rig.out.cancelled, count);
    return count;
}

Test(drop, cancels_all) { cr_assert_eq(cancelled("{}"), 4000); }
Test(drop, cancels_none) { cr_assert_eq(cancelled("{'percentage': 0}"), 0); }
Test(drop, cancels_a_part)
{
    /* 1000 expected, 27 standard deviation: beyond 8 of them never */
    uint32_t count = cancelled("{'percentage': 25}");
    cr_assert(count > 780 && count < 1220, "%u", count);
}
Test(drop, refuses_more_than_all)
{
    cr_assert_not(rig_open(&rig, &scene, &filter_drop, "{'percentage': 101}"));
}
