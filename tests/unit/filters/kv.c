/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include "core/text/json.h"
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_kv;

static struct scene scene;
static void set_up(void) { scene_begin(&scene); }
static void tear_down(void) { scene_end(&scene); }
TestSuite(filter_kv, .init = set_up, .fini = tear_down);

/* An event whose message is `text`, through the filter. */
static struct event *run(const char *options, struct str text, enum fate want)
{
    struct rig rig;
    struct event *event = scene_event(&scene, "{}");
    event_slot_set(event, SLOT_MESSAGE, value_string(text));
    cr_assert(rig_open(&rig, &scene, &filter_kv, options), "%s", options);
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), want, "%s: fate %d", options, rig_fate(&rig, event));
    rig_close(&rig);
    return event;
}

/* `count` pairs, each made of its number. */
static struct str numbered(const char *format, uint32_t count)
{
    struct buf text = buf_in_arena(&scene.config);
    for (uint32_t i = 0; i < count; i++) buf_printf(&text, format, i);
    return buf_take(&text);
}

static uint32_t fields_of(const struct event *event) { return event->root.live - 3; /* @timestamp, @version, message */ }

Test(filter_kv, pairs_up_to_the_limit_are_stored_and_one_more_is_not)
{
    enum { PAIRS_MAX = 1 << 16 };
    struct event *event = run("{'allow_duplicate_values': true}", numbered("k=%u ", PAIRS_MAX), FATE_MATCHED);
    struct path path = scene_path(&scene, "k");
    cr_assert_eq(path_get(&path, event)->kind, VALUE_ARRAY);
    cr_expect_eq(path_get(&path, event)->array->count, (uint32_t)PAIRS_MAX);
    event = run("{}", numbered("k=%u ", PAIRS_MAX + 1), FATE_FAILED);
    cr_expect(event_has_tag(event, STR("_memory_limit")));
    cr_expect_eq(fields_of(event), 1u, "only the tags");
}

Test(filter_kv, many_keys_have_many_fields)
{
    struct event *event = run("{}", numbered("k%u=v ", 5000), FATE_MATCHED);
    cr_expect_eq(fields_of(event), 5000u);
}

Test(filter_kv, what_would_not_fit_in_a_batch_is_tagged_and_nothing_stored)
{
    struct str text = numbered("k%u=v ", 60000);
    arena_alloc(&scene.batch->arena, ARENA_BYTES_MAX - 1024 * 1024);
    struct event *event = run("{}", text, FATE_FAILED);
    cr_expect(event_has_tag(event, STR("_memory_limit")));
    cr_expect_eq(fields_of(event), 1u);
}

Test(filter_kv, comparing_values_is_bounded)
{
    struct event *event = run("{'allow_duplicate_values': false}", numbered("k=%u ", 4000), FATE_FAILED);
    cr_expect(event_has_tag(event, STR("_kv_filter_timeout")));
    event = run("{'allow_duplicate_values': false}", numbered("k=%u ", 1000), FATE_MATCHED);
    cr_expect_not(event_has_tag(event, STR("_kv_filter_timeout")));
}

static uint32_t depth_of(const struct value *value)
{
    uint32_t depth = 0;
    while (value->kind == VALUE_MAP && value->map->live) {
        value = &value->map->entries[0].value;
        depth++;
    }
    return depth;
}

Test(filter_kv, objects_within_objects_end_at_a_depth)
{
    enum { DEPTH_MAX = 64 };
    struct path path = scene_path(&scene, "t");
    struct event *event = run("{'recursive': true, 'target': 't'}", numbered("a%u=", 60), FATE_MATCHED);
    cr_expect_eq(depth_of(path_get(&path, event)), 59u, "the last has no value");
    event = run("{'recursive': true, 'target': 't'}", numbered("a%u=", 5000), FATE_MATCHED);
    cr_expect_eq(depth_of(path_get(&path, event)), DEPTH_MAX + 1u);
}

Test(filter_kv, a_mebibyte_without_a_pair_passes_by)
{
    struct str text = numbered("0123456789abcde ", 1 << 16);
    cr_assert_geq(text.len, (size_t)1 << 20);
    run("{}", text, FATE_PASSED);
    run("{'field_split_pattern': ' ', 'value_split_pattern': '::'}", text, FATE_PASSED);
}

Test(filter_kv, invalid_utf8_is_kept_as_it_is)
{
    struct event *event = run("{'transform_value': 'uppercase'}", STR("k\xff=\xfe\xc3\xa9 b=\xc3"), FATE_MATCHED);
    struct path path;
    path_of_name(&path, STR("k\xff"), &scene.config);
    struct value *value = path_get(&path, event);
    cr_assert(value_is_string(value));
    cr_expect(str_eq(value_text(value), STR("\xfe\xc3\x89")));
    path = scene_path(&scene, "b");
    cr_expect(str_eq(value_text(path_get(&path, event)), STR("\xc3")));
}

/* ---- what is kept of the event before ---- */

/* A text of up to 6 pairs; keys come twice, values are empty, some names are more than names. */
static struct str random_text(void)
{
    static const char *const keys[] = {"a",    "bc",     "key",     "SRC",
                                       "tags", "[x][y]", "message", "long_name_of_more_than_32_bytes_in_all"};
    static const char *const values[] = {"1", "", "two", "\"3 4\"", "\\x"};
    struct buf text = buf_in_arena(&scene.config);
    for (int pairs = rand() % 7; pairs > 0; pairs--)
        buf_printf(&text, "%s=%s ", keys[rand() % (rand() % 4 ? 4 : 8)], values[rand() % 5]);
    return text.len ? buf_take(&text) : STR("");
}

static struct event *event_of(struct str text)
{
    struct event *event = scene_event(&scene, "{'SRC': 'was there'}");
    event_slot_set(event, SLOT_MESSAGE, value_string(text));
    return event;
}

static struct str printed(const struct event *event)
{
    struct buf out = buf_in_arena(&scene.config);
    json_encode_map(&event->root, &out);
    return buf_take(&out);
}

/* Texts of the same keys in a row, and others between: an instance that has seen them all must do what a new one
 * does. */
static void the_same_as_anew(const char *options)
{
    struct rig rig;
    cr_assert(rig_open(&rig, &scene, &filter_kv, options), "%s", options);
    struct str text = {0};
    for (int round = 0; round < 400; round++) {
        if (round % 3 != 1) text = random_text();
        struct event *event = event_of(text), *other = event_of(text);
        rig_run(&rig, event);
        struct rig fresh;
        cr_assert(rig_open(&fresh, &scene, &filter_kv, options));
        rig_run(&fresh, other);
        cr_assert_eq(rig_fate(&rig, event), rig_fate(&fresh, other), "%s: %.*s", options, STR_ARG(text));
        rig_close(&fresh);
        struct str got = printed(event), want = printed(other);
        cr_assert(str_eq(got, want), "%s, `%.*s`: %.*s, anew %.*s", options, STR_ARG(text), STR_ARG(got), STR_ARG(want));
    }
    rig_close(&rig);
}

Test(filter_kv, the_event_before_changes_nothing)
{
    srand(20240306);
    the_same_as_anew("{}");
    the_same_as_anew("{'target': 't'}");
    the_same_as_anew("{'allow_empty_values': true}");
    the_same_as_anew("{'allow_duplicate_values': false, 'default_keys': {'bc': 'preset'}}");
}
