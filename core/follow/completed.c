/* SPDX-License-Identifier: Apache-2.0 */
/* Mode read: what happens to a file whose events all outputs have done (file_completed_action). And closing files: both
 * are errands on the disk thread. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/follow/follow.h"
#include "core/log.h"
#include "core/store/open.h"
#include "core/xmalloc.h"

/* Closes a descriptor, and does what is to be done with a file read to its end. */
struct errand {
    struct disk_job job;
    struct follow *owner;
    struct tail *tail; /* NULL: only closes */
    int fd;
    int status;
    struct file_id id; /* copies: the loop may rename the file meanwhile */
    uint64_t size;     /* what was read of it */
    bool is_gzip, is_damaged;
    bool is_removed;   /* by this errand */
    char *path;
};

/* ---- on the disk thread ---- */

static int completed_log(const struct follow *self, const char *path)
{
    struct open_rules rules = {
        .file_mode = -1, .dir_mode = -1, .may_create = true, .is_append = true};
    int fd = open_append(&rules, self->completed_log);
    if (fd < 0) return fd;
    struct buf line = {0};
    buf_printf(&line, "%s\n", path);
    size_t written = 0;
    int status = write_whole(fd, buf_str(&line), &written);
    buf_fini(&line);
    close(fd);
    return status;
}

/* Only the very file that was read is removed, and only if nothing was added to it since. */
static int completed_delete(struct errand *errand)
{
    struct stat status;
    if (stat(errand->path, &status) < 0) return errno == ENOENT ? 0 : -errno;
    if (!follow_is_file(&status, errand->id)) return 0;
    if (!errand->is_gzip && (uint64_t)status.st_size != errand->size) return -EAGAIN;
    errand->is_removed = unlink(errand->path) == 0;
    return errand->is_removed || errno == ENOENT ? 0 : -errno;
}

static void errand_work(struct disk_job *job)
{
    struct errand *errand = DISK_JOB_OWNER(job, struct errand, job);
    const struct follow *self = errand->owner;
    if (errand->fd >= 0) close(errand->fd);
    if (!errand->tail || errand->is_damaged) return;
    enum follow_completed action = (enum follow_completed)self->file_completed_action.value;
    if (action != COMPLETED_DELETE) errand->status = completed_log(self, errand->path);
    if (action != COMPLETED_LOG && errand->status == 0) errand->status = completed_delete(errand);
}

/* ---- on the loop ---- */

static void errand_done(struct disk_job *job);

static void errand_start(struct follow *self, struct tail *tail, int fd)
{
    assert(tail ? tail->is_completing : fd >= 0);
    struct errand *errand = xcalloc(1, sizeof *errand);
    *errand = (struct errand){.owner = self, .tail = tail, .fd = fd};
    if (tail) {
        errand->id = tail->file->id;
        errand->size = tail->offset;
        errand->is_gzip = tail->is_gzip;
        errand->is_damaged = tail->is_damaged;
        errand->path = xstrdup(tail->file->path);
    }
    errand->job = (struct disk_job){
        .loop = self->host->loop, .work = errand_work, .done = errand_done};
    self->errands++;
    disk_submit(self->host->disk, &errand->job);
}

/* The descriptor is the caller's from now on. */
static int tail_take_fd(struct tail *tail)
{
    int fd = tail->file->fd;
    assert(fd < 0 || tail->owner->open);
    if (fd >= 0) tail->owner->open--;
    tail->file->fd = -1;
    return fd;
}

void tail_close(struct tail *tail)
{
    int fd = tail_take_fd(tail);
    if (fd >= 0) errand_start(tail->owner, NULL, fd);
}

/* Mode read: everything was emitted and is settled: the file can go. */
void tail_complete(struct tail *tail)
{
    struct follow *self = tail->owner;
    if (!tail->is_at_end || tail->is_completing || tail->is_done || !tail_is_settled(tail) ||
        self->host->is_stopped || self->host->is_stopping)
        return;
    tail_record(tail, tail->offset);
    tail->is_completing = true;
    errand_start(self, tail, tail_take_fd(tail));
}

/* The file was removed here. Its inode may be another file's already, which must not be taken for
 * this one grown: it is forgotten before the next look. */
static void tail_removed(struct tail *tail)
{
    struct follow *self = tail->owner;
    sincedb_remove(&self->sincedb, tail->file->id);
    tail_unqueue(tail);
    framer_fini(&tail->framer);
    watch_forget(&self->watch, tail->file);
    tail_free(tail);
}

static void errand_completed(struct follow *self, const struct errand *errand)
{
    struct tail *tail = errand->tail;
    assert(tail->is_completing && tail->owner == self);
    tail->is_completing = false;
    if (errand->status == -EAGAIN) {
        tail->is_at_end = false; /* it grew: the rest is read as well */
    } else if (errand->status < 0) {
        counter_add(&self->host->counters.errors, 1);
        LOG(LOG_ERROR, "file.completed", self->host->id,
            "`%s` was read but file_completed_action failed: %s; it is tried again",
            tail->file->path, uv_strerror(errand->status));
    } else if (errand->is_removed) {
        tail_removed(tail);
    } else {
        tail->is_done = true;
    }
}

static void errand_done(struct disk_job *job)
{
    struct errand *errand = DISK_JOB_OWNER(job, struct errand, job);
    struct follow *self = errand->owner;
    assert(self->errands);
    self->errands--;
    if (errand->tail) errand_completed(self, errand);
    free(errand->path);
    free(errand);
    follow_end_check(self);
}

/* Mode read, exit_after_read: nothing is left when every file was completed. */
bool follow_is_exhausted(const struct follow *self)
{
    if (!self->exit_after_read || !self->watch.has_scanned || self->current || self->first)
        return false;
    for (uint32_t i = 0; i < self->watch.count; i++) {
        const struct tail *tail = self->watch.files[i]->owner;
        if (!self->watch.files[i]->is_forgotten && !tail->is_done && !tail->ignored) return false;
    }
    return true;
}
