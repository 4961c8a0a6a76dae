/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/generation.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "dsl/checker.h"

/* One block of memory holds host struct, common options and the plugin's own struct, so that one
 * options_load() over two groups fills both and complains once. */
struct layout {
    size_t common, self, size;
};

static size_t rounded(size_t size) { return (size + 15) & ~(size_t)15; }

static struct layout layout_of(size_t host, size_t common, size_t self)
{
    struct layout layout = {.common = rounded(host)};
    layout.self = layout.common + rounded(common);
    layout.size = layout.self + rounded(self);
    return layout;
}

static bool load(struct generation *generation, char *memory, const struct layout *layout,
                 const struct option *common, const struct option *own,
                 const struct setting *settings, uint32_t count, struct options_context *context)
{
    static const struct option none[] = {OPTION_END};
    const struct options_part parts[] = {{own ? own : none, memory + layout->self},
                                         {common, memory + layout->common}};
    context->diag = generation->diag;
    context->arena = &generation->arena;
    return options_load_parts(parts, 2, settings, count, context);
}

static struct plugin_context plugin_context_of(struct generation *generation, struct str id,
                                               struct place place, const struct setting *settings,
                                               uint32_t count, struct choice ecs)
{
    return (struct plugin_context){
        .diag = generation->diag,
        .arena = &generation->arena,
        .place = place,
        .id = id,
        .pipeline = generation->options.pipeline,
        .ecs = ecs.value <= ECS_V8 ? (enum ecs)ecs.value : generation->options.ecs,
        .settings = settings,
        .setting_count = count,
        .path_data = generation->options.path_data,
        .worker = generation->options.worker,
        .workers = generation->options.workers,
    };
}

static void *list_add(struct arena *arena, void *items, uint32_t count, uint32_t *capacity, void *item)
{
    void **list = items;
    if (count == *capacity) {
        uint32_t wanted = *capacity ? *capacity * 2 : 8;
        list = arena_regrow(arena, list, *capacity * sizeof *list, wanted * sizeof *list);
        *capacity = wanted;
    }
    list[count] = item;
    return list;
}

/* ---- codecs ---- */

static const struct codec_type *codec_type_find(struct str name)
{
    for (uint32_t i = 0; codec_types[i]; i++)
        if (str_eq_z(name, codec_types[i]->name)) return codec_types[i];
    return NULL;
}

static void codec_unknown(struct generation *generation, struct str name, struct place place)
{
    struct str names[128];
    size_t count = 0;
    for (; codec_types[count] && count < 128; count++) names[count] = str_of(codec_types[count]->name);
    struct message *message =
        diag_error(generation->diag, place, "there is no codec `%.*s`", STR_ARG(name));
    struct str near = suggest(name, names, count);
    if (checker_is_of_logstash(name)) diag_hint(generation->diag, message, "Logstash has it, this version has not");
    else if (near.len) diag_hint(generation->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    struct buf list = {0};
    for (size_t i = 0; i < count; i++) buf_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(names[i]));
    diag_note(generation->diag, message, "codecs: %.*s", STR_ARG(buf_str(&list)));
    buf_fini(&list);
}

/* A plugin that sends to the dead letters what it cannot deal with; whether there are any, outputs say last. */
struct letter_wish {
    struct letter_wish *next;
    struct place place;
};

static void letter_wish_note(struct generation *generation, struct place place)
{
    struct letter_wish *wish = arena_zalloc(&generation->arena, sizeof *wish);
    *wish = (struct letter_wish){generation->letter_wishes, place};
    generation->letter_wishes = wish;
}

static void letter_wishes_check(struct generation *generation)
{
    if (!generation->options.lacks_dead_letters || generation_keeps_letters(generation)) return;
    for (struct letter_wish *wish = generation->letter_wishes; wish; wish = wish->next)
        diag_hint(generation->diag,
                  diag_warning(generation->diag, wish->place,
                               "`dead_letter_on_failure` has no effect: dead letters are off"),
                  "set dead_letter_queue.enable: true");
}

