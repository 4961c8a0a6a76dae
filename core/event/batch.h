/* SPDX-License-Identifier: Apache-2.0 */
/* A batch: the only thing that travels. It owns an arena (the struct itself lies in it), references
 * the raw blocks it was cut from and holds its events; events never move. One worker's thread.
 *
 * Order is `rank`: children stand directly behind their parent and behind the children made of it
 * before (with their own children). An index vector (selection) is always in rank order; a branch is
 * a sub-vector. Two vectors are merged after a branch like this:
 *
 *     if (batch->is_reordered) batch_rank(batch);
 *     take from the vector whose head has the smaller events[index]->rank, until both are empty
 *
 * Ranks are dense (0 to count - 1) and unique after batch_rank(). While no filter makes children they
 * equal the index and batch_rank() is never called. Events made between two merges have no usable
 * rank, but whoever made them knows their place: a filter's children stand behind their parent in
 * the vector that it returns. */
#ifndef CORE_EVENT_BATCH_H
#define CORE_EVENT_BATCH_H
#include "core/event/event.h"
#include "core/event/ticket.h"

enum {
    BATCH_EVENTS_MAX = 1 << 20, /* children included */
    BLOCK_BYTES = 256 * 1024,
    BATCH_BLOCKS_MAX = 64,      /* raw blocks one batch may reference */
};

/* Raw bytes as they were received; counted references of the reader and of batches. The struct lies
 * at the head of its own chunk. Created with one reference, the caller's. */
struct block {
    struct chunk *chunk;
    uint32_t references;
    char *bytes;
    size_t capacity;
};
struct block *block_create(struct chunk_pool *pool, size_t capacity);
void block_keep(struct block *block);
void block_drop(struct block *block, struct chunk_pool *pool);

struct batch {
    struct arena arena;
    struct event **events;
    uint32_t count, capacity;
    uint32_t received;        /* events not made by a filter; the others were created */
    struct ticket *ticket;
    struct block *blocks[BATCH_BLOCKS_MAX];
    uint32_t block_count;
    struct chunk_pool *pool;
    struct batch *next;       /* in a worker's queue */
    void *vm;                 /* position of the program when parked (dsl/vm.h) */
    void *generation;         /* what it runs through; kept alive by it */
    uint32_t begins_at;       /* the output, counted from 1, that alone gets its events, past all filters; 0: none */
    struct value now;         /* arrival time of its events */
    bool has_taken;           /* some events were taken out (is_cancelled) before it ran, and are accounted for */
    bool is_reordered;        /* children were made: ranks are renewed before the next merge */
    uint32_t *scratch;        /* of batch_rank(): two numbers an event */
    uint32_t scratch_capacity;
};

/* With an open ticket, or without one when `tickets` is NULL. `now` is the present time. */
struct batch *batch_create(struct chunk_pool *pool, struct ticket_pool *tickets);
/* Memory goes back; the ticket stays until it closes. */
void batch_destroy(struct batch *batch);
/* A fresh event at the end, with @timestamp `now`; NULL at BATCH_EVENTS_MAX. */
struct event *batch_event(struct batch *batch);
/* Received events that lie in an arena of the same budget: taken over with all their memory, without
 * a copy. `events` may lie in it too; there is room for them (BATCH_EVENTS_MAX). */
void batch_adopt(struct batch *batch, struct arena *arena, struct event *const *events, uint32_t count);
/* A fresh event behind `parent` (and behind its earlier children), or at the end when `parent` is
 * NULL (what timers emit); counted as created. NULL at BATCH_EVENTS_MAX. */
struct event *batch_child(struct batch *batch, struct event *parent);
/* Renews the ranks of all events after children were made: one pass, 2 * 4 bytes an event. */
void batch_rank(struct batch *batch);
/* The batch's events keep slices of the block; a block already kept is not kept twice. False when
 * BATCH_BLOCKS_MAX are referenced. */
bool batch_keep_block(struct batch *batch, struct block *block);

#endif
