/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/time.h"
#include <assert.h>
#include <stdio.h>

enum {
    DAY_SECONDS = 86400,
    ERA_DAYS = 146097,       /* 400 years: the calendar repeats */
    SHIFT_YEARS = 10000,     /* a multiple of 400 that makes every year positive */
    SHIFT_DAYS = 4371893,    /* from -10000-03-01 to 1970-01-01 */
    WEEKDAY_EPOCH = 3,       /* 1970-01-01 was a Thursday, counted from Monday = 0 */
};

unsigned time_month_days(int32_t year, unsigned month)
{
    assert(month >= 1 && month <= 12);
    if (month == 2) return time_is_leap(year) ? 29 : 28;
    return 30 + ((month + (month >> 3)) & 1); /* 31 30 31 … 31 31 30: the pattern turns at August */
}

/* Years are counted from March, so that the leap day is the last one and months follow the line
 * (153 m + 2) / 5. */
int64_t time_days(int32_t year, unsigned month, unsigned day)
{
    assert(year >= TIME_YEAR_MIN - 1 && year <= TIME_YEAR_MAX + 1);
    unsigned early = month <= 2;
    uint32_t years = (uint32_t)(year + SHIFT_YEARS) - early;
    uint32_t months = month + 12 * early - 3;
    uint32_t days = years * 365 + years / 4 - years / 100 + years / 400;
    return (int64_t)days + (153 * months + 2) / 5 + day - 1 - SHIFT_DAYS;
}

struct civil time_date_of_days(int64_t days)
{
    assert(days + SHIFT_DAYS >= 0 && days + SHIFT_DAYS <= UINT32_MAX);
    uint32_t n = (uint32_t)(days + SHIFT_DAYS);
    uint32_t era = n / ERA_DAYS, of_era = n % ERA_DAYS;
    /* The corrections take out the leap days that came before: every 4, not 100, yet 400 years. */
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    uint32_t late = month >= 10; /* January and February belong to the next year */
    return (struct civil){
        .year = (int32_t)(era * 400 + year + late) - SHIFT_YEARS,
        .month = (uint8_t)(month + 3 - 12 * late),
        .day = (uint8_t)(of_year - (153 * month + 2) / 5 + 1),
    };
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

unsigned time_weekday(int64_t days)
{
    int64_t from_monday = days + WEEKDAY_EPOCH;
    return (unsigned)(from_monday - floor_divide(from_monday, 7) * 7) + 1;
}

unsigned time_day_of_year(const struct civil *date)
{
    return (unsigned)(time_days(date->year, date->month, date->day) - time_days(date->year, 1, 1)) + 1;
}

/* January 4th is always in week 1. */
int64_t time_week_year_start(int32_t week_year)
{
    int64_t fourth = time_days(week_year, 1, 4);
    return fourth - (time_weekday(fourth) - 1);
}

unsigned time_week(int64_t days, int32_t *week_year)
{
    /* A week belongs to the year of its Thursday. */
    int64_t thursday = days - (time_weekday(days) - 1) + 3;
    int32_t year = time_date_of_days(thursday).year;
    *week_year = year;
    return (unsigned)(thursday - time_days(year, 1, 1)) / 7 + 1;
}

int64_t time_of_civil(const struct civil *c)
{
    return time_days(c->year, c->month, c->day) * DAY_SECONDS + c->hour * 3600 + c->minute * 60 +
           c->second;
}

struct civil time_civil(int64_t seconds)
{
    assert(time_in_range(seconds));
    int64_t days = floor_divide(seconds, DAY_SECONDS);
    uint32_t of_day = (uint32_t)(seconds - days * DAY_SECONDS);
    struct civil civil = time_date_of_days(days);
    civil.hour = (uint8_t)(of_day / 3600);
    civil.minute = (uint8_t)(of_day / 60 % 60);
    civil.second = (uint8_t)(of_day % 60);
    return civil;
}

/* `YYYY`, `+YYYYY`, `-YYYY`; returns the end. */
static char *print_year(char *at, int32_t year)
{
    if (year >= 0 && year <= 9999) {
        print_two(at, (unsigned)year / 100);
        print_two(at + 2, (unsigned)year % 100);
        return at + 4;
    }
    return at + snprintf(at, 9, year < 0 ? "-%04d" : "+%d", year < 0 ? -year : year);
}

/* `YYYY-MM-DDTHH:MM:`; returns its length. */
static size_t print_minute(const struct civil *civil, char *out)
{
    char *at = print_year(out, civil->year);
    at[0] = '-';
    print_two(at + 1, civil->month);
    at[3] = '-';
    print_two(at + 4, civil->day);
    at[6] = 'T';
    print_two(at + 7, civil->hour);
    at[9] = ':';
    print_two(at + 10, civil->minute);
    at[12] = ':';
    return (size_t)(at + 13 - out);
}

static void print_three(char *at, unsigned number)
{
    at[0] = (char)('0' + number / 100);
    print_two(at + 1, number % 100);
}

/* `.mmmZ`, `.mmmuuuZ` or `.mmmuuunnnZ`; returns the end. */
static char *print_fraction(char *at, uint32_t ns)
{
    *at++ = '.';
    uint32_t ms = ns / 1000000, below = ns % 1000000;
    print_three(at, ms);
    at += 3;
    if (below) {
        print_three(at, below / 1000);
        at += 3;
        if (below % 1000) {
            print_three(at, below % 1000);
            at += 3;
        }
    }
    *at = 'Z';
    return at + 1;
}

static int64_t clamp(int64_t seconds)
{
    if (seconds < TIME_SECONDS_MIN) return TIME_SECONDS_MIN;
    return seconds > TIME_SECONDS_MAX ? TIME_SECONDS_MAX : seconds;
}

size_t time_print_iso(int64_t seconds, uint32_t ns, char out[TIME_ISO_SIZE])
{
    assert(ns < 1000000000);
    struct civil civil = time_civil(clamp(seconds));
    char *at = out + print_minute(&civil, out);
    print_two(at, civil.second);
    return (size_t)(print_fraction(at + 2, ns) - out);
}

size_t time_print_iso_cached(struct time_cache *cache, int64_t seconds, uint32_t ns,
                             char out[TIME_ISO_SIZE])
{
    assert(ns < 1000000000);
    uint64_t second = (uint64_t)seconds - (uint64_t)cache->minute;
    if (cache->len == 0 || second >= 60) {
        seconds = clamp(seconds);
        struct civil civil = time_civil(seconds);
        cache->len = print_minute(&civil, cache->text);
        cache->minute = seconds - civil.second;
        second = civil.second;
    }
    memcpy(out, cache->text, TIME_ISO_SIZE); /* a fixed size: two or three moves */
    char *at = out + cache->len;
    print_two(at, (unsigned)second);
    return (size_t)(print_fraction(at + 2, ns) - out);
}

/* ---- durations ---- */
struct unit {
    struct str name;
    int64_t ns;
};
#define NS_S INT64_C(1000000000)

/* Short names first and from the largest down: duration_print() takes the first that divides. */
static const struct unit units[] = {
    {STR("w"), 7 * DAY_SECONDS * NS_S}, {STR("d"), DAY_SECONDS * NS_S},   {STR("h"), 3600 * NS_S},
    {STR("m"), 60 * NS_S},              {STR("s"), NS_S},                 {STR("ms"), 1000000},
    {STR("us"), 1000},                  {STR("ns"), 1},                   {STR("usec"), 1000},
    {STR("msec"), 1000000},             {STR("sec"), NS_S},               {STR("second"), NS_S},
    {STR("min"), 60 * NS_S},            {STR("minute"), 60 * NS_S},       {STR("hour"), 3600 * NS_S},
    {STR("day"), DAY_SECONDS * NS_S},   {STR("week"), 7 * DAY_SECONDS * NS_S},
};
enum { UNIT_COUNT = sizeof units / sizeof units[0], UNIT_SHORT = 8 };

static int64_t unit_ns_of(struct str name)
{
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        struct str known = units[i].name;
        if (str_eq(name, known)) return units[i].ns;
        bool is_plural = i >= UNIT_SHORT && name.len == known.len + 1 && str_starts(name, known);
        if (is_plural && name.ptr[known.len] == 's') return units[i].ns;
    }
    return 0;
}

