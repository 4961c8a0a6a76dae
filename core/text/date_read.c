/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a text by the operations of a pattern, as Joda-Time does: a number takes as many digits as
 * it may, letters of literals match in either case, names in three. */
#include "core/text/date_pattern.h"

enum { ZONE_TRIES = 4, VALUE_MAX = 999999999 };

struct reader {
    const struct date_parser *parser;
    const char *start, *at, *end;
    struct date_fields *fields;
};

static size_t left(const struct reader *in) { return (size_t)(in->end - in->at); }
static struct str rest(const struct reader *in) { return (struct str){in->at, left(in)}; }

/* Up to `max` digits; returns how many. Larger numbers than any field takes stay large. */
static unsigned read_digits(struct reader *in, unsigned max, int32_t *number)
{
    unsigned count = 0;
    int64_t sum = 0;
    for (; count < max && in->at < in->end && is_digit(*in->at); count++) {
        sum = sum * 10 + (*in->at++ - '0');
        if (sum > VALUE_MAX) sum = VALUE_MAX;
    }
    *number = (int32_t)sum;
    return count;
}

static bool read_literal(struct reader *in, struct str text)
{
    if (left(in) < text.len) return false;
    for (size_t i = 0; i < text.len; i++) {
        char a = in->at[i], b = text.ptr[i], folded = (char)(a | 0x20);
        if (a != b && !(folded == (b | 0x20) && folded >= 'a' && folded <= 'z')) return false;
    }
    in->at += text.len;
    return true;
}

static bool read_sign(struct reader *in, bool *is_negative)
{
    bool has_sign = left(in) >= 2 && (*in->at == '-' || *in->at == '+') && is_digit(in->at[1]);
    *is_negative = has_sign && *in->at == '-';
    in->at += has_sign;
    return has_sign;
}

static bool read_year(struct reader *in, const struct date_op *op, enum date_kind kind)
{
    bool is_negative = false;
    int32_t year;
    if (op->kind != DATE_YEAR_OF_ERA) read_sign(in, &is_negative);
    if (!read_digits(in, op->max, &year)) return false;
    fields_set(in->fields, kind, is_negative ? -year : year);
    return true;
}

/* Exactly two digits lie from 80 years before to 19 after the current one; others count as they
 * stand, unless a number follows (`yyMMdd`). */
static bool read_two_digit_year(struct reader *in, const struct date_op *op)
{
    enum date_kind kind = op->kind == DATE_YEAR_TWO ? DATE_YEAR : DATE_WEEK_YEAR;
    bool is_fixed = op->max == 2, is_negative = false;
    bool has_sign = !is_fixed && read_sign(in, &is_negative);
    int32_t year;
    unsigned digits = read_digits(in, op->max, &year);
    if (digits == 0 || (is_fixed && digits < 2)) return false;
    if (digits == 2 && !has_sign) {
        int32_t low = in->parser->year - 80;
        year += low - low % 100 + (year < low % 100 ? 100 : 0);
    }
    fields_set(in->fields, kind, is_negative ? -year : year);
    return true;
}

static bool read_name(struct reader *in, const struct names *names, enum date_kind kind)
{
    size_t len;
    unsigned number = names_find(names, rest(in), &len);
    if (number == 0) return false;
    fields_set(in->fields, kind, (int32_t)number);
    in->at += len;
    return true;
}

static bool read_word(struct reader *in, const char *word)
{
    return read_literal(in, str_of(word));
}

/* am and pm in any case, for Spanish and Dutch also with the dots these languages write. */
static bool read_halfday(struct reader *in)
{
    static const char *const forms[][2] = {
        {"a.\xc2\xa0m.", "p.\xc2\xa0m."}, {"a. m.", "p. m."}, {"a.m.", "p.m."}, {"am", "pm"}};
    const char *language = in->parser->language;
    bool has_dots = strcmp(language, "es") == 0 || strcmp(language, "nl") == 0;
    for (size_t i = has_dots ? 0 : 3; i < 4; i++)
        for (int32_t half = 0; half < 2; half++)
            if (read_word(in, forms[i][half])) {
                fields_set(in->fields, DATE_HALFDAY, half);
                return true;
            }
    return false;
}

static bool read_era(struct reader *in)
{
    static const char *const names[] = {"BCE", "BC", "CE", "AD"};
    for (int32_t i = 0; i < 4; i++)
        if (read_word(in, names[i])) {
            fields_set(in->fields, DATE_ERA, i >= 2);
            return true;
        }
    return false;
}

/* Digits beyond the millisecond are read and dropped. */
static bool read_fraction(struct reader *in, const struct date_op *op)
{
    struct date_fields *f = in->fields;
    unsigned count = 0;
    uint32_t unit = 100;
    f->ms = 0;
    f->fraction_at = (uint8_t)(in->at - in->start);
    for (; count < op->max && in->at < in->end && is_digit(*in->at); count++, unit /= 10)
        f->ms += (uint32_t)(*in->at++ - '0') * unit;
    f->fraction_len = (uint8_t)count;
    fields_set(f, DATE_FRACTION, 0);
    return count > 0;
}

