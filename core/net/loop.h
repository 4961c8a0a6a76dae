/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker's thread runs on: its uv loop, its memory, the block all its connections read into,
 * and the door through which other threads hand results back.
 *
 * Everything belongs to the loop's thread except loop_post(), which any thread may call. */
#ifndef CORE_NET_LOOP_H
#define CORE_NET_LOOP_H
#include <pthread.h>
#include <uv.h>
#include "core/event/batch.h"

/* Work handed to a loop from another thread; the caller owns the memory until `run` was called. */
struct loop_note {
    struct loop_note *next;
    void (*run)(struct loop_note *note);
};

struct framer;
struct joiner;
struct tls;
struct transaction;

enum { TURN_BYTES_MAX = 4 * 1024 * 1024 }; /* read in one turn, so that timers and stops get theirs */

enum { READ_SPACE_MIN = 64 * 1024 };

struct loop {
    uv_loop_t uv;
    struct budget *budget; /* of the pipeline */
    struct chunk_pool pool;
    struct ticket_pool *tickets;
    struct block *read_block; /* being filled by connections, from its start to its end */
    size_t read_start, read_used; /* of it: last space given out; bytes that may be in use */
    uv_async_t door;
    pthread_mutex_t door_mutex;
    struct loop_note *door_first, **door_last;
    struct framer *framers;    /* those that hold half a frame */
    size_t half_frame_bytes;   /* of all of them, and of records */
    struct joiner *joiners;    /* those that hold lines of a record */
    uv_timer_t join_timer;     /* runs while one of them may become idle */
    struct tls *tls;           /* those whose files are watched and whose handshakes have deadlines */
    uv_timer_t tls_timer;      /* for the first that is due */
    struct transaction *transaction; /* of this worker's Kafka output (core/kafka/transaction.h); NULL: none */
    size_t turn_bytes;         /* read by connections in this turn */
    uint32_t late;             /* connections that had bytes but no turn: they read first in the next */
};

/* 0 or a UV_E code. `budget` and `books` are borrowed and outlive the loop. */
int loop_init(struct loop *loop, struct budget *budget, struct books *books);
/* All handles must have been closed by their owners. */
void loop_fini(struct loop *loop);
/* Runs `note` on the loop's thread, in the order posted. Any thread. */
void loop_post(struct loop *loop, struct loop_note *note);
/* A turn begins: connections may read again. */
static inline void loop_turn(struct loop *loop) { loop->turn_bytes = 0; }
/* Makes the loop turn once more instead of waiting. Any thread. */
void loop_wake(struct loop *loop);

/* Free space of the read block, READ_SPACE_MIN to BLOCK_BYTES large, for a read that begins now;
 * valid until the loop turns. What is received is given on with loop->read_block. */
uv_buf_t loop_read_space(struct loop *loop);
/* So many bytes were received into the space: what follows them is given out at the next read, so
 * that many small reads share one block. Without this call the whole space counts as used. */
void loop_read_done(struct loop *loop, size_t received);

/* Wall clock as an event's time. */
struct value loop_now(const struct loop *loop);

#endif
