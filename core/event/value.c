/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/value.h"
#include "core/text/number.h"
#include <sys/random.h>
#include "core/text/utf8.h"

struct value value_array(struct arena *arena, uint32_t capacity)
{
    struct array *array = arena_alloc(arena, sizeof *array);
    *array = (struct array){.capacity = capacity};
    if (capacity) array->items = arena_alloc(arena, capacity * sizeof *array->items);
    return (struct value){.kind = VALUE_ARRAY, .array = array};
}

struct value value_map(struct arena *arena, uint32_t capacity)
{
    struct map *map = arena_alloc(arena, sizeof *map + capacity * sizeof *map->entries);
    *map = (struct map){.capacity = capacity, .entries = (struct entry *)(void *)(map + 1)};
    return (struct value){.kind = VALUE_MAP, .map = map};
}

uint8_t value_string_flags(struct value *value)
{
    assert(value->kind == VALUE_STRING);
    if (!value->flags) {
        switch (utf8_check(value_text(value))) {
        case UTF8_ASCII: value->flags = STRING_ASCII | STRING_UTF8; break;
        case UTF8_VALID: value->flags = STRING_UTF8; break;
        case UTF8_INVALID: value->flags = STRING_BINARY; break;
        }
    }
    return value->flags;
}

static bool map_equal(const struct map *a, const struct map *b)
{
    if (a->live != b->live) return false;
    MAP_EACH(a, entry)
    {
        const struct value *other = map_get(b, &entry->key);
        if (!other || !value_equal(&entry->value, other)) return false;
    }
    return true;
}

static bool is_whole_number(const struct value *number)
{
    bool is_integer = number->kind == VALUE_INT;
    if (number->kind == VALUE_NUMBER) number_scan(value_text(number), &is_integer);
    return is_integer;
}

/* The digits of a document and a number made by a filter are equal when they mean the same. */
static bool number_equal(const struct value *a, const struct value *b)
{
    return is_whole_number(a) == is_whole_number(b) && number_compare(a, b) == NUMBER_EQUAL;
}

bool value_equal(const struct value *a, const struct value *b)
{
    bool is_digits = a->kind == VALUE_NUMBER || b->kind == VALUE_NUMBER;
    if (is_digits && value_is_number(a) && value_is_number(b)) return number_equal(a, b);
    if (a->kind != b->kind) return false;
    switch ((enum value_kind)a->kind) {
    case VALUE_MISSING:
    case VALUE_NULL: return true;
    case VALUE_BOOL:
    case VALUE_INT: return a->integer == b->integer;
    case VALUE_DOUBLE: return a->real == b->real;
    case VALUE_NUMBER:
    case VALUE_STRING: return str_eq(value_text(a), value_text(b));
    case VALUE_TIME: return a->seconds == b->seconds && a->len == b->len;
    case VALUE_ARRAY:
        if (a->array->count != b->array->count) return false;
        for (uint32_t i = 0; i < a->array->count; i++)
            if (!value_equal(&a->array->items[i], &b->array->items[i])) return false;
        return true;
    case VALUE_MAP: return map_equal(a->map, b->map);
    }
    return false;
}

void array_push(struct array *array, struct arena *arena, struct value item)
{
    assert(item.kind != VALUE_MISSING);
    if (array->count == array->capacity) {
        uint32_t capacity = array->capacity ? array->capacity * 2 : 4;
        array->items = arena_regrow(arena, array->items, array->capacity * sizeof item,
                                    capacity * sizeof item);
        array->capacity = capacity;
    }
    array->items[array->count++] = item;
}

void array_remove(struct array *array, uint32_t at)
{
    assert(at < array->count);
    array->count--;
    memmove(array->items + at, array->items + at + 1, (array->count - at) * sizeof *array->items);
}

/* wyhash's mixing step over 8 byte words (Wang Yi, public domain): short keys in a few cycles. The
 * seed is drawn once: a sender cannot prepare keys that collide. */
static uint64_t hash_seed;

