/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/chunk.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Several threads may report at once: each adds the change since the report before, whoever made it, so
 * the parent has the sum of what was reported. A sum that is below zero for a moment wraps and comes back. */
void budget_report(struct budget *budget)
{
    assert(budget->parent);
    size_t used = budget_used(budget);
    size_t before = atomic_exchange_explicit(&budget->reported, used, memory_order_relaxed);
    atomic_fetch_add_explicit(&budget->parent->used, used - before, memory_order_relaxed);
}

void chunk_pool_init(struct chunk_pool *pool, struct budget *budget)
{
    assert(budget);
    *pool = (struct chunk_pool){.budget = budget};
}

static void chunk_unmap(struct chunk_pool *pool, struct chunk *chunk)
{
    size_t size = chunk->size;
    budget_release(pool->budget, size);
    int failed = munmap(chunk, size);
    assert(!failed);
    (void)failed;
}

void chunk_pool_fini(struct chunk_pool *pool)
{
    while (pool->free) {
        struct chunk *chunk = pool->free;
        pool->free = chunk->next;
        /* free chunks are not charged: charge once more so that unmap balances */
        budget_charge(pool->budget, chunk->size);
        chunk_unmap(pool, chunk);
    }
    pool->free_count = 0;
}

struct chunk *chunk_take(struct chunk_pool *pool, size_t bytes)
{
    size_t size = bytes + sizeof(struct chunk);
    if (size <= CHUNK_BYTES && pool->free) {
        struct chunk *chunk = pool->free;
        pool->free = chunk->next;
        pool->free_count--;
        budget_charge(pool->budget, CHUNK_BYTES);
        return chunk;
    }
    size = size <= CHUNK_BYTES ? CHUNK_BYTES : (size + 4095) & ~(size_t)4095;
    struct chunk *chunk =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk == MAP_FAILED) {
        fprintf(stderr, "tailrace: out of memory (mapping %zu bytes)\n", size);
        abort();
    }
    budget_charge(pool->budget, size);
    chunk->size = size;
    return chunk;
}

void chunk_give(struct chunk_pool *pool, struct chunk *chunk)
{
    assert(chunk);
    if (chunk->size != CHUNK_BYTES || pool->free_count >= CHUNK_POOL_FREE_MAX) {
        chunk_unmap(pool, chunk);
        return;
    }
    budget_release(pool->budget, CHUNK_BYTES);
    chunk->next = pool->free;
    pool->free = chunk;
    pool->free_count++;
}
