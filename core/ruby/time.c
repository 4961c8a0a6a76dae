/* SPDX-License-Identifier: Apache-2.0 */
/* Times: Time and LogStash::Timestamp. A Time knows its distance from UTC to the minute. */
#include "core/text/time.h"
#include "core/ruby/methods.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ZONE_MINUTES_MAX = 26 * 60 };

struct value ruby_time(int64_t seconds, uint32_t ns, int32_t offset, bool is_utc)
{
    struct value value = value_time(seconds, ns);
    value.kind = RUBY_TIME;
    value.unused = (uint16_t)(int16_t)(offset / 60);
    value.flags = is_utc;
    return value;
}
static int32_t offset_of(struct value time)
{
    return time.kind == RUBY_TIME ? (int16_t)time.unused * 60 : 0;
}
static int32_t local_offset(struct ruby_run *run, int64_t seconds)
{
    return zone_offset(&run->ruby->zone, &run->ruby->cursor, seconds);
}
static struct civil civil_of(struct value time)
{
    return time_civil(time.seconds + offset_of(time));
}

static struct value checked(struct ruby_run *run, struct value time)
{
    bool in_range = time_in_range(time.seconds) && time_in_range(time.seconds + offset_of(time));
    return in_range ? time
                    : ruby_raise(run, "RangeError", "a time beyond the years -9999 to 999999");
}

/* Seconds and nanoseconds of a number. */
static bool split_number(struct ruby_run *run, struct value number, int64_t *seconds, int64_t *ns)
{
    *ns = 0;
    *seconds = number.integer;
    if (number.kind == VALUE_INT && number.integer < INT64_MAX / 4 &&
        number.integer > INT64_MIN / 4)
        return true;
    if (number.kind != VALUE_DOUBLE || !(fabs(number.real) < 1e15)) {
        ruby_raise(run,
                   number.kind == VALUE_INT || number.kind == VALUE_DOUBLE ? "RangeError"
                                                                           : "TypeError",
                   "can't convert %s into an exact number",
                   number.kind == VALUE_NULL ? "nil" : ruby_class_name(number));
        return false;
    }
    *seconds = (int64_t)floor(number.real);
    *ns = (int64_t)((number.real - floor(number.real)) * 1e9);
    return true;
}

struct value ruby_time_add(struct ruby_run *run, struct value time, struct value number, int sign)
{
    int64_t seconds, ns;
    if (!split_number(run, number, &seconds, &ns)) return LEFT;
    seconds = time.seconds + sign * seconds;
    ns = (int64_t)time.len + sign * ns;
    if (ns < 0) ns += 1000000000, seconds--;
    if (ns >= 1000000000) ns -= 1000000000, seconds++;
    if (time.kind == VALUE_TIME) return checked(run, ruby_time(seconds, (uint32_t)ns, 0, true));
    return checked(run, ruby_time(seconds, (uint32_t)ns, offset_of(time), time.flags));
}

struct value ruby_time_subtract(struct value a, struct value b)
{
    return value_double((double)(a.seconds - b.seconds) + ((double)a.len - (double)b.len) / 1e9);
}

/* ---- asking ---- */
METHOD(to_i)
{
    (void)run;
    return value_int(args->self.seconds);
}
METHOD(to_f)
{
    (void)run;
    return value_double((double)args->self.seconds + args->self.len / 1e9);
}
METHOD(year)
{
    (void)run;
    return value_int(civil_of(args->self).year);
}
METHOD(month)
{
    (void)run;
    return value_int(civil_of(args->self).month);
}
METHOD(day)
{
    (void)run;
    return value_int(civil_of(args->self).day);
}
METHOD(hour)
{
    (void)run;
    return value_int(civil_of(args->self).hour);
}
METHOD(minute)
{
    (void)run;
    return value_int(civil_of(args->self).minute);
}
METHOD(second)
{
    (void)run;
    return value_int(civil_of(args->self).second);
}
METHOD(usec)
{
    (void)run;
    return value_int(args->self.len / 1000);
}
METHOD(nsec)
{
    (void)run;
    return value_int(args->self.len);
}
METHOD(offset)
{
    (void)run;
    return value_int(offset_of(args->self));
}
METHOD(is_utc)
{
    (void)run;
    return value_bool(args->self.flags);
}
static int64_t days_of(struct value time)
{
    struct civil civil = civil_of(time);
    return time_days(civil.year, civil.month, civil.day);
}
METHOD(weekday)
{
    (void)run;
    return value_int(time_weekday(days_of(args->self)) % 7);
}
METHOD(day_of_year)
{
    (void)run;
    struct civil civil = civil_of(args->self);
    return value_int(time_day_of_year(&civil));
}

