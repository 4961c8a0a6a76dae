/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, compiled: a tree of nodes, each with the function that computes it; paths, constants,
 * regular expressions, functions and types are decided once. Constant parts are computed at start.
 *
 * What a value is while it is computed: borrowed. Nothing an expression reads is changed, and what it
 * makes lies in the event's arena; containers are copied once, when they are stored. A missing field
 * is a value of its own (VALUE_MISSING) that only tests, `==`, `and`, `or`, `!`, `??` and `?:` take.
 *
 * An expression that cannot be computed gives the reason and its place; whoever runs it decides what
 * becomes of the event (dsl/action.h). Depth and size are bounded by the parser, the memory of one
 * value by EXPRESSION_BYTES_MAX and arena_allows().
 *
 * Compiled at start-up into the configuration arena; run by one worker's thread. */
#ifndef DSL_EXPRESSION_H
#define DSL_EXPRESSION_H
#include "core/event/path.h"
#include "core/event/type.h"
#include "core/text/regex.h"
#include "dsl/ast.h"

enum {
    EXPRESSION_BYTES_MAX = 1 << 20, /* of a text that an expression builds */
    ARGUMENTS_MAX = 4,
};

/* ---- compiling ---- */
struct node;

/* What lives outside the arena: freed by regexes_destroy(). */
struct owned_regex {
    struct regex *regex;
    struct owned_regex *next;
};
void regexes_destroy(struct owned_regex *regexes);

struct compilation {
    struct arena *arena;
    struct diag *diag;
    struct owned_regex *regexes; /* of all that was compiled */
};
/* NULL when something in it is wrong; the diag says what. */
const struct node *expression_compile(struct compilation *compilation, const struct expression *source);
/* Does a value of the environment decide it? Then it is no mistake that it is constant. */
bool has_variable(const struct expression *source);
/* What an operator takes and gives, for whoever knows more of the sides (dsl/flow.h). False: it is none. */
struct operator_types {
    const char *sign;
    unsigned left, right, result; /* of an index anything */
    bool can_fail;
};
bool operator_types(enum expression_kind kind, unsigned left, unsigned right, struct operator_types *out);
/* False (said): the node can never be one of `wanted`. */
bool check_type(struct compilation *compilation, const struct node *node, unsigned wanted, const char *who);

/* ---- running ---- */

struct run {
    const struct event *event; /* NULL: constants are computed */
    const struct value *names; /* the event's values of names, by slot */
    struct arena *arena;
    const char *problem;       /* a few words; static */
    const struct node *at;     /* where it failed */
};

/* A value of no kind: what could not be computed; run->problem and run->at say why. */
enum { VALUE_FAILED = 255 };
typedef struct value node_run(struct run *run, const struct node *node);

struct node {
    node_run *run;
    const struct node *left, *right;
    const struct node **items;
    const struct key *keys;
    uint32_t count;
    unsigned types;   /* what it may give; TYPE_MISSING included */
    unsigned accepted; /* orders (dsl/compare.h) */
    bool can_fail;
    bool is_constant;
    bool is_quick;    /* a field and a constant number, joined by + - * or / (dsl/expression_quick.h) */
    struct value constant;
    struct path path;
    uint32_t slot; /* of a name */
    struct computed_path *computed; /* dsl/computed_path.h */
    struct regex *regex;
    const struct function *function; /* dsl/functions.h */
    const struct expression *source;
};

static inline struct value node_eval(struct run *run, const struct node *node) { return node->run(run, node); }
struct value run_fails(struct run *run, const struct node *node, const char *problem); /* VALUE_FAILED */
/* Digits of a document become an integer or a float. */
struct value value_of_digits(struct value number);
static inline struct value value_normalised(struct value value)
{
    return value.kind == VALUE_NUMBER ? value_of_digits(value) : value;
}

/* What computes each kind of node (dsl/expression_run.c). */
node_run run_constant, run_field, run_path, run_name, run_add, run_subtract, run_multiply, run_divide, run_remainder,
    run_negate, run_same, run_differs, run_order, run_in, run_not_in, run_match, run_not_match, run_and,
    run_or, run_not, run_default, run_choice, run_index, run_array, run_object, run_call;

#endif
