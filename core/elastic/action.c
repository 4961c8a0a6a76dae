/* SPDX-License-Identifier: Apache-2.0 */
/* An event's part of a bulk request: the action line and, but for delete, the document's line. */
#include "core/elastic/elastic.h"
#include "core/event/packed.h"
#include "core/text/json.h"

/* ---- what an event says of its document ---- */

/* The option's text, or what the event carries for it. Empty: none. */
static struct str option_or_meta(const struct template *option, const struct path *meta, bool has_meta,
                                 const struct event *event)
{
    if (option->text.len) return template_render(option, event);
    const struct value *value = has_meta ? path_get(meta, event) : NULL;
    if (!value) return (struct str){0};
    struct buf text = buf_in_arena(event->arena);
    value_print(value, &text);
    return buf_take(&text);
}

static void part_append(const struct path *path, const struct event *event, struct buf *out)
{
    const struct value *value = path_get(path, event);
    if (value) value_print(value, out);
}

/* topic-partition-offset; further events of one record, which stand behind each other, get a number. Empty
 * for events that do not come from Kafka. */
static struct str kafka_id(struct elastic *self, const struct event *event)
{
    struct buf *id = &self->id_text;
    buf_clear(id);
    if (!path_get(&self->kafka_offset, event)) return (struct str){0};
    part_append(&self->kafka_topic, event, id);
    buf_append_char(id, '-');
    part_append(&self->kafka_partition, event, id);
    buf_append_char(id, '-');
    part_append(&self->kafka_offset, event, id);
    if (str_eq(buf_str(id), buf_str(&self->last_id))) {
        buf_printf(id, "-%u", ++self->same_id);
    } else {
        buf_clear(&self->last_id);
        buf_append(&self->last_id, buf_str(id));
        self->same_id = 0;
    }
    return buf_str(id);
}

static struct str stream_part(const struct elastic *self, const struct event *event, const char *name,
                              struct str preset)
{
    const struct value *fields = path_get(&self->data_stream_fields, event);
    if (!self->options.data_stream_auto_routing || !fields || fields->kind != VALUE_MAP) return preset;
    struct key key = key_of(str_of(name));
    const struct value *part = map_get(fields->map, &key);
    return value_is_string(part) && part->len ? value_text(part) : preset;
}

struct stream_name { struct str type, dataset, namespace; };

static struct stream_name stream_of(const struct elastic *self, const struct event *event)
{
    const struct elastic_options *options = &self->options;
    struct str type = str_of(elastic_stream_types[options->data_stream_type.value]);
    return (struct stream_name){stream_part(self, event, "type", type),
                                stream_part(self, event, "dataset", options->data_stream_dataset),
                                stream_part(self, event, "namespace", options->data_stream_namespace)};
}

static struct str index_of(struct elastic *self, const struct event *event, bool has_meta)
{
    struct buf *text = &self->index_text;
    buf_clear(text);
    if (self->is_data_stream) {
        struct stream_name name = stream_of(self, event);
        buf_append(text, name.type);
        buf_append_char(text, '-');
        buf_append(text, name.dataset);
        buf_append_char(text, '-');
        buf_append(text, name.namespace);
        return buf_str(text);
    }
    if (has_meta && !self->is_index_given) part_append(&self->meta_index, event, text);
    if (text->len) return buf_str(text);
    const struct template *index = self->is_using_alias ? &self->ilm_index : &self->options.index;
    if (index->is_literal) return index->text;
    template_append(index, event, text);
    return buf_str(text);
}

static enum elastic_action action_read(const struct elastic *self, const struct event *event)
{
    static const char *const names[] = {"index", "create", "update", "delete", NULL};
    struct str text = template_render(&self->options.action, event);
    for (uint32_t i = 0; names[i]; i++)
        if (str_eq_z(text, names[i])) return (enum elastic_action)i;
    return ACTION_UNKNOWN;
}

