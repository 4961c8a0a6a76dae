/* SPDX-License-Identifier: Apache-2.0 */
/* A condition becomes tests that jump: each test knows where to go when it is true and where when it
 * is false, so `and`, `or`, `not` cost nothing and an evaluation makes only the tests it must.
 *
 *     [a] == "x" and ([b] or ![c])        0: [c]          true -> FALSE  false -> TRUE
 *                                         1: [b]          true -> TRUE   false -> 0
 *                                entry -> 2: [a] == "x"   true -> 1      false -> FALSE
 *
 * Tests are emitted last operand first, so that a jump's target exists when it is written. What is
 * constant is folded: it becomes one of its two targets. */
#include "dsl/condition.h"
#include <stdlib.h>
#include "core/event/path.h"
#include "core/text/level.h"
#include "core/text/number.h"
#include "core/text/regex.h"
#include "core/xmalloc.h"
#include "dsl/compare.h"

/* Those up to TEST_TEXT_IN are the commonest. */
enum test_kind {
    TEST_TRUTH,       /* [f] */
    TEST_TEXT,        /* [f] == "s" */
    TEST_INTEGER,     /* [f] == 5 */
    TEST_ORDER,       /* [f] < constant, [f] < [g] */
    TEST_TEXT_IN,     /* "s" in [f] */
    TEST_SAME,        /* [f] == constant, [f] == [g] */
    TEST_NUMBER_IN,   /* 5 in [f] */
    TEST_FIELD_IN,    /* [f] in [g] */
    TEST_IN_TEXT,     /* [f] in "s" */
    TEST_IN_LIST,     /* [f] in ["a", "b"] */
    TEST_MATCH,       /* [f] =~ /x/ */
    TEST_LEVEL,       /* level >= WARN */
    TEST_COMPUTED,    /* an expression */
};

/* Texts of a constant list, found by hash: open addressing, at most half full. */
struct text_set {
    struct key *slots; /* ptr NULL: free */
    uint32_t mask;
};

struct test {
    enum test_kind kind;
    uint32_t on_true, on_false; /* a test, or JUMP_TRUE, JUMP_FALSE */
    unsigned accepted;          /* enum order_mask, of an order or a level */
    struct path_step *plain;    /* of `left` when it is plain */
    bool is_slot;               /* `left` is a fixed one, [message] or [tags] */
    struct path left;
    struct path right;          /* of two fields */
    bool has_right;
    bool has_left; /* of a level: it is this field's, not the event's */
    struct value constant;
    struct text_set set;
    struct regex *regex;
    enum level level;
    const struct node *node;
};

static const uint32_t JUMP_TRUE = UINT32_MAX;
static const uint32_t JUMP_FALSE = UINT32_MAX - 1;

struct condition {
    struct test *tests;
    uint32_t count, capacity;
    uint32_t entry;
    struct level_places *places;
    struct owned_regex *regexes; /* of expressions */
};

struct emitter {
    struct condition *condition;
    struct compilation compilation; /* of expressions */
    struct arena *arena;
    struct diag *diag;
    uint32_t steps;
    bool has_failed;
};

/* ---- running ---- */

static bool set_has(const struct text_set *set, struct str text)
{
    if (!set->slots) return false;
    struct key wanted = key_of(text);
    for (uint32_t at = wanted.hash & set->mask; set->slots[at].ptr; at = (at + 1) & set->mask)
        if (set->slots[at].hash == wanted.hash && str_eq(key_text(&set->slots[at]), text)) return true;
    return false;
}

/* Not inlined: its room on the stack would cost every other test a guard. */
__attribute__((noinline)) static bool run_in_list(const struct test *test, const struct value *left)
{
    char room[SCALAR_TEXT_MAX];
    struct str text;
    return scalar_text(left, room, &text) && set_has(&test->set, text);
}

static bool test_match(const struct test *test, const struct value *left)
{
    if (!value_is_string(left)) return false;
    return regex_match(test->regex, value_text(left), left->flags, 0, NULL) == REGEX_MATCH;
}

