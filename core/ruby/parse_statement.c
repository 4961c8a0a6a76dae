/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: modifiers behind them, if, case, while, begin, def and the words that leave. */
#include "core/ruby/parse.h"

static bool at_statements_end(struct ruby_parser *p)
{
    static const char *const ends[] = {"end", "else", "elsif", "when", "rescue", "ensure", "in"};
    char c = peek(p);
    if (at_end(p) || c == '}' || c == ')') return true;
    for (uint32_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (at_word(p, ends[i])) return true;
    return false;
}

struct ruby_node *read_statements(struct ruby_parser *p)
{
    struct node_list list = {0};
    size_t start = p->at;
    if (p->nest >= RUBY_NEST_MAX)
        return read_error(p, p->at, p->at + 1, "nested more than %d deep", RUBY_NEST_MAX);
    p->nest++;
    bool no_do = p->no_do;
    p->no_do = false;
    for (skip_lines(p); !at_statements_end(p); skip_lines(p)) {
        struct ruby_node *statement = read_statement(p);
        if (!statement) return NULL;
        node_add(p, &list, statement);
        skip_blanks(p);
        char c = peek(p);
        if (!at_end(p) && c != '\n' && c != ';' && c != '#' && !at_statements_end(p))
            return read_error(p, p->at, p->at + 1, "the statement should end here");
    }
    p->no_do = no_do;
    p->nest--;
    if (list.count == 1) return list.items[0];
    struct ruby_node *node = node_new(p, list.count ? do_sequence : do_value, start);
    node->value = value_null();
    node->items = list.items;
    node->count = list.count;
    return node;
}

static struct ruby_node *branch(struct ruby_parser *p, struct ruby_node *condition,
                                struct ruby_node *yes, struct ruby_node *no, size_t start)
{
    if (p->has_failed) return NULL;
    struct ruby_node *node = node_new(p, do_if, start);
    node->left = condition;
    node->right = yes;
    node->third = no;
    return node;
}

static struct ruby_node *negated(struct ruby_parser *p, struct ruby_node *condition)
{
    if (!condition) return NULL;
    struct ruby_node *node = node_new(p, do_not, condition->start);
    node->left = condition;
    return node;
}

static struct ruby_node *loop_new(struct ruby_parser *p, struct ruby_node *condition,
                                  struct ruby_node *body, bool is_until, size_t start)
{
    if (p->has_failed) return NULL;
    struct ruby_node *node = node_new(p, do_while, start);
    node->left = is_until ? negated(p, condition) : condition;
    node->right = body;
    return node;
}

/* `not`, and what `and` and `or` join. */
static struct ruby_node *read_words_joined(struct ruby_parser *p)
{
    size_t start = p->at;
    struct ruby_node *left;
    if (p->nest >= RUBY_NEST_MAX)
        return read_error(p, p->at, p->at + 1, "nested more than %d deep", RUBY_NEST_MAX);
    p->nest++;
    if (take_word(p, "not")) {
        skip_blanks(p);
        left = negated(p, read_expression(p));
    } else {
        left = read_expression(p);
    }
    for (skip_blanks(p); left && (at_word(p, "and") || at_word(p, "or")); skip_blanks(p)) {
        bool is_and = take_word(p, "and") || !take_word(p, "or");
        skip_space(p);
        bool is_not = take_word(p, "not");
        skip_blanks(p);
        struct ruby_node *right = read_expression(p);
        if (is_not) right = negated(p, right);
        if (!right) return NULL;
        struct ruby_node *node = node_new(p, is_and ? do_and : do_or, start);
        node->left = left;
        node->right = right;
        left = node;
    }
    p->nest--;
    return left;
}

struct ruby_node *read_statement(struct ruby_parser *p)
{
    skip_blanks(p);
    size_t start = p->at;
    p->statement_at = start + 1;
    struct ruby_node *node = read_words_joined(p);
    for (skip_blanks(p); node; skip_blanks(p)) {
        if (take_word(p, "if"))
            skip_blanks(p), node = branch(p, read_words_joined(p), node, NULL, start);
        else if (take_word(p, "unless"))
            skip_blanks(p), node = branch(p, negated(p, read_words_joined(p)), node, NULL, start);
        else if (at_word(p, "while") || at_word(p, "until")) {
            bool is_until = !take_word(p, "while") && take_word(p, "until");
            if (node->run == do_begin)
                return read_error(p, start, p->at, "`begin … end while` is not supported");
            skip_blanks(p);
            node = loop_new(p, read_words_joined(p), node, is_until, start);
        } else if (take_word(p, "rescue")) {
            skip_blanks(p);
            struct ruby_node *other = read_words_joined(p);
            struct ruby_node *rescue = node_new(p, do_rescue_inline, start);
            rescue->left = node;
            rescue->right = other;
            node = other ? rescue : NULL;
        } else
            break;
    }
    return node_done(p, node);
}

static struct ruby_node *read_condition(struct ruby_parser *p)
{
    bool no_do = p->no_do;
    p->no_do = true;
    skip_blanks(p);
    struct ruby_node *condition = read_words_joined(p);
    p->no_do = no_do;
    skip_blanks(p);
    return condition;
}

static struct ruby_node *read_if(struct ruby_parser *p, const char *word, size_t start)
{
    struct ruby_node *condition = read_condition(p), *no = NULL;
    if (!strcmp(word, "unless")) condition = negated(p, condition);
    if (!condition) return NULL;
    skip_lines(p);
    take_word(p, "then");
    struct ruby_node *yes = read_statements(p);
    if (!yes) return NULL;
    size_t here = p->at;
    if (take_word(p, "elsif")) return branch(p, condition, yes, read_if(p, "elsif", here), start);
    if (take_word(p, "else") && !(no = read_statements(p))) return NULL;
    if (!expect_end(p, word, start)) return NULL;
    return branch(p, condition, yes, no, start);
}

static struct ruby_node *read_while(struct ruby_parser *p, bool is_until, size_t start)
{
    struct ruby_node *condition = read_condition(p);
    if (!condition) return NULL;
    take_word(p, "do");
    p->loops++;
    struct ruby_node *body = read_statements(p);
    p->loops--;
    if (!body || !expect_end(p, is_until ? "until" : "while", start)) return NULL;
    return loop_new(p, condition, body, is_until, start);
}

/* `for a, b in list`: the variables are those of what is around. */
static struct ruby_node *read_for(struct ruby_parser *p, size_t start)
{
    struct node_list targets = {0};
    do {
        skip_blanks(p);
        struct str name = name_at(p, p->at);
        size_t at = p->at;
        if (!name.len || is_keyword(name))
            return read_error(p, at, at + 1, "a variable is expected here");
        p->at += name.len;
        struct ruby_variable *variable = variable_find(p, name);
        uint32_t slot = variable ? local_new(p, variable, p->at)->slot : 0;
        if (!variable && !variable_make(p, name, &slot)) return NULL;
        struct ruby_node *target = node_new(p, do_local, at);
        target->slot = slot;
        node_add(p, &targets, target);
        skip_blanks(p);
    } while (take_sign(p, ","));
    if (!take_word(p, "in")) return read_error(p, p->at, p->at + 1, "`in` is expected here");
    struct ruby_node *list = read_condition(p);
    if (!list) return NULL;
    take_word(p, "do");
    p->loops++;
    struct ruby_node *body = read_statements(p);
    p->loops--;
    if (!body || !expect_end(p, "for", start)) return NULL;
    struct ruby_node *node = node_new(p, do_for, start);
    node->items = targets.items;
    node->count = targets.count;
    node->left = list;
    node->right = body;
    return node;
}

/* items: for each `when` a list of patterns (left: body). */
static struct ruby_node *read_case(struct ruby_parser *p, size_t start)
{
    struct node_list whens = {0};
    struct ruby_node *subject = NULL, *otherwise = NULL;
    skip_blanks(p);
    if (peek(p) != '\n' && peek(p) != ';' && !at_word(p, "when") && !(subject = read_condition(p)))
        return NULL;
    for (skip_lines(p); take_word(p, "when"); skip_lines(p)) {
        struct ruby_node *when = node_new(p, do_sequence, p->at);
        struct node_list patterns = {0};
        do {
            skip_space(p);
            struct ruby_node *pattern = read_ternary(p);
            if (!pattern) return NULL;
            node_add(p, &patterns, pattern);
            skip_blanks(p);
        } while (take_sign(p, ","));
        skip_lines(p);
        take_word(p, "then");
        if (!(when->left = read_statements(p))) return NULL;
        when->items = patterns.items;
        when->count = patterns.count;
        node_add(p, &whens, when);
    }
    if (at_word(p, "in"))
        return read_error(p, p->at, p->at + 2, "`case … in` is not supported: use `when`");
    if (take_word(p, "else") && !(otherwise = read_statements(p))) return NULL;
    if (!expect_end(p, "case", start)) return NULL;
    struct ruby_node *node = node_new(p, do_case, start);
    node->left = subject;
    node->items = whens.items;
    node->count = whens.count;
    node->third = otherwise;
    return node;
}

static bool is_error_class(struct str name)
{
    static const char *const names[] = {
        "StandardError", "Exception",         "RuntimeError", "ArgumentError",
        "TypeError",     "NoMethodError",     "NameError",    "ZeroDivisionError",
        "KeyError",      "IndexError",        "RangeError",   "FloatDomainError",
        "RegexpError",   "JSON::ParserError", "FrozenError",  NULL};
    for (uint32_t i = 0; names[i]; i++)
        if (str_eq_z(name, names[i])) return true;
    return false;
}

/* `rescue A, B => e`. items: the names as constants; slot + 1 of the variable in `slot`. */
static struct ruby_node *read_rescue(struct ruby_parser *p)
{
    struct ruby_node *node = node_new(p, do_sequence, p->at);
    struct node_list classes = {0};
    for (skip_blanks(p); is_upper(peek(p)); skip_blanks(p)) {
        size_t at = p->at, end = at;
        while (is_name(peek_at(p, end)) || (peek_at(p, end) == ':' && peek_at(p, end + 1) == ':'))
            end += is_name(peek_at(p, end)) ? 1 : 2;
        struct str name = str_slice(p->text, at, end);
        p->at = end;
        if (!is_error_class(name)) {
            read_error(p, at, end, "the error `%.*s` is not supported", STR_ARG(name));
            return read_hint(p, "`rescue => e` takes every error"), NULL;
        }
        node_add(p, &classes, node_value(p, ruby_string(name), at));
        skip_blanks(p);
        if (!take_sign(p, ",")) break;
    }
    skip_blanks(p);
    if (take_sign(p, "=>")) {
        skip_blanks(p);
        struct str name = name_at(p, p->at);
        if (!name.len) return read_error(p, p->at, p->at + 1, "a variable is expected here");
        struct ruby_variable *variable = variable_find(p, name);
        uint32_t slot = variable ? local_new(p, variable, p->at)->slot : 0;
        if (!variable && !variable_make(p, name, &slot)) return NULL;
        p->at += name.len;
        node->slot = slot + 1;
    }
    skip_lines(p);
    take_word(p, "then");
    node->items = classes.items;
    node->count = classes.count;
    node->left = read_statements(p);
    return node->left ? node : NULL;
}

/* The part of begin, def or a `do` block up to its `end`. */
static struct ruby_node *read_body(struct ruby_parser *p, const char *word, size_t start)
{
    struct node_list rescues = {0};
    struct ruby_node *body = read_statements(p), *otherwise = NULL, *ensure = NULL;
    if (!body) return NULL;
    while (take_word(p, "rescue")) {
        struct ruby_node *rescue = read_rescue(p);
        if (!rescue) return NULL;
        node_add(p, &rescues, rescue);
    }
    if (rescues.count && take_word(p, "else") && !(otherwise = read_statements(p))) return NULL;
    if (take_word(p, "ensure") && !(ensure = read_statements(p))) return NULL;
    if (!expect_end(p, word, start)) return NULL;
    if (!rescues.count && !ensure && strcmp(word, "begin") != 0) return body;
    struct ruby_node *node = node_new(p, do_begin, start);
    node->left = body;
    node->right = otherwise;
    node->third = ensure;
    node->items = rescues.items;
    node->count = rescues.count;
    return node;
}

struct ruby_node *read_body_of_block(struct ruby_parser *p, size_t start)
{
    return read_body(p, "do", start);
}

static struct ruby_node *read_def(struct ruby_parser *p, size_t start)
{
    skip_blanks(p);
    struct str name = name_at(p, p->at);
    size_t at = p->at;
    char c = peek_at(p, at + name.len);
    if ((c == '?' || c == '!') && name.len) name.len++;
    if (p->blocks || p->defs)
        return read_error(p, start, at, "a method can only be defined at the outermost level");
    if (!name.len || c == '.')
        return read_error(p, at, at + 1, "the name of a method is expected here");
    p->at += name.len;
    struct ruby_def *def = arena_zalloc(p->arena, sizeof *def);
    uint32_t visible_from = p->visible_from, visible = p->visible, slots = p->slots;
    p->visible_from = p->visible;
    p->slots = 0;
    p->defs++;
    struct ruby_param *params = NULL;
    skip_blanks(p);
    bool has_parens = take_sign(p, "(");
    if (!read_params(p, has_parens ? ")" : "\n", &params, &def->param_count)) return NULL;
    def->name = name;
    def->params = params;
    def->next = p->ruby->defs;
    p->ruby->defs = def; /* it may call itself */
    for (uint32_t i = 0; i < def->param_count; i++)
        def->required += !params[i].is_rest && !params[i].preset;
    def->body = read_body(p, "def", start);
    def->frame_size = p->slots;
    p->defs--;
    p->visible = visible;
    p->visible_from = visible_from;
    p->slots = slots;
    return def->body ? node_value(p, ruby_symbol(name), start) : NULL;
}

static struct ruby_node *read_leave(struct ruby_parser *p, ruby_node_fn *run, size_t start)
{
    struct ruby_node *node = node_new(p, run, start);
    skip_blanks(p);
    char c = peek(p);
    bool is_bare = at_end(p) || strchr("\n;})#:", c) != NULL || at_word(p, "if") ||
                   at_word(p, "unless") || at_word(p, "end");
    if (run == do_break && !p->loops && !p->blocks)
        return read_error(p, start, p->at, "`break` stands in no loop");
    if (is_bare) return node;
    if (!(node->left = read_expression(p))) return NULL;
    skip_blanks(p);
    if (peek(p) != ',') return node_done(p, node);
    struct node_list list = {0};
    struct ruby_node *all = node_new(p, do_list, node->left->start);
    for (node_add(p, &list, node->left); take_sign(p, ","); skip_blanks(p)) {
        skip_space(p);
        struct ruby_node *item = read_expression(p);
        if (!item) return NULL;
        node_add(p, &list, item);
    }
    all->items = list.items;
    all->count = list.count;
    node->left = all;
    return node_done(p, node);
}

struct ruby_node *read_word(struct ruby_parser *p, struct str word)
{
    size_t start = p->at;
    p->at += word.len;
    if (str_eq_z(word, "if")) return read_if(p, "if", start);
    if (str_eq_z(word, "unless")) return read_if(p, "unless", start);
    if (str_eq_z(word, "while")) return read_while(p, false, start);
    if (str_eq_z(word, "until")) return read_while(p, true, start);
    if (str_eq_z(word, "for")) return read_for(p, start);
    if (str_eq_z(word, "case")) return read_case(p, start);
    if (str_eq_z(word, "begin")) return read_body(p, "begin", start);
    if (str_eq_z(word, "def")) return read_def(p, start);
    if (str_eq_z(word, "return")) return read_leave(p, do_return, start);
    if (str_eq_z(word, "next")) return read_leave(p, do_next, start);
    if (str_eq_z(word, "break")) return read_leave(p, do_break, start);
    if (str_eq_z(word, "nil")) return node_value(p, value_null(), start);
    if (str_eq_z(word, "true")) return node_value(p, value_bool(true), start);
    if (str_eq_z(word, "false")) return node_value(p, value_bool(false), start);
    if (str_eq_z(word, "class") || str_eq_z(word, "module"))
        read_error(p, start, p->at, "classes and modules cannot be defined here");
    else
        read_error(p, start, p->at, "`%.*s` is not supported here", STR_ARG(word));
    return NULL;
}
