/* SPDX-License-Identifier: Apache-2.0 */
/* dots: one `.` an event, to see that something flows. */
#include "core/plugin.h"

static const struct option options[] = {OPTION_END};

static void encode(void *self, const struct event *event, struct buf *out)
{
    (void)self, (void)event;
    buf_append_char(out, '.');
}

const struct codec_type codec_dots = {
    .name = "dots",
    .summary = "Writes a dot for each event.",
    .options = options,
    .encode = encode,
};
