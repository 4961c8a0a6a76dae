/* SPDX-License-Identifier: Apache-2.0 */
/* The disk's side of a queue: one log (core/store/spool) whose records are those of queue_record.h, or several of
 * them packed (queue_pack.h), with one reader. Everything blocks and belongs to one thread at a time: a worker's before
 * its loop runs and after it has ended, else the pipeline's disk thread.
 *
 *   group ─ write (append, sync) ─▶ log ─ read ─▶ page ─▶ queue.c ─▶ filters … settled ─ done, checkpoint ─▶ deleted
 *
 * Returns are 0, SPOOL_FULL, or a negative errno; after any of the two the same call may be made again. */
#ifndef CORE_QUEUE_QUEUE_LOG_H
#define CORE_QUEUE_QUEUE_LOG_H
#include "core/event/batch.h"
#include "core/queue/queue_pack.h"
#include "core/store/spool/spool.h"

enum {
    QUEUE_PAYLOAD_MAX = 16 * 1024 * 1024, /* of a record, where the log has room; a longer frame is cut */
    QUEUE_PAGE_RECORDS_MAX = 1024,
    QUEUE_LOSSES_MAX = 16, /* told of one page; reading stops there and goes on with the next */
};
#define QUEUE_READER "filters" /* name of the reader in the checkpoint */

/* Records gathered, one behind the other. */
struct queue_group {
    struct buf bytes;
    uint32_t *ends; /* of each record in the bytes */
    uint32_t count, capacity;
    uint32_t written; /* of them, appended to the log already: a write goes on behind them */
    uint64_t frames;
    uint64_t stored; /* bytes that went to the log for those written */
};
void queue_group_end(struct queue_group *group); /* the record ends with the bytes */
void queue_group_clear(struct queue_group *group);
void queue_group_fini(struct queue_group *group);

struct queue_row {
    uint32_t offset, len; /* in the page's block */
    uint64_t sequence;    /* in the log: records that were packed have one, and are done together */
    bool is_last;         /* of that number */
};

/* Records that were read. The block is the loop's to make and drop; it is as large as the loop likes, or as
 * `wanted` said. */
struct queue_page {
    struct block *block;
    struct queue_row rows[QUEUE_PAGE_RECORDS_MAX];
    struct spool_loss losses[QUEUE_LOSSES_MAX]; /* in front of the rows */
    uint32_t count, loss_count;
    size_t wanted;  /* not 0: the next record needs a block of so many bytes */
    bool is_at_end; /* nothing more was durable */
};

struct queue_log {
    struct record_pack *pack; /* borrowed */
    struct spool spool;
    struct spool_cursor cursor;
    struct spool_record pending; /* read, and not in a page yet */
    bool is_open, has_pending;
    uint64_t next_frame;    /* number of the next frame to be written */
    uint64_t frames_at_open; /* that wait in it */
    uint64_t oldest_ns;     /* when the first of them came, wall clock; 0: none waits */
};

/* -EPROTONOSUPPORT: the first record that waits, or the last one, is of a newer version; the report says so as it does
 * of a newer log. */
int queue_log_open(struct queue_log *log, const struct spool_options *options, const struct file_ops *files,
                   struct record_pack *pack, struct spool_report *report);
void queue_log_close(struct queue_log *log);
/* Makes the group durable. SPOOL_FULL: what had room is. */
int queue_log_write(struct queue_log *log, struct queue_group *group);
/* Fills the page with records that are durable, unpacked. One that cannot be unpacked comes as it is. */
int queue_log_read(struct queue_log *log, struct queue_page *page);
/* Records up to this number are settled; 0: none is. */
int queue_log_checkpoint(struct queue_log *log, uint64_t sequence);
/* Deletes the log, which is read to its end and settled, and its folder. -ENOTEMPTY: files that are not its own
 * are left. */
int queue_log_delete(struct queue_log *log);

#endif
