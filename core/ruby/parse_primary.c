/* SPDX-License-Identifier: Apache-2.0 */
/* Operands: numbers, names, lists, hashes, lambdas, and what is called behind them. */
#include "core/ruby/parse.h"
#include <stdlib.h>

struct ruby_node *read_number(struct ruby_parser *p)
{
    size_t start = p->at, len = 0;
    char digits[64];
    int base = 10;
    bool is_float = false, is_negative = take_sign(p, "-");
    if (peek(p) == '0' && strchr("xXbBoO", peek_at(p, p->at + 1)) && peek_at(p, p->at + 1)) {
        char c = peek_at(p, p->at + 1);
        base = c == 'x' || c == 'X' ? 16 : c == 'b' || c == 'B' ? 2 : 8;
        p->at += 2;
    } else if (peek(p) == '0' && is_digit(peek_at(p, p->at + 1))) {
        base = 8;
    }
    for (; len < sizeof digits - 1; p->at++) {
        char c = peek(p), next = peek_at(p, p->at + 1);
        if (c == '_' && is_name(next)) continue;
        bool is_exponent =
            base == 10 && (c == 'e' || c == 'E') && (is_digit(next) || next == '-' || next == '+');
        bool is_dot = base == 10 && c == '.' && is_digit(next) && !is_float;
        bool is_hex = base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
        if (!is_digit(c) && !is_exponent && !is_dot && !is_hex) break;
        digits[len++] = c;
        is_float |= is_exponent || is_dot;
        if (is_exponent) digits[len++] = next, p->at++;
    }
    digits[len] = '\0';
    char *end;
    struct value value;
    if (is_float) {
        value = value_double(is_negative ? -strtod(digits, &end) : strtod(digits, &end));
    } else {
        unsigned long long number = strtoull(digits, &end, base);
        if (number > INT64_MAX)
            return read_error(p, start, p->at, "numbers beyond 64 bits are not supported");
        value = value_int(is_negative ? -(int64_t)number : (int64_t)number);
    }
    if (*end || !len || is_letter(peek(p)))
        return read_error(p, start, p->at + 1, "this is not a number");
    return node_value(p, value, start);
}

struct ruby_node *read_list(struct ruby_parser *p)
{
    size_t start = p->at++;
    struct node_list list = {0};
    bool no_do = p->no_do;
    p->no_do = false;
    for (skip_space(p); !take_sign(p, "]"); skip_space(p)) {
        struct ruby_node *item;
        if (take_sign(p, "*")) {
            item = node_new(p, do_splat, p->at - 1);
            if (!(item->left = read_ternary(p))) return NULL;
        } else {
            item = at_pair(p) ? read_pairs(p, NULL, false) : read_expression(p);
            skip_space(p);
            if (item && looking_at(p, "=>")) item = read_pairs(p, item, false);
        }
        if (!item) return NULL;
        node_add(p, &list, item);
        skip_space(p);
        if (take_sign(p, ",")) continue;
        if (!want_sign(p, "]")) return NULL;
        break;
    }
    p->no_do = no_do;
    struct ruby_node *node = node_new(p, do_list, start);
    node->items = list.items;
    node->count = list.count;
    return node;
}

bool at_pair(struct ruby_parser *p)
{
    struct str name = name_at(p, p->at);
    size_t end = p->at + name.len;
    char c = peek_at(p, end);
    if (name.len && (c == '?' || c == '!')) c = peek_at(p, ++end);
    return name.len && c == ':' && peek_at(p, end + 1) != ':';
}

