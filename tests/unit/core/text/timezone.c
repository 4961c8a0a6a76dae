/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/timezone.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "core/text/buf.h"
#include "core/text/time.h"

static struct zone zone(const char *id)
{
    struct zone found;
    cr_assert_eq(zone_find(str_of(id), &found), ZONE_FOUND, "`%s`", id);
    return found;
}

static int64_t at(const char *text)
{
    int64_t seconds;
    uint32_t ns;
    cr_assert(time_parse_iso(str_of(text), &seconds, &ns), "%s", text);
    return seconds;
}

Test(timezone, fixed_offsets)
{
    static const struct {
        const char *id;
        int32_t offset;
    } rows[] = {{"UTC", 0},        {"+02:00", 7200}, {"-05:30", -19800}, {"+0530", 19800},
                {"+01", 3600},     {"-00:00", 0},    {"GMT", 0},         {"+23:59:59", 86399},
                {"-08:00", -28800}};
    struct zone_cursor cursor = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zone found = zone(rows[i].id);
        cr_assert_eq(zone_offset(&found, &cursor, 0), rows[i].offset, "`%s`", rows[i].id);
        int64_t utc;
        cr_assert(zone_to_utc(&found, &cursor, 100000, &utc));
        cr_assert_eq(utc, 100000 - rows[i].offset);
    }
}

Test(timezone, what_is_no_id)
{
    static const char *const rows[] = {
        "",         "PST",        "CEST",       "UTC+2",     "+2",        "+24:00",   "+01:60",
        "+01:0",    "+1:00",      "utc",        "europe/paris", "Europe/Paris ", " Europe/Paris",
        "../passwd", "Europe/../UTC", "/etc/passwd", "Europe",  "Europe/",   "posix/UTC", "right/UTC",
        "localtime", "posixrules", "Factory",   "zone.tab",  "leapseconds", "tzdata.zi", "Europe//Paris",
        "A\0B",     "Nowhere/City",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zone found;
        cr_assert_eq(zone_find(str_of(rows[i]), &found), ZONE_UNKNOWN, "`%s`", rows[i]);
    }
    char longest[ZONE_ID_MAX + 2];
    memset(longest, 'A', sizeof longest);
    struct zone found;
    cr_assert_eq(zone_find((struct str){longest, sizeof longest}, &found), ZONE_UNKNOWN);
}

