/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "tests/unit/support/codecs.h"

extern const struct codec_type codec_plain, codec_line, codec_json, codec_json_lines, codec_rubydebug,
    codec_dots;

static struct scene scene;
static struct buf out;
static void set_up(void) { scene_begin(&scene); }
static void tear_down(void)
{
    buf_fini(&out);
    scene_end(&scene);
}
TestSuite(codecs, .init = set_up, .fini = tear_down);

static const char *encoded(struct codec *codec, const struct event *event)
{
    buf_clear(&out);
    codec->type->encode(codec->self, event, &out);
    return buf_z(&out);
}

static struct event *last(uint32_t back)
{
    return scene.batch->events[scene.batch->count - 1 - back];
}

Test(codecs, text_becomes_the_message)
{
    struct codec *codec = codec_make(&scene, &codec_plain, "{}", ECS_DISABLED);
    cr_assert_eq(codec_decode(&scene, codec, STR("a line\r")), 1);
    scene_expect(last(0), "{\"message\":\"a line\\r\",\"@version\":\"1\"}");
    cr_expect_eq(event_slot(last(0), SLOT_MESSAGE)->flags, STRING_ASCII | STRING_UTF8);
    cr_assert_eq(codec_decode(&scene, codec, STR("")), 1);
    scene_expect(last(0), "{\"message\":\"\"}");
    codec = codec_make(&scene, &codec_line, "{}", ECS_V8);
    cr_assert_eq(codec_decode(&scene, codec, STR("x")), 1);
    scene_expect(last(0), "{\"message\":\"x\",\"event\":{\"original\":\"x\"}}");
    codec_unmake(codec);
}