/* ---- the same time, told otherwise ---- */
METHOD(utc)
{
    (void)run;
    return ruby_time(args->self.seconds, args->self.len, 0, true);
}
METHOD(local)
{
    int32_t seconds = local_offset(run, args->self.seconds);
    struct str text;
    if (HAS(0) && ARG(0).kind == VALUE_INT && llabs(ARG(0).integer) < ZONE_MINUTES_MAX * 60)
        seconds = (int32_t)ARG(0).integer;
    else if (HAS(0)) {
        if (!want_text(run, ARG(0), &text)) return LEFT;
        if (str_eq(text, STR("UTC")) || str_eq(text, STR("Z"))) return utc(run, args);
        if (zone_parse_offset(text, &seconds) != text.len)
            return ruby_raise(run, "ArgumentError", "\"+HH:MM\", \"-HH:MM\" or \"UTC\" expected");
    }
    return checked(run, ruby_time(args->self.seconds, args->self.len, seconds, false));
}
METHOD(stamp_time) { return utc(run, args); }
METHOD(time_itself)
{
    (void)run;
    return args->self;
}
METHOD(time_print)
{
    struct str format;
    struct value time = args->self.kind == VALUE_TIME ? utc(run, args) : args->self;
    struct buf out = buf_in_arena(run->arena);
    if (!want_text(run, ARG(0), &format) || !ruby_strftime(run, time, format, &out)) return LEFT;
    return text_of_buf(&out);
}
METHOD(iso8601)
{
    int64_t digits = 0;
    char format[32];
    if (args->self.kind == VALUE_TIME) return ruby_string(ruby_to_s(run, args->self));
    if (HAS(0) && !want_int(run, ARG(0), &digits)) return LEFT;
    if (digits < 0 || digits > 9) return ruby_raise(run, "ArgumentError", "0 to 9 digits");
    if (digits)
        snprintf(format, sizeof format, "%%Y-%%m-%%dT%%H:%%M:%%S.%%%dN%s", (int)digits,
                 args->self.flags ? "Z" : "%:z");
    else
        snprintf(format, sizeof format, "%%Y-%%m-%%dT%%H:%%M:%%S%s",
                 args->self.flags ? "Z" : "%:z");
    struct buf out = buf_in_arena(run->arena);
    return ruby_strftime(run, args->self, str_of(format), &out) ? text_of_buf(&out) : LEFT;
}
METHOD(time_round)
{
    int64_t digits = 0, unit = 1000000000;
    if (HAS(0) && !want_int(run, ARG(0), &digits)) return LEFT;
    for (int64_t i = 0; i < digits && unit > 1; i++) unit /= 10;
    int64_t ns = ((int64_t)args->self.len + unit / 2) / unit * unit;
    return ruby_time(args->self.seconds + ns / 1000000000, (uint32_t)(ns % 1000000000),
                     offset_of(args->self), args->self.flags);
}

/* ---- making ---- */
METHOD(now)
{
    struct value value = event_now();
    return ruby_time(value.seconds, value.len, local_offset(run, value.seconds), false);
}
METHOD(stamp_now)
{
    (void)run;
    (void)args;
    return event_now();
}

static struct value of_number(struct ruby_run *run, const struct ruby_args *args)
{
    int64_t seconds, ns, more, rest;
    if (ARG(0).kind == RUBY_TIME || ARG(0).kind == VALUE_TIME)
        return value_time(ARG(0).seconds, ARG(0).len);
    if (!split_number(run, ARG(0), &seconds, &ns)) return LEFT;
    if (HAS(1)) { /* microseconds, or another unit */
        struct value unit = HAS(2) ? ARG(2) : ruby_symbol(STR("usec"));
        struct str name = is_text(unit) ? ruby_text(unit) : STR("");
        if (!split_number(run, ARG(1), &more, &rest)) return LEFT;
        if (more < 0)
            return ruby_raise(run, "ArgumentError", "a part of a second cannot be negative");
        int64_t scale = str_eq(name, STR("millisecond"))                               ? 1000000
                        : str_eq(name, STR("nsec")) || str_eq(name, STR("nanosecond")) ? 1
                                                                                       : 1000;
        if (more > INT64_MAX / 4 / scale)
            return ruby_raise(run, "RangeError", "a part of a second is too large");
        ns += more * scale + rest * scale / 1000000000;
        seconds += ns / 1000000000;
        ns %= 1000000000;
    }
    if (!time_in_range(seconds))
        return ruby_raise(run, "RangeError", "a time beyond the years -9999 to 999999");
    return value_time(seconds, (uint32_t)ns);
}
METHOD(at)
{
    struct value time = of_number(run, args);
    return has_left(time) ? time
                          : checked(run, ruby_time(time.seconds, time.len,
                                                   local_offset(run, time.seconds), false));
}
METHOD(stamp_at) { return of_number(run, args); }

