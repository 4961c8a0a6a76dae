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


/* ---- parsing ---- */
enum date_parser_kind { PARSER_PATTERN, PARSER_ISO8601, PARSER_UNIX, PARSER_UNIX_MS, PARSER_TAI64N };

struct names; /* of months or weekdays in one language */
const struct names *names_compile(const char *const *forms, unsigned count, struct arena *arena);
/* The longest name at the start of the text: its number from 1, its length; 0: none. */
unsigned names_find(const struct names *names, struct str text, size_t *len);

enum {
    LAYOUT_LEN_MIN = 8,   /* so that a text is read as overlapping words */
    LAYOUT_LEN_MAX = 32,
    LAYOUT_WORDS = 4,
    LAYOUTS_MAX = 8,
    NOWHERE = 0xff,
};

/* A pattern whose texts nearly always have one length and every field at one place: checked eight
 * bytes at a time. What does not fit is left to the operations. */
struct layout {
    uint8_t len;
    uint8_t at[LAYOUT_WORDS];
    uint64_t expected[LAYOUT_WORDS]; /* literals; `0` for a digit */
    uint64_t exact[LAYOUT_WORDS];    /* bits that must be as expected: of a digit the upper four */
    uint64_t digits[LAYOUT_WORDS];   /* 0x06 for a digit: added, a digit stays below 16 */
    uint64_t steady[LAYOUT_WORDS];   /* bytes that are neither seconds nor fraction */
    uint32_t set;                    /* of the fields that it reads */
    uint8_t year_at, month_at, month_name_at, day_at, day_len, hour_at, minute_at, second_at;
    uint8_t fraction_at, fraction_len, offset_at, offset_minute_at; /* NOWHERE: not in the text */
    bool is_utc; /* says `Z` */
};

struct date_parser {
    uint8_t kind; /* enum date_parser_kind */
    bool has_year, has_zone;
    int32_t year; /* current when compiled */
    const struct date_format *format;
    const struct names *months, *weekdays;
    const char *language;
    uint8_t layout_count;
    uint8_t layout_of[LAYOUT_LEN_MAX + 1]; /* by length; layout_count: none */
    struct layout layouts[LAYOUTS_MAX];
};

/* What was read, before it becomes an instant. */
struct date_fields {
    uint32_t set; /* a bit for each enum date_kind */
    int32_t value[DATE_ZONE_ID + 1];
    uint32_t ms;
    bool has_zone;
    struct zone zone;
    uint8_t second_at, fraction_at, fraction_len; /* of two-digit seconds; NOWHERE */
    const struct layout *layout;                  /* that fitted, or NULL */
};

/* Reads a local date-time and perhaps a zone into fields; the whole text. */
bool date_read_iso8601(struct str text, struct date_fields *fields);
bool date_read_pattern(const struct date_parser *parser, struct str text, struct date_fields *fields);
bool date_parse_unix(struct str text, int64_t *seconds, uint32_t *ns);
bool date_parse_unix_ms(struct str text, int64_t *seconds, uint32_t *ns);
bool date_parse_tai64n(struct str text, int64_t *seconds, uint32_t *ns);

/* The layout of a compiled pattern; false: its texts vary. */
bool layout_compile(const struct date_format *format, struct layout *layout);
bool layout_read(const struct layout *layout, struct str text, struct date_fields *fields);
/* Places of the words that cover a text of `len` bytes (LAYOUT_LEN_MIN..LAYOUT_LEN_MAX). */
static inline void layout_places(size_t len, uint8_t at[LAYOUT_WORDS])
{
    at[0] = 0;
    at[1] = (uint8_t)(len >= 16 ? 8 : len - 8);
    at[2] = (uint8_t)(len >= 16 ? len - 16 : 0);
    at[3] = (uint8_t)(len - 8);
}
static inline uint64_t layout_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline void fields_set(struct date_fields *fields, enum date_kind kind, int32_t value)
{
    fields->set |= 1u << kind;
    fields->value[kind] = value;
}
static inline bool fields_has(const struct date_fields *fields, enum date_kind kind)
{
    return fields->set >> kind & 1;
}

#endif
