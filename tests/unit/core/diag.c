/* SPDX-License-Identifier: Apache-2.0 */
#include "core/diag.h"
#include <criterion/criterion.h>

static struct diag diag;
static struct buf out;
static void begin(void)
{
    diag_init(&diag);
    out = (struct buf){0};
}
static void end(void)
{
    diag_fini(&diag);
    buf_fini(&out);
}
TestSuite(diag, .init = begin, .fini = end);

Test(diag, draws_place_caret_hint_second_place_and_note)
{
    struct source_text source = {STR("web.conf"), STR("filter {\n\tkv { feild => 1 }\n}\n")};
    struct message *message = diag_error(&diag, (struct place){&source, 15, 20}, "no option `%s`", "feild");
    diag_hint(&diag, message, "did you mean `%s`?", "field");
    diag_note(&diag, message, "kv takes: field");
    diag_other(&diag, message, (struct place){&source, 10, 12}, "of this");
    diag_render(&diag, &out);
    cr_expect_str_eq(buf_z(&out), "error: no option `feild`\n"
                                  "  --> web.conf:2:7\n"
                                  "   |\n"
                                  " 2 | \tkv { feild => 1 }\n"
                                  "   | \t     ^^^^^ did you mean `field`?\n"
                                  "  ::: web.conf:2:2\n"
                                  "   |\n"
                                  " 2 | \tkv { feild => 1 }\n"
                                  "   | \t-- of this\n"
                                  "   = kv takes: field\n");
}

Test(diag, json_has_places_from_one_and_ends_behind_the_last_character)
{
    struct source_text source = {STR("a \"b\".conf"), STR("filter {\n \xc3\xa9 kv { feild => 1 }\n}\n")};
    struct message *message = diag_error(&diag, (struct place){&source, 18, 23}, "no option `%s`", "feild");
    diag_hint(&diag, message, "did you mean `%s`?", "field");
    diag_note(&diag, message, "kv\ttakes");
    diag_other(&diag, message, (struct place){&source, 0, 8}, "of this");
    diag_warning(&diag, (struct place){0}, "bad \xff byte");
    diag_warning(&diag, (struct place){&source, 7, 30}, "several lines");
    diag_render_json(&diag, &out);
    cr_expect_str_eq(
        buf_z(&out),
        "{\"severity\":\"warning\",\"file\":\"a \\\"b\\\".conf\",\"line\":1,\"column\":8,\"end_line\":2,\"end_column\":21,"
        "\"message\":\"several lines\"}\n"
        "{\"severity\":\"error\",\"file\":\"a \\\"b\\\".conf\",\"line\":2,\"column\":9,\"end_line\":2,\"end_column\":14,"
        "\"message\":\"no option `feild`\",\"hint\":\"did you mean `field`?\",\"note\":\"kv\\ttakes\","
        "\"other\":{\"severity\":\"related\",\"file\":\"a \\\"b\\\".conf\",\"line\":1,\"column\":1,\"end_line\":1,"
        "\"end_column\":9,\"message\":\"of this\"}}\n"
        "{\"severity\":\"warning\",\"message\":\"bad \xef\xbf\xbd byte\"}\n");
}

Test(diag, json_has_all_that_is_kept)
{
    for (int i = 0; i < DIAG_KEPT_MAX + 5; i++) diag_error(&diag, (struct place){0}, "wrong %d", i);
    diag_render_json(&diag, &out);
    size_t lines = 0;
    for (size_t i = 0; i < out.len; i++) lines += out.ptr[i] == '\n';
    cr_expect_eq(lines, DIAG_KEPT_MAX);
}

Test(diag, draws_without_a_place)
{
    diag_hint(&diag, diag_warning(&diag, (struct place){0}, "no output"), "events go to stdout");
    diag_render(&diag, &out);
    cr_expect_str_eq(buf_z(&out), "warning: no output\n   = events go to stdout\n");
}

Test(diag, orders_by_source_and_place_and_says_all_of_one_place_in_order)
{
    struct source_text one = {STR("1"), STR("a\nb\n")}, two = {STR("2"), STR("c\n")};
    diag_error(&diag, (struct place){&two, 0, 1}, "A");
    diag_error(&diag, (struct place){&one, 2, 3}, "B");
    diag_error(&diag, (struct place){&one, 0, 1}, "C");
    diag_error(&diag, (struct place){&one, 0, 1}, "D");
    diag_render(&diag, &out);
    const char *text = buf_z(&out);
    cr_expect(strstr(text, "error: A") < strstr(text, "error: C"));
    cr_expect(strstr(text, "error: C") < strstr(text, "error: D"));
    cr_expect(strstr(text, "error: D") < strstr(text, "error: B"));
}

Test(diag, clips_spans_of_several_lines_and_marks_the_end)
{
    struct source_text source = {STR("x"), STR("ab\ncd")};
    diag_error(&diag, (struct place){&source, 1, 5}, "two lines");
    diag_error(&diag, (struct place){&source, 5, 5}, "end");
    diag_render(&diag, &out);
    cr_expect_str_eq(buf_z(&out), "error: two lines\n  --> x:1:2\n   |\n 1 | ab\n   |  ^\n"
                                  "error: end\n  --> x:2:3\n   |\n 2 | cd\n   |   ^\n");
}

