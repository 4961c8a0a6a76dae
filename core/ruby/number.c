/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of numbers. */
#include "core/text/number.h"
#include "core/ruby/methods.h"
#include "core/text/utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

METHOD(to_i)
{
    if (args->self.kind != VALUE_DOUBLE) return args->self;
    double real = args->self.real;
    if (isnan(real) || isinf(real))
        return ruby_raise(run, "FloatDomainError",
                          isnan(real) ? "NaN"
                          : real < 0  ? "-Infinity"
                                      : "Infinity");
    if (fabs(real) >= 9.2e18) return ruby_raise(run, "RangeError", "integer beyond 64 bits");
    return value_int((int64_t)real);
}

static struct value whole(struct ruby_run *run, double real)
{
    struct ruby_args args = {.self = value_double(real)};
    return to_i(run, &args);
}

METHOD(to_f)
{
    (void)run;
    double real;
    ruby_as_double(args->self, &real);
    return value_double(real);
}

enum rounding { ROUND_NEAREST, ROUND_FLOOR, ROUND_CEIL };
static double rounded(double real, enum rounding how)
{
    return how == ROUND_FLOOR ? floor(real) : how == ROUND_CEIL ? ceil(real) : round(real);
}

static struct value int_round(struct ruby_run *run, int64_t number, int64_t digits,
                              enum rounding how)
{
    if (digits >= 0) return value_int(number);
    if (digits < -18) return value_int(0);
    int64_t unit = 1;
    for (; digits < 0; digits++) unit *= 10;
    int64_t rest = number % unit;
    if (rest < 0) rest += unit;
    int64_t low = number - rest, result = low;
    bool up = how == ROUND_CEIL
                  ? rest > 0
                  : how == ROUND_NEAREST && (rest > unit / 2 || (rest == unit / 2 && number > 0));
    if (up && __builtin_add_overflow(low, unit, &result))
        return ruby_raise(run, "RangeError", "integer beyond 64 bits");
    return value_int(result);
}

/* The product may have been rounded over a border: whether the next number is nearer is asked of the
 * quotient, as Ruby does. */
static double round_digits(double real, double scale, enum rounding how)
{
    double number = rounded(real * scale, how);
    if (how == ROUND_NEAREST) {
        if (real > 0 && (number + 0.5) / scale <= real) number += 1;
        if (real < 0 && (number - 0.5) / scale >= real) number -= 1;
    } else if (how == ROUND_FLOOR) {
        if ((number + 1) / scale <= real) number += 1;
    } else if ((number - 1) / scale >= real) {
        number -= 1;
    }
    return number / scale;
}

static struct value round_to(struct ruby_run *run, const struct ruby_args *args, enum rounding how)
{
    int64_t digits = 0;
    if (HAS(0) && ARG(0).kind == VALUE_MAP)
        return ruby_raise(run, "NotImplementedError", "round with `half:`");
    if (HAS(0) && !want_int(run, ARG(0), &digits)) return LEFT;
    if (args->self.kind == VALUE_NUMBER) return args->self;
    if (args->self.kind == VALUE_INT) return int_round(run, args->self.integer, digits, how);
    double real = args->self.real;
    if (digits <= 0) {
        struct value number = whole(run, rounded(real, how));
        return has_left(number) || !digits ? number : int_round(run, number.integer, digits, how);
    }
    if (digits > 15 || isnan(real) || isinf(real)) return args->self;
    double scale = pow(10, (double)digits);
    return fabs(real * scale) < 1e15 ? value_double(round_digits(real, scale, how)) : args->self;
}
METHOD(number_round) { return round_to(run, args, ROUND_NEAREST); }
METHOD(number_floor) { return round_to(run, args, ROUND_FLOOR); }
METHOD(number_ceil) { return round_to(run, args, ROUND_CEIL); }

METHOD(number_abs)
{
    if (args->self.kind == VALUE_DOUBLE) return value_double(fabs(args->self.real));
    if (args->self.kind != VALUE_INT || args->self.integer == INT64_MIN)
        return ruby_raise(run, "RangeError", "integer beyond 64 bits");
    return value_int(llabs(args->self.integer));
}