Test(timezone, offsets_known_by_heart)
{
    static const struct {
        const char *id, *utc;
        int32_t offset;
    } rows[] = {
        {"Europe/Paris", "2024-01-01T00:00:00Z", 3600},
        {"Europe/Paris", "2024-07-01T00:00:00Z", 7200},
        {"Europe/Paris", "2024-03-31T00:59:59Z", 3600},
        {"Europe/Paris", "2024-03-31T01:00:00Z", 7200},
        {"America/Caracas", "2000-01-01T00:00:00Z", -14400},
        {"America/Caracas", "2010-01-01T00:00:00Z", -16200},
        {"America/Caracas", "2017-01-01T00:00:00Z", -14400},
        {"Asia/Kathmandu", "2024-01-01T00:00:00Z", 20700},
        {"Europe/Dublin", "2100-01-01T00:00:00Z", 0},      /* a rule with negative summer time */
        {"Europe/Dublin", "2100-07-01T00:00:00Z", 3600},
        {"Australia/Sydney", "2400-01-01T00:00:00Z", 39600}, /* far years: the footer's rule */
        {"Australia/Sydney", "2400-07-01T00:00:00Z", 36000},
        {"America/New_York", "9999-07-04T00:00:00Z", -14400},
        {"Europe/Paris", "1800-01-01T00:00:00Z", 561},      /* local mean time */
        {"EST", "2024-07-01T00:00:00Z", -18000},
        {"Etc/GMT+5", "2024-07-01T00:00:00Z", -18000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zone found = zone(rows[i].id);
        struct zone_cursor cursor = {0};
        cr_assert_eq(zone_offset(&found, &cursor, at(rows[i].utc)), rows[i].offset, "%s %s",
                     rows[i].id, rows[i].utc);
    }
}

Test(timezone, gaps_and_overlaps)
{
    static const struct {
        const char *id, *local, *utc;
        bool is_gap;
    } rows[] = {
        {"CET", "2016-03-27T01:59:59Z", "2016-03-27T00:59:59Z", false},
        {"CET", "2016-03-27T02:00:00Z", "2016-03-27T01:00:00Z", true},
        {"CET", "2016-03-27T02:59:59Z", "2016-03-27T01:59:59Z", true},
        {"CET", "2016-03-27T03:00:00Z", "2016-03-27T01:00:00Z", false},
        {"Europe/Paris", "2024-10-27T01:59:59Z", "2024-10-26T23:59:59Z", false},
        {"Europe/Paris", "2024-10-27T02:00:00Z", "2024-10-27T00:00:00Z", false},
        {"Europe/Paris", "2024-10-27T02:59:59Z", "2024-10-27T00:59:59Z", false},
        {"Europe/Paris", "2024-10-27T03:00:00Z", "2024-10-27T02:00:00Z", false},
        {"Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T22:00:00Z", true}, /* a lost day */
        {"America/New_York", "2500-03-14T02:30:00Z", "2500-03-14T07:30:00Z", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zone found = zone(rows[i].id);
        struct zone_cursor cursor = {0};
        for (int twice = 0; twice < 2; twice++) {
            int64_t utc;
            bool is_real = zone_to_utc(&found, &cursor, at(rows[i].local), &utc);
            cr_assert_eq(is_real, !rows[i].is_gap, "%s %s", rows[i].id, rows[i].local);
            cr_assert_eq(utc, at(rows[i].utc), "%s %s", rows[i].id, rows[i].local);
        }
    }
}

/* The hour that comes twice is the earlier one, also right after a date behind it. */
Test(timezone, an_overlap_does_not_depend_on_the_date_before)
{
    struct zone paris = zone("Europe/Paris");
    struct zone_cursor cursor = {0};
    int64_t utc;
    cr_assert(zone_to_utc(&paris, &cursor, at("2024-11-05T12:00:00Z"), &utc));
    cr_assert(zone_to_utc(&paris, &cursor, at("2024-10-27T02:30:00Z"), &utc));
    cr_assert_eq(utc, at("2024-10-27T00:30:00Z"));
}

/* Against the C library, whose zone code is another: offsets at steps through 200 years. */
Test(timezone, agrees_with_the_c_library)
{
    static const char *const ids[] = {
        "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Caracas", "Africa/Casablanca",
        "Asia/Tehran", "Europe/Dublin", "America/St_Johns", "Pacific/Apia", "Asia/Gaza",
        "Antarctica/Troll", "America/Sao_Paulo", "CET", "Africa/El_Aaiun", "America/Nuuk",
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct zone found = zone(ids[i]);
        struct zone_cursor cursor = {0};
        setenv("TZ", ids[i], 1);
        tzset();
        for (int64_t utc = -3000000000; utc < 6000000000; utc += 1000003 * 7) {
            struct tm tm;
            time_t t = utc;
            localtime_r(&t, &tm);
            cr_assert_eq(zone_offset(&found, &cursor, utc), tm.tm_gmtoff, "%s at %lld", ids[i],
                         (long long)utc);
            int64_t back;
            cr_assert(zone_to_utc(&found, &cursor, utc + tm.tm_gmtoff, &back));
            int32_t offset = zone_offset(&found, &cursor, back); /* itself, or the earlier of two */
            cr_assert(back == utc || (back < utc && back + offset == utc + tm.tm_gmtoff));
        }
    }
}

Test(timezone, the_system_zone_comes_from_the_environment)
{
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    struct zone here = zone_system();
    struct zone_cursor cursor = {0};
    cr_assert_eq(zone_offset(&here, &cursor, at("2024-01-01T00:00:00Z")), 3600);
    cr_assert_eq(zone_offset(&here, &cursor, at("2024-07-01T00:00:00Z")), 7200);
}

Test(timezone, missing_zone_data_names_the_package)
{
    setenv("TZDIR", "/nonexistent/zoneinfo", 1);
    struct zone found;
    cr_assert_eq(zone_find(STR("Europe/Oslo"), &found), ZONE_NO_DATA);
    cr_assert(strstr(zone_explain(ZONE_NO_DATA), "tzdata"));
    cr_assert_eq(zone_find(STR("UTC"), &found), ZONE_FOUND, "needs no data");
}

/* ---- hostile files ---- */
static struct str file_text(const char *id)
{
    static char bytes[ZONE_FILE_MAX];
    char path[256];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", id);
    FILE *file = fopen(path, "r");
    cr_assert(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return (struct str){bytes, len};
}

Test(timezone, a_cut_file_is_refused_at_every_length)
{
    struct str whole = file_text("America/Caracas");
    struct zone_rules *rules = zone_rules_read(whole);
    cr_assert(rules);
    zone_rules_free(rules);
    for (size_t len = 0; len < whole.len; len++) {
        char *copy = malloc(len ? len : 1); /* of its exact size: a sanitizer sees reads beyond */
        memcpy(copy, whole.ptr, len);
        cr_assert_null(zone_rules_read((struct str){copy, len}), "%zu bytes", len);
        free(copy);
    }
}

/* A file with `changes` changes one second apart, the footer given. */
static void build(struct buf *out, uint32_t changes, const char *footer)
{
    static const char header[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    uint32_t counts[2][6] = {{0}, {0, 0, 0, changes, 2, 4}};
    for (int part = 0; part < 2; part++) {
        buf_append(out, (struct str){header, 20});
        for (int i = 0; i < 6; i++)
            for (int shift = 24; shift >= 0; shift -= 8) buf_append_char(out, (char)(counts[part][i] >> shift));
    }
    for (uint32_t i = 0; i < changes; i++)
        for (int shift = 56; shift >= 0; shift -= 8) buf_append_char(out, (char)((uint64_t)i >> shift));
    for (uint32_t i = 0; i < changes; i++) buf_append_char(out, (char)(i % 2));
    buf_append(out, (struct str){"\0\0\0\0\0\0\0\0\x0e\x10\0\0", 12}); /* UTC and one hour east */
    buf_append(out, (struct str){"UTC\0", 4});
    buf_printf(out, "\n%s\n", footer);
}

static bool is_accepted(uint32_t changes, const char *footer)
{
    struct buf file = {0};
    build(&file, changes, footer);
    struct zone_rules *rules = zone_rules_read(buf_str(&file));
    bool result = rules != NULL;
    zone_rules_free(rules);
    buf_fini(&file);
    return result;
}

Test(timezone, limits)
{
    cr_assert(is_accepted(ZONE_CHANGES_MAX, "UTC0"));
    cr_assert_not(is_accepted(ZONE_CHANGES_MAX + 1, "UTC0"));
}

Test(timezone, footers)
{
    static const struct {
        const char *text;
        bool is_good;
    } rows[] = {
        {"", true}, {"UTC0", true}, {"<-03>3", true}, {"CET-1CEST,M3.5.0,M10.5.0/3", true},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true}, {"XXX3YYY2,J1/0,J365/167", true},
        {"XXX3YYY2,0/-167,365", true}, {"EST5EDT", true},
        {"UTC", false}, {"U0", false}, {"UTC25", false}, {"UTC0 ", false}, {"CET-1CEST,M3.5.0", false},
        {"CET-1CEST,M13.5.0,M10.5.0", false}, {"CET-1CEST,M0.5.0,M10.5.0", false},
        {"CET-1CEST,M3.6.0,M10.5.0", false}, {"CET-1CEST,M3.5.7,M10.5.0", false},
        {"CET-1CEST,J0,J365", false}, {"CET-1CEST,J366,J1", false}, {"CET-1CEST,1,366", false},
        {"CET-1CEST,1/168,2", false}, {"<CET-1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(is_accepted(1, rows[i].text), rows[i].is_good, "`%s`", rows[i].text);
}
