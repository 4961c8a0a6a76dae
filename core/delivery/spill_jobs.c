/* SPDX-License-Identifier: Apache-2.0 */
/* What a spill asks of the disk thread, and what comes of it. */
#include <uv.h>
#include "core/delivery/spill_part.h"
#include "core/log.h"

typedef unsigned long long number;

/* ---- what came of a job ---- */

/* What was read and is given up before the output has it; how many events that are. */
static uint64_t hand_skip(struct spill *spill, uint64_t to)
{
    struct spill_hand *hand = &spill->hand;
    const uint32_t before = hand->next;
    while (hand->next < hand->batch->count && hand->positions[hand->next] <= to) hand->next++;
    uint32_t count = hand->next - before;
    if (count) obligation_sent(hand->obligation, count);
    if (hand->next == hand->batch->count) spill_hand_end(spill);
    return count;
}

/* The own log gave up its oldest: what the output does not have yet is dropped. */
static void skipped(struct spill *spill, uint64_t last)
{
    uint64_t to = (uint64_t)((int64_t)last + spill->bases[0]);
    uint64_t count = spill->hand.batch ? hand_skip(spill, to) : 0;
    if (to > spill->given) {
        if (!spill->hand.batch) count += to - spill->given;
        spill->given = to;
    }
    if (!spill->hand.batch) {
        struct ticket *ticket = ticket_open(spill->tickets);
        ticket_cover(ticket, spill->source, spill->given);
        ticket_seal(ticket);
    }
    if (!count) return;
    counter_add(&counters(spill)->dropped, count);
    counter_add(&counters(spill)->dropped_full, count);
    LOG(LOG_WARN, "spill.dropped_oldest", spill->output->id,
        "%llu events were dropped, the oldest on disk: the log is full", (number)count);
}

/* One record that was read; false: it holds no event. */
static bool record_unpack(struct spill *spill, struct str bytes, uint64_t *since_ms)
{
    char kind = bytes.len ? *bytes.ptr : 0;
    if (kind == SPILL_RECORD_EVENT && hold_unpack(spill->hand.batch, str_from(bytes, 1), since_ms)) return true;
    counter_add(&counters(spill)->dropped, 1);
    if (kind == SPILL_RECORD_TOO_LARGE) {
        counter_add(&counters(spill)->dropped_full, 1);
        LOG(LOG_ERROR, "spill.too_large", spill->output->id,
            "an event was dropped: it was larger than the log takes; raise spill_max_bytes");
        return false;
    }
    counter_add(&counters(spill)->dropped_lost, 1);
    LOG(LOG_ERROR, "spill.unreadable", spill->output->id,
        "an event on disk is whole and cannot be understood: it is dropped; was it written by another version?");
    return false;
}

static void hand_fill(struct spill *spill)
{
    struct spill_work *work = &spill->work;
    struct spill_hand *hand = &spill->hand;
    assert(!hand->batch);
    if (work->bytes.capacity > spill->charged) {
        budget_charge(spill->output->loop->budget, work->bytes.capacity - spill->charged);
        spill->charged = work->bytes.capacity;
    }
    struct batch *batch = hand->batch = batch_create(&spill->output->loop->pool, spill->tickets);
    hand->index = arena_alloc(&batch->arena, (work->row_count + 1) * sizeof *hand->index);
    hand->positions = arena_alloc(&batch->arena, (work->row_count + 1) * sizeof *hand->positions);
    hand->since_ms = arena_alloc(&batch->arena, (work->row_count + 1) * sizeof *hand->since_ms);
    hand->next = 0;
    uint32_t from = 0;
    for (uint32_t i = 0; i < work->row_count; i++) {
        struct str bytes = {work->bytes.ptr + from, work->rows[i].end - from};
        uint32_t at = batch->count;
        from = work->rows[i].end;
        if (!record_unpack(spill, bytes, &hand->since_ms[at])) continue;
        hand->index[at] = at;
        hand->positions[at] = (uint64_t)((int64_t)work->rows[i].number + spill->bases[work->read_log]);
    }
    hand->end = (uint64_t)((int64_t)work->read_to + spill->bases[work->read_log]);
    hand->obligation = obligation_open(batch->ticket, batch->count);
    if (work->lost) counter_add(&counters(spill)->dropped, work->lost);
    if (work->lost) counter_add(&counters(spill)->dropped_lost, work->lost);
}

