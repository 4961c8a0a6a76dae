/* SPDX-License-Identifier: Apache-2.0 */
/* Records of logs on disk as texts, for `tailrace queue dump`. One thread. */
#ifndef PIPELINES_QUEUE_DUMP_H
#define PIPELINES_QUEUE_DUMP_H
#include "core/store/record_pack.h"
#include "core/store/spool/spool.h"

/* Is it the log of an output that spills? */
bool queue_is_spill(const struct spool *spool);
/* The events in one of its records, each as its number and a line of JSON, on standard output. False: it is none
 * that this version writes, and nothing was printed. */
bool queue_dump_spilled(struct record_pack *pack, const struct spool_record *record);
/* Likewise, without printing. */
bool queue_is_spilled(struct record_pack *pack, const struct spool_record *record);

#endif
