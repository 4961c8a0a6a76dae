/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the queue, made smaller (queue.compression): what gathered while the disk was busy is packed as one
 * (core/store/record_pack.h, where the limits are).
 *
 *   records of version 1 ─ queue_pack_records() ─▶ one of version 2, or nothing: they are written as they are
 *   a payload of any version ─ queue_records_open() ─▶ records of version 1, one after the other
 *
 *   packed record   1  version, 2      the packed list of records of version 1 (queue_record.h)
 *
 * One thread at a time: the disk's. */
#ifndef CORE_QUEUE_QUEUE_PACK_H
#define CORE_QUEUE_QUEUE_PACK_H
#include "core/queue/queue_record.h"
#include "core/store/record_pack.h"

enum { QUEUE_PACKED_VERSION = 2 }; /* the highest that is understood */

/* Records that lie one behind the other and end at `ends`, the first of them at `start`: the packed record of the
 * first `*count` of them, in memory that is valid until the next call. Empty: those `*count` would not be smaller, or
 * be larger than `most`. */
struct str queue_pack_records(struct record_pack *pack, const char *bytes, uint32_t start, const uint32_t *ends,
                              uint32_t records, size_t most, uint32_t *count);

enum queue_form {
    QUEUE_FORM_PLAIN,  /* a record of version 1 */
    QUEUE_FORM_PACKED,
    QUEUE_FORM_NEWER,  /* of a version that is not known yet */
    QUEUE_FORM_BAD,
};
/* What the payload says it is; PACKED: how many bytes it needs when it is unpacked. */
enum queue_form queue_form_of(struct str payload, size_t *raw_bytes);

/* The records of a payload. */
struct queue_records {
    struct str rest;
    bool is_list; /* it was packed */
};
/* Unpacks into `to`, which has the raw bytes that were told; NULL: into memory that is valid until the next
 * call. False: it is no record, or a newer one, or more records than there may be. */
bool queue_records_open(struct record_pack *pack, struct str payload, char *to, struct queue_records *records);
bool queue_records_next(struct queue_records *records, struct str *record);

#endif
