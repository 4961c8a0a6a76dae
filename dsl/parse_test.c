/* SPDX-License-Identifier: Apache-2.0 */
/* `test "name" { … }` beside the sections of a pipeline: options as those of a plugin. Escapes in
 * its texts are always on, whatever the pipeline's setting is: lines of logs hold both kinds of
 * quotes. */
#include "dsl/parse.h"

/* `test` and what can follow it in no file of Logstash. */
static bool take_keyword(struct lexer *lexer)
{
    if (!lexer_word(lexer, "test")) return false;
    lexer_skip(lexer);
    return true;
}

bool is_test_ahead(const struct lexer *lexer, bool has_name)
{
    struct lexer copy = *lexer;
    if (!take_keyword(&copy)) return false;
    char next = lexer_peek(&copy, 0);
    return !has_name || next == '"' || next == '\'';
}

static struct test_block *add_test(struct parser *parser, struct config *config)
{
    if (config->test_count == AST_TESTS_MAX) {
        struct lexer *lexer = &parser->lexer;
        parser_error(parser, lexer_place(lexer, lexer->at, parser_word_end(parser)),
                     "more than %d tests", AST_TESTS_MAX);
        lexer->at = (uint32_t)lexer->text.len;
        return NULL;
    }
    config->tests = parser_grow(parser, config->tests, config->test_count, sizeof *config->tests);
    struct test_block *test = &config->tests[config->test_count];
    *test = (struct test_block){0};
    return test;
}

static bool parse_test_name(struct parser *parser, struct test_block *test)
{
    struct lexer *lexer = &parser->lexer;
    struct token name;
    if (!lexer_take(lexer, TOKEN_STRING, &name))
        return parser_expected(parser, "the test's name", "write test \"what is tested\" { }");
    test->name = parse_string_text(parser, name);
    test->name_place = lexer_place(lexer, name.start, name.end);
    lexer_skip(lexer);
    return parser_open(parser) || parser_expected(parser, "`{` after the test's name", NULL);
}

bool parse_test(struct parser *parser, struct config *config)
{
    struct lexer *lexer = &parser->lexer;
    const struct parse_options *outer = parser->options;
    struct parse_options options = *outer;
    uint32_t start = lexer->at;
    options.has_escapes = true;
    if (parser->extension_at == UINT32_MAX) parser->extension_at = start;
    struct test_block *test = add_test(parser, config);
    if (!test) return false;
    take_keyword(lexer);
    parser->options = &options;
    bool is_read = parse_test_name(parser, test) &&
                   parse_settings(parser, true, STR("test"), &test->settings, &test->setting_count);
    if (is_read) {
        test->place = lexer_place(lexer, start, lexer->at);
        config->test_count++;
    }
    parser->options = outer;
    return is_read;
}