static bool take_zone(struct reader *in, struct zone zone, size_t len)
{
    in->fields->has_zone = true;
    in->fields->zone = zone;
    in->at += len;
    return true;
}

static bool read_offset(struct reader *in)
{
    if (left(in) && (*in->at | 0x20) == 'z') return take_zone(in, (struct zone){0}, 1);
    struct str text = rest(in);
    size_t most = text.len > 3 && text.ptr[3] == ':' ? 6 : 5; /* no seconds here */
    struct zone zone = {0};
    size_t len = zone_parse_offset(str_slice(text, 0, text.len < most ? text.len : most), &zone.offset);
    return len && take_zone(in, zone, len);
}

/* The few short names that have one meaning to Joda-Time: a place, with its summer time. */
static bool read_zone_name(struct reader *in, bool is_long)
{
    static const char *const rows[][2] = {
        {"UTC", "UTC"},             {"UT", "UTC"},              {"GMT", "UTC"},
        {"EST", "America/New_York"}, {"EDT", "America/New_York"}, {"CST", "America/Chicago"},
        {"CDT", "America/Chicago"},  {"MST", "America/Denver"},   {"MDT", "America/Denver"},
        {"PST", "America/Los_Angeles"}, {"PDT", "America/Los_Angeles"},
    };
    for (size_t i = 0; !is_long && i < sizeof rows / sizeof rows[0]; i++) {
        struct str name = str_of(rows[i][0]);
        struct zone zone;
        if (!str_starts(rest(in), name)) continue;
        return zone_find(str_of(rows[i][1]), &zone) == ZONE_FOUND && take_zone(in, zone, name.len);
    }
    return false;
}

/* The longest id: all that may belong to one, else shorter up to a sign in it. */
static bool read_zone_id(struct reader *in)
{
    struct str id = rest(in);
    size_t len = 0;
    while (len < id.len && len < ZONE_ID_MAX) {
        char c = id.ptr[len];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(len && (is_digit(c) || memchr("_+-/", c, 4)))) break;
        len++;
    }
    for (int tries = 0; len && tries < ZONE_TRIES; tries++) {
        struct zone zone;
        if (zone_find(str_slice(id, 0, len), &zone) == ZONE_FOUND) return take_zone(in, zone, len);
        do len--; while (len && !memchr("_+-/", id.ptr[len], 4));
    }
    return false;
}

static bool read_number(struct reader *in, const struct date_op *op)
{
    const char *before = in->at;
    int32_t number;
    unsigned digits = read_digits(in, op->max, &number);
    if (digits == 0) return false;
    if (op->kind == DATE_SECOND) {
        bool is_first = !fields_has(in->fields, DATE_SECOND);
        in->fields->second_at = digits == 2 && is_first ? (uint8_t)(before - in->start) : NOWHERE;
    }
    fields_set(in->fields, (enum date_kind)op->kind, number);
    return true;
}

static bool read_op(struct reader *in, const struct date_op *op)
{
    switch (op->kind) {
    case DATE_LITERAL: return read_literal(in, op->text);
    case DATE_ERA: return read_era(in);
    case DATE_YEAR: case DATE_YEAR_OF_ERA: return read_year(in, op, (enum date_kind)op->kind);
    case DATE_WEEK_YEAR: return read_year(in, op, DATE_WEEK_YEAR);
    case DATE_YEAR_TWO: case DATE_WEEK_YEAR_TWO: return read_two_digit_year(in, op);
    case DATE_MONTH_NAME: return read_name(in, in->parser->months, DATE_MONTH);
    case DATE_WEEKDAY_NAME: return read_name(in, in->parser->weekdays, DATE_WEEKDAY);
    case DATE_HALFDAY: return read_halfday(in);
    case DATE_FRACTION: return read_fraction(in, op);
    case DATE_OFFSET: return read_offset(in);
    case DATE_ZONE_NAME: return read_zone_name(in, op->width == WIDTH_LONG);
    case DATE_ZONE_ID: return read_zone_id(in);
    default: return read_number(in, op);
    }
}

bool date_read_pattern(const struct date_parser *parser, struct str text, struct date_fields *fields)
{
    struct reader in = {parser, text.ptr, text.ptr, text.ptr + text.len, fields};
    const struct date_format *format = parser->format;
    for (uint32_t i = 0; i < format->count; i++) {
        /* Two fractions in one pattern: the minute's cache must not see them. */
        if (format->ops[i].kind == DATE_FRACTION && fields_has(fields, DATE_FRACTION))
            fields->second_at = NOWHERE;
        if (!read_op(&in, &format->ops[i])) return false;
    }
    return in.at == in.end;
}
