/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one dead letter, and the event that is made of them again.
 *
 *   1 format version   1 stage   1 flags (1: an event follows)   8 time, nanoseconds since 1970, little-endian
 *   varint attempts    varint deaths
 *   texts (varint length, bytes): plugin, id, reason, text, hash of the configuration, original
 *   the event, by core/event/packed.h
 *
 * Everything read is hostile. Any thread; texts of a record are borrowed from its bytes. */
#ifndef CORE_DELIVERY_DEAD_LETTER_RECORD_H
#define CORE_DELIVERY_DEAD_LETTER_RECORD_H
#include "core/delivery/dead_letter.h"
#include "core/text/buf.h"

enum {
    DEAD_LETTER_FORMAT = 1,
    DEAD_LETTER_ORIGINAL_MAX = 1024 * 1024, /* bytes of `original` that are kept */
};

struct dead_letter_record {
    struct dead_letter letter; /* without the event */
    uint64_t time_ns;
    uint32_t deaths; /* how often this event has died, this time included */
    struct str hash; /* of the configuration it died in */
    struct str event; /* packed; empty: there are only bytes */
};

const char *dead_letter_stage_name(enum dead_letter_stage stage); /* codec, filter … */

void dead_letter_pack(struct buf *out, const struct dead_letter *letter, uint64_t time_ns, uint32_t deaths,
                      struct str hash);
/* False: these are no such bytes, or a newer version's. The event is looked at by dead_letter_event() alone. */
bool dead_letter_unpack(struct str bytes, struct dead_letter_record *record);

/* How often this event had died when it was read from dead letters; 0: never. */
uint32_t dead_letter_deaths(const struct event *event);
/* Fills a new event (event_init): as it was when it died, or its bytes in `message`; and tells of its death in
 * [@metadata][dead_letter_queue]. Texts are borrowed from the record. False: its bytes are damaged. */
bool dead_letter_event(const struct dead_letter_record *record, struct event *event);
/* The bytes as they were received: kept ones, else [event][original], else message; empty: not known. */
struct str dead_letter_original(const struct dead_letter_record *record, const struct event *event);

#endif
