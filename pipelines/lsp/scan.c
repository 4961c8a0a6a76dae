/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/scan.h"
#include <assert.h>
#include "pipelines/lsp/scanner.h"

/* ---- strings, references, patterns ---- */

static uint32_t line_end(const struct scanner *scanner, uint32_t at)
{
    struct str text = scanner->lexer.text;
    while (at < text.len && text.ptr[at] != '\n' && text.ptr[at] != '\r') at++;
    return at;
}

/* What follows the quote that ends a string is a sign or a blank; what follows one that begins a
 * string is most often a letter. */
static bool ends_here(const struct scanner *scanner, struct token token)
{
    struct str string = lexer_text(&scanner->lexer, token);
    if (!memchr(string.ptr, '\n', string.len)) return true;
    char behind = lexer_peek(&scanner->lexer, 0);
    return !is_name_char(behind) && behind != '%' && behind != '[' && behind != '/';
}

static bool take_string(struct scanner *scanner, struct token *token)
{
    uint32_t start = scanner->lexer.at;
    if (lexer_take(&scanner->lexer, TOKEN_STRING, token) && ends_here(scanner, *token)) return true;
    scanner->lexer.at = line_end(scanner, start);
    *token = (struct token){.kind = TOKEN_STRING, .start = start, .end = scanner->lexer.at};
    return false;
}

static void read_string(struct scanner *scanner)
{
    struct token token;
    bool is_closed = take_string(scanner, &token);
    struct nesting *nesting = scanner_nesting(scanner);
    switch (nesting->state) {
    case STATE_OPTION: word_option(scanner, MARK_STRING, token, is_closed); break;
    case STATE_KEY: word_key(scanner, MARK_STRING, token, is_closed); break;
    case STATE_VALUE: word_value(scanner, MARK_STRING, token, is_closed); break;
    case STATE_ARROW:
        if (nesting_kind(scanner) == SCOPE_HASH) word_key(scanner, MARK_STRING, token, is_closed);
        else word_option(scanner, MARK_STRING, token, is_closed);
        break;
    case STATE_CONDITION:
    case STATE_EXPRESSION:
        mark_add(scanner, MARK_STRING, ROLE_OPERAND, token, is_closed);
        nesting->has_operand = true;
        break;
    default: mark_add(scanner, MARK_STRING, ROLE_UNKNOWN, token, is_closed);
    }
}

/* A reference that is being written: `[a][b`. False: it is whole. */
static bool take_open_reference(struct scanner *scanner, struct token *token)
{
    struct lexer *lexer = &scanner->lexer;
    struct lexer copy = *lexer;
    if (lexer_take(&copy, TOKEN_REFERENCE, token)) {
        struct str text = lexer_text(&copy, *token);
        bool is_plain = true;
        for (size_t i = 0; i < text.len && is_plain; i++) is_plain = !strchr("\n\r{}\"'=", text.ptr[i]);
        /* `[a][` goes on */
        bool goes_on = lexer_peek(&copy, 0) == '[';
        if (is_plain && !goes_on) {
            *lexer = copy;
            return false;
        }
    }
    uint32_t at = lexer->at;
    bool is_whole = true;
    while (is_whole && at < lexer->text.len && lexer->text.ptr[at] == '[') {
        for (at++; at < lexer->text.len && !strchr("[],{}()=<>!\"' \t\r\n", lexer->text.ptr[at]);) at++;
        is_whole = at < lexer->text.len && lexer->text.ptr[at] == ']';
        at += is_whole;
    }
    *token = (struct token){.kind = TOKEN_REFERENCE, .start = lexer->at, .end = at};
    lexer->at = at;
    return !is_whole;
}

static void read_reference(struct scanner *scanner, enum mark_role role)
{
    struct token token;
    bool is_open = take_open_reference(scanner, &token);
    mark_add(scanner, MARK_REFERENCE, role, token, !is_open);
}

