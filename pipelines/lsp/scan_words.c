/* SPDX-License-Identifier: Apache-2.0 */
/* What a word is, by the state it stands in. */
#include <assert.h>
#include "pipelines/lsp/scanner.h"

/* ---- looking ahead ---- */

/* The next byte behind blanks and comments. */
static char next_sign(const struct scanner *scanner)
{
    struct lexer copy = scanner->lexer;
    lexer_skip(&copy);
    return lexer_peek(&copy, 0);
}

static bool is_arrow_next(const struct scanner *scanner)
{
    struct lexer copy = scanner->lexer;
    lexer_skip(&copy);
    return lexer_has(&copy, "=>");
}

/* Is there nothing but blanks before this on its line? */
static bool is_first_on_line(const struct scanner *scanner, uint32_t at)
{
    const char *text = scanner->lexer.text.ptr;
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) at--;
    return at == 0 || text[at - 1] == '\n';
}

static bool is_section_word(struct str word)
{
    return str_eq_z(word, "input") || str_eq_z(word, "filter") || str_eq_z(word, "output");
}

static bool is_operator_word(struct str word)
{
    static const char *const words[] = {"and", "or", "xor", "nand", "in", "not"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq_z(word, words[i])) return true;
    return false;
}

/* ---- words ---- */

void statement_begin(struct nesting *nesting)
{
    nesting->state = STATE_STATEMENT;
    nesting->head = SCAN_NONE;
    nesting->item = 0;
    nesting->has_operand = nesting->is_level = nesting->wants_level = false;
}

static struct str token_text(const struct scanner *scanner, struct token token)
{
    return lexer_text(&scanner->lexer, token);
}

static void begin_head(struct scanner *scanner, struct token token, enum scope_kind kind, enum scan_state state)
{
    uint32_t head = scope_begin(scanner, kind, token);
    struct nesting *nesting = scanner_nesting(scanner);
    nesting->head = head;
    nesting->state = state;
    nesting->has_operand = nesting->is_level = nesting->wants_level = false;
}

/* Does `word` begin a section here, or a test? */
static bool is_section_ahead(const struct scanner *scanner, struct str word)
{
    char next = next_sign(scanner);
    if (str_eq_z(word, "test")) return next == '"' || next == '\'';
    return is_section_word(word) && next == '{';
}

static void section_word(struct scanner *scanner, struct token token)
{
    struct str word = token_text(scanner, token);
    bool is_section = is_section_word(word) || str_eq_z(word, "test");
    mark_add(scanner, MARK_WORD, is_section ? ROLE_SECTION : ROLE_UNKNOWN, token, true);
    if (!is_section_ahead(scanner, word)) return;
    begin_head(scanner, token, is_section_word(word) ? SCOPE_SECTION : SCOPE_TEST, STATE_BRACE);
    uint32_t head = scanner_nesting(scanner)->head;
    if (head == SCAN_NONE) return;
    scanner->scan->scopes[head].section = str_eq_z(word, "filter")   ? SECTION_FILTER
                                          : str_eq_z(word, "output") ? SECTION_OUTPUT : SECTION_INPUT;
}

/* `if`, `else`, `for`, `let`, `remove`: false when the word is none of them here. */
static bool keyword(struct scanner *scanner, struct token token)
{
    struct str word = token_text(scanner, token);
    char next = next_sign(scanner);
    enum scan_state state = STATE_CONDITION;
    enum scope_kind kind = SCOPE_BRANCH;
    if (str_eq_z(word, "else")) state = STATE_BRACE;
    else if (str_eq_z(word, "for") && next != '{') state = STATE_NAMED, kind = SCOPE_LOOP;
    else if (str_eq_z(word, "let") && next != '{') state = STATE_NAMED, kind = SCOPE_SECTION;
    else if (str_eq_z(word, "remove") && next != '{') state = STATE_REMOVED, kind = SCOPE_SECTION;
    else if (str_eq_z(word, "break") || str_eq_z(word, "continue")) state = STATE_STATEMENT, kind = SCOPE_SECTION;
    else if (!str_eq_z(word, "if") && !str_eq_z(word, "elseif")) return false;
    mark_add(scanner, MARK_WORD, ROLE_KEYWORD, token, true);
    if (kind == SCOPE_SECTION) scanner_nesting(scanner)->state = state; /* no block follows */
    else begin_head(scanner, token, kind, state);
    return true;
}

