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
    group->frames = group->stored = 0;
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

/* Not to be read by this version: the report tells it as it tells a newer log. */
static int newer(const struct spool_cursor *look, struct str payload, struct spool_report *report)
{
    report->newer_format = (unsigned char)*payload.ptr;
    snprintf(report->newer_name, sizeof report->newer_name, "%020llu.seg",
             (unsigned long long)look->segment);
    return -EPROTONOSUPPORT;
}

/* The record with this number, or the first behind it that is there: its records, valid until the next one is looked
 * at. SPOOL_END: there is none; SPOOL_LOSS: it is none of a queue. */
static int record_look(struct queue_log *log, struct spool_cursor *look, uint64_t sequence,
                       struct queue_records *records, struct spool_report *report)
{
    struct spool_loss loss;
    struct spool_record record;
    size_t bytes;
    int verdict;
    spool_cursor_look(&log->spool, look);
    look->wanted = sequence;
    do verdict = spool_read(look, &record, &loss);
    while (verdict == SPOOL_LOSS);
    if (verdict) return verdict;
    if (queue_form_of(record.payload, &bytes) == QUEUE_FORM_NEWER) return newer(look, record.payload, report);
    return queue_records_open(log->pack, record.payload, NULL, records) ? 0 : SPOOL_LOSS;
}

/* The number behind the last frame of the records; 0: there is none. */
static uint64_t frame_behind(struct queue_records *records)
{
    struct str record;
    struct queue_head head;
    uint64_t behind = 0;
    while (queue_records_next(records, &record))
        if (queue_record_open(&record, &head)) behind = head.first + queue_record_count(record);
    return behind;
}

/* Frames go on being numbered where the last record ends. */
static int number_frames(struct queue_log *log, struct spool_report *report)
{
    struct spool_cursor look;
    struct queue_records records;
    uint64_t last = log->spool.synced;
    log->next_frame = 1;
    if (!last) return 0;
    int verdict = record_look(log, &look, last, &records, report);
    uint64_t behind = verdict == 0 ? frame_behind(&records) : 0;
    if (behind) log->next_frame = behind;
    spool_cursor_close(&look);
    return verdict < 0 ? verdict : 0;
}

/* The first record that waits is read now: it tells how many frames there are, and since when. */
static int count_frames(struct queue_log *log, struct spool_report *report)
{
    struct queue_head head;
    struct spool_cursor look;
    struct queue_records records;
    struct str record;
    int verdict = record_look(log, &look, log->cursor.wanted, &records, report);
    if (verdict == 0 && queue_records_next(&records, &record) && queue_record_open(&record, &head) &&
        head.first <= log->next_frame) {
        log->frames_at_open = log->next_frame - head.first;
        log->oldest_ns = nanoseconds_of(&head.arrival);
    }
    spool_cursor_close(&look);
    return verdict < 0 ? verdict : 0;
}

int queue_log_open(struct queue_log *log, const struct spool_options *options, const struct file_ops *files,
                   struct record_pack *pack, struct spool_report *report)
{
    *log = (struct queue_log){.pack = pack};
    int error = spool_open(&log->spool, options, files, report);
    if (error) return error;
    error = spool_cursor_open(&log->spool, QUEUE_READER, SPOOL_FROM_FIRST, &log->cursor);
    if (error == 0) error = number_frames(log, report);
    if (error == 0) error = count_frames(log, report);
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

/* What goes to the log next: records of the group, packed or as they are. */
struct portion {
    struct str payload; /* empty: to be made */
    uint32_t records;   /* in it */
    uint32_t plain;     /* records up to this one are not worth packing */
};

static void portion_make(struct queue_log *log, const struct queue_group *group, struct portion *portion)
{
    uint32_t at = group->written, start = at ? group->ends[at - 1] : 0, count;
    if (record_pack_is_on(log->pack) && at >= portion->plain) {
        portion->payload = queue_pack_records(log->pack, group->bytes.ptr, start, &group->ends[at], group->count - at,
                                              log->spool.options.payload_max, &count);
        portion->records = count;
        if (portion->payload.len) return;
        portion->plain = at + count;
    }
    portion->payload = str_slice(buf_str(&group->bytes), start, group->ends[at]);
    portion->records = 1;
}

int queue_log_write(struct queue_log *log, struct queue_group *group)
{
    struct portion portion = {0};
    int verdict = 0;
    while (group->written < group->count) {
        uint64_t sequence;
        if (!portion.payload.len) portion_make(log, group, &portion);
        verdict = spool_append(&log->spool, &portion.payload, 1, &sequence);
        assert(verdict != SPOOL_TOO_LARGE);
        if (verdict == SPOOL_FULL) break;
        if (verdict == 0) {
            group->written += portion.records;
            group->stored += spool_record_size(portion.payload.len);
            portion.payload = (struct str){0};
            continue;
        }
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

/* The rows of one payload, which lies in the block at `at`. */
static void rows_add(struct queue_page *page, struct queue_records *records, uint64_t sequence)
{
    struct str record;
    while (queue_records_next(records, &record)) {
        assert(page->count < QUEUE_PAGE_RECORDS_MAX);
        page->rows[page->count++] = (struct queue_row){.offset = (uint32_t)(record.ptr - page->block->bytes),
                                                       .len = (uint32_t)record.len, .sequence = sequence};
    }
    page->rows[page->count - 1].is_last = true;
}

/* Takes the pending record to the page, at `used`. */
static void pending_take(struct queue_log *log, struct queue_page *page, size_t used, bool is_packed)
{
    char *to = page->block->bytes + used;
    struct str payload = log->pending.payload;
    struct queue_records records;
    if (!is_packed || !queue_records_open(log->pack, payload, to, &records)) {
        memcpy(to, payload.ptr, payload.len);
        records = (struct queue_records){.rest = {to, payload.len}};
    }
    rows_add(page, &records, log->pending.sequence);
    log->has_pending = false;
}

/* Room for a packed record that turns out to be none, too. */
static size_t room_of(struct str payload, bool *is_packed)
{
    size_t bytes;
    *is_packed = queue_form_of(payload, &bytes) == QUEUE_FORM_PACKED;
    return *is_packed && bytes > payload.len ? bytes : payload.len;
}

int queue_log_read(struct queue_log *log, struct queue_page *page)
{
    size_t used = 0;
    page->count = page->loss_count = 0;
    page->wanted = 0;
    page->is_at_end = false;
    while (page->count <= QUEUE_PAGE_RECORDS_MAX - RECORD_PACK_RECORDS_MAX) {
        uint32_t losses = page->loss_count;
        bool is_packed;
        int verdict = pending_fill(log, page);
        if (verdict) return verdict == SPOOL_END ? 0 : verdict;
        /* what was lost is told in front of what follows it */
        if (page->loss_count > losses && page->count) return 0;
        size_t room = room_of(log->pending.payload, &is_packed);
        if (room > page->block->capacity - used) {
            if (!page->count) page->wanted = room;
            return 0;
        }
        pending_take(log, page, used, is_packed);
        used += room;
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
