/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by regex_translate.c (sequences, quantifiers, facts), regex_group.c (groups, references)
 * and regex_class.c (bracket classes, escapes). Not for anyone else. */
#ifndef CORE_TEXT_REGEX_PARSER_H
#define CORE_TEXT_REGEX_PARSER_H
#include "core/text/regex_translate.h"

struct regex_flags {
    bool dotall, caseless, extended, unicode;
};

struct regex_parser {
    struct str in;
    size_t at;
    struct translation *to;
    struct regex_kind kind;
    const struct regex_options *options;
    struct regex_flags flags;
    struct regex_problem *problem;
    uint32_t depth;
    uint32_t muted;      /* > 0: inside alternatives, lookarounds: nothing there is required */
    uint32_t named_seen; /* named groups begun in this pass */
    uint32_t choices;    /* optional parts and alternatives so far */
    bool is_first_pass;  /* collects names only */
    bool failed;
};

/* A class as text: items for inside brackets, and whole expressions that did not fit there. */
struct regex_class {
    struct buf items, extras;  /* extras: `|expr|expr` */
    bool is_negated, is_whole; /* whole: `items` is a complete expression (an intersection) */
    uint32_t singles;          /* code points given one by one */
    uint32_t others;           /* ranges and named sets */
    uint32_t single;           /* the last of them */
};

bool parser_fail(struct regex_parser *parser, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline bool parser_ended(const struct regex_parser *parser)
{
    return parser->at >= parser->in.len;
}
static inline char parser_peek(const struct regex_parser *parser, size_t ahead)
{
    return parser->at + ahead < parser->in.len ? parser->in.ptr[parser->at + ahead] : '\0';
}
/* The character at `at`, which moves behind it. The text is valid UTF-8 and not at its end. */
uint32_t parser_take(struct regex_parser *parser);

/* After a backslash and its letter's place: escapes that stand for one character, in and outside of
 * classes. False: not one of them (nothing taken). */
bool escape_code(struct regex_parser *parser, bool in_class, uint32_t *code);
/* \d \w \s \h and their negations, \p{…}: appends items for inside brackets. */
bool escape_set(struct regex_parser *parser, struct buf *items);
/* Behind `[`: reads to its `]` and appends an expression for one character. `*literal` is the
 * character when the class has just one, else UINT32_MAX. */
bool class_parse(struct regex_parser *parser, struct buf *out, uint32_t *literal);
/* A literal character as PCRE2 text, for outside of classes. */
void code_append(const struct regex_parser *parser, struct buf *out, uint32_t code);

/* What is known of an expression. */
struct shape {
    size_t min;
    bool is_anchored, begins_line;
    bool is_single; /* one character: a quantifier on it is a plain scan */
    bool is_any;    /* a dot that matches everything: JIT jumps, no scan */
    bool is_choice; /* alternatives that no group encloses */
};

/* The required run of bytes ends here: what follows is not adjacent. */
void literal_end(struct regex_parser *parser);
void guard(struct regex_parser *parser); /* a callout, in the guarded kind */
bool parse_alternation(struct regex_parser *parser, struct shape *shape);
bool parse_group(struct regex_parser *parser, struct shape *shape); /* `at` on its `(` */
/* `at` on the k, the g, the first digit. */
bool parse_back_reference(struct regex_parser *parser, struct shape *shape);
bool parse_call(struct regex_parser *parser, struct shape *shape);
/* False without a failure: not a reference but an octal character. */
bool parse_numbered(struct regex_parser *parser, struct shape *shape);

#endif
