/* SPDX-License-Identifier: Apache-2.0 */
/* Runs what a sandbox holds instruction by instruction and tells what each did: what a filter or an
 * assignment changed, what a condition said, where events went. */
#ifndef PIPELINES_REPL_TRACE_H
#define PIPELINES_REPL_TRACE_H
#include "pipelines/sandbox.h"

enum { TRACE_LINE_MAX = 72 }; /* bytes shown of a line of the configuration */

enum trace_detail {
    TRACE_CHANGES, /* of one statement: what it changed */
    TRACE_LINES,   /* of several: each behind its line */
    TRACE_PLACES,  /* the same with file and number */
};

/* To the end; sandbox_events() then has the result. */
void trace_run(struct sandbox *sandbox, enum trace_detail detail, struct buf *out);
/* How many statements and conditions a program has. */
uint32_t trace_count(const struct program *program);

#endif
