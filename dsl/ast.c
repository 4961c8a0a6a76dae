/* SPDX-License-Identifier: Apache-2.0 */
/* The tree in its normal form, for tests. */
#include "dsl/ast.h"

static void print_text(struct str text, struct buf *out)
{
    buf_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\') buf_printf(out, "\\%c", c);
        else if (c == '\n') buf_append_z(out, "\\n");
        else if (c == '\t') buf_append_z(out, "\\t");
        else if (c == '\r') buf_append_z(out, "\\r");
        else if ((unsigned char)c < 0x20) buf_printf(out, "\\u%04x", (unsigned)c);
        else buf_append_char(out, c);
    }
    buf_append_char(out, '"');
}

static void print_number(struct str text, struct buf *out)
{
    int64_t integer;
    double real;
    enum number_form form = config_number(text, &integer, &real);
    if (form == NUMBER_INT) buf_append_int(out, integer);
    else buf_append(out, text);
}

static void print_settings(const struct setting *settings, uint32_t count, struct buf *out)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i) buf_append_z(out, ", ");
        print_text(settings[i].key, out);
        buf_append_z(out, "=>");
        config_value_print(&settings[i].value, out);
    }
}

void config_value_print(const struct config_value *value, struct buf *out)
{
    switch (value->kind) {
    case CONFIG_STRING:
    case CONFIG_BAREWORD: print_text(value->text, out); return;
    case CONFIG_NUMBER: print_number(value->text, out); return;
    case CONFIG_PLUGIN:
        buf_printf(out, "%.*s{", STR_ARG(value->text));
        print_settings(value->settings, value->count, out);
        buf_append_char(out, '}');
        return;
    case CONFIG_ARRAY:
    case CONFIG_HASH: break;
    }
    bool is_hash = value->kind == CONFIG_HASH;
    buf_append_char(out, is_hash ? '{' : '[');
    for (uint32_t i = 0; i < value->count; i++) {
        if (i) buf_append_z(out, ", ");
        if (is_hash) config_value_print(&value->keys[i], out), buf_append_z(out, "=>");
        config_value_print(&value->items[i], out);
    }
    buf_append_char(out, is_hash ? '}' : ']');
}

/* ---- conditions ---- */

static const char *operator_name(enum expression_kind kind)
{
    static const char *const names[] = {
        [EXPRESSION_AND] = "and", [EXPRESSION_OR] = "or", [EXPRESSION_XOR] = "xor",
        [EXPRESSION_NAND] = "nand", [EXPRESSION_NOT] = "!", [EXPRESSION_EQ] = "==",
        [EXPRESSION_NE] = "!=", [EXPRESSION_LT] = "<", [EXPRESSION_LE] = "<=",
        [EXPRESSION_GT] = ">", [EXPRESSION_GE] = ">=", [EXPRESSION_IN] = "in",
        [EXPRESSION_NOT_IN] = "not in", [EXPRESSION_MATCH] = "=~", [EXPRESSION_NOT_MATCH] = "!~",
        [EXPRESSION_ADD] = "+", [EXPRESSION_SUBTRACT] = "-", [EXPRESSION_MULTIPLY] = "*",
        [EXPRESSION_DIVIDE] = "/", [EXPRESSION_REMAINDER] = "%", [EXPRESSION_DEFAULT] = "??",
        [EXPRESSION_NEGATE] = "-", [EXPRESSION_CONDITIONAL] = "?", [EXPRESSION_INDEX] = "at",
    };
    assert(kind < sizeof names / sizeof *names && names[kind]);
    return names[kind];
}

static void print_operator(const struct expression *expression, struct buf *out)
{
    if (expression->kind == EXPRESSION_CALL) buf_printf(out, "(%.*s", STR_ARG(expression->text));
    else buf_printf(out, "(%s", operator_name(expression->kind));
    if (expression->left) buf_append_char(out, ' '), expression_print(expression->left, out);
    if (expression->right) buf_append_char(out, ' '), expression_print(expression->right, out);
    for (uint32_t i = 0; i < expression->count; i++)
        buf_append_char(out, ' '), expression_print(expression->items[i], out);
    buf_append_char(out, ')');
}

static void print_path(const struct expression *path, struct buf *out)
{
    for (uint32_t i = 0; i < path->count; i++) {
        bool is_computed = path->items[i]->is_grouped;
        if (is_computed) buf_append_z(out, "[(");
        expression_print(path->items[i], out);
        if (is_computed) buf_append_z(out, ")]");
    }
}

static void print_container(const struct expression *expression, struct buf *out)
{
    bool is_object = expression->kind == EXPRESSION_OBJECT;
    buf_append_char(out, is_object ? '{' : '[');
    for (uint32_t i = 0; i < expression->count; i++) {
        if (i) buf_append_z(out, ", ");
        if (is_object) print_text(expression->keys[i], out), buf_append_z(out, "=>");
        expression_print(expression->items[i], out);
    }
    buf_append_char(out, is_object ? '}' : ']');
}

void expression_print(const struct expression *expression, struct buf *out)
{
    switch (expression->kind) {
    case EXPRESSION_FIELD:
    case EXPRESSION_LEVEL_NAME: buf_append(out, expression->text); return;
    case EXPRESSION_NAME: buf_append(out, expression->binding->name); return;
    case EXPRESSION_CONSTANT: config_value_print(&expression->value, out); return;
    case EXPRESSION_REGEX: buf_printf(out, "/%.*s/", STR_ARG(expression->text)); return;
    case EXPRESSION_LEVEL:
        buf_append_z(out, "level");
        if (expression->left) buf_printf(out, "(%.*s)", STR_ARG(expression->left->text));
        return;
    case EXPRESSION_TRUE: buf_append_z(out, "true"); return;
    case EXPRESSION_FALSE: buf_append_z(out, "false"); return;
    case EXPRESSION_NULL: buf_append_z(out, "null"); return;
    case EXPRESSION_ARRAY:
    case EXPRESSION_OBJECT: print_container(expression, out); return;
    case EXPRESSION_PATH: print_path(expression, out); return;
    default: print_operator(expression, out);
    }
}

