/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pattern_files.h"
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>

static bool file_load(struct grok_library *library, const char *name,
                      const struct plugin_context *context)
{
    struct place place = context_place(context, "patterns_dir");
    struct stat status;
    FILE *file = stat(name, &status) == 0 ? fopen(name, "rb") : NULL;
    if (!file)
        return diag_error(context->diag, place, "cannot read the pattern file `%s`: %s", name,
                          strerror(errno)),
               false;
    bool ok = !S_ISREG(status.st_mode) || status.st_size <= PATTERN_FILE_MAX;
    if (!ok)
        diag_error(context->diag, place, "the pattern file `%s` has more than %d bytes", name,
                   PATTERN_FILE_MAX);
    if (ok && S_ISREG(status.st_mode)) {
        size_t size = (size_t)status.st_size;
        char *bytes = arena_alloc(context->arena, size + 1);
        size = fread(bytes, 1, size, file);
        grok_library_read(library, (struct str){bytes, size});
    }
    fclose(file);
    return ok;
}

/* A folder expands by patterns_files_glob, without its sub-folders; anything else is itself a glob.
 */
static bool entry_load(struct grok_library *library, struct str entry, struct str wanted,
                       const struct plugin_context *context)
{
    const char *name = arena_copy_z(context->arena, entry);
    struct stat status;
    if (stat(name, &status) == 0 && S_ISDIR(status.st_mode))
        name = arena_copy_z(context->arena, arena_printf(context->arena, "%s/%.*s", name,
                                                         STR_ARG(wanted)));
    glob_t found;
    bool ok = true;
    if (glob(name, 0, NULL, &found) != 0 || !found.gl_pathc)
        diag_hint(context->diag,
                  diag_warning(context->diag, context_place(context, "patterns_dir"),
                               "`%s` names no pattern file", name),
                  "give a folder, or a file of `NAME expression` lines");
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (stat(found.gl_pathv[i], &status) != 0 || !S_ISDIR(status.st_mode))
            ok &= file_load(library, found.gl_pathv[i], context);
    globfree(&found);
    return ok;
}

bool pattern_files_read(struct grok_library *library, const struct str_list *entries, struct str wanted,
                     const struct plugin_context *context)
{
    bool ok = true;
    for (uint32_t i = 0; i < entries->count; i++)
        ok &= entry_load(library, entries->items[i], wanted, context);
    return ok;
}