static bool run_level(const struct condition *condition, const struct test *test,
                      const struct event *event)
{
    enum level found = test->has_left
                           ? level_of_value(path_get(&test->left, event), LEVEL_SOURCE_LOGGER)
                           : level_of_event(condition->places, event);
    /* No level is unlike every level, and neither above nor below any. */
    if (found == LEVEL_NONE) return test->accepted == (ORDER_LESS | ORDER_GREATER);
    unsigned order = found < test->level   ? ORDER_LESS
                     : found > test->level ? ORDER_GREATER
                                           : ORDER_EQUAL;
    return (order & test->accepted) != 0;
}

static enum condition_verdict run_computed(const struct test *test, struct run *run)
{
    struct value value = node_eval(run, test->node);
    if (value.kind == VALUE_FAILED) return CONDITION_FAILED;
    return value_is_true(&value) ? CONDITION_TRUE : CONDITION_FALSE;
}

static inline enum condition_verdict verdict_of(bool is_true) { return is_true ? CONDITION_TRUE : CONDITION_FALSE; }

/* Tests that are not made often. Not inlined, for the sake of the others. */
__attribute__((noinline)) static enum condition_verdict run_rare_test(const struct condition *condition,
                                                                      const struct test *test, struct run *run)
{
    const struct event *event = run->event;
    if (test->kind == TEST_COMPUTED) return run_computed(test, run);
    if (test->kind == TEST_LEVEL) return verdict_of(run_level(condition, test, event));
    const struct value *left = path_get(&test->left, event);
    const struct value *right = test->has_right ? path_get(&test->right, event) : &test->constant;
    bool is_true = false;
    switch (test->kind) {
    case TEST_TRUTH: is_true = value_is_true(left); break;
    case TEST_TEXT_IN: is_true = text_in_value(value_text(&test->constant), left); break;
    case TEST_TEXT:
    case TEST_INTEGER:
    case TEST_SAME: is_true = value_same(left, right); break;
    case TEST_ORDER: return value_order(left, right, test->accepted);
    case TEST_NUMBER_IN: is_true = number_in_value(&test->constant, left); break;
    case TEST_FIELD_IN: is_true = value_in_value(left, right); break;
    case TEST_IN_TEXT:
        is_true = value_is_string(left) && str_find(value_text(&test->constant), value_text(left)) >= 0;
        break;
    case TEST_IN_LIST: is_true = run_in_list(test, left); break;
    case TEST_MATCH: is_true = test_match(test, left); break;
    case TEST_LEVEL:
    case TEST_COMPUTED: break;
    }
    return verdict_of(is_true);
}

enum { VERDICT_UNUSUAL = -1 };

/* The commonest tests in place; what is unusual about a value is left to run_rare_test(). */
__attribute__((always_inline)) static inline int quick_test(enum test_kind kind, const struct test *test,
                                                            const struct event *event)
{
    struct path_step *plain = test->plain;
    const struct value *left = plain          ? map_get_near(&event->root, &plain->key, &plain->place)
                               : test->is_slot ? event_slot(event, (enum event_slot)test->left.slot)
                                               : path_walk(&test->left, event);
    if (!left) return kind == TEST_ORDER ? VERDICT_UNUSUAL : CONDITION_FALSE;
    switch (kind) {
    case TEST_TRUTH:
        if (left->kind == VALUE_STRING && left->len != strlen("false")) return left->len != 0;
        return left->kind == VALUE_BOOL ? (int)left->boolean : VERDICT_UNUSUAL;
    case TEST_TEXT:
        return left->kind == VALUE_STRING && left->len == test->constant.len &&
               bytes_same(left->text, test->constant.text, left->len);
    case TEST_INTEGER:
        return left->kind == VALUE_INT ? left->integer == test->constant.integer : VERDICT_UNUSUAL;
    case TEST_ORDER: {
        int64_t a = left->integer, b = test->constant.integer;
        if (left->kind != VALUE_INT || test->constant.kind != VALUE_INT) return VERDICT_UNUSUAL;
        return ((a < b ? ORDER_LESS : a > b ? ORDER_GREATER : ORDER_EQUAL) & test->accepted) != 0;
    }
    default: return VERDICT_UNUSUAL;
    }
}

static inline bool is_quick(enum test_kind kind) { return kind <= TEST_TEXT_IN; }

static enum condition_verdict run_test(const struct condition *condition, const struct test *test, struct run *run)
{
    int verdict = is_quick(test->kind) ? quick_test(test->kind, test, run->event) : VERDICT_UNUSUAL;
    return verdict >= 0 ? (enum condition_verdict)verdict : run_rare_test(condition, test, run);
}