/* ---- statements ---- */

struct place statement_place(const struct statement *statement)
{
    switch (statement->kind) {
    case STATEMENT_PLUGIN: return statement->plugin->name_place;
    case STATEMENT_BRANCH: return statement->branch->arms[0].place;
    case STATEMENT_ASSIGNMENT: return statement->assignment->place;
    case STATEMENT_LET: return statement->let->place;
    case STATEMENT_FOR: return statement->loop->place;
    case STATEMENT_BREAK:
    case STATEMENT_CONTINUE: break;
    }
    return statement->jump;
}

static void print_assignment(const struct assignment *assignment, struct buf *out)
{
    if (!assignment->value) buf_append_z(out, "remove ");
    for (uint32_t i = 0; i < assignment->count; i++) {
        const struct target *target = &assignment->targets[i];
        if (i) buf_append_z(out, ", ");
        if (target->computed) expression_print(target->computed, out);
        else buf_append(out, target->text);
    }
    if (!assignment->value) return;
    buf_append_z(out, " = ");
    expression_print(assignment->value, out);
}

static void print_loop_head(const struct for_loop *loop, struct buf *out)
{
    buf_append_z(out, "for ");
    if (loop->key) buf_printf(out, "%.*s, ", STR_ARG(loop->key->name));
    buf_printf(out, "%.*s in ", STR_ARG(loop->item->name));
    expression_print(loop->list, out);
}

void statement_print(const struct statement *statement, struct buf *out)
{
    switch (statement->kind) {
    case STATEMENT_ASSIGNMENT: print_assignment(statement->assignment, out); return;
    case STATEMENT_LET:
        buf_printf(out, "let %.*s = ", STR_ARG(statement->let->binding->name));
        expression_print(statement->let->value, out);
        return;
    case STATEMENT_FOR: print_loop_head(statement->loop, out); return;
    case STATEMENT_BREAK: buf_append_z(out, "break"); return;
    case STATEMENT_CONTINUE: buf_append_z(out, "continue"); return;
    case STATEMENT_PLUGIN:
    case STATEMENT_BRANCH: break;
    }
    assert(false && "plugins and branches are printed with their section");
}

static void print_list(const struct statements *list, enum section_kind section, bool is_top,
                       struct buf *out);

static void print_plugin(const struct plugin_block *plugin, enum section_kind section,
                         struct buf *out)
{
    buf_printf(out, "%s-%.*s{", section_name(section), STR_ARG(plugin->name));
    print_settings(plugin->settings, plugin->setting_count, out);
    buf_append_char(out, '}');
}

/* A condition that is one field prints as Logstash's own tree does. */
static void print_condition(const struct expression *condition, struct buf *out)
{
    if (condition->kind == EXPRESSION_FIELD)
        buf_printf(out, "(event.get('%.*s'))", STR_ARG(condition->text));
    else
        expression_print(condition, out);
}

/* `else if` is an `if` in the place of the `else`. */
static void print_arms(const struct branch *branch, uint32_t at, enum section_kind section,
                       struct buf *out)
{
    uint32_t open = 0;
    for (; at < branch->count && branch->arms[at].condition; at++, open++) {
        buf_append_z(out, "(if ");
        print_condition(branch->arms[at].condition, out);
        buf_append_char(out, ' ');
        print_list(&branch->arms[at].block, section, false, out);
        if (branch->arms[at].block.count < 2) buf_append_char(out, ' ');
    }
    if (at < branch->count) print_list(&branch->arms[at].block, section, false, out);
    else buf_append_z(out, "(Noop)");
    while (open--) buf_append_char(out, ')');
}

static void print_statement(const struct statement *statement, enum section_kind section, struct buf *out)
{
    switch (statement->kind) {
    case STATEMENT_PLUGIN: print_plugin(statement->plugin, section, out); return;
    case STATEMENT_BRANCH: print_arms(statement->branch, 0, section, out); return;
    case STATEMENT_FOR:
        buf_append_char(out, '(');
        statement_print(statement, out);
        buf_append_char(out, ' ');
        print_list(&statement->loop->body, section, false, out);
        buf_append_char(out, ')');
        return;
    default: statement_print(statement, out);
    }
}

static void print_list(const struct statements *list, enum section_kind section, bool is_top,
                       struct buf *out)
{
    if (list->count == 0) buf_append_z(out, "(Noop)");
    if (list->count > 1)
        buf_append_z(out, section == SECTION_FILTER || !is_top ? "(do-sequence " : "(composed-parallel ");
    for (uint32_t i = 0; i < list->count; i++) {
        print_statement(&list->items[i], section, out);
        if (list->count > 1) buf_append_char(out, ' ');
    }
}

void ast_print(const struct config *config, struct buf *out)
{
    for (int section = 0; section < SECTION_KINDS; section++) {
        const struct statements *list = &config->sections[section];
        /* One blank before a list, two before anything else: the reference's form. */
        buf_printf(out, "%s%s:%s", section ? " | " : "", section_name((enum section_kind)section),
                   list->count > 1 ? " " : "  ");
        print_list(list, (enum section_kind)section, true, out);
    }
    for (uint32_t i = 0; i < config->test_count; i++) {
        buf_append_z(out, " | test ");
        print_text(config->tests[i].name, out);
        buf_append_char(out, '{');
        print_settings(config->tests[i].settings, config->tests[i].setting_count, out);
        buf_append_char(out, '}');
    }
}
