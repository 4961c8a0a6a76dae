/* SPDX-License-Identifier: Apache-2.0 */
/* The commonest expressions in place, without a call: constants, and arithmetic of a field at the top and a
 * number.
 * Whatever is not as usual, faults too, is left to the node's own function. */
#ifndef DSL_EXPRESSION_QUICK_H
#define DSL_EXPRESSION_QUICK_H
#include <math.h>
#include "core/text/number.h"
#include "dsl/expression.h"

static inline bool quick_integers(enum expression_kind kind, int64_t a, int64_t b, int64_t *result)
{
    switch (kind) {
    case EXPRESSION_ADD: return !__builtin_add_overflow(a, b, result);
    case EXPRESSION_SUBTRACT: return !__builtin_sub_overflow(a, b, result);
    case EXPRESSION_MULTIPLY: return !__builtin_mul_overflow(a, b, result);
    default: return false;
    }
}

static inline double quick_doubles(enum expression_kind kind, double a, double b)
{
    switch (kind) {
    case EXPRESSION_ADD: return a + b;
    case EXPRESSION_SUBTRACT: return a - b;
    case EXPRESSION_MULTIPLY: return a * b;
    default: return a / b;
    }
}

/* VALUE_MISSING: not as usual. */
__attribute__((always_inline)) static inline struct value quick_arithmetic(const struct run *run,
                                                                             const struct node *node)
{
    struct path_step *step = node->left->path.steps;
    const struct value *left = map_get_near(&run->event->root, &step->key, &step->place);
    if (!left) return VALUE_NONE;
    struct value a = left->kind == VALUE_NUMBER ? number_quick(left->text, left->len) : *left;
    struct value b = node->right->constant;
    enum expression_kind kind = node->source->kind;
    int64_t result;
    if (a.kind == VALUE_INT && b.kind == VALUE_INT && quick_integers(kind, a.integer, b.integer, &result))
        return value_int(result);
    bool is_whole = a.kind == VALUE_INT && (kind == EXPRESSION_DIVIDE || b.kind == VALUE_DOUBLE);
    if (a.kind != VALUE_DOUBLE && !is_whole) return VALUE_NONE;
    double left_real = is_whole ? (double)a.integer : a.real;
    double real = quick_doubles(kind, left_real, b.kind == VALUE_INT ? (double)b.integer : b.real);
    return isfinite(real) ? value_double(real) : VALUE_NONE;
}

static inline struct value quick_eval(struct run *run, const struct node *node)
{
    if (node->is_constant) return node->constant;
    if (node->is_quick) {
        struct value value = quick_arithmetic(run, node);
        if (value.kind != VALUE_MISSING) return value;
    }
    return node_eval(run, node);
}

#endif
