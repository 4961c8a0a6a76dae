/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a spill: what comes in, what the output is given, what is settled. */
#include "core/delivery/spill_part.h"
#include "core/event/packed.h"

enum { GIVE_EVENTS_MAX = 256 }; /* out of memory, at a time */

bool spill_is_empty(const struct spill *spill)
{
    return spill->is_open && spill->given == spill->last && !spill->hand.batch;
}

uint64_t spill_held_since_ms(const struct spill *spill, uint64_t n)
{
    struct str bytes;
    uint64_t at_ms = 0;
    hold_row_at(&spill->hold, n, &bytes);
    bool is_whole = unpack_varint(&bytes, &at_ms);
    assert(is_whole);
    return at_ms;
}

/* ---- what is settled goes ---- */

void spill_tell_room(struct spill *spill)
{
    if (!spill->owes_ready || !spill->is_open || !hold_has_room(&spill->hold)) return;
    if (spill->options.is_emptied && !spill_is_empty(spill)) return;
    spill->owes_ready = false;
    if (spill->output->ready) spill->output->ready(spill->output);
    loop_wake(spill->output->loop);
}

/* A hook of what is settled here may bring new events: each round begins anew. */
void spill_settle(struct spill *spill)
{
    uint64_t to = spill->settled > spill->durable ? spill->settled : spill->durable;
    if (spill->is_working && spill->work.pack) return; /* the disk thread reads them */
    while (spill->hold.count && spill->hold_base < to) {
        struct hold_row row = *hold_row_at(&spill->hold, 0, NULL);
        uint32_t count = 0;
        do {
            hold_pop(&spill->hold);
            spill->hold_base++;
            count++;
        } while (row.verdict == VERDICT_SENT && spill->hold.count && spill->hold_base < to &&
                 hold_row_at(&spill->hold, 0, NULL)->obligation == row.obligation &&
                 hold_row_at(&spill->hold, 0, NULL)->verdict == VERDICT_SENT);
        if (row.verdict == VERDICT_SENT)
            obligation_sent(row.obligation, count);
        else
            obligation_failed(row.obligation, row.event, (enum verdict)row.verdict);
    }
    spill_tell_room(spill);
}

static void advance(void *opaque, uint64_t position)
{
    struct spill *spill = opaque;
    assert(position >= spill->settled && position <= spill->last);
    spill->settled = position;
    spill->progress_ms = clock_ms(spill);
    spill_settle(spill);
}

/* All that the output is given goes this way. */
static uint32_t output_take(struct spill *spill, struct batch *batch, const struct selection *in,
                            struct obligation *obligation)
{
    struct output *output = spill->output;
    if (!in->count) return 0;
    if (source_is_idle(spill->source)) spill->progress_ms = clock_ms(spill);
    spill->is_giving = true;
    uint32_t taken = output->type->take(output->self, batch, in, obligation);
    spill->is_giving = false;
    assert(taken <= in->count);
    spill->is_full = taken < in->count;
    return taken;
}

const struct source_hooks spill_source = {.advance = advance};

void spill_failed(struct spill *spill, const struct obligation *obligation, uint32_t event, enum verdict verdict)
{
    for (uint64_t n = 0; spill->hold_base + n < spill->given && n < spill->hold.count; n++) {
        struct hold_row *row = hold_row_at(&spill->hold, n, NULL);
        if (row->given != obligation || row->event != event) continue;
        row->verdict = (uint8_t)verdict;
        return;
    }
}

/* Of `count` events under this obligation the output took some, up to the position `given`. */
static void ticket_end(struct spill *spill, struct ticket *ticket, struct obligation *obligation, uint32_t count,
                       uint32_t taken)
{
    if (taken < count) obligation_sent(obligation, count - taken);
    if (taken) ticket_cover(ticket, spill->source, spill->given);
    ticket_count(ticket, taken, 0, 0);
    ticket_seal(ticket);
}

/* ---- in ---- */

static uint32_t drop_rest(struct spill *spill, struct batch *batch, const struct selection *in, uint32_t from,
                          struct obligation *obligation)
{
    struct selection rest = {in->index + from, in->count - from};
    counter_add(&counters(spill)->offered, rest.count);
    SELECTION_EACH(batch, &rest, event)
        overflow_drop(spill->output, obligation, event->index, "its log on disk is full (spill_when_full)");
    return in->count;
}

