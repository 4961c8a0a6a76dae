/* SPDX-License-Identifier: Apache-2.0 */
/* The tree as a user would have written it, with parentheses wherever one may ask what belongs
 * together: `explain` shows with it what a condition was understood as. */
#include "dsl/ast.h"

/* How tightly an operator holds its sides; what has no row holds tightest. */
enum { RANK_CHOICE, RANK_OR, RANK_AND, RANK_COMPARISON, RANK_DEFAULT, RANK_SUM, RANK_PRODUCT, RANK_SIGN,
       RANK_WHOLE };

struct form {
    const char *sign; /* NULL: not between two sides */
    int rank;
};

static struct form form_of(enum expression_kind kind)
{
    static const struct form forms[] = {
        [EXPRESSION_AND] = {"and", RANK_AND}, [EXPRESSION_OR] = {"or", RANK_OR},
        [EXPRESSION_XOR] = {"xor", RANK_OR}, [EXPRESSION_NAND] = {"nand", RANK_OR},
        [EXPRESSION_EQ] = {"==", RANK_COMPARISON}, [EXPRESSION_NE] = {"!=", RANK_COMPARISON},
        [EXPRESSION_LT] = {"<", RANK_COMPARISON}, [EXPRESSION_LE] = {"<=", RANK_COMPARISON},
        [EXPRESSION_GT] = {">", RANK_COMPARISON}, [EXPRESSION_GE] = {">=", RANK_COMPARISON},
        [EXPRESSION_IN] = {"in", RANK_COMPARISON}, [EXPRESSION_NOT_IN] = {"not in", RANK_COMPARISON},
        [EXPRESSION_MATCH] = {"=~", RANK_COMPARISON}, [EXPRESSION_NOT_MATCH] = {"!~", RANK_COMPARISON},
        [EXPRESSION_DEFAULT] = {"??", RANK_DEFAULT},
        [EXPRESSION_ADD] = {"+", RANK_SUM}, [EXPRESSION_SUBTRACT] = {"-", RANK_SUM},
        [EXPRESSION_MULTIPLY] = {"*", RANK_PRODUCT}, [EXPRESSION_DIVIDE] = {"/", RANK_PRODUCT},
        [EXPRESSION_REMAINDER] = {"%", RANK_PRODUCT},
    };
    if (kind == EXPRESSION_CONDITIONAL) return (struct form){NULL, RANK_CHOICE};
    if (kind == EXPRESSION_NOT || kind == EXPRESSION_NEGATE) return (struct form){NULL, RANK_SIGN};
    bool is_between = (size_t)kind < sizeof forms / sizeof *forms && forms[kind].sign;
    return is_between ? forms[kind] : (struct form){NULL, RANK_WHOLE};
}

static void part_text(const struct expression *part, bool is_grouped, struct buf *out)
{
    if (is_grouped) buf_append_char(out, '(');
    expression_text(part, out);
    if (is_grouped) buf_append_char(out, ')');
}

/* Needs a side of an operator parentheses? `is_near`: the side from which equal operators are grouped. */
static bool is_group(const struct expression *node, const struct expression *side, bool is_near)
{
    int outer = form_of(node->kind).rank, inner = form_of(side->kind).rank;
    /* `and` within `or`, a sum beside `??` */
    bool is_asked = (inner <= RANK_AND && outer <= RANK_AND) || (outer == RANK_DEFAULT && inner < RANK_SIGN);
    if (inner != outer) return is_asked || inner < outer;
    return !is_near || side->kind != node->kind;
}

static void sides_text(const struct expression *node, struct buf *out)
{
    bool is_from_left = node->kind != EXPRESSION_DEFAULT;
    part_text(node->left, is_group(node, node->left, is_from_left), out);
    buf_printf(out, " %s ", form_of(node->kind).sign);
    part_text(node->right, is_group(node, node->right, !is_from_left), out);
}

