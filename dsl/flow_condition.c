/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions before there is an event: whether one can hold at all, and what is known of the fields
 * where it holds, or where it does not. The rules are those of dsl/compare.h. */
#include "dsl/expression.h"
#include "dsl/flow_parts.h"

struct judge {
    struct flow *flow;
    bool wanted;     /* the fields shall be as they are where the condition is this */
    bool is_negated; /* below an odd number of negations: being true ends nothing */
};

static const struct outlook EITHER = {true, true}, NEVER = {false, true};

static struct outlook judge(struct judge judging, const struct expression *node);

static struct outlook opposite(struct outlook verdict)
{
    return (struct outlook){verdict.may_be_false, verdict.may_be_true};
}

/* ---- fields ---- */

struct subject {
    const struct expression *source;
    struct path path;
    unsigned types;
    struct field *field; /* NULL: it has no entry */
};

/* Complains of one that is never set. */
static struct subject subject_of(struct flow *flow, const struct expression *field, bool is_test)
{
    struct subject subject = {.source = field, .path = flow_path(flow, field->text)};
    subject.types = flow_read(flow, field, is_test);
    subject.field = fields_find(&flow->fields, &subject.path);
    return subject;
}

static void narrow(struct flow *flow, struct subject *subject, unsigned types,
                   const struct field_known *known)
{
    bool is_never = !(subject->types & types) || subject->types == TYPE_MISSING;
    if (is_never) return; /* on this way: leave it as it is */
    if (!subject->field) subject->field = fields_name(&flow->fields, &subject->path);
    if (subject->field && subject->path.count) field_narrow(&flow->fields, subject->field, types, known);
}

/* ---- what is known of a value ---- */

static bool is_same(const struct config_value *a, const struct config_value *b)
{
    int64_t integers[2] = {0};
    double reals[2] = {0};
    if ((a->kind == CONFIG_NUMBER) != (b->kind == CONFIG_NUMBER)) return false;
    if (a->kind != CONFIG_NUMBER) return str_eq(a->text, b->text);
    enum number_form forms[2] = {config_number(a->text, &integers[0], &reals[0]),
                                 config_number(b->text, &integers[1], &reals[1])};
    return forms[0] == forms[1] && integers[0] == integers[1] && reals[0] == reals[1];
}

static const struct field_known *known_of(const struct subject *subject)
{
    return subject->field ? subject->field->state.known : NULL;
}

/* What rules out that the value is this constant. */
static const struct field_known *ruled_out(const struct subject *subject, const struct config_value *constant)
{
    for (const struct field_known *known = known_of(subject); known; known = known->next)
        if (known->is_equal != is_same(known->constant, constant)) return known;
    return NULL;
}

static bool is_surely(const struct subject *subject, const struct config_value *constant)
{
    const struct field_known *known = known_of(subject);
    return known && known->is_equal && is_same(known->constant, constant);
}

static const struct field_known *known_new(struct flow *flow, const struct subject *subject,
                                           const struct config_value *constant, struct place place,
                                           bool is_equal)
{
    const struct field_known *before = known_of(subject);
    bool has_more = before && !before->is_equal;
    if (constant->kind == CONFIG_ARRAY || constant->kind == CONFIG_HASH) return before;
    if (!is_equal && before && (before->is_equal || before->count >= KNOWN_MAX)) return before;
    struct field_known *known = arena_alloc(&flow->arena, sizeof *known);
    *known = (struct field_known){.constant = constant, .place = place, .is_equal = is_equal, .count = 1};
    if (is_equal || !has_more) return known;
    known->next = before;
    known->count += before->count;
    return known;
}

