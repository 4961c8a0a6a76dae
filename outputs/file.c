/* SPDX-License-Identifier: Apache-2.0 */
/* file: appends encoded events to files whose path is a template.
 *
 *   take() ─▶ sink of the path ─▶ its lane ─▶ request ─▶ disk thread: open, gzip, write, fdatasync
 *                (table, LRU)                              │
 *                                                          └─▶ settled only when write() took it all
 *
 * Each path in use is a sink: a lane and a descriptor. At most FILE_SINKS_MAX are open for a worker,
 * the least recently used idle one is closed first. A path that data had a part in is opened beneath
 * the template's static directory (core/store/open.h); one that cannot be is written to
 * `<directory>/_filepath_failures` instead. After a partial write the rest is written next, so no
 * record is torn or doubled; where several workers append to one file, an advisory lock is held from
 * a partial write until its rest is written, so that no other worker's record lands inside.
 *
 * State of a sink under "disk thread" is touched only by its job while that runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include "core/log.h"
#include "core/output.h"
#include "core/store/file_ops.h"
#include "core/store/open.h"
#include "core/xmalloc.h"

enum {
    FILE_REQUEST_BYTES = 1024 * 1024, /* what a turn encodes, mostly: each is a wake of the disk thread */
    FILE_SINKS_MAX = 512, /* open files of one worker's instance */
    FILE_BUCKETS = 1024,  /* of the table of paths; a power of two */
};

enum write_behavior { WRITE_APPEND, WRITE_OVERWRITE };
static const char *const write_behaviors[] = {"append", "overwrite", NULL};

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

static const struct option file_options[] = {
    OPTION_TEMPLATE(struct file_output, path, .required = true,
                    .help = "File to append to; may contain %{field} behind its first directory."),
    OPTION_DURATION(struct file_output, flush_interval, .preset = "2", .unit = "s",
                    .help = "Events go to the file at the end of every turn, whatever this says; with "
                            "gzip, when set, how long a member waits for more events."),
    OPTION_BOOL(struct file_output, gzip, .preset = "false",
                .help = "Compress: every write is one complete gzip member."),
    OPTION_CHOICE(struct file_output, write_behavior, .preset = "append", .choices = write_behaviors,
                  .help = "`overwrite` keeps only the last event of each write."),
    OPTION_BOOL(struct file_output, create_if_deleted, .preset = "true",
                .help = "Make the file when it is missing; else its events go to the failure file."),
    OPTION_STRING(struct file_output, filename_failure, .preset = "_filepath_failures",
                  .help = "File in the path's static directory for events whose path is not usable."),
    OPTION_INT(struct file_output, file_mode, .preset = "-1", .min = -1, .max = 07777,
               .help = "Mode of files made, as 0640; -1: what the umask leaves."),
    OPTION_INT(struct file_output, dir_mode, .preset = "-1", .min = -1, .max = 07777,
               .help = "Mode of directories made, as 0750; -1: what the umask leaves."),
    OPTION_DURATION(struct file_output, stale_cleanup_interval, .preset = "10", .unit = "s",
                    .min = 1000000, .max = INT64_MAX,
                    .help = "Close files unused for this long; as often see whether a file was moved."),
    OPTION_BOOL(struct file_output, fsync, .preset = "false",
                .help = "Events count as written only when the disk has them (fdatasync)."),
    OPTION_END};

/* ---- disk thread ---- */

static struct sink *job_sink(struct disk_job *job)
{
    return (struct sink *)(void *)((char *)job - offsetof(struct sink, job));
}

static void sink_shut(struct sink *sink)
{
    if (sink->fd >= 0) close(sink->fd);
    sink->fd = -1;
    sink->is_locked = sink->is_begun = sink->is_named = false;
}

static bool is_due(const struct sink *sink, const struct timespec *now)
{
    int64_t elapsed = (now->tv_sec - sink->checked.tv_sec) * 1000000000 +
                      (now->tv_nsec - sink->checked.tv_nsec);
    return elapsed >= sink->owner->stale_cleanup_interval.ns;
}

/* Was the file deleted, or another one put in its place? */
static bool sink_is_moved(struct sink *sink)
{
    struct stat open, named;
    if (sink->is_fifo || fstat(sink->fd, &open) < 0) return false;
    if (open.st_nlink == 0) return true;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (sink->is_failure || !is_due(sink, &now)) return false;
    sink->checked = now;
    return stat(sink->path, &named) < 0 || named.st_ino != open.st_ino ||
           named.st_dev != open.st_dev;
}

/* Reasons that lie in the path, not in the disk: trying again would not help. */
static bool is_path_fault(const struct file_output *self, int status)
{
    if (status == -ENOENT) return !self->create_if_deleted;
    if (self->is_static) return false;
    switch (-status) {
    case EXDEV: case ELOOP: case ENOTDIR: case EISDIR: case ENAMETOOLONG: case EINVAL: case EACCES:
    case EPERM:
        return true;
    default:
        return false;
    }
}

