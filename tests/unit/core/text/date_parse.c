/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/date.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include "core/text/time.h"

enum { YEAR = 2013 }; /* the current one in these tests */

struct fixture {
    struct arena arena;
    struct date_reader reader;
};

static void open_reader(struct fixture *f, const char *format, const char *zone, const char *language)
{
    arena_init(&f->arena, NULL);
    struct str problem = {0};
    struct date_parser *parser =
        date_parser_compile(str_of(format), date_locale(str_of(language)), YEAR, &f->arena, &problem);
    cr_assert(parser, "`%s`: %.*s", format, STR_ARG(problem));
    struct zone found;
    cr_assert_eq(zone_find(str_of(zone), &found), ZONE_FOUND, "`%s`", zone);
    date_reader_init(&f->reader, parser, found);
}

/* The instant as text; "" when the text is refused. */
static const char *parse(struct fixture *f, const char *text)
{
    static char out[TIME_ISO_SIZE];
    int64_t seconds;
    uint32_t ns;
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1); /* of its exact size: a sanitizer sees reads beyond */
    memcpy(copy, text, len);
    bool is_read = date_parse(&f->reader, (struct str){copy, len}, &seconds, &ns);
    free(copy);
    out[is_read ? time_print_iso(seconds, ns, out) : 0] = 0;
    return out;
}

struct row {
    const char *format, *text, *expected;
};

static void check(const struct row *rows, size_t count, const char *zone, const char *language)
{
    for (size_t i = 0; i < count; i++) {
        struct fixture f;
        open_reader(&f, rows[i].format, zone, language);
        for (int twice = 0; twice < 2; twice++) /* the second time from the cache of the minute */
            cr_assert_str_eq(parse(&f, rows[i].text), rows[i].expected, "`%s` of `%s` (%d) gave `%s`, not `%s`",
                             rows[i].text, rows[i].format, twice, parse(&f, rows[i].text), rows[i].expected);
        arena_fini(&f.arena);
    }
}
#define CHECK(rows_, zone_, language_) check(rows_, sizeof rows_ / sizeof rows_[0], zone_, language_)

