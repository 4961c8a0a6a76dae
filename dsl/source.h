/* SPDX-License-Identifier: Apache-2.0 */
/* Where a pipeline's text comes from: files named by a path, a folder or a pattern (-f,
 * path.config), or a text (-e, config.string). Each file is parsed on its own; they are joined in the
 * order of their paths' bytes. Behaviour: Logstash's `-f` and `-e`.
 *
 *   DIR        is every file directly in it
 *   pattern    * ? [a-z] {a,b} and ** (folders, any depth)
 *   x~         is skipped with a warning; folders are skipped
 *   file://    before a path is cut off
 *
 * A file must be UTF-8 without a byte-order mark. Start-up and reload only; one thread. */
#ifndef DSL_SOURCE_H
#define DSL_SOURCE_H
#include "core/diag.h"

enum {
    SOURCE_BYTES_MAX = 64 * 1024 * 1024, /* of one file or text, and of all files of a pipeline */
    SOURCE_FILES_MAX = 10000,
    SOURCE_PATTERNS_MAX = 256, /* alternatives of {a,b} in one pattern */
    SOURCE_DEPTH_MAX = 32,     /* folders that ** goes down */
};

struct sources {
    struct source_text **items; /* texts and names live in the arena */
    uint32_t count;
    size_t bytes;
};

/* Reads what `where` names. False after an error; nothing found is one. */
bool sources_read_files(struct sources *sources, struct str where, struct arena *arena,
                        struct diag *diag);
/* The file of this very name. False: it could not be read (`bytes` is as before) or is no such text. */
bool sources_read_file(struct sources *sources, const char *path, struct arena *arena, struct diag *diag);
/* The same of an open file, up to its end; it stays open. */
bool sources_read_open(struct sources *sources, struct str name, int file, struct arena *arena,
                       struct diag *diag);
/* The text of -e. Without an input or output it gets stdin and stdout, each with a warning; the
 * added parts are sources of their own. */
bool sources_take_text(struct sources *sources, struct str name, struct str text, struct arena *arena,
                       struct diag *diag);

#endif
