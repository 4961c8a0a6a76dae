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
 */
#ifndef DSL_LEXER_H
#define DSL_LEXER_H
#include "core/diag.h"

enum token_kind {
    TOKEN_NAME, TOKEN_BAREWORD, TOKEN_WORD, TOKEN_NUMBER, TOKEN_STRING, TOKEN_REFERENCE, TOKEN_REGEX
};

/* Bytes [start, end) of the source; quotes and slashes included. */
struct token {
    enum token_kind kind;
    uint32_t start, end;
};

struct lexer {
    const struct source_text *source;
    struct str text;
    uint32_t at;
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

struct str lexer_text(const struct lexer *lexer, struct token token);
struct place lexer_place(const struct lexer *lexer, uint32_t start, uint32_t end);

bool is_name_char(char c);
bool is_bareword_start(char c);
bool is_bareword_char(char c);

#endif
