/* SPDX-License-Identifier: Apache-2.0 */
/* csv and json_encode at their bounds. */
#include <criterion/criterion.h>
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_csv, filter_json_encode;

static struct scene scene;
static struct rig rig; /* of the last run: names of columns are the filter's */
static bool is_open;

static void rig_end(void)
{
    if (is_open) rig_close(&rig);
    is_open = false;
}
static void set_up(void) { scene_begin(&scene); }
static void tear_down(void)
{
    rig_end();
    scene_end(&scene);
}
TestSuite(filter_csv, .init = set_up, .fini = tear_down);

static struct event *run(const struct filter_type *type, const char *options, struct value message, enum fate want)
{
    rig_end();
    struct event *event = scene_event(&scene, "{}");
    event_slot_set(event, SLOT_MESSAGE, message);
    is_open = rig_open(&rig, &scene, type, options);
    cr_assert(is_open, "%s", options);
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), want, "%s: fate %d", options, rig_fate(&rig, event));
    return event;
}

static struct value repeated(char c, size_t bytes)
{
    char *text = arena_alloc(&scene.config, bytes);
    memset(text, c, bytes);
    return value_string((struct str){text, bytes});
}

Test(filter_csv, columns_up_to_the_limit)
{
    enum { COLUMNS_MAX = 4096 };
    struct event *event = run(&filter_csv, "{'target': 't'}", repeated(',', COLUMNS_MAX - 1), FATE_MATCHED);
    struct path path = scene_path(&scene, "t");
    cr_expect_eq(path_get(&path, event)->map->live, (uint32_t)COLUMNS_MAX);
    event = run(&filter_csv, "{'target': 't'}", repeated(',', COLUMNS_MAX), FATE_FAILED);
    cr_expect_null(path_get(&path, event), "nothing is stored");
}

Test(filter_csv, names_up_to_the_limit)
{
    struct buf options = buf_in_arena(&scene.config);
    buf_append_z(&options, "{'columns': ['a'");
    for (int i = 1; i <= 4096; i++) buf_append_z(&options, ",'a'");
    buf_append_z(&options, "]}");
    struct rig refused;
    cr_expect_not(rig_open(&refused, &scene, &filter_csv, buf_z(&options)));
    cr_expect(strstr(rig_complaint(&refused), "more than 4096 columns"));
    rig_close(&refused);
}

Test(filter_csv, a_mebibyte_in_one_field_in_quotes_and_in_separators)
{
    enum { MEBIBYTE = 1 << 20 };
    run(&filter_csv, "{}", repeated('x', MEBIBYTE), FATE_MATCHED);
    run(&filter_csv, "{}", repeated('"', MEBIBYTE), FATE_MATCHED);
    run(&filter_csv, "{}", repeated('"', MEBIBYTE - 1), FATE_FAILED);
    run(&filter_csv, "{}", repeated(',', MEBIBYTE), FATE_FAILED);
    run(&filter_csv, "{'convert': {'column1': 'integer'}}", repeated('9', MEBIBYTE), FATE_MATCHED);
}

Test(filter_csv, invalid_utf8_is_kept_as_it_is)
{
    struct event *event = run(&filter_csv, "{'convert': {'column1': 'boolean', 'column2': 'date'}}",
                              value_string(STR("\xff\xfe,\xc3,\"\x80\"")), FATE_MATCHED);
    static const struct { const char *name, *text; } rows[] = {{"column1", "\xff\xfe"}, {"column2", "\xc3"}, {"column3", "\x80"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path path = scene_path(&scene, rows[i].name);
        cr_expect(str_eq_z(value_text(path_get(&path, event)), rows[i].text), "%s", rows[i].name);
    }
}

/* `depth` arrays within each other. */
static struct value nested(uint32_t depth)
{
    struct value value = value_int(1);
    while (depth--) {
        struct value array = value_array(&scene.config, 1);
        array_push(array.array, &scene.config, value);
        value = array;
    }
    return value;
}

Test(filter_csv, json_encode_to_a_depth_and_not_beyond)
{
    struct event *event = run(&filter_json_encode, "{'source': 'message', 'target': 't'}", nested(VALUE_DEPTH_MAX), FATE_MATCHED);
    struct path path = scene_path(&scene, "t");
    cr_expect_eq(path_get(&path, event)->len, 2u * VALUE_DEPTH_MAX + 1);
    event = run(&filter_json_encode, "{'source': 'message', 'target': 't'}", nested(VALUE_DEPTH_MAX + 1), FATE_FAILED);
    cr_expect(event_has_tag(event, STR("_jsongeneratefailure")));
    cr_expect_null(path_get(&path, event));
}

Test(filter_csv, json_encode_of_what_may_not_fit)
{
    struct event *event = run(&filter_json_encode, "{'source': 'message'}", repeated('\1', 4 << 20), FATE_FAILED);
    cr_expect(event_has_tag(event, STR("_memory_limit")));
    run(&filter_json_encode, "{'source': 'message'}", repeated('\1', 1 << 20), FATE_MATCHED);
}
