/* SPDX-License-Identifier: Apache-2.0 */
/* What a filter remembers by key: found by the text of the key, and kept in an order of age that the
 * filter decides (table_touch), so that what is oldest can be let go first.
 *
 *   oldest ⇄ … ⇄ newest       each entry: head | payload of the filter | key
 *
 * A table is within a shared object (core/state/shared.h) and only used by whoever has entered it.
 * Entries are allocated one by one: a new key costs a malloc, a known one none. Limits: a number of
 * entries that the filter names, and state_share_bytes(); table_has_room() says when the oldest must go.
 * A key is never refused: with no other entry there is always room for it. */
#ifndef CORE_STATE_TABLE_H
#define CORE_STATE_TABLE_H
#include "core/state/shared.h"

struct table_entry;

struct table {
    struct shared *shared;
    size_t payload;               /* bytes that the filter has in each entry */
    void (*drop)(void *payload);  /* gives up what the payload holds elsewhere; NULL: nothing */
    struct table_entry **buckets; /* a power of two of them */
    uint32_t bucket_count;
    uint32_t count;
    struct table_entry *oldest, *newest;
};

void table_init(struct table *table, struct shared *shared, size_t payload, void (*drop)(void *payload));
void table_fini(struct table *table); /* a zeroed one is allowed */

/* The payload, or NULL. */
void *table_find(const struct table *table, struct str key);
/* Of a key that is not there: zeroed, the newest. The key is copied. */
void *table_add(struct table *table, struct str key);
void table_remove(struct table *table, void *payload);
void table_clear(struct table *table);
/* It becomes the newest. */
void table_touch(struct table *table, void *payload);

/* May an entry be added with `bytes` beside it, when there may be `count_max` (0: any number)? */
bool table_has_room(const struct table *table, uint64_t count_max, size_t bytes);
/* It is given up for want of room: counted, then removed. */
void table_evict(struct table *table, void *payload);

void *table_oldest(const struct table *table); /* NULL: empty */
void *table_newer(const struct table *table, const void *payload); /* the next one in age, or NULL */
struct str table_key(const struct table *table, const void *payload);

/* The payload holds more, or less, bytes elsewhere. What is charged when it is removed is released. */
void table_charge(struct table *table, void *payload, size_t before, size_t after);

#endif
