/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/convert.h"
#include <strings.h>
#include "core/text/number.h"
#include "core/text/time.h"
#include "core/text/utf8.h"

enum convert_type convert_type_of(struct str name)
{
    static const char *const names[CONVERT_TYPES] = {"integer",  "integer_eu", "float",
                                                     "float_eu", "boolean",    "string"};
    for (int type = 0; type < CONVERT_TYPES; type++)
        if (str_eq_z(name, names[type])) return (enum convert_type)type;
    return CONVERT_TYPES;
}

static bool to_integer(struct value *value, enum number_style style, struct arena *arena)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_BOOL: *value = value_int(value->boolean); return true;
    case VALUE_DOUBLE:
    case VALUE_NUMBER: return number_truncate(value, arena, value);
    case VALUE_STRING: return number_parse_integer(value_text(value), style, arena, value);
    default: return value->kind != VALUE_TIME;
    }
}

static bool to_float(struct value *value, enum number_style style)
{
    double real;
    switch ((enum value_kind)value->kind) {
    case VALUE_BOOL: real = value->boolean; break;
    case VALUE_INT:
    case VALUE_NUMBER: real = number_as_double(value); break;
    case VALUE_STRING:
        if (!number_parse_float(value_text(value), style, &real)) return false;
        break;
    default: return value->kind != VALUE_TIME;
    }
    *value = value_double(real);
    return true;
}

/* ---- boolean ---- */

/* `1.0` and `0.0` as regular expressions: one character of any kind between the digits. */
static bool is_dotted(struct str line, char digit)
{
    if (line.len < 3 || line.ptr[0] != digit || line.ptr[line.len - 1] != '0') return false;
    size_t len;
    utf8_decode(str_from(line, 1), &len);
    return (len ? len : 1) == line.len - 2;
}

static bool line_is(struct str line, bool wanted)
{
    static const char *const words[2][5] = {{"false", "f", "no", "n", "0"},
                                            {"true", "t", "yes", "y", "1"}};
    for (int i = 0; i < 5; i++)
        if (strlen(words[wanted][i]) == line.len &&
            strncasecmp(words[wanted][i], line.ptr, line.len) == 0)
            return true;
    return is_dotted(line, wanted ? '1' : '0');
}

static bool some_line_is(struct str text, bool wanted)
{
    for (;;) {
        const char *end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
        struct str line = end ? (struct str){text.ptr, (size_t)(end - text.ptr)} : text;
        if (line_is(line, wanted)) return true;
        if (!end) return false;
        text = str_from(text, line.len + 1);
    }
}

static void to_boolean(struct value *value)
{
    double number;
    switch ((enum value_kind)value->kind) {
    case VALUE_STRING:
        if (some_line_is(value_text(value), true))
            *value = value_bool(true);
        else if (value->len == 0 || some_line_is(value_text(value), false))
            *value = value_bool(false);
        return;
    case VALUE_INT:
    case VALUE_DOUBLE:
    case VALUE_NUMBER:
        number = number_as_double(value);
        if (number == 0 || number == 1) *value = value_bool(number == 1);
        return;
    default: return;
    }
}

/* ---- string ---- */

static void to_string(struct value *value, struct arena *arena)
{
    _Static_assert((int)NUMBER_PRINT_MAX <= (int)TIME_ISO_SIZE, "one buffer serves all");
    char digits[TIME_ISO_SIZE];
    struct str text = {digits, 0};
    bool is_integer;
    switch ((enum value_kind)value->kind) {
    case VALUE_BOOL:
        *value = value_string(value->boolean ? STR("true") : STR("false"));
        return;
    case VALUE_INT: text.len = number_print_int(value->integer, digits); break;
    case VALUE_DOUBLE: text.len = number_print_ruby(value->real, digits); break;
    case VALUE_NUMBER:
        number_scan(value_text(value), &is_integer);
        if (is_integer) {
            value->kind = VALUE_STRING;
            return;
        }
        text.len = number_print_ruby(number_as_double(value), digits);
        break;
    case VALUE_TIME: text.len = time_print_iso(value->seconds, value->len, digits); break;
    default: return;
    }
    *value = value_string_flagged(arena_copy(arena, text), STRING_ASCII | STRING_UTF8);
}

bool convert_value(struct value *value, enum convert_type type, struct arena *arena)
{
    switch (type) {
    case CONVERT_INTEGER: return to_integer(value, NUMBER_PLAIN, arena);
    case CONVERT_INTEGER_EU: return to_integer(value, NUMBER_EU, arena);
    case CONVERT_FLOAT: return to_float(value, NUMBER_PLAIN);
    case CONVERT_FLOAT_EU: return to_float(value, NUMBER_EU);
    case CONVERT_BOOLEAN: to_boolean(value); return true;
    case CONVERT_STRING: to_string(value, arena); return true;
    case CONVERT_TYPES: break;
    }
    assert(false);
    return false;
}
