/* SPDX-License-Identifier: Apache-2.0 */
/* What check says of fields must be true of every event. The bytes choose a configuration of filters,
 * assignments, branches and loops over a few fields; it is followed, then run over some events. What
 * an event has at the end must have been said to be possible, what was said to be certain must be
 * there, and no event takes a branch that was said to be dead. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "core/log.h"
#include "dsl/checker.h"
#include "dsl/flow.h"
#include "dsl/parser.h"
#include "dsl/vm.h"
#include "pipelines/generation.h"

/* A condition that cannot be evaluated is logged; here there is no reader. */
int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    log_setup(LOG_FATAL, false);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STATEMENTS = 40, DEPTH = 4 };

/* ---- a configuration of the bytes ---- */

struct maker {
    const uint8_t *data;
    size_t size;
    struct buf text;
    int statements;
    bool in_loop; /* no plugins */
};

static unsigned take(struct maker *maker, unsigned count)
{
    if (!maker->size) return 0;
    maker->size--;
    return *maker->data++ % count;
}

#define ONE_OF(maker_, ...) one_of(maker_, (const char *const[]){__VA_ARGS__, NULL})
static const char *one_of(struct maker *maker, const char *const *choices)
{
    unsigned count = 0;
    while (choices[count]) count++;
    return choices[take(maker, count)];
}

static const char *field(struct maker *maker)
{
    return ONE_OF(maker, "[a]", "[b]", "[a][b]", "[a][c]", "[a][b][c]", "[message]", "[@metadata][x]", "[host]",
                  "[sequence]", "[tags]", "[b][0]", "[b][-1]", "[b][0][c]", "[@timestamp]", "[c]", "[@metadata]");
}

static const char *text(struct maker *maker)
{
    return ONE_OF(maker, "x", "", "200", "%{a}", "%{[a][b]}", "%{message}-%{+YYYY}", "false", "{\"a\":{\"b\":7}}");
}

/* A template of printf with at most three fields, and a text. */
static void write_plugin(struct maker *maker)
{
    static const char *const forms[] = {
        "mutate { replace => { \"%s\" => \"%s\" } }\n",
        "mutate { add_field => { \"%s\" => \"%s\" } }\n",
        "mutate { update => { \"%s\" => \"%s\" } }\n",
        "mutate { coerce => { \"%s\" => \"%s\" } }\n",
        ("mutate { replace => { \"%1$s\" => \"%2$s\" } rename => { \"%3$s\" => \"%4$s\" } "
         "copy => { \"%4$s\" => \"%1$s\" } }\n"),
        "mutate { rename => { \"%s\" => \"%3$s\" } }\n",
        "mutate { copy => { \"%s\" => \"%3$s\" } }\n",
        "mutate { convert => { \"%s\" => \"integer\" } }\n",
        "mutate { convert => { \"%s\" => \"float\" } add_field => { \"%3$s\" => \"%2$s\" } }\n",
        "mutate { convert => { \"%s\" => \"boolean\" } }\n",
        "mutate { convert => { \"%s\" => \"string\" } }\n",
        "mutate { gsub => [ \"%s\", \"x\", \"%s\" ] }\n",
        "mutate { uppercase => [ \"%s\" ] strip => [ \"%3$s\" ] }\n",
        "mutate { split => { \"%s\" => \" \" } }\n",
        "mutate { join => { \"%s\" => \",\" } }\n",
        "mutate { merge => { \"%s\" => \"%3$s\" } }\n",
        "mutate { remove_field => [ \"%s\", \"%3$s\" ] }\n",
        "mutate { add_tag => [ \"%2$s\" ] remove_field => [ \"%s\" ] }\n",
        "grok { match => { \"%s\" => \"%%{NUMBER:%3$s:int} %%{GREEDYDATA:%4$s}\" } }\n",
        "grok { match => { \"%s\" => \"%%{WORD:%3$s}( %%{NUMBER:%4$s:float})?\" } overwrite => [ \"%3$s\" ] }\n",
        "grok { match => { \"%s\" => [ \"^%%{INT:%3$s}\", \"(?<%4$s>x)\" ] } remove_field => [ \"%3$s\" ] }\n",
        "grok { match => { \"%s\" => \"%%{WORD:%3$s}\" \"%3$s\" => \"%%{WORD:%4$s}\" } break_on_match => false }\n",
        "grok { match => { \"%s\" => \"%%{WORD:[b]}|%%{INT:[c]}\" } keep_empty_captures => true target => \"%3$s\" }\n",
        "date { match => [ \"%s\", \"UNIX\", \"ISO8601\" ] target => \"%3$s\" }\n",
        "date { match => [ \"%s\", \"UNIX\" ] remove_field => [ \"%s\" ] }\n",
        "json { source => \"%s\" target => \"%3$s\" }\n",
        "json { source => \"%s\" add_field => { \"%3$s\" => \"%2$s\" } }\n",
        "drop { }\n",
        "drop { percentage => 0 }\n",
    };
    const char *form = forms[take(maker, sizeof forms / sizeof *forms)], *a = field(maker), *t = text(maker);
    const char *b = field(maker), *c = field(maker);
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat"
    buf_printf(&maker->text, form, a, t, b, c);
#pragma clang diagnostic pop
}

