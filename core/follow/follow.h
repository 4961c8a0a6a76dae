/* SPDX-License-Identifier: Apache-2.0 */
/* Input `file`: follows files (mode tail) or reads them once (mode read).
 *
 *   watch (core/store/watch.h) ─▶ found, changed ─▶ queue of files with something to read
 *        ─▶ one read at a time on the disk thread, 256 KiB ─▶ framer ─▶ events
 *        ─▶ settled by the outputs ─▶ sincedb (core/store/sincedb.h)
 *
 * Each file is a stream: its record in the sincedb moves only over lines that every output has done
 * with, so a kill repeats lines and loses none. Files take turns block by block (mode read: one after
 * the other, unless file_chunk_count says otherwise). While the input is paused the rest of the block
 * is kept and nothing is read.
 *
 * Rotation: by rename the old inode is read on until nobody has written to it for ROTATED_KEEP_MS,
 * while the new one is read from its start; a file that became smaller starts again at 0; a deleted
 * file is read to its end. A file truncated and refilled beyond the old offset between two looks
 * cannot be told from one that grew.
 *
 * The plugin's options and table are inputs/file.c. follow.c: the input's life. tails.c: files found, rotated, gone.
 * read.c: turns and reading. positions.c: the sincedb. completed.c: mode read's end of a file, and closing.
 *
 * Everything belongs to one worker's thread but for the jobs on the disk thread: a read job has `read`, `block` and its
 * file's `unzip` until it is done, an errand works on copies, a sincedb job has `sincedb_text` and `sincedb_status`.
 * Limits: max_open_files descriptors, WATCH_FILES_MAX files, one block of BLOCK_BYTES, lines of LINE_BYTES_LIMIT. No
 * error ends the input: it is logged, counted and what failed is tried again. */
#ifndef CORE_FOLLOW_FOLLOW_H
#define CORE_FOLLOW_FOLLOW_H
#include <assert.h>
#include "core/input.h"
#include "core/store/watch.h"

enum follow_mode { MODE_TAIL, MODE_READ };
enum follow_completed { COMPLETED_DELETE, COMPLETED_LOG, COMPLETED_LOG_AND_DELETE };
enum follow_begin { START_BEGINNING, START_END };


enum follow_field { FIELD_METADATA_PATH, FIELD_METADATA_HOST, FIELD_HOST, FIELD_PATH, FIELD_COUNT };

/* A file being followed; file->owner. */
struct tail {
    struct follow *owner;
    struct watched *file;
    struct stream stream;
    struct framer framer;
    uint64_t offset;    /* of the next byte to read in the file */
    uint64_t settled;   /* position of the stream up to which outputs are done */
    uint64_t turn;      /* bytes read in this turn */
    uint64_t active;    /* uv_now() of the last bytes */
    int64_t ignored;    /* modification time of a file that ignore_older left out; 0: it is read */
    struct unzip *unzip;
    bool is_gzip, is_damaged;
    bool is_queued;
    bool is_at_end;     /* mode read: all is emitted */
    bool is_completing; /* the completed action runs */
    bool is_done;       /* it was completed */
    struct tail *next;  /* in the queue */
};

/* The plugin's instance: its options, named as they are in a pipeline, then what follow_init() makes of them. */
struct follow {
    struct str_list path, exclude;
    struct choice mode, start_position, file_sort_by, file_sort_direction, file_completed_action;
    struct str sincedb_path, delimiter, file_completed_log_path;
    struct duration sincedb_write_interval, sincedb_clean_after, stat_interval, ignore_older,
        close_older;
    int64_t discover_interval, max_open_files, file_chunk_size, file_chunk_count;
    bool exit_after_read, check_archive_validity;

    struct input *host;
    struct path fields[FIELD_COUNT];
    struct value host_name;
    struct watch watch;
    struct sincedb sincedb;
    const char *sincedb_file;  /* NULL: positions are not kept */
    const char *completed_log;
    bool has_watch;            /* the sincedb was read */
    uint64_t turn_bytes;       /* a file gives way after so many */
    struct tail *first, **last; /* queue: files with something to read */
    uint32_t open;             /* files */
    uint32_t errands;

    struct tail *current;      /* being read or emitted */
    struct block *block;
    size_t len, used;
    bool is_reading;
    struct { /* the read job; with `current`, touched only by it while it runs */
        struct disk_job job;
        int fd;
        bool was_open;
        char *path;      /* to open; NULL when it is open */
        uint64_t offset; /* of the next byte */
        ptrdiff_t got;
    } read;

    uv_timer_t sincedb_timer;
    bool is_timer_open;
    struct disk_job sincedb_job;
    bool is_saving;
    struct buf sincedb_text;
    int sincedb_status;
};

static inline uint64_t follow_now_ms(const struct follow *self) { return uv_now(&self->host->loop->uv); }

/* ---- follow.c ---- */
/* Once the options are set and sound; `arena` is the configuration's. */
void follow_init(struct follow *self, struct arena *arena);
int follow_start(void *opaque, struct input *host);
void follow_pause(void *opaque, bool paused);
void follow_stop(void *opaque);
void follow_destroy(void *opaque);
/* The input ends if it is to and nothing of it runs any more: called whenever something of it has ended. */
void follow_end_check(struct follow *self);

/* ---- tails.c ---- */
/* Hooks of the watch. */
void tail_found(void *opaque, struct watched *file);
void tail_changed(void *opaque, struct watched *file);
/* Once nothing reads it any more and it is not being completed. */
void tail_free(struct tail *tail);
void follow_find_fields(struct follow *self, const struct plugin_context *context);
void follow_fields(const void *opaque, struct field_set *fields);

/* ---- read.c ---- */
/* Emits and reads until there is nothing to do, a read is under way, or the input is paused. */
void follow_go_on(struct follow *self);
void tail_queue(struct tail *tail);
void tail_unqueue(struct tail *tail); /* nothing, when it is not in the queue */
/* Whether `status` is of this very file, whatever its name. */
struct stat;
bool follow_is_file(const struct stat *status, struct file_id id);

/* ---- positions.c ---- */
double follow_wall_clock(void); /* seconds since 1970, as a sincedb has them */
/* Reads the sincedb, again and again until that is possible; then starts the watch. */
void follow_positions_start(struct follow *self);
void follow_positions_stop(struct follow *self); /* may be called twice; follow_end_check() comes when it is done */
void follow_positions_save(struct follow *self); /* at the end, and blocks */
void tail_record(struct tail *tail, uint64_t offset);
bool tail_is_settled(const struct tail *tail);
/* Hook of the source. */
void tail_advance(void *opaque, uint64_t position);

/* ---- completed.c ---- */
/* Mode read: the completed action begins if all of the file was emitted and is settled. */
void tail_complete(struct tail *tail);
void tail_close(struct tail *tail); /* its descriptor, if it has one */
/* exit_after_read: nothing is left to read, and every file was completed. */
bool follow_is_exhausted(const struct follow *self);

#endif
