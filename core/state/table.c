/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state/table.h"
#include <assert.h>
#include <stdlib.h>
#include "core/event/value.h"
#include "core/xmalloc.h"

enum { BUCKETS_FIRST = 64 };

struct table_entry {
    struct table_entry *chain; /* of the bucket */
    struct table_entry *older, *newer;
    uint32_t hash, key_len;
    size_t bytes; /* charged for it: its own, and what the payload says it holds */
    _Alignas(16) char payload[];
};

static size_t payload_size(const struct table *table) { return (table->payload + 7) & ~(size_t)7; }

static struct table_entry *entry_of(const void *payload)
{
    return (struct table_entry *)(uintptr_t)((const char *)payload - offsetof(struct table_entry, payload));
}

static struct str entry_key(const struct table *table, const struct table_entry *entry)
{
    return (struct str){entry->payload + payload_size(table), entry->key_len};
}

void table_init(struct table *table, struct shared *shared, size_t payload, void (*drop)(void *payload))
{
    *table = (struct table){.shared = shared, .payload = payload, .drop = drop};
    table->bucket_count = BUCKETS_FIRST;
    table->buckets = xcalloc(table->bucket_count, sizeof *table->buckets);
    shared_charge(shared, table->bucket_count * sizeof *table->buckets);
}

void table_fini(struct table *table)
{
    if (!table->buckets) return;
    table_clear(table);
    shared_release(table->shared, table->bucket_count * sizeof *table->buckets);
    free(table->buckets);
    table->buckets = NULL;
}

/* ---- buckets ---- */

static struct table_entry **bucket_of(const struct table *table, uint32_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static void buckets_grow(struct table *table)
{
    struct table_entry **old = table->buckets;
    uint32_t count = table->bucket_count;
    table->bucket_count = count * 2;
    table->buckets = xcalloc(table->bucket_count, sizeof *table->buckets);
    shared_charge(table->shared, count * sizeof *old);
    for (uint32_t i = 0; i < count; i++)
        while (old[i]) {
            struct table_entry *entry = old[i], **bucket = bucket_of(table, entry->hash);
            old[i] = entry->chain;
            entry->chain = *bucket;
            *bucket = entry;
        }
    free(old);
}

/* ---- age ---- */

static void age_append(struct table *table, struct table_entry *entry)
{
    entry->older = table->newest;
    entry->newer = NULL;
    *(table->newest ? &table->newest->newer : &table->oldest) = entry;
    table->newest = entry;
}

static void age_unlink(struct table *table, struct table_entry *entry)
{
    *(entry->older ? &entry->older->newer : &table->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &table->newest) = entry->older;
}

void table_touch(struct table *table, void *payload)
{
    struct table_entry *entry = entry_of(payload);
    if (entry == table->newest) return;
    age_unlink(table, entry);
    age_append(table, entry);
}

void *table_oldest(const struct table *table) { return table->oldest ? table->oldest->payload : NULL; }

void *table_newer(const struct table *table, const void *payload)
{
    (void)table;
    struct table_entry *newer = entry_of(payload)->newer;
    return newer ? newer->payload : NULL;
}

struct str table_key(const struct table *table, const void *payload)
{
    return entry_key(table, entry_of(payload));
}

/* ---- entries ---- */

void *table_find(const struct table *table, struct str key)
{
    uint32_t hash = key_hash(key);
    for (struct table_entry *entry = *bucket_of(table, hash); entry; entry = entry->chain)
        if (entry->hash == hash && str_eq(entry_key(table, entry), key)) return entry->payload;
    return NULL;
}

void *table_add(struct table *table, struct str key)
{
    assert(!table_find(table, key) && key.len <= UINT32_MAX);
    if (table->count >= table->bucket_count && table->bucket_count < UINT32_MAX / 2) buckets_grow(table);
    size_t bytes = sizeof(struct table_entry) + payload_size(table) + key.len;
    struct table_entry *entry = xcalloc(1, bytes);
    entry->hash = key_hash(key);
    entry->key_len = (uint32_t)key.len;
    entry->bytes = bytes;
    if (key.len) memcpy(entry->payload + payload_size(table), key.ptr, key.len);
    struct table_entry **bucket = bucket_of(table, entry->hash);
    entry->chain = *bucket;
    *bucket = entry;
    age_append(table, entry);
    table->count++;
    shared_charge(table->shared, bytes);
    counter_add(&table->shared->counters.states, 1);
    return entry->payload;
}

void table_remove(struct table *table, void *payload)
{
    struct table_entry *entry = entry_of(payload), **at = bucket_of(table, entry->hash);
    while (*at != entry) at = &(*at)->chain;
    *at = entry->chain;
    age_unlink(table, entry);
    assert(table->count > 0);
    table->count--;
    if (table->drop) table->drop(payload);
    shared_release(table->shared, entry->bytes);
    counter_add(&table->shared->counters.states, (uint64_t)-1);
    free(entry);
}

void table_clear(struct table *table)
{
    while (table->oldest) table_remove(table, table->oldest->payload);
}

void table_charge(struct table *table, void *payload, size_t before, size_t after)
{
    struct table_entry *entry = entry_of(payload);
    assert(entry->bytes >= before);
    entry->bytes += after - before;
    if (after >= before)
        shared_charge(table->shared, after - before);
    else
        shared_release(table->shared, before - after);
}

/* ---- limits ---- */

bool table_has_room(const struct table *table, uint64_t count_max, size_t bytes)
{
    if (!table->count) return true;
    if (count_max && table->count >= count_max) return false;
    return counter_get(&table->shared->counters.bytes) + bytes <= state_share_bytes(table->shared->scope);
}

void table_evict(struct table *table, void *payload)
{
    counter_add(&table->shared->counters.evicted, 1);
    table_remove(table, payload);
}
