/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that Logstash lacks: which one begins here, reading it, and how to go on after a fault. They
 * stand in filter sections. What is wrong within one does not keep those behind it from being read. */
#include "dsl/parse.h"

/* To the next line, or the `}` of the block around a statement that began at `start`. A fault at the
 * first word of a line is about what is missing before it. */
static void recover(struct parser *parser, uint32_t start, uint32_t level)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t open = parser->braces - level, before = lexer->at;
    parser->braces = level;
    while (before > start && (lexer->text.ptr[before - 1] == ' ' || lexer->text.ptr[before - 1] == '\t'))
        before--;
    if (before > start && lexer->text.ptr[before - 1] == '\n') return;
    for (; !lexer_is_end(lexer) && lexer_peek(lexer, 0) != '\n'; parser_step(lexer)) {
        char c = lexer_peek(lexer, 0);
        if (c == '}' && open == 0) return;
        open += c == '{';
        open -= c == '}';
    }
}

/* Takes `break` or `continue`, unless it is a plugin's name. */
static bool take_jump(struct lexer *lexer, enum statement_kind *kind)
{
    struct lexer copy = *lexer;
    bool is_break = lexer_word(&copy, "break");
    if (!is_break && !lexer_word(&copy, "continue")) return false;
    struct lexer behind = copy;
    lexer_skip(&behind);
    if (lexer_peek(&behind, 0) == '{') return false;
    *lexer = copy;
    *kind = is_break ? STATEMENT_BREAK : STATEMENT_CONTINUE;
    return true;
}

bool is_own_ahead(const struct lexer *lexer, struct statement *statement)
{
    struct lexer copy = *lexer;
    if (is_assignment_ahead(lexer)) statement->kind = STATEMENT_ASSIGNMENT;
    else if (is_let_ahead(lexer)) statement->kind = STATEMENT_LET;
    else if (is_loop_ahead(lexer)) statement->kind = STATEMENT_FOR;
    else return take_jump(&copy, &statement->kind);
    return true;
}

static bool parse_jump(struct parser *parser, struct statement *statement)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at;
    if (parser->extension_at == UINT32_MAX) parser->extension_at = start;
    take_jump(lexer, &statement->kind);
    statement->jump = lexer_place(lexer, start, lexer->at);
    if (parser->loops) return true;
    diag_hint(parser->diag,
              parser_fault(parser, start, lexer->at, "`%s` stands within `for` only",
                           statement->kind == STATEMENT_BREAK ? "break" : "continue"),
              "remove it");
    return false;
}

/* Goes on behind its block, or where that should be. */
static bool parse_loop(struct parser *parser, struct for_loop *loop)
{
    uint32_t names = parser->scope.count, level = parser->braces, start = parser->lexer.at;
    bool is_read = parse_loop_head(parser, loop);
    lexer_skip(&parser->lexer);
    if (is_read && lexer_peek(&parser->lexer, 0) != '{') is_read = parser_expected(parser, "`{`", NULL);
    if (!is_read && !parser_to_block(parser)) {
        recover(parser, start, level);
    } else {
        parser->braces = level;
        parser->loops++;
        is_read = parse_block(parser, SECTION_FILTER, &loop->body) && is_read;
        parser->loops--;
    }
    scope_leave(parser, names);
    return is_read;
}

static bool parse_kind(struct parser *parser, struct statement *statement)
{
    switch (statement->kind) {
    case STATEMENT_ASSIGNMENT:
        statement->assignment = arena_zalloc(parser->arena, sizeof *statement->assignment);
        return parse_assignment(parser, statement->assignment);
    case STATEMENT_LET:
        statement->let = arena_zalloc(parser->arena, sizeof *statement->let);
        return parse_let(parser, statement->let);
    case STATEMENT_FOR:
        statement->loop = arena_zalloc(parser->arena, sizeof *statement->loop);
        return parse_loop(parser, statement->loop);
    default: return parse_jump(parser, statement);
    }
}

static void fault_section(struct parser *parser, enum statement_kind kind)
{
    const char *what = kind == STATEMENT_ASSIGNMENT ? "fields are set"
                       : kind == STATEMENT_LET      ? "names are defined"
                                                    : "loops stand";
    uint32_t start = parser->lexer.at;
    diag_hint(parser->diag, parser_fault(parser, start, parser_word_end(parser), "%s in filter { } only", what),
              "move this into filter { }");
}

void parse_own(struct parser *parser, enum section_kind section, struct statement statement,
               struct statements *list)
{
    uint32_t start = parser->lexer.at, level = parser->braces;
    bool is_loop = statement.kind == STATEMENT_FOR, is_here = section == SECTION_FILTER;
    if (!is_here) fault_section(parser, statement.kind);
    bool is_read = (is_here || is_loop) && parse_kind(parser, &statement);
    if (is_read && is_here) statements_add(parser, list, statement);
    if (!is_read && !is_loop) recover(parser, start, level);
}
