/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the files of a log: it opens or says why not, reading ends, numbers rise, and what is appended
 * then is read back. The input is cut into up to four files at the byte 0xA5 0x5A; in every other one checksums
 * are made right first, so that what lies behind them is reached. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/store/spool/spool.h"
#include "core/text/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"00000000000000000001.seg", "checkpoint", "00000000000000000005.seg",
                                    "00000000000000000009.seg"};
enum { FILES = sizeof names / sizeof *names };
static char folder[64];
static const struct spool_options options = {.folder = folder, .bytes_max = 1 << 20, .segment_bytes = 8192,
                                             .group_bytes = 2048, .payload_max = 512,
                                             .has_runs = true};

static void sum_put(char *bytes, size_t from, size_t to, size_t at)
{
    uint32_t sum = crc32c(0, bytes + from, to - from);
    memcpy(bytes + at, &sum, sizeof sum);
}

/* Headers, and records one behind the other as their lengths say. */
static void sums_make(char *bytes, size_t len, bool is_checkpoint)
{
    if (is_checkpoint) {
        for (size_t at = 0; at + CHECKPOINT_SLOT_BYTES <= len; at += CHECKPOINT_SLOT_BYTES)
            sum_put(bytes + at, 0, CHECKPOINT_SLOT_BYTES - 4, CHECKPOINT_SLOT_BYTES - 4);
        return;
    }
    if (len < SPOOL_HEADERS_BYTES) return;
    struct spool_header header;
    memcpy(bytes, bytes[4] & 1 ? "TRLS\1\0\0\0" : "TRLS\2\0\0\0", 8);
    sum_put(bytes, 0, SPOOL_HEADER_BYTES - 4, SPOOL_HEADER_BYTES - 4);
    if (spool_headers_get(bytes, &header) != SPOOL_HEADER_GOOD) return;
    uint64_t sequence;
    uint32_t length;
    for (size_t at = SPOOL_HEADERS_BYTES; len - at > SPOOL_RECORD_HEAD_BYTES; at += spool_record_size(length)) {
        if (!spool_record_head(bytes + at, header.payload_max, &length, &sequence)) return;
        if (spool_record_size(length) > len - at) return;
        uint32_t sum = crc32c(spool_seed(header.salt), bytes + at + 4, spool_record_size(length) - 4);
        memcpy(bytes + at, &sum, sizeof sum);
    }
}

static void file_put(const char *name, const char *bytes, size_t len, bool makes_sums)
{
    char path[128], *copy = malloc(len + 1);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (len) memcpy(copy, bytes, len);
    if (makes_sums) sums_make(copy, len, !strcmp(name, "checkpoint"));
    int fd = file_ops_real.open(&file_ops_real, path, FILE_CREATE);
    assert(fd >= 0 && file_write_all(&file_ops_real, fd, (struct str){copy, len}, 0) == 0);
    close(fd);
    free(copy);
}

static void files_put(struct str input)
{
    bool makes_sums = input.len && input.ptr[0] & 1;
    for (int i = 0; i < FILES && input.len; i++) {
        ptrdiff_t cut = str_find(input, STR("\xa5\x5a"));
        size_t len = cut < 0 ? input.len : (size_t)cut;
        if (len) file_put(names[i], input.ptr, len, makes_sums);
        input = str_from(input, len + 2);
    }
}

static void each_remove(void *opaque, const char *name)
{
    (void)opaque;
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

static void folder_remove(void)
{
    file_ops_real.list(&file_ops_real, folder, each_remove, NULL);
    rmdir(folder);
}

/* To the end; the number of the last record. */
static uint64_t read_all(struct spool_cursor *cursor)
{
    struct spool_record record;
    struct spool_loss loss;
    uint64_t last = 0;
    int verdict;
    while ((verdict = spool_read(cursor, &record, &loss)) != SPOOL_END) {
        assert(verdict == 0 || verdict == SPOOL_LOSS || verdict == -EPROTONOSUPPORT);
        if (verdict < 0) break;
        uint64_t first = verdict ? loss.first : record.sequence;
        assert(first > last && (!verdict || loss.last >= loss.first));
        last = verdict ? loss.last : spool_record_last(&record);
    }
    return last;
}

static void use(struct spool *spool)
{
    struct spool_cursor cursor;
    uint64_t sequence = 0;
    if (spool_cursor_open(spool, "fuzz", SPOOL_FROM_FIRST, &cursor)) return;
    read_all(&cursor);
    if (spool_append_run(spool, &STR("fresh"), 1, 7, &sequence) == 0 && spool_sync(spool) == 0)
        assert(read_all(&cursor) == sequence + 6);
    spool_done(&cursor, cursor.wanted - 1);
    assert(spool_checkpoint(spool) == 0);
    spool_cursor_close(&cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spool spool;
    struct spool_report report;
    if (!*folder) {
        const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(folder, sizeof folder, "%s/tailrace-fuzz-spool-%d", base, (int)getpid());
        atexit(folder_remove);
    }
    folder_remove();
    assert(file_ops_real.make_folder(&file_ops_real, folder) == 0);
    files_put((struct str){(const char *)data, size});
    for (int i = 0; i < 2; i++) { /* what was recovered once is recovered again */
        if (spool_open(&spool, &options, &file_ops_real, &report)) break;
        use(&spool);
        spool_close(&spool);
    }
    return 0;
}
