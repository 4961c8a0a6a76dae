/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/parser.h"
#include "grammar_rows.h"
#include "language_rows.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/support/cases.h"
#include "tests/unit/support/events.h"

/* A text parsed: its tree in normal form and its messages. */
struct parsed {
    struct source_text source;
    struct config config;
    struct arena arena;
    struct diag diag;
    struct buf tree, messages;
    bool is_right;
};

static void parsed_init(struct parsed *parsed, struct str text, bool has_escapes, bool is_strict)
{
    *parsed = (struct parsed){.source = {STR("test.conf"), text}};
    arena_init(&parsed->arena, NULL);
    diag_init(&parsed->diag);
    struct parse_options options = {.has_escapes = has_escapes, .is_strict_precedence = is_strict};
    parsed->is_right =
        parse_source(&parsed->config, &parsed->source, &options, &parsed->arena, &parsed->diag);
    ast_print(&parsed->config, &parsed->tree);
    diag_render(&parsed->diag, &parsed->messages);
}

static void parsed_fini(struct parsed *parsed)
{
    buf_fini(&parsed->tree);
    buf_fini(&parsed->messages);
    diag_fini(&parsed->diag);
    arena_fini(&parsed->arena);
}

static bool says(const struct parsed *parsed, const char *words)
{
    return str_find(buf_str(&parsed->messages), str_of(words)) >= 0;
}

/* Does a text mean this tree, or is this said of it? */
static bool means(const char *config, bool has_escapes, const char *tree, const char *words)
{
    struct parsed parsed;
    parsed_init(&parsed, str_of(config), has_escapes, false);
    bool passed = tree ? parsed.is_right && !strcmp(buf_z(&parsed.tree), tree)
                       : !parsed.is_right && says(&parsed, words);
    cr_expect(passed, "%s\n  expected %s\n  got %s\n%s", config, tree ? tree : words, buf_z(&parsed.tree),
              buf_z(&parsed.messages));
    parsed_fini(&parsed);
    return passed;
}

Test(parser, reads_what_logstash_reads)
{
    for (size_t i = 0; i < sizeof grammar_rows / sizeof *grammar_rows; i++) {
        const struct grammar_row *row = &grammar_rows[i];
        case_count("grammar", "1.2", means(row->config, row->has_escapes, row->tree, row->words), row->departure);
    }
}

Test(parser, reads_the_language)
{
    for (size_t i = 0; i < sizeof language_rows / sizeof *language_rows; i++) {
        const struct language_row *row = &language_rows[i];
        bool passed = means(row->config, row->has_escapes, row->tree, row->words);
        case_count("language", row->section, passed, row->departure);
    }
}

static const struct grammar_row *row_of(const char *config, bool has_escapes)
{
    for (size_t i = 0; i < sizeof grammar_rows / sizeof *grammar_rows; i++)
        if (!strcmp(grammar_rows[i].config, config) && grammar_rows[i].has_escapes == has_escapes)
            return &grammar_rows[i];
    return NULL;
}

/* Logstash's answer is its tree, or an exception's class and words; the words end where the note
 * that is printed here is cut off. */
static bool agrees(const struct grammar_row *row, const char *result)
{
    const char *words = strstr(result, "Error: ");
    if (row->departure) return true;
    if (!words) return row->tree && !strcmp(row->tree, result);
    struct buf printed = {0}; /* line ends are printed as `\n` */
    for (const char *at = words + 7; *at; at++) buf_printf(&printed, *at == '\n' ? "\\n" : "%c", *at);
    bool is_same = row->words && !strcmp(buf_z(&printed), row->words);
    buf_fini(&printed);
    return is_same;
}

Test(parser, vectors_beside_the_project)
{
    const char *path = scene_shared("spec/vectors/grammar.jsonl");
    if (!path) cr_skip("no vectors in this checkout");
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    int count = 0;
    while (getline(&line, &capacity, file) > 0) {
        json_t *vector = json_loads(line, 0, NULL);
        const struct grammar_row *row = row_of(json_string_value(json_object_get(vector, "config")),
                                               json_is_true(json_object_get(vector, "support_escapes")));
        bool passed = row && agrees(row, json_string_value(json_object_get(vector, "result")));
        cr_expect(case_count("grammar.jsonl", "vectors", passed, row ? row->departure : NULL), "%s", line);
        count++;
        json_decref(vector);
    }
    free(line);
    fclose(file);
    cr_expect_geq(count, 50);
}

