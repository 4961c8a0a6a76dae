/* SPDX-License-Identifier: Apache-2.0 */
/* Number texts: what one reader says must hold for the others, and for strtod(). */
#include <math.h>
#include <stdlib.h>
#include "core/text/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) abort();
}

static void check_printing(double number)
{
    char text[NUMBER_PRINT_MAX + 1];
    text[number_print_java(number, text)] = 0;
    check(isnan(number) || strtod(text, NULL) == number);
    text[number_print_ruby(number, text)] = 0;
    check(isnan(number) || strtod(text, NULL) == number);
}

static void check_text(struct str digits, struct arena *arena)
{
    struct value text = value_number(digits), whole, real = value_double(number_double(digits)), again;
    int64_t small;
    char *copy = arena_copy_z(arena, digits);
    check(real.real == strtod(copy, NULL));
    check(number_compare(&text, &text) == NUMBER_EQUAL);
    enum number_fit fit = number_int64(digits, &small);
    if (!number_truncate(&text, arena, &whole)) {
        check(fit == NUMBER_TOO_BIG);
        return;
    }
    check((whole.kind == VALUE_INT) == (fit != NUMBER_TOO_BIG));
    check(whole.kind != VALUE_INT || whole.integer == small);
    enum number_order order = number_compare(&whole, &text);
    check(fit != NUMBER_EXACT || order == NUMBER_EQUAL);
    check(fit != NUMBER_ROUNDED || order != NUMBER_EQUAL);
    check(number_compare(&text, &whole) == (enum number_order)-(int)order);
    check(number_parse_integer(digits, NUMBER_PLAIN, arena, &again) && value_equal(&again, &whole));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena;
    struct value value;
    double real;
    bool is_integer;
    arena_init(&arena, NULL);
    if (size >= sizeof real) {
        memcpy(&real, data, sizeof real);
        check_printing(real);
    }
    check_printing(number_lenient_float(text));
    value = number_lenient_integer(text, &arena);
    check(number_compare(&value, &value) == NUMBER_EQUAL);
    if (number_parse_float(text, NUMBER_EU, &real)) check_printing(real);
    number_parse_integer(text, NUMBER_EU, &arena, &value);
    size_t len = size <= 400 ? number_scan(text, &is_integer) : 0;
    if (len) check_text(str_slice(text, 0, len), &arena);
    arena_fini(&arena);
    return 0;
}