/* What a codec is built for. */
struct codec_owner {
    struct generation *generation;
    struct str id;
    bool is_streaming;
    bool is_output;
};

static struct codec *codec_build(struct codec_owner *owner, struct str name, struct place place,
                                 const struct setting *settings, uint32_t count)
{
    struct generation *generation = owner->generation;
    const struct codec_type *type = codec_type_find(name);
    if (type && owner->is_streaming && type->streaming_as)
        type = codec_type_find(str_of(type->streaming_as));
    if (!type) {
        codec_unknown(generation, name, place);
        return NULL;
    }
    if (owner->is_output ? !type->encode : !type->decode) {
        diag_error(generation->diag, place, "codec `%s` cannot %s", type->name,
                   owner->is_output ? "encode: it is for inputs" : "decode: it is for outputs");
        return NULL;
    }
    struct layout layout = layout_of(sizeof(struct codec), sizeof(struct codec_common), type->size);
    char *memory = arena_zalloc(&generation->arena, layout.size);
    struct codec *codec = (struct codec *)(void *)memory;
    struct codec_common *common = (struct codec_common *)(void *)(memory + layout.common);
    *codec = (struct codec){.type = type, .self = memory + layout.self, .delimiter = STR("\n")};
    struct options_context context = {.section = "codec", .plugin = str_of(type->name), .place = place};
    if (!load(generation, memory, &layout, codec_common_options, type->options, settings, count,
              &context))
        return NULL;
    codec->dead_letters_failed = common->dead_letter_on_failure;
    if (common->dead_letter_on_failure) letter_wish_note(generation, place);
    codec->id = common->any.id.len ? common->any.id
                               : arena_printf(&generation->arena, "%s_%.*s", type->name, STR_ARG(owner->id));
    struct plugin_context plugin = plugin_context_of(generation, codec->id, place, settings, count,
                                                     common->any.ecs_compatibility);
    plugin.codec = codec;
    if (type->create && !type->create(codec->self, &plugin)) return NULL;
    generation->codecs = list_add(&generation->arena, generation->codecs, generation->codec_count,
                                  &generation->codec_capacity, codec);
    generation->codec_count++;
    return codec;
}

static struct codec *codec_option_build(struct options_context *context,
                                        const struct config_value *value)
{
    return codec_build(context->codec_opaque, value->text, value->place, value->settings,
                       value->kind == CONFIG_PLUGIN ? value->count : 0);
}

/* ---- inputs, filters, outputs ---- */

static struct input *input_build(struct generation *generation, const struct plugin_block *block)
{
    const struct input_type *type = block->input;
    struct layout layout = layout_of(sizeof(struct input), sizeof(struct input_common), type->size);
    char *memory = arena_zalloc(&generation->arena, layout.size);
    struct input *input = (struct input *)(void *)memory;
    struct input_common *common = (struct input_common *)(void *)(memory + layout.common);
    struct codec_owner owner = {generation, block->id, type->is_streaming, false};
    struct options_context context = {.section = "input", .plugin = block->name,
                                      .place = block->name_place,
                                      .codec = codec_option_build, .codec_opaque = &owner};
    input->type = type;
    input->self = memory + layout.self;
    input->id = block->id;
    input->place = block->name_place;
    input->pipeline = generation->options.pipeline;
    input->common = common;
    input->worker = generation->options.worker;
    input->workers = generation->options.workers;
    if (!load(generation, memory, &layout, input_common_options, type->options, block->settings,
              block->setting_count, &context))
        return NULL;
    input->codec = common->codec.codec;
    if (!input->codec && type->default_codec)
        input->codec = codec_build(&owner, str_of(type->default_codec), block->name_place, NULL, 0);
    struct plugin_context plugin =
        plugin_context_of(generation, block->id, block->name_place, block->settings,
                          block->setting_count, common->any.ecs_compatibility);
    plugin.codec = input->codec;
    input->ecs = plugin.ecs;
    if (type->create && !type->create(input->self, &plugin)) return NULL;
    return input;
}

