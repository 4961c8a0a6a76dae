/* SPDX-License-Identifier: Apache-2.0 */
/* Methods that walk over a list, a hash or a range, most of them with a block. A pair of a hash is
 * a list of two for whoever takes one value. */
#include "core/ruby/methods.h"
#include <stdlib.h>

#define IS_MANY (IS_LIST | IS_HASH | IS_RANGE)

struct walk {
    struct ruby_run *run;
    struct value self;
    uint32_t at;
    int64_t number, last; /* of a range */
    bool failed;
};

static bool range_ends(struct ruby_run *run, struct value self, int64_t *from, int64_t *to)
{
    const struct ruby_range *range = ruby_pointer(self);
    if (range->from.kind != VALUE_INT ||
        (range->to.kind != VALUE_INT && range->to.kind != VALUE_NULL)) {
        ruby_raise(run, "NotImplementedError", "a range of anything but whole numbers");
        return false;
    }
    *from = range->from.integer;
    *to = range->to.kind == VALUE_NULL ? INT64_MAX - 1 : range->to.integer;
    if (range->is_open && *to > INT64_MIN) --*to;
    return true;
}

static bool walk_start(struct walk *walk, struct ruby_run *run, struct value self)
{
    *walk = (struct walk){.run = run, .self = self};
    if (self.kind == VALUE_MAP) hash_of(self)->walked++;
    walk->failed = self.kind == RUBY_RANGE && !range_ends(run, self, &walk->number, &walk->last);
    return !walk->failed;
}

static void walk_end(struct walk *walk)
{
    if (walk->self.kind == VALUE_MAP) hash_of(walk->self)->walked--;
}

/* False: nothing is left, or a limit was met (`failed`). `*key` only of a hash. */
static bool walk_next(struct walk *walk, struct value *key, struct value *item)
{
    if (!ruby_step(walk->run, 1)) return walk->failed = true, false;
    if (walk->self.kind == RUBY_RANGE) {
        if (walk->number > walk->last) return false;
        *item = value_int(walk->number++);
        return true;
    }
    if (walk->self.kind == VALUE_ARRAY) {
        if (walk->at >= walk->self.array->count) return false;
        *item = walk->self.array->items[walk->at++];
        return true;
    }
    const struct map *map = walk->self.map;
    while (walk->at < map->count && map->entries[walk->at].value.kind == VALUE_MISSING) walk->at++;
    if (walk->at >= map->count) return false;
    *key = ruby_key_value(&map->entries[walk->at].key);
    *item = map->entries[walk->at++].value;
    return true;
}

static struct value pair_of(struct walk *walk, struct value key, struct value item)
{
    if (walk->self.kind != VALUE_MAP) return item;
    struct value both[2] = {key, item};
    return ruby_list_of(walk->run, both, 2);
}

/* The block with an item; with `extra` behind it when `count` is 1. */
static struct value walk_yield(struct walk *walk, const struct ruby_proc *block, struct value key,
                               struct value item)
{
    bool takes_two =
        walk->self.kind == VALUE_MAP && block->block->body && block->block->param_count > 1;
    struct value both[2] = {key, item};
    if (takes_two) return ruby_yield(walk->run, block, both, 2);
    return ruby_yield_one(walk->run, block, pair_of(walk, key, item));
}

#define WALK_EACH(walk_, key_, item_)                                                              \
    for (struct value key_ = VALUE_NONE, item_ = VALUE_NONE; walk_next(&(walk_), &key_, &item_);)
#define WALK(walk_)                                                                                \
    struct walk walk_;                                                                             \
    if (!walk_start(&(walk_), run, args->self)) return LEFT
/* Ends the walk early. */
#define WALK_OUT(walk_, result_)                                                                   \
    do {                                                                                           \
        walk_end(&(walk_));                                                                        \
        return (result_);                                                                          \
    } while (0)
static struct value walk_result(struct walk *walk, struct value result)
{
    walk_end(walk);
    return walk->failed ? LEFT : result;
}

METHOD(each)
{
    WALK(walk);
    WALK_EACH (walk, key, item)
        if (has_left(walk_yield(&walk, args->block, key, item))) WALK_OUT(walk, LEFT);
    return walk_result(&walk, args->self);
}