static const char digit_letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
METHOD(number_to_s)
{
    int64_t base = 10;
    if (HAS(0) && !want_int(run, ARG(0), &base)) return LEFT;
    if (base == 10 || args->self.kind != VALUE_INT) return ruby_string(ruby_to_s(run, args->self));
    if (base < 2 || base > 36)
        return ruby_raise(run, "ArgumentError", "invalid radix %lld", (long long)base);
    char text[72], *at = text + sizeof text;
    uint64_t number =
        args->self.integer < 0 ? 0 - (uint64_t)args->self.integer : (uint64_t)args->self.integer;
    do *--at = digit_letters[number % (uint64_t)base];
    while (number /= (uint64_t)base);
    if (args->self.integer < 0) *--at = '-';
    return ruby_string(arena_copy(run->arena, (struct str){at, (size_t)(text + sizeof text - at)}));
}

METHOD(chr)
{
    char bytes[4];
    int64_t code = args->self.integer;
    bool is_char = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
    if (!is_char || (code > 127 && !HAS(0)))
        return ruby_raise(run, "RangeError", "%lld out of char range", (long long)code);
    return ruby_string(
        arena_copy(run->arena, (struct str){bytes, utf8_encode((uint32_t)code, bytes)}));
}

METHOD(times)
{
    for (int64_t i = 0; i < args->self.integer; i++)
        if (!ruby_step(run, 1) || has_left(ruby_yield_one(run, args->block, value_int(i))))
            return LEFT;
    return args->self;
}
static struct value count_to(struct ruby_run *run, const struct ruby_args *args, int64_t step)
{
    int64_t to;
    if (!want_int(run, ARG(0), &to)) return LEFT;
    for (int64_t i = args->self.integer; step > 0 ? i <= to : i >= to;) {
        if (!ruby_step(run, 1) || has_left(ruby_yield_one(run, args->block, value_int(i))))
            return LEFT;
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return args->self;
}
METHOD(upto) { return count_to(run, args, 1); }
METHOD(downto) { return count_to(run, args, -1); }
METHOD(number_step)
{
    int64_t step = 1, to;
    if (HAS(1) && !want_int(run, ARG(1), &step)) return LEFT;
    if (args->self.kind != VALUE_INT || !step || !want_int(run, ARG(0), &to))
        return ruby_raise(run, "ArgumentError", "step takes whole numbers here");
    for (int64_t i = args->self.integer; step > 0 ? i <= to : i >= to;) {
        if (!ruby_step(run, 1) || has_left(ruby_yield_one(run, args->block, value_int(i))))
            return LEFT;
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return args->self;
}

METHOD(is_zero)
{
    (void)run;
    double real;
    ruby_as_double(args->self, &real);
    return value_bool(real == 0);
}
METHOD(is_positive)
{
    (void)run;
    double real;
    ruby_as_double(args->self, &real);
    return value_bool(real > 0);
}
METHOD(is_negative)
{
    (void)run;
    double real;
    ruby_as_double(args->self, &real);
    return value_bool(real < 0);
}
METHOD(is_even)
{
    (void)run;
    return value_bool(!(args->self.integer & 1));
}
METHOD(is_odd)
{
    (void)run;
    return value_bool(args->self.integer & 1);
}
METHOD(is_nan)
{
    (void)run;
    return value_bool(isnan(args->self.real));
}
METHOD(is_infinite)
{
    (void)run;
    return isinf(args->self.real) ? value_int(args->self.real < 0 ? -1 : 1) : value_null();
}
METHOD(is_finite)
{
    (void)run;
    return value_bool(args->self.kind != VALUE_DOUBLE || isfinite(args->self.real));
}
METHOD(succ) { return ruby_binary(run, OP_ADD, args->self, value_int(1)); }
METHOD(pred) { return ruby_binary(run, OP_SUBTRACT, args->self, value_int(1)); }
METHOD(float_div)
{
    double a, b;
    ruby_as_double(args->self, &a);
    if (!ruby_as_double(ARG(0), &b))
        return ruby_raise(run, "TypeError", "%s can't be coerced into Float",
                          ruby_class_name(ARG(0)));
    return value_double(a / b);
}
METHOD(divmod)
{
    struct value parts[2] = {ruby_binary(run, OP_DIVIDE, args->self, ARG(0)), value_null()};
    if (has_left(parts[0])) return LEFT;
    if (parts[0].kind == VALUE_DOUBLE) parts[0] = whole(run, floor(parts[0].real));
    parts[1] = ruby_binary(run, OP_MODULO, args->self, ARG(0));
    return has_left(parts[0]) || has_left(parts[1]) ? LEFT : ruby_list_of(run, parts, 2);
}
METHOD(integer_div)
{
    struct value quotient = ruby_binary(run, OP_DIVIDE, args->self, ARG(0));
    return quotient.kind == VALUE_DOUBLE ? whole(run, floor(quotient.real)) : quotient;
}
METHOD(modulo) { return ruby_binary(run, OP_MODULO, args->self, ARG(0)); }
METHOD(power) { return ruby_binary(run, OP_POWER, args->self, ARG(0)); }
METHOD(between)
{
    struct value low = ruby_binary(run, OP_GREATER_EQUAL, args->self, ARG(0));
    return !is_true(low) || has_left(low) ? low
                                          : ruby_binary(run, OP_LESS_EQUAL, args->self, ARG(1));
}
METHOD(clamp)
{
    struct value low = ruby_binary(run, OP_LESS, args->self, ARG(0));
    if (has_left(low)) return low;
    if (is_true(low)) return ARG(0);
    struct value high = ruby_binary(run, OP_GREATER, args->self, ARG(1));
    return has_left(high) ? high : is_true(high) ? ARG(1) : args->self;
}
METHOD(bit_length)
{
    (void)run;
    int64_t n = args->self.integer < 0 ? ~args->self.integer : args->self.integer;
    return value_int(n ? 64 - __builtin_clzll((uint64_t)n) : 0);
}

const struct ruby_native ruby_number_methods[] = {
    {"to_i", IS_NUMBER, 0, 0, 0, to_i, NULL},
    {"to_int", IS_NUMBER, 0, 0, 0, to_i, NULL},
    {"truncate", IS_NUMBER, 0, 0, 0, to_i, NULL},
    {"to_f", IS_NUMBER, 0, 0, 0, to_f, NULL},
    {"round", IS_NUMBER, 0, 1, 0, number_round, NULL},
    {"floor", IS_NUMBER, 0, 1, 0, number_floor, NULL},
    {"ceil", IS_NUMBER, 0, 1, 0, number_ceil, NULL},
    {"abs", IS_NUMBER, 0, 0, 0, number_abs, NULL},
    {"to_s", IS_NUMBER, 0, 1, 0, number_to_s, NULL},
    {"chr", IS_INT, 0, 1, 0, chr, NULL},
    {"ord", IS_INT, 0, 0, 0, to_i, NULL},
    {"times", IS_INT, 0, 0, BLOCK_MUST, times, NULL},
    {"upto", IS_INT, 1, 1, BLOCK_MUST, upto, NULL},
    {"downto", IS_INT, 1, 1, BLOCK_MUST, downto, NULL},
    {"step", IS_NUMBER, 1, 2, BLOCK_MUST, number_step, NULL},
    {"zero?", IS_NUMBER, 0, 0, 0, is_zero, NULL},
    {"positive?", IS_NUMBER, 0, 0, 0, is_positive, NULL},
    {"negative?", IS_NUMBER, 0, 0, 0, is_negative, NULL},
    {"even?", IS_INT, 0, 0, 0, is_even, NULL},
    {"odd?", IS_INT, 0, 0, 0, is_odd, NULL},
    {"nan?", IS_FLOAT, 0, 0, 0, is_nan, NULL},
    {"infinite?", IS_FLOAT, 0, 0, 0, is_infinite, NULL},
    {"finite?", IS_NUMBER, 0, 0, 0, is_finite, NULL},
    {"succ", IS_INT, 0, 0, 0, succ, NULL},
    {"next", IS_INT, 0, 0, 0, succ, NULL},
    {"pred", IS_INT, 0, 0, 0, pred, NULL},
    {"fdiv", IS_NUMBER, 1, 1, 0, float_div, NULL},
    {"divmod", IS_NUMBER, 1, 1, 0, divmod, NULL},
    {"div", IS_NUMBER, 1, 1, 0, integer_div, NULL},
    {"modulo", IS_NUMBER, 1, 1, 0, modulo, NULL},
    {"pow", IS_NUMBER, 1, 1, 0, power, NULL},
    {"between?", IS_NUMBER | IS_STRING | IS_TIME | IS_STAMP, 2, 2, 0, between, NULL},
    {"clamp", IS_NUMBER, 2, 2, 0, clamp, NULL},
    {"bit_length", IS_INT, 0, 0, 0, bit_length, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
