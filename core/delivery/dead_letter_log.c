/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/dead_letter_log.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/xmalloc.h"

enum {
    SEGMENT_BYTES_MAX = 16 * 1024 * 1024, /* whole segments are let go: not too large */
    LETTER_BYTES_MAX = 8 * 1024 * 1024,
    OPEN_TRIES = 20,
    OPEN_WAIT_US = 10000,
    HEAP_BYTES_KEPT = 1024 * 1024, /* of memory, for the next ones */
};
#define OPEN_AGAIN_NS UINT64_C(1000000000)
#define LOOK_NS UINT64_C(5000000000)

/* ---- heaps ---- */

void dead_letter_heap_add(struct dead_letter_heap *heap, const struct dead_letter *letter, uint64_t time_ns,
                          uint32_t deaths, struct str hash)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity ? heap->capacity * 2 : 64;
        heap->letters = xreallocarray(heap->letters, heap->capacity, sizeof *heap->letters);
    }
    dead_letter_pack(&heap->bytes, letter, time_ns, deaths, hash);
    heap->letters[heap->count++] = (struct dead_letter_lot){.end = heap->bytes.len};
}

void dead_letter_heap_clear(struct dead_letter_heap *heap)
{
    if (heap->bytes.capacity > HEAP_BYTES_KEPT) buf_fini(&heap->bytes);
    buf_clear(&heap->bytes);
    heap->count = 0;
}

void dead_letter_heap_fini(struct dead_letter_heap *heap)
{
    buf_fini(&heap->bytes);
    free(heap->letters);
}

/* ---- opening ---- */

void dead_letter_log_init(struct dead_letter_log *log, const struct dead_letters_options *options)
{
    assert(options->bytes_max >= DEAD_LETTERS_BYTES_MIN);
    uint64_t segment = options->bytes_max / 4, letter = options->bytes_max / 8 - 1024;
    struct buf folder = {0};
    buf_printf(&folder, "%.*s/%.*s", STR_ARG(options->folder), STR_ARG(options->log));
    *log = (struct dead_letter_log){
        .files = options->files,
        .folder = xstrdup(buf_z(&folder)),
        .policy = options->policy,
        .age_ns_max = options->age_ns_max,
    };
    buf_fini(&folder);
    log->options = (struct spool_options){
        .folder = log->folder,
        .bytes_max = options->bytes_max,
        .segment_bytes = segment < SEGMENT_BYTES_MAX ? segment : SEGMENT_BYTES_MAX,
        .payload_max = (uint32_t)(letter < LETTER_BYTES_MAX ? letter : LETTER_BYTES_MAX),
    };
    log->options.group_bytes = (uint32_t)spool_record_size(log->options.payload_max);
}

void dead_letter_log_close(struct dead_letter_log *log)
{
    if (!log->is_open) return;
    spool_checkpoint(&log->spool); /* costs nothing but numbers if it fails */
    spool_close(&log->spool);
    log->is_open = false;
}

void dead_letter_log_fini(struct dead_letter_log *log)
{
    dead_letter_log_close(log);
    free(log->folder);
}

static int log_open(struct dead_letter_log *log, uint64_t now_ns)
{
    if (log->is_open) return 0;
    if (log->tried_ns && now_ns - log->tried_ns < OPEN_AGAIN_NS) return log->status;
    struct spool_report report;
    int error = file_folders_make(log->files, log->folder);
    if (error == 0) error = spool_open(&log->spool, &log->options, log->files, &report);
    for (int i = 0; error == -EAGAIN && i < OPEN_TRIES; i++) {
        usleep(OPEN_WAIT_US); /* somebody who removes letters has it for a moment */
        error = spool_open(&log->spool, &log->options, log->files, &report);
    }
    log->is_open = error == 0;
    log->tried_ns = error ? now_ns : 0;
    return error;
}

/* ---- letting go ---- */

static uint64_t oldest_count(const struct spool *spool)
{
    uint64_t bound = spool->count > 1 ? spool->segments[1].first : spool->synced + 1;
    return bound - spool->segments[0].first;
}

