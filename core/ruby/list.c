/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of lists that call no block; indexes of everything that has them. */
#include "core/ruby/methods.h"
#include "core/text/utf8.h"
#include <stdlib.h>

/* ---- indexes ---- */

/* Of a range within `len` items; false without an error (from < 0): outside. */
bool ruby_range_bounds(struct ruby_run *run, const struct ruby_range *range, int64_t len,
                       int64_t *from, int64_t *count)
{
    int64_t to = len - 1;
    if (!want_int(run, range->from, from)) return false;
    if (range->to.kind != VALUE_NULL && !want_int(run, range->to, &to)) return false;
    if (*from < 0) *from += len;
    if (to < 0 && range->to.kind != VALUE_NULL) to += len;
    if (range->is_open && range->to.kind != VALUE_NULL) to--;
    if (to >= len) to = len - 1;
    *count = to >= *from ? to - *from + 1 : 0;
    if (*from < 0 || *from > len) *from = -1;
    return true;
}

/* From one or two index values: a run of items (true), one item (`*count` -1), or nothing (`*from`
 * -1). */
static bool bounds(struct ruby_run *run, struct value *values, uint32_t given, int64_t len,
                   int64_t *from, int64_t *count)
{
    if (given == 1 && values[0].kind == RUBY_RANGE)
        return ruby_range_bounds(run, ruby_pointer(values[0]), len, from, count);
    *count = -1;
    if (!want_int(run, values[0], from) || (given == 2 && !want_int(run, values[1], count)))
        return false;
    if (given == 2 && *count < 0) return *from = -1, true;
    if (*from < 0) *from += len;
    if (*from < 0 || *from > len || (*count == -1 && *from == len)) return *from = -1, true;
    if (*count > len - *from) *count = len - *from;
    return true;
}

static struct value text_index(struct ruby_run *run, struct value self, struct value *values,
                               uint32_t count)
{
    struct str text = ruby_text(self);
    int64_t from, many;
    if (values[0].kind == VALUE_STRING)
        return str_find(text, ruby_text(values[0])) < 0 ? value_null() : values[0];
    if (values[0].kind == RUBY_REGEX) {
        struct value found = ruby_match_run(run, values[0], self);
        if (found.kind != VALUE_INT) return found;
        if (count == 2 && is_text(values[1]))
            return ruby_match_named(run->match, ruby_text(values[1]));
        return ruby_match_group(run->match, count == 2 ? (uint32_t)values[1].integer : 0);
    }
    int64_t len = (int64_t)ruby_char_count(text);
    if (!bounds(run, values, count, len, &from, &many)) return LEFT;
    if (from < 0) return value_null();
    size_t start = ruby_char_offset(text, (size_t)from);
    size_t end = start + ruby_char_offset(str_from(text, start), many == -1 ? 1 : (size_t)many);
    return ruby_string(str_slice(text, start, end));
}

static struct value match_index(struct ruby_run *run, struct value self, struct value index)
{
    const struct ruby_match *match = ruby_pointer(self);
    if (is_text(index)) {
        struct value found = ruby_match_named(self, ruby_text(index));
        return found.kind == VALUE_MISSING
                   ? ruby_raise(run, "IndexError", "undefined group name reference: %.*s",
                                STR_ARG(ruby_text(index)))
                   : found;
    }
    int64_t group;
    if (!want_int(run, index, &group)) return LEFT;
    if (group < 0) group += match->count;
    return group < 0 || group >= match->count ? value_null()
                                              : ruby_match_group(self, (uint32_t)group);
}

