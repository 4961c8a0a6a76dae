/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that Logstash lacks, compiled: `[a] = …`, `remove [a]`, `let name = …`, `for name in … { }`.
 * The machine runs each for one event after the other (dsl/vm.c). A loop is a tree of statements, branches
 * too; it ends at LOOP_ROUNDS_MAX and at LOOP_CPU_NS_MAX, which is a failure like others.
 *
 * What cannot be computed changes nothing: the event keeps its field, a name is missing from there on, a
 * condition in a loop is false. The event is tagged (dsl/failure.h), and failures are counted.
 *
 * Compiled at start-up into the configuration arena; run by one worker's thread. */
#ifndef DSL_ACTION_H
#define DSL_ACTION_H
#include "core/plugin.h"
#include "dsl/failure.h"

enum {
    LOOP_ROUNDS_MAX = 10000,             /* for one event: of a loop and those within it, together */
    LOOP_CPU_NS_MAX = 100 * 1000 * 1000, /* of the thread, for the same; about */
};

struct action;

/* Events on their way through a statement. */
struct act {
    struct run run;      /* its memory is set by the caller, the rest for each event */
    struct str pipeline; /* for the log */
    uint64_t failures;
    struct failure failure; /* the last one */
    uint32_t loops;                /* open ones */
    uint32_t rounds;               /* of the outermost and all within it */
    uint64_t loop_end_ns;          /* of the thread's CPU time; 0: not asked yet */
    bool is_stopped;               /* at a limit */
};

/* NULL when something in it is wrong; the diag says what. A name's types are known behind its
 * statement: compile in the order of the text. */
struct action *action_compile(const struct statement *statement, struct arena *arena, struct diag *diag);
/* Frees what lives outside the arena. */
void action_destroy(struct action *action);

/* Runs it for the events of a selection, in order. `names` has `slots` values for each event of the batch, by
 * index. Returns how many it was run for: all, unless the batch has no more memory. */
uint32_t action_run(const struct action *action, struct act *act, const struct batch *batch,
                    const struct selection *in, struct value *names, uint32_t slots);
/* An event passes the statement by, for want of memory. */
void action_skip(const struct action *action, struct value *names);

#endif