/* `key: value`, `"a" => value`, up to what cannot be one; items by twos. */
struct ruby_node *read_pairs(struct ruby_parser *p, struct ruby_node *first, bool has_braces)
{
    struct node_list list = {0};
    size_t start = first ? first->start : p->at;
    for (;; skip_space(p)) {
        skip_space(p);
        struct ruby_node *key = first;
        if (has_braces && peek(p) == '}') break;
        if (looking_at(p, "**"))
            return read_error(p, p->at, p->at + 2, "`**` in a hash is not supported: use merge");
        if (!key && at_pair(p)) {
            struct str name = name_at(p, p->at);
            size_t at = p->at;
            p->at += name.len + 1;
            key = node_value(p, ruby_symbol(name), at);
        } else {
            if (!key && !(key = read_ternary(p))) return NULL;
            bool is_text_key = key->run == do_value && key->value.kind == VALUE_STRING &&
                               peek(p) == ':' && peek_at(p, p->at + 1) != ':';
            if (is_text_key) {
                p->at++;
                key->value.kind = RUBY_SYMBOL;
            } else if (!want_sign(p, "=>"))
                return NULL;
        }
        first = NULL;
        skip_space(p);
        struct ruby_node *value = read_expression(p);
        if (!value) return NULL;
        node_add(p, &list, key);
        node_add(p, &list, value);
        size_t here = p->at;
        skip_space(p);
        if (!take_sign(p, ",")) {
            if (!has_braces) p->at = here;
            break;
        }
    }
    struct ruby_node *node = node_new(p, do_hash, start);
    node->items = list.items;
    node->count = list.count;
    return node;
}

struct ruby_node *read_hash(struct ruby_parser *p)
{
    size_t start = p->at++;
    bool no_do = p->no_do;
    p->no_do = false;
    struct ruby_node *node = read_pairs(p, NULL, true);
    p->no_do = no_do;
    if (!node || !want_sign(p, "}")) return NULL;
    node->start = (uint32_t)start;
    return node_done(p, node);
}

static struct ruby_node *read_symbol(struct ruby_parser *p)
{
    size_t start = p->at++;
    char c = peek(p);
    if (c == '"' || c == '\'') {
        struct ruby_node *text = read_string(p);
        if (!text) return NULL;
        if (text->run != do_value)
            return read_error(p, start, p->at, "a symbol with `#{}` is not supported");
        return node_value(p, ruby_symbol(ruby_text(text->value)), start);
    }
    struct str name = name_at(p, p->at);
    if (!name.len) {
        for (enum ruby_op op = OP_ADD; op < OP_COUNT && !name.len; op++)
            if (looking_at(p, ruby_op_names[op])) name = str_of(ruby_op_names[op]);
        if (!name.len)
            return read_error(p, start, p->at + 1, "the name of a symbol is expected here");
        p->at += name.len;
        return node_value(p, ruby_symbol(name), start);
    }
    p->at += name.len;
    if ((peek(p) == '?' || peek(p) == '!') && peek_at(p, p->at + 1) != '=') p->at++, name.len++;
    return node_value(p, ruby_symbol(name), start);
}

static struct ruby_node *read_state_name(struct ruby_parser *p)
{
    size_t start = p->at;
    if (peek_at(p, p->at + 1) == '@') {
        read_error(p, start, start + 2 + name_at(p, start + 2).len,
                   "class variables are not supported");
        return read_hint(p, "use an instance variable, with one `@`"), NULL;
    }
    struct str name = name_at(p, ++p->at);
    if (!name.len)
        return read_error(p, start, p->at, "the name of an instance variable is expected here");
    p->at += name.len;
    struct ruby_node *node = node_new(p, do_state, start);
    node->name = str_slice(p->text, start, p->at);
    if (str_eq(name, STR("logger"))) {
        read_error(p, start, p->at, "there is no logger here");
        return read_hint(p, "leave the line out; `tailrace tap` shows events"), NULL;
    }
    return state_slot(p, node->name, &node->slot) ? node : NULL;
}

static struct ruby_node *read_global(struct ruby_parser *p)
{
    size_t start = p->at++;
    if (is_digit(peek(p)) || peek(p) == '~') {
        struct ruby_node *node = node_new(p, do_group, start);
        node->slot = UINT32_MAX;
        if (peek(p) == '~')
            p->at++;
        else
            for (node->slot = 0; is_digit(peek(p)) && node->slot < 1000; p->at++)
                node->slot = node->slot * 10 + (uint32_t)(peek(p) - '0');
        return node_done(p, node);
    }
    p->at += name_at(p, p->at).len;
    read_error(p, start, p->at > start + 1 ? p->at : start + 2,
               "global variables are not supported");
    return read_hint(p, "use an instance variable: @name"), NULL;
}

/* Methods that are named as classes are. */
static bool is_conversion(struct str name)
{
    return str_eq_z(name, "Integer") || str_eq_z(name, "Float") || str_eq_z(name, "String") ||
           str_eq_z(name, "Array");
}