struct value ruby_index(struct ruby_run *run, struct value self, struct value *values,
                        uint32_t count)
{
    int64_t from, many;
    switch (self.kind) {
    case VALUE_MAP:
        return count == 1 ? ruby_hash_get(run, self, values[0])
                          : ruby_raise(run, "ArgumentError",
                                       "wrong number of arguments (given 2, expected 1)");
    case VALUE_STRING: return text_index(run, self, values, count);
    case RUBY_MATCH: return match_index(run, self, values[0]);
    case RUBY_PROC: return ruby_call_proc(run, ruby_pointer(self), values, count);
    case VALUE_INT:
        if (values[0].kind == VALUE_INT)
            return value_int(
                values[0].integer < 0
                    ? 0
                    : self.integer >> (values[0].integer > 63 ? 63 : values[0].integer) & 1);
        return want_int(run, values[0], &from) ? value_int(0) : LEFT;
    case VALUE_ARRAY:
        if (!bounds(run, values, count, self.array->count, &from, &many)) return LEFT;
        if (from < 0) return value_null();
        if (many == -1) return self.array->items[from];
        if (!ruby_step(run, 1 + (uint32_t)many / 8)) return LEFT;
        return ruby_list_of(run, self.array->items + from, (uint32_t)many);
    case RUBY_EVENT:
        return ruby_raise(run, "NoMethodError",
                          "event['field'] is gone since Logstash 5: use event.get");
    default:
        return ruby_raise(run, "NoMethodError", "undefined method `[]' for %s",
                          self.kind == VALUE_NULL ? "nil:NilClass" : ruby_class_name(self));
    }
}

static struct value list_index_set(struct ruby_run *run, struct value self, struct value index,
                                   struct value value)
{
    struct ruby_list *list = list_of(self);
    int64_t at;
    if (!want_int(run, index, &at) || !ruby_list_touch(run, self)) return LEFT;
    if (at < 0) at += list->array.count;
    if (at < 0)
        return ruby_raise(run, "IndexError", "index %lld too small for array",
                          (long long)(at - list->array.count));
    if (at >= ARRAY_COUNT_MAX) return ruby_raise_limit(run, "a list becomes too long");
    if (at > list->array.count && !ruby_step(run, (uint32_t)(at - list->array.count) / 8))
        return LEFT;
    while (list->array.count <= at) array_push(&list->array, list->home, value_null());
    list->array.items[at] = ruby_keep(run, list->home, value);
    return value;
}

struct value ruby_index_set(struct ruby_run *run, struct value self, struct value *values,
                            uint32_t count, struct value value)
{
    if (self.kind == VALUE_MAP && count == 1)
        return ruby_hash_set(run, self, values[0], value) ? value : LEFT;
    if (self.kind == VALUE_ARRAY && count == 1 && values[0].kind != RUBY_RANGE)
        return list_index_set(run, self, values[0], value);
    if (self.kind == VALUE_ARRAY || self.kind == VALUE_STRING)
        return ruby_raise(run, "NotImplementedError", "an assignment to a part of a %s",
                          ruby_class_name(self));
    return ruby_raise(run, "NoMethodError", "undefined method `[]=' for %s",
                      self.kind == VALUE_NULL ? "nil:NilClass" : ruby_class_name(self));
}

/* ---- methods ---- */
METHOD(length)
{
    (void)run;
    return value_int(args->self.kind == VALUE_MAP ? args->self.map->live : args->self.array->count);
}
METHOD(is_empty)
{
    (void)run;
    return value_bool(args->self.kind == VALUE_MAP ? !args->self.map->live
                                                   : !args->self.array->count);
}

static struct value some_items(struct ruby_run *run, const struct ruby_args *args, bool from_end)
{
    const struct array *array = args->self.array;
    int64_t many = 1;
    if (!HAS(0)) return array->count ? array->items[from_end ? array->count - 1 : 0] : value_null();
    if (!want_int(run, ARG(0), &many)) return LEFT;
    if (many < 0) return ruby_raise(run, "ArgumentError", "negative array size");
    uint32_t count = many < array->count ? (uint32_t)many : array->count;
    return ruby_list_of(run, array->items + (from_end ? array->count - count : 0), count);
}
METHOD(first) { return some_items(run, args, false); }
METHOD(last) { return some_items(run, args, true); }
METHOD(drop)
{
    int64_t many;
    if (!want_int(run, ARG(0), &many)) return LEFT;
    if (many < 0) return ruby_raise(run, "ArgumentError", "attempt to drop negative size");
    uint32_t count = many < args->self.array->count ? (uint32_t)many : args->self.array->count;
    return ruby_list_of(run, args->self.array->items + count, args->self.array->count - count);
}

