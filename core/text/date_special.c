/* SPDX-License-Identifier: Apache-2.0 */
/* The date filter's formats that are no patterns. UNIX and UNIX_MS as Logstash 8 and 9 read them;
 * TAI64N of https://cr.yp.to/libtai/tai64.html, with its leap seconds fixed at ten; ISO8601 is
 * Joda-Time's dateTimeParser plus `yyyy-MM-dd HH:mm:ss` with a fraction. */
#include <math.h>
#include <stdlib.h>
#include "core/text/date_pattern.h"
#include "core/text/time.h"

enum { TAI_AHEAD = 10, YEAR_DIGITS = 9 };
#define UNIX_SECONDS_MAX INT64_C(2147483647)

/* Floors; false: out of range. */
static bool instant_of_ms(int64_t ms, int64_t *seconds, uint32_t *ns)
{
    int64_t whole = ms / 1000 - (ms % 1000 < 0);
    *seconds = whole;
    *ns = (uint32_t)(ms - whole * 1000) * 1000000;
    return time_in_range(whole);
}

/* An optional sign and digits, nothing else. */
static bool read_int(struct str text, int64_t *number)
{
    bool is_negative = text.len && text.ptr[0] == '-';
    if (is_negative || (text.len && text.ptr[0] == '+')) text = str_from(text, 1);
    if (text.len == 0) return false;
    int64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, text.ptr[i] - '0', &sum)) /* downwards: reaches INT64_MIN */
            return false;
    }
    return is_negative ? (*number = sum, true) : !__builtin_sub_overflow(0, sum, number);
}

bool date_parse_int(const struct date_parser *parser, int64_t number, int64_t *seconds, uint32_t *ns)
{
    if (parser->kind == PARSER_UNIX_MS) return instant_of_ms(number, seconds, ns);
    if (parser->kind != PARSER_UNIX || number > UNIX_SECONDS_MAX) return false;
    *seconds = number;
    *ns = 0;
    return time_in_range(number);
}

bool date_parse_double(const struct date_parser *parser, double number, int64_t *seconds, uint32_t *ns)
{
    if (parser->kind != PARSER_UNIX && parser->kind != PARSER_UNIX_MS) return false;
    if (parser->kind == PARSER_UNIX && !(number < (double)(UNIX_SECONDS_MAX + 1))) return false;
    double ms = trunc(parser->kind == PARSER_UNIX ? number * 1000 : number);
    if (!(fabs(ms) < 9e18)) return false;
    return instant_of_ms((int64_t)ms, seconds, ns);
}

/* First three digits of a fraction, as milliseconds; -1: not digits. */
static int read_ms(struct str digits)
{
    int ms = 0;
    for (size_t i = 0; i < digits.len; i++)
        if (!is_digit(digits.ptr[i])) return -1;
    for (size_t i = 0; i < 3; i++) ms = ms * 10 + (i < digits.len ? digits.ptr[i] - '0' : 0);
    return digits.len ? ms : -1;
}

bool date_parse_number(const struct date_parser *parser, struct str digits, int64_t *seconds,
                       uint32_t *ns)
{
    int64_t number;
    if (read_int(digits, &number)) return date_parse_int(parser, number, seconds, ns);
    if (digits.len >= 400) return false; /* longer than any double's digits */
    ptrdiff_t dot = str_find(digits, STR("."));
    int ms = dot >= 0 ? read_ms(str_from(digits, (size_t)dot + 1)) : -1;
    if (ms < 0 || !read_int(str_slice(digits, 0, (size_t)dot), &number)) {
        char text[400];
        memcpy(text, digits.ptr, digits.len);
        text[digits.len] = 0;
        return date_parse_double(parser, strtod(text, NULL), seconds, ns);
    }
    /* An exact decimal. */
    if (parser->kind == PARSER_UNIX_MS)
        return number <= UNIX_SECONDS_MAX * 1000 && instant_of_ms(number, seconds, ns);
    if (number > UNIX_SECONDS_MAX || number < -UNIX_SECONDS_MAX * 1000) return false;
    bool is_negative = digits.ptr[0] == '-';
    return parser->kind == PARSER_UNIX &&
           instant_of_ms(number * 1000 + (is_negative ? -ms : ms), seconds, ns);
}

/* The fraction of a negative number counts forward: `-1.5` is half a second before 1970. */
bool date_parse_unix(struct str text, int64_t *seconds, uint32_t *ns)
{
    const char *dot = text.len ? memchr(text.ptr, '.', text.len) : NULL;
    size_t whole = dot ? (size_t)(dot - text.ptr) : text.len;
    int ms = dot ? read_ms(str_from(text, whole + 1)) : 0;
    int64_t number;
    if (ms < 0 || !read_int(str_slice(text, 0, whole), &number)) return false;
    *seconds = number;
    *ns = (uint32_t)ms * 1000000;
    return number <= UNIX_SECONDS_MAX && time_in_range(number);
}

bool date_parse_unix_ms(struct str text, int64_t *seconds, uint32_t *ns)
{
    int64_t number;
    return read_int(text, &number) && instant_of_ms(number, seconds, ns);
}

static bool read_hex(struct str text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i], lower = (char)(c | 0x20);
        if (is_digit(c)) *number = *number << 4 | (uint64_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f') *number = *number << 4 | (uint64_t)(lower - 'a' + 10);
        else return false;
    }
    return true;
}

bool date_parse_tai64n(struct str text, int64_t *seconds, uint32_t *ns)
{
    uint64_t tai, part;
    if (text.len && text.ptr[0] == '@') text = str_from(text, 1);
    if (text.len != 24 || !read_hex(str_slice(text, 0, 16), &tai) || !read_hex(str_from(text, 16), &part))
        return false;
    *seconds = (int64_t)(tai & ((UINT64_C(1) << 62) - 1)) - TAI_AHEAD;
    *ns = (uint32_t)(part - part % 1000000);
    return part < 1000000000 && time_in_range(*seconds);
}

