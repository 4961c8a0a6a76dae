/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/number.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"

enum {
    EXPONENT_MAX = 1 << 30,  /* larger exponents are taken for this one */
    DIGITS_EXACT = 15,       /* decimal digits that every double keeps */
    POWER_EXACT = 22,        /* the largest power of ten that is a double */
    STRTOD_STACK = 128,      /* bytes of a text copied to the stack for strtod() */
    DOUBLE_WHOLE = 320,      /* bytes of the longest whole double, spelled out: 309 digits */
};

static const double powers_of_ten[POWER_EXACT + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The parts of a decimal text: sign, `whole`, point, `fraction`, exponent. Its digits are those of
 * both runs; `zeros` of them lead, `count` follow (trailing zeros left out). The value is
 * 0.DIGITS times ten to the power of `magnitude`; count 0 is zero. */
struct decimal {
    bool is_negative, is_integer;
    struct str whole, fraction;
    size_t zeros, count;
    int64_t magnitude;
};

static inline size_t digits_len(const char *at, const char *end)
{
    const char *start = at;
    while (at < end && is_digit(*at)) at++;
    return (size_t)(at - start);
}

static inline char decimal_digit_raw(const struct decimal *decimal, size_t at)
{
    return at < decimal->whole.len ? decimal->whole.ptr[at]
                                   : decimal->fraction.ptr[at - decimal->whole.len];
}

/* The significant digit number `at`; zeros without end behind the last. */
static inline unsigned decimal_digit(const struct decimal *decimal, size_t at)
{
    if (at >= decimal->count) return 0;
    return (unsigned)(decimal_digit_raw(decimal, decimal->zeros + at) - '0');
}

static int64_t exponent_of(struct str digits, bool is_negative)
{
    int64_t exponent = 0;
    for (size_t i = 0; i < digits.len && exponent < EXPONENT_MAX; i++)
        exponent = exponent * 10 + (digits.ptr[i] - '0');
    if (exponent > EXPONENT_MAX) exponent = EXPONENT_MAX;
    return is_negative ? -exponent : exponent;
}

static void decimal_measure(struct decimal *decimal, int64_t exponent)
{
    size_t all = decimal->whole.len + decimal->fraction.len;
    while (decimal->zeros < all && decimal_digit_raw(decimal, decimal->zeros) == '0')
        decimal->zeros++;
    while (all > decimal->zeros && decimal_digit_raw(decimal, all - 1) == '0') all--;
    decimal->count = all - decimal->zeros;
    decimal->magnitude = (int64_t)decimal->whole.len + exponent - (int64_t)decimal->zeros;
}

/* [sign] digits [. digits] [e [sign] digits], the first digits optional before a point; returns how
 * many bytes were read, 0 when there is no number. */
static size_t decimal_read(struct str text, struct decimal *decimal)
{
    *decimal = (struct decimal){.is_integer = true};
    const char *at = text.ptr, *end = text.ptr + text.len;
    if (at < end && (*at == '-' || *at == '+')) decimal->is_negative = *at++ == '-';
    decimal->whole = (struct str){at, digits_len(at, end)};
    at += decimal->whole.len;
    if (end - at > 1 && *at == '.' && is_digit(at[1])) {
        decimal->is_integer = false;
        decimal->fraction = (struct str){at + 1, digits_len(at + 1, end)};
        at += 1 + decimal->fraction.len;
    }
    if (decimal->whole.len + decimal->fraction.len == 0) return 0;
    int64_t exponent = 0;
    if (end - at > 1 && (*at == 'e' || *at == 'E')) {
        const char *digits = at + 1 + (at[1] == '+' || at[1] == '-');
        size_t len = digits_len(digits, end);
        if (len) {
            decimal->is_integer = false;
            exponent = exponent_of((struct str){digits, len}, at[1] == '-');
            at = digits + len;
        }
    }
    decimal_measure(decimal, exponent);
    return (size_t)(at - text.ptr);
}

static struct decimal decimal_of(struct str digits)
{
    struct decimal decimal;
    size_t len = decimal_read(digits, &decimal);
    assert(len == digits.len && "number-text follows the grammar");
    (void)len;
    return decimal;
}

size_t number_scan(struct str text, bool *is_integer)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    *is_integer = true;
    if (at < end && *at == '-') at++;
    size_t whole = digits_len(at, end);
    if (whole == 0 || (whole > 1 && *at == '0')) return 0;
    at += whole;
    if (at < end && *at == '.') {
        *is_integer = false;
        size_t fraction = digits_len(at + 1, end);
        if (!fraction) return 0;
        at += 1 + fraction;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        *is_integer = false;
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        size_t exponent = digits_len(at, end);
        if (!exponent) return 0;
        at += exponent;
    }
    return (size_t)(at - text.ptr);
}

