/* SPDX-License-Identifier: Apache-2.0 */
/* What the logs on disk ask of a file system, as a table: the real one here, a simulated disk in the tests
 * (tests/unit/support/sim_disk.h), which can stop at any call, lose or reorder what was not synced, and fail.
 *
 * All calls block: for the pipeline's disk thread. Returns are 0, a descriptor or a count, or a negative
 * errno (= UV_E code). EINTR is never returned. */
#ifndef CORE_STORE_FILE_OPS_H
#define CORE_STORE_FILE_OPS_H
#include <stddef.h>
#include <stdint.h>
#include "core/text/str.h"

enum file_mode { FILE_READ, FILE_WRITE, FILE_CREATE /* read and write; an old one is emptied */ };

struct file_ops {
    int (*open)(const struct file_ops *files, const char *path, enum file_mode mode);
    void (*close)(const struct file_ops *files, int fd);
    /* Both may do less than was asked for; a read of 0 is the end. */
    ptrdiff_t (*read)(const struct file_ops *files, int fd, char *to, size_t len, uint64_t offset);
    ptrdiff_t (*write)(const struct file_ops *files, int fd, struct str bytes, uint64_t offset);
    int (*sync)(const struct file_ops *files, int fd); /* data, and what is needed to find it */
    int (*truncate)(const struct file_ops *files, int fd, uint64_t size);
    /* Room for `size` bytes in all, which read as zeros; -EOPNOTSUPP where files have no such thing. */
    int (*allocate)(const struct file_ops *files, int fd, uint64_t size);
    int64_t (*size)(const struct file_ops *files, int fd);
    int (*lock)(const struct file_ops *files, int fd); /* for as long as it is open; -EAGAIN: another has it */
    int (*rename)(const struct file_ops *files, const char *from, const char *to); /* replaces */
    int (*remove)(const struct file_ops *files, const char *path);
    int (*make_folder)(const struct file_ops *files, const char *path); /* 0, too, when it is there */
    int (*sync_folder)(const struct file_ops *files, const char *path); /* names made, renamed, removed */
    /* Names in the folder, in any order; each is valid for the call. */
    int (*list)(const struct file_ops *files, const char *path, void (*each)(void *opaque, const char *name),
                void *opaque);
    uint64_t (*random)(const struct file_ops *files);
};

extern const struct file_ops file_ops_real;

/* All of them, by as many calls as it takes. A read that ends early: -ENODATA. */
int file_write_all(const struct file_ops *files, int fd, struct str bytes, uint64_t offset);
int file_read_all(const struct file_ops *files, int fd, char *to, size_t len, uint64_t offset);
/* The folders above `path`: those that are missing are made, and all have their names on the disk afterwards, as far
 * as this process may read what they lie in. */
int file_folders_make(const struct file_ops *files, const char *path);
/* The name of a file that was made, and those of the folders above it, on the disk; as far as above. */
int file_name_sync(const struct file_ops *files, const char *path);

#endif
