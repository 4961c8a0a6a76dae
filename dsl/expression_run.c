/* SPDX-License-Identifier: Apache-2.0 */
/* Each node's value. Numbers of documents (number-text) become int64 when they are whole and fit,
 * else the nearest double; integers never wrap: what does not fit fails. */
#include <math.h>
#include "core/text/number.h"
#include "dsl/compare.h"
#include "dsl/computed_path.h"
#include "dsl/functions.h"

bool run_fails(struct run *run, const struct node *node, const char *problem)
{
    run->problem = problem;
    run->at = node;
    return false;
}

bool run_constant(struct run *run, const struct node *node, struct value *out)
{
    (void)run;
    *out = node->constant;
    return true;
}

bool run_field(struct run *run, const struct node *node, struct value *out)
{
    const struct value *value = path_get(&node->path, run->event);
    *out = value ? *value : VALUE_NONE;
    return true;
}

bool run_path(struct run *run, const struct node *node, struct value *out)
{
    const struct path *path = computed_path_of(run, node->computed);
    if (!path) return false;
    const struct value *value = path_get(path, run->event);
    *out = value ? *value : VALUE_NONE;
    return true;
}

bool run_name(struct run *run, const struct node *node, struct value *out)
{
    *out = run->names[node->slot];
    return true;
}

/* ---- arithmetic ---- */

void value_normalise(struct value *value)
{
    int64_t integer;
    bool is_integer;
    if (value->kind != VALUE_NUMBER) return;
    struct str digits = value_text(value);
    number_scan(digits, &is_integer);
    if (is_integer && number_int64(digits, &integer) == NUMBER_EXACT) *value = value_int(integer);
    else *value = value_double(number_double(digits));
}

static bool both(struct run *run, const struct node *node, struct value *left, struct value *right)
{
    if (!node_eval(run, node->left, left) || !node_eval(run, node->right, right)) return false;
    if (left->kind == VALUE_MISSING) return run_fails(run, node->left, "is missing");
    if (right->kind == VALUE_MISSING) return run_fails(run, node->right, "is missing");
    value_normalise(left);
    value_normalise(right);
    return true;
}

static bool is_number_kind(const struct value *value)
{
    return value->kind == VALUE_INT || value->kind == VALUE_DOUBLE;
}

static bool give_double(struct run *run, const struct node *node, double real, struct value *out)
{
    if (!isfinite(real)) return run_fails(run, node, "the result is too large");
    *out = value_double(real);
    return true;
}

static bool concatenate(struct run *run, const struct node *node, const struct value *left,
                        const struct value *right, struct value *out)
{
    size_t len = (size_t)left->len + right->len;
    if (len > EXPRESSION_BYTES_MAX || !arena_allows(run->arena, len))
        return run_fails(run, node, "the text is too long");
    char *text = arena_alloc(run->arena, len ? len : 1);
    if (left->len) memcpy(text, left->text, left->len);
    if (right->len) memcpy(text + left->len, right->text, right->len);
    *out = value_string((struct str){text, len});
    return true;
}

/* `ns` may be of either sign and more than a second. */
static bool give_time(struct run *run, const struct node *node, int64_t seconds, int64_t ns,
                      struct value *out)
{
    int64_t carry = ns / 1000000000 - (ns % 1000000000 < 0);
    ns -= carry * 1000000000;
    if (__builtin_add_overflow(seconds, carry, &seconds))
        return run_fails(run, node, "the time is out of range");
    *out = value_time(seconds, (uint32_t)ns);
    return true;
}

/* A time and seconds. */
static bool shift(struct run *run, const struct node *node, const struct value *time,
                  const struct value *amount, int sign, struct value *out)
{
    double seconds = sign * number_as_double(amount);
    if (!(fabs(seconds) < 1e11)) return run_fails(run, node, "the time is out of range");
    double whole = floor(seconds);
    return give_time(run, node, time->seconds + (int64_t)whole,
                     (int64_t)time->len + (int64_t)llround((seconds - whole) * 1e9), out);
}

bool run_add(struct run *run, const struct node *node, struct value *out)
{
    struct value a, b;
    int64_t sum;
    if (!both(run, node, &a, &b)) return false;
    if (a.kind == VALUE_INT && b.kind == VALUE_INT) {
        if (__builtin_add_overflow(a.integer, b.integer, &sum))
            return run_fails(run, node, "the result is too large");
        *out = value_int(sum);
        return true;
    }
    if (is_number_kind(&a) && is_number_kind(&b))
        return give_double(run, node, number_as_double(&a) + number_as_double(&b), out);
    if (a.kind == VALUE_STRING && b.kind == VALUE_STRING) return concatenate(run, node, &a, &b, out);
    if (a.kind == VALUE_TIME && is_number_kind(&b)) return shift(run, node, &a, &b, 1, out);
    return run_fails(run, node, "+ takes two numbers, two strings, or a time and seconds");
}