static void opened(struct spill *spill)
{
    const struct spill_work *work = &spill->work;
    for (uint32_t n = spill->logs.count; n-- > 0;) { /* the own one comes last */
        uint64_t waiting = work->found_synced[n] - work->found_done[n];
        spill->bases[n] = (int64_t)spill->last - (int64_t)work->found_done[n];
        spill->synced[n] = work->found_synced[n];
        spill->last += waiting;
        spill->lasts[n] = spill->last;
        if (waiting)
            LOG(LOG_INFO, "spill.found", spill->output->id, "%llu events lie in %s; they are sent first",
                (number)waiting, spill->logs.items[n].folder);
    }
    spill->durable = spill->appended = spill->hold_base = spill->last;
    spill->is_told = spill->last > 0;
    counter_add(&counters(spill)->offered, spill->last);
    spill->is_open = true;
}

static void unread(struct spill *spill, int error)
{
    counter_add(&counters(spill)->errors, 1);
    spill->reread_at_ms = clock_ms(spill) + SPILL_RETRY_MS;
    LOG(LOG_ERROR, "spill.read", spill->output->id, "%s cannot be read: %s; it is tried again",
        spill->logs.items[spill->work.read_log].folder, uv_strerror(error));
}

static void refused(struct spill *spill, int error)
{
    if (error)
        LOG(LOG_ERROR, "spill.disk", spill->output->id, "%s: %s; events stay in memory, it is tried again",
            spill->logs.items[0].folder, uv_strerror(error));
    else
        LOG(LOG_WARN, "spill.full", spill->output->id, "%s has reached spill_max_bytes", spill->logs.items[0].folder);
    if (error) counter_add(&counters(spill)->errors, 1);
    spill->is_log_full = true;
    spill->retry_at_ms = clock_ms(spill) + SPILL_RETRY_MS;
    if (!spill->owes_ready || spill->options.at_limit == OVERFLOW_BLOCK) return;
    spill->owes_ready = false; /* what waits is dropped when it comes again */
    if (spill->output->ready) spill->output->ready(spill->output);
}

static void written_count(struct spill *spill, uint64_t before)
{
    uint64_t written = spill->appended - before;
    if (!written) return;
    counter_add(&counters(spill)->spilled, written);
    counter_add(&counters(spill)->spilled_bytes, spill->work.written_bytes);
    if (!spill->is_told)
        LOG(LOG_WARN, "spill.begun", spill->output->id, "it does not take its events in time: they wait in %s",
            spill->logs.items[0].folder);
    spill->is_told = true;
}

static void pack_charge(struct spill *spill, size_t bytes)
{
    struct budget *budget = spill->output->loop->budget;
    if (bytes > spill->pack_charged)
        budget_charge(budget, bytes - spill->pack_charged);
    else
        budget_release(budget, spill->pack_charged - bytes);
    spill->pack_charged = bytes;
}

static void worked(struct disk_job *job)
{
    struct spill *spill = DISK_JOB_OWNER(job, struct spill, job);
    struct spill_work *work = &spill->work;
    spill->is_working = false;
    if (work->opens && !work->error) opened(spill);
    if (!spill->is_open) {
        spill->retry_at_ms = clock_ms(spill) + SPILL_RETRY_MS;
        return;
    }
    pack_charge(spill, work->pack_memory);
    spill->synced[0] = work->synced;
    spill->next = work->next;
    if (work->pack) {
        uint64_t before = spill->appended;
        spill->appended = (uint64_t)((int64_t)work->next - 1 + spill->bases[0]);
        written_count(spill, before);
    }
    uint64_t durable = (uint64_t)((int64_t)work->synced + spill->bases[0]);
    if (!work->opens && durable > spill->durable && durable <= spill->appended) spill->durable = durable;
    uint64_t log_bytes = counter_get(&counters(spill)->log_bytes);
    if (work->log_bytes < log_bytes) spill->retry_at_ms = 0;
    if (work->pack) spill->is_log_full = false;
    work->pack = NULL;
    if (work->is_full || (work->error && !work->opens)) refused(spill, work->error);
    if (work->read_error) unread(spill, work->read_error);
    if (work->skipped) skipped(spill, work->skipped);
    if (work->read_to) hand_fill(spill);
    if (work->read_to && spill->stop_ms) spill_hand_end(spill);
    if (work->closes) spill->is_closed = true;
    atomic_store_explicit(&counters(spill)->log_bytes, work->log_bytes, memory_order_relaxed);
    spill_settle(spill);
}

