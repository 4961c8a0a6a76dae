/* SPDX-License-Identifier: Apache-2.0 */
/* Records of logs on disk as texts, for `tailrace queue dump`. One thread. */
#ifndef PIPELINES_QUEUE_DUMP_H
#define PIPELINES_QUEUE_DUMP_H
#include "core/store/spool/spool.h"

/* Is it the log of an output that spills? */
bool queue_is_spill(const struct spool *spool);
/* The event in one of its records as a line of JSON, on standard output. False: there is none. */
bool queue_dump_event(struct str payload);

#endif
