/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed text as the formatter sees it: its tokens in order, the brackets that belong together,
 * what stands beside what with a blank, and what must not stand on one line. Nothing of it depends on
 * the kinds of statements there are: marks of the parser say where statements and blocks begin.
 *
 * Owned by the caller; texts point into the source. Made anew for each text; one thread. */
#ifndef DSL_FORMAT_WORDS_H
#define DSL_FORMAT_WORDS_H
#include "dsl/lexer.h"

/* What an opening bracket opens. */
enum group {
    GROUP_NONE,
    GROUP_PARENTHESES, /* around a part of an expression */
    GROUP_CALL,        /* arguments */
    GROUP_LIST,        /* an array, or an index */
    GROUP_STEP,        /* `[(`, of a computed step of a field: nothing may stand between the two */
    GROUP_HASH,
    GROUP_PLUGIN,      /* options */
    GROUP_BLOCK,       /* statements */
};

/* Operators at which a line may be broken, the loosest first. A comma keeps the line, others begin
 * the next one. */
enum { RANK_NONE, RANK_COMMA, RANK_CHOICE, RANK_OR, RANK_AND, RANK_DEFAULT, RANK_SUM, RANK_COUNT };

struct word {
    struct str text;
    uint32_t start, end;     /* bytes of the source */
    enum token_kind kind : 8;
    enum group group : 8;    /* of an opening bracket */
    uint8_t rank;
    bool is_statement : 1;   /* a section or statement begins */
    bool is_spaced : 1;      /* a blank stands before it on one line */
    bool is_broken : 1;      /* a line ended before it in the source */
    bool is_commented : 1;   /* a comment stands before it */
    bool is_long : 1;        /* of an opening bracket: the group needs several lines */
    bool is_hanging : 1;     /* of an opening bracket: its line ended there in the source */
    bool is_whole : 1;       /* of an opening bracket: several lines would not be narrower */
    uint32_t match;          /* of a bracket: the other one */
    uint32_t begin, edge;    /* columns, were the whole text on one line */
};

struct words {
    struct str text; /* of the source */
    struct word *items;
    uint32_t count;
};

/* False: there is something between two tokens that is neither blank nor comment. */
bool words_init(struct words *words, struct str text, const struct token_log *log);
void words_fini(struct words *words);

/* The next word on the same level: behind a group that opens here. */
static inline uint32_t word_next(const struct words *words, uint32_t at)
{
    return words->items[at].group == GROUP_NONE ? at + 1 : words->items[at].match + 1;
}

/* Columns of [first, last] on one line. */
static inline uint32_t words_columns(const struct words *words, uint32_t first, uint32_t last)
{
    assert(first <= last && last < words->count);
    return words->items[last].edge - words->items[first].begin;
}

/* Characters, so that a column is a column. */
uint32_t text_columns(struct str text);

#endif