bool run_subtract(struct run *run, const struct node *node, struct value *out)
{
    struct value a, b;
    int64_t difference;
    if (!both(run, node, &a, &b)) return false;
    if (a.kind == VALUE_INT && b.kind == VALUE_INT) {
        if (__builtin_sub_overflow(a.integer, b.integer, &difference))
            return run_fails(run, node, "the result is too large");
        *out = value_int(difference);
        return true;
    }
    if (is_number_kind(&a) && is_number_kind(&b))
        return give_double(run, node, number_as_double(&a) - number_as_double(&b), out);
    if (a.kind == VALUE_TIME && b.kind == VALUE_TIME)
        return give_double(run, node, (double)(a.seconds - b.seconds) + ((double)a.len - b.len) / 1e9, out);
    if (a.kind == VALUE_TIME && is_number_kind(&b)) return shift(run, node, &a, &b, -1, out);
    return run_fails(run, node, "- takes two numbers, two times, or a time and seconds");
}

static bool two_numbers(struct run *run, const struct node *node, struct value *a, struct value *b)
{
    if (!both(run, node, a, b)) return false;
    if (!is_number_kind(a)) return run_fails(run, node->left, "is not a number");
    return is_number_kind(b) || run_fails(run, node->right, "is not a number");
}

bool run_multiply(struct run *run, const struct node *node, struct value *out)
{
    struct value a, b;
    int64_t product;
    if (!two_numbers(run, node, &a, &b)) return false;
    if (a.kind == VALUE_DOUBLE || b.kind == VALUE_DOUBLE)
        return give_double(run, node, number_as_double(&a) * number_as_double(&b), out);
    if (__builtin_mul_overflow(a.integer, b.integer, &product))
        return run_fails(run, node, "the result is too large");
    *out = value_int(product);
    return true;
}

bool run_divide(struct run *run, const struct node *node, struct value *out)
{
    struct value a, b;
    if (!two_numbers(run, node, &a, &b)) return false;
    double divisor = number_as_double(&b);
    if (divisor == 0) return run_fails(run, node, "a division by zero");
    return give_double(run, node, number_as_double(&a) / divisor, out);
}

bool run_remainder(struct run *run, const struct node *node, struct value *out)
{
    struct value a, b;
    if (!two_numbers(run, node, &a, &b)) return false;
    if (number_as_double(&b) == 0) return run_fails(run, node, "a division by zero");
    if (a.kind == VALUE_DOUBLE || b.kind == VALUE_DOUBLE)
        return give_double(run, node, fmod(number_as_double(&a), number_as_double(&b)), out);
    *out = value_int(b.integer == -1 ? 0 : a.integer % b.integer); /* the least % -1 traps */
    return true;
}

bool run_negate(struct run *run, const struct node *node, struct value *out)
{
    if (!node_eval(run, node->left, out)) return false;
    if (out->kind == VALUE_MISSING) return run_fails(run, node->left, "is missing");
    value_normalise(out);
    if (!is_number_kind(out)) return run_fails(run, node->left, "is not a number");
    if (out->kind == VALUE_DOUBLE) return give_double(run, node, -out->real, out);
    if (out->integer == INT64_MIN) return run_fails(run, node, "the result is too large");
    *out = value_int(-out->integer);
    return true;
}

/* ---- tests ---- */

static const struct value *present(const struct value *value)
{
    return value->kind == VALUE_MISSING ? NULL : value;
}

/* Numbers by value, unlike conditions, which must tell 1 from 1.0 as Logstash does. */
static bool same(struct run *run, const struct node *node, bool *is_same)
{
    struct value a, b;
    if (!node_eval(run, node->left, &a) || !node_eval(run, node->right, &b)) return false;
    if (value_is_number(&a) && value_is_number(&b)) *is_same = number_compare(&a, &b) == NUMBER_EQUAL;
    else *is_same = value_same(present(&a), present(&b));
    return true;
}

bool run_same(struct run *run, const struct node *node, struct value *out)
{
    bool is_same;
    if (!same(run, node, &is_same)) return false;
    *out = value_bool(is_same);
    return true;
}

bool run_differs(struct run *run, const struct node *node, struct value *out)
{
    bool is_same;
    if (!same(run, node, &is_same)) return false;
    *out = value_bool(!is_same);
    return true;
}

bool run_order(struct run *run, const struct node *node, struct value *out)
{
    struct value a, b;
    if (!both(run, node, &a, &b)) return false;
    bool are_alike = (is_number_kind(&a) && is_number_kind(&b)) ||
                     (a.kind == b.kind && (a.kind == VALUE_STRING || a.kind == VALUE_TIME));
    if (!are_alike) return run_fails(run, node, "these two have no order");
    *out = value_bool(value_order(&a, &b, node->accepted) == CONDITION_TRUE);
    return true;
}

static bool is_in(struct run *run, const struct node *node, bool *found)
{
    struct value item, list;
    if (!node_eval(run, node->left, &item) || !node_eval(run, node->right, &list)) return false;
    *found = value_in_value(present(&item), present(&list));
    return true;
}

