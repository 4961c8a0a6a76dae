/* SPDX-License-Identifier: Apache-2.0 */
/* mutate's `convert`: one scalar to another type, with Logstash's rules since 8.14. What cannot be
 * converted is refused, never guessed ("12abc" is not 12). The number's reading and printing is
 * core/text/number.h. No state; any thread. Source: the filter's documentation and tests. */
#ifndef CORE_TEXT_CONVERT_H
#define CORE_TEXT_CONVERT_H
#include "core/event/value.h"

enum convert_type {
    CONVERT_INTEGER,
    CONVERT_INTEGER_EU, /* 1.234,5: the text's `,` and `.` mean the other one */
    CONVERT_FLOAT,
    CONVERT_FLOAT_EU,
    CONVERT_BOOLEAN,
    CONVERT_STRING,
    CONVERT_TYPES,
};

/* By the name an option gives (`integer_eu`); CONVERT_TYPES: there is no such type. */
enum convert_type convert_type_of(struct str name);

/* `*value` is replaced; null, maps and arrays stay as they are. False: it is no number; unchanged.
 *   boolean   text: a line of it is true t yes y 1 1.0 / false f no n 0 0.0 (any case; the dot stands
 *             for any character, as in Logstash), "" is false; 0, 1, 0.0, 1.0; all else unchanged
 *   string    numbers in Ruby's form (1e16 is 1.0e+16); a time as ISO 8601 */
bool convert_value(struct value *value, enum convert_type type, struct arena *arena);

#endif
