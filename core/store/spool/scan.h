/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the records of one segment file, through a window that it owns: the window grows to the longest
 * record met, at most what the segment's header allows, and is reused. Behind bad bytes it finds the next
 * whole record; what that search may cost is bounded (SCAN_SEARCH_FACTOR), whatever the bytes are.
 * Blocks: for the disk thread; one thread at a time. */
#ifndef CORE_STORE_SPOOL_SCAN_H
#define CORE_STORE_SPOOL_SCAN_H
#include "core/store/file_ops.h"
#include "core/store/spool/record.h"

enum {
    SCAN_WINDOW_BYTES = 256 * 1024, /* what one read asks for */
    SCAN_SEARCH_FACTOR = 8, /* a search sums up this many times the bytes it passes, then gives the rest up */
};

enum scan_verdict { SCAN_RECORD = 1, SCAN_BAD, SCAN_END /* nothing but zeros, or nothing, follows */ };

struct spool_scan {
    const struct file_ops *files;
    int fd; /* -1: none; owned */
    uint32_t seed, payload_max;
    uint64_t end;    /* of what may be read */
    uint64_t offset; /* of the next record */
    char *window;
    size_t capacity, len;
    uint64_t at; /* where the window begins in the file */
};

void spool_scan_init(struct spool_scan *scan, const struct file_ops *files);
void spool_scan_fini(struct spool_scan *scan);
/* Begins with the first record of the file `path`. SPOOL_HEADER_… or a negative errno. */
int spool_scan_open(struct spool_scan *scan, const char *path, struct spool_header *header);
void spool_scan_close(struct spool_scan *scan);
/* SCAN_RECORD: the record at the offset, which moves behind it; the payload is valid until the next call.
 * SCAN_BAD: there is none that is whole, and the offset stays. Or SCAN_END, or a negative errno. */
int spool_scan_next(struct spool_scan *scan, struct spool_record *record);
/* Moves to the next whole record at or behind the offset whose numbers are within [least, most]; the offset is
 * then that of the record itself. SCAN_RECORD, SCAN_END (the offset is the end) or a negative errno. */
int spool_scan_find(struct spool_scan *scan, uint64_t least, uint64_t most, struct spool_record *record);

/* Behind the last byte at or behind `offset` that is not zero. */
int spool_scan_data_end(struct spool_scan *scan, uint64_t offset, uint64_t *end);

#endif
