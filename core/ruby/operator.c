/* SPDX-License-Identifier: Apache-2.0 */
/* What operators compute. */
#include "core/ruby/machine.h"
#include <math.h>

const char *const ruby_op_names[OP_COUNT] = {
    [OP_ADD] = "+",          [OP_SUBTRACT] = "-",     [OP_MULTIPLY] = "*",
    [OP_DIVIDE] = "/",       [OP_MODULO] = "%",       [OP_POWER] = "**",
    [OP_SHIFT_LEFT] = "<<",  [OP_SHIFT_RIGHT] = ">>", [OP_AND] = "&",
    [OP_OR] = "|",           [OP_XOR] = "^",          [OP_EQUAL] = "==",
    [OP_DIFFERS] = "!=",     [OP_CASE] = "===",       [OP_LESS] = "<",
    [OP_LESS_EQUAL] = "<=",  [OP_GREATER] = ">",      [OP_GREATER_EQUAL] = ">=",
    [OP_COMPARE] = "<=>",    [OP_MATCH] = "=~",       [OP_NO_MATCH] = "!~",
    [OP_LOGICAL_AND] = "&&", [OP_LOGICAL_OR] = "||"};

static bool is_number_kind(struct value value)
{
    return value.kind >= VALUE_INT && value.kind <= VALUE_NUMBER;
}

static struct value unsupported(struct ruby_run *run, enum ruby_op op, struct value left,
                                struct value right)
{
    if (left.kind == VALUE_NULL || !is_number_kind(left))
        return is_text(left) || left.kind == VALUE_ARRAY
                   ? ruby_raise(run, "TypeError", "no implicit conversion of %s into %s",
                                right.kind == VALUE_NULL ? "nil" : ruby_class_name(right),
                                ruby_class_name(left))
                   : ruby_raise(run, "NoMethodError", "undefined method `%s' for %s",
                                ruby_op_names[op],
                                left.kind == VALUE_NULL ? "nil:NilClass" : ruby_class_name(left));
    return ruby_raise(run, "TypeError", "%s can't be coerced into %s",
                      right.kind == VALUE_NULL ? "nil" : ruby_class_name(right),
                      ruby_class_name(left));
}

static struct value too_big(struct ruby_run *run)
{
    return ruby_raise(run, "RangeError", "integer beyond 64 bits");
}

struct value ruby_divide_floor(struct ruby_run *run, struct value left, struct value right)
{
    if (!right.integer) return ruby_raise(run, "ZeroDivisionError", "divided by 0");
    if (left.integer == INT64_MIN && right.integer == -1) return too_big(run);
    int64_t quotient = left.integer / right.integer;
    bool is_rounded =
        left.integer % right.integer != 0 && (left.integer < 0) != (right.integer < 0);
    return value_int(quotient - is_rounded);
}

static struct value int_modulo(struct ruby_run *run, int64_t a, int64_t b)
{
    if (!b) return ruby_raise(run, "ZeroDivisionError", "divided by 0");
    if (b == -1) return value_int(0);
    int64_t rest = a % b;
    return value_int(rest && (rest < 0) != (b < 0) ? rest + b : rest);
}

static struct value int_power(struct ruby_run *run, int64_t base, int64_t exponent)
{
    if (exponent < 0)
        return ruby_raise(run, "NotImplementedError",
                          "a whole number to a negative power is a Rational in Ruby");
    int64_t result = 1;
    for (; exponent; exponent >>= 1) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return too_big(run);
        if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) return too_big(run);
    }
    return value_int(result);
}

static struct value int_shift(struct ruby_run *run, int64_t number, int64_t by)
{
    if (by < -63) return value_int(number < 0 ? -1 : 0);
    if (by <= 0) return value_int(number >> -by);
    if (!number) return value_int(0);
    int64_t shifted = by > 62 ? 0 : (int64_t)((uint64_t)number << by);
    return by > 62 || shifted >> by != number ? too_big(run) : value_int(shifted);
}

static struct value int_binary(struct ruby_run *run, enum ruby_op op, int64_t a, int64_t b)
{
    int64_t result;
    switch (op) {
    case OP_ADD: return __builtin_add_overflow(a, b, &result) ? too_big(run) : value_int(result);
    case OP_SUBTRACT:
        return __builtin_sub_overflow(a, b, &result) ? too_big(run) : value_int(result);
    case OP_MULTIPLY:
        return __builtin_mul_overflow(a, b, &result) ? too_big(run) : value_int(result);
    case OP_DIVIDE: return ruby_divide_floor(run, value_int(a), value_int(b));
    case OP_MODULO: return int_modulo(run, a, b);
    case OP_POWER: return int_power(run, a, b);
    case OP_SHIFT_LEFT: return int_shift(run, a, b > 1000 ? 1000 : b < -1000 ? -1000 : b);
    case OP_SHIFT_RIGHT: return int_shift(run, a, b > 1000 ? -1000 : b < -1000 ? 1000 : -b);
    case OP_AND: return value_int(a & b);
    case OP_OR: return value_int(a | b);
    case OP_XOR: return value_int(a ^ b);
    default: return unsupported(run, op, value_int(a), value_int(b));
    }
}

