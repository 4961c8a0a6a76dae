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
static_assert((int)RECORD_PACK_RECORDS_MAX <= (int)SPOOL_RUN_MAX, "each event of a list has a number");

static struct spool_options options_of(const struct spill_logs *logs, const char *folder)
{
    uint64_t segment = logs->bytes_max / 8;
    if (segment < 256 * 1024) segment = 256 * 1024;
    if (segment > SPILL_SEGMENT_BYTES_MAX) segment = SPILL_SEGMENT_BYTES_MAX;
    uint64_t payload = segment - SPOOL_HEADERS_BYTES - SPOOL_RECORD_HEAD_BYTES;
    if (payload > SPILL_EVENT_BYTES_MAX) payload = SPILL_EVENT_BYTES_MAX;
    return (struct spool_options){.folder = folder, .bytes_max = logs->bytes_max, .segment_bytes = segment,
                                  .group_bytes = (uint32_t)(payload + SPOOL_RECORD_HEAD_BYTES),
                                  .payload_max = (uint32_t)payload,
                                  .has_runs = true};
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
    record_pack_destroy(logs->pack);
    logs->pack = NULL;
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

/* What goes to the log next. */
struct portion {
    struct str packed; /* a list of so many rows, of so many bytes; empty: to be made */
    uint32_t rows;
    uint64_t bytes;
    uint32_t plain;    /* rows that did not become smaller and go as they are */
};

static void portion_make(const struct spill_log *log, struct record_pack *pack, struct rows_left left,
                         struct portion *portion)
{
    *portion = (struct portion){0};
    for (record_pack_begin(pack, SPILL_RECORD_PACKED); has_row(&left); left.row++, portion->rows++) {
        struct str row = pack_row_bytes(left.pack, left.row);
        if (!record_pack_add(pack, row)) break;
        portion->bytes += row.len;
    }
    size_t most = log->spool.options.payload_max - SPOOL_RUN_HEAD_BYTES;
    portion->packed = record_pack_seal(pack, portion->bytes < most ? portion->bytes : most);
    if (!portion->packed.len) portion->plain = portion->rows;
}

static int list_append(struct spill_log *log, struct spill_work *work, struct rows_left *left, struct portion *portion)
{
    uint64_t sequence;
    int verdict = spool_append_run(&log->spool, &portion->packed, 1, portion->rows, &sequence);
    if (verdict) return verdict;
    for (uint32_t n = 0; n < portion->rows && has_row(left); n++) left->row++;
    work->written_bytes += portion->bytes;
    portion->packed = (struct str){0};
    return 0;
}

static int row_append(struct spill_log *log, struct spill_work *work, struct rows_left *left, struct portion *portion)
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
    portion->plain--;
    work->written_bytes += parts[1].len;
    return 0;
}

static int sync_or_drop(struct spill_log *log, struct spill_work *work)
{
    int error = spool_sync(&log->spool);
    if (error != -ENOSPC || !work->drops_oldest || !oldest_drop(log, work)) return error;
    error = spool_checkpoint(&log->spool);
    return error ? error : spool_sync(&log->spool);
}

static void rows_write(struct spill_log *log, struct record_pack *pack, struct spill_work *work)
{
    struct rows_left left = {work->pack, work->row, work->packs};
    struct portion portion = {0};
    int verdict = sync_or_drop(log, work); /* what it could not before */
    while (!verdict && has_row(&left)) {
        if (!portion.packed.len && !portion.plain) portion_make(log, pack, left, &portion);
        verdict = portion.plain ? row_append(log, work, &left, &portion) : list_append(log, work, &left, &portion);
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

static void row_keep(struct spill_work *work, uint64_t at, char kind, struct str bytes)
{
    if (at < work->read_from) return;
    buf_append_char(&work->bytes, kind);
    buf_append(&work->bytes, bytes);
    work->rows[work->row_count++] = (struct spill_read_row){at, (uint32_t)work->bytes.len};
}

/* Numbers of a record from the wanted one on. */
static uint64_t wanted_of(const struct spill_work *work, uint64_t first, uint64_t last)
{
    if (first < work->read_from) first = work->read_from;
    return last >= first ? last + 1 - first : 0;
}

static void list_keep(struct spill_logs *logs, struct spill_work *work, const struct spool_record *record)
{
    struct str list, row;
    uint64_t at = record->sequence;
    if (record_pack_open(logs->pack, record->payload, NULL, &list) && record_list_count(list) == record->numbers) {
        while (record_list_next(&list, &row)) row_keep(work, at++, SPILL_RECORD_EVENT, row);
        return;
    }
    uint64_t lost = wanted_of(work, at, spool_record_last(record));
    work->lost += lost;
    LOG(LOG_ERROR, "spill.unreadable", logs->id,
        "%llu events on disk are whole and cannot be understood: they are dropped; were they written by another "
        "version?",
        (number)lost);
}

static void record_keep(struct spill_logs *logs, struct spill_work *work, const struct spool_record *record)
{
    char kind = *record->payload.ptr;
    if (kind == SPILL_RECORD_PACKED)
        list_keep(logs, work, record);
    else
        row_keep(work, record->sequence, kind, str_from(record->payload, 1));
    work->read_to = spool_record_last(record);
}

static void loss_keep(struct spill_logs *logs, const struct spill_log *log, struct spill_work *work,
                      const struct spool_loss *loss)
{
    say_lost(logs, log, loss);
    work->read_to = loss->last;
    work->lost += wanted_of(work, loss->first, loss->last);
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
        else
            record_keep(logs, work, &record);
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

static bool is_all_done(const struct spill_logs *logs)
{
    for (uint32_t i = 0; i < logs->count; i++) {
        const struct spill_log *log = &logs->items[i];
        if (log->is_open && spool_done_up_to(&log->cursor) < log->spool.next - 1) return false;
    }
    return true;
}

static void answer(struct spill_logs *logs, struct spill_work *work)
{
    if (is_all_done(logs)) record_pack_rest(logs->pack); /* the output is well again: no memory for it */
    work->pack_memory = record_pack_memory(logs->pack);
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
    rows_write(&logs->items[0], logs->pack, work);
    if (work->read_from) rows_read(logs, work);
    for (uint32_t i = 0; work->checkpoints && i < logs->count; i++) {
        int error = logs->items[i].is_open ? spool_checkpoint(&logs->items[i].spool) : 0;
        if (error) work->error = error;
    }
    answer(logs, work);
    if (work->closes) logs_close(logs);
}