/* ---- asking for jobs ---- */

static void work_run(struct disk_job *job)
{
    struct spill *spill = DISK_JOB_OWNER(job, struct spill, job);
    spill_logs_run(&spill->logs, &spill->work);
}

static void submit(struct spill *spill)
{
    spill->is_working = true;
    spill->job = (struct disk_job){.loop = spill->output->loop, .work = work_run, .done = worked};
    disk_submit(spill->output->disk, &spill->job);
}

static void work_begin(struct spill *spill)
{
    struct spill_work *work = &spill->work;
    *work = (struct spill_work){.bytes = work->bytes, .rows = work->rows};
    buf_clear(&work->bytes);
    work->drops_oldest = spill->options.at_limit == OVERFLOW_DROP_OLDEST;
    for (uint32_t i = 0; i < spill->logs.count; i++) work->done[i] = number_of(spill, i, spill->settled);
}

/* Is it time that what is in memory goes to the disk? */
static bool is_due(const struct spill *spill)
{
    bool is_short = spill->hold.bytes > HOLD_BYTES_MAX / 2 || budget_is_over(spill->hold.budget);
    if (spill->is_ending || is_short) return true;
    return spill_now_ms() - spill_held_since_ms(spill, 0) >= SPILL_AGE_MS;
}

/* From this sealed one on, what one sync takes. */
static uint32_t packs_count(const struct pack *pack)
{
    uint32_t count = 1;
    size_t bytes = pack->bytes.len;
    for (pack = pack->next; pack && pack->is_sealed && bytes < SPILL_WRITE_BYTES; pack = pack->next, count++)
        bytes += pack->bytes.len;
    return count;
}

static bool write_plan(struct spill *spill)
{
    if (!spill->hold.count || spill->options.is_emptied || !is_due(spill)) return false;
    if (spill->is_log_full && clock_ms(spill) < spill->retry_at_ms) return false;
    struct spill_work *work = &spill->work;
    uint64_t appended = spill->appended > spill->hold_base ? spill->appended - spill->hold_base : 0;
    if (appended == 0 && spill->appended != spill->hold_base) {
        /* what came since the last record was settled in memory: numbers go on without it */
        spill->appended = spill->hold_base;
        spill->bases[0] = (int64_t)spill->hold_base + 1 - (int64_t)spill->next;
        if (spill->durable < spill->hold_base) spill->durable = spill->hold_base;
    }
    work->pack = hold_seal(&spill->hold, appended, &work->row);
    work->packs = packs_count(work->pack);
    return true;
}

static bool read_plan(struct spill *spill)
{
    if (spill->hand.batch || spill->stop_ms || spill->given >= spill->durable) return false;
    if (clock_ms(spill) < spill->reread_at_ms) return false;
    uint32_t log = spill->logs.count - 1; /* those that are only read come first in the line */
    while (log > 0 && spill->given >= spill->lasts[log]) log--;
    spill->work.read_log = log;
    spill->work.read_from = number_of(spill, log, spill->given) + 1;
    return true;
}

static bool checkpoint_plan(struct spill *spill)
{
    bool is_late = clock_ms(spill) >= spill->checkpoint_at_ms || spill->is_log_full;
    if (spill->settled == spill->checkpointed || !is_late) return false;
    spill->work.checkpoints = true;
    spill->checkpointed = spill->settled;
    spill->checkpoint_at_ms = clock_ms(spill) + SPILL_CHECKPOINT_MS;
    return true;
}

void spill_plan(struct spill *spill)
{
    if (spill->is_working || spill->is_closing) return;
    work_begin(spill);
    if (!spill->is_open) {
        if (clock_ms(spill) < spill->retry_at_ms) return;
        spill->work.opens = true;
        submit(spill);
        return;
    }
    bool writes = write_plan(spill), reads = read_plan(spill), checkpoints = checkpoint_plan(spill);
    bool syncs = spill->appended > spill->durable && clock_ms(spill) >= spill->retry_at_ms;
    if (writes || reads || checkpoints || syncs) submit(spill);
}

void spill_submit_close(struct spill *spill)
{
    work_begin(spill);
    spill->work.checkpoints = spill->work.closes = true;
    submit(spill);
}