static enum number_fit decimal_int64(const struct decimal *decimal, int64_t *out)
{
    const uint64_t limit = (uint64_t)INT64_MAX + decimal->is_negative;
    uint64_t sum = 0;
    size_t whole = 0;
    if (decimal->count && decimal->magnitude > 0) {
        whole = (size_t)decimal->magnitude;
        if (whole > 19) sum = UINT64_MAX;
        for (size_t i = 0; i < whole && whole <= 19; i++)
            sum = sum * 10 + decimal_digit(decimal, i);
    }
    if (sum > limit) {
        *out = decimal->is_negative ? INT64_MIN : INT64_MAX;
        return NUMBER_TOO_BIG;
    }
    *out = (int64_t)(decimal->is_negative ? 0 - sum : sum);
    return decimal->count > whole ? NUMBER_ROUNDED : NUMBER_EXACT;
}

enum number_fit number_int64(struct str digits, int64_t *out)
{
    struct decimal decimal = decimal_of(digits);
    return decimal_int64(&decimal, out);
}

static double double_by_strtod(struct str text)
{
    char stack[STRTOD_STACK];
    if (text.len >= sizeof stack) {
        char *copy = xstrndup(text);
        double number = strtod(copy, NULL);
        free(copy);
        return number;
    }
    if (text.len) memcpy(stack, text.ptr, text.len);
    stack[text.len] = 0;
    return strtod(stack, NULL);
}

/* A few digits and a small power: both are doubles, and one division or product rounds once
 * (Clinger). Everything else is strtod's. */
static double decimal_double(const struct decimal *decimal, struct str text)
{
    if (decimal->count == 0) return decimal->is_negative ? -0.0 : 0.0;
    int64_t power = decimal->magnitude - (int64_t)decimal->count;
    if (decimal->count > DIGITS_EXACT || power > POWER_EXACT || power < -POWER_EXACT)
        return double_by_strtod(text);
    int64_t sum = 0;
    for (size_t i = 0; i < decimal->count; i++) sum = sum * 10 + decimal_digit(decimal, i);
    double number = (double)(decimal->is_negative ? -sum : sum);
    return power < 0 ? number / powers_of_ten[-power] : number * powers_of_ten[power];
}

/* As in decimal_double(): both are doubles, the division rounds once. */
struct value number_quick(const char *digits, size_t len)
{
    const char *at = digits, *end = digits + len;
    bool is_negative = len && *at == '-';
    at += is_negative;
    if (end - at > DIGITS_EXACT || at == end) return VALUE_NONE;
    int64_t sum = 0;
    unsigned digit;
    for (; at < end && (digit = (unsigned)(unsigned char)*at - '0') < 10; at++) sum = sum * 10 + digit;
    if (at == end) return value_int(is_negative ? -sum : sum);
    if (*at++ != '.') return VALUE_NONE;
    const char *fraction = at;
    for (; at < end && (digit = (unsigned)(unsigned char)*at - '0') < 10; at++) sum = sum * 10 + digit;
    if (at != end) return VALUE_NONE;
    double number = (double)sum / powers_of_ten[end - fraction];
    return value_double(is_negative ? -number : number);
}

double number_double(struct str digits)
{
    struct decimal decimal = decimal_of(digits);
    return decimal_double(&decimal, digits);
}

static enum number_fit double_int64(double number, int64_t *out)
{
    if (!(number >= -0x1p63 && number < 0x1p63)) {
        *out = number > 0 ? INT64_MAX : number < 0 ? INT64_MIN : 0;
        return NUMBER_TOO_BIG;
    }
    *out = (int64_t)number;
    return (double)*out == number ? NUMBER_EXACT : NUMBER_ROUNDED;
}

enum number_fit number_as_int64(const struct value *number, int64_t *out)
{
    assert(value_is_number(number));
    if (number->kind == VALUE_NUMBER) return number_int64(value_text(number), out);
    if (number->kind == VALUE_DOUBLE) return double_int64(number->real, out);
    *out = number->integer;
    return NUMBER_EXACT;
}

double number_as_double(const struct value *number)
{
    assert(value_is_number(number));
    if (number->kind == VALUE_NUMBER) return number_double(value_text(number));
    return number->kind == VALUE_DOUBLE ? number->real : (double)number->integer;
}

