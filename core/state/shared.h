/* SPDX-License-Identifier: Apache-2.0 */
/* State that belongs to a pipeline, not to one of its workers: counts of throttle, maps of aggregate.
 * Each worker has its own instance of a filter (options, patterns, counters); the instances meet in one
 * object that create() asks for by kind and key, so answers do not depend on the number of workers.
 *
 *   scope    one for a pipeline: its objects, and how many workers still have inputs. Outlives the
 *            instances, so that new ones with the same key find the state of those before
 *   shared   one object. Entered (shared_enter) once for each call of apply or flush, by one worker at
 *            a time, and never held while waiting
 *
 * Objects are made while instances are built, on the control thread, and freed with the scope. The
 * bytes of their state are charged to the pipeline's budget; together they may take a quarter of it,
 * dealt out evenly (state_share_bytes), so that inputs never wait for memory that only state holds. */
#ifndef CORE_STATE_SHARED_H
#define CORE_STATE_SHARED_H
#include <pthread.h>
#include "core/event/chunk.h"
#include "core/event/ticket.h"
#include "core/text/str.h"

enum {
    STATE_BYTES_PRESET = 16 * 1024 * 1024, /* of all states where the pipeline's memory has no limit */
    FLUSH_INTERVAL_MS = 5000,              /* how often filters are asked what they hold back */
};

struct state_scope;
struct shared;

struct shared_type {
    const char *name;
    size_t size; /* of the state: zeroed before init() */
    void (*init)(void *state, struct shared *shared);
    void (*fini)(void *state);
};

/* Written by whoever is in, read by anyone. */
struct state_counters {
    atomic_uint_fast64_t states, bytes; /* now */
    atomic_uint_fast64_t evicted;       /* given up at a limit */
};

struct shared {
    const struct shared_type *type;
    struct str key;
    struct state_scope *scope;
    struct shared *next;
    pthread_mutex_t mutex;
    char *owner;         /* see shared_claim(); NULL: nobody */
    uint64_t flushed_ns; /* when it was last asked what it holds back */
    struct state_counters counters;
    void *state;
};

struct state_scope {
    struct budget *budget; /* of the pipeline; borrowed */
    struct shared *first;
    uint32_t count;
    atomic_uint workers; /* that have not come to the end of their inputs */
};

void state_scope_init(struct state_scope *scope, struct budget *budget, uint32_t workers);
void state_scope_fini(struct state_scope *scope);
/* The object of this kind and key; made when there is none. The key is copied. */
struct shared *state_scope_share(struct state_scope *scope, const struct shared_type *type, struct str key);
/* All objects become as they were when they were made. No worker runs. */
void state_scope_forget(struct state_scope *scope);
/* Most bytes that one object may hold. */
size_t state_share_bytes(const struct state_scope *scope);
/* A worker has come to the end of its inputs and has run all they gave. True for the last one: it asks
 * for what the states of the pipeline still hold back. */
bool state_scope_leave(struct state_scope *scope);

/* For options that only one of the blocks that share a state may have: the first to ask owns it, on each
 * worker. False: another block does. Control thread. */
bool shared_claim(struct shared *shared, struct str id);
static inline bool shared_is_claimed(const struct shared *shared) { return shared->owner; }

static inline void *shared_enter(struct shared *shared)
{
    pthread_mutex_lock(&shared->mutex);
    return shared->state;
}
static inline void shared_leave(struct shared *shared) { pthread_mutex_unlock(&shared->mutex); }

/* Bytes of state were taken, or given back. Inside. */
void shared_charge(struct shared *shared, size_t bytes);
void shared_release(struct shared *shared, size_t bytes);

/* Is it this worker's turn to ask? Of several that come within one interval only the first one's. `now_ns`
 * is when its round of questions began. */
bool shared_is_due(struct shared *shared, uint64_t now_ns);

#endif
