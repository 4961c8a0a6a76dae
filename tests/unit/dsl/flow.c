/* SPDX-License-Identifier: Apache-2.0 */
/* The follower with real plugins: what each declares, what is known at a place, limits. What it says is
 * in tests/cases/diagnostics/flow; that it is true, tests/e2e/fields.py and tests/fuzz/fuzz_flow.c look. */
#include <criterion/criterion.h>
#include "dsl/checker.h"
#include "dsl/flow.h"
#include "dsl/parser.h"
#include "grammar_rows.h"
#include "pipelines/generation.h"

struct built {
    struct source_text source;
    struct config config;
    struct arena arena;
    struct diag diag;
    struct generation *generation;
    struct flow_plugins plugins;
    struct buf text;
};

static void built_init(struct built *built, const char *text, enum ecs ecs)
{
    *built = (struct built){.source = {STR("x.conf"), str_of(text)}};
    arena_init(&built->arena, NULL);
    diag_init(&built->diag);
    struct checker_options checks = {.inputs = input_types, .filters = filter_types, .outputs = output_types};
    struct generation_options options = {.pipeline = STR("main"), .path_data = STR("/tmp"), .ecs = ecs, .workers = 1};
    struct parse_options parsing = {0};
    bool is_right = parse_source(&built->config, &built->source, &parsing, &built->arena, &built->diag) &&
                    check_config(&built->config, &checks, &built->arena, &built->diag);
    if (is_right) built->generation = generation_create(&built->config, &options, &built->diag);
    if (built->generation) built->plugins = generation_plugins(built->generation);
    if (built->generation) return;
    diag_render(&built->diag, &built->text);
    cr_assert(false, "%s\n%s", text, buf_z(&built->text));
}

static void built_fini(struct built *built)
{
    if (built->generation) generation_destroy(built->generation);
    buf_fini(&built->text);
    diag_fini(&built->diag);
    arena_fini(&built->arena);
}

/* ---- as text: `message string, [a][b] integer?` without what every event has ---- */

static void print_field(const struct flow_field *field, struct buf *out)
{
    static const char *const names[] = {"null", "boolean", "integer", "float", "string", "time", "array", "object"};
    const char *separator = " ";
    buf_printf(out, "%s%.*s", out->len ? ", " : "", STR_ARG(field->name));
    if ((field->types & TYPE_ANY) == TYPE_ANY) buf_append_z(out, " any");
    for (unsigned i = 0; i < sizeof names / sizeof *names && (field->types & TYPE_ANY) != TYPE_ANY; i++) {
        if (!(field->types & 1u << i)) continue;
        buf_printf(out, "%s%s", separator, names[i]);
        separator = "|";
    }
    if (field->types & TYPE_MISSING) buf_append_char(out, '?');
}

static const char *print_list(const struct flow_fields *list, struct buf *out)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct str name = list->items[i].name;
        bool is_parent = list->items[i].types == TYPE_OBJECT && !list->items[i].is_open;
        bool is_plain = str_eq_z(name, "@timestamp") || str_eq_z(name, "@version") || str_eq_z(name, "tags");
        if (!is_plain && !is_parent) print_field(&list->items[i], out);
    }
    if (list->is_open) buf_printf(out, "%sany", out->len ? ", " : "");
    if (list->is_metadata_open) buf_append_z(out, ", any of @metadata");
    return buf_z(out);
}

struct outputs {
    struct arena *arena;
    struct flow_fields list;
};

static void at_outputs(void *opaque, const struct flow_stop *stop, struct field_set *fields)
{
    struct outputs *outputs = opaque;
    if (stop->kind == FLOW_OUTPUTS) flow_list(fields, outputs->arena, &outputs->list);
}

/* ---- what each plugin declares ---- */