static uint32_t keep(struct spill *spill, struct batch *batch, const struct selection *in,
                     struct obligation *obligation, struct obligation *given)
{
    uint64_t now_ms = spill_now_ms();
    uint32_t kept = 0;
    for (; kept < in->count && hold_has_room(&spill->hold); kept++)
        hold_push(&spill->hold, batch->events[in->index[kept]], obligation, given, now_ms);
    spill->last += kept;
    counter_add(&counters(spill)->offered, kept);
    return kept;
}

/* Nothing waits: the output is offered them as they are. */
static uint32_t take_directly(struct spill *spill, struct batch *batch, const struct selection *in,
                              struct obligation *obligation)
{
    struct ticket *ticket = ticket_open(spill->tickets);
    struct obligation *given = obligation_open(ticket, in->count);
    uint32_t kept = keep(spill, batch, in, obligation, given);
    struct selection offered = {in->index, kept};
    uint64_t before = spill->given;
    spill->given += kept; /* those that fail at once are looked for among them */
    uint32_t taken = output_take(spill, batch, &offered, given);
    spill->given = before + taken;
    for (uint32_t n = taken; n < kept; n++)
        hold_row_at(&spill->hold, before + n - spill->hold_base, NULL)->given = NULL;
    ticket_end(spill, ticket, given, in->count, taken);
    return kept;
}

uint32_t spill_take(struct spill *spill, struct batch *batch, const struct selection *in,
                    struct obligation *obligation)
{
    bool may_take = spill->is_open && !spill->options.is_emptied;
    bool is_direct = spill_is_empty(spill) && !spill->is_full && !spill->is_ending && !spill->is_giving;
    uint32_t kept = !may_take ? 0 : is_direct ? take_directly(spill, batch, in, obligation)
                                              : keep(spill, batch, in, obligation, NULL);
    if (kept == in->count) return kept;
    if (may_take && spill->is_log_full && spill->options.at_limit != OVERFLOW_BLOCK)
        return drop_rest(spill, batch, in, kept, obligation);
    spill->owes_ready = true;
    return kept;
}

/* ---- to the output ---- */

void spill_hand_end(struct spill *spill)
{
    struct spill_hand *hand = &spill->hand;
    struct batch *batch = hand->batch;
    uint32_t count = batch->count;
    bool is_through = hand->next == count;
    if (is_through) spill->given = hand->end;
    hand->batch = NULL;
    struct ticket *ticket = batch->ticket;
    batch->ticket = NULL;
    if (!is_through) obligation_sent(hand->obligation, count - hand->next);
    if (is_through || hand->next) ticket_cover(ticket, spill->source, spill->given);
    ticket_count(ticket, hand->next, 0, 0);
    batch_destroy(batch);
    ticket_seal(ticket);
}

static void hand_give(struct spill *spill)
{
    struct spill_hand *hand = &spill->hand;
    struct selection in = {hand->index + hand->next, hand->batch->count - hand->next};
    uint32_t taken = output_take(spill, hand->batch, &in, hand->obligation);
    counter_add(&counters(spill)->drained, taken);
    hand->next += taken;
    if (taken) spill->given = hand->positions[hand->next - 1];
    if (hand->next == hand->batch->count) spill_hand_end(spill);
}

static void held_give(struct spill *spill)
{
    struct batch *batch = batch_create(&spill->output->loop->pool, NULL);
    uint32_t index[GIVE_EVENTS_MAX];
    struct selection in = {index, 0};
    uint64_t first = spill->given - spill->hold_base;
    hold_give_batch(&spill->hold, first, GIVE_EVENTS_MAX, batch, index, &in.count);
    struct ticket *ticket = ticket_open(spill->tickets);
    struct obligation *given = obligation_open(ticket, in.count);
    for (uint32_t n = 0; n < in.count; n++) hold_row_at(&spill->hold, first + n, NULL)->given = given;
    uint64_t before = spill->given;
    spill->given += in.count;
    uint32_t taken = output_take(spill, batch, &in, given);
    spill->given = before + taken;
    for (uint32_t n = taken; n < in.count; n++)
        hold_row_at(&spill->hold, before + n - spill->hold_base, NULL)->given = NULL;
    batch_destroy(batch);
    ticket_end(spill, ticket, given, in.count, taken);
}

void spill_give(struct spill *spill)
{
    while (!spill->is_full && !spill->stop_ms) {
        if (spill->hand.batch)
            hand_give(spill);
        else if (spill->given < spill->durable || spill->given == spill->last)
            return;
        else
            held_give(spill);
    }
}