/* All digits before the point, spelled out. */
static bool decimal_truncate(const struct decimal *decimal, struct arena *arena, struct value *out)
{
    int64_t small;
    if (decimal_int64(decimal, &small) != NUMBER_TOO_BIG) {
        *out = value_int(small);
        return true;
    }
    assert(decimal->magnitude > 0);
    if (decimal->magnitude > NUMBER_DIGITS_MAX) return false;
    size_t whole = (size_t)decimal->magnitude, at = 0;
    char *digits = arena_alloc(arena, whole + 1);
    if (decimal->is_negative) digits[at++] = '-';
    for (size_t i = 0; i < whole; i++) digits[at++] = (char)('0' + decimal_digit(decimal, i));
    *out = value_number((struct str){digits, at});
    return true;
}

bool number_truncate(const struct value *number, struct arena *arena, struct value *out)
{
    int64_t small;
    if (number_as_int64(number, &small) != NUMBER_TOO_BIG) {
        *out = value_int(small);
        return true;
    }
    if (number->kind == VALUE_NUMBER) {
        struct decimal decimal = decimal_of(value_text(number));
        return decimal_truncate(&decimal, arena, out);
    }
    if (!isfinite(number->real)) return false;
    *out = value_number(arena_printf(arena, "%.0f", number->real));
    return true;
}

/* ---- order ---- */

static enum number_order order_of(int sign)
{
    return sign < 0 ? NUMBER_LESS : sign > 0 ? NUMBER_GREATER : NUMBER_EQUAL;
}

static enum number_order double_compare(double a, double b)
{
    if (isnan(a) || isnan(b)) return NUMBER_UNORDERED;
    return order_of((a > b) - (a < b));
}

static int decimal_sign(const struct decimal *decimal)
{
    return decimal->count == 0 ? 0 : decimal->is_negative ? -1 : 1;
}

static enum number_order decimal_compare(const struct decimal *a, const struct decimal *b)
{
    int sign = decimal_sign(a), other = decimal_sign(b);
    if (sign != other || sign == 0) return order_of(sign - other);
    if (a->magnitude != b->magnitude) return order_of(a->magnitude > b->magnitude ? sign : -sign);
    size_t count = a->count > b->count ? a->count : b->count;
    for (size_t i = 0; i < count; i++) {
        int difference = (int)decimal_digit(a, i) - (int)decimal_digit(b, i);
        if (difference) return order_of(difference > 0 ? sign : -sign);
    }
    return NUMBER_EQUAL;
}

static enum number_order int_compare_double(int64_t a, double b)
{
    if (isnan(b)) return NUMBER_UNORDERED;
    int64_t whole;
    if (double_int64(b, &whole) == NUMBER_TOO_BIG) return b > 0 ? NUMBER_LESS : NUMBER_GREATER;
    if (a != whole) return a < whole ? NUMBER_LESS : NUMBER_GREATER;
    double fraction = b - (double)whole; /* exact: below 2^53 when there is a fraction at all */
    return order_of((fraction < 0) - (fraction > 0));
}

static enum number_order text_compare_double(const struct value *a, double b)
{
    struct decimal decimal = decimal_of(value_text(a));
    if (!decimal.is_integer) return double_compare(decimal_double(&decimal, value_text(a)), b);
    int64_t small, whole;
    if (decimal_int64(&decimal, &small) != NUMBER_TOO_BIG) return int_compare_double(small, b);
    if (isnan(b)) return NUMBER_UNORDERED;
    if (isinf(b) || double_int64(b, &whole) != NUMBER_TOO_BIG)
        return isinf(b) ? (b > 0 ? NUMBER_LESS : NUMBER_GREATER)
                        : (decimal.is_negative ? NUMBER_LESS : NUMBER_GREATER);
    char digits[DOUBLE_WHOLE];
    int len = snprintf(digits, sizeof digits, "%.0f", b); /* exact: glibc prints every digit */
    assert(len > 0 && (size_t)len < sizeof digits);
    struct decimal other = decimal_of((struct str){digits, (size_t)len});
    return decimal_compare(&decimal, &other);
}

static enum number_order text_compare(const struct value *a, const struct value *b)
{
    char digits[NUMBER_PRINT_MAX];
    struct str text = b->kind == VALUE_NUMBER
                          ? value_text(b)
                          : (struct str){digits, number_print_int(b->integer, digits)};
    struct decimal left = decimal_of(value_text(a)), right = decimal_of(text);
    return decimal_compare(&left, &right);
}

static enum number_order order_reversed(enum number_order order)
{
    return order == NUMBER_UNORDERED ? order : order_of(-(int)order);
}