/* `*undecided`: the test that could not be made. */
static enum condition_verdict evaluate(const struct condition *condition, struct run *run,
                                       const struct test **undecided)
{
    uint32_t at = condition->entry;
    while (at < JUMP_FALSE) {
        const struct test *test = &condition->tests[at];
        enum condition_verdict verdict = run_test(condition, test, run);
        if (verdict > CONDITION_TRUE) {
            *undecided = test;
            return verdict;
        }
        at = verdict == CONDITION_TRUE ? test->on_true : test->on_false;
    }
    return at == JUMP_TRUE ? CONDITION_TRUE : CONDITION_FALSE;
}

enum condition_verdict condition_eval(const struct condition *condition, struct run *run)
{
    const struct test *undecided;
    return evaluate(condition, run, &undecided);
}

/* A verdict for one event after the other: of a single test of this kind, or of the condition. */
__attribute__((always_inline)) static inline enum condition_verdict
split_by(int kind, const struct condition *condition, struct run *run, const struct batch *batch,
         const struct selection *in, struct split *split)
{
    const struct test *test = kind >= 0 ? &condition->tests[condition->entry] : NULL, *undecided;
    uint32_t *yes = split->yes + split->yes_count, *no = split->no + split->no_count;
    const uint32_t *index = in->index;
    struct event *const *events = batch->events;
    uint32_t i = split->done, count = in->count;
    int flip = test && test->on_true == JUMP_FALSE;
    int verdict = CONDITION_TRUE;
    for (; i < count; i++) {
        struct event *event = events[index[i]];
        verdict = kind < 0 ? VERDICT_UNUSUAL : quick_test((enum test_kind)kind, test, event);
        if (verdict < 0) {
            run->event = event;
            if (split->slots) run->names = split->names + (size_t)index[i] * split->slots;
            verdict = (int)(kind < 0 ? evaluate(condition, run, &undecided) : run_rare_test(condition, test, run));
            if (verdict > CONDITION_TRUE) break;
        }
        verdict ^= flip;
        *yes = *no = index[i];
        yes += verdict;
        no += !verdict;
    }
    split->yes_count = (uint32_t)(yes - split->yes);
    split->no_count = (uint32_t)(no - split->no);
    split->done = i;
    return i < count ? (enum condition_verdict)verdict : CONDITION_TRUE;
}

enum condition_verdict condition_split(const struct condition *condition, struct run *run, const struct batch *batch,
                                       const struct selection *in, struct split *split)
{
    enum test_kind kind = condition_test_count(condition) == 1 ? condition->tests[condition->entry].kind : TEST_LEVEL;
    switch (kind) {
    case TEST_TRUTH: return split_by(TEST_TRUTH, condition, run, batch, in, split);
    case TEST_TEXT: return split_by(TEST_TEXT, condition, run, batch, in, split);
    case TEST_INTEGER: return split_by(TEST_INTEGER, condition, run, batch, in, split);
    case TEST_ORDER: return split_by(TEST_ORDER, condition, run, batch, in, split);
    case TEST_TEXT_IN: return split_by(TEST_TEXT_IN, condition, run, batch, in, split);
    default: return split_by(-1, condition, run, batch, in, split);
    }
}

const char *condition_problem(const struct condition *condition, struct run *run)
{
    const struct test *failed;
    const struct event *event = run->event;
    if (evaluate(condition, run, &failed) != CONDITION_ERROR) return "";
    const struct value *left = path_get(&failed->left, event);
    const struct value *right = failed->has_right ? path_get(&failed->right, event) : &failed->constant;
    if (!left) return "the field left of an ordering operator is missing";
    if (!right) return "the field right of an ordering operator is missing";
    if (left->kind == VALUE_ARRAY || left->kind == VALUE_MAP) return "a list or a map cannot be ordered";
    return "text and another kind of value cannot be ordered";
}

uint32_t condition_test_count(const struct condition *condition)
{
    return condition->entry >= JUMP_FALSE ? 0 : condition->count;
}

void condition_destroy(struct condition *condition)
{
    for (uint32_t i = 0; i < condition->count; i++) regex_destroy(condition->tests[i].regex);
    regexes_destroy(condition->regexes);
    condition->regexes = NULL;
    free(condition->tests);
    condition->tests = NULL;
    condition->count = 0;
}

