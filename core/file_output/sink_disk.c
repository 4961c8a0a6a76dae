/* SPDX-License-Identifier: Apache-2.0 */
/* What the disk thread does for a sink: its file is opened, written, synced and closed here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include "core/file_output/part.h"
#include "core/log.h"
#include "core/store/file_ops.h"
#include "core/store/open.h"

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
    assert(sink->fd < 0);
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
        assert(self->filename_failure.len <= OPEN_NAME_MAX); /* looked at when the output was made */
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

static int sink_put(struct sink *sink)
{
    const struct file_output *self = sink->owner;
    assert(sink->request);
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
    assert(sink->written <= bytes.len);
    if (sink->written == 0 || sink->written == bytes.len) sink_unlock(sink);
    return status;
}

void sink_write_work(struct disk_job *job)
{
    struct sink *sink = job_sink(job);
    sink->status = sink_put(sink);
}

void sink_close_work(struct disk_job *job) { sink_shut(job_sink(job)); }
