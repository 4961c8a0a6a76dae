/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/condition.h"
#include "condition_rows.h"
#include "core/text/json.h"
#include "core/text/time.h"
#include "dsl/parser.h"
#include "tests/unit/support/cases.h"
#include "tests/unit/support/events.h"
#include <criterion/criterion.h>

/* `filter { if CONDITION { } }` read and compiled. */
struct compiled {
    struct source_text source;
    struct config config;
    struct arena arena;
    struct diag diag;
    struct buf text, messages;
    struct condition *condition; /* NULL: refused */
};

static void compiled_init(struct compiled *compiled, const char *condition, bool is_strict)
{
    *compiled = (struct compiled){0};
    arena_init(&compiled->arena, NULL);
    diag_init(&compiled->diag);
    buf_printf(&compiled->text, "filter { if %s { } }", condition);
    compiled->source = (struct source_text){STR("test.conf"), buf_str(&compiled->text)};
    struct parse_options options = {.is_strict_precedence = is_strict};
    if (parse_source(&compiled->config, &compiled->source, &options, &compiled->arena, &compiled->diag)) {
        const struct branch *branch = compiled->config.sections[SECTION_FILTER].items[0].branch;
        compiled->condition =
            condition_compile(branch->arms[0].condition, &compiled->arena, &compiled->diag);
    }
    diag_render(&compiled->diag, &compiled->messages);
}

static void compiled_fini(struct compiled *compiled)
{
    if (compiled->condition) condition_destroy(compiled->condition);
    buf_fini(&compiled->text);
    buf_fini(&compiled->messages);
    diag_fini(&compiled->diag);
    arena_fini(&compiled->arena);
}

static bool says(const struct compiled *compiled, const char *words)
{
    return str_find(buf_str(&compiled->messages), str_of(words)) >= 0;
}

/* Texts that are instants stand for timestamps: the rows were taken from a running pipeline. */
static void make_times(struct map *map)
{
    MAP_EACH(map, entry) {
        int64_t seconds;
        uint32_t ns;
        if (entry->value.kind == VALUE_STRING && entry->value.len > 20 &&
            time_parse_iso(value_text(&entry->value), &seconds, &ns))
            entry->value = value_time(seconds, ns);
    }
}

/* The event of a row, as this program's own decoder makes it: numbers are number-text. */
static struct event *decoded_event(struct scene *scene, const char *json)
{
    struct event *event = batch_event(scene->batch);
    struct value value;
    struct json_report error;
    cr_assert(json_decode(str_of(json), (enum json_rule)0, event->arena, &value, &error), "%s", json);
    make_times(value.map);
    event_take_map(event, value.map);
    return event;
}

/* A batch of this event three times: each goes the same way. */
static enum condition_verdict split_verdict(const struct condition *condition, struct event *event)
{
    struct event *events[] = {event, event, event};
    uint32_t index[] = {0, 1, 2}, yes[4], no[4];
    const struct batch batch = {.events = events, .count = 3};
    const struct selection all = {index, 3};
    struct run run = {.arena = event->arena};
    struct split split = {.yes = yes, .no = no};
    enum condition_verdict verdict = condition_split(condition, &run, &batch, &all, &split);
    if (verdict > CONDITION_TRUE) {
        cr_expect_eq(split.done, 0);
        cr_expect_eq(split.yes_count + split.no_count, 0);
        cr_expect_eq(run.event, event);
        return verdict;
    }
    cr_expect_eq(split.done, 3);
    cr_expect_eq(split.yes_count + split.no_count, 3);
    cr_expect(split.yes_count == 3 || split.no_count == 3);
    const uint32_t *way = split.yes_count ? yes : no;
    for (uint32_t i = 0; i < 3; i++) cr_expect_eq(way[i], i);
    return split.yes_count ? CONDITION_TRUE : CONDITION_FALSE;
}

