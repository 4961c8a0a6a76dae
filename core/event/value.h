/* SPDX-License-Identifier: Apache-2.0 */
/* A value of an event: 16 bytes, passed by value.
 *
 *    0      1       2        4              8                    16
 *    +------+-------+--------+--------------+---------------------+
 *    | kind | flags | unused | len or ns    | payload             |
 *    +------+-------+--------+--------------+---------------------+
 *
 * Scalars are immutable; text points into the batch's raw bytes or its arena. Every container has
 * exactly one owner: whoever stores one container twice copies it (value_copy).
 *
 *   number  the digits of a number as the source wrote them (JSON grammar): encoders print them
 *           unchanged; readers get int64, double or exact text (core/text/number.h)
 *   time    seconds since 1970 UTC as int64 plus nanoseconds (logs carry the year 9999)
 *   map     keeps insertion order; a removed entry stays behind as a tombstone (VALUE_MISSING);
 *           above MAP_INDEX_MIN entries it carries a hash index
 *
 * Everything here belongs to one thread at a time. */
#ifndef CORE_EVENT_VALUE_H
#define CORE_EVENT_VALUE_H
#include <assert.h>
#include <stdint.h>
#include "core/event/arena.h"
#include "core/text/str.h"

enum value_kind {
    VALUE_MISSING, /* no value at all: an absent field. Never stored in an array */
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_DOUBLE,
    VALUE_NUMBER, /* text of a number */
    VALUE_STRING,
    VALUE_TIME,
    VALUE_ARRAY,
    VALUE_MAP,
};

/* What is known of a string's bytes. No flag: not looked at yet. ASCII implies UTF-8. */
enum string_flags {
    STRING_ASCII = 1,  /* every byte < 0x80 */
    STRING_UTF8 = 2,   /* valid UTF-8 */
    STRING_BINARY = 4, /* not valid UTF-8 */
};

struct array;
struct map;

struct value {
    uint8_t kind;  /* enum value_kind */
    uint8_t flags; /* enum string_flags */
    uint16_t unused;
    uint32_t len; /* of text, in bytes; of a time: nanoseconds */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const char *text;
        int64_t seconds;
        struct array *array;
        struct map *map;
    };
};
_Static_assert(sizeof(struct value) == 16, "a value is two words");

struct array {
    struct value *items;
    uint32_t count, capacity;
};

/* A map's key with its hash, computed once: at compile time for names that the program knows. The
 * hash's highest bit, KEY_IS_PLAIN, says that the text is ASCII and needs no escape in JSON. */
struct key {
    const char *ptr;
    uint32_t len;
    uint32_t hash;
};
#define KEY_IS_PLAIN 0x80000000u

struct entry {
    struct key key;
    struct value value; /* VALUE_MISSING: removed */
};

enum {
    MAP_INDEX_MIN = 32,        /* entries above which a map has an index */
    VALUE_DEPTH_MAX = 256,     /* of containers within containers, for whatever walks them */
    ARRAY_COUNT_MAX = 1 << 20, /* items of an array; more is refused by whoever builds it */
};

struct map {
    struct entry *entries;
    uint32_t count; /* tombstones included */
    uint32_t live;
    uint32_t capacity;
    uint32_t fixed;      /* the first so many entries keep their place even when absent (event.h) */
    uint32_t index_mask; /* 0: no index */
    uint32_t *index;     /* entry number + 1; 0: free */
    uint64_t bloom;      /* one bit a key: not set means surely absent */
};

/* ---- making ---- */
#define VALUE_NONE ((struct value){.kind = VALUE_MISSING})
static inline struct value value_null(void) { return (struct value){.kind = VALUE_NULL}; }
static inline struct value value_bool(bool b) { return (struct value){.kind = VALUE_BOOL, .integer = b}; }
static inline struct value value_int(int64_t i) { return (struct value){.kind = VALUE_INT, .integer = i}; }
static inline struct value value_double(double d) { return (struct value){.kind = VALUE_DOUBLE, .real = d}; }
/* Text is borrowed. At most 4 GiB. */
static inline struct value value_string(struct str text)
{
    assert(text.len <= UINT32_MAX);
    return (struct value){.kind = VALUE_STRING, .len = (uint32_t)text.len, .text = text.ptr};
}
static inline struct value value_string_flagged(struct str text, uint8_t flags)
{
    struct value value = value_string(text);
    value.flags = flags;
    return value;
}
static inline struct value value_number(struct str digits)
{
    struct value value = value_string(digits);
    value.kind = VALUE_NUMBER;
    return value;
}
static inline struct value value_time(int64_t seconds, uint32_t nanoseconds)
{
    assert(nanoseconds < 1000000000);
    return (struct value){.kind = VALUE_TIME, .len = nanoseconds, .seconds = seconds};
}
struct value value_array(struct arena *arena, uint32_t capacity); /* empty */
struct value value_map(struct arena *arena, uint32_t capacity);   /* empty */
/* A map of copies of these entries, none missing; of equal keys the last value wins, in the first
 * one's place. */
struct value value_map_of(struct arena *arena, const struct entry *entries, uint32_t count);

/* ---- reading ---- */
static inline struct str value_text(const struct value *value)
{
    assert(value->kind == VALUE_STRING || value->kind == VALUE_NUMBER);
    return (struct str){value->text, value->len};
}
static inline bool value_is_string(const struct value *value) { return value && value->kind == VALUE_STRING; }
/* Looks once at the bytes of a string and keeps the answer in its flags. */
uint8_t value_string_flags(struct value *value);
/* Deep equality as Logstash's `==` sees it: kinds must agree (1 and 1.0 differ). */
bool value_equal(const struct value *a, const struct value *b);

