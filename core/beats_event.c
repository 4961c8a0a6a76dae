/* SPDX-License-Identifier: Apache-2.0 */
#include "core/beats_event.h"
#include <assert.h>
#include "core/text/json.h"

static const struct str text_names[] = {{"message", 7}, {"line", 4}};

/* Takes the text that is for the codec out of the object. False: there is none. */
static bool text_take(struct map *map, struct str *text)
{
    for (size_t i = 0; i < sizeof text_names / sizeof *text_names; i++) {
        struct key key = key_of(text_names[i]);
        const struct value *value = map_get(map, &key);
        if (!value || value->kind == VALUE_NULL) continue;
        if (value->kind != VALUE_STRING) return false;
        *text = value_text(value);
        map_remove(map, &key);
        return true;
    }
    return false;
}

/* A codec of lines gets them one by one. */
static void decode_text(struct codec *inner, struct str text, struct decoder *decoder)
{
    while (inner->type->framing == FRAMING_LINES) {
        ptrdiff_t end = str_find(text, inner->delimiter);
        if (end < 0) break;
        inner->type->decode(inner->self, str_slice(text, 0, (size_t)end), decoder);
        text = str_from(text, (size_t)end + inner->delimiter.len);
        if (!text.len) return;
    }
    inner->type->decode(inner->self, text, decoder);
}

static void keep_broken(struct beats_event *self, struct str frame, struct decoder *decoder)
{
    decoder_failed(decoder, "a shipper's event is no JSON object");
    counter_add(&self->inner->failed, 1);
    struct event *event = decoder_event(decoder);
    if (!event) return;
    event_slot_set(event, SLOT_MESSAGE, value_string(frame));
    event_tag(event, STR("_jsonparsefailure"));
}

static void decode(void *opaque, struct str frame, struct decoder *decoder)
{
    struct beats_event *self = opaque;
    struct value object;
    struct json_report report;
    struct str text;
    self->rest = NULL;
    self->tag = (struct str){0};
    counter_add(&self->inner->decoded_frames, 1);
    if (!json_decode(frame, JSON_WHOLE, decoder_arena(decoder), &object, &report) || object.kind != VALUE_MAP) {
        keep_broken(self, frame, decoder);
    } else if (text_take(object.map, &text)) {
        self->rest = object.map;
        self->tag = self->codec_tag;
        uint64_t failed = counter_get(&self->codec.failed);
        decode_text(self->inner, text, decoder);
        counter_add(&self->inner->failed, counter_get(&self->codec.failed) - failed);
    } else {
        self->tag = STR("beats_input_raw_event");
        struct event *event = decoder_event(decoder);
        if (event) event_take_map(event, object.map);
    }
}

/* A hash over a hash is merged, one level deep; else the shipper's value stands. */
static void merge(struct event *event, const struct entry *entry, struct value value)
{
    struct value *there = map_get(&event->root, &entry->key);
    if (!there || there->kind != VALUE_MAP || value.kind != VALUE_MAP) {
        event_set_decoded(event, entry->key, value);
        return;
    }
    MAP_EACH(value.map, inner)
    {
        if (inner->value.kind != VALUE_MISSING) map_set(there->map, event->arena, inner->key, inner->value);
    }
}

static void copy_hostname(const struct beats_event *self, struct event *event)
{
    const struct value *name = path_get(&self->hostname, event);
    if (name && name->kind == VALUE_STRING && !path_get(&self->host, event)) path_set(&self->host, event, *name);
}

void beats_event_decorate(struct beats_event *self, struct event *event)
{
    counter_add(&self->inner->decoded_events, 1);
    if (self->rest) {
        MAP_EACH(self->rest, entry)
        {
            if (entry->value.kind == VALUE_MISSING) continue;
            bool is_shared = !self->is_plain && entry->value.kind >= VALUE_ARRAY;
            merge(event, entry, is_shared ? value_copy(event->arena, &entry->value, false) : entry->value);
        }
    }
    if (self->copies_hostname) copy_hostname(self, event);
    if (self->has_tags && self->tag.len) event_tag(event, self->tag);
}

static const struct codec_type beats_codec = {
    .name = "beats", .summary = "A shipper's object.", .framing = FRAMING_WHOLE, .decode = decode};

static struct path path_of(const char *reference, struct arena *arena)
{
    struct path path;
    bool is_good = path_compile(&path, str_of(reference), arena);
    assert(is_good);
    (void)is_good;
    return path;
}

bool beats_event_create(struct beats_event *self, const struct plugin_context *context)
{
    struct codec *inner = context->codec;
    self->inner = inner;
    self->codec = (struct codec){.type = &beats_codec, .self = self, .id = inner->id};
    self->is_plain = strcmp(inner->type->name, "plain") == 0;
    struct buf tag = buf_in_arena(context->arena);
    buf_printf(&tag, "beats_input_codec_%s_applied", inner->type->name);
    self->codec_tag = buf_take(&tag);
    self->hostname = path_of("[beat][hostname]", context->arena);
    self->host = path_of("host", context->arena);
    if (!inner->join) return true;
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "codec"),
                         "the codec %s cannot be used here: events of several files come over one connection",
                         inner->type->name),
              "join lines in the shipper (Filebeat: multiline)");
    return false;
}
