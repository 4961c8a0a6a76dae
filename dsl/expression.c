/* SPDX-License-Identifier: Apache-2.0 */
/* Tree to nodes. Types are sets: a field may be anything, a literal is one thing. What can never fit is
 * an error at start; what may not fit is looked at for each event. */
#include "dsl/expression.h"
#include <stdlib.h>
#include "dsl/compare.h"
#include "dsl/computed_path.h"
#include "dsl/functions.h"

/* ---- types ---- */

bool check_type(struct compilation *compilation, const struct node *node, unsigned wanted, const char *who)
{
    if (node->types & wanted) return true;
    struct str takes = type_names(wanted, compilation->arena);
    struct str given = type_names(node->types, compilation->arena);
    struct message *message = diag_error(compilation->diag, node->source->place, "%s takes %.*s", who,
                                         STR_ARG(takes));
    diag_hint(compilation->diag, message, "this is %.*s", STR_ARG(given));
    return false;
}

/* ---- nodes ---- */

static struct node *compile_node(struct compilation *compilation, const struct expression *source);

static struct node *node_new(struct compilation *compilation, const struct expression *source,
                             node_run *run, unsigned types)
{
    struct node *node = arena_zalloc(compilation->arena, sizeof *node);
    node->run = run;
    node->types = types;
    node->source = source;
    return node;
}

static struct node *node_constant(struct compilation *compilation, const struct expression *source,
                                  struct value value)
{
    struct node *node = node_new(compilation, source, run_constant, type_of_value(&value));
    node->constant = value;
    node->is_constant = true;
    return node;
}

static struct value scalar_constant(const struct config_value *value)
{
    int64_t integer = 0;
    double real = 0;
    if (value->kind != CONFIG_NUMBER) return value_string(value->text);
    return config_number(value->text, &integer, &real) == NUMBER_DOUBLE ? value_double(real)
                                                                        : value_int(integer);
}

/* What has only constants in it is computed now; what fails is left to fail for each event. */
static struct node *fold(struct compilation *compilation, struct node *node)
{
    bool is_constant = (!node->left || node->left->is_constant) && (!node->right || node->right->is_constant);
    for (uint32_t i = 0; i < node->count && is_constant; i++)
        is_constant = node->items[i]->is_constant;
    if (node->function && node->function->is_impure) is_constant = false;
    struct run run = {.arena = compilation->arena};
    struct value value = is_constant ? node_eval(&run, node) : VALUE_NONE;
    if (value.kind == VALUE_FAILED || value.kind == VALUE_MISSING) return node;
    return node_constant(compilation, node->source, value);
}

static struct node *compile_field(struct compilation *compilation, const struct expression *source)
{
    struct node *node = node_new(compilation, source, run_field, TYPE_FIELD);
    if (path_compile(&node->path, source->text, compilation->arena)) return node;
    diag_error(compilation->diag, source->place, "a field reference has more than %d steps", PATH_STEPS_MAX);
    return NULL;
}

static struct node *compile_path(struct compilation *compilation, const struct expression *source)
{
    struct node *node = node_new(compilation, source, run_path, TYPE_FIELD);
    node->computed = computed_path_compile(compilation, source);
    node->can_fail = true;
    return node->computed ? node : NULL;
}

static struct node *compile_name(struct compilation *compilation, const struct expression *source)
{
    struct node *node = node_new(compilation, source, run_name, source->binding->types);
    node->slot = source->binding->slot;
    return node;
}

static struct regex *compile_regex(struct compilation *compilation, const struct expression *source)
{
    struct str pattern = source->kind == EXPRESSION_REGEX ? source->text : source->value.text;
    struct regex_problem problem;
    struct regex *regex = regex_compile(pattern, &(struct regex_options){0}, &problem);
    if (!regex) {
        struct place place = place_within(source->place, pattern, problem.offset, pattern.len);
        diag_hint(compilation->diag, diag_error(compilation->diag, place, "the regular expression is not valid"),
                  "%s", problem.text);
        return NULL;
    }
    struct owned_regex *owned = arena_alloc(compilation->arena, sizeof *owned);
    *owned = (struct owned_regex){regex, compilation->regexes};
    compilation->regexes = owned;
    return regex;
}

