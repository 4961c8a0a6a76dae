/* SPDX-License-Identifier: Apache-2.0 */
/* What can be shown as text is in tests/cases/format; here: bytes that a case file cannot hold, many
 * texts at once, limits. */
#include "dsl/format.h"
#include <criterion/criterion.h>
#include <time.h>
#include "condition_rows.h"
#include "dsl/parser.h"
#include "grammar_rows.h"

static bool format(struct str text, const struct format_options *options, struct buf *out)
{
    struct source_text source = {STR("test.conf"), text};
    struct diag diag;
    diag_init(&diag);
    bool is_right = format_source(&source, options, out, &diag);
    cr_expect_eq(is_right, diag.errors == 0);
    cr_expect_eq(diag.warnings && is_right, false, "a text that is right is not complained about");
    diag_fini(&diag);
    return is_right;
}

static bool parse(struct str text, bool has_escapes, struct buf *tree)
{
    struct source_text source = {STR("test.conf"), text};
    struct parse_options options = {.has_escapes = has_escapes};
    struct config config = {0};
    struct arena arena;
    struct diag diag;
    arena_init(&arena, NULL);
    diag_init(&diag);
    bool is_right = parse_source(&config, &source, &options, &arena, &diag);
    ast_print(&config, tree);
    diag_fini(&diag);
    arena_fini(&arena);
    return is_right;
}

static uint32_t kept; /* texts that were formatted */

/* Formatted when it parses, and only then; the tree is the same; formatting again changes nothing. */
static void expect_sound(struct str text, bool has_escapes, uint32_t width)
{
    struct format_options options = {.has_escapes = has_escapes, .width = width};
    struct buf once = {0}, twice = {0}, before = {0}, after = {0};
    bool is_right = parse(text, has_escapes, &before);
    cr_assert_eq(format(text, &options, &once), is_right, "%.*s", STR_ARG(text));
    if (is_right) {
        kept++;
        cr_expect(parse(buf_str(&once), has_escapes, &after), "%.*s\n%s", STR_ARG(text), buf_z(&once));
        cr_expect(str_eq(buf_str(&before), buf_str(&after)), "%s\n%s", buf_z(&before), buf_z(&after));
        cr_expect(format(buf_str(&once), &options, &twice));
        cr_expect(str_eq(buf_str(&once), buf_str(&twice)), "%s\n%s", buf_z(&once), buf_z(&twice));
        cr_expect(once.len == 0 || once.ptr[once.len - 1] == '\n');
    } else {
        cr_expect_eq(once.len, 0);
    }
    buf_fini(&once);
    buf_fini(&twice);
    buf_fini(&before);
    buf_fini(&after);
}

static const char sample[] =
    "# one\ninput { tcp { port => 5 codec => json { charset => 'UTF-8' } } }\n"
    "filter{ if[a]==\"x\\\"y\" and!( [b] =~ /a\\/b/ or [c]not in[\"p\",\"q\"]) {drop{}} # two\n"
    "else if level([l]) >= WARN { mutate { rename => {\"a\"=>\"b\" 1 => [ 2, [3] ]}\n\n\n add_tag=>[ # three\n\"x\" ] } }\n"
    "else{ [x][y] = -[z] * ( 2 + 3 ) ?? { \"k\" => split([a], \",\")[ - 1 ], b => [ 1, \"z\", ] }\n"
    "remove [a] , [b]\n[q] = [r] ? null : true } }\n  # four";

Test(format, keeps_what_logstash_reads)
{
    kept = 0;
    for (size_t i = 0; i < sizeof grammar_rows / sizeof *grammar_rows; i++) {
        struct str text = str_of(grammar_rows[i].config);
        expect_sound(text, grammar_rows[i].has_escapes, 0);
        expect_sound(text, grammar_rows[i].has_escapes, FORMAT_WIDTH_MIN);
    }
    cr_expect_geq(kept, 70, "%u", kept);
    kept = 0;
    for (size_t i = 0; i < sizeof condition_rows / sizeof *condition_rows; i++) {
        struct buf text = {0};
        buf_printf(&text, "filter { if %s {} }", condition_rows[i].condition);
        expect_sound(buf_str(&text), false, 0);
        expect_sound(buf_str(&text), false, FORMAT_WIDTH_MIN);
        buf_fini(&text);
    }
    cr_expect_geq(kept, 200, "%u", kept);
}

