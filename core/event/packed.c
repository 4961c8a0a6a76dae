/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/packed.h"
#include "core/text/number.h"

enum packed_kind {
    PACKED_NULL = 1,
    PACKED_FALSE,
    PACKED_TRUE,
    PACKED_INT,
    PACKED_DOUBLE,
    PACKED_NUMBER,
    PACKED_STRING,
    PACKED_TIME,
    PACKED_ARRAY,
    PACKED_MAP,
};

/* ---- packing ---- */

/* There is room; behind it. */
static inline char *put_varint(char *at, uint64_t number)
{
    while (number >= 0x80) {
        *at++ = (char)(number | 0x80);
        number >>= 7;
    }
    *at++ = (char)number;
    return at;
}

void pack_varint(struct buf *out, uint64_t number)
{
    buf_reserve(out, PACKED_VARINT_MAX);
    out->len = (size_t)(put_varint(out->ptr + out->len, number) - out->ptr);
}

static inline char *put_text(char *at, struct str text)
{
    at = put_varint(at, text.len);
    if (text.len) memcpy(at, text.ptr, text.len);
    return at + text.len;
}

/* Small numbers of either sign get few bytes. */
static uint64_t zigzag(int64_t number) { return ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0); }
static int64_t zigzag_back(uint64_t number) { return (int64_t)(number >> 1 ^ (number & 1 ? UINT64_MAX : 0)); }

void pack_text(struct buf *out, struct str text)
{
    buf_reserve(out, PACKED_VARINT_MAX + text.len);
    out->len = (size_t)(put_text(out->ptr + out->len, text) - out->ptr);
}

static void pack_kind(struct buf *out, enum packed_kind kind) { buf_append_char(out, (char)kind); }

static void pack_any(struct buf *out, const struct value *value, uint32_t depth);

/* Most are texts: room is asked for once, since a spill packs each event. */
static inline void pack_entry(struct buf *out, struct str key, const struct value *value, uint32_t depth)
{
    if (value->kind != VALUE_STRING) {
        pack_text(out, key);
        pack_any(out, value, depth);
        return;
    }
    struct str text = value_text(value);
    buf_reserve(out, 2 * PACKED_VARINT_MAX + 1 + key.len + text.len);
    char *at = put_text(out->ptr + out->len, key);
    *at++ = PACKED_STRING;
    out->len = (size_t)(put_text(at, text) - out->ptr);
}

static void pack_entries(struct buf *out, const struct map *map, uint32_t depth)
{
    assert(depth <= VALUE_DEPTH_MAX);
    pack_varint(out, map->live);
    uint32_t count = 0;
    MAP_EACH(map, entry) {
        pack_entry(out, key_text(&entry->key), &entry->value, depth);
        count++;
    }
    assert(count == map->live);
}

static void pack_items(struct buf *out, const struct array *array, uint32_t depth)
{
    assert(depth <= VALUE_DEPTH_MAX);
    pack_varint(out, array->count);
    ARRAY_EACH(array, item) pack_any(out, item, depth);
}

static void pack_double(struct buf *out, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    for (int i = 0; i < 8; i++) buf_append_char(out, (char)(bits >> 8 * i));
}

static void pack_any(struct buf *out, const struct value *value, uint32_t depth)
{
    assert(value->kind != VALUE_MISSING);
    switch ((enum value_kind)value->kind) {
    case VALUE_MISSING: return;
    case VALUE_NULL: pack_kind(out, PACKED_NULL); return;
    case VALUE_BOOL: pack_kind(out, value->boolean ? PACKED_TRUE : PACKED_FALSE); return;
    case VALUE_INT:
        pack_kind(out, PACKED_INT);
        pack_varint(out, zigzag(value->integer));
        return;
    case VALUE_DOUBLE:
        pack_kind(out, PACKED_DOUBLE);
        pack_double(out, value->real);
        return;
    case VALUE_NUMBER:
    case VALUE_STRING:
        pack_kind(out, value->kind == VALUE_NUMBER ? PACKED_NUMBER : PACKED_STRING);
        pack_text(out, value_text(value));
        return;
    case VALUE_TIME:
        pack_kind(out, PACKED_TIME);
        pack_varint(out, zigzag(value->seconds));
        pack_varint(out, value->len);
        return;
    case VALUE_ARRAY:
        pack_kind(out, PACKED_ARRAY);
        pack_items(out, value->array, depth + 1);
        return;
    case VALUE_MAP:
        pack_kind(out, PACKED_MAP);
        pack_entries(out, value->map, depth + 1);
        return;
    }
}

void pack_value(struct buf *out, const struct value *value) { pack_any(out, value, 0); }

void pack_event(struct buf *out, const struct event *event)
{
    pack_entries(out, &event->root, 0);
    pack_entries(out, &event->metadata, 0);
}

/* ---- unpacking ---- */

bool unpack_varint(struct str *in, uint64_t *number)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < in->len && i < PACKED_VARINT_MAX; i++) {
        uint8_t byte = (uint8_t)in->ptr[i];
        if (i == PACKED_VARINT_MAX - 1 && byte > 1) return false;
        sum |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte & 0x80) continue;
        *number = sum;
        *in = str_from(*in, i + 1);
        return true;
    }
    return false;
}

bool unpack_text(struct str *in, struct str *text)
{
    uint64_t len;
    if (!unpack_varint(in, &len) || len > in->len || len > UINT32_MAX) return false;
    *text = (struct str){in->ptr, (size_t)len};
    *in = str_from(*in, (size_t)len);
    return true;
}

