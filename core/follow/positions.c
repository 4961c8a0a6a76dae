/* SPDX-License-Identifier: Apache-2.0 */
/* How far each file is: what outputs have done with moves its record in the sincedb, which is read before any file is
 * and written every sincedb_write_interval. */
#include <assert.h>
#include <time.h>
#include "core/follow/follow.h"
#include "core/log.h"

enum { SINCEDB_RETRY_MS = 1000 };

double follow_wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- of one file ---- */

void tail_record(struct tail *tail, uint64_t offset)
{
    struct sincedb *db = &tail->owner->sincedb;
    struct sincedb_entry *entry =
        sincedb_set(db, tail->file->id, offset, follow_wall_clock(), tail->file->path);
    if (entry) entry->is_in_use = true;
}

bool tail_is_settled(const struct tail *tail)
{
    return tail->settled >= tail->stream.position || source_is_idle(tail->stream.source);
}

/* Outputs are done with everything up to `position`. */
void tail_advance(void *opaque, uint64_t position)
{
    struct tail *tail = opaque;
    tail->settled = position;
    /* a place within a gzip file cannot be gone back to: it counts when it is complete */
    if (!tail->is_gzip) tail_record(tail, position);
    tail_complete(tail);
}

/* ---- writing ---- */

static void sincedb_save_work(struct disk_job *job)
{
    struct follow *self = DISK_JOB_OWNER(job, struct follow, sincedb_job);
    assert(self->is_saving && self->sincedb_file);
    self->sincedb_status = sincedb_save(self->sincedb_file, buf_str(&self->sincedb_text));
}

static void sincedb_complain(struct follow *self)
{
    if (self->sincedb_status == 0) return;
    self->sincedb.is_changed = true; /* what was printed is not on the disk: it is due again */
    counter_add(&self->host->counters.errors, 1);
    LOG(LOG_ERROR, "file.sincedb_write", self->host->id,
        "cannot write the sincedb `%s`: %s; lines would be repeated after a restart",
        self->sincedb_file, uv_strerror(self->sincedb_status));
}

static void sincedb_save_done(struct disk_job *job)
{
    struct follow *self = DISK_JOB_OWNER(job, struct follow, sincedb_job);
    self->is_saving = false;
    sincedb_complain(self);
    follow_end_check(self);
}

static void sincedb_due(uv_timer_t *timer)
{
    struct follow *self = timer->data;
    if (self->is_saving || !self->sincedb.is_changed || !self->sincedb_file) return;
    self->is_saving = true;
    buf_clear(&self->sincedb_text);
    sincedb_print(&self->sincedb, &self->sincedb_text);
    self->sincedb_job = (struct disk_job){
        .loop = self->host->loop, .work = sincedb_save_work, .done = sincedb_save_done};
    disk_submit(self->host->disk, &self->sincedb_job);
}

/* ---- reading, before anything else ---- */

static void sincedb_load_work(struct disk_job *job)
{
    struct follow *self = DISK_JOB_OWNER(job, struct follow, sincedb_job);
    assert(self->is_saving && self->sincedb_file);
    self->sincedb_status = sincedb_load(self->sincedb_file, &self->sincedb_text);
}

static void start_watching(struct follow *self)
{
    assert(!self->has_watch && !self->host->is_stopping);
    self->has_watch = true;
    watch_start(&self->watch, self->host->loop, self->host->disk, self->host->id);
    uint64_t interval = (uint64_t)self->sincedb_write_interval.ns / 1000000;
    uv_timer_start(&self->sincedb_timer, sincedb_due, interval, interval);
}

static void sincedb_load_start(uv_timer_t *timer);

/* Without the positions, lines would be lost or repeated: nothing is read before they are known. */
static void sincedb_load_done(struct disk_job *job)
{
    struct follow *self = DISK_JOB_OWNER(job, struct follow, sincedb_job);
    self->is_saving = false;
    if (self->host->is_stopping) {
        follow_end_check(self);
        return;
    }
    if (self->sincedb_status) {
        LOG(LOG_ERROR, "file.sincedb_read", self->host->id,
            "cannot read the sincedb `%s`: %s; no file is read until it can be", self->sincedb_file,
            uv_strerror(self->sincedb_status));
        uv_timer_start(&self->sincedb_timer, sincedb_load_start, SINCEDB_RETRY_MS, 0);
        return;
    }
    uint32_t bad = sincedb_parse(&self->sincedb, buf_str(&self->sincedb_text), follow_wall_clock());
    if (bad)
        LOG(LOG_WARN, "file.sincedb_line", self->host->id,
            "%u lines of the sincedb `%s` are not readable and were left out", bad,
            self->sincedb_file);
    start_watching(self);
}

static void sincedb_load_start(uv_timer_t *timer)
{
    struct follow *self = timer->data;
    if (!self->sincedb_file) {
        start_watching(self);
        return;
    }
    assert(!self->is_saving);
    self->is_saving = true;
    buf_clear(&self->sincedb_text);
    self->sincedb_job = (struct disk_job){
        .loop = self->host->loop, .work = sincedb_load_work, .done = sincedb_load_done};
    disk_submit(self->host->disk, &self->sincedb_job);
}

/* ---- beginning and end ---- */

void follow_positions_start(struct follow *self)
{
    uv_timer_init(&self->host->loop->uv, &self->sincedb_timer);
    self->sincedb_timer.data = self;
    self->is_timer_open = true;
    sincedb_load_start(&self->sincedb_timer);
}

static void sincedb_timer_closed(uv_handle_t *handle)
{
    struct follow *self = handle->data;
    self->is_timer_open = false;
    follow_end_check(self);
}

void follow_positions_stop(struct follow *self)
{
    if (!uv_is_closing((uv_handle_t *)&self->sincedb_timer))
        uv_close((uv_handle_t *)&self->sincedb_timer, sincedb_timer_closed);
}

void follow_positions_save(struct follow *self)
{
    assert(!self->is_saving);
    if (!self->sincedb.is_changed || !self->sincedb_file || !self->host) return;
    buf_clear(&self->sincedb_text);
    sincedb_print(&self->sincedb, &self->sincedb_text);
    self->sincedb_status = sincedb_save(self->sincedb_file, buf_str(&self->sincedb_text));
    sincedb_complain(self);
}
