/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/live_file.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/log.h"

static struct file_stamp stamp_of(const struct stat *status)
{
    return (struct file_stamp){status->st_dev, status->st_ino, status->st_size, status->st_mtim, status->st_ctim};
}

static bool time_same(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           time_same(a->modified, b->modified) && time_same(a->changed, b->changed);
}

struct file_stamp file_stamp_look(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? stamp_of(&status) : (struct file_stamp){0};
}

/* ---- reading ---- */

static bool read_all(int fd, size_t most, struct buf *content)
{
    for (;;) {
        buf_reserve(content, 64 * 1024);
        size_t room = content->capacity - content->len;
        ssize_t got = read(fd, content->ptr + content->len, room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) return true;
        content->len += (size_t)got;
        if (content->len > most) return errno = EFBIG, false;
    }
}

/* The stamp is that of the file as it was before the first byte was read: what is written meanwhile
 * makes it another one. */
static bool content_read(const char *path, size_t most, struct buf *content, struct file_stamp *stamp)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    bool ok = fstat(fd, &status) == 0;
    if (ok && !S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        ok = false;
    }
    if (ok) {
        *stamp = stamp_of(&status);
        /* one byte more than it has shows its end without another growth */
        if ((size_t)status.st_size < most) buf_reserve(content, (size_t)status.st_size + 64 * 1024);
        ok = read_all(fd, most, content);
    }
    int error = errno;
    close(fd);
    errno = error;
    return ok;
}

static void say_errno(struct buf *problem, int error, size_t most)
{
    if (error == EFBIG) buf_printf(problem, "it has more than %zu bytes", most);
    else if (error == EINVAL) buf_append_z(problem, "it is no regular file");
    else buf_append_z(problem, strerror(error));
}

/* The file's table, or NULL and the problem. */
static void *load(struct live_file *file, struct buf *problem)
{
    struct buf content = {0};
    void *table = NULL;
    if (content_read(file->path, file->type->bytes_max, &content, &file->stamp))
        table = file->type->load(file->opaque, buf_str(&content), file->table, problem);
    else
        say_errno(problem, errno, file->type->bytes_max);
    assert(table || problem->len);
    buf_fini(&content);
    return table;
}

bool live_file_open(struct live_file *file, int64_t now_s, struct buf *problem)
{
    assert(file->type && file->path && !file->table);
    file->looked_s = now_s;
    file->table = load(file, problem);
    return file->table != NULL;
}

/* ---- changes ---- */

static void take(struct live_file *file)
{
    if (file->fresh) {
        if (file->table) file->type->destroy(file->table);
        file->table = file->fresh;
        file->fresh = NULL;
        atomic_fetch_add_explicit(&file->reloads, 1, memory_order_relaxed);
        LOG(LOG_INFO, "live_file.read", file->id, "the %s %s has changed and was read again", file->type->noun,
            file->path);
    } else {
        atomic_fetch_add_explicit(&file->failures, 1, memory_order_relaxed);
        LOG(LOG_WARN, "live_file.failed", file->id, "the %s %s cannot be read again: %.*s; %s", file->type->noun,
            file->path, STR_ARG(buf_str(&file->problem)),
            file->table ? "the old one stays in use" : "there is still none");
    }
    buf_fini(&file->problem);
    file->problem = (struct buf){0};
}

static void *load_thread(void *opaque)
{
    struct live_file *file = opaque;
    file->fresh = load(file, &file->problem);
    atomic_store_explicit(&file->is_loaded, true, memory_order_release);
    return NULL;
}

/* Signals are the control thread's: the new one gets none. */
static bool thread_start(struct live_file *file)
{
    sigset_t all, before;
    sigfillset(&all);
    atomic_store(&file->is_loaded, false);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&file->thread, NULL, load_thread, file) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

void live_file_look(struct live_file *file, int64_t now_s)
{
    if (file->is_loading) {
        if (!atomic_load_explicit(&file->is_loaded, memory_order_acquire)) return;
        pthread_join(file->thread, NULL);
        file->is_loading = false;
        take(file);
        return;
    }
    struct stat status;
    struct file_stamp stamp = {0}; /* of a file that is not there */
    file->looked_s = now_s;
    int error = stat(file->path, &status) == 0 ? 0 : errno;
    if (!error) stamp = stamp_of(&status);
    if (file_stamp_same(&stamp, &file->stamp)) return;
    file->stamp = stamp;
    if (!error && (size_t)status.st_size > file->type->inline_bytes) {
        file->is_loading = thread_start(file);
        if (file->is_loading) return;
    }
    file->fresh = load(file, &file->problem);
    take(file);
}

void live_file_close(struct live_file *file)
{
    if (file->is_loading) pthread_join(file->thread, NULL);
    if (file->fresh) file->type->destroy(file->fresh);
    if (file->table) file->type->destroy(file->table);
    buf_fini(&file->problem);
    *file = (struct live_file){0};
}
