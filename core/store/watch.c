/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/watch.h"
#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "core/log.h"
#include "core/store/glob.h"
#include "core/xmalloc.h"

enum { BUCKETS = 4096, PATTERNS_MAX = 4096 };

/* What stat said of a path or descriptor. */
struct glance {
    struct file_id id;
    uint64_t size, links;
    int64_t modified;
    int error; /* errno */
    bool is_regular;
};

struct seen { char *path; struct glance glance; uint32_t order; }; /* by the walk */
struct known { struct watched *file; int fd; struct glance named, open; };

/* One job's questions and answers; the loop does not touch it while the job runs. */
struct watch_look {
    struct disk_job job;
    struct watch *watch;
    bool is_scan;
    struct known *known;
    uint32_t known_count, known_capacity;
    struct seen *seen;
    uint32_t seen_count, seen_capacity;
    bool is_full;
};

/* ---- disk thread ---- */

static struct glance glance_of(const struct stat *status, int result)
{
    if (result < 0) return (struct glance){.error = errno};
    return (struct glance){
        .id = {status->st_ino, major(status->st_dev), minor(status->st_dev)},
        .size = (uint64_t)status->st_size,
        .links = (uint64_t)status->st_nlink,
        .modified = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec,
        .is_regular = S_ISREG(status->st_mode),
    };
}

static struct glance glance_at(const char *path)
{
    struct stat status;
    int result = stat(path, &status);
    return glance_of(&status, result);
}

static bool is_excluded(const struct watch *watch, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    for (uint32_t i = 0; i < watch->options.exclude.count; i++) {
        struct str pattern = watch->options.exclude.items[i];
        char text[NAME_MAX + 1];
        if (pattern.len > NAME_MAX) continue;
        memcpy(text, pattern.ptr, pattern.len);
        text[pattern.len] = 0;
        if (fnmatch(text, name, FNM_PERIOD) == 0) return true;
    }
    return false;
}

static bool look_found(void *opaque, const char *path)
{
    struct watch_look *look = opaque;
    struct glance glance = glance_at(path);
    if (glance.error || !glance.is_regular || is_excluded(look->watch, path)) return true;
    if (look->seen_count == WATCH_FILES_MAX) {
        look->is_full = true;
        return false;
    }
    if (look->seen_count == look->seen_capacity) {
        look->seen_capacity = look->seen_capacity ? 2 * look->seen_capacity : 64;
        look->seen = xreallocarray(look->seen, look->seen_capacity, sizeof *look->seen);
    }
    look->seen[look->seen_count] = (struct seen){xstrdup(path), glance, look->seen_count};
    look->seen_count++;
    return true;
}

