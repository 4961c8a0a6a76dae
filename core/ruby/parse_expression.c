/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions by the strength of their operators, and assignments. */
#include "core/ruby/parse.h"

struct operator_row {
    const char *sign;
    uint8_t op, level;
};
/* Longer signs first. Levels: a higher one binds tighter. */
static const struct operator_row operators[] = {
    {"<=>", OP_COMPARE, 3},
    {"===", OP_CASE, 3},
    {"**", OP_POWER, 11},
    {"==", OP_EQUAL, 3},
    {"!=", OP_DIFFERS, 3},
    {"=~", OP_MATCH, 3},
    {"!~", OP_NO_MATCH, 3},
    {"&&", OP_LOGICAL_AND, 2},
    {"||", OP_LOGICAL_OR, 1},
    {"<<", OP_SHIFT_LEFT, 7},
    {">>", OP_SHIFT_RIGHT, 7},
    {"<=", OP_LESS_EQUAL, 4},
    {">=", OP_GREATER_EQUAL, 4},
    {"<", OP_LESS, 4},
    {">", OP_GREATER, 4},
    {"|", OP_OR, 5},
    {"^", OP_XOR, 5},
    {"&", OP_AND, 6},
    {"+", OP_ADD, 8},
    {"-", OP_SUBTRACT, 8},
    {"*", OP_MULTIPLY, 9},
    {"/", OP_DIVIDE, 9},
    {"%", OP_MODULO, 9},
};
enum { LEVEL_LOWEST = 1, LEVEL_UNARY = 10, LEVEL_POWER = 11 };

static const struct operator_row *operator_at(struct ruby_parser *p)
{
    skip_blanks(p);
    for (uint32_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const struct operator_row *row = &operators[i];
        size_t len = strlen(row->sign);
        if (!looking_at(p, row->sign)) continue;
        char next = peek_at(p, p->at + len);
        bool assigns = next == '=' && row->op != OP_EQUAL && row->level != 3 && row->level != 4;
        if (assigns && !(peek_at(p, p->at + len + 1) == '=' && row->level == 4)) return NULL;
        if (row->op == OP_AND && next == '.') return NULL; /* &. */
        return row;
    }
    return NULL;
}

static struct ruby_node *binary_new(struct ruby_parser *p, const struct operator_row *row,
                                    struct ruby_node *left, struct ruby_node *right)
{
    if (!right) return NULL;
    ruby_node_fn *run = do_binary;
    if (row->op == OP_LOGICAL_AND) run = do_and;
    if (row->op == OP_LOGICAL_OR) run = do_or;
    if (row->op == OP_SHIFT_LEFT) run = do_append;
    if (run == do_append && left->run == do_event_get) {
        read_error(p, left->start, p->at, "`<<` does not change the field: event.get gives a copy");
        return read_hint(p, "event.set the new value"), NULL;
    }
    struct ruby_node *node = node_new(p, run, left->start);
    node->left = left;
    node->right = right;
    node->op = row->op;
    return node;
}

/* `left`: the first operand, when it was read already. */
static struct ruby_node *read_binary(struct ruby_parser *p, uint8_t level, struct ruby_node *left)
{
    if (!left) left = read_unary(p);
    while (left) {
        const struct operator_row *row = operator_at(p);
        if (!row || row->level < level) break;
        size_t at = p->at;
        p->at += strlen(row->sign);
        skip_space(p);
        if (at_end(p)) return read_error(p, at, p->at, "`%s` has no right side", row->sign);
        struct ruby_node *right = NULL;
        if (row->level <= 2 && at_word(p, "not"))
            return read_error(p, p->at, p->at + 3, "use `!` here");
        if (row->op == OP_POWER)
            right = read_binary(p, row->level, NULL);
        else
            right = read_binary(p, (uint8_t)(row->level + 1), NULL);
        left = binary_new(p, row, left, right);
    }
    return left;
}

struct ruby_node *read_unary(struct ruby_parser *p)
{
    skip_blanks(p);
    size_t start = p->at;
    char c = peek(p), next = peek_at(p, p->at + 1);
    if (p->nest >= RUBY_NEST_MAX)
        return read_error(p, p->at, p->at + 1, "nested more than %d deep", RUBY_NEST_MAX);
    p->nest++;
    struct ruby_node *node = NULL, *inner;
    if (c == '!' && next != '~') {
        p->at++;
        inner = read_unary(p);
        node = inner ? node_new(p, do_not, start) : NULL;
        if (node) node->left = inner;
    } else if (c == '-' && next != '>' && !is_digit(next)) {
        p->at++;
        inner = read_binary(p, LEVEL_POWER, NULL);
        node = inner ? node_new(p, do_negate, start) : NULL;
        if (node) node->left = inner;
    } else if (c == '+' && next != '=') {
        p->at++;
        node = read_unary(p);
    } else if (c == '~') {
        p->at++;
        inner = read_unary(p);
        node = inner ? node_new(p, do_complement, start) : NULL;
        if (node) node->left = inner;
    } else {
        node = read_primary(p);
    }
    p->nest--;
    return node;
}

