/* SPDX-License-Identifier: Apache-2.0 */
/* The log of dead letters of one worker: what core/delivery/dead_letters.h does on the disk thread. Opened when
 * it is first written to, and again a while after it could not be. Blocks; one thread at a time. */
#ifndef CORE_DELIVERY_DEAD_LETTER_LOG_H
#define CORE_DELIVERY_DEAD_LETTER_LOG_H
#include "core/delivery/dead_letters.h"
#include "core/store/spool/spool.h"

/* Letters as bytes, and what became of each. */
struct dead_letter_heap {
    struct buf bytes;
    struct dead_letter_lot {
        size_t end; /* in the bytes; it begins where the one before ends */
        int status; /* 0: durable; else a SPOOL_ verdict or a negative errno */
    } *letters;
    uint32_t count, capacity;
};

void dead_letter_heap_add(struct dead_letter_heap *heap, const struct dead_letter *letter, uint64_t time_ns,
                          uint32_t deaths, struct str hash);
void dead_letter_heap_clear(struct dead_letter_heap *heap);
void dead_letter_heap_fini(struct dead_letter_heap *heap);

struct dead_letter_log {
    const struct file_ops *files;
    char *folder; /* of the log */
    struct spool_options options;
    enum dead_letters_policy policy;
    int64_t age_ns_max;
    struct spool spool;
    bool is_open;
    uint64_t tried_ns; /* when opening failed; 0: it did not */
    int status;        /* of the last write: 0, or why not */
    uint64_t bytes, expired, evicted;
    uint64_t looked_ns; /* for files that others have deleted */
    uint64_t seen_first, seen_newest_ns; /* the newest letter of the segment that begins with seen_first */
    uint32_t unsynced; /* of the heap: the first letter that no sync has answered for */
};

void dead_letter_log_init(struct dead_letter_log *log, const struct dead_letters_options *options);
void dead_letter_log_fini(struct dead_letter_log *log);
/* Opens the log, lets go what is too old, and writes the heap, maybe empty: each letter's status says how it went. */
void dead_letter_log_write(struct dead_letter_log *log, struct dead_letter_heap *heap, uint64_t now_ns);
void dead_letter_log_close(struct dead_letter_log *log);

#endif
