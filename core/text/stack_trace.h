/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of a log belong to one stack trace: of Java and the languages on its machine, .NET,
 * JavaScript, Python, Go, PHP and Ruby, as their runtimes and usual loggers print them.
 *
 *     ERROR order 7 failed                                begins
 *     java.lang.IllegalStateException: no stock           belongs: a line of level WARN or above came before
 *         at shop.Order.take(Order.java:42)               belongs, whatever came before
 *         ... 12 more                                     belongs
 *     INFO next order                                     begins
 *
 * A line is judged by itself and by what the lines before it were, without looking ahead: the second
 * line of an exception's own text, when it is not indented, begins a record. No state but the caller's;
 * any thread. Sources: the printed form of each runtime (java.lang.Throwable.printStackTrace, Python's
 * traceback module, Go's runtime.Stack, V8's Error.stack, PHP's and Ruby's uncaught-exception output). */
#ifndef CORE_TEXT_STACK_TRACE_H
#define CORE_TEXT_STACK_TRACE_H
#include <stdint.h>
#include "core/text/str.h"

/* Does the line (not empty, without its newline) go on with what came before? `state` is 0 at first. */
bool stack_trace_goes_on(struct str line, uint32_t *state);

#endif
