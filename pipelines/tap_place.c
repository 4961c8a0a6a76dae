/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/tap_place.h"
#include <assert.h>
#include "core/diag.h"
#include "pipelines/components.h"

enum { IDS_MAX = 1024 }; /* ids that are told and looked through for a near one */

struct names {
    struct str items[IDS_MAX];
    uint32_t count;
};

static void name_add(struct names *names, struct str name)
{
    if (names->count < IDS_MAX) names->items[names->count++] = name;
}

static unsigned refuse(json_t **error, unsigned status, const char *hint, struct str text)
{
    *error = json_pack("{s:s%}", "message", text.ptr, text.len);
    if (hint) json_object_set_new(*error, "hint", json_string(hint));
    return status;
}

/* "there is no pipeline `x`", with a near name, and all there are. */
static unsigned refuse_unknown(json_t **error, const char *what, struct str word,
                               const struct names *names)
{
    struct buf text = {0}, hint = {0};
    struct str near = suggest(word, names->items, names->count);
    buf_printf(&text, "there is no %s `%.*s`", what, STR_ARG(word));
    if (near.len) buf_printf(&hint, "did you mean `%.*s`?", STR_ARG(near));
    refuse(error, 404, near.len ? buf_z(&hint) : NULL, buf_str(&text));
    json_t *ids = json_array();
    for (uint32_t i = 0; i < names->count; i++)
        json_array_append_new(ids, json_stringn(names->items[i].ptr, names->items[i].len));
    json_object_set_new(*error, "ids", ids);
    buf_fini(&text);
    buf_fini(&hint);
    return 404;
}

/* ---- the pipeline ---- */

static unsigned pipeline_find(const struct supervisor *supervisor, struct tap_options *options,
                              struct tap_place *place, json_t **error)
{
    struct names names = {.count = 0};
    for (uint32_t i = 0; i < supervisor->pipeline_count; i++)
        name_add(&names, supervisor->pipelines[i]->id);
    bool is_clear = !options->pipeline.len && supervisor->pipeline_count == 1;
    if (is_clear) options->pipeline = supervisor->pipelines[0]->id;
    for (uint32_t i = 0; i < supervisor->pipeline_count; i++) {
        if (!str_eq(supervisor->pipelines[i]->id, options->pipeline)) continue;
        place->pipeline = i;
        if (!pipeline_has_ended(supervisor->pipelines[i])) return 0;
        return refuse(error, 409, NULL, STR("the pipeline has ended"));
    }
    unsigned status = refuse_unknown(error, "pipeline", options->pipeline, &names);
    if (!options->pipeline.len)
        json_object_set_new(*error, "message", json_string("which pipeline? there are several"));
    return status;
}

/* ---- the place in it ---- */

static uint32_t instruction_of(const struct program *program, enum opcode opcode, uint32_t number)
{
    uint32_t at = 0;
    while (program->code[at].opcode != opcode || program->code[at].a != number) at++;
    return at;
}

static void whole_place(const struct program *program, struct tap_options *options,
                        struct tap_place *place)
{
    if (options->at.value == TAP_AT_AUTO) options->at.value = TAP_AT_OUT;
    place->in = (struct tap_point){0, false};
    place->out = (struct tap_point){program->outputs_at, false};
}

static unsigned input_place(const struct generation *generation, struct tap_options *options,
                            struct tap_place *place, json_t **error)
{
    if (options->at.value == TAP_AT_IN || options->at.value == TAP_AT_BOTH)
        return refuse(error, 400, "leave `at` out", STR("nothing is before an input"));
    if (generation->input_count > 1)
        return refuse(error, 400,
                      "tap the pipeline with at=in, and tell them apart by a field with where",
                      STR("the events of several inputs enter the filters together"));
    options->at.value = TAP_AT_OUT;
    place->out = (struct tap_point){0, false};
    return 0;
}

static unsigned output_place(const struct program *program, uint32_t number,
                             struct tap_options *options, struct tap_place *place, json_t **error)
{
    if (options->at.value == TAP_AT_OUT || options->at.value == TAP_AT_BOTH)
        return refuse(error, 400, "leave `at` out", STR("nothing comes out of an output"));
    options->at.value = TAP_AT_IN;
    place->in = (struct tap_point){instruction_of(program, OP_OUTPUT, number), false};
    return 0;
}

static void filter_place(const struct program *program, uint32_t number,
                         struct tap_options *options, struct tap_place *place)
{
    uint32_t at = instruction_of(program, OP_FILTER, number);
    if (options->at.value == TAP_AT_AUTO) options->at.value = TAP_AT_BOTH;
    place->in = (struct tap_point){at, false};
    place->out = (struct tap_point){at, true};
}

static unsigned plugin_place(const struct generation *generation, struct tap_options *options,
                             struct tap_place *place, json_t **error)
{
    static const enum component_kind kinds[] = {COMPONENT_INPUT, COMPONENT_FILTER,
                                                COMPONENT_OUTPUT};
    struct names names = {.count = 0};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (uint32_t i = 0; i < component_count(generation, kinds[k]); i++) {
            struct str id = component_at(generation, kinds[k], i).id;
            name_add(&names, id);
            if (!str_eq(id, options->plugin)) continue;
            if (kinds[k] == COMPONENT_INPUT) return input_place(generation, options, place, error);
            if (kinds[k] == COMPONENT_OUTPUT)
                return output_place(&generation->program, i, options, place, error);
            filter_place(&generation->program, i, options, place);
            return 0;
        }
    return refuse_unknown(error, "plugin", options->plugin, &names);
}

unsigned tap_place_find(const struct supervisor *supervisor, struct tap_options *options,
                        struct tap_place *place, json_t **error)
{
    *place = (struct tap_place){0};
    unsigned status = pipeline_find(supervisor, options, place, error);
    if (status) return status;
    const struct generation *generation =
        component_generation(supervisor->pipelines[place->pipeline]);
    if (options->plugin.len) return plugin_place(generation, options, place, error);
    whole_place(&generation->program, options, place);
    return 0;
}