static struct ruby_node *read_range(struct ruby_parser *p, struct ruby_node *first)
{
    struct ruby_node *from = read_binary(p, LEVEL_LOWEST, first);
    if (!from) return NULL;
    skip_blanks(p);
    if (!looking_at(p, "..")) return from;
    bool is_open = take_sign(p, "...");
    if (!is_open) take_sign(p, "..");
    skip_blanks(p);
    struct ruby_node *node = node_new(p, do_range, from->start);
    node->left = from;
    node->slot = is_open;
    char c = peek(p);
    bool has_end = !at_end(p) && !strchr(")]\n;,}", c) && !at_word(p, "then");
    if (has_end && !(node->right = read_binary(p, LEVEL_LOWEST, NULL))) return NULL;
    return node_done(p, node);
}

static struct ruby_node *read_choice(struct ruby_parser *p, struct ruby_node *first)
{
    struct ruby_node *condition = read_range(p, first);
    if (!condition) return NULL;
    skip_blanks(p);
    size_t here = p->at;
    skip_space(p);
    if (peek(p) != '?') p->at = here;
    if (!take_sign(p, "?")) return condition;
    skip_space(p);
    struct ruby_node *yes = read_expression(p);
    if (!yes || !want_sign(p, ":")) return NULL;
    skip_space(p);
    struct ruby_node *no = read_expression(p);
    if (!no) return NULL;
    struct ruby_node *node = node_new(p, do_if, condition->start);
    node->left = condition;
    node->right = yes;
    node->third = no;
    return node;
}

struct ruby_node *read_ternary(struct ruby_parser *p) { return read_choice(p, NULL); }

/* ---- assignments ---- */

/* `||=`, `&&=`, `+=` … at the text; the sign's length, 0: none. */
static size_t op_assign_at(struct ruby_parser *p, enum ruby_op *op)
{
    for (uint32_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t len = strlen(operators[i].sign);
        bool can = operators[i].level != 3 && operators[i].level != 4;
        if (!can || !looking_at(p, operators[i].sign) || peek_at(p, p->at + len) != '=') continue;
        if (peek_at(p, p->at + len + 1) == '=' || peek_at(p, p->at + len + 1) == '~') continue;
        *op = operators[i].op;
        return len + 1;
    }
    return 0;
}

static struct ruby_node *read_right_side(struct ruby_parser *p, bool is_statement)
{
    skip_space(p);
    size_t start = p->at;
    struct ruby_node *value = read_expression(p);
    if (!value) return NULL;
    skip_blanks(p);
    if (peek(p) == ',' && is_statement) { /* a list without brackets */
        struct node_list list = {0};
        node_add(p, &list, value);
        while (take_sign(p, ",")) {
            skip_space(p);
            struct ruby_node *item = read_ternary(p);
            if (!item) return NULL;
            node_add(p, &list, item);
            skip_blanks(p);
        }
        struct ruby_node *node = node_new(p, do_list, start);
        node->items = list.items;
        node->count = list.count;
        value = node;
    }
    if (take_word(p, "rescue")) {
        skip_blanks(p);
        struct ruby_node *node = node_new(p, do_rescue_inline, start);
        node->left = value;
        if (!(node->right = read_expression(p))) return NULL;
        value = node;
    }
    return value;
}

static void state_written(struct ruby_parser *p, const struct ruby_node *target)
{
    struct ruby *ruby = p->ruby;
    if (p->part != RUBY_CODE || ruby->write_end) return;
    ruby->write_start = target->start;
    ruby->write_end = target->end;
}

/* A node that stores `value` (NULL: the value is given when it runs) in the target. */
static struct ruby_node *assign_new(struct ruby_parser *p, struct ruby_node *target,
                                    struct ruby_node *value)
{
    struct ruby_node *node = node_new(p, do_assign_local, target->start);
    node->left = value;
    node->slot = target->slot;
    node->third = target;
    if (target->run == do_local) return node;
    if (target->run == do_state) {
        state_written(p, target);
        node->run = do_assign_state;
        node->name = target->name;
        return node;
    }
    if (target->run == do_call_index) {
        if (target->left->run == do_state) state_written(p, target->left);
        if (target->left->run == do_local && str_eq(target->left->name, STR("event"))) {
            read_error(p, target->start, target->end, "event['field'] is gone since Logstash 5");
            return read_hint(p, "event.set(name, value)"), NULL;
        }
        node->run = do_assign_index;
        return node;
    }
    if (target->run == do_attribute) {
        node->run = do_assign_attribute;
        return node;
    }
    return read_error(p, target->start, target->end, "this cannot be assigned to");
}