/* ISO 8601 text, a blank for the T too; its own zone or the machine's. */
static bool iso_read(struct ruby_run *run, struct str text, bool is_strict, struct value *out)
{
    char bytes[64];
    int64_t seconds;
    uint32_t ns;
    int32_t offset_seconds = 0;
    text = text_strip(text, true, true);
    bool fits = text.len >= 10 && text.len < sizeof bytes - 1;
    if (fits) {
        memcpy(bytes, text.ptr, text.len);
        if (bytes[4] == '/' && bytes[7] == '/' && !is_strict) bytes[4] = bytes[7] = '-';
        size_t len = text.len;
        if (len > 10 && (bytes[10] == ' ' || bytes[10] == 't') && !is_strict) bytes[10] = 'T';
        for (size_t i = 11; i + 1 < len; i++)
            if (bytes[i] == ' ' && !is_strict)
                memmove(bytes + i, bytes + i + 1, --len - i); /* ` +0200`, ` UTC` */
        text = (struct str){bytes, len};
        fits =
            time_parse_iso(text, &seconds, &ns) && (!is_strict || (len > 10 && bytes[10] == 'T'));
    }
    if (!fits)
        return ruby_raise(run, "ArgumentError",
                          is_strict ? "invalid xmlschema date"
                                    : "no time information that is understood here"),
               false;
    bool is_utc =
        str_ends(text, STR("Z")) || str_ends(text, STR("UTC")) || str_ends(text, STR("GMT"));
    bool has_offset = false;
    for (size_t i = text.len > 11 ? 11 : text.len; i < text.len; i++)
        if (text.ptr[i] == '+' || text.ptr[i] == '-')
            has_offset = zone_parse_offset(str_from(text, i), &offset_seconds) > 0;
    if (!is_utc && !has_offset) offset_seconds = local_offset(run, seconds);
    *out = ruby_time(seconds, ns, offset_seconds, is_utc);
    return true;
}
METHOD(parse)
{
    struct str text;
    struct value time;
    bool is_strict = args->node && str_eq(args->node->name, STR("iso8601"));
    return want_text(run, ARG(0), &text) && iso_read(run, text, is_strict, &time) ? time : LEFT;
}
METHOD(stamp_parse)
{
    struct value time = ARG(0);
    int64_t seconds;
    uint32_t ns;
    if (!HAS(0)) return event_now();
    if (time.kind == RUBY_TIME || time.kind == VALUE_TIME)
        return value_time(time.seconds, time.len);
    struct str text;
    if (!want_text(run, time, &text)) return LEFT;
    if (!time_parse_iso(text, &seconds, &ns))
        return ruby_raise(run, "ArgumentError", "invalid timestamp: %.*s",
                          (int)(text.len < 60 ? text.len : 60), text.ptr);
    return value_time(seconds, ns);
}
METHOD(strptime)
{
    struct str text, format;
    struct value time;
    if (!want_text(run, ARG(0), &text) || !want_text(run, ARG(1), &format)) return LEFT;
    return ruby_strptime(run, text, format, &time) ? time : LEFT;
}

static struct value of_parts(struct ruby_run *run, const struct ruby_args *args, bool is_utc)
{
    int64_t parts[6] = {0, 1, 1, 0, 0, 0}, seconds;
    for (uint32_t i = 0; i < args->count && i < 6; i++)
        if (ARG(i).kind == VALUE_STRING)
            parts[i] = atoll(arena_copy_z(run->arena, ruby_text(ARG(i))));
        else if (!want_int(run, ARG(i), &parts[i]))
            return LEFT;
    bool fits = parts[0] >= -9999 && parts[0] <= 999999 && parts[1] >= 1 && parts[1] <= 12 &&
                parts[2] >= 1 && parts[3] >= 0 && parts[3] <= 23 && parts[4] >= 0 &&
                parts[4] <= 59 && parts[5] >= 0 && parts[5] <= 59;
    if (!fits || parts[2] > 31) return ruby_raise(run, "ArgumentError", "argument out of range");
    struct civil civil = {(int32_t)parts[0], (uint8_t)parts[1], (uint8_t)parts[2],
                          (uint8_t)parts[3], (uint8_t)parts[4], (uint8_t)parts[5]};
    seconds = time_of_civil(&civil);
    if (!is_utc) zone_to_utc(&run->ruby->zone, &run->ruby->cursor, seconds, &seconds);
    return checked(run, ruby_time(seconds, 0, is_utc ? 0 : local_offset(run, seconds), is_utc));
}
METHOD(time_utc) { return of_parts(run, args, true); }
METHOD(time_new) { return args->count ? of_parts(run, args, false) : now(run, args); }

