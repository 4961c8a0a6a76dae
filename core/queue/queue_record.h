/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a record of the queue on disk: frames of one sender that came together, as the codec is going
 * to get them. Who sent them is written once for all of them.
 *
 *   record   1  version, 1
 *            varint  number of its first frame; frames are numbered from 1 on, for the life of the folder
 *            varint seconds, varint nanoseconds: when they came
 *            text type, text id of the input
 *            text  their origin: a packed event with what the sender adds to each of its events, or nothing
 *            then frames, to the end
 *   frame    varint  length * 2, plus 1: it has tags      [varint  count, texts: its tags]      bytes
 *
 * Several of them may lie in one record of the log, packed: version 2, queue_pack.h.
 *
 * text, varint and packed events: core/event/packed.h. The log's checksums are checked before; reading
 * takes any bytes all the same. One thread at a time. */
#ifndef CORE_QUEUE_QUEUE_RECORD_H
#define CORE_QUEUE_QUEUE_RECORD_H
#include "core/event/packed.h"

enum {
    QUEUE_RECORD_VERSION = 1,
    QUEUE_TAGS_MAX = 8, /* of one frame */
};

struct queue_head {
    uint64_t first;        /* number of the first frame */
    struct value arrival;  /* VALUE_TIME */
    struct str type, id;   /* of the input */
    struct str origin;     /* packed; empty: nothing is added */
};

struct queue_frame {
    struct str bytes;
    struct str tags[QUEUE_TAGS_MAX];
    uint32_t tag_count;
};

enum queue_next { QUEUE_NEXT_FRAME, QUEUE_NEXT_END, QUEUE_NEXT_BAD };

void queue_record_begin(struct buf *out, const struct queue_head *head);
/* Empty tags are none; those beyond QUEUE_TAGS_MAX are left out. */
void queue_record_frame(struct buf *out, struct str bytes, const struct str *tags, uint32_t tag_count);
/* Most bytes that a frame may take beside its own. */
size_t queue_frame_overhead(const struct str *tags, uint32_t tag_count);

/* Takes the head off the front of `record`: its frames are left. False: it is no such record. All texts are
 * borrowed from the bytes. */
bool queue_record_open(struct str *record, struct queue_head *head);
enum queue_next queue_record_next(struct str *frames, struct queue_frame *frame);
/* How many whole frames there are. */
uint64_t queue_record_count(struct str frames);

#endif