/* ---- constants ---- */

static struct value constant_value(struct emitter *emitter, const struct config_value *value)
{
    int64_t integer = 0;
    double real = 0;
    switch (value->kind) {
    case CONFIG_STRING:
    case CONFIG_BAREWORD: return value_string(value->text);
    case CONFIG_NUMBER:
        return config_number(value->text, &integer, &real) == NUMBER_DOUBLE ? value_double(real)
                                                                            : value_int(integer);
    case CONFIG_ARRAY: break;
    case CONFIG_HASH:
    case CONFIG_PLUGIN:
        emitter->has_failed = true;
        diag_error(emitter->diag, value->place, "a list in a condition holds texts, numbers and lists");
        return value_null();
    }
    struct value list = value_array(emitter->arena, value->count);
    for (uint32_t i = 0; i < value->count; i++)
        array_push(list.array, emitter->arena, constant_value(emitter, &value->items[i]));
    return list;
}

static void set_add(struct text_set *set, struct str text)
{
    struct key key = key_of(text);
    if (!key.ptr) key.ptr = "";
    uint32_t at = key.hash & set->mask;
    while (set->slots[at].ptr) at = (at + 1) & set->mask;
    set->slots[at] = key;
}

/* Containers within the list match nothing: what is searched is a scalar's text. */
static struct text_set set_of(struct emitter *emitter, const struct value *list)
{
    struct text_set set = {0};
    uint32_t slots = 4;
    while (slots < 2 * list->array->count) slots *= 2;
    set.slots = arena_zalloc(emitter->arena, slots * sizeof *set.slots);
    set.mask = slots - 1;
    ARRAY_EACH(list->array, item) {
        char room[SCALAR_TEXT_MAX];
        struct str text;
        if (scalar_text(item, room, &text) && !set_has(&set, text))
            set_add(&set, arena_copy(emitter->arena, text));
    }
    return set;
}

/* ---- emitting ---- */

static uint32_t fail(struct emitter *emitter)
{
    emitter->has_failed = true;
    return JUMP_FALSE;
}

static struct test *add_test(struct emitter *emitter, enum test_kind kind)
{
    struct condition *condition = emitter->condition;
    if (condition->count == condition->capacity) {
        condition->capacity = condition->capacity ? 2 * condition->capacity : 1;
        condition->tests = xreallocarray(condition->tests, condition->capacity, sizeof *condition->tests);
    }
    struct test *test = &condition->tests[condition->count++];
    *test = (struct test){.kind = kind};
    return test;
}

static bool compile_path(struct emitter *emitter, const struct expression *field, struct path *path)
{
    if (path_compile(path, field->text, emitter->arena)) return true;
    emitter->has_failed = true;
    diag_error(emitter->diag, field->place, "a field reference has more than %d steps", PATH_STEPS_MAX);
    return false;
}

static uint32_t jump(struct emitter *emitter, struct test *test, uint32_t on_true, uint32_t on_false)
{
    if (!test || emitter->has_failed) return fail(emitter);
    test->on_true = on_true;
    test->on_false = on_false;
    test->plain = path_is_plain(&test->left) ? test->left.steps : NULL;
    test->is_slot = test->left.count == 1 && test->left.slot >= 0;
    return (uint32_t)(test - emitter->condition->tests);
}

static bool is_constant(const struct expression *node) { return node->kind == EXPRESSION_CONSTANT; }

/* A test of one field against a constant. */
static struct test *test_constant(struct emitter *emitter, enum test_kind kind,
                                  const struct expression *field, struct value constant)
{
    struct test *test = add_test(emitter, kind);
    if (!compile_path(emitter, field, &test->left)) return NULL;
    test->constant = constant;
    return test;
}

static struct test *test_fields(struct emitter *emitter, enum test_kind kind,
                                const struct expression *node)
{
    struct test *test = add_test(emitter, kind);
    if (!compile_path(emitter, node->left, &test->left)) return NULL;
    test->has_right = true;
    return compile_path(emitter, node->right, &test->right) ? test : NULL;
}

static uint32_t fold(bool is_true, uint32_t on_true, uint32_t on_false)
{
    return is_true ? on_true : on_false;
}

