/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/testing/compare_events.h"
#include <assert.h>
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/time.h"
#include "dsl/failure.h"

/* One event being compared. */
struct comparison {
    struct test *test;
    struct arena *arena;
    const struct event *event;
    uint32_t number; /* from 1 */
    struct buf path; /* of the value at hand: `[a][b]` */
    bool is_top;     /* the entries of the event itself */
};

/* ---- problems ---- */

static struct test_problem *problem_add(struct test *test, struct arena *arena, uint32_t event,
                                        struct str subject)
{
    static struct test_problem spare; /* takes what is beyond the limit */
    if (!test->problems)
        test->problems = arena_zalloc(arena, TEST_PROBLEMS_MAX * sizeof *test->problems);
    uint32_t number = test->problem_count++;
    struct test_problem *problem = number < TEST_PROBLEMS_MAX ? &test->problems[number] : &spare;
    *problem = (struct test_problem){.event = event, .subject = arena_copy(arena, subject)};
    return problem;
}

static struct str value_json(const struct value *value, struct arena *arena)
{
    struct buf text = buf_in_arena(arena);
    json_encode_value(value, &text);
    return buf_take(&text);
}

static void field_problem(struct comparison *at, const struct value *expected,
                          const struct value *got)
{
    struct test_problem *problem = problem_add(at->test, at->arena, at->number, buf_str(&at->path));
    problem->is_value = true;
    if (expected) problem->expected = value_json(expected, at->arena);
    if (got) problem->got = value_json(got, at->arena);
}

/* ---- fields ---- */

static bool is_ignored(const struct comparison *at)
{
    for (uint32_t i = 0; i < at->test->ignored_count; i++)
        if (str_eq(at->test->ignored[i], buf_str(&at->path))) return true;
    return false;
}

/* Of a time an expected text names the instant, in whatever zone it writes it. */
static bool time_is(const struct value *time, struct str text)
{
    int64_t seconds;
    uint32_t ns;
    return time_parse_iso(text, &seconds, &ns) && seconds == time->seconds && ns == time->len;
}

static bool scalars_agree(const struct value *expected, const struct value *got)
{
    if (value_is_number(expected) && value_is_number(got))
        return number_compare(expected, got) == NUMBER_EQUAL;
    if (got->kind == VALUE_TIME && expected->kind == VALUE_STRING)
        return time_is(got, value_text(expected));
    return value_equal(expected, got);
}

static void compare_value(struct comparison *at, const struct value *expected,
                          const struct value *got);

/* Returns where to cut the path again. */
static size_t path_push(struct comparison *at, struct str name)
{
    size_t before = at->path.len;
    assert(before == 0 || at->path.ptr[before - 1] == ']');
    buf_printf(&at->path, "[%.*s]", STR_ARG(name));
    return before;
}

/* Fixed slots of an event are found by their number. */
static const struct value *entry_of(const struct comparison *at, const struct map *map,
                                    const struct key *key)
{
    int slot = at->is_top ? event_slot_of(key_text(key)) : -1;
    return slot >= 0 ? event_slot(at->event, (enum event_slot)slot) : map_get(map, key);
}

/* @timestamp is of the moment and @version always there: they count where they are expected. */
static bool is_volatile(const struct comparison *at, struct str name)
{
    return at->is_top && (str_eq_z(name, "@timestamp") || str_eq_z(name, "@version"));
}

/* Ignored, or an object of nothing but what is ignored. */
static bool is_all_ignored(struct comparison *at, const struct value *value)
{
    if (is_ignored(at)) return true;
    if (value->kind != VALUE_MAP || !value->map->live || !at->test->ignored_count) return false;
    bool is_all = true;
    MAP_EACH (value->map, entry) {
        size_t before = path_push(at, key_text(&entry->key));
        is_all = is_all && is_all_ignored(at, &entry->value);
        buf_truncate(&at->path, before);
    }
    return is_all;
}

static void find_others(struct comparison *at, const struct map *expected, const struct map *got)
{
    MAP_EACH (got, entry) {
        if (map_get(expected, &entry->key) || is_volatile(at, key_text(&entry->key))) continue;
        size_t before = path_push(at, key_text(&entry->key));
        if (!is_all_ignored(at, &entry->value)) field_problem(at, NULL, &entry->value);
        buf_truncate(&at->path, before);
    }
}

static void compare_maps(struct comparison *at, const struct map *expected, const struct map *got)
{
    bool is_top = at->is_top;
    MAP_EACH (expected, entry) {
        if (is_top && str_eq_z(key_text(&entry->key), "@metadata")) continue;
        const struct value *value = entry_of(at, got, &entry->key);
        size_t before = path_push(at, key_text(&entry->key));
        at->is_top = false;
        compare_value(at, &entry->value, value);
        at->is_top = is_top;
        buf_truncate(&at->path, before);
    }
    if (at->test->is_exact) find_others(at, expected, got);
}

