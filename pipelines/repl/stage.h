/* SPDX-License-Identifier: Apache-2.0 */
/* The events at hand between two statements, each stage a copy of its own, so that a step can be taken
 * back. Owned by the session; one thread. */
#ifndef PIPELINES_REPL_STAGE_H
#define PIPELINES_REPL_STAGE_H
#include "pipelines/sandbox.h"

enum { STAGES_MAX = 100 }; /* that can be taken back; older ones are forgotten */

struct stage {
    struct arena arena;
    struct event **events;
    uint32_t count;
};

struct stages {
    struct stage items[STAGES_MAX]; /* oldest first */
    uint32_t count;
    struct stage given; /* the event as it was given: what a reset goes back to */
};

void stages_init(struct stages *stages); /* one stage with an empty event */
void stages_fini(struct stages *stages);
struct stage *stages_top(struct stages *stages);
/* The events of a run that has ended and were not dropped are the newest stage; `is_given`: they are what
 * a reset goes back to, too. */
void stages_push(struct stages *stages, struct sandbox *sandbox, bool is_given);
bool stages_undo(struct stages *stages); /* false: nothing is left to take back */
void stages_reset(struct stages *stages);
/* Copies of the newest stage's events into a run that has begun. */
bool stages_feed(struct stages *stages, struct sandbox *sandbox);

#endif
