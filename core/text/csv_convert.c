/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/csv_convert.h"
#include <assert.h>
#include <math.h>
#include "core/event/event.h"
#include "core/text/case.h"
#include "core/text/number.h"
#include "core/text/time.h"

enum csv_type csv_type_of(struct str name)
{
    static const char *const names[] = {
        [CSV_INTEGER] = "integer", [CSV_FLOAT] = "float",         [CSV_BOOLEAN] = "boolean",
        [CSV_DATE] = "date",       [CSV_DATE_TIME] = "date_time",
    };
    for (enum csv_type type = CSV_INTEGER; type < CSV_TYPES; type++)
        if (str_eq_z(name, names[type])) return type;
    return CSV_TYPES;
}

static bool is_space(char c) { return is_blank(c) || c == '\v' || c == '\f'; }

static struct str stripped(struct str text)
{
    while (text.len && is_space(text.ptr[0])) text = str_from(text, 1);
    while (text.len && is_space(text.ptr[text.len - 1])) text.len--;
    return text;
}

/* ---- integers ---- */

/* The base that the text's head says, which is taken off: 0x, 0b, 0o, 0d, or a 0 before other digits. */
static unsigned base_take(struct str *digits)
{
    static const struct { char letter; unsigned base; } heads[] = {{'x', 16}, {'b', 2}, {'o', 8}, {'d', 10}};
    if (digits->len < 2 || digits->ptr[0] != '0') return 10;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        if ((digits->ptr[1] | 32) != heads[i].letter) continue;
        *digits = str_from(*digits, 2);
        return heads[i].base;
    }
    *digits = str_from(*digits, digits->ptr[1] == '_' ? 2 : 1);
    return 8;
}

static unsigned digit_of(char c)
{
    if (is_digit(c)) return (unsigned)(c - '0');
    char letter = (char)(c | 32);
    return letter >= 'a' && letter <= 'f' ? (unsigned)(letter - 'a') + 10 : 99;
}

/* Digits of the base with single `_` between them, which are left out of `plain`. */
static bool digits_read(struct str digits, unsigned base, char *plain, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        bool is_between = i && i + 1 < digits.len && digits.ptr[i - 1] != '_';
        if (c == '_' && is_between) continue;
        if (digit_of(c) >= base) return false;
        plain[(*count)++] = c;
    }
    return *count > 0;
}

/* False: more than 64 bits. */
static bool number_of(const char *plain, size_t count, unsigned base, bool is_negative, int64_t *number)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t digit = (int64_t)digit_of(plain[i]);
        if (__builtin_mul_overflow(sum, (int64_t)base, &sum)) return false;
        if (is_negative ? __builtin_sub_overflow(sum, digit, &sum) : __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *number = sum;
    return true;
}

static void integer_convert(struct arena *arena, struct value *value)
{
    struct str text = stripped(value_text(value));
    bool is_negative = str_starts(text, STR("-"));
    if (is_negative || str_starts(text, STR("+"))) text = str_from(text, 1);
    unsigned base = base_take(&text);
    char *plain = arena_alloc(arena, text.len + 2);
    size_t count;
    int64_t number;
    if (!digits_read(text, base, plain + 1, &count)) return;
    if (number_of(plain + 1, count, base, is_negative, &number)) {
        *value = value_int(number);
        return;
    }
    if (base != 10) return; /* such a number is no number of anybody's log */
    plain[0] = '-';
    *value = value_number(is_negative ? (struct str){plain, count + 1} : (struct str){plain + 1, count});
}

/* ---- floats, booleans ---- */

static void float_convert(struct value *value)
{
    double number;
    struct str text = value_text(value);
    bool is_grouped = text.len && memchr(text.ptr, ',', text.len);
    if (is_grouped || !number_parse_float(text, NUMBER_PLAIN, &number) || !isfinite(number)) return;
    *value = value_double(number);
}

static void boolean_convert(struct arena *arena, struct value *value)
{
    struct str text = case_map(stripped(value_text(value)), CASE_LOWER, arena);
    if (str_eq(text, STR("true")))
        *value = value_bool(true);
    else if (str_eq(text, STR("false")))
        *value = value_bool(false);
    else
        *value = value_string(text);
}

/* ---- dates ---- */

static uint32_t readers_make(struct date_reader *readers, const char *const *formats, struct arena *arena)
{
    uint32_t count = 0;
    int32_t year = time_civil(event_now().seconds).year;
    for (; formats[count]; count++) {
        assert(count < CSV_FORMATS_MAX);
        struct str problem;
        struct date_parser *parser =
            date_parser_compile(str_of(formats[count]), date_locale_english(), year, arena, &problem);
        assert(parser);
        date_reader_init(&readers[count], parser, zone_system());
    }
    return count;
}

void csv_converter_init(struct csv_converter *converter, struct arena *arena)
{
    static const char *const date[] = {"yyyy-MM-dd",       "MMM d yyyy",      "MMM d, yyyy",     "EEE MMM d yyyy",
                                       "EEE, MMM d, yyyy", "EEE, MMM d yyyy", "EEE MMM d, yyyy", NULL};
    static const char *const date_time[] = {"yyyy-MM-dd",
                                            "yyyy-MM-dd HH:mm",
                                            "yyyy-MM-dd HH:mm:ss",
                                            "yyyy-MM-dd HH:mm:ss.SSSSSSSSS",
                                            "yyyy-MM-dd HH:mm:ssZ",
                                            "yyyy-MM-dd HH:mm:ss.SSSSSSSSSZ",
                                            "yyyy-MM-dd'T'HH:mm",
                                            "yyyy-MM-dd'T'HH:mm:ss",
                                            "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS",
                                            "yyyy-MM-dd'T'HH:mm:ssZ",
                                            "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSZ",
                                            "MMM d HH:mm:ss yyyy",
                                            "EEE MMM d HH:mm:ss yyyy",
                                            "MMM d yyyy HH:mm:ss",
                                            "MMM d, yyyy HH:mm:ss",
                                            NULL};
    converter->date_count = readers_make(converter->date, date, arena);
    converter->date_time_count = readers_make(converter->date_time, date_time, arena);
}

/* `2024-2-5` is none: the digits must be all there. */
static bool is_date(struct str text)
{
    if (!text.len || !is_digit(text.ptr[0])) return text.len > 0;
    static const char form[] = "dddd-dd-dd";
    for (size_t i = 0; form[i]; i++)
        if (i >= text.len || (form[i] == 'd' ? !is_digit(text.ptr[i]) : text.ptr[i] != form[i])) return false;
    return true;
}

static void date_convert(struct date_reader *readers, uint32_t count, struct value *value)
{
    int64_t seconds;
    uint32_t ns;
    struct str text = stripped(value_text(value));
    if (!is_date(text)) return;
    for (uint32_t i = 0; i < count; i++) {
        if (!date_parse(&readers[i], text, &seconds, &ns)) continue;
        *value = value_time(seconds, ns);
        return;
    }
}

void csv_convert(struct csv_converter *converter, enum csv_type type, struct arena *arena, struct value *value)
{
    assert(value->kind == VALUE_STRING);
    switch (type) {
    case CSV_INTEGER: integer_convert(arena, value); break;
    case CSV_FLOAT: float_convert(value); break;
    case CSV_BOOLEAN: boolean_convert(arena, value); break;
    case CSV_DATE: date_convert(converter->date, converter->date_count, value); break;
    case CSV_DATE_TIME: date_convert(converter->date_time, converter->date_time_count, value); break;
    case CSV_TEXT:
    case CSV_TYPES: break;
    }
}
