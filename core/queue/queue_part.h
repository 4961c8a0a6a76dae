/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a queue, shared by queue.c (begin, turns, end) and queue_jobs.c (what is asked of the disk, and
 * what came of it). */
#ifndef CORE_QUEUE_QUEUE_PART_H
#define CORE_QUEUE_QUEUE_PART_H
#include <assert.h>
#include "core/queue/queue.h"

enum {
    QUEUE_PAGES = 4, /* one is at hand, the others are read when much waits */
    QUEUE_MEMORY_PART = 32, /* of pipeline.memory: a page, and the gather buffer */
};

/* What one job does, in this order, and what came of it. */
struct round {
    struct disk_job job;
    bool checkpoints, deletes, writes, closes;
    struct queue_page *pages[QUEUE_PAGES]; /* to be read into, in this order */
    uint32_t page_count;
    uint64_t done;           /* record, for the checkpoint */
    int checkpoint_error, write_error, read_error;
    uint64_t sync_ns;
};

enum { DISK_WRITE, DISK_READ, DISK_CHECKPOINT, DISK_ACTIONS };

/* Of one action that failed: it is tried again then (uv_now()); 0: it did not. */
struct trouble {
    uint64_t again_at, pause_ms;
};

struct queue {
    struct queue_options options;
    struct disk *disk;
    struct loop *loop;
    struct ingest capture;
    struct gather gather;
    struct replay replay;
    struct queue_counters *counters;
    struct record_pack *pack;     /* of both logs: of whoever has them, the disk thread mostly */
    struct queue_log own, left; /* the worker's; of a worker that is gone, when one is open */
    uint32_t *folders, folder_count, folder_next; /* of such workers; from folder_next on not read yet */
    struct round round;
    bool is_busy;                /* the round is on the disk thread */
    struct queue_group writing;
    struct ticket *writing_ticket;
    bool has_writing;
    struct queue_page pages[QUEUE_PAGES];
    uint32_t page;               /* the one at hand, or to be next */
    bool is_read[QUEUE_PAGES];         /* filled, and not used up */
    bool is_behind;              /* the last page that was read had not all that was there */
    bool has_more;               /* durable records may be there that were not read */
    uint64_t checkpoint_done, checkpoint_frames; /* at the last one: record, frames settled */
    uint64_t full_done;          /* records done when the log was full */
    bool is_full, is_due;        /* is_due: a tick went by since the last checkpoint */
    struct trouble troubles[DISK_ACTIONS];
    uv_timer_t tick;
    bool is_ending, drains, is_closed, is_tick_closed;
};

static inline bool is_reading_left(const struct queue *queue) { return queue->left.is_open; }

static inline struct queue_log *log_read(struct queue *queue)
{
    return is_reading_left(queue) ? &queue->left : &queue->own;
}

static inline void counter_put(atomic_uint_fast64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

/* Of pipeline.memory, not more than `most`. */
static inline size_t part_of_memory(const struct queue *queue, size_t most)
{
    size_t limit = queue->loop->budget->limit / QUEUE_MEMORY_PART;
    return limit && limit < most ? limit : most;
}

/* The rest stays on the disk. Until the last frames are durable they may need the room of what is read. */
static inline bool is_enough(const struct queue *queue)
{
    return queue->is_ending && !queue->drains && !queue->has_writing && gather_is_empty(&queue->gather);
}

/* ---- queue.c ---- */
/* The next log of a worker that is gone, if any: one that cannot be read is told and left. Blocks. */
void queue_left_open(struct queue *queue);
void queue_left_tell(struct queue *queue); /* how many such logs there are, and what waits in the one that is read */

/* ---- queue_jobs.c ---- */
/* Asks for what is to be done on the disk; no job is underway. */
void queue_plan(struct queue *queue);
/* The last job: a checkpoint, then everything is closed. */
void queue_submit_close(struct queue *queue);
bool queue_has_pages(const struct queue *queue); /* that were read and not used up */

#endif
