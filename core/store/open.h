/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a file to append to, with the directories it lacks, and writing to it whole.
 *
 * A path that event data had a part in is opened beneath its root: no `..`, no absolute part and no
 * symbolic link leads out of it (openat2(2) RESOLVE_BENEATH; where the kernel or a sandbox refuses
 * that call, a walk that follows no link at all). All of it blocks: for the disk thread.
 * Returns are 0, a descriptor, or a negative errno (= UV_E code). */
#ifndef CORE_STORE_OPEN_H
#define CORE_STORE_OPEN_H
#include "core/text/str.h"

enum {
    OPEN_DEPTH_MAX = 64,   /* directories beneath the root */
    OPEN_PATH_MAX = 4095,  /* bytes of a path, as the kernel has it */
    OPEN_NAME_MAX = 255,   /* bytes of one of its names */
};

struct open_rules {
    const char *root;  /* NULL: the path is the operator's own, links are followed */
    int file_mode;     /* of a file made here; -1: 0666 less the umask */
    int dir_mode;      /* of directories made here; -1: 0777 less the umask */
    bool may_create;
    bool is_append;    /* O_APPEND */
};

/* Can this text name a file beneath a root? No empty text, NUL, `..`, trailing slash, nor names or
 * depth beyond the limits. `relative` is what stands behind the root and its slash. */
bool open_is_contained(struct str relative);
/* Opens `path` (relative to rules->root when there is one) for writing. A FIFO without a reader gives
 * -ENXIO; a FIFO's descriptor is non-blocking. */
int open_append(const struct open_rules *rules, const char *path);
/* Writes bytes[*written, len), waiting where the descriptor is non-blocking. On an error *written
 * says how far it came: the rest is to be written next. */
int write_whole(int fd, struct str bytes, size_t *written);
/* The file's new content, on disk when it returns: written beside it as PATH.tmp, then renamed. `mode` -1:
 * 0666 less the umask. */
int file_replace(const char *path, struct str text, int mode);
/* The same for an operator's own file, which is there: a link is followed, mode and owner are kept (an
 * error when they cannot be), and what it is written to first is hidden from patterns like *.conf. */
int file_rewrite(const char *path, struct str text);

#endif
