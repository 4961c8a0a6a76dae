/* SPDX-License-Identifier: Apache-2.0 */
/* Logs that nobody has to be done with: kept by size and age, read by whoever likes. */
#include <assert.h>
#include <errno.h>
#include "core/store/spool/segment.h"

void spool_discard(struct spool *spool)
{
    assert(!spool->is_look);
    if (!spool->group_len) return;
    spool->group_len = 0;
    spool->next = spool->synced + 1;
    /* a part of it may have been written: the numbers are used again, in another file */
    if (spool->active >= 0) segment_abandon(spool);
}

int spool_drop_oldest(struct spool *spool)
{
    assert(!spool->is_look && !spool->cursors);
    if (!spool->count) return -ENOENT;
    if (spool->count == 1 && spool->active >= 0) segment_abandon(spool);
    if (!spool->count) return 0;
    int error = spool_checkpoint(spool); /* its numbers are never used again */
    if (error) return error;
    uint64_t bound = spool->count > 1 ? spool->segments[1].first : spool->synced + 1;
    return segment_trim(spool, bound - 1);
}

uint32_t spool_forget_gone(struct spool *spool)
{
    uint32_t kept = 0, count = spool->count;
    for (uint32_t i = 0; i < count; i++) {
        struct spool_segment segment = spool->segments[i];
        char path[SPOOL_PATH_MAX];
        segment_path(spool, segment.first, path);
        bool is_written = i + 1 == count && spool->active >= 0;
        int fd = is_written ? -EBUSY : spool->files->open(spool->files, path, FILE_READ);
        if (fd >= 0) spool->files->close(spool->files, fd);
        if (fd == -ENOENT)
            spool->bytes -= segment.bytes;
        else
            spool->segments[kept++] = segment;
    }
    spool->count = kept;
    return count - kept;
}

int spool_remove_done(struct spool *spool, uint64_t done)
{
    uint32_t count = spool->count;
    if (spool->is_look && count && done > spool->segments[count - 1].first - 1)
        done = spool->segments[count - 1].first - 1; /* its owner may be writing it */
    if (!spool->is_look) {
        int error = spool_checkpoint(spool);
        if (error) return error;
    }
    int error = segment_trim(spool, done);
    return error ? error : (int)(count - spool->count);
}
