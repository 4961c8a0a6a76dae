/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/glob.h"
#include <assert.h>
#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

/* ---- braces ---- */

struct braces { size_t open, close; };

/* The first `{` with its `}`; false when there is no pair. */
static bool braces_find(struct str pattern, struct braces *braces)
{
    size_t depth = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] == '\\') {
            i++;
        } else if (pattern.ptr[i] == '{') {
            if (depth++ == 0) braces->open = i;
        } else if (pattern.ptr[i] == '}' && depth && --depth == 0) {
            braces->close = i;
            return true;
        }
    }
    return false;
}

/* End of the alternative that begins at `start`: its comma or the closing brace. */
static size_t alternative_end(struct str pattern, size_t start, size_t close)
{
    size_t depth = 0;
    for (size_t i = start; i < close; i++) {
        char c = pattern.ptr[i];
        if (c == '\\') i++;
        if (c == '{') depth++;
        if (c == '}') depth--;
        if (c == ',' && depth == 0) return i;
    }
    return close;
}

/* Breadth first over a queue of patterns: those still with braces are replaced by their parts. */
uint32_t glob_expand(struct str pattern, struct arena *arena, struct str *out)
{
    uint32_t count = 1;
    out[0] = pattern;
    for (uint32_t at = 0; at < count;) {
        struct str text = out[at];
        struct braces braces = {0};
        if (!braces_find(text, &braces)) {
            at++;
            continue;
        }
        bool is_first = true;
        for (size_t start = braces.open + 1; start <= braces.close;) {
            size_t end = alternative_end(text, start, braces.close);
            struct str one = arena_printf(arena, "%.*s%.*s%.*s", (int)braces.open, text.ptr,
                                          (int)(end - start), text.ptr + start,
                                          STR_ARG(str_from(text, braces.close + 1)));
            if (is_first)
                out[at] = one;
            else if (count < GLOB_ALTERNATIVES_MAX)
                out[count++] = one;
            is_first = false;
            start = end + 1;
        }
    }
    return count;
}

/* ---- walking ---- */

struct walk {
    const struct glob_sink *sink;
    char path[GLOB_PATH_MAX + 1];
    bool is_ended;
};

static bool has_magic(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (strchr("*?[\\", name.ptr[i])) return true;
    return false;
}

/* Appends a name to the path; 0 when it does not fit. Returns the new length. */
static size_t path_join(struct walk *walk, size_t len, struct str name)
{
    bool slash = len && walk->path[len - 1] != '/';
    if (len + slash + name.len > GLOB_PATH_MAX) return 0;
    if (slash) walk->path[len++] = '/';
    memcpy(walk->path + len, name.ptr, name.len);
    walk->path[len + name.len] = 0;
    return len + name.len;
}

static void walk_rest(struct walk *walk, size_t len, struct str rest, int depth);

static bool is_directory(const struct walk *walk)
{
    struct stat status;
    return lstat(walk->path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Every entry of the directory at path[0..len) that fits `name` goes on with `rest`; for `**` every
 * directory goes on with the pattern itself. */
static void walk_entries(struct walk *walk, size_t len, struct str name, struct str rest, int depth,
                         bool is_deep)
{
    char pattern[NAME_MAX + 1];
    if (name.len > NAME_MAX) return;
    memcpy(pattern, name.ptr, name.len);
    pattern[name.len] = 0;
    walk->path[len] = 0;
    DIR *dir = opendir(len ? walk->path : ".");
    struct dirent *entry;
    while (dir && !walk->is_ended && (entry = readdir(dir))) {
        const char *text = entry->d_name;
        if (!strcmp(text, ".") || !strcmp(text, "..")) continue;
        if (is_deep ? *text == '.' : fnmatch(pattern, text, FNM_PERIOD) != 0) continue;
        size_t joined = path_join(walk, len, str_of(text));
        if (!joined || (is_deep && !is_directory(walk))) continue;
        walk_rest(walk, joined, rest, depth + is_deep);
    }
    if (dir) closedir(dir);
    walk->path[len] = 0;
}

static void walk_rest(struct walk *walk, size_t len, struct str rest, int depth)
{
    if (walk->is_ended) return;
    size_t skip = 0;
    while (skip < rest.len && rest.ptr[skip] == '/') skip++;
    struct str pattern = str_from(rest, skip);
    if (pattern.len == 0) {
        struct stat status;
        if (lstat(walk->path, &status) == 0)
            walk->is_ended = !walk->sink->found(walk->sink->opaque, walk->path);
        return;
    }
    const char *slash = memchr(pattern.ptr, '/', pattern.len);
    struct str name = slash ? str_slice(pattern, 0, (size_t)(slash - pattern.ptr)) : pattern;
    struct str behind = str_from(pattern, name.len);
    if (slash && str_eq(name, STR("**"))) {
        walk_rest(walk, len, behind, depth);
        if (depth < GLOB_DEPTH_MAX) walk_entries(walk, len, name, pattern, depth, true);
    } else if (has_magic(name)) {
        walk_entries(walk, len, name, behind, depth, false);
    } else {
        size_t joined = path_join(walk, len, name);
        if (joined) walk_rest(walk, joined, behind, depth);
        walk->path[len] = 0;
    }
}

bool glob_walk(struct str pattern, const struct glob_sink *sink)
{
    struct walk walk = {.sink = sink};
    bool is_absolute = str_starts(pattern, STR("/"));
    if (is_absolute) strcpy(walk.path, "/");
    walk_rest(&walk, is_absolute, pattern, 0);
    return !walk.is_ended;
}
