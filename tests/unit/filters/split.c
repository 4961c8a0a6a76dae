/* SPDX-License-Identifier: Apache-2.0 */
/* split and clone at the bounds of a batch. */
#include <criterion/criterion.h>
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_split, filter_clone;

static struct scene scene;
static void set_up(void) { scene_begin(&scene); }
static void tear_down(void) { scene_end(&scene); }
TestSuite(filter_split, .init = set_up, .fini = tear_down);

/* A message of so many lines, through the filter; the events made. */
static uint32_t lines_split(uint32_t lines, enum fate want)
{
    struct rig rig;
    struct event *event = scene_event(&scene, "{}");
    struct buf text = buf_in_arena(&scene.config);
    for (uint32_t i = 0; i < lines; i++) buf_append(&text, i ? STR("\nx") : STR("x"));
    event_slot_set(event, SLOT_MESSAGE, value_string(buf_take(&text)));
    cr_assert(rig_open(&rig, &scene, &filter_split, "{}"));
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), want, "%u lines: fate %d", lines, rig_fate(&rig, event));
    uint32_t created = rig.out.created;
    rig_close(&rig);
    cr_expect_eq(event->is_cancelled, want == FATE_CANCELLED);
    cr_expect_eq(event_has_tag(event, STR("_memory_limit")), want == FATE_FAILED);
    return created;
}

Test(filter_split, all_pieces_or_none)
{
    cr_expect_eq(lines_split(3000, FATE_CANCELLED), 3000u);
    cr_expect_leq(scene.batch->arena.bytes, (size_t)ARENA_BYTES_MAX);
    cr_expect_eq(lines_split(15000, FATE_FAILED), 0u);
    cr_expect_leq(scene.batch->arena.bytes, (size_t)ARENA_BYTES_MAX);
}

Test(filter_split, a_mebibyte_of_newlines_is_refused)
{
    struct rig rig;
    struct event *event = scene_event(&scene, "{}");
    char *text = arena_alloc(&scene.config, 1 << 20);
    memset(text, '\n', 1 << 20);
    event_slot_set(event, SLOT_MESSAGE, value_string((struct str){text, 1 << 20}));
    cr_assert(rig_open(&rig, &scene, &filter_split, "{}"));
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), FATE_FAILED);
    cr_expect_eq(rig.out.created, 0u);
    rig_close(&rig);
}

Test(filter_split, items_of_an_array_are_not_counted_for_each_event)
{
    struct rig rig;
    struct event *event = scene_event(&scene, "{}");
    struct value list = value_array(event->arena, 1000);
    for (int i = 0; i < 1000; i++) {
        struct value map = value_map(event->arena, 16);
        for (int k = 0; k < 16; k++)
            map_set(map.map, event->arena, key_of(arena_printf(&scene.config, "k%d", k)), value_int(k));
        array_push(list.array, event->arena, map);
    }
    event_slot_set(event, SLOT_MESSAGE, list);
    cr_assert(rig_open(&rig, &scene, &filter_split, "{}"));
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), FATE_CANCELLED);
    cr_expect_eq(rig.out.created, 1000u);
    rig_close(&rig);
}

Test(filter_split, copies_that_do_not_fit_are_not_made)
{
    struct rig rig;
    struct event *event = scene_event(&scene, "{'a': {'b': [1, 2]}}");
    cr_assert(rig_open(&rig, &scene, &filter_clone, "{'clones': ['x', 'y']}"));
    arena_alloc(event->arena, ARENA_BYTES_MAX - scene.batch->arena.bytes - 1024);
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), FATE_FAILED);
    cr_expect_eq(rig.out.created, 0u);
    rig_close(&rig);
    scene_expect(event, "{'a': {'b': [1, 2]}, 'tags': ['_memory_limit']}");
}
