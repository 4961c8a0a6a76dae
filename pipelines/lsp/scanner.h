/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the scan share: scan.c reads strings and signs, scan_words.c words, scan_nesting.c
 * keeps the stack of open scopes, the marks and the cursor. Lives as long as one scan_text(). */
#ifndef PIPELINES_LSP_SCANNER_H
#define PIPELINES_LSP_SCANNER_H
#include "dsl/lexer.h"
#include "pipelines/lsp/scan.h"

struct scanner {
    struct scan *scan;
    struct source_text source;
    struct lexer lexer;
    struct nesting nestings[SCAN_DEPTH_MAX];
    uint32_t depth;
    uint32_t passed;     /* open scopes beyond the depth */
    uint32_t function;   /* mark of a function's name directly before, or SCAN_NONE */
    uint32_t scope_capacity, mark_capacity;
    bool has_cursor;
};

static inline struct nesting *scanner_nesting(struct scanner *scanner)
{
    return &scanner->nestings[scanner->depth - 1];
}

/* Remembers what is open now, for the cursor. */
void cursor_keep(struct scanner *scanner, uint32_t mark, bool is_comment);
/* Returns its number, or SCAN_NONE. */
uint32_t mark_add(struct scanner *scanner, enum mark_kind kind, enum mark_role role, struct token token,
                  bool is_closed);
/* A scope that the nesting's next `{` opens. `token`: its name or first word. */
uint32_t scope_begin(struct scanner *scanner, enum scope_kind kind, struct token token);
/* Opens it by the sign at `at`; its nesting is the last one now. */
void nesting_open(struct scanner *scanner, uint32_t scope, enum scan_state state, uint32_t at);
/* A scope that begins with its sign. */
void nesting_push(struct scanner *scanner, enum scope_kind kind, enum scan_state state, bool is_expression,
                uint32_t at);
/* Closes all above `depth`, at `at`; what a sign closes ends behind it. */
void nestings_close(struct scanner *scanner, uint32_t depth, uint32_t at, bool has_sign);
/* The sign at `at` closes the last scope that its like opened. */
void nestings_match(struct scanner *scanner, char sign, uint32_t at);
/* A whole value was read. */
void nesting_value_done(struct nesting *nesting, enum scope_kind kind);
/* The innermost nesting that holds statements, counted as a depth; 0: none. */
uint32_t nestings_statement_depth(const struct scanner *scanner);

enum scope_kind nesting_kind(const struct scanner *scanner); /* of the last nesting; not of the text itself */
bool nesting_holds_statements(const struct scanner *scanner);

/* ---- scan_words.c ---- */

void word_read(struct scanner *scanner); /* the word at the current place */
/* Whatever was being read, a statement begins here. */
void statement_begin(struct nesting *nesting);
/* A word or string as the name of an option, the key of a hash, a value: a codec when braces follow. */
void word_option(struct scanner *scanner, enum mark_kind kind, struct token token, bool is_closed);
void word_key(struct scanner *scanner, enum mark_kind kind, struct token token, bool is_closed);
void word_value(struct scanner *scanner, enum mark_kind kind, struct token token, bool is_closed);

#endif