Test(date_parse, iso8601)
{
    static const struct row rows[] = {
        {"ISO8601", "2001-01-01T00:00:00-0800", "2001-01-01T08:00:00.000Z"},
        {"ISO8601", "1974-03-02T04:09:09-0800", "1974-03-02T12:09:09.000Z"},
        {"ISO8601", "2010-05-03T08:18:18+00:00", "2010-05-03T08:18:18.000Z"},
        {"ISO8601", "2004-07-04T12:27:27-00:00", "2004-07-04T12:27:27.000Z"},
        {"ISO8601", "2001-09-05T16:36:36+0000", "2001-09-05T16:36:36.000Z"},
        {"ISO8601", "2001-11-06T20:45:45-0000", "2001-11-06T20:45:45.000Z"},
        {"ISO8601", "2001-12-07T23:54:54Z", "2001-12-07T23:54:54.000Z"},
        {"ISO8601", "2001-12-07t23:54:54z", "2001-12-07T23:54:54.000Z"},
        {"ISO8601", "2001-01-01T00:00:00.123", "2001-01-01T08:00:00.123Z"},
        {"ISO8601", "2010-05-03T08:18:18", "2010-05-03T15:18:18.000Z"},
        {"ISO8601", "2004-07-04 12:27:27.000", "2004-07-04T19:27:27.000Z"},
        {"ISO8601", "2004-07-04 12:27:27,1", "2004-07-04T19:27:27.100Z"},
        {"ISO8601", "2001-09-05 16:36:36.000+0000", "2001-09-05T16:36:36.000Z"},
        {"ISO8601", "2001-12-07 23:54:54,123Z", "2001-12-07T23:54:54.123Z"},
        {"ISO8601", "2001-12-07 23:54:54.123456Z", ""}, {"ISO8601", "2001-01-01 12:30:15", ""},
        {"ISO8601", "2001-01-01 12:30.5", ""}, {"ISO8601", "2001-01-01 ", ""},
        {"ISO8601", "2013-01-02T03:04:05.123456789012Z", "2013-01-02T03:04:05.123Z"},
        {"ISO8601", "2013-01-02T03:04:05.999999Z", "2013-01-02T03:04:05.999Z"},
        {"ISO8601", "2013-01-02T03:04:05,5Z", "2013-01-02T03:04:05.500Z"},
        {"ISO8601", "2013-01-02T03:04:05+01", "2013-01-02T02:04:05.000Z"},
        {"ISO8601", "2013", "2013-01-01T08:00:00.000Z"}, {"ISO8601", "2013-05", "2013-05-01T07:00:00.000Z"},
        {"ISO8601", "2013-5-6T1:2:3Z", "2013-05-06T01:02:03.000Z"},
        {"ISO8601", "2013-123", "2013-05-03T07:00:00.000Z"}, {"ISO8601", "2013-366", ""},
        {"ISO8601", "2012-366T00Z", "2012-12-31T00:00:00.000Z"},
        {"ISO8601", "2013-W01-1T00:00Z", "2012-12-31T00:00:00.000Z"},
        {"ISO8601", "2013-W20T00:00Z", "2013-05-13T00:00:00.000Z"}, {"ISO8601", "2013-W53T00Z", ""},
        {"ISO8601", "2015-W53-7T00Z", "2016-01-03T00:00:00.000Z"}, {"ISO8601", "2013-W01-8T00Z", ""},
        {"ISO8601", "T12:00", "1970-01-01T20:00:00.000Z"}, {"ISO8601", "T12:00Z", "1970-01-01T12:00:00.000Z"},
        {"ISO8601", "2013-01-02T12.5Z", "2013-01-02T12:30:00.000Z"},
        {"ISO8601", "2013-01-02T12:10.25Z", "2013-01-02T12:10:15.000Z"},
        {"ISO8601", "2013-01-02TZ", "2013-01-02T00:00:00.000Z"}, {"ISO8601", "2013-01-02T", "2013-01-02T08:00:00.000Z"},
        {"ISO8601", "2013-01-02Z", ""}, {"ISO8601", "T", ""}, {"ISO8601", "", ""}, {"ISO8601", "x", ""},
        {"ISO8601", "20010101T123015Z", ""}, {"ISO8601", "2001-01-01T12:30:15 Z", ""},
        {"ISO8601", "2001-01-01T12:30:60Z", ""}, {"ISO8601", "2001-01-01T24:00:00Z", ""},
        {"ISO8601", "2001-01-01T12:60:00Z", ""}, {"ISO8601", "2001-13-01T12:00:00Z", ""},
        {"ISO8601", "2001-02-29T12:00:00Z", ""}, {"ISO8601", "2001-00-01T12:00:00Z", ""},
        {"ISO8601", "2001-01-01T12:30:15.Z", ""}, {"ISO8601", "2001-01-01T12:30:15+24:00", ""},
        {"ISO8601", "12001-01-01T00:00:00Z", "+12001-01-01T00:00:00.000Z"},
        {"ISO8601", "-0001-01-01T00:00:00Z", "-0001-01-01T00:00:00.000Z"},
        {"ISO8601", "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
        {"ISO8601", "999999999-01-01T00:00:00Z", ""},
        {"ISO8601", "2001-01-01T12:30:1/Z", ""}, {"ISO8601", "2001-01-01T12:30:1:Z", ""},
        {"ISO8601", "2001-01-01T12:30:1\xb5Z", ""},
    };
    CHECK(rows, "America/Los_Angeles", "en");
}

Test(date_parse, numbers_as_text)
{
    static const struct row rows[] = {
        {"UNIX", "0", "1970-01-01T00:00:00.000Z"}, {"UNIX", "1000000000", "2001-09-09T01:46:40.000Z"},
        {"UNIX", "1478207457.456", "2016-11-03T21:10:57.456Z"}, {"UNIX", "1.1", "1970-01-01T00:00:01.100Z"},
        {"UNIX", "1.12", "1970-01-01T00:00:01.120Z"}, {"UNIX", "1.123999", "1970-01-01T00:00:01.123Z"},
        {"UNIX", "2147483647", "2038-01-19T03:14:07.000Z"}, {"UNIX", "2147483648", ""},
        {"UNIX", "-1", "1969-12-31T23:59:59.000Z"}, {"UNIX", "-1.5", "1969-12-31T23:59:59.500Z"},
        {"UNIX", "+5", "1970-01-01T00:00:05.000Z"}, {"UNIX", " 1", ""}, {"UNIX", "1 ", ""}, {"UNIX", "", ""},
        {"UNIX", "1.", ""}, {"UNIX", ".5", ""}, {"UNIX", "-", ""}, {"UNIX", "1e9", ""}, {"UNIX", "1.2.3", ""},
        {"UNIX", "1.5x", ""}, {"UNIX", "99999999999999999999", ""}, {"UNIX", "-9223372036854775808", ""},
        {"UNIX_MS", "1000000000123", "2001-09-09T01:46:40.123Z"}, {"UNIX_MS", "456", "1970-01-01T00:00:00.456Z"},
        {"UNIX_MS", "-1", "1969-12-31T23:59:59.999Z"}, {"UNIX_MS", "1.5", ""}, {"UNIX_MS", "x", ""},
        {"UNIX_MS", "253402300800000", "+10000-01-01T00:00:00.000Z"}, {"UNIX_MS", "9223372036854775807", ""},
        {"TAI64N", "4000000050d506482dbdf024", "2012-12-22T01:00:46.767Z"},
        {"TAI64N", "@4000000050d506482dbdf024", "2012-12-22T01:00:46.767Z"},
        {"TAI64N", "@4000000050D506482DBDF024", "2012-12-22T01:00:46.767Z"},
        {"TAI64N", "@4000000050d506482dbdf02", ""}, {"TAI64N", "@4000000050d506482dbdf0240", ""},
        {"TAI64N", "@4000000050d50648ffffffff", ""}, {"TAI64N", "@4000000050d506482dbdf02g", ""},
        {"TAI64N", "", ""}, {"TAI64N", "@", ""},
    };
    CHECK(rows, "UTC", "en");
}

Test(date_parse, joda_patterns)
{
    static const struct row rows[] = {
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36.000Z"},
        {"dd/MMM/yyyy:HH:mm:ss Z", "6/Oct/2000:13:55:36 -0700", "2000-10-06T20:55:36.000Z"},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/october/2000:13:55:36 Z", "2000-10-10T13:55:36.000Z"},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/OCT/2000:13:55:36 +01:30", "2000-10-10T12:25:36.000Z"},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:36 +01", "2000-10-10T12:55:36.000Z"},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:36 UTC", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:36 *0100", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:36 +2500", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/oCT/2000:13:55:36 -0700", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Sept/2000:13:55:36 -0700", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "31/Feb/2000:13:55:36 -0700", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "00/Jan/2000:13:55:36 -0700", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:24:55:36 -0700", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:60:36 -0700", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:60 -0700", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:36 -0700 ", ""},
        {"dd/MMM/yyyy:HH:mm:ss Z", " 10/Oct/2000:13:55:36 -0700", ""},
        {"dd/MMM/yyyy:HH:mm:ss ZZ", "10/Oct/2000:13:55:36 -07:00", "2000-10-10T20:55:36.000Z"},
        {"yyyy-MM-dd HH:mm:ss ZZZ", "2013-06-01 12:00:00 Europe/Paris", "2013-06-01T10:00:00.000Z"},
        {"yyyy-MM-dd HH:mm:ss ZZZ", "2013-06-01 12:00:00 EST", "2013-06-01T17:00:00.000Z"},
        {"yyyy-MM-dd HH:mm:ss ZZZ", "2013-06-01 12:00:00 UTC", "2013-06-01T12:00:00.000Z"},
        {"yyyy-MM-dd HH:mm:ss ZZZ", "2013-06-01 12:00:00 PST", ""},
        {"yyyy-MM-dd HH:mm:ss ZZZ", "2013-06-01 12:00:00 CEST", ""},
        {"ZZZ-yyyy-MM-dd", "Europe/Paris-2013-06-01", "2013-05-31T22:00:00.000Z"},
        {"yyyy-MM-dd HH:mm:ss z", "2013-06-01 12:00:00 PDT", "2013-06-01T19:00:00.000Z"},
        {"yyyy-MM-dd HH:mm:ss z", "2013-12-01 12:00:00 EST", "2013-12-01T17:00:00.000Z"},
        {"yyyy-MM-dd HH:mm:ss z", "2013-12-01 12:00:00 GMT", "2013-12-01T12:00:00.000Z"},
        {"yyyy-MM-dd HH:mm:ss z", "2013-12-01 12:00:00 CET", ""},
        {"yyyy-MM-dd zzzz", "2013-12-01 Coordinated Universal Time", ""},
        {"yyyy-MM-dd'T'HH:mm:ss'Z'", "2013-06-01T12:00:00Z", "2013-06-01T12:00:00.000Z"},
        {"yyyy-MM-dd'T'HH:mm:ss'Z'", "2013-06-01t12:00:00z", "2013-06-01T12:00:00.000Z"},
        {"yyyyMMdd", "20130601", "2013-06-01T00:00:00.000Z"}, {"yyyyMMdd", "2013061", "2013-06-01T00:00:00.000Z"},
        {"yyyyMMddHHmmss", "20130601123456", "2013-06-01T12:34:56.000Z"},
        {"yyMMddHHmmss", "130601123456", "2013-06-01T12:34:56.000Z"}, {"yyMMdd", "3", ""},
        {"yyyy-MM-dd", "13-1-2", "0013-01-02T00:00:00.000Z"},
        {"yy-MM-dd", "13-01-02", "2013-01-02T00:00:00.000Z"},
        {"yy-MM-dd", "32-01-02", "2032-01-02T00:00:00.000Z"}, /* 19 years on */
        {"yy-MM-dd", "33-01-02", "1933-01-02T00:00:00.000Z"}, /* 80 years back */
        {"yy-MM-dd", "2013-01-02", "2013-01-02T00:00:00.000Z"},
        {"yy-MM-dd", "5-01-02", "0005-01-02T00:00:00.000Z"},
        {"y-M-d", "-5-1-2", "-0005-01-02T00:00:00.000Z"},
        {"YYYY-MM-dd", "0000-01-02", ""}, {"yyyy-MM-dd", "0000-01-02", "0000-01-02T00:00:00.000Z"},
        {"YYYY-MM-dd HH:mm:ss", "0000-01-02 00:00:00", ""},
        {"YYYY-MM-dd G", "0044-03-15 BC", "-0043-03-15T00:00:00.000Z"},
        {"YYYY-MM-dd G", "0044-03-15 ad", "0044-03-15T00:00:00.000Z"},
        {"yyyy-MM-dd HH:mm:ss.SSS", "2013-06-01 12:00:00.1", "2013-06-01T12:00:00.100Z"},
        {"yyyy-MM-dd HH:mm:ss.SSS", "2013-06-01 12:00:00.123", "2013-06-01T12:00:00.123Z"},
        {"yyyy-MM-dd HH:mm:ss.SSS", "2013-06-01 12:00:00.1234", ""},
        {"yyyy-MM-dd HH:mm:ss.SSSSSS", "2013-06-01 12:00:00.123456", "2013-06-01T12:00:00.123Z"},
        {"yyyy-MM-dd HH:mm:ss,SSS", "2013-06-01 12:00:00,999", "2013-06-01T12:00:00.999Z"},
        {"yyyy-mm-dd", "2013-45-07", "2013-01-07T00:45:00.000Z"}, /* minutes for months: kept */
        {"EEE MMM dd HH:mm:ss yyyy", "Mon Jun 02 00:00:00 2013", "2013-05-27T00:00:00.000Z"},
        {"EEE MMM dd HH:mm:ss yyyy", "Sun Jun 02 00:00:00 2013", "2013-06-02T00:00:00.000Z"},
        {"EEEE, dd MMMM yyyy", "sunday, 2 JUN 2013", "2013-06-02T00:00:00.000Z"},
        {"EEE, dd MMM yyyy HH:mm:ss Z", "Wed, 02 Oct 2013 13:00:00 +0200", "2013-10-02T11:00:00.000Z"},
        {"yyyy-MM-dd hh:mm a", "2013-06-01 12:30 AM", "2013-06-01T00:30:00.000Z"},
        {"yyyy-MM-dd hh:mm a", "2013-06-01 12:30 pM", "2013-06-01T12:30:00.000Z"},
        {"yyyy-MM-dd hh:mm a", "2013-06-01 01:30 PM", "2013-06-01T13:30:00.000Z"},
        {"yyyy-MM-dd hh:mm a", "2013-06-01 13:30 PM", ""}, {"yyyy-MM-dd hh:mm a", "2013-06-01 00:30 PM", ""},
        {"yyyy-MM-dd K a", "2013-06-01 11 PM", "2013-06-01T23:00:00.000Z"},
        {"yyyy-MM-dd K a", "2013-06-01 12 PM", ""},
        {"yyyy-MM-dd k", "2013-06-01 24", "2013-06-01T00:00:00.000Z"}, {"yyyy-MM-dd k", "2013-06-01 0", ""},
        {"yyyy D", "2013 60", "2013-03-01T00:00:00.000Z"}, {"yyyy DDD", "2012 366", "2012-12-31T00:00:00.000Z"},
        {"yyyy DDD", "2013 366", ""}, {"yyyy DDD", "2013 0", ""},
        {"yyyy xxxx-ww-e", "2013 2013-20-3", "2013-05-15T00:00:00.000Z"},
        {"yyyy ww", "2005 10", "2005-03-07T00:00:00.000Z"}, {"yyyy ww", "2013 54", ""},
        {"CC yyyy-MM-dd", "20 2013-01-02", "2013-01-02T00:00:00.000Z"},
        {"yyyy.MM.dd 'at' HH''mm", "2013.06.01 AT 12'34", "2013-06-01T12:34:00.000Z"},
        {"yyyy-MM-dd", "999999-12-31", "+999999-12-31T00:00:00.000Z"}, {"yyyy-MM-dd", "1000000-01-01", ""},
        {"yyyy-MM-dd Z", "-9999-01-01 +0100", ""},
        {"MM/dd/yyyy", "1/2/2013", "2013-01-02T00:00:00.000Z"}, {"MM/dd/yyyy", "001/2/2013", ""},
        {"yyyy-MM-ddHH", "2013-06-0112", "2013-06-01T12:00:00.000Z"},
        {"yyyy MM dHH mm ss", "2013 06 123 00 00", "2013-06-12T03:00:00.000Z"}, /* d takes two digits */
        {"yyyy5-MM-dd HH:mm:ss", "20135-01-02 00:00:00", ""}, /* the year takes the 5 as well */
        {"dd MMM'ch' yyyy HH:mm:ss", "02 March 2013 00:00:00", ""},
        {"yyyy-MM-dd", "", ""}, {"yyyy-MM-dd", "yyyy-MM-dd", ""},
    };
    CHECK(rows, "UTC", "en");
}

