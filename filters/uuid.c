/* SPDX-License-Identifier: Apache-2.0 */
/* uuid: gives each event a random UUID, of version 4. */
#include "core/plugin.h"
#include "core/text/uuid.h"

struct uuid {
    struct path target;
    bool overwrite;
    struct uuid_source source;
};

static const struct option uuid_options[] = {
    OPTION_PATH(struct uuid, target, .required = true, .help = "Field that gets the UUID."),
    OPTION_BOOL(struct uuid, overwrite, .preset = "false", .help = "Replace a value that is there."),
    OPTION_END};

static void uuid_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct uuid *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        const struct value *value = path_get(&self->target, event);
        if (self->overwrite || !value || value->kind == VALUE_NULL) {
            char *text = arena_alloc(event->arena, UUID_SIZE);
            uuid_next(&self->source, text);
            path_set(&self->target, event,
                     value_string_flagged((struct str){text, UUID_SIZE}, STRING_ASCII | STRING_UTF8));
        }
        outcome_matched(out, event);
    }
}

static void uuid_fields(const void *opaque, struct field_set *fields)
{
    const struct uuid *self = opaque;
    if (self->overwrite) fields_put(fields, &self->target, TYPE_STRING);
    else fields_may_put(fields, &self->target, TYPE_STRING);
}

const struct filter_type filter_uuid = {
    .name = "uuid",
    .summary = "Gives each event a random UUID.",
    .size = sizeof(struct uuid),
    .options = uuid_options,
    .apply = uuid_apply,
    .fields = uuid_fields,
};