static int seen_by_path(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int seen_by_modified(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    if (x->glance.modified != y->glance.modified)
        return x->glance.modified < y->glance.modified ? -1 : 1;
    return seen_by_path(a, b);
}

static void look_sort(struct watch_look *look)
{
    const struct watch_options *options = &look->watch->options;
    if (look->seen_count < 2) return;
    qsort(look->seen, look->seen_count, sizeof *look->seen,
          options->order == WATCH_BY_PATH ? seen_by_path : seen_by_modified);
    for (uint32_t i = 0, j = look->seen_count - 1; options->is_descending && i < j; i++, j--) {
        struct seen swapped = look->seen[i];
        look->seen[i] = look->seen[j];
        look->seen[j] = swapped;
    }
}

static void look_work(struct disk_job *job)
{
    struct watch_look *look = (struct watch_look *)(void *)job;
    const struct watch *watch = look->watch;
    for (uint32_t i = 0; i < look->known_count; i++) {
        struct known *known = &look->known[i];
        known->named = glance_at(known->file->path);
        if (known->fd < 0) continue;
        struct stat status;
        int result = fstat(known->fd, &status);
        known->open = glance_of(&status, result);
    }
    struct glob_sink sink = {look_found, look};
    for (uint32_t i = 0; look->is_scan && i < watch->pattern_count; i++)
        glob_walk(watch->patterns[i], &sink);
    /* another file in the place of a known one is found now, not at the next scan */
    for (uint32_t i = 0; i < look->known_count; i++) {
        const struct known *known = &look->known[i];
        if (!known->named.error && !file_id_eq(known->named.id, known->file->id) &&
            known->file->is_named)
            look_found(look, known->file->path);
    }
    look_sort(look);
}

/* ---- table ---- */

static struct watched **bucket_of(const struct watch *watch, struct file_id id)
{
    return &watch->buckets[file_id_hash(id) & (watch->bucket_count - 1)];
}

static struct watched *watch_find(const struct watch *watch, struct file_id id)
{
    struct watched *file = *bucket_of(watch, id);
    while (file && (file->is_forgotten || !file_id_eq(file->id, id))) file = file->next;
    return file;
}

static struct watched *watch_add(struct watch *watch, struct seen *seen)
{
    if (watch->count == watch->capacity) {
        watch->capacity = watch->capacity ? 2 * watch->capacity : 64;
        watch->files = xreallocarray(watch->files, watch->capacity, sizeof *watch->files);
    }
    struct watched *file = xcalloc(1, sizeof *file);
    file->id = seen->glance.id;
    file->path = seen->path;
    seen->path = NULL;
    file->fd = -1;
    file->is_first = !watch->has_scanned;
    struct watched **bucket = bucket_of(watch, file->id);
    file->next = *bucket;
    *bucket = file;
    watch->files[watch->count++] = file;
    return file;
}

static void watched_free(struct watched *file)
{
    free(file->path);
    free(file);
}

/* Frees what was forgotten: only while no job knows of it. */
static void watch_sweep(struct watch *watch)
{
    assert(!watch->is_looking);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < watch->count; i++) {
        struct watched *file = watch->files[i];
        if (!file->is_forgotten) {
            watch->files[kept++] = file;
            continue;
        }
        struct watched **link = bucket_of(watch, file->id);
        while (*link != file) link = &(*link)->next;
        *link = file->next;
        watched_free(file);
    }
    watch->count = kept;
}

void watch_forget(struct watch *watch, struct watched *file)
{
    (void)watch;
    assert(file->fd < 0 && !file->is_forgotten);
    file->is_forgotten = true;
}

/* ---- loop ---- */

static void known_take(const struct known *known)
{
    struct watched *file = known->file;
    if (file->is_forgotten) return;
    file->is_named = !known->named.error && file_id_eq(known->named.id, file->id);
    if (file->is_named) {
        file->size = known->named.size;
        file->modified = known->named.modified;
    }
    /* opened or closed meanwhile: the descriptor is not the one that was asked about */
    if (known->fd < 0 || known->fd != file->fd || known->open.error) return;
    file->size = known->open.size;
    file->modified = known->open.modified;
    file->is_deleted = known->open.links == 0;
}

static void seen_take(struct watch *watch, struct seen *seen)
{
    struct watched *file = watch_find(watch, seen->glance.id);
    bool is_new = !file;
    if (is_new && watch->count >= WATCH_FILES_MAX) {
        watch->look->is_full = true;
        return;
    }
    if (is_new) {
        file = watch_add(watch, seen);
    } else if (!file->is_named) {
        free(file->path); /* it was renamed, or another link to it was found */
        file->path = seen->path;
        seen->path = NULL;
    } else {
        return;
    }
    file->is_named = true;
    file->size = seen->glance.size;
    file->modified = seen->glance.modified;
    if (is_new) watch->hooks.found(watch->opaque, file);
}

static void watch_end_check(struct watch *watch)
{
    if (watch->is_stopping && !watch->is_looking && watch->is_timer_closed)
        watch->stopped(watch->opaque);
}

