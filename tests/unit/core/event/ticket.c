/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/ticket.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include "core/event/batch.h"

struct stream {
    struct source *source;
    uint64_t mark;
    uint32_t advances;
};
static void advanced(void *opaque, uint64_t position)
{
    struct stream *stream = opaque;
    cr_assert_gt(position, stream->mark, "a mark moves forward only");
    stream->mark = position;
    stream->advances++;
}
static const struct source_hooks hooks = {advanced};

static struct books books;
static struct ticket_pool *pool;
static void begin(void)
{
    books = (struct books){0};
    pool = ticket_pool_create(&books);
}
static void end(void) { ticket_pool_destroy(pool); }
TestSuite(ticket, .init = begin, .fini = end);

static void books_are(uint64_t received, uint64_t created, uint64_t delivered, uint64_t filtered,
                      uint64_t dead_lettered, uint64_t dropped)
{
    cr_expect_eq(counter_get(&books.received), received);
    cr_expect_eq(counter_get(&books.created), created);
    cr_expect_eq(counter_get(&books.delivered), delivered);
    cr_expect_eq(counter_get(&books.filtered), filtered);
    cr_expect_eq(counter_get(&books.dead_lettered), dead_lettered);
    cr_expect_eq(counter_get(&books.dropped), dropped);
}

Test(ticket, closes_at_once_when_nothing_took_its_events)
{
    struct stream a = {.source = source_open(pool, &hooks, &a)};
    struct ticket *ticket = ticket_open(pool);
    ticket_cover(ticket, a.source, 3);
    ticket_cover(ticket, a.source, 9);
    ticket_count(ticket, 5, 0, 5);
    cr_expect_eq(a.mark, 0);
    ticket_seal(ticket);
    cr_expect_eq(a.mark, 9);
    books_are(5, 0, 0, 5, 0, 0);
    cr_expect(source_is_idle(a.source));
    source_close(a.source);
}

Test(ticket, waits_for_every_obligation_and_for_the_seal)
{
    struct stream a = {.source = source_open(pool, &hooks, &a)};
    struct ticket *ticket = ticket_open(pool);
    ticket_cover(ticket, a.source, 10);
    ticket_count(ticket, 3, 1, 0);
    struct obligation *one = obligation_open(ticket, 4), *two = obligation_open(ticket, 1);
    obligation_sent(one, 4);
    obligation_sent(two, 1);
    obligation_raise(two, 2); /* everything was settled, but the ticket is not sealed */
    cr_expect_eq(obligation_count(two), 2);
    ticket_seal(ticket);
    cr_expect_eq(a.mark, 0);
    books_are(3, 1, 0, 0, 0, 0);
    obligation_sent(two, 2);
    cr_expect_eq(a.mark, 10);
    books_are(3, 1, 4, 0, 0, 0);
    source_close(a.source);
}

Test(ticket, counts_an_event_once_by_its_worst_verdict)
{
    struct ticket *ticket = ticket_open(pool);
    ticket_count(ticket, 6, 0, 1);
    struct obligation *one = obligation_open(ticket, 5), *two = obligation_open(ticket, 5);
    ticket_seal(ticket);
    obligation_failed(one, 0, VERDICT_DROPPED);
    obligation_failed(one, 4, VERDICT_DEAD_LETTERED);
    obligation_sent(one, 3);
    obligation_failed(two, 0, VERDICT_DEAD_LETTERED);
    obligation_failed(two, 4, VERDICT_DROPPED);
    obligation_failed(two, 2, VERDICT_DROPPED);
    obligation_sent(two, 2);
    books_are(6, 0, 2, 1, 2, 1);
}

Test(ticket, takes_the_last_event_that_a_batch_can_hold)
{
    struct ticket *ticket = ticket_open(pool);
    ticket_count(ticket, BATCH_EVENTS_MAX, 0, 0);
    struct obligation *one = obligation_open(ticket, BATCH_EVENTS_MAX);
    ticket_seal(ticket);
    obligation_failed(one, BATCH_EVENTS_MAX - 1, VERDICT_DROPPED);
    obligation_sent(one, BATCH_EVENTS_MAX - 1);
    books_are(BATCH_EVENTS_MAX, 0, BATCH_EVENTS_MAX - 1, 0, 0, 1);
}