static void items_text(const struct expression *node, const char *open, const char *close, struct buf *out)
{
    buf_append_z(out, open);
    for (uint32_t i = 0; i < node->count; i++) {
        if (i) buf_append_z(out, ", ");
        if (node->keys) {
            config_value_print(&(struct config_value){.kind = CONFIG_STRING, .text = node->keys[i]}, out);
            buf_append_z(out, " => ");
        }
        expression_text(node->items[i], out);
    }
    buf_append_z(out, close);
}

/* `/…/`, slashes within it with their backslash. */
static void regex_text(struct str text, struct buf *out)
{
    buf_append_char(out, '/');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '/') buf_append_char(out, '\\');
        buf_append_char(out, text.ptr[i]);
    }
    buf_append_char(out, '/');
}

/* `[a][(b)]`. */
static void path_text(const struct expression *path, struct buf *out)
{
    for (uint32_t i = 0; i < path->count; i++) {
        bool is_computed = path->items[i]->is_grouped;
        if (is_computed) buf_append_z(out, "[(");
        expression_text(path->items[i], out);
        if (is_computed) buf_append_z(out, ")]");
    }
}

static void choice_text(const struct expression *node, struct buf *out)
{
    part_text(node->left, node->left->kind == EXPRESSION_CONDITIONAL, out);
    buf_append_z(out, " ? ");
    part_text(node->items[0], node->items[0]->kind == EXPRESSION_CONDITIONAL, out);
    buf_append_z(out, " : ");
    expression_text(node->items[1], out);
}

void expression_text(const struct expression *node, struct buf *out)
{
    switch (node->kind) {
    case EXPRESSION_NOT:
    case EXPRESSION_NEGATE:
        buf_append_char(out, node->kind == EXPRESSION_NOT ? '!' : '-');
        part_text(node->left, form_of(node->left->kind).rank < RANK_WHOLE, out);
        return;
    case EXPRESSION_CONDITIONAL: choice_text(node, out); return;
    case EXPRESSION_PATH: path_text(node, out); return;
    case EXPRESSION_REGEX: regex_text(node->text, out); return;
    case EXPRESSION_INDEX:
        part_text(node->left, form_of(node->left->kind).rank < RANK_WHOLE, out);
        buf_append_char(out, '[');
        expression_text(node->right, out);
        buf_append_char(out, ']');
        return;
    case EXPRESSION_ARRAY: items_text(node, "[", "]", out); return;
    case EXPRESSION_OBJECT: items_text(node, node->count ? "{ " : "{", node->count ? " }" : "}", out); return;
    case EXPRESSION_CALL:
        buf_append(out, node->text);
        items_text(node, "(", ")", out);
        return;
    default: break;
    }
    if (form_of(node->kind).sign) sides_text(node, out);
    else expression_print(node, out);
}

static void assignment_text(const struct assignment *assignment, struct buf *out)
{
    if (!assignment->value) buf_append_z(out, "remove ");
    for (uint32_t i = 0; i < assignment->count; i++) {
        const struct target *target = &assignment->targets[i];
        if (i) buf_append_z(out, ", ");
        if (target->computed) expression_text(target->computed, out);
        else buf_append(out, target->text);
    }
    if (!assignment->value) return;
    buf_append_z(out, " = ");
    expression_text(assignment->value, out);
}

void statement_text(const struct statement *statement, struct buf *out)
{
    const struct for_loop *loop;
    switch (statement->kind) {
    case STATEMENT_ASSIGNMENT: assignment_text(statement->assignment, out); return;
    case STATEMENT_LET:
        buf_printf(out, "let %.*s = ", STR_ARG(statement->let->binding->name));
        expression_text(statement->let->value, out);
        return;
    case STATEMENT_FOR:
        loop = statement->loop;
        buf_append_z(out, "for ");
        if (loop->key) buf_printf(out, "%.*s, ", STR_ARG(loop->key->name));
        buf_printf(out, "%.*s in ", STR_ARG(loop->item->name));
        expression_text(loop->list, out);
        return;
    default: statement_print(statement, out);
    }
}