METHOD(push)
{
    for (uint32_t i = 0; i < args->count; i++)
        if (!ruby_push(run, args->self, ARG(i))) return LEFT;
    return args->self;
}
METHOD(concat)
{
    for (uint32_t i = 0; i < args->count; i++) {
        if (!want_list(run, ARG(i))) return LEFT;
        for (uint32_t k = 0, end = ARG(i).array->count; k < end; k++)
            if (!ruby_push(run, args->self, ARG(i).array->items[k])) return LEFT;
    }
    return args->self;
}
METHOD(pop)
{
    struct ruby_list *list = list_of(args->self);
    if (!ruby_list_touch(run, args->self)) return LEFT;
    return list->array.count ? list->array.items[--list->array.count] : value_null();
}
METHOD(shift)
{
    struct ruby_list *list = list_of(args->self);
    if (!ruby_list_touch(run, args->self) || !ruby_step(run, list->array.count / 64)) return LEFT;
    if (!list->array.count) return value_null();
    struct value item = list->array.items[0];
    array_remove(&list->array, 0);
    return item;
}
METHOD(insert)
{
    struct ruby_list *list = list_of(args->self);
    int64_t at;
    if (!want_int(run, ARG(0), &at)) return LEFT;
    if (at < 0) at += list->array.count + 1;
    if (at < 0 || at > list->array.count)
        return ruby_raise(run, "IndexError", "index %lld out of array", (long long)at);
    if (!ruby_step(run, list->array.count / 64) || !ruby_push(run, args->self, ARG(1))) return LEFT;
    struct value item = list->array.items[list->array.count - 1];
    memmove(list->array.items + at + 1, list->array.items + at,
            (list->array.count - 1 - (size_t)at) * sizeof item);
    list->array.items[at] = item;
    return args->self;
}
METHOD(unshift)
{
    struct value values[2] = {value_int(0), ARG(0)};
    struct ruby_args again = *args;
    again.items = values;
    again.count = 2;
    return insert(run, &again);
}
METHOD(delete_at)
{
    struct ruby_list *list = list_of(args->self);
    int64_t at;
    if (!want_int(run, ARG(0), &at) || !ruby_list_touch(run, args->self)) return LEFT;
    if (at < 0) at += list->array.count;
    if (at < 0 || at >= list->array.count) return value_null();
    struct value item = list->array.items[at];
    array_remove(&list->array, (uint32_t)at);
    return item;
}
METHOD(delete_item)
{
    struct ruby_list *list = list_of(args->self);
    struct value found = value_null();
    uint32_t kept = 0;
    if (!ruby_list_touch(run, args->self) || !ruby_step(run, list->array.count / 8)) return LEFT;
    for (uint32_t i = 0; i < list->array.count; i++) {
        if (ruby_equal(run, list->array.items[i], ARG(0)))
            found = list->array.items[i];
        else
            list->array.items[kept++] = list->array.items[i];
    }
    list->array.count = kept;
    return found;
}
METHOD(clear)
{
    if (args->self.kind == VALUE_MAP) {
        struct ruby_hash *hash = hash_of(args->self);
        if (!ruby_hash_touch(run, args->self)) return LEFT;
        map_init(&hash->map, hash->home, 0);
        return args->self;
    }
    if (!ruby_list_touch(run, args->self)) return LEFT;
    list_of(args->self)->array.count = 0;
    return args->self;
}
METHOD(replace)
{
    if (!want_list(run, ARG(0))) return LEFT;
    struct value copy = ruby_list_of(run, ARG(0).array->items, ARG(0).array->count);
    if (!ruby_list_touch(run, args->self)) return LEFT;
    list_of(args->self)->array.count = 0;
    for (uint32_t i = 0; i < copy.array->count; i++)
        if (!ruby_push(run, args->self, copy.array->items[i])) return LEFT;
    return args->self;
}

