/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/queue_command.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include "core/queue/queue_log.h"
#include "core/store/spool/spool.h"
#include "core/text/time.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include "pipelines/queue_dump.h"

struct work {
    const char *folder;
    struct spool spool;
    struct spool_report report;
    struct record_pack *pack;
    bool is_spill;
    bool is_queue;           /* by its reader: its records are a queue's, or a newer version's */
    struct diag *diag;
    bool is_whole; /* nothing is lost so far */
    uint64_t newer; /* records of a version that is not known yet */
};

typedef unsigned long long number;

static const char *plural(uint64_t count) { return count == 1 ? "" : "s"; }

static void say_error(struct work *work, int error)
{
    struct diag *diag = work->diag;
    if (error == -EPROTONOSUPPORT)
        diag_hint(diag, diag_error(diag, (struct place){0}, "%s/%s is of format %u, which a newer version wrote",
                                   work->folder, work->report.newer_name, work->report.newer_format),
                  "use that version; nothing was changed");
    else if (error == -EAGAIN)
        diag_hint(diag, diag_error(diag, (struct place){0}, "%s is open in a running instance", work->folder),
                  "stop it first; `tailrace queue check` looks without stopping it");
    else if (error == -ENOENT)
        diag_error(diag, (struct place){0}, "no queue is in %s", work->folder);
    else
        diag_error(diag, (struct place){0}, "%s cannot be read: %s", work->folder, uv_strerror(error));
}

static void say_loss(struct work *work, const struct spool_loss *loss)
{
    if (loss->kind == SPOOL_LOSS_NONE) return;
    work->is_whole = work->is_whole && loss->kind == SPOOL_LOSS_TORN;
    printf("%s:", spool_loss_word(loss->kind));
    if (loss->last >= loss->first)
        printf(" records %llu to %llu", (number)loss->first, (number)loss->last);
    else
        printf(" record %llu", (number)loss->first);
    if (loss->segment)
        printf(", %020llu.seg at byte %llu, %llu byte%s", (number)loss->segment, (number)loss->offset,
               (number)loss->bytes, plural(loss->bytes));
    puts(loss->kind == SPOOL_LOSS_TORN ? " (never acknowledged)" : "");
}

static void say_found(struct work *work)
{
    const struct spool_report *report = &work->report;
    say_loss(work, &report->torn);
    if (report->is_checkpoint_lost) puts("checkpoint: lost; all that is there is read again");
    work->is_whole = work->is_whole && !report->is_checkpoint_lost;
    for (uint32_t i = 0; i < report->foreign && i < SPOOL_NAMES_MAX; i++)
        printf("not the queue's: %s\n", report->foreign_names[i]);
}

/* ---- the actions ---- */

static int list(struct work *work)
{
    const struct spool *spool = &work->spool;
    for (uint32_t i = 0; i < spool->count; i++)
        printf("%020llu.seg %12llu bytes\n", (number)spool->segments[i].first, (number)spool->segments[i].bytes);
    for (uint32_t i = 0; i < spool->checkpoint.count; i++) {
        const struct checkpoint_cursor *cursor = &spool->checkpoint.cursors[i];
        uint64_t waiting = spool->synced > cursor->done ? spool->synced - cursor->done : 0;
        printf("reader %s: done up to %llu, %llu record%s to go\n", cursor->name, (number)cursor->done, (number)waiting,
               plural(waiting));
    }
    printf("%u segment%s, %llu bytes, last record %llu\n", spool->count, plural(spool->count), (number)spool->bytes,
           (number)spool->synced);
    say_loss(work, &work->report.missing);
    say_found(work);
    return 0;
}

/* What a terminal would take for a command, and what is no text, is printed in hexadecimal. */
static void print_plain(struct str text)
{
    while (text.len) {
        size_t len;
        uint32_t code = utf8_decode(text, &len);
        bool is_plain = len && code >= ' ' && !(code >= 0x7f && code <= 0x9f) && code != '\\';
        if (is_plain)
            fwrite(text.ptr, 1, len, stdout);
        else if (len && code == '\\')
            fputs("\\\\", stdout);
        else
            for (size_t i = 0; i < (len ? len : 1); i++) printf("\\x%02x", (unsigned char)text.ptr[i]);
        text = str_from(text, len ? len : 1);
    }
}

static void print_text(struct str text)
{
    print_plain(text);
    putchar('\n');
}

/* A line for each frame. */
static void print_frames(uint64_t sequence, struct str record)
{
    struct queue_head head;
    struct queue_frame frame;
    if (!queue_record_open(&record, &head)) return;
    char time[TIME_ISO_SIZE];
    struct str arrival = {time, time_print_iso(head.arrival.seconds, head.arrival.len, time)};
    while (queue_record_next(&record, &frame) == QUEUE_NEXT_FRAME) {
        printf("%llu\t", (number)sequence);
        print_plain(head.id);
        printf("\t%.*s\t", STR_ARG(arrival));
        print_text(frame.bytes);
    }
}

