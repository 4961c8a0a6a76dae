/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/type.h"
#include "core/text/buf.h"

unsigned type_of_value(const struct value *value)
{
    static const unsigned types[] = {
        [VALUE_MISSING] = TYPE_MISSING, [VALUE_NULL] = TYPE_NULL,   [VALUE_BOOL] = TYPE_BOOLEAN,
        [VALUE_INT] = TYPE_INTEGER,     [VALUE_DOUBLE] = TYPE_FLOAT, [VALUE_NUMBER] = TYPE_NUMBER,
        [VALUE_STRING] = TYPE_STRING,   [VALUE_TIME] = TYPE_TIME,   [VALUE_ARRAY] = TYPE_ARRAY,
        [VALUE_MAP] = TYPE_OBJECT,
    };
    assert(value->kind < sizeof types / sizeof *types);
    return types[value->kind];
}

struct str type_names(unsigned types, struct arena *arena)
{
    static const struct { unsigned types; const char *name; } names[] = {
        {TYPE_ANY, "any value"}, {TYPE_SCALAR, "a scalar"}, {TYPE_NUMBER, "a number"},
        {TYPE_INTEGER, "an integer"}, {TYPE_FLOAT, "a float"}, {TYPE_STRING, "a string"},
        {TYPE_BOOLEAN, "a boolean"}, {TYPE_TIME, "a time"}, {TYPE_ARRAY, "an array"},
        {TYPE_OBJECT, "an object"}, {TYPE_NULL, "null"}, {TYPE_REGEX, "a regular expression"},
    };
    struct buf text = buf_in_arena(arena);
    types &= ~(unsigned)TYPE_MISSING;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((types & names[i].types) != names[i].types) continue;
        types &= ~names[i].types;
        if (text.len) buf_append_z(&text, types ? ", " : " or ");
        buf_append_z(&text, names[i].name);
    }
    return buf_take(&text);
}
