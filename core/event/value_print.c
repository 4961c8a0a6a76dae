/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a value as sprintf prints it (declared in template.h). A map alone is JSON; within an
 * array it is printed as Java prints a map, `{a=1, b=[2, 3]}`: so does Logstash. */
#include "core/event/template.h"
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/time.h"

static void print_scalar(const struct value *value, struct buf *out)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_STRING:
    case VALUE_NUMBER: buf_append(out, value_text(value)); return;
    case VALUE_INT:
        buf_reserve(out, NUMBER_PRINT_MAX);
        out->len += number_print_int(value->integer, out->ptr + out->len);
        return;
    case VALUE_DOUBLE:
        buf_reserve(out, NUMBER_PRINT_MAX);
        out->len += number_print_java(value->real, out->ptr + out->len);
        return;
    case VALUE_BOOL: buf_append(out, value->boolean ? STR("true") : STR("false")); return;
    case VALUE_TIME:
        buf_reserve(out, TIME_ISO_SIZE);
        out->len += time_print_iso(value->seconds, value->len, out->ptr + out->len);
        return;
    case VALUE_MISSING:
    case VALUE_NULL: return;
    case VALUE_ARRAY:
    case VALUE_MAP: break;
    }
    assert(false && "a scalar");
}

static void print_java(const struct value *value, uint32_t depth, struct buf *out)
{
    bool is_map = value->kind == VALUE_MAP;
    if (value->kind == VALUE_NULL || depth == VALUE_DEPTH_MAX)
        return buf_append(out, STR("null"));
    if (!is_map && value->kind != VALUE_ARRAY) return print_scalar(value, out);
    buf_append_char(out, is_map ? '{' : '[');
    size_t start = out->len;
    if (is_map) {
        MAP_EACH(value->map, entry)
        {
            if (out->len > start) buf_append(out, STR(", "));
            buf_append(out, key_text(&entry->key));
            buf_append_char(out, '=');
            print_java(&entry->value, depth + 1, out);
        }
    } else {
        for (uint32_t i = 0; i < value->array->count; i++) {
            if (i) buf_append(out, STR(", "));
            print_java(&value->array->items[i], depth + 1, out);
        }
    }
    buf_append_char(out, is_map ? '}' : ']');
}

static void print_items(const struct array *array, uint32_t depth, struct buf *out)
{
    for (uint32_t i = 0; i < array->count; i++) {
        const struct value *item = &array->items[i];
        if (i) buf_append_char(out, ',');
        if (item->kind == VALUE_MAP)
            print_java(item, depth, out);
        else if (item->kind != VALUE_ARRAY)
            print_scalar(item, out);
        else if (depth < VALUE_DEPTH_MAX)
            print_items(item->array, depth + 1, out);
    }
}

void value_print(const struct value *value, struct buf *out)
{
    if (value->kind == VALUE_MAP)
        json_encode_map(value->map, out);
    else if (value->kind == VALUE_ARRAY)
        print_items(value->array, 1, out);
    else
        print_scalar(value, out);
}

void value_print_java(const struct value *value, struct buf *out) { print_java(value, 0, out); }
