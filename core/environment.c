/* SPDX-License-Identifier: Apache-2.0 */
#include "core/environment.h"
#include "core/xmalloc.h"
#include <stdlib.h>

static bool is_first_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

struct placeholder {
    struct str name, preset;
    bool has_preset;
    size_t end; /* behind the closing brace */
};

/* The placeholder that begins at `at`, where `${` stands. */
static bool read_placeholder(struct str text, size_t at, struct placeholder *found)
{
    size_t start = at + 2, end = start;
    if (start >= text.len || !is_first_char(text.ptr[start])) return false;
    while (end < text.len && (is_first_char(text.ptr[end]) || is_digit(text.ptr[end]))) end++;
    if (end == text.len) return false;
    found->name = str_slice(text, start, end);
    found->has_preset = text.ptr[end] == ':';
    if (!found->has_preset) {
        found->end = end + 1;
        return text.ptr[end] == '}';
    }
    const char *close = memchr(text.ptr + end, '}', text.len - end);
    if (!close) return false;
    found->preset = str_slice(text, end + 1, (size_t)(close - text.ptr));
    found->end = (size_t)(close - text.ptr) + 1;
    return true;
}

static bool look_up(const struct environment_context *context, const struct placeholder *placeholder,
                    struct str *value)
{
    const struct environment *environment = context->environment;
    if (environment && environment->secret &&
        environment->secret(environment->opaque, placeholder->name, context->arena, value))
        return true;
    char *name = xstrndup(placeholder->name);
    const char *found = getenv(name);
    free(name);
    if (found) *value = arena_copy(context->arena, str_of(found));
    else *value = placeholder->preset;
    return found || placeholder->has_preset;
}

/* The placeholder itself, when the value stands in its text as written. */
static struct place placeholder_place(struct place place, struct str name)
{
    if (!place.source) return place;
    struct str text = str_slice(place.source->text, place.start, place.end);
    for (size_t at = 0; at + name.len + 2 < text.len; at += 2) {
        ptrdiff_t found = str_find(str_from(text, at), STR("${"));
        if (found < 0) return place;
        at += (size_t)found;
        char behind = at + 2 + name.len < text.len ? text.ptr[at + 2 + name.len] : '\0';
        if (!str_starts(str_from(text, at + 2), name) || behind != '}') continue;
        place.start += (uint32_t)at;
        place.end = place.start + (uint32_t)name.len + 3;
        return place;
    }
    return place;
}

static bool undefined(const struct environment_context *context, struct place place, struct str name)
{
    struct place value = place;
    const struct environment *environment = context->environment;
    place = placeholder_place(value, name);
    if (environment && environment->undefined) {
        environment->undefined(environment->opaque, value, place, name);
        return false;
    }
    struct message *message =
        diag_error(context->diag, place, "the variable `%.*s` is not defined", STR_ARG(name));
    diag_hint(context->diag, message, "set it, or write ${%.*s:default}", STR_ARG(name));
    diag_note(context->diag, message,
              "Cannot evaluate `${%.*s}`. Replacement variable `%.*s` is not defined", STR_ARG(name),
              STR_ARG(name));
    return false;
}

bool environment_expand(const struct environment_context *context, struct place place,
                        struct str *text)
{
    if (str_find(*text, STR("${")) < 0) return true;
    struct buf out = {0};
    bool is_right = true, is_changed = false;
    for (size_t at = 0; at < text->len && out.len <= ENVIRONMENT_TEXT_MAX;) {
        struct placeholder placeholder = {0};
        struct str value;
        bool is_there = str_starts(str_from(*text, at), STR("${")) &&
                        read_placeholder(*text, at, &placeholder);
        if (!is_there) {
            buf_append_char(&out, text->ptr[at++]);
            continue;
        }
        if (look_up(context, &placeholder, &value)) buf_append(&out, value);
        else is_right = undefined(context, place, placeholder.name);
        at = placeholder.end;
        is_changed = true;
    }
    if (out.len > ENVIRONMENT_TEXT_MAX) {
        diag_error(context->diag, place, "this is longer than %d bytes once its variables are replaced",
                   ENVIRONMENT_TEXT_MAX);
        is_right = false;
    }
    if (is_right && is_changed) *text = arena_copy(context->arena, buf_str(&out));
    buf_fini(&out);
    return is_right;
}

