/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include "core/log.h"
#include "core/queue/queue_part.h"
#include "core/queue/queue_words.h"
#include "core/store/gone_workers.h"
#include "core/xmalloc.h"

typedef unsigned long long number;

/* ---- opening ---- */

static int log_open(struct queue *queue, struct queue_log *log, uint32_t worker, bool is_own)
{
    char folder[SPOOL_FOLDER_MAX];
    int len = snprintf(folder, sizeof folder, "%s/%u", queue->options.folder, worker);
    struct spool_options options = queue->options.log;
    struct spool_report report = {0};
    options.folder = folder;
    int error = len < (int)sizeof folder ? file_folders_make(queue->options.files, folder) : -ENAMETOOLONG;
    if (error) {
        LOG(LOG_ERROR, "queue.folder", queue->options.pipeline,
            "the queue's folder %s cannot be made: %s; give another with path.queue", queue->options.folder,
            uv_strerror(error));
        return error;
    }
    error = queue_log_open(log, &options, queue->options.files, queue->pack, &report);
    if (error) {
        queue_say_refused(queue->options.pipeline, folder, error, &report);
        return error;
    }
    queue_say_found(queue->options.pipeline, folder, &report);
    if (log->frames_at_open)
        LOG(LOG_INFO, "queue.found", queue->options.pipeline, "%s: %llu events wait in the queue%s", folder,
            (number)log->frames_at_open, is_own ? "" : " of a worker that is no more; they come first");
    return 0;
}

void queue_left_open(struct queue *queue)
{
    while (queue->folder_next < queue->folder_count && !queue->left.is_open)
        log_open(queue, &queue->left, queue->folders[queue->folder_next++], false);
}

static void waiting_count(struct queue *queue, const struct queue_log *log)
{
    if (log->is_open) counter_add(&queue->counters->waiting_frames, log->frames_at_open);
}

void queue_left_tell(struct queue *queue)
{
    waiting_count(queue, &queue->left);
    counter_put(&queue->counters->folders_left, queue->folder_count - queue->folder_next + queue->left.is_open);
}

static void left_find(struct queue *queue)
{
    const struct queue_options *options = &queue->options;
    queue->folders = xcalloc(QUEUE_FOLDERS_MAX, sizeof *queue->folders);
    queue->folder_count = gone_workers(options->files, options->folder, options->worker, options->workers,
                                       queue->folders, QUEUE_FOLDERS_MAX);
    queue_left_open(queue);
}

static void tick(uv_timer_t *timer)
{
    struct queue *queue = timer->data;
    queue->is_due = true; /* the turn that follows looks */
}

struct queue *queue_open(const struct queue_options *options, struct ingest *batches, struct disk *disk,
                         struct input *const *inputs, uint32_t input_count)
{
    struct queue *queue = xcalloc(1, sizeof *queue);
    queue->options = *options;
    queue->disk = disk;
    queue->loop = batches->loop;
    queue->counters = options->counters;
    queue->pack = record_pack_create(options->compression);
    if (log_open(queue, &queue->own, options->worker, true)) {
        record_pack_destroy(queue->pack);
        free(queue);
        return NULL;
    }
    left_find(queue);
    waiting_count(queue, &queue->own);
    queue_left_tell(queue);
    counter_put(&queue->counters->bytes_max, options->log.bytes_max == INT64_MAX ? 0 : options->log.bytes_max);
    queue->capture = (struct ingest){.loop = queue->loop, .batch_events_max = batches->batch_events_max,
                                     .gather = &queue->gather};
    gather_init(&queue->gather, &queue->capture, part_of_memory(queue, QUEUE_GATHER_BYTES),
                options->log.payload_max, queue->own.next_frame);
    replay_init(&queue->replay, batches, inputs, input_count, options->pipeline, queue->counters);
    queue->has_more = true;
    uv_timer_init(&queue->loop->uv, &queue->tick);
    queue->tick.data = queue;
    uv_timer_start(&queue->tick, tick, QUEUE_TICK_MS, QUEUE_TICK_MS);
    return queue;
}

