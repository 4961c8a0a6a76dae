/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/graph.h"
#include "pipelines/components.h"
#include <assert.h>
#include <stdlib.h>

static void put(json_t *object, const char *name, json_t *value)
{
    int failed = json_object_set_new(object, name, value);
    assert(!failed);
    (void)failed;
}

static json_t *text(struct str s) { return json_stringn(s.ptr ? s.ptr : "", s.len); }

static json_t *meta_of(struct place_walk *walk, struct place place)
{
    json_t *meta = json_object();
    if (!place.source) return meta;
    json_t *source = json_object();
    place_walk_to(walk, place.source, place.start);
    put(source, "protocol", json_string("file"));
    put(source, "id", text(place.source->name));
    put(source, "line", json_integer(walk->line));
    put(source, "column", json_integer(walk->column));
    put(meta, "source", source);
    return meta;
}

static json_t *plugin_vertex(struct str id, const char *kind, const char *name, struct place_walk *walk,
                             struct place place)
{
    json_t *vertex = json_object();
    put(vertex, "id", text(id));
    put(vertex, "explicit_id", json_false());
    put(vertex, "type", json_string("plugin"));
    put(vertex, "meta", meta_of(walk, place));
    put(vertex, "plugin_type", json_string(kind));
    put(vertex, "config_name", json_string(name));
    return vertex;
}

static void if_id(char out[32], uint32_t number) { snprintf(out, 32, "if-%u", number); }

static json_t *if_vertex(const struct program *program, struct place_walk *walk, const struct instruction *at)
{
    struct buf condition = {0};
    expression_text(program->conditions[at->a].expression, &condition);
    char id[32];
    if_id(id, at->a);
    json_t *vertex = json_object();
    put(vertex, "id", json_string(id));
    put(vertex, "explicit_id", json_false());
    put(vertex, "type", json_string("if"));
    put(vertex, "meta", meta_of(walk, at->place));
    put(vertex, "condition", text(buf_str(&condition)));
    buf_fini(&condition);
    return vertex;
}

/* ---- counters ---- */

static void counters(json_t *vertex, const struct pipeline *pipeline, uint64_t in, uint64_t out,
                     uint64_t duration_ns)
{
    put(vertex, "pipeline_ephemeral_id", json_string(pipeline->ephemeral_id));
    put(vertex, "events_in", json_integer((json_int_t)in));
    put(vertex, "events_out", json_integer((json_int_t)out));
    put(vertex, "duration_in_millis", json_integer((json_int_t)(duration_ns / 1000000)));
    put(vertex, "queue_push_duration_in_millis", json_integer(0));
    put(vertex, "long_counters", json_array());
    put(vertex, "double_gauges", json_array());
}

static json_t *counted(struct str id)
{
    json_t *vertex = json_object();
    put(vertex, "id", text(id));
    return vertex;
}

static void instruction_counters(json_t *vertex, const struct pipeline *pipeline,
                                 const struct instruction *at)
{
    uint64_t in = 0, out = 0, duration = 0;
    if (at->opcode == OP_FILTER) {
        in = component_sum(pipeline, COMPONENT_FILTER, at->a, offsetof(struct filter, counters.in));
        out = component_sum(pipeline, COMPONENT_FILTER, at->a, offsetof(struct filter, counters.out));
        duration = component_sum(pipeline, COMPONENT_FILTER, at->a,
                                 offsetof(struct filter, counters.duration_ns));
    } else if (at->opcode == OP_OUTPUT) {
        in = component_sum(pipeline, COMPONENT_OUTPUT, at->a, offsetof(struct output, counters.offered));
        out = component_sum(pipeline, COMPONENT_OUTPUT, at->a, offsetof(struct output, counters.sent));
    } else
        for (uint32_t w = 0; w < pipeline->worker_count; w++) {
            const struct program *program = &worker_generation(pipeline->workers[w])->program;
            in += counter_get(&program->conditions[at->a].tested);
            out += counter_get(&program->conditions[at->a].held);
        }
    counters(vertex, pipeline, in, out, duration);
}

static void instruction_vertex(json_t *list, const struct pipeline *pipeline, struct place_walk *walk,
                               const struct instruction *at, bool with_counters)
{
    const struct program *program = &worker_generation(pipeline->workers[0])->program;
    json_t *vertex;
    char id[32];
    if_id(id, at->a);
    struct str name = at->opcode == OP_FILTER   ? program->filters[at->a]->id
                      : at->opcode == OP_OUTPUT ? program->outputs[at->a]->id
                                                : str_of(id);
    if (with_counters) {
        vertex = counted(name);
        instruction_counters(vertex, pipeline, at);
    } else if (at->opcode == OP_FILTER)
        vertex = plugin_vertex(name, "filter", program->filters[at->a]->type->name, walk, at->place);
    else if (at->opcode == OP_OUTPUT)
        vertex = plugin_vertex(name, "output", program->outputs[at->a]->type->name, walk, at->place);
    else
        vertex = if_vertex(program, walk, at);
    json_array_append_new(list, vertex);
}

