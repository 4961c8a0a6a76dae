/* SPDX-License-Identifier: Apache-2.0 */
/* The events of the input beats: a shipper's JSON object becomes an event, its `message` (or `line`) read by the
 * input's codec. It is a codec itself, which the input's streams decode with, so that a frame is one event's
 * JSON:
 *
 *   {"message": "a b", "@metadata": …, "agent": …} ──▶ codec reads "a b" ──▶ event
 *                                                └─▶ the other fields, merged into it by
 *                                                    beats_event_decorate() (of the stream's decorate())
 *
 * An object without such a text is the event. One worker's thread; what is kept from decode() to decorate()
 * belongs to the frame at hand. */
#ifndef CORE_BEATS_EVENT_H
#define CORE_BEATS_EVENT_H
#include "core/plugin.h"

struct beats_event {
    struct codec codec;  /* for stream.codec */
    struct codec *inner; /* the input's */
    bool has_tags;       /* events tell how they were read */
    bool copies_hostname; /* [beat][hostname] to [host], as old shippers' users want it */
    /* not options */
    struct str codec_tag;
    struct path hostname, host;
    bool is_plain;          /* the codec makes one event of each text */
    const struct map *rest; /* of the frame at hand; NULL: the object is the event */
    struct str tag;
};

/* has_tags and copies_hostname are set. False: this codec cannot be used (said at the option). */
bool beats_event_create(struct beats_event *self, const struct plugin_context *context);
void beats_event_decorate(struct beats_event *self, struct event *event);

#endif