static uint32_t emit_same(struct emitter *emitter, const struct expression *node, uint32_t on_true,
                          uint32_t on_false)
{
    const struct expression *left = node->left, *right = node->right;
    if (!is_constant(left) && !is_constant(right))
        return jump(emitter, test_fields(emitter, TEST_SAME, node), on_true, on_false);
    struct value a = is_constant(left) ? constant_value(emitter, &left->value) : VALUE_NONE;
    struct value b = is_constant(right) ? constant_value(emitter, &right->value) : VALUE_NONE;
    if (is_constant(left) && is_constant(right)) return fold(value_equal(&a, &b), on_true, on_false);
    struct value constant = is_constant(left) ? a : b;
    enum test_kind kind = constant.kind == VALUE_STRING ? TEST_TEXT
                          : constant.kind == VALUE_INT  ? TEST_INTEGER
                                                        : TEST_SAME;
    const struct expression *field = is_constant(left) ? right : left;
    return jump(emitter, test_constant(emitter, kind, field, constant), on_true, on_false);
}

static unsigned accepted_orders(enum expression_kind kind)
{
    switch (kind) {
    case EXPRESSION_LT: return ORDER_LESS;
    case EXPRESSION_LE: return ORDER_LESS | ORDER_EQUAL;
    case EXPRESSION_GT: return ORDER_GREATER;
    case EXPRESSION_GE: return ORDER_GREATER | ORDER_EQUAL;
    case EXPRESSION_EQ: return ORDER_EQUAL;
    default: break;
    }
    assert(kind == EXPRESSION_NE);
    return ORDER_LESS | ORDER_GREATER;
}

/* `5 < [f]` is `[f] > 5`. */
static unsigned mirrored(unsigned accepted)
{
    return (accepted & ORDER_EQUAL) | (accepted & ORDER_LESS ? ORDER_GREATER : 0u) |
           (accepted & ORDER_GREATER ? ORDER_LESS : 0u);
}

static uint32_t emit_order(struct emitter *emitter, const struct expression *node, uint32_t on_true,
                           uint32_t on_false)
{
    const struct expression *left = node->left, *right = node->right;
    unsigned accepted = accepted_orders(node->kind);
    struct test *test;
    if (is_constant(left) && is_constant(right)) {
        struct value a = constant_value(emitter, &left->value), b = constant_value(emitter, &right->value);
        enum condition_verdict verdict = value_order(&a, &b, accepted);
        if (verdict != CONDITION_ERROR) return fold(verdict == CONDITION_TRUE, on_true, on_false);
        diag_error(emitter->diag, node->operator_place, "these two have no order");
        return fail(emitter);
    }
    const struct expression *constant = is_constant(left) ? left : is_constant(right) ? right : NULL;
    if (constant && constant->value.kind == CONFIG_ARRAY) {
        diag_hint(emitter->diag, diag_error(emitter->diag, constant->place, "a list has no order"),
                  "compare with one value");
        return fail(emitter);
    }
    if (!constant) test = test_fields(emitter, TEST_ORDER, node);
    else test = test_constant(emitter, TEST_ORDER, constant == left ? right : left,
                              constant_value(emitter, &constant->value));
    if (test) test->accepted = constant && constant == left ? mirrored(accepted) : accepted;
    return jump(emitter, test, on_true, on_false);
}

/* A constant in a constant, decided now: a text in a text, or one text among others. */
static bool is_in_constant(struct emitter *emitter, const struct value *left, const struct value *right)
{
    char room[SCALAR_TEXT_MAX];
    struct str text;
    if (right->kind == VALUE_ARRAY) {
        struct text_set set = set_of(emitter, right);
        return scalar_text(left, room, &text) && set_has(&set, text);
    }
    return left->kind == VALUE_STRING && scalar_text(right, room, &text) &&
           str_find(text, value_text(left)) >= 0;
}

static struct test *test_in_constant(struct emitter *emitter, const struct expression *field,
                                     const struct value *constant)
{
    if (constant->kind == VALUE_ARRAY) {
        struct text_set set = set_of(emitter, constant);
        struct test *test = test_constant(emitter, TEST_IN_LIST, field, *constant);
        if (test) test->set = set;
        return test;
    }
    char room[SCALAR_TEXT_MAX];
    struct str text;
    bool is_scalar = scalar_text(constant, room, &text);
    assert(is_scalar);
    return test_constant(emitter, TEST_IN_TEXT, field, value_string(arena_copy(emitter->arena, text)));
}

