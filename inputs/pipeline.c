/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline: takes the events that other pipelines of this process send to an address. They arrive as
 * they are, with @metadata; the common options are this input's. The sender is told of an event when
 * it is settled here. At the stop it goes on until its senders have drained and left. */
#include "core/delivery/bus.h"
#include "core/input.h"
#include "core/xmalloc.h"
#include <stdlib.h>

struct pipeline_input {
    struct str address;

    struct place place;
    struct input *host;
    struct bus_port *port;
};

/* What comes over one link: a stream of its own, with its own promise. */
struct pipeline_sender {
    struct pipeline_input *input;
    struct bus_link *link;
    struct stream stream;
};

static const struct option pipeline_options[] = {
    OPTION_STRING(struct pipeline_input, address, .required = true,
                  .help = "Where outputs of other pipelines send to; one input in the process has it."),
    OPTION_END};

static void pipeline_advance(void *opaque, uint64_t position)
{
    const struct pipeline_sender *sender = opaque;
    bus_settled(sender->link, position);
}

static const struct source_hooks pipeline_source = {.advance = pipeline_advance};

static void *pipeline_joined(void *opaque, struct bus_link *link)
{
    struct pipeline_input *self = opaque;
    struct pipeline_sender *sender = xcalloc(1, sizeof *sender);
    sender->input = self;
    sender->link = link;
    stream_open(&sender->stream, self->host, &pipeline_source, NULL, sender);
    counter_add(&self->host->counters.connections, 1);
    return sender;
}

/* Over its budget the worker pauses its inputs; but what lies in the rings is charged to it already,
 * and taking it is the way to give it back. */
static bool pipeline_may_take(void *opaque)
{
    const struct pipeline_input *self = opaque;
    return !input_is_paused(self->host) || budget_is_over(self->host->loop->budget);
}

static void pipeline_take(void *opaque, struct bus_parcel *parcel)
{
    struct pipeline_sender *sender = opaque;
    stream_adopt(&sender->stream, &parcel->arena, parcel->events, parcel->count);
}

static void pipeline_left(void *opaque)
{
    struct pipeline_sender *sender = opaque;
    counter_add(&sender->input->host->counters.connections, (uint64_t)-1);
    stream_close(&sender->stream);
    free(sender);
}

static void pipeline_closed(void *opaque)
{
    struct pipeline_input *self = opaque;
    self->port = NULL;
    input_stopped(self->host);
}

static const struct bus_port_hooks pipeline_port = {.joined = pipeline_joined,
                                                    .may_take = pipeline_may_take,
                                                    .take = pipeline_take,
                                                    .left = pipeline_left,
                                                    .closed = pipeline_closed};

static bool pipeline_create(void *opaque, const struct plugin_context *context)
{
    struct pipeline_input *self = opaque;
    self->place = context_place(context, "address");
    return true;
}

static int pipeline_start(void *opaque, struct input *host)
{
    struct pipeline_input *self = opaque;
    self->host = host;
    struct bus_port_options options = {.address = self->address,
                                       .worker = host->worker,
                                       .workers = host->workers,
                                       .batch_events_max = host->ingest->batch_events_max,
                                       .loop = host->loop,
                                       .hooks = &pipeline_port,
                                       .opaque = self};
    self->port = bus_port_open(&options);
    return self->port ? 0 : UV_EADDRINUSE;
}

static void pipeline_pause(void *opaque, bool paused)
{
    struct pipeline_input *self = opaque;
    if (!paused && self->port) bus_port_go_on(self->port);
}

static void pipeline_stop(void *opaque)
{
    const struct pipeline_input *self = opaque;
    bus_port_close(self->port);
}

static struct bus_ends pipeline_receives(const void *opaque)
{
    const struct pipeline_input *self = opaque;
    return (struct bus_ends){&self->address, 1, &self->place};
}

const struct input_type input_pipeline = {
    .name = "pipeline",
    .summary = "Takes events that other pipelines of this process send.",
    .size = sizeof(struct pipeline_input),
    .options = pipeline_options,
    .default_codec = "plain",
    .create = pipeline_create,
    .start = pipeline_start,
    .pause = pipeline_pause,
    .stop = pipeline_stop,
    .receives = pipeline_receives,
};
