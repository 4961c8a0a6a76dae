/* SPDX-License-Identifier: Apache-2.0 */
/* clone: copies of an event, behind it; the event itself goes on as it is. Each copy is marked with the name
 * it was made by: in `type`, in ECS mode among the tags. The common options are for the copies. Copies that do
 * not fit in a batch are not made, none of them: the event is tagged `_memory_limit`. */
#include "core/log.h"
#include "core/plugin.h"

struct clone {
    struct str_list clones;
    struct path type;
    bool is_ecs;
    struct str id;
};

static const struct option clone_options[] = {
    OPTION_STRINGS(struct clone, clones, .required = true,
                   .help = "A copy for each name; it is the copy's `type`, in ECS mode one of its tags."),
    OPTION_END};

static bool has_room(const struct clone *self, const struct event *event, const struct batch *batch)
{
    size_t each = event_footprint(event) + 4 * sizeof(struct outcome_child);
    return self->clones.count <= BATCH_EVENTS_MAX - batch->count &&
           arena_allows(event->arena, self->clones.count * each);
}

static void copies_make(const struct clone *self, struct event *event, struct outcome *out)
{
    for (uint32_t i = 0; i < self->clones.count; i++) {
        struct event *copy = outcome_child(out, event, true);
        assert(copy);
        event_copy(copy, event, false);
        if (self->is_ecs)
            event_tag(copy, self->clones.items[i]);
        else
            path_set(&self->type, copy, value_string(self->clones.items[i]));
    }
}

static void clone_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    const struct clone *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        if (has_room(self, event, batch)) {
            copies_make(self, event, out);
            continue;
        }
        LOG(LOG_WARN, "clone.memory_limit", self->id,
            "an event is not copied, there is no room in the %d MiB of a batch: it goes on tagged _memory_limit",
            ARENA_BYTES_MAX >> 20);
        outcome_failed(out, event, STR("_memory_limit"));
    }
}

static bool clone_create(void *opaque, const struct plugin_context *context)
{
    struct clone *self = opaque;
    self->id = context->id;
    self->is_ecs = context->ecs != ECS_DISABLED;
    bool ok = path_compile(&self->type, STR("type"), context->arena);
    assert(ok);
    if (self->clones.count) return ok;
    struct place place = context_place(context, "clones");
    diag_hint(context->diag, diag_warning(context->diag, place, "no copies are made: `clones` is empty"),
              "name each copy: [\"audit\"]");
    return ok;
}

static void clone_fields(const void *opaque, struct field_set *fields)
{
    const struct clone *self = opaque;
    fields_fail(fields); /* the event itself */
    if (self->clones.count && !self->is_ecs) fields_put(fields, &self->type, TYPE_STRING);
}

const struct filter_type filter_clone = {
    .name = "clone",
    .summary = "Copies events.",
    .size = sizeof(struct clone),
    .options = clone_options,
    .create = clone_create,
    .apply = clone_apply,
    .fields = clone_fields,
    .is_ecs = true,
};