static uint32_t emit_in(struct emitter *emitter, const struct expression *node, uint32_t on_true,
                        uint32_t on_false)
{
    const struct expression *left = node->left, *right = node->right;
    if (is_constant(left) && left->value.kind == CONFIG_ARRAY) {
        diag_hint(emitter->diag, diag_error(emitter->diag, left->place, "a list cannot stand left of `in`"),
                  "write one condition for each item");
        return fail(emitter);
    }
    struct value a = is_constant(left) ? constant_value(emitter, &left->value) : VALUE_NONE;
    struct value b = is_constant(right) ? constant_value(emitter, &right->value) : VALUE_NONE;
    if (is_constant(left) && is_constant(right))
        return fold(is_in_constant(emitter, &a, &b), on_true, on_false);
    struct test *test;
    if (is_constant(right)) test = test_in_constant(emitter, left, &b);
    else if (!is_constant(left)) test = test_fields(emitter, TEST_FIELD_IN, node);
    else test = test_constant(emitter, a.kind == VALUE_STRING ? TEST_TEXT_IN : TEST_NUMBER_IN, right, a);
    return jump(emitter, test, on_true, on_false);
}

static uint32_t emit_match(struct emitter *emitter, const struct expression *node, uint32_t on_true,
                           uint32_t on_false)
{
    const struct expression *right = node->right;
    struct str pattern = is_constant(right) ? right->value.text : right->text;
    struct regex_problem problem;
    struct regex *regex = regex_compile(pattern, &(struct regex_options){0}, &problem);
    if (!regex) {
        diag_hint(emitter->diag,
                  diag_error(emitter->diag, place_within(right->place, pattern, problem.offset, pattern.len),
                             "the regular expression is not valid"),
                  "%s", problem.text);
        return fail(emitter);
    }
    if (is_constant(node->left)) {
        struct value left = constant_value(emitter, &node->left->value);
        bool is_true = left.kind == VALUE_STRING &&
                       regex_match(regex, value_text(&left), 0, 0, NULL) == REGEX_MATCH;
        regex_destroy(regex);
        return fold(is_true, on_true, on_false);
    }
    struct test *test = test_constant(emitter, TEST_MATCH, node->left, VALUE_NONE);
    if (test) test->regex = regex;
    else regex_destroy(regex);
    return jump(emitter, test, on_true, on_false);
}

