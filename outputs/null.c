/* SPDX-License-Identifier: Apache-2.0 */
/* null: settles every event at once and keeps none. For measuring, and for what is routed to
 * nowhere on purpose. */
#include "core/output.h"

struct null_output { struct output *host; };

static const struct option null_options[] = {OPTION_END};

static int null_start(void *opaque, struct output *host)
{
    struct null_output *self = opaque;
    self->host = host;
    return 0;
}

static uint32_t null_take(void *opaque, struct batch *batch, const struct selection *in,
                          struct obligation *obligation)
{
    const struct null_output *self = opaque;
    (void)batch;
    if (in->count) output_sent(self->host, obligation, in->count);
    return in->count;
}

static void null_stop(void *opaque)
{
    const struct null_output *self = opaque;
    output_stopped(self->host);
}

const struct output_type output_null = {
    .name = "null",
    .summary = "Discards events.",
    .size = sizeof(struct null_output),
    .options = null_options,
    .default_codec = "plain",
    .start = null_start,
    .take = null_take,
    .stop = null_stop,
};
