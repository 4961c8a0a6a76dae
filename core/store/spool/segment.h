/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a log: their names, their list, making and deleting them. Of the spool alone; disk thread. */
#ifndef CORE_STORE_SPOOL_SEGMENT_H
#define CORE_STORE_SPOOL_SEGMENT_H
#include "core/store/spool/spool.h"

#define SEGMENT_TEMPORARY "segment.tmp"

enum spool_name { SPOOL_NAME_SEGMENT, SPOOL_NAME_CHECKPOINT, SPOOL_NAME_TEMPORARY, SPOOL_NAME_FOREIGN };
/* What a file of the folder is; of a segment its first sequence number, too. */
enum spool_name spool_name_kind(const char *name, uint64_t *first);

void spool_path(const struct spool *spool, const char *name, char path[SPOOL_PATH_MAX]);
void segment_path(const struct spool *spool, uint64_t first, char path[SPOOL_PATH_MAX]);

/* Adds to the list, whose order the caller sees to. */
void segment_add(struct spool *spool, uint64_t first, uint64_t bytes);
/* How many segments begin at or before this number. */
uint32_t segment_rank(const struct spool *spool, uint64_t sequence);
/* Behind the last number that the segment which begins with `first` may hold. */
uint64_t segment_bound(const struct spool *spool, uint64_t first);

/* A new file whose first record will be `spool->synced + 1`, durable with its name, becomes the active one. */
int segment_make(struct spool *spool);
/* The active one is complete: gives back the room that it does not need. What goes wrong costs only room. */
void segment_seal(struct spool *spool);
/* The disk did not sync the active one: nothing is written to it any more. */
void segment_abandon(struct spool *spool);
/* The number up to which every cursor is done; 0 without a cursor: nobody has said what is not needed. */
uint64_t segment_done(const struct spool *spool);
/* Deletes the oldest segments whose records are all numbered up to `done`. */
int segment_trim(struct spool *spool, uint64_t done);

#endif