static int oldest_drop(struct dead_letter_log *log, uint64_t *counted)
{
    if (!log->spool.count) return -ENOENT;
    uint64_t count = oldest_count(&log->spool);
    int error = spool_drop_oldest(&log->spool);
    if (error == 0) *counted += count;
    return error;
}

/* Time of the newest letter in the oldest segment; of what cannot be read UINT64_MAX: it is kept. */
static uint64_t oldest_newest_ns(struct dead_letter_log *log)
{
    struct spool *spool = &log->spool;
    uint64_t first = spool->segments[0].first, last = first + oldest_count(spool) - 1;
    bool may_grow = spool->count == 1 && spool->active >= 0;
    if (log->seen_first == first && !may_grow) return log->seen_newest_ns;
    struct spool_cursor cursor;
    struct spool_record record;
    struct spool_loss loss;
    struct dead_letter_record letter;
    uint64_t newest = 0;
    int verdict;
    spool_cursor_look(spool, &cursor);
    while ((verdict = spool_read(&cursor, &record, &loss)) >= 0 && verdict != SPOOL_END) {
        if (verdict == SPOOL_LOSS) continue;
        if (record.sequence > last) break;
        if (dead_letter_unpack(record.payload, &letter) && letter.time_ns > newest) newest = letter.time_ns;
    }
    spool_cursor_close(&cursor);
    log->seen_first = first;
    log->seen_newest_ns = verdict < 0 ? UINT64_MAX : newest;
    return log->seen_newest_ns;
}

static void expire(struct dead_letter_log *log, uint64_t now_ns)
{
    uint64_t age = (uint64_t)log->age_ns_max;
    while (age && now_ns > age && log->spool.count && oldest_newest_ns(log) < now_ns - age)
        if (oldest_drop(log, &log->expired) != 0) break;
}

/* ---- writing ---- */

/* What was appended is durable, or lost for good. */
static void group_sync(struct dead_letter_log *log, struct dead_letter_heap *heap, uint32_t end)
{
    int error = spool_sync(&log->spool);
    for (; log->unsynced < end; log->unsynced++)
        if (error && !heap->letters[log->unsynced].status) heap->letters[log->unsynced].status = error;
    if (!error) return;
    log->status = error;
    spool_discard(&log->spool);
}

static int room_make(struct dead_letter_log *log)
{
    if (spool_forget_gone(&log->spool)) return 0;
    return log->policy == DEAD_LETTERS_DROP_OLDER ? oldest_drop(log, &log->evicted) : SPOOL_FULL;
}

static int letter_append(struct dead_letter_log *log, struct dead_letter_heap *heap, uint32_t i)
{
    size_t start = i ? heap->letters[i - 1].end : 0;
    struct str bytes = {heap->bytes.ptr + start, heap->letters[i].end - start};
    uint64_t sequence;
    for (;;) {
        int status = spool_append(&log->spool, &bytes, 1, &sequence);
        if (status == SPOOL_SYNC_FIRST)
            group_sync(log, heap, i);
        else if (status == SPOOL_FULL) {
            status = room_make(log);
            if (status) return status;
        } else
            return status;
    }
}

void dead_letter_log_write(struct dead_letter_log *log, struct dead_letter_heap *heap, uint64_t now_ns)
{
    int error = log_open(log, now_ns);
    log->status = error;
    if (error) {
        for (uint32_t i = 0; i < heap->count; i++) heap->letters[i].status = error;
        return;
    }
    expire(log, now_ns);
    log->unsynced = 0;
    for (uint32_t i = 0; i < heap->count; i++) {
        heap->letters[i].status = letter_append(log, heap, i);
        if (heap->letters[i].status) log->status = heap->letters[i].status;
    }
    group_sync(log, heap, heap->count);
    if (now_ns - log->looked_ns > LOOK_NS) {
        log->looked_ns = now_ns;
        spool_forget_gone(&log->spool);
    }
    log->bytes = log->spool.bytes;
}