/* A bare name that is no variable yet becomes one. */
static bool target_ready(struct ruby_parser *p, struct ruby_node *target)
{
    bool is_bare = target->run == do_call && !target->left && !target->count &&
                   !target->is_parenthesized && !target->block && target->name.len;
    if (!is_bare) return true;
    char first = target->name.ptr[0], last = target->name.ptr[target->name.len - 1];
    if (last == '?' || last == '!' || is_keyword(target->name)) return true;
    target->run = do_local;
    if (is_upper(first)) {
        target->run = do_state;
        return state_slot(p, target->name, &target->slot);
    }
    return variable_make(p, target->name, &target->slot);
}

static struct ruby_node *read_assignment(struct ruby_parser *p, struct ruby_node *target,
                                         bool is_statement)
{
    skip_blanks(p);
    char next = peek_at(p, p->at + 1);
    enum ruby_op op;
    size_t len;
    if (peek(p) == '=' && next != '=' && next != '~' && next != '>') {
        p->at++;
        if (!target_ready(p, target)) return NULL;
        struct ruby_node *value = read_right_side(p, is_statement);
        return value ? node_done(p, assign_new(p, target, value)) : NULL;
    }
    if (!(len = op_assign_at(p, &op))) return target;
    if (!target_ready(p, target)) return NULL;
    p->at += len;
    struct ruby_node *node = node_new(p, do_op_assign, target->start);
    node->op = (uint8_t)op;
    node->left = target;
    node->right = read_right_side(p, is_statement);
    node->third = node->right ? assign_new(p, target, NULL) : NULL;
    return node->third ? node_done(p, node) : NULL;
}

/* Do names and commas stand here up to a `=` on this line? */
static bool at_many(const struct ruby_parser *p)
{
    bool has_comma = false;
    int depth = 0;
    if (is_keyword(name_at(p, p->at))) return false;
    for (size_t at = p->at; at < p->text.len; at++) {
        char c = p->text.ptr[at], next = peek_at(p, at + 1);
        if (c == '=' && !depth)
            return (has_comma || peek(p) == '*') && next != '=' && next != '~' && next != '>';
        if (c == ',' && !depth) has_comma = true;
        depth += (c == '(' || c == '[') - (c == ')' || c == ']');
        if (depth < 0 || (!is_name(c) && !strchr("@, .*[]'\"()-", c))) return false;
    }
    return false;
}

static struct ruby_node *read_many(struct ruby_parser *p)
{
    size_t start = p->at;
    struct node_list targets = {0};
    uint32_t rest = UINT32_MAX;
    do {
        skip_blanks(p);
        if (peek(p) == '=' && targets.count) break; /* `a, = list` */
        if (take_sign(p, "*")) {
            if (rest != UINT32_MAX)
                return read_error(p, p->at - 1, p->at, "a second `*` takes nothing");
            rest = targets.count;
        }
        struct ruby_node *target = read_primary(p);
        if (!target || !target_ready(p, target) || !(target = assign_new(p, target, NULL)))
            return NULL;
        node_add(p, &targets, target);
        skip_blanks(p);
    } while (take_sign(p, ","));
    if (!want_sign(p, "=")) return NULL;
    struct ruby_node *node = node_new(p, do_assign_many, start);
    if (!(node->left = read_right_side(p, true))) return NULL;
    node->items = targets.items;
    node->count = targets.count;
    node->slot = rest;
    return node_done(p, node);
}

/* Can this be assigned to? */
static bool is_target(const struct ruby_node *node)
{
    return node->run == do_local || node->run == do_state || node->run == do_call_index ||
           node->run == do_attribute || (node->run == do_call && !node->left && !node->count);
}

struct ruby_node *read_expression(struct ruby_parser *p)
{
    skip_blanks(p);
    bool is_statement = p->statement_at == p->at + 1;
    p->statement_at = 0;
    char c = peek(p);
    if (is_statement && (is_letter(c) || c == '@' || c == '*') && at_many(p)) return read_many(p);
    if (!is_letter(c) && c != '@') return read_ternary(p);
    if (p->nest >= RUBY_NEST_MAX)
        return read_error(p, p->at, p->at + 1, "nested more than %d deep", RUBY_NEST_MAX);
    p->nest++;
    struct ruby_node *first = read_primary(p), *assigned = first;
    if (first && is_target(first)) assigned = read_assignment(p, first, is_statement);
    p->nest--;
    if (!first || assigned != first) return assigned;
    return read_choice(p, first);
}