static bool unpack_any(struct str *in, struct arena *arena, struct value *value, uint32_t depth);

static bool unpack_items(struct str *in, struct arena *arena, struct value *value, uint32_t depth)
{
    uint64_t count;
    /* each takes a byte at least: no count asks for more memory than its bytes account for */
    if (depth > VALUE_DEPTH_MAX || !unpack_varint(in, &count) || count > in->len || count > ARRAY_COUNT_MAX)
        return false;
    *value = value_array(arena, (uint32_t)count);
    for (uint64_t i = 0; i < count; i++) {
        struct value item;
        if (!unpack_any(in, arena, &item, depth)) return false;
        array_push(value->array, arena, item);
    }
    return true;
}

static bool unpack_count(struct str *in, uint64_t *count)
{
    return unpack_varint(in, count) && *count <= in->len / 2 && *count <= UINT32_MAX;
}

static bool unpack_entry(struct str *in, struct arena *arena, struct entry *entry, uint32_t depth)
{
    struct str name;
    if (!unpack_text(in, &name) || !unpack_any(in, arena, &entry->value, depth)) return false;
    entry->key = key_of(name);
    return true;
}

static bool unpack_entries(struct str *in, struct arena *arena, struct map *map, uint32_t depth)
{
    uint64_t count;
    if (depth > VALUE_DEPTH_MAX || !unpack_count(in, &count)) return false;
    for (uint64_t i = 0; i < count; i++) {
        struct entry entry;
        if (!unpack_entry(in, arena, &entry, depth)) return false;
        map_set(map, arena, entry.key, entry.value);
    }
    return true;
}

static bool unpack_map(struct str *in, struct arena *arena, struct value *value, uint32_t depth)
{
    struct str ahead = *in;
    uint64_t count;
    if (!unpack_count(&ahead, &count)) return false;
    *value = value_map(arena, (uint32_t)count);
    return unpack_entries(in, arena, value->map, depth);
}

static bool unpack_number(struct str *in, struct value *value)
{
    struct str digits;
    bool is_integer;
    if (!unpack_text(in, &digits) || !digits.len || number_scan(digits, &is_integer) != digits.len) return false;
    *value = value_number(digits);
    return true;
}

static bool unpack_string(struct str *in, struct value *value)
{
    struct str text;
    if (!unpack_text(in, &text)) return false;
    *value = value_string(text);
    return true;
}

static bool unpack_integer(struct str *in, struct value *value)
{
    uint64_t number;
    if (!unpack_varint(in, &number)) return false;
    *value = value_int(zigzag_back(number));
    return true;
}

static bool unpack_double(struct str *in, struct value *value)
{
    if (in->len < 8) return false;
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits |= (uint64_t)(uint8_t)in->ptr[i] << 8 * i;
    double real;
    memcpy(&real, &bits, sizeof real);
    *value = value_double(real);
    *in = str_from(*in, 8);
    return true;
}

static bool unpack_time(struct str *in, struct value *value)
{
    uint64_t seconds, nanoseconds;
    if (!unpack_varint(in, &seconds) || !unpack_varint(in, &nanoseconds) || nanoseconds > 999999999) return false;
    *value = value_time(zigzag_back(seconds), (uint32_t)nanoseconds);
    return true;
}

static bool unpack_any(struct str *in, struct arena *arena, struct value *value, uint32_t depth)
{
    if (!in->len) return false;
    enum packed_kind kind = (enum packed_kind)(uint8_t)*in->ptr;
    *in = str_from(*in, 1);
    switch (kind) {
    case PACKED_NULL: *value = value_null(); return true;
    case PACKED_FALSE:
    case PACKED_TRUE: *value = value_bool(kind == PACKED_TRUE); return true;
    case PACKED_INT: return unpack_integer(in, value);
    case PACKED_DOUBLE: return unpack_double(in, value);
    case PACKED_NUMBER: return unpack_number(in, value);
    case PACKED_STRING: return unpack_string(in, value);
    case PACKED_TIME: return unpack_time(in, value);
    case PACKED_ARRAY: return unpack_items(in, arena, value, depth + 1);
    case PACKED_MAP: return unpack_map(in, arena, value, depth + 1);
    }
    return false;
}

bool unpack_value(struct str *in, struct arena *arena, struct value *value)
{
    return unpack_any(in, arena, value, 0);
}

/* Fields with a slot must be what everyone takes them for. */
static bool slot_may_hold(enum event_slot slot, const struct value *value)
{
    if (slot == SLOT_TIMESTAMP) return value->kind == VALUE_TIME;
    return slot != SLOT_TAGS || event_tags_are_legal(value);
}

static bool unpack_field(struct str *in, struct event *event)
{
    struct entry entry;
    if (!unpack_entry(in, event->arena, &entry, 0)) return false;
    struct str name = key_text(&entry.key);
    int slot = event_slot_of(name);
    if (slot < 0) {
        map_set(&event->root, event->arena, entry.key, entry.value);
        return !str_eq(name, STR("@metadata"));
    }
    if (!slot_may_hold((enum event_slot)slot, &entry.value)) return false;
    event_slot_set(event, (enum event_slot)slot, entry.value);
    return true;
}

bool unpack_event(struct str *in, struct event *event)
{
    uint64_t count;
    if (!unpack_count(in, &count)) return false;
    for (int slot = 0; slot < SLOT_COUNT; slot++) event_slot_set(event, (enum event_slot)slot, VALUE_NONE);
    for (uint64_t i = 0; i < count; i++)
        if (!unpack_field(in, event)) return false;
    return unpack_entries(in, event->arena, &event->metadata, 0);
}
