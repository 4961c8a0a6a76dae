/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/queue_stats.h"
#include <sys/statvfs.h>
#include <time.h>

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void add(struct queue_sum *sum, const struct queue_counters *counters)
{
    sum->synced_frames += counter_get(&counters->synced_frames);
    sum->synced_bytes += counter_get(&counters->synced_bytes);
    sum->stored_bytes += counter_get(&counters->stored_bytes);
    sum->syncs += counter_get(&counters->syncs);
    sum->sync_ns += counter_get(&counters->sync_ns);
    sum->checkpoints += counter_get(&counters->checkpoints);
    sum->gathered_frames += counter_get(&counters->gathered_frames);
    sum->waiting_frames += counter_get(&counters->waiting_frames);
    sum->bytes += counter_get(&counters->bytes);
    sum->bytes_max += counter_get(&counters->bytes_max);
    sum->is_full += counter_get(&counters->is_full);
    sum->is_failing += counter_get(&counters->is_failing);
    sum->errors += counter_get(&counters->errors);
    sum->lost_records += counter_get(&counters->lost_records);
    sum->lost_bytes += counter_get(&counters->lost_bytes);
    sum->lost_frames += counter_get(&counters->lost_frames);
    sum->orphan_frames += counter_get(&counters->orphan_frames);
    sum->is_blocked += counter_get(&counters->is_blocked);
    sum->folders_left += counter_get(&counters->folders_left);
    uint64_t oldest = counter_get(&counters->oldest_ms), now = now_ms();
    if (oldest && now > oldest && now - oldest > sum->oldest_age_ms) sum->oldest_age_ms = now - oldest;
}

struct queue_sum queue_sum(const struct pipeline *pipeline)
{
    struct queue_sum sum = {0};
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        const struct queue_counters *counters = worker_queue(pipeline->workers[i]);
        if (!counters) continue;
        sum.is_persisted = true;
        add(&sum, counters);
    }
    return sum;
}

static void put(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *capacity_of(const struct pipeline *pipeline, const struct queue_sum *sum)
{
    json_t *capacity = json_object();
    put(capacity, "page_capacity_in_bytes", (uint64_t)pipeline->settings.queue_page_capacity.bytes);
    put(capacity, "max_queue_size_in_bytes", sum->bytes_max);
    put(capacity, "max_unread_events", (uint64_t)pipeline->settings.queue_max_events);
    put(capacity, "queue_size_in_bytes", sum->bytes);
    return capacity;
}

static json_t *data_of(const struct pipeline *pipeline)
{
    json_t *data = json_object();
    struct statvfs disk;
    bool is_known = statvfs(pipeline->queue.folder, &disk) == 0;
    json_object_set_new(data, "path", json_string(pipeline->queue.folder));
    put(data, "free_space_in_bytes", is_known ? (uint64_t)disk.f_bavail * disk.f_frsize : 0);
    return data;
}

/* Tailrace's own numbers. */
static json_t *own_of(const struct queue_sum *sum)
{
    json_t *own = json_object();
    put(own, "synced_events", sum->synced_frames);
    put(own, "gathered_events", sum->gathered_frames);
    put(own, "syncs", sum->syncs);
    put(own, "sync_time_in_millis", sum->sync_ns / 1000000);
    put(own, "checkpoints", sum->checkpoints);
    put(own, "oldest_age_in_millis", sum->oldest_age_ms);
    put(own, "full_workers", sum->is_full);
    put(own, "failing_workers", sum->is_failing);
    put(own, "errors", sum->errors);
    put(own, "lost_records", sum->lost_records);
    put(own, "lost_events", sum->lost_frames);
    put(own, "orphaned_events", sum->orphan_frames);
    put(own, "blocked_workers", sum->is_blocked);
    put(own, "folders_left", sum->folders_left);
    return own;
}

json_t *queue_stats(const struct pipeline *pipeline)
{
    struct queue_sum sum = queue_sum(pipeline);
    json_t *queue = json_object();
    json_object_set_new(queue, "type", json_string(sum.is_persisted ? "persisted" : "memory"));
    put(queue, "events_count", sum.waiting_frames);
    put(queue, "queue_size_in_bytes", sum.bytes);
    put(queue, "max_queue_size_in_bytes", sum.bytes_max);
    if (!sum.is_persisted) return queue;
    put(queue, "events", sum.waiting_frames);
    json_object_set_new(queue, "capacity", capacity_of(pipeline, &sum));
    json_object_set_new(queue, "data", data_of(pipeline));
    json_object_set_new(queue, "log", own_of(&sum));
    return queue;
}