static struct obligation *covering(struct source *source, uint64_t position)
{
    struct ticket *ticket = ticket_open(pool);
    ticket_cover(ticket, source, position);
    ticket_count(ticket, 1, 0, 0);
    struct obligation *obligation = obligation_open(ticket, 1);
    ticket_seal(ticket);
    return obligation;
}

Test(ticket, moves_the_mark_over_contiguous_rows_only)
{
    struct stream a = {.source = source_open(pool, &hooks, &a)};
    struct obligation *o[4];
    for (uint64_t i = 0; i < 4; i++) o[i] = covering(a.source, 10 * (i + 1));
    obligation_sent(o[1], 1);
    obligation_sent(o[2], 1);
    cr_expect_eq(a.mark, 0);
    obligation_sent(o[0], 1);
    cr_expect_eq(a.mark, 30);
    cr_expect_eq(a.advances, 1);
    cr_expect_not(source_is_idle(a.source));
    obligation_sent(o[3], 1);
    cr_expect_eq(a.mark, 40);
    source_close(a.source);
}

Test(ticket, one_batch_may_come_back_to_a_source)
{
    struct stream a = {.source = source_open(pool, &hooks, &a)};
    struct ticket *first = ticket_open(pool), *second = ticket_open(pool);
    ticket_cover(first, a.source, 10);
    ticket_cover(second, a.source, 20);
    ticket_cover(first, a.source, 30);
    struct obligation *open = obligation_open(second, 1);
    ticket_count(second, 1, 0, 0);
    ticket_seal(second);
    ticket_seal(first);
    cr_expect_eq(a.mark, 10);
    obligation_sent(open, 1);
    cr_expect_eq(a.mark, 30);
    source_close(a.source);
}

Test(ticket, a_new_epoch_forgets_what_is_outstanding)
{
    struct stream a = {.source = source_open(pool, &hooks, &a)};
    struct obligation *old1 = covering(a.source, 10), *old2 = covering(a.source, 20);
    obligation_sent(old2, 1); /* closed, waiting behind old1 */
    source_new_epoch(a.source);
    cr_expect(source_is_idle(a.source));
    struct obligation *fresh = covering(a.source, 5);
    obligation_sent(old1, 1);
    cr_expect_eq(a.advances, 0);
    obligation_sent(fresh, 1);
    cr_expect_eq(a.mark, 5);
    books_are(3, 0, 3, 0, 0, 0);
    source_close(a.source);
}

Test(ticket, a_source_may_close_with_tickets_outstanding)
{
    struct stream a = {.source = source_open(pool, &hooks, &a)};
    struct obligation *open = covering(a.source, 10);
    source_close(a.source);
    cr_expect_eq(ticket_pool_open(pool), 1);
    obligation_sent(open, 1);
    cr_expect_eq(a.advances, 0);
    cr_expect_eq(ticket_pool_open(pool), 0);
}

static struct stream other;
static void closes_the_other(void *opaque, uint64_t position)
{
    (void)position;
    (void)opaque;
    if (other.source) source_close(other.source);
    other.source = NULL;
}

Test(ticket, a_hook_may_close_sources_of_the_same_ticket)
{
    static const struct source_hooks closing = {closes_the_other};
    other = (struct stream){.source = source_open(pool, &hooks, &other)};
    struct source *source = source_open(pool, &closing, NULL);
    struct ticket *ticket = ticket_open(pool);
    ticket_cover(ticket, other.source, 1);
    ticket_cover(ticket, source, 1);
    ticket_seal(ticket);
    cr_expect_null(other.source);
    source_close(source);
}