static struct value mapped(struct ruby_run *run, const struct ruby_args *args, bool flat,
                           bool only_true)
{
    struct value list = ruby_list_new(run, 0);
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value made = walk_yield(&walk, args->block, key, item);
        if (has_left(made)) WALK_OUT(walk, LEFT);
        if (only_true && !is_true(made)) continue;
        bool opens = flat && made.kind == VALUE_ARRAY;
        for (uint32_t i = 0; opens && i < made.array->count; i++)
            if (!ruby_push(run, list, made.array->items[i])) WALK_OUT(walk, LEFT);
        if (!opens && !ruby_push(run, list, made)) WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, list);
}
METHOD(map) { return mapped(run, args, false, false); }
METHOD(flat_map) { return mapped(run, args, true, false); }
METHOD(filter_map) { return mapped(run, args, false, true); }

static struct value chosen(struct ruby_run *run, const struct ruby_args *args, bool wanted)
{
    bool is_hash = args->self.kind == VALUE_MAP;
    struct value result = is_hash ? ruby_hash_new(run, 0) : ruby_list_new(run, 0);
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value fits = walk_yield(&walk, args->block, key, item);
        if (has_left(fits)) WALK_OUT(walk, LEFT);
        if (is_true(fits) != wanted) continue;
        if (is_hash ? !ruby_hash_set(run, result, key, item) : !ruby_push(run, result, item))
            WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, result);
}
METHOD(select_items) { return chosen(run, args, true); }
METHOD(reject) { return chosen(run, args, false); }

METHOD(with_index)
{
    const char *name = args->node ? args->node->name.ptr : "each";
    size_t len = args->node ? args->node->name.len : 4;
    bool is_map = memchr(name, '.', len) && (name[0] == 'm' || name[0] == 'f'),
         is_select = name[0] == 's', is_reject = name[0] == 'r';
    int64_t number = 0;
    struct value list = ruby_list_new(run, 0);
    if (HAS(0) && !want_int(run, ARG(0), &number)) return LEFT;
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value both[2] = {pair_of(&walk, key, item), value_int(number++)};
        struct value made = value_null();
        if (!args->block) {
            if (!ruby_push(run, list, ruby_list_of(run, both, 2))) WALK_OUT(walk, LEFT);
            continue;
        }
        made = ruby_yield(run, args->block, both, 2);
        if (has_left(made)) WALK_OUT(walk, LEFT);
        bool keeps = is_map || (is_select && is_true(made)) || (is_reject && !is_true(made));
        if (keeps && !ruby_push(run, list, is_map ? made : both[0])) WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, is_map || is_select || is_reject || !args->block ? list : args->self);
}

METHOD(with_object)
{
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value both[2] = {pair_of(&walk, key, item), ARG(0)};
        if (has_left(ruby_yield(run, args->block, both, 2))) WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, ARG(0));
}

METHOD(inject)
{
    struct value sum = VALUE_NONE, by = value_null();
    if (HAS(0)) sum = ARG(0);
    if (HAS(1)) by = ARG(1);
    if (args->count == 1 && !args->block) by = sum, sum = VALUE_NONE;
    if (!args->block && !is_text(by))
        return ruby_raise(run, "TypeError", "%s is not a symbol nor a string", ruby_class_name(by));
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value both[2] = {sum, pair_of(&walk, key, item)};
        if (sum.kind == VALUE_MISSING)
            sum = both[1];
        else
            sum = args->block ? ruby_yield(run, args->block, both, 2)
                              : ruby_send(run, args->node, ruby_text(by), sum, &both[1], 1);
        if (has_left(sum)) WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, sum.kind == VALUE_MISSING ? value_null() : sum);
}
METHOD(sum)
{
    struct value total = HAS(0) ? ARG(0) : value_int(0);
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value part =
            args->block ? walk_yield(&walk, args->block, key, item) : pair_of(&walk, key, item);
        if (!has_left(part)) total = ruby_binary(run, OP_ADD, total, part);
        if (has_left(part) || has_left(total)) WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, total);
}