/* Of `input { TEXT }`, and of `filter { TEXT }` behind a generator without the schema. */
static const struct {
    const char *text;
    const char *legacy, *schema; /* without and with the Elastic Common Schema */
} inputs[] = {
    {"stdin { }", "message string, host string",
     "message string, [event][original] string, [host][hostname] string"},
    {"stdin { codec => json }", "message any?, host any, any, any of @metadata",
     "message any?, host any?, [host][hostname] any?, any, any of @metadata"},
    {"stdin { codec => json_lines { target => 'doc' } }", "message string?, doc object?, host string",
     "message string?, doc object?, [host][hostname] string"},
    {"generator { type => 'x' add_field => { 'a' => 'b' 'n' => [1, 2] } }",
     "message string, host string, sequence integer, type string, a string, n array",
     "message string, [event][original] string, [event][sequence] integer, [host][name] string, type string, "
     "a string, n array"},
    {"generator { codec => json }", "message any?, host any, sequence any, any, any of @metadata",
     "message any?, event any?, [event][original] any?, [event][sequence] any?, host any?, [host][name] any?, any, "
     "any of @metadata"},
    {"udp { port => 5000 }", "message string, host string",
     "message string, [event][original] string, [host][ip] string"},
    {"udp { port => 5000 source_ip_fieldname => '[a][b]' }", "message string, [a][b] string",
     "message string, [event][original] string, [a][b] string"},
    {"tcp { port => 5000 }", "message string, host string, port integer, [@metadata][ip_address] string",
     "message string, [event][original] string, [@metadata][input][tcp][source][name] string, "
     "[@metadata][input][tcp][source][ip] string, [@metadata][input][tcp][source][port] integer"},
    {"tcp { port => 5000 proxy_protocol => true }",
     "message string, host string, port integer|string, proxy_host string?, proxy_port string?, "
     "[@metadata][ip_address] string",
     "message string, [event][original] string, [@metadata][input][tcp][source][name] string, "
     "[@metadata][input][tcp][source][ip] string, [@metadata][input][tcp][source][port] integer|string, "
     "[@metadata][input][tcp][proxy] object?, [@metadata][input][tcp][proxy][ip] string?, "
     "[@metadata][input][tcp][proxy][port] string?"},
    {"file { path => '/tmp/x' }",
     "message string, host string, path string, [@metadata][path] string, [@metadata][host] string",
     "message string, [event][original] string, [host][name] string, [log][file][path] string, "
     "[@metadata][path] string, [@metadata][host] string"},
    {"kafka { topics => ['x'] }", "message string", "message string, [event][original] string"},
    {"kafka { topics => ['x'] decorate_events => 'basic' }",
     "message string, [@metadata][kafka][topic] string, [@metadata][kafka][consumer_group] string, "
     "[@metadata][kafka][partition] integer, [@metadata][kafka][offset] integer, "
     "[@metadata][kafka][key] null|string, [@metadata][kafka][timestamp] integer",
     NULL},
    {"kafka { topics => ['x'] decorate_events => 'extended' }",
     "message string, [@metadata][kafka][topic] string, [@metadata][kafka][consumer_group] string, "
     "[@metadata][kafka][partition] integer, [@metadata][kafka][offset] integer, "
     "[@metadata][kafka][key] null|string, [@metadata][kafka][timestamp] integer, "
     "[@metadata][kafka][headers] object",
     NULL},
    {"syslog { port => 5000 }",
     "message string, host string, timestamp string?, timestamp8601 string?, logsource string?, program string?, "
     "pid string?, log object?, [log][syslog] object?, [log][syslog][version] string?, "
     "[log][syslog][appname] string?, [log][syslog][procid] string?, [log][syslog][msgid] string?, "
     "[log][syslog][sequence] string?, [log][syslog][structured_data] object?, priority integer, severity integer, "
     "facility integer, severity_label string?, facility_label string?",
     "message string, [event][original] string, [host][ip] string, [host][hostname] string?, service object?, "
     "[service][type] string?, process object?, [process][name] string?, [process][pid] integer?, "
     "[log][syslog][version] string?, [log][syslog][appname] string?, [log][syslog][procid] string?, "
     "[log][syslog][msgid] string?, [log][syslog][sequence] string?, [log][syslog][structured_data] object?, "
     "[log][syslog][priority] integer, [log][syslog][severity][code] integer, "
     "[log][syslog][severity][name] string?, [log][syslog][facility][code] integer, "
     "[log][syslog][facility][name] string?"},
    {"syslog { port => 5000 use_labels => false grok_pattern => '%{POSINT:priority} %{WORD:a} %{GREEDYDATA:message}' }",
     "message string, host string, timestamp string?, priority integer, a string?, severity integer, facility integer",
     NULL},
    {"pipeline { address => 'x' }", "message any?, any, any of @metadata",
     "message any?, event any?, [event][original] any?, any, any of @metadata"},
};

static void expect_declared(const char *text, enum ecs ecs, const char *expected)
{
    struct built built;
    struct buf out = {0};
    built_init(&built, text, ecs);
    struct outputs outputs = {.arena = &built.arena};
    flow_follow(&built.config, &built.plugins, &(struct flow_watch){at_outputs, &outputs}, &built.diag);
    cr_expect_str_eq(print_list(&outputs.list, &out), expected, "%s\n%s", text, buf_z(&out));
    buf_fini(&out);
    built_fini(&built);
}

Test(flow, inputs_declare_what_they_add)
{
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        char text[512];
        snprintf(text, sizeof text, "input { %s }", inputs[i].text);
        expect_declared(text, ECS_DISABLED, inputs[i].legacy);
        if (!inputs[i].schema) continue;
        expect_declared(text, ECS_V1, inputs[i].schema);
        expect_declared(text, ECS_V8, inputs[i].schema);
    }
}

