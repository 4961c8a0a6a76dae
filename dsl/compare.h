/* SPDX-License-Identifier: Apache-2.0 */
/* What the operators of conditions mean for two values: Logstash's rules, with real semantics where
 * its own are accidents. No conversion ever happens: 1, 1.0 and "1" are three values. NULL stands
 * for a missing field. Nothing is allocated; no state. */
#ifndef DSL_COMPARE_H
#define DSL_COMPARE_H
#include "core/event/value.h"
#include "dsl/condition.h"

enum { SCALAR_TEXT_MAX = 64 }; /* of a number, a boolean or a time as text */

/* False: missing, null, false, "" and "false". */
bool value_is_true(const struct value *value);

/* Bits of the outcomes that an ordering operator accepts. */
enum order_mask { ORDER_LESS = 1, ORDER_EQUAL = 2, ORDER_GREATER = 4 };
/* CONDITION_ERROR: the two cannot be ordered (a list, a map, text with a number, a missing field). */
enum condition_verdict value_order(const struct value *left, const struct value *right,
                                   unsigned accepted);

/* Both missing, or equal in kind and content. */
bool value_same(const struct value *left, const struct value *right);

/* Right of `in`: a field. */
bool text_in_value(struct str text, const struct value *right);            /* "text" in [right] */
bool number_in_value(const struct value *number, const struct value *right); /* 5 in [right] */
bool value_in_value(const struct value *left, const struct value *right);  /* [left] in [right] */

/* The text by which a list of constants is searched: 200 and "200" are the same there. False: a
 * container or missing. `room` is used for what is not text already. */
bool scalar_text(const struct value *value, char room[SCALAR_TEXT_MAX], struct str *text);

#endif
