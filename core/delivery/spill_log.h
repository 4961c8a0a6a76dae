/* SPDX-License-Identifier: Apache-2.0 */
/* What the disk thread does for a spill (spill.h): its own log and those of workers that are gone, on
 * core/store/spool. Events are compressed, many in one record (core/store/record_pack.h), which has as many numbers:
 * each event has its own, and what was sent of a record is not sent again. A job is asked for with struct spill_work,
 * which belongs to the disk thread until it is answered; the logs belong to it always. What recovery finds is said in
 * the log from here. */
#ifndef CORE_DELIVERY_SPILL_LOG_H
#define CORE_DELIVERY_SPILL_LOG_H
#include "core/delivery/hold.h"
#include "core/store/record_pack.h"
#include "core/store/spool/spool.h"

enum {
    SPILL_LOGS_MAX = 16,          /* the own one, and those of workers that are gone; more wait for the next start */
    SPILL_WRITE_BYTES = 4 * 1024 * 1024, /* of packs that are synced at once: it ends with the one that reaches this */
    SPILL_READ_BYTES = 256 * 1024,
    SPILL_READ_EVENTS = 4096, /* and room for those of one record */
    SPILL_SEGMENT_BYTES_MAX = 64 * 1024 * 1024,
    SPILL_EVENT_BYTES_MAX = 16 * 1024 * 1024, /* or what fits into an eighth of the limit */
};

#define SPILL_CURSOR_NAME "output" /* of the one reader */

/* The first byte of a record. */
enum spill_record {
    SPILL_RECORD_EVENT = 1,
    SPILL_RECORD_TOO_LARGE, /* in its place: it was dropped */
    SPILL_RECORD_PACKED,    /* a list of events, without this byte */
};

struct spill_log {
    char *folder; /* owned */
    struct spool spool;
    struct spool_cursor cursor;
    bool is_open;
};

struct spill_logs {
    const struct file_ops *files;
    struct str id; /* of the output */
    uint64_t bytes_max;
    struct record_pack *pack; /* owned; the disk thread's */
    struct spill_log items[SPILL_LOGS_MAX]; /* the first is written */
    uint32_t count;
};

struct spill_read_row {
    uint64_t number;
    uint32_t end; /* behind its bytes */
};

struct spill_work {
    /* asked; nobody writes it while the job is underway */
    bool opens, checkpoints, closes;
    bool drops_oldest;              /* when the log is full */
    uint64_t done[SPILL_LOGS_MAX];  /* all records up to this number are */
    const struct pack *pack;        /* whose rows are to be written, from `row` on; NULL: none */
    uint32_t row;
    uint32_t packs;                 /* it and those behind it, all of them sealed */
    uint32_t read_log;
    uint64_t read_from;             /* number; 0: nothing is to be read */
    /* answered */
    uint64_t written_bytes;         /* of rows */
    int error, read_error;          /* of the disk: when it was to be changed; to be read */
    bool is_full;                   /* the log is */
    uint64_t skipped;               /* records of the first log up to this number were given up; 0: none */
    uint64_t read_to;               /* everything up to this number was read, or is lost; 0: nothing */
    uint64_t lost;                  /* records, of those read over */
    struct buf bytes;               /* what was read */
    struct spill_read_row *rows;
    uint32_t row_count;
    uint64_t log_bytes;             /* of all logs, on disk */
    size_t pack_memory;             /* that compressing takes now */
    uint64_t synced, next;          /* numbers of the first log */
    uint64_t found_done[SPILL_LOGS_MAX], found_synced[SPILL_LOGS_MAX]; /* of opening */
};

void spill_logs_run(struct spill_logs *logs, struct spill_work *work);
/* Closes what is open, frees; no job is underway. */
void spill_logs_fini(struct spill_logs *logs);

#endif