static void write_value(struct maker *maker, int depth)
{
    static const char *const signs[] = {"+", "-", "*", "/", "==", "!=", "??", "and", "or"};
    unsigned choice = take(maker, depth > 2 ? 7 : 14);
    struct buf *out = &maker->text;
    switch (choice) {
    case 0: buf_append_z(out, "\"x\""); return;
    case 1: buf_append_z(out, "5"); return;
    case 2: buf_append_z(out, "1.5"); return;
    case 3: buf_append_z(out, ONE_OF(maker, "true", "null", "[[a]]", "[1, \"x\"]")); return;
    case 4:
    case 5:
    case 6: buf_append_z(out, field(maker)); return;
    case 7:
        buf_printf(out, "%s(", ONE_OF(maker, "to_integer", "to_string", "downcase", "length", "exists", "type_of"));
        break;
    case 8: buf_append_z(out, "{ \"b\" => "); break;
    case 9: buf_append_z(out, ONE_OF(maker, "split([message], \" \")", "[a][([message])]", "[a][(\"b\")]")); return;
    default: buf_append_char(out, '('); break;
    }
    write_value(maker, depth + 1);
    if (choice == 8) buf_append_z(out, " }");
    if (choice <= 8 && choice != 8) buf_append_char(out, ')');
    if (choice <= 8) return;
    buf_printf(out, ") %s (", signs[take(maker, sizeof signs / sizeof *signs)]);
    write_value(maker, depth + 1);
    buf_append_char(out, ')');
}

static void write_condition(struct maker *maker, int depth)
{
    struct buf *out = &maker->text;
    const char *name = field(maker);
    switch (take(maker, depth > 2 ? 12 : 16)) {
    case 0: buf_append_z(out, name); return;
    case 1: buf_printf(out, "!%s", name); return;
    case 2: buf_printf(out, "%s == \"x\"", name); return;
    case 3: buf_printf(out, "%s != \"200\"", name); return;
    case 4: buf_printf(out, "%s == %s", name, ONE_OF(maker, "5", "200", "1.5", "[b]")); return;
    case 5:
        buf_printf(out, "%s %s ", name, ONE_OF(maker, "<", "<=", ">", ">="));
        buf_append_z(out, ONE_OF(maker, "5", "\"x\"", "[c]"));
        return;
    case 6: buf_printf(out, "%s =~ /%s/", name, ONE_OF(maker, "x", "^[0-9]")); return;
    case 7: buf_printf(out, "%s !~ /x/", name); return;
    case 8: buf_printf(out, "%s %s [\"x\", 200]", name, ONE_OF(maker, "in", "not in")); return;
    case 9: buf_printf(out, "%s %s %s", ONE_OF(maker, "\"x\"", "5"), ONE_OF(maker, "in", "not in"), name); return;
    case 10: buf_printf(out, "%s in %s", name, ONE_OF(maker, "[b]", "\"xyz\"")); return;
    case 11:
        buf_append_z(out, ONE_OF(maker, "level >= WARN", "level([a]) < INFO", "\"x\"", "length([a]) > 1",
                                 "[a] == true", "exists([b]) and [b] + 1 > 5", "[a][(\"b\")] == 7 + 0"));
        return;
    default: break;
    }
    buf_append_z(out, take(maker, 3) ? "(" : "!(");
    write_condition(maker, depth + 1);
    buf_printf(out, ") %s (", ONE_OF(maker, "and", "or", "nand", "xor"));
    write_condition(maker, depth + 1);
    buf_append_char(out, ')');
}

static void write_list(struct maker *maker, int depth);

static void write_branch(struct maker *maker, int depth)
{
    unsigned arms = 1 + take(maker, 3);
    for (unsigned i = 0; i < arms; i++) {
        buf_append_z(&maker->text, i ? " else if " : "if ");
        write_condition(maker, 0);
        buf_append_z(&maker->text, " {\n");
        write_list(maker, depth + 1);
        buf_append_char(&maker->text, '}');
    }
    if (take(maker, 2)) {
        buf_append_z(&maker->text, " else {\n");
        write_list(maker, depth + 1);
        buf_append_char(&maker->text, '}');
    }
    buf_append_char(&maker->text, '\n');
}