static int sink_open(struct sink *sink)
{
    const struct file_output *self = sink->owner;
    struct open_rules rules = {.file_mode = (int)self->file_mode,
                               .dir_mode = (int)self->dir_mode,
                               .may_create = self->create_if_deleted,
                               .is_append = self->write_behavior.value == WRITE_APPEND};
    int fd = -ENOENT;
    if (!sink->is_failure) {
        if (!self->is_static) rules.root = self->root;
        fd = open_append(&rules, self->is_static ? sink->path : sink->path + self->root_len + 1);
        if (is_path_fault(self, fd)) {
            LOG(LOG_WARN, "file.path", self->host->id, "cannot open `%s`: %s; its events go to %s/%.*s",
                sink->path, uv_strerror(fd), self->root, STR_ARG(self->filename_failure));
            sink->is_failure = true;
        }
    }
    if (sink->is_failure) {
        char name[OPEN_NAME_MAX + 1];
        memcpy(name, self->filename_failure.ptr, self->filename_failure.len);
        name[self->filename_failure.len] = 0;
        rules.root = self->root;
        rules.may_create = true;
        fd = open_append(&rules, name);
    }
    if (fd < 0) return fd;
    struct stat status;
    sink->is_fifo = fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
    clock_gettime(CLOCK_MONOTONIC_COARSE, &sink->checked);
    sink->fd = fd;
    return 0;
}

/* The request as one gzip member (RFC 1952). */
static int compress_member(struct str bytes, struct buf *out)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
        return -ENOMEM;
    buf_reserve(out, deflateBound(&stream, bytes.len));
    stream.next_in = (Bytef *)(uintptr_t)bytes.ptr;
    stream.avail_in = (uInt)bytes.len;
    stream.next_out = (Bytef *)out->ptr;
    stream.avail_out = (uInt)(out->capacity - out->len);
    int status = deflate(&stream, Z_FINISH);
    out->len += stream.total_out;
    deflateEnd(&stream);
    return status == Z_STREAM_END ? 0 : -EIO;
}

/* What is to be written of the request in flight. */
static int sink_bytes(struct sink *sink, struct str *bytes)
{
    const struct file_output *self = sink->owner;
    *bytes = buf_str(&sink->request->data);
    if (self->write_behavior.value == WRITE_OVERWRITE) *bytes = str_from(*bytes, sink->request->last);
    if (!self->gzip) return 0;
    int status = sink->compressed.len ? 0 : compress_member(*bytes, &sink->compressed);
    *bytes = buf_str(&sink->compressed);
    return status;
}

/* A worker whose record is half written holds the lock until the rest is there. */
static bool sink_lock(struct sink *sink)
{
    if (sink->owner->host->workers < 2 || sink->is_fifo || sink->is_locked) return true;
    sink->is_locked = flock(sink->fd, LOCK_EX | LOCK_NB) == 0;
    return sink->is_locked || errno != EWOULDBLOCK;
}

static void sink_unlock(struct sink *sink)
{
    if (sink->is_locked) flock(sink->fd, LOCK_UN);
    sink->is_locked = false;
}

/* The reader of a FIFO went away in the middle: the next one gets the record from its start. */
static void sink_rewind(struct sink *sink, struct str bytes)
{
    if (sink->owner->gzip) sink->written = 0;
    while (sink->written && bytes.ptr[sink->written - 1] != '\n') sink->written--;
    sink_shut(sink);
}

/* A kill in the middle of a write leaves the head of a record behind; what follows must not be taken
 * for its rest. Of records that end in a newline it is told by the file's last byte. */
static int sink_end_torn(struct sink *sink, struct str bytes)
{
    const struct file_output *self = sink->owner;
    if (sink->is_begun || sink->is_fifo || self->gzip || !str_ends(bytes, STR("\n"))) return 0;
    char name[32], last = '\n';
    snprintf(name, sizeof name, "/proc/self/fd/%d", sink->fd);
    int fd = open(name, O_RDONLY | O_CLOEXEC); /* the descriptor itself only writes */
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    if (size > 0 && pread(fd, &last, 1, size - 1) < 0) last = '\n';
    if (fd >= 0) close(fd);
    size_t written = 0;
    int status = last == '\n' ? 0 : write_whole(sink->fd, STR("\n"), &written);
    sink->is_begun = status == 0;
    return status;
}

static int sink_sync_name(struct sink *sink)
{
    if (sink->is_named) return 0;
    int status = sink->is_failure ? file_ops_real.sync_folder(&file_ops_real, sink->owner->root)
                                  : file_name_sync(&file_ops_real, sink->path);
    sink->is_named = status == 0;
    return status;
}

