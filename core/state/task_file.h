/* SPDX-License-Identifier: Apache-2.0 */
/* What a filter remembers of tasks, as the bytes of a file: written at a stop, read at the next start.
 *
 *   head     8 bytes "TRTASKS1"; 4 bytes CRC-32C of all that follows, little-endian
 *   body     varint: seconds since 1970 when it was written
 *            sets until the end: the set's name; varint count; so many tasks
 *   task     its key; two values (core/event/packed.h): its map; an array of two times by the events' clock and
 *            four whole numbers of nanoseconds: since it began, since its last event, its own two limits
 *
 * Names and keys are texts of core/event/packed.h. The file is hostile: task_file_open() checks the sum, and the
 * rest takes any bytes all the same. One thread at a time. */
#ifndef CORE_STATE_TASK_FILE_H
#define CORE_STATE_TASK_FILE_H
#include "core/event/value.h"
#include "core/text/buf.h"

enum { TASK_FILE_BYTES_MAX = 256 * 1024 * 1024 };

struct task_saved {
    struct str key;
    struct value map;
    struct value created, last;        /* times */
    int64_t age_ns, idle_ns;           /* never below 0 */
    int64_t timeout_ns, inactivity_ns; /* -1: none of its own */
};

/* ---- writing: begin, then for each set its head and its tasks, then end ---- */
void task_file_begin(struct buf *out, int64_t now_s);
void task_file_set(struct buf *out, struct str name, uint64_t count);
void task_file_task(struct buf *out, const struct task_saved *task);
void task_file_end(struct buf *out);

/* ---- reading ---- */
struct task_file {
    struct str rest;
    uint64_t tasks; /* of the set, that were not read yet */
    int64_t written_s;
    const char *problem; /* NULL: none so far */
};
/* False: not such a file, or not all of it; `problem` says which. Texts are borrowed from the bytes. */
bool task_file_open(struct task_file *file, struct str bytes);
/* The next set. False: there is none more, or there is a problem. All tasks of the set before were read. */
bool task_file_next_set(struct task_file *file, struct str *name);
bool task_file_next(struct task_file *file, struct arena *arena, struct task_saved *task);

/* The whole file, of TASK_FILE_BYTES_MAX at most. 0 with `out` empty: there is none. Or a negative errno. */
int task_file_load(const char *path, struct buf *out);

#endif
