/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/template.h"
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/time.h"

/* Nested arrays are one list; null is nothing between two commas. */
static void items_print(const struct array *array, uint32_t depth, bool *is_first, struct buf *out)
{
    ARRAY_EACH(array, item)
    {
        if (item->kind == VALUE_ARRAY && depth < VALUE_DEPTH_MAX) {
            items_print(item->array, depth + 1, is_first, out);
            continue;
        }
        if (!*is_first) buf_append_char(out, ',');
        *is_first = false;
        value_print(item, out);
    }
}

void value_print(const struct value *value, struct buf *out)
{
    bool is_first = true;
    switch ((enum value_kind)value->kind) {
    case VALUE_MISSING:
    case VALUE_NULL: return;
    case VALUE_BOOL: buf_append(out, value->boolean ? STR("true") : STR("false")); return;
    case VALUE_INT: buf_append_int(out, value->integer); return;
    case VALUE_DOUBLE:
        buf_reserve(out, NUMBER_PRINT_MAX);
        out->len += number_print_java(value->real, out->ptr + out->len);
        return;
    case VALUE_NUMBER:
    case VALUE_STRING: buf_append(out, value_text(value)); return;
    case VALUE_TIME:
        buf_reserve(out, TIME_ISO_SIZE);
        out->len += time_print_iso(value->seconds, value->len, out->ptr + out->len);
        return;
    case VALUE_ARRAY: items_print(value->array, 0, &is_first, out); return;
    case VALUE_MAP: json_encode_value(value, out); return;
    }
}