/* A list of an expression begins with a quote, a digit or a bracket, or is empty; all else is a field. */
static bool is_list_ahead(const struct scanner *scanner)
{
    struct lexer copy = scanner->lexer;
    copy.at++;
    lexer_skip(&copy);
    char c = lexer_peek(&copy, 0);
    return c == '"' || c == '\'' || c == '[' || c == ']' || is_digit(c);
}

static void read_bracket(struct scanner *scanner);

static void read_operand_bracket(struct scanner *scanner)
{
    struct nesting *nesting = scanner_nesting(scanner);
    uint32_t at = scanner->lexer.at;
    bool is_behind = at > 0 && !is_blank(scanner->lexer.text.ptr[at - 1]);
    bool is_index = nesting->state == STATE_EXPRESSION && nesting->has_operand && is_behind;
    bool is_end = nesting->state == STATE_EXPRESSION && nesting->has_operand && nesting_holds_statements(scanner);
    if (!is_index && is_end) {
        statement_begin(nesting);
        read_bracket(scanner);
    } else if (is_index || is_list_ahead(scanner)) {
        nesting->has_operand = true;
        nesting_push(scanner, SCOPE_ARRAY, nesting->state, true, at);
        scanner->lexer.at++;
    } else {
        read_reference(scanner, ROLE_OPERAND);
        nesting->has_operand = true;
    }
}

static void read_bracket(struct scanner *scanner)
{
    struct nesting *nesting = scanner_nesting(scanner);
    uint32_t at = scanner->lexer.at;
    switch (nesting->state) {
    case STATE_STATEMENT:
    case STATE_ASSIGN:
        nesting->state = STATE_STATEMENT;
        read_reference(scanner, ROLE_TARGET);
        nesting->state = STATE_ASSIGN;
        return;
    case STATE_REMOVED: read_reference(scanner, ROLE_REMOVED); return;
    case STATE_CONDITION:
    case STATE_EXPRESSION: read_operand_bracket(scanner); return;
    case STATE_VALUE:
        nesting_value_done(nesting, nesting_kind(scanner));
        nesting_push(scanner, SCOPE_ARRAY, STATE_VALUE, false, at);
        break;
    case STATE_OPTION:
    case STATE_KEY:
    case STATE_ARROW: nesting_push(scanner, SCOPE_ARRAY, STATE_VALUE, false, at); break;
    default: break;
    }
    scanner->lexer.at++;
}

static void read_pattern(struct scanner *scanner)
{
    struct nesting *nesting = scanner_nesting(scanner);
    struct token token;
    struct lexer copy = scanner->lexer;
    uint32_t start = copy.at, end = line_end(scanner, start);
    bool is_closed = lexer_take(&copy, TOKEN_REGEX, &token) && token.end <= end;
    if (!is_closed) token = (struct token){.kind = TOKEN_REGEX, .start = start, .end = end};
    scanner->lexer.at = token.end;
    mark_add(scanner, MARK_PATTERN, ROLE_OPERAND, token, is_closed);
    nesting->has_operand = true;
}

/* ---- signs ---- */

/* A `{` that no head wanted: a value's, or one too many, which is held open for balance. */
static void open_plain_brace(struct scanner *scanner, uint32_t at)
{
    struct nesting *nesting = scanner_nesting(scanner);
    assert(nesting->head == SCAN_NONE);
    bool is_operand = (nesting->state == STATE_CONDITION || nesting->state == STATE_EXPRESSION);
    if (nesting->scope == SCAN_NONE) nesting_push(scanner, SCOPE_BRANCH, STATE_STATEMENT, false, at);
    else if (is_operand && !nesting->has_operand) {
        nesting->has_operand = true;
        nesting_push(scanner, SCOPE_HASH, STATE_KEY, true, at);
    } else if (nesting->state == STATE_VALUE) {
        nesting_value_done(nesting, nesting_kind(scanner));
        nesting_push(scanner, SCOPE_HASH, STATE_KEY, false, at);
    } else if (nesting_holds_statements(scanner))
        nesting_push(scanner, SCOPE_BRANCH, STATE_STATEMENT, false, at);
    else
        nesting_push(scanner, SCOPE_HASH, STATE_KEY, nesting->is_expression, at);
}

