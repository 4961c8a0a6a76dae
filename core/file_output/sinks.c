/* SPDX-License-Identifier: Apache-2.0 */
/* The sinks of a file output: found by path, made, retired when they are idle or the output stops. */
#include <stdlib.h>
#include "core/file_output/part.h"
#include "core/log.h"
#include "core/store/open.h"
#include "core/xmalloc.h"

static void sink_submit(struct sink *sink, void (*work)(struct disk_job *),
                        void (*done)(struct disk_job *))
{
    struct output *host = sink->owner->host;
    sink->job = (struct disk_job){.loop = host->loop, .work = work, .done = done};
    disk_submit(sink->fifo_disk ? sink->fifo_disk : host->disk, &sink->job);
}

void sink_abandon(struct sink *sink)
{
    sink->request = NULL; /* its head may be in the file, as after a kill */
    lane_abandon(&sink->lane);
}

static void sink_write_done(struct disk_job *job)
{
    struct sink *sink = job_sink(job);
    struct file_output *self = sink->owner;
    if (sink->status == SINK_IS_FIFO) {
        sink->fifo_disk = disk_create("fifo");
        sink_submit(sink, sink_write_work, sink_write_done);
        return;
    }
    if (sink->status < 0) {
        counter_add(&self->host->counters.errors, 1);
        LOG(LOG_ERROR, "file.write", self->host->id, "cannot write `%s`: %s; it is tried again",
            sink->path, uv_strerror(sink->status));
        if (self->is_abandoned)
            sink_abandon(sink);
        else
            lane_done(&sink->lane, LANE_RETRY);
        return;
    }
    if (sink->request->attempts > 1)
        LOG(LOG_INFO, "file.resumed", self->host->id, "`%s` is written again", sink->path);
    sink->written = 0;
    sink->request = NULL;
    buf_clear(&sink->compressed);
    lane_done(&sink->lane, LANE_SENT); /* may free the sink when the output is stopping */
    if (self->is_waiting && !self->host->is_stopping) {
        self->is_waiting = false;
        output_ready(self->host);
    }
}

static void sink_write(void *opaque, struct request *request)
{
    struct sink *sink = opaque;
    assert(!sink->request || sink->request == request); /* the same again: it is gone on with */
    sink->request = request;
    sink_submit(sink, sink_write_work, sink_write_done);
}

static struct sink *sink_find(const struct file_output *self, struct str path, uint32_t hash)
{
    struct sink *sink = self->buckets[hash & (FILE_BUCKETS - 1)];
    while (sink && !(sink->hash == hash && str_eq((struct str){sink->path, sink->path_len}, path)))
        sink = sink->next;
    return sink;
}

static void sink_unlink_use(struct file_output *self, struct sink *sink)
{
    *(sink->older ? &sink->older->newer : &self->oldest) = sink->newer;
    *(sink->newer ? &sink->newer->older : &self->newest) = sink->older;
}

static void sink_link_use(struct file_output *self, struct sink *sink)
{
    sink->newer = NULL;
    sink->older = self->newest;
    *(sink->older ? &sink->older->newer : &self->oldest) = sink;
    self->newest = sink;
}

static void file_timer_closed(uv_handle_t *handle)
{
    struct file_output *self = handle->data;
    if (--self->timers == 0) output_stopped(self->host);
}

void file_end_check(struct file_output *self)
{
    if (!self->host->is_stopping || self->alive || !self->timers) return;
    if (uv_is_closing((uv_handle_t *)&self->stale_timer)) return;
    uv_close((uv_handle_t *)&self->stale_timer, file_timer_closed);
    uv_close((uv_handle_t *)&self->gather_timer, file_timer_closed);
}

static void sink_closed(struct disk_job *job)
{
    struct sink *sink = job_sink(job);
    struct file_output *self = sink->owner;
    assert(sink->fd < 0 && self->alive > 0);
    struct sink **link = &self->retired;
    while (*link != sink) link = &(*link)->next;
    *link = sink->next;
    if (sink->fifo_disk) disk_destroy(sink->fifo_disk);
    lane_fini(&sink->lane);
    buf_fini(&sink->compressed);
    free(sink->path);
    free(sink);
    self->alive--;
    file_end_check(self);
}

static void sink_drained(void *opaque) { sink_submit(opaque, sink_close_work, sink_closed); }

void sink_retire(struct file_output *self, struct sink *sink)
{
    assert(self->open > 0);
    struct sink **link = &self->buckets[sink->hash & (FILE_BUCKETS - 1)];
    while (*link != sink) link = &(*link)->next;
    *link = sink->next;
    sink->next = self->retired;
    self->retired = sink;
    sink_unlink_use(self, sink);
    if (self->only == sink) self->only = NULL;
    self->open--;
    lane_close(&sink->lane, sink_drained);
}

bool sink_is_idle(const struct sink *sink)
{
    return !sink->is_touched && lane_is_idle(&sink->lane);
}

static bool file_make_room(struct file_output *self)
{
    if (self->open < FILE_SINKS_MAX) return true;
    for (struct sink *sink = self->oldest; sink; sink = sink->newer)
        if (sink_is_idle(sink)) {
            sink_retire(self, sink);
            return true;
        }
    self->is_waiting = true;
    return false;
}

/* The part of a path that data may decide must be able to name a file beneath the root. */
static bool path_is_usable(const struct file_output *self, struct str path)
{
    return self->is_static ||
           (path.len <= OPEN_PATH_MAX && path.len > self->root_len + 1 &&
            open_is_contained(str_from(path, self->root_len + 1)));
}

static struct sink *sink_create(struct file_output *self, struct str path, uint32_t hash)
{
    if (!file_make_room(self)) return NULL;
    assert(self->open < FILE_SINKS_MAX);
    struct sink *sink = xcalloc(1, sizeof *sink);
    sink->owner = self;
    sink->path = xstrndup(path);
    sink->path_len = path.len;
    sink->hash = hash;
    sink->fd = -1;
    lane_init(&sink->lane, self->host, sink_write, sink);
    sink->lane.request_bytes = FILE_REQUEST_BYTES;
    sink->next = self->buckets[hash & (FILE_BUCKETS - 1)];
    self->buckets[hash & (FILE_BUCKETS - 1)] = sink;
    sink_link_use(self, sink);
    self->open++;
    self->alive++;
    return sink;
}

/* All events without a usable path share one sink, whose key no usable path can have. */
struct sink *sink_of_path(struct file_output *self, struct str path)
{
    bool is_usable = path_is_usable(self, path);
    if (!is_usable) {
        counter_add(&self->host->counters.errors, 1);
        LOG(LOG_WARN, "file.path", self->host->id,
            "an event's path leads out of `%s` or names no file; it goes to %.*s there", self->root,
            STR_ARG(self->filename_failure));
        path = STR("..");
    }
    uint32_t hash = key_hash(path);
    struct sink *sink = sink_find(self, path, hash);
    if (!sink) {
        sink = sink_create(self, path, hash);
        if (sink) sink->is_failure = !is_usable;
    } else if (sink != self->newest) {
        sink_unlink_use(self, sink);
        sink_link_use(self, sink);
    }
    return sink;
}

void sink_touch(struct sink *sink)
{
    struct file_output *self = sink->owner;
    sink->used_cycle = self->cycle;
    if (sink->is_touched) return;
    sink->is_touched = true;
    sink->next_touched = self->touched;
    self->touched = sink;
}
