/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a pipeline's queue on disk, for the API and /metrics: sums over its workers. Control thread. */
#ifndef PIPELINES_QUEUE_STATS_H
#define PIPELINES_QUEUE_STATS_H
#include <jansson.h>
#include "pipelines/pipeline.h"

/* As struct queue_counters (core/queue/replay.h). */
struct queue_sum {
    bool is_persisted;
    uint64_t synced_frames, synced_bytes, stored_bytes, syncs, sync_ns, checkpoints;
    uint64_t gathered_frames, waiting_frames, bytes, bytes_max;
    uint64_t oldest_age_ms; /* of the oldest that is being read; 0: nothing waits */
    uint64_t is_full, is_failing, errors;
    uint64_t lost_records, lost_bytes, lost_frames, orphan_frames, is_blocked, folders_left;
};

struct queue_sum queue_sum(const struct pipeline *pipeline);
/* The object `queue` of Logstash's API. */
json_t *queue_stats(const struct pipeline *pipeline);

#endif
