/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation: everything an event holds comes from its batch's arena and is given back with
 * it; nobody frees a field. A second use is configuration: an arena without a pool takes its chunks
 * from malloc and lives as long as what was compiled from the text.
 *
 * arena_alloc() never fails. What data can make it allocate is bounded by whoever runs the batch:
 * beyond ARENA_BYTES_MAX the event that asks for more is tagged `_memory_limit` (dsl/vm.c), and a
 * single operation that can multiply its input checks arena_allows() first. One thread. */
#ifndef CORE_EVENT_ARENA_H
#define CORE_EVENT_ARENA_H
#include "core/event/chunk.h"
#include "core/text/str.h"

enum { ARENA_BYTES_MAX = 16 * 1024 * 1024 }; /* of one batch */

struct arena {
    char *at, *end;          /* free bytes of the newest chunk */
    struct chunk *chunks;    /* newest first */
    struct chunk_pool *pool; /* NULL: malloc */
    size_t bytes;            /* of all chunks */
};

void arena_init(struct arena *arena, struct chunk_pool *pool);
void arena_fini(struct arena *arena); /* gives everything back; the arena may be used again */
void *arena_alloc_slow(struct arena *arena, size_t size);

/* `size` bytes, aligned to 8, not zeroed. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if ((size_t)(arena->end - arena->at) < size) return arena_alloc_slow(arena, size);
    void *memory = arena->at;
    arena->at += size;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size);
struct str arena_copy(struct arena *arena, struct str text);
/* Takes over all memory of `from`, which is empty afterwards. Pools of one budget, or none. */
void arena_adopt(struct arena *arena, struct arena *from);
/* A NUL-terminated copy. */
char *arena_copy_z(struct arena *arena, struct str text);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Makes the newest allocation larger in place when it can, else copies it; a smaller `size` gives
 * back the rest of the newest allocation and never moves it. `old_size` and the pointer must be
 * those of the last arena_alloc() for the in-place case. */
void *arena_regrow(struct arena *arena, void *old, size_t old_size, size_t size);

/* May another `bytes` be taken by an operation whose size the data decides? */
static inline bool arena_allows(const struct arena *arena, size_t bytes)
{
    return arena->bytes + bytes <= ARENA_BYTES_MAX;
}

#endif
