/* SPDX-License-Identifier: Apache-2.0 */
/* The table's reader: finding, listing, printing. */
#include "dsl/functions.h"

const struct function *const function_tables[] = {
    functions_type, functions_text, functions_number, functions_data, functions_time,
    functions_net,  NULL,
};

const struct function *function_find(struct str name)
{
    for (const struct function *const *table = function_tables; *table; table++)
        for (const struct function *function = *table; function->name; function++)
            if (str_eq_z(name, function->name)) return function;
    return NULL;
}

const struct function *function_called(struct str name)
{
    static const struct { const char *other, *name; } rows[] = {
        {"lower", "downcase"},  {"lowercase", "downcase"}, {"tolower", "downcase"}, {"upper", "upcase"},
        {"uppercase", "upcase"}, {"toupper", "upcase"},    {"len", "length"},       {"size", "length"},
        {"count", "length"},    {"strip", "trim"},         {"substr", "slice"},     {"substring", "slice"},
        {"sub", "replace"},     {"gsub", "replace"},       {"int", "to_integer"},   {"float", "to_float"},
        {"str", "to_string"},   {"string", "to_string"},   {"append", "push"},      {"add", "push"},
        {"typeof", "type_of"},  {"isset", "exists"},       {"defined", "exists"},   {"has", "exists"},
        {"cidr", "cidr_contains"}, {"json", "parse_json"}, {"kv", "parse_kv"},      {"index", "find"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_eq_z(name, rows[i].other)) return function_find(str_of(rows[i].name));
    return NULL;
}

size_t function_names(struct str *names, size_t capacity)
{
    size_t count = 0;
    for (const struct function *const *table = function_tables; *table; table++)
        for (const struct function *function = *table; function->name; function++) {
            assert(count < capacity);
            names[count++] = str_of(function->name);
        }
    return count;
}

uint32_t function_parameter_count(const struct function *function)
{
    uint32_t count = 0;
    while (count < ARGUMENTS_MAX && function->parameters[count].name) count++;
    return count;
}

/* Without articles: `integer or float`. */
static void print_types(unsigned types, struct buf *out)
{
    static const struct { unsigned types; const char *name; } names[] = {
        {TYPE_ANY, "any"}, {TYPE_SCALAR, "scalar"}, {TYPE_NUMBER, "number"}, {TYPE_INTEGER, "integer"},
        {TYPE_FLOAT, "float"}, {TYPE_STRING, "string"}, {TYPE_BOOLEAN, "boolean"}, {TYPE_TIME, "time"},
        {TYPE_ARRAY, "array"}, {TYPE_OBJECT, "object"}, {TYPE_NULL, "null"}, {TYPE_REGEX, "regex"},
    };
    bool has_one = false;
    types &= ~(unsigned)TYPE_MISSING;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((types & names[i].types) != names[i].types) continue;
        types &= ~names[i].types;
        buf_printf(out, "%s%s", has_one ? " or " : "", names[i].name);
        has_one = true;
    }
}

void function_print_signature(const struct function *function, struct buf *out)
{
    uint32_t count = function_parameter_count(function);
    buf_printf(out, "%s(", function->name);
    for (uint32_t i = 0; i < count; i++) {
        bool is_optional = i >= function->required;
        buf_printf(out, "%s%s%s: ", i ? ", " : "", is_optional ? "[" : "", function->parameters[i].name);
        print_types(function->parameters[i].types, out);
        if (is_optional) buf_append_char(out, ']');
    }
    buf_append_z(out, ") -> ");
    print_types(function->result, out);
}

void functions_print(struct buf *out)
{
    buf_append_z(out, "functions of expressions: [field] = name(argument, ...)\n\n");
    for (const struct function *const *table = function_tables; *table; table++)
        for (const struct function *function = *table; function->name; function++) {
            function_print_signature(function, out);
            buf_printf(out, "%s\n    %s\n", function->can_fail ? "  (can fail)" : "", function->help);
            for (size_t i = 0; i < 2; i++)
                buf_printf(out, "      %s  is  %s\n", function->examples[i].expression,
                           function->examples[i].result ? function->examples[i].result : "a failure");
        }
}

bool call_allows(const struct call *call, size_t len)
{
    if (len <= EXPRESSION_BYTES_MAX && arena_allows(call->arena, len)) return true;
    return call_fails(call, "the text is too long");
}