static void action_fill(struct elastic *self, const struct event *event, struct bulk_action *action)
{
    const struct elastic_options *options = &self->options;
    struct path *meta = &self->meta;
    bool has_meta = event->metadata.live && path_get(meta, event);
    *action = (struct bulk_action){.index = index_of(self, event, has_meta)};
    action->id = self->is_id_kafka ? kafka_id(self, event)
                                   : option_or_meta(&options->document_id, &self->meta_id, has_meta, event);
    if (self->is_plain && !has_meta && !event->metadata.live) return;
    action->action = action_read(self, event);
    action->routing = option_or_meta(&options->routing, &self->meta_routing, has_meta, event);
    action->pipeline = option_or_meta(&options->pipeline, &self->meta_pipeline, has_meta, event);
    if (!action->pipeline.len && !options->pipeline.text.len)
        action->pipeline = option_or_meta(&options->pipeline, &self->target_pipeline, true, event);
    action->version = option_or_meta(&options->version, &self->meta_version, has_meta, event);
    if (options->version_type.value)
        action->version_type = str_of(elastic_version_types[options->version_type.value]);
    else if (has_meta)
        action->version_type = option_or_meta(&(struct template){0}, &self->meta_version_type, true, event);
}

/* ---- its lines ---- */

static void member_append(struct buf *out, const char *name, struct str text)
{
    if (!text.len) return;
    if (out->ptr[out->len - 1] != '{') buf_append_char(out, ',');
    buf_printf(out, "\"%s\":", name);
    json_encode_string(text, out);
}

static void action_line(const struct elastic *self, const struct bulk_action *action, struct buf *out)
{
    static const char *const names[] = {"index", "create", "update", "delete"};
    buf_printf(out, "{\"%s\":{", names[action->action]);
    member_append(out, "_index", action->index);
    member_append(out, "_id", action->id);
    member_append(out, "routing", action->routing);
    if (action->action != ACTION_DELETE) member_append(out, "pipeline", action->pipeline);
    member_append(out, "version", action->version);
    member_append(out, "version_type", action->version_type);
    if (action->action == ACTION_UPDATE)
        buf_printf(out, ",\"retry_on_conflict\":%d", (int)self->options.retry_on_conflict);
    buf_append_z(out, "}}\n");
}

/* Of events to one index without ids the line is the same: it is kept. */
static void action_line_kept(struct elastic *self, const struct bulk_action *action, struct buf *out)
{
    if (action->id.len || action->action != ACTION_INDEX || action->routing.len || action->pipeline.len ||
        action->version.len) {
        action_line(self, action, out);
        return;
    }
    if (!self->line.len || !str_eq(action->index, buf_str(&self->last_index))) {
        buf_clear(&self->line);
        buf_clear(&self->last_index);
        buf_append(&self->last_index, action->index);
        action_line(self, action, &self->line);
    }
    buf_append(out, buf_str(&self->line));
}

/* data_stream.*, as far as the document has none of its own. */
static void stream_append(const struct elastic *self, const struct event *event, struct buf *out)
{
    struct stream_name name = stream_of(self, event);
    assert(out->ptr[out->len - 1] == '}');
    buf_truncate(out, out->len - 1);
    buf_append_z(out, ",\"data_stream\":{");
    member_append(out, "type", name.type);
    member_append(out, "dataset", name.dataset);
    member_append(out, "namespace", name.namespace);
    buf_append_z(out, "}}");
}

/* The document has fields data_stream.* already: a copy gets those that it lacks. */
static void stream_merge(struct elastic *self, const struct event *event, struct buf *out)
{
    struct stream_name name = stream_of(self, event);
    const struct { struct str name, text; } parts[] = {
        {STR("type"), name.type}, {STR("dataset"), name.dataset}, {STR("namespace"), name.namespace}};
    struct event copy;
    event_init(&copy, event->arena, event_now());
    event_copy(&copy, event, false);
    struct value *fields = path_get(&self->data_stream_fields, &copy);
    if (fields->kind != VALUE_MAP) *fields = value_map(event->arena, 3);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        map_set(fields->map, event->arena, key_of(parts[i].name), value_string(parts[i].text));
    json_encode_event(&copy, &self->times, out);
}

static void source_append(struct elastic *self, const struct event *event, struct buf *out)
{
    bool is_synced = self->is_data_stream && self->options.data_stream_sync_fields;
    if (is_synced && path_get(&self->data_stream_fields, event)) {
        stream_merge(self, event, out);
        return;
    }
    json_encode_event(event, &self->times, out);
    if (is_synced) stream_append(self, event, out);
}