static void look_done(struct disk_job *job)
{
    struct watch_look *look = (struct watch_look *)(void *)job;
    struct watch *watch = look->watch;
    watch->is_looking = false;
    for (uint32_t i = 0; !watch->is_stopping && i < look->known_count; i++)
        known_take(&look->known[i]);
    for (uint32_t i = 0; i < look->seen_count; i++) {
        if (!watch->is_stopping) seen_take(watch, &look->seen[i]);
        free(look->seen[i].path);
    }
    if (look->is_full)
        LOG(LOG_WARN, "file.too_many", watch->id,
            "more than %d files fit the patterns; the rest is not read", WATCH_FILES_MAX);
    if (watch->is_stopping) {
        watch_end_check(watch);
        return;
    }
    watch->has_scanned |= look->is_scan;
    for (uint32_t i = 0; i < watch->count; i++)
        if (!watch->files[i]->is_forgotten) watch->hooks.changed(watch->opaque, watch->files[i]);
    watch->hooks.scanned(watch->opaque, look->is_scan);
}

static void watch_look(struct watch *watch)
{
    struct watch_look *look = watch->look;
    watch_sweep(watch);
    look->seen_count = look->known_count = 0;
    look->is_full = false;
    if (look->known_capacity < watch->count) {
        look->known_capacity = watch->capacity;
        look->known = xreallocarray(look->known, look->known_capacity, sizeof *look->known);
    }
    for (uint32_t i = 0; i < watch->count; i++)
        look->known[look->known_count++] =
            (struct known){.file = watch->files[i], .fd = watch->files[i]->fd};
    uint64_t now = uv_now(&watch->loop->uv);
    look->is_scan = now >= watch->next_scan;
    if (look->is_scan)
        watch->next_scan = now + (uint64_t)(watch->options.discover_interval_ns / 1000000);
    look->job = (struct disk_job){.loop = watch->loop, .work = look_work, .done = look_done};
    watch->is_looking = true;
    disk_submit(watch->disk, &look->job);
}

/* A look that takes longer than the interval is not overtaken by the next. */
static void watch_due(uv_timer_t *timer)
{
    struct watch *watch = timer->data;
    if (!watch->is_looking) watch_look(watch);
}

/* ---- life ---- */

void watch_init(struct watch *watch, const struct watch_options *options,
                const struct watch_hooks *hooks, void *opaque, struct arena *arena)
{
    *watch = (struct watch){.options = *options, .hooks = *hooks, .opaque = opaque};
    watch->patterns = arena_alloc(arena, (PATTERNS_MAX + GLOB_ALTERNATIVES_MAX) * sizeof(struct str));
    for (uint32_t i = 0; i < options->patterns.count && watch->pattern_count < PATTERNS_MAX; i++)
        watch->pattern_count += glob_expand(options->patterns.items[i], arena,
                                            watch->patterns + watch->pattern_count);
    watch->bucket_count = BUCKETS;
    watch->buckets = xcalloc(BUCKETS, sizeof *watch->buckets);
    watch->look = xcalloc(1, sizeof *watch->look);
    watch->look->watch = watch;
}

void watch_start(struct watch *watch, struct loop *loop, struct disk *disk, struct str id)
{
    watch->loop = loop;
    watch->disk = disk;
    watch->id = id;
    uv_timer_init(&loop->uv, &watch->timer);
    watch->timer.data = watch;
    uint64_t interval = (uint64_t)(watch->options.stat_interval_ns / 1000000);
    uv_timer_start(&watch->timer, watch_due, 0, interval ? interval : 1);
}

static void watch_timer_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    watch->is_timer_closed = true;
    watch_end_check(watch);
}

void watch_stop(struct watch *watch, void (*stopped)(void *opaque))
{
    if (watch->is_stopping) return;
    watch->is_stopping = true;
    watch->stopped = stopped;
    uv_close((uv_handle_t *)&watch->timer, watch_timer_closed);
}

void watch_fini(struct watch *watch)
{
    if (!watch->look) return;
    for (uint32_t i = 0; i < watch->count; i++) watched_free(watch->files[i]);
    free(watch->files);
    free(watch->buckets);
    free(watch->look->known);
    free(watch->look->seen);
    free(watch->look);
    watch->look = NULL;
}
