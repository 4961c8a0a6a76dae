/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/text_cache.h"
#include <assert.h>
#include <stdlib.h>
#include "core/event/value.h"
#include "core/xmalloc.h"

enum { BUCKETS_MIN = 256 };

struct kept {
    struct kept *next;           /* in its bucket */
    struct kept *newer, *older;  /* by when it was asked for */
    uint32_t hash, text_len, found_len;
    char bytes[]; /* the text, what was found */
};

struct text_cache {
    struct kept **buckets; /* as many as a power of two, half of them in use at most */
    uint32_t mask, count, entries_max;
    size_t bytes, bytes_max;
    struct kept *newest, *oldest;
    uint64_t evicted;
};

static size_t size_of(const struct kept *kept) { return sizeof *kept + kept->text_len + kept->found_len; }

struct text_cache *text_cache_create(uint32_t entries_max, size_t bytes_max)
{
    assert(entries_max);
    struct text_cache *cache = xcalloc(1, sizeof *cache);
    *cache = (struct text_cache){.mask = BUCKETS_MIN - 1, .entries_max = entries_max, .bytes_max = bytes_max};
    cache->buckets = xcalloc(BUCKETS_MIN, sizeof(struct kept *));
    return cache;
}

/* ---- the order ---- */

static void order_remove(struct text_cache *cache, struct kept *kept)
{
    if (kept->newer) kept->newer->older = kept->older;
    else cache->newest = kept->older;
    if (kept->older) kept->older->newer = kept->newer;
    else cache->oldest = kept->newer;
}

static void order_add(struct text_cache *cache, struct kept *kept)
{
    kept->newer = NULL;
    kept->older = cache->newest;
    if (cache->newest) cache->newest->newer = kept;
    else cache->oldest = kept;
    cache->newest = kept;
}

/* ---- entries ---- */

static void drop(struct text_cache *cache, struct kept *kept)
{
    struct kept **at = &cache->buckets[kept->hash & cache->mask];
    while (*at != kept) at = &(*at)->next;
    *at = kept->next;
    order_remove(cache, kept);
    cache->count--;
    cache->bytes -= size_of(kept);
    free(kept);
}

void text_cache_clear(struct text_cache *cache)
{
    while (cache->oldest) drop(cache, cache->oldest);
}

void text_cache_destroy(struct text_cache *cache)
{
    if (!cache) return;
    text_cache_clear(cache);
    free(cache->buckets);
    free(cache);
}

static void grow(struct text_cache *cache)
{
    uint32_t mask = 2 * cache->mask + 1;
    struct kept **buckets = xcalloc((size_t)mask + 1, sizeof(struct kept *));
    for (struct kept *kept = cache->oldest; kept; kept = kept->newer) {
        struct kept **bucket = &buckets[kept->hash & mask];
        kept->next = *bucket;
        *bucket = kept;
    }
    free(cache->buckets);
    cache->buckets = buckets;
    cache->mask = mask;
}

bool text_cache_get(struct text_cache *cache, struct str text, struct str *found)
{
    uint32_t hash = key_hash(text);
    for (struct kept *kept = cache->buckets[hash & cache->mask]; kept; kept = kept->next) {
        if (kept->hash != hash || !str_eq((struct str){kept->bytes, kept->text_len}, text)) continue;
        if (kept != cache->newest) {
            order_remove(cache, kept);
            order_add(cache, kept);
        }
        *found = (struct str){kept->bytes + kept->text_len, kept->found_len};
        return true;
    }
    return false;
}

void text_cache_put(struct text_cache *cache, struct str text, struct str found)
{
    if (text.len + found.len > TEXT_CACHE_ENTRY_MAX) return;
    struct kept *kept = xmalloc(sizeof *kept + text.len + found.len);
    *kept = (struct kept){
        .hash = key_hash(text), .text_len = (uint32_t)text.len, .found_len = (uint32_t)found.len};
    if (text.len) memcpy(kept->bytes, text.ptr, text.len);
    if (found.len) memcpy(kept->bytes + text.len, found.ptr, found.len);
    if (2 * cache->count > cache->mask) grow(cache);
    struct kept **bucket = &cache->buckets[kept->hash & cache->mask];
    kept->next = *bucket;
    *bucket = kept;
    order_add(cache, kept);
    cache->count++;
    cache->bytes += size_of(kept);
    while (cache->count > cache->entries_max || cache->bytes > cache->bytes_max) {
        bool is_last = cache->oldest == kept;
        drop(cache, cache->oldest);
        cache->evicted++;
        if (is_last) return; /* it alone is too large */
    }
}

uint32_t text_cache_count(const struct text_cache *cache) { return cache->count; }
size_t text_cache_bytes(const struct text_cache *cache) { return cache->bytes; }
uint64_t text_cache_evicted(const struct text_cache *cache) { return cache->evicted; }