bool run_in(struct run *run, const struct node *node, struct value *out)
{
    bool found;
    if (!is_in(run, node, &found)) return false;
    *out = value_bool(found);
    return true;
}

bool run_not_in(struct run *run, const struct node *node, struct value *out)
{
    bool found;
    if (!is_in(run, node, &found)) return false;
    *out = value_bool(!found);
    return true;
}

bool run_match(struct run *run, const struct node *node, struct value *out)
{
    struct value text;
    if (!node_eval(run, node->left, &text)) return false;
    *out = value_bool(text.kind == VALUE_STRING && regex_match(node->regex, value_text(&text), text.flags,
                                                               0, NULL) == REGEX_MATCH);
    return true;
}

bool run_not_match(struct run *run, const struct node *node, struct value *out)
{
    if (!run_match(run, node, out)) return false;
    *out = value_bool(!out->boolean);
    return true;
}

bool run_and(struct run *run, const struct node *node, struct value *out)
{
    struct value side;
    if (!node_eval(run, node->left, &side)) return false;
    bool is_true = value_is_true(&side);
    if (is_true && !node_eval(run, node->right, &side)) return false;
    *out = value_bool(is_true && value_is_true(&side));
    return true;
}

bool run_or(struct run *run, const struct node *node, struct value *out)
{
    struct value side;
    if (!node_eval(run, node->left, &side)) return false;
    bool is_true = value_is_true(&side);
    if (!is_true && !node_eval(run, node->right, &side)) return false;
    *out = value_bool(is_true || value_is_true(&side));
    return true;
}

bool run_not(struct run *run, const struct node *node, struct value *out)
{
    struct value side;
    if (!node_eval(run, node->left, &side)) return false;
    *out = value_bool(!value_is_true(&side));
    return true;
}

/* ---- choices and containers ---- */

bool run_default(struct run *run, const struct node *node, struct value *out)
{
    bool is_there = node_eval(run, node->left, out);
    if (is_there && out->kind != VALUE_MISSING && out->kind != VALUE_NULL) return true;
    return node_eval(run, node->right, out);
}

bool run_choice(struct run *run, const struct node *node, struct value *out)
{
    struct value condition;
    if (!node_eval(run, node->left, &condition)) return false;
    return node_eval(run, node->items[value_is_true(&condition) ? 0 : 1], out);
}

bool run_index(struct run *run, const struct node *node, struct value *out)
{
    struct value container, index;
    if (!both(run, node, &container, &index)) return false;
    const struct value *found = NULL;
    if (container.kind == VALUE_ARRAY && index.kind == VALUE_INT) {
        int64_t count = container.array->count;
        int64_t at = index.integer < 0 ? index.integer + count : index.integer;
        if (at >= 0 && at < count) found = &container.array->items[at];
    } else if (container.kind == VALUE_MAP && index.kind == VALUE_STRING) {
        struct key key = key_of(value_text(&index));
        found = map_get(container.map, &key);
    } else {
        return run_fails(run, node, "an array has numbers, an object has names");
    }
    *out = found ? *found : VALUE_NONE;
    return true;
}

bool run_array(struct run *run, const struct node *node, struct value *out)
{
    struct value list = value_array(run->arena, node->count);
    for (uint32_t i = 0; i < node->count; i++) {
        struct value item;
        if (!node_eval(run, node->items[i], &item)) return false;
        if (item.kind == VALUE_MISSING) return run_fails(run, node->items[i], "is missing");
        array_push(list.array, run->arena, item);
    }
    *out = list;
    return true;
}

bool run_object(struct run *run, const struct node *node, struct value *out)
{
    struct value object = value_map(run->arena, node->count);
    for (uint32_t i = 0; i < node->count; i++) {
        struct value item;
        if (!node_eval(run, node->items[i], &item)) return false;
        if (item.kind == VALUE_MISSING) return run_fails(run, node->items[i], "is missing");
        map_set(object.map, run->arena, node->keys[i], item);
    }
    *out = object;
    return true;
}

/* ---- calls ---- */

bool run_call(struct run *run, const struct node *node, struct value *out)
{
    struct value arguments[ARGUMENTS_MAX];
    const struct function *function = node->function;
    assert(node->count <= ARGUMENTS_MAX);
    for (uint32_t i = 0; i < node->count; i++) {
        unsigned wanted = function->parameters[i].types;
        if (wanted & TYPE_REGEX) {
            arguments[i] = VALUE_NONE;
            continue;
        }
        if (!node_eval(run, node->items[i], &arguments[i])) return false;
        value_normalise(&arguments[i]);
        unsigned type = type_of_value(&arguments[i]);
        if (type & wanted) continue;
        return run_fails(run, node->items[i], type == TYPE_MISSING ? "is missing" : "has the wrong type");
    }
    struct call call = {run, run->arena, arguments, node->count, node->regex};
    if (function->run(&call, out)) return true;
    assert(run->problem);
    run->at = node;
    return false;
}
