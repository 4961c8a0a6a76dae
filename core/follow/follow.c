/* SPDX-License-Identifier: Apache-2.0 */
/* The life of input `file`: it begins to watch, goes on, and ends when nothing of it runs any more. */
#include <assert.h>
#include <unistd.h>
#include "core/follow/follow.h"

static void follow_scanned(void *opaque, bool is_scan)
{
    struct follow *self = opaque;
    if (is_scan && self->sincedb_clean_after.ns)
        sincedb_clean(&self->sincedb,
                      follow_wall_clock() - (double)self->sincedb_clean_after.ns / 1e9);
    follow_go_on(self);
    follow_end_check(self);
}

/* How many bytes of a file are read before it gives way to the next. */
static uint64_t turn_bytes(const struct follow *self)
{
    int64_t turn;
    if (__builtin_mul_overflow(self->file_chunk_size, self->file_chunk_count, &turn)) turn = INT64_MAX;
    assert(turn > 0);
    /* followed files take turns block by block, whatever their backlog */
    return self->mode.value == MODE_TAIL && turn > BLOCK_BYTES ? BLOCK_BYTES : (uint64_t)turn;
}

void follow_init(struct follow *self, struct arena *arena)
{
    assert(self->path.count && self->delimiter.len);
    self->last = &self->first;
    self->turn_bytes = turn_bytes(self);
    struct watch_options options = {
        .patterns = self->path,
        .exclude = self->exclude,
        .stat_interval_ns = self->stat_interval.ns,
        .discover_interval_ns = self->discover_interval * self->stat_interval.ns,
        .order = (enum watch_order)self->file_sort_by.value,
        .is_descending = self->file_sort_direction.value == 1,
    };
    struct watch_hooks hooks = {tail_found, tail_changed, follow_scanned};
    watch_init(&self->watch, &options, &hooks, self, arena);
}

int follow_start(void *opaque, struct input *host)
{
    struct follow *self = opaque;
    assert(!self->host && host);
    self->host = host;
    follow_positions_start(self);
    return 0;
}

void follow_pause(void *opaque, bool paused)
{
    if (!paused) follow_go_on(opaque);
}

static void follow_watch_stopped(void *opaque)
{
    struct follow *self = opaque;
    assert(self->has_watch && self->host->is_stopping);
    self->has_watch = false;
    follow_end_check(self);
}

void follow_stop(void *opaque)
{
    struct follow *self = opaque;
    self->host->is_stopping = true;
    if (self->has_watch) watch_stop(&self->watch, follow_watch_stopped);
    follow_positions_stop(self);
}

/* Streams stay open: their lines are settled by outputs that end after this. */
void follow_end_check(struct follow *self)
{
    if (self->host->is_stopped) return;
    if (!self->host->is_stopping && self->errands == 0 && follow_is_exhausted(self)) {
        self->host->is_exhausted = true;
        follow_stop(self);
    }
    if (!self->host->is_stopping || self->has_watch || self->is_timer_open || self->is_reading ||
        self->is_saving || self->errands)
        return;
    for (uint32_t i = 0; i < self->watch.count; i++) {
        struct tail *tail = self->watch.files[i]->owner;
        if (self->watch.files[i]->is_forgotten) continue;
        tail->framer.tail_len = 0; /* not lost: the line is read again at the next start */
        framer_fini(&tail->framer);
    }
    if (self->block) block_drop(self->block, &self->host->loop->pool);
    self->block = NULL;
    input_stopped(self->host);
}

/* Outputs have ended: what they have done with is written a last time. */
void follow_destroy(void *opaque)
{
    struct follow *self = opaque;
    assert(!self->is_reading && !self->errands); /* no job on the disk thread has any of this */
    follow_positions_save(self);
    for (uint32_t i = 0; i < self->watch.count; i++) {
        struct watched *file = self->watch.files[i];
        if (file->is_forgotten) continue;
        if (file->fd >= 0) close(file->fd);
        tail_free(file->owner);
    }
    watch_fini(&self->watch);
    sincedb_fini(&self->sincedb);
    buf_fini(&self->sincedb_text);
}
