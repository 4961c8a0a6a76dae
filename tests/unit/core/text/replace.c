/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/replace.h"
#include <criterion/criterion.h>

Test(replace, replaces_like_ruby)
{
    static const struct {
        const char *subject, *pattern, *replacement, *result; /* result NULL: no match */
    } rows[] = {
        {"hello", "l", "L", "heLLo"},
        {"hello", "x", "L", NULL},
        {"hello", "(h)(e)", "\\2\\1", "ehllo"},
        {"hello", "l+", "<\\0>", "he<ll>o"},
        {"hello", "l+", "<\\&>", "he<ll>o"},
        {"hello", "e", "<\\9>", "h<>llo"},
        {"hello", "(x)?e", "<\\1>", "h<>llo"},
        {"hello", "(?<a>l)(?<b>o)", "\\k<b>\\k<a>", "helol"},
        {"hello", "e", "\\`|\\'", "hh|llollo"},
        {"hello", "e", "\\\\", "h\\llo"},
        {"hello", "e", "\\\\0", "h\\0llo"},
        {"hello", "e", "\\n", "h\\nllo"},
        {"hello", "e", "\\", "h\\llo"},
        {"hello", "e", "x\\", "hx\\llo"},
        {"hello", "e", "\\k", "h\\kllo"},
        {"hello", "e", "\\k<", "h\\k<llo"},
        {"hello", "e", "", "hllo"},
        {"abc", "", "-", "-a-b-c-"},
        {"äb", "", "-", "-ä-b-"},
        {"abc", "x*", "-", "-a-b-c-"},
        {"baaac", "a*", "-", "-b--c-"},
        {"", "", "-", "-"},
        {"", "x", "-", NULL},
        {"a\nb", "^", "> ", "> a\n> b"},
        {"a\nb", "a.b", "x", NULL},
        {"a.b.c", "\\.", "", "abc"},
        {"aaa", "aa", "b", "ba"},
        {"héllo", "\\w", "w", "wéwww"},
        {"\xFFl", "l", "x", "\xFFx"},
    };
    struct arena arena;
    arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct regex_problem problem;
        struct regex *regex =
            regex_compile(str_of(rows[i].pattern), &(struct regex_options){0}, &problem);
        cr_assert(regex, "%s: %s", rows[i].pattern, problem.text);
        struct value subject = value_string(str_of(rows[i].subject));
        struct str out = STR("?"), replacement = str_of(rows[i].replacement);
        enum replace_verdict verdict = replace_all(regex, &subject, replacement, &arena, &out);
        cr_expect_eq(verdict, rows[i].result ? REPLACE_DONE : REPLACE_NONE, "row %zu: %d", i, verdict);
        if (rows[i].result)
            cr_expect(str_eq_z(out, rows[i].result), "row %zu: `%.*s`, expected `%s`", i, STR_ARG(out),
                      rows[i].result);
        regex_destroy(regex);
    }
    arena_fini(&arena);
}

Test(replace, refuses_names_of_no_group)
{
    struct arena arena;
    arena_init(&arena, NULL);
    struct regex *regex = regex_compile(STR("(?<a>x)"), &(struct regex_options){0}, NULL);
    struct value subject = value_string(STR("x"));
    struct str out, name;
    cr_expect(replace_check(regex, STR("\\k<a>\\\\k<b>"), &name));
    cr_expect_not(replace_check(regex, STR("\\\\\\k<b>"), &name));
    cr_expect(str_eq_z(name, "b"));
    cr_expect_eq(replace_all(regex, &subject, STR("\\k<b>"), &arena, &out), REPLACE_BAD_NAME);
    regex_destroy(regex);
    arena_fini(&arena);
}

Test(replace, stops_at_the_limit_of_memory)
{
    struct arena arena;
    arena_init(&arena, NULL);
    enum { LEN = 100000 };
    char *text = memset(arena_alloc(&arena, LEN), 'a', LEN);
    struct regex *regex = regex_compile(STR("a"), &(struct regex_options){0}, NULL);
    struct value subject = value_string((struct str){text, LEN});
    struct str out, all = STR("\\`\\'"); /* each match puts all the others there: 10 GB */
    cr_expect_eq(replace_all(regex, &subject, all, &arena, &out), REPLACE_MEMORY);
    cr_expect_leq(arena.bytes, 2 * (size_t)ARENA_BYTES_MAX);
    cr_expect_eq(replace_all(regex, &subject, STR("bb"), &arena, &out), REPLACE_DONE);
    cr_expect_eq(out.len, 2 * LEN);
    regex_destroy(regex);
    arena_fini(&arena);
}
