/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/compare.h"
#include "core/text/number.h"
#include "core/text/time.h"

bool value_is_true(const struct value *value)
{
    if (!value) return false;
    switch ((enum value_kind)value->kind) {
    case VALUE_MISSING:
    case VALUE_NULL: return false;
    case VALUE_BOOL: return value->boolean;
    case VALUE_STRING: return value->len != 0 && !str_eq(value_text(value), STR("false"));
    default: return true;
    }
}

/* ---- order ---- */

static unsigned mask_of(int order)
{
    return order < 0 ? ORDER_LESS : order > 0 ? ORDER_GREATER : ORDER_EQUAL;
}

static int time_cmp(const struct value *a, const struct value *b)
{
    if (a->seconds != b->seconds) return a->seconds < b->seconds ? -1 : 1;
    return (a->len > b->len) - (a->len < b->len);
}

/* Left of any value of another kind these count as equal, as in Logstash. */
static bool is_unordered_kind(uint8_t kind)
{
    return kind == VALUE_NULL || kind == VALUE_BOOL || kind == VALUE_TIME;
}

enum condition_verdict value_order(const struct value *left, const struct value *right,
                                   unsigned accepted)
{
    if (!left || !right) return CONDITION_ERROR;
    unsigned found;
    if (value_is_number(left) && value_is_number(right)) {
        enum number_order order = number_compare(left, right);
        found = order == NUMBER_UNORDERED ? 0 : mask_of((int)order);
    } else if (left->kind == VALUE_STRING && right->kind == VALUE_STRING) {
        found = mask_of(str_cmp(value_text(left), value_text(right)));
    } else if (left->kind == VALUE_TIME && right->kind == VALUE_TIME) {
        found = mask_of(time_cmp(left, right));
    } else if (is_unordered_kind(left->kind)) {
        found = ORDER_EQUAL;
    } else {
        return CONDITION_ERROR;
    }
    return found & accepted ? CONDITION_TRUE : CONDITION_FALSE;
}

bool value_same(const struct value *left, const struct value *right)
{
    if (!left || !right) return left == right;
    return value_equal(left, right);
}

/* ---- membership ---- */

static bool array_has(const struct array *array, const struct value *wanted)
{
    ARRAY_EACH(array, item) if (value_equal(item, wanted)) return true;
    return false;
}

static bool array_has_text(const struct array *array, struct str text)
{
    ARRAY_EACH(array, item)
        if (item->kind == VALUE_STRING && str_eq(value_text(item), text)) return true;
    return false;
}

bool text_in_value(struct str text, const struct value *right)
{
    if (!right) return false;
    if (right->kind == VALUE_ARRAY) return array_has_text(right->array, text);
    return right->kind == VALUE_STRING && str_find(value_text(right), text) >= 0;
}

bool number_in_value(const struct value *number, const struct value *right)
{
    return right && right->kind == VALUE_ARRAY && array_has(right->array, number);
}

bool value_in_value(const struct value *left, const struct value *right)
{
    if (!left || !right) return false;
    if (left->kind == VALUE_NULL || left->kind == VALUE_ARRAY || left->kind == VALUE_MAP) return false;
    if (right->kind == VALUE_ARRAY) return array_has(right->array, left);
    if (left->kind == VALUE_STRING && right->kind == VALUE_STRING)
        return str_find(value_text(right), value_text(left)) >= 0;
    return value_equal(left, right);
}

static struct str print_number(const struct value *value, char room[SCALAR_TEXT_MAX])
{
    bool is_integer = true;
    if (value->kind == VALUE_NUMBER) {
        struct str digits = value_text(value);
        number_scan(digits, &is_integer);
        if (is_integer) return digits;
    }
    if (value->kind == VALUE_INT) return (struct str){room, number_print_int(value->integer, room)};
    return (struct str){room, number_print_java(number_as_double(value), room)};
}

bool scalar_text(const struct value *value, char room[SCALAR_TEXT_MAX], struct str *text)
{
    _Static_assert((int)SCALAR_TEXT_MAX >= (int)NUMBER_PRINT_MAX, "room for a number");
    _Static_assert((int)SCALAR_TEXT_MAX >= (int)TIME_ISO_SIZE, "room for a time");
    if (!value) return false;
    switch ((enum value_kind)value->kind) {
    case VALUE_STRING: *text = value_text(value); return true;
    case VALUE_NULL: *text = STR(""); return true;
    case VALUE_BOOL: *text = value->boolean ? STR("true") : STR("false"); return true;
    case VALUE_INT:
    case VALUE_DOUBLE:
    case VALUE_NUMBER: *text = print_number(value, room); return true;
    case VALUE_TIME: *text = (struct str){room, time_print_iso(value->seconds, value->len, room)}; return true;
    case VALUE_MISSING:
    case VALUE_ARRAY:
    case VALUE_MAP: break;
    }
    return false;
}
