/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the event path: 64 KiB chunks mapped from the system, charged to a pipeline's budget
 * and given back.
 *
 *   budget      one for a pipeline, shared by its workers (atomic). Soft: an allocation in the
 *               middle of a batch is never refused; when the budget is over, inputs stop reading
 *               (budget_is_over) until outputs have given memory back. What a batch may add beyond
 *               is bounded by ARENA_BYTES_MAX.
 *   … of it     a pipeline's budget may have a parent, the process's (pipelines/memory_limit.h): all
 *               pause when that is over, too, but for those that hold next to nothing. A pipeline
 *               tells its parent of changes of BUDGET_REPORT_BYTES and more only, so that pipelines
 *               share no cache line on the event path.
 *   chunk pool  one for a worker thread; keeps a few free chunks, unmaps the rest.
 */
#ifndef CORE_EVENT_CHUNK_H
#define CORE_EVENT_CHUNK_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHUNK_BYTES = 64 * 1024,
    CHUNK_POOL_FREE_MAX = 32, /* free chunks kept mapped by a pool: 2 MiB */
    BUDGET_REPORT_BYTES = 256 * 1024,
    BUDGET_ALWAYS_BYTES = 1024 * 1024, /* a pipeline that uses less goes on when the process is over */
};

struct budget {
    atomic_size_t used; /* bytes */
    size_t limit;       /* bytes; 0: none */
    struct budget *parent; /* of the process; NULL: none. Set while nothing runs */
    atomic_size_t reported; /* of `used`, to the parent */
    atomic_size_t session_bytes; /* of `used`: TLS sessions (core/net/tls.h) */
};

void budget_report(struct budget *budget); /* to its parent; any thread */

static inline size_t budget_used(const struct budget *budget)
{
    return atomic_load_explicit(&budget->used, memory_order_relaxed);
}

static inline void budget_look(struct budget *budget, size_t used)
{
    if (!budget->parent) return;
    size_t reported = atomic_load_explicit(&budget->reported, memory_order_relaxed);
    size_t difference = used > reported ? used - reported : reported - used;
    if (difference >= BUDGET_REPORT_BYTES) budget_report(budget);
}

static inline void budget_charge(struct budget *budget, size_t bytes)
{
    size_t before = atomic_fetch_add_explicit(&budget->used, bytes, memory_order_relaxed);
    budget_look(budget, before + bytes);
}

static inline void budget_release(struct budget *budget, size_t bytes)
{
    size_t before = atomic_fetch_sub_explicit(&budget->used, bytes, memory_order_relaxed);
    budget_look(budget, before - bytes);
}

/* Of itself, whatever its parent. */
static inline bool budget_is_full(const struct budget *budget)
{
    return budget->limit && budget_used(budget) >= budget->limit;
}

static inline bool budget_is_over(const struct budget *budget)
{
    size_t used = budget_used(budget);
    if (budget_is_full(budget)) return true;
    const struct budget *parent = budget->parent;
    return parent && used > BUDGET_ALWAYS_BYTES && parent->limit && budget_used(parent) >= parent->limit;
}

/* The head of every chunk; its usable bytes follow. */
struct chunk {
    struct chunk *next;
    size_t size; /* of the whole mapping, head included */
};

struct chunk_pool {
    struct budget *budget; /* borrowed */
    struct chunk *free;    /* all of CHUNK_BYTES */
    uint32_t free_count;
};

void chunk_pool_init(struct chunk_pool *pool, struct budget *budget);
void chunk_pool_fini(struct chunk_pool *pool);
/* A chunk with at least `bytes` usable bytes: of CHUNK_BYTES, or its own mapping when larger. Never
 * NULL (aborts when the system refuses). Contents are not zeroed. */
struct chunk *chunk_take(struct chunk_pool *pool, size_t bytes);
void chunk_give(struct chunk_pool *pool, struct chunk *chunk);

#endif
