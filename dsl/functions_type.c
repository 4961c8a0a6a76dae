/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: what a value is, and making another type of it. Conversions are mutate's. */
#include "core/text/convert.h"
#include "core/text/level.h"
#include "core/text/number.h"
#include "dsl/functions.h"

static bool convert(const struct call *call, enum convert_type type, const char *problem, struct value *out)
{
    *out = call->arguments[0];
    if (out->kind == VALUE_BOOL && type != CONVERT_STRING && type != CONVERT_BOOLEAN)
        *out = value_int(out->boolean);
    return convert_value(out, type, call->arena) || call_fails(call, problem);
}

static bool to_integer(const struct call *call, struct value *out)
{
    if (!convert(call, CONVERT_INTEGER, "is not a number", out)) return false;
    return out->kind == VALUE_INT || call_fails(call, "the integer is too large");
}

static bool to_float(const struct call *call, struct value *out)
{
    if (!convert(call, CONVERT_FLOAT, "is not a number", out)) return false;
    if (out->kind == VALUE_INT) *out = value_double((double)out->integer);
    return out->kind == VALUE_DOUBLE || call_fails(call, "is not a number");
}

static bool to_boolean(const struct call *call, struct value *out)
{
    if (!convert(call, CONVERT_BOOLEAN, "is neither true nor false", out)) return false;
    return out->kind == VALUE_BOOL || call_fails(call, "is neither true nor false");
}

static bool to_string(const struct call *call, struct value *out)
{
    return convert(call, CONVERT_STRING, "has no text", out);
}

static bool type_of(const struct call *call, struct value *out)
{
    static const char *const names[] = {
        [VALUE_MISSING] = "missing", [VALUE_NULL] = "null", [VALUE_BOOL] = "boolean",
        [VALUE_INT] = "integer", [VALUE_DOUBLE] = "float", [VALUE_NUMBER] = "float",
        [VALUE_STRING] = "string", [VALUE_TIME] = "time", [VALUE_ARRAY] = "array", [VALUE_MAP] = "object",
    };
    assert(call->arguments[0].kind < sizeof names / sizeof *names);
    return give_text(out, str_of(names[call->arguments[0].kind]));
}

static bool is_type(const struct call *call, unsigned types, struct value *out)
{
    *out = value_bool(type_of_value(&call->arguments[0]) & types);
    return true;
}
static bool is_string(const struct call *call, struct value *out) { return is_type(call, TYPE_STRING, out); }
static bool is_number(const struct call *call, struct value *out) { return is_type(call, TYPE_NUMBER, out); }
static bool is_boolean(const struct call *call, struct value *out) { return is_type(call, TYPE_BOOLEAN, out); }
static bool is_array(const struct call *call, struct value *out) { return is_type(call, TYPE_ARRAY, out); }
static bool is_object(const struct call *call, struct value *out) { return is_type(call, TYPE_OBJECT, out); }
static bool is_time(const struct call *call, struct value *out) { return is_type(call, TYPE_TIME, out); }
static bool is_null(const struct call *call, struct value *out) { return is_type(call, TYPE_NULL, out); }
static bool exists(const struct call *call, struct value *out) { return is_type(call, TYPE_ANY, out); }

static bool is_missing(const struct call *call, struct value *out) { return is_type(call, TYPE_MISSING, out); }

static bool is_empty(const struct call *call, struct value *out)
{
    const struct value *value = &call->arguments[0];
    *out = value_bool(value->kind <= VALUE_NULL || (value->kind == VALUE_STRING && value->len == 0) ||
                      (value->kind == VALUE_ARRAY && value->array->count == 0) ||
                      (value->kind == VALUE_MAP && value->map->live == 0));
    return true;
}

static bool level(const struct call *call, struct value *out)
{
    enum level found = level_of_value(&call->arguments[0], LEVEL_SOURCE_LOGGER);
    if (found == LEVEL_NONE) return call_fails(call, "is no level");
    return give_text(out, str_of(level_name(found)));
}

