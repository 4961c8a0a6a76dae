/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is, and reading: one block at a time, on the disk thread, of the file whose turn it is. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "core/follow/follow.h"
#include "core/log.h"
#include "core/store/unzip.h"
#include "core/xmalloc.h"

/* ---- the queue of files with something to read ---- */

void tail_queue(struct tail *tail)
{
    struct follow *self = tail->owner;
    if (tail->is_queued || tail == self->current) return;
    tail->is_queued = true;
    tail->next = NULL;
    *self->last = tail;
    self->last = &tail->next;
}

static struct tail *queue_take(struct follow *self)
{
    struct tail *tail = self->first;
    if (!tail) return NULL;
    assert(tail->is_queued && tail != self->current);
    self->first = tail->next;
    if (!self->first) self->last = &self->first;
    tail->is_queued = false;
    return tail;
}

/* It was taken too early: it stays the first. */
static void queue_give_back(struct follow *self, struct tail *tail)
{
    assert(!tail->is_queued && tail != self->current);
    tail->next = self->first;
    self->first = tail;
    if (!tail->next) self->last = &tail->next;
    tail->is_queued = true;
}

void tail_unqueue(struct tail *tail)
{
    struct follow *self = tail->owner;
    if (!tail->is_queued) return;
    struct tail **link = &self->first;
    while (*link != tail) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = tail->next;
    if (!tail->next) self->last = link;
    tail->is_queued = false;
}

/* ---- on the disk thread ---- */

bool follow_is_file(const struct stat *status, struct file_id id)
{
    return file_id_eq((struct file_id){status->st_ino, major(status->st_dev), minor(status->st_dev)}, id);
}

