/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/open.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/text/buf.h"
#include "core/xmalloc.h"

enum { CREATE_TRIES = 8 }; /* somebody else creates and removes the same file */

bool open_is_contained(struct str relative)
{
    if (relative.len == 0 || relative.len > OPEN_PATH_MAX) return false;
    if (memchr(relative.ptr, 0, relative.len)) return false;
    size_t depth = 0;
    for (size_t start = 0; start <= relative.len;) {
        const char *slash = memchr(relative.ptr + start, '/', relative.len - start);
        size_t end = slash ? (size_t)(slash - relative.ptr) : relative.len;
        struct str name = str_slice(relative, start, end);
        if (name.len > OPEN_NAME_MAX || str_eq(name, STR(".."))) return false;
        bool is_nothing = name.len == 0 || str_eq(name, STR("."));
        if (end == relative.len && is_nothing) return false; /* names a directory */
        if (start == 0 && name.len == 0) return false;       /* absolute */
        if (!is_nothing && ++depth > OPEN_DEPTH_MAX + 1) return false;
        start = end + 1;
    }
    return true;
}

static int checked(int result) { return result < 0 ? -errno : result; }

/* The walk for kernels without openat2: every name is opened in its directory, no link followed. */
static int open_walk(int root, const char *path, int flags, mode_t mode)
{
    int at = checked(fcntl(root, F_DUPFD_CLOEXEC, 0));
    while (at >= 0) {
        size_t len = strcspn(path, "/");
        bool is_last = !path[len];
        char name[OPEN_NAME_MAX + 1];
        if (len >= sizeof name) {
            close(at);
            return -ENAMETOOLONG;
        }
        memcpy(name, path, len);
        name[len] = 0;
        int next = checked(is_last ? openat(at, len ? name : ".", flags | O_NOFOLLOW, mode)
                                   : openat(at, len ? name : ".",
                                            O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        close(at);
        if (is_last) return next;
        at = next;
        path += len + 1;
    }
    return at;
}

/* `root` AT_FDCWD: an ordinary open. */
static int open_at(int root, const char *path, int flags, mode_t mode)
{
    flags |= O_CLOEXEC;
    if (root == AT_FDCWD) return checked(openat(root, path, flags, mode));
    struct open_how how = {.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    how.flags = (unsigned)flags;
    how.mode = flags & O_CREAT ? mode : 0;
    long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0) return (int)fd;
    int error = errno;
    /* EPERM: sandboxes that do not know the call; a true EPERM comes again from the walk */
    if (error == ENOSYS || error == EPERM) return open_walk(root, path, flags, mode);
    return -error;
}

/* Makes the directory whose path is the first `len` bytes; its parent is there. */
static int make_dir(int root, const char *path, size_t len, int mode)
{
    char text[OPEN_PATH_MAX + 1];
    if (len >= sizeof text) return -ENAMETOOLONG;
    memcpy(text, path, len);
    text[len] = 0;
    int fd = open_at(root, text, O_PATH | O_DIRECTORY, 0);
    if (fd >= 0) close(fd);
    if (fd != -ENOENT) return fd < 0 ? fd : 0;
    char *slash = strrchr(text, '/');
    const char *name = slash ? slash + 1 : text;
    if (slash) *slash = 0;
    int parent = open_at(root, !slash ? "." : slash == text ? "/" : text, O_PATH | O_DIRECTORY, 0);
    if (parent < 0) return parent;
    int status = checked(mkdirat(parent, name, mode < 0 ? 0777 : (mode_t)mode));
    /* the umask must not narrow what the operator asked for */
    if (status == 0 && mode >= 0) status = checked(fchmodat(parent, name, (mode_t)mode, 0));
    close(parent);
    return status == -EEXIST ? 0 : status;
}

static int make_parents(int root, const char *path, int mode)
{
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        if (slash[-1] == '/') continue;
        int status = make_dir(root, path, (size_t)(slash - path), mode);
        if (status < 0) return status;
    }
    return 0;
}

/* Makes the file; -EEXIST when somebody was faster. */
static int create_file(int root, const char *path, int flags, const struct open_rules *rules)
{
    int mode = rules->file_mode;
    int fd = open_at(root, path, flags | O_CREAT | O_EXCL, mode < 0 ? 0666 : (mode_t)mode);
    if (fd == -ENOENT) {
        int status = make_parents(root, path, rules->dir_mode);
        if (status < 0) return status;
        fd = open_at(root, path, flags | O_CREAT | O_EXCL, mode < 0 ? 0666 : (mode_t)mode);
    }
    if (fd >= 0 && mode >= 0) {
        int status = checked(fchmod(fd, (mode_t)mode));
        if (status < 0) {
            close(fd);
            return status;
        }
    }
    return fd;
}

static int open_in(int root, const struct open_rules *rules, const char *path)
{
    /* O_NONBLOCK: a FIFO without reader answers at once instead of blocking */
    int flags = O_WRONLY | O_NOCTTY | O_NONBLOCK | (rules->is_append ? O_APPEND : 0);
    int fd = -ENOENT;
    for (int tries = 0; tries < CREATE_TRIES; tries++) {
        fd = open_at(root, path, flags, 0);
        if (fd != -ENOENT || !rules->may_create) return fd;
        fd = create_file(root, path, flags, rules);
        /* a link that leads nowhere exists and cannot be opened: its target is made by the kernel */
        if (fd == -EEXIST && root == AT_FDCWD && tries)
            fd = open_at(root, path, flags | O_CREAT,
                         rules->file_mode < 0 ? 0666 : (mode_t)rules->file_mode);
        if (fd != -EEXIST) return fd;
    }
    return fd;
}

int open_append(const struct open_rules *rules, const char *path)
{
    if (!rules->root) return open_in(AT_FDCWD, rules, path);
    assert(open_is_contained(str_of(path)));
    int root = open_at(AT_FDCWD, rules->root, O_PATH | O_DIRECTORY, 0);
    if (root == -ENOENT && rules->may_create) {
        int status = make_parents(AT_FDCWD, rules->root, rules->dir_mode);
        if (status == 0)
            status = make_dir(AT_FDCWD, rules->root, strlen(rules->root), rules->dir_mode);
        if (status < 0) return status;
        root = open_at(AT_FDCWD, rules->root, O_PATH | O_DIRECTORY, 0);
    }
    if (root < 0) return root;
    int fd = open_in(root, rules, path);
    close(root);
    return fd;
}

int write_whole(int fd, struct str bytes, size_t *written)
{
    assert(*written <= bytes.len);
    while (*written < bytes.len) {
        ssize_t got = write(fd, bytes.ptr + *written, bytes.len - *written);
        if (got > 0) {
            *written += (size_t)got;
        } else if (got < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (got == 0) {
            return -EIO; /* a device that takes nothing */
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static int sync_directory(const char *path)
{
    char *directory = xstrdup(path);
    char *slash = strrchr(directory, '/');
    if (slash) slash[slash == directory] = 0;
    int fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0) close(fd);
    free(directory);
    return error;
}

/* The text into the new file `fd`, called `name`, which then becomes `path`. Closes; on an error the new
 * file is gone and the old one is as it was. */
static int replace_by(int fd, const char *name, const char *path, struct str text)
{
    size_t written = 0;
    int error = write_whole(fd, text, &written);
    if (error == 0 && fsync(fd) < 0) error = -errno;
    close(fd);
    if (error == 0 && rename(name, path) < 0) error = -errno;
    if (error) unlink(name);
    return error ? error : sync_directory(path);
}

int file_replace(const char *path, struct str text, int mode)
{
    struct buf temporary = {0};
    buf_printf(&temporary, "%s.tmp", path);
    const char *name = buf_z(&temporary);
    struct open_rules rules = {.file_mode = mode, .dir_mode = -1, .may_create = true};
    if (mode >= 0) unlink(name); /* one that is left over may have another mode */
    int fd = open_append(&rules, name);
    int error = fd < 0 ? fd : 0;
    if (error == 0 && ftruncate(fd, 0) < 0) {
        error = -errno;
        close(fd);
        unlink(name);
    }
    if (error == 0) error = replace_by(fd, name, path, text);
    buf_fini(&temporary);
    return error;
}

/* Owner first: changing it takes bits off the mode. */
static int take_look(int fd, const struct stat *look)
{
    struct stat now;
    if (fstat(fd, &now) < 0) return -errno;
    bool is_ours = now.st_uid == look->st_uid && now.st_gid == look->st_gid;
    if (!is_ours && fchown(fd, look->st_uid, look->st_gid) < 0) return -errno;
    return fchmod(fd, look->st_mode & 07777) < 0 ? -errno : 0;
}

static int rewrite_real(const char *path, struct str text)
{
    const char *slash = strrchr(path, '/');
    struct stat look;
    assert(slash); /* of realpath() */
    if (stat(path, &look) < 0) return -errno;
    if (!S_ISREG(look.st_mode)) return -EINVAL;
    struct buf temporary = {0};
    buf_printf(&temporary, "%.*s/.%s.XXXXXX", (int)(slash - path), path, slash + 1);
    buf_z(&temporary);
    int fd = mkostemp(temporary.ptr, O_CLOEXEC);
    int error = fd < 0 ? -errno : take_look(fd, &look);
    if (error && fd >= 0) {
        close(fd);
        unlink(temporary.ptr);
    }
    if (error == 0) error = replace_by(fd, temporary.ptr, path, text);
    buf_fini(&temporary);
    return error;
}

int file_rewrite(const char *path, struct str text)
{
    char *real = realpath(path, NULL);
    if (!real) return -errno;
    int error = rewrite_real(real, text);
    free(real);
    return error;
}
