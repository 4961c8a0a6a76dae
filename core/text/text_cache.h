/* SPDX-License-Identifier: Apache-2.0 */
/* What was found for texts, kept for when they come again: bytes by text, bounded in number and in bytes;
 * the one not asked for longest goes first. For what costs far more than a lookup and two copies.
 *
 * Entries are malloc()ed: one allocation for each text that is not known, and none for those that are. What
 * is given out is valid until the next text_cache_put(). One thread. */
#ifndef CORE_TEXT_TEXT_CACHE_H
#define CORE_TEXT_TEXT_CACHE_H
#include <stdint.h>
#include "core/text/str.h"

enum { TEXT_CACHE_ENTRY_MAX = 4096 /* bytes of a text and what was found; larger ones are not kept */ };

struct text_cache;
/* `entries_max` is at least 1. */
struct text_cache *text_cache_create(uint32_t entries_max, size_t bytes_max);
void text_cache_destroy(struct text_cache *cache); /* NULL is allowed */
void text_cache_clear(struct text_cache *cache);

/* False: it is not known. */
bool text_cache_get(struct text_cache *cache, struct str text, struct str *found);
/* Both are copied. The text is not known yet. */
void text_cache_put(struct text_cache *cache, struct str text, struct str found);

uint32_t text_cache_count(const struct text_cache *cache);
size_t text_cache_bytes(const struct text_cache *cache);
uint64_t text_cache_evicted(const struct text_cache *cache);

#endif
