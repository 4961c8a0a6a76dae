/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/worker_part.h"

enum { MEMORY_POLL_MS = 10 }; /* another worker may give the budget's memory back unseen */

/* Memory is over, and waiting gives some back: with nothing under way nothing would, and what holds it (state,
 * half frames, other workers and pipelines) may hold it for long. So one batch at a time goes on. */
static bool memory_pauses(const struct worker *worker)
{
    return budget_is_over(worker->loop.budget) &&
           (worker->first || ticket_pool_open(worker->loop.tickets));
}

bool worker_must_pause(const struct worker *worker)
{
    return worker->is_parked || memory_pauses(worker) || dead_letters_are_behind(worker->options.dead_letters);
}

static void memory_polled(uv_timer_t *timer) { (void)timer; /* the turn that follows looks */ }

/* Those that put their events there. */
static void inputs_pause(struct worker *worker, const struct ingest *ingest, bool is_paused)
{
    struct generation *generation = worker->generation;
    for (uint32_t i = 0; i < generation->input_count; i++) {
        struct input *input = generation->inputs[i];
        if (input->ingest == ingest && !input->is_stopped && input->type->pause)
            input->type->pause(input->self, is_paused);
    }
}

void worker_settle_capture(struct worker *worker)
{
    struct ingest *capture = queue_capture(worker->queue);
    bool was_seen = capture->is_paused || worker->was_capture_paused;
    queue_turn(worker->queue);
    bool is_paused = capture->is_paused, must_tell = is_paused ? !worker->was_capture_paused : was_seen;
    worker->was_capture_paused = is_paused;
    if (!must_tell) return;
    inputs_pause(worker, capture, is_paused);
    loop_wake(&worker->loop); /* they may have emitted */
}

void worker_settle_pause(struct worker *worker)
{
    bool was_paused = counter_get(&worker->paused_at) != 0;
    bool is_paused = worker_must_pause(worker);
    worker->ingest.is_paused = is_paused;
    /* a pause that began and ended within this turn: an input may have stopped at it */
    bool was_seen = worker->was_seen_paused && !is_paused;
    worker->was_seen_paused = is_paused;
    if (is_paused == was_paused) {
        if (was_seen) inputs_pause(worker, &worker->ingest, false);
        return;
    }
    if (is_paused) {
        counter_set(&worker->paused_at, uv_hrtime());
        uv_timer_start(&worker->memory_poll, memory_polled, MEMORY_POLL_MS, MEMORY_POLL_MS);
    } else {
        counter_add(&worker->counters.paused_ns, uv_hrtime() - counter_get(&worker->paused_at));
        counter_set(&worker->paused_at, 0);
        uv_timer_stop(&worker->memory_poll);
    }
    counter_add(&worker->counters.paused, is_paused ? 1 : (uint64_t)-1);
    inputs_pause(worker, &worker->ingest, is_paused);
}
