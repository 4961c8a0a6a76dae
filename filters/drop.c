/* SPDX-License-Identifier: Apache-2.0 */
/* drop: cancels events, all or a percentage of them. */
#include <stdlib.h>
#include "core/plugin.h"

struct drop {
    double percentage;
    struct random_data random; /* of this instance: no lock, no state shared */
    char state[64];
};

static const struct option drop_options[] = {
    OPTION_DOUBLE(struct drop, percentage, .preset = "100", .min = 0, .max = 100,
                  .help = "How many of the events are dropped, in percent."),
    OPTION_END
};

static bool drop_create(void *opaque, const struct plugin_context *context)
{
    struct drop *self = opaque;
    struct value now = event_now();
    unsigned seed = now.len ^ (unsigned)now.seconds ^ context->worker << 24;
    initstate_r(seed, self->state, sizeof self->state, &self->random);
    return true;
}

static bool drop_wanted(struct drop *self)
{
    int32_t drawn;
    if (self->percentage >= 100) return true;
    random_r(&self->random, &drawn);
    return drawn < self->percentage / 100 * ((double)RAND_MAX + 1);
}

static void drop_apply(void *self, struct batch *batch, const struct selection *in,
                       struct outcome *out)
{
    SELECTION_EACH(batch, in, event)
        if (drop_wanted(self)) outcome_cancelled(out, event);
}

static void drop_fields(const void *opaque, struct field_set *fields)
{
    const struct drop *self = opaque;
    if (self->percentage >= 100) fields_cancel(fields);
}

const struct filter_type filter_drop = {
    .name = "drop",
    .summary = "Drops events.",
    .size = sizeof(struct drop),
    .options = drop_options,
    .create = drop_create,
    .apply = drop_apply,
    .fields = drop_fields,
};
