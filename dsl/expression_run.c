/* SPDX-License-Identifier: Apache-2.0 */
/* Each node's value, which is returned in two registers. Numbers of documents (number-text) become int64
 * when they are whole and fit, else the nearest double; integers never wrap: what does not fit fails. */
#include <math.h>
#include "core/text/number.h"
#include "dsl/compare.h"
#include "dsl/computed_path.h"
#include "dsl/functions.h"

struct value run_fails(struct run *run, const struct node *node, const char *problem)
{
    run->problem = problem;
    run->at = node;
    return (struct value){.kind = VALUE_FAILED};
}

/* Not inlined: its room on the stack would cost every other number a guard. */
__attribute__((noinline)) static struct value value_of_many_digits(struct value number)
{
    int64_t integer;
    bool is_integer;
    struct str digits = value_text(&number);
    number_scan(digits, &is_integer);
    if (is_integer && number_int64(digits, &integer) == NUMBER_EXACT) return value_int(integer);
    return value_double(number_double(digits));
}

struct value value_of_digits(struct value number)
{
    struct value quick = number_quick(number.text, number.len);
    return quick.kind != VALUE_MISSING ? quick : value_of_many_digits(number);
}

struct value run_constant(struct run *run, const struct node *node)
{
    (void)run;
    return node->constant;
}

static inline struct value field(const struct run *run, const struct node *node)
{
    const struct value *value = path_get(&node->path, run->event);
    return value ? *value : VALUE_NONE;
}

struct value run_field(struct run *run, const struct node *node) { return field(run, node); }

struct value run_path(struct run *run, const struct node *node)
{
    const struct path *path = computed_path_of(run, node->computed);
    if (!path) return (struct value){.kind = VALUE_FAILED};
    const struct value *value = path_get(path, run->event);
    return value ? *value : VALUE_NONE;
}

struct value run_name(struct run *run, const struct node *node) { return run->names[node->slot]; }

/* The commonest nodes without a call. */
static inline struct value side(struct run *run, const struct node *node)
{
    if (node->is_constant) return node->constant;
    if (node->run == run_field) return field(run, node);
    return node->run(run, node);
}

/* ---- arithmetic ---- */

/* A side that has to be there. */
static inline struct value present_side(struct run *run, const struct node *node)
{
    struct value value = side(run, node);
    if (value.kind == VALUE_MISSING) return run_fails(run, node, "is missing");
    return value_normalised(value);
}

static inline bool has_failed(struct value value) { return value.kind == VALUE_FAILED; }
static inline bool is_number_kind(struct value value)
{
    return value.kind == VALUE_INT || value.kind == VALUE_DOUBLE;
}
static inline bool are_integers(struct value a, struct value b)
{
    return a.kind == VALUE_INT && b.kind == VALUE_INT;
}
static inline double as_double(struct value number)
{
    return number.kind == VALUE_INT ? (double)number.integer : number.real;
}

static inline struct value give_double(struct run *run, const struct node *node, double real)
{
    return isfinite(real) ? value_double(real) : run_fails(run, node, "the result is too large");
}

static struct value concatenate(struct run *run, const struct node *node, struct value left, struct value right)
{
    size_t len = (size_t)left.len + right.len;
    if (len > EXPRESSION_BYTES_MAX || !arena_allows(run->arena, len))
        return run_fails(run, node, "the text is too long");
    char *text = arena_alloc(run->arena, len ? len : 1);
    if (left.len) memcpy(text, left.text, left.len);
    if (right.len) memcpy(text + left.len, right.text, right.len);
    return value_string((struct str){text, len});
}

/* `ns` may be of either sign and more than a second. */
static struct value give_time(struct run *run, const struct node *node, int64_t seconds, int64_t ns)
{
    int64_t carry = ns / 1000000000 - (ns % 1000000000 < 0);
    ns -= carry * 1000000000;
    if (__builtin_add_overflow(seconds, carry, &seconds)) return run_fails(run, node, "the time is out of range");
    return value_time(seconds, (uint32_t)ns);
}

/* A time and seconds. */
static struct value shift(struct run *run, const struct node *node, struct value time, double seconds)
{
    if (!(fabs(seconds) < 1e11)) return run_fails(run, node, "the time is out of range");
    double whole = floor(seconds);
    return give_time(run, node, time.seconds + (int64_t)whole,
                     (int64_t)time.len + (int64_t)llround((seconds - whole) * 1e9));
}

struct value run_add(struct run *run, const struct node *node)
{
    struct value a = present_side(run, node->left);
    if (has_failed(a)) return a;
    struct value b = present_side(run, node->right);
    if (has_failed(b)) return b;
    int64_t sum;
    if (are_integers(a, b))
        return __builtin_add_overflow(a.integer, b.integer, &sum) ? run_fails(run, node, "the result is too large")
                                                                  : value_int(sum);
    if (is_number_kind(a) && is_number_kind(b)) return give_double(run, node, as_double(a) + as_double(b));
    if (a.kind == VALUE_STRING && b.kind == VALUE_STRING) return concatenate(run, node, a, b);
    if (a.kind == VALUE_TIME && is_number_kind(b)) return shift(run, node, a, as_double(b));
    return run_fails(run, node, "+ takes two numbers, two strings, or a time and seconds");
}

