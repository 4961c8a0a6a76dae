/* SPDX-License-Identifier: Apache-2.0 */
/* How far a pattern got, in terms of its parts; and the parts themselves. */
#include <criterion/criterion.h>
#include "core/text/grok_explain.h"

/* ---- parts ---- */
static const struct { const char *pattern, *parts; } PARTS[] = {
    {"^%{IP:a}:? port", "^|%{IP:a}|:?| |port"},
    {"\\[%{DATA:[a][b]}\\]", "\\[|%{DATA:[a][b]}|\\]"},
    {"(?:a|b)+[^]x]*?\\d{2,3}", "(?:a|b)+|[^]x]*?|\\d{2,3}"},
    {"(?<x>%{WORD:w)})\\p{L}\\x{41}\\k<x>", "(?<x>%{WORD:w)})|\\p{L}|\\x{41}|\\k<x>"},
    {"words*é+", "word|s*|é+"},
    {"a{b", "a|{|b"},
    {"%{A=[a-z]{2}}x(", "%{A=[a-z]{2}}|x|("},
    {"([)])\\", "([)])|\\"},
};

Test(grok_explain, patterns_are_taken_apart)
{
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        struct str rest = str_of(PARTS[i].pattern);
        struct buf all = {.len = 0};
        while (rest.len) {
            if (all.len) buf_append_char(&all, '|');
            struct grok_part part = grok_part_take(&rest);
            cr_assert_gt(part.text.len, 0);
            buf_append(&all, part.text);
        }
        cr_expect_str_eq(buf_z(&all), PARTS[i].parts, "%s: %s", PARTS[i].pattern, buf_z(&all));
        buf_fini(&all);
    }
}

Test(grok_explain, alternatives_stand_outside_of_groups)
{
    struct str rest = STR("a|(b|c)[|]\\||%{X=a|b}|"), one;
    static const char *const EXPECTED[] = {"a", "(b|c)[|]\\|", "%{X=a|b}", ""};
    bool has_more = true;
    for (size_t i = 0; i < 4; i++) {
        cr_assert(grok_alternative_take(&rest, &has_more, &one), "%zu", i);
        cr_expect(str_eq_z(one, EXPECTED[i]), "%zu: %.*s", i, STR_ARG(one));
    }
    cr_expect(!grok_alternative_take(&rest, &has_more, &one));
}

/* ---- misses ---- */
static const struct { const char *pattern, *line, *matched, *expected, *found; uint32_t column; bool is_somewhere; } MISSES[] = {
    {"^%{COMBINEDAPACHELOG}", "10.0.0.1 - ann [17/May/2015:10:05:03 +0000] GET /x HTTP/1.1", "%{IPORHOST} %{HTTPDUSER} %{HTTPDUSER} [%{HTTPDATE}] ",
     "a quote", "`GET`", 45, false},
    {"^%{SYSLOGBASE} Failed password for %{USER:user} from", "Dec 10 06:55:48 h sshd[1]: Failed password for invalid user x from",
     "%{SYSLOGBASE} Failed password for %{USER} ", "`from`", "`user`", 56, false},
    {"^%{INT:a},%{WORD:b}$", "17,", "%{INT},", "%{WORD}", "the end of the line", 4, false},
    {"^%{INT:a},%{WORD:b}$", "17,x y", "%{INT},%{WORD}", "the end of the line", "a blank", 5, false},
    {"^%{INT:a}", "x", "", "%{INT}", "`x`", 1, false},
    {"^é%{INT:a}-", "é17+é", "é%{INT}", "`-`", "`+é`", 4, false},
    {"^<%{DATA:a}>%{GREEDYDATA:b}!", "<ab", "<%{DATA}", "`>`", "`ab`", 2, true},
    {"^(?:a=%{INT:a} b=%{INT:b}|c=%{INT:c})$", "a=1 b=x", "a=%{INT} b=", "%{INT}", "`x`", 7, false},
    {"^x|^a %{INT:n} %{INT:m}", "a 1 b", "a %{INT} ", "%{INT}", "`b`", 5, false},
    {"^(?<key>\\w+)(?:=%{INT:v})?;", "ab=1,", "(\\w+)(?:=%{INT})?", "`;`", "`,`", 5, false},
    {"%{MINE:x};", "k=5", "k=%{INT}", "`;`", "the end of the line", 4, false},
    {"^(?=x)a", "ab", "", "`(?=x)`", "`ab`", 1, false},
};

Test(grok_explain, a_miss_names_what_matched_and_what_was_expected)
{
    struct arena arena;
    struct grok_library library;
    arena_init(&arena, NULL);
    grok_library_init(&library, false, &arena);
    grok_library_define(&library, STR("MINE"), STR("k=%{INT}"));
    for (size_t i = 0; i < sizeof MISSES / sizeof *MISSES; i++) {
        struct grok_explainer *explainer = grok_explainer_create(&library, str_of(MISSES[i].pattern), &arena);
        struct grok_miss miss;
        for (int again = 0; again < 2; again++) grok_explain(explainer, str_of(MISSES[i].line), &miss);
        const char *pattern = MISSES[i].pattern;
        if (!strcmp(pattern, "%{MINE:x};")) cr_expect_str_eq(miss.matched, "%{MINE}", "%s", miss.matched);
        else cr_expect_str_eq(miss.matched, MISSES[i].matched, "%s: %s", pattern, miss.matched);
        cr_expect_str_eq(miss.expected, MISSES[i].expected, "%s: %s", pattern, miss.expected);
        cr_expect_str_eq(miss.found, MISSES[i].found, "%s: %s", pattern, miss.found);
        cr_expect_eq(miss.column, MISSES[i].column, "%s: %u", pattern, miss.column);
        cr_expect_eq(miss.is_somewhere, MISSES[i].is_somewhere, "%s", pattern);
        grok_explainer_destroy(explainer);
    }
    arena_fini(&arena);
}

Test(grok_explain, long_patterns_and_deep_ones_end)
{
    struct arena arena;
    struct grok_library library;
    struct grok_miss miss;
    struct buf text = {.len = 0};
    arena_init(&arena, NULL);
    grok_library_init(&library, false, &arena);
    for (int i = 0; i < 2 * EXPLAIN_PARTS_MAX; i++) buf_append_z(&text, "a ");
    buf_append_z(&text, "end");
    struct grok_explainer *explainer = grok_explainer_create(&library, buf_str(&text), &arena);
    text.ptr[text.len - 4] = 'x';
    grok_explain(explainer, buf_str(&text), &miss);
    grok_explainer_destroy(explainer);
    for (int i = 0; i < 3 * EXPLAIN_DEPTH_MAX; i++)
        grok_library_define(&library, arena_printf(&arena, "D%d", i), arena_printf(&arena, "a%%{D%d}", i + 1));
    grok_library_define(&library, arena_printf(&arena, "D%d", 3 * EXPLAIN_DEPTH_MAX), STR("b"));
    explainer = grok_explainer_create(&library, STR("%{D0}"), &arena);
    grok_explain(explainer, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaax"), &miss);
    cr_expect_eq(strlen(miss.matched), EXPLAIN_DEPTH_MAX, "%s", miss.matched);
    grok_explainer_destroy(explainer);
    buf_fini(&text);
    arena_fini(&arena);
}
