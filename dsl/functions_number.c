/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: numbers. */
#include <math.h>
#include "core/text/number.h"
#include "dsl/functions.h"

static bool give_number(const struct call *call, double real, struct value *out)
{
    if (!(fabs(real) < 9.2e18)) return call_fails(call, "the result is too large");
    *out = value_int((int64_t)real);
    return true;
}

static bool whole(const struct call *call, double (*make)(double), struct value *out)
{
    const struct value *number = &call->arguments[0];
    *out = *number;
    return number->kind == VALUE_INT || give_number(call, make(number->real), out);
}
static bool floor_of(const struct call *call, struct value *out) { return whole(call, floor, out); }
static bool ceil_of(const struct call *call, struct value *out) { return whole(call, ceil, out); }

/* To so many decimal places; without them an integer. */
static bool round_of(const struct call *call, struct value *out)
{
    if (call->count == 1) return whole(call, round, out);
    int64_t places = call->arguments[1].integer;
    if (places < 0 || places > 15) return call_fails(call, "0 to 15 decimal places");
    double scale = pow(10, (double)places), scaled = number_as_double(&call->arguments[0]) * scale;
    if (!isfinite(scaled)) return call_fails(call, "the result is too large");
    *out = value_double(round(scaled) / scale);
    return true;
}

static bool abs_of(const struct call *call, struct value *out)
{
    *out = call->arguments[0];
    if (out->kind == VALUE_DOUBLE) *out = value_double(fabs(out->real));
    else if (out->integer == INT64_MIN) return call_fails(call, "the result is too large");
    else if (out->integer < 0) *out = value_int(-out->integer);
    return true;
}

static bool smaller(const struct call *call, struct value *out)
{
    bool is_first = number_compare(&call->arguments[0], &call->arguments[1]) != NUMBER_GREATER;
    *out = call->arguments[is_first ? 0 : 1];
    return true;
}

static bool larger(const struct call *call, struct value *out)
{
    bool is_first = number_compare(&call->arguments[0], &call->arguments[1]) != NUMBER_LESS;
    *out = call->arguments[is_first ? 0 : 1];
    return true;
}

#define NUMBER {{"number", TYPE_NUMBER}}
#define TWO {{"a", TYPE_NUMBER}, {"b", TYPE_NUMBER}}
const struct function functions_number[] = {
    {"floor", "The next integer below.", NUMBER, 1, TYPE_INTEGER, true, false, floor_of,
     {{"floor(1.7)", "1"}, {"floor(-1.2)", "-2"}}},
    {"ceil", "The next integer above.", NUMBER, 1, TYPE_INTEGER, true, false, ceil_of,
     {{"ceil(1.2)", "2"}, {"ceil(3)", "3"}}},
    {"round", "The nearest integer, or a float of so many decimal places; halves away from zero.",
     {{"number", TYPE_NUMBER}, {"places", TYPE_INTEGER}}, 1, TYPE_NUMBER, true, false, round_of,
     {{"round(2.5)", "3"}, {"round(1.2345, 2)", "1.23"}}},
    {"abs", "Without its sign.", NUMBER, 1, TYPE_NUMBER, true, false, abs_of,
     {{"abs(-5)", "5"}, {"abs(1.5)", "1.5"}}},
    {"min", "The smaller of two.", TWO, 2, TYPE_NUMBER, false, false, smaller,
     {{"min(1, 2)", "1"}, {"min(1.5, -2)", "-2"}}},
    {"max", "The larger of two.", TWO, 2, TYPE_NUMBER, false, false, larger,
     {{"max(1, 2)", "2"}, {"max(1.5, -2)", "1.5"}}},
    {0},
};
