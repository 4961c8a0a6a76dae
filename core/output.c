/* SPDX-License-Identifier: Apache-2.0 */
#include "core/output.h"
#include <assert.h>
#include <stdlib.h>
#include "core/delivery/backoff.h"
#include "core/log.h"
#include "core/xmalloc.h"

struct str output_letters_topic(const struct output *output)
{
    return output->type->letters_topic ? output->type->letters_topic(output->self) : (struct str){0};
}

void output_ready(struct output *output)
{
    if (output->overflow) overflow_ready(output->overflow);
    if (output->ready) output->ready(output);
}

void output_stopped(struct output *output)
{
    assert(!output->is_stopped);
    output->is_stopped = true;
    if (output->stopped) output->stopped(output);
}

void output_sent(struct output *output, struct obligation *obligation, uint32_t count)
{
    counter_add(&output->counters.sent, count);
    obligation_sent(obligation, count);
}

void output_failed(struct output *output, struct obligation *obligation, uint32_t event,
                   enum verdict verdict)
{
    assert(verdict != VERDICT_SENT);
    counter_add(verdict == VERDICT_DROPPED ? &output->counters.dropped
                                           : &output->counters.dead_lettered, 1);
    if (output->overflow) overflow_failed(output->overflow, obligation, event, verdict);
    obligation_failed(obligation, event, verdict);
}

static void rejected_settle(void *opaque, struct obligation *obligation, uint32_t event, enum verdict verdict)
{
    output_failed(opaque, obligation, event, verdict);
}

void output_reject(struct output *output, struct obligation *obligation, uint32_t event,
                   const struct dead_letter *letter)
{
    assert(letter->stage == DEAD_LETTER_OUTPUT);
    LOG(LOG_WARN, "output.rejected", output->id, "an event was refused and %s: %.*s: %.*s",
        output->dead_letters ? "goes to the dead letters" : "is dropped", STR_ARG(letter->reason),
        STR_ARG(letter->text));
    struct dead_letter_debt debt = {obligation, event, rejected_settle, output};
    if (output->dead_letters)
        dead_letters_take(output->dead_letters, letter, &debt);
    else
        output_failed(output, obligation, event, VERDICT_DROPPED);
}

/* ---- requests ---- */

static struct request *request_take(struct lane *lane)
{
    struct request *request = lane->spare;
    if (!request) return xcalloc(1, sizeof *request);
    lane->spare = request->next;
    lane->spare_count--;
    request->next = NULL;
    return request;
}

static void request_free(struct lane *lane, struct request *request)
{
    budget_release(lane->output->loop->budget, request->charged);
    buf_fini(&request->data);
    free(request->rows);
    free(request->ends);
    free(request);
}

/* Keeps a few requests of usual size for the next; gives larger ones back. */
static void request_give(struct lane *lane, struct request *request)
{
    if (lane->spare_count == LANE_SPARES_MAX || budget_is_over(lane->output->loop->budget) ||
        request->data.capacity > 4 * lane->request_bytes) {
        request_free(lane, request);
        return;
    }
    buf_clear(&request->data);
    request->row_count = request->events = request->attempts = 0;
    request->next = lane->spare;
    lane->spare = request;
    lane->spare_count++;
}

static void request_owe(struct request *request, struct obligation *obligation)
{
    request->events++;
    struct request_row *last = request->row_count ? &request->rows[request->row_count - 1] : NULL;
    if (last && last->obligation == obligation) {
        last->count++;
        return;
    }
    if (request->row_count == request->row_capacity) {
        request->row_capacity = request->row_capacity ? request->row_capacity * 2 : 16;
        request->rows = xreallocarray(request->rows, request->row_capacity, sizeof *request->rows);
    }
    request->rows[request->row_count++] = (struct request_row){obligation, 1};
}

static void request_mark(struct request *request)
{
    assert(request->data.len <= UINT32_MAX);
    if (request->events == request->end_capacity) {
        request->end_capacity = request->end_capacity ? request->end_capacity * 2 : 256;
        request->ends = xreallocarray(request->ends, request->end_capacity, sizeof *request->ends);
    }
    request->ends[request->events] = (uint32_t)request->data.len;
}

size_t request_whole(const struct request *request, size_t written)
{
    assert(written <= request->data.len && request->ends);
    uint32_t low = 0, high = request->events;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (request->ends[middle] <= written)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? request->ends[low - 1] : 0;
}

/* ---- lanes ---- */

void lane_init(struct lane *lane, struct output *output,
               void (*write)(void *opaque, struct request *request), void *opaque)
{
    *lane = (struct lane){
        .output = output, .write = write, .opaque = opaque, .bytes_max = LANE_BYTES_MAX, .request_bytes = REQUEST_BYTES,
        .retry_ms_max = RETRY_DELAY_MS_MAX};
    lane->last = &lane->first;
}

static void lane_seal(struct lane *lane)
{
    assert(lane->open && lane->open->events);
    *lane->last = lane->open;
    lane->last = &lane->open->next;
    lane->open = NULL;
}

