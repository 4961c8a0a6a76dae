/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/test_command.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "core/xmalloc.h"
#include "pipelines/testing/test_file.h"
#include "pipelines/testing/test_report.h"
#include "pipelines/testing/test_run.h"

/* ---- complaints: each text once, however many tests share a wrong configuration ---- */

static void complain(void *opaque, const struct diag *diag)
{
    struct test_command *command = opaque;
    struct buf text = {0};
    (command->is_json ? diag_render_json : diag_render)(diag, &text);
    if (str_find(buf_str(&command->complaints), buf_str(&text)) < 0)
        buf_append(&command->complaints, buf_str(&text));
    buf_fini(&text);
}

/* ---- finding files ---- */

struct search {
    struct test_command *command;
    struct str_list files;
    uint32_t capacity;
    struct diag *diag;
};

static bool file_add(struct search *search, struct str path)
{
    if (search->files.count == TEST_FILES_MAX) {
        diag_error(search->diag, (struct place){0}, "there are more than %d files of tests",
                   TEST_FILES_MAX);
        return false;
    }
    if (search->files.count == search->capacity) {
        search->capacity = search->capacity ? search->capacity * 2 : 64;
        search->files.items =
            xreallocarray(search->files.items, search->capacity, sizeof *search->files.items);
    }
    search->files.items[search->files.count++] = path;
    return true;
}

/* Folders below are searched in the order of names; hidden ones and links are not. */
static bool folder_search(struct search *search, struct str folder, uint32_t depth)
{
    struct dirent **entries;
    struct arena *arena = search->command->arena;
    int count = scandir(folder.len ? arena_copy_z(arena, folder) : ".", &entries, NULL, alphasort);
    if (count < 0) {
        diag_error(search->diag, (struct place){0}, "cannot read the folder %.*s: %s",
                   STR_ARG(folder), strerror(errno));
        return false;
    }
    bool ok = true, has_slash = !folder.len || str_ends(folder, STR("/"));
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        struct str path =
            arena_printf(arena, "%.*s%s%s", STR_ARG(folder), has_slash ? "" : "/", name);
        struct stat info;
        bool is_there = name[0] != '.' && lstat(arena_copy_z(arena, path), &info) == 0;
        if (is_there && S_ISDIR(info.st_mode) && depth < TEST_FOLDERS_DEPTH_MAX)
            ok = folder_search(search, path, depth + 1) && ok;
        else if (is_there && !S_ISDIR(info.st_mode) && test_file_is_named(path))
            ok = file_add(search, path) && ok;
        free(entries[i]);
    }
    free(entries);
    return ok;
}

static bool is_folder(struct arena *arena, struct str path)
{
    struct stat info;
    return stat(arena_copy_z(arena, path), &info) == 0 && S_ISDIR(info.st_mode);
}

/* A folder is searched, a file is taken whatever its name is. */
static bool path_search(struct search *search, struct str path)
{
    if (str_eq_z(path, ".") || str_eq_z(path, "./")) path = (struct str){0};
    if (!path.len || is_folder(search->command->arena, path)) return folder_search(search, path, 0);
    return file_add(search, path);
}

/* Without paths: the folders that -f names or whose files it names, else the current one. */
static bool files_search(struct search *search)
{
    const struct test_command *command = search->command;
    bool ok = true;
    for (uint32_t i = 0; i < command->paths.count; i++)
        ok = path_search(search, command->paths.items[i]) && ok;
    for (uint32_t i = 0; i < command->config.count && !command->paths.count; i++) {
        struct str path = command->config.items[i];
        const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
        if (!is_folder(command->arena, path)) path.len = slash ? (size_t)(slash - path.ptr) + 1 : 0;
        ok = folder_search(search, path, 0) && ok;
    }
    if (command->paths.count || command->config.count) return ok;
    return folder_search(search, (struct str){0}, 0);
}

/* ---- the command ---- */

