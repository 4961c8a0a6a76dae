/* SPDX-License-Identifier: Apache-2.0 */
/* A log on disk, in one folder: records are appended, made durable in groups, read by named cursors in the
 * order appended, and deleted, whole segments at a time, when every cursor is done with them. The queue (in
 * front of the filters) and the spill (behind them) stand on it. The bytes are told in record.h and
 * checkpoint.h, the contract in ARCHITECTURE.md ("The log on disk").
 *
 *     append ─▶ group (memory) ─ sync ─▶ segment …0001.seg …0413.seg ─ read ─▶ cursors ─ done, checkpoint ─▶ deleted
 *
 * Everything here is synchronous and may block: it is for the pipeline's disk thread (core/store/disk.h), and
 * one log belongs to one thread at a time. No record is allocated: the group and each cursor's window are
 * made once. Two processes cannot open one log.
 *
 * Returns: 0, a verdict of enum spool_verdict, or a negative errno (= UV_E code). After an error all that was
 * durable is still so, all that was not is still in the group: the same call may be made again later. */
#ifndef CORE_STORE_SPOOL_SPOOL_H
#define CORE_STORE_SPOOL_SPOOL_H
#include "core/store/spool/checkpoint.h"
#include "core/store/spool/scan.h"

enum {
    SPOOL_SEGMENTS_MAX = 65536, /* files of one log; with more of them a sync fails with -EMFILE */
    SPOOL_FOLDER_MAX = 4000,    /* bytes of the folder's path */
    SPOOL_PATH_MAX = SPOOL_FOLDER_MAX + 64,
    SPOOL_NAMES_MAX = 8,        /* of foreign files, that a report tells */
};

enum spool_verdict {
    SPOOL_END = 1,    /* read: nothing more is durable */
    SPOOL_LOSS,       /* read: records are missing here, *loss says which; the next call goes on behind them */
    SPOOL_SYNC_FIRST, /* append: the group is full */
    SPOOL_FULL,       /* append: the log is at its limit, until a checkpoint lets a segment go */
    SPOOL_TOO_LARGE,  /* append: for ever */
};

struct spool_options {
    const char *folder;     /* made when it is missing, in a folder that is there */
    uint64_t bytes_max;     /* of all segments; at least twice segment_bytes. The checkpoint's 8 KiB come on top */
    uint64_t segment_bytes; /* of one file; room for the headers and one group */
    uint32_t group_bytes;   /* appended between two syncs; room for one record */
    uint32_t payload_max;   /* bytes of one record's payload, at most SPOOL_RECORD_BYTES_MAX; a run has 2 less */
    bool has_runs;          /* spool_append_run() is called: earlier versions do not read what is written */
};

struct spool_segment {
    uint64_t first; /* sequence number of its first record, which is its name */
    uint64_t bytes; /* headers and records */
};

struct spool_cursor;

struct spool {
    const struct file_ops *files;
    struct spool_options options; /* the folder is a copy */
    struct spool_segment *segments; /* oldest first */
    uint32_t count, capacity;
    uint64_t bytes;  /* of all segments */
    uint64_t synced; /* the highest sequence number that is durable */
    uint64_t next;   /* of the next record; those from synced + 1 on are in the group */
    int active;      /* descriptor of the last segment when it is being written; -1: the next sync makes one */
    int checkpoint_fd;
    uint64_t salt;
    uint32_t seed;
    char *group;
    size_t group_len;
    struct checkpoint checkpoint; /* as it will be written next */
    bool is_checkpoint_lost;
    bool is_look; /* nothing may be changed */
    struct spool_cursor *cursors; /* that are open */
};

/* What opening found. */
struct spool_report {
    struct spool_loss torn;    /* cut off the last segment: was never synced. Kind NONE: nothing */
    struct spool_loss missing; /* synced once, and no longer there, behind the last record */
    bool is_checkpoint_lost;   /* neither slot is whole: every cursor begins with the first record again */
    uint32_t stale;            /* .tmp files of a process that was stopped, removed */
    uint32_t foreign;          /* files that are not the log's: left alone */
    char foreign_names[SPOOL_NAMES_MAX][64]; /* the first of them, cut */
    uint16_t newer_format;     /* with -EPROTONOSUPPORT: of the file `newer_name` */
    char newer_name[32];
};

