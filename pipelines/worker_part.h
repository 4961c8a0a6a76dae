/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a worker, shared by worker.c (turns, its thread, the control thread's side), worker_batches.c
 * (batches, and what filters hold back), worker_pauses.c (when inputs stop reading) and worker_ends.c (starting and
 * ending). All of it runs on the worker's thread. */
#ifndef PIPELINES_WORKER_PART_H
#define PIPELINES_WORKER_PART_H
#include <assert.h>
#include "dsl/vm.h"
#include "pipelines/worker.h"

struct note_door {
    struct loop_note note;
    struct worker *worker;
    atomic_bool is_posted;
};

struct worker {
    struct worker_options options;
    void (*changed)(struct worker *worker, void *opaque);
    void *changed_opaque;
    struct generation *generation;
    struct loop loop;
    struct ingest ingest;
    struct books books;
    struct worker_counters counters;
    pthread_t thread;
    bool has_thread;
    atomic_int state;
    atomic_bool has_failed;
    struct batch *first, **last; /* batches not through; the first may be parked */
    bool is_parked;
    bool may_resume;             /* an output said it is ready */
    bool was_seen_paused;        /* ingest.is_paused was set since inputs were last told to go on */
    uv_sem_t started;            /* posted once inputs and outputs are started */
    atomic_uint_fast64_t paused_at; /* since when inputs are paused, or 0; by this thread, as parked_at */
    atomic_uint_fast64_t parked_at; /* since when the first batch is parked, or 0 */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t memory_poll;
    struct note_door stop_door, reopen_door, code_door;
    _Atomic(struct code *) code_wanted; /* handed over, not taken yet */
    struct code *code;                  /* what runs; NULL: the list as compiled */
    _Atomic(const struct str *) waits_for; /* id of an output or filter */
    uv_timer_t flush_timer;
    uint64_t flush_ns;   /* when the round of questions began that goes on, or ended last */
    uint32_t flush_next; /* filter to be asked next what it holds back; all of them: none */
    bool flush_is_final, is_flushed, is_last; /* is_last: of the workers, at the end */
    bool filters_stopping;
    struct queue *queue;      /* on disk; NULL: what is read goes straight into batches */
    struct queue_counters queue_counters;
    bool was_capture_paused;  /* so were the inputs told that are queued */
};

static inline struct worker *worker_of(struct ingest *ingest)
{
    return (struct worker *)(void *)((char *)ingest - offsetof(struct worker, ingest));
}

static inline void counter_set(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, n, memory_order_relaxed);
}

/* ---- worker_batches.c ---- */

void worker_append(struct worker *worker, struct batch *batch);
/* Runs batches from the head until one parks. An output's waiting time is counted when it ends. */
void worker_run_batches(struct worker *worker);
/* Ends the batch that inputs fill, and runs it unless one is parked. */
void worker_close_batch(struct worker *worker);
void worker_batch_full(struct ingest *ingest);
bool worker_has_flushes(const struct worker *worker); /* some filter wants to be asked now and then */
void worker_flush_timer(uv_timer_t *timer);
/* Asks filters what they hold back: those whose time has come; at the end all of them, once. */
void worker_flush(struct worker *worker);

/* ---- worker_pauses.c ---- */

bool worker_must_pause(const struct worker *worker);
/* Tells inputs when they may go on or must stop. pause(false) may emit and so pause again. */
void worker_settle_pause(struct worker *worker);
/* Likewise for inputs that are queued: they wait for the queue, not for outputs. */
void worker_settle_capture(struct worker *worker);

/* ---- worker_ends.c ---- */

/* Outputs, filters, the queue, inputs, in this order; what refuses is said, and worker->has_failed then. */
void worker_start_parts(struct worker *worker);
void worker_stop_inputs(struct worker *worker);
bool worker_inputs_have_stopped(const struct worker *worker);
/* Nothing comes any more, and nothing is underway. */
bool worker_is_drained(const struct worker *worker);
/* Goes one step towards the end whenever the step before is complete. */
void worker_settle_end(struct worker *worker);

#endif
