/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/file_ops.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/text/buf.h"
#include "core/xmalloc.h"

static int checked(int result) { return result < 0 ? -errno : result; }

static int real_open(const struct file_ops *files, const char *path, enum file_mode mode)
{
    (void)files;
    static const int flags[] = {[FILE_READ] = O_RDONLY, [FILE_WRITE] = O_RDWR,
                                [FILE_CREATE] = O_RDWR | O_CREAT | O_TRUNC};
    /* events are nobody else's business, and a log is never a link to somewhere */
    return checked(open(path, flags[mode] | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
}

static void real_close(const struct file_ops *files, int fd)
{
    (void)files;
    close(fd);
}

static ptrdiff_t real_read(const struct file_ops *files, int fd, char *to, size_t len, uint64_t offset)
{
    (void)files;
    ssize_t got;
    do got = pread(fd, to, len, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static ptrdiff_t real_write(const struct file_ops *files, int fd, struct str bytes, uint64_t offset)
{
    (void)files;
    ssize_t got;
    do got = pwrite(fd, bytes.ptr, bytes.len, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int real_sync(const struct file_ops *files, int fd)
{
    (void)files;
    int result;
    do result = fdatasync(fd);
    while (result < 0 && errno == EINTR);
    return checked(result);
}

static int real_truncate(const struct file_ops *files, int fd, uint64_t size)
{
    (void)files;
    int result;
    do result = ftruncate(fd, (off_t)size);
    while (result < 0 && errno == EINTR);
    return checked(result);
}

/* The kernel's own call: the library's posix_fallocate() would write zeros where it is not supported. */
static int real_allocate(const struct file_ops *files, int fd, uint64_t size)
{
    (void)files;
    int result;
    do result = fallocate(fd, 0, 0, (off_t)size);
    while (result < 0 && errno == EINTR);
    return checked(result);
}

static int64_t real_size(const struct file_ops *files, int fd)
{
    (void)files;
    struct stat status;
    if (fstat(fd, &status) < 0) return -errno;
    return S_ISREG(status.st_mode) ? status.st_size : -EINVAL;
}

static int real_lock(const struct file_ops *files, int fd)
{
    (void)files;
    return checked(flock(fd, LOCK_EX | LOCK_NB));
}

static int real_rename(const struct file_ops *files, const char *from, const char *to)
{
    (void)files;
    return checked(rename(from, to));
}

static int real_remove(const struct file_ops *files, const char *path)
{
    (void)files;
    return checked(unlink(path));
}

static int real_make_folder(const struct file_ops *files, const char *path)
{
    (void)files;
    int status = checked(mkdir(path, 0700));
    return status == -EEXIST ? 0 : status;
}

static int real_sync_folder(const struct file_ops *files, const char *path)
{
    (void)files;
    int fd = checked(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0) return fd;
    int status = checked(fsync(fd));
    close(fd);
    return status;
}

static int real_list(const struct file_ops *files, const char *path,
                     void (*each)(void *opaque, const char *name), void *opaque)
{
    (void)files;
    DIR *folder = opendir(path);
    if (!folder) return -errno;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(folder)); errno = 0) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        each(opaque, entry->d_name);
    }
    int status = -errno;
    closedir(folder);
    return status;
}

static uint64_t real_random(const struct file_ops *files)
{
    (void)files;
    uint64_t number = 0;
    ssize_t got = getrandom(&number, sizeof number, 0);
    assert(got == sizeof number); /* up to 256 bytes are never cut short */
    return number;
}

const struct file_ops file_ops_real = {
    .open = real_open,         .close = real_close,     .read = real_read,
    .write = real_write,       .sync = real_sync,       .truncate = real_truncate,
    .allocate = real_allocate, .size = real_size,       .lock = real_lock,
    .rename = real_rename,     .remove = real_remove,   .make_folder = real_make_folder,
    .sync_folder = real_sync_folder, .list = real_list, .random = real_random,
};

int file_write_all(const struct file_ops *files, int fd, struct str bytes, uint64_t offset)
{
    while (bytes.len) {
        ptrdiff_t got = files->write(files, fd, bytes, offset);
        if (got <= 0) return got < 0 ? (int)got : -EIO; /* 0: a device that takes nothing */
        bytes = str_from(bytes, (size_t)got);
        offset += (size_t)got;
    }
    return 0;
}

int file_read_all(const struct file_ops *files, int fd, char *to, size_t len, uint64_t offset)
{
    while (len) {
        ptrdiff_t got = files->read(files, fd, to, len, offset);
        if (got <= 0) return got < 0 ? (int)got : -ENODATA;
        to += got;
        len -= (size_t)got;
        offset += (size_t)got;
    }
    return 0;
}

/* Who may not read a folder cannot have made anything in it. */
static int folder_make(const struct file_ops *files, struct buf *path, size_t parent)
{
    int error = files->make_folder(files, buf_z(path));
    if (error || !parent) return error;
    char slash = path->ptr[parent];
    path->ptr[parent] = 0;
    error = files->sync_folder(files, path->ptr);
    path->ptr[parent] = slash;
    return error == -EACCES ? 0 : error;
}

int file_folders_make(const struct file_ops *files, const char *path)
{
    assert(*path);
    struct buf so_far = {0};
    size_t parent = 0; /* length of its path */
    int error = 0;
    for (const char *at = strchr(path + 1, '/'); at && !error; at = strchr(at + 1, '/')) {
        buf_clear(&so_far);
        buf_append(&so_far, (struct str){path, (size_t)(at - path)});
        error = folder_make(files, &so_far, parent);
        parent = so_far.len;
    }
    buf_fini(&so_far);
    return error;
}

int file_name_sync(const struct file_ops *files, const char *path)
{
    int error = file_folders_make(files, path);
    if (error) return error;
    const char *slash = strrchr(path, '/');
    size_t len = slash && slash != path ? (size_t)(slash - path) : 1;
    char *folder = xstrndup(slash ? (struct str){path, len} : STR("."));
    error = files->sync_folder(files, folder);
    free(folder);
    return error == -EACCES ? 0 : error;
}
