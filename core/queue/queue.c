/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/queue.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include "core/log.h"
#include "core/queue/queue_words.h"
#include "core/xmalloc.h"

enum {
    PAGES = 4, /* one is at hand, the others are read when much waits */
    MEMORY_PART = 32, /* of pipeline.memory: a page, and the gather buffer */
};

/* What one job does, in this order, and what came of it. */
struct round {
    struct disk_job job; /* first: a job is its round */
    bool checkpoints, deletes, writes, closes;
    struct queue_page *pages[PAGES]; /* to be read into, in this order */
    uint32_t page_count;
    uint64_t done;           /* record, for the checkpoint */
    int checkpoint_error, write_error, read_error;
    uint64_t sync_ns;
};

enum { DISK_WRITE, DISK_READ, DISK_CHECKPOINT, DISK_ACTIONS };
static const char *const disk_words[DISK_ACTIONS] = {"written", "read", "brought up to date"};

/* Of one action that failed: it is tried again then (uv_now()); 0: it did not. */
struct trouble {
    uint64_t again_at, pause_ms;
};

struct queue {
    struct queue_options options;
    struct disk *disk;
    struct loop *loop;
    struct ingest capture;
    struct gather gather;
    struct replay replay;
    struct queue_counters *counters;
    struct queue_pack *pack;     /* of both logs: of whoever has them, the disk thread mostly */
    struct queue_log own, left; /* the worker's; of a worker that is gone, when one is open */
    uint32_t *folders, folder_count; /* of such workers, not read yet */
    struct round round;
    bool is_busy;                /* the round is on the disk thread */
    struct queue_group writing;
    struct ticket *writing_ticket;
    bool has_writing;
    struct queue_page pages[PAGES];
    uint32_t page;               /* the one at hand, or to be next */
    bool is_read[PAGES];         /* filled, and not used up */
    bool is_behind;              /* the last page that was read had not all that was there */
    bool has_more;               /* durable records may be there that were not read */
    uint64_t checkpoint_done, checkpoint_frames; /* at the last one: record, frames settled */
    uint64_t full_done;          /* records done when the log was full */
    bool is_full, is_due;        /* is_due: a tick went by since the last checkpoint */
    struct trouble troubles[DISK_ACTIONS];
    uv_timer_t tick;
    bool is_ending, drains, is_closed, is_tick_closed;
};

typedef unsigned long long number;