/* Before every constructor without a priority: some of them compute hashes. */
__attribute__((constructor(101))) static void hash_seed_draw(void)
{
    if (getrandom(&hash_seed, sizeof hash_seed, GRND_NONBLOCK) != sizeof hash_seed)
        hash_seed = (uint64_t)(uintptr_t)&hash_seed * 0x9E3779B97F4A7C15u;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Not zero when a byte of the word is a control, a quote, a backslash or not ASCII (false alarms in
 * bytes above one of these do not matter). */
static inline uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    return (word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & highs;
}

uint32_t key_hash(struct str text)
{
    uint64_t state = hash_seed ^ (text.len * 0xA0761D6478BD642Fu), special = 0, word;
    const char *at = text.ptr;
    size_t rest = text.len;
    for (; rest > 8; at += 8, rest -= 8) {
        word = bytes_load(at, 8);
        special |= special_bytes(word);
        state = mix(word ^ state, 0xE7037ED1A0B428DBu);
    }
    if (rest == 8)
        word = bytes_load(at, 8);
    else if (rest >= 4)
        word = bytes_load(at, 4) | bytes_load(at + rest - 4, 4) << 32;
    else if (rest) /* the filler is a harmless byte */
        word = (uint64_t)(uint8_t)at[0] | (uint64_t)(uint8_t)at[rest / 2] << 8 |
               (uint64_t)(uint8_t)at[rest - 1] << 16 | 0x2E2E2E2E2E000000u;
    else
        word = 0x2E2E2E2E2E2E2E2Eu;
    special |= special_bytes(word);
    state = mix(word ^ state, 0x8EBC6AF09C88C6E3u);
    state = mix(state, 0x589965CC75374CC3u);
    return ((uint32_t)(state ^ state >> 32) & ~KEY_IS_PLAIN) | (special ? 0 : KEY_IS_PLAIN);
}

void map_init(struct map *map, struct arena *arena, uint32_t capacity)
{
    *map = (struct map){.capacity = capacity};
    if (capacity) map->entries = arena_alloc(arena, capacity * sizeof *map->entries);
}

static inline bool entry_counts(const struct map *map, const struct entry *entry)
{
    return entry->value.kind != VALUE_MISSING || (uint32_t)(entry - map->entries) < map->fixed;
}

static struct entry *map_find_indexed(const struct map *map, const struct key *key)
{
    for (uint32_t at = key->hash & map->index_mask; map->index[at]; at = (at + 1) & map->index_mask) {
        struct entry *entry = &map->entries[map->index[at] - 1];
        if (key_same(&entry->key, key) && entry_counts(map, entry)) return entry;
    }
    return NULL;
}

/* The entry of a key: one with a value, or a fixed one, which may have none. */
static struct entry *map_find(const struct map *map, const struct key *key)
{
    if (!map_may_have(map, key)) return NULL;
    if (map->index_mask) return map_find_indexed(map, key);
    for (struct entry *entry = map->entries, *end = entry + map->count; entry < end; entry++)
        if (key_same(&entry->key, key) && entry_counts(map, entry)) return entry;
    return NULL;
}

struct value *map_get_present(const struct map *map, const struct key *key)
{
    struct entry *entry = map_find(map, key);
    return entry && entry->value.kind != VALUE_MISSING ? &entry->value : NULL;
}

struct value *map_get_far(const struct map *map, const struct key *key, uint32_t *place)
{
    struct entry *entry = map_find(map, key);
    if (!entry || entry->value.kind == VALUE_MISSING) return NULL;
    *place = (uint32_t)(entry - map->entries);
    return &entry->value;
}

static void map_index_put(struct map *map, uint32_t number)
{
    uint32_t at = map->entries[number].key.hash & map->index_mask;
    while (map->index[at]) at = (at + 1) & map->index_mask;
    map->index[at] = number + 1;
}

static void map_index_build(struct map *map, struct arena *arena)
{
    uint32_t slots = 64;
    while (slots < map->capacity * 2) slots *= 2;
    map->index = arena_zalloc(arena, slots * sizeof *map->index);
    map->index_mask = slots - 1;
    for (uint32_t i = 0; i < map->count; i++) map_index_put(map, i);
}

/* Drops tombstones and makes room; an index is built anew by map_append(). */
static void map_rebuild(struct map *map, struct arena *arena)
{
    uint32_t wanted = map->live + map->fixed;
    uint32_t capacity = wanted < 8 ? 16 : wanted * 2;
    struct entry *old = map->entries;
    uint32_t old_count = map->count;
    if (capacity > map->capacity || !old) {
        map->entries = arena_alloc(arena, capacity * sizeof *old);
        map->capacity = capacity;
    }
    map->count = 0;
    map->bloom = 0;
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i].value.kind == VALUE_MISSING && i >= map->fixed) continue;
        map->entries[map->count++] = old[i];
        map->bloom |= map_bloom_bit(old[i].key.hash);
    }
    assert(map->count >= map->live && map->count <= map->live + map->fixed);
    map->index_mask = 0;
}