Test(codecs, charsets)
{
    static const struct { const char *settings, *bytes, *text; bool is_tagged; } rows[] = {
        {"{}", "h\xC3\xA9", "h\xC3\xA9", false}, {"{}", "a\xFF", "a\xFF", true},
        {"{'charset': 'utf-8'}", "a\xFF", "a\xFF", true}, {"{'charset': 'BINARY'}", "a\xFF", "a\xFF", false},
        {"{'charset': 'ASCII-8BIT'}", "\xC3\xA9", "\xC3\xA9", false},
        {"{'charset': 'ISO-8859-1'}", "h\xE9\xFF", "h\xC3\xA9\xC3\xBF", false},
        {"{'charset': 'US-ASCII'}", "h\xE9!", "h\xEF\xBF\xBD!", false}, {"{'charset': 'US-ASCII'}", "plain", "plain", false},
        {"{'charset': 'ISO-8859-15'}", "\xA4", "\xE2\x82\xAC", false},
        {"{'charset': 'UTF-16LE'}", "h\xE9", "\xEE\xA5\xA8", false}, {"{'charset': 'EUC-JP'}", "a\xFF" "b", "a\xEF\xBF\xBD" "b", false},
        {"{'charset': 'EUC-JP'}", "a\xA4", "a\xEF\xBF\xBD", false}, {"{'charset': 'EUC-JP'}", "\xA4\xA2", "\xE3\x81\x82", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct codec *codec = codec_make(&scene, &codec_plain, rows[i].settings, ECS_DISABLED);
        cr_assert(codec, "%s", rows[i].settings);
        codec_decode(&scene, codec, str_of(rows[i].bytes));
        struct str got = value_text(event_slot(last(0), SLOT_MESSAGE));
        cr_expect(str_eq_z(got, rows[i].text), "row %zu: %.*s", i, STR_ARG(got));
        cr_expect_eq(event_has_tag(last(0), STR("_invalid_utf8")), rows[i].is_tagged, "row %zu", i);
        codec_unmake(codec);
    }
    static const char *const unknown[] = {"{'charset': 'KLINGON'}", "{'charset': ''}", "{'charset': 'UTF-8//IGNORE'}",
        "{'charset': 'a123456789b123456789c123456789d123456789e123456789f123456789g12345'}"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_expect_null(codec_make(&scene, &codec_plain, unknown[i], ECS_DISABLED), "%s", unknown[i]);
}

Test(codecs, json_documents_become_events)
{
    static const struct { const char *text; uint32_t count; const char *first, *last; } rows[] = {
        {"{\"a\":1}", 1, "{\"a\":1}", "{\"a\":1}"}, {"  ", 0, NULL, NULL}, {"", 0, NULL, NULL}, {"[]", 0, NULL, NULL},
        {"[{\"a\":1},{\"b\":2},{\"c\":3}]", 3, "{\"a\":1}", "{\"c\":3}"},
        {"{\"a\":1}{\"b\":2}", 1, "{\"a\":1}", "{\"a\":1}"},
        {"[{\"a\":1},2]", 1, "{\"message\":\"[{\\\"a\\\":1},2]\",\"tags\":[\"_jsonparsefailure\"]}", NULL},
        {"7", 1, "{\"message\":\"7\",\"tags\":[\"_jsonparsefailure\"]}", NULL},
        {"null", 1, "{\"message\":\"null\",\"tags\":[\"_jsonparsefailure\"]}", NULL},
        {"{\"a\":", 1, "{\"message\":\"{\\\"a\\\":\",\"tags\":[\"_jsonparsefailure\"]}", NULL},
        {"{\"@version\":2,\"@metadata\":{\"k\":1},\"x.y\":1,\"[z]\":2}", 1,
         "{\"@version\":2,\"@metadata\":{\"k\":1},\"x.y\":1,\"[z]\":2}", NULL},
        {"{\"@timestamp\":\"2020-01-02T03:04:05Z\"}", 1, "{}", NULL},
        {"{\"@timestamp\":5}", 1, "{\"_@timestamp\":5,\"tags\":[\"_timestampparsefailure\"]}", NULL},
        {"{\"tags\":7}", 1, "{\"_tags\":[7],\"tags\":[\"_tagsparsefailure\"]}", NULL},
        {"{\"a\":\"\xFF\"}", 1, NULL, NULL}};
    struct codec *codec = codec_make(&scene, &codec_json, "{}", ECS_DISABLED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t count = codec_decode(&scene, codec, str_of(rows[i].text));
        cr_assert_eq(count, rows[i].count, "%s: %u", rows[i].text, count);
        if (rows[i].first) scene_expect(last(count - 1), rows[i].first);
        if (rows[i].last) scene_expect(last(0), rows[i].last);
        if (strstr(rows[i].text, "2020"))
            cr_expect_str_eq(event_time(&scene, last(0)), "2020-01-02T03:04:05.000Z");
    }
    cr_expect(event_has_tag(last(0), STR("_invalid_utf8")));
}

Test(codecs, json_keeps_the_original_of_a_single_event)
{
    struct codec *json = codec_make(&scene, &codec_json, "{}", ECS_V1);
    struct codec *lines = codec_make(&scene, &codec_json_lines, "{}", ECS_V1);
    codec_decode(&scene, json, STR("{\"a\":1}"));
    scene_expect(last(0), "{\"a\":1,\"event\":{\"original\":\"{\\\"a\\\":1}\"}}");
    codec_decode(&scene, json, STR("{\"event\":{\"original\":0}}"));
    scene_expect(last(0), "{\"event\":{\"original\":0}}");
    codec_decode(&scene, json, STR("{\"event\":\"x\"}"));
    scene_expect(last(0), "{\"event\":\"x\"}");
    codec_decode(&scene, json, STR("[{\"a\":1},{\"b\":2}]"));
    scene_expect(last(0), "{\"b\":2}");
    codec_decode(&scene, json, STR("{"));
    scene_expect(last(0), "{\"message\":\"{\",\"tags\":[\"_jsonparsefailure\"]}");
    codec_decode(&scene, lines, STR("{\"a\":1}"));
    scene_expect(last(0), "{\"a\":1}");
}

Test(codecs, json_under_a_target)
{
    struct codec *codec = codec_make(&scene, &codec_json, "{'target': '[doc][x]', 'charset': 'ISO-8859-1'}", ECS_DISABLED);
    codec_decode(&scene, codec, STR("{\"a\":\"\xE9\"}"));
    scene_expect(last(0), "{\"doc\":{\"x\":{\"a\":\"\xC3\xA9\"}},\"@version\":\"1\"}");
    codec_unmake(codec);
}

Test(codecs, encoders)
{
    struct event *event = scene_event(&scene, "{'message': 'hi', 'host': 'h', 'n': 1.5, '@metadata': {'x': 1}}");
    struct event *bare = scene_event(&scene, "{'host': {'name': 'web', 'ip': ['1', '2']}}");
    static const struct { const struct codec_type *type; const char *settings, *text, *bare; } rows[] = {
        {&codec_plain, "{}", "2024-03-05T07:08:09.120Z h hi", "2024-03-05T07:08:09.120Z {name=web, ip=[1, 2]} %{message}"},
        {&codec_line, "{}", "2024-03-05T07:08:09.120Z h hi\n", "2024-03-05T07:08:09.120Z {name=web, ip=[1, 2]} %{message}\n"},
        {&codec_plain, "{'format': 'n=%{n} %{nope}'}", "n=1.5 %{nope}", "n=%{n} %{nope}"},
        {&codec_line, "{'format': '%{message}', 'delimiter': '|'}", "hi|", "%{message}|"},
        {&codec_json, "{}", "{\"@timestamp\":\"2024-03-05T07:08:09.120Z\",\"@version\":\"1\",\"message\":\"hi\",\"host\":\"h\",\"n\":1.5}",
         "{\"@timestamp\":\"2024-03-05T07:08:09.120Z\",\"@version\":\"1\",\"host\":{\"name\":\"web\",\"ip\":[\"1\",\"2\"]}}"},
        {&codec_json_lines, "{'delimiter': '#'}",
         "{\"@timestamp\":\"2024-03-05T07:08:09.120Z\",\"@version\":\"1\",\"message\":\"hi\",\"host\":\"h\",\"n\":1.5}#", NULL},
        {&codec_dots, "{}", ".", "."}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct codec *codec = codec_make(&scene, rows[i].type, rows[i].settings, ECS_DISABLED);
        cr_expect_str_eq(encoded(codec, event), rows[i].text, "%zu: %s", i, encoded(codec, event));
        if (rows[i].bare)
            cr_expect_str_eq(encoded(codec, bare), rows[i].bare, "%zu: %s", i, encoded(codec, bare));
    }
    cr_expect(str_eq_z(codec_make(&scene, &codec_line, "{'delimiter': '|'}", ECS_DISABLED)->delimiter, "|"));
    cr_expect(str_eq_z(codec_make(&scene, &codec_json_lines, "{}", ECS_DISABLED)->delimiter, "\n"));
    cr_expect_null(codec_make(&scene, &codec_line, "{'delimiter': ''}", ECS_DISABLED));
}

Test(codecs, rubydebug_is_awesome)
{
    struct event *event = scene_event(&scene,
        "{\"message\":\"a\\n\\\"#{x}\\\" \\u0001\xC3\xA9\\u001b#\",\"tags\":[\"t\"],\"o\":{\"long name\":null,\"b\":[],\"c\":{}},"
        "\"list\":[0,1.5,true,[2],4,5,6,7,8,9,{\"k\":1e20}],\"@metadata\":{\"m\":1}}");
    const char *shown =
        "{\n"
        "    \"@timestamp\" => 2024-03-05T07:08:09.120Z,\n"
        "      \"@version\" => \"1\",\n"
        "       \"message\" => \"a\\n\\\"\\#{x}\\\" \\u0001\xC3\xA9\\e#\",\n"
        "          \"tags\" => [\n"
        "        [0] \"t\"\n"
        "    ],\n"
        "             \"o\" => {\n"
        "        \"long name\" => nil,\n"
        "                \"b\" => [],\n"
        "                \"c\" => {}\n"
        "    },\n"
        "          \"list\" => [\n"
        "        [ 0] 0,\n        [ 1] 1.5,\n        [ 2] true,\n"
        "        [ 3] [\n            [0] 2\n        ],\n"
        "        [ 4] 4,\n        [ 5] 5,\n        [ 6] 6,\n        [ 7] 7,\n        [ 8] 8,\n        [ 9] 9,\n"
        "        [10] {\n            \"k\" => 1.0e+20\n        }\n"
        "    ]";
    char want[2048];
    snprintf(want, sizeof want, "%s\n}\n", shown);
    const char *got = encoded(codec_make(&scene, &codec_rubydebug, "{}", ECS_DISABLED), event);
    cr_expect_str_eq(got, want, "%s", got);
    snprintf(want, sizeof want, "%s,\n     \"@metadata\" => {\n        \"m\" => 1\n    }\n}\n", shown);
    got = encoded(codec_make(&scene, &codec_rubydebug, "{'metadata': true}", ECS_DISABLED), event);
    cr_expect_str_eq(got, want, "%s", got);
    struct value binary = value_string(STR("\xFF\x7F"));
    event_slot_set(event, SLOT_MESSAGE, binary);
    got = encoded(codec_make(&scene, &codec_rubydebug, "{}", ECS_DISABLED), event);
    cr_expect(strstr(got, "\"\\xFF\\x7F\""), "%s", got);
}
