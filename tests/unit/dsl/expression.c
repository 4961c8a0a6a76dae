/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/action.h"
#include "core/text/json.h"
#include "dsl/functions.h"
#include "dsl/parser.h"
#include "tests/unit/support/events.h"
#include <criterion/criterion.h>

/* `filter { STATEMENT }` read and compiled. */
struct compiled {
    struct source_text source;
    struct config config;
    struct arena arena;
    struct diag diag;
    struct buf text, messages;
    struct action *action; /* NULL: refused */
};

static const struct statement *last_statement(const struct compiled *compiled)
{
    const struct statements *list = &compiled->config.sections[SECTION_FILTER];
    return &list->items[list->count - 1];
}

static void compiled_init(struct compiled *compiled, const char *before, const char *statement)
{
    *compiled = (struct compiled){0};
    arena_init(&compiled->arena, NULL);
    diag_init(&compiled->diag);
    buf_printf(&compiled->text, "filter { %s%s }", before, statement);
    compiled->source = (struct source_text){STR("test.conf"), buf_str(&compiled->text)};
    struct parse_options options = {0};
    if (parse_source(&compiled->config, &compiled->source, &options, &compiled->arena, &compiled->diag))
        compiled->action = action_compile(last_statement(compiled), &compiled->arena, &compiled->diag);
    diag_render(&compiled->diag, &compiled->messages);
}

static void compiled_fini(struct compiled *compiled)
{
    if (compiled->action) action_destroy(compiled->action);
    buf_fini(&compiled->text);
    buf_fini(&compiled->messages);
    diag_fini(&compiled->diag);
    arena_fini(&compiled->arena);
}

/* For an event that stands alone. */
static void run_for(const struct action *action, struct act *act, struct event *event)
{
    struct event *events[] = {event};
    const struct batch batch = {.events = events, .count = 1};
    const uint32_t index = 0;
    const struct selection all = {(uint32_t *)&index, 1};
    *act = (struct act){.run.arena = event->arena};
    cr_assert_eq(action_run(action, act, &batch, &all, NULL, 0), 1);
}

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(expression, .init = begin, .fini = end);

/* The value as JSON, or "! problem": what a copy of the event gets in [@metadata][x]. */
static void evaluate(const char *expression, const struct event *event, struct buf *out)
{
    struct compiled compiled;
    struct event copy;
    struct arena arena;
    struct act act = {0};
    arena_init(&arena, NULL);
    event_init(&copy, &arena, event_now());
    event_copy(&copy, event, false);
    compiled_init(&compiled, "[@metadata][x] = ", expression);
    if (compiled.action) run_for(compiled.action, &act, &copy);
    const struct key key = key_of(STR("x"));
    if (!compiled.action) buf_printf(out, "refused:\n%s", buf_z(&compiled.messages));
    else if (!act.failures) json_encode_value(map_get(&copy.metadata, &key), out);
    else buf_printf(out, "! %.*s%s%s", STR_ARG(act.failure.subject), act.failure.subject.len ? " " : "", act.failure.problem);
    compiled_fini(&compiled);
    arena_fini(&arena);
}

struct row {
    const char *expression, *result;
};

static const char event_text[] = "{\"n\":7,\"f\":1.5,\"s\":\"abc\",\"empty\":\"\",\"list\":[1,\"two\",[3]],"
                                 "\"map\":{\"k\":\"v\"},\"null\":null,\"yes\":true}";

