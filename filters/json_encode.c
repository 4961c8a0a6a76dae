/* SPDX-License-Identifier: Apache-2.0 */
/* json_encode: a field's value as JSON text. A field that is absent changes nothing. */
#include "core/plugin.h"
#include "core/text/json.h"

enum { JSON_GROWTH = 6 /* bytes that one of a text may become: \u0001 */ };

struct json_encode {
    struct path source, target;
};

static const struct option json_encode_options[] = {
    OPTION_PATH(struct json_encode, source, .required = true, .help = "Field to encode."),
    OPTION_PATH(struct json_encode, target, .help = "Field for the JSON text; preset: the source itself."),
    OPTION_END};

/* The encoder prints null for what lies deeper, which would be a loss. */
static bool is_too_deep(const struct value *value, uint32_t depth)
{
    if (value->kind != VALUE_ARRAY && value->kind != VALUE_MAP) return false;
    if (depth == VALUE_DEPTH_MAX) return true;
    if (value->kind == VALUE_ARRAY) {
        ARRAY_EACH(value->array, item)
            if (is_too_deep(item, depth + 1)) return true;
        return false;
    }
    MAP_EACH(value->map, entry)
        if (is_too_deep(&entry->value, depth + 1)) return true;
    return false;
}

static void event_encode(const struct json_encode *self, struct event *event, struct outcome *out)
{
    const struct path *target = self->target.text.len ? &self->target : &self->source;
    const struct value *value = path_get(&self->source, event);
    if (!value) return;
    if (!arena_allows(event->arena, value_footprint(value) * JSON_GROWTH)) {
        outcome_failed(out, event, STR("_memory_limit"));
        return;
    }
    struct buf text = buf_in_arena(event->arena);
    bool is_done = !is_too_deep(value, 0);
    if (is_done) json_encode_value(value, &text);
    if (is_done && path_set(target, event, value_string(buf_take(&text))) == PATH_SET)
        outcome_matched(out, event);
    else
        outcome_failed(out, event, STR("_jsongeneratefailure"));
}

static void json_encode_apply(void *self, struct batch *batch, const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event) event_encode(self, event, out);
}

static void json_encode_fields(const void *opaque, struct field_set *fields)
{
    const struct json_encode *self = opaque;
    fields_read(fields, &self->source);
    fields_fail(fields);
    fields_put(fields, self->target.text.len ? &self->target : &self->source, TYPE_STRING);
}

const struct filter_type filter_json_encode = {
    .name = "json_encode",
    .summary = "Writes a field as JSON text.",
    .size = sizeof(struct json_encode),
    .options = json_encode_options,
    .apply = json_encode_apply,
    .fields = json_encode_fields,
};