/* A generator without pause: each ticket that closes emits the next one, which closes at once. */
struct endless {
    struct source *source;
    uint64_t position, depth, deepest;
};
static void emits_the_next(void *opaque, uint64_t position)
{
    struct endless *endless = opaque;
    cr_assert_eq(position, endless->position);
    if (++endless->depth > endless->deepest) endless->deepest = endless->depth;
    if (endless->position < 100000) {
        struct ticket *ticket = ticket_open(pool);
        ticket_cover(ticket, endless->source, ++endless->position);
        ticket_seal(ticket);
    }
    endless->depth--;
}

Test(ticket, hooks_that_emit_do_not_nest)
{
    static const struct source_hooks emitting = {emits_the_next};
    struct endless endless = {.position = 1};
    endless.source = source_open(pool, &emitting, &endless);
    struct ticket *ticket = ticket_open(pool);
    ticket_cover(ticket, endless.source, 1);
    ticket_seal(ticket);
    cr_expect_eq(endless.position, 100000);
    cr_expect_eq(endless.deepest, 1);
    source_close(endless.source);
}

/* ---- random orders against a naive model ---- */

enum { STREAMS = 5, TICKETS = 40, OUTPUTS = 3, BATCH = 6, STEPS = 20000 };

struct model_row {
    int stream;
    uint64_t epoch, position;
};
struct model_ticket {
    struct ticket *ticket; /* NULL: free */
    struct obligation *outputs[OUTPUTS];
    uint32_t open[OUTPUTS][BATCH], events, filtered;
    enum verdict worst[BATCH];
    struct model_row rows[64];
    uint32_t row_count;
    bool is_sealed;
};
static struct model {
    struct stream streams[STREAMS];
    uint64_t epoch[STREAMS], position[STREAMS];
    struct model_ticket tickets[TICKETS];
    uint64_t received, delivered, filtered, dropped, dead;
} model;

static uint32_t model_open(const struct model_ticket *ticket)
{
    uint32_t open = 0;
    for (int o = 0; o < OUTPUTS; o++)
        for (int e = 0; e < BATCH; e++) open += ticket->open[o][e];
    return open;
}

/* The smallest position of a stream's present epoch that is not settled; UINT64_MAX when none. */
static uint64_t model_bound(int stream)
{
    uint64_t bound = UINT64_MAX;
    for (int t = 0; t < TICKETS; t++) {
        const struct model_ticket *ticket = &model.tickets[t];
        for (uint32_t r = 0; ticket->ticket && r < ticket->row_count; r++)
            if (ticket->rows[r].stream == stream && ticket->rows[r].epoch == model.epoch[stream] &&
                ticket->rows[r].position < bound)
                bound = ticket->rows[r].position;
    }
    return bound;
}

static void model_begin(struct model_ticket *ticket)
{
    *ticket = (struct model_ticket){.ticket = ticket_open(pool), .events = 1 + (uint32_t)rand() % BATCH};
    ticket->filtered = (uint32_t)rand() % 2;
    ticket_count(ticket->ticket, ticket->events, 0, ticket->filtered);
    model.received += ticket->events;
}

static void model_cover(struct model_ticket *ticket)
{
    int stream = rand() % STREAMS;
    if (ticket->row_count == 64) return;
    model.position[stream] += 1 + (uint64_t)rand() % 3;
    ticket_cover(ticket->ticket, model.streams[stream].source, model.position[stream]);
    ticket->rows[ticket->row_count++] =
        (struct model_row){stream, model.epoch[stream], model.position[stream]};
}

/* Filtered events are the last ones; each output takes a random part of the others. */
static void model_seal(struct model_ticket *ticket)
{
    for (int o = 0; o < OUTPUTS; o++) {
        uint32_t count = 0;
        for (uint32_t e = 0; e + ticket->filtered < ticket->events; e++)
            count += ticket->open[o][e] = (uint32_t)rand() % 2;
        ticket->outputs[o] = obligation_open(ticket->ticket, count);
    }
    ticket->is_sealed = true;
}

