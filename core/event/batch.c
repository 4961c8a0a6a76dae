/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/batch.h"

enum { BATCH_EVENTS_FIRST = 128 }; /* room in a new batch */

/* ---- blocks ---- */

struct block *block_create(struct chunk_pool *pool, size_t capacity)
{
    struct chunk *chunk = chunk_take(pool, sizeof(struct block) + capacity);
    struct block *block = (struct block *)(chunk + 1);
    *block = (struct block){.chunk = chunk, .references = 1, .bytes = (char *)(block + 1)};
    block->capacity = (size_t)((char *)chunk + chunk->size - block->bytes);
    return block;
}

void block_keep(struct block *block)
{
    assert(block->references > 0 && block->references < UINT32_MAX);
    block->references++;
}

void block_drop(struct block *block, struct chunk_pool *pool)
{
    assert(block->references > 0);
    if (--block->references == 0) chunk_give(pool, block->chunk);
}

/* ---- batches ---- */

struct batch *batch_create(struct chunk_pool *pool, struct ticket_pool *tickets)
{
    struct arena arena;
    arena_init(&arena, pool);
    struct batch *batch = arena_alloc(&arena, sizeof *batch);
    struct event **events = arena_alloc(&arena, BATCH_EVENTS_FIRST * sizeof(struct event *));
    *batch = (struct batch){.arena = arena,
                            .pool = pool,
                            .events = events,
                            .capacity = BATCH_EVENTS_FIRST,
                            .now = event_now()};
    if (tickets) batch->ticket = ticket_open(tickets);
    return batch;
}

void batch_destroy(struct batch *batch)
{
    for (uint32_t i = 0; i < batch->block_count; i++) block_drop(batch->blocks[i], batch->pool);
    struct arena arena = batch->arena; /* it holds the batch itself */
    arena_fini(&arena);
}

static void event_place(struct batch *batch, struct event *event)
{
    if (batch->count == batch->capacity) {
        size_t size = batch->capacity * sizeof *batch->events;
        batch->events = arena_regrow(&batch->arena, batch->events, size, size * 2);
        batch->capacity *= 2;
    }
    event->index = event->rank = event->parent = batch->count;
    batch->events[batch->count++] = event;
}

static struct event *event_append(struct batch *batch)
{
    if (batch->count == BATCH_EVENTS_MAX) return NULL;
    struct event *event = arena_alloc(&batch->arena, sizeof *event);
    event_init(event, &batch->arena, batch->now);
    event_place(batch, event);
    return event;
}

struct event *batch_event(struct batch *batch)
{
    struct event *event = event_append(batch);
    batch->received += event != NULL;
    return event;
}

void batch_adopt(struct batch *batch, struct arena *arena, struct event *const *events, uint32_t count)
{
    assert(count <= BATCH_EVENTS_MAX - batch->count);
    arena_adopt(&batch->arena, arena);
    for (uint32_t i = 0; i < count; i++) {
        events[i]->arena = &batch->arena;
        event_place(batch, events[i]);
    }
    batch->received += count;
}

struct event *batch_child(struct batch *batch, struct event *parent)
{
    assert(!parent || batch->events[parent->index] == parent);
    struct event *event = event_append(batch);
    if (event && parent) {
        event->parent = parent->index;
        batch->is_reordered = true;
    }
    return event;
}

/* A parent's index is always smaller than its children's. So one pass from the end gives the size of
 * each family, and one from the start deals out places: a family takes as many as it is large, and
 * `next` of a parent is the place of its next child. */
void batch_rank(struct batch *batch)
{
    uint32_t count = batch->count;
    if (batch->scratch_capacity < count) {
        batch->scratch = arena_alloc(&batch->arena, 2 * count * sizeof *batch->scratch);
        batch->scratch_capacity = count;
    }
    uint32_t *size = batch->scratch, *next = batch->scratch + count;
    for (uint32_t i = 0; i < count; i++) size[i] = 1;
    for (uint32_t i = count; i-- > 0;) {
        uint32_t parent = batch->events[i]->parent;
        assert(parent <= i);
        if (parent != i) size[parent] += size[i];
    }
    uint32_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct event *event = batch->events[i];
        uint32_t *from = event->parent == i ? &end : &next[event->parent];
        event->rank = *from;
        *from += size[i];
        next[i] = event->rank + 1;
    }
    assert(end == count);
    batch->is_reordered = false;
}

bool batch_keep_block(struct batch *batch, struct block *block)
{
    for (uint32_t i = batch->block_count; i-- > 0;)
        if (batch->blocks[i] == block) return true;
    if (batch->block_count == BATCH_BLOCKS_MAX) return false;
    block_keep(block);
    batch->blocks[batch->block_count++] = block;
    return true;
}