static bool is_whole(struct str text)
{
    struct placeholder placeholder = {0};
    return str_starts(text, STR("${")) && read_placeholder(text, 0, &placeholder) &&
           placeholder.end == text.len;
}

bool environment_expand_whole(const struct environment_context *context, struct place place,
                              struct str *text)
{
    return !is_whole(*text) || environment_expand(context, place, text);
}

/* ---- values ---- */

static struct str trim(struct str text)
{
    while (text.len && is_blank(text.ptr[0])) text = str_from(text, 1);
    while (text.len && is_blank(text.ptr[text.len - 1])) text.len--;
    return text;
}

static struct str unquote(struct str text, char quote)
{
    bool is_quoted = text.len >= 2 && text.ptr[0] == quote && text.ptr[text.len - 1] == quote;
    return is_quoted ? str_slice(text, 1, text.len - 1) : text;
}

/* `[a, "b"]` as text becomes an array of texts. */
static void split_list(const struct environment_context *context, struct config_value *value)
{
    struct str rest = str_slice(value->text, 1, value->text.len - 1);
    uint32_t count = 1;
    for (size_t i = 0; i < rest.len; i++) count += rest.ptr[i] == ',';
    struct config_value list = {.kind = CONFIG_ARRAY, .place = value->place};
    list.items = arena_zalloc(context->arena, count * sizeof *list.items);
    while (trim(rest).len) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
        struct str item = unquote(unquote(trim(str_slice(rest, 0, len)), '\''), '"');
        list.items[list.count++] =
            (struct config_value){.kind = CONFIG_STRING, .place = value->place, .text = item};
        rest = str_from(rest, len + 1);
    }
    assert(list.count <= count);
    *value = list;
}

static bool expand_text(const struct environment_context *context, struct config_value *value)
{
    struct str before = value->text;
    bool was_whole = is_whole(before);
    if (!environment_expand(context, value->place, &value->text)) return false;
    bool is_changed = value->text.ptr != before.ptr || value->text.len != before.len;
    if (!is_changed || was_whole) return true;
    value->text = unquote(unquote(value->text, '\''), '"');
    if (str_starts(value->text, STR("[")) && str_ends(value->text, STR("]")) && value->text.len > 1)
        split_list(context, value);
    return true;
}

static bool expand_value(const struct environment_context *context, struct config_value *value)
{
    bool is_right = true;
    switch (value->kind) {
    case CONFIG_STRING: return expand_text(context, value);
    case CONFIG_BAREWORD: /* of YAML: a pipeline's has no `$` */
        if (str_find(value->text, STR("${")) < 0) return true;
        value->kind = CONFIG_STRING;
        return expand_text(context, value);
    case CONFIG_NUMBER: return true;
    case CONFIG_PLUGIN: return environment_expand_settings(context, value->settings, value->count);
    case CONFIG_ARRAY:
    case CONFIG_HASH: break;
    }
    for (uint32_t i = 0; i < value->count; i++) is_right &= expand_value(context, &value->items[i]);
    return is_right;
}

bool environment_expand_settings(const struct environment_context *context, struct setting *settings,
                                 uint32_t count)
{
    bool is_right = true;
    for (uint32_t i = 0; i < count; i++) is_right &= expand_value(context, &settings[i].value);
    return is_right;
}

bool environment_expand_constant(const struct environment_context *context,
                                 struct config_value *value)
{
    if (value->kind == CONFIG_STRING)
        return environment_expand_whole(context, value->place, &value->text);
    bool is_right = true;
    for (uint32_t i = 0; value->kind == CONFIG_ARRAY && i < value->count; i++)
        is_right &= environment_expand_constant(context, &value->items[i]);
    return is_right;
}