enum number_order number_compare(const struct value *a, const struct value *b)
{
    assert(value_is_number(a) && value_is_number(b));
    if (a->kind == VALUE_INT && b->kind == VALUE_INT)
        return order_of((a->integer > b->integer) - (a->integer < b->integer));
    if (a->kind == VALUE_DOUBLE && b->kind == VALUE_DOUBLE) return double_compare(a->real, b->real);
    if (a->kind == VALUE_INT && b->kind == VALUE_DOUBLE)
        return int_compare_double(a->integer, b->real);
    if (a->kind != VALUE_NUMBER) return order_reversed(number_compare(b, a));
    return b->kind == VALUE_DOUBLE ? text_compare_double(a, b->real) : text_compare(a, b);
}

/* ---- texts that people wrote ---- */

/* Blanks as Ruby's to_i and strip see them. */
static inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static struct str trim(struct str text)
{
    while (text.len && is_space(*text.ptr)) text = str_from(text, 1);
    while (text.len && is_space(text.ptr[text.len - 1])) text.len--;
    return text;
}

/* The bytes of a run of digits in which single `_` stand between digits. */
static size_t grouped_len(struct str text, bool *has_groups)
{
    size_t at = 0;
    *has_groups = false;
    for (; at < text.len; at++) {
        if (is_digit(text.ptr[at])) continue;
        bool is_group = text.ptr[at] == '_' && at && text.ptr[at - 1] != '_' &&
                        at + 1 < text.len && is_digit(text.ptr[at + 1]);
        if (!is_group) break;
        *has_groups = true;
    }
    return at;
}

/* Copies without `_`; the result is not longer. */
static size_t ungroup(struct str text, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '_') out[len++] = text.ptr[i];
    return len;
}

/* Digits (no sign) as a canonical integer: int64 or number-text without leading zeros. */
static struct value integer_of(struct str digits, bool is_negative, struct arena *arena)
{
    while (digits.len > 1 && *digits.ptr == '0') digits = str_from(digits, 1);
    struct decimal decimal;
    decimal_read(digits, &decimal);
    decimal.is_negative = is_negative;
    int64_t small;
    if (decimal_int64(&decimal, &small) != NUMBER_TOO_BIG) return value_int(small);
    char *text = arena_alloc(arena, digits.len + 1);
    text[0] = '-';
    memcpy(text + 1, digits.ptr, digits.len);
    return value_number((struct str){text + !is_negative, digits.len + is_negative});
}

enum { INT64_DIGITS_SAFE = 18 }; /* so many digits always fit int64 */

/* What nearly all captures of a number are. */
static bool read_plain_integer(struct str text, int64_t *number)
{
    if (text.len == 0 || text.len > INT64_DIGITS_SAFE) return false;
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) return false;
        *number = *number * 10 + (text.ptr[i] - '0');
    }
    return true;
}

struct value number_lenient_integer(struct str text, struct arena *arena)
{
    int64_t plain;
    if (read_plain_integer(text, &plain)) return value_int(plain);
    while (text.len && is_space(*text.ptr)) text = str_from(text, 1);
    bool is_negative = text.len && *text.ptr == '-', has_groups;
    if (text.len && (*text.ptr == '-' || *text.ptr == '+')) text = str_from(text, 1);
    text.len = grouped_len(text, &has_groups);
    if (text.len == 0) return value_int(0);
    if (has_groups) {
        char *digits = arena_alloc(arena, text.len);
        text = (struct str){digits, ungroup(text, digits)};
    }
    return integer_of(text, is_negative, arena);
}

double number_lenient_float(struct str text)
{
    while (text.len && is_space(*text.ptr)) text = str_from(text, 1);
    struct decimal decimal;
    size_t len = decimal_read(text, &decimal);
    if (len == text.len || text.ptr[len] != '_') {
        if (!len) return 0.0;
        return decimal_double(&decimal, (struct str){text.ptr, len});
    }
    /* the rare `1_000.5`: once more without the separators that Ruby allows */
    char *copy = xmalloc(text.len);
    size_t at = 0, out = 0;
    for (; at < text.len; at++) {
        bool is_group = text.ptr[at] == '_' && at && is_digit(text.ptr[at - 1]) &&
                        at + 1 < text.len && is_digit(text.ptr[at + 1]);
        if (text.ptr[at] == '_' && !is_group) break;
        if (!is_group) copy[out++] = text.ptr[at];
    }
    len = decimal_read((struct str){copy, out}, &decimal);
    double number = len ? decimal_double(&decimal, (struct str){copy, len}) : 0.0;
    free(copy);
    return number;
}