#define FIELD {{"value", TYPE_FIELD}}
#define SCALAR {{"value", TYPE_SCALAR}}
const struct function functions_type[] = {
    {"to_integer", "A whole number, cut toward zero; true is 1. \"12abc\" fails.", SCALAR, 1, TYPE_INTEGER, true,
     false, to_integer, {{"to_integer(\"42\")", "42"}, {"to_integer(\"12abc\")", NULL}}},
    {"to_float", "A number with a fraction.", SCALAR, 1, TYPE_FLOAT, true, false, to_float,
     {{"to_float(\"1.5\")", "1.5"}, {"to_float(2)", "2.0"}}},
    {"to_boolean", "true for true, t, yes, y and 1; false for false, f, no, n, 0 and \"\".", SCALAR, 1,
     TYPE_BOOLEAN, true, false, to_boolean, {{"to_boolean(\"yes\")", "true"}, {"to_boolean(\"maybe\")", NULL}}},
    {"to_string", "The text of a scalar; a time as ISO 8601.", SCALAR, 1, TYPE_STRING, true, false, to_string,
     {{"to_string(42)", "\"42\""}, {"to_string(true)", "\"true\""}}},
    {"type_of", "missing, null, boolean, integer, float, string, time, array or object.", FIELD, 1, TYPE_STRING,
     false, false, type_of, {{"type_of(1.5)", "\"float\""}, {"type_of([nothing])", "\"missing\""}}},
    {"exists", "Is there a value? null is one.", FIELD, 1, TYPE_BOOLEAN, false, false, exists,
     {{"exists([nothing])", "false"}, {"exists(null)", "true"}}},
    {"is_missing", "Is there no value? null is one.", FIELD, 1, TYPE_BOOLEAN, false, false, is_missing,
     {{"is_missing([nothing])", "true"}, {"is_missing(null)", "false"}}},
    {"is_null", "Is it null? A missing field is not.", FIELD, 1, TYPE_BOOLEAN, false, false, is_null,
     {{"is_null(null)", "true"}, {"is_null([nothing])", "false"}}},
    {"is_empty", "Missing, null, \"\", [] or {}?", FIELD, 1, TYPE_BOOLEAN, false, false, is_empty,
     {{"is_empty(\"\")", "true"}, {"is_empty([0])", "false"}}},
    {"is_string", "Is it a string?", FIELD, 1, TYPE_BOOLEAN, false, false, is_string,
     {{"is_string(\"1\")", "true"}, {"is_string(1)", "false"}}},
    {"is_number", "Is it an integer or a float?", FIELD, 1, TYPE_BOOLEAN, false, false, is_number,
     {{"is_number(1.5)", "true"}, {"is_number(\"1\")", "false"}}},
    {"is_boolean", "Is it true or false?", FIELD, 1, TYPE_BOOLEAN, false, false, is_boolean,
     {{"is_boolean(false)", "true"}, {"is_boolean(\"false\")", "false"}}},
    {"is_array", "Is it an array?", FIELD, 1, TYPE_BOOLEAN, false, false, is_array,
     {{"is_array([1, 2])", "true"}, {"is_array(1)", "false"}}},
    {"is_object", "Is it an object?", FIELD, 1, TYPE_BOOLEAN, false, false, is_object,
     {{"is_object({})", "true"}, {"is_object([])", "false"}}},
    {"is_time", "Is it a time, as @timestamp is?", FIELD, 1, TYPE_BOOLEAN, false, false, is_time,
     {{"is_time(now())", "true"}, {"is_time(\"2024-01-02\")", "false"}}},
    {"level", "The log level that a name or number stands for: TRACE to FATAL.",
     {{"value", TYPE_STRING | TYPE_INTEGER}}, 1, TYPE_STRING, true, false, level,
     {{"level(\"err\")", "\"ERROR\""}, {"level(4)", "\"WARN\""}}},
    {0},
};
