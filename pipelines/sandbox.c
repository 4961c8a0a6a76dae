/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/sandbox.h"
#include <assert.h>
#include <stdlib.h>
#include "core/input.h"
#include "core/xmalloc.h"
#include "dsl/checker.h"

/* An event was given to an output. */
struct route {
    uint32_t event, output;
};

struct sandbox {
    struct budget budget;
    struct books books;
    struct loop
        loop; /* the parts of it that events need, memory and tickets; its uv loop is not made */
    struct ingest ingest;
    struct generation *generation;
    struct stream *streams; /* one an input of the generation */
    uint32_t stream_count;
    struct state_scope scope;
    bool is_full, has_run;
    bool is_ended;       /* no inputs follow: filters give all they hold back */
    uint32_t flush_next; /* filter to be asked next what it holds back */
    struct route *routes;
    size_t route_count, route_capacity;
    struct sandbox_event *events;
    uint32_t event_capacity;
    uint32_t *outputs; /* of all events */
    size_t output_capacity;
};

/* ---- outputs that write down ---- */

struct recorder {
    struct stand_in stand_in;
    struct sandbox *sandbox;
    struct output *host;
    uint32_t number;
};

static uint32_t recorder_take(void *opaque, struct batch *batch, const struct selection *in,
                              struct obligation *obligation)
{
    struct recorder *self = opaque;
    struct sandbox *sandbox = self->sandbox;
    assert(sandbox && batch == sandbox->ingest.batch);
    SELECTION_EACH (batch, in, event) {
        if (sandbox->route_count == sandbox->route_capacity) {
            sandbox->route_capacity = sandbox->route_capacity ? sandbox->route_capacity * 2 : 64;
            sandbox->routes =
                xreallocarray(sandbox->routes, sandbox->route_capacity, sizeof *sandbox->routes);
        }
        sandbox->routes[sandbox->route_count++] = (struct route){event->index, self->number};
    }
    if (in->count) output_sent(self->host, obligation, in->count);
    return in->count;
}

static const struct output_type recorder_type = {
    .name = "recorder",
    .summary = "Writes down which events an output would have been given.",
    .size = sizeof(struct recorder),
    .take = recorder_take,
};

static void recorders_connect(struct sandbox *sandbox)
{
    struct program *program = &sandbox->generation->program;
    for (uint32_t i = 0; i < program->output_count; i++) {
        struct recorder *recorder = program->outputs[i]->self;
        recorder->sandbox = sandbox;
        recorder->host = program->outputs[i];
        recorder->number = i;
    }
}

/* ---- inputs that are fed by hand ---- */

static const struct option no_options[] = {OPTION_END};
static const struct input_type fed_type = {
    .name = "test",
    .summary = "Takes events by hand.",
    .size = sizeof(void *),
    .options = no_options,
    .default_codec = "plain",
};

static const struct plugin_block *input_find(const struct statements *list, struct str id)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        if (statement->kind == STATEMENT_BRANCH)
            for (uint32_t k = 0; k < statement->branch->count; k++) {
                const struct plugin_block *found =
                    input_find(&statement->branch->arms[k].block, id);
                if (found) return found;
            }
        if (statement->kind != STATEMENT_PLUGIN) continue;
        const struct plugin_block *block = statement->plugin;
        for (uint32_t k = 0; k < block->setting_count; k++)
            if (str_eq_z(block->settings[k].key, "id") && str_eq(block->settings[k].value.text, id))
                return block;
    }
    return NULL;
}

static const struct input_type *input_type_find(struct str name)
{
    for (uint32_t i = 0; input_types[i]; i++)
        if (str_eq_z(name, input_types[i]->name)) return input_types[i];
    return &fed_type;
}

/* What is being made of an input of the text. */
struct feeding {
    const struct config *config;
    const struct sandbox_options *options;
    struct arena *arena;
    struct diag *diag;
};

/* The options of the input that all inputs have, and how it reads its codec. */
static bool input_imitate(const struct feeding *feeding, const struct sandbox_input *input,
                          struct input_type *type, struct plugin_block *block)
{
    const struct plugin_block *model =
        input_find(&feeding->config->sections[SECTION_INPUT], input->from);
    if (!model) {
        diag_hint(feeding->diag,
                  diag_error(feeding->diag, input->place, "there is no input with the id `%.*s`",
                             STR_ARG(input->from)),
                  "give the input an id");
        return false;
    }
    const struct input_type *original = input_type_find(model->name);
    type->is_streaming = original->is_streaming;
    type->default_codec =
        original->default_codec ? original->default_codec : fed_type.default_codec;
    block->settings =
        arena_zalloc(feeding->arena, (model->setting_count + 1) * sizeof *block->settings);
    for (uint32_t i = 0; i < model->setting_count; i++) {
        const struct setting *setting = &model->settings[i];
        bool is_shared = option_find(input_common_options, setting->key) != NULL;
        bool is_replaced = input->codec && str_eq_z(setting->key, "codec");
        if (is_shared && !is_replaced && !str_eq_z(setting->key, "id"))
            block->settings[block->setting_count++] = *setting;
    }
    struct environment_context context = {feeding->options->environment, feeding->arena,
                                          feeding->diag};
    return environment_expand_settings(&context, block->settings, block->setting_count);
}