Test(diag, keeps_control_characters_and_bad_bytes_from_the_terminal)
{
    struct source_text source = {STR("x\x1b[2J"), STR("\x1b[31m \xff \xe2\x80\xae a")};
    diag_error(&diag, (struct place){&source, 0, 1}, "\x1b]0;title\x07 \x80");
    diag_render(&diag, &out);
    for (size_t i = 0; i < out.len; i++) {
        unsigned char c = (unsigned char)out.ptr[i];
        cr_expect(c == '\n' || c >= 0x20, "%zu: %02x", i, c);
    }
    cr_expect(str_find(buf_str(&out), STR("\xff")) < 0);
    cr_expect(str_find(buf_str(&out), STR("\xe2\x80\xae")) < 0);
}

Test(diag, counts_columns_in_characters)
{
    struct source_text source = {STR("x"), STR("\xc3\xa9\xe6\x97\xa5\xff" "b\r\n")};
    struct line_column at = place_line((struct place){&source, 6, 7});
    cr_expect_eq(at.line, 1);
    cr_expect_eq(at.column, 4);
    cr_expect(str_eq(at.text, str_slice(source.text, 0, 7)));
}

Test(diag, shows_and_keeps_up_to_its_limits_and_counts_all)
{
    struct source_text source = {STR("x"), STR("a")};
    for (int i = 0; i < DIAG_KEPT_MAX + 5; i++) {
        struct message *message = diag_error(&diag, (struct place){&source, 0, 1}, "fault %d", i);
        diag_hint(&diag, message, "hint");
        diag_note(&diag, message, "note");
        diag_other(&diag, message, (struct place){&source, 0, 1}, "other");
    }
    cr_expect_eq(diag.errors, DIAG_KEPT_MAX + 5);
    cr_expect_eq(diag.count, DIAG_KEPT_MAX);
    diag_render(&diag, &out);
    cr_expect(strstr(buf_z(&out), "fault 19\n"));
    cr_expect_null(strstr(buf_z(&out), "fault 20\n"));
    cr_expect(strstr(buf_z(&out), "and 985 more errors\n"));
}

Test(diag, suggests_what_is_near)
{
    static const struct str names[] = {{"field_split", 11}, {"source", 6}, {"target", 6}, {"sourde", 6}, {"id", 2}};
    static const struct { const char *word, *near; } rows[] = {
        {"feild_split", "field_split"}, {"FIELD_SPLIT", "field_split"}, {"soruce", "source"},
        {"sourxe", "source"} /* as near as sourde: by alphabet */,      {"di", "id"},
        {"i", "id"},                    {"zzz", ""},                    {"2", ""},                   {"", ""},
        {"targets_of", ""},             {"trgt", ""},                   {"tarlgett", "target"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str near = suggest(str_of(rows[i].word), names, 5);
        cr_expect(str_eq_z(near, rows[i].near), "%s: %.*s", rows[i].word, STR_ARG(near));
    }
    char longest[SUGGEST_WORD_MAX + 1];
    memset(longest, 'x', sizeof longest);
    struct str name = {longest, SUGGEST_WORD_MAX};
    cr_expect(str_eq(suggest(name, &name, 1), name));
    name.len++;
    cr_expect_eq(suggest(name, &name, 1).len, 0);
}

/* The next message takes the place of what was unsaid. */
Test(diag, what_was_said_since_a_mark_can_be_unsaid)
{
    diag_error(&diag, (struct place){0}, "kept");
    struct diag_mark mark = diag_mark(&diag);
    diag_error(&diag, (struct place){0}, "unsaid");
    diag_warning(&diag, (struct place){0}, "unsaid");
    diag_forget(&diag, mark);
    cr_expect_eq(diag.errors, 1);
    cr_expect_eq(diag.warnings, 0);
    struct diag_mark from = diag_mark(&diag);
    diag_warning(&diag, (struct place){0}, "unsaid");
    diag_error(&diag, (struct place){0}, "unsaid");
    struct diag_mark to = diag_mark(&diag);
    diag_warning(&diag, (struct place){0}, "said");
    diag_forget_between(&diag, from, to);
    cr_expect_eq(diag.errors, 1);
    diag_render(&diag, &out);
    cr_expect_str_eq(buf_z(&out), "error: kept\nwarning: said\n");
}

/* A warning whose line, or the line above alone, says so is not taken; an error is. */
Test(diag, a_comment_silences_the_warnings_of_its_line)
{
    static const struct {
        const char *text; /* the complaint is of the x */
        bool is_silent;
    } rows[] = {
        {"x # tailrace: ignore", true},
        {"x # why: # tailrace: ignore\ny", true},
        {"# tailrace: ignore\nx", true},
        {" \t# set by hand. # tailrace: ignore\n  x", true},
        {"# tailrace: ignore\n\nx", false},
        {"y # tailrace: ignore\nx", false},
        {"x\n# tailrace: ignore", false},
        {"# tailrace: ignored\nx", false},
        {"# tailrace: ignore it\r\nx", true},
        {"# tailrace ignore\nx", false},
        {"x", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct source_text source = {STR("web.conf"), str_of(rows[i].text)};
        uint32_t at = (uint32_t)(strrchr(rows[i].text, 'x') - rows[i].text), before = diag.warnings;
        if (rows[i].text[0] == 'x') at = 0;
        struct place place = {&source, at, at + 1};
        diag_hint(&diag, diag_warning(&diag, place, "odd"), "never seen when silent");
        cr_expect_eq(diag.warnings == before, rows[i].is_silent, "%s", rows[i].text);
        diag_error(&diag, place, "wrong");
    }
    cr_expect_eq(diag.errors, sizeof rows / sizeof *rows);
    cr_expect_eq(diag.count, diag.errors + diag.warnings);
    diag_warning(&diag, (struct place){0}, "of no place");
    cr_expect_eq(diag.count, diag.errors + diag.warnings);
}