/* False (said): something is wrong with a file of tests. */
static bool tests_read(struct test_command *command, struct test_list *tests)
{
    struct diag diag;
    diag_init(&diag);
    struct search search = {.command = command, .diag = &diag};
    struct test_reading reading = {.tests = tests, .files = command->config, .diag = &diag};
    bool ok = files_search(&search);
    for (uint32_t i = 0; i < search.files.count; i++)
        ok = test_file_read(&reading, search.files.items[i]) && ok;
    if (diag.count) complain(command, &diag);
    free(search.files.items);
    diag_fini(&diag);
    return ok;
}

/* Keeps the tests whose names hold the text. */
static void tests_filter(struct test_list *tests, struct str text)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tests->count; i++) {
        struct test *test = &tests->items[i];
        if (str_find(test->name, text) >= 0) {
            tests->items[kept++] = *test;
            continue;
        }
        for (uint32_t k = 0; k < test->condition_count; k++)
            condition_destroy(test->conditions[k].condition);
    }
    tests->count = kept;
}

/* Beside the report, not instead of it. False (said): it could not be written. */
static bool junit_write(struct test_command *command, const struct test_list *tests)
{
    const char *path = arena_copy_z(command->arena, command->flags.junit);
    struct buf text = {0};
    report_junit(tests, &text);
    FILE *file = fopen(path, "w");
    bool ok = file && fwrite(text.ptr, 1, text.len, file) == text.len;
    if (file && fclose(file)) ok = false;
    if (!ok)
        buf_printf(&command->complaints, "error: cannot write %s: %s\n", path, strerror(errno));
    buf_fini(&text);
    return ok;
}

/* A run that tests nothing must not look like one in which all passed. */
static enum exit_code nothing_found(struct test_command *command)
{
    const char *what = command->flags.filter.len
                           ? "no test has a name with"
                           : "there is no test; files are called NAME.test.conf";
    buf_printf(&command->complaints, "error: %s%s%.*s%s\n", what,
               command->flags.filter.len ? " `" : "", STR_ARG(command->flags.filter),
               command->flags.filter.len ? "`" : "");
    return EXIT_USAGE;
}

static enum exit_code tell(struct test_command *command, const struct test_list *tests,
                           const struct coverage *coverage)
{
    const struct test_flags *flags = &command->flags;
    struct buf *out = &command->report;
    struct test_counts counts = test_counts(tests);
    struct coverage_sum sum = coverage_sum(coverage);
    for (uint32_t i = 0; i < tests->count; i++)
        (command->is_json ? report_test_json : report_test)(&tests->items[i], out);
    bool is_low = coverage_percent(&sum) < flags->coverage_min;
    if (command->is_json) {
        report_sum_json(&counts, coverage, out);
    } else {
        report_coverage(coverage, flags->lists_coverage || is_low, out);
        if (is_low) buf_printf(out, "coverage is below %u %%\n", flags->coverage_min);
        report_counts(&counts, out);
    }
    bool is_written = !flags->junit.len || junit_write(command, tests);
    if (counts.broken) return EXIT_CONFIG;
    return counts.failed || is_low || !is_written ? EXIT_RUNTIME : EXIT_DONE;
}

enum exit_code test_command(struct test_command *command)
{
    assert(command->settings && command->arena);
    assert(!command->complaints.len && !command->report.len);
    struct test_list tests = {.arena = command->arena};
    struct coverage coverage = {0};
    struct test_running running = {.settings = command->settings,
                                   .environment = command->environment,
                                   .coverage = &coverage,
                                   .arena = command->arena,
                                   .complain = complain,
                                   .opaque = command};
    bool ok = tests_read(command, &tests);
    if (command->flags.filter.len) tests_filter(&tests, command->flags.filter);
    enum exit_code code = EXIT_CONFIG;
    if (tests.count) {
        test_run_all(&running, &tests);
        coverage_settle(&coverage);
        code = tell(command, &tests, &coverage);
    } else if (ok) {
        code = nothing_found(command);
    }
    coverage_fini(&coverage);
    test_list_fini(&tests);
    return ok ? code : EXIT_CONFIG;
}
