/* SPDX-License-Identifier: Apache-2.0 */
/* The queue on disk of one worker (queue.type: persisted): what its inputs receive is durable before it goes
 * through the filters, and stays so until the outputs are done with it. Only inputs that cannot read again what
 * they read are queued (input_type.is_queued); files and Kafka are their own queue.
 *
 *   inputs ─▶ gather ─▶ writing ─ job: append, sync ─▶ log on disk ─ job: read ─▶ page ─▶ replay ─▶ batches
 *                                                        ▲                                  │
 *                                       job: checkpoint ─┴───────────── records done ◀──────┘
 *
 * One job at a time is on the disk thread, and does all that is to be done: what gathers meanwhile is the next
 * group, so one sync answers for all that came during the one before. Everything is read back from the disk, in
 * order, a page at hand and the next being read.
 *
 * Pauses: the inputs wait only when the log is full, the disk refuses, or the gather buffer is full
 * (`capture.is_paused`); replaying waits while batches wait. Errors are told once, tried again with a growing
 * pause, and cleared by themselves.
 *
 * FOLDER/N is the log of worker N. Logs of workers that there are no more (N >= workers) are read to their end and
 * deleted first, by worker N % workers; what comes meanwhile is written to its own.
 *
 * The end: queue_end() once the inputs have stopped; when queue_is_drained(), nothing more comes from here; when
 * the outputs have stopped, queue_close() until it says true. The worker's thread; queue_open() and
 * queue_destroy() may be called while no loop runs. */
#ifndef CORE_QUEUE_QUEUE_H
#define CORE_QUEUE_QUEUE_H
#include "core/queue/gather.h"
#include "core/queue/replay.h"

enum {
    QUEUE_GATHER_BYTES = 4 * 1024 * 1024, /* at most, and a 32nd of pipeline.memory */
    QUEUE_PAGE_BYTES = 512 * 1024,        /* likewise; a longer record has a page of its own */
    QUEUE_TICK_MS = 1000, /* what is settled is written down at least so often */
    QUEUE_RETRY_MS_MIN = 1000, QUEUE_RETRY_MS_MAX = 5000,
    QUEUE_FOLDERS_MAX = 4096, /* of workers that are gone, looked at in one start */
};

struct queue_options {
    struct str pipeline;
    const char *folder;          /* of the pipeline's queue; is there */
    uint32_t worker, workers;
    struct spool_options log;    /* without its folder: of this worker */
    enum compression compression;
    uint64_t frames_max;         /* that wait; 0: any number */
    uint64_t checkpoint_frames;  /* written down when so many more are settled; 0: each QUEUE_TICK_MS alone */
    const struct file_ops *files;
    struct queue_counters *counters; /* zeroed; outlives the queue */
};

struct queue;

/* Blocks. NULL: the log has said why. `batches` is the worker's, its inputs are in `inputs`: those that are queued
 * are to be given queue_capture() as their ingest before they start. */
struct queue *queue_open(const struct queue_options *options, struct ingest *batches, struct disk *disk,
                         struct input *const *inputs, uint32_t input_count);
/* After queue_close() has said true, or when the loop never ran. */
void queue_destroy(struct queue *queue);

struct ingest *queue_capture(struct queue *queue);
/* Replays what is at hand; before the worker closes its batch. */
void queue_replay(struct queue *queue);
/* Nothing is on its way but what the queue holds: memory that is used up comes back by replaying alone. */
bool queue_is_alone(const struct queue *queue);
bool queue_can_replay(const struct queue *queue); /* something is at hand */
/* The end of a turn: starts what is to be done, and settles whether inputs are paused. */
void queue_turn(struct queue *queue);

/* The inputs have stopped. What they gave becomes durable; `drains`: and goes through the filters, all of it. */
void queue_end(struct queue *queue, bool drains);
bool queue_is_drained(const struct queue *queue);
bool queue_close(struct queue *queue);

#endif
