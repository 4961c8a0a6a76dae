/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/event.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include "tests/unit/support/events.h"

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(event, .init = begin, .fini = end);

Test(event, begins_with_version_and_timestamp)
{
    struct event *event = batch_event(scene.batch);
    cr_assert(str_eq_z(value_text(event_slot(event, SLOT_VERSION)), "1"));
    const struct value *timestamp = event_slot(event, SLOT_TIMESTAMP);
    cr_assert(timestamp->seconds == 1709622489 && timestamp->len == 120000000);
    cr_assert_null(event_slot(event, SLOT_MESSAGE));
    cr_assert_null(event_slot(event, SLOT_TAGS));
    cr_assert_eq(event->root.live, 2);
    cr_assert_eq(event->metadata.live, 0);
}

Test(event, finds_slots_by_search_too)
{
    struct event *event = scene_event(&scene, "{'message': 'm', 'x': 1}");
    struct key key = key_of(STR("message"));
    cr_assert_eq(map_get(&event->root, &key), event_slot(event, SLOT_MESSAGE));
    map_set(&event->root, event->arena, key_of(STR("tags")), value_string(STR("t")));
    cr_assert(str_eq_z(value_text(event_slot(event, SLOT_TAGS)), "t"));
}

Test(event, takes_decoded_fields)
{
    static const struct {
        const char *data, *event;
    } rows[] = {
        {"{'a': 1, '[a][b]': 2, 'c.d': 3}", "{'a': 1, '[a][b]': 2, 'c.d': 3}"},
        {"{'@version': 7}", "{'@version': 7}"},
        {"{'tags': 'a'}", "{'tags': 'a'}"},
        {"{'tags': ['a', 'b']}", "{'tags': ['a', 'b']}"},
        {"{'tags': []}", "{'tags': []}"},
        {"{'tags': 3}", "{'_tags': [3], 'tags': ['_tagsparsefailure']}"},
        {"{'tags': null}", "{'_tags': [null], 'tags': ['_tagsparsefailure']}"},
        {"{'tags': {'a': 1}}", "{'_tags': [{'a': 1}], 'tags': ['_tagsparsefailure']}"},
        {"{'tags': ['a', 1]}", "{'_tags': [['a', 1]], 'tags': ['_tagsparsefailure']}"},
        {"{'@metadata': {'a': 1}}", "{'@metadata': {'a': 1}}"},
        {"{'@metadata': 3, 'a': 1}", "{'@metadata': {}, 'a': 1}"},
        {"{'@timestamp': 1704164645.5}",
         "{'_@timestamp': 1704164645.5, 'tags': ['_timestampparsefailure']}"},
        {"{'@timestamp': true}", "{'_@timestamp': true, 'tags': ['_timestampparsefailure']}"},
        {"{'@timestamp': []}", "{'_@timestamp': [], 'tags': ['_timestampparsefailure']}"},
        {"{'@timestamp': {}}", "{'_@timestamp': {}, 'tags': ['_timestampparsefailure']}"},
        {"{'@timestamp': 'soon'}", "{'_@timestamp': 'soon', 'tags': ['_timestampparsefailure']}"},
        {"{'@timestamp': 1, 'tags': ['a']}",
         "{'_@timestamp': 1, 'tags': ['a', '_timestampparsefailure']}"},
        {"{'tags': ['a'], '@timestamp': 1}",
         "{'_@timestamp': 1, 'tags': ['a', '_timestampparsefailure']}"},
        {"{'@timestamp': null}", "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = scene_event(&scene, rows[i].data);
        char *difference = scene_difference(event, rows[i].event);
        cr_expect_null(difference, "row %zu: %s", i, difference);
        cr_expect_eq(event_slot(event, SLOT_TIMESTAMP)->kind, VALUE_TIME, "row %zu", i);
    }
}

Test(event, parses_a_textual_timestamp)
{
    struct event *event = scene_event(&scene, "{'@timestamp': '2024-01-02T03:04:05.123456+02:00'}");
    const struct value *timestamp = event_slot(event, SLOT_TIMESTAMP);
    cr_assert_eq(timestamp->seconds, 1704157445);
    cr_assert_eq(timestamp->len, 123456000);
    cr_assert_null(event_slot(event, SLOT_TAGS));
}

Test(event, takes_a_time)
{
    struct event *event = batch_event(scene.batch);
    event_set_decoded(event, key_of(STR("@timestamp")), value_time(5, 6));
    cr_assert_eq(event_slot(event, SLOT_TIMESTAMP)->seconds, 5);
    cr_assert_eq(event_slot(event, SLOT_TIMESTAMP)->len, 6);
}

Test(event, tags)
{
    static const struct {
        const char *before;
        char op; /* t tag, a append, u untag */
        const char *tag, *after;
    } rows[] = {
        {"{}", 't', "b", "{'tags': ['b']}"},
        {"{'tags': 'a'}", 't', "b", "{'tags': ['a', 'b']}"},
        {"{'tags': 'a'}", 't', "a", "{'tags': 'a'}"},
        {"{'tags': ['a']}", 't', "a", "{'tags': ['a']}"},
        {"{'tags': ['a']}", 'a', "a", "{'tags': ['a', 'a']}"},
        {"{'tags': 'a'}", 'a', "a", "{'tags': ['a', 'a']}"},
        {"{'tags': ['a', 'b', 'a']}", 'u', "a", "{'tags': ['b']}"},
        {"{'tags': ['a']}", 'u', "a", "{'tags': []}"},
        {"{'tags': 'a'}", 'u', "a", "{'tags': []}"},
        {"{'tags': 'a'}", 'u', "b", "{'tags': 'a'}"},
        {"{}", 'u', "a", "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = scene_event(&scene, rows[i].before);
        struct str tag = str_of(rows[i].tag);
        if (rows[i].op == 't')
            event_tag(event, tag);
        else if (rows[i].op == 'a')
            event_tag_append(event, tag);
        else
            event_untag(event, tag);
        char *difference = scene_difference(event, rows[i].after);
        cr_expect_null(difference, "row %zu: %s", i, difference);
    }
}

Test(event, holds_as_many_tags_as_the_limit)
{
    struct event *event = scene_event(&scene, "{}");
    for (int i = 0; i < TAGS_MAX + 5; i++) event_tag_append(event, STR("t"));
    cr_assert_eq(event_slot(event, SLOT_TAGS)->array->count, TAGS_MAX);
    struct path path = scene_path(&scene, "tags");
    cr_assert_not(event_add_field(event, &path, value_string(STR("u"))));
}

Test(event, adds_to_fields)
{
    static const struct {
        const char *before, *path, *value, *after;
        bool added;
    } rows[] = {
        {"{}", "a", "'x'", "{'a': 'x'}", true},
        {"{'a': 'x'}", "a", "'y'", "{'a': ['x', 'y']}", true},
        {"{'a': ['x']}", "a", "'y'", "{'a': ['x', 'y']}", true},
        {"{'a': null}", "a", "'y'", "{'a': ['y']}", true},
        {"{'a': {'k': 1, 'l': 2}}", "a", "'y'", "{'a': [['k', 1], ['l', 2], 'y']}", true},
        {"{'a': 's'}", "[a][b]", "'y'", "{'a': 's'}", false},
        {"{'tags': 't'}", "tags", "'u'", "{'tags': ['t', 'u']}", true},
        {"{'tags': ['t']}", "tags", "3", "{'tags': ['t']}", false},
        {"{'@metadata': {'m': 1}}", "[@metadata][m]", "2", "{'@metadata': {'m': [1, 2]}}", true},
        {"{}", "@timestamp", "'x'", "{}", false},
        {"{'@metadata': {'m': 1}}", "@metadata", "'x'", "{'@metadata': {'m': 1}}", false},
        {"{'m': [[1], 2]}", "[m][1]", "'x'", "{'m': [[1], [2, 'x']]}", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = scene_event(&scene, rows[i].before);
        struct path path = scene_path(&scene, rows[i].path);
        json_t *json = scene_json(rows[i].value);
        struct value value = scene_value(event->arena, json);
        json_decref(json);
        cr_expect_eq(event_add_field(event, &path, value), rows[i].added, "row %zu", i);
        char *difference = scene_difference(event, rows[i].after);
        cr_expect_null(difference, "row %zu: %s", i, difference);
    }
}

Test(event, copies_deeply)
{
    struct event *event =
        scene_event(&scene, "{'a': {'b': [1, 'x']}, 'message': 'm', '@metadata': {'k': {'l': 1}}}");
    struct path path = scene_path(&scene, "@version");
    path_remove(&path, event);
    struct event *copy = batch_event(scene.batch);
    event_copy(copy, event, true);
    static const char same[] = "{'a': {'b': [1, 'x']}, 'message': 'm', '@metadata': {'k': {'l': 1}}}";
    scene_expect(copy, same);
    cr_assert_null(event_slot(copy, SLOT_VERSION));
    cr_assert_eq(copy->root.live, event->root.live);
    cr_assert_neq(event_slot(copy, SLOT_MESSAGE)->text, event_slot(event, SLOT_MESSAGE)->text);
    path = scene_path(&scene, "[a][b][0]");
    path_set(&path, copy, value_int(2));
    path = scene_path(&scene, "[@metadata][k][l]");
    path_set(&path, copy, value_int(2));
    scene_expect(event, same);
    scene_expect(copy, "{'a': {'b': [2, 'x']}, 'message': 'm', '@metadata': {'k': {'l': 2}}}");
}

Test(event, keeps_many_fields)
{
    struct event *event = scene_event(&scene, "{}");
    struct buf json = {0};
    buf_append_char(&json, '{');
    for (int i = 0; i < 3 * EVENT_ENTRIES; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        struct path path = scene_path(&scene, name);
        cr_assert_eq(path_set(&path, event, value_int(i)), PATH_SET);
        buf_printf(&json, "%s\"%s\": %d", i ? ", " : "", name, i);
    }
    buf_append_char(&json, '}');
    scene_expect(event, buf_z(&json));
    event_tag(event, STR("t"));
    cr_assert(event_has_tag(event, STR("t")));
    buf_fini(&json);
}
