/* SPDX-License-Identifier: Apache-2.0 */
/* A condition, compiled: everything that does not depend on the event is decided once (paths,
 * constants, number conversions, lookup tables of lists, folded constant parts, regular
 * expressions). Evaluation allocates nothing and never fails but for comparisons that Logstash
 * cannot make ([array] > 5), which are CONDITION_ERROR for that event alone.
 *
 * Parts that are expressions (is_computed) are nodes of dsl/expression.h: they may take memory of the
 * event's arena, and one that cannot be computed makes all of the condition CONDITION_FAILED, which
 * counts as false: what stands before it decides alone, but nothing is guessed behind it.
 *
 * Compiled at start-up into the configuration arena, which must outlive it; condition_eval() may be
 * used by one worker's thread at a time. Behaviour: Logstash's EventCondition with the departures
 * that ARCHITECTURE.md lists. */
#ifndef DSL_CONDITION_H
#define DSL_CONDITION_H
#include "core/plugin.h"
#include "dsl/expression.h"

enum condition_verdict {
    CONDITION_FALSE,
    CONDITION_TRUE,
    CONDITION_ERROR,  /* Logstash cannot compare these */
    CONDITION_FAILED, /* an expression could not be computed: run->problem and run->at say why */
};

struct condition;

enum { CONDITION_STEPS_MAX = 20000 }; /* of compiling one; `xor` within `xor` doubles them */

/* NULL when something in it is wrong; the diag says what. */
struct condition *condition_compile(const struct expression *expression, struct arena *arena,
                                    struct diag *diag);
/* `run` has the event, its values of names, and memory. */
enum condition_verdict condition_eval(const struct condition *condition, struct run *run);
/* The events of a selection for which it is true, and the others, in order. */
struct split {
    uint32_t *yes, *no;  /* room for all, and one more */
    uint32_t yes_count, no_count;
    uint32_t done;       /* events of the selection so far */
    struct value *names; /* of all events, by index */
    uint32_t slots;      /* names of each */
};
/* Goes on behind `done`. CONDITION_ERROR, CONDITION_FAILED: the event at `done` could not be decided, and
 * is in neither; run->event is it. CONDITION_TRUE: that was all. */
enum condition_verdict condition_split(const struct condition *condition, struct run *run, const struct batch *batch,
                                       const struct selection *in, struct split *split);
/* How many tests an evaluation may make; 0: the condition is constant. */
uint32_t condition_test_count(const struct condition *condition);
/* Frees what lives outside the arena (compiled regular expressions). */
void condition_destroy(struct condition *condition);
/* What could not be compared, for the log and the dead letter: "array > number". Static text. */
const char *condition_problem(const struct condition *condition, struct run *run);

#endif