/* ---- ISO8601 ---- */
struct reader {
    const char *start, *at, *end;
};

static char peek(const struct reader *in) { return in->at < in->end ? *in->at : 0; }

static bool take(struct reader *in, char c)
{
    if (peek(in) != c || in->at == in->end) return false;
    in->at++;
    return true;
}

/* Up to `max` digits; returns how many. */
static unsigned take_digits(struct reader *in, unsigned max, int32_t *number)
{
    unsigned count = 0;
    *number = 0;
    for (; count < max && is_digit(peek(in)); count++) *number = *number * 10 + (*in->at++ - '0');
    return count;
}

static bool take_year(struct reader *in, int32_t *year)
{
    bool is_negative = take(in, '-');
    if (!is_negative) take(in, '+');
    if (!take_digits(in, YEAR_DIGITS, year)) return false;
    if (is_negative) *year = -*year;
    return true;
}

/* `Www[-e]` */
static bool take_week(struct reader *in, struct date_fields *f, int32_t year)
{
    int32_t week, day;
    in->at++;
    if (!take_digits(in, 2, &week)) return false;
    fields_set(f, DATE_WEEK_YEAR, year);
    fields_set(f, DATE_WEEK, week);
    if (!take(in, '-')) return true;
    if (!take_digits(in, 1, &day)) return false;
    fields_set(f, DATE_WEEKDAY, day);
    return true;
}

/* `yyyy`, `yyyy-MM`, `yyyy-MM-dd`, `yyyy-DDD`, `xxxx-Www[-e]`. */
static bool take_date(struct reader *in, struct date_fields *f)
{
    int32_t year, number;
    if (!take_year(in, &year)) return false;
    if (in->end - in->at >= 2 && in->at[0] == '-' && (in->at[1] | 0x20) == 'w')
        return in->at++, take_week(in, f, year);
    fields_set(f, DATE_YEAR, year);
    if (!take(in, '-')) return true;
    unsigned digits = take_digits(in, 3, &number);
    fields_set(f, digits == 3 ? DATE_DAY_OF_YEAR : DATE_MONTH, number);
    if (digits == 0) return false;
    if (digits == 3 || !take(in, '-')) return true;
    if (!take_digits(in, 2, &number)) return false;
    fields_set(f, DATE_DAY, number);
    return true;
}

/* The fraction of a unit of `unit_ms` spreads over the smaller ones. */
static bool take_fraction(struct reader *in, struct date_fields *f, uint32_t unit_ms)
{
    in->at++;
    if (!is_digit(peek(in))) return false;
    f->fraction_at = (uint8_t)(in->at - in->start);
    uint64_t part = 0, scale = 1;
    for (; is_digit(peek(in)); in->at++) {
        if (scale == 1000000000) continue;
        part = part * 10 + (uint64_t)(*in->at - '0');
        scale *= 10;
    }
    f->fraction_len = (uint8_t)(in->at - in->start - f->fraction_at);
    uint32_t ms = (uint32_t)(part * unit_ms / scale);
    if (unit_ms > 60000) fields_set(f, DATE_MINUTE, (int32_t)(ms / 60000));
    if (unit_ms > 1000) fields_set(f, DATE_SECOND, (int32_t)(ms / 1000 % 60));
    f->ms = ms % 1000;
    return true;
}

/* `HH[:mm[:ss]]`, a fraction behind any of them. Returns how many parts there were; 0: bad. */
static int take_time(struct reader *in, struct date_fields *f)
{
    static const enum date_kind kinds[] = {DATE_HOUR, DATE_MINUTE, DATE_SECOND};
    static const uint32_t unit_ms[] = {3600000, 60000, 1000};
    for (int i = 0;; i++) {
        int32_t number;
        const char *before = in->at;
        unsigned digits = take_digits(in, 2, &number);
        if (digits == 0) return 0;
        fields_set(f, kinds[i], number);
        if (i == 2 && digits == 2) f->second_at = (uint8_t)(before - in->start);
        if (peek(in) == '.' || peek(in) == ',') return take_fraction(in, f, unit_ms[i]) ? i + 1 : 0;
        if (i == 2 || !take(in, ':')) return i + 1;
    }
}

static bool take_offset(struct reader *in, struct date_fields *f)
{
    f->has_zone = true;
    f->zone = (struct zone){0};
    if ((peek(in) | 0x20) == 'z') return in->at++, true;
    size_t len = zone_parse_offset((struct str){in->at, (size_t)(in->end - in->at)}, &f->zone.offset);
    in->at += len;
    return len > 0;
}

bool date_read_iso8601(struct str text, struct date_fields *f)
{
    struct reader in = {text.ptr, text.ptr, text.ptr + text.len};
    bool has_date = (peek(&in) | 0x20) != 't';
    if (has_date && !take_date(&in, f)) return false;
    if (in.at == in.end) return has_date;
    bool is_blank = fields_has(f, DATE_DAY) && peek(&in) == ' ';
    if (!is_blank && (peek(&in) | 0x20) != 't') return false;
    in.at++;
    if (in.at == in.end) return has_date && !is_blank;
    int parts = 0;
    if (is_digit(peek(&in)) || !has_date || is_blank) {
        parts = take_time(&in, f);
        if (parts == 0) return false;
    }
    /* With a blank, all of the time and one to three digits of a fraction are asked for. */
    if (is_blank && (parts < 3 || f->fraction_len == 0 || f->fraction_len > 3)) return false;
    return in.at == in.end || (take_offset(&in, f) && in.at == in.end);
}
