/* SPDX-License-Identifier: Apache-2.0 */
/* Date patterns, compiled once: Joda-Time's (`%{+yyyy.MM.dd}`, the date filter's formats) and, for
 * printing, java.time's (`%{{yyyy-MM-dd}}`). What is compiled lives in the arena given and never
 * changes: any thread may use it. A date_reader holds caches and belongs to one thread.
 *
 * Sources: the documentation of Joda-Time's DateTimeFormat, of java.time's DateTimeFormatter and of
 * Logstash's date filter; the latter's results are the reference (millisecond precision). */
#ifndef CORE_TEXT_DATE_H
#define CORE_TEXT_DATE_H
#include <stdint.h>
#include "core/event/arena.h"
#include "core/text/buf.h"
#include "core/text/timezone.h"

enum {
    DATE_PATTERN_MAX = 256, /* bytes of a pattern */
    DATE_OPS_MAX = 64,      /* fields and literals of a pattern */
    DATE_TEXT_MAX = 256,    /* bytes of a date; longer text is not one */
};

/* ---- printing, always in UTC and English ---- */
struct date_format;
/* NULL: the pattern is wrong; `*problem` (if not NULL) says how, in memory of `arena`. The Joda
 * form knows `%s` (and, as Logstash does, the empty pattern): epoch seconds. */
struct date_format *date_format_compile_joda(struct str pattern, struct arena *arena,
                                             struct str *problem);
struct date_format *date_format_compile_java(struct str pattern, struct arena *arena,
                                             struct str *problem);
void date_format_print(const struct date_format *format, int64_t seconds, uint32_t ns,
                       struct buf *out);

/* ---- parsing ---- */
struct locale;
/* By BCP 47 tag or POSIX name (`fr`, `fr-FR`, `fr_FR`); NULL: not one of date_locales(). */
const struct locale *date_locale(struct str name);
const struct locale *date_locale_english(void);
const char *date_locales(void); /* "en, de, fr, …", for messages */

struct date_parser;
/* A Joda pattern or one of ISO8601, UNIX, UNIX_MS, TAI64N. `year` is the current one: two-digit
 * years are those from 80 before to 19 after it, and it stands in for a pattern without year.
 * `locale` NULL: a pattern with names of months or days is a problem. */
struct date_parser *date_parser_compile(struct str format, const struct locale *locale, int32_t year,
                                        struct arena *arena, struct str *problem);
bool date_parser_is_numeric(const struct date_parser *parser); /* UNIX, UNIX_MS */
bool date_parser_has_zone(const struct date_parser *parser);   /* the text may say its zone */

/* What one user of one parser keeps between texts. Zeroed, then date_reader_init(). */
struct date_reader {
    const struct date_parser *parser;
    struct zone zone;           /* of texts that do not say one */
    struct zone_cursor cursor;
    struct zone_cursor named;   /* of zones named in the text */
    int32_t now_year, now_month;
    int64_t now_from, now_until; /* these hold for `now` in here */
    /* The minute parsed last: for texts that differ from it in seconds and fraction only. */
    struct {
        uint64_t word[4], mask[4]; /* the text at those places; mask: the bytes that must agree */
        uint8_t at[4];
        uint8_t len, second_at, fraction_at, fraction_len; /* len 0: empty; fraction_len 0: none */
        int64_t minute;
    } cache;
};
void date_reader_init(struct date_reader *reader, const struct date_parser *parser, struct zone zone);
void date_reader_zone(struct date_reader *reader, struct zone zone);
/* The clock, for patterns without a year; call before the texts of a batch. */
void date_reader_now(struct date_reader *reader, int64_t seconds);

/* The instant of a text; the whole text must be used. */
bool date_parse(struct date_reader *reader, struct str text, int64_t *seconds, uint32_t *ns);
/* The instant of a number, for UNIX and UNIX_MS; the digits of a number may have a fraction and an
 * exponent (JSON grammar). */
bool date_parse_number(const struct date_parser *parser, struct str digits, int64_t *seconds,
                       uint32_t *ns);
bool date_parse_int(const struct date_parser *parser, int64_t number, int64_t *seconds, uint32_t *ns);
bool date_parse_double(const struct date_parser *parser, double number, int64_t *seconds,
                       uint32_t *ns);

#endif
