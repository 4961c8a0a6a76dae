/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/regex_needs.h"
#include <criterion/criterion.h>
#include "core/text/buf.h"

static struct arena arena;
static void set_up(void) { arena_init(&arena, NULL); }
static void tear_down(void) { arena_fini(&arena); }
TestSuite(regex_needs, .init = set_up, .fini = tear_down);

static void check(const char *pattern, const char *want)
{
    struct str texts[REGEX_NEEDS_MAX];
    struct buf got = buf_in_arena(&arena);
    uint32_t count = regex_needs(str_of(pattern), 3, &arena, texts);
    for (uint32_t i = 0; i < count; i++) buf_printf(&got, "%.*s|", STR_ARG(texts[i]));
    cr_expect(str_eq_z(buf_str(&got), want), "%s: %.*s, not %s", pattern, STR_ARG(buf_str(&got)), want);
}

Test(regex_needs, one_of_these_is_in_whatever_matches)
{
    static const struct { const char *pattern, *want; } rows[] = {
        {"Firefox/(\\d+)", "firefox/|"},
        {"(iPhone|iPad)/(\\d+)", "iphone|ipad|"},
        {"(?:abc|de)", ""},
        {"(?:abc|def)?", ""},
        {"(?:abc|def)*xyzw", "xyzw|"},
        {"(abc|defg)(uvwx|longer)", "uvwx|longer|"},
        {"abcd|efgh", "abcd|efgh|"},
        {"abc+def", "abc|"},
        {"abx{0,2}cde", "cde|"},
        {"ab{2}cde", "cde|"},
        {"a\\.b\\/c", "a.b/c|"},
        {"ab\\dcd.ef", ""},
        {"(?!nope)(?<=nor)yes!", "yes!|"},
        {"(?i:ABC)d", "abc|"},
        {"(?:(?:one|two)three|four)", "three|four|"},
        {"[abc]def", "def|"},
        {"d\xc3\xa9j\xc3\xa0 vu", " vu|"},
        {"(?i)abcd", ""}, /* not looked into */
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check(rows[i].pattern, rows[i].want);
}

Test(regex_needs, more_than_the_limit_say_nothing)
{
    struct buf pattern = buf_in_arena(&arena);
    struct str texts[REGEX_NEEDS_MAX];
    for (int i = 0; i < REGEX_NEEDS_MAX; i++) buf_printf(&pattern, "%stext%d", i ? "|" : "", i);
    cr_expect_eq(regex_needs(buf_str(&pattern), 3, &arena, texts), (uint32_t)REGEX_NEEDS_MAX);
    buf_append_z(&pattern, "|onemore");
    cr_expect_eq(regex_needs(buf_str(&pattern), 3, &arena, texts), 0u);
}