/* `m` is the message, which every one of them may leave. */
static const struct {
    const char *text, *fields;
} filters[] = {
    {"drop { percentage => 10 }", "m string"},
    {"date { match => ['m', 'UNIX'] }", "m string"},
    {"date { match => ['m', 'UNIX'] target => '[a][b]' remove_field => ['m'] }",
     "m string?, a object?, [a][b] time?"},
    {"json { source => 'm' target => 'doc' }", "m string, doc any?"},
    {"json { source => 'm' }", "message any?, host any?, sequence any?, m any, any, any of @metadata"},
    {"grok { match => { 'm' => '%{WORD:a} %{INT:b:int} %{NUMBER:[c][d]:float} (?<e>x)' } }",
     "m string, a string?, b integer?, c object?, [c][d] float?, e string?"},
    {"grok { match => { 'm' => '%{WORD:a}' } target => '[t]' keep_empty_captures => true }",
     "m string, t object?, [t][a] null|string?"},
    {"grok { match => { 'm' => '%{WORD:a} %{WORD:a}' } }", "m string, a string|array?"},
    {"grok { match => { 'm' => '%{WORD:m}' } overwrite => ['m'] }", "m string"},
    {"mutate { replace => { 'a' => 'x' '[b][c]' => '%{m}' } }", "m string, a string, [b][c] string"},
    {"mutate { update => { 'm' => 'x' 'a' => 'x' } }", "m string"},
    {"mutate { rename => { 'm' => '[a][b]' } }", "[a][b] string"},
    {"mutate { copy => { 'm' => 'a' } }", "m string, a string"},
    {"mutate { convert => { 'm' => 'integer' } }", "m integer|string"},
    {"mutate { convert => { 'm' => 'float_eu' } }", "m float|string"},
    {"mutate { convert => { 'm' => 'boolean' } }", "m boolean|string"},
    {"mutate { split => { 'm' => ' ' } }", "m array"},
    {"mutate { split => { 'm' => ' ' } join => { 'm' => ' ' } }", "m string"},
    {"mutate { merge => { 'a' => 'm' } }", "m string, a array?"},
    {"mutate { coerce => { 'm' => 'x' } gsub => ['m', 'a', 'b'] lowercase => ['m'] uppercase => ['m'] "
     "capitalize => ['m'] strip => ['m'] }", "m string"},
    {"mutate { rename => { '%{m}' => 'x' } }", "message any?, host any?, sequence any?, m any?, any, any of @metadata"},
    {"mutate { add_field => { 'a' => 'x' } remove_field => ['m'] add_tag => ['t'] }", "a string"},
    {"mutate { add_field => { 'a%{m}' => 'x' } }",
     "message any?, host any?, sequence any?, m any, any, any of @metadata"},
    {"mutate { remove_field => ['%{m}'] }", "message any?, host any?, sequence any?, m any?, any, any of @metadata"},
};

Test(flow, filters_declare_what_they_change)
{
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "input { generator { } } filter { mutate { rename => { 'message' => 'm' } } "
                 "remove [host], [sequence] %s }", filters[i].text);
        struct built built;
        struct buf out = {0};
        built_init(&built, text, ECS_DISABLED);
        struct outputs outputs = {.arena = &built.arena};
        flow_follow(&built.config, &built.plugins, &(struct flow_watch){at_outputs, &outputs}, &built.diag);
        /* in the order of being named `m` stands behind those that are gone */
        cr_expect_str_eq(print_list(&outputs.list, &out), filters[i].fields, "%s\n%s", filters[i].text, buf_z(&out));
        buf_fini(&out);
        built_fini(&built);
    }
}

/* ---- at a place ---- */