/* A condition whose parenthesis was not closed ends at its brace all the same. */
static void leave_condition(struct scanner *scanner, uint32_t at)
{
    if (scanner_nesting(scanner)->state != STATE_CONDITION || !scanner_nesting(scanner)->has_operand) return;
    uint32_t depth = scanner->depth;
    while (depth > 1 && scanner->nestings[depth - 1].head == SCAN_NONE &&
           scanner->nestings[depth - 1].state == STATE_CONDITION)
        depth--;
    if (scanner->nestings[depth - 1].head != SCAN_NONE) nestings_close(scanner, depth, at, false);
}

static void open_brace(struct scanner *scanner)
{
    uint32_t at = scanner->lexer.at++;
    leave_condition(scanner, at);
    struct nesting *nesting = scanner_nesting(scanner);
    uint32_t head = nesting->head;
    if (head == SCAN_NONE) {
        open_plain_brace(scanner, at);
        return;
    }
    nesting->head = SCAN_NONE;
    enum scope_kind kind = scanner->scan->scopes[head].kind;
    if (kind == SCOPE_SECTION || kind == SCOPE_TEST) nesting->state = STATE_SECTION;
    else if (kind != SCOPE_CODEC) nesting->state = STATE_STATEMENT;
    bool has_options = kind == SCOPE_PLUGIN || kind == SCOPE_CODEC || kind == SCOPE_TEST;
    nesting_open(scanner, head, has_options ? STATE_OPTION : STATE_STATEMENT, at);
}

static void open_parenthesis(struct scanner *scanner, uint32_t function)
{
    struct nesting *nesting = scanner_nesting(scanner);
    uint32_t at = scanner->lexer.at++;
    if (nesting->state != STATE_CONDITION && nesting->state != STATE_EXPRESSION) return;
    nesting->has_operand = true;
    uint32_t depth = scanner->depth;
    nesting_push(scanner, SCOPE_CALL, nesting->state, true, at);
    if (function == SCAN_NONE || scanner->depth == depth) return;
    const struct mark *name = &scanner->scan->marks[function];
    struct scope *scope = &scanner->scan->scopes[scanner_nesting(scanner)->scope];
    scope->start = scope->name = name->start;
    scope->name_end = name->end;
}

static void read_comma(struct scanner *scanner)
{
    struct nesting *nesting = scanner_nesting(scanner);
    scanner->lexer.at++;
    nesting->item++;
    nesting->has_operand = nesting->is_level = nesting->wants_level = false;
    if (nesting->is_expression && nesting->scope != SCAN_NONE && nesting_kind(scanner) == SCOPE_HASH)
        nesting->state = STATE_KEY;
}

/* Operators and what else is no word. */
static void read_sign(struct scanner *scanner)
{
    static const char *const signs[] = {"=>", "==", "!=", "<=", ">=", "=~", "!~", "??"};
    struct nesting *nesting = scanner_nesting(scanner);
    struct lexer *lexer = &scanner->lexer;
    char first = lexer_peek(lexer, 0), second = 0;
    uint32_t len = 1;
    for (size_t i = 0; i < sizeof signs / sizeof *signs && len == 1; i++)
        if (lexer_has(lexer, signs[i])) second = signs[i][1], len = 2;
    lexer->at += len;
    if (first == '=' && second == '>') {
        if (nesting->state != STATE_ARROW) return;
        nesting->state = nesting->is_expression ? STATE_EXPRESSION : STATE_VALUE;
        nesting->has_operand = false;
    } else if (first == '=' && !second && nesting->state == STATE_ASSIGN) {
        nesting->state = STATE_EXPRESSION;
        nesting->has_operand = nesting->is_level = nesting->wants_level = false;
    } else {
        bool is_comparison = first == '<' || first == '>' || (second == '=');
        nesting->wants_level = nesting->is_level && is_comparison;
        nesting->has_operand = nesting->is_level = false;
    }
}

