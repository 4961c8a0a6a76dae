/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "tests/unit/support/codecs.h"
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_json;

static struct scene scene;
static void set_up(void) { scene_begin(&scene); }
static void tear_down(void) { scene_end(&scene); }
TestSuite(filter_json, .init = set_up, .fini = tear_down);

/* Runs one event through the filter. */
static struct event *run(const char *options, const char *event_json, enum fate want)
{
    struct event *event = scene_event(&scene, event_json);
    struct rig rig;
    cr_assert(rig_open(&rig, &scene, &filter_json, options), "%s", options);
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), want, "%s %s: fate %d", options, event_json, rig_fate(&rig, event));
    rig_close(&rig);
    return event;
}

Test(filter_json, fields_of_the_object)
{
    static const struct { const char *settings, *before; enum fate fate; const char *after; } rows[] = {
        {"{'source': 'm'}", "{\"m\":\"{\\\"a\\\":1,\\\"b\\\":{\\\"c\\\":[1.5,null]}}\"}", FATE_MATCHED,
         "{\"m\":\"{\\\"a\\\":1,\\\"b\\\":{\\\"c\\\":[1.5,null]}}\",\"a\":1,\"b\":{\"c\":[1.5,null]}}"},
        {"{'source': 'm', 'target': 't'}", "{\"m\":\"[1,2]\"}", FATE_MATCHED, "{\"m\":\"[1,2]\",\"t\":[1,2]}"},
        {"{'source': 'm', 'target': '[x][y]'}", "{\"m\":\"7\"}", FATE_MATCHED, "{\"m\":\"7\",\"x\":{\"y\":7}}"},
        {"{'source': 'm', 'target': 'm'}", "{\"m\":\"{}\"}", FATE_MATCHED, "{\"m\":{}}"},
        {"{'source': '[a][b]'}", "{\"a\":{\"b\":\"{\\\"x\\\":true}\"}}", FATE_MATCHED,
         "{\"a\":{\"b\":\"{\\\"x\\\":true}\"},\"x\":true}"},
        /* a name in brackets nests; what was there is replaced, not merged */
        {"{'source': 'm'}", "{\"m\":\"{\\\"[x][y]\\\":1,\\\"a\\\":{}}\",\"a\":{\"old\":1}}", FATE_MATCHED,
         "{\"m\":\"{\\\"[x][y]\\\":1,\\\"a\\\":{}}\",\"x\":{\"y\":1},\"a\":{}}"},
        /* text behind the document is ignored */
        {"{'source': 'm'}", "{\"m\":\"{\\\"a\\\":1} {\"}", FATE_MATCHED, "{\"m\":\"{\\\"a\\\":1} {\",\"a\":1}"},
        {"{'source': 'm', 'target': 't'}", "{\"m\":\"\"}", FATE_MATCHED, "{\"m\":\"\",\"t\":null}"},
        /* nothing to do */
        {"{'source': 'm'}", "{\"x\":1}", FATE_PASSED, "{\"x\":1}"},
        {"{'source': 'm'}", "{\"m\":null}", FATE_PASSED, "{\"m\":null}"},
        {"{'source': 'm'}", "{\"m\":false}", FATE_PASSED, "{\"m\":false}"},
        /* faults */
        {"{'source': 'm'}", "{\"m\":\"{\"}", FATE_FAILED, "{\"m\":\"{\",\"tags\":[\"_jsonparsefailure\"]}"},
        {"{'source': 'm'}", "{\"m\":\"[1]\"}", FATE_FAILED, "{\"m\":\"[1]\",\"tags\":[\"_jsonparsefailure\"]}"},
        {"{'source': 'm'}", "{\"m\":\"\"}", FATE_FAILED, "{\"m\":\"\",\"tags\":[\"_jsonparsefailure\"]}"},
        {"{'source': 'm'}", "{\"m\":5}", FATE_FAILED, "{\"m\":5,\"tags\":[\"_jsonparsefailure\"]}"},
        {"{'source': 'm'}", "{\"m\":true}", FATE_FAILED, "{\"m\":true,\"tags\":[\"_jsonparsefailure\"]}"},
        {"{'source': 'm', 'tag_on_failure': ['a','b']}", "{\"m\":\"x\",\"tags\":[\"a\"]}", FATE_FAILED,
         "{\"m\":\"x\",\"tags\":[\"a\",\"b\"]}"},
        {"{'source': 'm', 'tag_on_failure': []}", "{\"m\":\"x\"}", FATE_FAILED, "{\"m\":\"x\"}"},
        {"{'source': 'm', 'skip_on_invalid_json': true}", "{\"m\":\"x\"}", FATE_PASSED, "{\"m\":\"x\"}"},
        {"{'source': 'm', 'target': '[s][t]'}", "{\"m\":\"1\",\"s\":\"scalar\"}", FATE_FAILED,
         "{\"m\":\"1\",\"s\":\"scalar\",\"tags\":[\"_jsonparsefailure\"]}"},
        {"{'source': 'm'}", "{\"m\":\"{\\\"tags\\\":{}}\"}", FATE_FAILED,
         "{\"m\":\"{\\\"tags\\\":{}}\",\"tags\":[\"_jsonparsefailure\"]}"},
        {"{'source': 'm'}", "{\"m\":\"{\\\"[a\\\":1}\"}", FATE_FAILED,
         "{\"m\":\"{\\\"[a\\\":1}\",\"tags\":[\"_jsonparsefailure\"]}"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        scene_expect(run(rows[i].settings, rows[i].before, rows[i].fate), rows[i].after);
}

Test(filter_json, timestamps)
{
    struct event *event = run("{'source': 'm'}", "{\"m\":\"{\\\"@timestamp\\\":\\\"2020-01-02T03:04:05Z\\\"}\"}", FATE_MATCHED);
    cr_expect_str_eq(event_time(&scene, event), "2020-01-02T03:04:05.000Z");
    event = run("{'source': 'm'}", "{\"m\":\"{\\\"@timestamp\\\":\\\"never\\\"}\"}", FATE_MATCHED);
    scene_expect(event, "{\"m\":\"{\\\"@timestamp\\\":\\\"never\\\"}\",\"_@timestamp\":\"never\",\"tags\":[\"_timestampparsefailure\"]}");
}

Test(filter_json, source_is_required)
{
    struct rig rig;
    cr_expect_not(rig_open(&rig, &scene, &filter_json, "{'target': 'x'}"));
    cr_expect(strstr(rig_complaint(&rig), "source"), "%s", rig_complaint(&rig));
    rig_close(&rig);
}