/* ---- questions ---- */
static struct value item_fits(struct walk *walk, const struct ruby_args *args, struct value key,
                              struct value item)
{
    if (args->count) return ruby_case_equal(walk->run, ARG(0), pair_of(walk, key, item));
    return args->block ? walk_yield(walk, args->block, key, item) : pair_of(walk, key, item);
}
METHOD(any)
{
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value fits = item_fits(&walk, args, key, item);
        if (has_left(fits)) WALK_OUT(walk, LEFT);
        if (is_true(fits)) WALK_OUT(walk, value_bool(true));
    }
    return walk_result(&walk, value_bool(false));
}
METHOD(none)
{
    struct value found = any(run, args);
    return has_left(found) ? found : value_bool(!found.boolean);
}
METHOD(all)
{
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value fits = item_fits(&walk, args, key, item);
        if (has_left(fits)) WALK_OUT(walk, LEFT);
        if (!is_true(fits)) WALK_OUT(walk, value_bool(false));
    }
    return walk_result(&walk, value_bool(true));
}
METHOD(count)
{
    int64_t many = 0;
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value fits = value_bool(true);
        if (args->count)
            fits = value_bool(ruby_equal(run, pair_of(&walk, key, item), ARG(0)));
        else if (args->block)
            fits = walk_yield(&walk, args->block, key, item);
        if (has_left(fits)) WALK_OUT(walk, LEFT);
        many += is_true(fits);
    }
    return walk_result(&walk, value_int(many));
}
METHOD(find)
{
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value fits = walk_yield(&walk, args->block, key, item);
        if (has_left(fits)) WALK_OUT(walk, LEFT);
        if (is_true(fits)) WALK_OUT(walk, pair_of(&walk, key, item));
    }
    return walk_result(&walk, value_null());
}

/* ---- parts ---- */
METHOD(partition)
{
    struct value halves[2] = {ruby_list_new(run, 0), ruby_list_new(run, 0)};
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value fits = walk_yield(&walk, args->block, key, item);
        if (has_left(fits) ||
            !ruby_push(run, halves[is_true(fits) ? 0 : 1], pair_of(&walk, key, item)))
            WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, ruby_list_of(run, halves, 2));
}
METHOD(group_by)
{
    struct value groups = ruby_hash_new(run, 0);
    bool only_counts = args->node && args->node->name.ptr[0] == 't'; /* tally */
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value pair = pair_of(&walk, key, item),
                     name = only_counts ? pair : walk_yield(&walk, args->block, key, item);
        struct value group = has_left(name) ? LEFT : ruby_hash_get(run, groups, name);
        if (has_left(group)) WALK_OUT(walk, LEFT);
        bool is_new = group.kind == VALUE_NULL, ok = true;
        if (only_counts)
            group = value_int(is_new ? 1 : group.integer + 1);
        else if (is_new)
            group = ruby_list_new(run, 0);
        if (!only_counts) ok = ruby_push(run, group, pair);
        if (!ok || ((is_new || only_counts) && !ruby_hash_set(run, groups, name, group)))
            WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, groups);
}
METHOD(uniq)
{
    struct value list = ruby_list_new(run, 0), seen = ruby_list_new(run, 0);
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value mark =
            args->block ? walk_yield(&walk, args->block, key, item) : pair_of(&walk, key, item);
        if (has_left(mark) || !ruby_step(run, seen.array->count / 8)) WALK_OUT(walk, LEFT);
        bool known = false;
        for (uint32_t i = 0; !known && i < seen.array->count; i++)
            known = seen.array->items[i].kind == mark.kind &&
                    ruby_equal(run, seen.array->items[i], mark);
        if (known) continue;
        if (!ruby_push(run, seen, mark) || !ruby_push(run, list, pair_of(&walk, key, item)))
            WALK_OUT(walk, LEFT);
    }
    return walk_result(&walk, list);
}
METHOD(to_a)
{
    struct value list = ruby_list_new(run, 0);
    WALK(walk);
    WALK_EACH (walk, key, item)
        if (!ruby_push(run, list, pair_of(&walk, key, item))) WALK_OUT(walk, LEFT);
    return walk_result(&walk, list);
}

struct value ruby_range_list(struct ruby_run *run, struct value range)
{
    struct ruby_args args = {.self = range};
    return to_a(run, &args);
}

static struct value runs_of(struct ruby_run *run, const struct ruby_args *args, bool overlapping)
{
    struct value items = to_a(run, args), list = ruby_list_new(run, 0);
    int64_t size;
    if (has_left(items) || !want_int(run, ARG(0), &size)) return LEFT;
    if (size <= 0) return ruby_raise(run, "ArgumentError", "invalid slice size");
    uint32_t count = items.array->count;
    for (uint32_t at = 0; at < count;
         at += overlapping ? 1 : (uint32_t)(size < count ? size : count)) {
        uint32_t left = count - at, many = size < left ? (uint32_t)size : left;
        if (overlapping && many < size) break;
        struct value part = ruby_list_of(run, items.array->items + at, many);
        if (!ruby_step(run, 1 + many / 8)) return LEFT;
        if (args->block ? has_left(ruby_yield_one(run, args->block, part))
                        : !ruby_push(run, list, part))
            return LEFT;
    }
    return args->block ? args->self : list;
}
METHOD(each_slice) { return runs_of(run, args, false); }
METHOD(each_cons) { return runs_of(run, args, true); }