/* The text for the strict readers: trimmed, lower case, group separators dropped, the decimal
 * separator a point, `_` only between digits. False when it is too long or `_` stands elsewhere. */
static bool clean(struct str text, enum number_style style, char out[NUMBER_DIGITS_MAX],
                  struct str *cleaned)
{
    const char group = style == NUMBER_EU ? '.' : ',';
    text = trim(text);
    if (text.len > NUMBER_DIGITS_MAX) return false;
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == group) continue;
        if (c == '_') {
            if (i == 0 || i + 1 == text.len || !is_digit(text.ptr[i - 1]) ||
                !is_digit(text.ptr[i + 1]))
                return false;
            continue;
        }
        if (c == ',') c = '.';
        out[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    *cleaned = (struct str){out, len};
    return true;
}

static inline int hex_digit(char c)
{
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t hex_len(struct str text)
{
    size_t len = 0;
    while (len < text.len && hex_digit(text.ptr[len]) >= 0) len++;
    return len;
}

/* [sign] 0x HEX [. HEX] [p [sign] DIGITS]; `*whole` are the digits before the point. */
static bool hex_read(struct str text, bool *is_negative, struct str *whole, bool *is_integer)
{
    *is_negative = str_starts(text, STR("-"));
    if (text.len && (*text.ptr == '-' || *text.ptr == '+')) text = str_from(text, 1);
    if (!str_starts(text, STR("0x"))) return false;
    text = str_from(text, 2);
    *whole = str_slice(text, 0, hex_len(text));
    if (whole->len == 0) return false;
    text = str_from(text, whole->len);
    *is_integer = text.len == 0;
    if (text.len && *text.ptr == '.') {
        size_t fraction = hex_len(str_from(text, 1));
        if (!fraction) return false;
        text = str_from(text, 1 + fraction);
    }
    if (text.len && *text.ptr == 'p') {
        text = str_from(text, 1);
        if (text.len && (*text.ptr == '-' || *text.ptr == '+')) text = str_from(text, 1);
        return text.len && digits_len(text.ptr, text.ptr + text.len) == text.len;
    }
    return text.len == 0;
}

/* Digits to base 16 as digits to base 10: schoolbook, over words of nine decimal digits. */
static bool hex_integer(struct str hex, bool is_negative, struct arena *arena, struct value *out)
{
    if (hex.len > NUMBER_HEX_MAX) return false;
    uint32_t words[NUMBER_HEX_MAX * 5 / 36 + 2] = {0};
    size_t used = 1;
    for (size_t i = 0; i < hex.len; i++) {
        uint64_t carry = (uint64_t)hex_digit(hex.ptr[i]);
        for (size_t w = 0; w < used; w++, carry /= 1000000000) {
            carry += (uint64_t)words[w] * 16;
            words[w] = (uint32_t)(carry % 1000000000);
        }
        if (carry) words[used++] = (uint32_t)carry;
        assert(used < sizeof words / sizeof *words);
    }
    char digits[sizeof words / sizeof *words * 9 + 1];
    int len = 0;
    while (used--)
        len += snprintf(digits + len, sizeof digits - (size_t)len, "%09u", words[used]);
    *out = integer_of((struct str){digits, (size_t)len}, is_negative, arena);
    return true;
}

bool number_parse_integer(struct str text, enum number_style style, struct arena *arena,
                          struct value *out)
{
    char bytes[NUMBER_DIGITS_MAX];
    struct str whole;
    struct decimal decimal;
    bool is_negative, is_integer;
    if (!clean(text, style, bytes, &text)) return false;
    if (hex_read(text, &is_negative, &whole, &is_integer)) {
        if (is_integer) return hex_integer(whole, is_negative, arena, out);
        struct value real = value_double(double_by_strtod(text));
        return number_truncate(&real, arena, out);
    }
    if (text.len == 0 || decimal_read(text, &decimal) != text.len) return false;
    return decimal_truncate(&decimal, arena, out);
}

bool number_parse_float(struct str text, enum number_style style, double *out)
{
    char bytes[NUMBER_DIGITS_MAX];
    struct str whole;
    struct decimal decimal;
    bool is_negative, is_integer;
    if (!clean(text, style, bytes, &text)) return false;
    if (hex_read(text, &is_negative, &whole, &is_integer)) {
        *out = double_by_strtod(text);
        return true;
    }
    if (text.len == 0 || decimal_read(text, &decimal) != text.len) return false;
    *out = decimal_double(&decimal, text);
    return true;
}
