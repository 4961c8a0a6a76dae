/* SPDX-License-Identifier: Apache-2.0 */
#include "core/codec.h"
#include "core/text/json.h"

#define CHARSET_HELP "Character set of the bytes: UTF-8, BINARY, or any that libc's iconv knows."

const struct option text_codec_options[] = {
    OPTION_STRING(struct text_codec, charset, .preset = "UTF-8", .help = CHARSET_HELP),
    OPTION_TEMPLATE(struct text_codec, format,
                    .help = "Text of an event when encoding; preset: time, host and message."),
    OPTION_END};

const struct option json_codec_options[] = {
    OPTION_STRING(struct json_codec, charset, .preset = "UTF-8", .help = CHARSET_HELP),
    OPTION_PATH(struct json_codec, target,
                .help = "Field to put the decoded object under; preset: the event itself."),
    OPTION_END};

static bool charset_create(struct charset *charset, struct str name,
                           const struct plugin_context *context)
{
    if (charset_open(charset, name)) return true;
    struct message *message = diag_error(context->diag, context_place(context, "charset"),
                                         "unknown character set `%.*s`", STR_ARG(name));
    diag_hint(context->diag, message, "`iconv -l` lists those of this system");
    return false;
}

bool codec_set_delimiter(const struct plugin_context *context, struct str delimiter)
{
    context->codec->delimiter = delimiter;
    if (delimiter.len) return true;
    struct message *message =
        diag_error(context->diag, context_place(context, "delimiter"), "`delimiter` is empty");
    diag_hint(context->diag, message, "leave it out to cut at newlines");
    return false;
}

/* Computed once before main() and never changed, as in core/event/event.c. */
static struct key key_event, key_original;

__attribute__((constructor)) static void keys_prepare(void)
{
    key_event = key_of(STR("event"));
    key_original = key_of(STR("original"));
}

void event_keep_original(struct event *event, struct value text)
{
    struct value *at = map_get(&event->root, &key_event);
    if (at && at->kind != VALUE_MAP) return; /* a field of that name that is no object stays */
    struct value map = at ? *at : value_map(event->arena, 1);
    if (!at) map_append(&event->root, event->arena, key_event, map);
    if (!map_get(map.map, &key_original)) map_append(map.map, event->arena, key_original, text);
}

/* ---- plain text ---- */

bool text_codec_create(struct text_codec *self, const struct plugin_context *context)
{
    self->keeps_original = context->ecs != ECS_DISABLED;
    return charset_create(&self->from, self->charset, context);
}

struct event *text_codec_decode(const struct text_codec *self, struct str frame, struct decoder *decoder)
{
    struct event *event = decoder_event(decoder);
    if (!event) return NULL;
    struct value text = charset_decode(&self->from, frame, event->arena);
    event_slot_set(event, SLOT_MESSAGE, text);
    if (text.flags & STRING_BINARY && self->from.kind == CHARSET_UTF8)
        event_tag(event, STR("_invalid_utf8"));
    if (self->keeps_original) event_keep_original(event, text);
    return event;
}

/* The value's text, or the placeholder that sprintf leaves for an absent field. */
static void print_or(const struct value *value, struct str placeholder, struct buf *out)
{
    if (!value || value->kind == VALUE_NULL)
        buf_append(out, placeholder);
    else if (value->kind == VALUE_MAP)
        value_print_java(value, out); /* `host` of ECS is an object */
    else
        value_print(value, out);
}

void text_codec_encode(const struct text_codec *self, const struct event *event, struct buf *out)
{
    if (self->format.text.len) return template_append(&self->format, event, out);
    struct key host = key_of(STR("host"));
    print_or(event_slot(event, SLOT_TIMESTAMP), STR("%{@timestamp}"), out);
    buf_append_char(out, ' ');
    print_or(map_get(&event->root, &host), STR("%{host}"), out);
    buf_append_char(out, ' ');
    print_or(event_slot(event, SLOT_MESSAGE), STR("%{message}"), out);
}

void text_codec_destroy(struct text_codec *self) { charset_close(&self->from); }

void text_codec_fields(const struct text_codec *self, struct field_set *fields)
{
    fields_put_name(fields, "message", TYPE_STRING);
    if (self->keeps_original) fields_put_name(fields, "[event][original]", TYPE_STRING);
}

/* ---- JSON ---- */

bool json_codec_create(struct json_codec *self, const struct plugin_context *context)
{
    return charset_create(&self->from, self->charset, context);
}

static void json_codec_failed(struct value text, struct decoder *decoder)
{
    decoder_failed(decoder, "what arrived is no JSON object");
    struct event *event = decoder_event(decoder);
    if (!event) return;
    event_slot_set(event, SLOT_MESSAGE, text);
    event_tag(event, STR("_jsonparsefailure"));
    if (text.flags & STRING_BINARY) event_tag(event, STR("_invalid_utf8"));
}

static struct event *json_codec_event(const struct json_codec *self, struct value object,
                                      struct decoder *decoder)
{
    struct event *event = decoder_event(decoder);
    if (!event) return NULL;
    if (self->target.text.len == 0)
        event_take_map(event, object.map);
    else
        path_set(&self->target, event, object);
    return event;
}

static bool all_objects(const struct array *array)
{
    ARRAY_EACH(array, item)
        if (item->kind != VALUE_MAP) return false;
    return true;
}

void json_codec_decode(const struct json_codec *self, struct str frame, struct decoder *decoder)
{
    struct json_report report;
    struct value document, text = value_string(frame);
    struct arena *arena = decoder_arena(decoder);
    if (json_is_blank(frame)) return;
    if (self->from.kind > CHARSET_BINARY) text = charset_decode(&self->from, frame, arena);
    bool done = json_decode(value_text(&text), JSON_LEADING, arena, &document, &report);
    bool is_list = done && document.kind == VALUE_ARRAY && all_objects(document.array);
    if (!is_list && !(done && document.kind == VALUE_MAP)) {
        value_string_flags(&text);
        json_codec_failed(text, decoder);
        return;
    }
    const struct value *objects = is_list ? document.array->items : &document;
    uint32_t count = is_list ? document.array->count : 1;
    bool is_bad_text = report.is_binary && self->from.kind == CHARSET_UTF8;
    for (uint32_t i = 0; i < count; i++) {
        struct event *event = json_codec_event(self, objects[i], decoder);
        if (!event) return; /* the host says so and counts */
        if (is_bad_text) event_tag(event, STR("_invalid_utf8"));
        if (self->keeps_original && count == 1) event_keep_original(event, text);
    }
}

void json_codec_destroy(struct json_codec *self) { charset_close(&self->from); }

void json_codec_fields(const struct json_codec *self, struct field_set *fields)
{
    fields_may_put_name(fields, "message", TYPE_STRING); /* what could not be decoded */
    if (self->keeps_original) fields_may_put_name(fields, "[event][original]", TYPE_STRING);
    if (self->target.text.len) fields_may_put(fields, &self->target, TYPE_OBJECT);
    else fields_open(fields);
}
