/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/spill_log.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <uv.h>
#include "core/delivery/spill_folder.h"
#include "core/log.h"
#include "core/xmalloc.h"

typedef unsigned long long number;

static struct spool_options options_of(const struct spill_logs *logs, const char *folder)
{
    uint64_t segment = logs->bytes_max / 8;
    if (segment < 256 * 1024) segment = 256 * 1024;
    if (segment > SPILL_SEGMENT_BYTES_MAX) segment = SPILL_SEGMENT_BYTES_MAX;
    uint64_t payload = segment - SPOOL_HEADERS_BYTES - SPOOL_RECORD_HEAD_BYTES;
    if (payload > SPILL_EVENT_BYTES_MAX) payload = SPILL_EVENT_BYTES_MAX;
    return (struct spool_options){.folder = folder, .bytes_max = logs->bytes_max, .segment_bytes = segment,
                                  .group_bytes = (uint32_t)(payload + SPOOL_RECORD_HEAD_BYTES),
                                  .payload_max = (uint32_t)payload};
}

/* ---- what is told ---- */

static void say_lost(const struct spill_logs *logs, const struct spill_log *log, const struct spool_loss *loss)
{
    if (loss->kind == SPOOL_LOSS_NONE) return;
    LOG(LOG_ERROR, "spill.lost", logs->id,
        "events %llu to %llu of %s are lost: %s, %020llu.seg at byte %llu, %llu bytes; the rest is sent",
        (number)loss->first, (number)loss->last, log->folder, spool_loss_word(loss->kind), (number)loss->segment,
        (number)loss->offset, (number)loss->bytes);
}

static void say_report(const struct spill_logs *logs, const struct spill_log *log, const struct spool_report *report)
{
    say_lost(logs, log, &report->missing);
    if (report->torn.kind)
        LOG(LOG_WARN, "spill.torn", logs->id,
            "%s: %llu bytes at the end of %020llu.seg were unfinished and are cut off; nobody was promised them",
            log->folder, (number)report->torn.bytes, (number)report->torn.segment);
    if (report->is_checkpoint_lost)
        LOG(LOG_WARN, "spill.checkpoint_lost", logs->id,
            "%s: the checkpoint cannot be read: all events that are there are sent, some for the second time",
            log->folder);
    if (report->foreign)
        LOG(LOG_WARN, "spill.foreign", logs->id, "%s: %u files are not the log's and are left alone, the first is %s",
            log->folder, report->foreign, report->foreign_names[0]);
}

/* ---- opening and closing ---- */

static int log_open(struct spill_logs *logs, struct spill_log *log)
{
    struct spool_report report = {0};
    struct spool_options options = options_of(logs, log->folder);
    int error = file_folders_make(logs->files, log->folder);
    if (!error) error = spool_open(&log->spool, &options, logs->files, &report);
    if (!error) {
        say_report(logs, log, &report);
        error = spool_cursor_open(&log->spool, SPILL_CURSOR_NAME, SPOOL_FROM_FIRST, &log->cursor);
        if (error) spool_close(&log->spool);
    }
    log->is_open = !error;
    if (error == -EPROTONOSUPPORT)
        LOG(LOG_ERROR, "spill.open", logs->id,
            "%s/%s was written by a newer version: use that one, or move the folder away", log->folder,
            report.newer_name);
    else if (error)
        LOG(LOG_ERROR, "spill.open", logs->id, "%s cannot be opened: %s; this output waits, it is tried again",
            log->folder, uv_strerror(error));
    return error;
}

static void logs_open(struct spill_logs *logs, struct spill_work *work)
{
    for (uint32_t i = 0; i < logs->count && !work->error; i++) {
        struct spill_log *log = &logs->items[i];
        if (!log->is_open) work->error = log_open(logs, log);
        if (work->error) return;
        work->found_done[i] = spool_done_up_to(&log->cursor);
        work->found_synced[i] = log->spool.synced;
    }
}

static void logs_close(struct spill_logs *logs)
{
    for (uint32_t i = 0; i < logs->count; i++)
        if (logs->items[i].is_open) spool_close(&logs->items[i].spool);
    for (uint32_t i = 0; i < logs->count; i++) logs->items[i].is_open = false;
}

void spill_logs_fini(struct spill_logs *logs)
{
    logs_close(logs);
    for (uint32_t i = 0; i < logs->count; i++) free(logs->items[i].folder);
    logs->count = 0;
}

/* ---- writing ---- */

/* Gives up the records of the oldest file. False: there is only the one that is being written. */
static bool oldest_drop(struct spill_log *log, struct spill_work *work)
{
    if (log->spool.count < 2) return false;
    uint64_t last = log->spool.segments[1].first - 1;
    spool_skip(&log->cursor, last);
    work->skipped = last;
    return true;
}

/* Room for the next record, by whatever can go: 0, SPOOL_FULL or an error. */
static int room_make(struct spill_log *log, struct spill_work *work)
{
    uint64_t before = log->spool.bytes;
    int error = spool_checkpoint(&log->spool);
    if (error || log->spool.bytes < before) return error;
    if (!work->drops_oldest || !oldest_drop(log, work)) return SPOOL_FULL;
    return spool_checkpoint(&log->spool);
}