void queue_destroy(struct queue *queue)
{
    assert(!queue->is_busy);
    struct chunk_pool *pool = &queue->loop->pool;
    for (int i = 0; i < QUEUE_PAGES; i++)
        if (queue->pages[i].block) block_drop(queue->pages[i].block, pool);
    replay_leave(&queue->replay);
    replay_fini(&queue->replay);
    gather_fini(&queue->gather);
    queue_group_fini(&queue->writing);
    queue_log_close(&queue->left);
    queue_log_close(&queue->own);
    record_pack_destroy(queue->pack);
    free(queue->folders);
    free(queue);
}

struct ingest *queue_capture(struct queue *queue) { return &queue->capture; }

/* ---- turns ---- */

/* Whether inputs are to wait. They are told by the worker. */
static void pause_settle(struct queue *queue)
{
    uint64_t gathered = queue->gather.group.frames + queue->writing.frames;
    uint64_t waiting = counter_get(&queue->counters->waiting_frames) + gathered;
    bool is_over = queue->options.frames_max && waiting >= queue->options.frames_max;
    queue->capture.is_paused = queue->is_full || is_over || gather_is_full(&queue->gather) ||
                               queue->troubles[DISK_WRITE].again_at != 0;
    counter_put(&queue->counters->gathered_frames, gathered);
    counter_put(&queue->counters->oldest_ms, replay_oldest_ms(&queue->replay));
}

void queue_replay(struct queue *queue)
{
    struct replay *replay = &queue->replay;
    if (queue->is_closed) return;
    replay->is_ending = is_enough(queue);
    bool has_page = queue->is_read[queue->page];
    if (!replay->page && !replay->is_ending && has_page) replay_take(replay, &queue->pages[queue->page]);
    if (!replay->page || !replay_run(replay)) return;
    queue->is_read[queue->page] = false;
    queue->page = (queue->page + 1) % QUEUE_PAGES;
}

bool queue_is_alone(const struct queue *queue)
{
    uint32_t own = (queue->gather.ticket ? 1u : 0) + (queue->writing_ticket ? 1u : 0);
    return ticket_pool_open(queue->loop->tickets) == own;
}

bool queue_can_replay(const struct queue *queue)
{
    if (!queue->is_read[queue->page] || queue->is_closed || queue->replay.is_blocked) return false;
    return !is_enough(queue) || queue->replay.is_within;
}

static void group_take(struct queue *queue)
{
    gather_turn(&queue->gather);
    if (queue->has_writing || gather_is_empty(&queue->gather)) return;
    queue->writing_ticket = gather_take(&queue->gather, &queue->writing);
    queue->has_writing = true;
}

void queue_turn(struct queue *queue)
{
    if (queue->is_closed) return;
    group_take(queue);
    if (!queue->is_busy) queue_plan(queue);
    pause_settle(queue);
}

/* ---- the end ---- */

void queue_end(struct queue *queue, bool drains)
{
    queue->is_ending = true;
    queue->drains = drains;
}

bool queue_is_drained(const struct queue *queue)
{
    if (!queue->is_ending || queue->is_busy || queue->has_writing || !gather_is_empty(&queue->gather)) return false;
    if (queue->replay.is_blocked) return true; /* what is left stays on the disk */
    if (!queue->drains) return !queue->replay.is_within;
    bool is_left_read = !is_reading_left(queue) && queue->folder_next == queue->folder_count;
    return is_left_read && !queue->has_more && !queue_has_pages(queue);
}

static void tick_closed(uv_handle_t *handle)
{
    struct queue *queue = handle->data;
    queue->is_tick_closed = true;
}

bool queue_close(struct queue *queue)
{
    assert(queue->is_ending);
    if (queue->is_closed) return queue->is_tick_closed;
    if (queue->is_busy) return false;
    uv_close((uv_handle_t *)&queue->tick, tick_closed);
    replay_leave(&queue->replay);
    queue_submit_close(queue);
    return false;
}
