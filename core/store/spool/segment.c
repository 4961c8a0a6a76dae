/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/spool/segment.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include "core/xmalloc.h"

enum { NAME_DIGITS = 20 };
#define SEGMENT_ENDING ".seg"

enum spool_name spool_name_kind(const char *name, uint64_t *first)
{
    if (!strcmp(name, CHECKPOINT_NAME)) return SPOOL_NAME_CHECKPOINT;
    if (!strcmp(name, CHECKPOINT_TEMPORARY) || !strcmp(name, SEGMENT_TEMPORARY)) return SPOOL_NAME_TEMPORARY;
    if (strlen(name) != NAME_DIGITS + strlen(SEGMENT_ENDING) || strcmp(name + NAME_DIGITS, SEGMENT_ENDING) != 0)
        return SPOOL_NAME_FOREIGN;
    uint64_t number = 0;
    for (int i = 0; i < NAME_DIGITS; i++) {
        uint64_t digit = (uint64_t)(name[i] - '0');
        if (!is_digit(name[i]) || number > (UINT64_MAX - digit) / 10) return SPOOL_NAME_FOREIGN;
        number = number * 10 + digit;
    }
    if (number == 0 || number > SPOOL_SEQUENCE_MAX) return SPOOL_NAME_FOREIGN;
    *first = number;
    return SPOOL_NAME_SEGMENT;
}

void spool_path(const struct spool *spool, const char *name, char path[SPOOL_PATH_MAX])
{
    int len = snprintf(path, SPOOL_PATH_MAX, "%s/%s", spool->options.folder, name);
    assert(len > 0 && len < SPOOL_PATH_MAX);
}

void segment_path(const struct spool *spool, uint64_t first, char path[SPOOL_PATH_MAX])
{
    char name[32];
    snprintf(name, sizeof name, "%0*llu" SEGMENT_ENDING, NAME_DIGITS, (unsigned long long)first);
    spool_path(spool, name, path);
}

void segment_add(struct spool *spool, uint64_t first, uint64_t bytes)
{
    if (spool->count == spool->capacity) {
        spool->capacity = spool->capacity ? spool->capacity * 2 : 16;
        spool->segments = xreallocarray(spool->segments, spool->capacity, sizeof *spool->segments);
    }
    spool->segments[spool->count++] = (struct spool_segment){.first = first, .bytes = bytes};
    spool->bytes += bytes;
}

uint32_t segment_rank(const struct spool *spool, uint64_t sequence)
{
    uint32_t low = 0, high = spool->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (spool->segments[middle].first <= sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t segment_bound(const struct spool *spool, uint64_t first)
{
    uint32_t behind = segment_rank(spool, first);
    return behind < spool->count ? spool->segments[behind].first : spool->synced + 1;
}

/* Room for the whole segment at once: a disk that is full says so here, not in the middle of a group. */
static int room_take(struct spool *spool, int fd)
{
    uint64_t left = spool->options.bytes_max > spool->bytes ? spool->options.bytes_max - spool->bytes : 0;
    uint64_t size = left < spool->options.segment_bytes ? left : spool->options.segment_bytes;
    if (size < SPOOL_HEADERS_BYTES) return -ENOSPC;
    int error = spool->files->allocate(spool->files, fd, size);
    return error == -EOPNOTSUPP ? 0 : error;
}

static int headers_write(struct spool *spool, int fd)
{
    char bytes[SPOOL_HEADERS_BYTES];
    uint16_t format = spool->options.has_runs ? SPOOL_FORMAT_RUNS : SPOOL_FORMAT;
    spool_headers_put(bytes, &(struct spool_header){.format = format,
                                                    .first = spool->synced + 1,
                                                    .salt = spool->salt,
                                                    .payload_max = spool->options.payload_max});
    int error = file_write_all(spool->files, fd, (struct str){bytes, sizeof bytes}, 0);
    return error ? error : spool->files->sync(spool->files, fd);
}

int segment_make(struct spool *spool)
{
    assert(spool->active < 0);
    assert(!spool->count || spool->segments[spool->count - 1].first <= spool->synced);
    if (spool->count >= SPOOL_SEGMENTS_MAX) return -EMFILE;
    char temporary[SPOOL_PATH_MAX], path[SPOOL_PATH_MAX];
    spool_path(spool, SEGMENT_TEMPORARY, temporary);
    segment_path(spool, spool->synced + 1, path);
    int fd = spool->files->open(spool->files, temporary, FILE_CREATE);
    if (fd < 0) return fd;
    const char *made = temporary;
    int error = room_take(spool, fd);
    if (error == 0) error = headers_write(spool, fd);
    if (error == 0) error = spool->files->rename(spool->files, temporary, path);
    if (error == 0) {
        made = path;
        error = spool->files->sync_folder(spool->files, spool->options.folder);
    }
    if (error) {
        spool->files->close(spool->files, fd);
        spool->files->remove(spool->files, made);
        return error;
    }
    segment_add(spool, spool->synced + 1, SPOOL_HEADERS_BYTES);
    spool->active = fd;
    return 0;
}

void segment_seal(struct spool *spool)
{
    assert(spool->active >= 0 && spool->count > 0);
    spool->files->truncate(spool->files, spool->active, spool->segments[spool->count - 1].bytes);
    spool->files->close(spool->files, spool->active);
    spool->active = -1;
}

static void segment_drop_last(struct spool *spool)
{
    char path[SPOOL_PATH_MAX];
    segment_path(spool, spool->segments[spool->count - 1].first, path);
    spool->files->remove(spool->files, path);
    spool->bytes -= spool->segments[--spool->count].bytes;
}

void segment_abandon(struct spool *spool)
{
    segment_seal(spool);
    /* without a record its name is needed for the next one, which replaces it if it cannot be removed */
    if (spool->segments[spool->count - 1].bytes == SPOOL_HEADERS_BYTES) segment_drop_last(spool);
}

uint64_t segment_done(const struct spool *spool)
{
    uint64_t least = spool->checkpoint.count ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < spool->checkpoint.count; i++)
        if (spool->checkpoint.cursors[i].done < least) least = spool->checkpoint.cursors[i].done;
    return least;
}

int segment_trim(struct spool *spool, uint64_t done)
{
    uint32_t gone = 0;
    int error = 0;
    for (; gone < spool->count; gone++) {
        bool is_last = gone + 1 == spool->count;
        uint64_t bound = is_last ? spool->synced + 1 : spool->segments[gone + 1].first;
        if (bound > done + 1 || (is_last && spool->active >= 0)) break;
        char path[SPOOL_PATH_MAX];
        segment_path(spool, spool->segments[gone].first, path);
        error = spool->files->remove(spool->files, path);
        if (error == -ENOENT) error = 0;
        if (error) break;
        spool->bytes -= spool->segments[gone].bytes;
    }
    spool->count -= gone;
    if (gone) memmove(spool->segments, spool->segments + gone, spool->count * sizeof *spool->segments);
    return error;
}