static void statement_word(struct scanner *scanner, struct token token)
{
    statement_begin(scanner_nesting(scanner));
    if (keyword(scanner, token)) return;
    mark_add(scanner, MARK_WORD, ROLE_PLUGIN, token, true);
    if (next_sign(scanner) == '{') begin_head(scanner, token, SCOPE_PLUGIN, STATE_BRACE);
}

/* Behind `else` only `if` may stand before the brace. */
static void brace_word(struct scanner *scanner, struct token token)
{
    struct nesting *nesting = scanner_nesting(scanner);
    if (str_eq_z(token_text(scanner, token), "if")) {
        mark_add(scanner, MARK_WORD, ROLE_KEYWORD, token, true);
        nesting->state = STATE_CONDITION;
        nesting->has_operand = nesting->is_level = nesting->wants_level = false;
        return;
    }
    statement_word(scanner, token);
}

static void operand_word(struct scanner *scanner, struct token token)
{
    struct str word = token_text(scanner, token);
    struct nesting *nesting = scanner_nesting(scanner);
    if (is_operator_word(word)) {
        mark_add(scanner, MARK_WORD, ROLE_KEYWORD, token, true);
        nesting->has_operand = nesting->is_level = nesting->wants_level = false;
        return;
    }
    /* A second operand begins the next statement; in a condition only what a plugin looks like does. */
    bool is_plugin = next_sign(scanner) == '{' && (nesting->has_operand || is_first_on_line(scanner, token.start));
    bool is_end = nesting->state == STATE_EXPRESSION ? nesting->has_operand : is_plugin;
    if (is_end && nesting_holds_statements(scanner)) {
        statement_word(scanner, token);
        return;
    }
    bool is_call = next_sign(scanner) == '(';
    enum mark_role role = nesting->wants_level ? ROLE_LEVEL : is_call ? ROLE_FUNCTION : ROLE_OPERAND;
    uint32_t mark = mark_add(scanner, MARK_WORD, role, token, true);
    if (role == ROLE_FUNCTION) scanner->function = mark;
    nesting->is_level = role != ROLE_LEVEL && str_eq_z(word, "level");
    nesting->wants_level = false;
    nesting->has_operand = !is_call;
}

static void named_word(struct scanner *scanner, struct token token)
{
    struct nesting *nesting = scanner_nesting(scanner);
    assert(nesting->state == STATE_NAMED);
    bool is_loop = nesting->head != SCAN_NONE;
    bool is_in = is_loop && str_eq_z(token_text(scanner, token), "in");
    uint32_t mark = mark_add(scanner, MARK_WORD, is_in ? ROLE_KEYWORD : ROLE_NAMED, token, true);
    if (is_loop && mark != SCAN_NONE) scanner->scan->marks[mark].scope = nesting->head; /* known in the loop alone */
    if (is_in) nesting->state = STATE_CONDITION;
    else if (!is_loop) nesting->state = STATE_ASSIGN;
}

void word_option(struct scanner *scanner, enum mark_kind kind, struct token token, bool is_closed)
{
    struct nesting *nesting = scanner_nesting(scanner);
    nesting->option = nesting->key = SCAN_NONE;
    uint32_t mark = mark_add(scanner, kind, ROLE_OPTION, token, is_closed);
    nesting->option = mark;
    nesting->state = STATE_ARROW;
}

