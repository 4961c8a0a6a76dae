/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is read again when it changes: dictionaries, networks, databases. Its owner makes a table
 * of the content; the table changes between two batches only, because the owner asks for it once a
 * batch:
 *
 *     live_file_current()  not due: two comparisons
 *       due ──▶ stat ──▶ unchanged: nothing
 *                   ├──▶ up to inline_bytes: read and swapped at once
 *                   └──▶ larger: a thread reads it and builds the table; a later call swaps
 *
 * There is no timer: without events nothing is looked at, and the first batch after a pause looks
 * before its events are worked on. What cannot be read leaves the old table in use, is counted and
 * said in the log (live_file.failed), and is tried again when the file changes once more.
 *
 * Nothing of a table may be kept beyond the call of apply(): what events take is copied.
 * One worker's thread; load() also runs on a thread of its own, while `old` is still being read. */
#ifndef CORE_STORE_LIVE_FILE_H
#define CORE_STORE_LIVE_FILE_H
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>
#include "core/text/buf.h"

struct live_file_type {
    const char *noun; /* "dictionary", for the log */
    /* What the content says, built anew, or NULL: `problem` says why. The content is gone afterwards.
     * `old` is NULL at first, and otherwise only to be read. */
    void *(*load)(void *opaque, struct str content, const void *old, struct buf *problem);
    void (*destroy)(void *table);
    size_t bytes_max;    /* of the file; a larger one is a problem */
    size_t inline_bytes; /* up to this a change is read on the worker's thread */
};

/* What tells one state of a file from another. */
struct file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

/* The stamp of `path`; of what is not there, or cannot be looked at, a zeroed one. */
struct file_stamp file_stamp_look(const char *path);
bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b);

struct live_file {
    const struct live_file_type *type;
    void *opaque; /* of load(); not changed while the file is open */
    struct str id;    /* of the plugin, for the log */
    const char *path; /* borrowed, as id */
    int64_t interval_s; /* between two looks; 0: it is read once */
    int64_t looked_s;
    struct file_stamp stamp; /* of the content that was last tried */
    void *table;
    atomic_uint_fast64_t reloads, failures;
    /* the thread that reads a change */
    pthread_t thread;
    bool is_loading;
    atomic_bool is_loaded; /* by the thread, at its end: the following is the worker's */
    void *fresh;
    struct buf problem;
};

/* Reads the file for the first time; members up to interval_s are set. False: `problem` says why, and
 * there is nothing to close. For a file that may come later the call is left out: until it is there, the
 * table is NULL. */
bool live_file_open(struct live_file *file, int64_t now_s, struct buf *problem);
/* Waits for a thread that reads. A zeroed struct is allowed. */
void live_file_close(struct live_file *file);

void live_file_look(struct live_file *file, int64_t now_s);
/* The table for this batch; `now_s` is the batch's time. A clock that was set back is no reason to wait. */
static inline void *live_file_current(struct live_file *file, int64_t now_s)
{
    bool is_due = file->interval_s && (now_s - file->looked_s >= file->interval_s || now_s < file->looked_s);
    if (is_due || file->is_loading) live_file_look(file, now_s);
    return file->table;
}

#endif