static const struct row rows[] = {
    {"1 + 2 * 3", "7"}, {"(1 + 2) * 3", "9"}, {"7 - 2 - 1", "4"}, {"6 / 4", "1.5"}, {"-7 % 3", "-1"},
    {"5.5 % 2", "1.5"}, {"- [n]", "-7"}, {"[n] -1", "6"}, {"[n] + [f]", "8.5"}, {"[n]*1000", "7000"},
    {"9223372036854775807 + 1", "! the result is too large"}, {"9223372036854775807 * 2", "! the result is too large"},
    {"-9223372036854775807 - 2", "! the result is too large"}, {"[n] / 0", "! a division by zero"},
    {"[n] % 0", "! a division by zero"}, {"(-9223372036854775807 - 1) % -1", "0"},
    {"-(-9223372036854775807 - 1)", "! the result is too large"},
    {"\"a\" + \"b\"", "\"ab\""}, {"[s] + \"!\"", "\"abc!\""}, {"[s] + [n]", "! + takes two numbers, two strings, or a time and seconds"},
    {"[none] + 1", "! [none] is missing"}, {"[none]", "! [none] is missing"}, {"[s] * 2", "! [s] is not a number"},
    {"[none] ?? 5", "5"}, {"[null] ?? 5", "5"}, {"[n] / 0 ?? -1", "-1"}, {"[none] ?? [nope] ?? \"z\"", "\"z\""},
    {"[n] ?? 5", "7"}, {"[none] ?? 0 > 1", "false"}, {"[yes] ?? false", "true"},
    {"1 == 1.0", "true"}, {"[n] == 7", "true"}, {"[n] == \"7\"", "false"}, {"[none] == [nope]", "true"},
    {"[list] == [1, \"two\", [3]]", "true"}, {"[n] != 7", "false"}, {"[n] < 8", "true"}, {"[s] >= \"abd\"", "false"},
    {"[s] < 1", "! these two have no order"}, {"1 <= 1", "true"}, {"2 > 3", "false"},
    {"\"b\" in [\"a\", \"b\"]", "true"}, {"\"q\" not in [\"a\", \"b\"]", "true"}, {"[s] in [\"abc\", 1]", "true"},
    {"[s] =~ /^a.c$/", "true"}, {"[s] !~ /x/", "true"}, {"[n] =~ \"7\"", "false"},
    {"[n] and [none]", "false"}, {"[none] or [s]", "true"}, {"![empty]", "true"}, {"!!1", "true"},
    {"true or [n] / 0", "true"}, {"false and [n] / 0", "false"}, {"true and [n] / 0", "! a division by zero"},
    {"[n] > 5 ? \"big\" : \"small\"", "\"big\""}, {"false ? 1 : true ? 2 : 3", "2"}, {"[none] ? 1 : 2", "2"},
    {"[1, [n], \"x\",]", "[1,7,\"x\"]"}, {"[]", "[]"}, {"[[n]]", "[7]"}, {"[\"a\"]", "[\"a\"]"}, {"[[none]]", "! [none] is missing"},
    {"{}", "{}"}, {"{ a => 1, \"b c\" => [s] }", "{\"a\":1,\"b c\":\"abc\"}"}, {"{ a => 1, a => 2 }", "{\"a\":2}"},
    {"[list][1]", "\"two\""}, {"[list][-1][0]", "3"}, {"[1, 2, 3][[n] - 6]", "2"}, {"([list])[2]", "[3]"},
    {"([map])[\"k\"]", "\"v\""}, {"([map])[\"q\"] ?? 0", "0"}, {"([map])[0]", "! an array has numbers, an object has names"},
    {"([list])[9]", "! ([list])[9] is missing"}, {"null", "null"}, {"true", "true"}, {"\"#\" # a comment\n + \"b\"", "\"#b\""},
    {"upcase([s])", "\"ABC\""}, {"upcase([n])", "! [n] has the wrong type"}, {"upcase([none]) ?? \"-\"", "\"-\""},
    {"cidr_contains(\"::/0\", \"fe80::1\")", "true"}, {"cidr_contains(\"::/0\", \"1.2.3.4\")", "false"},
    {"cidr_contains(\"1.2.3.4/33\", \"1.2.3.4\")", "! is no network"}, {"cidr_contains(\"1.2.3.4\", \"1.2.3.4\")", "true"},
    {"cidr_contains(\"1.2.3.4/\", \"1.2.3.4\")", "! is no network"}, {"parse_kv(\"=1 a b=\")", "{\"b\":\"\"}"},
    {"parse_kv(\"a\", \"\")", "! a separator is empty"},
    {"type_of([none])", "\"missing\""}, {"[@timestamp] - [@timestamp]", "0.0"},
    {"format_time([@timestamp] + 0.5)", "\"2024-03-05T07:08:09.620Z\""},
    {"format_time([@timestamp] - 9.5)", "\"2024-03-05T07:07:59.620Z\""},
    {"[@timestamp] + 1000000000000", "! the time is out of range"},
};

