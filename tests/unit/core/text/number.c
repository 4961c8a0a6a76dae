/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/number.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;

static void set_up(void) { arena_init(&arena, NULL); }
static void tear_down(void) { arena_fini(&arena); }
TestSuite(number, .init = set_up, .fini = tear_down);

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A number as the tables write it: `i5`, `d0.5`, or number-text. */
static struct value number_of(const char *text)
{
    if (*text == 'i') return value_int(strtoll(text + 1, NULL, 10));
    if (*text == 'd') return value_double(strtod(text + 1, NULL));
    return value_number(str_of(text));
}

static const char *shown(struct value value)
{
    static char out[20000];
    char digits[NUMBER_PRINT_MAX];
    struct str text = value.kind == VALUE_NUMBER
                          ? value_text(&value)
                          : (struct str){digits, number_print_int(value.integer, digits)};
    cr_assert(value.kind == VALUE_NUMBER || value.kind == VALUE_INT);
    snprintf(out, sizeof out, "%s%.*s", value.kind == VALUE_INT ? "i" : "", STR_ARG(text));
    return out;
}

Test(number, scan_follows_the_grammar)
{
    static const struct { const char *text; size_t len; bool is_integer; } rows[] = {
        {"0", 1, true}, {"-0", 2, true}, {"12,", 2, true}, {"-7]", 2, true}, {"0.5", 3, false},
        {"1e5", 3, false}, {"1E+05x", 5, false}, {"-1.25e-3", 8, false}, {"", 0, true}, {"-", 0, true},
        {"+1", 0, true}, {"01", 0, true}, {"-01", 0, true}, {"1.", 0, true}, {".5", 0, true},
        {"1e", 0, true}, {"1e+", 0, true}, {"1.e1", 0, true}, {"00", 0, true}, {"a", 0, true}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool is_integer;
        size_t len = number_scan(str_of(rows[i].text), &is_integer);
        cr_expect_eq(len, rows[i].len, "%s: %zu", rows[i].text, len);
        if (len) cr_expect_eq(is_integer, rows[i].is_integer, "%s", rows[i].text);
    }
}

Test(number, int64_says_how_well_it_fits)
{
    static const struct { const char *text; enum number_fit fit; int64_t number; } rows[] = {
        {"0", NUMBER_EXACT, 0}, {"-0", NUMBER_EXACT, 0}, {"0.000", NUMBER_EXACT, 0},
        {"0e99999999999999999999", NUMBER_EXACT, 0}, {"42", NUMBER_EXACT, 42},
        {"42.0", NUMBER_EXACT, 42}, {"4.2e1", NUMBER_EXACT, 42}, {"4200e-2", NUMBER_EXACT, 42},
        {"42.9", NUMBER_ROUNDED, 42}, {"-42.9", NUMBER_ROUNDED, -42}, {"0.9", NUMBER_ROUNDED, 0},
        {"1e-99999999999999999999", NUMBER_ROUNDED, 0},
        {"9223372036854775807", NUMBER_EXACT, INT64_MAX},
        {"9223372036854775807.5", NUMBER_ROUNDED, INT64_MAX},
        {"9223372036854775808", NUMBER_TOO_BIG, INT64_MAX},
        {"-9223372036854775808", NUMBER_EXACT, INT64_MIN},
        {"-9223372036854775809", NUMBER_TOO_BIG, INT64_MIN},
        {"18446744073709551616", NUMBER_TOO_BIG, INT64_MAX},
        {"1e18", NUMBER_EXACT, 1000000000000000000}, {"1e19", NUMBER_TOO_BIG, INT64_MAX},
        {"-1e99999999999999999999", NUMBER_TOO_BIG, INT64_MIN}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t number;
        cr_expect_eq(number_int64(str_of(rows[i].text), &number), rows[i].fit, "%s", rows[i].text);
        cr_expect_eq(number, rows[i].number, "%s: %ld", rows[i].text, (long)number);
    }
}