static void write_loop(struct maker *maker, int depth)
{
    bool was_in_loop = maker->in_loop;
    buf_printf(&maker->text, "for item%d in split([message], \" \") {\n", depth);
    if (take(maker, 2)) buf_printf(&maker->text, "%s = item%d\n", field(maker), depth);
    maker->in_loop = true;
    write_list(maker, depth + 1);
    maker->in_loop = was_in_loop;
    buf_append_z(&maker->text, "}\n");
}

static void write_statement(struct maker *maker, int depth)
{
    unsigned choice = take(maker, 16);
    if (choice < 3 && depth < DEPTH) {
        write_branch(maker, depth);
    } else if (choice == 3 && depth < DEPTH) {
        write_loop(maker, depth);
    } else if (choice == 4) {
        bool is_computed = take(maker, 4) == 0;
        buf_printf(&maker->text, "remove %s%s\n", field(maker), is_computed ? "[(\"b\")]" : "");
    } else if (choice == 5) {
        buf_append_z(&maker->text, ONE_OF(maker, "[a][([message])]", "[(\"c\")]", "[b][(0)]", "[c][(\"b\")][d]"));
        buf_append_z(&maker->text, " = ");
        write_value(maker, 1);
        buf_append_char(&maker->text, '\n');
    } else if (choice < 9 || maker->in_loop) {
        buf_printf(&maker->text, "%s = ", field(maker));
        write_value(maker, 0);
        buf_append_char(&maker->text, '\n');
    } else {
        write_plugin(maker);
    }
}

static void write_list(struct maker *maker, int depth)
{
    for (unsigned count = 1 + take(maker, 4); count && maker->statements < STATEMENTS; count--) {
        maker->statements++;
        write_statement(maker, depth);
    }
}

/* ---- what was said ---- */

struct said {
    struct arena *arena;
    struct flow_fields fields; /* behind the filters */
    bool is_dead;              /* no event comes there */
    const struct program *program;
    bool *is_never;            /* of the program's conditions */
};

static void stop(void *opaque, const struct flow_stop *at, struct field_set *fields)
{
    struct said *said = opaque;
    if (at->kind == FLOW_OUTPUTS) {
        flow_list(fields, said->arena, &said->fields);
        said->is_dead = fields->quiet > 0;
    }
    for (uint32_t i = 0; at->kind == FLOW_ARM && i < said->program->condition_count; i++)
        if (said->program->conditions[i].expression == at->arm->condition) said->is_never[i] = fields->quiet > 0;
}

/* ---- what is true ---- */

struct truth {
    const struct said *said;
    struct str config;
};

static void wrong(const struct truth *truth, struct str name, const char *what)
{
    fprintf(stderr, "%.*s %s\n%.*s\n", STR_ARG(name), what, STR_ARG(truth->config));
    abort();
}

static const struct flow_field *find(const struct said *said, struct str name)
{
    for (uint32_t i = 0; i < said->fields.count; i++)
        if (str_eq(said->fields.items[i].name, name)) return &said->fields.items[i];
    return NULL;
}

/* Each field of a map must be known, or its parent open. */
static void check_map(const struct truth *truth, const struct map *map, struct str prefix, bool is_open)
{
    MAP_EACH(map, entry)
    {
        struct str key = key_text(&entry->key);
        struct buf name = {0};
        if (prefix.len) buf_printf(&name, "%.*s[%.*s]", STR_ARG(prefix), STR_ARG(key));
        else buf_append(&name, key);
        const struct flow_field *known = find(truth->said, buf_str(&name));
        unsigned type = type_of_value(&entry->value);
        if (!known && !is_open) wrong(truth, buf_str(&name), "is there, and it was said that it cannot be");
        if (known && !(known->types & type)) wrong(truth, buf_str(&name), "has a type that it cannot have");
        if (known && entry->value.kind == VALUE_MAP) {
            struct buf below = {0};
            if (prefix.len) buf_append(&below, buf_str(&name));
            else buf_printf(&below, "[%.*s]", STR_ARG(key));
            check_map(truth, entry->value.map, buf_str(&below), known->is_open);
            buf_fini(&below);
        }
        buf_fini(&name);
    }
}

