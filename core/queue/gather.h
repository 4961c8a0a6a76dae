/* SPDX-License-Identifier: Apache-2.0 */
/* Where the frames of a worker's inputs gather until the disk thread takes them: records of the queue
 * (queue_record.h), each with frames of one sender that came in one turn of the loop.
 *
 *   stream_emit() ─▶ gather_frame() ─▶ group ─ gather_take() ─▶ queue.c, the disk
 *                    (a ticket holds the senders' positions until the group is durable)
 *
 * Memory: the group is charged to pipeline.memory, and inputs are paused when it has `bytes_max` bytes; one frame
 * may go beyond. The worker's thread. */
#ifndef CORE_QUEUE_GATHER_H
#define CORE_QUEUE_GATHER_H
#include "core/input.h"
#include "core/queue/queue_log.h"

enum {
    QUEUE_RUN_BYTES = 64 * 1024, /* a record with so many bytes is closed */
    QUEUE_HEAD_BYTES_MAX = 128 * 1024, /* of a record: id, type and origin */
};
#define QUEUE_TAG_CUT STR("_queue_cut")

struct gather {
    struct loop *loop;
    struct ingest *ingest;   /* of the inputs; paused here */
    size_t bytes_max;
    size_t payload_max;      /* of a record */
    uint64_t next_frame;     /* number of the next one */
    struct queue_group group;
    struct ticket *ticket;   /* of the group; NULL while it is empty */
    size_t charged, taken;   /* bytes of memory: of both groups; of the one that was taken */
    /* the record that is open */
    const struct stream *stream; /* the last one that emitted to it; NULL: none, or it is gone */
    const struct input *input;   /* NULL: no record is open */
    struct buf origin;
    size_t start;
};

/* `next_frame`: as the log says (queue_log.h). */
void gather_init(struct gather *gather, struct ingest *ingest, size_t bytes_max, size_t payload_max,
                 uint64_t next_frame);
void gather_fini(struct gather *gather); /* what is in it is forgotten */
/* Of core/input.c. Its bytes are copied. Positions of the stream up to `position` are settled with the group. */
void gather_frame(struct gather *gather, struct stream *stream, struct str bytes, const struct str *tags,
                  uint32_t tag_count, uint64_t position);
/* The stream is going to be closed. */
void gather_forget(struct gather *gather, const struct stream *stream);
/* The turn ends: frames that come from now on came later. */
void gather_turn(struct gather *gather);
static inline bool gather_is_empty(const struct gather *gather) { return gather->group.bytes.len == 0; }
static inline bool gather_is_full(const struct gather *gather) { return gather->group.bytes.len >= gather->bytes_max; }
/* Hands the group over, for an empty one; the ticket is the caller's to seal. */
struct ticket *gather_take(struct gather *gather, struct queue_group *group);
/* The group that was taken is durable: it is empty again, and small, for the next time. */
void gather_return(struct gather *gather, struct queue_group *group);

#endif