static struct value float_binary(struct ruby_run *run, enum ruby_op op, double a, double b)
{
    switch (op) {
    case OP_ADD: return value_double(a + b);
    case OP_SUBTRACT: return value_double(a - b);
    case OP_MULTIPLY: return value_double(a * b);
    case OP_DIVIDE: return value_double(a / b);
    case OP_MODULO: {
        double rest = fmod(a, b);
        return value_double(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
    }
    case OP_POWER: return value_double(pow(a, b));
    default: return unsupported(run, op, value_double(a), value_double(b));
    }
}

static struct value string_binary(struct ruby_run *run, enum ruby_op op, struct value left,
                                  struct value right)
{
    if (op == OP_ADD) {
        if (right.kind != VALUE_STRING) return unsupported(run, op, left, right);
        size_t len = (size_t)left.len + right.len;
        if (!ruby_allows(run, len)) return LEFT;
        char *text = arena_alloc(run->arena, len + 1);
        if (left.len) memcpy(text, left.text, left.len);
        if (right.len) memcpy(text + left.len, right.text, right.len);
        return ruby_string((struct str){text, len});
    }
    if (op == OP_MULTIPLY && right.kind == VALUE_INT) {
        if (right.integer < 0)
            return ruby_raise(run, "ArgumentError", "argument must be non-negative");
        size_t times =
            right.integer > RUBY_TEXT_BYTES_MAX ? RUBY_TEXT_BYTES_MAX + 1 : (size_t)right.integer;
        if (!left.len) return left;
        if (!ruby_allows(run, left.len * times)) return LEFT;
        char *text = arena_alloc(run->arena, left.len * times + 1);
        for (size_t i = 0; i < times; i++) memcpy(text + i * left.len, left.text, left.len);
        return ruby_string((struct str){text, left.len * times});
    }
    if (op == OP_MODULO) {
        if (right.kind == VALUE_ARRAY)
            return ruby_format(run, ruby_text(left), right.array->items, right.array->count);
        return ruby_format(run, ruby_text(left), &right, 1);
    }
    return unsupported(run, op, left, right);
}

static bool list_has(struct ruby_run *run, const struct array *array, struct value wanted)
{
    ARRAY_EACH (array, item)
        if (ruby_equal(run, *item, wanted)) return true;
    return false;
}

/* + - & | * of lists. */
static struct value list_binary(struct ruby_run *run, enum ruby_op op, struct value left,
                                struct value right)
{
    if (op == OP_MULTIPLY && right.kind == VALUE_STRING)
        return ruby_send(run, run->at, STR("join"), left, &right, 1);
    if (right.kind != VALUE_ARRAY ||
        (op != OP_ADD && op != OP_SUBTRACT && op != OP_AND && op != OP_OR))
        return unsupported(run, op, left, right);
    const struct array *a = left.array, *b = right.array;
    struct value result = ruby_list_new(run, 0);
    for (uint32_t i = 0; i < a->count; i++) {
        bool is_wanted = true;
        if (op != OP_ADD && !ruby_step(run, 1 + (op == OP_OR ? i : b->count) / 8)) return LEFT;
        if (op == OP_SUBTRACT) is_wanted = !list_has(run, b, a->items[i]);
        if (op == OP_AND)
            is_wanted = list_has(run, b, a->items[i]) && !list_has(run, result.array, a->items[i]);
        if (op == OP_OR) is_wanted = !list_has(run, result.array, a->items[i]);
        if (is_wanted && !ruby_push(run, result, a->items[i])) return LEFT;
    }
    for (uint32_t i = 0; i < b->count && (op == OP_ADD || op == OP_OR); i++) {
        if (op == OP_OR && (!ruby_step(run, 1 + result.array->count / 8) ||
                            list_has(run, result.array, b->items[i]))) {
            if (run->steps > RUBY_STEPS_MAX) return LEFT;
            continue;
        }
        if (!ruby_push(run, result, b->items[i])) return LEFT;
    }
    return result;
}

static struct value compared(struct ruby_run *run, enum ruby_op op, struct value left,
                             struct value right)
{
    int order;
    if (!ruby_compare(run, left, right, &order)) {
        if (op == OP_COMPARE) return value_null();
        bool nan = left.kind == VALUE_DOUBLE || right.kind == VALUE_DOUBLE;
        if (nan && is_number_kind(left) && is_number_kind(right)) return value_bool(false);
        if (!is_number_kind(left) && !is_text(left) && left.kind != RUBY_TIME &&
            left.kind != VALUE_TIME)
            return unsupported(run, op, left, right);
        struct buf out = buf_in_arena(run->arena);
        if (right.kind == VALUE_NULL)
            buf_append_z(&out, "nil");
        else if (is_number_kind(right))
            ruby_print(run, right, &out);
        else
            buf_append_z(&out, ruby_class_name(right));
        return ruby_raise(run, "ArgumentError", "comparison of %s with %.*s failed",
                          ruby_class_name(left), STR_ARG(buf_str(&out)));
    }
    switch (op) {
    case OP_LESS: return value_bool(order < 0);
    case OP_LESS_EQUAL: return value_bool(order <= 0);
    case OP_GREATER: return value_bool(order > 0);
    case OP_GREATER_EQUAL: return value_bool(order >= 0);
    default: return value_int(order);
    }
}

static struct value time_binary(struct ruby_run *run, enum ruby_op op, struct value left,
                                struct value right)
{
    bool is_time = right.kind == RUBY_TIME || right.kind == VALUE_TIME;
    if (op == OP_SUBTRACT && is_time) return ruby_time_subtract(left, right);
    if ((op == OP_ADD || op == OP_SUBTRACT) &&
        (right.kind == VALUE_INT || right.kind == VALUE_DOUBLE))
        return ruby_time_add(run, left, right, op == OP_ADD ? 1 : -1);
    if (op == OP_ADD || op == OP_SUBTRACT)
        return ruby_raise(run, "TypeError", "can't convert %s into an exact number",
                          right.kind == VALUE_NULL ? "nil" : ruby_class_name(right));
    return unsupported(run, op, left, right);
}

struct value ruby_case_equal(struct ruby_run *run, struct value pattern, struct value value)
{
    if (pattern.kind == RUBY_CLASS) return value_bool(ruby_is_a(value, ruby_text(pattern)));
    if (pattern.kind == RUBY_RANGE)
        return ruby_send(run, run->at, STR("include?"), pattern, &value, 1);
    if (pattern.kind == RUBY_PROC) return ruby_call_proc(run, ruby_pointer(pattern), &value, 1);
    if (pattern.kind != RUBY_REGEX) return value_bool(ruby_equal(run, pattern, value));
    if (!is_text(value)) return value_bool(false);
    struct value found = ruby_match_run(run, pattern, value);
    return has_left(found) ? found : value_bool(is_true(found));
}

struct value ruby_binary(struct ruby_run *run, enum ruby_op op, struct value left,
                         struct value right)
{
    switch (op) {
    case OP_EQUAL: return value_bool(ruby_equal(run, left, right));
    case OP_DIFFERS: return value_bool(!ruby_equal(run, left, right));
    case OP_CASE: return ruby_case_equal(run, left, right);
    case OP_MATCH: return ruby_match_run(run, left, right);
    case OP_NO_MATCH: {
        struct value found = ruby_match_run(run, left, right);
        return has_left(found) ? found : value_bool(!is_true(found));
    }
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
    case OP_COMPARE: return compared(run, op, left, right);
    default: break;
    }
    if (left.kind == VALUE_INT && right.kind == VALUE_INT)
        return int_binary(run, op, left.integer, right.integer);
    if (is_number_kind(left) && is_number_kind(right)) {
        double a, b;
        bool is_big = left.kind == VALUE_NUMBER || right.kind == VALUE_NUMBER;
        if (is_big && left.kind != VALUE_DOUBLE && right.kind != VALUE_DOUBLE) return too_big(run);
        ruby_as_double(left, &a);
        ruby_as_double(right, &b);
        return float_binary(run, op, a, b);
    }
    if (left.kind == VALUE_STRING) return string_binary(run, op, left, right);
    if (left.kind == VALUE_ARRAY) return list_binary(run, op, left, right);
    if (left.kind == RUBY_TIME || left.kind == VALUE_TIME) return time_binary(run, op, left, right);
    if (left.kind == VALUE_BOOL && (op == OP_AND || op == OP_OR))
        return value_bool(op == OP_AND ? left.boolean && is_true(right)
                                       : left.boolean || is_true(right));
    return unsupported(run, op, left, right);
}

struct value do_binary(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(left, run, node->left);
    EVAL(right, run, node->right);
    run->at = node;
    return ruby_binary(run, (enum ruby_op)node->op, left, right);
}

struct value do_negate(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(value, run, node->left);
    run->at = node;
    if (value.kind == VALUE_DOUBLE) return value_double(-value.real);
    if (value.kind == VALUE_INT) return int_binary(run, OP_SUBTRACT, 0, value.integer);
    return ruby_raise(run, "NoMethodError", "undefined method `-@' for %s", ruby_class_name(value));
}

struct value do_complement(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(value, run, node->left);
    run->at = node;
    if (value.kind == VALUE_INT) return value_int(~value.integer);
    return ruby_raise(run, "NoMethodError", "undefined method `~' for %s", ruby_class_name(value));
}
