/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/date.h"
#include <criterion/criterion.h>
#include "core/text/time.h"

typedef struct date_format *compile(struct str, struct arena *, struct str *);
struct row {
    const char *pattern, *time, *text;
};

static void check(compile *make, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        arena_init(&arena, NULL);
        struct str problem = {0};
        struct date_format *format = make(str_of(rows[i].pattern), &arena, &problem);
        cr_assert(format, "`%s`: %.*s", rows[i].pattern, STR_ARG(problem));
        int64_t seconds;
        uint32_t ns;
        cr_assert(time_parse_iso(str_of(rows[i].time), &seconds, &ns));
        struct buf out = {0};
        date_format_print(format, seconds, ns, &out);
        cr_assert_str_eq(buf_z(&out), rows[i].text, "`%s` at %s gave `%s`, not `%s`", rows[i].pattern,
                         rows[i].time, buf_z(&out), rows[i].text);
        buf_fini(&out);
        arena_fini(&arena);
    }
}

#define SAMPLE "2024-03-05T07:08:09.123456789Z"
Test(date_print, joda)
{
    static const struct row rows[] = {
        {"yyyy.MM.dd", SAMPLE, "2024.03.05"},
        {"YYYY.MM.dd", "2024-12-30T00:00:00Z", "2024.12.30"}, /* Joda: year of era, not of the week */
        {"xxxx.ww", SAMPLE, "2024.10"},
        {"xxxx-'W'ww", "2024-12-30T00:00:00Z", "2025-W01"},
        {"YYYY-'W'ww", "2024-02-05T00:00:00Z", "2024-W06"},
        {"YYYY-MM-dd'T'HH:mm:ss.SSSZZ", SAMPLE, "2024-03-05T07:08:09.123+00:00"},
        {"", SAMPLE, "1709622489"}, {"%", SAMPLE, "1709622489"}, {"%s", SAMPLE, "1709622489"},
        {"%s", "1969-12-31T23:59:59.500Z", "-1"},
        {"hh a", SAMPLE, "07 AM"}, {"h a", "2024-03-05T00:00:00Z", "12 AM"},
        {"h a", "2024-03-05T13:00:00Z", "1 PM"}, {"K k H", "2024-03-05T00:00:00Z", "0 24 0"},
        {"KK kk", "2024-03-05T12:00:00Z", "00 12"},
        {"D", SAMPLE, "65"}, {"DDD", SAMPLE, "065"}, {"e", SAMPLE, "2"}, {"Z", SAMPLE, "+0000"},
        {"ZZ", SAMPLE, "+00:00"}, {"ZZZ", SAMPLE, "UTC"}, {"z", SAMPLE, "UTC"},
        {"zzzz", SAMPLE, "Coordinated Universal Time"}, {"s", SAMPLE, "9"}, {"ss", SAMPLE, "09"},
        {"S", SAMPLE, "1"}, {"SSSSSS", SAMPLE, "123000"}, /* milliseconds */
        {"'x", SAMPLE, "x"}, {"''", SAMPLE, "'"}, {"'o''clock'", SAMPLE, "o'clock"},
        {"'a'''", SAMPLE, "a'"}, {"hh 'o''clock' a", SAMPLE, "07 o'clock AM"},
        {"G", SAMPLE, "AD"}, {"yyyy G", "-0043-01-01T00:00:00Z", "-0043 BC"},
        {"YYYY G", "-0043-01-01T00:00:00Z", "0044 BC"}, {"y", "0000-01-01T00:00:00Z", "0"},
        {"C", SAMPLE, "20"}, {"MMM", SAMPLE, "Mar"}, {"MMMM", SAMPLE, "March"}, {"M", SAMPLE, "3"},
        {"YY", SAMPLE, "24"}, {"yy", "2005-01-01T00:00:00Z", "05"}, {"y", SAMPLE, "2024"},
        {"yyyyy", SAMPLE, "02024"}, {"xx", "2024-12-30T00:00:00Z", "25"},
        {"yyyy", "+12024-01-01T00:00:00Z", "12024"}, {"EEE EEEE", SAMPLE, "Tue Tuesday"},
        {"yyyy-MM-dd é", SAMPLE, "2024-03-05 é"}, {"dd/MMM/yyyy:HH:mm:ss Z", SAMPLE,
         "05/Mar/2024:07:08:09 +0000"},
    };
    check(date_format_compile_joda, rows, sizeof rows / sizeof rows[0]);
}

