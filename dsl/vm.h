/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program over a batch, one instruction for all its events. The position (instruction, stack
 * of selections) lives in the batch, so that a batch can park at an output that is full, or at a filter
 * that waits for answers, and go on there later. One worker's thread. */
#ifndef DSL_VM_H
#define DSL_VM_H
#include "dsl/probe.h"

enum vm_result {
    VM_DONE,   /* through: its ticket is sealed, its memory may go */
    VM_PARKED, /* an output is full, a filter waits: run again after output_ready(), filter_ready() */
    VM_STEPPED, /* of vm_step(): one instruction was run, others follow */
};

/* Starts or resumes. The batch's ticket is sealed at the end; the caller has counted what was received
 * before (ticket_count), so that a parked batch is in the books. */
enum vm_result vm_run(struct program *program, struct batch *batch);
/* Runs one instruction, for whoever looks at what each of them does (pipelines/sandbox.h). */
enum vm_result vm_step(struct program *program, struct batch *batch);

/* Filter number `filter` gives what it holds back, and the batch stands behind it, on its branch, with
 * those events alone. The batch is fresh, or it has come to its end but for OP_DONE. True: it has more. */
bool vm_flush(struct program *program, struct batch *batch, uint32_t filter, bool is_final);

/* Where a batch stands between two steps. */
struct vm_position {
    const struct instruction *next;
    struct selection now;  /* the events that flow */
    struct selection rest; /* those that no arm of the innermost open branch has taken yet */
};
struct vm_position vm_position(const struct program *program, struct batch *batch);
/* The values of names that an event has there, by slot; NULL: none is known. */
const struct value *vm_names(const struct batch *batch, const struct event *event);
/* What a parked batch waits for: one of the two. */
struct vm_wait {
    struct output *output;
    struct filter *filter;
};
struct vm_wait vm_parked_at(const struct program *program, const struct batch *batch);
/* Between two runs: from now on the program runs these instructions. `parked` (or NULL) is the batch that
 * is underway; it goes on where it is. */
void vm_take_code(struct program *program, const struct code *code, struct batch *parked);

#endif
