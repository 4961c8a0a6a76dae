/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline: hands events to inputs of other pipelines of this process, a deep copy to each address,
 * @metadata included. An event is settled when it is at all of them; a full address parks this output.
 * An address that nobody listens at is waited for (ensure_delivery), or its events are dropped and
 * counted. What a receiver does with its copy is in the receiver's books. */
#include "core/delivery/bus.h"
#include <assert.h>
#include <stdlib.h>
#include "core/log.h"
#include "core/output.h"
#include "core/xmalloc.h"

enum {
    PIPELINE_POLL_MS = 10,    /* while full: a budget that falls below its limit says nothing */
    PIPELINE_SEEK_POLLS = 100, /* between two looks for a missing receiver: a second */
};

/* Events of one obligation that are settled together: when each address has settled as many as
 * `targets` says. */
struct pipeline_row {
    struct pipeline_row *next;
    struct obligation *obligation;
    uint32_t count;
    uint32_t event;  /* of the batch; for one that was dropped at an address */
    bool is_dropped;
    uint64_t targets[];
};

struct pipeline_output {
    struct str_list send_to;
    bool ensure_delivery;

    struct place *places; /* of the addresses */
    struct output *host;
    struct bus_link *links[BUS_ADDRESSES_MAX]; /* by address; NULL: nobody listens */
    uint32_t link_count;                       /* open, or not gone yet */
    struct pipeline_row *first, **last, *spare;
    uv_timer_t timer;
    uint32_t polls;
    bool is_full;    /* take() took fewer */
    bool is_stopping, is_leaving;
};

static const struct option pipeline_options[] = {
    OPTION_STRINGS(struct pipeline_output, send_to, .required = true,
                   .help = "Addresses of `pipeline` inputs; each gets a copy of every event."),
    OPTION_BOOL(struct pipeline_output, ensure_delivery, .preset = "true",
                .help = "Wait for an address that nobody listens at; else its events are dropped."),
    OPTION_END};

/* ---- rows ---- */

static struct pipeline_row *row_take(struct pipeline_output *self)
{
    struct pipeline_row *row = self->spare;
    if (row)
        self->spare = row->next;
    else
        row = xmalloc(sizeof *row + self->send_to.count * sizeof row->targets[0]);
    row->next = NULL;
    *self->last = row;
    self->last = &row->next;
    return row;
}

static bool row_is_settled(const struct pipeline_output *self, const struct pipeline_row *row)
{
    for (uint32_t i = 0; i < self->send_to.count; i++)
        if (self->links[i] && bus_link_settled(self->links[i]) < row->targets[i]) return false;
    return true;
}

static void rows_settle(struct pipeline_output *self)
{
    while (self->first && row_is_settled(self, self->first)) {
        struct pipeline_row *row = self->first;
        self->first = row->next;
        if (!self->first) self->last = &self->first;
        if (row->is_dropped)
            output_failed(self->host, row->obligation, row->event, VERDICT_DROPPED);
        else
            output_sent(self->host, row->obligation, row->count);
        row->next = self->spare;
        self->spare = row;
    }
}

/* ---- links ---- */

static void pipeline_end(struct pipeline_output *self);

static bool has_room(const struct pipeline_output *self)
{
    for (uint32_t i = 0; i < self->send_to.count; i++) {
        const struct bus_link *link = self->links[i];
        if (link ? !bus_link_has_room(link) : self->ensure_delivery) return false;
    }
    return true;
}

static void room_look(struct pipeline_output *self)
{
    if (!self->is_full || !has_room(self)) return;
    self->is_full = false;
    output_ready(self->host);
    loop_wake(self->host->loop);
}

static void pipeline_changed(void *opaque)
{
    struct pipeline_output *self = opaque;
    rows_settle(self);
    room_look(self);
    pipeline_end(self);
}

static void pipeline_gone(void *opaque)
{
    struct pipeline_output *self = opaque;
    self->link_count--;
    pipeline_end(self);
}

static const struct bus_link_hooks pipeline_link = {.changed = pipeline_changed,
                                                    .gone = pipeline_gone};

/* True: every address is served. */
static bool links_seek(struct pipeline_output *self)
{
    bool is_complete = true;
    for (uint32_t i = 0; i < self->send_to.count; i++) {
        if (self->links[i]) continue;
        struct str address = self->send_to.items[i];
        self->links[i] = bus_link_open(address, self->host->worker, self->host->loop, &pipeline_link, self);
        if (self->links[i]) {
            self->link_count++;
            continue;
        }
        is_complete = false;
        LOG(LOG_WARN, "pipeline.no_receiver", self->host->id,
            "nobody listens at `%.*s`: its events %s; start a pipeline with input { pipeline { address "
            "=> \"%.*s\" } }", STR_ARG(address), self->ensure_delivery ? "wait" : "are dropped",
            STR_ARG(address));
    }
    return is_complete;
}

static void pipeline_poll(uv_timer_t *timer)
{
    struct pipeline_output *self = timer->data;
    bool is_complete = true;
    for (uint32_t i = 0; i < self->send_to.count; i++) is_complete &= self->links[i] != NULL;
    if (!is_complete && ++self->polls % PIPELINE_SEEK_POLLS == 0) is_complete = links_seek(self);
    room_look(self);
    if (is_complete && !self->is_full) uv_timer_stop(timer);
}