METHOD(includes)
{
    const struct array *array = args->self.array;
    if (!ruby_step(run, array->count / 8)) return LEFT;
    ARRAY_EACH (array, item)
        if (ruby_equal(run, *item, ARG(0))) return value_bool(true);
    return value_bool(false);
}
METHOD(index_of)
{
    const struct array *array = args->self.array;
    for (uint32_t i = 0; i < array->count; i++) {
        struct value fits = args->block
                                ? ruby_yield_one(run, args->block, array->items[i])
                                : value_bool(HAS(0) && ruby_equal(run, array->items[i], ARG(0)));
        if (has_left(fits) || !ruby_step(run, 1)) return LEFT;
        if (is_true(fits)) return value_int(i);
    }
    return value_null();
}

static bool join_into(struct ruby_run *run, const struct array *array, struct str by,
                      struct buf *out, uint32_t depth)
{
    if (depth > RUBY_VALUE_DEPTH_MAX)
        return ruby_raise(run, "ArgumentError", "recursive array join"), false;
    for (uint32_t i = 0; i < array->count; i++) {
        if (i) buf_append(out, by);
        struct value item = array->items[i];
        if (item.kind == VALUE_ARRAY) {
            if (!join_into(run, item.array, by, out, depth + 1)) return false;
        } else
            ruby_print(run, item, out);
        if (!ruby_allows(run, out->len)) return false;
    }
    return ruby_step(run, array->count / 8);
}
METHOD(join)
{
    struct str by = STR("");
    if (HAS(0) && ARG(0).kind != VALUE_NULL && !want_text(run, ARG(0), &by)) return LEFT;
    struct buf out = buf_in_arena(run->arena);
    return join_into(run, args->self.array, by, &out, 0) ? text_of_buf(&out) : LEFT;
}