/* Between being found and being opened the name may have gone to another file. */
static int read_open(const struct follow *self, const struct tail *tail)
{
    int fd = open(self->read.path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return -errno;
    struct stat status;
    int error = fstat(fd, &status) < 0 ? -errno : 0;
    if (error == 0 && !follow_is_file(&status, tail->file->id)) error = -ESTALE;
    if (error == 0 && tail->is_gzip && self->check_archive_validity) error = unzip_check(fd);
    if (error) close(fd);
    return error ? error : fd;
}

static void read_work(struct disk_job *job)
{
    struct follow *self = DISK_JOB_OWNER(job, struct follow, read.job);
    struct tail *tail = self->current;
    if (self->read.fd < 0) {
        int fd = read_open(self, tail);
        if (fd < 0) {
            self->read.got = fd;
            return;
        }
        self->read.fd = fd;
    }
    if (tail->is_gzip) {
        if (!tail->unzip) tail->unzip = unzip_create();
        self->read.got = unzip_read(tail->unzip, self->read.fd, &self->read.offset,
                                    self->block->bytes, self->block->capacity);
        return;
    }
    do self->read.got = pread(self->read.fd, self->block->bytes, self->block->capacity,
                              (off_t)self->read.offset);
    while (self->read.got < 0 && errno == EINTR);
    if (self->read.got < 0)
        self->read.got = -errno;
    else
        self->read.offset += (uint64_t)self->read.got;
}

/* ---- the current file ---- */

/* The current file is through for now. */
static void current_rest(struct follow *self, bool has_more)
{
    struct tail *tail = self->current;
    self->current = NULL;
    tail->turn = 0;
    if (has_more) tail_queue(tail);
}

static void current_at_end(struct follow *self)
{
    struct tail *tail = self->current;
    current_rest(self, false);
    if (self->mode.value != MODE_READ) return;
    framer_flush(&tail->framer);
    stream_flush(&tail->stream);
    tail->is_at_end = true;
    tail_complete(tail);
}

static void current_failed(struct follow *self, int error)
{
    struct tail *tail = self->current;
    if (error == -ENOENT || error == -ESTALE) { /* rotated meanwhile: the next look says more */
        current_rest(self, false);
        return;
    }
    counter_add(&self->host->counters.errors, 1);
    if (error == -EBADMSG) {
        LOG(LOG_ERROR, "file.damaged", self->host->id,
            "`%s` is not a whole gzip file: what could be read was read, the file is left where it is",
            tail->file->path);
        tail->is_damaged = true;
        tail->offset = tail->file->size;
        current_at_end(self);
        return;
    }
    LOG(LOG_ERROR, "file.read", self->host->id, "cannot read `%s`: %s; it is tried again",
        tail->file->path, uv_strerror(error));
    current_rest(self, false);
}

static void read_done(struct disk_job *job)
{
    struct follow *self = DISK_JOB_OWNER(job, struct follow, read.job);
    struct tail *tail = self->current;
    assert(self->is_reading && tail && !tail->is_queued);
    self->is_reading = false;
    free(self->read.path);
    tail->offset = self->read.offset;
    if (self->read.fd >= 0 && !self->read.was_open) {
        tail->file->fd = self->read.fd;
        self->open++;
    }
    if (self->read.got < 0) {
        current_failed(self, (int)self->read.got);
    } else if (self->read.got == 0) {
        current_at_end(self);
    } else {
        self->used = 0;
        self->len = (size_t)self->read.got;
        tail->turn += self->len;
        tail->active = follow_now_ms(self);
    }
    follow_go_on(self);
}

/* At the limit of open files the one idle for longest is closed; its position is kept. */
static bool follow_may_open(struct follow *self)
{
    if (self->open < (uint64_t)self->max_open_files) return true;
    struct tail *oldest = NULL;
    for (uint32_t i = 0; i < self->watch.count; i++) {
        const struct watched *file = self->watch.files[i];
        struct tail *tail = file->owner;
        if (file->is_forgotten || file->fd < 0 || tail->is_queued || !file->is_named) continue;
        if (!oldest || tail->active < oldest->active) oldest = tail;
    }
    if (!oldest || oldest->is_gzip) return false;
    tail_close(oldest);
    return true;
}

static void read_start(struct follow *self)
{
    struct chunk_pool *pool = &self->host->loop->pool;
    assert(!self->is_reading && self->current && self->used == self->len);
    /* events still lie in the block: they keep it, and the next read gets another */
    if (self->block && self->block->references > 1) {
        block_drop(self->block, pool);
        self->block = NULL;
    }
    if (!self->block) self->block = block_create(pool, BLOCK_BYTES);
    self->len = self->used = 0;
    self->read.fd = self->current->file->fd;
    self->read.was_open = self->read.fd >= 0;
    self->read.path = self->read.was_open ? NULL : xstrdup(self->current->file->path);
    self->read.offset = self->current->offset;
    self->read.job = (struct disk_job){
        .loop = self->host->loop, .work = read_work, .done = read_done};
    self->is_reading = true; /* until read_done(): `current`, `block` and `read` are the disk thread's */
    disk_submit(self->host->disk, &self->read.job);
}

/* Emits what was read; false when the input is paused and some is left. */
static bool current_emit(struct follow *self)
{
    assert(self->block && !self->is_reading);
    struct str rest = {self->block->bytes + self->used, self->len - self->used};
    self->used += framer_feed(&self->current->framer, rest, self->block);
    assert(self->used <= self->len);
    return self->used == self->len;
}

/* After its block: the same file again, or the next one's turn. */
static void current_turn(struct follow *self)
{
    const struct tail *tail = self->current;
    /* mode tail: a block that is not full went to the end, and the last look says whether the file grew since. Mode
     * read goes on until a read gives nothing: only then is the file at its end. */
    bool may_have_more = self->mode.value == MODE_READ || self->len == self->block->capacity ||
                         tail->file->size > tail->offset;
    if (!may_have_more)
        current_rest(self, false);
    else if (tail->turn >= self->turn_bytes && self->first)
        current_rest(self, true);
}

void follow_go_on(struct follow *self)
{
    if (self->is_reading || self->host->is_stopped) return;
    if (self->host->is_stopping) {
        follow_end_check(self);
        return;
    }
    if (self->current && self->used < self->len && !current_emit(self)) return;
    if (self->current) current_turn(self);
    if (input_is_paused(self->host)) return;
    if (!self->current) {
        struct tail *tail = queue_take(self);
        if (!tail) return;
        if (tail->file->fd < 0 && !follow_may_open(self)) {
            queue_give_back(self, tail);
            return;
        }
        self->current = tail;
    }
    read_start(self);
}
