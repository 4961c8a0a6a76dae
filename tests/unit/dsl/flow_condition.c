/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a condition before start must hold for every event: each condition is judged with what
 * is known of an event's fields, exactly or less so, and then asked for that event. */
#include <criterion/criterion.h>
#include "core/text/json.h"
#include "core/text/time.h"
#include "condition_rows.h"
#include "dsl/condition.h"
#include "dsl/flow_parts.h"
#include "dsl/parser.h"
#include "tests/unit/support/events.h"

/* `filter { if CONDITION { } }`, read. */
struct read {
    struct source_text source;
    struct config config;
    struct buf text;
    const struct expression *expression; /* NULL: refused */
    struct condition *condition;
};

static struct scene scene;
static struct diag diag;
static struct arena arena;
static void begin(void)
{
    scene_begin(&scene);
    diag_init(&diag);
    arena_init(&arena, NULL);
}
static void end(void)
{
    arena_fini(&arena);
    diag_fini(&diag);
    scene_end(&scene);
}
TestSuite(flow_condition, .init = begin, .fini = end, .timeout = 60);

static void read_init(struct read *read, const char *condition)
{
    *read = (struct read){0};
    buf_printf(&read->text, "filter { if %s { } }", condition);
    read->source = (struct source_text){STR("test.conf"), buf_str(&read->text)};
    if (!parse_source(&read->config, &read->source, &(struct parse_options){0}, &arena, &diag)) return;
    const struct expression *expression =
        read->config.sections[SECTION_FILTER].items[0].branch->arms[0].condition;
    read->condition = condition_compile(expression, &arena, &diag);
    if (read->condition) read->expression = expression;
}

static void read_fini(struct read *read)
{
    if (read->condition) condition_destroy(read->condition);
    buf_fini(&read->text);
}

static struct event *event_of(const char *json)
{
    struct event *event = batch_event(scene.batch);
    struct value value;
    struct json_report report;
    cr_assert(json_decode(str_of(json), (enum json_rule)0, event->arena, &value, &report), "%s", json);
    MAP_EACH(value.map, entry)
    {
        int64_t seconds;
        uint32_t ns;
        bool is_text = entry->value.kind == VALUE_STRING && entry->value.len > 20;
        if (is_text && time_parse_iso(value_text(&entry->value), &seconds, &ns))
            entry->value = value_time(seconds, ns);
    }
    event_take_map(event, value.map);
    return event;
}

/* The fields of a map, known exactly, or with `more` types. */
static void know(struct flow *flow, struct field *parent, const struct map *map, unsigned more)
{
    MAP_EACH(map, entry)
    {
        struct field *field = fields_name_child(&flow->fields, parent, entry->key);
        field_put(&flow->fields, field, type_of_value(&entry->value) | more, (struct str){0});
        field->state.is_open = more & TYPE_OBJECT;
        if (entry->value.kind == VALUE_MAP) know(flow, field, entry->value.map, more);
    }
}

static void flow_init(struct flow *flow, const struct event *event, unsigned more)
{
    *flow = (struct flow){.diag = &diag};
    arena_init(&flow->arena, NULL);
    fields_init(&flow->fields, &flow->arena, &diag);
    if (more & TYPE_OBJECT) flow->fields.root.state.is_open = true;
    know(flow, &flow->fields.root, &event->root, more);
    know(flow, &flow->fields.metadata, &event->metadata, more);
    fields_push(&flow->fields);
}

static void flow_fini(struct flow *flow)
{
    struct field_changes changes;
    fields_pop(&flow->fields, &changes);
    field_changes_fini(&changes);
    fields_fini(&flow->fields);
    arena_fini(&flow->arena);
}

/* The event must still be one that is possible. */
static void expect_possible(struct flow *flow, struct field *parent, const struct map *map, const char *what)
{
    for (struct field *field = parent->child; field; field = field->next) {
        const struct value *value = map_get(map, &field->key);
        unsigned type = value ? type_of_value(value) : (unsigned)TYPE_MISSING;
        bool is_slot = parent == &flow->fields.root && event_slot_of(key_text(&field->key)) >= 0;
        if (!is_slot)
            cr_expect(field_types(&flow->fields, field) & type, "%s: [%.*s] cannot be what it is", what,
                      STR_ARG(key_text(&field->key)));
        if (value && value->kind == VALUE_MAP) expect_possible(flow, field, value->map, what);
    }
}