/* What a failed sync did not write the system takes for written and never tries again: all of the request
 * is written once more, so some of it may be there twice. */
static int sink_sync(struct sink *sink)
{
    int status = fdatasync(sink->fd) < 0 ? -errno : 0;
    if (status == 0) return sink_sync_name(sink);
    sink->written = 0;
    sink_shut(sink);
    return status;
}

enum { SINK_IS_FIFO = 1 }; /* status: go on in a thread of its own */

static int sink_put(struct sink *sink)
{
    const struct file_output *self = sink->owner;
    bool is_reopening = atomic_exchange(&sink->must_reopen, false);
    /* a record that is half written is finished where it began */
    if (sink->fd >= 0 && sink->written == 0 && (is_reopening || sink_is_moved(sink))) sink_shut(sink);
    int status = sink->fd >= 0 ? 0 : sink_open(sink);
    if (status == 0 && sink->is_fifo && !sink->fifo_disk) return SINK_IS_FIFO;
    struct str bytes;
    if (status == 0) status = sink_bytes(sink, &bytes);
    if (status < 0) return status;
    if (!sink_lock(sink)) return -EAGAIN;
    if (self->write_behavior.value == WRITE_OVERWRITE && sink->written == 0 && !sink->is_fifo)
        if (ftruncate(sink->fd, 0) < 0 || lseek(sink->fd, 0, SEEK_SET) < 0) return -errno;
    status = sink_end_torn(sink, bytes);
    if (status == 0) status = write_whole(sink->fd, bytes, &sink->written);
    if (status == -EPIPE) sink_rewind(sink, bytes);
    if (status == 0 && self->fsync && !sink->is_fifo) status = sink_sync(sink);
    if (sink->written == 0 || sink->written == bytes.len) sink_unlock(sink);
    return status;
}

static void sink_write_work(struct disk_job *job)
{
    struct sink *sink = job_sink(job);
    sink->status = sink_put(sink);
}

static void sink_close_work(struct disk_job *job) { sink_shut(job_sink(job)); }

/* ---- loop ---- */

static void sink_submit(struct sink *sink, void (*work)(struct disk_job *),
                        void (*done)(struct disk_job *))
{
    struct output *host = sink->owner->host;
    sink->job = (struct disk_job){.loop = host->loop, .work = work, .done = done};
    disk_submit(sink->fifo_disk ? sink->fifo_disk : host->disk, &sink->job);
}

static void sink_abandon(struct sink *sink)
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

static void file_end_check(struct file_output *self)
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