static bool is_certain(const struct said *said, struct str name, struct event *event)
{
    struct path path;
    const struct flow_field *field = find(said, name);
    /* below a field that may be missing this says: if that is there */
    if (!field || field->types & TYPE_MISSING || !path_compile(&path, name, event->arena)) return false;
    for (uint32_t steps = path.count; --steps;) {
        struct path above = path;
        above.count = steps;
        const struct value *value = path_get(&above, event);
        if (!value || value->kind != VALUE_MAP) return false;
    }
    return true;
}

static void check_event(const struct truth *truth, struct event *event)
{
    const struct said *said = truth->said;
    if (said->is_dead) wrong(truth, STR("an event"), "comes to the outputs, and it was said that none does");
    check_map(truth, &event->root, (struct str){0}, said->fields.is_open);
    check_map(truth, &event->metadata, STR("[@metadata]"), said->fields.is_metadata_open);
    for (uint32_t i = 0; i < said->fields.count; i++) {
        struct path path;
        struct str name = said->fields.items[i].name;
        if (!is_certain(said, name, event) || !path_compile(&path, name, event->arena)) continue;
        if (!path_get(&path, event)) wrong(truth, name, "was said to be there always");
    }
}

/* ---- running ---- */

/* What a generator makes without the schema. */
static void make_event(struct batch *batch, const char *message)
{
    struct event *event = batch_event(batch);
    event_slot_set(event, SLOT_MESSAGE, value_string(str_of(message)));
    map_set(&event->root, event->arena, key_of(STR("host")), value_string(STR("x")));
    map_set(&event->root, event->arena, key_of(STR("sequence")), value_int(0));
}

static void run(struct generation *generation, const struct truth *truth)
{
    struct budget budget = {0};
    struct chunk_pool pool;
    struct books books = {0};
    chunk_pool_init(&pool, &budget);
    struct ticket_pool *tickets = ticket_pool_create(&books);
    struct batch *batch = batch_create(&pool, tickets);
    batch->now = value_time(1709622489, 120000000);
    static const char *const messages[] = {"200 x", "x", "", "x 5 200",
                                           "{\"a\":{\"b\":7},\"c\":[1],\"@metadata\":{\"x\":1}}"};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) make_event(batch, messages[i]);
    ticket_count(batch->ticket, batch->received, 0, 0);
    vm_run(&generation->program, batch);
    /* an event for which there was no memory skips filters: of these nothing is promised */
    bool is_whole = !atomic_load(&generation->program.memory_limited) && arena_allows(&batch->arena, 0);
    for (uint32_t i = 0; is_whole && i < batch->count; i++)
        if (!batch->events[i]->is_cancelled) check_event(truth, batch->events[i]);
    for (uint32_t i = 0; is_whole && i < generation->program.condition_count; i++)
        if (truth->said->is_never[i] && atomic_load(&generation->program.conditions[i].held))
            wrong(truth, STR("a branch"), "was taken that was said to be dead");
    batch_destroy(batch);
    ticket_pool_destroy(tickets);
    chunk_pool_fini(&pool);
}

static void follow_and_run(const struct config *config, struct str text_, struct arena *arena, struct diag *diag)
{
    struct generation_options options = {.pipeline = STR("main"), .path_data = STR("/nonexistent"), .workers = 1};
    struct generation *generation = generation_create(config, &options, diag);
    if (!generation) return;
    struct said said = {.arena = arena, .program = &generation->program};
    said.is_never = arena_zalloc(arena, (said.program->condition_count + 1) * sizeof(bool));
    struct flow_watch watch = {stop, &said};
    struct flow_plugins plugins = generation_plugins(generation);
    flow_follow(config, &plugins, &watch, diag);
    struct buf messages = {0};
    diag_render_json(diag, &messages);
    buf_fini(&messages);
    run(generation, &(struct truth){&said, text_});
    generation_destroy(generation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct maker maker = {.data = data, .size = size};
    buf_append_z(&maker.text, "input { generator { } }\nfilter {\n");
    while (maker.size && maker.statements < STATEMENTS) write_list(&maker, 0);
    buf_append_z(&maker.text, "}\noutput { }\n");
    struct source_text source = {STR("fuzz.conf"), buf_str(&maker.text)};
    struct checker_options checks = {.inputs = input_types, .filters = filter_types, .outputs = output_types};
    struct config config = {0};
    struct arena arena;
    struct diag diag;
    arena_init(&arena, NULL);
    diag_init(&diag);
    if (parse_source(&config, &source, &(struct parse_options){0}, &arena, &diag) &&
        check_config(&config, &checks, &arena, &diag))
        follow_and_run(&config, source.text, &arena, &diag);
    diag_fini(&diag);
    arena_fini(&arena);
    buf_fini(&maker.text);
    return 0;
}