static enum condition_verdict judge_and_ask(struct flow *flow, const struct read *read,
                                            const struct event *event, const char *what)
{
    struct run run = {.event = event, .arena = event->arena};
    enum condition_verdict verdict = condition_eval(read->condition, &run);
    if (verdict == CONDITION_FAILED) verdict = CONDITION_FALSE; /* what it counts as */
    struct outlook outlook = flow_judge(flow, read->expression, verdict == CONDITION_TRUE);
    cr_expect(verdict != CONDITION_TRUE || outlook.may_be_true, "%s is true", what);
    cr_expect(verdict != CONDITION_FALSE || outlook.may_be_false, "%s is false", what);
    if (verdict != CONDITION_ERROR) expect_possible(flow, &flow->fields.root, &event->root, what);
    return verdict;
}

/* Every operator with every kind of value: all conditions on all events. */
static const char *const conditions[] = {
    "[f]", "![f]", "[f] == \"x\"", "[f] != \"x\"", "[f] == \"y\"", "[f] == 5", "[f] != 5", "[f] == 5.0",
    "[f] != 5.0", "[f] == 1", "\"x\" == [f]", "5 != [f]", "[f] == [g]", "[f] != [g]", "[f] < 5", "[f] <= 5",
    "[f] > 4", "[f] >= 5.5", "5 < [f]", "[f] < \"y\"", "[f] >= \"x\"", "\"x\" <= [f]", "[f] < [g]",
    "[f] >= [g]", "[f] =~ /x/", "[f] !~ /x/", "[f] =~ \"^5\"", "\"x\" in [f]", "\"x\" not in [f]", "5 in [f]",
    "5 not in [f]", "[f] in [\"x\", \"y\"]", "[f] not in [\"x\", \"y\"]", "[f] in [5, 6]", "[f] in [\"5\", 1]",
    "[f] not in [\"\", \"5\"]", "[f] in \"xyz\"", "[f] not in \"xyz\"", "[f] in [g]", "[f] not in [g]",
    "[f][a]", "[f][a] == \"x\"", "[f][0] == \"x\"", "[f][a] != 5", "![f][a]", "[g] == \"x\"", "[g] != \"x\"",
    "[g]", "level >= WARN", "level([f]) < INFO", "level([f]) != ERROR", "\"x\"", "\"\"", "\"false\"", "5", "/x/",
    "[f] == true", "length([f]) > 1", "![f] or length([f]) == 1", "[f] + 1 > 5 and [g] == \"x\"",
    "is_string([f]) or [g] == \"x\"", "[f][(\"a\")] == \"x\"", "!exists([f]) and [g]", "!(length([f]) > 0)",
    "[@metadata][m] == \"x\"", "[tags] == \"x\"", "\"x\" in [tags]", "[@timestamp] > \"2020\"",
};
static const char *const events[] = {
    "{}", "{\"f\":\"x\"}", "{\"f\":\"\"}", "{\"f\":\"5\"}", "{\"f\":\"false\"}", "{\"f\":5}", "{\"f\":5.0}",
    "{\"f\":1}", "{\"f\":null}", "{\"f\":true}", "{\"f\":false}", "{\"f\":[]}", "{\"f\":[\"x\",5]}", "{\"f\":{}}",
    "{\"f\":{\"a\":\"x\"}}", "{\"f\":{\"a\":5}}", "{\"f\":\"x\",\"g\":\"x\"}", "{\"f\":5,\"g\":5.0}",
    "{\"f\":5,\"g\":[5]}", "{\"g\":\"x\"}", "{\"g\":[\"x\"]}", "{\"f\":\"error\"}", "{\"f\":\"xyz\",\"g\":\"y\"}",
    "{\"f\":\"2024-03-05T07:08:09.120Z\"}", "{\"tags\":[\"x\"]}", "{\"tags\":\"x\",\"@metadata\":{\"m\":\"x\"}}",
};
enum {
    CONDITIONS = sizeof conditions / sizeof *conditions,
    EVENTS = sizeof events / sizeof *events,
    ROWS = sizeof condition_rows / sizeof *condition_rows,
};
static const unsigned doubts[] = {0, TYPE_MISSING, TYPE_STRING, TYPE_NUMBER | TYPE_NULL, TYPE_FIELD};
enum { DOUBTS = sizeof doubts / sizeof *doubts };

