/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of hashes. */
#include "core/ruby/methods.h"

METHOD(keys)
{
    struct value list = ruby_list_new(run, args->self.map->live);
    MAP_EACH (args->self.map, entry)
        if (!ruby_push(run, list, ruby_key_value(&entry->key))) return LEFT;
    return list;
}
METHOD(values)
{
    struct value list = ruby_list_new(run, args->self.map->live);
    MAP_EACH (args->self.map, entry)
        if (!ruby_push(run, list, entry->value)) return LEFT;
    return list;
}

static struct value *entry_of(struct ruby_run *run, const struct ruby_args *args, struct key *key,
                              bool *failed)
{
    *failed = !ruby_key(run, ARG(0), key);
    return *failed ? NULL : map_get(args->self.map, key);
}
METHOD(has_key)
{
    struct key key;
    bool failed, found = entry_of(run, args, &key, &failed) != NULL;
    return failed ? LEFT : value_bool(found);
}
METHOD(has_value)
{
    if (!ruby_step(run, args->self.map->live / 8)) return LEFT;
    MAP_EACH (args->self.map, entry)
        if (ruby_equal(run, entry->value, ARG(0))) return value_bool(true);
    return value_bool(false);
}
METHOD(key_of_value)
{
    if (!ruby_step(run, args->self.map->live / 8)) return LEFT;
    MAP_EACH (args->self.map, entry)
        if (ruby_equal(run, entry->value, ARG(0))) return ruby_key_value(&entry->key);
    return value_null();
}
METHOD(fetch)
{
    struct key key;
    bool failed;
    struct value *found = entry_of(run, args, &key, &failed);
    if (failed) return LEFT;
    if (found) return *found;
    if (args->block) return ruby_yield_one(run, args->block, ARG(0));
    if (HAS(1)) return ARG(1);
    struct buf out = buf_in_arena(run->arena);
    ruby_inspect(run, ARG(0), &out, 0);
    return ruby_raise(run, "KeyError", "key not found: %.*s", STR_ARG(buf_str(&out)));
}
METHOD(delete)
{
    struct key key;
    bool failed;
    struct value *found = entry_of(run, args, &key, &failed);
    if (failed || !ruby_hash_touch(run, args->self)) return LEFT;
    if (!found) return args->block ? ruby_yield_one(run, args->block, ARG(0)) : value_null();
    struct value value = *found;
    map_remove(args->self.map, &key);
    return value;
}
METHOD(store) { return ruby_hash_set(run, args->self, ARG(0), ARG(1)) ? ARG(1) : LEFT; }

static bool merge_into(struct ruby_run *run, const struct ruby_args *args, struct value into)
{
    for (uint32_t i = 0; i < args->count; i++) {
        if (ARG(i).kind != VALUE_MAP) {
            ruby_raise(run, "TypeError", "no implicit conversion of %s into Hash",
                       ARG(i).kind == VALUE_NULL ? "nil" : ruby_class_name(ARG(i)));
            return false;
        }
        MAP_EACH (ARG(i).map, entry) {
            struct value value = entry->value, key = ruby_key_value(&entry->key);
            const struct value *old = args->block ? map_get(into.map, &entry->key) : NULL;
            if (old) {
                struct value three[3] = {key, *old, value};
                value = ruby_yield(run, args->block, three, 3);
            }
            if (has_left(value) || !ruby_hash_set(run, into, key, value)) return false;
        }
    }
    return true;
}

static struct value copy_of(struct ruby_run *run, struct value self)
{
    struct value copy = ruby_hash_new(run, self.map->live);
    if (!ruby_step(run, self.map->live / 4)) return LEFT;
    MAP_EACH (self.map, entry) map_append(copy.map, run->arena, entry->key, entry->value);
    hash_of(copy)->fallback = hash_of(self)->fallback;
    hash_of(copy)->maker = hash_of(self)->maker;
    return copy;
}
METHOD(merge)
{
    struct value copy = copy_of(run, args->self);
    return !has_left(copy) && merge_into(run, args, copy) ? copy : LEFT;
}
METHOD(update) { return merge_into(run, args, args->self) ? args->self : LEFT; }
METHOD(dup)
{
    return args->self.kind == VALUE_MAP
               ? copy_of(run, args->self)
               : ruby_list_of(run, args->self.array->items, args->self.array->count);
}