/* `A`, `A::B`: a class, or a constant of the text. */
static struct ruby_node *read_constant(struct ruby_parser *p)
{
    size_t start = p->at;
    take_sign(p, "::");
    size_t from = p->at, end = from + name_at(p, from).len;
    while (peek_at(p, end) == ':' && peek_at(p, end + 1) == ':' && is_upper(peek_at(p, end + 2)))
        end += 2 + name_at(p, end + 2).len;
    struct str name = str_slice(p->text, from, end);
    p->at = end;
    bool is_call = peek(p) == '(' && is_conversion(name);
    for (uint32_t i = 0; ruby_classes[i] && !is_call; i++) {
        if (!str_eq_z(name, ruby_classes[i])) continue;
        struct ruby_node *node = node_value(p, ruby_string(name), start);
        node->value.kind = RUBY_CLASS;
        return node;
    }
    static const struct {
        const char *name;
        double value;
    } numbers[] = {{"Math::PI", 3.14159265358979323846},
                   {"Math::E", 2.71828182845904523536},
                   {"Float::INFINITY", __builtin_inf()},
                   {"Float::NAN", __builtin_nan("")}};
    for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (str_eq_z(name, numbers[i].name))
            return node_value(p, value_double(numbers[i].value), start);
    struct ruby *ruby = p->ruby;
    for (uint32_t i = 0; i < ruby->state_count; i++) {
        if (!str_eq(ruby->state_names[i], name)) continue;
        struct ruby_node *node = node_new(p, do_state, start);
        node->slot = i;
        node->name = name;
        return node;
    }
    skip_blanks(p);
    bool is_new = peek(p) == '=' && peek_at(p, p->at + 1) != '=' && peek_at(p, p->at + 1) != '~';
    if (is_new || looking_at(p, "||=")) {
        struct ruby_node *node = node_new(p, do_state, start);
        node->name = name;
        return state_slot(p, name, &node->slot) ? node : NULL;
    }
    if (is_call) return read_call_rest(p, call_new(p, NULL, name, start));
    read_error(p, start, end, "the constant `%.*s` is not supported", STR_ARG(name));
    if (str_eq_z(name, "ENV")) return read_hint(p, "write `${NAME}` within a text"), NULL;
    return NULL;
}

struct ruby_node *read_primary(struct ruby_parser *p)
{
    skip_blanks(p);
    size_t start = p->at;
    char c = peek(p), next = peek_at(p, p->at + 1);
    struct ruby_node *node = NULL;
    if (at_end(p))
        return read_error(p, p->at, p->at, "the Ruby text ends where a value is expected");
    if (is_digit(c) || (c == '-' && is_digit(next)))
        node = read_number(p);
    else if (c == '"' || c == '\'' || c == '`')
        node = read_string(p);
    else if (c == '/')
        p->at++, node = read_regex(p, '/');
    else if (c == '[')
        node = read_list(p);
    else if (c == '{')
        node = read_hash(p);
    else if (c == '@')
        node = read_state_name(p);
    else if (c == '$')
        node = read_global(p);
    else if (c == '-' && next == '>')
        p->at += 2, node = read_lambda(p, start);
    else if (c == '%')
        node = read_words(p);
    else if (c == '<' && next == '<')
        node = read_heredoc(p);
    else if (c == ':' && next != ':')
        node = read_symbol(p);
    else if (is_upper(c) || c == ':')
        node = read_constant(p);
    else if (is_letter(c))
        node = read_name(p);
    else if (c == '(') {
        p->at++;
        bool no_do = p->no_do;
        p->no_do = false;
        node = read_statements(p);
        p->no_do = no_do;
        if (!node || !want_sign(p, ")")) return NULL;
        if (node->run == do_value ||
            node->run == do_local) { /* not the variable itself: nothing to assign to */
            struct ruby_node *inner = node;
            node = node_new(p, do_sequence, start);
            node->items = arena_alloc(p->arena, sizeof *node->items);
            node->items[0] = inner;
            node->count = 1;
        }
        node->is_parenthesized = true;
    } else
        return read_error(p, p->at, p->at + 1, "a value is expected here");
    return node ? read_postfix(p, node) : NULL;
}
