/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of types, before there is a value: what an expression may give, what a function takes, what a
 * field can be at one place of a pipeline (core/fields.h). No state. */
#ifndef CORE_EVENT_TYPE_H
#define CORE_EVENT_TYPE_H
#include "core/event/value.h"

enum type_set {
    TYPE_NULL = 1, TYPE_BOOLEAN = 2, TYPE_INTEGER = 4, TYPE_FLOAT = 8, TYPE_STRING = 16, TYPE_TIME = 32,
    TYPE_ARRAY = 64, TYPE_OBJECT = 128,
    TYPE_MISSING = 256, /* no value at all */
    TYPE_REGEX = 512,   /* /…/ in the text, for a function's argument */
    TYPE_NUMBER = TYPE_INTEGER | TYPE_FLOAT,
    TYPE_SCALAR = TYPE_BOOLEAN | TYPE_NUMBER | TYPE_STRING | TYPE_TIME,
    TYPE_ANY = TYPE_NULL | TYPE_SCALAR | TYPE_ARRAY | TYPE_OBJECT,
    TYPE_FIELD = TYPE_ANY | TYPE_MISSING,
};
/* "a number or a string", in memory of `arena`. */
struct str type_names(unsigned types, struct arena *arena);
unsigned type_of_value(const struct value *value); /* a single bit */

#endif