static struct filter *filter_build(void *opaque, const struct plugin_block *block)
{
    struct generation *generation = opaque;
    const struct filter_type *type = block->filter;
    if (!type) return NULL; /* unknown: the checker said so */
    struct layout layout = layout_of(sizeof(struct filter), sizeof(struct filter_common), type->size);
    char *memory = arena_zalloc(&generation->arena, layout.size);
    struct filter *filter = (struct filter *)(void *)memory;
    struct filter_common *common = (struct filter_common *)(void *)(memory + layout.common);
    struct options_context context = {.section = "filter", .plugin = block->name,
                                      .place = block->name_place};
    *filter = (struct filter){.type = type, .self = memory + layout.self, .id = block->id,
                              .pipeline = generation->options.pipeline, .place = block->name_place};
    if (!load(generation, memory, &layout, filter_common_options, type->options, block->settings,
              block->setting_count, &context))
        return NULL;
    filter->common = *common;
    if (common->dead_letter_on_failure) letter_wish_note(generation, block->name_place);
    filter->has_common = common->add_field.count || common->remove_field.count ||
                         common->add_tag.count || common->remove_tag.count;
    struct plugin_context plugin =
        plugin_context_of(generation, block->id, block->name_place, block->settings,
                          block->setting_count, common->any.ecs_compatibility);
    plugin.scope = generation->options.scope;
    plugin.shared = &filter->shared;
    if (type->create && !type->create(filter->self, &plugin)) return NULL;
    return filter;
}

/* The output's own instance has seen its options and was never started. */
static void output_stand_in(struct generation *generation, struct output *output)
{
    const struct output_type *original = output->type, *type = generation->options.output_as;
    assert(type->size >= sizeof(struct stand_in));
    if (original->destroy) original->destroy(output->self);
    struct stand_in *self = arena_zalloc(&generation->arena, type->size);
    self->original = original;
    output->type = type;
    output->self = self;
}

static struct output *output_build(void *opaque, const struct plugin_block *block)
{
    struct generation *generation = opaque;
    const struct output_type *type = block->output;
    if (!type) return NULL;
    struct layout layout = layout_of(sizeof(struct output), sizeof(struct output_common), type->size);
    char *memory = arena_zalloc(&generation->arena, layout.size);
    struct output *output = (struct output *)(void *)memory;
    struct output_common *common = (struct output_common *)(void *)(memory + layout.common);
    struct codec_owner owner = {generation, block->id, false, true};
    struct options_context context = {.section = "output", .plugin = block->name,
                                      .place = block->name_place,
                                      .codec = codec_option_build, .codec_opaque = &owner};
    output->type = type;
    output->self = memory + layout.self;
    output->id = block->id;
    output->place = block->name_place;
    output->pipeline = generation->options.pipeline;
    output->worker = generation->options.worker;
    output->workers = generation->options.workers;
    if (!load(generation, memory, &layout, output_common_options, type->options, block->settings,
              block->setting_count, &context))
        return NULL;
    output->codec = common->codec.codec;
    if (!output->codec && type->default_codec)
        output->codec = codec_build(&owner, str_of(type->default_codec), block->name_place, NULL, 0);
    struct plugin_context plugin =
        plugin_context_of(generation, block->id, block->name_place, block->settings,
                          block->setting_count, common->any.ecs_compatibility);
    plugin.codec = output->codec;
    output->ecs = plugin.ecs;
    if (!overflow_is_sound(&common->overflow, &plugin)) return NULL;
    if (type->create && !type->create(output->self, &plugin)) return NULL;
    if (generation->options.output_as)
        output_stand_in(generation, output);
    else
        output->overflow = overflow_create(output, &common->overflow, &plugin);
    return output;
}

