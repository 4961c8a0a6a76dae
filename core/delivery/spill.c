/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/spill.h"
#include <stdlib.h>
#include <uv.h>
#include "core/delivery/spill_folder.h"
#include "core/delivery/spill_part.h"
#include "core/log.h"
#include "core/xmalloc.h"

enum { SPILL_WORKERS_MAX = 1024 }; /* that are gone, whose folders are looked at */
typedef unsigned long long number;

uint64_t spill_now_ms(void)
{
    struct value now = event_now();
    return (uint64_t)now.seconds * 1000 + now.len / 1000000;
}

/* ---- turns ---- */

static void ticked(uv_timer_t *timer) { (void)timer; /* the turn that follows looks */ }

static void tick_settle(struct spill *spill)
{
    bool waits = spill->hold.count || spill->hand.batch || spill->given < spill->durable;
    bool wants = waits || !spill->is_open || spill->settled != spill->checkpointed || spill->stop_ms;
    bool is_active = uv_is_active((uv_handle_t *)&spill->tick);
    if (wants && !is_active) uv_timer_start(&spill->tick, ticked, SPILL_TICK_MS, SPILL_TICK_MS);
    if (!wants && is_active) uv_timer_stop(&spill->tick);
}

static uint64_t waiting_since(const struct spill *spill)
{
    if (spill->given == spill->last) return 0;
    if (spill->hand.batch && spill->hand.next < spill->hand.batch->count) return spill->hand.since_ms[spill->hand.next];
    if (spill->given < spill->durable || !spill->hold.count) return counter_get(&counters(spill)->waiting_since_ms);
    return spill_held_since_ms(spill, spill->given - spill->hold_base);
}

static void tell(struct spill *spill)
{
    atomic_store_explicit(&counters(spill)->waiting, spill->last - spill->given, memory_order_relaxed);
    atomic_store_explicit(&counters(spill)->waiting_since_ms, waiting_since(spill), memory_order_relaxed);
    if (!spill->is_told || !spill_is_empty(spill) || spill->settled < spill->durable) return;
    spill->is_told = false;
    LOG(LOG_INFO, "spill.ended", spill->output->id, "all events that waited on disk were sent");
}

/* What the output holds is on disk, too: it is not waited for without end. */
static void stop_look(struct spill *spill)
{
    struct output *output = spill->output;
    if (!output->is_stopping || output->is_stopped || spill->is_abandoned || !output->type->abandon) return;
    uint64_t now = clock_ms(spill);
    if (now < spill->progress_ms + SPILL_STOP_IDLE_MS && now < spill->stop_ms + SPILL_STOP_MS) return;
    spill->is_abandoned = true;
    source_new_epoch(spill->source); /* what is let go is not sent */
    output->type->abandon(output->self);
}

void spill_turn(struct spill *spill)
{
    if (spill->is_closing) return;
    spill_give(spill);
    spill_plan(spill);
    tell(spill);
    spill_tell_room(spill);
    tick_settle(spill);
    stop_look(spill);
}

void spill_ready(struct spill *spill) { spill->is_full = false; }

/* ---- the end ---- */

bool spill_may_stop(struct spill *spill)
{
    if (!spill->is_ending) loop_wake(spill->output->loop);
    spill->is_ending = true;
    if (!spill->stop_ms) {
        if (spill->hold.count) return false;
        spill->stop_ms = clock_ms(spill) + 1; /* never 0 */
        if (spill->hand.batch) spill_hand_end(spill);
    }
    return !spill->is_working;
}

static void timer_closed(uv_handle_t *handle)
{
    struct spill *spill = handle->data;
    spill->is_timer_closed = true;
}

static void say_left(const struct spill *spill)
{
    uint64_t left = spill->last - spill->settled;
    if (!spill->is_open || !left) return;
    LOG(LOG_WARN, "spill.left", spill->output->id,
        "%llu events were not sent and lie in %s, %llu bytes with what is done: they are sent first at the next start",
        (number)left, spill->logs.items[0].folder,
        (number)counter_get(&counters(spill)->log_bytes));
}

bool spill_has_ended(struct spill *spill)
{
    if (!spill->is_closing && !spill->is_working) {
        say_left(spill);
        spill->is_closing = true;
        uv_close((uv_handle_t *)&spill->tick, timer_closed);
        if (spill->is_open)
            spill_submit_close(spill);
        else
            spill->is_closed = true;
    }
    return spill->is_closed && spill->is_timer_closed;
}

/* ---- begin, destroy ---- */

static bool log_add(struct spill *spill, uint32_t worker)
{
    struct buf path = {0};
    spill_folder(&path, spill->options.path_data, spill->output, worker);
    bool is_own = spill->logs.count == 0;
    bool is_wanted = (is_own && !spill->options.is_emptied) || spill_folder_count(path.ptr) > 0;
    if (is_own || (is_wanted && spill->logs.count < SPILL_LOGS_MAX)) {
        spill->logs.items[spill->logs.count++].folder = path.ptr;
        return is_wanted;
    }
    if (is_wanted)
        LOG(LOG_WARN, "spill.leftover", spill->output->id,
            "%s has to wait for the next start: more than %d logs of workers that are gone are not empty", path.ptr,
            SPILL_LOGS_MAX - 1);
    buf_fini(&path);
    return is_wanted;
}

/* True: there is something to do. */
static bool logs_find(struct spill *spill)
{
    const struct output *output = spill->output;
    uint32_t gone[SPILL_WORKERS_MAX];
    uint32_t count = spill_folder_workers(spill->options.path_data, output, gone, SPILL_WORKERS_MAX);
    bool is_wanted = log_add(spill, output->worker);
    for (uint32_t i = 0; i < count; i++) is_wanted |= log_add(spill, gone[i]);
    return is_wanted;
}

struct spill *spill_create(struct output *output, const struct spill_options *options)
{
    struct spill *spill = xcalloc(1, sizeof *spill);
    spill->output = output;
    spill->options = *options;
    if (!logs_find(spill)) {
        spill_logs_fini(&spill->logs);
        free(spill);
        return NULL;
    }
    spill->logs.files = options->files ? options->files : &file_ops_real;
    spill->logs.id = output->id;
    spill->logs.bytes_max = options->bytes_max;
    spill->logs.pack = record_pack_create(COMPRESS_SPEED);
    hold_init(&spill->hold, output->loop->budget);
    spill->tickets = ticket_pool_create(&spill->books);
    spill->source = source_open(spill->tickets, &spill_source, spill);
    spill->work.rows = xreallocarray(NULL, SPILL_READ_EVENTS + RECORD_PACK_RECORDS_MAX, sizeof *spill->work.rows);
    uv_timer_init(&output->loop->uv, &spill->tick);
    spill->tick.data = spill;
    spill_plan(spill);
    return spill;
}

void spill_destroy(struct spill *spill)
{
    assert(!spill->is_working);
    spill_logs_fini(&spill->logs);
    source_close(spill->source);
    ticket_pool_destroy(spill->tickets);
    hold_fini(&spill->hold);
    budget_release(spill->hold.budget, spill->charged + spill->pack_charged);
    buf_fini(&spill->work.bytes);
    free(spill->work.rows);
    free(spill);
}