Test(expression, gives)
{
    struct event *event = scene_event(&scene, event_text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf got = {0};
        evaluate(rows[i].expression, event, &got);
        cr_expect_str_eq(buf_z(&got), rows[i].result, "%s: %s, not %s", rows[i].expression, buf_z(&got),
                         rows[i].result);
        buf_fini(&got);
    }
    scene_expect(event, event_text); /* nothing it reads has changed */
}

/* What documents say as digits counts like numbers of filters. */
Test(expression, reads_digits_of_documents)
{
    static const struct row numbers[] = {{"[a] + 1", "2.5"}, {"[b] + 1", "4.0"}, {"[c] + 0 > 1", "true"},
                                         {"is_number([a])", "true"}, {"round([a])", "2"}, {"[a] == 1.5", "true"}};
    struct event *event = batch_event(scene.batch);
    struct value value;
    struct json_report report;
    cr_assert(json_decode(STR("{\"a\":1.5,\"b\":3e0,\"c\":18446744073709551616}"), JSON_WHOLE, event->arena, &value,
                          &report));
    event_take_map(event, value.map);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct buf got = {0};
        evaluate(numbers[i].expression, event, &got);
        cr_expect_str_eq(buf_z(&got), numbers[i].result, "%s: %s", numbers[i].expression, buf_z(&got));
        buf_fini(&got);
    }
}

Test(expression, examples_of_every_function)
{
    struct event *event = scene_event(&scene, "{}");
    for (const struct function *const *table = function_tables; *table; table++)
        for (const struct function *function = *table; function->name; function++) {
            cr_expect(strchr(".?", function->help[strlen(function->help) - 1]), "%s: help", function->name);
            cr_expect(function->required <= function_parameter_count(function), "%s", function->name);
            for (size_t i = 0; i < 2; i++) {
                const struct example *example = &function->examples[i];
                struct buf got = {0};
                cr_assert(example->expression && strstr(example->expression, function->name), "%s", function->name);
                evaluate(example->expression, event, &got);
                if (example->result)
                    cr_expect_str_eq(buf_z(&got), example->result, "%s: %s", example->expression, buf_z(&got));
                else
                    cr_expect(got.len && got.ptr[0] == '!' && function->can_fail, "%s: %s", example->expression,
                              buf_z(&got));
                buf_fini(&got);
            }
        }
}

/* Any value in any place: an answer or a reason, never a crash. */
Test(expression, functions_take_any_field)
{
    static const char *const fields[] = {"[n]", "[f]", "[s]", "[empty]", "[list]", "[map]", "[null]", "[yes]",
                                         "[none]", "[@timestamp]"};
    struct event *event = scene_event(&scene, event_text);
    for (const struct function *const *table = function_tables; *table; table++)
        for (const struct function *function = *table; function->name; function++)
            for (size_t i = 0; i < 100; i++) {
                struct buf call = {0}, got = {0};
                buf_printf(&call, "%s(", function->name);
                for (uint32_t k = 0; k < function_parameter_count(function); k++)
                    buf_printf(&call, "%s%s", k ? ", " : "",
                               function->parameters[k].types & TYPE_REGEX ? "/(?<a>.)/"
                                                                          : fields[(k ? i / 10 : i) % 10]);
                buf_append_char(&call, ')');
                evaluate(buf_z(&call), event, &got);
                cr_expect(got.len && !str_starts(buf_str(&got), STR("refused")), "%s %s", buf_z(&call), buf_z(&got));
                buf_fini(&call);
                buf_fini(&got);
            }
    scene_expect(event, event_text);
}

