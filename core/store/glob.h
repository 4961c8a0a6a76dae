/* SPDX-License-Identifier: Apache-2.0 */
/* Paths by pattern, as Ruby's Dir.glob that Logstash uses: * ? [..] within a name, {a,b}
 * alternatives, and a name `**` for any number of directories. Names that begin with a dot are
 * matched only by a pattern with that dot; `**` follows no symbolic link. A backslash takes the next
 * character as it is. Blocks: for the disk thread. */
#ifndef CORE_STORE_GLOB_H
#define CORE_STORE_GLOB_H
#include "core/event/arena.h"

enum {
    GLOB_ALTERNATIVES_MAX = 256, /* patterns that braces may expand to */
    GLOB_DEPTH_MAX = 64,         /* directories that `**` goes down */
    GLOB_PATH_MAX = 4095,        /* bytes of a path */
};

struct glob_sink {
    /* A path that exists, NUL-terminated, valid for the call. False: no more are wanted. */
    bool (*found)(void *opaque, const char *path);
    void *opaque;
};

/* The patterns that braces stand for, in memory of `arena`; at most GLOB_ALTERNATIVES_MAX. The same
 * path may come from several of them. */
uint32_t glob_expand(struct str pattern, struct arena *arena, struct str *out);
/* Walks the file system for one pattern without braces; false when the sink wanted no more. */
bool glob_walk(struct str pattern, const struct glob_sink *sink);

#endif
