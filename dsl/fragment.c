/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/fragment.h"
#include "dsl/parse.h"

/* The parser reads from the fragment's first byte to its last; places stay those of the source. */
static void parser_begin(struct parser *parser, const struct fragment *fragment)
{
    const struct place *place = &fragment->place;
    assert(place->source && place->start <= place->end && place->end <= place->source->text.len);
    *parser = (struct parser){.options = &fragment->options,
                              .arena = fragment->arena,
                              .diag = fragment->diag,
                              .syntax_at = UINT32_MAX};
    lexer_init(&parser->lexer, place->source);
    parser->lexer.text.len = place->end;
    parser->lexer.at = place->start;
    lexer_skip(&parser->lexer);
}

/* Nothing may follow the part. */
static bool parser_ends(struct parser *parser, const char *expected)
{
    if (parser->has_failed) return false;
    lexer_skip(&parser->lexer);
    return lexer_is_end(&parser->lexer) || parser_expected(parser, expected, NULL);
}

bool fragment_statements(const struct fragment *fragment, struct config *config)
{
    struct parser parser;
    parser_begin(&parser, fragment);
    parse_statements(&parser, SECTION_FILTER, &config->sections[SECTION_FILTER]);
    scope_leave(&parser, 0);
    if (parser.scope.most > config->slots) config->slots = parser.scope.most;
    return parser_ends(&parser, "a statement");
}

struct expression *fragment_expression(const struct fragment *fragment)
{
    struct parser parser;
    parser_begin(&parser, fragment);
    struct expression *expression = parse_right_side(&parser);
    return expression && parser_ends(&parser, "an operator or the end") ? expression : NULL;
}

struct expression *fragment_condition(const struct fragment *fragment)
{
    struct parser parser;
    parser_begin(&parser, fragment);
    parser.is_condition = true;
    struct expression *condition = parse_condition(&parser);
    return parser.has_failed ? NULL : condition;
}

bool fragment_value(const struct fragment *fragment, struct config_value *value)
{
    struct parser parser;
    parser_begin(&parser, fragment);
    return parse_value(&parser, value) && parser_ends(&parser, "the end");
}

bool fragment_is_statement(struct str text)
{
    struct source_text source = {.text = text};
    struct lexer lexer;
    lexer_init(&lexer, &source);
    lexer_skip(&lexer);
    return is_statement_ahead(&lexer);
}

/* Behind the quote that closes the one at `at`; the text's length when none does. */
static size_t string_end(struct str text, size_t at, bool is_json)
{
    assert(at < text.len && (text.ptr[at] == '"' || text.ptr[at] == '\''));
    char quote = text.ptr[at++];
    for (; at < text.len && text.ptr[at] != quote; at++) {
        bool hides =
            text.ptr[at] == '\\' && at + 1 < text.len && (is_json || text.ptr[at + 1] == quote);
        at += hides;
    }
    return at + 1;
}

/* A regular expression stands behind `~`, `(` or `,`; it ends on its line. */
static size_t regex_end(struct str text, size_t at, char before)
{
    if (!strchr("~(,", before) || !before) return at + 1;
    size_t end = at + 1;
    for (; end < text.len && text.ptr[end] != '/' && text.ptr[end] != '\n'; end++)
        end += text.ptr[end] == '\\';
    return end < text.len && text.ptr[end] == '/' ? end + 1 : at + 1;
}

bool fragment_is_open(struct str text, bool is_json)
{
    int64_t depth = 0;
    char before = 0; /* the last character that is no blank */
    for (size_t at = 0; at < text.len;) {
        char c = text.ptr[at];
        if (c == '"' || (c == '\'' && !is_json)) {
            at = string_end(text, at, is_json);
            if (at > text.len) return true;
        } else if (c == '/' && !is_json) {
            at = regex_end(text, at, before);
        } else if (c == '#' && !is_json) {
            while (at < text.len && text.ptr[at] != '\n') at++;
        } else {
            depth += c == '{' || c == '[' || c == '(';
            depth -= c == '}' || c == ']' || c == ')';
            at++;
        }
        if (!is_blank(c)) before = c;
    }
    return depth > 0;
}