/* ---- containers ---- */
void array_push(struct array *array, struct arena *arena, struct value item);
void array_remove(struct array *array, uint32_t at);

uint32_t key_hash(struct str text); /* seeded once a process: keys that collide cannot be prepared */
static inline struct key key_of(struct str text)
{
    assert(text.len <= UINT32_MAX);
    return (struct key){text.ptr, (uint32_t)text.len, key_hash(text)};
}
static inline struct str key_text(const struct key *key) { return (struct str){key->ptr, key->len}; }

static inline uint64_t bytes_load(const char *at, size_t bytes)
{
    uint64_t word = 0;
    memcpy(&word, at, bytes);
    return word;
}

/* Names of fields and words are short: the call of memcmp() would cost more than the comparison. */
static inline bool bytes_same(const char *a, const char *b, size_t len)
{
    if (len >= 8 && len <= 16)
        return bytes_load(a, 8) == bytes_load(b, 8) && bytes_load(a + len - 8, 8) == bytes_load(b + len - 8, 8);
    if (len >= 4 && len < 8)
        return bytes_load(a, 4) == bytes_load(b, 4) && bytes_load(a + len - 4, 4) == bytes_load(b + len - 4, 4);
    if (len >= 1 && len < 4) return a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1];
    return memcmp(a, b, len) == 0;
}

static inline bool key_same(const struct key *a, const struct key *b)
{
    return a->hash == b->hash && a->len == b->len && (a->ptr == b->ptr || bytes_same(a->ptr, b->ptr, a->len));
}

static inline uint64_t map_bloom_bit(uint32_t hash) { return (uint64_t)1 << (hash & 63); }
static inline bool map_may_have(const struct map *map, const struct key *key)
{
    return map->bloom & map_bloom_bit(key->hash);
}
void map_init(struct map *map, struct arena *arena, uint32_t capacity);
/* The value, or NULL when absent. Valid until the map changes. */
struct value *map_get_present(const struct map *map, const struct key *key);
static inline struct value *map_get(const struct map *map, const struct key *key)
{
    return map_may_have(map, key) ? map_get_present(map, key) : NULL;
}
/* Maps of one origin have their keys in the same places: `*place` is where the key was last, and is looked
 * at first. Any number to begin with. */
struct value *map_get_far(const struct map *map, const struct key *key, uint32_t *place);
static inline struct value *map_get_near(const struct map *map, const struct key *key, uint32_t *place)
{
    if (*place < map->count) {
        struct entry *entry = &map->entries[*place];
        if (key_same(&entry->key, key) && entry->value.kind != VALUE_MISSING) return &entry->value;
    }
    return map_may_have(map, key) ? map_get_far(map, key, place) : NULL;
}
/* Replaces in place or appends. The key's text is borrowed. */
void map_set(struct map *map, struct arena *arena, struct key key, struct value value);
/* May one more entry be put behind the last one, without an index? */
static inline bool map_has_room(const struct map *map)
{
    return map->count < map->capacity && map->count < MAP_INDEX_MIN;
}
/* Appends a key known to be absent, and not one of the fixed ones. Returns its place. */
struct value *map_append_slow(struct map *map, struct arena *arena, struct key key, struct value value);
static inline struct value *map_append(struct map *map, struct arena *arena, struct key key,
                                       struct value value)
{
    assert(value.kind != VALUE_MISSING);
    if (!map_has_room(map)) return map_append_slow(map, arena, key, value);
    struct entry *entry = &map->entries[map->count++];
    entry->key = key;
    entry->value = value;
    map->bloom |= map_bloom_bit(key.hash);
    map->live++;
    return &entry->value;
}
/* Replaces or appends as map_set(), looking at `*place` first: also for the end, when it was appended there. */
void map_set_far(struct map *map, struct arena *arena, const struct key *key, struct value value, uint32_t *place);
__attribute__((always_inline)) static inline void map_set_near(struct map *map, struct arena *arena,
                                                              const struct key *key, struct value value,
                                uint32_t *place)
{
    if (*place < map->count) {
        struct entry *entry = &map->entries[*place];
        if (key_same(&entry->key, key) && entry->value.kind != VALUE_MISSING) {
            entry->value = value;
            return;
        }
    } else if (*place == map->count && !map_may_have(map, key) && map_has_room(map)) {
        map_append(map, arena, *key, value);
        return;
    }
    map_set_far(map, arena, key, value, place);
}
/* False when it was absent. */
bool map_remove(struct map *map, const struct key *key);
/* Removes the entry whose value this is. */
void map_drop(struct map *map, struct value *value);

/* An empty container may have no memory, and NULL + 0 is not defined. */
static inline struct value *array_end(const struct array *array)
{
    return array->count ? array->items + array->count : array->items;
}
static inline struct entry *map_end(const struct map *map)
{
    return map->count ? map->entries + map->count : map->entries;
}
#define ARRAY_EACH(array_, item_) \
    for (struct value *item_ = (array_)->items; item_ < array_end(array_); item_++)
#define MAP_EACH(map_, entry_) \
    for (struct entry *entry_ = (map_)->entries; entry_ < map_end(map_); entry_++) \
        if (entry_->value.kind != VALUE_MISSING)

/* About how many bytes value_copy() takes for it, text included: to ask arena_allows() before. */
size_t value_footprint(const struct value *value);
/* A deep copy: containers anew; text too when `text_too` (for what outlives its bytes). */
struct value value_copy(struct arena *arena, const struct value *value, bool text_too);

#endif