/* Recovers what is there. -EAGAIN: another process has it open. -EPROTONOSUPPORT: written by a newer version,
 * nothing was changed. */
int spool_open(struct spool *spool, const struct spool_options *options, const struct file_ops *files,
               struct spool_report *report);
/* The same for whoever only looks: nothing is changed, nor locked, so another process may have it open; `torn` is
 * then what is being written. Of the other functions only spool_cursor_look(), spool_read() and the closing ones
 * may be called. -ENOENT: there is no such folder, or nothing of a log in it. */
int spool_open_look(struct spool *spool, const char *folder, const struct file_ops *files, struct spool_report *report);
/* What was appended and not synced is gone; cursors are closed. */
void spool_close(struct spool *spool);

/* The parts, one behind the other and at least one byte in all, become the payload of the next record. Only
 * memory is written. */
int spool_append(struct spool *spool, const struct str *parts, uint32_t count, uint64_t *sequence);
/* Likewise, and it takes `numbers` of them, up to SPOOL_RUN_MAX; *sequence is the first. */
int spool_append_run(struct spool *spool, const struct str *parts, uint32_t count, uint32_t numbers,
                     uint64_t *sequence);
/* Makes all that was appended durable with one fdatasync: then spool->synced is the last one's number. */
int spool_sync(struct spool *spool);
/* Makes durable how far the cursors are, then deletes segments that all of them are done with. Works when the
 * disk has no byte left. */
int spool_checkpoint(struct spool *spool);

/* ---- cursors ---- */

enum spool_from { SPOOL_FROM_FIRST, SPOOL_FROM_END };

struct spool_cursor {
    struct spool *spool;
    struct spool_cursor *next;
    uint32_t slot;     /* in the checkpoint */
    uint64_t wanted;   /* number of the next record to give */
    uint64_t segment;  /* in whose file it reads, 0: none */
    uint64_t expected; /* number of the record at the scan's offset */
    struct spool_scan scan;
};

/* Begins behind what the checkpoint says is done; a name that is not in it begins where `from` says, and is
 * durable at once. The struct is the caller's and stays where it is until it is closed. -ENOBUFS:
 * SPOOL_CURSORS_MAX, -ENAMETOOLONG. */
int spool_cursor_open(struct spool *spool, const char *name, enum spool_from from, struct spool_cursor *cursor);
/* A cursor without a name, from the first record that is there. */
void spool_cursor_look(struct spool *spool, struct spool_cursor *cursor);
void spool_cursor_close(struct spool_cursor *cursor);
/* Forgets a cursor that is not open, at the next checkpoint. False: there is no such name. */
bool spool_cursor_forget(struct spool *spool, const char *name);
/* The next record that is durable; its payload is valid until the next call for this cursor. Of a run the first
 * numbers may be done: it is given when any of them is not. */
int spool_read(struct spool_cursor *cursor, struct spool_record *record, struct spool_loss *loss);
/* All records up to this number, which were read, are done; a lower number than before changes nothing. */
void spool_done(struct spool_cursor *cursor, uint64_t sequence);
/* All records up to this number, durable ones, are done, read or not: the cursor goes on behind them. */
void spool_skip(struct spool_cursor *cursor, uint64_t sequence);
uint64_t spool_done_up_to(const struct spool_cursor *cursor);

/* ---- logs that no cursor holds (dead letters): kept by size and age ---- */

/* Forgets what was appended and not synced, after a sync that failed: it is not tried again. */
void spool_discard(struct spool *spool);
/* Deletes the oldest segment, whoever might still want it. -ENOENT: there is none. No cursor is open. */
int spool_drop_oldest(struct spool *spool);
/* Segments that others have deleted are no longer counted. Returns how many they were. */
uint32_t spool_forget_gone(struct spool *spool);
/* Deletes the segments whose records are all numbered up to `done`: of a log that is only looked at all but the
 * last, which its owner may be writing. How many they were, or a negative errno. */
int spool_remove_done(struct spool *spool, uint64_t done);
/* A cursor without a name that begins with this number, or with the first behind it that is there. */
void spool_cursor_look_from(struct spool *spool, struct spool_cursor *cursor, uint64_t sequence);

#endif