static void unknown_level(struct emitter *emitter, const struct expression *name)
{
    static const struct str names[] = {{"TRACE", 5}, {"DEBUG", 5}, {"INFO", 4},
                                       {"WARN", 4},  {"ERROR", 5}, {"FATAL", 5}};
    struct message *message =
        diag_error(emitter->diag, name->place, "`%.*s` is no level", STR_ARG(name->text));
    struct str near = suggest(name->text, names, sizeof names / sizeof *names);
    if (near.len) diag_hint(emitter->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    diag_note(emitter->diag, message, "levels are TRACE, DEBUG, INFO, WARN, ERROR, FATAL");
}

static uint32_t emit_level(struct emitter *emitter, const struct expression *node, uint32_t on_true,
                           uint32_t on_false)
{
    struct condition *condition = emitter->condition;
    enum level level = level_of_name(node->right->text);
    if (level == LEVEL_NONE) {
        unknown_level(emitter, node->right);
        return fail(emitter);
    }
    struct test *test = add_test(emitter, TEST_LEVEL);
    const struct expression *field = node->left->left;
    if (field && !compile_path(emitter, field, &test->left)) return fail(emitter);
    test->has_left = field != NULL;
    test->level = level;
    test->accepted = accepted_orders(node->kind);
    if (!field && !condition->places) {
        condition->places = arena_zalloc(emitter->arena, sizeof *condition->places);
        level_places_init(condition->places, emitter->arena);
    }
    return jump(emitter, test, on_true, on_false);
}

static uint32_t emit(struct emitter *emitter, const struct expression *node, uint32_t on_true,
                     uint32_t on_false);

static uint32_t emit_xor(struct emitter *emitter, const struct expression *node, uint32_t on_true,
                         uint32_t on_false)
{
    uint32_t if_left = emit(emitter, node->right, on_false, on_true);
    uint32_t if_not = emit(emitter, node->right, on_true, on_false);
    return emit(emitter, node->left, if_left, if_not);
}

static uint32_t emit_comparison(struct emitter *emitter, const struct expression *node,
                                uint32_t on_true, uint32_t on_false)
{
    if (node->left->kind == EXPRESSION_LEVEL) return emit_level(emitter, node, on_true, on_false);
    switch (node->kind) {
    case EXPRESSION_EQ: return emit_same(emitter, node, on_true, on_false);
    case EXPRESSION_NE: return emit_same(emitter, node, on_false, on_true);
    case EXPRESSION_IN: return emit_in(emitter, node, on_true, on_false);
    case EXPRESSION_NOT_IN: return emit_in(emitter, node, on_false, on_true);
    case EXPRESSION_MATCH: return emit_match(emitter, node, on_true, on_false);
    case EXPRESSION_NOT_MATCH: return emit_match(emitter, node, on_false, on_true);
    default: return emit_order(emitter, node, on_true, on_false);
    }
}

static uint32_t emit_computed(struct emitter *emitter, const struct expression *source, uint32_t on_true,
                              uint32_t on_false)
{
    const struct node *node = expression_compile(&emitter->compilation, source);
    if (!node) return fail(emitter);
    if (node->is_constant) return fold(value_is_true(&node->constant), on_true, on_false);
    struct test *test = add_test(emitter, TEST_COMPUTED);
    test->node = node;
    return jump(emitter, test, on_true, on_false);
}

static uint32_t emit(struct emitter *emitter, const struct expression *node, uint32_t on_true,
                     uint32_t on_false)
{
    struct value constant;
    if (node->is_computed) return emit_computed(emitter, node, on_true, on_false);
    if (++emitter->steps > CONDITION_STEPS_MAX) {
        if (emitter->steps == CONDITION_STEPS_MAX + 1)
            diag_error(emitter->diag, node->place, "`xor` within `xor` makes this condition too large");
        return fail(emitter);
    }
    switch (node->kind) {
    case EXPRESSION_AND:
        return emit(emitter, node->left, emit(emitter, node->right, on_true, on_false), on_false);
    case EXPRESSION_NAND:
        return emit(emitter, node->left, emit(emitter, node->right, on_false, on_true), on_true);
    case EXPRESSION_OR:
        return emit(emitter, node->left, on_true, emit(emitter, node->right, on_true, on_false));
    case EXPRESSION_XOR: return emit_xor(emitter, node, on_true, on_false);
    case EXPRESSION_NOT: return emit(emitter, node->left, on_false, on_true);
    case EXPRESSION_FIELD:
        return jump(emitter, test_constant(emitter, TEST_TRUTH, node, VALUE_NONE), on_true, on_false);
    case EXPRESSION_CONSTANT:
        constant = constant_value(emitter, &node->value);
        return fold(value_is_true(&constant), on_true, on_false);
    case EXPRESSION_REGEX: return on_true;
    default: return emit_comparison(emitter, node, on_true, on_false);
    }
}

/* A regular expression alone is warned of by the parser. */
static void warn_constant(const struct condition *condition, const struct expression *source, struct diag *diag)
{
    if (condition->entry < JUMP_FALSE || source->kind == EXPRESSION_REGEX || has_variable(source)) return;
    bool is_true = condition->entry == JUMP_TRUE;
    diag_hint(diag, diag_warning(diag, source->place, "this condition is %s true", is_true ? "always" : "never"),
              is_true ? "`if` has no effect here, an `else` behind it is never reached" : "its block is never reached");
}

struct condition *condition_compile(const struct expression *expression, struct arena *arena,
                                    struct diag *diag)
{
    struct condition *condition = arena_zalloc(arena, sizeof *condition);
    struct emitter emitter = {.condition = condition, .arena = arena, .diag = diag,
                              .compilation = {.arena = arena, .diag = diag}};
    condition->entry = emit(&emitter, expression, JUMP_TRUE, JUMP_FALSE);
    condition->regexes = emitter.compilation.regexes;
    if (!emitter.has_failed) warn_constant(condition, expression, diag);
    if (!emitter.has_failed) return condition;
    condition_destroy(condition);
    return NULL;
}