static void read_next(struct scanner *scanner)
{
    const struct nesting *nesting = scanner_nesting(scanner);
    uint32_t at = scanner->lexer.at, function = scanner->function;
    bool is_expression = nesting->state == STATE_CONDITION || nesting->state == STATE_EXPRESSION;
    char c = lexer_peek(&scanner->lexer, 0);
    scanner->function = SCAN_NONE;
    switch (c) {
    case '"':
    case '\'': read_string(scanner); break;
    case '[': read_bracket(scanner); break;
    case '{': open_brace(scanner); break;
    case '(': open_parenthesis(scanner, function); break;
    case '}':
    case ']':
    case ')':
        nestings_match(scanner, c, at);
        scanner->lexer.at++;
        break;
    case ',': read_comma(scanner); break;
    case '#': scanner->lexer.at = line_end(scanner, at) + (line_end(scanner, at) == at); break;
    case '-':
    case '/':
        if (c == '/' && is_expression && !nesting->has_operand) read_pattern(scanner);
        else read_sign(scanner);
        break;
    default:
        if (is_name_char(c)) word_read(scanner);
        else read_sign(scanner);
    }
    assert(scanner->lexer.at > at);
}

/* ---- whole texts ---- */

/* Between `start`, where blanks and comments begin, and the cursor: does a comment reach it? */
static bool is_in_comment(struct str text, uint32_t start, uint32_t cursor)
{
    while (cursor > start && text.ptr[cursor - 1] != '\n') {
        if (text.ptr[cursor - 1] == '#') return true;
        cursor--;
    }
    return false;
}

void scan_text(struct scan *scan, struct str text, uint32_t cursor, struct arena *arena)
{
    assert(cursor <= text.len && text.len < SCAN_NONE);
    *scan = (struct scan){.text = text, .arena = arena, .cursor = {.offset = cursor, .mark = SCAN_NONE}};
    struct scanner scanner = {.scan = scan, .source = {.text = text}, .depth = 1, .function = SCAN_NONE};
    scanner.nestings[0] = (struct nesting){
        .scope = SCAN_NONE, .state = STATE_SECTION, .head = SCAN_NONE, .option = SCAN_NONE, .key = SCAN_NONE};
    lexer_init(&scanner.lexer, &scanner.source);
    for (;;) {
        uint32_t before = scanner.lexer.at;
        lexer_skip(&scanner.lexer);
        if (!scanner.has_cursor && cursor <= scanner.lexer.at)
            cursor_keep(&scanner, SCAN_NONE, is_in_comment(text, before, cursor));
        if (lexer_is_end(&scanner.lexer)) break;
        read_next(&scanner);
    }
    nestings_close(&scanner, 1, (uint32_t)text.len, false);
    assert(scanner.has_cursor);
}

/* ---- asking ---- */

struct str mark_text(const struct scan *scan, const struct mark *mark)
{
    bool is_quoted = mark->kind == MARK_STRING || mark->kind == MARK_PATTERN;
    assert(mark->end - mark->start >= (uint32_t)is_quoted * (1 + mark->is_closed));
    return scan_slice(scan, mark->start + is_quoted, mark->end - (is_quoted && mark->is_closed));
}

const struct mark *scan_mark_at(const struct scan *scan, uint32_t offset)
{
    uint32_t low = 0, high = scan->mark_count;
    while (low < high) { /* the first mark that begins behind the offset */
        uint32_t middle = low + (high - low) / 2;
        if (scan->marks[middle].start <= offset) low = middle + 1;
        else high = middle;
    }
    return low > 0 && offset <= scan->marks[low - 1].end ? &scan->marks[low - 1] : NULL;
}

const struct scope *scan_plugin_of(const struct scan *scan, uint32_t scope)
{
    while (scope != SCAN_NONE) {
        const struct scope *found = &scan->scopes[scope];
        if (found->kind == SCOPE_PLUGIN || found->kind == SCOPE_CODEC || found->kind == SCOPE_TEST) return found;
        scope = found->parent;
    }
    return NULL;
}

struct str scope_name(const struct scan *scan, const struct scope *scope)
{
    return scan_slice(scan, scope->name, scope->name_end);
}
