/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to text: shortest digits first by trying few decimal places, then by trying 15, 16 and 17
 * digits; the form is Java's or Ruby's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/text/number.h"

enum {
    DIGITS_EXACT = 15,      /* decimal digits that every double keeps */
    DIGITS_ROUND_TRIP = 17, /* digits that name one double */
    PLACES_MAX = 22,        /* the largest power of ten that is a double */
};

static const char digit_pairs[201] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546"
    "4748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293"
    "949596979899";

/* Writes backwards from `end`; returns where the digits begin. */
static char *print_digits(uint64_t number, char *end)
{
    for (; number >= 100; number /= 100) memcpy(end -= 2, digit_pairs + number % 100 * 2, 2);
    if (number >= 10)
        memcpy(end -= 2, digit_pairs + number * 2, 2);
    else
        *--end = (char)('0' + number);
    return end;
}

size_t number_print_int(int64_t number, char out[NUMBER_PRINT_MAX])
{
    char digits[20], *end = digits + sizeof digits;
    char *at = print_digits(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, end);
    size_t len = (size_t)(end - at);
    if (number < 0) *out++ = '-';
    memcpy(out, at, len);
    return len + (number < 0);
}

/* 0.DIGITS times ten to the power of `point`; no zeros at either end. */
struct shortest {
    char digits[DIGITS_ROUND_TRIP + 3];
    size_t count;
    int point;
};

static void shortest_set(struct shortest *out, const char *digits, size_t count, int point)
{
    while (count > 1 && digits[count - 1] == '0') count--;
    memcpy(out->digits, digits, count);
    out->count = count;
    out->point = point;
}

/* What most numbers of logs are: at most 15 digits with few behind the point. `number` > 0. */
static bool shortest_small(double number, struct shortest *out)
{
    if (number >= 1e15 || number < 1e-5) return false;
    double power = 1; /* of ten: exact up to PLACES_MAX */
    for (int places = 0; places <= PLACES_MAX; places++, power *= 10) {
        double scaled = number * power;
        if (scaled >= 1e15) return false;
        double whole = (double)(int64_t)(scaled + 0.5);
        if (whole / power != number) continue;
        char digits[20], *end = digits + sizeof digits;
        char *at = print_digits((uint64_t)whole, end);
        shortest_set(out, at, (size_t)(end - at), (int)(end - at) - places);
        return true;
    }
    return false;
}

/* The fewest digits that read back as `number` (finite, > 0). */
static void shortest_find(double number, struct shortest *out)
{
    if (shortest_small(number, out)) return;
    for (int digits = DIGITS_EXACT; digits <= DIGITS_ROUND_TRIP; digits++) {
        char text[NUMBER_PRINT_MAX], plain[NUMBER_PRINT_MAX];
        snprintf(text, sizeof text, "%.*e", digits - 1, number);
        if (digits < DIGITS_ROUND_TRIP && strtod(text, NULL) != number) continue;
        char *exponent = strchr(text, 'e');
        assert(exponent && text[1] == '.');
        plain[0] = text[0];
        memcpy(plain + 1, text + 2, (size_t)digits - 1);
        shortest_set(out, plain, (size_t)digits, atoi(exponent + 1) + 1);
        return;
    }
}

static size_t copy_z(char *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out, text, len);
    return len;
}

/* 123.0, 0.0123 */
static size_t print_fixed(const struct shortest *number, char *out)
{
    char *at = out;
    int point = number->point, count = (int)number->count;
    if (point <= 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = point; i < 0; i++) *at++ = '0';
        memcpy(at, number->digits, number->count);
        return (size_t)(at - out) + number->count;
    }
    for (int i = 0; i < point; i++) *at++ = i < count ? number->digits[i] : '0';
    *at++ = '.';
    if (count <= point) *at++ = '0';
    for (int i = point; i < count; i++) *at++ = number->digits[i];
    return (size_t)(at - out);
}

/* 1.0E-7, or 1.0e-07 */
static size_t print_scientific(const struct shortest *number, const char *exponent, char *out)
{
    char *at = out;
    *at++ = number->digits[0];
    *at++ = '.';
    if (number->count == 1) *at++ = '0';
    memcpy(at, number->digits + 1, number->count - 1);
    at += number->count - 1;
    int len = snprintf(at, 8, exponent, number->point - 1);
    assert(len > 0 && len < 8);
    return (size_t)(at - out) + (size_t)len;
}

static size_t print_double(double number, bool java, char out[NUMBER_PRINT_MAX])
{
    char *at = out;
    if (isnan(number)) return copy_z(out, "NaN");
    if (signbit(number)) *at++ = '-';
    size_t sign = (size_t)(at - out);
    number = fabs(number);
    if (isinf(number)) return sign + copy_z(at, "Infinity");
    if (number == 0) return sign + copy_z(at, "0.0");
    struct shortest digits;
    shortest_find(number, &digits);
    /* Java: from 1e-3 up to below 1e7; Ruby: from 1e-4 up to below 1e16 */
    bool fixed = java ? digits.point > -3 && digits.point <= 7
                      : digits.point > -4 && digits.point <= 16;
    if (fixed) return sign + print_fixed(&digits, at);
    return sign + print_scientific(&digits, java ? "E%d" : "e%+03d", at);
}

size_t number_print_java(double number, char out[NUMBER_PRINT_MAX])
{
    return print_double(number, true, out);
}

size_t number_print_ruby(double number, char out[NUMBER_PRINT_MAX])
{
    return print_double(number, false, out);
}