static struct node *compile_match(struct compilation *compilation, const struct expression *source)
{
    const struct expression *right = source->right;
    bool is_text = right->kind == EXPRESSION_CONSTANT && right->value.kind == CONFIG_STRING;
    if (right->kind != EXPRESSION_REGEX && !is_text) {
        diag_hint(compilation->diag, diag_error(compilation->diag, right->place,
                                                "expected a regular expression"),
                  "write /pattern/ or \"pattern\"");
        return NULL;
    }
    struct node *left = compile_node(compilation, source->left);
    if (!left || !check_type(compilation, left, TYPE_STRING, "=~")) return NULL;
    struct node *node = node_new(compilation, source,
                                 source->kind == EXPRESSION_MATCH ? run_match : run_not_match, TYPE_BOOLEAN);
    node->left = left;
    node->can_fail = left->can_fail;
    node->regex = compile_regex(compilation, right);
    return node->regex ? fold(compilation, node) : NULL;
}

/* ---- operators ---- */

struct operator_rule {
    enum expression_kind kind;
    const char *sign;
    node_run *run;
    unsigned left, right;  /* types */
    unsigned result;       /* 0: decided by the sides */
    unsigned accepted;
    bool can_fail;
};

enum { ORDERED = TYPE_NUMBER | TYPE_STRING | TYPE_TIME };

static const struct operator_rule rules[] = {
    {EXPRESSION_ADD, "+", run_add, ORDERED, TYPE_NUMBER | TYPE_STRING, 0, 0, true},
    {EXPRESSION_SUBTRACT, "-", run_subtract, TYPE_NUMBER | TYPE_TIME, TYPE_NUMBER | TYPE_TIME, 0, 0, true},
    {EXPRESSION_MULTIPLY, "*", run_multiply, TYPE_NUMBER, TYPE_NUMBER, TYPE_NUMBER, 0, true},
    {EXPRESSION_DIVIDE, "/", run_divide, TYPE_NUMBER, TYPE_NUMBER, TYPE_FLOAT, 0, true},
    {EXPRESSION_REMAINDER, "%", run_remainder, TYPE_NUMBER, TYPE_NUMBER, TYPE_NUMBER, 0, true},
    {EXPRESSION_NEGATE, "-", run_negate, TYPE_NUMBER, 0, TYPE_NUMBER, 0, true},
    {EXPRESSION_EQ, "==", run_same, TYPE_FIELD, TYPE_FIELD, TYPE_BOOLEAN, 0, false},
    {EXPRESSION_NE, "!=", run_differs, TYPE_FIELD, TYPE_FIELD, TYPE_BOOLEAN, 0, false},
    {EXPRESSION_LT, "<", run_order, ORDERED, ORDERED, TYPE_BOOLEAN, ORDER_LESS, true},
    {EXPRESSION_LE, "<=", run_order, ORDERED, ORDERED, TYPE_BOOLEAN, ORDER_LESS | ORDER_EQUAL, true},
    {EXPRESSION_GT, ">", run_order, ORDERED, ORDERED, TYPE_BOOLEAN, ORDER_GREATER, true},
    {EXPRESSION_GE, ">=", run_order, ORDERED, ORDERED, TYPE_BOOLEAN, ORDER_GREATER | ORDER_EQUAL, true},
    {EXPRESSION_IN, "in", run_in, TYPE_FIELD, TYPE_FIELD, TYPE_BOOLEAN, 0, false},
    {EXPRESSION_NOT_IN, "not in", run_not_in, TYPE_FIELD, TYPE_FIELD, TYPE_BOOLEAN, 0, false},
    {EXPRESSION_AND, "and", run_and, TYPE_FIELD, TYPE_FIELD, TYPE_BOOLEAN, 0, false},
    {EXPRESSION_OR, "or", run_or, TYPE_FIELD, TYPE_FIELD, TYPE_BOOLEAN, 0, false},
    {EXPRESSION_NOT, "!", run_not, TYPE_FIELD, 0, TYPE_BOOLEAN, 0, false},
    {EXPRESSION_INDEX, "an index", run_index, TYPE_ARRAY | TYPE_OBJECT, TYPE_INTEGER | TYPE_STRING, TYPE_FIELD, 0,
     true},
};

static const struct operator_rule *rule_of(enum expression_kind kind)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].kind == kind) return &rules[i];
    assert(false && "an operator without a rule");
    return NULL;
}