void word_key(struct scanner *scanner, enum mark_kind kind, struct token token, bool is_closed)
{
    struct nesting *nesting = scanner_nesting(scanner);
    nesting->key = SCAN_NONE;
    nesting->key = mark_add(scanner, kind, ROLE_KEY, token, is_closed);
    nesting->state = STATE_ARROW;
}

void word_value(struct scanner *scanner, enum mark_kind kind, struct token token, bool is_closed)
{
    struct nesting *nesting = scanner_nesting(scanner);
    if (is_closed && is_arrow_next(scanner) && nesting_kind(scanner) != SCOPE_ARRAY) { /* the value is missing */
        if (nesting_kind(scanner) == SCOPE_HASH) word_key(scanner, kind, token, true);
        else word_option(scanner, kind, token, true);
        return;
    }
    bool is_codec = is_closed && next_sign(scanner) == '{';
    mark_add(scanner, kind, is_codec ? ROLE_CODEC : ROLE_VALUE, token, is_closed);
    nesting_value_done(nesting, nesting_kind(scanner));
    if (is_codec) nesting->head = scope_begin(scanner, SCOPE_CODEC, token);
}

/* Within a plugin: does this word begin the next statement, the plugin's brace being forgotten? No
 * option and no key has a brace behind its name. */
static bool begins_statement(const struct scanner *scanner, struct token token)
{
    const struct nesting *nesting = &scanner->nestings[scanner->depth - 1];
    bool is_within = nesting->state >= STATE_OPTION && !nesting->is_expression;
    if (!is_within || !is_first_on_line(scanner, token.start)) return false;
    if (nestings_statement_depth(scanner) == 0) return false;
    char next = next_sign(scanner);
    struct str word = token_text(scanner, token);
    if (str_eq_z(word, "if") || str_eq_z(word, "else")) return next != '=';
    if (next != '{') return false;
    if (nesting->state != STATE_VALUE || nesting->option == SCAN_NONE) return true;
    return !str_eq_z(mark_text(scanner->scan, &scanner->scan->marks[nesting->option]), "codec");
}

static void word_in_state(struct scanner *scanner, struct token token)
{
    switch (scanner_nesting(scanner)->state) {
    case STATE_SECTION: section_word(scanner, token); break;
    case STATE_STATEMENT:
    case STATE_ASSIGN:
    case STATE_REMOVED: statement_word(scanner, token); break;
    case STATE_BRACE: brace_word(scanner, token); break;
    case STATE_CONDITION:
    case STATE_EXPRESSION: operand_word(scanner, token); break;
    case STATE_NAMED: named_word(scanner, token); break;
    case STATE_OPTION: word_option(scanner, MARK_WORD, token, true); break;
    case STATE_KEY: word_key(scanner, MARK_WORD, token, true); break;
    case STATE_VALUE: word_value(scanner, MARK_WORD, token, true); break;
    case STATE_ARROW: /* the one before has no arrow: another begins */
        if (nesting_kind(scanner) == SCOPE_HASH) word_key(scanner, MARK_WORD, token, true);
        else word_option(scanner, MARK_WORD, token, true);
    }
}

void word_read(struct scanner *scanner)
{
    struct token token;
    bool is_there = lexer_take(&scanner->lexer, TOKEN_NAME, &token);
    assert(is_there);
    (void)is_there;
    bool is_line_start = token.start == 0 || scanner->lexer.text.ptr[token.start - 1] == '\n';
    if (is_line_start && is_section_ahead(scanner, token_text(scanner, token))) {
        nestings_close(scanner, 1, token.start, false);
        scanner_nesting(scanner)->state = STATE_SECTION;
        scanner_nesting(scanner)->head = SCAN_NONE;
    } else if (begins_statement(scanner, token)) {
        nestings_close(scanner, nestings_statement_depth(scanner), token.start, false);
        statement_begin(scanner_nesting(scanner));
    }
    word_in_state(scanner, token);
}
