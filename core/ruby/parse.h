/* SPDX-License-Identifier: Apache-2.0 */
/* Ruby text to nodes: recursive descent over the characters themselves, because what a character
 * means depends on what stands before it and on blanks. The first thing that is wrong ends it.
 * Private to core/ruby/parse_*.c. Start-up only. */
#ifndef CORE_RUBY_PARSE_H
#define CORE_RUBY_PARSE_H
#include "core/ruby/machine.h"

struct ruby_variable {
    bool is_param; /* of a block */
    struct str name;
    uint32_t slot;
};
struct node_list {
    struct ruby_node **items;
    uint32_t count, capacity;
};
struct ruby_parser {
    struct ruby *ruby;
    struct arena *arena;
    struct str text;
    size_t at;
    enum ruby_part part;
    struct ruby_problem *problem;
    bool has_failed;
    struct ruby_variable *variables; /* that can be seen, in the order of their being made */
    uint32_t visible, visible_from;  /* those of this method */
    uint32_t slots;                  /* of this method */
    uint32_t lowest_used; /* slot of a variable that was read or written, since the innermost block
                             began */
    uint32_t nest, loops, blocks, defs;
    bool is_script;
    bool no_do;                /* `do` belongs to what is around */
    struct node_list *pending; /* calls by a bare name, which may be defined further down */
    size_t statement_at;       /* 1 + where a statement begins that was not looked at yet */
};

/* ---- complaints ---- */
struct ruby_node *read_error(struct ruby_parser *p, size_t start, size_t end, const char *format,
                             ...) __attribute__((format(printf, 4, 5))); /* NULL */
void read_hint(struct ruby_parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- characters ---- */
static inline char peek_at(const struct ruby_parser *p, size_t at)
{
    return at < p->text.len ? p->text.ptr[at] : '\0';
}
static inline char peek(const struct ruby_parser *p) { return peek_at(p, p->at); }
static inline bool at_end(const struct ruby_parser *p) { return p->at >= p->text.len; }
static inline bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}
static inline bool is_name(char c) { return is_letter(c) || is_digit(c); }
static inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool looking_at(const struct ruby_parser *p, const char *z)
{
    return str_starts(str_from(p->text, p->at), str_of(z));
}
void skip_blanks(struct ruby_parser *p); /* within a line */
void skip_lines(struct ruby_parser *p);  /* newlines, comments, semicolons too */
void skip_space(struct ruby_parser *p);  /* newlines and comments */
bool take_sign(struct ruby_parser *p, const char *z);
bool want_sign(struct ruby_parser *p, const char *z);
struct str name_at(const struct ruby_parser *p, size_t at); /* letters and digits; empty: none */
bool at_word(const struct ruby_parser *p, const char *word);
bool take_word(struct ruby_parser *p, const char *word);
bool expect_end(struct ruby_parser *p, const char *what, size_t start);
bool is_keyword(struct str word);

/* ---- nodes ---- */
struct ruby_node *node_new(struct ruby_parser *p, ruby_node_fn *run, size_t start);
struct ruby_node *node_value(struct ruby_parser *p, struct value value, size_t start);
struct ruby_node *node_done(struct ruby_parser *p, struct ruby_node *node); /* its end is here */
void node_add(struct ruby_parser *p, struct node_list *list, struct ruby_node *node);

/* ---- variables ---- */
struct ruby_variable *variable_find(const struct ruby_parser *p, struct str name);
bool variable_make(struct ruby_parser *p, struct str name, uint32_t *slot);
bool state_slot(struct ruby_parser *p, struct str name, uint32_t *slot);

/* ---- the grammar ---- */
struct ruby_node *read_statements(struct ruby_parser *p); /* up to a word or sign that ends them */
struct ruby_node *read_statement(struct ruby_parser *p);
struct ruby_node *read_expression(struct ruby_parser *p); /* without `and`, `or`, `not` */
struct ruby_node *read_ternary(struct ruby_parser *p);
struct ruby_node *read_unary(struct ruby_parser *p);
struct ruby_node *read_primary(struct ruby_parser *p);
struct ruby_node *read_postfix(struct ruby_parser *p, struct ruby_node *node);
struct ruby_node *read_name(struct ruby_parser *p);
struct ruby_node *read_word(struct ruby_parser *p, struct str word); /* if, case, begin, def … */
struct ruby_node *read_string(struct ruby_parser *p);
struct ruby_node *read_words(struct ruby_parser *p); /* %w %i %q %Q %r %( */
struct ruby_node *read_regex(struct ruby_parser *p, char close);
struct ruby_node *read_heredoc(struct ruby_parser *p);
struct ruby_node *read_list(struct ruby_parser *p);
struct ruby_node *read_hash(struct ruby_parser *p);
struct ruby_node *read_pairs(struct ruby_parser *p, struct ruby_node *first, bool has_braces);
struct ruby_node *read_number(struct ruby_parser *p);
struct ruby_node *read_lambda(struct ruby_parser *p, size_t start);
bool at_pair(struct ruby_parser *p); /* `key: value` */
struct ruby_node *read_body_of_block(struct ruby_parser *p, size_t start);

/* ---- calls ---- */
struct ruby_node *call_new(struct ruby_parser *p, struct ruby_node *self, struct str name,
                           size_t start);
/* Arguments in parentheses or without, a block; then the call is checked. */
struct ruby_node *read_call_rest(struct ruby_parser *p, struct ruby_node *call);
struct ruby_node *call_check(struct ruby_parser *p, struct ruby_node *call);
struct ruby_node *read_do_block(struct ruby_parser *p, struct ruby_node *call);
bool read_params(struct ruby_parser *p, const char *close, struct ruby_param **params,
                 uint32_t *count);
struct ruby_node *local_new(struct ruby_parser *p, const struct ruby_variable *variable,
                            size_t start);
struct ruby_block *read_block(struct ruby_parser *p);
bool at_command_argument(struct ruby_parser *p);
bool call_check_later(struct ruby_parser *p); /* calls of methods that were defined further down */

#endif