/* The event keeps names of the configuration, which therefore stays: the caller frees it. */
static void run(struct compiled *compiled, const char *statement, struct event *event, const char *problem)
{
    struct act act;
    compiled_init(compiled, "", statement);
    cr_assert(compiled->action, "%s", buf_z(&compiled->messages));
    run_for(compiled->action, &act, event);
    cr_expect_eq(act.failures, problem != NULL, "%s", statement);
    if (problem) cr_expect_str_eq(act.failure.problem, problem);
}

Test(expression, statements_change_the_event)
{
    struct compiled compiled[8];
    struct event *event = scene_event(&scene, "{'a': {'b': [1, 2]}, 'c': 'x'}");
    run(&compiled[0], "[d][e] = [a]", event, NULL);
    run(&compiled[1], "[a][b][0] = 9", event, NULL); /* the copy has its own */
    scene_expect(event, "{'a': {'b': [9, 2]}, 'c': 'x', 'd': {'e': {'b': [1, 2]}}}");
    run(&compiled[2], "remove [c], [none], [d][e][b][0]", event, NULL);
    scene_expect(event, "{'a': {'b': [9, 2]}, 'd': {'e': {'b': [2]}}}");
    run(&compiled[3], "[d][e][b][x] = 1", event, "an array has numbers, not names");
    run(&compiled[4], "[a][b][0][y] = 1", event, "a step of the field is neither an object nor an array");
    run(&compiled[5], "[a][b][-3] = 1", event, "the array has no such item");
    run(&compiled[6], "[@timestamp] = [a]", event, "the field takes another type: @timestamp a time, tags strings");
    run(&compiled[7], "[q] = [none]", event, "is missing");
    scene_expect(event, "{'a': {'b': [9, 2]}, 'd': {'e': {'b': [2]}}, 'tags': ['_expression_failure']}");
    for (size_t i = 0; i < 8; i++) compiled_fini(&compiled[i]);
}

Test(expression, a_text_has_a_limit)
{
    struct event *event = scene_event(&scene, "{'s': '0123456789abcdef'}");
    struct buf got = {0};
    evaluate("length(repeat([s], 65536))", event, &got);
    cr_expect_str_eq(buf_z(&got), "1048576");
    buf_clear(&got);
    evaluate("repeat([s], 65537)", event, &got);
    cr_expect_str_eq(buf_z(&got), "! the text is too long");
    buf_clear(&got);
    evaluate("repeat([s], 65536) + \"x\"", event, &got);
    cr_expect_str_eq(buf_z(&got), "! the text is too long");
    buf_fini(&got);
}

/* As deep and as large as the parser lets it be, and one more. */
Test(expression, depth_and_size_have_limits)
{
    struct { const char *open; int count; bool is_right; } cases[] = {
        {"(", AST_DEPTH_MAX - 2, true}, {"(", AST_DEPTH_MAX + 1, false}, {"-", AST_DEPTH_MAX + 1, false},
        {"1+", CONDITION_NODES_MAX / 2 - 1, true}, {"1+", CONDITION_NODES_MAX, false}, {"1??", AST_DEPTH_MAX + 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf text = {0};
        struct compiled compiled;
        for (int k = 0; k < cases[i].count; k++) buf_append_z(&text, cases[i].open);
        buf_append_char(&text, '1');
        for (int k = 0; k < cases[i].count && cases[i].open[0] == '('; k++) buf_append_char(&text, ')');
        compiled_init(&compiled, "[x] = ", buf_z(&text));
        cr_expect_eq(compiled.action != NULL, cases[i].is_right, "%s %d", cases[i].open, cases[i].count);
        compiled_fini(&compiled);
        buf_fini(&text);
    }
}
