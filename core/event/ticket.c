/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/ticket.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "core/event/batch.h"
#include "core/xmalloc.h"


/* Freed objects of one kind, kept for the next: after warm-up nothing is allocated. */
struct freelist {
    struct free_item {
        struct free_item *next;
    } *items;
    size_t size;
    uint32_t used; /* handed out */
};

struct ticket_pool {
    struct books *books;
    struct freelist tickets, sources, rows, obligations;
    struct ticket *closing, **closing_end; /* closed, their sources not told yet */
    bool is_closing;                       /* someone up the stack is dealing with them */
};

/* One source's part of one ticket. */
struct row {
    struct row *older, *newer; /* of the source, in order of reading */
    struct row *next;          /* of the ticket */
    struct source *source;     /* NULL: forgotten by it */
    struct ticket *ticket;     /* NULL: closed */
    uint64_t position;
};

struct source {
    struct ticket_pool *pool;
    const struct source_hooks *hooks;
    void *opaque;
    struct row *oldest, *newest; /* the oldest is always open */
};

struct obligation {
    struct ticket *ticket;
    struct obligation *next; /* of the ticket */
    uint32_t open;
};

struct ticket {
    struct ticket_pool *pool;
    struct ticket *next; /* in `closing` */
    struct row *rows;
    struct obligation *obligations;
    uint64_t open; /* events of all obligations that are not settled */
    uint32_t received, created, filtered;
    bool is_sealed;
    uint8_t *verdicts; /* worst of each event; NULL until one fails */
    uint32_t verdict_count, verdict_capacity;
};

/* ---- free lists ---- */

static void *item_take(struct freelist *list)
{
    struct free_item *item = list->items;
    if (item)
        list->items = item->next;
    else
        item = xmalloc(list->size);
    list->used++;
    return item;
}

static void item_give(struct freelist *list, void *memory)
{
    assert(list->used);
    struct free_item *item = memory;
    item->next = list->items;
    list->items = item;
    list->used--;
}

static void freelist_fini(struct freelist *list)
{
    assert(list->used == 0);
    while (list->items) {
        struct free_item *item = list->items;
        list->items = item->next;
        free(item);
    }
}

struct ticket_pool *ticket_pool_create(struct books *books)
{
    struct ticket_pool *pool = xcalloc(1, sizeof *pool);
    pool->books = books;
    pool->tickets.size = sizeof(struct ticket);
    pool->sources.size = sizeof(struct source);
    pool->rows.size = sizeof(struct row);
    pool->obligations.size = sizeof(struct obligation);
    pool->closing_end = &pool->closing;
    return pool;
}

void ticket_pool_destroy(struct ticket_pool *pool)
{
    assert(!pool->closing);
    freelist_fini(&pool->tickets);
    freelist_fini(&pool->sources);
    freelist_fini(&pool->rows);
    freelist_fini(&pool->obligations);
    free(pool);
}

uint32_t ticket_pool_open(const struct ticket_pool *pool) { return pool->tickets.used; }

/* ---- sources ---- */

struct source *source_open(struct ticket_pool *pool, const struct source_hooks *hooks, void *opaque)
{
    assert(hooks && hooks->advance);
    struct source *source = item_take(&pool->sources);
    *source = (struct source){.pool = pool, .hooks = hooks, .opaque = opaque};
    return source;
}

void source_new_epoch(struct source *source)
{
    for (struct row *row = source->oldest, *newer; row; row = newer) {
        newer = row->newer;
        row->source = NULL;
        if (!row->ticket) item_give(&source->pool->rows, row); /* else its ticket's to free */
    }
    source->oldest = source->newest = NULL;
}

void source_close(struct source *source)
{
    source_new_epoch(source);
    item_give(&source->pool->sources, source);
}

bool source_is_idle(const struct source *source) { return source->oldest == NULL; }

static void row_unlink(struct source *source, struct row *row)
{
    *(row->older ? &row->older->newer : &source->oldest) = row->newer;
    *(row->newer ? &row->newer->older : &source->newest) = row->older;
    item_give(&source->pool->rows, row);
}

/* The row's ticket closed. Closed neighbours become one row; a closed row at the front is the mark.
 * The hook comes last: it may close the source. */
static void row_close(struct row *row)
{
    struct source *source = row->source;
    row->ticket = NULL;
    struct row *newer = row->newer;
    if (newer && !newer->ticket) {
        row->position = newer->position;
        row_unlink(source, newer);
    }
    uint64_t position = row->position;
    if (row->older && !row->older->ticket) {
        row->older->position = position;
        row_unlink(source, row);
    } else if (!row->older) {
        row_unlink(source, row);
        source->hooks->advance(source->opaque, position);
    }
}

/* ---- tickets ---- */

struct ticket *ticket_open(struct ticket_pool *pool)
{
    struct ticket *ticket = item_take(&pool->tickets);
    *ticket = (struct ticket){.pool = pool};
    return ticket;
}

