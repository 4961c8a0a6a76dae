/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the pipeline language as slices of the source; nothing is copied. What a character
 * begins depends on where it stands (`1a` is an option's name but no value, `/` opens a regular
 * expression only in a condition), so the parser asks for the kind of token it wants at the current
 * place and is told whether it is there.
 *
 *   blank      space, tab, CR, LF; a comment runs from `#` to LF or the end of the text
 *   name       [A-Za-z0-9_-]+                      of plugins and options
 *   bareword   [A-Za-z_][A-Za-z0-9_]+              a value without quotes: two characters at least
 *   word       [A-Za-z_][A-Za-z0-9_]*              the same with one character too: names of `let`
 *   number     -?[0-9]+(\.[0-9]*)?
 *   string     "…" or '…'; a backslash keeps the quote behind it from ending the string
 *   reference  (\[[^][,]+\])+                      a field, in conditions
 *   regex      /…/; a backslash keeps the slash behind it from ending it
 *
 * With a token_log, what was taken is kept in order: after a parse without errors it is the text
 * without blanks and comments. A copy of the lexer may look ahead: what it takes counts only when
 * the copy is assigned back. Who reads something twice goes back by assigning a copy, too; setting `at`
 * alone would keep in the log what was read first. */
#ifndef DSL_LEXER_H
#define DSL_LEXER_H
#include "core/diag.h"

enum token_kind {
    TOKEN_NAME, TOKEN_BAREWORD, TOKEN_WORD, TOKEN_NUMBER, TOKEN_STRING, TOKEN_REFERENCE, TOKEN_REGEX,
    TOKEN_SYMBOL, /* a sign or keyword, of lexer_symbol() */
};

/* What the parser knows of a token and its bytes do not show. */
enum token_mark {
    MARK_NONE,
    MARK_STATEMENT, /* the first of a section or statement */
    MARK_BLOCK,     /* the `{` before statements */
};

/* Bytes [start, end) of the source; quotes and slashes included. */
struct token {
    enum token_kind kind;
    enum token_mark mark;
    uint32_t start, end;
};

/* Owned by whoever asked for it; token_log_fini() frees it. */
struct token_log {
    struct token *items;
    uint32_t count, capacity; /* the count is set when the parse has ended */
};

void token_log_fini(struct token_log *log);

struct lexer {
    const struct source_text *source;
    struct str text;
    uint32_t at;
    struct token_log *log; /* NULL: none is kept */
    uint32_t taken;        /* tokens in the log that count */
    enum token_mark mark;  /* of the next token */
};

void lexer_init(struct lexer *lexer, const struct source_text *source);

static inline bool lexer_is_end(const struct lexer *lexer) { return lexer->at >= lexer->text.len; }
/* The byte `ahead` of the current one; NUL behind the end. */
static inline char lexer_peek(const struct lexer *lexer, uint32_t ahead)
{
    size_t at = (size_t)lexer->at + ahead;
    return at < lexer->text.len ? lexer->text.ptr[at] : '\0';
}

/* Skips blanks and comments; stops at a comment that a lone CR cuts, which is none. */
void lexer_skip(struct lexer *lexer);
/* Takes these very bytes. */
bool lexer_symbol(struct lexer *lexer, const char *symbol);
bool lexer_has(const struct lexer *lexer, const char *symbol);
/* Takes this word, unless it is only the beginning of a longer one. */
bool lexer_word(struct lexer *lexer, const char *word);
/* Takes a token of this kind; the place does not move when it is not there. */
bool lexer_take(struct lexer *lexer, enum token_kind kind, struct token *token);
/* Back to before the token that was taken last, to read it as another kind. */
void lexer_back(struct lexer *lexer, struct token token);
/* Gives back what of that token stands from `end` on. */
void lexer_cut(struct lexer *lexer, struct token *token, uint32_t end);

struct str lexer_text(const struct lexer *lexer, struct token token);
struct place lexer_place(const struct lexer *lexer, uint32_t start, uint32_t end);

bool is_name_char(char c);
bool is_bareword_start(char c);
bool is_bareword_char(char c);

#endif
