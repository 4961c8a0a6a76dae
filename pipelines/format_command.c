/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/format_command.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/store/open.h"
#include "core/xmalloc.h"
#include "dsl/format.h"
#include "dsl/source.h"

/* One text on its way. */
struct work {
    const struct command_line *line;
    struct arena arena;
    struct diag diag;
    struct sources sources;
    struct buf formatted;
};

static void work_begin(struct work *work, const struct command_line *line)
{
    *work = (struct work){.line = line};
    arena_init(&work->arena, NULL);
    diag_init(&work->diag);
}

/* Says what is wrong; returns the code. */
static enum exit_code work_end(struct work *work, enum exit_code code)
{
    struct buf text = {0};
    if (code != EXIT_DONE) diag_render(&work->diag, &text);
    if (text.len) fwrite(text.ptr, 1, text.len, stderr);
    buf_fini(&text);
    buf_fini(&work->formatted);
    diag_fini(&work->diag);
    arena_fini(&work->arena);
    return code;
}

/* Of the text that was read; `*is_changed` when its form differs. */
static enum exit_code work_format(struct work *work, bool is_read, bool *is_changed)
{
    if (!is_read) return work->sources.bytes ? EXIT_CONFIG : EXIT_RUNTIME;
    assert(work->sources.count == 1);
    const struct source_text *source = work->sources.items[0];
    struct format_options options = {.width = work->line->width};
    if (!format_source(source, &options, &work->formatted, &work->diag)) return EXIT_CONFIG;
    *is_changed = !str_eq(source->text, buf_str(&work->formatted));
    return EXIT_DONE;
}

static enum exit_code format_input(const struct command_line *line)
{
    struct work work;
    bool is_changed = false;
    work_begin(&work, line);
    bool is_read = sources_read_open(&work.sources, STR("standard input"), STDIN_FILENO, &work.arena, &work.diag);
    enum exit_code code = work_format(&work, is_read, &is_changed);
    if (code == EXIT_DONE && line->only_names) {
        if (is_changed) puts("standard input");
        code = is_changed ? EXIT_RUNTIME : EXIT_DONE;
    } else if (code == EXIT_DONE) {
        size_t written = 0;
        int error = write_whole(STDOUT_FILENO, buf_str(&work.formatted), &written);
        if (error) diag_error(&work.diag, (struct place){0}, "cannot write the result: %s", strerror(-error));
        code = error ? EXIT_RUNTIME : EXIT_DONE;
    }
    return work_end(&work, code);
}

static enum exit_code format_file(const struct command_line *line, const char *path)
{
    struct work work;
    struct stat info;
    bool is_changed = false, is_read = false;
    work_begin(&work, line);
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        diag_error(&work.diag, (struct place){0}, "%s is not a file", path);
    else
        is_read = sources_read_file(&work.sources, path, &work.arena, &work.diag);
    enum exit_code code = work_format(&work, is_read, &is_changed);
    if (is_changed && !line->only_names) {
        int error = file_rewrite(path, buf_str(&work.formatted));
        if (error) diag_error(&work.diag, (struct place){0}, "cannot write %s: %s", path, strerror(-error));
        if (error) code = EXIT_RUNTIME;
    }
    if (is_changed && code == EXIT_DONE) {
        puts(path);
        if (line->only_names) code = EXIT_RUNTIME;
    }
    return work_end(&work, code);
}

static enum exit_code worse(enum exit_code a, enum exit_code b) { return a > b ? a : b; }

static int is_config(const struct dirent *entry)
{
    struct str name = str_of(entry->d_name);
    return name.ptr[0] != '.' && str_ends(name, STR(".conf"));
}

static int name_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum exit_code format_folder(const struct command_line *line, struct str folder)
{
    enum exit_code code = EXIT_DONE;
    struct dirent **entries = NULL;
    char *name = xstrndup(folder);
    int count = scandir(name, &entries, is_config, name_order);
    if (count <= 0) {
        struct work work;
        work_begin(&work, line);
        if (count) diag_error(&work.diag, (struct place){0}, "cannot read %s: %s", name, strerror(errno));
        else diag_error(&work.diag, (struct place){0}, "no *.conf is in %s", name);
        code = work_end(&work, EXIT_RUNTIME);
    }
    for (int i = 0; i < count; i++) {
        struct buf path = {0};
        struct stat info;
        buf_printf(&path, "%s%s%s", name, str_ends(folder, STR("/")) ? "" : "/", entries[i]->d_name);
        bool is_folder = stat(buf_z(&path), &info) == 0 && S_ISDIR(info.st_mode);
        if (!is_folder) code = worse(code, format_file(line, buf_z(&path)));
        buf_fini(&path);
        free(entries[i]);
    }
    free(entries);
    free(name);
    return code;
}

static enum exit_code format_path(const struct command_line *line, struct str path)
{
    struct stat info;
    char *name = xstrndup(path);
    bool is_folder = stat(name, &info) == 0 && S_ISDIR(info.st_mode);
    enum exit_code code = is_folder ? format_folder(line, path) : format_file(line, name);
    free(name);
    return code;
}

static enum exit_code refuse_usage(const struct command_line *line, const char *text, const char *note)
{
    struct work work;
    work_begin(&work, line);
    diag_note(&work.diag, diag_error(&work.diag, (struct place){0}, "%s", text), "%s", note);
    return work_end(&work, EXIT_USAGE);
}

enum exit_code format_command(const struct command_line *line)
{
    const struct str_list *paths = &line->arguments;
    bool has_input = paths->count == 0;
    for (uint32_t i = 0; i < paths->count; i++) has_input |= str_eq_z(paths->items[i], "-");
    if (has_input && paths->count > 1)
        return refuse_usage(line, "- stands alone", "its result is on standard output, where names of files would be");
    if (paths->count == 0 && isatty(STDIN_FILENO))
        return refuse_usage(line, "what is to be formatted?", "tailrace fmt FILE or FOLDER, or - for standard input");
    if (has_input) return format_input(line);
    enum exit_code code = EXIT_DONE;
    for (uint32_t i = 0; i < paths->count; i++) code = worse(code, format_path(line, paths->items[i]));
    return code;
}