Test(date_parse, languages)
{
    static const struct {
        const char *language;
        struct row row;
    } rows[] = {
        {"fr", {"dd MMMM yyyy", "14 juillet 2013", "2013-07-14T00:00:00.000Z"}},
        {"fr-FR", {"dd MMM yyyy", "14 déc. 2013", "2013-12-14T00:00:00.000Z"}},
        {"fr_FR", {"dd MMM yyyy", "14 DÉC. 2013", "2013-12-14T00:00:00.000Z"}},
        {"fr_FR.UTF-8", {"dd MMM yyyy", "14 août 2013", "2013-08-14T00:00:00.000Z"}},
        {"fr", {"EEE dd MMM yyyy", "dim. 02 juin 2013", "2013-06-02T00:00:00.000Z"}},
        {"fr", {"dd MMM yyyy", "14 Dec 2013", ""}},
        {"de", {"dd. MMMM yyyy", "14. März 2013", "2013-03-14T00:00:00.000Z"}},
        {"de-AT", {"dd. MMM yyyy", "14. MÄRZ 2013", "2013-03-14T00:00:00.000Z"}},
        {"de", {"dd/MMM/yyyy", "14/Mai/2013", "2013-05-14T00:00:00.000Z"}},
        {"de", {"dd/MMM/yyyy", "14/Okt/2013", "2013-10-14T00:00:00.000Z"}},
        {"de", {"EEE, dd MMM yyyy", "So, 02 Juni 2013", "2013-06-02T00:00:00.000Z"}},
        {"es", {"dd MMM yyyy hh:mm a", "2 ene. 2013 01:00 p. m.", "2013-01-02T13:00:00.000Z"}},
        {"es", {"EEEE dd MMMM yyyy", "miércoles 02 enero 2013", "2013-01-02T00:00:00.000Z"}},
        {"it", {"dd MMM yyyy", "14 gen 2013", "2013-01-14T00:00:00.000Z"}},
        {"pt-BR", {"dd 'de' MMMM 'de' yyyy", "14 de março de 2013", "2013-03-14T00:00:00.000Z"}},
        {"nl", {"EEE dd MMM yyyy", "zo 02 mrt. 2013", "2013-03-03T00:00:00.000Z"}},
        {"EN", {"dd MMM yyyy", "14 Dec 2013", "2013-12-14T00:00:00.000Z"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check(&rows[i].row, 1, "UTC", rows[i].language);
}

Test(date_parse, unknown_languages)
{
    static const char *const names[] = {"ja", "xx", "", "f", "fra", "english"};
    struct arena arena;
    arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) cr_assert_null(date_locale(str_of(names[i])));
    struct str problem = {0};
    cr_assert_null(date_parser_compile(STR("dd MMM"), NULL, YEAR, &arena, &problem));
    cr_assert(str_find(problem, STR("en, de, fr, es, it, pt, nl")) >= 0);
    cr_assert(date_parser_compile(STR("dd MM"), NULL, YEAR, &arena, &problem), "needs no names");
    cr_assert(date_parser_compile(STR("ISO8601"), NULL, YEAR, &arena, &problem));
    arena_fini(&arena);
}

Test(date_parse, wrong_formats)
{
    static const char *const rows[][2] = {
        {"yyyy-MM-ddTHH:mm:ss", "`T`"}, {"", "empty"}, {"%s", "UNIX"}, {"iso8601", "`i`"}, {"unix", "`u`"}};
    struct arena arena;
    arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str problem = {0};
        cr_assert_null(date_parser_compile(str_of(rows[i][0]), date_locale_english(), YEAR, &arena, &problem));
        cr_assert(str_find(problem, str_of(rows[i][1])) >= 0, "`%s`: %.*s", rows[i][0], STR_ARG(problem));
    }
    arena_fini(&arena);
}

Test(date_parse, zones)
{
    static const struct {
        const char *zone;
        struct row row;
    } rows[] = {
        {"America/Los_Angeles", {"yyyy MMM dd HH:mm:ss", "2013 Nov 24 01:29:01", "2013-11-24T09:29:01.000Z"}},
        {"America/Los_Angeles", {"yyyy MMM dd HH:mm:ss", "2013 Jun 24 01:29:01", "2013-06-24T08:29:01.000Z"}},
        {"America/Caracas", {"yyyy-MM-dd HH:mm:ss", "2000-06-24 01:29:01", "2000-06-24T05:29:01.000Z"}},
        {"America/Caracas", {"yyyy-MM-dd HH:mm:ss", "2013-06-24 01:29:01", "2013-06-24T05:59:01.000Z"}},
        {"CET", {"yyyy-MM-dd HH:mm:ss", "2016-03-27 01:59:59", "2016-03-27T00:59:59.000Z"}},
        {"CET", {"yyyy-MM-dd HH:mm:ss", "2016-03-27 02:00:01", ""}},
        {"CET", {"yyyy-MM-dd HH:mm:ss", "2016-03-27 03:00:00", "2016-03-27T01:00:00.000Z"}},
        {"CET", {"yyyy-MM-dd HH:mm:ss", "2016-10-30 02:30:00", "2016-10-30T00:30:00.000Z"}},
        {"-05:00", {"yyyy-MM-dd HH:mm:ss", "2016-10-30 02:30:00", "2016-10-30T07:30:00.000Z"}},
        {"Europe/Paris", {"yyyy-MM-dd'T'HH:mm:ss'Z'", "2013-06-01T12:00:00Z", "2013-06-01T10:00:00.000Z"}},
        {"Europe/Paris", {"yyyy-MM-dd HH:mm:ss Z", "2013-06-01 12:00:00 +0000", "2013-06-01T12:00:00.000Z"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check(&rows[i].row, 1, rows[i].zone, "en");
}

Test(date_parse, the_year_is_guessed)
{
    static const struct {
        const char *now, *format, *text, *expected;
    } rows[] = {
        {"2013-06-15T12:00:00Z", "MMM dd HH:mm:ss", "Oct 11 22:14:15", "2013-10-11T22:14:15.000Z"},
        {"2013-06-15T12:00:00Z", "MMM  d HH:mm:ss", "Oct  6 22:14:15", "2013-10-06T22:14:15.000Z"},
        {"2013-06-15T12:00:00Z", "MMM dd HH:mm:ss", "Oct  6 22:14:15", ""},
        {"2014-01-01T00:30:00Z", "MMM dd HH:mm:ss", "Dec 31 23:59:00", "2013-12-31T23:59:00.000Z"},
        {"2013-12-31T23:59:30Z", "MMM dd HH:mm:ss", "Jan 01 00:01:00", "2014-01-01T00:01:00.000Z"},
        {"2014-02-01T00:30:00Z", "MMM dd HH:mm:ss", "Dec 31 23:59:00", "2014-12-31T23:59:00.000Z"},
        {"2016-02-29T12:00:00Z", "MMM dd HH:mm:ss", "Feb 29 12:00:00", ""}, /* started in 2013 */
        {"2014-06-15T12:00:00Z", "MM-dd", "06-15", "2014-06-15T00:00:00.000Z"},
        {"2014-06-15T12:00:00Z", "HH:mm", "10:15", "2014-01-01T10:15:00.000Z"},
        {"2013-12-15T12:00:00Z", "HH:mm", "10:15", "2014-01-01T10:15:00.000Z"},
        {"2014-06-15T12:00:00Z", "'y' MM-dd", "y 06-15", "2013-06-15T00:00:00.000Z"}, /* a y anywhere */
    };
    setenv("TZ", "UTC", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        open_reader(&f, rows[i].format, "UTC", "en");
        int64_t now;
        uint32_t ns;
        cr_assert(time_parse_iso(str_of(rows[i].now), &now, &ns));
        for (int twice = 0; twice < 2; twice++) {
            date_reader_now(&f.reader, now);
            cr_assert_str_eq(parse(&f, rows[i].text), rows[i].expected, "`%s` at %s", rows[i].text, rows[i].now);
        }
        arena_fini(&f.arena);
    }
}

Test(date_parse, february_29th_moves_to_the_28th_of_a_guessed_year)
{
    struct fixture f;
    setenv("TZ", "UTC", 1);
    arena_init(&f.arena, NULL);
    date_reader_init(&f.reader, date_parser_compile(STR("MMM dd"), date_locale_english(), 2012, &f.arena, NULL),
                     (struct zone){0});
    date_reader_now(&f.reader, time_days(2013, 3, 1) * 86400);
    cr_assert_str_eq(parse(&f, "Feb 29"), "2013-02-28T00:00:00.000Z");
    arena_fini(&f.arena);
}

/* The clock passes New Year while the texts stay in one minute: no stale year from the cache. */
Test(date_parse, the_cache_knows_the_clock)
{
    struct fixture f;
    setenv("TZ", "UTC", 1);
    open_reader(&f, "MMM dd HH:mm:ss", "UTC", "en");
    date_reader_now(&f.reader, time_days(2013, 12, 31) * 86400);
    cr_assert_str_eq(parse(&f, "Dec 31 23:59:58"), "2013-12-31T23:59:58.000Z");
    date_reader_now(&f.reader, time_days(2014, 1, 1) * 86400);
    cr_assert_str_eq(parse(&f, "Dec 31 23:59:59"), "2013-12-31T23:59:59.000Z");
    date_reader_now(&f.reader, time_days(2014, 2, 1) * 86400);
    cr_assert_str_eq(parse(&f, "Dec 31 23:59:59"), "2014-12-31T23:59:59.000Z");
    arena_fini(&f.arena);
}

Test(date_parse, the_cached_minute_reads_every_second_and_refuses_the_rest)
{
    struct fixture f;
    open_reader(&f, "yyyy-MM-dd HH:mm:ss,SSS", "Europe/Paris", "en");
    static const char *const rows[][2] = {
        {"2013-06-01 12:34:56,789", "2013-06-01T10:34:56.789Z"}, {"2013-06-01 12:34:00,000", "2013-06-01T10:34:00.000Z"},
        {"2013-06-01 12:34:59,999", "2013-06-01T10:34:59.999Z"}, {"2013-06-01 12:34:60,000", ""},
        {"2013-06-01 12:34:5a,000", ""},                         {"2013-06-01 12:34:a5,000", ""},
        {"2013-06-01 12:34:56,78a", ""},                         {"2013-06-01 12:34:56.789", ""},
        {"2013-06-01 12:35:56,789", "2013-06-01T10:35:56.789Z"}, {"2013-12-01 12:35:56,789", "2013-12-01T11:35:56.789Z"},
    };
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            cr_assert_str_eq(parse(&f, rows[i][0]), rows[i][1], "`%s`", rows[i][0]);
    struct zone zone;
    zone_find(STR("UTC"), &zone);
    date_reader_zone(&f.reader, zone);
    cr_assert_str_eq(parse(&f, "2013-12-01 12:35:56,789"), "2013-12-01T12:35:56.789Z");
    arena_fini(&f.arena);
}

/* New York left its mean time in the middle of a minute: that minute must not be kept. */
Test(date_parse, a_minute_in_which_the_zone_changes_is_not_cached)
{
    struct fixture f;
    open_reader(&f, "yyyy-MM-dd HH:mm:ss", "America/New_York", "en");
    for (int round = 0; round < 2; round++) {
        cr_assert_str_eq(parse(&f, "1883-11-18 12:03:57"), "1883-11-18T16:59:59.000Z");
        cr_assert_str_eq(parse(&f, "1883-11-18 12:03:59"), "1883-11-18T17:03:59.000Z");
    }
    arena_fini(&f.arena);
}

Test(date_parse, numbers)
{
    static const struct {
        const char *format, *digits, *expected;
    } rows[] = {
        {"UNIX", "1478207457", "2016-11-03T21:10:57.000Z"}, {"UNIX", "1478207457.456", "2016-11-03T21:10:57.456Z"},
        {"UNIX", "1.478207457456e9", "2016-11-03T21:10:57.456Z"}, {"UNIX", "-1.5", "1969-12-31T23:59:58.500Z"},
        {"UNIX", "-0.25", "1969-12-31T23:59:59.750Z"}, {"UNIX", "1478207457456", ""}, {"UNIX", "1e300", ""},
        {"UNIX_MS", "1478207457456", "2016-11-03T21:10:57.456Z"}, {"UNIX_MS", "1478207457456.9", "2016-11-03T21:10:57.456Z"},
        {"UNIX_MS", "2147483647001.5", ""}, {"UNIX_MS", "1e300", ""}, {"ISO8601", "2013", ""}, {"yyyy", "2013", ""},
        {"ISO8601", "2013.5", ""}, {"TAI64N", "1e1", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        open_reader(&f, rows[i].format, "UTC", "en");
        int64_t seconds;
        uint32_t ns;
        char out[TIME_ISO_SIZE];
        bool is_read = date_parse_number(f.reader.parser, str_of(rows[i].digits), &seconds, &ns);
        out[is_read ? time_print_iso(seconds, ns, out) : 0] = 0;
        cr_assert_str_eq(out, rows[i].expected, "%s of %s gave %s", rows[i].digits, rows[i].format, out);
        arena_fini(&f.arena);
    }
}

/* What a pattern prints it reads back, whatever way the text takes. */
Test(date_parse, round_trip)
{
    static const char *const patterns[] = {
        "dd/MMM/yyyy:HH:mm:ss Z", "yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "yyyy-MM-dd HH:mm:ss,SSS",
        "EEE MMM dd HH:mm:ss.SSS yyyy", "EEEE, d MMMM y hh:mm:ss a", "yyyyMMddHHmmssSSS", "xxxx-'W'ww-e HH:mm:ss yyyy",
        "yyyy-DDD kk:mm:ss", "YYYY G MM dd K:mm:ss a", "d.M.y H:m:s", "yyyy MM dd HH mm ss SSSSSS ZZZ",
    };
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct fixture f;
        open_reader(&f, patterns[i], "UTC", "en");
        struct date_format *format = date_format_compile_joda(str_of(patterns[i]), &f.arena, NULL);
        bool has_ms = strstr(patterns[i], "SSS") != NULL;
        for (int n = 0; n < 20000; n++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            /* every other text stays near the one before, for the cached minute */
            int64_t seconds = n % 2 ? (int64_t)(random % 253402300800u) : (int64_t)(1700000000 + n / 20);
            if (strchr(patterns[i], 'x') && n % 2) seconds = (int64_t)(random % 360) * 86400 + 8 * 86400 + 1704067200;
            uint32_t ns = has_ms ? (uint32_t)(random >> 32) % 1000 * 1000000 : 0;
            struct buf text = {0};
            date_format_print(format, seconds, ns, &text);
            int64_t seconds_back;
            uint32_t ns_back;
            cr_assert(date_parse(&f.reader, buf_str(&text), &seconds_back, &ns_back), "`%s` of `%s`", buf_z(&text), patterns[i]);
            cr_assert(seconds_back == seconds && ns_back == ns, "`%s` of `%s`: %lld, not %lld", buf_z(&text),
                      patterns[i], (long long)seconds_back, (long long)seconds);
            buf_fini(&text);
        }
        arena_fini(&f.arena);
    }
}

Test(date_parse, limits)
{
    struct fixture f;
    char pattern[2 * DATE_PATTERN_MAX], text[DATE_TEXT_MAX + 2];
    memcpy(pattern, "yyyy", 4);
    memset(pattern + 4, ' ', DATE_PATTERN_MAX - 4);
    pattern[DATE_PATTERN_MAX] = 0;
    open_reader(&f, pattern, "UTC", "en");
    memset(text, ' ', sizeof text);
    memcpy(text, "2013", 4);
    text[DATE_TEXT_MAX] = 0;
    cr_assert_str_eq(parse(&f, text), "2013-01-01T00:00:00.000Z");
    text[DATE_TEXT_MAX] = ' ';
    text[DATE_TEXT_MAX + 1] = 0;
    cr_assert_str_eq(parse(&f, text), "");
    arena_fini(&f.arena);
}