/* Of + and -: both numbers, both strings, a time and seconds, two times. 0: nothing fits. */
static unsigned sum_types(enum expression_kind kind, unsigned left, unsigned right)
{
    unsigned result = 0;
    if (left & TYPE_NUMBER && right & TYPE_NUMBER) result |= TYPE_NUMBER;
    if (left & TYPE_TIME && right & TYPE_NUMBER) result |= TYPE_TIME;
    if (kind == EXPRESSION_ADD) return result | (left & right & TYPE_STRING);
    return result | (left & right & TYPE_TIME ? (unsigned)TYPE_FLOAT : 0u);
}

bool operator_types(enum expression_kind kind, unsigned left, unsigned right, struct operator_types *out)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct operator_rule *rule = &rules[i];
        if (rule->kind != kind) continue;
        unsigned result = rule->result ? rule->result : sum_types(kind, left, right);
        *out = (struct operator_types){rule->sign, rule->left, rule->right, result, rule->can_fail};
        return true;
    }
    return false;
}

static unsigned result_of(const struct operator_rule *rule, const struct node *node)
{
    if (rule->result) return rule->result;
    return sum_types(rule->kind, node->left->types, node->right->types);
}

static void no_sum(struct compilation *compilation, const struct node *node, const char *sign)
{
    bool has_string = (node->left->types | node->right->types) & TYPE_STRING;
    struct message *message =
        diag_error(compilation->diag, node->source->operator_place, "%s cannot join %.*s and %.*s", sign,
                   STR_ARG(type_names(node->left->types, compilation->arena)),
                   STR_ARG(type_names(node->right->types, compilation->arena)));
    diag_hint(compilation->diag, message, "%s",
              has_string ? "use to_string() or to_integer()" : "two of a kind, or a time and seconds");
}

/* Integers and floats are alike to comparisons. */
static unsigned alike(unsigned types) { return types & TYPE_NUMBER ? types | TYPE_NUMBER : types; }

/* May one be the other, or an item or a part of it? As value_in_value() has it. */
static bool can_be_in(unsigned item, unsigned list)
{
    if (!(item & TYPE_SCALAR)) return false;
    return list & TYPE_ARRAY || alike(item) & list & TYPE_SCALAR;
}

/* False (said): whatever the event holds, the two sides decide it. */
static bool check_comparison(struct compilation *compilation, const struct node *node)
{
    unsigned left = node->left->types, right = node->right->types;
    bool is_open = true, is_order = false;
    switch (node->source->kind) {
    case EXPRESSION_EQ:
    case EXPRESSION_NE: is_open = alike(left) & right; break;
    case EXPRESSION_IN:
    case EXPRESSION_NOT_IN: is_open = can_be_in(left, right); break;
    case EXPRESSION_LT:
    case EXPRESSION_LE:
    case EXPRESSION_GT:
    case EXPRESSION_GE:
        is_open = alike(left) & right & ORDERED;
        is_order = true;
        break;
    default: break;
    }
    if (is_open) return true;
    bool is_true = node->source->kind == EXPRESSION_NE || node->source->kind == EXPRESSION_NOT_IN;
    struct message *message = diag_error(compilation->diag, node->source->operator_place,
                                         is_order  ? "these two have no order"
                                         : is_true ? "this is always true"
                                                   : "this is never true");
    struct str sides[2] = {type_names(left, compilation->arena), type_names(right, compilation->arena)};
    bool is_item = left & TYPE_SCALAR || is_order;
    unsigned both = (left | right) & ~(unsigned)TYPE_MISSING;
    bool is_text_and_number = both == (TYPE_STRING | TYPE_INTEGER) ||
                              both == (TYPE_STRING | TYPE_FLOAT) ||
                              both == (TYPE_STRING | TYPE_NUMBER);
    if (is_item || right != TYPE_FIELD)
        diag_hint(compilation->diag, message, "%.*s is not %.*s%s", STR_ARG(sides[0]), STR_ARG(sides[1]),
                  is_text_and_number ? ": use to_integer() or to_string()" : "");
    else
        diag_hint(compilation->diag, message, "%.*s is an item of nothing", STR_ARG(sides[0]));
    return false;
}

static bool is_arithmetic(enum expression_kind kind)
{
    return kind == EXPRESSION_ADD || kind == EXPRESSION_SUBTRACT || kind == EXPRESSION_MULTIPLY ||
           kind == EXPRESSION_DIVIDE;
}