/* What is still to be written. */
struct rows_left {
    const struct pack *pack;
    uint32_t row, packs;
};

static int row_append(struct spill_log *log, struct spill_work *work, struct rows_left *left)
{
    char kind = SPILL_RECORD_EVENT;
    uint64_t sequence;
    const struct str parts[] = {{&kind, 1}, pack_row_bytes(left->pack, left->row)};
    int verdict = spool_append(&log->spool, parts, 2, &sequence);
    if (verdict == SPOOL_TOO_LARGE) {
        kind = SPILL_RECORD_TOO_LARGE;
        verdict = spool_append(&log->spool, parts, 1, &sequence);
    }
    if (verdict) return verdict;
    left->row++;
    work->written_bytes += parts[1].len;
    return 0;
}

static bool has_row(struct rows_left *left)
{
    if (!left->packs) return false;
    /* what is behind the last pack belongs to the loop */
    for (; left->row == left->pack->count && left->packs > 1; left->packs--) {
        left->pack = left->pack->next;
        left->row = left->pack->first;
    }
    return left->row < left->pack->count;
}

static int sync_or_drop(struct spill_log *log, struct spill_work *work)
{
    int error = spool_sync(&log->spool);
    if (error != -ENOSPC || !work->drops_oldest || !oldest_drop(log, work)) return error;
    error = spool_checkpoint(&log->spool);
    return error ? error : spool_sync(&log->spool);
}

static void rows_write(struct spill_log *log, struct spill_work *work)
{
    struct rows_left left = {work->pack, work->row, work->packs};
    int verdict = sync_or_drop(log, work); /* what it could not before */
    while (!verdict && has_row(&left)) {
        verdict = row_append(log, work, &left);
        if (verdict == SPOOL_SYNC_FIRST) verdict = sync_or_drop(log, work);
        if (verdict == SPOOL_FULL) {
            verdict = sync_or_drop(log, work);
            if (!verdict) verdict = room_make(log, work);
        }
    }
    int error = verdict < 0 ? verdict : sync_or_drop(log, work);
    work->is_full = verdict == SPOOL_FULL;
    if (error) work->error = error;
}

/* ---- reading ---- */

static void row_keep(struct spill_work *work, const struct spool_record *record)
{
    buf_append(&work->bytes, record->payload);
    work->rows[work->row_count++] = (struct spill_read_row){record->sequence, (uint32_t)work->bytes.len};
}

static void loss_keep(struct spill_logs *logs, const struct spill_log *log, struct spill_work *work,
                      const struct spool_loss *loss)
{
    say_lost(logs, log, loss);
    work->read_to = loss->last;
    uint64_t first = loss->first > work->read_from ? loss->first : work->read_from;
    if (loss->last >= first) work->lost += loss->last + 1 - first;
}

static void rows_read(struct spill_logs *logs, struct spill_work *work)
{
    struct spill_log *log = &logs->items[work->read_log];
    struct spool_record record;
    struct spool_loss loss;
    int verdict = 0;
    while (work->bytes.len < SPILL_READ_BYTES && work->row_count < SPILL_READ_EVENTS) {
        verdict = spool_read(&log->cursor, &record, &loss);
        if (verdict == SPOOL_END || verdict < 0) break;
        if (verdict == SPOOL_LOSS)
            loss_keep(logs, log, work, &loss);
        else if (record.sequence >= work->read_from)
            row_keep(work, &record);
        if (verdict == 0) work->read_to = record.sequence;
    }
    if (verdict < 0) work->read_error = verdict;
}

/* ---- a job ---- */

static void done_note(struct spill_logs *logs, const struct spill_work *work)
{
    for (uint32_t i = 0; i < logs->count; i++) {
        struct spill_log *log = &logs->items[i];
        if (!log->is_open) continue;
        uint64_t done = work->done[i] < log->spool.synced ? work->done[i] : log->spool.synced;
        if (done > spool_done_up_to(&log->cursor)) spool_skip(&log->cursor, done);
    }
}

static void answer(struct spill_logs *logs, struct spill_work *work)
{
    work->log_bytes = 0;
    for (uint32_t i = 0; i < logs->count; i++)
        if (logs->items[i].is_open) work->log_bytes += logs->items[i].spool.bytes;
    work->synced = logs->items[0].spool.synced;
    work->next = logs->items[0].spool.next;
}

void spill_logs_run(struct spill_logs *logs, struct spill_work *work)
{
    if (work->opens) logs_open(logs, work);
    if (!logs->items[0].is_open) return;
    done_note(logs, work);
    rows_write(&logs->items[0], work);
    if (work->read_from) rows_read(logs, work);
    for (uint32_t i = 0; work->checkpoints && i < logs->count; i++) {
        int error = logs->items[i].is_open ? spool_checkpoint(&logs->items[i].spool) : 0;
        if (error) work->error = error;
    }
    answer(logs, work);
    if (work->closes) logs_close(logs);
}
