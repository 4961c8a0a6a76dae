/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the queue, made smaller (queue.compression): what gathered while the disk was busy is compressed as one,
 * for what many senders say at once is alike, and a record that is alone gives little to compress.
 *
 *   records of version 1 ─ queue_pack() ─▶ one of version 2, or nothing: they are written as they are
 *   a payload of any version ─ queue_records_open() ─▶ records of version 1, one after the other
 *
 *   packed record   1  version, 2      varint  bytes of what follows when it is unpacked
 *                   a frame of zstd:  varint length, record of version 1 (queue_record.h); and again, to the end
 *
 * One for each queue: it has one context for either direction, made when the first record needs it (0.6 to 2 MiB to
 * pack, by level and record; 0.1 to unpack), and the memory of one record. Everything read is hostile: what says to be
 * larger than QUEUE_RAW_BYTES_MAX, or is not as large as it says, is refused before or while it is unpacked, and
 * nothing is written beyond what the caller has room for.
 * One thread at a time: the disk's. */
#ifndef CORE_QUEUE_QUEUE_PACK_H
#define CORE_QUEUE_QUEUE_PACK_H
#include "core/queue/queue_record.h"

/* queue.compression, in the order of its words. */
enum queue_compression { QUEUE_PLAIN, QUEUE_SPEED, QUEUE_BALANCED, QUEUE_SIZE };

enum {
    QUEUE_PACKED_VERSION = 2, /* the highest that is understood */
    QUEUE_PACK_BYTES = 128 * 1024,  /* records are put together until they are so long; a longer one is alone */
    QUEUE_PACK_RECORDS_MAX = 512,   /* in a packed one */
    QUEUE_RAW_BYTES_MAX = 16 * 1024 * 1024 + PACKED_VARINT_MAX, /* that one may have when it is unpacked */
};

struct queue_pack;

/* QUEUE_PLAIN: it only unpacks. */
struct queue_pack *queue_pack_create(enum queue_compression compression);
void queue_pack_destroy(struct queue_pack *pack); /* NULL: nothing */
bool queue_pack_is_on(const struct queue_pack *pack);

/* Records that lie one behind the other and end at `ends`, the first of them at `start`: the packed record of the
 * first `*count` of them, in memory that is valid until the next call. Empty: those `*count` would not be smaller, or
 * be larger than `most`. */
struct str queue_pack_records(struct queue_pack *pack, const char *bytes, uint32_t start, const uint32_t *ends,
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
bool queue_records_open(struct queue_pack *pack, struct str payload, char *to, struct queue_records *records);
bool queue_records_next(struct queue_records *records, struct str *record);

#endif