METHOD(to_h)
{
    if (!args->block) return args->self;
    struct value hash = ruby_hash_new(run, args->self.map->live);
    MAP_EACH (args->self.map, entry) {
        struct value both[2] = {ruby_key_value(&entry->key), entry->value},
                     pair = ruby_yield(run, args->block, both, 2);
        if (has_left(pair)) return pair;
        if (pair.kind != VALUE_ARRAY || pair.array->count != 2)
            return ruby_raise(run, "TypeError", "wrong element type %s (expected array)",
                              ruby_class_name(pair));
        if (!ruby_hash_set(run, hash, pair.array->items[0], pair.array->items[1])) return LEFT;
    }
    return hash;
}
static struct value transformed(struct ruby_run *run, const struct ruby_args *args, bool keys_too)
{
    struct value hash = ruby_hash_new(run, args->self.map->live);
    hash_of(args->self)->walked++;
    bool ok = true;
    for (uint32_t i = 0; ok && i < args->self.map->count; i++) {
        struct entry *entry = &args->self.map->entries[i];
        if (entry->value.kind == VALUE_MISSING) continue;
        struct value key = ruby_key_value(&entry->key),
                     made = ruby_yield_one(run, args->block, keys_too ? key : entry->value);
        ok = !has_left(made) &&
             ruby_hash_set(run, hash, keys_too ? made : key, keys_too ? entry->value : made);
    }
    hash_of(args->self)->walked--;
    return ok ? hash : LEFT;
}
METHOD(transform_values) { return transformed(run, args, false); }
METHOD(transform_keys) { return transformed(run, args, true); }

METHOD(each_key)
{
    struct value list = keys(run, args);
    for (uint32_t i = 0; !has_left(list) && i < list.array->count; i++)
        if (has_left(ruby_yield_one(run, args->block, list.array->items[i]))) return LEFT;
    return has_left(list) ? list : args->self;
}
METHOD(each_value)
{
    struct value list = values(run, args);
    for (uint32_t i = 0; !has_left(list) && i < list.array->count; i++)
        if (has_left(ruby_yield_one(run, args->block, list.array->items[i]))) return LEFT;
    return has_left(list) ? list : args->self;
}
METHOD(invert)
{
    struct value hash = ruby_hash_new(run, args->self.map->live);
    MAP_EACH (args->self.map, entry)
        if (!ruby_hash_set(run, hash, entry->value, ruby_key_value(&entry->key))) return LEFT;
    return hash;
}
METHOD(compact)
{
    struct value hash = ruby_hash_new(run, args->self.map->live);
    MAP_EACH (args->self.map, entry)
        if (entry->value.kind != VALUE_NULL &&
            !ruby_hash_set(run, hash, ruby_key_value(&entry->key), entry->value))
            return LEFT;
    return hash;
}
/* slice, except */
METHOD(some_keys)
{
    bool wanted = args->node && args->node->name.ptr[0] == 's';
    struct value hash = ruby_hash_new(run, 0), listed = ruby_list_of(run, args->items, args->count);
    MAP_EACH (args->self.map, entry) {
        struct value key = ruby_key_value(&entry->key);
        bool found = false;
        if (!ruby_step(run, 1)) return LEFT;
        ARRAY_EACH (listed.array, item) found |= ruby_equal(run, *item, key);
        if (found == wanted && !ruby_hash_set(run, hash, key, entry->value)) return LEFT;
    }
    return hash;
}
/* delete_if, keep_if: in place; lists too. */
METHOD(delete_if)
{
    bool deletes = args->node && args->node->name.ptr[0] == 'd';
    if (args->self.kind == VALUE_MAP) {
        for (uint32_t i = 0; i < args->self.map->count; i++) {
            struct entry *entry = &args->self.map->entries[i];
            if (entry->value.kind == VALUE_MISSING) continue;
            struct value both[2] = {ruby_key_value(&entry->key), entry->value},
                         fits = ruby_yield(run, args->block, both, 2);
            if (has_left(fits) || !ruby_hash_touch(run, args->self)) return LEFT;
            entry = &args->self.map->entries[i];
            if (is_true(fits) == deletes && i < args->self.map->count &&
                entry->value.kind != VALUE_MISSING)
                map_drop(args->self.map, &entry->value);
        }
        return args->self;
    }
    struct value kept = ruby_list_new(run, 0);
    for (uint32_t i = 0; i < args->self.array->count; i++) {
        struct value item = args->self.array->items[i],
                     fits = ruby_yield_one(run, args->block, item);
        if (has_left(fits) || (is_true(fits) != deletes && !ruby_push(run, kept, item)))
            return LEFT;
    }
    return ruby_send(run, args->node, STR("replace"), args->self, &kept, 1);
}
METHOD(shift)
{
    if (!ruby_hash_touch(run, args->self)) return LEFT;
    MAP_EACH (args->self.map, entry) {
        struct value both[2] = {ruby_key_value(&entry->key), entry->value};
        map_drop(args->self.map, &entry->value);
        return ruby_list_of(run, both, 2);
    }
    return value_null();
}
METHOD(first)
{
    struct value list = ruby_send(run, args->node, STR("to_a"), args->self, NULL, 0);
    return has_left(list)
               ? list
               : ruby_send(run, args->node, STR("first"), list, args->items, args->count);
}

