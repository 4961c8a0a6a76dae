/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: one thread, one loop, everything for the events it reads. Batches run in the order they
 * were filled; while the first of them is parked (at a full output, at a filter that waits for answers),
 * or memory is over the pipeline's budget, the inputs are paused.
 *
 *   created ──start──▶ starting ──▶ running
 *                 ──stop──▶ inputs stop ▸ batches drain ▸ filters give what they hold ▸ outputs stop ──▶ ended
 *
 * The control thread calls the functions below; what they cause happens on the worker's thread and is
 * reported by worker_watch(). */
#ifndef PIPELINES_WORKER_H
#define PIPELINES_WORKER_H
#include "core/queue/queue.h"
#include "dsl/probe.h"
#include "pipelines/generation.h"

enum worker_state { WORKER_CREATED, WORKER_STARTING, WORKER_RUNNING, WORKER_STOPPING, WORKER_ENDED };

/* The queue on disk; of all workers of the pipeline. */
struct worker_queue {
    const char *folder;       /* of the pipeline */
    struct spool_options log; /* of one worker, without the folder */
    enum compression compression;
    uint32_t workers;
    uint64_t frames_max, checkpoint_frames;
    bool drains;
};

struct worker_options {
    struct str pipeline;
    struct budget *budget; /* of the pipeline */
    struct disk *disk;     /* of the pipeline */
    struct state_scope *scope;   /* of the pipeline */
    struct dead_letters *dead_letters; /* owned by the worker from here on; NULL: they are not kept */
    uint32_t batch_events_max;
    uint32_t number;
    const struct worker_queue *queue; /* NULL: none */
};

struct worker_counters {
    atomic_uint_fast64_t batches;
    atomic_uint_fast64_t busy_ns;   /* running batches */
    atomic_uint_fast64_t paused_ns; /* inputs were paused */
    atomic_uint_fast64_t paused;    /* 1 while they are */
    atomic_uint_fast64_t queued;    /* batches waiting behind a parked one */
};

struct worker *worker_create(const struct worker_options *options, struct generation *generation);
/* Joins the thread (it must have ended) and destroys the generation. */
void worker_destroy(struct worker *worker);
/* `changed` is called on the worker's thread when it runs and when it has ended. Before the start. */
void worker_watch(struct worker *worker, void (*changed)(struct worker *worker, void *opaque),
                  void *opaque);
int worker_start(struct worker *worker); /* 0 or a UV_E code: no thread */
/* Until its inputs and outputs are started, or have refused. At most once a worker. */
void worker_wait_started(struct worker *worker);
/* Waits for the end of the thread, which has said so (WORKER_ENDED) or will. */
void worker_join(struct worker *worker);
void worker_stop(struct worker *worker); /* drain and end; any thread */
void worker_reopen(struct worker *worker); /* SIGHUP: outputs reopen their files; any thread */
/* Between two batches the worker runs this list (of its generation's program) instead of the one before,
 * which is then destroyed. Takes the list over; of several that wait the last one counts. Control thread. */
void worker_run_code(struct worker *worker, struct code *code);

enum worker_state worker_state(const struct worker *worker);
/* True when it could not start: an input or output refused (the reason was logged). */
bool worker_has_failed(const struct worker *worker);
const struct dead_letters *worker_dead_letters(const struct worker *worker); /* or NULL */
const struct books *worker_books(const struct worker *worker);
/* Of the queue on disk; NULL: there is none. */
const struct queue_counters *worker_queue(const struct worker *worker);
const struct worker_counters *worker_counters(const struct worker *worker);
/* For the API: instances and their counters; valid until worker_destroy(). */
const struct generation *worker_generation(const struct worker *worker);
/* The output or filter that holds everything up, or empty; and for how long it does. */
struct str worker_waits_for(const struct worker *worker);
uint64_t worker_waits_ns(const struct worker *worker);
/* As counted, and the pause that goes on. */
uint64_t worker_paused_ns(const struct worker *worker);

#endif