json_t *graph_vertices(const struct pipeline *pipeline, bool with_counters)
{
    json_t *list = json_array();
    struct place_walk walk = {0};
    const struct generation *generation = worker_generation(pipeline->workers[0]);
    for (uint32_t i = 0; i < generation->input_count; i++) {
        const struct input *input = generation->inputs[i];
        json_t *vertex = with_counters ? counted(input->id)
                                       : plugin_vertex(input->id, "input", input->type->name, &walk, input->place);
        if (with_counters)
            counters(vertex, pipeline, 0,
                     component_sum(pipeline, COMPONENT_INPUT, i, offsetof(struct input, counters.events)), 0);
        json_array_append_new(list, vertex);
    }
    if (!with_counters) {
        json_t *queue = json_object();
        put(queue, "id", json_string("__QUEUE__"));
        put(queue, "explicit_id", json_false());
        put(queue, "type", json_string("queue"));
        put(queue, "meta", json_null());
        json_array_append_new(list, queue);
    }
    for (uint32_t i = 0; i < generation->program.code_count; i++) {
        const struct instruction *at = &generation->program.code[i];
        if (at->opcode == OP_FILTER || at->opcode == OP_OUTPUT || at->opcode == OP_TEST)
            instruction_vertex(list, pipeline, &walk, at, with_counters);
    }
    return list;
}

/* ---- edges ---- */

/* Places that flow into the next vertex: a vertex id, and for `if` which way out. */
struct loose { char from[128]; int when; /* -1 plain, 0 false, 1 true */ };
struct loose_set { struct loose *items; uint32_t count, capacity; };

struct edges {
    json_t *list;
    uint32_t number;
};

static void loose_add(struct loose_set *set, const char *from, size_t len, int when)
{
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? set->capacity * 2 : 8;
        set->items = realloc(set->items, set->capacity * sizeof *set->items);
        if (!set->items) abort();
    }
    struct loose *item = &set->items[set->count++];
    snprintf(item->from, sizeof item->from, "%.*s", (int)len, from);
    item->when = when;
}

static void edges_connect(struct edges *edges, struct loose_set *set, struct str to)
{
    for (uint32_t i = 0; i < set->count; i++) {
        json_t *edge = json_object();
        char id[32];
        snprintf(id, sizeof id, "edge-%u", edges->number++);
        put(edge, "id", json_string(id));
        put(edge, "from", json_string(set->items[i].from));
        put(edge, "to", text(to));
        put(edge, "type", json_string(set->items[i].when < 0 ? "plain" : "boolean"));
        if (set->items[i].when >= 0) put(edge, "when", json_boolean(set->items[i].when));
        json_array_append_new(edges->list, edge);
    }
    set->count = 0;
}

static void loose_move(struct loose_set *to, struct loose_set *from)
{
    for (uint32_t i = 0; i < from->count; i++)
        loose_add(to, from->items[i].from, strlen(from->items[i].from), from->items[i].when);
    from->count = 0;
}

/* Walks the program as it would flow. `done` are the ways out of finished arms of open branches. */
static void edges_make(const struct program *program, struct edges *edges, struct loose_set *now)
{
    struct loose_set done[PROGRAM_DEPTH_MAX + 1] = {0}, rest[PROGRAM_DEPTH_MAX + 1] = {0};
    uint32_t depth = 0;
    for (uint32_t i = 0; i < program->code_count; i++) {
        const struct instruction *at = &program->code[i];
        char id[32];
        switch ((enum opcode)at->opcode) {
        case OP_FILTER: {
            struct str name = program->filters[at->a]->id;
            edges_connect(edges, now, name);
            loose_add(now, name.ptr, name.len, -1);
            break;
        }
        case OP_OUTPUT: {
            /* outputs stand side by side: what flowed in flows on to the next */
            struct loose_set copy = {0};
            for (uint32_t k = 0; k < now->count; k++)
                loose_add(&copy, now->items[k].from, strlen(now->items[k].from), now->items[k].when);
            edges_connect(edges, &copy, program->outputs[at->a]->id);
            free(copy.items);
            break;
        }
        case OP_BRANCH:
            depth++;
            loose_move(&rest[depth], now);
            break;
        case OP_TEST:
            if_id(id, at->a);
            edges_connect(edges, &rest[depth], str_of(id));
            loose_add(now, id, strlen(id), 1);
            loose_add(&rest[depth], id, strlen(id), 0);
            break;
        case OP_ELSE: loose_move(now, &rest[depth]); break;
        case OP_JOIN: loose_move(&done[depth], now); break;
        case OP_END:
            loose_move(now, &done[depth]);
            loose_move(now, &rest[depth]);
            depth--;
            break;
        default: break;
        }
    }
    for (uint32_t i = 0; i <= PROGRAM_DEPTH_MAX; i++) free(done[i].items), free(rest[i].items);
}

json_t *graph_of(const struct pipeline *pipeline)
{
    const struct generation *generation = worker_generation(pipeline->workers[0]);
    json_t *root = json_object(), *graph = json_object();
    struct edges edges = {.list = json_array()};
    struct loose_set now = {0};
    for (uint32_t i = 0; i < generation->input_count; i++)
        loose_add(&now, generation->inputs[i]->id.ptr, generation->inputs[i]->id.len, -1);
    edges_connect(&edges, &now, STR("__QUEUE__"));
    loose_add(&now, "__QUEUE__", strlen("__QUEUE__"), -1);
    edges_make(&generation->program, &edges, &now);
    free(now.items);
    put(graph, "vertices", graph_vertices(pipeline, false));
    put(graph, "edges", edges.list);
    put(root, "hash", json_string(pipeline->hash));
    put(root, "type", json_string("lir"));
    put(root, "version", json_string("0.0.0"));
    put(root, "graph", graph);
    return root;
}