static void script_append(const struct elastic *self, const struct event *event, struct buf *out)
{
    static const char *const kinds[] = {"inline", "id", "file"};
    const struct elastic_options *options = &self->options;
    const char *kind = options->script_type.value ? kinds[options->script_type.value] : "source";
    buf_append_z(out, "{\"script\":{");
    if (options->script_type.value == 0) member_append(out, "lang", options->script_lang);
    member_append(out, kind, template_render(&options->script, event));
    buf_append_z(out, ",\"params\":{");
    json_encode_string(options->script_var_name, out);
    buf_append_char(out, ':');
}

/* The document's place is filled in: it is what stands within. */
static void update_append(struct elastic *self, const struct event *event, struct buf *out, struct parcel_item *item)
{
    const struct elastic_options *options = &self->options;
    bool has_script = options->script.text.len;
    if (has_script)
        script_append(self, event, out);
    else
        buf_append_z(out, "{\"doc\":");
    item->document = (uint32_t)out->len;
    source_append(self, event, out);
    item->document_end = (uint32_t)out->len;
    if (has_script) buf_append_z(out, "}}");
    if (has_script && options->scripted_upsert) buf_append_z(out, ",\"scripted_upsert\":true");
    if (options->doc_as_upsert && !has_script) buf_append_z(out, ",\"doc_as_upsert\":true");
    struct str upsert = options->upsert.text.len ? template_render(&options->upsert, event) : (struct str){0};
    struct str document = str_slice(buf_str(out), item->document, item->document_end);
    if (!upsert.len && options->scripted_upsert) upsert = STR("{}");
    if (!upsert.len && has_script && options->doc_as_upsert) upsert = arena_copy(event->arena, document);
    if (upsert.len) buf_append_z(out, ",\"upsert\":");
    buf_append(out, upsert);
    buf_append_z(out, "}\n");
}

static const char *problem_of(const struct elastic *self, const struct bulk_action *action)
{
    if (action->action == ACTION_UNKNOWN) return "its action is none of index, create, update, delete";
    if (!action->index.len || action->index.len > ELASTIC_NAME_MAX)
        return "its index has no name, or one above 255 bytes";
    if (self->options.dlq_on_failed_indexname_interpolation && str_find(action->index, STR("%{")) >= 0)
        return "a field that names its index is missing";
    if (action->id.len > ELASTIC_ID_MAX) return "its document id has more than 512 bytes";
    if (!action->id.len && action->action >= ACTION_UPDATE) return "update and delete need a document id";
    return NULL;
}

/* What a dead letter needs, where there are dead letters: of a delete the event, else the metadata. */
static void beside_append(const struct elastic *self, const struct event *event, bool has_document, struct buf *out)
{
    if (!self->output->dead_letters) return;
    if (!has_document)
        pack_event(out, event);
    else if (event->metadata.live)
        pack_value(out, &event->metadata_value);
}

const char *action_append(struct elastic *self, const struct event *event, struct parcel *parcel,
                          struct parcel_item *item)
{
    struct bulk_action action;
    struct buf *out = &parcel->data;
    action_fill(self, event, &action);
    const char *problem = problem_of(self, &action);
    if (problem) return problem;
    action_line_kept(self, &action, out);
    item->document = item->document_end = (uint32_t)out->len;
    item->key = action.id.len ? key_hash(action.id) | 1 : 0;
    if (action.action == ACTION_UPDATE) {
        update_append(self, event, out, item);
    } else if (action.action != ACTION_DELETE) {
        source_append(self, event, out);
        item->document_end = (uint32_t)out->len;
        buf_append_char(out, '\n');
    }
    beside_append(self, event, item->document_end > item->document, &parcel->beside);
    return NULL;
}

bool action_restore(void *opaque, struct str document, struct str beside, struct event *event)
{
    (void)opaque;
    if (!document.len) return unpack_event(&beside, event);
    struct value root, metadata;
    struct json_report report;
    if (!json_decode(document, JSON_WHOLE, event->arena, &root, &report) || root.kind != VALUE_MAP) return false;
    event_take_map(event, root.map);
    if (beside.len && unpack_value(&beside, event->arena, &metadata))
        event_set_decoded(event, key_of(STR("@metadata")), metadata);
    return true;
}
