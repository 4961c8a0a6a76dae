/* SPDX-License-Identifier: Apache-2.0 */
/* What is proposed for lines: one pattern a shape, which matches them. */
#include <criterion/criterion.h>
#include "core/text/grok.h"
#include "core/text/grok_suggest.h"

enum { LINES_MAX = 6, SUGGESTIONS_MAX = 8 };

static const struct { const char *lines[LINES_MAX], *patterns[LINES_MAX]; } ROWS[] = {
    {{"2024-01-02T03:04:05Z INFO took=15 user=ann", "2024-01-02T03:04:06Z WARN took=1 user=bob"},
     {"^%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} took=%{NUMBER:took} user=%{WORD:user}$"}},
    {{"login of ann from 10.0.0.1 port 22", "login of b-ob from 10.0.0.2 port 23"},
     {"^login of %{NOTSPACE:word} from %{IP:ip} port %{NUMBER:port}$"}},
    {{"one line. (done) 100%"}, {"^one line\\. \\(done\\) 100%$"}},
    {{"a [x] 1", "a [y] 2", "b: 3"}, {"^a \\[%{WORD:word}\\] %{NUMBER:number}$", "^b: %{NUMBER:number}$"}},
    {{"[1] up", "[2] down now"},
     {"^\\[%{NUMBER:number}\\] %{GREEDYDATA:message}$", "^\\[%{NUMBER:number}\\] down now$", "^\\[%{NUMBER:number}\\] up$"}},
    {{"\"a b\" 1 2 3"}, {"^%{QS:text} %{NUMBER:number} %{NUMBER:number2} %{NUMBER:number3}$"}},
};

static void row_check(size_t row)
{
    struct arena arena;
    struct grok_library library;
    struct grok_suggestion found[SUGGESTIONS_MAX];
    arena_init(&arena, NULL);
    grok_library_init(&library, false, &arena);
    struct grok_suggester *suggester = grok_suggester_create(false, &arena);
    for (int i = 0; i < LINES_MAX && ROWS[row].lines[i]; i++) grok_suggester_add(suggester, str_of(ROWS[row].lines[i]));
    uint32_t count = grok_suggestions(suggester, found, SUGGESTIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const char *expected = i < LINES_MAX ? ROWS[row].patterns[i] : NULL;
        cr_expect(expected && str_eq_z(found[i].pattern, expected), "row %zu: %.*s", row, STR_ARG(found[i].pattern));
        struct grok_problem problem;
        struct grok *grok = grok_compile(&library, found[i].pattern, &(struct grok_options){.named_only = true}, &arena, &problem);
        cr_assert(grok, "%.*s: %s", STR_ARG(found[i].pattern), problem.text);
        cr_expect_eq(regex_match(grok->regex, found[i].example, 0, 0, NULL), REGEX_MATCH, "%.*s", STR_ARG(found[i].pattern));
        grok_destroy(grok);
    }
    cr_expect(count == LINES_MAX || !ROWS[row].patterns[count], "row %zu: %u patterns", row, count);
    grok_suggester_destroy(suggester);
    arena_fini(&arena);
}

Test(grok_suggest, lines_of_a_shape_get_one_pattern)
{
    for (size_t row = 0; row < sizeof ROWS / sizeof *ROWS; row++) row_check(row);
}

Test(grok_suggest, beyond_its_parts_a_line_is_the_rest)
{
    struct arena arena;
    struct grok_suggestion found[2];
    struct buf text = {.len = 0};
    arena_init(&arena, NULL);
    for (int i = 0; i < SUGGEST_PARTS_MAX; i++) buf_append_z(&text, "1 ");
    struct grok_suggester *suggester = grok_suggester_create(true, &arena);
    grok_suggester_add(suggester, buf_str(&text));
    cr_expect_eq(grok_suggestions(suggester, found, 2), 1);
    cr_expect(str_ends(found[0].pattern, STR("%{GREEDYDATA:message}$")));
    /* and shapes beyond the most that are kept are not proposed */
    for (int i = 0; i < 2 * SUGGEST_SHAPES_MAX; i++) {
        struct buf line = buf_in_arena(&arena);
        for (int bit = 1; bit <= i; bit *= 2) buf_append_z(&line, i & bit ? "1 " : "a ");
        grok_suggester_add(suggester, buf_take(&line));
    }
    struct grok_suggestion *all = arena_alloc(&arena, 3 * SUGGEST_SHAPES_MAX * sizeof *all);
    cr_expect_leq(grok_suggestions(suggester, all, 3 * SUGGEST_SHAPES_MAX), SUGGEST_SHAPES_MAX + 1);
    grok_suggester_destroy(suggester);
    buf_fini(&text);
    arena_fini(&arena);
}