struct value run_subtract(struct run *run, const struct node *node)
{
    struct value a = present_side(run, node->left);
    if (has_failed(a)) return a;
    struct value b = present_side(run, node->right);
    if (has_failed(b)) return b;
    int64_t difference;
    if (are_integers(a, b))
        return __builtin_sub_overflow(a.integer, b.integer, &difference)
                   ? run_fails(run, node, "the result is too large")
                   : value_int(difference);
    if (is_number_kind(a) && is_number_kind(b)) return give_double(run, node, as_double(a) - as_double(b));
    if (a.kind == VALUE_TIME && b.kind == VALUE_TIME)
        return give_double(run, node, (double)(a.seconds - b.seconds) + ((double)a.len - b.len) / 1e9);
    if (a.kind == VALUE_TIME && is_number_kind(b)) return shift(run, node, a, -as_double(b));
    return run_fails(run, node, "- takes two numbers, two times, or a time and seconds");
}

static inline struct value number_side(struct run *run, const struct node *node)
{
    struct value value = present_side(run, node);
    if (is_number_kind(value) || has_failed(value)) return value;
    return run_fails(run, node, "is not a number");
}

struct value run_multiply(struct run *run, const struct node *node)
{
    struct value a = number_side(run, node->left);
    if (has_failed(a)) return a;
    struct value b = number_side(run, node->right);
    if (has_failed(b)) return b;
    int64_t product;
    if (!are_integers(a, b)) return give_double(run, node, as_double(a) * as_double(b));
    return __builtin_mul_overflow(a.integer, b.integer, &product) ? run_fails(run, node, "the result is too large")
                                                                  : value_int(product);
}

struct value run_divide(struct run *run, const struct node *node)
{
    struct value a = number_side(run, node->left);
    if (has_failed(a)) return a;
    struct value b = number_side(run, node->right);
    if (has_failed(b)) return b;
    double divisor = as_double(b);
    if (divisor == 0) return run_fails(run, node, "a division by zero");
    return give_double(run, node, as_double(a) / divisor);
}

struct value run_remainder(struct run *run, const struct node *node)
{
    struct value a = number_side(run, node->left);
    if (has_failed(a)) return a;
    struct value b = number_side(run, node->right);
    if (has_failed(b)) return b;
    if (as_double(b) == 0) return run_fails(run, node, "a division by zero");
    if (!are_integers(a, b)) return give_double(run, node, fmod(as_double(a), as_double(b)));
    return value_int(b.integer == -1 ? 0 : a.integer % b.integer); /* the least % -1 traps */
}

struct value run_negate(struct run *run, const struct node *node)
{
    struct value a = number_side(run, node->left);
    if (has_failed(a)) return a;
    if (a.kind == VALUE_DOUBLE) return give_double(run, node, -a.real);
    return a.integer == INT64_MIN ? run_fails(run, node, "the result is too large") : value_int(-a.integer);
}

/* ---- tests ---- */

static inline const struct value *present(const struct value *value)
{
    return value->kind == VALUE_MISSING ? NULL : value;
}

/* Numbers by value, unlike conditions, which must tell 1 from 1.0 as Logstash does. */
static bool same_otherwise(struct value a, struct value b)
{
    if (value_is_number(&a) && value_is_number(&b)) return number_compare(&a, &b) == NUMBER_EQUAL;
    return value_same(present(&a), present(&b));
}

static inline bool same(struct value a, struct value b)
{
    if (are_integers(a, b)) return a.integer == b.integer;
    if (a.kind == VALUE_STRING && b.kind == VALUE_STRING)
        return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
    return same_otherwise(a, b);
}

static inline struct value compare_sides(struct run *run, const struct node *node, bool wanted)
{
    struct value a = side(run, node->left);
    if (has_failed(a)) return a;
    struct value b = side(run, node->right);
    if (has_failed(b)) return b;
    return value_bool(same(value_normalised(a), value_normalised(b)) == wanted);
}

struct value run_same(struct run *run, const struct node *node) { return compare_sides(run, node, true); }
struct value run_differs(struct run *run, const struct node *node) { return compare_sides(run, node, false); }

static bool is_ordered_so(struct value a, struct value b, unsigned accepted)
{
    return value_order(&a, &b, accepted) == CONDITION_TRUE;
}

struct value run_order(struct run *run, const struct node *node)
{
    struct value a = present_side(run, node->left);
    if (has_failed(a)) return a;
    struct value b = present_side(run, node->right);
    if (has_failed(b)) return b;
    if (are_integers(a, b)) {
        unsigned order = a.integer < b.integer ? ORDER_LESS : a.integer > b.integer ? ORDER_GREATER : ORDER_EQUAL;
        return value_bool(order & node->accepted);
    }
    bool are_alike = (is_number_kind(a) && is_number_kind(b)) ||
                     (a.kind == b.kind && (a.kind == VALUE_STRING || a.kind == VALUE_TIME));
    if (!are_alike) return run_fails(run, node, "these two have no order");
    return value_bool(is_ordered_so(a, b, node->accepted));
}