/* Takes it out of the table; it drains, closes its file and frees itself. */
static void sink_retire(struct file_output *self, struct sink *sink)
{
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

static bool sink_is_idle(const struct sink *sink)
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
static struct sink *sink_of_path(struct file_output *self, struct str path)
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

static void sink_touch(struct sink *sink)
{
    struct file_output *self = sink->owner;
    sink->used_cycle = self->cycle;
    if (sink->is_touched) return;
    sink->is_touched = true;
    sink->next_touched = self->touched;
    self->touched = sink;
}

/* The sink of an event; events in a row mostly share one, then only the text is compared. */
static struct sink *sink_of_event(struct file_output *self, const struct event *event)
{
    buf_clear(&self->rendered);
    template_append(&self->path, event, &self->rendered);
    struct str path = buf_str(&self->rendered);
    struct sink *last = self->newest;
    if (last && str_eq((struct str){last->path, last->path_len}, path)) return last;
    return sink_of_path(self, path);
}

static uint32_t file_take_static(struct file_output *self, struct batch *batch,
                                 const struct selection *in, struct obligation *obligation)
{
    if (!self->only) self->only = sink_of_path(self, self->path.text);
    sink_touch(self->only);
    return lane_take(&self->only->lane, batch, in, obligation);
}

static uint32_t file_take(void *opaque, struct batch *batch, const struct selection *in,
                          struct obligation *obligation)
{
    struct file_output *self = opaque;
    if (self->is_static) return file_take_static(self, batch, in, obligation);
    uint32_t taken = 0;
    for (; taken < in->count; taken++) {
        const struct event *event = batch->events[in->index[taken]];
        struct sink *sink = sink_of_event(self, event);
        if (!sink) break;
        sink_touch(sink);
        if (!lane_append(&sink->lane, event, obligation)) break;
    }
    counter_add(&self->host->codec->encoded_events, taken);
    return taken;
}

static void file_send_touched(struct file_output *self)
{
    struct sink *sink = self->touched;
    self->touched = NULL;
    while (sink) {
        struct sink *next = sink->next_touched;
        sink->is_touched = false;
        lane_turn(&sink->lane);
        sink = next;
    }
}

static void file_gathered(uv_timer_t *timer) { file_send_touched(timer->data); }

static void file_turn(void *opaque)
{
    struct file_output *self = opaque;
    if (!self->gather_ms)
        file_send_touched(self);
    else if (self->touched && !uv_is_active((uv_handle_t *)&self->gather_timer))
        uv_timer_start(&self->gather_timer, file_gathered, self->gather_ms, 0);
}

static void file_stale(uv_timer_t *timer)
{
    struct file_output *self = timer->data;
    for (struct sink *sink = self->oldest, *next; sink; sink = next) {
        next = sink->newer;
        if (sink->used_cycle < self->cycle && sink_is_idle(sink)) sink_retire(self, sink);
    }
    self->cycle++;
}

static void file_reopen(void *opaque)
{
    struct file_output *self = opaque;
    for (struct sink *sink = self->oldest, *next; sink; sink = next) {
        next = sink->newer;
        if (sink_is_idle(sink))
            sink_retire(self, sink);
        else
            atomic_store(&sink->must_reopen, true);
    }
}

/* ---- life ---- */

static bool was_given(const struct plugin_context *context, const char *option)
{
    for (uint32_t i = 0; i < context->setting_count; i++)
        if (str_eq_z(context->settings[i].key, option)) return true;
    return false;
}

/* The directories before the first name with a field in it; of a static path its directory. */
static bool file_find_root(struct file_output *self, const struct plugin_context *context)
{
    struct str path = self->path.text;
    ptrdiff_t field = self->is_static ? -1 : str_find(path, STR("%{"));
    size_t end = field < 0 ? path.len : (size_t)field;
    while (end && path.ptr[end - 1] != '/') end--;
    while (end > 1 && path.ptr[end - 1] == '/' && path.ptr[end - 2] == '/') end--;
    if (self->is_static && end <= 1) {
        self->root = end ? "/" : ".";
        return true;
    }
    if (end <= 1) {
        struct message *message = diag_error(context->diag, context_place(context, "path"),
                                             "the first directory of `path` must not depend on the event");
        diag_hint(context->diag, message, "begin it with a fixed directory, as \"/var/log/%%{host}.log\"");
        return false;
    }
    self->root = arena_copy_z(context->arena, str_slice(path, 0, end - 1));
    self->root_len = end - 1;
    return true;
}

static bool file_create(void *opaque, const struct plugin_context *context)
{
    struct file_output *self = opaque;
    self->is_static = self->path.is_literal;
    if (self->path.text.len == 0 || str_ends(self->path.text, STR("/"))) {
        diag_error(context->diag, context_place(context, "path"), "`path` must name a file");
        return false;
    }
    struct str failure = self->filename_failure;
    if (!open_is_contained(failure) || memchr(failure.ptr, '/', failure.len)) {
        diag_error(context->diag, context_place(context, "filename_failure"),
                   "`filename_failure` must be the name of a file, without directories");
        return false;
    }
    if (self->gzip && was_given(context, "flush_interval"))
        self->gather_ms = (uint64_t)(self->flush_interval.ns / 1000000);
    return file_find_root(self, context);
}

static int file_start(void *opaque, struct output *host)
{
    struct file_output *self = opaque;
    self->host = host;
    uv_timer_init(&host->loop->uv, &self->stale_timer);
    uv_timer_init(&host->loop->uv, &self->gather_timer);
    self->stale_timer.data = self->gather_timer.data = self;
    self->timers = 2;
    uint64_t interval = (uint64_t)(self->stale_cleanup_interval.ns / 1000000);
    uv_timer_start(&self->stale_timer, file_stale, interval, interval);
    return 0;
}

static void file_stop(void *opaque)
{
    struct file_output *self = opaque;
    self->host->is_stopping = true;
    file_send_touched(self);
    for (struct sink *sink = self->oldest, *next; sink; sink = next) {
        next = sink->newer;
        sink_retire(self, sink);
    }
    file_end_check(self);
}

/* A write that is under way is waited for. */
static void file_abandon(void *opaque)
{
    struct file_output *self = opaque;
    self->is_abandoned = true;
    for (struct sink *sink = self->retired; sink; sink = sink->next) /* closing frees them later, by the disk thread */
        if (!sink->lane.in_flight && !lane_is_idle(&sink->lane)) sink_abandon(sink);
}

static void file_destroy(void *opaque)
{
    struct file_output *self = opaque;
    buf_fini(&self->rendered);
}

const struct output_type output_file = {
    .name = "file",
    .summary = "Appends events to files.",
    .size = sizeof(struct file_output),
    .options = file_options,
    .default_codec = "json_lines",
    .create = file_create,
    .start = file_start,
    .take = file_take,
    .turn = file_turn,
    .reopen = file_reopen,
    .stop = file_stop,
    .abandon = file_abandon,
    .destroy = file_destroy,
};
