/* SPDX-License-Identifier: Apache-2.0 */
#include "core/backlog.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

int64_t backlog_lag(const struct backlog_row *row)
{
    if (row->done < 0 || row->end < 0) return -1;
    return row->end > row->done ? row->end - row->done : 0;
}

int64_t backlog_open(const struct backlog_row *row)
{
    return row->done >= 0 && row->read > row->done ? row->read - row->done : 0;
}

struct backlog *backlog_create(void)
{
    struct backlog *backlog = xcalloc(1, sizeof *backlog);
    pthread_mutex_init(&backlog->mutex, NULL);
    return backlog;
}

void backlog_destroy(struct backlog *backlog)
{
    if (!backlog) return;
    pthread_mutex_destroy(&backlog->mutex);
    free(backlog);
}

void backlog_begin(struct backlog *backlog)
{
    pthread_mutex_lock(&backlog->mutex);
    backlog->count = backlog->others = 0;
    backlog->others_lag = backlog->others_open = 0;
}

void backlog_add(struct backlog *backlog, const struct backlog_row *row)
{
    assert(row->topic.len);
    if (backlog->count < BACKLOG_ROWS_MAX) {
        backlog->rows[backlog->count++] = *row;
        return;
    }
    int64_t lag = backlog_lag(row);
    backlog->others++;
    backlog->others_lag += lag > 0 ? lag : 0;
    backlog->others_open += backlog_open(row);
}

void backlog_end(struct backlog *backlog) { pthread_mutex_unlock(&backlog->mutex); }

void backlog_read(struct backlog *backlog, struct backlog *copy)
{
    pthread_mutex_lock(&backlog->mutex);
    copy->count = backlog->count;
    copy->others = backlog->others;
    copy->others_lag = backlog->others_lag;
    copy->others_open = backlog->others_open;
    for (uint32_t i = 0; i < backlog->count; i++) copy->rows[i] = backlog->rows[i];
    pthread_mutex_unlock(&backlog->mutex);
}