static void counter_put(atomic_uint_fast64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static bool is_reading_left(const struct queue *queue) { return queue->left.is_open; }

static struct queue_log *log_read(struct queue *queue)
{
    return is_reading_left(queue) ? &queue->left : &queue->own;
}

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

struct folders {
    struct queue *queue;
    uint32_t workers;
};

static void folder_look(void *opaque, const char *name)
{
    struct queue *queue = opaque;
    char *end;
    unsigned long worker = strtoul(name, &end, 10);
    if (!is_digit(*name) || *end || (name[0] == '0' && name[1]) || worker > UINT32_MAX) return;
    if (worker < queue->options.workers || worker % queue->options.workers != queue->options.worker) return;
    if (queue->folder_count == QUEUE_FOLDERS_MAX) return;
    queue->folders = xreallocarray(queue->folders, queue->folder_count + 1, sizeof *queue->folders);
    queue->folders[queue->folder_count++] = (uint32_t)worker;
}

/* The next log of a worker that is gone, if any: one that cannot be read is told and left. */
static void left_open(struct queue *queue)
{
    while (queue->folder_count && !queue->left.is_open)
        log_open(queue, &queue->left, queue->folders[--queue->folder_count], false);
}

static void waiting_count(struct queue *queue, const struct queue_log *log)
{
    if (log->is_open) counter_add(&queue->counters->waiting_frames, log->frames_at_open);
}

static void tick(uv_timer_t *timer)
{
    struct queue *queue = timer->data;
    queue->is_due = true; /* the turn that follows looks */
}

static size_t part_of_memory(const struct queue *queue, size_t most)
{
    size_t limit = queue->loop->budget->limit / MEMORY_PART;
    return limit && limit < most ? limit : most;
}

struct queue *queue_open(const struct queue_options *options, struct ingest *batches, struct disk *disk,
                         struct input *const *inputs, uint32_t input_count)
{
    struct queue *queue = xcalloc(1, sizeof *queue);
    queue->options = *options;
    queue->disk = disk;
    queue->loop = batches->loop;
    queue->counters = options->counters;
    queue->pack = queue_pack_create(options->compression);
    if (log_open(queue, &queue->own, options->worker, true)) {
        queue_pack_destroy(queue->pack);
        free(queue);
        return NULL;
    }
    options->files->list(options->files, options->folder, folder_look, queue);
    left_open(queue);
    waiting_count(queue, &queue->own);
    waiting_count(queue, &queue->left);
    counter_put(&queue->counters->bytes_max, options->log.bytes_max == INT64_MAX ? 0 : options->log.bytes_max);
    counter_put(&queue->counters->folders_left, queue->folder_count + queue->left.is_open);
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
    for (int i = 0; i < PAGES; i++)
        if (queue->pages[i].block) block_drop(queue->pages[i].block, pool);
    replay_leave(&queue->replay);
    replay_fini(&queue->replay);
    gather_fini(&queue->gather);
    queue_group_fini(&queue->writing);
    queue_log_close(&queue->left);
    queue_log_close(&queue->own);
    queue_pack_destroy(queue->pack);
    free(queue->folders);
    free(queue);
}

struct ingest *queue_capture(struct queue *queue) { return &queue->capture; }

/* ---- the disk thread ---- */

static void round_checkpoint(struct queue *queue, struct round *round)
{
    round->checkpoint_error =
        round->deletes ? queue_log_delete(&queue->left) : queue_log_checkpoint(log_read(queue), round->done);
    if (!round->deletes) return;
    queue_log_close(&queue->left); /* when it could not be deleted: told, and left */
    left_open(queue);
}

/* Fewer pages than wanted when the log, or its first record, ends the reading before. */
static void round_read(struct queue *queue, struct round *round)
{
    uint32_t wanted = round->page_count;
    for (round->page_count = 0; round->page_count < wanted;) {
        struct queue_page *page = round->pages[round->page_count++];
        round->read_error = queue_log_read(log_read(queue), page);
        if (round->read_error || page->is_at_end || page->wanted) return;
    }
}

static void round_work(struct disk_job *job)
{
    struct round *round = (struct round *)(void *)job;
    struct queue *queue = (struct queue *)(void *)((char *)round - offsetof(struct queue, round));
    if (round->checkpoints || round->deletes) round_checkpoint(queue, round);
    uint64_t start = uv_hrtime();
    if (round->writes) round->write_error = queue_log_write(&queue->own, &queue->writing);
    round->sync_ns = uv_hrtime() - start;
    round_read(queue, round);
    if (!round->closes) return;
    queue_log_close(&queue->left);
    queue_log_close(&queue->own);
}

/* ---- what came of it ---- */

static bool may_do(const struct queue *queue, int action)
{
    return uv_now(&queue->loop->uv) >= queue->troubles[action].again_at;
}

static void failing_tell(struct queue *queue)
{
    bool is_failing = false;
    for (int i = 0; i < DISK_ACTIONS; i++) is_failing |= queue->troubles[i].again_at != 0;
    counter_put(&queue->counters->is_failing, is_failing);
}

/* Told once, then tried again after a pause that grows. */
static void failed(struct queue *queue, int action, int error)
{
    struct trouble *trouble = &queue->troubles[action];
    counter_add(&queue->counters->errors, 1);
    if (!trouble->again_at)
        LOG(LOG_ERROR, "queue.disk", queue->options.pipeline,
            "the queue in %s/%u cannot be %s: %s; it is tried again until it can%s%s", queue->options.folder,
            queue->options.worker, disk_words[action], uv_strerror(error),
            action == DISK_WRITE ? ", and inputs wait" : "",
            error == -ENOSPC || error == -EDQUOT ? ": make room on that disk" : "");
    trouble->pause_ms = trouble->pause_ms ? trouble->pause_ms * 2 : QUEUE_RETRY_MS_MIN;
    if (trouble->pause_ms > QUEUE_RETRY_MS_MAX) trouble->pause_ms = QUEUE_RETRY_MS_MAX;
    trouble->again_at = uv_now(&queue->loop->uv) + trouble->pause_ms;
    failing_tell(queue);
}

static void succeeded(struct queue *queue, int action)
{
    if (!queue->troubles[action].again_at) return;
    LOG(LOG_WARN, "queue.disk_again", queue->options.pipeline, "the queue in %s/%u can be %s again",
        queue->options.folder, queue->options.worker, disk_words[action]);
    queue->troubles[action] = (struct trouble){0};
    failing_tell(queue);
}

static void full(struct queue *queue)
{
    if (!queue->is_full)
        LOG(LOG_WARN, "queue.full", queue->options.pipeline,
            "the queue in %s/%u is full (queue.max_bytes): its inputs wait until outputs have taken what is in it",
            queue->options.folder, queue->options.worker);
    queue->is_full = true;
    queue->full_done = queue->checkpoint_done;
}

static void written(struct queue *queue, const struct round *round)
{
    struct queue_counters *counters = queue->counters;
    queue->has_more = true; /* of a full log, too: what had room is there */
    if (round->write_error < 0) {
        failed(queue, DISK_WRITE, round->write_error);
        return;
    }
    succeeded(queue, DISK_WRITE);
    if (round->write_error == SPOOL_FULL) {
        full(queue);
    } else {
        counter_add(&counters->synced_frames, queue->writing.frames);
        counter_add(&counters->waiting_frames, queue->writing.frames);
        counter_add(&counters->synced_bytes, queue->writing.bytes.len);
        counter_add(&counters->stored_bytes, queue->writing.stored);
        counter_add(&counters->syncs, 1);
        counter_add(&counters->sync_ns, round->sync_ns);
        gather_return(&queue->gather, &queue->writing);
        queue->has_writing = queue->is_full = false;
        ticket_seal(queue->writing_ticket); /* senders are told now */
        queue->writing_ticket = NULL;
    }
}

static void page_read(struct queue *queue, struct queue_page *page)
{
    uint32_t at = (uint32_t)(page - queue->pages);
    queue->has_more = queue->is_behind = !page->is_at_end;
    queue->is_read[at] = page->count || page->loss_count;
    if (!page->wanted) return;
    block_drop(page->block, &queue->loop->pool);
    page->block = block_create(&queue->loop->pool, page->wanted);
}

static void pages_read(struct queue *queue, const struct round *round)
{
    if (round->read_error)
        failed(queue, DISK_READ, round->read_error);
    else
        succeeded(queue, DISK_READ);
    /* what was read before an error is good */
    for (uint32_t i = 0; i < round->page_count; i++) page_read(queue, round->pages[i]);
}

static void checkpoint_written(struct queue *queue, const struct round *round)
{
    if (round->deletes) {
        if (round->checkpoint_error)
            LOG(LOG_WARN, "queue.folder_left", queue->options.pipeline,
                "a folder of the queue is read to its end and could not be deleted (%s): remove it from %s",
                uv_strerror(round->checkpoint_error), queue->options.folder);
        replay_begin_log(&queue->replay);
        queue->checkpoint_done = queue->checkpoint_frames = 0;
        queue->has_more = true;
        waiting_count(queue, &queue->left);
        counter_put(&queue->counters->folders_left, queue->folder_count + queue->left.is_open);
    } else if (round->checkpoint_error) {
        failed(queue, DISK_CHECKPOINT, round->checkpoint_error);
    } else {
        succeeded(queue, DISK_CHECKPOINT);
        counter_add(&queue->counters->checkpoints, 1);
        queue->checkpoint_done = round->done;
    }
}

static void numbers_tell(struct queue *queue)
{
    struct queue_counters *counters = queue->counters;
    uint64_t bytes = queue->own.spool.bytes + queue->left.spool.bytes;
    counter_put(&counters->bytes, bytes);
    counter_put(&counters->is_full, queue->is_full);
    const struct queue_log *log = log_read(queue);
    uint64_t done = replay_done(&queue->replay), synced = log->spool.synced;
    if (log->is_open && done < spool_done_up_to(&log->cursor)) done = spool_done_up_to(&log->cursor);
    counter_put(&counters->waiting_records, synced > done ? synced - done : 0);
}

static void round_done(struct disk_job *job)
{
    struct round *round = (struct round *)(void *)job;
    struct queue *queue = (struct queue *)(void *)((char *)round - offsetof(struct queue, round));
    queue->is_busy = false;
    if (round->checkpoints || round->deletes) checkpoint_written(queue, round);
    if (round->writes) written(queue, round);
    if (round->page_count) pages_read(queue, round);
    if (!round->closes) numbers_tell(queue);
    queue->is_closed = round->closes;
}

/* ---- what is to be done ---- */

/* The rest stays on the disk. Until the last frames are durable they may need the room of what is read. */
static bool is_enough(const struct queue *queue)
{
    return queue->is_ending && !queue->drains && !queue->has_writing && gather_is_empty(&queue->gather);
}

static bool may_write(const struct queue *queue)
{
    if (!queue->has_writing || !may_do(queue, DISK_WRITE)) return false;
    return !queue->is_full || queue->checkpoint_done > queue->full_done || queue->round.checkpoints;
}

static bool wants_checkpoint(const struct queue *queue)
{
    const struct replay *replay = &queue->replay;
    if (replay_done(replay) <= queue->checkpoint_done || !may_do(queue, DISK_CHECKPOINT)) return false;
    uint64_t more = replay->settled - queue->checkpoint_frames, limit = queue->options.checkpoint_frames;
    return queue->is_due || queue->is_full || (limit && more >= limit);
}

static bool has_pages(const struct queue *queue)
{
    bool has = false;
    for (int i = 0; i < PAGES; i++) has |= queue->is_read[i];
    return has;
}

/* The log of a worker that is gone is read, and all of it is settled. */
static bool is_left_done(const struct queue *queue)
{
    return is_reading_left(queue) && !queue->has_more && !has_pages(queue) && replay_is_settled(&queue->replay);
}

static void page_ready(struct queue *queue, struct queue_page *page)
{
    size_t size = part_of_memory(queue, QUEUE_PAGE_BYTES);
    if (page->wanted) return; /* its block was made for the record that comes */
    /* batches have slices of it, or it was made for a long record */
    if (page->block && (page->block->references > 1 || page->block->capacity > 2 * size)) {
        block_drop(page->block, &queue->loop->pool);
        page->block = NULL;
    }
    if (!page->block) page->block = block_create(&queue->loop->pool, size);
}

/* Behind those that are filled; more than two in all only where more than one page waits. */
static void pages_want(struct queue *queue, struct round *round)
{
    bool is_much = queue->is_behind || queue->writing.bytes.len > part_of_memory(queue, QUEUE_PAGE_BYTES);
    uint32_t at = queue->page, most = is_much ? PAGES : 2;
    for (uint32_t i = 0; i < most && round->page_count < most - 1; i++, at = (at + 1) % PAGES) {
        if (queue->is_read[at]) continue;
        page_ready(queue, &queue->pages[at]);
        round->pages[round->page_count++] = &queue->pages[at];
    }
}

static void round_start(struct queue *queue)
{
    struct round *round = &queue->round;
    queue->is_busy = true;
    if (round->checkpoints) {
        queue->is_due = false;
        queue->checkpoint_frames = queue->replay.settled;
    }
    round->job = (struct disk_job){.loop = queue->loop, .work = round_work, .done = round_done};
    disk_submit(queue->disk, &round->job);
}

static void group_take(struct queue *queue)
{
    gather_turn(&queue->gather);
    if (queue->has_writing || gather_is_empty(&queue->gather)) return;
    queue->writing_ticket = gather_take(&queue->gather, &queue->writing);
    queue->has_writing = true;
}

static void round_choose(struct queue *queue)
{
    struct round *round = &queue->round;
    *round = (struct round){.done = replay_done(&queue->replay)};
    round->deletes = is_left_done(queue);
    round->checkpoints = !round->deletes && wants_checkpoint(queue);
    round->writes = may_write(queue);
    if (round->deletes) round->done = 0; /* the page is of the next log, and comes next */
    else if ((queue->has_more || round->writes) && !is_enough(queue) && may_do(queue, DISK_READ))
        pages_want(queue, round);
    if (round->deletes || round->checkpoints || round->writes || round->page_count) round_start(queue);
}

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
    queue->page = (queue->page + 1) % PAGES;
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

void queue_turn(struct queue *queue)
{
    if (queue->is_closed) return;
    group_take(queue);
    if (!queue->is_busy) round_choose(queue);
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
    return !is_reading_left(queue) && !queue->folder_count && !queue->has_more && !has_pages(queue);
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
    queue->round = (struct round){.checkpoints = true, .closes = true, .done = replay_done(&queue->replay)};
    round_start(queue);
    return false;
}