static struct plugin_block *input_fed(const struct feeding *feeding,
                                      const struct sandbox_input *input, uint32_t number)
{
    struct arena *arena = feeding->arena;
    struct plugin_block *block = arena_zalloc(arena, sizeof *block);
    struct input_type *type = arena_alloc(arena, sizeof *type);
    *type = fed_type;
    block->settings = arena_zalloc(arena, sizeof *block->settings);
    if (input->from.len && !input_imitate(feeding, input, type, block)) return NULL;
    if (input->codec)
        block->settings[block->setting_count++] = (struct setting){
            .key = STR("codec"), .key_place = input->codec->place, .value = *input->codec};
    block->name = str_of(type->name);
    block->name_place = block->place = input->place;
    block->input = type;
    block->id = arena_printf(arena, "%s_%u", type->name, number);
    return block;
}

/* Replaces the inputs of the text by those that are asked for. */
static bool inputs_replace(const struct feeding *feeding, struct config *config)
{
    const struct sandbox_options *options = feeding->options;
    struct statements fed = {
        .items = arena_zalloc(feeding->arena, (options->input_count + 1) * sizeof *fed.items)};
    bool ok = true;
    for (uint32_t i = 0; i < options->input_count; i++) {
        struct plugin_block *block = input_fed(feeding, &options->inputs[i], i);
        if (!block)
            ok = false;
        else
            fed.items[fed.count++] = (struct statement){.kind = STATEMENT_PLUGIN, .plugin = block};
    }
    config->sections[SECTION_INPUT] = fed;
    return ok;
}

/* ---- creating ---- */

static void ingest_full(struct ingest *ingest)
{
    struct sandbox *sandbox =
        (struct sandbox *)(void *)((char *)ingest - offsetof(struct sandbox, ingest));
    sandbox->is_full = ingest->is_paused = true;
}

static void sandbox_open(struct sandbox *sandbox)
{
    sandbox->loop.budget = &sandbox->budget;
    chunk_pool_init(&sandbox->loop.pool, &sandbox->budget);
    sandbox->loop.tickets = ticket_pool_create(&sandbox->books);
    /* full at one more than may come, so that the last one is not one too many */
    sandbox->ingest = (struct ingest){.loop = &sandbox->loop,
                                      .batch_events_max = SANDBOX_EVENTS_MAX + 1,
                                      .batch_full = ingest_full};
    recorders_connect(sandbox);
    struct generation *generation = sandbox->generation;
    sandbox->stream_count = generation->input_count;
    sandbox->streams = xcalloc(sandbox->stream_count + 1, sizeof *sandbox->streams);
    for (uint32_t i = 0; i < sandbox->stream_count; i++) {
        generation->inputs[i]->loop = &sandbox->loop;
        generation->inputs[i]->ingest = &sandbox->ingest;
        stream_open(&sandbox->streams[i], generation->inputs[i], NULL, NULL, NULL);
    }
}

struct sandbox *sandbox_create(struct config *config, const struct sandbox_options *options,
                               struct arena *arena, struct diag *diag)
{
    const struct settings *settings = options->settings;
    assert(settings && (options->inputs || !options->input_count));
    struct feeding feeding = {config, options, arena, diag};
    struct config checked = *config;
    checked.sections[SECTION_INPUT] = (struct statements){0};
    struct checker_options checks = {.inputs = input_types,
                                     .filters = filter_types,
                                     .outputs = output_types,
                                     .environment = options->environment};
    bool ok = check_config(&checked, &checks, arena, diag);
    ok = inputs_replace(&feeding, &checked) && ok;
    struct generation_options wanted = {.pipeline = settings->pipeline_id,
                                        .path_data = settings->path_data,
                                        .ecs = settings_ecs(settings),
                                        .workers = 1,
                                        .output_as = &recorder_type};
    struct config *kept = arena_alloc(arena, sizeof *kept);
    *kept = checked;
    struct sandbox *sandbox = xcalloc(1, sizeof *sandbox);
    state_scope_init(&sandbox->scope, &sandbox->budget, 1);
    wanted.scope = &sandbox->scope;
    /* tried even when something is wrong: building says what else is */
    struct generation *generation = generation_create(kept, &wanted, diag);
    if (!generation || !ok) {
        if (generation) generation_destroy(generation);
        state_scope_fini(&sandbox->scope);
        free(sandbox);
        return NULL;
    }
    sandbox->generation = generation;
    sandbox->is_ended = options->is_ended;
    sandbox_open(sandbox);
    return sandbox;
}