static void lane_start(struct lane *lane)
{
    if (lane->in_flight || (lane->retry && uv_is_active((uv_handle_t *)lane->retry))) return;
    struct request *request = lane->first;
    if (!request) return;
    lane->first = request->next;
    if (!lane->first) lane->last = &lane->first;
    request->next = NULL;
    lane->in_flight = request;
    request->attempts++;
    counter_add(&lane->output->counters.requests, 1);
    lane->write(lane->opaque, request);
}

bool lane_append(struct lane *lane, const struct event *event, struct obligation *obligation)
{
    if (lane->bytes >= lane->bytes_max) return false;
    if (!lane->open) lane->open = request_take(lane);
    struct request *request = lane->open;
    struct codec *codec = lane->output->codec;
    size_t before = request->data.len;
    codec->type->encode(codec->self, event, &request->data);
    if (request->data.capacity > request->charged) {
        budget_charge(lane->output->loop->budget, request->data.capacity - request->charged);
        request->charged = request->data.capacity;
    }
    lane->bytes += request->data.len - before;
    request->last = before;
    if (lane->keeps_ends) request_mark(request);
    request_owe(request, obligation);
    if (request->data.len >= lane->request_bytes) {
        lane_seal(lane);
        lane_start(lane);
    }
    return true;
}

uint32_t lane_take(struct lane *lane, struct batch *batch, const struct selection *in,
                   struct obligation *obligation)
{
    uint32_t taken = 0;
    while (taken < in->count && lane_append(lane, batch->events[in->index[taken]], obligation))
        taken++;
    struct codec *codec = lane->output->codec;
    counter_add(&codec->encoded_events, taken);
    return taken;
}

void lane_turn(struct lane *lane)
{
    if (lane->open && !lane->in_flight && !lane->first) lane_seal(lane);
    lane_start(lane);
}

static void lane_retry_due(uv_timer_t *timer)
{
    struct lane *lane = timer->data;
    lane_start(lane);
}

static void lane_again(struct lane *lane, struct request *request)
{
    request->next = lane->first;
    lane->first = request;
    if (!request->next) lane->last = &request->next;
    counter_add(&lane->output->counters.retries, 1);
    if (!lane->retry) {
        lane->retry = xcalloc(1, sizeof *lane->retry);
        uv_timer_init(&lane->output->loop->uv, lane->retry);
        lane->retry->data = lane;
    }
    struct backoff pause = {RETRY_DELAY_MS_MIN, lane->retry_ms_max};
    uv_timer_start(lane->retry, lane_retry_due, backoff_delay(pause, request->attempts), 0);
}

static void lane_retry_closed(uv_handle_t *handle)
{
    struct lane *lane = handle->data;
    free(handle);
    lane->retry = NULL;
    lane->drained(lane->opaque);
}

static void lane_drain_check(struct lane *lane)
{
    if (!lane->is_closing || lane->in_flight || lane->first || lane->open) return;
    lane->is_closing = false;
    if (lane->retry)
        uv_close((uv_handle_t *)lane->retry, lane_retry_closed);
    else
        lane->drained(lane->opaque);
}

void lane_done(struct lane *lane, enum lane_result result)
{
    struct request *request = lane->in_flight;
    assert(request);
    lane->in_flight = NULL;
    if (result == LANE_RETRY) {
        lane_again(lane, request);
        return;
    }
    bool was_full = lane->bytes >= lane->bytes_max;
    assert(lane->bytes >= request->data.len);
    lane->bytes -= request->data.len;
    counter_add(&lane->output->counters.bytes, request->data.len);
    for (uint32_t i = 0; i < request->row_count; i++)
        output_sent(lane->output, request->rows[i].obligation, request->rows[i].count);
    request_give(lane, request);
    lane_turn(lane);
    if (was_full && lane->bytes < lane->bytes_max) output_ready(lane->output);
    lane_drain_check(lane);
}

void lane_close(struct lane *lane, void (*drained)(void *opaque))
{
    lane->is_closing = true;
    lane->drained = drained;
    lane_turn(lane);
    lane_drain_check(lane);
}

static void request_abandon(struct lane *lane, struct request *request)
{
    assert(lane->bytes >= request->data.len);
    lane->bytes -= request->data.len;
    for (uint32_t i = 0; i < request->row_count; i++)
        obligation_sent(request->rows[i].obligation, request->rows[i].count);
    request_give(lane, request);
}

void lane_abandon(struct lane *lane)
{
    assert(lane->drained);
    if (lane->in_flight) request_abandon(lane, lane->in_flight);
    if (lane->open) request_abandon(lane, lane->open);
    lane->in_flight = lane->open = NULL;
    while (lane->first) {
        struct request *request = lane->first;
        lane->first = request->next;
        request_abandon(lane, request);
    }
    lane->last = &lane->first;
    lane_drain_check(lane);
}

void lane_fini(struct lane *lane)
{
    assert(!lane->open && !lane->first && !lane->in_flight);
    while (lane->spare) {
        struct request *request = lane->spare;
        lane->spare = request->next;
        request_free(lane, request);
    }
    lane->spare_count = 0;
}