/* `[list][0]` of an expectation is a map with the key 0. */
static const struct value *item_of(const struct array *array, struct str name)
{
    uint32_t number = 0;
    if (name.len == 0 || name.len > 7) return NULL;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_digit(name.ptr[i])) return NULL;
        number = number * 10 + (uint32_t)(name.ptr[i] - '0');
    }
    return number < array->count ? &array->items[number] : NULL;
}

static bool items_are_named(const struct map *expected, const struct array *got)
{
    MAP_EACH (expected, entry)
        if (!item_of(got, key_text(&entry->key))) return false;
    return expected->live > 0;
}

static void compare_items(struct comparison *at, const struct value *expected,
                          const struct array *got)
{
    char name[16];
    if (expected->kind == VALUE_MAP)
        MAP_EACH (expected->map, entry) {
            size_t before = path_push(at, key_text(&entry->key));
            compare_value(at, &entry->value, item_of(got, key_text(&entry->key)));
            buf_truncate(&at->path, before);
        }
    for (uint32_t i = 0; expected->kind == VALUE_ARRAY && i < got->count; i++) {
        snprintf(name, sizeof name, "%u", i);
        size_t before = path_push(at, str_of(name));
        compare_value(at, &expected->array->items[i], &got->items[i]);
        buf_truncate(&at->path, before);
    }
}

/* Depth is bounded: an expectation has that of a text (AST_DEPTH_MAX, JSON_DEPTH_MAX). */
static void compare_value(struct comparison *at, const struct value *expected,
                          const struct value *got)
{
    if (is_ignored(at)) return;
    if (!got)
        field_problem(at, expected, NULL);
    else if (expected->kind == VALUE_MAP && got->kind == VALUE_MAP)
        compare_maps(at, expected->map, got->map);
    else if (got->kind == VALUE_ARRAY &&
             (expected->kind == VALUE_ARRAY
                  ? expected->array->count == got->array->count
                  : expected->kind == VALUE_MAP && items_are_named(expected->map, got->array)))
        compare_items(at, expected, got->array);
    else if (expected->kind >= VALUE_ARRAY || got->kind >= VALUE_ARRAY ||
             !scalars_agree(expected, got))
        field_problem(at, expected, got);
}

static void compare_metadata(struct comparison *at, const struct map *expected)
{
    struct key key = key_of(STR("@metadata"));
    const struct value *wanted = map_get(expected, &key), *got = &at->event->metadata_value;
    size_t before = path_push(at, STR("@metadata"));
    if (wanted)
        compare_value(at, wanted, got);
    else if (at->test->covers_metadata && got->map->live && !is_ignored(at))
        field_problem(at, NULL, got);
    buf_truncate(&at->path, before);
}

static void compare_fields(struct comparison *at)
{
    const struct test *test = at->test;
    if (!test->has_expected || at->number > test->expected_count) return;
    assert(test->expected[at->number - 1].kind == VALUE_MAP && at->path.len == 0);
    const struct map *expected = test->expected[at->number - 1].map;
    at->is_top = true;
    compare_maps(at, expected, &at->event->root);
    at->is_top = false;
    compare_metadata(at, expected);
}

static void compare_absent(struct comparison *at)
{
    for (uint32_t i = 0; i < at->test->absent.count; i++) {
        const struct path *path = &at->test->absent.items[i];
        const struct value *got = path_get(path, at->event);
        if (!got) continue;
        struct str text = test_path_text(path, at->arena);
        struct test_problem *problem = problem_add(at->test, at->arena, at->number, text);
        problem->is_value = true;
        problem->got = value_json(got, at->arena);
    }
}

/* ---- conditions ---- */

/* `[a] is 5, [b] is missing`: the fields that a condition looks at, each once. */
static void explain_fields(const struct comparison *at, const struct expression *node,
                           struct buf *out)
{
    if (node->left) explain_fields(at, node->left, out);
    if (node->right) explain_fields(at, node->right, out);
    for (uint32_t i = 0; i < node->count; i++) explain_fields(at, node->items[i], out);
    struct path path;
    if (node->kind != EXPRESSION_FIELD || str_find(buf_str(out), node->text) >= 0 ||
        !path_compile(&path, node->text, at->arena))
        return;
    const struct value *value = path_get(&path, at->event);
    buf_printf(out, "%s%.*s is ", out->len ? ", " : "", STR_ARG(node->text));
    if (value)
        json_encode_value(value, out);
    else
        buf_append_z(out, "missing");
}