METHOD(compact)
{
    struct value list = ruby_list_new(run, 0);
    ARRAY_EACH (args->self.array, item)
        if (item->kind != VALUE_NULL && !ruby_push(run, list, *item)) return LEFT;
    return list;
}
static bool flatten_into(struct ruby_run *run, const struct array *array, struct value list,
                         int64_t levels, uint32_t depth)
{
    if (depth > RUBY_VALUE_DEPTH_MAX)
        return ruby_raise(run, "ArgumentError", "tried to flatten recursive array"), false;
    for (uint32_t i = 0; i < array->count; i++) {
        struct value item = array->items[i];
        bool opens = item.kind == VALUE_ARRAY && levels != 0;
        if (opens ? !flatten_into(run, item.array, list, levels - 1, depth + 1)
                  : !ruby_push(run, list, item))
            return false;
    }
    return ruby_step(run, 1);
}
METHOD(flatten)
{
    int64_t levels = -1;
    struct value list = ruby_list_new(run, 0);
    if (HAS(0) && ARG(0).kind != VALUE_NULL && !want_int(run, ARG(0), &levels)) return LEFT;
    return flatten_into(run, args->self.array, list, levels, 0) ? list : LEFT;
}
METHOD(reverse)
{
    struct value list = ruby_list_of(run, args->self.array->items, args->self.array->count);
    for (uint32_t i = 0, k = list.array->count; i + 1 < k; i++) {
        struct value item = list.array->items[i];
        list.array->items[i] = list.array->items[--k];
        list.array->items[k] = item;
    }
    return list;
}
METHOD(rotate)
{
    const struct array *array = args->self.array;
    int64_t by = 1;
    if (HAS(0) && !want_int(run, ARG(0), &by)) return LEFT;
    struct value list = ruby_list_new(run, array->count);
    int64_t from = array->count ? (by % array->count + array->count) % array->count : 0;
    for (uint32_t i = 0; i < array->count; i++)
        if (!ruby_push(run, list, array->items[((uint64_t)from + i) % array->count])) return LEFT;
    return list;
}
METHOD(transpose)
{
    const struct array *rows = args->self.array;
    struct value list = ruby_list_new(run, 0);
    uint32_t width =
        rows->count && rows->items[0].kind == VALUE_ARRAY ? rows->items[0].array->count : 0;
    for (uint32_t i = 0; i < width; i++) {
        struct value column = ruby_list_new(run, rows->count);
        ARRAY_EACH (rows, row) {
            if (!want_list(run, *row)) return LEFT;
            if (row->array->count != width)
                return ruby_raise(run, "IndexError", "element size differs");
            if (!ruby_push(run, column, row->array->items[i])) return LEFT;
        }
        if (!ruby_push(run, list, column)) return LEFT;
    }
    return list;
}
METHOD(zip)
{
    const struct array *array = args->self.array;
    struct value list = ruby_list_new(run, array->count);
    for (uint32_t n = 0; n < args->count; n++)
        if (!want_list(run, ARG(n))) return LEFT;
    for (uint32_t i = 0; i < array->count; i++) {
        struct value row = ruby_list_of(run, &array->items[i], 1);
        for (uint32_t n = 0; n < args->count; n++)
            if (!ruby_push(run, row,
                           i < ARG(n).array->count ? ARG(n).array->items[i] : value_null()))
                return LEFT;
        if (args->block ? has_left(ruby_yield_one(run, args->block, row))
                        : !ruby_push(run, list, row))
            return LEFT;
    }
    return args->block ? value_null() : list;
}
METHOD(dig)
{
    struct value value = args->self;
    for (uint32_t i = 0; i < args->count && value.kind != VALUE_NULL; i++) {
        if (value.kind != VALUE_ARRAY && value.kind != VALUE_MAP)
            return ruby_raise(run, "TypeError", "%s does not have #dig method",
                              ruby_class_name(value));
        value = ruby_index(run, value, &ARG(i), 1);
        if (has_left(value)) return value;
    }
    return value;
}
METHOD(values_at)
{
    struct value list = ruby_list_new(run, args->count);
    for (uint32_t i = 0; i < args->count; i++) {
        struct value item = ruby_index(run, args->self, &ARG(i), 1);
        if (has_left(item) || !ruby_push(run, list, item)) return LEFT;
    }
    return list;
}
METHOD(at) { return ruby_index(run, args->self, args->items, args->count); }
METHOD(fetch)
{
    const struct array *array = args->self.array;
    int64_t at;
    if (!want_int(run, ARG(0), &at)) return LEFT;
    int64_t place = at < 0 ? at + array->count : at;
    if (place >= 0 && place < array->count) return array->items[place];
    if (args->block) return ruby_yield_one(run, args->block, ARG(0));
    return HAS(1)
               ? ARG(1)
               : ruby_raise(run, "IndexError", "index %lld outside of array bounds", (long long)at);
}
METHOD(list_to_h)
{
    struct value hash = ruby_hash_new(run, args->self.array->count);
    ARRAY_EACH (args->self.array, item) {
        struct value pair = args->block ? ruby_yield_one(run, args->block, *item) : *item;
        if (has_left(pair)) return pair;
        if (pair.kind != VALUE_ARRAY || pair.array->count != 2)
            return ruby_raise(run, "TypeError", "wrong element type %s (expected array)",
                              ruby_class_name(pair));
        if (!ruby_hash_set(run, hash, pair.array->items[0], pair.array->items[1])) return LEFT;
    }
    return hash;
}
METHOD(to_a)
{
    (void)run;
    return args->self;
}
METHOD(intersects)
{
    if (!want_list(run, ARG(0))) return LEFT;
    struct value common = ruby_binary(run, OP_AND, args->self, ARG(0));
    return has_left(common) ? common : value_bool(common.array->count > 0);
}
METHOD(list_union)
{
    return want_list(run, ARG(0)) ? ruby_binary(run, OP_OR, args->self, ARG(0)) : LEFT;
}
METHOD(difference)
{
    return want_list(run, ARG(0)) ? ruby_binary(run, OP_SUBTRACT, args->self, ARG(0)) : LEFT;
}

