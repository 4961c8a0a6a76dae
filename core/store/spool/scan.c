/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/spool/scan.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include "core/xmalloc.h"

void spool_scan_init(struct spool_scan *scan, const struct file_ops *files)
{
    *scan = (struct spool_scan){.files = files, .fd = -1};
}

void spool_scan_close(struct spool_scan *scan)
{
    if (scan->fd >= 0) scan->files->close(scan->files, scan->fd);
    scan->fd = -1;
    scan->len = 0;
}

void spool_scan_fini(struct spool_scan *scan)
{
    spool_scan_close(scan);
    free(scan->window);
    scan->window = NULL;
    scan->capacity = 0;
}

static int header_read(struct spool_scan *scan, struct spool_header *header)
{
    char bytes[SPOOL_HEADERS_BYTES] = {0};
    int64_t size = scan->files->size(scan->files, scan->fd);
    if (size < 0) return (int)size;
    size_t have = (uint64_t)size < sizeof bytes ? (size_t)size : sizeof bytes;
    int error = file_read_all(scan->files, scan->fd, bytes, have, 0);
    if (error) return error;
    scan->end = (uint64_t)size;
    return (int)spool_headers_get(bytes, header);
}

int spool_scan_open(struct spool_scan *scan, const char *path, struct spool_header *header)
{
    spool_scan_close(scan);
    int fd = scan->files->open(scan->files, path, FILE_READ);
    if (fd < 0) return fd;
    scan->fd = fd;
    scan->offset = SPOOL_HEADERS_BYTES;
    scan->at = 0;
    int state = header_read(scan, header);
    if (state == SPOOL_HEADER_GOOD) {
        scan->seed = spool_seed(header->salt);
        scan->payload_max = header->payload_max;
    } else
        spool_scan_close(scan);
    return state;
}

static void window_reserve(struct spool_scan *scan, size_t bytes)
{
    if (bytes < SCAN_WINDOW_BYTES) bytes = SCAN_WINDOW_BYTES;
    if (scan->capacity >= bytes) return;
    scan->window = xrealloc(scan->window, bytes);
    scan->capacity = bytes;
}

/* Has bytes [offset, offset + want) in the window, whose caller knows that the file has them. */
static int window_fill(struct spool_scan *scan, uint64_t offset, size_t want)
{
    assert(offset + want <= scan->end);
    if (offset >= scan->at && offset + want <= scan->at + scan->len) return 0;
    window_reserve(scan, want);
    size_t kept = 0;
    if (offset >= scan->at && offset < scan->at + scan->len) {
        kept = (size_t)(scan->at + scan->len - offset);
        memmove(scan->window, scan->window + (offset - scan->at), kept);
    }
    scan->at = offset;
    scan->len = kept;
    uint64_t left = scan->end - offset;
    size_t most = left < scan->capacity ? (size_t)left : scan->capacity;
    int error = file_read_all(scan->files, scan->fd, scan->window + kept, most - kept, offset + kept);
    if (error == 0) scan->len = most;
    return error;
}

static const char *window_at(const struct spool_scan *scan, uint64_t offset)
{
    assert(offset >= scan->at && offset <= scan->at + scan->len);
    return scan->window + (offset - scan->at);
}

static int record_at(struct spool_scan *scan, uint64_t offset, struct spool_record *record)
{
    uint32_t len;
    if (scan->end - offset < SPOOL_RECORD_HEAD_BYTES) return SCAN_BAD;
    int error = window_fill(scan, offset, SPOOL_RECORD_HEAD_BYTES);
    if (error) return error;
    bool is_sane = spool_record_head(window_at(scan, offset), scan->payload_max, &len, &record->sequence);
    if (!is_sane || spool_record_size(len) > scan->end - offset) return SCAN_BAD;
    error = window_fill(scan, offset, spool_record_size(len));
    if (error) return error;
    return spool_record_check(window_at(scan, offset), scan->seed, len, record) ? SCAN_RECORD : SCAN_BAD;
}

static bool is_zero(const char *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* Nothing but zeros from the offset on: 1, something: 0, or a negative errno. */
static int rest_is_zero(struct spool_scan *scan)
{
    for (uint64_t offset = scan->offset; offset < scan->end;) {
        int error = window_fill(scan, offset, 1);
        if (error) return error;
        size_t len = (size_t)(scan->at + scan->len - offset);
        if (!is_zero(window_at(scan, offset), len)) return 0;
        offset += len;
    }
    return 1;
}

int spool_scan_next(struct spool_scan *scan, struct spool_record *record)
{
    assert(scan->fd >= 0);
    if (scan->offset >= scan->end) return SCAN_END;
    int verdict = record_at(scan, scan->offset, record);
    if (verdict == SCAN_RECORD) scan->offset += record->size;
    if (verdict != SCAN_BAD) return verdict;
    int zero = rest_is_zero(scan);
    return zero < 0 ? zero : zero ? SCAN_END : SCAN_BAD;
}

int spool_scan_data_end(struct spool_scan *scan, uint64_t offset, uint64_t *end)
{
    for (*end = offset; offset < scan->end;) {
        int error = window_fill(scan, offset, 1);
        if (error) return error;
        size_t len = (size_t)(scan->at + scan->len - offset), last = len;
        const char *bytes = window_at(scan, offset);
        while (last > 0 && bytes[last - 1] == 0) last--;
        if (last) *end = offset + last;
        offset += len;
    }
    return 0;
}

int spool_scan_find(struct spool_scan *scan, uint64_t least, uint64_t most, struct spool_record *record)
{
    uint64_t summed = 0, begin = scan->offset;
    for (; scan->offset < scan->end && scan->end - scan->offset > SPOOL_RECORD_HEAD_BYTES; scan->offset++) {
        uint32_t len;
        uint64_t sequence;
        int error = window_fill(scan, scan->offset, SPOOL_RECORD_HEAD_BYTES);
        if (error) return error;
        if (!spool_record_head(window_at(scan, scan->offset), scan->payload_max, &len, &sequence)) continue;
        if (sequence < least || sequence > most || spool_record_size(len) > scan->end - scan->offset) continue;
        summed += len;
        if (summed > SCAN_SEARCH_FACTOR * (scan->offset - begin + scan->payload_max)) break;
        int verdict = record_at(scan, scan->offset, record);
        bool is_beyond = verdict == SCAN_RECORD && spool_record_last(record) > most;
        if (verdict != SCAN_BAD && !is_beyond) return verdict;
    }
    scan->offset = scan->end;
    return SCAN_END;
}
