/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/queue_log.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/store/spool/segment.h"
#include "core/xmalloc.h"

enum { GROUP_RECORDS_FIRST = 16 };

/* ---- groups ---- */

void queue_group_end(struct queue_group *group)
{
    assert(group->bytes.len <= UINT32_MAX);
    if (group->count == group->capacity) {
        group->capacity = group->capacity ? group->capacity * 2 : GROUP_RECORDS_FIRST;
        group->ends = xreallocarray(group->ends, group->capacity, sizeof *group->ends);
    }
    group->ends[group->count++] = (uint32_t)group->bytes.len;
}

void queue_group_clear(struct queue_group *group)
{
    buf_clear(&group->bytes);
    group->count = group->written = 0;
    group->frames = 0;
}

void queue_group_fini(struct queue_group *group)
{
    buf_fini(&group->bytes);
    free(group->ends);
    *group = (struct queue_group){0};
}

/* ---- opening ---- */

static uint64_t nanoseconds_of(const struct value *time)
{
    return time->seconds < 0 ? 0 : (uint64_t)time->seconds * 1000000000u + time->len;
}

/* The number behind the last frame of the record; 0: it is no record of a queue. */
static uint64_t frame_behind(struct str payload)
{
    struct queue_head head;
    if (!queue_record_open(&payload, &head)) return 0;
    return head.first + queue_record_count(payload);
}

/* Frames go on being numbered where the last record ends. */
static int number_frames(struct queue_log *log)
{
    struct spool_cursor look;
    struct spool_record record;
    struct spool_loss loss;
    spool_cursor_look(&log->spool, &look);
    look.wanted = log->spool.synced;
    int verdict = look.wanted ? spool_read(&look, &record, &loss) : SPOOL_END;
    if (verdict == 0) log->next_frame = frame_behind(record.payload);
    spool_cursor_close(&look);
    if (!log->next_frame) log->next_frame = 1;
    return verdict < 0 ? verdict : 0;
}

/* The first record that waits is read now: it tells how many frames there are, and since when. */
static int count_frames(struct queue_log *log)
{
    struct spool_loss loss;
    struct queue_head head;
    struct spool_cursor look;
    struct spool_record record;
    spool_cursor_look(&log->spool, &look);
    look.wanted = log->cursor.wanted;
    int verdict;
    do verdict = spool_read(&look, &record, &loss);
    while (verdict == SPOOL_LOSS);
    if (verdict == 0 && queue_record_open(&record.payload, &head) && head.first <= log->next_frame) {
        log->frames_at_open = log->next_frame - head.first;
        log->oldest_ns = nanoseconds_of(&head.arrival);
    }
    spool_cursor_close(&look);
    return verdict < 0 ? verdict : 0;
}

int queue_log_open(struct queue_log *log, const struct spool_options *options, const struct file_ops *files,
                   struct spool_report *report)
{
    *log = (struct queue_log){0};
    int error = spool_open(&log->spool, options, files, report);
    if (error) return error;
    error = spool_cursor_open(&log->spool, QUEUE_READER, SPOOL_FROM_FIRST, &log->cursor);
    if (error == 0) error = number_frames(log);
    if (error == 0) error = count_frames(log);
    if (error)
        spool_close(&log->spool);
    else
        log->is_open = true;
    return error;
}

void queue_log_close(struct queue_log *log)
{
    if (log->is_open) spool_close(&log->spool);
    log->is_open = log->has_pending = false;
}

/* ---- writing ---- */

static struct str record_of(const struct queue_group *group, uint32_t record)
{
    uint32_t start = record ? group->ends[record - 1] : 0;
    return str_slice(buf_str(&group->bytes), start, group->ends[record]);
}

int queue_log_write(struct queue_log *log, struct queue_group *group)
{
    int verdict = 0;
    while (group->written < group->count) {
        struct str record = record_of(group, group->written);
        uint64_t sequence;
        verdict = spool_append(&log->spool, &record, 1, &sequence);
        assert(verdict != SPOOL_TOO_LARGE);
        if (verdict == 0) group->written++;
        if (verdict == SPOOL_FULL) break;
        if (verdict != SPOOL_SYNC_FIRST) continue;
        int error = spool_sync(&log->spool);
        if (error) return error;
    }
    int error = spool_sync(&log->spool);
    return error ? error : verdict == SPOOL_FULL ? SPOOL_FULL : 0;
}

int queue_log_checkpoint(struct queue_log *log, uint64_t sequence)
{
    if (sequence) spool_done(&log->cursor, sequence);
    return spool_checkpoint(&log->spool);
}

/* ---- reading ---- */

static int pending_fill(struct queue_log *log, struct queue_page *page)
{
    while (!log->has_pending) {
        if (page->loss_count == QUEUE_LOSSES_MAX) return SPOOL_END;
        int verdict = spool_read(&log->cursor, &log->pending, &page->losses[page->loss_count]);
        if (verdict == SPOOL_LOSS) {
            page->loss_count++;
            continue;
        }
        page->is_at_end = verdict == SPOOL_END;
        if (verdict) return verdict;
        log->has_pending = true;
    }
    return 0;
}

int queue_log_read(struct queue_log *log, struct queue_page *page)
{
    size_t used = 0;
    page->count = page->loss_count = 0;
    page->wanted = 0;
    page->is_at_end = false;
    while (page->count < QUEUE_PAGE_RECORDS_MAX) {
        uint32_t losses = page->loss_count;
        int verdict = pending_fill(log, page);
        if (verdict) return verdict == SPOOL_END ? 0 : verdict;
        /* what was lost is told in front of what follows it */
        if (page->loss_count > losses && page->count) return 0;
        struct str payload = log->pending.payload;
        if (payload.len > page->block->capacity - used) {
            if (!page->count) page->wanted = payload.len;
            return 0;
        }
        memcpy(page->block->bytes + used, payload.ptr, payload.len);
        page->rows[page->count++] =
            (struct queue_row){(uint32_t)used, (uint32_t)payload.len, log->pending.sequence};
        used += payload.len;
        log->has_pending = false;
    }
    return 0;
}

/* ---- the end of a log ---- */

int queue_log_delete(struct queue_log *log)
{
    struct spool *spool = &log->spool;
    const struct file_ops *files = spool->files;
    char folder[SPOOL_PATH_MAX], checkpoint[SPOOL_PATH_MAX];
    int error = queue_log_checkpoint(log, spool->synced);
    if (error) return error;
    if (spool->count) return -ENOTEMPTY;
    spool_path(spool, CHECKPOINT_NAME, checkpoint);
    snprintf(folder, sizeof folder, "%s", spool->options.folder);
    queue_log_close(log);
    error = files->remove(files, checkpoint);
    if (error) return error;
    return rmdir(folder) ? -errno : 0;
}