/* Why the condition does not hold. */
static struct str condition_reason(const struct comparison *at, const struct test_condition *condition,
                                   struct run *run, enum condition_verdict verdict)
{
    struct buf text = buf_in_arena(at->arena);
    if (verdict == CONDITION_ERROR) {
        buf_printf(&text, "it cannot be decided: %s", condition_problem(condition->condition, run));
    } else if (verdict == CONDITION_FAILED) {
        struct failure failure = failure_of(run);
        buf_printf(&text, "it cannot be computed: %.*s%s%s", STR_ARG(failure.subject),
                   failure.subject.len ? " " : "", failure.problem);
    } else
        explain_fields(at, condition->source, &text);
    return text.len ? buf_take(&text) : STR("it does not hold");
}

static void compare_conditions(struct comparison *at)
{
    for (uint32_t i = 0; i < at->test->condition_count; i++) {
        const struct test_condition *condition = &at->test->conditions[i];
        struct run run = {.event = at->event, .arena = at->arena};
        enum condition_verdict verdict = condition_eval(condition->condition, &run);
        if (verdict == CONDITION_TRUE) continue;
        struct test_problem *problem =
            problem_add(at->test, at->arena, at->number, STR("where"));
        problem->expected = condition->text;
        problem->got = condition_reason(at, condition, &run, verdict);
    }
}

/* ---- outputs ---- */

static struct str names_list(const struct str *names, uint32_t count, struct arena *arena)
{
    struct buf text = buf_in_arena(arena);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(&text, "%s%.*s", i ? ", " : "", STR_ARG(names[i]));
    return count ? buf_take(&text) : STR("none");
}

static struct str outputs_list(const struct sandbox *sandbox, const struct sandbox_event *row,
                               struct arena *arena)
{
    struct str *names = arena_alloc(arena, (row->output_count + 1) * sizeof *names);
    for (uint32_t i = 0; i < row->output_count; i++)
        names[i] = sandbox_output_name(sandbox, row->outputs[i]);
    return names_list(names, row->output_count, arena);
}

/* -1, an output that is not there, was refused before the run. */
static bool has_output(const struct sandbox_event *row, ptrdiff_t number)
{
    for (uint32_t i = 0; i < row->output_count; i++)
        if ((ptrdiff_t)row->outputs[i] == number) return true;
    return false;
}

static void compare_outputs(struct comparison *at, const struct sandbox *sandbox,
                            const struct sandbox_event *row)
{
    const struct test *test = at->test;
    uint32_t which = test->has_outputs_each ? at->number - 1 : 0, found = 0;
    if (!test->has_outputs || which >= test->output_count) return;
    const struct str_list *wanted = &test->outputs[which];
    for (uint32_t i = 0; i < wanted->count; i++)
        found += has_output(row, sandbox_output_find(sandbox, wanted->items[i]));
    if (found == wanted->count && found == row->output_count) return;
    struct test_problem *problem = problem_add(at->test, at->arena, at->number, STR("outputs"));
    problem->expected = names_list(wanted->items, wanted->count, at->arena);
    problem->got = outputs_list(sandbox, row, at->arena);
}

/* ---- the whole ---- */

static void count_problem(struct test *test, struct str subject, struct str expected,
                          uint32_t count, struct arena *arena)
{
    struct test_problem *problem = problem_add(test, arena, 0, subject);
    problem->expected = expected;
    problem->got = count ? arena_printf(arena, "%u", count) : STR("none: all were dropped");
}

static void compare_count(struct test *test, uint32_t count, struct arena *arena)
{
    if (test->has_expected && test->expected_count != count)
        count_problem(test, STR("events"), arena_printf(arena, "%u", test->expected_count), count,
                      arena);
    else if (test->has_outputs_each && test->output_count != count)
        count_problem(test, STR("events"),
                      arena_printf(arena, "%u, as many as lists of outputs", test->output_count),
                      count, arena);
    else if (!count && !test->has_expected)
        count_problem(test, STR("events"), STR("one at least"), count, arena);
}

/* Nothing may have gone anywhere; that no event is left is one way to it. */
static void compare_dropped(struct test *test, const struct sandbox *sandbox,
                            const struct sandbox_event *rows, uint32_t count, struct arena *arena)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!rows[i].output_count) continue;
        struct test_problem *problem = problem_add(test, arena, i + 1, STR("dropped"));
        problem->expected = STR("no output");
        problem->got = outputs_list(sandbox, &rows[i], arena);
    }
}

void test_compare(struct test *test, struct sandbox *sandbox, struct arena *arena)
{
    const struct sandbox_event *rows;
    assert(test->problem_count == 0); /* it runs once */
    uint32_t count = sandbox_events(sandbox, &rows), number = 0;
    if (test->is_dropped) {
        compare_dropped(test, sandbox, rows, count, arena);
        return;
    }
    struct comparison at = {.test = test, .arena = arena};
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].is_dropped) continue;
        at.event = rows[i].event;
        at.number = ++number;
        compare_fields(&at);
        compare_absent(&at);
        compare_conditions(&at);
        compare_outputs(&at, sandbox, &rows[i]);
    }
    assert(number <= count && at.path.len == 0);
    compare_count(test, number, arena);
    buf_fini(&at.path);
}
