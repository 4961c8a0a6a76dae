/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and hashes of the machine, and the way to and from values of events. A key that is no text
 * is written with a mark that no other text begins with:
 *
 *     \1 i 5      an Integer        \1 f 1.5    a Float     \1 s name   a Symbol
 *     \1 n        nil               \1 b t      true        \1 t …      a text that begins with \1
 */
#include "core/ruby/machine.h"
#include "core/text/number.h"
#include <stdlib.h>

enum { MARK = '\1' };

struct value ruby_list_new(struct ruby_run *run, uint32_t capacity)
{
    struct ruby_list *list = arena_zalloc(run->arena, sizeof *list);
    list->home = run->arena;
    list->array.capacity = capacity;
    if (capacity) list->array.items = arena_alloc(run->arena, capacity * sizeof *list->array.items);
    return (struct value){.kind = VALUE_ARRAY, .array = &list->array};
}

struct value ruby_list_of(struct ruby_run *run, const struct value *items, uint32_t count)
{
    struct value list = ruby_list_new(run, count);
    if (count) memcpy(list.array->items, items, count * sizeof *items);
    list.array->count = count;
    return list;
}

struct value ruby_hash_new(struct ruby_run *run, uint32_t capacity)
{
    struct ruby_hash *hash = arena_zalloc(run->arena, sizeof *hash);
    hash->home = run->arena;
    hash->fallback = value_null();
    map_init(&hash->map, run->arena, capacity);
    return (struct value){.kind = VALUE_MAP, .map = &hash->map};
}

bool ruby_list_touch(struct ruby_run *run, struct value value)
{
    struct ruby_list *list = list_of(value);
    if (list->is_frozen) return ruby_raise(run, "FrozenError", "can't modify frozen Array"), false;
    if (list->home != run->arena && !list->is_written) {
        list->is_written = true;
        list->next_written = run->written_lists;
        run->written_lists = list;
    }
    return ruby_step(run, 1);
}

bool ruby_hash_touch(struct ruby_run *run, struct value value)
{
    struct ruby_hash *hash = hash_of(value);
    if (hash->is_frozen) return ruby_raise(run, "FrozenError", "can't modify frozen Hash"), false;
    if (hash->home != run->arena && !hash->is_written) {
        hash->is_written = true;
        hash->next_written = run->written_hashes;
        run->written_hashes = hash;
    }
    return ruby_step(run, 1);
}

bool ruby_push(struct ruby_run *run, struct value value, struct value item)
{
    struct ruby_list *list = list_of(value);
    if (!ruby_list_touch(run, value)) return false;
    if (list->array.count >= ARRAY_COUNT_MAX)
        return ruby_raise_limit(run, "a list becomes too long"), false;
    array_push(&list->array, list->home, ruby_keep(run, list->home, item));
    return true;
}

/* ---- keys ---- */
static struct key key_marked(struct arena *arena, char mark, struct str text)
{
    char *bytes = arena_alloc(arena, text.len + 2);
    bytes[0] = MARK;
    bytes[1] = mark;
    if (text.len) memcpy(bytes + 2, text.ptr, text.len);
    return key_of((struct str){bytes, text.len + 2});
}

bool ruby_key(struct ruby_run *run, struct value key, struct key *out)
{
    char digits[NUMBER_PRINT_MAX];
    struct arena *arena = run->arena;
    switch (key.kind) {
    case VALUE_STRING:
        if (!key.len || key.text[0] != MARK)
            *out = key_of(ruby_text(key));
        else
            *out = key_marked(arena, 't', ruby_text(key));
        return true;
    case VALUE_INT:
        *out = key_marked(arena, 'i', (struct str){digits, number_print_int(key.integer, digits)});
        return true;
    case VALUE_DOUBLE:
        *out = key_marked(arena, 'f', (struct str){digits, number_print_ruby(key.real, digits)});
        return true;
    case RUBY_SYMBOL: *out = key_marked(arena, 's', ruby_text(key)); return true;
    case VALUE_NULL: *out = key_marked(arena, 'n', STR("")); return true;
    case VALUE_BOOL: *out = key_marked(arena, 'b', key.boolean ? STR("t") : STR("f")); return true;
    default:
        ruby_raise(run, "NotImplementedError", "%s as a key of a hash", ruby_class_name(key));
        return false;
    }
}

struct value ruby_key_value(const struct key *key)
{
    if (!key->len || key->ptr[0] != MARK) return ruby_string(key_text(key));
    struct str rest = {key->ptr + 2, key->len - 2};
    switch (key->ptr[1]) {
    case 'i': return number_lenient_integer(rest, NULL);
    case 'f': return value_double(number_lenient_float(rest));
    case 's': return ruby_symbol(rest);
    case 'n': return value_null();
    case 'b': return value_bool(rest.ptr[0] == 't');
    default: return ruby_string(rest);
    }
}

struct value ruby_hash_get(struct ruby_run *run, struct value value, struct value key)
{
    struct key name;
    if (!ruby_key(run, key, &name)) return LEFT;
    const struct value *found = map_get(value.map, &name);
    if (found) return *found;
    struct ruby_hash *hash = hash_of(value);
    if (!hash->maker) return hash->fallback;
    struct value arguments[2] = {value, key};
    return ruby_yield(run, hash->maker, arguments, 2);
}

