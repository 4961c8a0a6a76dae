/* SPDX-License-Identifier: Apache-2.0 */
/* Characters, complaints, nodes and variables of the parser. */
#include "core/ruby/parse.h"
#include <stdarg.h>
#include <stdio.h>

struct ruby_node *read_error(struct ruby_parser *p, size_t start, size_t end, const char *format,
                             ...)
{
    if (p->has_failed) return NULL;
    va_list args;
    va_start(args, format);
    vsnprintf(p->problem->text, sizeof p->problem->text, format, args);
    va_end(args);
    p->problem->hint[0] = '\0';
    p->problem->part = p->part;
    p->problem->start = start < p->text.len ? start : p->text.len;
    p->problem->end = end < p->text.len ? end : p->text.len;
    p->has_failed = true;
    return NULL;
}

void read_hint(struct ruby_parser *p, const char *format, ...)
{
    if (p->problem->hint[0]) return;
    va_list args;
    va_start(args, format);
    vsnprintf(p->problem->hint, sizeof p->problem->hint, format, args);
    va_end(args);
}

void skip_blanks(struct ruby_parser *p)
{
    for (;;) {
        char c = peek(p);
        if (c == ' ' || c == '\t' || c == '\r')
            p->at++;
        else if (c == '\\' && peek_at(p, p->at + 1) == '\n')
            p->at += 2;
        else
            return;
    }
}

static void skip_some(struct ruby_parser *p, bool semicolons)
{
    for (;;) {
        skip_blanks(p);
        char c = peek(p);
        if (at_end(p)) return;
        if (c == '#')
            while (!at_end(p) && peek(p) != '\n') p->at++;
        else if (c == '\n' || (semicolons && c == ';'))
            p->at++;
        else
            return;
    }
}

void skip_lines(struct ruby_parser *p) { skip_some(p, true); }
void skip_space(struct ruby_parser *p) { skip_some(p, false); }

bool take_sign(struct ruby_parser *p, const char *z)
{
    if (!looking_at(p, z)) return false;
    p->at += strlen(z);
    return true;
}

bool want_sign(struct ruby_parser *p, const char *z)
{
    skip_space(p);
    if (take_sign(p, z)) return true;
    if (at_end(p))
        read_error(p, p->at, p->at, "the Ruby text ends where `%s` is expected", z);
    else
        read_error(p, p->at, p->at + 1, "`%s` is expected here", z);
    return false;
}

struct str name_at(const struct ruby_parser *p, size_t at)
{
    size_t end = at;
    if (!is_letter(peek_at(p, at))) return (struct str){p->text.ptr + at, 0};
    while (is_name(peek_at(p, end))) end++;
    return str_slice(p->text, at, end);
}

bool at_word(const struct ruby_parser *p, const char *word)
{
    struct str name = name_at(p, p->at);
    char next = peek_at(p, p->at + name.len);
    bool is_key = next == ':' && peek_at(p, p->at + name.len + 1) != ':';
    return str_eq_z(name, word) && next != '?' && next != '!' &&
           !(is_key && !str_eq_z(name, "else"));
}

bool take_word(struct ruby_parser *p, const char *word)
{
    if (!at_word(p, word)) return false;
    p->at += strlen(word);
    return true;
}

bool expect_end(struct ruby_parser *p, const char *what, size_t start)
{
    skip_lines(p);
    if (take_word(p, "end")) return true;
    if (at_end(p))
        read_error(p, start, start + strlen(what), "`%s` has no `end`", what);
    else
        read_error(p, p->at, p->at + 1, "`end` is expected here");
    return false;
}

static const char *const keywords[] = {
    "if",    "unless", "while",  "until",  "case",  "when",    "then",  "else",  "elsif", "end",
    "do",    "begin",  "rescue", "ensure", "def",   "return",  "next",  "break", "redo",  "retry",
    "and",   "or",     "not",    "nil",    "true",  "false",   "self",  "for",   "in",    "yield",
    "class", "module", "alias",  "undef",  "super", "defined", "BEGIN", "END",   NULL};

bool is_keyword(struct str word)
{
    for (uint32_t i = 0; keywords[i]; i++)
        if (str_eq_z(word, keywords[i])) return true;
    return false;
}

struct ruby_node *node_new(struct ruby_parser *p, ruby_node_fn *run, size_t start)
{
    struct ruby_node *node = arena_zalloc(p->arena, sizeof *node);
    node->run = run;
    node->start = (uint32_t)start;
    node->end = (uint32_t)p->at;
    return node;
}

struct ruby_node *node_value(struct ruby_parser *p, struct value value, size_t start)
{
    struct ruby_node *node = node_new(p, do_value, start);
    node->value = value;
    return node;
}

struct ruby_node *node_done(struct ruby_parser *p, struct ruby_node *node)
{
    if (node) node->end = (uint32_t)p->at;
    return node;
}

void node_add(struct ruby_parser *p, struct node_list *list, struct ruby_node *node)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 4;
        struct ruby_node **items = arena_alloc(p->arena, capacity * sizeof *items);
        if (list->count) memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = node;
}

struct ruby_variable *variable_find(const struct ruby_parser *p, struct str name)
{
    for (uint32_t i = p->visible; i > p->visible_from; i--)
        if (str_eq(p->variables[i - 1].name, name)) return &p->variables[i - 1];
    return NULL;
}

bool variable_make(struct ruby_parser *p, struct str name, uint32_t *slot)
{
    if (p->slots >= RUBY_VARIABLES_MAX || p->visible >= RUBY_VARIABLES_MAX) {
        read_error(p, p->at, p->at + 1, "there are more than %d variables", RUBY_VARIABLES_MAX);
        return false;
    }
    *slot = p->slots++;
    p->variables[p->visible++] = (struct ruby_variable){.name = name, .slot = *slot};
    return true;
}

bool state_slot(struct ruby_parser *p, struct str name, uint32_t *slot)
{
    struct ruby *ruby = p->ruby;
    for (uint32_t i = 0; i < ruby->state_count; i++)
        if (str_eq(ruby->state_names[i], name)) return *slot = i, true;
    if (ruby->state_count >= RUBY_VARIABLES_MAX) {
        read_error(p, p->at, p->at + 1, "there are more than %d instance variables",
                   RUBY_VARIABLES_MAX);
        return false;
    }
    ruby->state_names[ruby->state_count] = name;
    ruby->state[ruby->state_count] = value_null();
    *slot = ruby->state_count++;
    return true;
}
