/* SPDX-License-Identifier: Apache-2.0 */
/* How far an input is in what it reads, by partition: for /metrics and for what a stop says. The input's
 * worker writes it all anew once a second and when its partitions change; any thread reads a copy. Bounded:
 * beyond BACKLOG_ROWS_MAX partitions of one member only sums are kept. */
#ifndef CORE_BACKLOG_H
#define CORE_BACKLOG_H
#include <pthread.h>
#include <stdint.h>
#include "core/text/str.h"

enum { BACKLOG_ROWS_MAX = 256, BACKLOG_LOOK_MS = 1000 };

struct backlog_row {
    struct str topic; /* lives as long as the input */
    int32_t partition;
    int64_t done; /* offset behind the last record that all outputs are done with; -1: not known yet */
    int64_t read; /* offset behind the last record read */
    int64_t end;  /* … behind the last record there is, as the broker last said; -1: not known yet */
};

struct backlog {
    pthread_mutex_t mutex;
    struct backlog_row rows[BACKLOG_ROWS_MAX];
    uint32_t count;        /* of rows */
    uint32_t others;       /* partitions without a row */
    int64_t others_lag, others_open; /* their sums */
};

/* Records to come; -1: not known. */
int64_t backlog_lag(const struct backlog_row *row);
/* Read and not done. */
int64_t backlog_open(const struct backlog_row *row);

struct backlog *backlog_create(void);
void backlog_destroy(struct backlog *backlog); /* may be NULL */
/* Between these the caller adds its partitions; readers wait. */
void backlog_begin(struct backlog *backlog);
void backlog_add(struct backlog *backlog, const struct backlog_row *row);
void backlog_end(struct backlog *backlog);
void backlog_read(struct backlog *backlog, struct backlog *copy); /* the copy's mutex is not made */

#endif
