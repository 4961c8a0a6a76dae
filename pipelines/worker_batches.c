/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/worker_part.h"

void worker_append(struct worker *worker, struct batch *batch)
{
    batch->next = NULL;
    *worker->last = batch;
    worker->last = &batch->next;
    counter_add(&worker->counters.queued, 1);
    worker->ingest.underway++;
}

static void batch_pop(struct worker *worker)
{
    struct batch *batch = worker->first;
    worker->first = batch->next;
    if (!worker->first) worker->last = &worker->first;
    counter_add(&worker->counters.queued, (uint64_t)-1);
    worker->ingest.underway--;
    batch_destroy(batch);
}

void worker_run_batches(struct worker *worker)
{
    struct program *program = &worker->generation->program;
    uint64_t start = uv_hrtime();
    if (worker->is_parked) {
        struct output *output = vm_parked_at(program, worker->first).output;
        if (output) counter_add(&output->counters.full_ns, start - counter_get(&worker->parked_at));
        counter_set(&worker->parked_at, 0);
    }
    worker->is_parked = false;
    while (worker->first) {
        if (vm_run(program, worker->first) == VM_PARKED) {
            worker->is_parked = true;
            struct vm_wait wait = vm_parked_at(program, worker->first);
            atomic_store(&worker->waits_for, wait.output ? &wait.output->id : &wait.filter->id);
            counter_set(&worker->parked_at, uv_hrtime());
            break;
        }
        counter_add(&worker->counters.batches, 1);
        batch_pop(worker);
    }
    if (!worker->is_parked) atomic_store(&worker->waits_for, NULL);
    counter_add(&worker->counters.busy_ns, uv_hrtime() - start);
}

void worker_close_batch(struct worker *worker)
{
    struct batch *batch = worker->ingest.batch;
    if (!batch) return;
    worker->ingest.batch = NULL;
    ticket_count(batch->ticket, batch->received, 0, 0);
    worker_append(worker, batch);
    if (!worker->is_parked) worker_run_batches(worker);
    worker->ingest.is_paused = worker_must_pause(worker);
    worker->was_seen_paused |= worker->ingest.is_paused;
}

void worker_batch_full(struct ingest *ingest)
{
    worker_close_batch(worker_of(ingest));
}

/* ---- what filters hold back ---- */

static bool flush_is_wanted(struct worker *worker, const struct filter *filter)
{
    if (!filter->type->flush) return false;
    if (!filter->shared) return true;
    return worker->flush_is_final ? worker->is_last : shared_is_due(filter->shared, worker->flush_ns);
}

/* True: it has more. */
static bool flush_one(struct worker *worker, uint32_t filter)
{
    struct batch *batch = batch_create(&worker->loop.pool, worker->loop.tickets);
    batch->now = loop_now(&worker->loop);
    bool has_more = vm_flush(&worker->generation->program, batch, filter, worker->flush_is_final);
    if (!batch->count) {
        ticket_seal(batch->ticket);
        batch_destroy(batch);
        return false;
    }
    worker_append(worker, batch);
    worker_run_batches(worker);
    return has_more;
}

/* Filter by filter in the order of the text: what one gives may be kept by one behind it. */
static void flush_go_on(struct worker *worker)
{
    struct program *program = &worker->generation->program;
    while (worker->flush_next < program->filter_count && !worker->first) {
        bool is_wanted = flush_is_wanted(worker, program->filters[worker->flush_next]);
        if (!is_wanted || !flush_one(worker, worker->flush_next)) worker->flush_next++;
    }
}

static void flush_begin(struct worker *worker, bool is_final)
{
    worker->flush_is_final = is_final;
    worker->flush_next = 0;
    worker->flush_ns = uv_hrtime();
}

void worker_flush_timer(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    bool goes_on = worker->flush_next < worker->generation->program.filter_count;
    if (!goes_on && !worker->flush_is_final) flush_begin(worker, false); /* the turn that follows asks */
}

bool worker_has_flushes(const struct worker *worker)
{
    const struct program *program = &worker->generation->program;
    for (uint32_t i = 0; i < program->filter_count; i++)
        if (program->filters[i]->type->flush) return true;
    return false;
}

/* The last worker of a pipeline asks for what the filters of all hold back: before, others may add to it. */
void worker_flush(struct worker *worker)
{
    if (worker_is_drained(worker) && !worker->flush_is_final) {
        worker->is_last = state_scope_leave(worker->options.scope);
        flush_begin(worker, true);
    }
    flush_go_on(worker);
    bool is_done = worker->flush_next == worker->generation->program.filter_count;
    worker->is_flushed = worker->flush_is_final && is_done && !worker->first;
}
