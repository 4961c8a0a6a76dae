/* SPDX-License-Identifier: Apache-2.0 */
/* The families that a pipeline has as a whole: its books, dead letters, workers, memory, queue, expressions. */
#include "pipelines/metrics_part.h"
#include "pipelines/queue_stats.h"

static void pipeline_row(struct buf *out, const char *name, const struct pipeline *pipeline, double value)
{
    metrics_row(out, name, &(struct metrics_labels){.pipeline = pipeline->id}, value);
}

/* Both families of one look at the books: they balance on each page. */
void metrics_books(struct stats *stats, struct buf *out)
{
    struct buf in_flight = {0};
    metrics_family(out, "tailrace_events_total", "counter",
                   "received + created = delivered + filtered + dead_lettered + dropped + in flight");
    EACH_PIPELINE(stats, pipeline)
    {
        struct books_sum sum = pipeline_books(pipeline);
        const struct { const char *state; uint64_t n; } rows[] = {
            {"received", sum.received}, {"created", sum.created}, {"delivered", sum.delivered},
            {"filtered", sum.filtered}, {"dead_lettered", sum.dead_lettered}, {"dropped", sum.dropped}};
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct metrics_labels labels = {.pipeline = pipeline->id, .extra = "state", .extra_value = rows[i].state};
            metrics_row(out, "tailrace_events_total", &labels, (double)rows[i].n);
        }
        pipeline_row(&in_flight, "tailrace_events_in_flight", pipeline, (double)sum.in_flight);
    }
    metrics_family(out, "tailrace_events_in_flight", "gauge", "Events received or created and not settled yet");
    buf_append(out, buf_str(&in_flight));
    buf_fini(&in_flight);
}

/* Without a log of dead letters there is no row: 0 would say that none died. */
static void dead_letter_rows(struct stats *stats, const char *name, const char *type, const char *help, size_t offset,
                             struct buf *out)
{
    assert(offset % sizeof(uint64_t) == 0 && offset + sizeof(uint64_t) <= sizeof(struct dead_letters_sum));
    metrics_family(out, name, type, help);
    EACH_PIPELINE(stats, pipeline)
    {
        struct dead_letters_sum sum = pipeline_dead_letters(pipeline);
        uint64_t value;
        memcpy(&value, (const char *)&sum + offset, sizeof value);
        if (sum.is_on) pipeline_row(out, name, pipeline, (double)value);
    }
}

#define DEAD_LETTERS(member_) offsetof(struct dead_letters_sum, member_)
void metrics_dead_letters(struct stats *stats, struct buf *out)
{
    dead_letter_rows(stats, "tailrace_dead_letters_written_total", "counter", "Dead letters kept on disk",
                     DEAD_LETTERS(written), out);
    dead_letter_rows(stats, "tailrace_dead_letters_expired_total", "counter", "Dead letters deleted for their age",
                     DEAD_LETTERS(expired), out);
    dead_letter_rows(stats, "tailrace_dead_letters_evicted_total", "counter", "Dead letters deleted for newer ones",
                     DEAD_LETTERS(evicted), out);
    dead_letter_rows(stats, "tailrace_dead_letters_bytes", "gauge", "Bytes of dead letters on disk",
                     DEAD_LETTERS(bytes), out);
    metrics_family(out, "tailrace_dead_letters_dropped_total", "counter",
                   "Events that died and could not be kept, by reason");
    EACH_PIPELINE(stats, pipeline)
    {
        struct dead_letters_sum sum = pipeline_dead_letters(pipeline);
        for (int i = 0; sum.is_on && i < DEAD_LETTERS_LOSSES; i++)
            metrics_row(out, "tailrace_dead_letters_dropped_total",
                        &(struct metrics_labels){.pipeline = pipeline->id,
                                                 .extra = "reason",
                                                 .extra_value = dead_letters_loss_name((enum dead_letters_loss)i)},
                        (double)sum.dropped[i]);
    }
}

