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
    PACKED_AGAIN,
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

/* One value or event that is packed, and the last long text in it that was not written again yet. */
struct packer {
    struct buf *out;
    struct str text; /* ptr NULL: none */
    size_t at;       /* where its bytes lie in `out` */
};

static void pack_any(struct packer *packer, const struct value *value, uint32_t depth);

/* The same bytes in memory, as one text in two fields has them; each text once, so that a reader can bound them. There
 * is room; behind it. */
static inline char *put_string(struct packer *packer, char *at, struct str text)
{
    size_t here = (size_t)(at - packer->out->ptr);
    if (text.ptr == packer->text.ptr && text.len == packer->text.len && text.len >= PACKED_AGAIN_MIN) {
        *at++ = PACKED_AGAIN;
        at = put_varint(at, here - packer->at);
        packer->text.ptr = NULL;
        return put_varint(at, text.len);
    }
    *at++ = PACKED_STRING;
    at = put_text(at, text);
    if (text.len < PACKED_AGAIN_MIN) return at;
    packer->text = text;
    packer->at = (size_t)(at - packer->out->ptr) - text.len;
    return at;
}

static void pack_string(struct packer *packer, struct str text)
{
    struct buf *out = packer->out;
    buf_reserve(out, 1 + 2 * PACKED_VARINT_MAX + text.len);
    out->len = (size_t)(put_string(packer, out->ptr + out->len, text) - out->ptr);
}

/* Most are texts: room is asked for once, since a spill packs each event. */
static inline void pack_entry(struct packer *packer, struct str key, const struct value *value, uint32_t depth)
{
    struct buf *out = packer->out;
    if (value->kind != VALUE_STRING) {
        pack_text(out, key);
        pack_any(packer, value, depth);
        return;
    }
    struct str text = value_text(value);
    buf_reserve(out, 3 * PACKED_VARINT_MAX + 1 + key.len + text.len);
    char *at = put_text(out->ptr + out->len, key);
    out->len = (size_t)(put_string(packer, at, text) - out->ptr);
}

static void pack_entries(struct packer *packer, const struct map *map, uint32_t depth)
{
    assert(depth <= VALUE_DEPTH_MAX);
    pack_varint(packer->out, map->live);
    uint32_t count = 0;
    MAP_EACH(map, entry) {
        pack_entry(packer, key_text(&entry->key), &entry->value, depth);
        count++;
    }
    assert(count == map->live);
}

static void pack_items(struct packer *packer, const struct array *array, uint32_t depth)
{
    assert(depth <= VALUE_DEPTH_MAX);
    pack_varint(packer->out, array->count);
    ARRAY_EACH(array, item) pack_any(packer, item, depth);
}

static void pack_double(struct buf *out, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    for (int i = 0; i < 8; i++) buf_append_char(out, (char)(bits >> 8 * i));
}

static void pack_any(struct packer *packer, const struct value *value, uint32_t depth)
{
    struct buf *out = packer->out;
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
        pack_kind(out, PACKED_NUMBER);
        pack_text(out, value_text(value));
        return;
    case VALUE_STRING: pack_string(packer, value_text(value)); return;
    case VALUE_TIME:
        pack_kind(out, PACKED_TIME);
        pack_varint(out, zigzag(value->seconds));
        pack_varint(out, value->len);
        return;
    case VALUE_ARRAY:
        pack_kind(out, PACKED_ARRAY);
        pack_items(packer, value->array, depth + 1);
        return;
    case VALUE_MAP:
        pack_kind(out, PACKED_MAP);
        pack_entries(packer, value->map, depth + 1);
        return;
    }
}

void pack_value(struct buf *out, const struct value *value) { pack_any(&(struct packer){.out = out}, value, 0); }

