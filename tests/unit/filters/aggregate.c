/* SPDX-License-Identifier: Apache-2.0 */
/* What a case cannot show: fates, limits of memory, many tasks. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_aggregate;
static struct scene scene;
static struct rig rig;

#define COUNT "map['count'] = (map['count'] || 0) + 1"
#define GATHER "map['list'] ||= []; map['list'] << event.get('message')"

static void begin(void)
{
    scene_begin(&scene);
}
static void end(void)
{
    rig_close(&rig);
    cr_expect_eq(budget_used(&rig.budget), 0, "what was charged is released");
    scene_end(&scene);
}
TestSuite(aggregate, .init = begin, .fini = end);

static struct event *run(const char *text)
{
    struct event *event = scene_event(&scene, text);
    rig_run(&rig, event);
    return event;
}

static struct event *last(void) { return scene.batch->events[scene.batch->count - 1]; }

static const struct value *field(const struct event *event, const char *name)
{
    const struct key key = key_of(str_of(name));
    return map_get(&event->root, &key);
}

Test(aggregate, code_fills_the_map_of_its_task)
{
    cr_assert(rig_open(&rig, &scene, &filter_aggregate,
                       "{\"task_id\": \"%{id}\", \"code\": \"" COUNT "\", \"push_map_as_event_on_timeout\": true,"
                       " \"timeout_code\": \"event.tag('told')\", \"timeout_task_id_field\": \"task\"}"));
    for (int i = 0; i < 30; i++) cr_expect_eq(rig_fate(&rig, run(i % 3 ? "{'id': 'a'}" : "{'id': 'b'}")), FATE_MATCHED);
    cr_expect_eq(rig_flush(&rig, false), 0, "none is old enough");
    cr_expect_eq(rig_flush(&rig, true), 2);
    cr_expect_eq(field(last(), "count")->integer, 20);
    cr_expect(str_eq(value_text(field(last(), "task")), STR("a")), "the task that began later comes later");
    cr_expect(event_has_tag(last(), STR("told")));
    cr_expect(event_has_tag(last(), STR("_aggregatefinalflush")));
    cr_expect_eq(rig_flush(&rig, true), 0);
}

Test(aggregate, what_is_kept_outlives_the_event)
{
    cr_assert(rig_open(&rig, &scene, &filter_aggregate,
                       "{\"task_id\": \"%{id}\", \"code\": \"" GATHER "\", \"push_map_as_event_on_timeout\": true}"));
    for (int i = 0; i < 3; i++) {
        struct event *event = scene_event(&scene, "{'id': 1, 'message': 'x'}");
        char text[] = "text 0";
        text[5] = (char)('0' + i);
        event_slot_set(event, SLOT_MESSAGE, value_string(str_of(text)));
        rig_run(&rig, event);
        memset(text, '#', sizeof text - 1);
    }
    cr_assert_eq(rig_flush(&rig, true), 1);
    const struct array *list = field(last(), "list")->array;
    cr_assert_eq(list->count, 3);
    cr_expect(str_eq(value_text(&list->items[2]), STR("text 2")));
}

Test(aggregate, code_that_fails_tags_its_event_and_keeps_the_map)
{
    cr_assert(rig_open(&rig, &scene, &filter_aggregate,
                       "{\"task_id\": \"%{id}\", \"code\": \"" COUNT "; raise :it_fails.to_s\", \"push_map_as_event_on_timeout\": true}"));
    struct event *event = run("{'id': 1}");
    cr_expect_neq(rig_fate(&rig, event), FATE_MATCHED);
    cr_expect(event_has_tag(event, STR("_aggregateexception")));
    cr_assert_eq(rig_flush(&rig, true), 1);
    cr_expect_eq(field(last(), "count")->integer, 1);
}

Test(aggregate, code_may_cancel_its_event_and_make_others)
{
    cr_assert(rig_open(&rig, &scene, &filter_aggregate, "{\"task_id\": \"%{id}\", \"code\": \"event.cancel\"}"));
    cr_expect_eq(rig_fate(&rig, run("{'id': 1}")), FATE_CANCELLED);
    rig_close(&rig);
    cr_assert(rig_open(&rig, &scene, &filter_aggregate, "{\"task_id\": \"%{id}\", \"code\": \"new_event_block.call(LogStash::Event.new)\"}"));
    run("{'id': 1}");
    cr_expect_eq(rig.out.created, 1);
}

Test(aggregate, a_timeout_of_zero_ends_the_task_at_once)
{
    cr_assert(rig_open(&rig, &scene, &filter_aggregate,
                       "{\"task_id\": \"%{id}\", \"code\": \"map_meta.timeout = 0\", \"push_map_as_event_on_timeout\": true}"));
    run("{'id': 1}");
    cr_expect_eq(rig.out.created, 1);
    cr_expect_eq(counter_get(&rig.shared->counters.states), 0);
}

Test(aggregate, code_that_is_wrong_is_refused)
{
    cr_expect_not(rig_open(&rig, &scene, &filter_aggregate, "{\"task_id\": \"%{id}\", \"code\": \"map[\"}"));
    cr_expect_str_eq(rig_complaint(&rig), "the Ruby text ends where a value is expected");
}

Test(aggregate, maps_that_grow_make_the_oldest_go)
{
    cr_assert(rig_open(&rig, &scene, &filter_aggregate,
                       "{\"task_id\": \"%{id}\", \"code\": \"" GATHER "\", \"push_map_as_event_on_timeout\": true}"));
    rig.budget.limit = 400000; /* 100000 bytes of it for state */
    char *text = xcalloc(1, 1001);
    memset(text, 'x', 1000);
    for (int i = 0; i < 300; i++) {
        struct event *event = scene_event(&scene, i < 150 ? "{'id': 1}" : "{'id': 2}");
        event_slot_set(event, SLOT_MESSAGE, value_string(str_of(text)));
        rig_run(&rig, event);
    }
    free(text);
    cr_expect_eq(counter_get(&rig.shared->counters.evicted), 1);
    cr_expect_eq(rig.out.created, 1, "it became an event");
    cr_expect_eq(counter_get(&rig.shared->counters.states), 1);
}

Test(aggregate, a_flush_has_a_bound_and_comes_again)
{
    cr_assert(rig_open(&rig, &scene, &filter_aggregate,
                       "{'task_id': '%{id}', 'push_map_as_event_on_timeout': true}"));
    for (int i = 0; i < FLUSH_EVENTS_MAX + 5; i++) {
        char text[32];
        snprintf(text, sizeof text, "{'id': %d}", i);
        run(text);
    }
    cr_expect_eq(rig_flush(&rig, true), FLUSH_EVENTS_MAX);
    cr_expect(rig.out.has_more);
    rig.out.created = 0;
    cr_expect_eq(rig_flush(&rig, true), 5);
    cr_expect_not(rig.out.has_more);
}