static enum row_result result_of(const struct compiled *compiled, struct event *event)
{
    static const enum row_result results[] = {[CONDITION_FALSE] = R_FALSE, [CONDITION_TRUE] = R_TRUE,
                                              [CONDITION_ERROR] = R_EVAL, [CONDITION_FAILED] = R_EVAL};
    if (!compiled->condition) return R_CONFIG;
    struct run run = {.event = event, .arena = event->arena};
    enum condition_verdict verdict = condition_eval(compiled->condition, &run);
    cr_expect_eq(split_verdict(compiled->condition, event), verdict, "%.*s", STR_ARG(compiled->source.text));
    return results[verdict];
}

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(condition, .init = begin, .fini = end);

Test(condition, answers_as_logstash_does)
{
    for (size_t i = 0; i < sizeof condition_rows / sizeof *condition_rows; i++) {
        const struct condition_row *row = &condition_rows[i];
        struct compiled compiled;
        compiled_init(&compiled, row->condition, false);
        enum row_result result = result_of(&compiled, decoded_event(&scene, row->event));
        cr_expect_eq(result, row->result, "%s on %s: %d\n%s", row->condition, row->event, result,
                     buf_z(&compiled.messages));
        bool is_said = !row->words || says(&compiled, row->words);
        cr_expect(is_said, "%s\n%s\n%s", row->condition, row->words, buf_z(&compiled.messages));
        case_count("conditions", "1.9", result == row->result && is_said, row->departure);
        compiled_fini(&compiled);
    }
}

/* Constant integers of the vectors that jansson cannot hold stay text: rows have them too. */
static const struct condition_row *row_of(const char *line)
{
    json_t *vector = json_loads(line, 0, NULL);
    for (size_t i = 0; i < sizeof condition_rows / sizeof *condition_rows; i++) {
        const struct condition_row *row = &condition_rows[i];
        json_t *event = json_loads(row->event, 0, NULL);
        bool is_same = vector && !strcmp(row->condition, json_string_value(json_object_get(vector, "condition"))) &&
                       json_equal(event, json_object_get(vector, "event"));
        if (!vector && !event) is_same = strstr(line, row->condition) && strstr(line, row->event);
        json_decref(event);
        if (!is_same) continue;
        json_decref(vector);
        return row;
    }
    json_decref(vector);
    return NULL;
}

static enum row_result vector_result(const char *line)
{
    if (strstr(line, "\"result\":true")) return R_TRUE;
    if (strstr(line, "\"result\":false")) return R_FALSE;
    return strstr(line, "\"result\":\"eval_error\"") ? R_EVAL : R_CONFIG;
}

/* Every case that lies beside the project is a row here, with Logstash's result or a departure. */
static void expect_vectors(const char *name, int least)
{
    char file_name[128];
    snprintf(file_name, sizeof file_name, "spec/vectors/%s", name);
    const char *path = scene_shared(file_name);
    if (!path) cr_skip("no vectors in this checkout");
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    int count = 0;
    while (getline(&line, &capacity, file) > 0) {
        if (strncmp(line, "{\"condition\"", 12) != 0) continue;
        count++;
        const struct condition_row *row = row_of(line);
        bool passed = row && (row->departure || row->result == vector_result(line));
        cr_expect(case_count(name, "vectors", passed, row ? row->departure : NULL), "%s", line);
    }
    free(line);
    fclose(file);
    cr_expect_geq(count, least);
}

Test(condition, vectors_beside_the_project) { expect_vectors("conditions.jsonl", 100); }
Test(condition, further_vectors) { expect_vectors("sprintf_event_timestamp.jsonl", 1); }

/* Numbers that a filter made (int64, double) answer like the digits of a document. */
Test(condition, answers_the_same_for_converted_numbers)
{
    for (size_t i = 0; i < sizeof condition_rows / sizeof *condition_rows; i++) {
        const struct condition_row *row = &condition_rows[i];
        if (row->result == R_CONFIG || strstr(row->event, "18446744073709551616") ||
            strstr(row->event, "000Z") || strstr(row->event, "597Z"))
            continue;
        struct compiled compiled;
        compiled_init(&compiled, row->condition, false);
        enum row_result result = result_of(&compiled, scene_event(&scene, row->event));
        cr_expect_eq(result, row->result, "%s on %s: %d", row->condition, row->event, result);
        compiled_fini(&compiled);
    }
}

struct case_row {
    const char *condition, *event;
    enum row_result result;
};

