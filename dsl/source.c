/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/source.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a text ---- */

static void add(struct sources *sources, struct str name, struct str text, struct arena *arena)
{
    uint32_t count = sources->count;
    if ((count & (count - 1)) == 0) { /* full at the powers of two */
        struct source_text **larger =
            arena_alloc(arena, (count ? 2 * (size_t)count : 1) * sizeof *larger);
        if (count) memcpy(larger, sources->items, count * sizeof *larger);
        sources->items = larger;
    }
    struct source_text *source = arena_alloc(arena, sizeof *source);
    *source = (struct source_text){name, text};
    sources->items[sources->count++] = source;
}

/* The last source must be UTF-8 without a mark; else it is said and taken back. */
static bool check_bytes(struct sources *sources, struct diag *diag)
{
    const struct source_text *source = sources->items[sources->count - 1];
    if (str_starts(source->text, STR("\xef\xbb\xbf"))) {
        diag_hint(diag,
                  diag_error(diag, (struct place){source, 0, 3}, "the text begins with a byte-order mark"),
                  "save it as UTF-8 without BOM");
        sources->count--;
        return false;
    }
    size_t valid = utf8_valid_len(source->text);
    if (valid == source->text.len) return true;
    unsigned byte = (unsigned char)source->text.ptr[valid];
    struct place place = {source, (uint32_t)valid, (uint32_t)valid + 1};
    diag_hint(diag, diag_error(diag, place, "the text is not UTF-8: byte 0x%02x", byte), "save it as UTF-8");
    sources->count--;
    return false;
}

static bool has_section(struct str text, const char *word)
{
    for (size_t at = 0; at < text.len;) {
        ptrdiff_t found = str_find(str_from(text, at), str_of(word));
        if (found < 0) return false;
        at += (size_t)found + strlen(word);
        size_t behind = at;
        while (behind < text.len && is_blank(text.ptr[behind])) behind++;
        if (behind < text.len && text.ptr[behind] == '{') return true;
    }
    return false;
}

bool sources_take_text(struct sources *sources, struct str name, struct str text, struct arena *arena,
                       struct diag *diag)
{
    struct place nowhere = {0};
    if (text.len > SOURCE_BYTES_MAX) {
        diag_error(diag, nowhere, "the text of %.*s has more than %d bytes", STR_ARG(name), SOURCE_BYTES_MAX);
        return false;
    }
    add(sources, arena_copy(arena, name), arena_copy(arena, text), arena);
    sources->bytes += text.len;
    if (!check_bytes(sources, diag)) return false;
    if (!has_section(text, "input"))
        add(sources, STR("default input"), STR("input { stdin { type => stdin } }"), arena);
    if (!has_section(text, "output"))
        add(sources, STR("default output"), STR("output { stdout { codec => rubydebug } }"), arena);
    return true;
}

/* ---- patterns to paths ---- */

/* Paths found so far, owned. */
struct paths {
    char **items;
    size_t count, capacity;
    bool is_too_many;
};

static void paths_add(struct paths *paths, const char *path)
{
    if (paths->count == SOURCE_FILES_MAX) {
        paths->is_too_many = true;
        return;
    }
    if (paths->count == paths->capacity) {
        paths->capacity = paths->capacity ? 2 * paths->capacity : 16;
        paths->items = xreallocarray(paths->items, paths->capacity, sizeof *paths->items);
    }
    paths->items[paths->count++] = xstrdup(path);
}

static void paths_fini(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) free(paths->items[i]);
    free(paths->items);
}

static int path_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted by bytes, each once. */
static void paths_sort(struct paths *paths)
{
    if (paths->count == 0) return;
    qsort(paths->items, paths->count, sizeof *paths->items, path_order);
    size_t kept = 1;
    for (size_t i = 1; i < paths->count; i++) {
        if (strcmp(paths->items[i], paths->items[kept - 1]) == 0) free(paths->items[i]);
        else paths->items[kept++] = paths->items[i];
    }
    paths->count = kept;
}

