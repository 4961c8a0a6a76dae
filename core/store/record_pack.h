/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a log on disk, made smaller: several are compressed as one, for what is written at once is alike, and a
 * record that is alone gives little to compress. Lists of up to RECORD_PACK_BYTES; a longer record is alone in one.
 *
 *   packed     1  kind, as the log tells its records apart
 *              varint  bytes of what follows when it is unpacked
 *              a frame of zstd:  varint length, record; and again, to the end
 *
 * Each log has one: a context for either direction, made when the first list needs it (0.6 to 2 MiB to pack, by level
 * and record; 0.1 to unpack), and the memory of one list. Everything read is hostile: what says to be larger than
 * RECORD_PACK_RAW_MAX, or is not as large as it says, is refused before or while it is unpacked, and nothing is
 * written beyond what the caller has room for.
 * One thread at a time: the disk's. varint, text: core/event/packed.h. */
#ifndef CORE_STORE_RECORD_PACK_H
#define CORE_STORE_RECORD_PACK_H
#include "core/event/packed.h"

enum compression { COMPRESS_NOTHING, COMPRESS_SPEED, COMPRESS_BALANCED, COMPRESS_SIZE };

enum {
    RECORD_PACK_BYTES = 128 * 1024,
    RECORD_PACK_RECORDS_MAX = 512,
    RECORD_PACK_RAW_MAX = 16 * 1024 * 1024 + PACKED_VARINT_MAX, /* of a list */
};

struct record_pack;

/* COMPRESS_NOTHING: it only unpacks. */
struct record_pack *record_pack_create(enum compression compression);
void record_pack_destroy(struct record_pack *pack); /* NULL: nothing */
bool record_pack_is_on(const struct record_pack *pack);
size_t record_pack_memory(const struct record_pack *pack); /* bytes that it holds now */
/* Gives its memory back, until it is needed again; what it lent out is gone. */
void record_pack_rest(struct record_pack *pack);

/* Forgets what was added; the next list is going to begin with `kind`. */
void record_pack_begin(struct record_pack *pack, char kind);
/* A copy of the record goes into the list. False: the list is full; never of the first. */
bool record_pack_add(struct record_pack *pack, struct str record);
/* The list, packed, in memory that is valid until the next begin. Empty: it would be longer than `most`. */
struct str record_pack_seal(struct record_pack *pack, size_t most);

/* How many bytes it needs when it is unpacked; false: it is no packed list. Its kind is the caller's to look at. */
bool record_pack_raw_bytes(struct str packed, size_t *bytes);
/* Unpacks into `to`, which has the raw bytes that were told; NULL: into memory that is valid until the next call of
 * this or record_pack_begin(). False: it is none, or has more records than there may be. */
bool record_pack_open(struct record_pack *pack, struct str packed, char *to, struct str *list);
/* The next of such a list. */
static inline bool record_list_next(struct str *list, struct str *record)
{
    return list->len && unpack_text(list, record);
}
uint32_t record_list_count(struct str list);

#endif