/* Hash.new, Hash.new(0), Hash.new { |hash, key| … } */
METHOD(hash_new)
{
    struct value hash = ruby_hash_new(run, 0);
    if (HAS(0)) hash_of(hash)->fallback = ARG(0);
    if (!args->block) return hash;
    struct ruby_proc *proc = arena_alloc(run->arena, sizeof *proc);
    *proc = *args->block;
    if (proc->block->is_free) proc->frame = NULL;
    hash_of(hash)->maker = proc;
    return hash;
}
METHOD(hash_of_list)
{
    if (ARG(0).kind == VALUE_MAP) return copy_of(run, ARG(0));
    return want_list(run, ARG(0)) ? ruby_send(run, args->node, STR("to_h"), ARG(0), NULL, 0) : LEFT;
}
METHOD(list_new)
{
    int64_t count = 0;
    if (HAS(0) && ARG(0).kind == VALUE_ARRAY)
        return ruby_list_of(run, ARG(0).array->items, ARG(0).array->count);
    if (HAS(0) && !want_int(run, ARG(0), &count)) return LEFT;
    if (count < 0) return ruby_raise(run, "ArgumentError", "negative array size");
    struct value list = ruby_list_new(run, 0);
    for (int64_t i = 0; i < count; i++) {
        struct value item = args->block ? ruby_yield_one(run, args->block, value_int(i))
                            : HAS(1)    ? ARG(1)
                                        : value_null();
        if (has_left(item) || !ruby_push(run, list, item)) return LEFT;
    }
    return list;
}
METHOD(string_new)
{
    struct str text = STR("");
    return HAS(0) && !want_text(run, ARG(0), &text) ? LEFT : ruby_string(text);
}

const struct ruby_native ruby_hash_methods[] = {
    {"keys", IS_HASH, 0, 0, 0, keys, NULL},
    {"values", IS_HASH, 0, 0, 0, values, NULL},
    {"key?", IS_HASH, 1, 1, 0, has_key, NULL},
    {"has_key?", IS_HASH, 1, 1, 0, has_key, NULL},
    {"include?", IS_HASH, 1, 1, 0, has_key, NULL},
    {"member?", IS_HASH, 1, 1, 0, has_key, NULL},
    {"value?", IS_HASH, 1, 1, 0, has_value, NULL},
    {"has_value?", IS_HASH, 1, 1, 0, has_value, NULL},
    {"key", IS_HASH, 1, 1, 0, key_of_value, NULL},
    {"fetch", IS_HASH, 1, 2, BLOCK_MAY, fetch, NULL},
    {"delete", IS_HASH, 1, 1, BLOCK_MAY, delete, NULL},
    {"store", IS_HASH, 2, 2, 0, store, NULL},
    {"merge", IS_HASH, 0, -1, BLOCK_MAY, merge, NULL},
    {"update", IS_HASH, 0, -1, BLOCK_MAY, update, NULL},
    {"dup", IS_HASH | IS_LIST, 0, 0, 0, dup, NULL},
    {"clone", IS_HASH | IS_LIST, 0, 0, 0, dup, NULL},
    {"to_h", IS_HASH, 0, 0, BLOCK_MAY, to_h, NULL},
    {"to_hash", IS_HASH, 0, 0, BLOCK_NONE, to_h, NULL},
    {"transform_values", IS_HASH, 0, 0, BLOCK_MUST, transform_values, NULL},
    {"transform_keys", IS_HASH, 0, 0, BLOCK_MUST, transform_keys, NULL},
    {"each_key", IS_HASH, 0, 0, BLOCK_MUST, each_key, NULL},
    {"each_value", IS_HASH, 0, 0, BLOCK_MUST, each_value, NULL},
    {"invert", IS_HASH, 0, 0, 0, invert, NULL},
    {"compact", IS_HASH, 0, 0, 0, compact, NULL},
    {"slice", IS_HASH, 0, -1, 0, some_keys, NULL},
    {"except", IS_HASH, 0, -1, 0, some_keys, NULL},
    {"delete_if", IS_HASH | IS_LIST, 0, 0, BLOCK_MUST, delete_if, NULL},
    {"keep_if", IS_HASH | IS_LIST, 0, 0, BLOCK_MUST, delete_if, NULL},
    {"shift", IS_HASH, 0, 0, 0, shift, NULL},
    {"first", IS_HASH, 0, 1, 0, first, NULL},
    {"new", 0, 0, 1, BLOCK_MAY, hash_new, "Hash"},
    {"[]", 0, 1, 1, 0, hash_of_list, "Hash"},
    {"new", 0, 0, 2, BLOCK_MAY, list_new, "Array"},
    {"new", 0, 0, 1, 0, string_new, "String"},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