static struct value while_fits(struct ruby_run *run, const struct ruby_args *args, bool take)
{
    struct value list = ruby_list_new(run, 0);
    bool fits = true;
    WALK(walk);
    WALK_EACH (walk, key, item) {
        if (fits) {
            struct value answer = walk_yield(&walk, args->block, key, item);
            if (has_left(answer)) WALK_OUT(walk, LEFT);
            fits = is_true(answer);
        }
        if (fits == take && !ruby_push(run, list, pair_of(&walk, key, item))) WALK_OUT(walk, LEFT);
        if (take && !fits) break;
    }
    return walk_result(&walk, list);
}
METHOD(take_while) { return while_fits(run, args, true); }
METHOD(drop_while) { return while_fits(run, args, false); }

METHOD(reverse_each)
{
    struct value items = to_a(run, args);
    for (uint32_t i = has_left(items) ? 0 : items.array->count; i-- > 0;)
        if (has_left(ruby_yield_one(run, args->block, items.array->items[i]))) return LEFT;
    return has_left(items) ? items : args->self;
}
METHOD(each_index)
{
    for (uint32_t i = 0; i < args->self.array->count; i++)
        if (!ruby_step(run, 1) || has_left(ruby_yield_one(run, args->block, value_int(i))))
            return LEFT;
    return args->self;
}

/* ---- order ---- */
struct order {
    struct ruby_run *run;
    const struct ruby_proc *block; /* that compares two; NULL: as they are */
    bool failed;
};

static int order_two(struct order *order, struct value a, struct value b)
{
    int result = 0;
    struct value both[2] = {a, b};
    if (order->failed || !ruby_step(order->run, 1)) return order->failed = true, 0;
    if (order->block) {
        struct value found = ruby_yield(order->run, order->block, both, 2);
        if (has_left(found)) return order->failed = true, 0;
        double number;
        if (ruby_as_double(found, &number)) return number < 0 ? -1 : number > 0;
        ruby_raise(order->run, "ArgumentError", "comparison of %s with %s failed",
                   ruby_class_name(a), ruby_class_name(b));
        return order->failed = true, 0;
    }
    if (ruby_compare(order->run, a, b, &result)) return result;
    ruby_raise(order->run, "ArgumentError", "comparison of %s with %s failed", ruby_class_name(a),
               b.kind == VALUE_NULL ? "nil" : ruby_class_name(b));
    return order->failed = true, 0;
}

/* Merges two sorted runs; `width` items a piece (a mark and what it stands for). */
static void merge_sort(struct order *order, struct value *items, struct value *spare,
                       uint32_t count, uint32_t width)
{
    for (uint32_t run = 1; run < count && !order->failed; run *= 2) {
        for (uint32_t low = 0; low < count; low += 2 * run) {
            uint32_t middle = low + run < count ? low + run : count,
                     high = low + 2 * run < count ? low + 2 * run : count;
            uint32_t a = low, b = middle, to = low;
            while (a < middle || b < high) {
                bool first = b >= high || (a < middle && order_two(order, items[a * width],
                                                                   items[b * width]) <= 0);
                uint32_t from = first ? a++ : b++;
                memcpy(spare + to++ * width, items + from * width, width * sizeof *items);
            }
        }
        memcpy(items, spare, (size_t)count * width * sizeof *items);
    }
}

/* The items in order: by the block of two (sort), or by what the block gives for each (sort_by). */
static struct value sorted(struct ruby_run *run, const struct ruby_args *args, bool by_mark)
{
    struct value items = to_a(run, args);
    if (has_left(items)) return items;
    uint32_t count = items.array->count, width = by_mark ? 2 : 1;
    if (!ruby_allows(run, (size_t)count * width * 2 * sizeof(struct value))) return LEFT;
    struct value *work = arena_alloc(run->arena, (size_t)(count + 1) * width * sizeof *work);
    struct value *spare = arena_alloc(run->arena, (size_t)(count + 1) * width * sizeof *work);
    for (uint32_t i = 0; i < count; i++) {
        struct value item = items.array->items[i];
        work[i * width] = by_mark ? ruby_yield_one(run, args->block, item) : item;
        if (has_left(work[i * width])) return LEFT;
        if (by_mark) work[i * width + 1] = item;
    }
    struct order order = {.run = run, .block = by_mark ? NULL : args->block};
    merge_sort(&order, work, spare, count, width);
    if (order.failed) return LEFT;
    struct value list = ruby_list_new(run, count);
    for (uint32_t i = 0; i < count; i++)
        if (!ruby_push(run, list, work[i * width + width - 1])) return LEFT;
    return list;
}
METHOD(sort) { return sorted(run, args, false); }
METHOD(sort_by) { return sorted(run, args, true); }

