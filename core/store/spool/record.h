/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a segment, without any I/O. Numbers are little-endian.
 *
 *   segment   64  two equal headers of 32 bytes, then records without gaps, then zeros or nothing
 *   header     4  "TRLS"         2  format version    2  zero      8  sequence number of the first record
 *              8  salt           4  longest payload   4  CRC-32C of the 28 bytes before
 *   record     4  CRC-32C, seeded by the salt, of all that follows
 *              4  bit 31: first of a group; bit 30: a run; length of what follows the sequence number
 *              8  sequence number    of a run  2  numbers it has, from that one on    1..  payload
 *
 * The salt is new for each process that writes: bytes that a file system gives back from another file, or
 * that a sender makes look like a record, have another checksum. Everything read is hostile. Any thread. */
#ifndef CORE_STORE_SPOOL_RECORD_H
#define CORE_STORE_SPOOL_RECORD_H
#include <stdbool.h>
#include <stdint.h>
#include "core/text/str.h"

enum {
    SPOOL_FORMAT = 1, /* the first 32 bytes of a header keep their meaning in all formats */
    SPOOL_FORMAT_RUNS = 2, /* the same, and there may be runs */
    SPOOL_HEADER_BYTES = 32,
    SPOOL_HEADERS_BYTES = 2 * SPOOL_HEADER_BYTES, /* where the records begin */
    SPOOL_RECORD_HEAD_BYTES = 16,
    SPOOL_RUN_HEAD_BYTES = 2,
    SPOOL_RUN_MAX = 512,       /* numbers of one run */
    SPOOL_RECORD_BYTES_MAX = 64 * 1024 * 1024, /* of a payload, whatever a caller or a header says */
};
#define SPOOL_SEQUENCE_MAX (UINT64_MAX / 2) /* higher numbers are no numbers: there is always a next one */
#define SPOOL_GROUP_FIRST 0x80000000u /* bits of the length */
#define SPOOL_RUN 0x40000000u

static inline size_t spool_record_size(size_t payload_bytes) { return SPOOL_RECORD_HEAD_BYTES + payload_bytes; }

struct spool_header {
    uint16_t format;
    uint64_t first; /* sequence number of its first record */
    uint64_t salt;
    uint32_t payload_max;
};

enum spool_header_state { SPOOL_HEADER_GOOD, SPOOL_HEADER_BAD, SPOOL_HEADER_NEWER };

void spool_headers_put(char to[SPOOL_HEADERS_BYTES], const struct spool_header *header);
/* By whichever of the two is whole. NEWER: only `format` is to be relied on. */
enum spool_header_state spool_headers_get(const char from[SPOOL_HEADERS_BYTES], struct spool_header *header);
uint32_t spool_seed(uint64_t salt); /* of the records' checksums */

struct spool_record {
    uint64_t sequence;  /* of a run: the first of its numbers */
    uint32_t numbers;   /* 1; more: it is a run */
    size_t size;        /* of all of it, in its file */
    struct str payload;
    bool is_group_first;
};

static inline uint64_t spool_record_last(const struct spool_record *record)
{
    return record->sequence + record->numbers - 1;
}

/* Where the payload of a record begins that has so many numbers. */
static inline size_t spool_payload_at(uint32_t numbers)
{
    return SPOOL_RECORD_HEAD_BYTES + (numbers > 1 ? SPOOL_RUN_HEAD_BYTES : 0);
}

/* Writes the head in front of `len` bytes of payload, which are there already at to + spool_payload_at(numbers). */
void spool_record_put(char *to, uint32_t seed, uint64_t sequence, uint32_t numbers, uint32_t len, bool is_group_first);
/* What the head alone says; false: no record of up to `payload_max` bytes begins like this. *len: of all that
 * follows it. */
bool spool_record_head(const char head[SPOOL_RECORD_HEAD_BYTES], uint32_t payload_max, uint32_t *len,
                       uint64_t *sequence);
/* The record whose head was accepted and whose `len` bytes follow: is its checksum right? */
bool spool_record_check(const char *from, uint32_t seed, uint32_t len, struct spool_record *record);

/* ---- what is missing ---- */

enum spool_loss_kind {
    SPOOL_LOSS_NONE,
    SPOOL_LOSS_TORN,    /* the end of the last segment: no sync had answered for it */
    SPOOL_LOSS_DAMAGED, /* bytes were changed after they had been synced */
    SPOOL_LOSS_HEADER,  /* both headers of a segment: none of its records can be checked */
    SPOOL_LOSS_MISSING, /* a segment, or its end, is not there */
};
/* A word for people, of any but NONE: `damaged`. */
const char *spool_loss_word(enum spool_loss_kind kind);

struct spool_loss {
    enum spool_loss_kind kind;
    uint64_t segment;     /* in its name; of MISSING the one before, 0: there is none */
    uint64_t offset;      /* in that file, of the first bad byte */
    uint64_t bytes;       /* that are not readable; MISSING: 0 */
    uint64_t first, last; /* sequence numbers; of TORN `last` is the highest that was recognized, and may be less
                             than `first`: nothing was */
};

#endif
