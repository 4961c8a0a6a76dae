/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/path.h"
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include "tests/unit/support/events.h"

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(path, .init = begin, .fini = end);

Test(path, compiles_legal_references_into_flat_steps)
{
    static const struct {
        const char *text, *steps;
    } rows[] = {
        {"message", "message"},  {"a.b", "a.b"},          {"[a]", "a"},
        {"[a][b]", "a|b"},       {"[[a]]", "a"},          {"[[a][b]][c]", "a|b|c"},
        {"[[[a]][[b]]]", "a|b"}, {"[ a ]", " a "},        {"[a,b]", "a,b"},
        {"[a][-1]", "a|-1"},     {"", ""},                {"a b", "a b"},
        {"[@metadata][x]", "x"}, {"[[@metadata]][x]", "x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path path = scene_path(&scene, rows[i].text);
        struct buf steps = {0};
        for (uint32_t n = 0; n < path.count; n++) {
            if (n) buf_append_char(&steps, '|');
            buf_append(&steps, key_text(&path.steps[n].key));
        }
        cr_expect_str_eq(buf_z(&steps), rows[i].steps, "%s", rows[i].text);
        cr_expect(str_eq_z(path.text, rows[i].text));
        cr_expect_eq(path.is_metadata, strstr(rows[i].text, "@metadata") != NULL);
        buf_fini(&steps);
    }
}

Test(path, refuses_illegal_references)
{
    static const char *const rows[] = {"a[b]",   "[a]b",    "[a]x[b]", "[a] [b]", "[]",
                                       "[a][][b]", "[a",    "[a]]",    "[[a]b]",  "[b[a]]",
                                       "]",      "[",       "[[a]",    "a]",      "[[]]"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path path;
        cr_expect_not(path_compile(&path, str_of(rows[i]), &scene.config), "%s", rows[i]);
    }
}

Test(path, takes_as_many_steps_as_the_limit_and_no_more)
{
    struct buf text = {0};
    struct path path;
    for (int i = 0; i < PATH_STEPS_MAX; i++) buf_append_z(&text, "[a]");
    cr_assert(path_compile(&path, buf_str(&text), &scene.config));
    cr_assert_eq(path.count, PATH_STEPS_MAX);
    struct event *event = scene_event(&scene, "{}");
    cr_assert_eq(path_set(&path, event, value_int(7)), PATH_SET);
    cr_assert_eq(path_get(&path, event)->integer, 7);
    buf_append_z(&text, "[a]");
    cr_assert_not(path_compile(&path, buf_str(&text), &scene.config));
    buf_fini(&text);
}

Test(path, reads_an_index_only_in_javas_form)
{
    static const struct {
        const char *text;
        bool is_index;
        int32_t index;
    } rows[] = {
        {"0", true, 0},       {"+0", true, 0},  {"-1", true, -1},
        {"007", true, 7},     {"", false, 0},   {"-", false, 0},
        {"1x", false, 0},     {" 1", false, 0}, {"2147483647", true, INT32_MAX},
        {"-2147483648", true, INT32_MIN},       {"2147483648", false, 0},
        {"-2147483649", false, 0},              {"99999999999999999999", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path path;
        path_of_name(&path, str_of(rows[i].text), &scene.config);
        cr_expect_eq(path.steps[0].is_index, rows[i].is_index, "%s", rows[i].text);
        if (rows[i].is_index) cr_expect_eq(path.steps[0].index, rows[i].index, "%s", rows[i].text);
    }
}

Test(path, takes_a_name_literally)
{
    struct path path;
    path_of_name(&path, STR("[a][b]"), &scene.config);
    struct event *event = scene_event(&scene, "{}");
    path_set(&path, event, value_int(1));
    scene_expect(event, "{'[a][b]': 1}");
}

Test(path, knows_the_slots)
{
    static const struct {
        const char *text;
        int slot;
    } rows[] = {{"@timestamp", SLOT_TIMESTAMP}, {"[@version]", SLOT_VERSION},
                {"message", SLOT_MESSAGE},      {"[tags]", SLOT_TAGS},
                {"[tags][0]", SLOT_TAGS},       {"[@metadata][tags]", -1},
                {"@metadata", -1},              {"host", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(scene_path(&scene, rows[i].text).slot, rows[i].slot, "%s", rows[i].text);
}

Test(path, reads)
{
    static const char data[] = "{'a': {'b': [10, {'c': 'x'}, null], '0': 'zero'}, 's': 'text', "
                               "'n': null, 'tags': ['t', 'u'], 'message': 'm', "
                               "'@metadata': {'m': {'k': 5}}}";
    static const struct {
        const char *path, *value; /* NULL: missing */
    } rows[] = {
        {"message", "'m'"},       {"[a][b][0]", "10"},      {"[a][b][-3]", "10"},
        {"[a][b][-4]", NULL},     {"[a][b][3]", NULL},      {"[a][b][1][c]", "'x'"},
        {"[a][b][+1][c]", "'x'"}, {"[a][b][x]", NULL},      {"[a][0]", "'zero'"},
        {"[a][b][2]", "null"},    {"[s][x]", NULL},         {"[n]", "null"},
        {"[n][x]", NULL},         {"[tags][1]", "'u'"},     {"[missing][x]", NULL},
        {"[@metadata][m][k]", "5"}, {"[@metadata]", "{'m': {'k': 5}}"}, {"[@metadata][x]", NULL},
        {"[a][b][2147483647]", NULL}, {"[a][b][-2147483648]", NULL}, {"[m]", NULL},
    };
    struct event *event = scene_event(&scene, data);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path path = scene_path(&scene, rows[i].path);
        const struct value *value = path_get(&path, event);
        cr_expect_eq(value == NULL, rows[i].value == NULL, "%s", rows[i].path);
        if (!value || !rows[i].value) continue;
        json_t *expected = scene_json(rows[i].value);
        struct buf where = {0}, out = {0};
        cr_expect(scene_same(value, expected, &where, &out), "%s: %s", rows[i].path, buf_z(&out));
        json_decref(expected);
        buf_fini(&where);
        buf_fini(&out);
    }
}

Test(path, writes)
{
    static const struct {
        const char *before, *path, *value, *after;
        enum path_result result;
    } rows[] = {
        {"{}", "[a][b][c]", "1", "{'a': {'b': {'c': 1}}}", PATH_SET},
        {"{'a': 's'}", "[a][b]", "1", "{'a': 's'}", PATH_NOT_A_MAP},
        {"{'a': 's'}", "[a][b][c]", "1", "{'a': 's'}", PATH_NOT_A_MAP},
        {"{'a': null}", "[a][b]", "1", "{'a': null}", PATH_NOT_A_MAP},
        {"{}", "[a][0]", "'x'", "{'a': {'0': 'x'}}", PATH_SET},
        {"{'a': [{}]}", "[a][foo][b]", "'x'", "{'a': [{}]}", PATH_IGNORED},
        {"{'a': [1]}", "[a][foo]", "'x'", "{'a': [1]}", PATH_IGNORED},
        {"{}", "a.b", "1", "{'a.b': 1}", PATH_SET},
        {"{}", "[ a ]", "1", "{' a ': 1}", PATH_SET},
        {"{}", "tags", "null", "{}", PATH_BAD_TYPE},
        {"{}", "tags", "3", "{}", PATH_BAD_TYPE},
        {"{}", "tags", "['a', 1]", "{}", PATH_BAD_TYPE},
        {"{}", "tags", "{'a': 1}", "{}", PATH_BAD_TYPE},
        {"{'tags': ['x']}", "[tags][0]", "'y'", "{'tags': ['x']}", PATH_BAD_TYPE},
        {"{}", "tags", "'t'", "{'tags': 't'}", PATH_SET},
        {"{}", "tags", "['t', 'u']", "{'tags': ['t', 'u']}", PATH_SET},
        {"{}", "@timestamp", "'2024-01-01'", "{}", PATH_BAD_TYPE},
        {"{}", "[@timestamp][x]", "1", "{}", PATH_BAD_TYPE},
        {"{}", "@metadata", "{'z': 1}", "{'@metadata': {'z': 1}}", PATH_SET},
        {"{}", "@metadata", "1", "{'@metadata': {}}", PATH_BAD_TYPE},
        {"{}", "[@metadata][a][b]", "1", "{'@metadata': {'a': {'b': 1}}}", PATH_SET},
        {"{'a': [1, 2]}", "[a][1]", "9", "{'a': [1, 9]}", PATH_SET},
        {"{'a': [1, 2]}", "[a][-2]", "9", "{'a': [9, 2]}", PATH_SET},
        {"{'a': [1, 2]}", "[a][-3]", "9", "{'a': [1, 2]}", PATH_OUT_OF_RANGE},
        {"{'a': [1]}", "[a][3]", "9", "{'a': [1, null, null, 9]}", PATH_SET},
        {"{'a': [1]}", "[a][2][b][c]", "9", "{'a': [1, null, {'b': {'c': 9}}]}", PATH_SET},
        {"{'a': [1, null]}", "[a][1][b]", "9", "{'a': [1, {'b': 9}]}", PATH_SET},
        {"{'a': [1, null]}", "[a][1]", "9", "{'a': [1, 9]}", PATH_SET},
        {"{'a': [1]}", "[a][0][b]", "9", "{'a': [1]}", PATH_NOT_A_MAP},
        {"{'a': {'b': 1}}", "[a][b]", "[2]", "{'a': {'b': [2]}}", PATH_SET},
        {"{'message': 'm'}", "message", "{'x': 1}", "{'message': {'x': 1}}", PATH_SET},
        {"{}", "[message][x]", "1", "{'message': {'x': 1}}", PATH_SET},
        {"{}", "@version", "'2'", "{'@version': '2'}", PATH_SET},
        {"{'a': [0]}", "[a][1048576]", "1", "{'a': [0]}", PATH_OUT_OF_RANGE}, /* INDEX_MAX + 1 */
        {"{'a': [0]}", "[a][1048575]", "1", "{'a': [0]}", PATH_OUT_OF_RANGE}, /* past the memory */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = scene_event(&scene, rows[i].before);
        struct path path = scene_path(&scene, rows[i].path);
        json_t *json = scene_json(rows[i].value);
        enum path_result result = path_set(&path, event, scene_value(event->arena, json));
        json_decref(json);
        cr_expect_eq(result, rows[i].result, "row %zu: %s gave %d", i, rows[i].path, result);
        char *difference = scene_difference(event, rows[i].after);
        cr_expect_null(difference, "row %zu: %s: %s", i, rows[i].path, difference);

        event = scene_event(&scene, rows[i].before);
        json = scene_json(rows[i].value);
        bool had = path_get(&path, event);
        path_set_absent(&path, event, scene_value(event->arena, json));
        json_decref(json);
        difference = scene_difference(event, had ? rows[i].before : rows[i].after);
        cr_expect_null(difference, "row %zu: absent %s: %s", i, rows[i].path, difference);
    }
}

Test(path, pads_an_array_up_to_what_memory_allows)
{
    struct event *event = scene_event(&scene, "{'a': []}");
    struct path path = scene_path(&scene, "[a][100000]");
    cr_assert_eq(path_set(&path, event, value_int(1)), PATH_SET);
    path = scene_path(&scene, "a");
    cr_assert_eq(path_get(&path, event)->array->count, 100001);
}

Test(path, removes)
{
    static const struct {
        const char *before, *path, *after;
        enum value_kind kind;
    } rows[] = {
        {"{}", "missing", "{}", VALUE_MISSING},
        {"{'a': 's'}", "[a][b]", "{'a': 's'}", VALUE_MISSING},
        {"{'a': [1, 2, 3]}", "[a][0]", "{'a': [2, 3]}", VALUE_INT},
        {"{'a': [1, 2, 3]}", "[a][-1]", "{'a': [1, 2]}", VALUE_INT},
        {"{'a': [1]}", "[a][1]", "{'a': [1]}", VALUE_MISSING},
        {"{'a': {'b': null}}", "[a][b]", "{'a': {}}", VALUE_NULL},
        {"{'message': 'm', 'x': 1}", "message", "{'x': 1}", VALUE_STRING},
        {"{'tags': ['a', 'b']}", "[tags][0]", "{'tags': ['b']}", VALUE_STRING},
        {"{'@metadata': {'a': {'b': 1}}}", "[@metadata][a][b]", "{'@metadata': {'a': {}}}", VALUE_INT},
        {"{'@metadata': {'a': 1}}", "@metadata", "{'@metadata': {}}", VALUE_MAP},
        {"{}", "@timestamp", "{}", VALUE_TIME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = scene_event(&scene, rows[i].before);
        struct path path = scene_path(&scene, rows[i].path);
        struct value value = path_remove(&path, event);
        cr_expect_eq(value.kind, rows[i].kind, "row %zu: kind %d", i, value.kind);
        char *difference = scene_difference(event, rows[i].after);
        cr_expect_null(difference, "row %zu: %s", i, difference);
        cr_expect(path.count == 0 || !path_get(&path, event) || path.steps[0].is_index ||
                  path.count > 1);
    }
    struct event *event = scene_event(&scene, "{}");
    struct path path = scene_path(&scene, "@timestamp");
    path_remove(&path, event);
    cr_assert_null(event_slot(event, SLOT_TIMESTAMP));
    cr_assert_eq(event->root.live, 1);
}