static struct value extreme(struct ruby_run *run, const struct ruby_args *args, int sign,
                            bool by_mark)
{
    if (HAS(0)) { /* the first so many in order */
        struct ruby_args all = *args;
        all.count = 0;
        struct value list = sorted(run, &all, by_mark);
        if (has_left(list)) return list;
        if (sign > 0 && has_left(list = ruby_send(run, args->node, STR("reverse"), list, NULL, 0)))
            return list;
        return ruby_send(run, args->node, STR("first"), list, args->items, 1);
    }
    struct value best = value_null(), mark = VALUE_NONE;
    struct order order = {.run = run, .block = by_mark ? NULL : args->block};
    WALK(walk);
    WALK_EACH (walk, key, item) {
        struct value pair = pair_of(&walk, key, item),
                     now = by_mark ? walk_yield(&walk, args->block, key, item) : pair;
        if (has_left(now)) WALK_OUT(walk, LEFT);
        bool better = mark.kind == VALUE_MISSING || order_two(&order, now, mark) * sign > 0;
        if (order.failed) WALK_OUT(walk, LEFT);
        if (better) best = pair, mark = now;
    }
    return walk_result(&walk, best);
}
METHOD(min) { return extreme(run, args, -1, false); }
METHOD(max) { return extreme(run, args, 1, false); }
METHOD(min_by) { return extreme(run, args, -1, true); }
METHOD(max_by) { return extreme(run, args, 1, true); }
METHOD(minmax)
{
    struct value both[2] = {min(run, args), value_null()};
    if (has_left(both[0]) || has_left(both[1] = max(run, args))) return LEFT;
    return ruby_list_of(run, both, 2);
}

