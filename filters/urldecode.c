/* SPDX-License-Identifier: Apache-2.0 */
/* urldecode: undoes percent-encoding (`+` stays), in a field or in all, in lists and maps too. Bytes that are
 * no text afterwards: with UTF-8 `\xNN` stands for each, as in Logstash; those of other charsets are read by
 * core/text/charset.h. */
#include "core/plugin.h"
#include "core/text/charset.h"
#include "core/text/encode.h"
#include "core/text/utf8.h"

enum { ESCAPE_SIZE = 4 /* `\xNN` */ };

struct urldecode {
    struct path field;
    bool all_fields;
    struct str charset;
    struct str_list tag_on_failure;
    struct charset reader;
};

static const struct option urldecode_options[] = {
    OPTION_PATH(struct urldecode, field, .preset = "message", .help = "Field to decode."),
    OPTION_BOOL(struct urldecode, all_fields, .preset = "false", .help = "Decode all fields of the event."),
    OPTION_STRING(struct urldecode, charset, .preset = "UTF-8", .help = "Character set of the decoded bytes."),
    OPTION_STRINGS(struct urldecode, tag_on_failure, .preset = "_urldecodefailure",
                   .help = "Tags of an event whose value could not be decoded: it would be too large."),
    OPTION_END};

static bool urldecode_create(void *opaque, const struct plugin_context *context)
{
    struct urldecode *self = opaque;
    if (charset_open(&self->reader, self->charset)) return true;
    diag_error(context->diag, context_place(context, "charset"), "there is no character set `%.*s`",
               STR_ARG(self->charset));
    return false;
}

static void urldecode_destroy(void *opaque)
{
    struct urldecode *self = opaque;
    charset_close(&self->reader);
}

/* `\xNN` for each byte that is part of no character. */
static struct str escaped(struct str text, struct arena *arena)
{
    char *made = arena_alloc(arena, text.len * ESCAPE_SIZE);
    size_t len = 0;
    while (text.len) {
        size_t valid = utf8_valid_len(text);
        memcpy(made + len, text.ptr, valid);
        len += valid;
        text = str_from(text, valid);
        if (!text.len) break;
        unsigned char byte = (unsigned char)text.ptr[0];
        made[len++] = '\\';
        made[len++] = 'x';
        made[len++] = "0123456789ABCDEF"[byte >> 4];
        made[len++] = "0123456789ABCDEF"[byte & 15];
        text = str_from(text, 1);
    }
    return (struct str){made, len};
}

static bool text_decode(const struct urldecode *self, struct value *value, struct arena *arena)
{
    struct str text = value_text(value);
    if (!memchr(text.ptr, '%', text.len)) return true;
    if (!arena_allows(arena, text.len * (1 + ESCAPE_SIZE))) return false;
    char *bytes = arena_alloc(arena, text.len);
    struct str made = {bytes, url_decode(text, false, bytes)};
    if (self->reader.kind != CHARSET_UTF8) *value = charset_decode(&self->reader, made, arena);
    else *value = value_string(utf8_check(made) == UTF8_INVALID ? escaped(made, arena) : made);
    return true;
}

static bool value_decode(const struct urldecode *self, struct value *value, uint32_t depth, struct arena *arena)
{
    bool ok = depth <= VALUE_DEPTH_MAX;
    if (!ok) return false;
    if (value->kind == VALUE_STRING) return !value->len || text_decode(self, value, arena);
    if (value->kind == VALUE_ARRAY)
        ARRAY_EACH(value->array, item) ok = ok && value_decode(self, item, depth + 1, arena);
    if (value->kind == VALUE_MAP)
        MAP_EACH(value->map, entry) ok = ok && value_decode(self, &entry->value, depth + 1, arena);
    return ok;
}

static bool apply_event(const struct urldecode *self, struct event *event)
{
    bool ok = true;
    if (self->all_fields) {
        MAP_EACH(&event->root, entry) ok &= value_decode(self, &entry->value, 0, event->arena);
        return ok;
    }
    struct value *value = path_get(&self->field, event);
    if (value) return value_decode(self, value, 0, event->arena);
    path_set(&self->field, event, value_null()); /* as in Logstash */
    return true;
}

static void urldecode_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    const struct urldecode *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        bool ok = apply_event(self, event);
        outcome_matched(out, event); /* the common options run after a failure, too */
        for (uint32_t i = 0; !ok && i < self->tag_on_failure.count; i++)
            event_tag(event, self->tag_on_failure.items[i]);
    }
}

static void urldecode_fields(const void *opaque, struct field_set *fields)
{
    const struct urldecode *self = opaque;
    if (self->all_fields) return;
    if (fields_read(fields, &self->field) & TYPE_MISSING) fields_may_put(fields, &self->field, TYPE_NULL);
}

const struct filter_type filter_urldecode = {
    .name = "urldecode",
    .summary = "Undoes percent-encoding.",
    .size = sizeof(struct urldecode),
    .options = urldecode_options,
    .create = urldecode_create,
    .apply = urldecode_apply,
    .destroy = urldecode_destroy,
    .fields = urldecode_fields,
};