/* False: it is not such as this version writes. */
static bool record_open(struct work *work, const struct spool_record *record, struct queue_records *records)
{
    size_t bytes;
    bool ok = queue_records_open(work->pack, record->payload, NULL, records);
    struct queue_records look = *records;
    struct queue_head head;
    for (struct str each; ok && queue_records_next(&look, &each);) ok = queue_record_open(&each, &head);
    if (!ok && work->is_queue && queue_form_of(record->payload, &bytes) == QUEUE_FORM_NEWER) work->newer++;
    return ok;
}

static void record_print(struct work *work, const struct spool_record *record)
{
    struct queue_records records;
    if (work->is_spill && queue_dump_spilled(work->pack, record)) return;
    if (!work->is_spill && record_open(work, record, &records)) {
        for (struct str each; queue_records_next(&records, &each);) print_frames(record->sequence, each);
        return;
    }
    printf("%llu\t", (number)record->sequence);
    print_text(record->payload);
}

static void record_check(struct work *work, const struct spool_record *record)
{
    struct queue_records records;
    bool is_known = work->is_spill ? queue_is_spilled(work->pack, record)
                                   : !work->is_queue || record_open(work, record, &records);
    if (is_known) return;
    work->is_whole = false;
    printf("unknown: record %llu is whole, but not such as this version writes\n", (number)record->sequence);
}

static int walk(struct work *work, bool prints, uint64_t *records)
{
    struct spool_cursor cursor;
    struct spool_record record;
    struct spool_loss loss;
    int verdict;
    spool_cursor_look(&work->spool, &cursor);
    for (*records = 0; (verdict = spool_read(&cursor, &record, &loss)) >= 0 && verdict != SPOOL_END;) {
        if (verdict == SPOOL_LOSS) {
            if (prints) work->is_whole = false;
            else say_loss(work, &loss);
            continue;
        }
        *records += record.numbers;
        if (prints) record_print(work, &record);
        else record_check(work, &record);
    }
    spool_cursor_close(&cursor);
    if (work->newer)
        diag_hint(work->diag,
                  diag_error(work->diag, (struct place){0}, "a newer version wrote records of %s: %llu",
                             work->folder, (number)work->newer),
                  "use that version; nothing was changed");
    return verdict < 0 ? verdict : 0;
}

static int check(struct work *work)
{
    uint64_t records;
    int error = walk(work, false, &records);
    say_found(work);
    if (error == 0)
        printf("%llu record%s read, %s\n", (number)records, plural(records),
               work->is_whole ? "nothing is lost" : "what is lost is told above");
    return error;
}

static int dump(struct work *work)
{
    uint64_t records;
    return walk(work, true, &records);
}

static int repair(struct work *work)
{
    /* limits of appending, which repairing does not do */
    struct spool_options options = {.folder = work->folder, .bytes_max = 1 << 20, .segment_bytes = 1 << 16,
                                    .group_bytes = 4096, .payload_max = 1024, .has_runs = work->is_spill};
    spool_close(&work->spool);
    int error = spool_open(&work->spool, &options, &file_ops_real, &work->report);
    if (error) return error;
    if (work->report.is_checkpoint_lost) error = spool_checkpoint(&work->spool);
    if (error == 0) error = check(work);
    if (work->report.torn.kind) puts("cut off: the unfinished end");
    if (work->report.stale) printf("removed: %u unfinished file%s\n", work->report.stale, plural(work->report.stale));
    return error;
}

static const struct {
    const char *name;
    int (*run)(struct work *work);
} actions[] = {{"ls", list}, {"check", check}, {"dump", dump}, {"repair", repair}};

enum { ACTION_COUNT = sizeof actions / sizeof *actions };

static bool has_reader(const struct spool *spool)
{
    for (uint32_t i = 0; i < spool->checkpoint.count; i++)
        if (!strcmp(spool->checkpoint.cursors[i].name, QUEUE_READER)) return true;
    return false;
}

static enum exit_code act(int (*run)(struct work *work), struct str folder, struct diag *diag)
{
    struct work work = {.folder = xstrndup(folder), .diag = diag, .is_whole = true};
    int error = spool_open_look(&work.spool, work.folder, &file_ops_real, &work.report);
    work.pack = record_pack_create(COMPRESS_NOTHING);
    work.is_spill = error == 0 && queue_is_spill(&work.spool);
    work.is_queue = error == 0 && !work.is_spill && has_reader(&work.spool);
    if (error == 0) error = run(&work);
    if (error) say_error(&work, error);
    record_pack_destroy(work.pack);
    if (work.spool.options.folder) spool_close(&work.spool);
    free((char *)(uintptr_t)work.folder);
    return error || !work.is_whole ? EXIT_RUNTIME : EXIT_DONE;
}

enum exit_code queue_command(const struct str_list *words, struct diag *diag)
{
    for (size_t i = 0; words->count == 2 && i < ACTION_COUNT; i++)
        if (str_eq_z(words->items[0], actions[i].name)) return act(actions[i].run, words->items[1], diag);
    diag_hint(diag, diag_error(diag, (struct place){0}, "what is to be done with which queue?"),
              "tailrace queue ls FOLDER, check FOLDER, dump FOLDER or repair FOLDER");
    return EXIT_USAGE;
}
