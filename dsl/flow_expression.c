/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions before there is an event: what they read, what their value can be, and what can never
 * be computed from what the fields are here. */
#include "dsl/flow_parts.h"
#include "dsl/expression.h"
#include "dsl/functions.h"

static struct worth worth_of(struct flow *flow, const struct expression *node, bool is_test);

/* Nothing of what is wanted, but something else: not a field that is missing, of which enough is said. */
static bool is_unfit(unsigned types, unsigned wanted)
{
    return !(types & wanted) && types & ~(unsigned)TYPE_MISSING;
}

static struct worth worth_of_field(struct flow *flow, const struct expression *field, bool is_test)
{
    unsigned types = flow_read(flow, field, is_test);
    return (struct worth){types, types & TYPE_MISSING && !is_test};
}

static struct worth worth_of_path(struct flow *flow, const struct expression *node, bool is_test)
{
    struct path prefix;
    for (uint32_t i = 0; i < node->count; i++)
        if (node->items[i]->is_grouped) worth_of(flow, node->items[i], false);
    if (!flow_prefix(flow, node, &prefix)) {
        fields_mark_read(&flow->fields);
    } else if (fields_read_if_set(&flow->fields, &prefix) == TYPE_MISSING && !is_test) {
        flow->said++;
        fields_say_unset(&flow->fields, node->items[0]->place, &prefix);
    }
    return (struct worth){TYPE_FIELD, true};
}

static unsigned type_of_constant(const struct config_value *value)
{
    if (value->kind != CONFIG_NUMBER) return TYPE_STRING;
    return str_find(value->text, STR(".")) < 0 ? TYPE_INTEGER : TYPE_FLOAT;
}

static struct worth worth_of_sum(struct flow *flow, const struct expression *node, struct worth left,
                                 struct worth right, const struct operator_types *rule)
{
    bool is_decided = left.types & rule->left && right.types & rule->right;
    if (is_decided && !rule->result) {
        bool is_left = left.types & TYPE_STRING;
        const struct expression *operand = is_left ? node->left : node->right;
        unsigned other = is_left ? right.types : left.types;
        flow_say_operand(flow, operand, is_left ? left.types : right.types, other, rule->sign);
    }
    return (struct worth){rule->result ? rule->result : (unsigned)TYPE_ANY, true};
}

static struct worth worth_of_operator(struct flow *flow, const struct expression *node)
{
    struct operator_types rule;
    bool is_test = node->kind == EXPRESSION_AND || node->kind == EXPRESSION_OR || node->kind == EXPRESSION_NOT;
    /* `[a] == null` asks whether there is a value */
    is_test |= node->left->kind == EXPRESSION_NULL || (node->right && node->right->kind == EXPRESSION_NULL);
    struct worth left = worth_of(flow, node->left, is_test), right = {0};
    if (node->right) right = worth_of(flow, node->right, is_test);
    bool is_operator = operator_types(node->kind, left.types, right.types, &rule);
    assert(is_operator);
    (void)is_operator;
    if (is_unfit(left.types, rule.left)) flow_say_operand(flow, node->left, left.types, rule.left, rule.sign);
    else if (node->right && is_unfit(right.types, rule.right))
        flow_say_operand(flow, node->right, right.types, rule.right, rule.sign);
    else if (node->kind == EXPRESSION_ADD || node->kind == EXPRESSION_SUBTRACT)
        return worth_of_sum(flow, node, left, right, &rule);
    return (struct worth){rule.result, rule.can_fail || left.can_fail || right.can_fail};
}

static struct worth worth_of_match(struct flow *flow, const struct expression *node)
{
    struct worth left = worth_of(flow, node->left, false);
    if (is_unfit(left.types, TYPE_STRING)) flow_say_operand(flow, node->left, left.types, TYPE_STRING, "=~");
    return (struct worth){TYPE_BOOLEAN, true};
}

/* `a ?? b`: whatever is wrong with `a` is what it is there for. */
static struct worth worth_of_default(struct flow *flow, const struct expression *node)
{
    flow->fields.quiet++;
    struct worth left = worth_of(flow, node->left, true);
    flow->fields.quiet--;
    struct worth right = worth_of(flow, node->right, false);
    left.types &= ~(unsigned)(TYPE_MISSING | TYPE_NULL);
    return (struct worth){left.types | right.types, right.can_fail};
}

static struct worth worth_of_choice(struct flow *flow, const struct expression *node)
{
    struct worth condition = worth_of(flow, node->left, true);
    struct worth yes = worth_of(flow, node->items[0], false), no = worth_of(flow, node->items[1], false);
    return (struct worth){yes.types | no.types, condition.can_fail || yes.can_fail || no.can_fail};
}

static struct worth worth_of_items(struct flow *flow, const struct expression *node)
{
    struct worth all = {node->kind == EXPRESSION_OBJECT ? TYPE_OBJECT : TYPE_ARRAY, false};
    for (uint32_t i = 0; i < node->count; i++) all.can_fail |= worth_of(flow, node->items[i], false).can_fail;
    return all;
}

static struct worth worth_of_call(struct flow *flow, const struct expression *node)
{
    const struct function *function = function_find(node->text);
    assert(function); /* it was compiled before */
    struct worth result = {function->result, function->can_fail};
    for (uint32_t i = 0; i < node->count; i++) {
        const struct parameter *parameter = &function->parameters[i];
        if (node->items[i]->kind == EXPRESSION_REGEX) continue;
        struct worth item = worth_of(flow, node->items[i], parameter->types & TYPE_MISSING);
        if (item.can_fail || item.types & ~parameter->types) result.can_fail = true;
        if (!is_unfit(item.types, parameter->types)) continue;
        struct str who = arena_printf(&flow->arena, "%s()", function->name);
        flow_say_operand(flow, node->items[i], item.types, parameter->types, who.ptr);
    }
    return result;
}

static struct worth worth_of(struct flow *flow, const struct expression *node, bool is_test)
{
    switch (node->kind) {
    case EXPRESSION_FIELD: return worth_of_field(flow, node, is_test);
    case EXPRESSION_PATH: return worth_of_path(flow, node, is_test);
    case EXPRESSION_NAME: return (struct worth){node->binding->types, node->binding->types & TYPE_MISSING};
    case EXPRESSION_CONSTANT: return (struct worth){type_of_constant(&node->value), false};
    case EXPRESSION_TRUE:
    case EXPRESSION_FALSE: return (struct worth){TYPE_BOOLEAN, false};
    case EXPRESSION_NULL: return (struct worth){TYPE_NULL, false};
    case EXPRESSION_MATCH:
    case EXPRESSION_NOT_MATCH: return worth_of_match(flow, node);
    case EXPRESSION_DEFAULT: return worth_of_default(flow, node);
    case EXPRESSION_CONDITIONAL: return worth_of_choice(flow, node);
    case EXPRESSION_ARRAY:
    case EXPRESSION_OBJECT: return worth_of_items(flow, node);
    case EXPRESSION_CALL: return worth_of_call(flow, node);
    case EXPRESSION_LEVEL:
    case EXPRESSION_LEVEL_NAME:
    case EXPRESSION_REGEX: return (struct worth){TYPE_ANY, false};
    default: return worth_of_operator(flow, node);
    }
}

struct worth flow_worth(struct flow *flow, const struct expression *expression, bool is_test)
{
    return worth_of(flow, expression, is_test);
}
