/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/spool/spool.h"
#include <assert.h>
#include <stdlib.h>
#include "core/store/spool/segment.h"

static size_t parts_len(const struct str *parts, uint32_t count)
{
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++) len += parts[i].len;
    return len;
}

/* The headers are those of a segment that this record may be the first of. */
static bool is_full(const struct spool *spool, size_t size)
{
    return spool->bytes + spool->group_len + size + SPOOL_HEADERS_BYTES > spool->options.bytes_max;
}

int spool_append_run(struct spool *spool, const struct str *parts, uint32_t count, uint32_t numbers,
                     uint64_t *sequence)
{
    size_t len = parts_len(parts, count), at = spool_payload_at(numbers), size = at + len;
    assert(len > 0 && !spool->is_look && (numbers == 1 || spool->options.has_runs));
    if (size > spool_record_size(spool->options.payload_max)) return SPOOL_TOO_LARGE;
    if (is_full(spool, size)) return SPOOL_FULL;
    if (spool->group_len + size > spool->options.group_bytes) return SPOOL_SYNC_FIRST;
    char *record = spool->group + spool->group_len, *to = record + at;
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].len) memcpy(to, parts[i].ptr, parts[i].len);
        to += parts[i].len;
    }
    spool_record_put(record, spool->seed, spool->next, numbers, (uint32_t)len, spool->group_len == 0);
    spool->group_len += size;
    *sequence = spool->next;
    spool->next += numbers;
    return 0;
}

int spool_append(struct spool *spool, const struct str *parts, uint32_t count, uint64_t *sequence)
{
    return spool_append_run(spool, parts, count, 1, sequence);
}

/* A segment in which the group has room, which is never torn between two. */
static int segment_ready(struct spool *spool)
{
    if (spool->active >= 0) {
        uint64_t used = spool->segments[spool->count - 1].bytes;
        if (used == SPOOL_HEADERS_BYTES || used + spool->group_len <= spool->options.segment_bytes) return 0;
        segment_seal(spool);
    }
    return segment_make(spool);
}

int spool_sync(struct spool *spool)
{
    if (spool->group_len == 0) return 0;
    int error = segment_ready(spool);
    if (error) return error;
    struct spool_segment *segment = &spool->segments[spool->count - 1];
    /* a second try writes the same bytes to the same place, and those appended since behind them */
    error = file_write_all(spool->files, spool->active, (struct str){spool->group, spool->group_len}, segment->bytes);
    if (error) return error;
    error = spool->files->sync(spool->files, spool->active);
    if (error) {
        /* the kernel may take pages for written that are not: the group goes to another file */
        segment_abandon(spool);
        return error;
    }
    segment->bytes += spool->group_len;
    spool->bytes += spool->group_len;
    spool->synced = spool->next - 1;
    spool->group_len = 0;
    return 0;
}

int spool_checkpoint(struct spool *spool)
{
    spool->checkpoint.synced = spool->synced;
    int error = checkpoint_write(spool->files, spool->checkpoint_fd, &spool->checkpoint);
    return error ? error : segment_trim(spool, segment_done(spool));
}

void spool_close(struct spool *spool)
{
    while (spool->cursors) spool_cursor_close(spool->cursors);
    if (spool->active >= 0) segment_seal(spool);
    if (spool->checkpoint_fd >= 0) spool->files->close(spool->files, spool->checkpoint_fd);
    spool->checkpoint_fd = -1;
    free(spool->segments);
    free(spool->group);
    free((char *)(uintptr_t)spool->options.folder);
    spool->segments = NULL;
    spool->group = NULL;
    spool->options.folder = NULL;
}
