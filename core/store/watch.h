/* SPDX-License-Identifier: Apache-2.0 */
/* Which files there are and how they change: patterns are walked every discover interval, the files
 * found are looked at every stat interval, both on the disk thread, one job at a time; what it saw is
 * told on the loop.
 *
 *   disk thread: walk patterns, stat paths, fstat open files ──▶ loop: found() changed() scanned()
 *
 * A file is its inode and device. When its name is given to another inode, or is gone, the file stays
 * known (is_named false) until its owner forgets it, so that the rest of it can be read.
 * One worker's thread. */
#ifndef CORE_STORE_WATCH_H
#define CORE_STORE_WATCH_H
#include "core/store/disk.h"
#include "core/store/sincedb.h"

enum { WATCH_FILES_MAX = 100000 }; /* files known at a time; others are not seen until some go */

enum watch_order { WATCH_BY_MODIFIED, WATCH_BY_PATH };

struct watched {
    struct file_id id;
    char *path;
    uint64_t size;     /* as last seen; of the open file when there is one */
    int64_t modified;  /* ns since 1970 */
    int fd;            /* the owner's open descriptor, or -1 */
    bool is_named;     /* `path` still leads to this file */
    bool is_deleted;   /* open, and has no name at all any more */
    bool is_first;     /* found by the first scan: it was there before */
    bool is_forgotten;
    struct watched *next; /* in its bucket */
    void *owner;
};

struct watch_hooks {
    /* A file not known before; the owner sets file->owner. Files of one scan come in order. */
    void (*found)(void *opaque, struct watched *file);
    /* Every known file, after each look at it. */
    void (*changed)(void *opaque, struct watched *file);
    void (*scanned)(void *opaque, bool is_scan); /* after the calls above; is_scan: patterns too */
};

struct watch_options {
    struct str_list patterns, exclude; /* exclude: patterns of the last name */
    int64_t stat_interval_ns, discover_interval_ns;
    enum watch_order order;
    bool is_descending;
};

struct watch_look;

struct watch {
    struct watch_options options;
    struct watch_hooks hooks;
    void *opaque;
    struct loop *loop;
    struct disk *disk;
    struct str id;             /* of the plugin, for the log */
    struct str *patterns;      /* braces expanded */
    uint32_t pattern_count;
    struct watched **buckets;  /* by id */
    uint32_t bucket_count;     /* power of two */
    struct watched **files;    /* all, in the order found */
    uint32_t count, capacity;
    struct watch_look *look;   /* the job; one at a time */
    bool is_looking, is_stopping, has_scanned, is_timer_closed;
    uint64_t next_scan;        /* uv_now() of it */
    uv_timer_t timer;
    void (*stopped)(void *opaque);
};

/* `arena` (of the configuration) holds the expanded patterns. */
void watch_init(struct watch *watch, const struct watch_options *options,
                const struct watch_hooks *hooks, void *opaque, struct arena *arena);
void watch_start(struct watch *watch, struct loop *loop, struct disk *disk, struct str id);
/* Ends looking; `stopped` is called once nothing runs any more. Files stay known until the fini. */
void watch_stop(struct watch *watch, void (*stopped)(void *opaque));
void watch_fini(struct watch *watch);
/* The file is not known any more, and freed later; its owner has closed it. */
void watch_forget(struct watch *watch, struct watched *file);

#endif