bool ruby_hash_set(struct ruby_run *run, struct value value, struct value key, struct value item)
{
    struct ruby_hash *hash = hash_of(value);
    struct key name;
    if (!ruby_hash_touch(run, value) || !ruby_key(run, key, &name)) return false;
    bool is_kept = hash->home != run->arena;
    if (!map_get(&hash->map, &name)) {
        if (hash->walked)
            return ruby_raise(run, "RuntimeError",
                              "can't add a new key into hash during iteration"),
                   false;
        if (hash->map.live >= ARRAY_COUNT_MAX)
            return ruby_raise_limit(run, "a hash becomes too large"), false;
        if (is_kept) name.ptr = arena_copy(hash->home, key_text(&name)).ptr;
    }
    map_set(&hash->map, hash->home, name, ruby_keep(run, hash->home, item));
    return true;
}

/* ---- events ---- */
static bool list_from_event(struct ruby_run *run, const struct array *array, struct value *out)
{
    *out = ruby_list_new(run, array->count);
    run->steps += array->count / 4;
    ARRAY_EACH (array, item) {
        struct value inner;
        if (!ruby_from_event(run, item, &inner)) return false;
        out->array->items[out->array->count++] = inner;
    }
    return true;
}

static bool map_from_event(struct ruby_run *run, const struct map *map, struct value *out)
{
    *out = ruby_hash_new(run, map->live);
    run->steps += map->live / 4;
    MAP_EACH (map, entry) {
        struct value inner;
        struct key key = entry->key;
        if (!ruby_from_event(run, &entry->value, &inner)) return false;
        if (key.len && key.ptr[0] == MARK && !ruby_key(run, ruby_string(key_text(&key)), &key))
            return false;
        map_append(out->map, run->arena, key, inner);
    }
    return true;
}

bool ruby_from_event(struct ruby_run *run, const struct value *value, struct value *out)
{
    *out = value ? *value : value_null();
    switch (out->kind) {
    case VALUE_MISSING: *out = value_null(); return true;
    case VALUE_NUMBER: {
        struct str digits = value_text(value);
        bool is_integer;
        number_scan(digits, &is_integer);
        int64_t number;
        if (is_integer && number_int64(digits, &number) == NUMBER_EXACT)
            *out = value_int(number);
        else if (!is_integer)
            *out = value_double(number_double(digits));
        return true;
    }
    case VALUE_ARRAY:
    case VALUE_MAP: {
        if (run->depth >= RUBY_DEPTH_MAX || !ruby_step(run, 1)) {
            if (run->depth >= RUBY_DEPTH_MAX) ruby_raise_limit(run, "a field is nested too deeply");
            return false;
        }
        run->depth += 2;
        bool ok = out->kind == VALUE_MAP ? map_from_event(run, value->map, out)
                                         : list_from_event(run, value->array, out);
        run->depth -= 2;
        return ok;
    }
    default: return true;
    }
}

static bool map_to_event(struct ruby_run *run, struct value value, uint32_t depth,
                         struct value *out)
{
    *out = value_map(run->event ? run->event->arena : run->arena, value.map->live);
    MAP_EACH (value.map, entry) {
        struct value inner;
        if (!ruby_to_event(run, entry->value, depth + 1, &inner)) return false;
        struct str name = ruby_to_s(run, ruby_key_value(&entry->key));
        map_set(out->map, run->arena, key_of(arena_copy(run->arena, name)), inner);
    }
    return true;
}

bool ruby_to_event(struct ruby_run *run, struct value value, uint32_t depth, struct value *out)
{
    *out = value;
    if (depth > RUBY_VALUE_DEPTH_MAX)
        return ruby_raise_limit(run, "a value is nested too deeply for an event"), false;
    switch (value.kind) {
    case VALUE_STRING:
        /* what instance variables hold may go before the event does */
        *out = ruby_string(run->is_state_written || run->ruby->state_count
                               ? arena_copy(run->arena, ruby_text(value))
                               : ruby_text(value));
        return true;
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_DOUBLE:
    case VALUE_NUMBER:
    case VALUE_TIME: out->unused = 0; return true;
    case RUBY_SYMBOL: *out = ruby_string(arena_copy(run->arena, ruby_text(value))); return true;
    case RUBY_TIME: *out = value_time(value.seconds, value.len); return true;
    case VALUE_ARRAY:
        if (!ruby_step(run, 1 + value.array->count / 4)) return false;
        *out = value_array(run->arena, value.array->count);
        ARRAY_EACH (value.array, item) {
            struct value inner;
            if (!ruby_to_event(run, *item, depth + 1, &inner)) return false;
            array_push(out->array, run->arena, inner);
        }
        return true;
    case VALUE_MAP:
        return ruby_step(run, 1 + value.map->live / 4) && map_to_event(run, value, depth, out);
    default:
        ruby_raise(run, "TypeError", "an event cannot hold a %s", ruby_class_name(value));
        return false;
    }
}
