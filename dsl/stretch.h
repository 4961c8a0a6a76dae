/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that share one state (aggregate filters with the same task_id) see events in turn: what the
 * first does for an event, and the last for the same event, comes before the first sees the next one.
 * So the stretch of the program from the first to the last of them, whole branches included, is run
 * event by event:
 *
 *   FILTER a · TEST … FILTER a …        EACH · BRANCH · TEST … FILTER a … END · NEXT
 *
 * Start-up only; one thread. */
#ifndef DSL_STRETCH_H
#define DSL_STRETCH_H
#include "dsl/program.h"

/* Of the filters compiled so far; outputs follow later. */
void stretches_run_singly(struct program *program, struct arena *arena);

#endif
