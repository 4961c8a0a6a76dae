/* SPDX-License-Identifier: Apache-2.0 */
/* A batch: the only thing that travels. It owns an arena, references the raw blocks it was cut from
 * and holds its events; events never move. Order is `rank`: children stand directly behind their
 * parent and behind the children made of it before. One worker's thread. */
#ifndef CORE_EVENT_BATCH_H
#define CORE_EVENT_BATCH_H
#include "core/event/event.h"
#include "core/event/ticket.h"

enum {
    BATCH_EVENTS_MAX = 1 << 20, /* children included */
    BLOCK_BYTES = 256 * 1024,
    BATCH_BLOCKS_MAX = 64,      /* raw blocks one batch may reference */
};

/* Raw bytes as they were received; counted references of the reader and of batches. */
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
    uint32_t received;        /* events not made by a filter */
    struct ticket *ticket;
    struct block *blocks[BATCH_BLOCKS_MAX];
    uint32_t block_count;
    struct chunk_pool *pool;
    struct batch *next;       /* in a worker's queue */
    void *vm;                 /* position of the program when parked (dsl/vm.h) */
    void *generation;         /* what it runs through; kept alive by it */
    struct value now;         /* arrival time of its events */
    bool is_reordered;        /* children were made: ranks are renewed before the next merge */
};

struct batch *batch_create(struct chunk_pool *pool, struct ticket_pool *tickets);
/* Memory goes back; the ticket stays until it closes. */
void batch_destroy(struct batch *batch);
/* A fresh event at the end; NULL at BATCH_EVENTS_MAX. */
struct event *batch_event(struct batch *batch);
/* A fresh event behind `parent` (and behind its earlier children); NULL at BATCH_EVENTS_MAX. */
struct event *batch_child(struct batch *batch, struct event *parent);
/* The batch's events keep slices of the block. False when BATCH_BLOCKS_MAX are referenced. */
bool batch_keep_block(struct batch *batch, struct block *block);

#endif