static void input_stand_in(struct generation *generation)
{
    const struct input_stand_in *as = generation->options.input_as;
    assert(as->type->size >= sizeof(void *) && !as->type->create);
    struct input *input = arena_zalloc(&generation->arena, sizeof *input);
    void **self = arena_zalloc(&generation->arena, as->type->size);
    *self = as->opaque;
    *input = (struct input){.type = as->type, .self = self, .id = as->id, .pipeline = generation->options.pipeline,
                            .ecs = generation->options.ecs, .worker = generation->options.worker,
                            .workers = generation->options.workers};
    generation->inputs = list_add(&generation->arena, generation->inputs, generation->input_count,
                                  &generation->input_capacity, input);
    generation->input_count++;
}

/* `if` around inputs is refused or warned of by the checker; all inputs are started, as in Logstash. */
static bool inputs_build(struct generation *generation, const struct statements *list)
{
    bool ok = true;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        if (statement->kind == STATEMENT_BRANCH) {
            for (uint32_t k = 0; k < statement->branch->count; k++)
                if (!inputs_build(generation, &statement->branch->arms[k].block)) ok = false;
            continue;
        }
        if (!statement->plugin->input) continue; /* unknown: the checker said so */
        if (statement->plugin->input->is_single && generation->options.worker > 0) continue;
        struct input *input = input_build(generation, statement->plugin);
        if (!input) {
            ok = false;
            continue;
        }
        generation->inputs = list_add(&generation->arena, generation->inputs,
                                      generation->input_count, &generation->input_capacity, input);
        generation->input_count++;
    }
    return ok;
}

struct generation *generation_create(const struct config *config,
                                     const struct generation_options *options, struct diag *diag)
{
    struct generation *generation = xcalloc(1, sizeof *generation);
    arena_init(&generation->arena, NULL);
    generation->options = *options;
    state_scope_init(&generation->own_scope, &generation->own_budget, 1);
    if (!options->scope) generation->options.scope = &generation->own_scope;
    generation->config = config;
    generation->diag = diag;
    generation->program.pipeline = options->pipeline;
    struct compiler compiler = {.program = &generation->program,
                                .arena = &generation->arena,
                                .diag = diag,
                                .filter = filter_build,
                                .output = output_build,
                                .opaque = generation};
    bool inputs = options->input_as || inputs_build(generation, &config->sections[SECTION_INPUT]);
    if (options->input_as) input_stand_in(generation);
    bool program = compile(&compiler, config);
    program = program && overflow_link(generation->program.outputs, generation->program.output_count, diag);
    if (inputs && program) letter_wishes_check(generation);
    generation->diag = NULL;
    if (inputs && program) return generation;
    generation_destroy(generation);
    return NULL;
}

bool generation_keeps_letters(const struct generation *generation)
{
    for (uint32_t i = 0; i < generation->program.output_count; i++)
        if (output_letters_topic(generation->program.outputs[i]).len) return true;
    return false;
}

struct flow_plugins generation_plugins(const struct generation *generation)
{
    const struct program *program = &generation->program;
    assert(generation->options.worker == 0);
    return (struct flow_plugins){generation->inputs, generation->input_count,
                                 program->filters,   program->filter_count,
                                 program->outputs,   program->output_count};
}

void generation_destroy(struct generation *generation)
{
    struct program *program = &generation->program;
    for (uint32_t i = 0; i < generation->input_count; i++)
        if (generation->inputs[i]->type->destroy)
            generation->inputs[i]->type->destroy(generation->inputs[i]->self);
    for (uint32_t i = 0; i < program->filter_count; i++)
        if (program->filters[i]->type->destroy)
            program->filters[i]->type->destroy(program->filters[i]->self);
    for (uint32_t i = 0; i < program->output_count; i++) {
        if (program->outputs[i]->type->destroy)
            program->outputs[i]->type->destroy(program->outputs[i]->self);
        overflow_destroy(program->outputs[i]->overflow);
    }
    for (uint32_t i = 0; i < generation->codec_count; i++)
        if (generation->codecs[i]->type->destroy)
            generation->codecs[i]->type->destroy(generation->codecs[i]->self);
    program_destroy(program);
    state_scope_fini(&generation->own_scope);
    arena_fini(&generation->arena);
    free(generation);
}