/* ---- ranges ---- */
METHOD(range_includes)
{
    const struct ruby_range *range = ruby_pointer(args->self);
    int low, high = -1;
    if (!ruby_compare(run, range->from, ARG(0), &low)) return value_bool(false);
    if (range->to.kind != VALUE_NULL && !ruby_compare(run, ARG(0), range->to, &high))
        return value_bool(false);
    return value_bool(low <= 0 &&
                      (range->is_open && range->to.kind != VALUE_NULL ? high < 0 : high <= 0));
}
METHOD(range_first)
{
    const struct ruby_range *range = ruby_pointer(args->self);
    if (!HAS(0)) return range->from;
    struct value list = ruby_range_list(run, args->self);
    return has_left(list) ? list : ruby_send(run, args->node, STR("first"), list, args->items, 1);
}
METHOD(range_last)
{
    (void)run;
    return ((const struct ruby_range *)ruby_pointer(args->self))->to;
}
METHOD(range_step)
{
    int64_t from, to, step;
    struct value list = ruby_list_new(run, 0);
    if (!range_ends(run, args->self, &from, &to) || !want_int(run, ARG(0), &step)) return LEFT;
    if (step <= 0)
        return ruby_raise(run, "ArgumentError", "step can't be %s", step ? "negative" : "0");
    for (int64_t i = from; i <= to;) {
        struct value item = value_int(i);
        if (!ruby_step(run, 1) || (args->block ? has_left(ruby_yield_one(run, args->block, item))
                                               : !ruby_push(run, list, item)))
            return LEFT;
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return args->block ? args->self : list;
}

const struct ruby_native ruby_walk_methods[] = {
    {"each", IS_MANY, 0, 0, BLOCK_MUST, each, NULL},
    {"each_pair", IS_HASH, 0, 0, BLOCK_MUST, each, NULL},
    {"each_entry", IS_MANY, 0, 0, BLOCK_MUST, each, NULL},
    {"map", IS_MANY, 0, 0, BLOCK_MUST, map, NULL},
    {"collect", IS_MANY, 0, 0, BLOCK_MUST, map, NULL},
    {"flat_map", IS_MANY, 0, 0, BLOCK_MUST, flat_map, NULL},
    {"collect_concat", IS_MANY, 0, 0, BLOCK_MUST, flat_map, NULL},
    {"filter_map", IS_MANY, 0, 0, BLOCK_MUST, filter_map, NULL},
    {"select", IS_MANY, 0, 0, BLOCK_MUST, select_items, NULL},
    {"filter", IS_MANY, 0, 0, BLOCK_MUST, select_items, NULL},
    {"find_all", IS_LIST | IS_RANGE, 0, 0, BLOCK_MUST, select_items, NULL},
    {"reject", IS_MANY, 0, 0, BLOCK_MUST, reject, NULL},
    {"each_with_index", IS_MANY, 0, 0, BLOCK_MAY, with_index, NULL},
    {"each.with_index", IS_MANY, 0, 1, BLOCK_MAY, with_index, NULL},
    {"map.with_index", IS_MANY, 0, 1, BLOCK_MUST, with_index, NULL},
    {"select.with_index", IS_LIST, 0, 1, BLOCK_MUST, with_index, NULL},
    {"reject.with_index", IS_LIST, 0, 1, BLOCK_MUST, with_index, NULL},
    {"each_with_object", IS_MANY, 1, 1, BLOCK_MUST, with_object, NULL},
    {"inject", IS_MANY, 0, 2, BLOCK_MAY, inject, NULL},
    {"reduce", IS_MANY, 0, 2, BLOCK_MAY, inject, NULL},
    {"sum", IS_MANY, 0, 1, BLOCK_MAY, sum, NULL},
    {"any?", IS_MANY, 0, 1, BLOCK_MAY, any, NULL},
    {"none?", IS_MANY, 0, 1, BLOCK_MAY, none, NULL},
    {"all?", IS_MANY, 0, 1, BLOCK_MAY, all, NULL},
    {"count", IS_MANY, 0, 1, BLOCK_MAY, count, NULL},
    {"find", IS_MANY, 0, 0, BLOCK_MUST, find, NULL},
    {"detect", IS_MANY, 0, 0, BLOCK_MUST, find, NULL},
    {"partition", IS_MANY, 0, 0, BLOCK_MUST, partition, NULL},
    {"group_by", IS_MANY, 0, 0, BLOCK_MUST, group_by, NULL},
    {"tally", IS_MANY, 0, 0, BLOCK_NONE, group_by, NULL},
    {"uniq", IS_MANY, 0, 0, BLOCK_MAY, uniq, NULL},
    {"to_a", IS_HASH | IS_RANGE, 0, 0, BLOCK_NONE, to_a, NULL},
    {"entries", IS_HASH | IS_RANGE, 0, 0, BLOCK_NONE, to_a, NULL},
    {"each_slice", IS_MANY, 1, 1, BLOCK_MAY, each_slice, NULL},
    {"each_cons", IS_MANY, 1, 1, BLOCK_MAY, each_cons, NULL},
    {"take_while", IS_MANY, 0, 0, BLOCK_MUST, take_while, NULL},
    {"drop_while", IS_MANY, 0, 0, BLOCK_MUST, drop_while, NULL},
    {"reverse_each", IS_MANY, 0, 0, BLOCK_MUST, reverse_each, NULL},
    {"each_index", IS_LIST, 0, 0, BLOCK_MUST, each_index, NULL},
    {"sort", IS_MANY, 0, 0, BLOCK_MAY, sort, NULL},
    {"sort_by", IS_MANY, 0, 0, BLOCK_MUST, sort_by, NULL},
    {"min", IS_MANY, 0, 1, BLOCK_MAY, min, NULL},
    {"max", IS_MANY, 0, 1, BLOCK_MAY, max, NULL},
    {"min_by", IS_MANY, 0, 1, BLOCK_MUST, min_by, NULL},
    {"max_by", IS_MANY, 0, 1, BLOCK_MUST, max_by, NULL},
    {"minmax", IS_MANY, 0, 0, BLOCK_MAY, minmax, NULL},
    {"include?", IS_RANGE, 1, 1, 0, range_includes, NULL},
    {"cover?", IS_RANGE, 1, 1, 0, range_includes, NULL},
    {"member?", IS_RANGE, 1, 1, 0, range_includes, NULL},
    {"first", IS_RANGE, 0, 1, 0, range_first, NULL},
    {"begin", IS_RANGE, 0, 0, 0, range_first, NULL},
    {"last", IS_RANGE, 0, 0, 0, range_last, NULL},
    {"end", IS_RANGE, 0, 0, 0, range_last, NULL},
    {"step", IS_RANGE, 1, 1, BLOCK_MAY, range_step, NULL},
    {"size", IS_RANGE, 0, 0, 0, count, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
