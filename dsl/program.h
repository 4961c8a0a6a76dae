/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled form of a pipeline's filters and outputs: a flat list of instructions over selections
 * of a batch. Made by dsl/compiler.h into the generation's arena, run by dsl/vm.h, printed by
 * program_print() for `tailrace explain`. One worker's thread. */
#ifndef DSL_PROGRAM_H
#define DSL_PROGRAM_H
#include "core/filter.h"
#include "core/output.h"
#include "dsl/action.h"
#include "dsl/ast.h"
#include "dsl/condition.h"

enum opcode {
#define OPCODE(name_, a_, b_, effect_) OP_##name_,
#include "dsl/opcodes.def"
#undef OPCODE
    OP_COUNT
};

enum { PROGRAM_DEPTH_MAX = AST_DEPTH_MAX };

struct instruction {
    uint32_t opcode;
    uint32_t a;    /* number of a filter, condition, statement or output */
    uint32_t jump; /* instruction to go to */
    struct place place;
};

/* Someone who looks at the events that pass a place of the program, without changing them. The hooks
 * are called on the worker's thread, but `dropped`, for which the list's owner may be any. */
struct probe_hooks {
    void (*look)(void *opaque, const struct batch *batch, const struct selection *in);
    void (*begun)(void *opaque);   /* from now on it is called */
    void (*dropped)(void *opaque); /* it never is any more */
};

struct probe {
    const struct probe_hooks *hooks;
    void *opaque;
    uint32_t at;    /* instruction as compiled */
    bool is_behind; /* it, else before it */
};

struct program_condition {
    struct condition *condition;
    const struct expression *expression;
    struct failure_where where;
    atomic_uint_fast64_t tested, held;
    atomic_uint_fast64_t dropped; /* events for which it could not be decided */
    atomic_uint_fast64_t failed;  /* events for which an expression in it could not be computed */
};

struct program_action {
    struct action *action;
    const struct statement *source;
    atomic_uint_fast64_t in, failed;
};

struct input;
struct program {
    struct instruction *code; /* as compiled: never changes, anyone may read it */
    uint32_t code_count, code_capacity;
    uint32_t outputs_at; /* of it: the first instruction behind the filters */
    /* What runs: `code`, or while someone looks in a list that has probes as well (dsl/probe.h). */
    const struct instruction *running;
    uint32_t running_count;
    const struct probe *probes; /* of the running list */
    struct filter **filters;
    uint32_t filter_count, filter_capacity;
    struct output **outputs;
    uint32_t output_count, output_capacity;
    struct program_condition *conditions;
    uint32_t condition_count, condition_capacity;
    struct program_action *actions;
    uint32_t action_count, action_capacity;
    uint32_t depth; /* frames needed */
    uint32_t slots; /* of names: values kept for each event */
    struct str pipeline;
    struct dead_letters *dead_letters; /* of the worker; NULL: they are not kept */
    atomic_uint_fast64_t memory_limited; /* events that skipped filters: _memory_limit */
};

/* How often an expression of it could not be computed. Any thread. */
uint64_t program_failures(const struct program *program);
/* The program as text, with the source places (dsl/listing.c); before it the inputs that feed it. */
void program_print(const struct program *program, struct input *const *inputs, uint32_t input_count,
                   struct buf *out);
/* Name of an opcode in lower case; its effect. */
const char *opcode_name(enum opcode opcode);
const char *opcode_effect(enum opcode opcode);

#endif