static void expect_rows(const struct case_row *rows, size_t count, bool is_strict)
{
    for (size_t i = 0; i < count; i++) {
        struct compiled compiled;
        compiled_init(&compiled, rows[i].condition, is_strict);
        enum row_result result = result_of(&compiled, decoded_event(&scene, rows[i].event));
        cr_expect_eq(result, rows[i].result, "%s on %s: %d\n%s", rows[i].condition, rows[i].event, result,
                     buf_z(&compiled.messages));
        compiled_fini(&compiled);
    }
}
#define EXPECT_ROWS(rows_) expect_rows(rows_, sizeof rows_ / sizeof *rows_, false)

Test(condition, compares_levels)
{
    static const struct case_row rows[] = {
        {"level >= WARN", "{\"level\":\"error\"}", R_TRUE},
        {"level >= WARN", "{\"level\":\"info\"}", R_FALSE},
        {"level >= WARN", "{}", R_FALSE},
        {"level < WARN", "{}", R_FALSE},
        {"level == ERROR", "{\"log\":{\"level\":\"ERR\"}}", R_TRUE},
        {"level != ERROR", "{\"level\":\"warn\"}", R_TRUE},
        {"level != ERROR", "{}", R_TRUE},
        {"level <= INFO", "{\"level\":\"debug\"}", R_TRUE},
        {"level > warn", "{\"level\":\"warn\"}", R_FALSE},
        {"level([app][lvl]) >= ERROR", "{\"app\":{\"lvl\":\"fatal\"},\"level\":\"info\"}", R_TRUE},
        {"level( [x] ) == DEBUG and [a]", "{\"x\":\"DEBUG\",\"a\":1}", R_TRUE},
        {"!(level >= ERROR)", "{\"level\":\"error\"}", R_FALSE},
        {"level >= LOUD", "{}", R_CONFIG},
        {"level", "{}", R_CONFIG},
        {"level in [\"a\",\"b\"]", "{}", R_CONFIG},
        {"[x] == level", "{}", R_CONFIG},
        {"level([x]", "{}", R_CONFIG},
    };
    EXPECT_ROWS(rows);
}

Test(condition, joins_expressions)
{
    static const struct case_row rows[] = {
        {"[a] and [b] or [c]", "{\"c\":1}", R_TRUE},
        {"[a] or [b] and [c]", "{\"a\":1}", R_TRUE},
        {"([a] or [b]) and [c]", "{\"a\":1}", R_FALSE},
        {"[a] and [b] and [c] or [d]", "{\"d\":1}", R_TRUE},
        {"[a] xor [b]", "{\"a\":1}", R_TRUE},
        {"[a] xor [b]", "{\"a\":1,\"b\":1}", R_FALSE},
        {"[a] nand [b]", "{\"a\":1}", R_TRUE},
        {"[a] nand [b]", "{\"a\":1,\"b\":1}", R_FALSE},
        {"[a] xor [b] and [c]", "{}", R_CONFIG},
        {"\"x\" and [a]", "{\"a\":1}", R_TRUE},
        {"\"\" or [a]", "{}", R_FALSE},
        /* what is not reached cannot fail */
        {"[a] or [b] > 5", "{\"a\":1}", R_TRUE},
        {"[b] > 5 or [a]", "{\"a\":1}", R_EVAL},
        {"!([b] > 5)", "{}", R_EVAL},
        {"[f] > [g]", "{\"f\":1}", R_EVAL},
        {"[f] == [\"x\",\"y\"]", "{\"f\":[\"x\",\"y\"]}", R_TRUE},
        {"[f] == [\"x\",\"y\"]", "{\"f\":\"x\"}", R_FALSE},
        {"[f] in []", "{\"f\":\"x\"}", R_FALSE},
        {"[f] in [\"a\", [\"b\"]]", "{\"f\":\"b\"}", R_FALSE},
        {"[f] in [1.0, 2]", "{\"f\":1}", R_FALSE},
        {"[f] in [1.0, 2]", "{\"f\":1.0}", R_TRUE},
        {"[f] == 1", "{\"f\":1.0}", R_FALSE},
        {"[f] == 1.5", "{\"f\":1.50}", R_TRUE},
        {"[f] == 100.0", "{\"f\":1e2}", R_TRUE},
        {"[f] == [g]", "{\"f\":{\"a\":1},\"g\":{\"a\":1}}", R_TRUE},
        {"[f] == [g]", "{}", R_TRUE},
        {"[f] == [g]", "{\"f\":null}", R_FALSE},
        {"[f] == 08", "{}", R_CONFIG},
        {"[f] == /x/", "{}", R_CONFIG},
        {"foo([a])", "{}", R_CONFIG},
        {"[\"a\",\"b\"] in [f]", "{}", R_CONFIG},
        {"[f] not<in", "{}", R_CONFIG},
        {"[f] not\tin [\"a\",\"b\"]", "{}", R_CONFIG},
        {"[f] not  in [\"a\",\"b\"]", "{}", R_TRUE},
        {"[@metadata]", "{}", R_TRUE},
        {"[f] =~ /[/]/", "{}", R_CONFIG},
        {"[f] =~ /a\\/b/", "{\"f\":\"a/b\"}", R_TRUE},
        {"[f] !~ /a/", "{}", R_TRUE},
    };
    EXPECT_ROWS(rows);
}