bool duration_parse(struct str text, int64_t unit_ns, int64_t *ns)
{
    size_t at = 0;
    int64_t whole = 0;
    for (; at < text.len && is_digit(text.ptr[at]); at++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, text.ptr[at] - '0', &whole))
            return false;
    if (at == 0) return false;

    int64_t part = 0, scale = 1; /* nine digits reach a nanosecond of a second; more are dropped */
    if (at + 1 < text.len && text.ptr[at] == '.' && is_digit(text.ptr[at + 1]))
        for (at++; at < text.len && is_digit(text.ptr[at]); at++) {
            if (scale == NS_S) continue;
            part = part * 10 + (text.ptr[at] - '0');
            scale *= 10;
        }
    while (at < text.len && text.ptr[at] == ' ') at++;
    int64_t unit = at == text.len ? unit_ns : unit_ns_of(str_from(text, at));
    if (unit == 0) return false;

    int64_t total;
    if (__builtin_mul_overflow(whole, unit, &total)) return false;
    int64_t rest = (int64_t)((__int128)part * unit / scale);
    return !__builtin_add_overflow(total, rest, ns);
}

size_t duration_print(int64_t ns, char out[DURATION_SIZE])
{
    size_t i = ns == 0 ? 4 : 0; /* `0s` */
    while (ns % units[i].ns) i++;
    assert(i < UNIT_SHORT);
    return (size_t)snprintf(out, DURATION_SIZE, "%lld%.*s", (long long)(ns / units[i].ns),
                            STR_ARG(units[i].name));
}