/* The end of the path's step that begins at `at`. */
static size_t step_end(struct str pattern, size_t at)
{
    while (at < pattern.len && pattern.ptr[at] != '/') at++;
    return at;
}

static bool is_wild(struct str step)
{
    for (size_t i = 0; i < step.len; i++)
        if (strchr("*?[\\", step.ptr[i])) return true;
    return false;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path[0] ? path : ".", &info) == 0 && S_ISDIR(info.st_mode);
}

static void walk(struct paths *paths, struct str base, struct str rest, int depth);

/* `name` below `base`, then the rest of the pattern. */
static void walk_into(struct paths *paths, struct str base, struct str name, struct str rest, int depth)
{
    struct buf path = {0};
    buf_append(&path, base);
    buf_append(&path, name);
    struct stat info;
    if (rest.len == 0) {
        if (stat(buf_z(&path), &info) == 0) paths_add(paths, buf_z(&path));
    } else if (is_folder(buf_z(&path))) {
        buf_append_char(&path, '/');
        walk(paths, buf_str(&path), rest, depth);
    }
    buf_fini(&path);
}

/* Every name in the folder that the step matches. `**` is every folder below, and this one. */
static void walk_folder(struct paths *paths, struct str base, struct str step, struct str rest, int depth)
{
    bool is_deep = str_eq_z(step, "**");
    char *folder = xstrndup(base.len ? base : STR("./"));
    char *pattern = xstrndup(step);
    DIR *dir = opendir(folder);
    if (is_deep) walk(paths, base, rest.len ? rest : STR("*"), depth);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        struct str name = str_of(entry->d_name);
        if (!is_deep) {
            if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0)
                walk_into(paths, base, name, rest, depth);
        } else if (depth < SOURCE_DEPTH_MAX) {
            struct buf again = {0};
            buf_printf(&again, "**/%.*s", STR_ARG(rest.len ? rest : STR("*")));
            walk_into(paths, base, name, buf_str(&again), depth + 1);
            buf_fini(&again);
        }
    }
    if (dir) closedir(dir);
    free(folder);
    free(pattern);
}

static void walk(struct paths *paths, struct str base, struct str rest, int depth)
{
    size_t end = step_end(rest, 0);
    struct str step = str_slice(rest, 0, end);
    struct str behind = str_from(rest, end + 1);
    if (step.len == 0 && behind.len) { /* the root, or two slashes */
        struct buf path = {0};
        buf_append(&path, base);
        if (base.len == 0) buf_append_char(&path, '/');
        walk(paths, buf_str(&path), behind, depth);
        buf_fini(&path);
    } else if (is_wild(step)) {
        walk_folder(paths, base, step, behind, depth);
    } else {
        walk_into(paths, base, step, behind, depth);
    }
}

/* Alternatives `{a,b}`, outermost first. False: more than SOURCE_PATTERNS_MAX. */
static bool expand_braces(struct paths *paths, struct str pattern, uint32_t *count)
{
    ptrdiff_t open = str_find(pattern, STR("{"));
    size_t depth = 0, end = pattern.len;
    for (size_t i = open < 0 ? pattern.len : (size_t)open; i < end; i++) {
        if (pattern.ptr[i] == '{') depth++;
        else if (pattern.ptr[i] == '}' && --depth == 0) end = i;
    }
    if (open < 0 || end == pattern.len) {
        if (++*count > SOURCE_PATTERNS_MAX) return false;
        walk(paths, (struct str){0}, pattern, 0);
        return true;
    }
    bool is_right = true;
    for (size_t from = (size_t)open + 1, i = from; i <= end && is_right; i++) {
        char c = pattern.ptr[i];
        depth += c == '{';
        depth -= c == '}' && i < end;
        if (depth || (i < end && c != ',')) continue;
        struct buf one = {0};
        buf_append(&one, str_slice(pattern, 0, (size_t)open));
        buf_append(&one, str_slice(pattern, from, i));
        buf_append(&one, str_from(pattern, end + 1));
        is_right = expand_braces(paths, buf_str(&one), count);
        buf_fini(&one);
        from = i + 1;
    }
    return is_right;
}

