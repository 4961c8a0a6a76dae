/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/testing/test_file.h"
#include <assert.h>
#include <unistd.h>
#include "dsl/source.h"

static const struct str conf_end = {".test.conf", 10}, json_end = {".test.json", 10};

bool test_file_is_named(struct str path)
{
    return str_ends(path, conf_end) || str_ends(path, json_end);
}

/* A list of the one path, or pattern. */
static struct str_list one_file(struct arena *arena, struct str file)
{
    struct str_list files = {.items = arena_alloc(arena, sizeof *files.items), .count = 1};
    files.items[0] = file;
    return files;
}

/* `web.test.conf` and `web.json` belong to `web.conf`. */
static struct str stem_of(struct str path)
{
    static const struct str ends[] = {{".test.conf", 10}, {".test.json", 10}, {".json", 5}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(path, ends[i])) return str_slice(path, 0, path.len - ends[i].len);
    return path;
}

struct str_list test_files_default(const struct test_reading *reading, struct str path,
                                   bool has_sections)
{
    struct arena *arena = reading->tests->arena;
    if (has_sections) return one_file(arena, path);
    if (reading->files.count) return reading->files;
    struct str of_name = arena_printf(arena, "%.*s.conf", STR_ARG(stem_of(path)));
    if (access(arena_copy_z(arena, of_name), F_OK) == 0) return one_file(arena, of_name);
    const char *slash = memrchr(path.ptr, '/', path.len);
    size_t folder = slash ? (size_t)(slash - path.ptr) + 1 : 0;
    return one_file(arena, arena_printf(arena, "%.*s*.conf", (int)folder, path.ptr));
}

bool test_file_read(struct test_reading *reading, struct str path)
{
    struct sources sources = {0};
    assert(reading->tests && reading->diag);
    if (!sources_read_files(&sources, path, reading->tests->arena, reading->diag)) return false;
    bool ok = true;
    for (uint32_t i = 0; i < sources.count; i++) {
        const struct source_text *source = sources.items[i];
        if (source->text.len > TEST_FILE_BYTES_MAX) {
            diag_error(reading->diag, (struct place){source, 0, 0},
                       "a file of tests has more than %d bytes", TEST_FILE_BYTES_MAX);
            return false;
        }
        bool is_json = str_ends(source->name, STR(".json"));
        ok = (is_json ? test_json_read : test_blocks_read)(reading, source) && ok;
    }
    return ok;
}
