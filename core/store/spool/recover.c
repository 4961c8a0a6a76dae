/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a log: what a process that was stopped, a disk that lost power or somebody's hand left behind.
 *
 * Only the end of the last segment can be unfinished, since a new one is begun after the one before was
 * synced; the others are believed until they are read. Nothing is appended to a file of an earlier process:
 * the next sync makes a new one, so that bytes behind the end cannot become records again. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/store/spool/segment.h"
#include "core/xmalloc.h"

struct opening {
    struct spool *spool;
    struct spool_report *report;
    bool is_too_many;
    bool has_stale[2]; /* the two temporary files */
};

static void foreign_note(struct spool_report *report, const char *name)
{
    if (report->foreign < SPOOL_NAMES_MAX)
        snprintf(report->foreign_names[report->foreign], sizeof report->foreign_names[0], "%s", name);
    report->foreign++;
}

static void name_note(void *opaque, const char *name)
{
    struct opening *opening = opaque;
    uint64_t first;
    switch (spool_name_kind(name, &first)) {
    case SPOOL_NAME_SEGMENT:
        opening->is_too_many |= opening->spool->count >= SPOOL_SEGMENTS_MAX;
        if (!opening->is_too_many) segment_add(opening->spool, first, 0);
        break;
    case SPOOL_NAME_TEMPORARY: opening->has_stale[!strcmp(name, SEGMENT_TEMPORARY)] = true; break;
    case SPOOL_NAME_FOREIGN: foreign_note(opening->report, name); break;
    case SPOOL_NAME_CHECKPOINT: break;
    }
}