/* ---- files ---- */

static bool read_all(int file, struct buf *out)
{
    for (;;) {
        buf_reserve(out, 64 * 1024);
        ssize_t got = read(file, out->ptr + out->len, 64 * 1024);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0;
        out->len += (size_t)got;
        if (out->len > SOURCE_BYTES_MAX) return true;
    }
}

bool sources_read_open(struct sources *sources, struct str name, int file, struct arena *arena,
                       struct diag *diag)
{
    struct buf text = {0};
    bool is_right = read_all(file, &text);
    if (!is_right)
        diag_error(diag, (struct place){0}, "cannot read %.*s: %s", STR_ARG(name), strerror(errno));
    sources->bytes += text.len;
    if (is_right && sources->bytes > SOURCE_BYTES_MAX) {
        diag_error(diag, (struct place){0}, "%.*s: the files together have more than %d bytes", STR_ARG(name),
                   SOURCE_BYTES_MAX);
        is_right = false;
    }
    if (is_right) {
        add(sources, arena_copy(arena, name), arena_copy(arena, buf_str(&text)), arena);
        is_right = check_bytes(sources, diag);
    }
    buf_fini(&text);
    return is_right;
}

bool sources_read_file(struct sources *sources, const char *path, struct arena *arena, struct diag *diag)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        diag_error(diag, (struct place){0}, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    bool is_right = sources_read_open(sources, str_of(path), file, arena, diag);
    close(file);
    return is_right;
}

static bool read_paths(struct sources *sources, const struct paths *paths, struct arena *arena,
                       struct diag *diag)
{
    bool is_right = true;
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = paths->items[i];
        if (is_folder(path)) continue;
        if (str_ends(str_of(path), STR("~"))) {
            diag_warning(diag, (struct place){0}, "%s is skipped: its name ends in ~", path);
            continue;
        }
        is_right &= sources_read_file(sources, path, arena, diag);
    }
    return is_right;
}

bool sources_read_files(struct sources *sources, struct str where, struct arena *arena,
                        struct diag *diag)
{
    if (str_starts(where, STR("http://")) || str_starts(where, STR("https://"))) {
        diag_hint(diag,
                  diag_error(diag, (struct place){0}, "a configuration is not fetched from %.*s", STR_ARG(where)),
                  "download it before the start, and give the file");
        return false;
    }
    if (str_starts(where, STR("file://"))) where = str_from(where, 7);
    struct buf pattern = {0};
    buf_append(&pattern, where);
    struct paths paths = {0};
    uint32_t count = 0, before = sources->count;
    struct stat info;
    bool is_right = true;
    /* A path that exists is no pattern, whatever characters are in it. */
    if (where.len && is_folder(buf_z(&pattern))) {
        if (!str_ends(where, STR("/"))) buf_append_char(&pattern, '/');
        walk_folder(&paths, buf_str(&pattern), STR("*"), (struct str){0}, 0);
    } else if (stat(buf_z(&pattern), &info) == 0) {
        paths_add(&paths, buf_z(&pattern));
    } else {
        is_right = expand_braces(&paths, where, &count);
    }
    paths_sort(&paths);
    if (!is_right || paths.is_too_many)
        diag_error(diag, (struct place){0}, "%.*s names more than %d files or alternatives", STR_ARG(where),
                   is_right ? SOURCE_FILES_MAX : SOURCE_PATTERNS_MAX);
    is_right = read_paths(sources, &paths, arena, diag) && is_right && !paths.is_too_many;
    if (is_right && sources->count == before) {
        diag_hint(diag, diag_error(diag, (struct place){0}, "no file is found for %.*s", STR_ARG(where)),
                  "give a file, a folder or a pattern such as 'conf/*.conf'");
        is_right = false;
    }
    paths_fini(&paths);
    buf_fini(&pattern);
    return is_right;
}