/* The text that must be: not one of those that the field's values can be. */
static bool is_no_text(const struct subject *subject, const struct config_value *constant)
{
    struct str texts[FIELD_SITES_MAX];
    uint32_t count = 0;
    if (constant->kind == CONFIG_NUMBER || !subject->field || !flow_texts(subject->field, texts, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (str_eq(texts[i], constant->text)) return false;
    return count > 0;
}

/* ---- == ---- */

static unsigned types_equal_to(const struct config_value *constant)
{
    if (constant->kind == CONFIG_ARRAY) return TYPE_ARRAY;
    if (constant->kind != CONFIG_NUMBER) return TYPE_STRING;
    return str_find(constant->text, STR(".")) < 0 ? TYPE_INTEGER : TYPE_FLOAT;
}

static struct outlook judge_constant(struct judge judging, const struct expression *node,
                                     struct subject *subject, const struct config_value *constant)
{
    struct flow *flow = judging.flow;
    unsigned wanted = types_equal_to(constant);
    if (subject->types == TYPE_MISSING) return NEVER;
    if (!(subject->types & wanted)) {
        flow_say_types(flow, node, subject->source, subject->types);
        return NEVER;
    }
    const struct field_known *against = ruled_out(subject, constant);
    bool is_never = against || is_no_text(subject, constant);
    bool is_mistake = !judging.is_negated && !has_variable(node); /* ${NAME} may decide it */
    if (against && is_mistake) flow_say_known(flow, node, subject->source, against);
    else if (is_never && is_mistake)
        flow_say_texts(flow, node, subject->source, subject->field, constant->text);
    bool is_sure = is_surely(subject, constant);
    if (judging.wanted && !is_never)
        narrow(flow, subject, wanted, known_new(flow, subject, constant, node->place, true));
    else if (!judging.wanted && !is_sure)
        narrow(flow, subject, TYPE_FIELD, known_new(flow, subject, constant, node->place, false));
    return (struct outlook){!is_never, !is_sure};
}

static bool is_field(const struct expression *node) { return node->kind == EXPRESSION_FIELD; }
static bool is_constant(const struct expression *node) { return node->kind == EXPRESSION_CONSTANT; }

/* Neither side decides anything; what they name is read. */
static struct outlook judge_sides(struct judge judging, const struct expression *node)
{
    flow_worth(judging.flow, node->left, false);
    if (node->right) flow_worth(judging.flow, node->right, false);
    return EITHER;
}

static struct outlook judge_equal(struct judge judging, const struct expression *node)
{
    const struct expression *field = is_field(node->left) ? node->left : node->right;
    const struct expression *other = is_field(node->left) ? node->right : node->left;
    if (!is_field(field) || !is_constant(other)) return judge_sides(judging, node);
    struct subject subject = subject_of(judging.flow, field, false);
    return judge_constant(judging, node, &subject, &other->value);
}

/* ---- < <= > >= ---- */

static bool accepts_equal(enum expression_kind kind)
{
    return kind == EXPRESSION_LE || kind == EXPRESSION_GE;
}

static struct outlook judge_order(struct judge judging, const struct expression *node)
{
    const struct expression *field = is_field(node->left) ? node->left : node->right;
    const struct expression *other = is_field(node->left) ? node->right : node->left;
    if (!is_field(field) || !is_constant(other) || other->value.kind == CONFIG_ARRAY)
        return judge_sides(judging, node);
    struct subject subject = subject_of(judging.flow, field, false);
    if (subject.types == TYPE_MISSING) return NEVER;
    unsigned ordered = other->value.kind == CONFIG_NUMBER ? TYPE_NUMBER : TYPE_STRING;
    /* left of anything else these count as equal */
    unsigned equal = subject.types & (TYPE_NULL | TYPE_BOOLEAN | TYPE_TIME);
    if (!(subject.types & ordered)) {
        flow_say_types(judging.flow, node, field, subject.types);
        return equal && accepts_equal(node->kind) ? opposite(NEVER) : NEVER;
    }
    narrow(judging.flow, &subject, ordered | equal, known_of(&subject));
    return EITHER;
}

/* ---- in, =~ ---- */

/* Some item may be the value; if it is none, it is none of the texts. */
static struct outlook judge_in_list(struct judge judging, const struct expression *node,
                                    struct subject *subject, const struct config_value *list)
{
    struct flow *flow = judging.flow;
    bool is_text = !(subject->types & ~(unsigned)(TYPE_MISSING | TYPE_STRING)), is_possible = false;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct config_value *item = &list->items[i];
        bool is_decided = is_text && item->kind == CONFIG_STRING; /* 200 and "200" are the same here */
        if (!is_decided || (!ruled_out(subject, item) && !is_no_text(subject, item))) is_possible = true;
        if (!judging.wanted && item->kind == CONFIG_STRING)
            narrow(flow, subject, TYPE_FIELD, known_new(flow, subject, item, node->place, false));
    }
    if (is_possible || !list->count || judging.is_negated) return is_possible ? EITHER : NEVER;
    flow_warning(flow, node->place, "this is never true here: `%.*s` can be none of these",
                 STR_ARG(subject->source->text));
    return NEVER;
}

static struct outlook judge_in(struct judge judging, const struct expression *node)
{
    const struct expression *left = node->left, *right = node->right;
    bool is_left = is_field(left) && is_constant(right), is_right = is_constant(left) && is_field(right);
    if (!is_left && !is_right) return judge_sides(judging, node);
    struct subject subject = subject_of(judging.flow, is_left ? left : right, false);
    const struct config_value *constant = is_left ? &right->value : &left->value;
    bool is_list = constant->kind == CONFIG_ARRAY;
    unsigned wanted = is_left && is_list                  ? TYPE_SCALAR | TYPE_NULL
                      : is_left                           ? TYPE_STRING
                      : constant->kind == CONFIG_NUMBER   ? TYPE_ARRAY
                                                          : TYPE_STRING | TYPE_ARRAY;
    if (subject.types == TYPE_MISSING) return NEVER;
    if (!(subject.types & wanted)) {
        flow_say_types(judging.flow, node, subject.source, subject.types);
        return NEVER;
    }
    if (judging.wanted) narrow(judging.flow, &subject, wanted, known_of(&subject));
    return is_left && is_list ? judge_in_list(judging, node, &subject, constant) : EITHER;
}

static struct outlook judge_match(struct judge judging, const struct expression *node)
{
    if (!is_field(node->left)) return judge_sides(judging, node);
    struct subject subject = subject_of(judging.flow, node->left, false);
    if (subject.types == TYPE_MISSING) return NEVER;
    if (!(subject.types & TYPE_STRING)) {
        flow_say_types(judging.flow, node, node->left, subject.types);
        return NEVER;
    }
    if (judging.wanted) narrow(judging.flow, &subject, TYPE_STRING, known_of(&subject));
    return EITHER;
}

/* `level >= WARN` looks in many places. */
static struct outlook judge_level(struct judge judging, const struct expression *node)
{
    const struct expression *field = node->left->left;
    if (field) flow_read(judging.flow, field, false);
    else fields_mark_read(&judging.flow->fields);
    return EITHER;
}

/* ---- truth ---- */

static struct outlook judge_truth(struct judge judging, const struct expression *field)
{
    static const unsigned no = TYPE_MISSING | TYPE_NULL, either = TYPE_BOOLEAN | TYPE_STRING;
    struct subject subject = subject_of(judging.flow, field, true);
    if (subject.types == TYPE_MISSING && !judging.flow->unset) judging.flow->unset = field;
    const struct field_known *known = known_of(&subject);
    struct outlook verdict = {subject.types & ~no, subject.types & (no | either)};
    bool is_known = known && known->is_equal;
    if (is_known && known->constant->kind != CONFIG_NUMBER) {
        bool is_true = known->constant->text.len && !str_eq_z(known->constant->text, "false");
        verdict = (struct outlook){is_true, !is_true};
    }
    narrow(judging.flow, &subject, judging.wanted ? ~no : no | either, known);
    return verdict;
}

static struct outlook judge_literal(const struct expression *constant)
{
    const struct config_value *value = &constant->value;
    bool is_false = value->kind == CONFIG_STRING && (!value->text.len || str_eq_z(value->text, "false"));
    return (struct outlook){!is_false, is_false};
}

/* ---- and, or, not ---- */

/* Without leaving a trace in the fields. */
static void forget_narrowing(struct flow *flow)
{
    struct field_changes changes;
    fields_pop(&flow->fields, &changes);
    field_changes_fini(&changes);
}

/* Both sides, the right one where the left one is `way`. The narrowing stays when both must be so. */
static struct outlook judge_both(struct judge judging, const struct expression *node, bool way)
{
    struct flow *flow = judging.flow;
    bool stays = judging.wanted == way;
    struct judge left = judging, right = judging;
    left.wanted = way;
    if (!stays) fields_push(&flow->fields);
    struct outlook a = judge(left, node->left);
    bool is_over = way ? !a.may_be_true : !a.may_be_false;
    flow->fields.quiet += is_over;
    struct outlook b = judge(right, node->right);
    flow->fields.quiet -= is_over;
    if (!stays) forget_narrowing(flow);
    if (way) return (struct outlook){a.may_be_true && b.may_be_true, a.may_be_false || b.may_be_false};
    return (struct outlook){a.may_be_true || b.may_be_true, a.may_be_false && b.may_be_false};
}

static struct outlook judge_xor(struct judge judging, const struct expression *node)
{
    const struct expression *sides[] = {node->left, node->right};
    for (int i = 0; i < 2; i++) {
        fields_push(&judging.flow->fields);
        judge(judging, sides[i]);
        forget_narrowing(judging.flow);
    }
    return EITHER;
}

static struct judge negated(struct judge judging)
{
    return (struct judge){judging.flow, !judging.wanted, !judging.is_negated};
}

static struct outlook judge(struct judge judging, const struct expression *node)
{
    if (node->is_computed) {
        flow_worth(judging.flow, node, true);
        return EITHER;
    }
    if (node->left && node->left->kind == EXPRESSION_LEVEL) return judge_level(judging, node);
    switch (node->kind) {
    case EXPRESSION_AND: return judge_both(judging, node, true);
    case EXPRESSION_OR: return judge_both(judging, node, false);
    case EXPRESSION_NAND: return opposite(judge_both(negated(judging), node, true));
    case EXPRESSION_XOR: return judge_xor(judging, node);
    case EXPRESSION_NOT: return opposite(judge(negated(judging), node->left));
    case EXPRESSION_FIELD: return judge_truth(judging, node);
    case EXPRESSION_CONSTANT: return judge_literal(node);
    case EXPRESSION_REGEX: return opposite(NEVER);
    case EXPRESSION_EQ: return judge_equal(judging, node);
    case EXPRESSION_NE: return opposite(judge_equal(negated(judging), node));
    case EXPRESSION_IN: return judge_in(judging, node);
    case EXPRESSION_NOT_IN: return opposite(judge_in(negated(judging), node));
    case EXPRESSION_MATCH: return judge_match(judging, node);
    case EXPRESSION_NOT_MATCH: return opposite(judge_match(negated(judging), node));
    case EXPRESSION_LT:
    case EXPRESSION_LE:
    case EXPRESSION_GT:
    case EXPRESSION_GE: return judge_order(judging, node);
    default: break;
    }
    flow_worth(judging.flow, node, true);
    return EITHER;
}

bool flow_may_fail(const struct flow *flow, const struct expression *condition)
{
    if (flow->loops || condition->is_computed) return true;
    return (condition->left && flow_may_fail(flow, condition->left)) ||
           (condition->right && flow_may_fail(flow, condition->right));
}

struct outlook flow_judge(struct flow *flow, const struct expression *condition, bool wanted)
{
    struct judge root = {flow, wanted, false};
    if (!flow_may_fail(flow, condition)) return judge(root, condition);
    /* false may mean that some part, none knows which, could not be decided */
    if (!wanted) fields_push(&flow->fields);
    struct outlook outlook = judge(root, condition);
    if (!wanted) forget_narrowing(flow);
    outlook.may_be_false = true;
    return outlook;
}
