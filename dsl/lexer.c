/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/lexer.h"
#include "core/xmalloc.h"
#include <stdlib.h>

bool is_bareword_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_bareword_char(char c) { return is_bareword_start(c) || is_digit(c); }

bool is_name_char(char c) { return is_bareword_char(c) || c == '-'; }

void lexer_init(struct lexer *lexer, const struct source_text *source)
{
    assert(source->text.len <= UINT32_MAX);
    *lexer = (struct lexer){.source = source, .text = source->text};
}

struct str lexer_text(const struct lexer *lexer, struct token token)
{
    assert(token.start <= token.end && token.end <= lexer->text.len);
    return str_slice(lexer->text, token.start, token.end);
}

struct place lexer_place(const struct lexer *lexer, uint32_t start, uint32_t end)
{
    assert(start <= end && end <= lexer->text.len);
    return (struct place){lexer->source, start, end};
}

bool lexer_has(const struct lexer *lexer, const char *symbol)
{
    /* most questions end here */
    if (lexer_is_end(lexer) || lexer->text.ptr[lexer->at] != symbol[0]) return false;
    return str_starts(str_from(lexer->text, lexer->at), str_of(symbol));
}

static void keep(struct lexer *lexer, struct token token)
{
    struct token_log *log = lexer->log;
    if (!log) return;
    assert(lexer->taken <= log->capacity);
    if (lexer->taken == log->capacity) {
        log->capacity = log->capacity ? 2 * log->capacity : 256;
        log->items = xreallocarray(log->items, log->capacity, sizeof *log->items);
    }
    token.mark = lexer->mark;
    lexer->mark = MARK_NONE;
    log->items[lexer->taken++] = token;
}

void token_log_fini(struct token_log *log)
{
    free(log->items);
    *log = (struct token_log){0};
}

bool lexer_symbol(struct lexer *lexer, const char *symbol)
{
    if (!lexer_has(lexer, symbol)) return false;
    uint32_t start = lexer->at;
    lexer->at += (uint32_t)strlen(symbol);
    keep(lexer, (struct token){.kind = TOKEN_SYMBOL, .start = start, .end = lexer->at});
    return true;
}

bool lexer_word(struct lexer *lexer, const char *word)
{
    struct lexer copy = *lexer;
    if (!lexer_symbol(&copy, word) || is_name_char(lexer_peek(&copy, 0))) return false;
    *lexer = copy;
    return true;
}

/* A comment ends at LF or CRLF or the end of the text. At a lone CR the comment is not one: the
 * place stays at its `#`, which the parser then finds in its way. */
static bool skip_comment(struct lexer *lexer)
{
    uint32_t at = lexer->at;
    while (at < lexer->text.len && lexer->text.ptr[at] != '\n' && lexer->text.ptr[at] != '\r') at++;
    if (at < lexer->text.len && lexer->text.ptr[at] == '\r') {
        at++;
        if (at == lexer->text.len || lexer->text.ptr[at] != '\n') return false;
    }
    lexer->at = at;
    return true;
}

void lexer_skip(struct lexer *lexer)
{
    for (;;) {
        while (!lexer_is_end(lexer) && is_blank(lexer->text.ptr[lexer->at])) lexer->at++;
        if (lexer_peek(lexer, 0) != '#' || !skip_comment(lexer)) return;
    }
}

static uint32_t run(const struct lexer *lexer, uint32_t at, bool (*is_member)(char))
{
    while (at < lexer->text.len && is_member(lexer->text.ptr[at])) at++;
    return at;
}

static uint32_t scan_number(const struct lexer *lexer)
{
    uint32_t at = lexer->at + (lexer_peek(lexer, 0) == '-');
    uint32_t digits = run(lexer, at, is_digit);
    if (digits == at) return lexer->at;
    if (digits < lexer->text.len && lexer->text.ptr[digits] == '.')
        return run(lexer, digits + 1, is_digit);
    return digits;
}

/* From an opening quote or slash to behind its end; the place itself when it never ends. */
static uint32_t scan_quoted(const struct lexer *lexer, char quote)
{
    for (size_t at = (size_t)lexer->at + 1; at < lexer->text.len; at++) {
        if (lexer->text.ptr[at] == quote) return (uint32_t)at + 1;
        if (lexer->text.ptr[at] == '\\' && at + 1 < lexer->text.len && lexer->text.ptr[at + 1] == quote)
            at++;
    }
    return lexer->at;
}

static bool is_reference_char(char c) { return c != '[' && c != ']' && c != ','; }

static uint32_t scan_reference(const struct lexer *lexer)
{
    uint32_t end = lexer->at;
    while (end < lexer->text.len && lexer->text.ptr[end] == '[') {
        uint32_t close = run(lexer, end + 1, is_reference_char);
        if (close == end + 1 || close == lexer->text.len || lexer->text.ptr[close] != ']') break;
        end = close + 1;
    }
    return end;
}

static uint32_t scan(const struct lexer *lexer, enum token_kind kind)
{
    char first = lexer_peek(lexer, 0);
    uint32_t end;
    switch (kind) {
    case TOKEN_NAME: return run(lexer, lexer->at, is_name_char);
    case TOKEN_WORD: return is_bareword_start(first) ? run(lexer, lexer->at, is_bareword_char) : lexer->at;
    case TOKEN_BAREWORD:
        if (!is_bareword_start(first)) return lexer->at;
        end = run(lexer, lexer->at, is_bareword_char);
        return end - lexer->at < 2 ? lexer->at : end;
    case TOKEN_NUMBER: return scan_number(lexer);
    case TOKEN_STRING: return first == '"' || first == '\'' ? scan_quoted(lexer, first) : lexer->at;
    case TOKEN_REFERENCE: return scan_reference(lexer);
    case TOKEN_REGEX: return first == '/' ? scan_quoted(lexer, '/') : lexer->at;
    case TOKEN_SYMBOL: break;
    }
    return lexer->at;
}

bool lexer_take(struct lexer *lexer, enum token_kind kind, struct token *token)
{
    uint32_t end = lexer_is_end(lexer) ? lexer->at : scan(lexer, kind);
    if (end == lexer->at) return false;
    *token = (struct token){.kind = kind, .start = lexer->at, .end = end};
    lexer->at = end;
    keep(lexer, *token);
    return true;
}

void lexer_cut(struct lexer *lexer, struct token *token, uint32_t end)
{
    assert(lexer->at == token->end && token->start < end && end <= token->end);
    lexer->at = token->end = end;
    if (!lexer->log) return;
    assert(lexer->taken > 0);
    lexer->log->items[lexer->taken - 1].end = end;
}

void lexer_back(struct lexer *lexer, struct token token)
{
    assert(lexer->at == token.end);
    lexer->at = token.start;
    if (!lexer->log) return;
    assert(lexer->taken > 0);
    lexer->taken--;
    lexer->mark = lexer->log->items[lexer->taken].mark;
}
