/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "core/event/template.h"
#include "tests/unit/support/events.h"

static struct scene scene;
static void set_up(void) { scene_begin(&scene); }
static void tear_down(void) { scene_end(&scene); }
TestSuite(value_print, .init = set_up, .fini = tear_down);

Test(value_print, prints_as_sprintf_does)
{
    static const char *const rows[][3] = {
        /* JSON, sprintf's text, Java's text */
        {"1", "1", "1"}, {"-7", "-7", "-7"}, {"1.0", "1.0", "1.0"}, {"1.5e20", "1.5E20", "1.5E20"},
        {"true", "true", "true"}, {"null", "", "null"}, {"\"\"", "", ""}, {"\"a b\"", "a b", "a b"}, {"[]", "", "[]"},
        {"[1,\"x\",null,2.5]", "1,x,,2.5", "[1, x, null, 2.5]"}, {"[[1,2],[3]]", "1,2,3", "[[1, 2], [3]]"},
        {"[[],1]", ",1", "[[], 1]"}, {"{\"a\":1}", "{\"a\":1}", "{a=1}"}, {"{}", "{}", "{}"},
        {"[{\"a\":1,\"b\":[null,\"x\"]},2]", "{a=1, b=[null, x]},2", "[{a=1, b=[null, x]}, 2]"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *json = scene_json(rows[i][0]);
        struct value value = scene_value(&scene.config, json);
        struct buf out = {0};
        value_print(&value, &out);
        cr_expect_str_eq(buf_z(&out), rows[i][1], "%s: %s", rows[i][0], buf_z(&out));
        buf_clear(&out);
        value_print_java(&value, &out);
        cr_expect_str_eq(buf_z(&out), rows[i][2], "%s: %s", rows[i][0], buf_z(&out));
        buf_fini(&out);
        json_decref(json);
    }
}
