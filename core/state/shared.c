/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state/shared.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "core/xmalloc.h"

enum { BUDGET_PART = 4 }; /* one of so many parts of the budget is for state */

void state_scope_init(struct state_scope *scope, struct budget *budget, uint32_t workers)
{
    assert(budget && workers);
    *scope = (struct state_scope){.budget = budget};
    atomic_init(&scope->workers, workers);
}

static void shared_free(struct shared *shared)
{
    shared->type->fini(shared->state);
    assert(counter_get(&shared->counters.bytes) == 0); /* all was given back */
    pthread_mutex_destroy(&shared->mutex);
    free(shared->state);
    free((char *)shared->key.ptr);
    free(shared->owner);
    free(shared);
}

void state_scope_fini(struct state_scope *scope)
{
    while (scope->first) {
        struct shared *shared = scope->first;
        scope->first = shared->next;
        shared_free(shared);
    }
    scope->count = 0;
}

static struct shared *shared_create(struct state_scope *scope, const struct shared_type *type, struct str key)
{
    struct shared *shared = xcalloc(1, sizeof *shared);
    char *text = xmalloc(key.len + 1);
    if (key.len) memcpy(text, key.ptr, key.len);
    shared->type = type;
    shared->key = (struct str){text, key.len};
    shared->scope = scope;
    shared->state = xcalloc(1, type->size);
    pthread_mutex_init(&shared->mutex, NULL);
    type->init(shared->state, shared);
    return shared;
}

struct shared *state_scope_share(struct state_scope *scope, const struct shared_type *type, struct str key)
{
    struct shared **last = &scope->first;
    for (; *last; last = &(*last)->next)
        if ((*last)->type == type && str_eq((*last)->key, key)) return *last;
    *last = shared_create(scope, type, key);
    scope->count++;
    return *last;
}

void state_scope_forget(struct state_scope *scope)
{
    for (struct shared *shared = scope->first; shared; shared = shared->next) {
        shared->type->fini(shared->state);
        assert(counter_get(&shared->counters.bytes) == 0);
        memset(shared->state, 0, shared->type->size);
        shared->flushed_ns = 0;
        shared->type->init(shared->state, shared);
    }
}

bool shared_claim(struct shared *shared, struct str id)
{
    if (shared->owner) return str_eq_z(id, shared->owner);
    shared->owner = xmalloc(id.len + 1);
    memcpy(shared->owner, id.ptr, id.len);
    shared->owner[id.len] = 0;
    return true;
}

size_t state_share_bytes(const struct state_scope *scope)
{
    size_t all = scope->budget->limit ? scope->budget->limit / BUDGET_PART : STATE_BYTES_PRESET;
    return scope->count > 1 ? all / scope->count : all;
}

bool state_scope_leave(struct state_scope *scope)
{
    unsigned before = atomic_fetch_sub(&scope->workers, 1);
    assert(before > 0);
    return before == 1;
}

void shared_charge(struct shared *shared, size_t bytes)
{
    counter_add(&shared->counters.bytes, bytes);
    budget_charge(shared->scope->budget, bytes);
}

void shared_release(struct shared *shared, size_t bytes)
{
    assert(counter_get(&shared->counters.bytes) >= bytes);
    counter_add(&shared->counters.bytes, (uint64_t)0 - bytes);
    budget_release(shared->scope->budget, bytes);
}

/* Workers' timers run beside each other, none of them exactly: nine tenths of an interval are one.
 * Who was told so with this very time asks for another filter with the state, or for the rest. */
bool shared_is_due(struct shared *shared, uint64_t now_ns)
{
    pthread_mutex_lock(&shared->mutex);
    uint64_t since = now_ns - shared->flushed_ns;
    bool is_due = !since || (now_ns > shared->flushed_ns && since >= FLUSH_INTERVAL_MS * 900000ull);
    if (is_due) shared->flushed_ns = now_ns;
    pthread_mutex_unlock(&shared->mutex);
    return is_due;
}