/* A batch whose run was not ended is settled all the same. */
static void batch_end(struct sandbox *sandbox)
{
    struct batch *batch = sandbox->ingest.batch;
    if (!batch) return;
    assert(batch->pool == &sandbox->loop.pool);
    if (batch->ticket) ticket_seal(batch->ticket);
    batch->ticket = NULL;
    batch_destroy(batch);
    sandbox->ingest.batch = NULL;
}

void sandbox_destroy(struct sandbox *sandbox)
{
    if (!sandbox) return;
    batch_end(sandbox);
    for (uint32_t i = 0; i < sandbox->stream_count; i++) stream_close(&sandbox->streams[i]);
    generation_destroy(sandbox->generation);
    state_scope_fini(&sandbox->scope);
    ticket_pool_destroy(sandbox->loop.tickets);
    chunk_pool_fini(&sandbox->loop.pool);
    assert(budget_used(&sandbox->budget) == 0);
    free(sandbox->streams);
    free(sandbox->routes);
    free(sandbox->events);
    free(sandbox->outputs);
    free(sandbox);
}

/* ---- running ---- */

void sandbox_begin(struct sandbox *sandbox)
{
    batch_end(sandbox);
    sandbox->route_count = 0;
    sandbox->is_full = sandbox->has_run = sandbox->ingest.is_paused = false;
    sandbox->flush_next = 0;
    sandbox->ingest.batch = batch_create(&sandbox->loop.pool, sandbox->loop.tickets);
}

static struct stream *stream_of(struct sandbox *sandbox, uint32_t input)
{
    assert(input < sandbox->stream_count && sandbox->ingest.batch && !sandbox->has_run);
    return &sandbox->streams[input];
}

bool sandbox_text(struct sandbox *sandbox, uint32_t input, struct str text)
{
    struct stream *stream = stream_of(sandbox, input);
    if (sandbox->is_full) return false;
    if (stream->codec->type->framing == FRAMING_WHOLE) {
        struct frame frame = {.bytes = text, .position = stream->position + text.len};
        stream_emit(stream, &frame);
        return !sandbox->is_full;
    }
    struct framer framer;
    framer_init(&framer, stream, stream->codec->delimiter, LINE_BYTES_LIMIT, stream->position);
    bool is_whole = framer_feed(&framer, text, NULL) == text.len;
    if (is_whole) framer_flush(&framer);
    framer_fini(&framer);
    return !sandbox->is_full;
}

struct event *sandbox_event(struct sandbox *sandbox, uint32_t input)
{
    struct stream *stream = stream_of(sandbox, input);
    return sandbox->is_full ? NULL : stream_event(stream);
}

bool sandbox_event_done(struct sandbox *sandbox, uint32_t input, struct event *event)
{
    struct stream *stream = stream_of(sandbox, input);
    assert(event->arena == &sandbox->ingest.batch->arena);
    stream_event_done(stream, event, stream->position + 1);
    return !sandbox->is_full;
}

struct batch *sandbox_batch(struct sandbox *sandbox) { return sandbox->ingest.batch; }
struct program *sandbox_program(struct sandbox *sandbox) { return &sandbox->generation->program; }

/* What came in is in the books before the first instruction. */
static struct batch *batch_to_run(struct sandbox *sandbox)
{
    struct batch *batch = sandbox->ingest.batch;
    assert(batch && batch->ticket);
    for (uint32_t i = 0; !sandbox->has_run && i < sandbox->stream_count; i++)
        stream_flush(&sandbox->streams[i]);
    if (!sandbox->has_run) ticket_count(batch->ticket, batch->received, 0, 0);
    sandbox->has_run = true;
    return batch;
}

void sandbox_forget(struct sandbox *sandbox) { state_scope_forget(&sandbox->scope); }

/* All is through: the next filter that holds something back gives it into the same batch. False: none
 * does. What there is no memory for stays where it is. */