static int by_first(const void *a, const void *b)
{
    const struct spool_segment *left = a, *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

static int newer(struct spool_report *report, const char *name, uint16_t format)
{
    report->newer_format = format;
    snprintf(report->newer_name, sizeof report->newer_name, "%s", name);
    return -EPROTONOSUPPORT;
}

/* Sizes of all segments, and whether this version may touch them at all. */
static int segments_look(struct opening *opening)
{
    struct spool *spool = opening->spool;
    struct spool_scan scan;
    int state = 0;
    spool_scan_init(&scan, spool->files);
    for (uint32_t i = 0; i < spool->count; i++) {
        char path[SPOOL_PATH_MAX];
        struct spool_header header;
        segment_path(spool, spool->segments[i].first, path);
        state = spool_scan_open(&scan, path, &header);
        if (state == -ENOENT && spool->is_look) continue; /* deleted by its owner since it was listed */
        if (state < 0) break;
        if (state == SPOOL_HEADER_NEWER) {
            state = newer(opening->report, strrchr(path, '/') + 1, header.format);
            break;
        }
        spool->segments[i].bytes = scan.end;
        spool->bytes += scan.end;
    }
    spool_scan_fini(&scan);
    return state < 0 && !(state == -ENOENT && spool->is_look) ? state : 0;
}

static int folder_read(struct opening *opening)
{
    struct spool *spool = opening->spool;
    int error = spool->files->list(spool->files, spool->options.folder, name_note, opening);
    if (error) return error;
    if (opening->is_too_many) return -EMFILE;
    if (spool->count) qsort(spool->segments, spool->count, sizeof *spool->segments, by_first);
    return segments_look(opening);
}

static int folder_make(struct spool *spool)
{
    const char *folder = spool->options.folder;
    int error = spool->files->make_folder(spool->files, folder);
    const char *slash = strrchr(folder, '/');
    if (error || !slash || slash == folder) return error;
    char *parent = xstrndup((struct str){folder, (size_t)(slash - folder)});
    error = spool->files->sync_folder(spool->files, parent);
    free(parent);
    return error;
}

/* ---- the checkpoint ---- */

static int checkpoint_open(struct spool *spool, bool *is_new)
{
    char path[SPOOL_PATH_MAX], temporary[SPOOL_PATH_MAX];
    spool_path(spool, CHECKPOINT_NAME, path);
    spool_path(spool, CHECKPOINT_TEMPORARY, temporary);
    int fd = spool->files->open(spool->files, path, spool->is_look ? FILE_READ : FILE_WRITE);
    *is_new = fd == -ENOENT;
    if (*is_new && !spool->is_look) {
        int error = checkpoint_make(spool->files, path, temporary);
        if (error == 0) error = spool->files->sync_folder(spool->files, spool->options.folder);
        if (error) return error;
        fd = spool->files->open(spool->files, path, FILE_WRITE);
    }
    return fd;
}

static int checkpoint_recover(struct opening *opening)
{
    struct spool *spool = opening->spool;
    bool is_new;
    uint16_t format = 0;
    int fd = checkpoint_open(spool, &is_new);
    if (fd == -ENOENT && spool->is_look && spool->count) {
        spool->is_checkpoint_lost = opening->report->is_checkpoint_lost = true;
        return 0;
    }
    if (fd < 0) return fd;
    spool->checkpoint_fd = fd;
    int error = spool->is_look ? 0 : spool->files->lock(spool->files, fd);
    if (error) return error;
    int state = checkpoint_read(spool->files, fd, &spool->checkpoint, &format);
    if (state < 0) return state;
    if (state == CHECKPOINT_NEWER) return newer(opening->report, CHECKPOINT_NAME, format);
    if (state == CHECKPOINT_BAD) spool->checkpoint = (struct checkpoint){0};
    spool->is_checkpoint_lost = state == CHECKPOINT_BAD || (is_new && spool->count > 0);
    opening->report->is_checkpoint_lost = spool->is_checkpoint_lost;
    /* what is read may be in memory alone, and segments are deleted on its word */
    return spool->is_look ? 0 : spool->files->sync(spool->files, fd);
}

/* ---- the last segment ---- */

struct tail {
    uint64_t promised;   /* all up to this number were synced, says the checkpoint */
    uint64_t expected;   /* behind the last record that is kept */
    uint64_t end;        /* of what is kept */
    uint64_t recognized; /* the highest number seen */
    bool is_cut;         /* at `end`: from there on nothing is known to have been synced */
};

/* One whole record. When a group begins, everything before it in this file was synced: bad bytes before it are
 * damage, and no reason to cut. */
static void tail_take(struct tail *tail, const struct spool_record *record, uint64_t end)
{
    if (spool_record_last(record) > tail->recognized) tail->recognized = spool_record_last(record);
    if (tail->is_cut && (record->is_group_first || record->sequence <= tail->promised)) tail->is_cut = false;
    if (tail->is_cut) return;
    tail->expected = tail->recognized + 1;
    tail->end = end;
}

/* That so many bytes can have. */
static uint64_t numbers_most(uint64_t bytes) { return bytes / SPOOL_RECORD_HEAD_BYTES * SPOOL_RUN_MAX; }

static int tail_walk(struct spool_scan *scan, struct tail *tail)
{
    struct spool_record record;
    for (;;) {
        uint64_t next = tail->recognized + 1;
        int verdict = spool_scan_next(scan, &record);
        if (verdict == SCAN_RECORD && record.sequence >= next) {
            tail_take(tail, &record, scan->offset);
            continue;
        }
        if (verdict == SCAN_END || verdict < 0) return verdict < 0 ? verdict : 0;
        if (verdict == SCAN_RECORD) scan->offset -= record.size;
        if (next > tail->promised) tail->is_cut = true;
        verdict = spool_scan_find(scan, next, next + numbers_most(scan->end - scan->offset), &record);
        if (verdict < 0) return verdict;
        if (verdict == SCAN_RECORD) continue;
        if (!tail->is_cut) tail->end = scan->end; /* damage to the end: left for whoever can repair it */
        return 0;
    }
}

/* Cuts the file and has it on the disk as it was read, before anybody relies on it. */
static int tail_cut(struct spool *spool, const char *path, uint64_t end)
{
    int fd = spool->files->open(spool->files, path, FILE_WRITE);
    if (fd < 0) return fd;
    int error = spool->files->truncate(spool->files, fd, end);
    if (error == 0) error = spool->files->sync(spool->files, fd);
    spool->files->close(spool->files, fd);
    return error;
}

/* The last segment is kept up to tail->end; without a record its name is free again. */
static int tail_settle(struct spool *spool, const char *path, const struct tail *tail)
{
    struct spool_segment *last = &spool->segments[spool->count - 1];
    bool is_empty = tail->end == SPOOL_HEADERS_BYTES;
    int error = 0;
    if (!spool->is_look)
        error = is_empty ? spool->files->remove(spool->files, path) : tail_cut(spool, path, tail->end);
    if (error) return error;
    spool->bytes -= last->bytes - (is_empty ? 0 : tail->end);
    last->bytes = tail->end;
    if (is_empty) spool->count--;
    return 0;
}

/* Its numbers are not known: as many are passed over as it can have. */
static uint64_t headless_end(const struct spool *spool, const struct spool_segment *segment)
{
    uint64_t most = numbers_most(segment->bytes);
    return segment->first + (spool->options.has_runs ? most : most / SPOOL_RUN_MAX);
}

/* *last: the number of the last record that is there, 0: none. */
static int tail_recover(struct opening *opening, uint64_t *last)
{
    struct spool *spool = opening->spool;
    if (spool->count == 0) return 0;
    struct spool_segment segment = spool->segments[spool->count - 1];
    struct spool_scan scan;
    struct spool_header header;
    char path[SPOOL_PATH_MAX];
    spool_scan_init(&scan, spool->files);
    segment_path(spool, segment.first, path);
    int state = spool_scan_open(&scan, path, &header);
    if (state != SPOOL_HEADER_GOOD || header.first != segment.first) {
        spool_scan_fini(&scan);
        *last = headless_end(spool, &segment);
        return state < 0 ? state : 0;
    }
    struct tail tail = {.promised = spool->checkpoint.synced, .expected = segment.first,
                        .recognized = segment.first - 1, .end = SPOOL_HEADERS_BYTES};
    uint64_t data_end = tail.end;
    int error = tail_walk(&scan, &tail);
    if (error == 0 && tail.is_cut) error = spool_scan_data_end(&scan, tail.end, &data_end);
    spool_scan_fini(&scan);
    if (error) return error;
    *last = tail.expected - 1;
    if (tail.is_cut)
        opening->report->torn =
            (struct spool_loss){.kind = SPOOL_LOSS_TORN, .segment = segment.first, .offset = tail.end,
                                .bytes = data_end - tail.end, .first = tail.expected, .last = tail.recognized};
    return tail_settle(spool, path, &tail);
}

/* ---- all of it ---- */

static uint64_t numbers_used(const struct spool *spool)
{
    uint64_t most = spool->checkpoint.synced;
    for (uint32_t i = 0; i < spool->checkpoint.count; i++)
        if (spool->checkpoint.cursors[i].done > most) most = spool->checkpoint.cursors[i].done;
    return most;
}

/* Numbers go on behind all that was ever promised or done, whether or not its records are there. */
static void numbers_recover(struct opening *opening, uint64_t last)
{
    struct spool *spool = opening->spool;
    uint64_t used = numbers_used(spool), done = segment_done(spool);
    uint64_t missed = last > done ? last : done; /* what is done may be gone */
    if (spool->count && spool->checkpoint.synced > missed)
        opening->report->missing =
            (struct spool_loss){.kind = SPOOL_LOSS_MISSING, .segment = spool->segments[spool->count - 1].first,
                                .offset = spool->segments[spool->count - 1].bytes, .first = missed + 1,
                                .last = spool->checkpoint.synced};
    spool->synced = used > last ? used : last;
    spool->next = spool->synced + 1;
}

static int stale_remove(struct opening *opening)
{
    static const char *const names[2] = {CHECKPOINT_TEMPORARY, SEGMENT_TEMPORARY};
    int error = 0;
    for (int i = 0; i < 2 && error == 0; i++) {
        if (!opening->has_stale[i]) continue;
        char path[SPOOL_PATH_MAX];
        spool_path(opening->spool, names[i], path);
        error = opening->spool->files->remove(opening->spool->files, path);
        if (error == -ENOENT) error = 0; /* used and renamed meanwhile */
        opening->report->stale++;
    }
    return error;
}

static int recover(struct opening *opening)
{
    struct spool *spool = opening->spool;
    uint64_t last = 0;
    int error = folder_make(spool);
    if (error == 0) error = folder_read(opening);
    if (error == 0) error = checkpoint_recover(opening);
    if (error == 0) error = stale_remove(opening);
    if (error == 0) error = tail_recover(opening, &last);
    if (error) return error;
    numbers_recover(opening, last);
    return spool->files->sync_folder(spool->files, spool->options.folder);
}

int spool_open_look(struct spool *spool, const char *folder, const struct file_ops *files, struct spool_report *report)
{
    *report = (struct spool_report){0};
    if (strlen(folder) > SPOOL_FOLDER_MAX) return -ENAMETOOLONG;
    *spool = (struct spool){.files = files, .active = -1, .checkpoint_fd = -1, .is_look = true};
    spool->options.folder = xstrdup(folder);
    struct opening opening = {.spool = spool, .report = report};
    uint64_t last = 0;
    int error = folder_read(&opening);
    if (error == 0) error = checkpoint_recover(&opening);
    if (error == 0) error = tail_recover(&opening, &last);
    if (error)
        spool_close(spool);
    else
        numbers_recover(&opening, last);
    return error;
}

int spool_open(struct spool *spool, const struct spool_options *options, const struct file_ops *files,
               struct spool_report *report)
{
    assert(options->payload_max > 0 && options->payload_max <= SPOOL_RECORD_BYTES_MAX);
    assert(options->group_bytes >= spool_record_size(options->payload_max));
    assert(options->segment_bytes >= SPOOL_HEADERS_BYTES + (uint64_t)options->group_bytes);
    assert(options->bytes_max / 2 >= options->segment_bytes);
    *report = (struct spool_report){0};
    if (strlen(options->folder) > SPOOL_FOLDER_MAX) return -ENAMETOOLONG;
    *spool = (struct spool){.files = files, .options = *options, .active = -1, .checkpoint_fd = -1};
    spool->options.folder = xstrdup(options->folder);
    spool->salt = files->random(files);
    spool->seed = spool_seed(spool->salt);
    struct opening opening = {.spool = spool, .report = report};
    int error = recover(&opening);
    if (error) {
        spool_close(spool);
        return error;
    }
    spool->group = xmalloc(options->group_bytes);
    return 0;
}