const struct ruby_native ruby_list_methods[] = {
    {"length", IS_LIST | IS_HASH, 0, 0, 0, length, NULL},
    {"size", IS_LIST | IS_HASH, 0, 0, 0, length, NULL},
    {"empty?", IS_LIST | IS_HASH, 0, 0, 0, is_empty, NULL},
    {"first", IS_LIST, 0, 1, 0, first, NULL},
    {"take", IS_LIST, 1, 1, 0, first, NULL},
    {"last", IS_LIST, 0, 1, 0, last, NULL},
    {"drop", IS_LIST, 1, 1, 0, drop, NULL},
    {"push", IS_LIST, 0, -1, 0, push, NULL},
    {"append", IS_LIST, 0, -1, 0, push, NULL},
    {"concat", IS_LIST, 0, -1, 0, concat, NULL},
    {"pop", IS_LIST, 0, 0, 0, pop, NULL},
    {"shift", IS_LIST, 0, 0, 0, shift, NULL},
    {"unshift", IS_LIST, 1, 1, 0, unshift, NULL},
    {"prepend", IS_LIST, 1, 1, 0, unshift, NULL},
    {"insert", IS_LIST, 2, 2, 0, insert, NULL},
    {"delete_at", IS_LIST, 1, 1, 0, delete_at, NULL},
    {"delete", IS_LIST, 1, 1, 0, delete_item, NULL},
    {"clear", IS_LIST | IS_HASH, 0, 0, 0, clear, NULL},
    {"replace", IS_LIST, 1, 1, 0, replace, NULL},
    {"include?", IS_LIST, 1, 1, 0, includes, NULL},
    {"member?", IS_LIST, 1, 1, 0, includes, NULL},
    {"index", IS_LIST, 0, 1, BLOCK_MAY, index_of, NULL},
    {"find_index", IS_LIST, 0, 1, BLOCK_MAY, index_of, NULL},
    {"join", IS_LIST, 0, 1, 0, join, NULL},
    {"compact", IS_LIST, 0, 0, 0, compact, NULL},
    {"flatten", IS_LIST, 0, 1, 0, flatten, NULL},
    {"reverse", IS_LIST, 0, 0, 0, reverse, NULL},
    {"rotate", IS_LIST, 0, 1, 0, rotate, NULL},
    {"transpose", IS_LIST, 0, 0, 0, transpose, NULL},
    {"zip", IS_LIST, 1, -1, BLOCK_MAY, zip, NULL},
    {"dig", IS_LIST | IS_HASH, 1, -1, 0, dig, NULL},
    {"values_at", IS_LIST | IS_HASH, 1, -1, 0, values_at, NULL},
    {"at", IS_LIST, 1, 1, 0, at, NULL},
    {"slice", IS_LIST | IS_STRING, 1, 2, 0, at, NULL},
    {"fetch", IS_LIST, 1, 2, BLOCK_MAY, fetch, NULL},
    {"to_h", IS_LIST, 0, 0, BLOCK_MAY, list_to_h, NULL},
    {"to_a", IS_LIST, 0, 0, 0, to_a, NULL},
    {"entries", IS_LIST, 0, 0, 0, to_a, NULL},
    {"to_ary", IS_LIST, 0, 0, 0, to_a, NULL},
    {"intersect?", IS_LIST, 1, 1, 0, intersects, NULL},
    {"union", IS_LIST, 1, 1, 0, list_union, NULL},
    {"difference", IS_LIST, 1, 1, 0, difference, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