/* `open` repeated around `middle`. */
static void nest(struct buf *text, const char *head, const char *open, const char *middle,
                 const char *close, int count)
{
    buf_append_z(text, head);
    for (int i = 0; i < count; i++) buf_append_z(text, open);
    buf_append_z(text, middle);
    for (int i = 0; i < count; i++) buf_append_z(text, close);
}

Test(parser, bounds_depth)
{
    static const struct {
        const char *head, *open, *middle, *close, *tail;
        int depth; /* the last that is accepted */
    } rows[] = {
        {"filter { p { a => ", "[", "", "]", " } }", AST_DEPTH_MAX - 1},
        {"filter { p { a => ", "{ \"k\" => ", "1", "}", " } }", AST_DEPTH_MAX - 2},
        {"filter { ", "if [a] { ", "", "}", " }", AST_DEPTH_MAX - 1},
        {"filter { if ", "(", "[a]", ")", " { } }", AST_DEPTH_MAX - 2},
        {"filter { p { a => ", "q { b => ", "1", "}", " } }", AST_DEPTH_MAX - 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int more = 0; more < 2; more++) {
            struct buf text = {0};
            nest(&text, rows[i].head, rows[i].open, rows[i].middle, rows[i].close, rows[i].depth + more);
            buf_append_z(&text, rows[i].tail);
            struct parsed parsed;
            parsed_init(&parsed, buf_str(&text), false, false);
            cr_expect_eq(parsed.is_right, !more, "%s %d\n%s", rows[i].open, rows[i].depth + more,
                         buf_z(&parsed.messages));
            if (more) cr_expect(says(&parsed, "levels within each other"), "%s", buf_z(&parsed.messages));
            parsed_fini(&parsed);
            buf_fini(&text);
        }
    }
}

Test(parser, bounds_the_parts_of_a_condition)
{
    for (int more = 0; more < 2; more++) {
        struct buf text = {0};
        /* n terms make 2n - 1 nodes */
        nest(&text, "filter { if ", "[a] and ", "[a]", "", (5000 - 1) / 2 + more);
        buf_append_z(&text, " { } }");
        struct parsed parsed;
        parsed_init(&parsed, buf_str(&text), false, true);
        cr_expect_eq(parsed.is_right, !more, "%s", buf_z(&parsed.messages));
        if (more) cr_expect(says(&parsed, "a condition has more than 5000 parts"), "%s", buf_z(&parsed.messages));
        parsed_fini(&parsed);
        buf_fini(&text);
    }
}

Test(parser, bounds_statements)
{
    for (int more = 0; more < 2; more++) {
        struct buf text = {0};
        nest(&text, "filter { ", "p{}", "", "", AST_STATEMENTS_MAX + more);
        buf_append_z(&text, " }");
        struct parsed parsed;
        parsed_init(&parsed, buf_str(&text), false, false);
        cr_expect_eq(parsed.is_right, !more, "%d", more);
        if (more) cr_expect(says(&parsed, "more than 100000 plugins and branches in one text"));
        parsed_fini(&parsed);
        buf_fini(&text);
    }
}

Test(parser, bounds_options_numbers_and_items)
{
    static const struct {
        const char *head, *open, *tail;
        int count; /* the last that is accepted */
        const char *words;
    } rows[] = {
        {"filter { p { ", "aa => 1 ", "} }", AST_SETTINGS_MAX, "a plugin has more than 10000 options"},
        {"filter { p { a => 1.", "0", " } }", 398, "too large"},
        {"filter { p { a => [1", ",1", "] } }", AST_ITEMS_MAX - 1, "more than 1000000 values in one text"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int more = 0; more < 2; more++) {
            struct buf text = {0};
            nest(&text, rows[i].head, rows[i].open, "", "", rows[i].count + more);
            buf_append_z(&text, rows[i].tail);
            struct parsed parsed;
            parsed_init(&parsed, buf_str(&text), false, false);
            cr_expect_eq(parsed.is_right, !more, "%s %d\n%s", rows[i].open, rows[i].count + more,
                         buf_z(&parsed.messages));
            if (more) cr_expect(says(&parsed, rows[i].words), "%s", buf_z(&parsed.messages));
            parsed_fini(&parsed);
            buf_fini(&text);
        }
    }
}

