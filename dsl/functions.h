/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of expressions: one table, from which come the check of types, suggestions, the manual
 * (`tailrace docs functions`) and the tests (each example is run). A function gets values of the types
 * it asks for: number-text of documents is already int64 or double, and a missing value arrives only
 * where TYPE_MISSING is taken. It changes none of its arguments and returns false with
 * run->problem set when there is no result. Words: parse_ makes data of text, to_ changes the type,
 * is_ tests, format_ makes text, encode_ and decode_ are each other's inverse. */
#ifndef DSL_FUNCTIONS_H
#define DSL_FUNCTIONS_H
#include "dsl/expression.h"

struct call {
    struct run *run;
    struct arena *arena;
    const struct value *arguments; /* `count` of them */
    uint32_t count;
    struct regex *regex; /* of the argument that is one */
};

struct parameter {
    const char *name;
    unsigned types;
};

struct example {
    const char *expression;
    const char *result; /* as JSON; NULL: it fails */
};

struct function {
    const char *name;
    const char *help;
    struct parameter parameters[ARGUMENTS_MAX];
    uint32_t required; /* the further ones may be left out */
    unsigned result;
    bool can_fail;
    bool is_impure; /* the result differs from call to call, or depends on the event */
    bool (*run)(const struct call *call, struct value *out);
    struct example examples[2];
};

/* Ended by a row without a name; by subject. */
extern const struct function functions_type[], functions_text[], functions_number[], functions_data[],
    functions_time[], functions_net[];
extern const struct function *const function_tables[]; /* NULL-ended */

const struct function *function_find(struct str name);
/* What other languages call it; NULL: nothing. */
const struct function *function_called(struct str name);
size_t function_names(struct str *names, size_t capacity);
enum { FUNCTIONS_MAX = 200 };

uint32_t function_parameter_count(const struct function *function);
/* `replace(text: string, pattern: regex, replacement: string) -> string`. */
void function_print_signature(const struct function *function, struct buf *out);
/* The manual's page of all. */
void functions_print(struct buf *out);

static inline bool call_fails(const struct call *call, const char *problem)
{
    call->run->problem = problem;
    return false;
}
/* A text of `len` bytes may be built? Says so when not. */
bool call_allows(const struct call *call, size_t len);
static inline bool give_text(struct value *out, struct str text)
{
    *out = value_string(text);
    return true;
}

#endif