Test(format, any_beginning_of_a_text_is_formatted_or_refused)
{
    struct buf tree = {0};
    cr_assert(parse(STR(sample), false, &tree));
    buf_fini(&tree);
    kept = 0;
    for (size_t len = 0; len < sizeof sample; len++) expect_sound((struct str){sample, len}, false, 0);
    cr_expect_eq(kept, 19, "%u", kept);
}

Test(format, any_byte_may_be_another)
{
    static const char others[] = {'\0', '\n', '\r', '#', '{', '}', '"', '[', ']', ',', ' ', '-', '/', '('};
    char text[sizeof sample];
    kept = 0;
    for (size_t i = 0; i + 1 < sizeof sample; i++)
        for (size_t k = 0; k < sizeof others; k++) {
            memcpy(text, sample, sizeof sample);
            text[i] = others[k];
            expect_sound((struct str){text, sizeof sample - 1}, false, FORMAT_WIDTH_MIN);
        }
    cr_expect_gt(kept, 100);
}

Test(format, line_ends_of_windows_stay_in_strings_alone)
{
    static const struct { const char *text, *formatted; } rows[] = {
        {"input { }\r\n\r\n\r\nfilter {\r\n  drop { } # c \t\r\n}\r\n", "input { }\n\nfilter {\n  drop { } # c\n}\n"},
        {"filter { p { a1 => \"x\r\ny\" } }\r\n", "filter {\n  p {\n    a1 => \"x\r\ny\"\n  }\n}\n"},
        {"filter { if [a] =~ /x\r\ny/ { } }", "filter {\n  if [a] =~ /x\r\ny/ { }\n}\n"},
        {"\r\r \t\n#c\r\n\r", "#c\n"},
        {"# no line end", "# no line end\n"},
        {"", ""},
        {" \r\n\t", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = {0};
        cr_expect(format(str_of(rows[i].text), &(struct format_options){0}, &out), "%zu", i);
        cr_expect_str_eq(buf_z(&out), rows[i].formatted, "%zu: %s", i, buf_z(&out));
        expect_sound(str_of(rows[i].text), false, 0);
        buf_fini(&out);
    }
}

Test(format, a_nul_is_a_byte_of_a_string_or_comment)
{
    struct buf out = {0};
    struct str text = STR("filter { p { a1 => \"x\0y\" } } # c\0d"), formatted;
    formatted = STR("filter { p { a1 => \"x\0y\" } } # c\0d\n");
    cr_expect(format(text, &(struct format_options){0}, &out));
    cr_expect(str_eq(buf_str(&out), formatted));
    buf_clear(&out);
    cr_expect_not(format(STR("filter { \0 }"), &(struct format_options){0}, &out));
    buf_fini(&out);
}

Test(format, out_is_appended_to_and_untouched_when_refused)
{
    struct buf out = {0};
    buf_append_z(&out, "before ");
    cr_expect(format(STR("input{}"), &(struct format_options){0}, &out));
    cr_expect_str_eq(buf_z(&out), "before input { }\n");
    cr_expect_not(format(STR("input{"), &(struct format_options){0}, &out));
    cr_expect_str_eq(buf_z(&out), "before input { }\n");
    buf_fini(&out);
}

/* ---- limits ---- */

static void repeat(struct buf *text, const char *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) buf_append_z(text, words);
}

Test(format, depth_has_the_limits_of_the_parser)
{
    static const struct { const char *head, *open, *middle, *close, *tail; } rows[] = {
        {"filter { p { a1 => ", "[", "", "]", " } }"},
        {"filter { p { a1 => ", "{ \"k\" => ", "1", "}", " } }"},
        {"filter { p { a1 => ", "q { b1 => ", "1", "}", " } }"},
        {"filter { ", "if [a] { ", "", "}", " }"},
        {"filter { if ", "(", "[a]", ")", " { } }"},
        {"filter { if ", "( # c\n", "[a]", "# c\n )", " { } }"},
        {"filter { [a] = ", "ff(", "1", ")", " }"},
        {"filter { [a] = ", "-", "[b]", "", " }"},
        {"filter { [a] = ", "[b][[", "1", "]]", " }"},
        {"filter { [a] = ", "[b] ? 1 : ", "1", "", " }"},
    };
    static const uint32_t depths[] = {1, 50, AST_DEPTH_MAX - 3, AST_DEPTH_MAX + 1, 100000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof depths / sizeof *depths; k++) {
            struct buf text = {0};
            kept = 0;
            buf_append_z(&text, rows[i].head);
            repeat(&text, rows[i].open, depths[k]);
            buf_append_z(&text, rows[i].middle);
            repeat(&text, rows[i].close, depths[k]);
            buf_append_z(&text, rows[i].tail);
            expect_sound(buf_str(&text), false, 0);
            if (depths[k] <= 50) cr_expect_eq(kept, 1, "%s %u", rows[i].open, depths[k]);
            if (depths[k] > AST_DEPTH_MAX) cr_expect_eq(kept, 0, "%s %u", rows[i].open, depths[k]);
            buf_fini(&text);
        }
}

