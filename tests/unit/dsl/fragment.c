/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/fragment.h"
#include <criterion/criterion.h>
#include <stdlib.h>

/* A text as a source of its own, with whatever is read from it. */
struct part {
    struct source_text source;
    struct arena arena;
    struct diag diag;
    struct fragment fragment;
    struct buf out; /* the tree, or the complaints */
};

static void part_begin(struct part *part, const char *text)
{
    *part = (struct part){.source = {STR("typed"), str_of(text)}};
    arena_init(&part->arena, NULL);
    diag_init(&part->diag);
    part->fragment = (struct fragment){.place = {&part->source, 0, (uint32_t)part->source.text.len},
                                       .arena = &part->arena, .diag = &part->diag};
}

static const char *part_end(struct part *part)
{
    static char text[4096];
    if (part->diag.errors) diag_render(&part->diag, &part->out);
    snprintf(text, sizeof text, "%.*s", STR_ARG(buf_str(&part->out)));
    buf_fini(&part->out);
    diag_fini(&part->diag);
    arena_fini(&part->arena);
    return text;
}

static const char *statements(const char *text)
{
    struct part part;
    struct config config = {0};
    part_begin(&part, text);
    bool ok = fragment_statements(&part.fragment, &config);
    cr_expect_eq(ok, part.diag.errors == 0, "%s", text);
    if (ok) ast_print(&config, &part.out);
    return part_end(&part);
}

static const char *expression(const char *text, bool is_condition)
{
    struct part part;
    part_begin(&part, text);
    struct expression *read = (is_condition ? fragment_condition : fragment_expression)(&part.fragment);
    cr_expect_eq(read != NULL, part.diag.errors == 0, "%s", text);
    if (read) expression_print(read, &part.out);
    return part_end(&part);
}

Test(fragment, reads_statements_without_a_section)
{
    cr_expect_str_eq(statements(" [a] = 1 # why\n remove [b] mutate { }"),
                     "input:  (Noop) | filter: (do-sequence [a] = 1 remove [b] filter-mutate{}  | output:  (Noop)");
    cr_expect_str_eq(statements("if [a] { drop { } } else { }"),
                     "input:  (Noop) | filter:  (if (event.get('[a]')) filter-drop{} (Noop)) | output:  (Noop)");
    cr_expect(strstr(statements("[a] = 1 }"), "expected a statement, found `}`"));
    cr_expect(strstr(statements("mutate { x = 1 }"), "write `=>` here"));
    cr_expect(!strstr(statements("mutate { x = 1 }"), "Expected one of"), "Logstash has no words for a part");
}

Test(fragment, reads_expressions_and_conditions_to_their_end)
{
    cr_expect_str_eq(expression("split([a], \"x\") ", false), "(split [a] \"x\")");
    cr_expect(strstr(expression("[a] 5", false), "expected an operator or the end, found `5`"));
    cr_expect(strstr(expression("[a] +", false), "the text ends where a field or a value is expected"));
    cr_expect_str_eq(expression("[a] == 1 and \"x\" in [tags]", true), "(and (== [a] 1) (in \"x\" [tags]))");
    cr_expect(strstr(expression("[a] == 1 {", true), "expected an operator or the end, found `{`"));
    cr_expect(strstr(expression("[a] = 1", true), "write =="));
}

/* A condition within quotes is read in its place. */
Test(fragment, stays_within_its_bytes)
{
    struct part part;
    part_begin(&part, "where => '[a] > x'");
    part.fragment.place = (struct place){&part.source, 10, 17};
    cr_expect_null(fragment_condition(&part.fragment));
    cr_expect(strstr(part_end(&part), "typed:1:17"));
    part_begin(&part, "[a] and [b]");
    part.fragment.place.end = 3;
    struct expression *read = fragment_condition(&part.fragment);
    cr_assert_not_null(read);
    expression_print(read, &part.out);
    cr_expect_str_eq(part_end(&part), "[a]");
}

Test(fragment, reads_a_value)
{
    struct part part;
    struct config_value value = {0};
    part_begin(&part, "plain { charset => \"UTF-8\" }");
    cr_assert(fragment_value(&part.fragment, &value));
    cr_expect_eq(value.kind, CONFIG_PLUGIN);
    config_value_print(&value, &part.out);
    cr_expect_str_eq(part_end(&part), "plain{\"charset\"=>\"UTF-8\"}");
    part_begin(&part, "json lines");
    cr_expect_not(fragment_value(&part.fragment, &value));
    cr_expect(strstr(part_end(&part), "expected the end, found `lines`"));
}

Test(fragment, tells_statements_from_expressions)
{
    static const char *const yes[] = {"[a] = 1", " [a][b]=1", "remove [a]", "mutate {", "if [a] { }", "grok{", "if(1==1){",
                                      "else { }"};
    static const char *const no[] = {"[a] == 1", "[a] =~ /x/", "[a]", "[a] + 1", "length([a])", "{ }", "1", "\"mutate {\"",
                                     "", "level >= WARN", "[a] => 1", "[1] = 2 ]"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) cr_expect(fragment_is_statement(str_of(yes[i])), "%s", yes[i]);
    for (size_t i = 0; i + 1 < sizeof no / sizeof *no; i++)
        cr_expect_not(fragment_is_statement(str_of(no[i])), "%s", no[i]);
}

Test(fragment, knows_when_more_is_to_come)
{
    static const struct { const char *text; bool is_json, is_open; } rows[] = {
        {"mutate {", false, true}, {"mutate { }", false, false}, {"[a", false, true}, {"f(1,", false, true},
        {"\"{\"", false, false}, {"'{", false, true}, {"'\\'", false, true}, {"# {", false, false},
        {"a { # }\n", false, true}, {"[a] =~ /{/", false, false}, {"replace([a], /[(]/, \"\")", false, false},
        {"[a] / 2 + [b", false, true}, {"} }", false, false}, {"", false, false},
        {"{\"a\": \"\\\\\"}", true, false}, {"{\"a\": \"it's\"}", true, false}, {"{\"a\": \"\\\"}", true, true},
        {"{\"a\": [1,", true, true}, {"{\"a\": \"#{\"}", true, false}, {"[a] =~ /\\//", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(fragment_is_open(str_of(rows[i].text), rows[i].is_json), rows[i].is_open, "%s", rows[i].text);
}
