/* SPDX-License-Identifier: Apache-2.0 */
/* What is slow for certain is found, with its place and rewrite; what people write every day is not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include "core/diag.h"
#include "core/text/grok_doubts.h"
#include "core/text/regex_ambiguity.h"
#include "core/text/regex_tree.h"

enum { N = AMBIGUITY_NESTED, A = AMBIGUITY_ADJACENT };

static const struct {
    const char *pattern;
    int kind;
    const char *one, *other, *rewrite;
} FOUND[] = {
    {"^(a+)+$", N, "(a+)+", "a+", "(a+)"},
    {"(?:a+)+b", N, "(?:a+)+", "a+", "a+"},
    {"(?:a*)*b", N, "(?:a*)*", "a*", "a*"},
    {"(?<x>a*)+b", N, "(?<x>a*)+", "a*", "(?<x>a*)"},
    {"x(?:[a-z]+ ?)*:", N, "(?:[a-z]+ ?)*", "[a-z]+", ""},
    {"(?: ?[a-z]+)*:", N, "(?: ?[a-z]+)*", "[a-z]+", ""},
    {"(?:b|a+)*c", N, "(?:b|a+)*", "a+", ""},
    {"((a+)|b)*c", N, "((a+)|b)*", "a+", ""},
    {"(?:(?:a+)?)+b", N, "(?:(?:a+)?)+", "a+", ""},
    {"(.*?)*x", N, "(.*?)*", ".*?", "(.*)"},
    {"(?:a{2,})*b", N, "(?:a{2,})*", "a{2,}", "a*"},
    {".*.*", A, ".*", ".*", ".*"},
    {"\\s*\\s+x", A, "\\s*", "\\s+", "\\s+"},
    {"\\d+\\d+$", A, "\\d+", "\\d+", "\\d{2,}"},
    {"(.*)(.*?)x", A, ".*", ".*?", ""},
    {"(?<a>.*?)(?:(?<b>.*))x", A, ".*?", ".*", ""},
    {"[a-z]+\\w+:", A, "[a-z]+", "\\w+", ""},
    {"[a-z]+\\w+$", A, "[a-z]+", "\\w+", ""},
    {"\\s*[ \\t]++x", A, "\\s*", "[ \\t]++", ""},
    {"[\\s\\S]*.*x", A, "[\\s\\S]*", ".*", "[\\s\\S]*"},
    {"(?:x|.*.*)y", A, ".*", ".*", ".*"},
};

Test(regex_ambiguity, what_is_slow_for_certain_is_found)
{
    for (size_t i = 0; i < sizeof FOUND / sizeof *FOUND; i++) {
        struct ambiguity found[4];
        struct str pattern = str_of(FOUND[i].pattern);
        uint32_t count = regex_ambiguities(pattern, found, 4);
        cr_expect_geq(count, 1, "%s: none", FOUND[i].pattern);
        if (!count) continue;
        cr_expect_eq((int)found[0].kind, FOUND[i].kind, "%s", FOUND[i].pattern);
        struct str one = str_slice(pattern, found[0].one.start, found[0].one.end);
        struct str other = str_slice(pattern, found[0].other.start, found[0].other.end);
        cr_expect(str_eq_z(one, FOUND[i].one), "%s: %.*s", FOUND[i].pattern, STR_ARG(one));
        cr_expect(str_eq_z(other, FOUND[i].other), "%s: %.*s", FOUND[i].pattern, STR_ARG(other));
        cr_expect_str_eq(found[0].rewrite, FOUND[i].rewrite, "%s: %s", FOUND[i].pattern, found[0].rewrite);
    }
}

/* Not certain, or not slow: a text between, nothing given back, what follows takes it too, not understood. */
static const char *const NOT_FOUND[] = {
    "", "a+", "(a+)", "(a+)?", "(a+b)+", "(?:\\w+,)*", "(?:,\\w+)*", "(?:\\w+\\s+)*", "(a++)+", "(?>a+)+", "(a+)++", "(?>(a+)+)",
    "(?:\\b\\w+\\b ?)*", "(?:a{1,9})*", ".*x.*", ".* .*", ".*\\d+", ".*?\\s*", "\\s*.*", "\\d+.*x", ".*?\\d+ x", "a++a*", "a*(?>b*)c",
    "[a-c]+[d-f]+x", "[a-z]+\\w+\\w", "[a-z]+\\w+", "a*ba*", "a*\\ba*", "a*b?a*", "(a*)\\1", "(?i)(a+)+", "(?x) (a+) +", "(?=(a+)+)b",
    "a*a{3}", "\\s*\\s?x", "(?:a|b+c)*d", "(?(1)a*a*)", "\\[(?:[^\\]]*)\\] ", "(?:\\[[^]]*\\])*", "x{2}+x*"};