Test(condition, groups_as_logstash_when_asked)
{
    static const struct case_row rows[] = {
        {"[a] and [b] and [c] or [d]", "{\"d\":1}", R_FALSE},
        {"[a] and [b] and [c] or [d]", "{\"a\":1,\"d\":1}", R_TRUE},
        {"[a] and [b] and [c] and [d] or [e]", "{\"a\":1,\"b\":1,\"e\":1}", R_TRUE},
        {"[a] and [b] and [c] and [d] or [e]", "{\"a\":1,\"e\":1}", R_FALSE},
        {"[a] and [b] or [c]", "{\"c\":1}", R_TRUE},
    };
    expect_rows(rows, sizeof rows / sizeof *rows, true);
}

Test(condition, folds_what_is_constant)
{
    static const struct {
        const char *condition;
        uint32_t tests;
    } rows[] = {
        {"1 == 1", 0},          {"\"a\" in \"abc\" and 2 > 1", 0}, {"\"abc\" =~ /b/", 0},
        {"[a]", 1},             {"[a] and [b]", 2},                {"![a]", 1},
        {"[a] xor [b]", 3},     {"\"x\" and [a]", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct compiled compiled;
        compiled_init(&compiled, rows[i].condition, false);
        cr_assert(compiled.condition, "%s", rows[i].condition);
        cr_expect_eq(condition_test_count(compiled.condition), rows[i].tests, "%s", rows[i].condition);
        compiled_fini(&compiled);
    }
}

/* `a xor (a xor (…))`: each level doubles the work, constants too. */
Test(condition, limits_xor_within_xor)
{
    struct buf text = {0};
    for (int i = 0; i < 100; i++) buf_append_z(&text, i % 2 ? "1 xor (" : "[a] xor (");
    buf_append_z(&text, "[b]");
    for (int i = 0; i < 100; i++) buf_append_char(&text, ')');
    struct compiled compiled;
    compiled_init(&compiled, buf_z(&text), false);
    cr_expect_null(compiled.condition);
    cr_expect(says(&compiled, "`xor` within `xor` makes this condition too large"), "%s", buf_z(&compiled.messages));
    compiled_fini(&compiled);
    buf_fini(&text);
}

Test(condition, says_what_could_not_be_ordered)
{
    static const struct {
        const char *condition, *event, *problem;
    } rows[] = {
        {"[f] > 5", "{}", "the field left of an ordering operator is missing"},
        {"[f] > [g]", "{\"f\":1}", "the field right of an ordering operator is missing"},
        {"[f] > 5", "{\"f\":[1]}", "a list or a map cannot be ordered"},
        {"[f] > 5", "{\"f\":\"x\"}", "text and another kind of value cannot be ordered"},
        {"[f] > 5", "{\"f\":6}", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct compiled compiled;
        compiled_init(&compiled, rows[i].condition, false);
        struct run run = {.event = decoded_event(&scene, rows[i].event)};
        cr_expect_str_eq(condition_problem(compiled.condition, &run), rows[i].problem);
        compiled_fini(&compiled);
    }
}
