/* SPDX-License-Identifier: Apache-2.0 */
/* json: parses the text of a field. The object's members become fields of the event, or the value
 * goes to `target`. Text behind the document is ignored, as in Logstash. */
#include "core/text/json.h"
#include "core/plugin.h"

struct json {
    struct path source, target;
    struct str_list tag_on_failure;
    bool skip_on_invalid_json;
};

static const struct option options[] = {
    OPTION_PATH(struct json, source, .required = true, .help = "Field that holds the JSON text."),
    OPTION_PATH(struct json, target, .help = "Field for the value; preset: the event itself."),
    OPTION_STRINGS(struct json, tag_on_failure, .preset = "_jsonparsefailure",
                   .help = "Tags when the text is not JSON, or no object and there is no target."),
    OPTION_BOOL(struct json, skip_on_invalid_json, .preset = "false",
                .help = "Let text that is not JSON pass without tags."),
    OPTION_END};

/* `tags` must be a string or strings; Logstash raises for anything else. */
static bool is_tags(const struct value *value)
{
    if (value->kind != VALUE_ARRAY) return value->kind == VALUE_STRING;
    ARRAY_EACH(value->array, item)
        if (item->kind != VALUE_STRING) return false;
    return true;
}

/* Names are references here: `[a][b]` nests. */
static bool take_member(struct event *event, const struct entry *member)
{
    struct path path;
    struct str name = key_text(&member->key);
    if (str_eq(name, STR("tags")) && !is_tags(&member->value)) return false;
    if (str_find(name, STR("[")) >= 0)
        return path_compile(&path, name, event->arena) &&
               path_set(&path, event, member->value) == PATH_SET;
    event_set_decoded(event, member->key, member->value);
    return true;
}

static bool take_members(struct event *event, const struct map *map)
{
    MAP_EACH(map, member)
        if (!take_member(event, member)) return false;
    return true;
}

static void apply_event(const struct json *self, struct event *event, struct outcome *out)
{
    const struct value *source = path_get(&self->source, event);
    struct value value = value_null();
    struct json_report report;
    if (!source || source->kind == VALUE_NULL) return;
    if (source->kind == VALUE_BOOL && !source->boolean) return;
    bool is_read = source->kind == VALUE_STRING;
    if (is_read && !json_is_blank(value_text(source)))
        is_read = json_decode(value_text(source), JSON_LEADING, event->arena, &value, &report);
    if (!is_read && self->skip_on_invalid_json) return;
    bool is_taken = is_read && (self->target.text.len
                                    ? path_set(&self->target, event, value) == PATH_SET
                                    : value.kind == VALUE_MAP && take_members(event, value.map));
    if (is_taken)
        outcome_matched(out, event);
    else
        outcome_failed_tags(out, event, self->tag_on_failure);
}

static void apply(void *self, struct batch *batch, const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event) apply_event(self, event, out);
}

static void fields(const void *opaque, struct field_set *said)
{
    const struct json *self = opaque;
    fields_read(said, &self->source);
    fields_fail(said);
    if (self->target.text.len) {
        fields_put(said, &self->target, TYPE_ANY);
        return;
    }
    fields_open(said);
    fields_fail(said); /* in the midst of the members */
}

const struct filter_type filter_json = {
    .name = "json",
    .summary = "Parses JSON text of a field.",
    .size = sizeof(struct json),
    .options = options,
    .apply = apply,
    .fields = fields,
};
