/* SPDX-License-Identifier: Apache-2.0 */
/* The option `patterns_dir` of grok and multiline: files of a user's own patterns. */
#ifndef CORE_PATTERN_FILES_H
#define CORE_PATTERN_FILES_H
#include "core/plugin.h"
#include "core/text/grok_library.h"

enum { PATTERN_FILE_MAX = 8 * 1024 * 1024 }; /* bytes; a larger file is refused */

/* Each entry is a folder, of which the files that match the glob `wanted` are read, or itself a file
 * or a glob. False: something could not be read; said at `patterns_dir`. */
bool pattern_files_read(struct grok_library *library, const struct str_list *entries, struct str wanted,
                     const struct plugin_context *context);

#endif
