/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/parcel.h"
#include <stdlib.h>
#include "core/xmalloc.h"

enum { PARCEL_ITEMS_FIRST = 64, PARCEL_KEYS_FIRST = 128 };

struct parcel *parcel_create(uint64_t number)
{
    assert(number);
    struct parcel *parcel = xcalloc(1, sizeof *parcel);
    parcel->number = number;
    return parcel;
}

void parcel_destroy(struct parcel *parcel)
{
    buf_fini(&parcel->data);
    buf_fini(&parcel->beside);
    free(parcel->items);
    free(parcel->keys);
    free(parcel);
}

void parcel_renew(struct parcel *parcel, uint64_t number)
{
    struct parcel fresh = {.number = number, .data = parcel->data, .beside = parcel->beside,
                           .items = parcel->items, .keys = parcel->keys, .capacity = parcel->capacity,
                           .key_room = parcel->key_room, .charged = parcel->charged};
    if (parcel->key_count) memset(parcel->keys, 0, parcel->key_room * sizeof *parcel->keys);
    *parcel = fresh;
    buf_clear(&parcel->data);
    buf_clear(&parcel->beside);
}

/* ---- keys ---- */

static uint32_t *key_slot(uint32_t *keys, uint32_t room, uint32_t key)
{
    uint32_t at = key & (room - 1);
    while (keys[at] && keys[at] != key) at = (at + 1) & (room - 1);
    return &keys[at];
}

static void keys_grow(struct parcel *parcel)
{
    uint32_t room = parcel->key_room ? parcel->key_room * 2 : PARCEL_KEYS_FIRST;
    uint32_t *keys = xcalloc(room, sizeof *keys);
    for (uint32_t i = 0; i < parcel->key_room; i++)
        if (parcel->keys[i]) *key_slot(keys, room, parcel->keys[i]) = parcel->keys[i];
    free(parcel->keys);
    parcel->keys = keys;
    parcel->key_room = room;
}

static void key_add(struct parcel *parcel, uint32_t key)
{
    if (2 * parcel->key_count >= parcel->key_room) keys_grow(parcel);
    uint32_t *slot = key_slot(parcel->keys, parcel->key_room, key);
    parcel->key_count += *slot == 0;
    *slot = key;
}

bool parcel_has_key(const struct parcel *parcel, uint32_t key)
{
    assert(key);
    return parcel->key_count && *key_slot(parcel->keys, parcel->key_room, key) == key;
}

static void keys_clear(struct parcel *parcel)
{
    if (parcel->key_count) memset(parcel->keys, 0, parcel->key_room * sizeof *parcel->keys);
    parcel->key_count = 0;
}

void parcel_hold_keys(struct parcel *parcel)
{
    keys_clear(parcel);
    for (uint32_t i = 0; i < parcel->count; i++) {
        struct parcel_item *item = &parcel->items[i];
        if (!item->key) continue;
        if (item->verdict == ITEM_AGAIN)
            key_add(parcel, item->key);
        else if (item->verdict == ITEM_SENT && parcel_has_key(parcel, item->key))
            item->verdict = ITEM_AGAIN;
    }
}

/* ---- items ---- */

void parcel_add(struct parcel *parcel, const struct parcel_item *item)
{
    assert(parcel->count < PARCEL_ITEMS_MAX && item->end <= parcel->data.len);
    assert(item->document <= item->document_end && item->document_end <= item->end);
    assert(item->beside_end <= parcel->beside.len);
    if (parcel->count == parcel->capacity) {
        parcel->capacity = parcel->capacity ? parcel->capacity * 2 : PARCEL_ITEMS_FIRST;
        parcel->items = xreallocarray(parcel->items, parcel->capacity, sizeof *parcel->items);
    }
    parcel->items[parcel->count++] = *item;
    if (item->key) key_add(parcel, item->key);
}

uint32_t parcel_begin(const struct parcel *parcel, uint32_t at)
{
    assert(at < parcel->count);
    return at ? parcel->items[at - 1].end : 0;
}

static uint32_t beside_begin(const struct parcel *parcel, uint32_t at)
{
    return at ? parcel->items[at - 1].beside_end : 0;
}

struct str parcel_document(const struct parcel *parcel, uint32_t at)
{
    assert(at < parcel->count);
    const struct parcel_item *item = &parcel->items[at];
    return str_slice(buf_str(&parcel->data), item->document, item->document_end);
}

struct str parcel_beside(const struct parcel *parcel, uint32_t at)
{
    assert(at < parcel->count);
    return str_slice(buf_str(&parcel->beside), beside_begin(parcel, at), parcel->items[at].beside_end);
}

static void item_shift(struct parcel_item *item, uint32_t from, uint32_t to)
{
    item->end = item->end - from + to;
    item->document = item->document - from + to;
    item->document_end = item->document_end - from + to;
}

void parcel_compact(struct parcel *parcel)
{
    uint32_t kept = 0, begin = 0, beside_from = 0;
    size_t len = 0, beside = 0;
    keys_clear(parcel);
    for (uint32_t i = 0; i < parcel->count; i++) {
        struct parcel_item item = parcel->items[i];
        uint32_t bytes = item.end - begin, from = begin, more = item.beside_end - beside_from, more_from = beside_from;
        begin = item.end;
        beside_from = item.beside_end;
        if (item.verdict != ITEM_AGAIN) continue;
        memmove(parcel->data.ptr + len, parcel->data.ptr + from, bytes);
        item_shift(&item, from, (uint32_t)len);
        len += bytes;
        if (more) memmove(parcel->beside.ptr + beside, parcel->beside.ptr + more_from, more);
        beside += more;
        item.beside_end = (uint32_t)beside;
        parcel->items[kept++] = item;
        if (item.key) key_add(parcel, item.key);
    }
    parcel->count = kept;
    buf_truncate(&parcel->data, len);
    buf_truncate(&parcel->beside, beside);
}

void parcel_move_tail(struct parcel *parcel, uint32_t at, struct parcel *to)
{
    assert(at < parcel->count && to != parcel);
    uint32_t from = parcel_begin(parcel, at), beside_from = beside_begin(parcel, at);
    uint32_t base = (uint32_t)to->data.len, beside_base = (uint32_t)to->beside.len;
    buf_append(&to->data, str_from(buf_str(&parcel->data), from));
    buf_append(&to->beside, str_from(buf_str(&parcel->beside), beside_from));
    for (uint32_t i = at; i < parcel->count; i++) {
        struct parcel_item item = parcel->items[i];
        item_shift(&item, from, base);
        item.beside_end = item.beside_end - beside_from + beside_base;
        parcel_add(to, &item);
    }
    parcel->count = at;
    buf_truncate(&parcel->data, from);
    buf_truncate(&parcel->beside, beside_from);
    keys_clear(parcel);
    for (uint32_t i = 0; i < at; i++)
        if (parcel->items[i].key) key_add(parcel, parcel->items[i].key);
}
