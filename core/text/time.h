/* SPDX-License-Identifier: Apache-2.0 */
/* Instants and durations as text. An instant is int64 seconds since 1970-01-01T00:00:00Z (leap
 * seconds are not counted) plus nanoseconds 0..999999999; dates are proleptic Gregorian (ISO 8601),
 * years TIME_YEAR_MIN..TIME_YEAR_MAX. Nothing here allocates or keeps state; any thread. A cache
 * belongs to its caller. Formats: java.time's Instant text and Logstash's @timestamp parser. */
#ifndef CORE_TEXT_TIME_H
#define CORE_TEXT_TIME_H
#include <stdint.h>
#include "core/text/str.h"

enum {
    TIME_YEAR_MIN = -9999,
    TIME_YEAR_MAX = 999999,
    TIME_ISO_SIZE = 40,      /* room for every instant's text; writers may touch all of it */
    DURATION_SIZE = 32,      /* room for every duration's text */
};
#define TIME_SECONDS_MIN INT64_C(-377705116800)   /* -9999-01-01T00:00:00Z */
#define TIME_SECONDS_MAX INT64_C(31494784780799)  /* +999999-12-31T23:59:59Z */

struct civil {
    int32_t year;
    uint8_t month, day;           /* from 1 */
    uint8_t hour, minute, second;
};

static inline bool time_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
static inline bool time_in_range(int64_t seconds)
{
    return seconds >= TIME_SECONDS_MIN && seconds <= TIME_SECONDS_MAX;
}
/* 28 to 31; `month` 1..12. */
unsigned time_month_days(int32_t year, unsigned month);
/* Days since 1970-01-01. The date must be a real one (day 1..31 suffices), the year one of
 * TIME_YEAR_MIN - 1 .. TIME_YEAR_MAX + 1. */
int64_t time_days(int32_t year, unsigned month, unsigned day);
/* Only the date is filled. */
struct civil time_date_of_days(int64_t days);
unsigned time_weekday(int64_t days); /* 1 Monday .. 7 Sunday */
unsigned time_day_of_year(const struct civil *date); /* from 1 */
/* ISO week (1..53) and the year it belongs to. */
unsigned time_week(int64_t days, int32_t *week_year);
/* The Monday of week 1 of an ISO week-year, as days. */
int64_t time_week_year_start(int32_t week_year);

int64_t time_of_civil(const struct civil *civil);
struct civil time_civil(int64_t seconds); /* `seconds` in range */

/* `2024-01-02T03:04:05.123Z`: UTC, 3, 6 or 9 fraction digits; years beyond four digits as
 * `+12024-…`. Returns the length. Instants out of range print as the nearest one in range. */
size_t time_print_iso(int64_t seconds, uint32_t ns, char out[TIME_ISO_SIZE]);

/* The text of the last minute, for runs of near instants. Zeroed: empty. One thread at a time. */
struct time_cache {
    int64_t minute;            /* its first second */
    size_t len;                /* of the text up to the minute's colon; 0: empty */
    char text[TIME_ISO_SIZE];
};
size_t time_print_iso_cached(struct time_cache *cache, int64_t seconds, uint32_t ns,
                             char out[TIME_ISO_SIZE]);

/* Logstash's parser of a textual @timestamp: `YYYY-MM-DD`, optional `THH:MM[:SS[.1-9 digits]]`,
 * optional zone (`Z`, `+HH:MM`, `+HHMM`, `+HH`, `UTC`, `GMT`, a zone id). No zone: the system's.
 * 24:00 is the next midnight, a day too large for its month the month's last. */
bool time_parse_iso(struct str text, int64_t *seconds, uint32_t *ns);

/* `5s`, `200 ms`, `1.5h`, `2 weeks`: one number and one unit of ns us ms s m h d w or their long
 * forms (usec msec sec second min minute hour day week, also plural). A bare number counts in
 * `unit_ns`. False: not a duration, negative, or beyond 292 years. */
bool duration_parse(struct str text, int64_t unit_ns, int64_t *ns);
/* Exact, in the largest unit that gives a whole number: `90s`, `1h`. Returns the length. */
size_t duration_print(int64_t ns, char out[DURATION_SIZE]);

/* The two digits of 0..99. */
static inline void print_two(char *at, unsigned number)
{
    at[0] = (char)('0' + number / 10);
    at[1] = (char)('0' + number % 10);
}

#endif
