/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue asks of the disk thread, and what comes of it. */
#include <errno.h>
#include "core/log.h"
#include "core/queue/queue_part.h"
#include "core/queue/queue_words.h"

static const char *const disk_words[DISK_ACTIONS] = {"written", "read", "brought up to date"};

/* ---- the disk thread ---- */

static void round_checkpoint(struct queue *queue, struct round *round)
{
    round->checkpoint_error =
        round->deletes ? queue_log_delete(&queue->left) : queue_log_checkpoint(log_read(queue), round->done);
    if (!round->deletes) return;
    queue_log_close(&queue->left); /* when it could not be deleted: told, and left */
    queue_left_open(queue);
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
    struct queue *queue = DISK_JOB_OWNER(job, struct queue, round.job);
    struct round *round = &queue->round;
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
        queue_left_tell(queue);
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
    struct queue *queue = DISK_JOB_OWNER(job, struct queue, round.job);
    struct round *round = &queue->round;
    queue->is_busy = false;
    if (round->checkpoints || round->deletes) checkpoint_written(queue, round);
    if (round->writes) written(queue, round);
    if (round->page_count) pages_read(queue, round);
    if (!round->closes) numbers_tell(queue);
    queue->is_closed = round->closes;
}

/* ---- what is to be done ---- */

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

bool queue_has_pages(const struct queue *queue)
{
    bool has = false;
    for (int i = 0; i < QUEUE_PAGES; i++) has |= queue->is_read[i];
    return has;
}

/* The log of a worker that is gone is read, and all of it is settled. */
static bool is_left_done(const struct queue *queue)
{
    return is_reading_left(queue) && !queue->has_more && !queue_has_pages(queue) && replay_is_settled(&queue->replay);
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
    uint32_t at = queue->page, most = is_much ? QUEUE_PAGES : 2;
    for (uint32_t i = 0; i < most && round->page_count < most - 1; i++, at = (at + 1) % QUEUE_PAGES) {
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

void queue_plan(struct queue *queue)
{
    assert(!queue->is_busy);
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

void queue_submit_close(struct queue *queue)
{
    queue->round = (struct round){.checkpoints = true, .closes = true, .done = replay_done(&queue->replay)};
    round_start(queue);
}
