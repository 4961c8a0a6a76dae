/* SPDX-License-Identifier: Apache-2.0 */
/* Times to texts and back by Ruby's `%` letters. */
#include "core/ruby/methods.h"
#include "core/text/time.h"
#include <stdio.h>
#include <strings.h>

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

struct printing {
    struct value time;
    struct civil civil;
    int64_t days, local;
    struct buf *out;
};
/* Of a letter: flags and width, as far as they are known. */
struct width {
    char fill; /* '\0': as the letter has it; '-': none */
    bool is_upper;
    int colons, digits;
};

static void put_number(struct printing *p, const struct width *width, int64_t number, int digits,
                       char fill)
{
    char text[32];
    if (width->digits) digits = width->digits < 20 ? width->digits : 20;
    if (width->fill) fill = width->fill;
    if (fill == '-') digits = 1;
    snprintf(text, sizeof text, fill == ' ' ? "%*lld" : "%0*lld", digits, (long long)number);
    buf_append_z(p->out, text);
}

static void put_name(struct printing *p, const struct width *width, const char *name, size_t most)
{
    for (size_t i = 0; name[i] && i < most; i++) {
        char c = name[i];
        buf_append_char(p->out, width->is_upper && c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
    }
}

static void put_zone(struct printing *p, const struct width *width)
{
    int offset = (int16_t)p->time.unused, size = offset < 0 ? -offset : offset;
    buf_printf(p->out, "%c%02d%s%02d", offset < 0 ? '-' : '+', size / 60, width->colons ? ":" : "",
               size % 60);
    if (width->colons > 1) buf_append_z(p->out, ":00");
}

static void put_fraction(struct printing *p, int digits)
{
    char text[16];
    snprintf(text, sizeof text, "%09u", p->time.len);
    for (int i = 0; i < digits && i < 30; i++) buf_append_char(p->out, i < 9 ? text[i] : '0');
}

static bool put_letter(struct ruby_run *run, struct printing *p, const struct width *w, char letter)
{
    const struct civil *c = &p->civil;
    int hour12 = c->hour % 12 ? c->hour % 12 : 12, weekday = (int)(time_weekday(p->days) % 7);
    int32_t week_year;
    unsigned week = time_week(p->days, &week_year);
    static const struct {
        char letter;
        const char *format;
    } whole[] = {
        {'F', "%Y-%m-%d"}, {'T', "%H:%M:%S"}, {'X', "%H:%M:%S"},    {'D', "%m/%d/%y"},
        {'x', "%m/%d/%y"}, {'R', "%H:%M"},    {'r', "%I:%M:%S %p"}, {'c', "%a %b %e %H:%M:%S %Y"}};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (whole[i].letter == letter)
            return ruby_strftime(run, p->time, str_of(whole[i].format), p->out);
    switch (letter) {
    case 'Y': put_number(p, w, c->year, c->year < 0 ? 5 : 4, '0'); break;
    case 'C': put_number(p, w, c->year / 100, 2, '0'); break;
    case 'y': put_number(p, w, c->year % 100, 2, '0'); break;
    case 'm': put_number(p, w, c->month, 2, '0'); break;
    case 'd': put_number(p, w, c->day, 2, '0'); break;
    case 'e': put_number(p, w, c->day, 2, ' '); break;
    case 'j': put_number(p, w, time_day_of_year(c), 3, '0'); break;
    case 'H': put_number(p, w, c->hour, 2, '0'); break;
    case 'k': put_number(p, w, c->hour, 2, ' '); break;
    case 'I': put_number(p, w, hour12, 2, '0'); break;
    case 'l': put_number(p, w, hour12, 2, ' '); break;
    case 'M': put_number(p, w, c->minute, 2, '0'); break;
    case 'S': put_number(p, w, c->second, 2, '0'); break;
    case 'L': put_fraction(p, w->digits ? w->digits : 3); break;
    case 'N': put_fraction(p, w->digits ? w->digits : 9); break;
    case 's': put_number(p, w, p->time.seconds, 1, '0'); break;
    case 'u': put_number(p, w, weekday ? weekday : 7, 1, '0'); break;
    case 'w': put_number(p, w, weekday, 1, '0'); break;
    case 'G': put_number(p, w, week_year, 4, '0'); break;
    case 'V': put_number(p, w, week, 2, '0'); break;
    case 'U': put_number(p, w, ((int)time_day_of_year(c) + 6 - weekday) / 7, 2, '0'); break;
    case 'W':
        put_number(p, w, ((int)time_day_of_year(c) + 6 - (weekday + 6) % 7) / 7, 2, '0');
        break;
    case 'B': put_name(p, w, months[c->month - 1], 20); break;
    case 'b':
    case 'h': put_name(p, w, months[c->month - 1], 3); break;
    case 'A': put_name(p, w, weekdays[weekday], 20); break;
    case 'a': put_name(p, w, weekdays[weekday], 3); break;
    case 'p': buf_append_z(p->out, c->hour < 12 ? "AM" : "PM"); break;
    case 'P': buf_append_z(p->out, c->hour < 12 ? "am" : "pm"); break;
    case 'z': put_zone(p, w); break;
    case 'Z':
        if (p->time.flags)
            buf_append_z(p->out, "UTC");
        else
            return ruby_raise(run, "NotImplementedError",
                              "%%Z of a time that is not in UTC: use %%z"),
                   false;
        break;
    case 'n': buf_append_char(p->out, '\n'); break;
    case 't': buf_append_char(p->out, '\t'); break;
    case '%': buf_append_char(p->out, '%'); break;
    default:
        return ruby_raise(run, "NotImplementedError", "strftime with %%%c",
                          letter >= ' ' && letter < 127 ? letter : '?'),
               false;
    }
    return true;
}

bool ruby_strftime(struct ruby_run *run, struct value time, struct str format, struct buf *out)
{
    int64_t local = time.seconds + (int16_t)time.unused * 60;
    struct printing p = {.time = time, .civil = time_civil(local), .local = local, .out = out};
    p.days = time_days(p.civil.year, p.civil.month, p.civil.day);
    if (!ruby_step(run, 1 + (uint32_t)(format.len / 16))) return false;
    for (size_t i = 0; i < format.len; i++) {
        if (format.ptr[i] != '%' || i + 1 == format.len) {
            buf_append_char(out, format.ptr[i]);
            continue;
        }
        struct width width = {0};
        for (i++; i < format.len; i++) {
            char c = format.ptr[i];
            if (c == '-')
                width.fill = '-';
            else if (c == '0' && !width.digits)
                width.fill = '0';
            else if (c == '_')
                width.fill = ' ';
            else if (c == '^')
                width.is_upper = true;
            else if (c == ':')
                width.colons++;
            else if (is_digit(c) && width.digits < 100)
                width.digits = width.digits * 10 + (c - '0');
            else
                break;
        }
        if (i == format.len || !put_letter(run, &p, &width, format.ptr[i])) {
            if (i == format.len)
                ruby_raise(run, "ArgumentError", "the format ends within a directive");
            return false;
        }
    }
    return true;
}

/* ---- reading ---- */
struct reading {
    struct str text;
    int64_t year, month, day, hour, minute, second, epoch;
    uint32_t ns;
    int32_t offset;
    bool has_offset, is_utc, has_epoch, is_pm, has_half;
};

static bool get_number(struct reading *r, int most, int64_t *out)
{
    size_t len = 0;
    *out = 0;
    while (len < r->text.len && len < (size_t)most && is_digit(r->text.ptr[len]))
        *out = *out * 10 + (r->text.ptr[len++] - '0');
    r->text = str_from(r->text, len);
    return len > 0;
}

static bool get_name(struct reading *r, const char *const *names, int count, int64_t *out)
{
    for (int i = 0; i < count; i++)
        for (size_t len = strlen(names[i]);; len = 3) {
            if (r->text.len >= len && !strncasecmp(r->text.ptr, names[i], len)) {
                *out = i + 1;
                r->text = str_from(r->text, len);
                return true;
            }
            if (len == 3) break;
        }
    return false;
}

static bool get_zone(struct reading *r)
{
    static const char *const utc[] = {"UTC", "GMT", "Z", "z"};
    for (int i = 0; i < 4; i++)
        if (str_starts(r->text, str_of(utc[i]))) {
            r->text = str_from(r->text, strlen(utc[i]));
            return r->has_offset = r->is_utc = true;
        }
    size_t len = zone_parse_offset(r->text, &r->offset);
    r->text = str_from(r->text, len);
    return r->has_offset = len > 0;
}

static bool get_fraction(struct reading *r)
{
    size_t len = 0;
    uint32_t unit = 100000000;
    for (; len < r->text.len && is_digit(r->text.ptr[len]); len++, unit /= 10)
        r->ns += unit * (uint32_t)(r->text.ptr[len] - '0');
    r->text = str_from(r->text, len);
    return len > 0;
}

static bool get_letter(struct reading *r, char letter)
{
    int64_t skipped;
    static const struct {
        char letter;
        const char *letters;
    } whole[] = {{'F', "Y-m-d"}, {'T', "H:M:S"}, {'D', "m/d/y"}, {'R', "H:M"}, {'X', "H:M:S"}};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (whole[i].letter != letter) continue;
        for (const char *at = whole[i].letters; *at; at++) {
            bool is_sign = !((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z'));
            if (is_sign ? !str_starts(r->text, (struct str){at, 1}) : !get_letter(r, *at))
                return false;
            if (is_sign) r->text = str_from(r->text, 1);
        }
        return true;
    }
    switch (letter) {
    case 'Y': return get_number(r, 4, &r->year);
    case 'y':
        if (!get_number(r, 2, &r->year)) return false;
        r->year += r->year < 69 ? 2000 : 1900;
        return true;
    case 'm': return get_number(r, 2, &r->month);
    case 'd':
    case 'e':
        r->text = text_strip(r->text, letter == 'e' || true, false);
        return get_number(r, 2, &r->day);
    case 'H':
    case 'k': return get_number(r, 2, &r->hour);
    case 'I':
    case 'l': return r->has_half = true, get_number(r, 2, &r->hour);
    case 'M': return get_number(r, 2, &r->minute);
    case 'S': return get_number(r, 2, &r->second);
    case 'L':
    case 'N': return get_fraction(r);
    case 's': return r->has_epoch = true, get_number(r, 15, &r->epoch);
    case 'b':
    case 'B':
    case 'h': return get_name(r, months, 12, &r->month);
    case 'a':
    case 'A': return get_name(r, weekdays, 7, &skipped);
    case 'p':
    case 'P':
        if (r->text.len < 2 || (r->text.ptr[1] | 32) != 'm') return false;
        r->is_pm = (r->text.ptr[0] | 32) == 'p';
        r->text = str_from(r->text, 2);
        return true;
    case 'z':
    case 'Z': return get_zone(r);
    case '%': return str_starts(r->text, STR("%")) && (r->text = str_from(r->text, 1), true);
    default: return false;
    }
}

bool ruby_strptime(struct ruby_run *run, struct str text, struct str format, struct value *out)
{
    struct value now = event_now();
    struct reading r = {.text = text, .year = time_civil(now.seconds).year, .month = 1, .day = 1};
    bool ok = true;
    for (size_t i = 0; ok && i < format.len; i++) {
        char c = format.ptr[i];
        if (c == '%' && i + 1 < format.len) {
            if (format.ptr[i + 1] == '-' || format.ptr[i + 1] == ':') i++;
            ok = i + 1 < format.len && get_letter(&r, format.ptr[++i]);
        } else if (is_blank(c)) {
            r.text = text_strip(r.text, true, false);
        } else {
            ok = str_starts(r.text, (struct str){&c, 1});
            if (ok) r.text = str_from(r.text, 1);
        }
    }
    if (r.has_half) r.hour = r.hour % 12 + (r.is_pm ? 12 : 0);
    ok = ok && !r.text.len && r.month >= 1 && r.month <= 12 && r.day >= 1 &&
         r.day <= (int64_t)time_month_days((int32_t)r.year, (unsigned)r.month) && r.hour <= 23 &&
         r.minute <= 59 && r.second <= 59;
    if (!ok)
        return ruby_raise(run, "ArgumentError", "invalid date or strptime format - `%.*s' `%.*s'",
                          (int)(text.len < 60 ? text.len : 60), text.ptr,
                          (int)(format.len < 60 ? format.len : 60), format.ptr),
               false;
    struct civil civil = {(int32_t)r.year, (uint8_t)r.month,  (uint8_t)r.day,
                          (uint8_t)r.hour, (uint8_t)r.minute, (uint8_t)r.second};
    int64_t seconds = r.has_epoch ? r.epoch : time_of_civil(&civil);
    if (!time_in_range(seconds))
        return ruby_raise(run, "RangeError", "a time beyond the years -9999 to 999999"), false;
    if (!r.has_epoch && r.has_offset)
        seconds -= r.offset;
    else if (!r.has_epoch)
        zone_to_utc(&run->ruby->zone, &run->ruby->cursor, seconds, &seconds);
    int32_t offset =
        r.has_offset ? r.offset : zone_offset(&run->ruby->zone, &run->ruby->cursor, seconds);
    *out = ruby_time(seconds, r.ns, offset, r.is_utc);
    return true;
}