Test(format, nothing_unfinished_is_formatted)
{
    static const char *const rows[] = {"filter { if [a] { ", "[", "{", "(", "\"", "filter { p { a1 => ", "filter { if ! ",
                                       "filter { [a] = ", "filter { [a] = [b] ?? ", "filter { p { a1 => [1, "};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint32_t count = 1; count <= 10000; count *= 100) {
            struct buf text = {0}, out = {0};
            repeat(&text, rows[i], count);
            cr_expect_not(format(buf_str(&text), &(struct format_options){0}, &out), "%s", rows[i]);
            buf_fini(&text);
            buf_fini(&out);
        }
}

Test(format, size_has_a_limit)
{
    for (uint32_t more = 0; more < 2; more++) {
        struct buf text = {0}, out = {0};
        buf_append_char(&text, '#');
        buf_reserve(&text, FORMAT_BYTES_MAX);
        memset(text.ptr + 1, 'x', FORMAT_BYTES_MAX);
        text.len = FORMAT_BYTES_MAX + more;
        struct source_text source = {STR("test.conf"), buf_str(&text)};
        struct diag diag;
        diag_init(&diag);
        cr_expect_eq(format_source(&source, &(struct format_options){0}, &out, &diag), !more);
        if (more)
            cr_expect(str_eq_z(diag.messages[0].text, "test.conf has more than 16777216 bytes: too many to format"));
        cr_expect_eq(out.len, more ? 0 : FORMAT_BYTES_MAX + 1);
        diag_fini(&diag);
        buf_fini(&text);
        buf_fini(&out);
    }
}

/* Five to ten megabytes of each; were any step of it quadratic, none would end within the limit. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { SHARE = 8 }; /* of the sizes: the time is ten times longer there */
#else
enum { SHARE = 1 };
#endif

Test(format, the_time_is_linear)
{
    static const struct { const char *head, *unit, *tail; uint32_t count; } rows[] = {
        {"filter { p { a1 => \"", "0123456789", "\" } }", 1000000},
        {"filter { p { a1 => [1", ", \"some text\"", "] } }", 500000},
        {"filter { p { a1 => {", " \"a\" => \"some text\" kk => [1, 2]", "} } }", 1},
        {"filter {", " mutate { add_tag => [\"some text\", \"another\"] } # why\n", "}", AST_STATEMENTS_MAX},
        {"filter {", " if [a] == 1 and [b] =~ /xy/ { } else if [c] { } else { }", "}", AST_STATEMENTS_MAX},
        {"filter {", " [a][b] = [c] + 1 * ff([d], \"some text\") ?? [1, 2]\n", "}", AST_STATEMENTS_MAX},
        {"", "# a comment on a line of its own\n", "", 200000},
        {"", "\n\n     \n", "", 600000},
        {"filter { if [a]", " or [b] == \"some text\"", " { } }", 1200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text = {0}, out = {0};
        buf_append_z(&text, rows[i].head);
        repeat(&text, rows[i].unit, (rows[i].count + SHARE - 1) / SHARE);
        buf_append_z(&text, rows[i].tail);
        clock_t begun = clock();
        cr_expect(format(buf_str(&text), &(struct format_options){0}, &out), "%s", rows[i].unit);
        double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
        cr_expect_lt(seconds, 20.0, "%s: %.1f s", rows[i].unit, seconds);
        buf_fini(&text);
        buf_fini(&out);
    }
}
