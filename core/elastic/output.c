/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's life: start, take, stop. */
#include "core/elastic/elastic.h"
#include "core/elastic/setup.h"

static const struct delivery_hooks hooks = {.send = flight_send, .cancel = flight_cancel, .restore = action_restore};

static struct backoff backoff_between(struct duration least, struct duration most)
{
    struct backoff backoff = {(uint64_t)least.ns / 1000000, (uint64_t)most.ns / 1000000};
    if (backoff.most_ms < backoff.least_ms) backoff.most_ms = backoff.least_ms;
    return backoff;
}

/* All workers together: a quarter of the pipeline's memory. */
static size_t held_max(const struct output *host)
{
    assert(host->workers);
    size_t part = host->loop->budget->limit / 4 / host->workers;
    return part && part < DELIVERY_HELD_MAX ? part : DELIVERY_HELD_MAX;
}

int elastic_start(void *opaque, struct output *host)
{
    struct elastic *self = opaque;
    const struct elastic_options *options = &self->options;
    self->output = host;
    int status = http_client_open(&self->client, host->loop, &self->http);
    if (status) return status;
    delivery_init(&self->delivery, host,
                  &(struct delivery_options){
                      .events_max = (uint32_t)options->batch_events,
                      .bytes_max = (size_t)options->batch_bytes.bytes,
                      .wait_ms = (uint64_t)options->batch_wait.ns / 1000000,
                      .held_max = held_max(host),
                      .endpoints = self->hosts.count,
                      .requests_max = (uint32_t)options->requests_max,
                      .failures_max = BREAKER_FAILURES_MAX,
                      .is_ordered = options->ordered,
                      .again = backoff_between(options->retry_initial_interval, options->retry_max_interval),
                      .alone = backoff_between(options->resurrect_delay, options->retry_max_interval),
                      .events_per_second = (double)options->rate_limit_events / host->workers,
                      .bytes_per_second = (double)options->rate_limit_bytes.bytes / host->workers},
                  &hooks, self);
    self->setup = setup_begin(self);
    return 0;
}

static void reject(struct elastic *self, const struct event *event, struct obligation *obligation, const char *problem)
{
    struct dead_letter letter = {.stage = DEAD_LETTER_OUTPUT,
                                 .plugin = str_of(self->output->type->name),
                                 .id = self->output->id,
                                 .reason = STR("action"),
                                 .text = str_of(problem),
                                 .event = event};
    output_reject(self->output, obligation, event->index, &letter);
}

uint32_t elastic_take(void *opaque, struct batch *batch, const struct selection *in, struct obligation *obligation)
{
    struct elastic *self = opaque;
    uint32_t taken = 0;
    self->has_refused = self->waits_for_alias;
    if (self->waits_for_alias) return 0;
    for (; taken < in->count; taken++) {
        struct parcel *parcel = delivery_room(&self->delivery);
        if (!parcel) break;
        const struct event *event = batch->events[in->index[taken]];
        struct parcel_item item = {.obligation = obligation, .event = event->index};
        size_t before = parcel->data.len;
        const char *problem = action_append(self, event, parcel, &item);
        if (problem) {
            buf_truncate(&parcel->data, before);
            reject(self, event, obligation, problem);
        } else {
            delivery_add(&self->delivery, &item);
        }
    }
    return taken;
}

void elastic_turn(void *opaque)
{
    struct elastic *self = opaque;
    delivery_turn(&self->delivery);
}

/* ---- stopping: what is held, the setup, the connections ---- */

static void client_closed(void *opaque)
{
    struct elastic *self = opaque;
    output_stopped(self->output);
}

static void setup_closed(void *opaque)
{
    struct elastic *self = opaque;
    self->setup = NULL;
    flights_free(self);
    delivery_fini(&self->delivery);
    http_client_close(self->client, client_closed, self);
}

static void drained(void *opaque)
{
    struct elastic *self = opaque;
    setup_close(self->setup, setup_closed);
}

void elastic_stop(void *opaque)
{
    struct elastic *self = opaque;
    delivery_close(&self->delivery, drained);
}

void elastic_abandon(void *opaque)
{
    struct elastic *self = opaque;
    delivery_abandon(&self->delivery);
}

void elastic_destroy(void *opaque)
{
    struct elastic *self = opaque;
    buf_fini(&self->index_text);
    buf_fini(&self->id_text);
    buf_fini(&self->line);
    buf_fini(&self->last_id);
    buf_fini(&self->last_index);
}