static void poll_start(struct pipeline_output *self)
{
    if (!uv_is_active((uv_handle_t *)&self->timer))
        uv_timer_start(&self->timer, pipeline_poll, PIPELINE_POLL_MS, PIPELINE_POLL_MS);
}

/* ---- the host's calls ---- */

/* An address named twice gets one copy. */
static void addresses_unique(struct str_list *list, struct place *places)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        bool is_known = false;
        for (uint32_t k = 0; k < kept; k++) is_known |= str_eq(list->items[k], list->items[i]);
        if (is_known) continue;
        places[kept] = places[i];
        list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

static bool pipeline_create(void *opaque, const struct plugin_context *context)
{
    struct pipeline_output *self = opaque;
    self->places = arena_alloc(context->arena, (self->send_to.count + 1) * sizeof *self->places);
    for (uint32_t i = 0; i < self->send_to.count; i++) self->places[i] = context_item_place(context, "send_to", i);
    addresses_unique(&self->send_to, self->places);
    self->last = &self->first;
    if (self->send_to.count && self->send_to.count <= BUS_ADDRESSES_MAX) return true;
    diag_error(context->diag, context_place(context, "send_to"), "send_to has %u addresses: 1 to %d are possible",
               self->send_to.count, BUS_ADDRESSES_MAX);
    return false;
}

static int pipeline_start(void *opaque, struct output *host)
{
    struct pipeline_output *self = opaque;
    self->host = host;
    uv_timer_init(&host->loop->uv, &self->timer);
    self->timer.data = self;
    if (!links_seek(self)) poll_start(self);
    return 0;
}

/* To every address that is listened at; the row says what has to come back. */
static void event_send(struct pipeline_output *self, const struct event *event,
                       struct obligation *obligation, struct pipeline_row **open)
{
    bool is_dropped = false;
    for (uint32_t i = 0; i < self->send_to.count; i++) {
        is_dropped |= !self->links[i];
        if (self->links[i]) bus_link_add(self->links[i], event);
    }
    struct pipeline_row *row = is_dropped ? NULL : *open;
    if (!row) {
        row = row_take(self);
        row->obligation = obligation;
        row->count = 0;
    }
    *open = is_dropped ? NULL : row;
    row->is_dropped = is_dropped;
    row->event = event->index;
    row->count++;
    for (uint32_t i = 0; i < self->send_to.count; i++)
        row->targets[i] = self->links[i] ? bus_link_sent(self->links[i]) : 0;
}

static uint32_t pipeline_take(void *opaque, struct batch *batch, const struct selection *in,
                              struct obligation *obligation)
{
    struct pipeline_output *self = opaque;
    struct pipeline_row *open = NULL;
    uint32_t taken = 0;
    for (; taken < in->count && has_room(self); taken++)
        event_send(self, batch->events[in->index[taken]], obligation, &open);
    self->is_full = taken < in->count;
    if (self->is_full) poll_start(self);
    return taken;
}

static void pipeline_turn(void *opaque)
{
    struct pipeline_output *self = opaque;
    for (uint32_t i = 0; i < self->send_to.count; i++)
        if (self->links[i]) bus_link_flush(self->links[i]);
    rows_settle(self); /* what was dropped at all addresses */
}

static void pipeline_timer_closed(uv_handle_t *handle)
{
    const struct pipeline_output *self = handle->data;
    output_stopped(self->host);
}

/* One step towards the end whenever the step before is complete: settled, left, closed. */
static void pipeline_end(struct pipeline_output *self)
{
    if (!self->is_stopping || self->first) return;
    if (!self->is_leaving) {
        self->is_leaving = true;
        for (uint32_t i = 0; i < self->send_to.count; i++) {
            if (self->links[i]) bus_link_close(self->links[i]);
            self->links[i] = NULL;
        }
        uv_timer_stop(&self->timer);
    }
    if (self->link_count || uv_is_closing((uv_handle_t *)&self->timer)) return;
    uv_close((uv_handle_t *)&self->timer, pipeline_timer_closed);
}

static void pipeline_stop(void *opaque)
{
    struct pipeline_output *self = opaque;
    self->is_stopping = true;
    pipeline_turn(self);
    pipeline_end(self);
}

static void pipeline_destroy(void *opaque)
{
    struct pipeline_output *self = opaque;
    assert(!self->first);
    while (self->spare) {
        struct pipeline_row *row = self->spare;
        self->spare = row->next;
        free(row);
    }
}

static struct bus_ends pipeline_sends(const void *opaque)
{
    const struct pipeline_output *self = opaque;
    return (struct bus_ends){self->send_to.items, self->send_to.count, self->places};
}

const struct output_type output_pipeline = {
    .name = "pipeline",
    .summary = "Hands events to other pipelines of this process.",
    .size = sizeof(struct pipeline_output),
    .options = pipeline_options,
    .default_codec = "plain",
    .create = pipeline_create,
    .start = pipeline_start,
    .take = pipeline_take,
    .turn = pipeline_turn,
    .stop = pipeline_stop,
    .destroy = pipeline_destroy,
    .sends = pipeline_sends,
};
