/* SPDX-License-Identifier: Apache-2.0 */
/* Promises, from the outputs back to the inputs (ARCHITECTURE.md, "Memory and promise").
 *
 *   source      a stream of positions that an input promised something about: a partition, a
 *               connection, a file. Its low-water mark is the position up to which every event has
 *               been settled; the input then commits, acknowledges or writes its checkpoint.
 *   ticket      of one batch; outlives the batch's memory. Rows of (source, epoch, last position)
 *               and a count of open obligations.
 *   obligation  of one output with events of the batch in it: how many are not settled yet.
 *
 * When the last obligation is settled the ticket closes: it counts its events by their worst
 * verdict and each source moves its mark over the contiguous closed rows. A source whose epoch has
 * moved on (partition revoked, connection closed) ignores it.
 *
 *   a source's rows, oldest first:   [closed ≤ 40] [open ≤ 50] [closed ≤ 90] [open ≤ 95]
 *   the mark:                         40 (rows before it are gone; neighbours that are closed are one)
 *
 * So the rows of a source are at most twice its open ones, however long one ticket stays open.
 * A hook may open, seal and settle tickets and close sources: tickets that close meanwhile are dealt
 * with after it, never inside it.
 *
 * All of a worker's sources, tickets and obligations belong to that worker's thread. */
#ifndef CORE_EVENT_TICKET_H
#define CORE_EVENT_TICKET_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* From best to worst: an event that several outputs took counts once, by its worst. */
enum verdict {
    VERDICT_SENT,
    VERDICT_DROPPED,       /* by a rule of the configuration, with a reason, counted */
    VERDICT_DEAD_LETTERED,
};

struct source;
struct source_hooks {
    /* Everything up to and including `position` is settled. Called on the worker's thread, after
     * the ticket closed; may emit. */
    void (*advance)(void *opaque, uint64_t position);
};

/* At any time: received + created = delivered + filtered + dead_lettered + dropped + in_flight.
 * Written by the owning worker with relaxed stores, read by anyone. */
struct books {
    atomic_uint_fast64_t received, created;
    atomic_uint_fast64_t delivered, filtered, dead_lettered, dropped;
};
/* received and created are counted by ticket_count(), the rest when the ticket closes. */

static inline void counter_add(atomic_uint_fast64_t *counter, uint64_t n)
{
    /* one writer: a plain add, published */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}
static inline uint64_t counter_get(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit((atomic_uint_fast64_t *)(uintptr_t)counter, memory_order_relaxed);
}

struct ticket_pool; /* free lists of one worker */
struct ticket_pool *ticket_pool_create(struct books *books);
void ticket_pool_destroy(struct ticket_pool *pool); /* all tickets must be closed */
uint32_t ticket_pool_open(const struct ticket_pool *pool); /* tickets not closed yet */

struct source *source_open(struct ticket_pool *pool, const struct source_hooks *hooks, void *opaque);
/* No advance() any more; open tickets that name it are ignored when they close. */
void source_close(struct source *source);
/* Forgets what is outstanding (a partition revoked and assigned anew): tickets opened before are
 * ignored. */
void source_new_epoch(struct source *source);
bool source_is_idle(const struct source *source); /* no open row */

struct ticket *ticket_open(struct ticket_pool *pool);
/* The batch holds events of `source` up to `position` (may be called again with a later one).
 * Before the ticket is sealed; positions of a source come in ascending order. */
void ticket_cover(struct ticket *ticket, struct source *source, uint64_t position);
/* Counts for the books: `received` from inputs, `created` by filters, `filtered` cancelled or taken
 * by no output. */
void ticket_count(struct ticket *ticket, uint32_t received, uint32_t created, uint32_t filtered);
/* No further obligations will be added; closes at once when none is open. */
void ticket_seal(struct ticket *ticket);

struct obligation;
/* An output takes on `count` events. The handle is valid until the ticket closes. */
struct obligation *obligation_open(struct ticket *ticket, uint32_t count);
/* More of them, before the ticket is sealed. */
void obligation_raise(struct obligation *obligation, uint32_t count);
uint32_t obligation_count(const struct obligation *obligation); /* not settled yet */
/* The output is done with `count` of them, all sent. */
void obligation_sent(struct obligation *obligation, uint32_t count);
/* The output is done with one event that was not sent. `event` is its index in the batch. */
void obligation_failed(struct obligation *obligation, uint32_t event, enum verdict verdict);

#endif
