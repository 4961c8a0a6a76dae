/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and their texts. A number of an event is an int64, a double or number-text: the digits as
 * a JSON document wrote them (RFC 8259 section 6). Number-text is printed unchanged; whoever reads
 * it gets int64 with a verdict, the nearest double, or an exact order. Texts that people wrote are
 * read in two ways: leniently as Ruby's to_i and to_f do (grok's `:int`, `:float`), strictly as
 * mutate's `convert` does. Doubles are printed with the shortest digits that read back the same, in
 * Java's form (JSON, sprintf) or Ruby's (convert to string).
 *
 * Text is borrowed; what must be made anew is taken from the arena given. No state: any thread.
 * strtod() is used: the process stays in the C locale. */
#ifndef CORE_TEXT_NUMBER_H
#define CORE_TEXT_NUMBER_H
#include "core/event/value.h"

enum {
    NUMBER_PRINT_MAX = 32,     /* bytes that any of the print functions may write */
    NUMBER_DIGITS_MAX = 10000, /* of an integer spelled out from exponent form (`1e9999`) */
    NUMBER_HEX_MAX = 256,      /* digits of a hexadecimal integer */
};

enum number_fit {
    NUMBER_EXACT,
    NUMBER_ROUNDED, /* the fraction was cut off, toward zero */
    NUMBER_TOO_BIG, /* saturated at the end of the range */
};

enum number_order { NUMBER_LESS = -1, NUMBER_EQUAL, NUMBER_GREATER, NUMBER_UNORDERED /* NaN */ };

/* In which way the text separates: 1,234.5 or 1.234,5. */
enum number_style { NUMBER_PLAIN, NUMBER_EU };

static inline bool value_is_number(const struct value *value)
{
    return value && value->kind >= VALUE_INT && value->kind <= VALUE_NUMBER;
}

/* ---- number-text ---- */
/* Bytes of the JSON number at the start of `text`; 0: there is none. `*is_integer`: neither
 * fraction nor exponent. */
size_t number_scan(struct str text, bool *is_integer);
enum number_fit number_int64(struct str digits, int64_t *out);
/* The commonest: at most 15 digits without an exponent, whole (VALUE_INT) or not (VALUE_DOUBLE), in one
 * pass. VALUE_MISSING: it is not of these. */
struct value number_quick(const char *digits, size_t len);
double number_double(struct str digits); /* the nearest; infinite beyond the range */

/* ---- any number: VALUE_INT, VALUE_DOUBLE, VALUE_NUMBER ---- */
/* NaN gives 0 and NUMBER_TOO_BIG. */
enum number_fit number_as_int64(const struct value *number, int64_t *out);
double number_as_double(const struct value *number);
/* Toward zero, of any size (VALUE_INT, or VALUE_NUMBER beyond int64). False: NaN, infinite or more
 * than NUMBER_DIGITS_MAX digits. */
bool number_truncate(const struct value *number, struct arena *arena, struct value *out);
/* Exact, except that a double and a text with fraction or exponent compare as doubles: `0.1` from a
 * document equals the literal 0.1. */
enum number_order number_compare(const struct value *a, const struct value *b);

/* ---- texts that people wrote ---- */
/* Ruby's to_i: blanks, sign, digits with single `_`; ends at the first other byte; none: 0. */
struct value number_lenient_integer(struct str text, struct arena *arena);
/* Ruby's to_f: as above with fraction and exponent; `.5` is read, `5.` is 5. */
double number_lenient_float(struct str text);
/* The whole text, trimmed, without its group separators: decimal, exponent or hexadecimal (`0x1f`,
 * `0x1.8p+1`), cut toward zero. False: not a number (`""`, `12abc`, `5.`) or too long. */
bool number_parse_integer(struct str text, enum number_style style, struct arena *arena,
                          struct value *out);
bool number_parse_float(struct str text, enum number_style style, double *out);

/* ---- printing: at most NUMBER_PRINT_MAX bytes, no NUL; the length is returned ---- */
size_t number_print_int(int64_t number, char out[NUMBER_PRINT_MAX]);
size_t number_print_java(double number, char out[NUMBER_PRINT_MAX]); /* 1.0 1.0E-7 1.2345E8 NaN */
size_t number_print_ruby(double number, char out[NUMBER_PRINT_MAX]); /* 1.0 1.0e-07 123450000.0 */

#endif
