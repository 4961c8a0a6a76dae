/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/protocol.h"
#include <assert.h>
#include "core/text/utf8.h"

static json_t *text_of(struct str text)
{
    json_t *json = json_stringn_nocheck(text.len ? text.ptr : "", text.len);
    assert(json);
    return json;
}

json_t *protocol_text(struct str text)
{
    if (utf8_check(text) != UTF8_INVALID) return text_of(text);
    struct buf clean = {0};
    for (size_t at = 0; at < text.len;) {
        size_t len;
        utf8_decode(str_from(text, at), &len);
        if (len) buf_append(&clean, str_slice(text, at, at + len));
        else buf_append_z(&clean, "\xef\xbf\xbd");
        at += len ? len : 1;
    }
    json_t *json = text_of(buf_str(&clean));
    buf_fini(&clean);
    return json;
}

void protocol_set(json_t *object, const char *name, json_t *value)
{
    int failed = json_object_set_new_nocheck(object, name, value);
    assert(!failed);
    (void)failed;
}

void protocol_append(json_t *array, json_t *value)
{
    int failed = json_array_append_new(array, value);
    assert(!failed && value);
    (void)failed;
}

static json_t *position_json(struct position position)
{
    json_t *json = json_object();
    protocol_set(json, "line", json_integer(position.line));
    protocol_set(json, "character", json_integer(position.character));
    return json;
}

json_t *protocol_range(const struct document *document, enum encoding encoding, uint32_t start, uint32_t end)
{
    assert(start <= end);
    json_t *json = json_object();
    protocol_set(json, "start", position_json(document_position(document, encoding, start)));
    protocol_set(json, "end", position_json(document_position(document, encoding, end)));
    return json;
}

json_t *protocol_location(const struct document *document, enum encoding encoding, uint32_t start, uint32_t end)
{
    json_t *json = json_object();
    protocol_set(json, "uri", protocol_text(str_of(document->uri)));
    protocol_set(json, "range", protocol_range(document, encoding, start, end));
    return json;
}

json_t *protocol_edit(const struct document *document, enum encoding encoding, uint32_t start, uint32_t end,
                      struct str text)
{
    json_t *json = json_object();
    protocol_set(json, "range", protocol_range(document, encoding, start, end));
    protocol_set(json, "newText", protocol_text(text));
    return json;
}

static bool read_number(const json_t *json, uint32_t *number)
{
    json_int_t value = json_integer_value(json);
    if (!json_is_integer(json) || value < 0) return false;
    *number = value < INT32_MAX ? (uint32_t)value : INT32_MAX;
    return true;
}

bool protocol_read_position(const json_t *json, struct position *position)
{
    return read_number(json_object_get(json, "line"), &position->line) &&
           read_number(json_object_get(json, "character"), &position->character);
}

bool protocol_read_range(const json_t *json, const struct document *document, enum encoding encoding,
                         uint32_t *start, uint32_t *end)
{
    struct position first, last;
    if (!protocol_read_position(json_object_get(json, "start"), &first) ||
        !protocol_read_position(json_object_get(json, "end"), &last))
        return false;
    uint32_t a = document_offset(document, encoding, first), b = document_offset(document, encoding, last);
    *start = a < b ? a : b;
    *end = a < b ? b : a;
    return true;
}

struct str protocol_string(const json_t *json)
{
    if (!json_is_string(json)) return (struct str){0};
    return (struct str){json_string_value(json), json_string_length(json)};
}
