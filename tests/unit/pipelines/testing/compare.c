/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as the same: rows of an expectation, an event, and the fields that differ. */
#include <criterion/criterion.h>
#include "core/text/json.h"
#include "pipelines/testing/test_file.h"
#include "pipelines/testing/test_run.h"

static const struct { const char *options, *event, *differs; } rows[] = {
    {"expect => { n1 => 1 }", "{\"n1\": 1}", ""},
    {"expect => { n1 => 1.0 }", "{\"n1\": 1}", ""},
    {"expect => { n1 => 1 }", "{\"n1\": 1.0}", ""},
    {"expect => { n1 => 0.1 }", "{\"n1\": 1e-1}", ""},
    {"expect => { n1 => 12345678901234567890 }", "{\"n1\": 12345678901234567890}", "too large"},
    {"expect => { n1 => \"1\" }", "{\"n1\": 1}", "[n1]"},
    {"expect => { n1 => true }", "{\"n1\": true}", ""},
    {"expect => { n1 => \"true\" }", "{\"n1\": true}", "[n1]"},
    {"expect => { n1 => null }", "{\"n1\": null}", ""},
    {"expect => { n1 => null }", "{}", "[n1]"},
    {"expect => { n1 => [] }", "{\"n1\": []}", ""},
    {"expect => { n1 => { } }", "{\"n1\": {\"a\": 1}}", ""},
    {"expect => { n1 => { } }", "{\"n1\": []}", "[n1]"},
    {"expect => { n1 => [] }", "{\"n1\": {}}", "[n1]"},
    {"expect => { n1 => [{ a1 => 1 }] }", "{\"n1\": [{\"a1\": 1, \"b1\": 2}]}", ""},
    {"expect => { n1 => [{ a1 => 1 }] } exact => true", "{\"n1\": [{\"a1\": 1, \"b1\": 2}]}", "[n1][0][b1]"},
    {"expect => { n1 => [{ a1 => 1 }] } exact => true ignore => \"[n1][0][b1]\"", "{\"n1\": [{\"a1\": 1, \"b1\": 2}]}", ""},
    {"expect => { \"[n1][0]\" => 1 }", "{\"n1\": [1, 2]}", ""},
    {"expect => { \"[n1][2]\" => 1 }", "{\"n1\": [1, 2]}", "[n1]"},
    {"expect => { \"[n1][0]\" => 1 }", "{\"n1\": {\"0\": 1}}", ""},
    {"expect => { } exact => true", "{\"a\": {\"b\": 1, \"c\": 2}}", "[a]"},
    {"expect => { } exact => true ignore => [\"[a][b]\"]", "{\"a\": {\"b\": 1, \"c\": 2}}", "[a]"},
    {"expect => { } exact => true ignore => [\"[a][b]\", \"[a][c]\"]", "{\"a\": {\"b\": 1, \"c\": 2}}", ""},
    {"expect => { } exact => true ignore => a", "{\"a\": {\"b\": 1, \"c\": 2}}", "one letter"},
    {"expect => { } exact => true ignore => \"a\"", "{\"a\": {\"b\": 1, \"c\": 2}}", ""},
    {"expect => { message => \"x\" tags => [\"t\"] } exact => true", "{\"message\": \"x\", \"tags\": [\"t\"]}", ""},
    {"expect => { } exact => true", "{\"message\": \"x\"}", "[message]"},
    {"expect => { } exact => true", "{\"@timestamp\": \"2024-01-01T00:00:00Z\", \"@version\": \"2\"}", ""},
    {"expect => { \"@version\" => \"1\" }", "{}", ""},
    {"expect => { \"@version\" => \"2\" }", "{}", "[@version]"},
    {"expect => { \"@timestamp\" => \"2024-01-01\" }", "{\"@timestamp\": \"2024-01-01T00:00:00Z\"}", ""},
    {"expect => { \"@timestamp\" => \"2024-01-01T01:00:00.000+01:00\" }", "{\"@timestamp\": \"2024-01-01T00:00:00Z\"}", ""},
    {"expect => { \"@timestamp\" => \"2024-01-01T00:00:00.001Z\" }", "{\"@timestamp\": \"2024-01-01T00:00:00Z\"}", "[@timestamp]"},
    {"expect => { \"@timestamp\" => 5 }", "{}", "[@timestamp]"},
    {"expect => { } exact => true", "{\"@metadata\": {\"k\": 1}}", ""},
    {"expect => { \"[@metadata][k]\" => 2 }", "{\"@metadata\": {\"k\": 1}}", "[@metadata][k]"},
    {"expect => { \"@metadata\" => { k1 => 1 } } exact => true", "{\"@metadata\": {\"k1\": 1, \"l1\": 2}}", "[@metadata][l1]"},
    {"expect_missing => [\"[a][b]\", \"c\"]", "{\"a\": {\"b\": null}}", "[a][b]"},
    {"where => '[a] > 1'", "{\"a\": 2}", ""},
    {"where => ['[a] > 1', '[b]']", "{\"a\": 1}", "where where"},
};

static void outcome(const struct test *test, struct buf *out)
{
    for (uint32_t i = 0; i < test->problem_count && i < TEST_PROBLEMS_MAX; i++)
        buf_printf(out, "%s%.*s", i ? " " : "", STR_ARG(test->problems[i].subject));
}

static void row_run(const char *options, const char *event, struct buf *out)
{
    struct arena arena;
    struct diag diag;
    struct json_report report;
    struct value value;
    struct str preset = STR("none.conf");
    struct test_list tests = {.arena = &arena};
    struct test_reading reading = {.tests = &tests, .files = {&preset, 1}, .diag = &diag};
    struct settings settings = {.pipeline_id = STR("main")};
    struct config config = {0};
    arena_init(&arena, NULL);
    diag_init(&diag);
    struct source_text source = {STR("a.test.conf"), arena_printf(&arena, "test \"t\" { input => \"x\" %s }", options)};
    bool is_read = test_blocks_read(&reading, &source);
    cr_assert(json_decode(str_of(event), JSON_WHOLE, &arena, &value, &report), "%s", event);
    if (is_read) {
        tests.items[0].inputs[0] = value;
        struct sandbox_options wanted = {.settings = &settings, .inputs = &tests.items[0].source, .input_count = 1};
        struct sandbox *sandbox = sandbox_create(&config, &wanted, &arena, &diag);
        cr_assert(sandbox);
        test_run(&tests.items[0], sandbox, 0, &arena, &diag);
        outcome(&tests.items[0], out);
        sandbox_destroy(sandbox);
    } else
        diag_render(&diag, out);
    test_list_fini(&tests);
    diag_fini(&diag);
    arena_fini(&arena);
}

Test(testing_compare, finds_what_differs)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf got = {0};
        row_run(rows[i].options, rows[i].event, &got);
        bool is_refused = str_starts(buf_str(&got), STR("error"));
        if (is_refused) cr_expect(strstr(rows[i].differs, "too large") || strstr(rows[i].differs, "one letter"), "%s", buf_z(&got));
        else cr_expect_str_eq(buf_z(&got), rows[i].differs, "%s with %s: %s", rows[i].options, rows[i].event, buf_z(&got));
        buf_fini(&got);
    }
}
