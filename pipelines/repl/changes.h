/* SPDX-License-Identifier: Apache-2.0 */
/* What became of an event between two moments, as lines: `+` added, `-` removed, `~` changed, field by
 * field, tags each by itself. Only text is made; no state. */
#ifndef PIPELINES_REPL_CHANGES_H
#define PIPELINES_REPL_CHANGES_H
#include "core/event/event.h"
#include "core/text/buf.h"

enum { CHANGES_VALUE_MAX = 200 }; /* bytes shown of a value */

/* Appends a line for each difference, each behind `indent`; returns their number. `before` NULL: all of
 * `after` but @timestamp and @version, which every event has. */
uint32_t changes_print(const struct event *before, const struct event *after, const char *indent, struct buf *out);

#endif