void ticket_cover(struct ticket *ticket, struct source *source, uint64_t position)
{
    assert(!ticket->is_sealed && ticket->pool == source->pool);
    struct row *newest = source->newest;
    assert(!newest || position >= newest->position);
    if (newest && newest->ticket == ticket) {
        newest->position = position;
        return;
    }
    struct row *row = item_take(&ticket->pool->rows);
    *row = (struct row){.older = newest,
                        .next = ticket->rows,
                        .source = source,
                        .ticket = ticket,
                        .position = position};
    *(newest ? &newest->newer : &source->oldest) = row;
    source->newest = row;
    ticket->rows = row;
}

void ticket_count(struct ticket *ticket, uint32_t received, uint32_t created, uint32_t filtered)
{
    assert(!ticket->is_sealed);
    ticket->received += received;
    ticket->created += created;
    ticket->filtered += filtered;
    counter_add(&ticket->pool->books->received, received);
    counter_add(&ticket->pool->books->created, created);
}

static void books_close(const struct ticket *ticket)
{
    struct books *books = ticket->pool->books;
    uint32_t worst[VERDICT_DEAD_LETTERED + 1] = {0};
    for (uint32_t i = 0; i < ticket->verdict_count; i++) worst[ticket->verdicts[i]]++;
    uint64_t lost = (uint64_t)worst[VERDICT_DROPPED] + worst[VERDICT_DEAD_LETTERED];
    uint64_t all = (uint64_t)ticket->received + ticket->created;
    assert(lost + ticket->filtered <= all);
    counter_add(&books->dropped, worst[VERDICT_DROPPED]);
    counter_add(&books->dead_lettered, worst[VERDICT_DEAD_LETTERED]);
    counter_add(&books->filtered, ticket->filtered);
    counter_add(&books->delivered, all - lost - ticket->filtered);
}

static void ticket_finish(struct ticket *ticket)
{
    struct ticket_pool *pool = ticket->pool;
    books_close(ticket);
    while (ticket->rows) {
        struct row *row = ticket->rows;
        ticket->rows = row->next;
        if (row->source)
            row_close(row);
        else
            item_give(&pool->rows, row);
    }
    while (ticket->obligations) {
        struct obligation *obligation = ticket->obligations;
        ticket->obligations = obligation->next;
        item_give(&pool->obligations, obligation);
    }
    free(ticket->verdicts);
    item_give(&pool->tickets, ticket);
}

/* A hook may emit events whose ticket closes at once, whose hook emits, and so on: a queue instead of
 * a recursion that the data would decide the depth of. */
static void ticket_close(struct ticket *ticket)
{
    struct ticket_pool *pool = ticket->pool;
    *pool->closing_end = ticket;
    pool->closing_end = &ticket->next;
    if (pool->is_closing) return;
    pool->is_closing = true;
    while (pool->closing) {
        struct ticket *first = pool->closing;
        pool->closing = first->next;
        if (!pool->closing) pool->closing_end = &pool->closing;
        ticket_finish(first);
    }
    pool->is_closing = false;
}

void ticket_seal(struct ticket *ticket)
{
    assert(!ticket->is_sealed);
    ticket->is_sealed = true;
    if (ticket->open == 0) ticket_close(ticket);
}

/* ---- obligations ---- */

struct obligation *obligation_open(struct ticket *ticket, uint32_t count)
{
    assert(!ticket->is_sealed);
    struct obligation *obligation = item_take(&ticket->pool->obligations);
    *obligation = (struct obligation){.ticket = ticket, .next = ticket->obligations, .open = count};
    ticket->obligations = obligation;
    ticket->open += count;
    return obligation;
}

void obligation_raise(struct obligation *obligation, uint32_t count)
{
    assert(!obligation->ticket->is_sealed);
    obligation->open += count;
    obligation->ticket->open += count;
}

uint32_t obligation_count(const struct obligation *obligation) { return obligation->open; }

void obligation_sent(struct obligation *obligation, uint32_t count)
{
    struct ticket *ticket = obligation->ticket;
    assert(count <= obligation->open && obligation->open <= ticket->open);
    obligation->open -= count;
    ticket->open -= count;
    if (ticket->open == 0 && ticket->is_sealed) ticket_close(ticket);
}

/* Grown to the event that failed: most tickets never need it. */
static void verdict_note(struct ticket *ticket, uint32_t event, enum verdict verdict)
{
    assert(event < BATCH_EVENTS_MAX);
    if (event >= ticket->verdict_capacity) {
        uint32_t capacity = ticket->verdict_capacity ? ticket->verdict_capacity : 256;
        while (capacity <= event) capacity *= 2;
        ticket->verdicts = xrealloc(ticket->verdicts, capacity);
        ticket->verdict_capacity = capacity;
    }
    if (event >= ticket->verdict_count) {
        memset(ticket->verdicts + ticket->verdict_count, VERDICT_SENT,
               event + 1 - ticket->verdict_count);
        ticket->verdict_count = event + 1;
    }
    if (verdict > ticket->verdicts[event]) ticket->verdicts[event] = (uint8_t)verdict;
}

void obligation_failed(struct obligation *obligation, uint32_t event, enum verdict verdict)
{
    assert(verdict == VERDICT_DROPPED || verdict == VERDICT_DEAD_LETTERED);
    verdict_note(obligation->ticket, event, verdict);
    obligation_sent(obligation, 1);
}