/* Judges one condition of one event in all doubts; counts what was decided. */
static void expect_right(const struct read *read, const char *condition, const char *json, uint32_t *decided)
{
    struct event *event = event_of(json);
    for (size_t i = 0; i < DOUBTS; i++) {
        struct flow flow;
        char what[2048];
        snprintf(what, sizeof what, "%s on %s, +%u", condition, json, doubts[i]);
        flow_init(&flow, event, doubts[i]);
        judge_and_ask(&flow, read, event, what);
        flow_fini(&flow);
        flow_init(&flow, event, doubts[i]);
        struct outlook outlook = flow_judge(&flow, read->expression, true);
        *decided += !outlook.may_be_true || !outlook.may_be_false;
        flow_fini(&flow);
    }
}

Test(flow_condition, is_never_judged_wrong_of_an_event)
{
    uint32_t decided = 0;
    for (size_t i = 0; i < CONDITIONS + ROWS; i++) {
        bool is_row = i >= CONDITIONS;
        const char *condition = is_row ? condition_rows[i - CONDITIONS].condition : conditions[i];
        struct read read;
        read_init(&read, condition);
        for (size_t k = 0; k < EVENTS && read.expression; k++)
            expect_right(&read, condition, events[k], &decided);
        if (is_row && read.expression)
            expect_right(&read, condition, condition_rows[i - CONDITIONS].event, &decided);
        read_fini(&read);
    }
    cr_expect_gt(decided, 1000, "only %u are decided: the test would show nothing", decided);
}

/* What one condition has taught must not make the next one wrong. */
Test(flow_condition, teaches_nothing_wrong_for_the_next)
{
    static struct read all[CONDITIONS];
    static struct event *made[EVENTS];
    for (size_t i = 0; i < CONDITIONS; i++) read_init(&all[i], conditions[i]);
    for (size_t k = 0; k < EVENTS; k++) made[k] = event_of(events[k]);
    for (size_t i = 0; i < CONDITIONS * CONDITIONS; i++)
        for (size_t k = i % 3; k < EVENTS; k += 3) {
            size_t first = i / CONDITIONS, second = i % CONDITIONS;
            struct event *event = made[k];
            struct flow flow;
            char what[512];
            snprintf(what, sizeof what, "%s behind %s on %s, +%u", conditions[second], conditions[first], events[k],
                     doubts[(i + k) % DOUBTS]);
            flow_init(&flow, event, doubts[(i + k) % DOUBTS]);
            if (judge_and_ask(&flow, &all[first], event, what) != CONDITION_ERROR)
                judge_and_ask(&flow, &all[second], event, what);
            flow_fini(&flow);
        }
    for (size_t i = 0; i < CONDITIONS; i++) read_fini(&all[i]);
}

Test(flow_condition, is_never_judged_wrong_when_it_is_made_of_others)
{
    static const char *const forms[] = {"(%s) and (%s) or !(%s)", "!((%s) or (%s)) and (%s)",
                                        "(%s) nand ((%s) or (%s))", "(%s) xor ((%s) and !(%s))",
                                        "((%s) or (%s)) and (%s)", "!(%s) or !((%s) and (%s))"};
    uint32_t decided = 0;
    for (size_t i = 0; i < CONDITIONS; i++)
        for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
            char text[1024];
            snprintf(text, sizeof text, forms[k], conditions[i], conditions[(i + 1 + k) % CONDITIONS],
                     conditions[(i * 7 + k) % CONDITIONS]);
            struct read read;
            read_init(&read, text);
            for (size_t n = (i + k) % 2; n < EVENTS && read.expression; n += 2)
                expect_right(&read, text, events[n], &decided);
            read_fini(&read);
        }
    cr_expect_gt(decided, 500, "%u", decided);
}