Test(number, doubles_are_the_nearest)
{
    static const char *const texts[] = {
        "0", "1", "0.1", "1e22", "1e23", "1e-22", "1e-23", "123456789012345", "1234567890123456789",
        "9007199254740993", "0.3", "1.7976931348623157e308", "4.9e-324", "2.2250738585072011e-308",
        "1e400", "-1e400", "9007199254740993e1", "9999999999999999e3", "9007199254740995e-3", "1e-400", "-2.5", "179769313486231580793728971405301e276", "000",
        "0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000000000000000000000000000000000000000000012345"};
    for (size_t i = 0; i < COUNT(texts); i++)
        cr_expect_eq(number_double(str_of(texts[i])), strtod(texts[i], NULL), "%s", texts[i]);
    cr_expect(signbit(number_double(STR("-0"))));
    uint64_t state = 1;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        state = state * 6364136223846793005u + 1442695040888963407u;
        snprintf(text, sizeof text, "%s%llu.%llue%d", state >> 63 ? "-" : "",
                 (unsigned long long)(state >> 40 & 0xFFFFF), (unsigned long long)(state >> 20 & 0xFFFFF),
                 (int)(state >> 8 & 63) - 32);
        cr_assert_eq(number_double(str_of(text)), strtod(text, NULL), "%s", text);
    }
}

Test(number, order_is_exact)
{
    static const struct { const char *a, *b; int order; } rows[] = {
        {"i1", "i2", -1}, {"i2", "d2", 0}, {"i2", "d2.5", -1}, {"i3", "d2.5", 1}, {"i-2", "d-2.5", 1},
        {"i-3", "d-2.5", -1}, {"i0", "d-0.0", 0}, {"i0", "d1e-300", -1}, {"i0", "d-1e-300", 1},
        {"i9007199254740993", "d9007199254740992", 1}, {"i9223372036854775807", "d9223372036854775808", -1},
        {"i-9223372036854775808", "d-9223372036854775808", 0}, {"i5", "dinf", -1}, {"i5", "d-inf", 1},
        {"i5", "dnan", 2}, {"dnan", "dnan", 2}, {"dnan", "7.5", 2}, {"99999999999999999999", "dnan", 2},
        {"d0.5", "d0.25", 1}, {"0.1", "d0.1", 0}, {"0.1", "d0.2", -1}, {"0.10", "0.1", 0},
        {"1e2", "100", 0}, {"1e2", "i100", 0}, {"i100", "1.0e2", 0}, {"99.99", "i100", -1},
        {"-99.99", "i-100", 1}, {"0", "-0", 0}, {"-0.0", "i0", 0}, {"0e5", "0", 0},
        {"99999999999999999999", "i9223372036854775807", 1},
        {"-99999999999999999999", "i-9223372036854775808", -1},
        {"99999999999999999999", "99999999999999999998", 1}, {"100000000000000000000", "1e20", 0},
        {"100000000000000000000", "d1e20", 0}, {"100000000000000000001", "d1e20", 1},
        {"-100000000000000000001", "d-1e20", -1}, {"99999999999999999999", "d1", 1},
        {"-99999999999999999999", "d1", -1}, {"99999999999999999999", "dinf", -1},
        {"99999999999999999999", "d-inf", 1}, {"0.30000000000000001", "0.3", 1},
        {"1e999999999999", "1e999999999998", 0}, {"1e400", "dinf", 0}, {"i7", "9007199254740993", -1}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct value a = number_of(rows[i].a), b = number_of(rows[i].b);
        int order = number_compare(&a, &b), back = number_compare(&b, &a);
        cr_expect_eq(order, rows[i].order, "%s ? %s: %d", rows[i].a, rows[i].b, order);
        cr_expect_eq(back, order == 2 ? 2 : -order, "%s ? %s: %d", rows[i].b, rows[i].a, back);
    }
}

