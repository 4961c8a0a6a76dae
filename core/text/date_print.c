/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include "core/text/date_pattern.h"
#include "core/text/time.h"

/* An instant taken apart; the rarer parts are computed when asked for. */
struct parts {
    int64_t seconds, days;
    struct civil civil;
    uint32_t ns, of_day; /* second of the day */
};

/* At least `min` digits; the sign is not one of them. Returns the end. */
static char *print_number(char *at, int64_t number, unsigned min)
{
    if (min == 2 && number >= 0 && number <= 99) {
        print_two(at, (unsigned)number);
        return at + 2;
    }
    if (min == 4 && number >= 0 && number <= 9999) {
        print_two(at, (unsigned)number / 100);
        print_two(at + 2, (unsigned)number % 100);
        return at + 4;
    }
    char digits[24];
    unsigned count = 0;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    if (number < 0) *at++ = '-';
    for (; rest; rest /= 10) digits[count++] = (char)('0' + rest % 10);
    for (unsigned i = count; i < min; i++) *at++ = '0';
    if (count == 0 && min == 0) *at++ = '0';
    while (count) *at++ = digits[--count];
    return at;
}

static char *print_text(char *at, struct str text)
{
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

static unsigned digits_of(int64_t number)
{
    unsigned digits = 1;
    for (; number >= 10; number /= 10) digits++;
    return digits;
}

static char *print_year(char *at, const struct date_op *op, int32_t year)
{
    if (op->has_plus && digits_of(year) > op->min) *at++ = '+';
    return print_number(at, year, op->min);
}

static char *print_two_of(char *at, int32_t year)
{
    print_two(at, (unsigned)(year < 0 ? -year : year) % 100);
    return at + 2;
}

/* A name in English: long, short (three letters) or narrow (one). */
static char *print_name(char *at, const char *const *names, unsigned index, uint8_t width)
{
    const char *full = names[index], *end = strchr(full, '|');
    size_t len = width == WIDTH_LONG ? (size_t)(end - full) : width == WIDTH_SHORT ? 3 : 1;
    return print_text(at, (struct str){full, len});
}

static char *print_era(char *at, const struct date_op *op, bool is_before)
{
    static const char *const names[2][3] = {{"AD", "Anno Domini", "A"}, {"BC", "Before Christ", "B"}};
    return print_text(at, str_of(names[is_before][op->width]));
}

static char *print_quarter_name(char *at, unsigned quarter, uint8_t width)
{
    static const char *const longs[] = {"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"};
    if (width == WIDTH_LONG) return print_text(at, str_of(longs[quarter - 1]));
    if (width == WIDTH_SHORT) *at++ = 'Q';
    return print_number(at, quarter, 1);
}

/* `count` digits; those behind what the format resolves are zeros. */
static char *print_fraction(char *at, const struct parts *p, unsigned count, bool is_java)
{
    uint32_t rest = is_java ? p->ns : p->ns - p->ns % 1000000, unit = 100000000;
    for (unsigned i = 0; i < count; i++, unit /= 10) *at++ = unit ? (char)('0' + rest / unit % 10) : '0';
    return at;
}

/* Weeks that begin on Sunday; week 1 is the one with January 1st. */
static unsigned us_week(const struct parts *p, int32_t *year)
{
    *year = p->civil.year;
    int64_t next = time_days(*year + 1, 1, 1), start = time_days(*year, 1, 1);
    if (p->days >= next - (int64_t)(time_weekday(next) % 7)) {
        ++*year;
        return 1;
    }
    int64_t sunday = start - (int64_t)(time_weekday(start) % 7);
    return (unsigned)(p->days - sunday) / 7 + 1;
}

static unsigned us_week_of_month(const struct parts *p)
{
    int64_t first = p->days - (p->civil.day - 1);
    return (p->civil.day - 1u + time_weekday(first) % 7) / 7 + 1;
}

/* Fields of java.time that Joda lacks. */
static char *print_java(char *at, const struct date_op *op, const struct parts *p)
{
    int32_t year;
    unsigned quarter = (p->civil.month - 1u) / 3 + 1, week = us_week(p, &year);
    int64_t ms = (int64_t)p->of_day * 1000 + p->ns / 1000000;
    switch (op->kind) {
    case DATE_QUARTER: return print_number(at, quarter, op->min);
    case DATE_QUARTER_NAME: return print_quarter_name(at, quarter, op->width);
    case DATE_US_WEEK: return print_number(at, week, op->min);
    case DATE_US_WEEK_YEAR: return print_year(at, op, year);
    case DATE_US_WEEK_YEAR_TWO: return print_two_of(at, year);
    case DATE_US_WEEK_OF_MONTH: return print_number(at, us_week_of_month(p), op->min);
    case DATE_US_WEEKDAY: return print_number(at, time_weekday(p->days) % 7 + 1, op->min);
    case DATE_WEEK_IN_MONTH: return print_number(at, (p->civil.day - 1) / 7 + 1, op->min);
    case DATE_NANO: return print_number(at, p->ns, op->min);
    case DATE_NANO_OF_DAY: return print_number(at, p->of_day * INT64_C(1000000000) + p->ns, op->min);
    default: assert(op->kind == DATE_MILLI_OF_DAY); return print_number(at, ms, op->min);
    }
}

static char *print_week_field(char *at, const struct date_op *op, const struct parts *p)
{
    int32_t year;
    unsigned week = time_week(p->days, &year);
    if (op->kind == DATE_WEEK) return print_number(at, week, op->min);
    return op->kind == DATE_WEEK_YEAR ? print_number(at, year, op->min) : print_two_of(at, year);
}

static char *print_op(char *at, const struct date_op *op, const struct parts *p, bool is_java)
{
    const struct civil *c = &p->civil;
    int32_t of_era = c->year > 0 ? c->year : 1 - c->year;
    switch (op->kind) {
    case DATE_LITERAL: return print_text(at, op->text);
    case DATE_ERA: return print_era(at, op, c->year <= 0);
    case DATE_CENTURY: return print_number(at, of_era / 100, op->min);
    case DATE_YEAR: return print_year(at, op, c->year);
    case DATE_YEAR_OF_ERA: return print_year(at, op, of_era);
    case DATE_YEAR_TWO: return print_two_of(at, is_java ? of_era : c->year);
    case DATE_WEEK_YEAR: case DATE_WEEK_YEAR_TWO: case DATE_WEEK: return print_week_field(at, op, p);
    case DATE_MONTH: return print_number(at, c->month, op->min);
    case DATE_MONTH_NAME:
        return print_name(at, date_locale_english()->months, c->month - 1u, op->width);
    case DATE_DAY: return print_number(at, c->day, op->min);
    case DATE_DAY_OF_YEAR: return print_number(at, time_day_of_year(c), op->min);
    case DATE_WEEKDAY: return print_number(at, time_weekday(p->days), op->min);
    case DATE_WEEKDAY_NAME:
        return print_name(at, date_locale_english()->weekdays, time_weekday(p->days) - 1, op->width);
    case DATE_HALFDAY: return print_text(at, c->hour < 12 ? STR("AM") : STR("PM"));
    case DATE_HOUR: return print_number(at, c->hour, op->min);
    case DATE_CLOCK_HOUR: return print_number(at, c->hour ? c->hour : 24, op->min);
    case DATE_HALF_HOUR: return print_number(at, c->hour % 12, op->min);
    case DATE_HALF_CLOCK_HOUR: return print_number(at, c->hour % 12 ? c->hour % 12 : 12, op->min);
    case DATE_MINUTE: return print_number(at, c->minute, op->min);
    case DATE_SECOND: return print_number(at, c->second, op->min);
    case DATE_FRACTION: return print_fraction(at, p, op->min, is_java);
    case DATE_OFFSET: return print_text(at, op->width == WIDTH_LONG ? STR("+00:00") : STR("+0000"));
    case DATE_ZONE_NAME:
        return print_text(at, op->width == WIDTH_LONG ? STR("Coordinated Universal Time") : STR("UTC"));
    case DATE_ZONE_ID: return print_text(at, STR("UTC"));
    case DATE_EPOCH: return print_number(at, p->seconds, 1);
    default: return print_java(at, op, p);
    }
}

void date_format_print(const struct date_format *format, int64_t seconds, uint32_t ns,
                       struct buf *out)
{
    assert(ns < 1000000000);
    if (seconds < TIME_SECONDS_MIN) seconds = TIME_SECONDS_MIN;
    if (seconds > TIME_SECONDS_MAX) seconds = TIME_SECONDS_MAX;
    struct parts parts = {.seconds = seconds, .ns = ns, .civil = time_civil(seconds)};
    parts.of_day = parts.civil.hour * 3600u + parts.civil.minute * 60u + parts.civil.second;
    parts.days = (seconds - (int64_t)parts.of_day) / 86400;
    buf_reserve(out, format->size_max + 1); /* an empty pattern, too, gets a place to write at */
    char *at = out->ptr + out->len;
    for (uint32_t i = 0; i < format->count; i++)
        at = print_op(at, &format->ops[i], &parts, format->is_java);
    assert((size_t)(at - out->ptr) - out->len <= format->size_max);
    out->len = (size_t)(at - out->ptr);
}