void pack_event(struct buf *out, const struct event *event)
{
    struct packer packer = {.out = out};
    pack_entries(&packer, &event->root, 0);
    pack_entries(&packer, &event->metadata, 0);
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

/* The bytes of one value or event, and how far they are read. */
struct unpacker {
    struct str in;
    const char *begin;
    struct arena *arena;
    size_t again; /* bytes that may still come again */
};

static struct unpacker unpacker_of(struct str in, struct arena *arena)
{
    return (struct unpacker){.in = in, .begin = in.ptr, .arena = arena, .again = in.len};
}

static bool unpack_any(struct unpacker *from, struct value *value, uint32_t depth);

static bool unpack_items(struct unpacker *from, struct value *value, uint32_t depth)
{
    uint64_t count;
    /* each takes a byte at least: no count asks for more memory than its bytes account for */
    if (depth > VALUE_DEPTH_MAX || !unpack_varint(&from->in, &count) || count > from->in.len || count > ARRAY_COUNT_MAX)
        return false;
    *value = value_array(from->arena, (uint32_t)count);
    for (uint64_t i = 0; i < count; i++) {
        struct value item;
        if (!unpack_any(from, &item, depth)) return false;
        array_push(value->array, from->arena, item);
    }
    return true;
}

static bool unpack_count(struct str *in, uint64_t *count)
{
    return unpack_varint(in, count) && *count <= in->len / 2 && *count <= UINT32_MAX;
}

static bool unpack_entry(struct unpacker *from, struct entry *entry, uint32_t depth)
{
    struct str name;
    if (!unpack_text(&from->in, &name) || !unpack_any(from, &entry->value, depth)) return false;
    entry->key = key_of(name);
    return true;
}

static bool unpack_entries(struct unpacker *from, struct map *map, uint32_t depth)
{
    uint64_t count;
    if (depth > VALUE_DEPTH_MAX || !unpack_count(&from->in, &count)) return false;
    for (uint64_t i = 0; i < count; i++) {
        struct entry entry;
        if (!unpack_entry(from, &entry, depth)) return false;
        map_set(map, from->arena, entry.key, entry.value);
    }
    return true;
}

static bool unpack_map(struct unpacker *from, struct value *value, uint32_t depth)
{
    struct str ahead = from->in;
    uint64_t count;
    if (!unpack_count(&ahead, &count)) return false;
    *value = value_map(from->arena, (uint32_t)count);
    return unpack_entries(from, value->map, depth);
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

static bool unpack_again(struct unpacker *from, struct value *value)
{
    const char *here = from->in.ptr - 1;
    uint64_t distance, len;
    if (!unpack_varint(&from->in, &distance) || !unpack_varint(&from->in, &len)) return false;
    if (distance > (uint64_t)(here - from->begin) || len > distance || len > from->again) return false;
    from->again -= len;
    *value = value_string((struct str){here - distance, (size_t)len});
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

static bool unpack_any(struct unpacker *from, struct value *value, uint32_t depth)
{
    struct str *in = &from->in;
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
    case PACKED_ARRAY: return unpack_items(from, value, depth + 1);
    case PACKED_MAP: return unpack_map(from, value, depth + 1);
    case PACKED_AGAIN: return unpack_again(from, value);
    }
    return false;
}

bool unpack_value(struct str *in, struct arena *arena, struct value *value)
{
    struct unpacker from = unpacker_of(*in, arena);
    bool is_whole = unpack_any(&from, value, 0);
    *in = from.in;
    return is_whole;
}

/* Fields with a slot must be what everyone takes them for. */
static bool slot_may_hold(enum event_slot slot, const struct value *value)
{
    if (slot == SLOT_TIMESTAMP) return value->kind == VALUE_TIME;
    return slot != SLOT_TAGS || event_tags_are_legal(value);
}

static bool unpack_field(struct unpacker *from, struct event *event)
{
    struct entry entry;
    if (!unpack_entry(from, &entry, 0)) return false;
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

static bool unpack_fields(struct unpacker *from, struct event *event)
{
    uint64_t count;
    if (!unpack_count(&from->in, &count)) return false;
    for (int slot = 0; slot < SLOT_COUNT; slot++) event_slot_set(event, (enum event_slot)slot, VALUE_NONE);
    for (uint64_t i = 0; i < count; i++)
        if (!unpack_field(from, event)) return false;
    return unpack_entries(from, &event->metadata, 0);
}

bool unpack_event(struct str *in, struct event *event)
{
    struct unpacker from = unpacker_of(*in, event->arena);
    bool is_whole = unpack_fields(&from, event);
    *in = from.in;
    return is_whole;
}