Test(number, lenient_integers_are_ruby_s)
{
    static const char *const rows[][2] = {
        {"42", "i42"}, {"3.99", "i3"}, {"0xff", "i0"}, {"", "i0"}, {"abc", "i0"}, {"-7x", "i-7"},
        {"+7", "i7"}, {"  12 ", "i12"}, {"\t\n-5", "i-5"}, {"1_000", "i1000"}, {"1__0", "i1"},
        {"_1", "i0"}, {"1_", "i1"}, {"-_1", "i0"}, {"+ 5", "i0"}, {"--5", "i0"}, {"007", "i7"},
        {"9223372036854775807", "i9223372036854775807"}, {"9223372036854775808", "9223372036854775808"},
        {"-9223372036854775808", "i-9223372036854775808"}, {"-9223372036854775809x", "-9223372036854775809"},
        {"000123456789012345678901234567890", "123456789012345678901234567890"},
        {"123_456_789_012_345_678_901", "123456789012345678901"}, {"-0", "i0"}, {"1e5", "i1"},
        {"999999999999999999", "i999999999999999999"}, {"1000000000000000000", "i1000000000000000000"},
        {"99999999999999999_", "i99999999999999999"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = shown(number_lenient_integer(str_of(rows[i][0]), &arena));
        cr_expect_str_eq(got, rows[i][1], "%s: %s", rows[i][0], got);
    }
}

Test(number, lenient_floats_are_ruby_s)
{
    static const struct { const char *text; double number; } rows[] = {
        {"1.5", 1.5}, {"", 0}, {"abc", 0}, {".5", 0.5}, {"5.", 5}, {"-.5", -0.5}, {"1e3", 1000},
        {"1e", 1}, {"1e+", 1}, {"  2.25x", 2.25}, {"1_000.5", 1000.5}, {"1__0", 1}, {"_1", 0},
        {"1_000.2_5", 1000.25}, {"1_", 1}, {"0x1A", 0}, {"+3", 3}, {"-", 0}, {"1.2.3", 1.2},
        {"1e400", INFINITY}, {"12345678901234567890", 12345678901234567890.0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        double got = number_lenient_float(str_of(rows[i].text));
        cr_expect_eq(got, rows[i].number, "%s: %.17g", rows[i].text, got);
    }
}

Test(number, strict_integers_of_mutate_convert)
{
    static const struct { const char *text; enum number_style style; const char *want; } rows[] = {
        {"42", 0, "i42"}, {" 42\n", 0, "i42"}, {"1,234", 0, "i1234"}, {"1,234.9", 0, "i1234"},
        {"-1.9", 0, "i-1"}, {"+5", 0, "i5"}, {"1_000", 0, "i1000"}, {".5", 0, "i0"},
        {"9.007199254740993e+15", 0, "i9007199254740993"}, {"1E3", 0, "i1000"}, {"6.8e38", 0,
        "680000000000000000000000000000000000000"}, {"-9223372036854775809", 0, "-9223372036854775809"},
        {"0x1f", 0, "i31"}, {"-0X1F", 0, "i-31"}, {"+0xff", 0, "i255"}, {"0x1.8p+1", 0, "i3"},
        {"0x1.9p0", 0, "i1"}, {"0x10p70", 0, "18889465931478580854784"},
        {"0xFFFFFFFFFFFFFFFFFFFF", 0, "1208925819614629174706175"}, {"0x8000000000000000", 0,
        "9223372036854775808"}, {"-0x8000000000000000", 0, "i-9223372036854775808"}, {"0x0", 0, "i0"},
        {"1.234,9", NUMBER_EU, "i1234"}, {"1.234.567", NUMBER_EU, "i1234567"}, {"1e-400", 0, "i0"},
        {"", 0, NULL}, {"abc", 0, NULL}, {"12abc", 0, NULL}, {"5.", 0, NULL}, {"NaN", 0, NULL},
        {"1 2", 0, NULL}, {"0x", 0, NULL}, {"0x1.p1", 0, NULL}, {"0x1p", 0, NULL}, {"x1", 0, NULL},
        {"1__0", 0, NULL}, {"_1", 0, NULL}, {"1_", 0, NULL}, {"1e99999", 0, NULL}, {"--1", 0, NULL},
        {"0x1p99999", 0, NULL}, {"1e", 0, NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct value got;
        bool done = number_parse_integer(str_of(rows[i].text), rows[i].style, &arena, &got);
        cr_expect_eq(done, rows[i].want != NULL, "%s", rows[i].text);
        if (done) cr_expect_str_eq(shown(got), rows[i].want, "%s: %s", rows[i].text, shown(got));
    }
}

Test(number, strict_floats_of_mutate_convert)
{
    static const struct { const char *text; enum number_style style; double want; } rows[] = {
        {"1.5", 0, 1.5}, {".5", 0, 0.5}, {"1_000.5", 0, 1000.5}, {"1e3", 0, 1000}, {"1,234.5", 0, 1234.5},
        {"1.234,5", NUMBER_EU, 1234.5}, {"0x1.8p+1", 0, 3}, {"0x10", 0, 16}, {" -2 ", 0, -2},
        {"5.", 0, NAN}, {"", 0, NAN}, {"abc", 0, NAN}, {"nan", 0, NAN}, {"inf", 0, NAN}, {"1,2,x", 0, NAN}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        double got = NAN;
        bool done = number_parse_float(str_of(rows[i].text), rows[i].style, &got);
        cr_expect_eq(done, !isnan(rows[i].want), "%s", rows[i].text);
        if (done) cr_expect_eq(got, rows[i].want, "%s: %g", rows[i].text, got);
    }
}

Test(number, limits)
{
    struct value out;
    char *long_text = malloc(NUMBER_DIGITS_MAX + 1), hex[NUMBER_HEX_MAX + 4];
    memset(long_text, '7', NUMBER_DIGITS_MAX + 1);
    cr_expect(number_parse_integer((struct str){long_text, NUMBER_DIGITS_MAX}, 0, &arena, &out));
    cr_expect_eq(out.len, NUMBER_DIGITS_MAX);
    cr_expect_not(number_parse_integer((struct str){long_text, NUMBER_DIGITS_MAX + 1}, 0, &arena, &out));
    free(long_text);
    cr_expect(number_parse_integer(STR("1e9999"), 0, &arena, &out)); /* 10000 digits */
    cr_expect_eq(out.len, NUMBER_DIGITS_MAX);
    cr_expect_not(number_parse_integer(STR("1e10000"), 0, &arena, &out));
    memset(hex, 'f', sizeof hex);
    memcpy(hex, "0x", 2);
    cr_expect(number_parse_integer((struct str){hex, NUMBER_HEX_MAX + 2}, 0, &arena, &out));
    cr_expect(str_starts(value_text(&out), STR("1797693134862315907729305190789"))); /* 2^1024 - 1 */
    cr_expect(str_ends(value_text(&out), STR("137215")));
    cr_expect_not(number_parse_integer((struct str){hex, NUMBER_HEX_MAX + 3}, 0, &arena, &out));
}

Test(number, truncation_keeps_every_digit)
{
    static const char *const rows[][2] = {
        {"i5", "i5"}, {"d5.9", "i5"}, {"d-5.9", "i-5"}, {"d1e20", "100000000000000000000"},
        {"1.5e20", "150000000000000000000"}, {"-123456789012345678901.99", "-123456789012345678901"},
        {"99.5", "i99"}, {"dnan", NULL}, {"dinf", NULL}, {"1e10000", NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct value number = number_of(rows[i][0]), got;
        bool done = number_truncate(&number, &arena, &got);
        cr_expect_eq(done, rows[i][1] != NULL, "%s", rows[i][0]);
        if (done) cr_expect_str_eq(shown(got), rows[i][1], "%s: %s", rows[i][0], shown(got));
    }
}

Test(number, integers_print)
{
    static const int64_t rows[] = {0, 1, -1, 9, 10, 99, 100, 101, 12345, -98765, 1000000,
                                   INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char want[32], got[NUMBER_PRINT_MAX];
        snprintf(want, sizeof want, "%lld", (long long)rows[i]);
        got[number_print_int(rows[i], got)] = 0;
        cr_expect_str_eq(got, want);
    }
}

Test(number, doubles_print_as_java_and_ruby_do)
{
    static const struct { double number; const char *java, *ruby; } rows[] = {
        {0.0, "0.0", "0.0"}, {-0.0, "-0.0", "-0.0"}, {1, "1.0", "1.0"}, {100, "100.0", "100.0"},
        {1e6, "1000000.0", "1000000.0"}, {9999999, "9999999.0", "9999999.0"},
        {1e7, "1.0E7", "10000000.0"}, {123456789, "1.23456789E8", "123456789.0"},
        {1.5e20, "1.5E20", "1.5e+20"}, {1e-3, "0.001", "0.001"}, {9.99e-4, "9.99E-4", "0.000999"},
        {1e-4, "1.0E-4", "0.0001"}, {1e-5, "1.0E-5", "1.0e-05"}, {1e-7, "1.0E-7", "1.0e-07"},
        {0.1, "0.1", "0.1"}, {0.30000000000000004, "0.30000000000000004", "0.30000000000000004"},
        {1e15, "1.0E15", "1000000000000000.0"}, {1e16, "1.0E16", "1.0e+16"},
        {9007199254740993.0, "9.007199254740992E15", "9007199254740992.0"},
        {1.7976931348623157e308, "1.7976931348623157E308", "1.7976931348623157e+308"},
        {2.2250738585072014e-308, "2.2250738585072014E-308", "2.2250738585072014e-308"},
        {-12.5, "-12.5", "-12.5"}, {0.001234, "0.001234", "0.001234"}, {3.0e-5, "3.0E-5", "3.0e-05"},
        {4.35, "4.35", "4.35"}, {100000.5, "100000.5", "100000.5"},
        {1.0 / 3, "0.3333333333333333", "0.3333333333333333"},
        {2.0 / 3 * 1e9, "6.666666666666666E8", "666666666.6666666"}, {123456.789, "123456.789", "123456.789"},
        {1e100, "1.0E100", "1.0e+100"}, {INFINITY, "Infinity", "Infinity"},
        {-INFINITY, "-Infinity", "-Infinity"}, {NAN, "NaN", "NaN"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char got[NUMBER_PRINT_MAX + 1];
        got[number_print_java(rows[i].number, got)] = 0;
        cr_expect_str_eq(got, rows[i].java, "%.17g: %s", rows[i].number, got);
        got[number_print_ruby(rows[i].number, got)] = 0;
        cr_expect_str_eq(got, rows[i].ruby, "%.17g: %s", rows[i].number, got);
    }
}

Test(number, printed_doubles_read_back_and_are_shortest)
{
    uint64_t state = 7;
    for (int i = 0; i < 200000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double number;
        uint64_t bits = state ^ state >> 29;
        memcpy(&number, &bits, sizeof number);
        if (i & 1) number = (double)(int64_t)(bits % 100000000) / (double)(bits >> 60 | 1) / 100;
        if (!isfinite(number)) continue;
        char text[NUMBER_PRINT_MAX + 1], shorter[64];
        size_t len = number_print_java(number, text);
        cr_assert_leq(len, (size_t)NUMBER_PRINT_MAX);
        text[len] = 0;
        cr_assert_eq(strtod(text, NULL), number, "%.17g: %s", number, text);
        int digits = 0, zeros = 0;
        for (const char *at = text; *at && *at != 'E'; at++) {
            if (!is_digit(*at)) continue;
            if (*at != '0') digits += zeros + 1, zeros = 0;
            else if (digits) zeros++;
        }
        if (digits < 2 || fabs(number) < 1e-300) continue;
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, number);
        cr_assert_neq(strtod(shorter, NULL), number, "%s, but %s", text, shorter);
    }
}

/* In one pass what the others say in two; what it leaves to them it says. */
Test(number, quick_says_what_the_others_say)
{
    static const struct { const char *digits; enum value_kind kind; } rows[] = {
        {"0", VALUE_INT}, {"-0", VALUE_INT}, {"7", VALUE_INT}, {"-17", VALUE_INT}, {"999999999999999", VALUE_INT},
        {"-999999999999999", VALUE_INT}, {"1000000000000000", VALUE_MISSING}, {"0.5", VALUE_DOUBLE},
        {"-0.5", VALUE_DOUBLE}, {"-0.0", VALUE_DOUBLE}, {"0.1", VALUE_DOUBLE}, {"3.14159265358979", VALUE_MISSING},
        {"3.1415926535897", VALUE_DOUBLE}, {"123456.7890123", VALUE_DOUBLE}, {"0.0000000000001", VALUE_DOUBLE},
        {"1e3", VALUE_MISSING}, {"1.5E2", VALUE_MISSING}, {"", VALUE_MISSING}, {"-", VALUE_MISSING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str digits = str_of(rows[i].digits);
        struct value quick = number_quick(digits.ptr, digits.len);
        int64_t integer;
        cr_expect_eq(quick.kind, rows[i].kind, "%s: %d", rows[i].digits, quick.kind);
        if (quick.kind == VALUE_INT) {
            cr_expect_eq(number_int64(digits, &integer), NUMBER_EXACT);
            cr_expect_eq(quick.integer, integer, "%s", rows[i].digits);
        } else if (quick.kind == VALUE_DOUBLE) {
            double real = number_double(digits);
            cr_expect_eq(memcmp(&quick.real, &real, sizeof real), 0, "%s", rows[i].digits);
        }
    }
}