Test(regex_ambiguity, what_is_not_certain_is_not)
{
    for (size_t i = 0; i < sizeof NOT_FOUND / sizeof *NOT_FOUND; i++) {
        struct ambiguity found[1];
        cr_expect_eq(regex_ambiguities(str_of(NOT_FOUND[i]), found, 1), 0, "%s", NOT_FOUND[i]);
    }
}

Test(regex_ambiguity, there_is_a_limit_of_parts)
{
    struct ambiguity found[1];
    struct buf text = {.len = 0};
    buf_append_z(&text, "(a+)+$");
    for (int i = 0; i < REGEX_TREE_PARTS_MAX - 20; i++) buf_append_char(&text, 'x');
    cr_expect_eq(regex_ambiguities(buf_str(&text), found, 1), 1);
    for (int i = 0; i < 20; i++) buf_append_char(&text, 'x');
    cr_expect_eq(regex_ambiguities(buf_str(&text), found, 1), 0);
    buf_fini(&text);
}

/* ---- in grok patterns ---- */
static uint32_t doubts_of(const struct grok_library *library, struct str pattern)
{
    struct diag diag;
    diag_init(&diag);
    grok_doubts_say(library, pattern, (struct place){0}, &diag);
    uint32_t count = diag.warnings;
    diag_fini(&diag);
    return count;
}

Test(regex_ambiguity, no_pattern_of_the_library_has_one)
{
    struct arena arena;
    arena_init(&arena, NULL);
    for (int set = 0; set < GROK_SETS; set++) {
        struct grok_library library;
        struct str name, text;
        uint32_t names = 0;
        grok_library_init(&library, set == GROK_ECS_V1, &arena);
        for (uint32_t at = 0; grok_library_next(&library, &at, &name, &text); names++) {
            struct str pattern = arena_printf(&arena, "%%{%.*s:x} end", STR_ARG(name));
            uint32_t count = doubts_of(&library, pattern);
            cr_expect_eq(count, 0, "%.*s has %u", STR_ARG(name), count);
        }
        cr_expect_gt(names, 300);
    }
    arena_fini(&arena);
}

/* As they stand in public configurations. */
static const char *const EVERYDAY[] = {
    "%{DATA:x} %{GREEDYDATA:y}", "%{TIMESTAMP_ISO8601:ts}%{SPACE}%{LOGLEVEL:level}%{SPACE}%{GREEDYDATA:msg}", "%{DATA:a}%{SPACE}:%{SPACE}%{GREEDYDATA:b}",
    "%{NUMBER:n}%{GREEDYDATA:rest} end", "%{DATA}%{IP:ip}%{DATA}port %{INT:port}", "%{WORD:a}%{NOTSPACE:b} x", "\\[%{DATA:a}\\]\\[%{DATA:b}\\] %{GREEDYDATA}",
    "(?<msg>(.|\\r|\\n)*)", "(%{WORD:a} )?(%{NUMBER:b})?%{GREEDYDATA:c}", "(?m)%{GREEDYDATA:m}", "%{SYSLOGBASE}%{SPACE}%{GREEDYDATA:m}$",
    "%{QS:a}%{SPACE}%{QS:b}", "(?:%{IP:a}|-),? ?%{GREEDYDATA:b}", "(%{IP:ip}(, )?)+", "%{HTTPDATE:t}\\] \"(?:%{WORD:verb} %{URIPATHPARAM:request})?\" %{NUMBER:n}",
};

Test(regex_ambiguity, no_everyday_pattern_has_one)
{
    struct arena arena;
    struct grok_library library;
    arena_init(&arena, NULL);
    grok_library_init(&library, false, &arena);
    for (size_t i = 0; i < sizeof EVERYDAY / sizeof *EVERYDAY; i++)
        cr_expect_eq(doubts_of(&library, str_of(EVERYDAY[i])), 0, "%s", EVERYDAY[i]);
    cr_expect_eq(doubts_of(&library, STR("%{GREEDYDATA}%{DATA}")), 1);
    arena_fini(&arena);
}