Test(date_print, java)
{
    static const struct row rows[] = {
        {"yyyy-MM-dd", SAMPLE, "2024-03-05"},
        {"YYYY-'W'ww", SAMPLE, "2024-W10"},
        {"YYYY.MM.dd", "2024-12-30T00:00:00Z", "2025.12.30"}, /* the trap: the week's year */
        {"YYYY ww e", "2022-01-01T00:00:00Z", "2022 01 7"},
        {"YYYY ww e", "2023-01-01T00:00:00Z", "2023 01 1"},
        {"YY w", "2021-12-26T00:00:00Z", "22 1"}, {"YY w", "2021-12-25T00:00:00Z", "21 52"},
        {"yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSX", "2024-03-05T07:08:09.120Z",
         "2024-03-05T07:08:09.120000000Z"},
        {"SSSSSSSSS n", SAMPLE, "123456789 123456789"}, {"S", SAMPLE, "1"},
        {"N A", SAMPLE, "25689123456789 25689123"}, {"uuuu u yy", SAMPLE, "2024 2024 24"},
        {"yyyy", "+12024-01-01T00:00:00Z", "+12024"}, {"y", "+12024-01-01T00:00:00Z", "12024"},
        {"uuuu G", "-0043-01-01T00:00:00Z", "-0043 BC"}, {"yyyy GGGG", SAMPLE, "2024 Anno Domini"},
        {"M MM MMM MMMM MMMMM", SAMPLE, "3 03 Mar March M"},
        {"E EEEE EEEEE e ccc", SAMPLE, "Tue Tuesday T 3 Tue"},
        {"Q QQ QQQ QQQQ", SAMPLE, "1 01 Q1 1st quarter"}, {"D DDD", SAMPLE, "65 065"},
        {"d F W", SAMPLE, "5 1 2"}, {"a h hh K k", SAMPLE, "AM 7 07 7 7"},
        {"X XX XXX x xx xxx Z ZZZZ ZZZZZ", SAMPLE, "Z Z Z +00 +0000 +00:00 +0000 GMT Z"},
        {"VV z O", SAMPLE, "Z Z GMT"}, {"HH[:mm]", SAMPLE, "07:08"}, {"''yy''", SAMPLE, "'24'"},
        {"", SAMPLE, ""}, {"Z", SAMPLE, "+0000"}, {"O", SAMPLE, "GMT"},
    };
    check(date_format_compile_java, rows, sizeof rows / sizeof rows[0]);
}

Test(date_print, wrong_patterns_are_named)
{
    static const struct {
        compile *make;
        const char *pattern, *word;
    } rows[] = {
        {date_format_compile_joda, "yyyy-MM-ddTHH:mm", "`T`"}, {date_format_compile_joda, "u", "`u`"},
        {date_format_compile_joda, "yyyy L", "`L`"},           {date_format_compile_java, "yyyy-MM-ddTHH", "`T`"},
        {date_format_compile_java, "ddd", "`d`"},              {date_format_compile_java, "SSSSSSSSSS", "`S`"},
        {date_format_compile_java, "V", "`V`"},                {date_format_compile_java, "'a", "quote"},
        {date_format_compile_java, "{", "reserved"},           {date_format_compile_java, "yy]", "`]`"},
        {date_format_compile_java, "MMMMMM", "`M`"},           {date_format_compile_java, "aa", "`a`"},
        {date_format_compile_java, "B", "`B`"},                {date_format_compile_java, "OO", "`O`"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, NULL);
        struct str problem = {0};
        cr_assert_null(rows[i].make(str_of(rows[i].pattern), &arena, &problem), "`%s`", rows[i].pattern);
        cr_assert(str_find(problem, str_of(rows[i].word)) >= 0, "`%s`: %.*s", rows[i].pattern,
                  STR_ARG(problem));
        arena_fini(&arena);
    }
}

Test(date_print, limits)
{
    struct arena arena;
    arena_init(&arena, NULL);
    char text[2 * DATE_PATTERN_MAX];
    memset(text, '-', sizeof text);
    cr_assert(date_format_compile_joda((struct str){text, DATE_PATTERN_MAX}, &arena, NULL));
    cr_assert_null(date_format_compile_joda((struct str){text, DATE_PATTERN_MAX + 1}, &arena, NULL));
    for (size_t i = 0; i < sizeof text; i++) text[i] = i % 2 ? 'M' : 'd';
    cr_assert(date_format_compile_joda((struct str){text, DATE_OPS_MAX}, &arena, NULL));
    cr_assert_null(date_format_compile_joda((struct str){text, DATE_OPS_MAX + 1}, &arena, NULL));
    /* the widest field still fits what was reserved */
    memset(text, 'C', sizeof text);
    struct buf out = {0};
    date_format_print(date_format_compile_joda((struct str){text, DATE_PATTERN_MAX}, &arena, NULL), INT64_MAX,
                      999999999, &out);
    cr_assert_eq(out.len, DATE_PATTERN_MAX);
    buf_fini(&out);
    arena_fini(&arena);
}