static struct node *compile_operator(struct compilation *compilation, const struct expression *source)
{
    const struct operator_rule *rule = rule_of(source->kind);
    struct node *left = compile_node(compilation, source->left);
    struct node *right = source->right ? compile_node(compilation, source->right) : NULL;
    if (!left || (source->right && !right)) return NULL;
    if (!check_type(compilation, left, rule->left, rule->sign) ||
        (right && !check_type(compilation, right, rule->right, rule->sign)))
        return NULL;
    struct node *node = node_new(compilation, source, rule->run, 0);
    node->left = left;
    node->right = right;
    node->accepted = rule->accepted;
    node->can_fail = rule->can_fail || left->can_fail || (right && right->can_fail);
    node->types = result_of(rule, node);
    if (right && !check_comparison(compilation, node)) return NULL;
    node->is_quick = is_arithmetic(source->kind) && left->run == run_field && path_is_plain(&left->path) &&
                     right->is_constant && (right->types & TYPE_NUMBER);
    if (node->types) return fold(compilation, node);
    no_sum(compilation, node, rule->sign);
    return NULL;
}

static struct node *compile_default(struct compilation *compilation, const struct expression *source)
{
    struct node *left = compile_node(compilation, source->left);
    struct node *right = compile_node(compilation, source->right);
    if (!left || !right) return NULL;
    if (!left->can_fail && !(left->types & (TYPE_MISSING | TYPE_NULL)))
        diag_hint(compilation->diag,
                  diag_warning(compilation->diag, source->operator_place, "what stands left of ?? always has a value"),
                  "remove ?? and what follows");
    struct node *node = node_new(compilation, source, run_default,
                                 (left->types & ~(unsigned)(TYPE_MISSING | TYPE_NULL)) | right->types);
    node->left = left;
    node->right = right;
    node->can_fail = right->can_fail;
    return fold(compilation, node);
}

static bool compile_items(struct compilation *compilation, const struct expression *source, struct node *node)
{
    bool is_right = true;
    node->count = source->count;
    node->items = arena_alloc(compilation->arena, (source->count + 1) * sizeof *node->items);
    for (uint32_t i = 0; i < source->count; i++) {
        struct node *item = compile_node(compilation, source->items[i]);
        node->items[i] = item;
        if (!item) is_right = false;
        else if (item->can_fail) node->can_fail = true;
    }
    return is_right;
}

bool has_variable(const struct expression *source)
{
    struct place place = source->place;
    struct str written = str_slice(place.source->text, place.start, place.end);
    return str_find(written, STR("${")) >= 0;
}

static void warn_unreached(struct compilation *compilation, const struct expression *source,
                           const struct node *condition)
{
    bool is_true = value_is_true(&condition->constant);
    diag_hint(compilation->diag,
              diag_warning(compilation->diag, source->items[is_true ? 1 : 0]->place, "this is never reached"),
              "the condition is %s true", is_true ? "always" : "never");
}

static struct node *compile_choice(struct compilation *compilation, const struct expression *source)
{
    struct node *node = node_new(compilation, source, run_choice, 0);
    struct node *condition = compile_node(compilation, source->left);
    node->left = condition;
    if (!compile_items(compilation, source, node) || !condition) return NULL;
    if (condition->is_constant && !has_variable(source->left)) warn_unreached(compilation, source, condition);
    node->can_fail |= condition->can_fail;
    node->types = node->items[0]->types | node->items[1]->types;
    return fold(compilation, node);
}

static struct node *compile_container(struct compilation *compilation, const struct expression *source)
{
    bool is_object = source->kind == EXPRESSION_OBJECT;
    struct node *node = node_new(compilation, source, is_object ? run_object : run_array,
                                 is_object ? TYPE_OBJECT : TYPE_ARRAY);
    if (!compile_items(compilation, source, node)) return NULL;
    struct key *keys = arena_alloc(compilation->arena, (source->count + 1) * sizeof *keys);
    for (uint32_t i = 0; i < source->count; i++) {
        if (is_object) keys[i] = key_of(source->keys[i]);
        if (node->items[i]->types & TYPE_MISSING) node->can_fail = true;
    }
    node->keys = keys;
    return fold(compilation, node);
}

/* ---- calls ---- */

