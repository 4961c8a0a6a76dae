/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of the file output, shared by outputs/file.c (options, events, its life), sinks.c (the table of paths: a
 * lane and a descriptor each) and sink_disk.c (what the disk thread does for one of them). State of a sink under "disk
 * thread" is touched only by its job while that runs; all else is the worker's thread's. */
#ifndef CORE_FILE_OUTPUT_PART_H
#define CORE_FILE_OUTPUT_PART_H
#include <assert.h>
#include "core/output.h"

enum {
    FILE_REQUEST_BYTES = 1024 * 1024, /* what a turn encodes, mostly: each is a wake of the disk thread */
    FILE_SINKS_MAX = 512, /* open files of one worker's instance */
    FILE_BUCKETS = 1024,  /* of the table of paths; a power of two */
};

enum write_behavior { WRITE_APPEND, WRITE_OVERWRITE };

struct sink {
    struct lane lane;
    struct file_output *owner;
    char *path;           /* as rendered, NUL-terminated; owned */
    size_t path_len;
    uint32_t hash;
    bool is_failure;      /* opens the failure file in place of the path */
    bool is_touched;      /* got events in this turn */
    uint64_t used_cycle;
    struct sink *next;    /* in its bucket; once it is retired, among those */
    struct sink *older, *newer; /* by last use */
    struct sink *next_touched;
    struct disk_job job;
    struct request *request;  /* in flight */
    struct disk *fifo_disk;   /* of a FIFO, whose reader may sleep: a thread of its own */
    atomic_bool must_reopen;  /* SIGHUP */
    /* disk thread */
    int fd;
    bool is_fifo, is_locked;
    bool is_begun;            /* the file's end was looked at since it was opened */
    bool is_named;            /* its name is on the disk, too (fsync) */
    struct timespec checked;  /* when the path was last compared with the descriptor */
    struct buf compressed;    /* of the request in flight; empty: not compressed yet */
    size_t written;           /* of the request in flight, or of its compressed form */
    int status;
};

struct file_output {
    struct template path;
    struct duration flush_interval, stale_cleanup_interval;
    bool gzip, create_if_deleted, fsync;
    struct choice write_behavior;
    struct str filename_failure;
    int64_t file_mode, dir_mode;

    struct output *host;
    const char *root;      /* static directory of the path */
    size_t root_len;
    bool is_static;        /* one path for all events, the operator's own */
    uint64_t gather_ms;    /* gzip: how long a member may wait for more */
    struct sink *buckets[FILE_BUCKETS];
    struct sink *oldest, *newest, *touched;
    struct sink *only;     /* of a static path */
    struct sink *retired;  /* out of the table: they drain and close */
    uint32_t open;         /* in the table */
    uint32_t alive;        /* and those being closed */
    bool is_abandoned;     /* what cannot be written now is let go of */
    bool is_waiting;       /* take() ended because every sink was busy */
    uint64_t cycle;
    struct buf rendered;
    uv_timer_t stale_timer, gather_timer;
    uint32_t timers;
};

enum { SINK_IS_FIFO = 1 }; /* status of a sink: go on in a thread of its own */

static inline struct sink *job_sink(struct disk_job *job)
{
    return DISK_JOB_OWNER(job, struct sink, job);
}

/* ---- sink_disk.c: jobs ---- */

/* Opens, compresses, writes and syncs the request in flight; sink->status is what came of it. */
void sink_write_work(struct disk_job *job);
void sink_close_work(struct disk_job *job);

/* ---- sinks.c ---- */

/* The sink of a path, made when there is none; one that cannot be used has the failure file's. NULL: all are busy, and
 * output_ready() tells when one is not. */
struct sink *sink_of_path(struct file_output *self, struct str path);
/* It has events of this turn. */
void sink_touch(struct sink *sink);
bool sink_is_idle(const struct sink *sink);
/* Takes it out of the table; it drains, closes its file and frees itself. */
void sink_retire(struct file_output *self, struct sink *sink);
/* Lets go of what it holds. */
void sink_abandon(struct sink *sink);
/* Once the output stops and no sink is left its timers are closed, and it has stopped. */
void file_end_check(struct file_output *self);

#endif
