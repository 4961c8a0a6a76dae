/* SPDX-License-Identifier: Apache-2.0 */
/* A log on disk: `bench_spool [FOLDER [RECORDS [PAYLOAD-BYTES [GROUP-BYTES]]]]`. Appends records, one sync a
 * group (default 1 MiB), then reads them all. Prints MB/s; a clock says little on a shared machine: under
 * `valgrind --tool=callgrind --toggle-collect=spool_append` the instructions of an appended record are what
 * counts. Without FOLDER a temporary one in the working directory is used and removed. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "core/store/spool/spool.h"
#include "core/xmalloc.h"

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void each_remove(void *opaque, const char *name)
{
    char path[SPOOL_PATH_MAX + 256];
    snprintf(path, sizeof path, "%s/%s", (const char *)opaque, name);
    unlink(path);
}

static void fail(const char *what, int verdict)
{
    fprintf(stderr, "bench_spool: %s: %d\n", what, verdict);
    exit(1);
}

static void append_all(struct spool *spool, struct str payload, long records, uint64_t *syncs)
{
    for (long i = 0; i < records; i++) {
        uint64_t sequence;
        int verdict = spool_append(spool, &payload, 1, &sequence);
        if (verdict == SPOOL_SYNC_FIRST) {
            if ((verdict = spool_sync(spool)) != 0) fail("sync", verdict);
            ++*syncs;
            verdict = spool_append(spool, &payload, 1, &sequence);
        }
        if (verdict) fail("append", verdict);
    }
    int error = spool_sync(spool);
    if (error) fail("sync", error);
    ++*syncs;
}

static long read_all(struct spool *spool)
{
    struct spool_cursor cursor;
    struct spool_record record;
    struct spool_loss loss;
    long count = 0;
    int verdict = spool_cursor_open(spool, "bench", SPOOL_FROM_FIRST, &cursor);
    if (verdict) fail("cursor", verdict);
    while ((verdict = spool_read(&cursor, &record, &loss)) == 0) count++;
    if (verdict != SPOOL_END) fail("read", verdict);
    return count;
}

int main(int argc, char **argv)
{
    char made[] = "bench-spool-XXXXXX", *folder = argc > 1 ? argv[1] : mkdtemp(made);
    long records = argc > 2 ? atol(argv[2]) : 1000000, len = argc > 3 ? atol(argv[3]) : 300;
    long group = argc > 4 ? atol(argv[4]) : 1 << 20;
    struct spool_options options = {.folder = folder, .bytes_max = (uint64_t)1 << 40, .segment_bytes = 64 << 20,
                                    .group_bytes = (uint32_t)group, .payload_max = (uint32_t)len};
    struct spool spool;
    struct spool_report report;
    char *payload = xmalloc((size_t)len);
    memset(payload, 'p', (size_t)len);
    int error = spool_open(&spool, &options, &file_ops_real, &report);
    if (error) fail("open", error);
    uint64_t syncs = 0;
    double start = seconds();
    append_all(&spool, (struct str){payload, (size_t)len}, records, &syncs);
    double middle = seconds();
    long count = read_all(&spool);
    double end = seconds(), megabytes = (double)spool.bytes / 1e6;
    if (count != records) fail("records read", (int)count);
    spool_close(&spool);
    error = spool_open(&spool, &options, &file_ops_real, &report);
    if (error) fail("opening again", error);
    printf("%ld records of %ld bytes, %llu syncs: append %.0f MB/s, read %.0f MB/s, open again %.1f ms\n", records, len,
           (unsigned long long)syncs, megabytes / (middle - start), megabytes / (end - middle), (seconds() - end) * 1e3);
    spool_close(&spool);
    file_ops_real.list(&file_ops_real, folder, each_remove, folder);
    if (argc < 2) rmdir(folder);
    free(payload);
    return 0;
}