Test(flow, knows_the_fields_at_a_place)
{
    static const struct {
        const char *text; /* asked where the | stands */
        const char *fields;
    } rows[] = {
        {"filter { | mutate { replace => { 'a' => 'x' } } }", NULL},
        {"filter { mutate { replace => { 'a' => '|x' } } }", "m string"},
        {"filter { mutate { replace => { 'a' => 'x' } } | }", "m string, a string"},
        {"filter { mutate { replace => { 'a' => 'x' } } [b] = |1 }", "m string, a string"},
        {"filter { [a] = 1 if [m] == |'x' { drop { } } }", "m string, a integer"},
        {"filter { if [a] { drop { } } if [m] == 'x' { | } }", "m string"},
        {"filter { if [m] == 'x' { [b] = 1 | } else { [c] = 1 } [d] = 1 }", "m string, b integer"},
        {"filter { if [m] == 'x' { [b] = 1 } else { | } [d] = 1 }", "m string"},
        {"filter { if [m] == 'x' { [b] = 1 } [d] = | 1 }", "m string, b integer?"},
        {"filter { for x in split([m], ' ') { [b] = x | } }",
         "m string, b any, [@metadata][expression_failure] string?"},
        {"filter { [a] = 1 } output { file { path => '/tmp/%{|}' } }", "m string, a integer"},
        {"output { null { | } } filter { [a] = 1 }", "m string, a integer"},
        {"output { null { } } filter { [a] = | 1 }", "m string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text = {0}, out = {0};
        struct flow_fields list;
        struct built built;
        const char *mark = strchr(rows[i].text, '|');
        buf_printf(&text, "input { generator { } } filter { mutate { rename => { 'message' => 'm' } } "
                          "remove [host], [sequence] } %.*s", (int)(mark - rows[i].text), rows[i].text);
        uint32_t at = (uint32_t)text.len;
        buf_append_z(&text, mark + 1);
        built_init(&built, buf_z(&text), ECS_DISABLED);
        struct place place = {&built.source, at, at};
        bool is_known = flow_at(&built.config, &built.plugins, place, &built.arena, &list);
        if (rows[i].fields) {
            cr_expect(is_known, "%s", rows[i].text);
            cr_expect_str_eq(print_list(&list, &out), rows[i].fields, "%s\n%s", rows[i].text, buf_z(&out));
        }
        built_fini(&built);
        buf_fini(&text);
        buf_fini(&out);
    }
}

/* ---- what must not disturb ---- */

/* Without instances nothing is known of any plugin, so nothing can be wrong with fields. */
Test(flow, says_nothing_when_nothing_is_known)
{
    for (size_t i = 0; i < sizeof grammar_rows / sizeof *grammar_rows; i++) {
        struct source_text source = {STR("x.conf"), str_of(grammar_rows[i].config)};
        struct parse_options options = {.has_escapes = grammar_rows[i].has_escapes};
        struct config config = {0};
        struct arena arena;
        struct diag diag;
        struct buf text = {0};
        arena_init(&arena, NULL);
        diag_init(&diag);
        if (parse_source(&config, &source, &options, &arena, &diag)) {
            uint32_t before = diag.warnings;
            flow_follow(&config, &(struct flow_plugins){0}, NULL, &diag);
            diag_render(&diag, &text);
            cr_expect_eq(diag.warnings, before, "%s", buf_z(&text));
        }
        buf_fini(&text);
        diag_fini(&diag);
        arena_fini(&arena);
    }
}

static uint32_t warnings_of(const char *text)
{
    struct built built;
    built_init(&built, text, ECS_DISABLED);
    uint32_t before = built.diag.warnings;
    flow_follow(&built.config, &built.plugins, NULL, &built.diag);
    uint32_t warnings = built.diag.warnings - before;
    built_fini(&built);
    return warnings;
}

Test(flow, follows_branches_and_parentheses_as_deep_as_they_may_be)
{
    struct buf text = {0};
    enum { BLOCKS = 60, PARENTHESES = 60 };
    buf_append_z(&text, "input { generator { } } filter { ");
    for (int i = 0; i < BLOCKS; i++) buf_append_z(&text, "if [message] == 'x' { } else { ");
    buf_append_z(&text, "if ");
    for (int i = 0; i < PARENTHESES; i++) buf_append_z(&text, i % 2 ? "!([message] or " : "([host] and ");
    buf_append_z(&text, "[nothing] == 'x'");
    for (int i = 0; i < PARENTHESES; i++) buf_append_char(&text, ')');
    buf_append_z(&text, " { drop { } } [a] = 1 ");
    for (int i = 0; i < BLOCKS; i++) buf_append_z(&text, "} ");
    buf_append_z(&text, "}");
    /* each block but the first tests again what the one before has ruled out; and [nothing] */
    cr_expect_eq(warnings_of(buf_z(&text)), BLOCKS - 1 + 1);
    buf_fini(&text);
}

Test(flow, remembers_so_many_constants_that_a_field_is_not)
{
    enum { KNOWN_MAX = 64 }; /* dsl/flow_parts.h */
    struct buf text = {0};
    buf_append_z(&text, "input { generator { } } filter { if [message] == 'x' { }");
    for (int i = 0; i < KNOWN_MAX + 10; i++)
        buf_printf(&text, " else if [message] == '%d' { }", i);
    buf_append_z(&text, " else { if [message] == 'x' { drop { } } if [message] == '73' { drop { } } } }");
    cr_expect_eq(warnings_of(buf_z(&text)), 1, "the first is known, the last is not");
    buf_fini(&text);
}