struct value *map_append_slow(struct map *map, struct arena *arena, struct key key, struct value value)
{
    assert(value.kind != VALUE_MISSING);
    if (map->count == map->capacity) map_rebuild(map, arena);
    if (map->count >= MAP_INDEX_MIN && !map->index_mask) map_index_build(map, arena);
    struct entry *entry = &map->entries[map->count];
    *entry = (struct entry){key, value};
    map->bloom |= map_bloom_bit(key.hash);
    map->live++;
    if (map->index_mask) map_index_put(map, map->count);
    map->count++;
    return &entry->value;
}

void map_set(struct map *map, struct arena *arena, struct key key, struct value value)
{
    uint32_t place;
    map_set_far(map, arena, &key, value, &place);
}

void map_set_far(struct map *map, struct arena *arena, const struct key *key, struct value value, uint32_t *place)
{
    assert(value.kind != VALUE_MISSING);
    struct entry *entry = map_find(map, key);
    if (entry) {
        map->live += entry->value.kind == VALUE_MISSING;
        entry->value = value;
    } else {
        map_append(map, arena, *key, value);
        entry = &map->entries[map->count - 1];
    }
    *place = (uint32_t)(entry - map->entries);
}

struct value value_map_of(struct arena *arena, const struct entry *entries, uint32_t count)
{
    struct value value = value_map(arena, count);
    struct map *map = value.map;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bit = map_bloom_bit(entries[i].key.hash);
        if (map->bloom & bit || map->count >= MAP_INDEX_MIN) {
            map_set(map, arena, entries[i].key, entries[i].value);
            continue;
        }
        map->bloom |= bit;
        map->entries[map->count++] = entries[i];
        map->live++;
    }
    return value;
}

void map_drop(struct map *map, struct value *value)
{
    struct entry *entry = (struct entry *)(void *)((char *)value - offsetof(struct entry, value));
    uint32_t number = (uint32_t)(entry - map->entries);
    assert(number < map->count && value->kind != VALUE_MISSING);
    *value = VALUE_NONE;
    map->live--;
    if (number + 1 == map->count && number >= map->fixed && !map->index_mask) map->count--;
}

bool map_remove(struct map *map, const struct key *key)
{
    struct entry *entry = map_find(map, key);
    if (!entry || entry->value.kind == VALUE_MISSING) return false;
    map_drop(map, &entry->value);
    return true;
}

size_t value_footprint(const struct value *value)
{
    size_t bytes = sizeof *value;
    switch ((enum value_kind)value->kind) {
    case VALUE_STRING:
    case VALUE_NUMBER: return bytes + value->len;
    case VALUE_ARRAY:
        ARRAY_EACH(value->array, item) bytes += value_footprint(item);
        return bytes + sizeof *value->array;
    case VALUE_MAP:
        MAP_EACH(value->map, entry)
            bytes += value_footprint(&entry->value) + sizeof entry->key + entry->key.len;
        return bytes + sizeof *value->map;
    default: return bytes;
    }
}

static struct value map_copy(struct arena *arena, const struct map *map, bool text_too)
{
    struct value copy = value_map(arena, map->live);
    MAP_EACH(map, entry)
    {
        struct key key = entry->key;
        if (text_too) key.ptr = arena_copy(arena, key_text(&key)).ptr;
        map_append(copy.map, arena, key, value_copy(arena, &entry->value, text_too));
    }
    return copy;
}

struct value value_copy(struct arena *arena, const struct value *value, bool text_too)
{
    struct value copy = *value;
    switch ((enum value_kind)value->kind) {
    case VALUE_STRING:
    case VALUE_NUMBER:
        if (text_too) copy.text = arena_copy(arena, value_text(value)).ptr;
        return copy;
    case VALUE_ARRAY:
        copy = value_array(arena, value->array->count);
        ARRAY_EACH(value->array, item)
            array_push(copy.array, arena, value_copy(arena, item, text_too));
        return copy;
    case VALUE_MAP: return map_copy(arena, value->map, text_too);
    default: return copy;
    }
}