Test(parser, merges_options_given_twice)
{
    static const struct { const char *settings, *merged; } rows[] = {
        {"aa => [1] aa => 2", "\"aa\"=>[1, 2]"},
        {"aa => [1] aa => { \"k\" => 2 }", "\"aa\"=>[1, [\"k\", 2]]"},
        {"aa => 1 aa => 2 aa => 3", "\"aa\"=>[1, 2, 3]"},
        {"aa => { \"k\" => [1] } aa => { \"k\" => [1] }", "\"aa\"=>{\"k\"=>[1, 1]}"},
        {"aa => { \"k\" => [1] } aa => { \"k\" => 1 }", "\"aa\"=>{\"k\"=>[1]}"},
        {"aa => { \"k\" => { \"l\" => [1] } } aa => { \"k\" => { \"l\" => [1, 2] } }",
         "\"aa\"=>{\"k\"=>{\"l\"=>[1, 2]}}"},
        {"aa => { \"k\" => 1 } aa => { \"k\" => 2 }", "\"aa\"=>{\"k\"=>[1, 2]}"},
        {"aa => { \"k\" => xx } aa => { \"k\" => \"xx\" }", "\"aa\"=>{\"k\"=>\"xx\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text = {0}, expected = {0};
        buf_printf(&text, "filter { pp { %s } }", rows[i].settings);
        buf_printf(&expected, "filter-pp{%s}", rows[i].merged);
        struct parsed parsed;
        parsed_init(&parsed, buf_str(&text), false, false);
        cr_expect(strstr(buf_z(&parsed.tree), buf_z(&expected)), "%s: %s", buf_z(&text), buf_z(&parsed.tree));
        parsed_fini(&parsed);
        buf_fini(&text);
        buf_fini(&expected);
    }
}

Test(parser, joins_sections_of_several_sources)
{
    struct source_text one = {STR("1"), STR("filter { aa { } } input { ii { } }")};
    struct source_text two = {STR("2"), STR("filter { bb { } }")};
    struct config config = {0};
    struct arena arena;
    struct diag diag;
    struct buf tree = {0};
    arena_init(&arena, NULL);
    diag_init(&diag);
    cr_expect(parse_source(&config, &one, &(struct parse_options){0}, &arena, &diag));
    cr_expect(parse_source(&config, &two, &(struct parse_options){0}, &arena, &diag));
    ast_print(&config, &tree);
    cr_expect_str_eq(buf_z(&tree), "input:  input-ii{} | filter: (do-sequence filter-aa{} filter-bb{}  | output:  (Noop)");
    buf_fini(&tree);
    diag_fini(&diag);
    arena_fini(&arena);
}

/* Lists and hashes so long that they are searched by hash. */
Test(parser, merges_long_options_as_it_merges_short_ones)
{
    enum { COUNT = 5000 };
    struct buf text = {0}, expected = {0};
    buf_append_z(&text, "filter { pp { aa => { \"kk\" => { \"ll\" => [0");
    for (int i = 1; i < COUNT; i++) buf_printf(&text, ", %d", i);
    buf_append_z(&text, "] } } aa => { \"kk\" => { \"ll\" => [5, [7], [7]");
    for (int i = COUNT / 2; i < COUNT + 2; i++) buf_printf(&text, ", %d", i);
    buf_append_z(&text, "] } } } }");
    buf_append_z(&expected, "filter-pp{\"aa\"=>{\"kk\"=>{\"ll\"=>[0");
    for (int i = 1; i < COUNT; i++) buf_printf(&expected, ", %d", i);
    buf_printf(&expected, ", [7], %d, %d]}}}", COUNT, COUNT + 1);
    struct parsed parsed;
    parsed_init(&parsed, buf_str(&text), false, false);
    cr_expect(strstr(buf_z(&parsed.tree), buf_z(&expected)));
    parsed_fini(&parsed);
    buf_clear(&text);
    buf_clear(&expected);
    buf_append_z(&text, "filter { pp {");
    for (int i = 0; i < 2 * COUNT; i++) {
        if (i % COUNT == 0) buf_printf(&text, "%saa => {", i ? "} " : "");
        buf_printf(&text, " k%d => %d", i % COUNT + i / COUNT, i / COUNT);
    }
    buf_append_z(&text, "} } }");
    parsed_init(&parsed, buf_str(&text), false, false);
    cr_expect(strstr(buf_z(&parsed.tree), "filter-pp{\"aa\"=>{\"k0\"=>0, \"k1\"=>[0, 1], \"k2\"=>[0, 1]"));
    buf_printf(&expected, "\"k%d\"=>[0, 1], \"k%d\"=>1}}", COUNT - 1, COUNT);
    cr_expect(strstr(buf_z(&parsed.tree), buf_z(&expected)));
    parsed_fini(&parsed);
    buf_fini(&text);
    buf_fini(&expected);
}

/* An option given as often as is possible, each time with a value of its own. */
Test(parser, an_option_given_thousands_of_times_costs_its_own_memory_only)
{
    struct buf text = {0};
    buf_append_z(&text, "filter { pp { ");
    for (int i = 0; i < AST_SETTINGS_MAX; i++) buf_printf(&text, "aa => { k%d => 1 } ", i);
    buf_append_z(&text, "} }");
    struct parsed parsed;
    parsed_init(&parsed, buf_str(&text), false, false);
    cr_expect(parsed.is_right);
    cr_expect_lt(parsed.arena.bytes, 64 << 20, "%zu", parsed.arena.bytes);
    parsed_fini(&parsed);
    buf_fini(&text);
}

Test(parser, prints_assignments_with_every_operator)
{
    static const struct { const char *statement, *tree; } rows[] = {
        {"[x] = 1 + 2 - 3", "[x] = (- (+ 1 2) 3)"},
        {"[x] = [a] * [b] / [c] % [d]", "[x] = (% (/ (* [a] [b]) [c]) [d])"},
        {"[x] = -[a] ?? !true", "[x] = (?? (- [a]) (! true))"},
        {"[x] = [a] =~ /b/ ? null : false", "[x] = (? (=~ [a] /b/) null false)"},
        {"[x] = [1, { \"k\" => [] }][0]", "[x] = (at [1, {\"k\"=>[]}] 0)"},
        {"[x] = upcase([a]) == \"B\" or 1 not in [b]", "[x] = (or (== (upcase [a]) \"B\") (not in 1 [b]))"},
        {"remove [a], [b][c]", "remove [a], [b][c]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text = {0}, expected = {0};
        buf_printf(&text, "filter { %s }", rows[i].statement);
        buf_printf(&expected, "filter:  %s |", rows[i].tree);
        struct parsed parsed;
        parsed_init(&parsed, buf_str(&text), false, false);
        cr_expect(parsed.is_right, "%s", buf_z(&parsed.messages));
        cr_expect(strstr(buf_z(&parsed.tree), buf_z(&expected)), "%s: %s", buf_z(&text), buf_z(&parsed.tree));
        parsed_fini(&parsed);
        buf_fini(&text);
        buf_fini(&expected);
    }
}

/* Each level of parentheses is read again, as an expression: the readings together are bounded. */
Test(parser, bounds_the_readings_of_a_condition)
{
    for (int more = 0; more < 2; more++) {
        struct buf text = {0};
        nest(&text, "filter { if ", "(", "", "", more ? 100 : 3);
        nest(&text, "", "[a] == 1 and ", "[a] + 1 == 2", "", 600);
        nest(&text, "", ") + 1", " > 1 { } }", "", more ? 100 : 3);
        struct parsed parsed;
        parsed_init(&parsed, buf_str(&text), false, false);
        cr_expect_eq(parsed.is_right, !more, "%.300s", buf_z(&parsed.messages));
        if (more) {
            cr_expect(says(&parsed, "so many parts are within too many parentheses"));
            cr_expect(says(&parsed, "compute some of it before, by let name = ..."));
        }
        parsed_fini(&parsed);
        buf_fini(&text);
    }
}

/* Everything that the language has, in one text. */
static const char whole_language[] =
    "input { tcp { port => 5170 codec => json { target => \"t\" } } } # c\n"
    "filter {\n"
    "  if [type] == \"a\\\"b\" and ![x][y] or ([n] >= 010 and \"x\" in [tags]) {\n"
    "    grok { match => { \"m\" => [\"%{IP:ip} %{NUMBER:n:int}\", '(?<q>[^\"]*)'] } add_field => { 'é' => \"${H:n}\" } }\n"
    "  } else if [m] =~ /a\\/b[/]c/ or [a] not in [\"b\", 'c', 1.5] { drop { percentage => 5 } }\n"
    "  else { [a][b] = [c] ? upcase(\"x\") ?? null : { \"k\" => [1, -2] } remove [d], [e] }\n"
    "  let n = to_integer([a]) + 1\n"
    "  for k, v in [o] { [p][(k)] = v } for i in [l] { if length(i) > n { drop { } } }\n"
    "}\n"
    "output { if level([l]) >= WARN { stdout { id => \"o\" id => \"o\" } } }\n";

/* Read, or refused with places within the text. */
static void expect_answer(struct str text)
{
    struct parsed parsed;
    parsed_init(&parsed, text, false, false);
    bool has_places = true;
    for (uint32_t i = 0; i < parsed.diag.count; i++) {
        struct place place = parsed.diag.messages[i].place;
        has_places = has_places && place.source && place.start <= place.end && place.end <= text.len;
    }
    cr_expect(has_places && parsed.is_right == (parsed.diag.errors == 0), "%.*s\n%s", STR_ARG(text),
              buf_z(&parsed.messages));
    parsed_fini(&parsed);
}

Test(parser, answers_to_every_prefix)
{
    for (size_t len = 0; len < sizeof whole_language; len++) {
        char *alone = malloc(len ? len : 1); /* so that a read behind the end is seen */
        memcpy(alone, whole_language, len);
        expect_answer((struct str){alone, len});
        free(alone);
    }
}

Test(parser, answers_to_every_wrong_byte)
{
    static const char bytes[] = {'\0', '"', '\'', '{', '}', '[', ']', '(', ')', '#', '/', '\\', '=', '\xff', '\r', ' ', 'i'};
    char text[sizeof whole_language];
    size_t len = sizeof whole_language - 1;
    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            memcpy(text, whole_language, len);
            text[at] = bytes[i];
            expect_answer((struct str){text, len});
        }
        memcpy(text, whole_language, at);
        memcpy(text + at, whole_language + at + 1, len - at - 1);
        expect_answer((struct str){text, len - 1});
    }
}
/* Tests stand beside sections; escapes in them are always on. */
Test(parser, reads_tests)
{
    struct parsed parsed;
    parsed_init(&parsed, str_of("test \"it\\'s \\\"x\\\"\" { input => [\"a\\tb\", { n => 1 }] }\n"
                                "filter { test { } }\ntest 'b' { }"), false, false);
    cr_expect(!parsed.is_right, "a bareword of one letter needs quotes");
    parsed_fini(&parsed);
    parsed_init(&parsed, str_of("test \"it\\'s\" { input => [\"a\\tb\", { \"n\" => 1 }] }\n"
                                "filter { test { x1 => \"\\t\" } }\ntest 'b' { }"), false, false);
    cr_expect(parsed.is_right, "%s", buf_z(&parsed.messages));
    cr_expect_str_eq(buf_z(&parsed.tree), "input:  (Noop) | filter:  filter-test{\"x1\"=>\"\\\\t\"} | output:  (Noop)"
                                          " | test \"it's\"{\"input\"=>[\"a\\tb\", {\"n\"=>1}]} | test \"b\"{}",
                     "%s", buf_z(&parsed.tree));
    cr_expect_eq(parsed.config.tests[0].place.start, 0u);
    cr_expect_eq(parsed.source.text.ptr[parsed.config.tests[0].place.end - 1], '}');
    cr_expect_eq(parsed.source.text.ptr[parsed.config.tests[0].place.end], '\n');
    parsed_fini(&parsed);
}

Test(parser, takes_so_many_tests)
{
    struct buf text = {0};
    struct parsed parsed;
    for (int i = 0; i < AST_TESTS_MAX; i++) buf_printf(&text, "test \"%d\" { }\n", i);
    parsed_init(&parsed, buf_str(&text), false, false);
    cr_expect(parsed.is_right);
    cr_expect_eq(parsed.config.test_count, (uint32_t)AST_TESTS_MAX);
    parsed_fini(&parsed);
    buf_append_z(&text, "test \"one more\" { }");
    parsed_init(&parsed, buf_str(&text), false, false);
    cr_expect(says(&parsed, "more than 10000 tests"));
    parsed_fini(&parsed);
    buf_fini(&text);
}