#define IS_MOMENT (IS_TIME | IS_STAMP)
const struct ruby_native ruby_time_methods[] = {
    {"to_i", IS_MOMENT, 0, 0, 0, to_i, NULL},
    {"to_f", IS_MOMENT, 0, 0, 0, to_f, NULL},
    {"year", IS_MOMENT, 0, 0, 0, year, NULL},
    {"month", IS_TIME, 0, 0, 0, month, NULL},
    {"mon", IS_TIME, 0, 0, 0, month, NULL},
    {"day", IS_TIME, 0, 0, 0, day, NULL},
    {"mday", IS_TIME, 0, 0, 0, day, NULL},
    {"hour", IS_TIME, 0, 0, 0, hour, NULL},
    {"min", IS_TIME, 0, 0, 0, minute, NULL},
    {"sec", IS_TIME, 0, 0, 0, second, NULL},
    {"usec", IS_MOMENT, 0, 0, 0, usec, NULL},
    {"nsec", IS_MOMENT, 0, 0, 0, nsec, NULL},
    {"utc_offset", IS_TIME, 0, 0, 0, offset, NULL},
    {"gmt_offset", IS_TIME, 0, 0, 0, offset, NULL},
    {"utc?", IS_TIME, 0, 0, 0, is_utc, NULL},
    {"wday", IS_TIME, 0, 0, 0, weekday, NULL},
    {"yday", IS_TIME, 0, 0, 0, day_of_year, NULL},
    {"utc", IS_MOMENT, 0, 0, 0, utc, NULL},
    {"getutc", IS_TIME, 0, 0, 0, utc, NULL},
    {"gmtime", IS_MOMENT, 0, 0, 0, utc, NULL},
    {"getgm", IS_TIME, 0, 0, 0, utc, NULL},
    {"localtime", IS_MOMENT, 0, 1, 0, local, NULL},
    {"getlocal", IS_TIME, 0, 1, 0, local, NULL},
    {"time", IS_STAMP, 0, 0, 0, stamp_time, NULL},
    {"to_time", IS_TIME, 0, 0, 0, time_itself, NULL},
    {"strftime", IS_TIME, 1, 1, 0, time_print, NULL},
    {"iso8601", IS_MOMENT, 0, 1, 0, iso8601, NULL},
    {"to_iso8601", IS_STAMP, 0, 0, 0, iso8601, NULL},
    {"xmlschema", IS_TIME, 0, 1, 0, iso8601, NULL},
    {"round", IS_TIME, 0, 1, 0, time_round, NULL},
    {"now", 0, 0, 0, 0, now, "Time"},
    {"at", 0, 1, 3, 0, at, "Time"},
    {"parse", 0, 1, 1, 0, parse, "Time"},
    {"iso8601", 0, 1, 1, 0, parse, "Time"},
    {"strptime", 0, 2, 2, 0, strptime, "Time"},
    {"utc", 0, 1, 6, 0, time_utc, "Time"},
    {"gm", 0, 1, 6, 0, time_utc, "Time"},
    {"new", 0, 0, 6, 0, time_new, "Time"},
    {"local", 0, 1, 6, 0, time_new, "Time"},
    {"mktime", 0, 1, 6, 0, time_new, "Time"},
    {"now", 0, 0, 0, 0, stamp_now, "LogStash::Timestamp"},
    {"new", 0, 0, 1, 0, stamp_parse, "LogStash::Timestamp"},
    {"at", 0, 1, 2, 0, stamp_at, "LogStash::Timestamp"},
    {"coerce", 0, 1, 1, 0, stamp_parse, "LogStash::Timestamp"},
    {"parse_iso8601", 0, 1, 1, 0, stamp_parse, "LogStash::Timestamp"},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
