/* SPDX-License-Identifier: Apache-2.0 */
/* What decoder_event() (core/plugin.h) works on: one frame being decoded for a stream. Only the
 * input host and tests look inside. */
#ifndef CORE_DECODER_H
#define CORE_DECODER_H
#include "core/input.h"

struct decoder {
    struct stream *stream;
    const struct str *tags; /* for every event of the frame; empty ones are none */
    uint32_t tag_count;
    struct str frame;    /* what is decoded */
    struct event *event; /* given out, not decorated yet */
    const char *problem; /* of the event that is given out next; then of `event`; NULL: none */
    const char *event_problem;
    uint32_t events;     /* finished */
};

#endif