static bool flush_next(struct sandbox *sandbox, struct batch *batch)
{
    struct program *program = sandbox_program(sandbox);
    while (sandbox->flush_next < program->filter_count) {
        const struct filter *filter = program->filters[sandbox->flush_next];
        if (filter->type->flush) {
            uint32_t before = batch->count;
            bool has_more = vm_flush(program, batch, sandbox->flush_next, sandbox->is_ended);
            if (!has_more || batch->count == before) sandbox->flush_next++;
            if (batch->count > before) return true;
        } else {
            sandbox->flush_next++;
        }
    }
    return false;
}

bool sandbox_step(struct sandbox *sandbox)
{
    struct batch *batch = batch_to_run(sandbox);
    bool is_through = sandbox_position(sandbox).next->opcode == OP_DONE;
    if (is_through && flush_next(sandbox, batch)) return true;
    enum vm_result result = vm_step(sandbox_program(sandbox), batch);
    assert(result != VM_PARKED); /* the outputs take all they are given */
    return result == VM_STEPPED;
}

void sandbox_run(struct sandbox *sandbox)
{
    while (sandbox_step(sandbox)) continue;
}

struct vm_position sandbox_position(struct sandbox *sandbox)
{
    return vm_position(sandbox_program(sandbox), sandbox->ingest.batch);
}

/* ---- results ---- */

static int route_cmp(const void *left, const void *right)
{
    const struct route *a = left, *b = right;
    if (a->event != b->event) return a->event < b->event ? -1 : 1;
    return (a->output > b->output) - (a->output < b->output);
}

/* The outputs of each event, written one after the other. */
static void routes_deal(struct sandbox *sandbox, const struct batch *batch)
{
    if (!sandbox->route_count) return;
    if (sandbox->route_count > sandbox->output_capacity) {
        sandbox->output_capacity = sandbox->route_count;
        sandbox->outputs =
            xreallocarray(sandbox->outputs, sandbox->output_capacity, sizeof *sandbox->outputs);
    }
    qsort(sandbox->routes, sandbox->route_count, sizeof *sandbox->routes, route_cmp);
    for (size_t i = 0; i < sandbox->route_count; i++) {
        const struct route *route = &sandbox->routes[i];
        assert(route->event < batch->count);
        struct sandbox_event *row = &sandbox->events[batch->events[route->event]->rank];
        sandbox->outputs[i] = route->output;
        if (!row->output_count) row->outputs = &sandbox->outputs[i];
        row->output_count++;
    }
}

uint32_t sandbox_events(struct sandbox *sandbox, const struct sandbox_event **events)
{
    struct batch *batch = sandbox->ingest.batch;
    assert(batch && !batch->ticket); /* it has run to its end */
    if (batch->count > sandbox->event_capacity) {
        sandbox->event_capacity = batch->count;
        sandbox->events = xreallocarray(sandbox->events, batch->count, sizeof *sandbox->events);
    }
    batch_rank(batch);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct event *event = batch->events[i];
        assert(event->rank < batch->count);
        sandbox->events[event->rank] = (struct sandbox_event){
            .event = event, .is_created = i >= batch->received, .is_dropped = event->is_cancelled};
    }
    routes_deal(sandbox, batch);
    *events = sandbox->events;
    return batch->count;
}

/* ---- names of outputs ---- */

const char *sandbox_output_type(const struct sandbox *sandbox, uint32_t number)
{
    const struct program *program = &sandbox->generation->program;
    assert(number < program->output_count);
    const struct stand_in *stand_in = program->outputs[number]->self;
    return stand_in->original->name;
}

/* `file@web.conf:12`: the checker made it of the plugin's place. */
static bool id_is_made(const struct sandbox *sandbox, uint32_t number)
{
    struct str type = str_of(sandbox_output_type(sandbox, number));
    struct str id = sandbox->generation->program.outputs[number]->id;
    return str_starts(id, type) && str_starts(str_from(id, type.len), STR("@"));
}

struct str sandbox_output_name(const struct sandbox *sandbox, uint32_t number)
{
    const struct program *program = &sandbox->generation->program;
    struct str id = program->outputs[number]->id;
    if (!id_is_made(sandbox, number)) return id;
    struct str type = str_of(sandbox_output_type(sandbox, number));
    for (uint32_t i = 0; i < program->output_count; i++) {
        bool is_alike = i != number && str_eq_z(type, sandbox_output_type(sandbox, i));
        if (is_alike || str_eq(program->outputs[i]->id, type)) return id;
    }
    return type;
}

ptrdiff_t sandbox_output_find(const struct sandbox *sandbox, struct str name)
{
    const struct program *program = &sandbox->generation->program;
    for (uint32_t i = 0; i < program->output_count; i++)
        if (str_eq(program->outputs[i]->id, name) || str_eq(sandbox_output_name(sandbox, i), name))
            return (ptrdiff_t)i;
    return -1;
}