static const struct function *find_function(struct compilation *compilation, const struct expression *source)
{
    const struct function *function = function_find(source->text);
    if (function) return function;
    struct str names[FUNCTIONS_MAX];
    struct message *message = diag_error(compilation->diag, source->operator_place,
                                         "there is no function `%.*s`", STR_ARG(source->text));
    struct str near = suggest(source->text, names, function_names(names, FUNCTIONS_MAX));
    const struct function *meant = function_called(source->text);
    if (meant) diag_hint(compilation->diag, message, "here it is called `%s`", meant->name);
    else if (near.len) diag_hint(compilation->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    else diag_note(compilation->diag, message, "`tailrace docs functions` lists them");
    return NULL;
}

static bool check_count(struct compilation *compilation, const struct expression *source,
                        const struct function *function)
{
    uint32_t most = function_parameter_count(function);
    if (source->count >= function->required && source->count <= most) return true;
    struct buf signature = buf_in_arena(compilation->arena);
    function_print_signature(function, &signature);
    struct message *message =
        source->count > most
            ? diag_error(compilation->diag, source->items[most]->place, "%s() takes at most %u argument%s",
                         function->name, most, most == 1 ? "" : "s")
            : diag_error(compilation->diag, source->operator_place, "%s() takes %s%u argument%s",
                         function->name, function->required < most ? "at least " : "", function->required,
                         function->required == 1 ? "" : "s");
    diag_note(compilation->diag, message, "%.*s", STR_ARG(buf_str(&signature)));
    return false;
}

/* One argument; a regular expression is kept by the call. */
static struct node *compile_argument(struct compilation *compilation, const struct expression *source,
                                     const struct parameter *parameter, struct node *call)
{
    const struct function *function = call->function;
    struct str who = arena_printf(compilation->arena, "`%s` of %s()", parameter->name, function->name);
    if (parameter->types & TYPE_REGEX) {
        if (source->kind == EXPRESSION_REGEX) {
            call->regex = compile_regex(compilation, source);
            return call->regex ? node_constant(compilation, source, value_null()) : NULL;
        }
        diag_hint(compilation->diag,
                  diag_error(compilation->diag, source->place, "%.*s takes a regular expression", STR_ARG(who)),
                  "write /pattern/");
        return NULL;
    }
    struct node *node = compile_node(compilation, source);
    if (!node || !check_type(compilation, node, parameter->types, arena_copy_z(compilation->arena, who)))
        return NULL;
    bool may_differ = node->types & ~parameter->types;
    if (may_differ || node->can_fail) call->can_fail = true;
    return node;
}

static struct node *compile_call(struct compilation *compilation, const struct expression *source)
{
    const struct function *function = find_function(compilation, source);
    if (!function || !check_count(compilation, source, function)) return NULL;
    struct node *node = node_new(compilation, source, run_call, function->result);
    node->function = function;
    node->can_fail = function->can_fail;
    node->count = source->count;
    node->items = arena_alloc(compilation->arena, (source->count + 1) * sizeof *node->items);
    bool is_right = true;
    for (uint32_t i = 0; i < source->count; i++) {
        node->items[i] = compile_argument(compilation, source->items[i], &function->parameters[i], node);
        if (!node->items[i]) is_right = false;
    }
    return is_right ? fold(compilation, node) : NULL;
}

static struct node *compile_node(struct compilation *compilation, const struct expression *source)
{
    switch (source->kind) {
    case EXPRESSION_FIELD: return compile_field(compilation, source);
    case EXPRESSION_NAME: return compile_name(compilation, source);
    case EXPRESSION_PATH: return compile_path(compilation, source);
    case EXPRESSION_CONSTANT: return node_constant(compilation, source, scalar_constant(&source->value));
    case EXPRESSION_TRUE: return node_constant(compilation, source, value_bool(true));
    case EXPRESSION_FALSE: return node_constant(compilation, source, value_bool(false));
    case EXPRESSION_NULL: return node_constant(compilation, source, value_null());
    case EXPRESSION_MATCH:
    case EXPRESSION_NOT_MATCH: return compile_match(compilation, source);
    case EXPRESSION_DEFAULT: return compile_default(compilation, source);
    case EXPRESSION_CONDITIONAL: return compile_choice(compilation, source);
    case EXPRESSION_ARRAY:
    case EXPRESSION_OBJECT: return compile_container(compilation, source);
    case EXPRESSION_CALL: return compile_call(compilation, source);
    case EXPRESSION_REGEX:
        diag_hint(compilation->diag,
                  diag_error(compilation->diag, source->place, "a regular expression is not a value"),
                  "it stands behind =~ or in a function that takes one");
        return NULL;
    default: return compile_operator(compilation, source);
    }
}

const struct node *expression_compile(struct compilation *compilation, const struct expression *source)
{
    return compile_node(compilation, source);
}

void regexes_destroy(struct owned_regex *regexes)
{
    for (; regexes; regexes = regexes->next) regex_destroy(regexes->regex);
}
