/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/filters.h"
#include <stdlib.h>
#include "core/xmalloc.h"

/* ---- JSON as a configuration ---- */

static struct config_value config_of(struct arena *arena, json_t *json)
{
    struct config_value value = {.kind = CONFIG_STRING};
    const char *name;
    json_t *item;
    size_t i, count = json_is_object(json) ? json_object_size(json) : json_array_size(json);
    if (json_is_string(json))
        value.text = arena_copy(arena, str_of(json_string_value(json)));
    else if (!json_is_object(json) && !json_is_array(json)) {
        char *text = json_dumps(json, JSON_ENCODE_ANY);
        value.kind = json_is_boolean(json) ? CONFIG_BAREWORD : CONFIG_NUMBER;
        value.text = arena_copy(arena, str_of(text));
        free(text);
    } else {
        value.kind = json_is_object(json) ? CONFIG_HASH : CONFIG_ARRAY;
        value.items = arena_zalloc(arena, (count + 1) * sizeof value);
        json_array_foreach(json, i, item) value.items[value.count++] = config_of(arena, item);
        value.keys = arena_zalloc(arena, (count + 1) * sizeof value);
        json_object_foreach(json, name, item)
        {
            value.keys[value.count].kind = CONFIG_STRING;
            value.keys[value.count].text = arena_copy(arena, str_of(name));
            value.items[value.count++] = config_of(arena, item);
        }
    }
    return value;
}

struct setting *rig_settings(struct arena *arena, const char *text, uint32_t *count)
{
    json_t *json = scene_json(text);
    struct config_value hash = config_of(arena, json);
    json_decref(json);
    assert(hash.kind == CONFIG_HASH);
    struct setting *settings = arena_zalloc(arena, (hash.count + 1) * sizeof *settings);
    for (uint32_t i = 0; i < hash.count; i++)
        settings[i] = (struct setting){.key = hash.keys[i].text, .value = hash.items[i]};
    *count = hash.count;
    return settings;
}

/* ---- the host's part ---- */

/* The host has these; without it there are no places and no children's order to keep. */
__attribute__((weak)) struct place context_place(const struct plugin_context *context,
                                                 const char *option)
{
    (void)option;
    return context->place;
}

__attribute__((weak)) struct event *outcome_child(struct outcome *out, struct event *parent,
                                                  bool matched)
{
    struct event *event = batch_child(out->batch, parent);
    if (!event) return NULL;
    assert(out->created < out->children_capacity);
    out->children[out->created++] = (struct outcome_child){event, matched};
    out->fate[event->index] = matched ? FATE_MATCHED : FATE_PASSED;
    return event;
}

enum { RIG_EVENTS = 4096 }; /* a rig's scene may have */

bool rig_open_ecs(struct rig *rig, struct scene *scene, const struct filter_type *type,
                  const char *options, enum ecs ecs)
{
    *rig = (struct rig){.scene = scene, .type = type};
    diag_init(&rig->diag);
    rig->out = (struct outcome){.batch = scene->batch,
                                .fate = xcalloc(1, RIG_EVENTS),
                                .children = xcalloc(RIG_EVENTS, sizeof(struct outcome_child)),
                                .children_capacity = RIG_EVENTS};
    state_scope_init(&rig->scope, &rig->budget, 1);
    rig->self = arena_zalloc(&scene->config, type->size ? type->size : sizeof(void *));
    struct plugin_context context = {.diag = &rig->diag, .arena = &scene->config, .ecs = ecs,
                                     .id = str_of(type->name), .workers = 1,
                                     .scope = &rig->scope, .shared = &rig->shared};
    context.settings = rig_settings(&scene->config, options, &context.setting_count);
    struct options_context loading = {.diag = &rig->diag, .arena = &scene->config,
                                      .section = "filter", .plugin = str_of(type->name)};
    bool loaded = !type->options || options_load(type->options, rig->self, context.settings,
                                                 context.setting_count, &loading);
    rig->is_open = loaded && (!type->create || type->create(rig->self, &context));
    return rig->is_open;
}

bool rig_open(struct rig *rig, struct scene *scene, const struct filter_type *type,
              const char *options)
{
    return rig_open_ecs(rig, scene, type, options, ECS_DISABLED);
}

static void run(struct rig *rig, const uint32_t *index, uint32_t count)
{
    assert(rig->is_open && rig->scene->batch->count <= RIG_EVENTS);
    struct selection in = {index, count};
    rig->type->apply(rig->self, rig->scene->batch, &in, &rig->out);
}

void rig_run(struct rig *rig, struct event *event) { run(rig, &event->index, 1); }

void rig_run_all(struct rig *rig)
{
    uint32_t index[RIG_EVENTS], count = 0;
    for (uint32_t i = 0; i < rig->scene->batch->count; i++)
        if (!rig->scene->batch->events[i]->is_cancelled) index[count++] = i;
    run(rig, index, count);
}

uint32_t rig_flush(struct rig *rig, bool is_final)
{
    uint32_t before = rig->out.created;
    rig->out.has_more = false;
    rig->type->flush(rig->self, rig->scene->batch, &rig->out, is_final);
    return rig->out.created - before;
}

enum fate rig_fate(const struct rig *rig, const struct event *event)
{
    return (enum fate)rig->out.fate[event->index];
}

const char *rig_complaint(struct rig *rig)
{
    buf_clear(&rig->complaint);
    for (uint32_t i = 0; i < rig->diag.count; i++) {
        if (i) buf_append_char(&rig->complaint, '\n');
        buf_append(&rig->complaint, rig->diag.messages[i].text);
    }
    return buf_z(&rig->complaint);
}

void rig_close(struct rig *rig)
{
    if (rig->is_open && rig->type->destroy) rig->type->destroy(rig->self);
    state_scope_fini(&rig->scope);
    diag_fini(&rig->diag);
    buf_fini(&rig->complaint);
    free(rig->out.fate);
    free(rig->out.children);
}