static bool is_in(struct value item, struct value list) { return value_in_value(present(&item), present(&list)); }

struct value run_in(struct run *run, const struct node *node)
{
    struct value item = side(run, node->left);
    if (has_failed(item)) return item;
    struct value list = side(run, node->right);
    return has_failed(list) ? list : value_bool(is_in(item, list));
}

struct value run_not_in(struct run *run, const struct node *node)
{
    struct value found = run_in(run, node);
    return has_failed(found) ? found : value_bool(!found.boolean);
}

struct value run_match(struct run *run, const struct node *node)
{
    struct value text = side(run, node->left);
    if (has_failed(text)) return text;
    return value_bool(text.kind == VALUE_STRING &&
                      regex_match(node->regex, value_text(&text), text.flags, 0, NULL) == REGEX_MATCH);
}

struct value run_not_match(struct run *run, const struct node *node)
{
    struct value found = run_match(run, node);
    return has_failed(found) ? found : value_bool(!found.boolean);
}

static inline bool is_true(struct value value)
{
    if (value.kind == VALUE_BOOL) return value.boolean;
    if (value.kind == VALUE_STRING) return value.len != 0 && !str_eq((struct str){value.text, value.len}, STR("false"));
    return value.kind > VALUE_NULL;
}

struct value run_and(struct run *run, const struct node *node)
{
    struct value value = side(run, node->left);
    if (has_failed(value)) return value;
    if (!is_true(value)) return value_bool(false);
    value = side(run, node->right);
    return has_failed(value) ? value : value_bool(is_true(value));
}

struct value run_or(struct run *run, const struct node *node)
{
    struct value value = side(run, node->left);
    if (has_failed(value)) return value;
    if (is_true(value)) return value_bool(true);
    value = side(run, node->right);
    return has_failed(value) ? value : value_bool(is_true(value));
}

struct value run_not(struct run *run, const struct node *node)
{
    struct value value = side(run, node->left);
    return has_failed(value) ? value : value_bool(!is_true(value));
}

/* ---- choices and containers ---- */

struct value run_default(struct run *run, const struct node *node)
{
    struct value value = side(run, node->left);
    bool is_there = value.kind != VALUE_FAILED && value.kind != VALUE_MISSING && value.kind != VALUE_NULL;
    return is_there ? value : side(run, node->right);
}

struct value run_choice(struct run *run, const struct node *node)
{
    struct value condition = side(run, node->left);
    return has_failed(condition) ? condition : side(run, node->items[is_true(condition) ? 0 : 1]);
}

struct value run_index(struct run *run, const struct node *node)
{
    struct value container = present_side(run, node->left);
    if (has_failed(container)) return container;
    struct value index = present_side(run, node->right);
    if (has_failed(index)) return index;
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
    return found ? *found : VALUE_NONE;
}

/* An item of a container that is made. */
static struct value item_of(struct run *run, const struct node *node)
{
    struct value item = side(run, node);
    return item.kind == VALUE_MISSING ? run_fails(run, node, "is missing") : item;
}

struct value run_array(struct run *run, const struct node *node)
{
    struct value list = value_array(run->arena, node->count);
    for (uint32_t i = 0; i < node->count; i++) {
        struct value item = item_of(run, node->items[i]);
        if (has_failed(item)) return item;
        array_push(list.array, run->arena, item);
    }
    return list;
}

struct value run_object(struct run *run, const struct node *node)
{
    struct value object = value_map(run->arena, node->count);
    for (uint32_t i = 0; i < node->count; i++) {
        struct value item = item_of(run, node->items[i]);
        if (has_failed(item)) return item;
        map_set(object.map, run->arena, node->keys[i], item);
    }
    return object;
}

/* ---- calls ---- */

struct value run_call(struct run *run, const struct node *node)
{
    struct value arguments[ARGUMENTS_MAX], result;
    const struct function *function = node->function;
    assert(node->count <= ARGUMENTS_MAX);
    for (uint32_t i = 0; i < node->count; i++) {
        unsigned wanted = function->parameters[i].types;
        if (wanted & TYPE_REGEX) {
            arguments[i] = VALUE_NONE;
            continue;
        }
        arguments[i] = side(run, node->items[i]);
        if (has_failed(arguments[i])) return arguments[i];
        arguments[i] = value_normalised(arguments[i]);
        unsigned type = type_of_value(&arguments[i]);
        if (type & wanted) continue;
        return run_fails(run, node->items[i], type == TYPE_MISSING ? "is missing" : "has the wrong type");
    }
    struct call call = {run, run->arena, arguments, node->count, node->regex};
    if (function->run(&call, &result)) return result;
    assert(run->problem);
    return run_fails(run, node, run->problem);
}