#define WORKER(member_) offsetof(struct worker_counters, member_)
void metrics_workers(struct stats *stats, struct buf *out)
{
    static const struct metrics_counter rows[] = {
        {"tailrace_batches_total", "counter", "Batches run", WORKER(batches), 1},
        {"tailrace_busy_seconds_total", "counter", "Time in filters and outputs", WORKER(busy_ns), 1e-9},
        {"tailrace_paused_seconds_total", "counter", "Time inputs were paused", WORKER(paused_ns), 1e-9},
        {"tailrace_paused", "gauge", "Workers whose inputs are paused now", WORKER(paused), 1},
        {"tailrace_queued_batches", "gauge", "Batches waiting at a full output", WORKER(queued), 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        metrics_family(out, rows[i].name, rows[i].type, rows[i].help);
        EACH_PIPELINE(stats, pipeline)
        {
            double sum = 0;
            for (uint32_t w = 0; w < pipeline->worker_count; w++)
                sum += (double)metrics_counter_at(worker_counters(pipeline->workers[w]), rows[i].offset);
            pipeline_row(out, rows[i].name, pipeline, sum * rows[i].scale);
        }
    }
    metrics_family(out, "tailrace_memory_bytes", "gauge", "Memory of a pipeline's events, charged to its budget");
    EACH_PIPELINE(stats, pipeline)
        pipeline_row(out, "tailrace_memory_bytes", pipeline, (double)budget_used(&pipeline->budget));
    metrics_family(out, "tailrace_memory_limit_bytes", "gauge", "Limit of that budget");
    EACH_PIPELINE(stats, pipeline)
        pipeline_row(out, "tailrace_memory_limit_bytes", pipeline, (double)pipeline->budget.limit);
}

#define QUEUE(member_) offsetof(struct queue_sum, member_)
void metrics_queues(struct stats *stats, struct buf *out)
{
    static const struct metrics_counter rows[] = {
        {"tailrace_queue_synced_events_total", "counter", "Frames made durable", QUEUE(synced_frames), 1},
        {"tailrace_queue_synced_bytes_total", "counter", "Bytes of them", QUEUE(synced_bytes), 1},
        {"tailrace_queue_stored_bytes_total", "counter", "What they took in the log", QUEUE(stored_bytes), 1},
        {"tailrace_queue_syncs_total", "counter", "Groups made durable", QUEUE(syncs), 1},
        {"tailrace_queue_sync_seconds_total", "counter", "Time that took", QUEUE(sync_ns), 1e-9},
        {"tailrace_queue_checkpoints_total", "counter", "Checkpoints of the queue", QUEUE(checkpoints), 1},
        {"tailrace_queue_gathered_events", "gauge", "Frames received and not durable yet", QUEUE(gathered_frames), 1},
        {"tailrace_queue_events", "gauge", "Frames in the queue that are not settled", QUEUE(waiting_frames), 1},
        {"tailrace_queue_bytes", "gauge", "Bytes of the queue on disk", QUEUE(bytes), 1},
        {"tailrace_queue_limit_bytes", "gauge", "Their limit, 0: none", QUEUE(bytes_max), 1},
        {"tailrace_queue_oldest_seconds", "gauge", "Age of the oldest that is being read", QUEUE(oldest_age_ms), 1e-3},
        {"tailrace_queue_full", "gauge", "Workers whose queue is full", QUEUE(is_full), 1},
        {"tailrace_queue_failing", "gauge", "Workers whose queue's disk refuses", QUEUE(is_failing), 1},
        {"tailrace_queue_errors_total", "counter", "Errors of the queue's disk", QUEUE(errors), 1},
        {"tailrace_queue_lost_records_total", "counter", "Records found damaged or missing", QUEUE(lost_records), 1},
        {"tailrace_queue_lost_bytes_total", "counter", "Their bytes", QUEUE(lost_bytes), 1},
        {"tailrace_queue_lost_events_total", "counter", "Their frames, as far as known", QUEUE(lost_frames), 1},
        {"tailrace_queue_orphaned_events_total", "counter", "Frames whose input is gone", QUEUE(orphan_frames), 1},
        {"tailrace_queue_blocked", "gauge", "Workers whose queue waits at such a frame", QUEUE(is_blocked), 1},
        {"tailrace_queue_folders_left", "gauge", "Queues of former workers", QUEUE(folders_left), 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        metrics_family(out, rows[i].name, rows[i].type, rows[i].help);
        EACH_PIPELINE(stats, pipeline)
        {
            struct queue_sum sum = queue_sum(pipeline);
            uint64_t value;
            memcpy(&value, (const char *)&sum + rows[i].offset, sizeof value);
            if (!sum.is_persisted) continue;
            pipeline_row(out, rows[i].name, pipeline, (double)value * rows[i].scale);
        }
    }
}

void metrics_expressions(struct stats *stats, struct buf *out)
{
    metrics_family(out, "tailrace_expression_failures_total", "counter",
                   "Expressions that could not be computed; the events are tagged _expression_failure");
    EACH_PIPELINE(stats, pipeline)
    {
        uint64_t sum = 0;
        for (uint32_t w = 0; w < pipeline->worker_count; w++)
            sum += program_failures(&worker_generation(pipeline->workers[w])->program);
        pipeline_row(out, "tailrace_expression_failures_total", pipeline, (double)sum);
    }
}
