/* SPDX-License-Identifier: Apache-2.0 */
/* The way back from the queue: frames of a page go through the codec of their input into the worker's batches, as
 * if they came now, with the origin and the time of arrival that the record tells.
 *
 *   page ─▶ record ─▶ frame ─▶ stream of its input ─▶ batch ─▶ filters, outputs
 *                                                       │
 *   replay_done() ◀─ marks: (frames, record) … ◀─ advance() of the one source of all of them
 *
 * A record is done when all its frames are settled, those that were packed together when all of them are. An input
 * whose id the configuration has no more is replaced by
 * one of its type. Without one its frames go to the dead letters; when those are not kept, the queue waits at the
 * first of them (is_blocked), told and counted, until another configuration is started. The worker's thread. */
#ifndef CORE_QUEUE_REPLAY_H
#define CORE_QUEUE_REPLAY_H
#include "core/event/graft.h"
#include "core/input.h"
#include "core/queue/queue_log.h"

/* Written by the worker's thread, read by any. */
struct queue_counters {
    atomic_uint_fast64_t synced_frames, synced_bytes, syncs, sync_ns; /* made durable */
    atomic_uint_fast64_t stored_bytes;    /* what synced_bytes took in the log: less when compressed */
    atomic_uint_fast64_t gathered_frames; /* not durable yet */
    atomic_uint_fast64_t waiting_frames;  /* durable and not settled */
    atomic_uint_fast64_t waiting_records;
    atomic_uint_fast64_t bytes, bytes_max; /* on disk, and its limit; 0: none */
    atomic_uint_fast64_t oldest_ms;        /* wall clock: when the oldest that is not settled came; 0: none is */
    atomic_uint_fast64_t is_full, is_failing; /* 1: inputs wait for room; for the disk */
    atomic_uint_fast64_t checkpoints, errors;
    atomic_uint_fast64_t lost_records, lost_bytes, lost_frames; /* damaged or missing */
    atomic_uint_fast64_t orphan_frames; /* their input is not in the configuration any more: dead letters */
    atomic_uint_fast64_t is_blocked;    /* 1: it waits at such a frame, for there are no dead letters */
    atomic_uint_fast64_t folders_left;   /* of workers that are gone */
};

struct replay_mark {
    uint64_t frames; /* when so many are settled */
    uint64_t record; /* this one is done */
    uint64_t arrival_ms;
};

struct replay_stream;

struct replay {
    struct ingest *batches;
    struct str pipeline;
    struct queue_counters *counters;
    struct source *source;
    struct replay_stream *streams; /* the last one, behind stream_count: of inputs that are gone */
    uint32_t stream_count;
    struct replay_mark *marks; /* a ring, oldest at `first` */
    uint32_t first, mark_count, mark_capacity;
    uint64_t frames, settled;  /* given to batches; of them settled */
    uint64_t done;             /* record */
    uint64_t expected;         /* number of the next frame; 0: not known */
    /* what is at hand */
    struct queue_page *page;   /* NULL: none */
    uint32_t row;
    struct str rest;           /* of the record's frames */
    struct queue_head head;
    struct replay_stream *stream; /* NULL: the record is not read */
    bool is_within;            /* frames of the record, or of others that were packed with it, were given, not all */
    bool is_blocked;           /* the record's input is gone, and its frames can go nowhere */
    bool is_ending;            /* set by the caller: no record is begun */
};

/* `inputs`: of the worker, those with is_queued are served. Their hosts are set up (input->ingest). */
void replay_init(struct replay *replay, struct ingest *batches, struct input *const *inputs, uint32_t count,
                 struct str pipeline, struct queue_counters *counters);
void replay_fini(struct replay *replay);
/* Another log: everything of the last one is settled, and no page is at hand. */
void replay_begin_log(struct replay *replay);
static inline bool replay_is_settled(const struct replay *replay) { return replay->mark_count == 0; }
/* Takes a page up, which stays the caller's; there is none at hand. */
void replay_take(struct replay *replay, struct queue_page *page);
/* Goes on with it until it is used up (true; none is at hand then), batches are paused, or it is the end and no
 * record is begun. */
bool replay_run(struct replay *replay);
/* Lets the page go, where it is: its records that are not done will be read again. */
void replay_leave(struct replay *replay);
/* The last record that is done, with all before it; 0: none. */
static inline uint64_t replay_done(const struct replay *replay) { return replay->done; }
/* When the oldest came of what is not settled, 0: nothing is at hand. */
uint64_t replay_oldest_ms(const struct replay *replay);

#endif
