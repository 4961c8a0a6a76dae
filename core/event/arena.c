/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/arena.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"

enum { CONFIG_CHUNK_BYTES = 4096 };

void arena_init(struct arena *arena, struct chunk_pool *pool)
{
    *arena = (struct arena){.pool = pool};
}

void arena_fini(struct arena *arena)
{
    while (arena->chunks) {
        struct chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        if (arena->pool)
            chunk_give(arena->pool, chunk);
        else
            free(chunk);
    }
    arena->at = arena->end = NULL;
    arena->bytes = 0;
}

/* Behind the newest chunk, which goes on being filled. */
void arena_adopt(struct arena *arena, struct arena *from)
{
    assert(arena->chunks && !arena->pool == !from->pool);
    assert(!arena->pool || arena->pool->budget == from->pool->budget);
    struct chunk *chunks = from->chunks, **last = &chunks;
    while (*last) last = &(*last)->next;
    *last = arena->chunks->next;
    arena->chunks->next = chunks;
    arena->bytes += from->bytes;
    *from = (struct arena){.pool = from->pool};
}

static struct chunk *arena_chunk(struct arena *arena, size_t size)
{
    if (arena->pool) return chunk_take(arena->pool, size);
    size += sizeof(struct chunk);
    if (size < CONFIG_CHUNK_BYTES) size = CONFIG_CHUNK_BYTES;
    struct chunk *chunk = xmalloc(size);
    chunk->size = size;
    return chunk;
}

void *arena_alloc_slow(struct arena *arena, size_t size)
{
    struct chunk *chunk = arena_chunk(arena, size);
    char *start = (char *)(chunk + 1), *end = (char *)chunk + chunk->size;
    assert((size_t)(end - start) >= size);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->bytes += chunk->size;
    /* a large block must not throw away what is left of the current chunk */
    if (end - (start + size) >= arena->end - arena->at) {
        arena->at = start + size;
        arena->end = end;
    }
    return start;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

struct str arena_copy(struct arena *arena, struct str text)
{
    if (text.len == 0) return (struct str){"", 0};
    char *copy = arena_alloc(arena, text.len);
    memcpy(copy, text.ptr, text.len);
    return (struct str){copy, text.len};
}

char *arena_copy_z(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len) memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    return copy;
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    assert(len >= 0);
    char *text = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return (struct str){text, (size_t)len};
}

void *arena_regrow(struct arena *arena, void *old, size_t old_size, size_t size)
{
    size_t old_rounded = (old_size + 7) & ~(size_t)7, rounded = (size + 7) & ~(size_t)7;
    if (old && (char *)old + old_rounded == arena->at &&
        (size_t)(arena->end - (char *)old) >= rounded) {
        arena->at = (char *)old + rounded;
        return old;
    }
    if (old && size <= old_size) return old;
    void *fresh = arena_alloc(arena, size);
    if (old_size) memcpy(fresh, old, old_size);
    return fresh;
}
