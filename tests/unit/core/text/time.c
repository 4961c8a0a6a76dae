/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/time.h"
#include <criterion/criterion.h>

static const char *iso(int64_t seconds, uint32_t ns)
{
    static char out[TIME_ISO_SIZE];
    out[time_print_iso(seconds, ns, out)] = 0;
    return out;
}

Test(time, days_and_dates_agree_over_the_whole_range)
{
    int64_t expected = time_days(TIME_YEAR_MIN, 1, 1);
    cr_assert_eq(expected * 86400, TIME_SECONDS_MIN);
    cr_assert_eq(time_days(TIME_YEAR_MAX, 12, 31) * 86400 + 86399, TIME_SECONDS_MAX);
    cr_assert_eq(time_days(1970, 1, 1), 0);
    cr_assert_eq(time_days(2000, 2, 29), 11016);
    for (int32_t year = TIME_YEAR_MIN; year <= 20000; year++)
        for (unsigned month = 1; month <= 12; month++) {
            cr_assert_eq(time_days(year, month, 1), expected, "%d-%u", year, month);
            struct civil first = time_date_of_days(expected);
            expected += time_month_days(year, month);
            struct civil last = time_date_of_days(expected - 1);
            cr_assert(first.year == year && first.month == month && first.day == 1);
            cr_assert(last.year == year && last.month == month &&
                      last.day == time_month_days(year, month));
        }
}

Test(time, every_day_of_400_years_goes_there_and_back)
{
    unsigned weekday = 4;
    for (int64_t day = 0; day < 146097; day++, weekday = weekday % 7 + 1) {
        struct civil civil = time_date_of_days(day);
        cr_assert_eq(time_days(civil.year, civil.month, civil.day), day);
        cr_assert_eq(time_weekday(day), weekday);
    }
    cr_assert_eq(time_weekday(-1), 3);
    cr_assert_eq(time_weekday(-4), 7);
}

Test(time, iso_weeks)
{
    static const struct {
        int32_t year;
        unsigned month, day;
        int32_t week_year;
        unsigned week;
    } rows[] = {
        {2024, 2, 5, 2024, 6},   {2024, 12, 30, 2025, 1}, {2021, 1, 3, 2020, 53},
        {2016, 1, 3, 2015, 53},  {2024, 3, 5, 2024, 10},  {2018, 12, 31, 2019, 1},
        {2005, 1, 1, 2004, 53},  {1970, 1, 1, 1970, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t week_year;
        int64_t days = time_days(rows[i].year, rows[i].month, rows[i].day);
        cr_assert_eq(time_week(days, &week_year), rows[i].week, "row %zu", i);
        cr_assert_eq(week_year, rows[i].week_year, "row %zu", i);
        int64_t monday = time_week_year_start(week_year) + 7 * (rows[i].week - 1);
        cr_assert(days >= monday && days < monday + 7);
    }
}

Test(time, prints_iso_8601)
{
    static const struct {
        int64_t seconds;
        uint32_t ns;
        const char *text;
    } rows[] = {
        {0, 0, "1970-01-01T00:00:00.000Z"},
        {1704164645, 123456000, "2024-01-02T03:04:05.123456Z"},
        {1704164645, 123456789, "2024-01-02T03:04:05.123456789Z"},
        {1704164645, 120000000, "2024-01-02T03:04:05.120Z"},
        {1704164645, 1, "2024-01-02T03:04:05.000000001Z"},
        {-1, 999000000, "1969-12-31T23:59:59.999Z"},
        {-62167219200, 0, "0000-01-01T00:00:00.000Z"},
        {-62167219201, 0, "-0001-12-31T23:59:59.000Z"},
        {253402300799, 0, "9999-12-31T23:59:59.000Z"},
        {253402300800, 0, "+10000-01-01T00:00:00.000Z"},
        {TIME_SECONDS_MAX, 999999999, "+999999-12-31T23:59:59.999999999Z"},
        {TIME_SECONDS_MIN, 0, "-9999-01-01T00:00:00.000Z"},
        {INT64_MAX, 0, "+999999-12-31T23:59:59.000Z"}, /* out of range: the nearest */
        {INT64_MIN, 0, "-9999-01-01T00:00:00.000Z"},
    };
    struct time_cache cache = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_str_eq(iso(rows[i].seconds, rows[i].ns), rows[i].text);
        for (int twice = 0; twice < 2; twice++) {
            char out[TIME_ISO_SIZE];
            out[time_print_iso_cached(&cache, rows[i].seconds, rows[i].ns, out)] = 0;
            cr_assert_str_eq(out, rows[i].text);
        }
    }
}

Test(time, cached_text_is_right_across_minutes)
{
    struct time_cache cache = {0};
    for (int64_t second = -200; second < 200; second++) {
        char out[TIME_ISO_SIZE];
        out[time_print_iso_cached(&cache, second, 0, out)] = 0;
        cr_assert_str_eq(out, iso(second, 0));
    }
}

#define NS INT64_C(1000000000)
Test(duration, parses)
{
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } rows[] = {
        {"5s", 5 * NS},           {"200ms", NS / 5},       {"1h", 3600 * NS},
        {"10", 10 * NS},          {"0", 0},                {"1.5h", 5400 * NS},
        {"2 weeks", 1209600 * NS}, {"1 week", 604800 * NS}, {"3 days", 259200 * NS},
        {"4 min", 240 * NS},      {"4 mins", 240 * NS},    {"5 minutes", 300 * NS},
        {"7 secs", 7 * NS},       {"250 msec", NS / 4},    {"9 usecs", 9000},
        {"9us", 9000},            {"9ns", 9},              {"0.000000001 s", 1},
        {"1.0000000019s", NS + 1}, {"1w", 604800 * NS},    {"2d", 172800 * NS},
        {"3m", 180 * NS},         {"9223372036854775807ns", INT64_MAX},
        {"", -1},                 {"s", -1},               {"5x", -1},
        {"-5s", -1},              {"5 s ", -1},            {" 5s", -1},
        {"1.s", -1},              {"5ss", -1},             {"5mss", -1},
        {"9223372036854775808ns", -1}, {"15251w", -1},     {"1s2", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ns = -1;
        bool is_read = duration_parse(str_of(rows[i].text), NS, &ns);
        cr_assert_eq(is_read, rows[i].ns >= 0, "`%s`", rows[i].text);
        if (is_read) cr_assert_eq(ns, rows[i].ns, "`%s`", rows[i].text);
    }
}

Test(duration, prints_what_parses_back)
{
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {{0, "0s"}, {90 * NS, "90s"}, {3600 * NS, "1h"}, {NS / 5, "200ms"}, {1, "1ns"},
                {604800 * NS, "1w"}, {1500, "1500ns"}, {INT64_MAX, "9223372036854775807ns"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[DURATION_SIZE];
        out[duration_print(rows[i].ns, out)] = 0;
        cr_assert_str_eq(out, rows[i].text);
        int64_t back;
        cr_assert(duration_parse(str_of(out), 1, &back) && back == rows[i].ns);
    }
}