static void model_settle(struct model_ticket *ticket)
{
    int o = rand() % OUTPUTS, e = rand() % BATCH;
    if (!ticket->open[o][e]) return;
    ticket->open[o][e] = 0;
    enum verdict verdict = rand() % 3 ? VERDICT_SENT : 1 + rand() % 2;
    if (verdict > ticket->worst[e]) ticket->worst[e] = verdict;
    struct model_ticket copy = *ticket;
    if (model_open(ticket) == 0) ticket->ticket = NULL; /* closes within the call */
    if (verdict == VERDICT_SENT)
        obligation_sent(copy.outputs[o], 1);
    else
        obligation_failed(copy.outputs[o], (uint32_t)e, verdict);
}

static void model_closed(const struct model_ticket *ticket)
{
    model.filtered += ticket->filtered;
    for (uint32_t e = 0; e + ticket->filtered < ticket->events; e++) {
        model.dropped += ticket->worst[e] == VERDICT_DROPPED;
        model.dead += ticket->worst[e] == VERDICT_DEAD_LETTERED;
        model.delivered += ticket->worst[e] == VERDICT_SENT;
    }
}

static void model_check(void)
{
    uint64_t in_flight = 0;
    uint32_t open = 0;
    for (int t = 0; t < TICKETS; t++)
        if (model.tickets[t].ticket) open++, in_flight += model.tickets[t].events;
    cr_assert_eq(ticket_pool_open(pool), open);
    cr_assert_eq(counter_get(&books.received), model.received);
    cr_assert_eq(counter_get(&books.delivered), model.delivered);
    cr_assert_eq(counter_get(&books.dropped), model.dropped);
    cr_assert_eq(counter_get(&books.dead_lettered), model.dead);
    cr_assert_eq(counter_get(&books.filtered), model.filtered);
    cr_assert_eq(model.received, model.delivered + model.filtered + model.dropped + model.dead + in_flight);
    for (int s = 0; s < STREAMS; s++) {
        uint64_t bound = model_bound(s);
        cr_assert_lt(model.streams[s].mark, bound, "the mark passed what is not settled");
        cr_assert_eq(source_is_idle(model.streams[s].source), bound == UINT64_MAX);
        if (bound == UINT64_MAX && model.position[s])
            cr_assert_eq(model.streams[s].mark, model.position[s], "nothing is open");
    }
}

static void model_step(void)
{
    struct model_ticket *ticket = &model.tickets[rand() % TICKETS];
    if (rand() % 400 == 0) {
        int s = rand() % STREAMS;
        model.epoch[s]++;
        model.position[s] = model.streams[s].mark = 0;
        if (rand() % 2) {
            source_new_epoch(model.streams[s].source);
        } else {
            source_close(model.streams[s].source);
            model.streams[s].source = source_open(pool, &hooks, &model.streams[s]);
        }
    } else if (!ticket->ticket)
        model_begin(ticket);
    else if (ticket->is_sealed) {
        model_settle(ticket);
        if (!ticket->ticket) model_closed(ticket);
    } else if (rand() % 4)
        model_cover(ticket);
    else {
        model_seal(ticket);
        struct ticket *handle = ticket->ticket;
        if (model_open(ticket) == 0) ticket->ticket = NULL;
        if (!ticket->ticket) model_closed(ticket);
        ticket_seal(handle);
    }
}

Test(ticket, agrees_with_a_naive_model_in_any_order)
{
    srand(42);
    for (int s = 0; s < STREAMS; s++)
        model.streams[s].source = source_open(pool, &hooks, &model.streams[s]);
    for (int step = 0; step < STEPS; step++) {
        model_step();
        model_check();
    }
    for (int t = 0; t < TICKETS; t++) {
        struct model_ticket *ticket = &model.tickets[t];
        if (ticket->ticket && !ticket->is_sealed) ticket_seal(ticket->ticket);
        while (ticket->ticket && ticket->is_sealed) model_settle(ticket);
    }
    cr_assert_eq(ticket_pool_open(pool), 0);
    for (int s = 0; s < STREAMS; s++) source_close(model.streams[s].source);
}
