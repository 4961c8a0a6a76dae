/* SPDX-License-Identifier: Apache-2.0 */
/* A date pattern as operations: what date_print.c prints and date_parse.c reads. Private to
 * core/text/date_*.c. Memory of the arena of the compilation; never changes; any thread. */
#ifndef CORE_TEXT_DATE_PATTERN_H
#define CORE_TEXT_DATE_PATTERN_H
#include "core/text/date.h"

enum date_kind {
    DATE_LITERAL,
    DATE_ERA,
    DATE_CENTURY,          /* of era */
    DATE_YEAR,             /* proleptic: 1 BC is 0 */
    DATE_YEAR_OF_ERA,
    DATE_YEAR_TWO,         /* two digits */
    DATE_WEEK_YEAR,
    DATE_WEEK_YEAR_TWO,
    DATE_MONTH,
    DATE_MONTH_NAME,
    DATE_DAY,
    DATE_DAY_OF_YEAR,
    DATE_WEEK,             /* ISO */
    DATE_WEEKDAY,          /* 1 Monday */
    DATE_WEEKDAY_NAME,
    DATE_HALFDAY,
    DATE_HOUR,             /* 0-23 */
    DATE_CLOCK_HOUR,       /* 1-24 */
    DATE_HALF_HOUR,        /* 0-11 */
    DATE_HALF_CLOCK_HOUR,  /* 1-12 */
    DATE_MINUTE,
    DATE_SECOND,
    DATE_FRACTION,
    DATE_OFFSET,           /* printed: always UTC's, so a literal */
    DATE_ZONE_NAME,        /* EST, PDT */
    DATE_ZONE_ID,
    DATE_EPOCH,            /* seconds since 1970 */
    /* of java.time only; printed, never read */
    DATE_QUARTER,
    DATE_QUARTER_NAME,
    DATE_US_WEEK,          /* weeks begin on Sunday; week 1 holds January 1st */
    DATE_US_WEEK_YEAR,
    DATE_US_WEEK_YEAR_TWO,
    DATE_US_WEEK_OF_MONTH,
    DATE_US_WEEKDAY,       /* 1 Sunday */
    DATE_WEEK_IN_MONTH,    /* days 1-7 are 1 */
    DATE_NANO,
    DATE_NANO_OF_DAY,
    DATE_MILLI_OF_DAY,
};

enum date_width { WIDTH_SHORT, WIDTH_LONG, WIDTH_NARROW }; /* of names */

struct date_op {
    uint8_t kind;     /* enum date_kind */
    uint8_t width;    /* enum date_width */
    bool has_plus;    /* java: a year beyond its digits is printed with `+` */
    uint16_t min;     /* digits printed at least */
    uint16_t max;     /* digits read at most */
    struct str text;  /* of a literal */
};

struct date_format {
    uint32_t count;
    size_t size_max;  /* of the printed text */
    bool is_java;     /* to the nanosecond; Joda's are to the millisecond */
    struct date_op ops[];
};

enum { MONTHS = 12, WEEKDAYS = 7 };
/* Forms of a name, parted by `|`: the long one, the short one, others that are read. */
struct locale {
    const char *language;
    const char *months[MONTHS];
    const char *weekdays[WEEKDAYS]; /* from Monday */
};

#endif
