/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/dead_letter_look.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include "core/xmalloc.h"

#define SECOND INT64_C(1000000000)

void dead_letter_look_init(struct dead_letter_look *look, struct str folder, const struct file_ops *files)
{
    *look = (struct dead_letter_look){.files = files, .folder = xstrndup(folder)};
}

void dead_letter_view_close(struct dead_letter_view *view)
{
    if (view->is_open) spool_close(&view->spool);
    view->is_open = false;
}

void dead_letter_look_fini(struct dead_letter_look *look)
{
    for (uint32_t i = 0; i < look->count; i++) {
        dead_letter_view_close(look->views[i]);
        free(look->views[i]->folder);
        free(look->views[i]);
    }
    free(look->folder);
}

/* ---- finding ---- */

static void name_found(void *opaque, const char *name)
{
    struct dead_letter_look *look = opaque;
    if (!dead_letter_log_is(str_of(name)) || look->count == DEAD_LETTER_LOGS_MAX) return;
    for (uint32_t i = 0; i < look->count; i++)
        if (!strcmp(look->views[i]->name, name)) return;
    struct dead_letter_view *view = xcalloc(1, sizeof *view);
    struct buf folder = {0};
    buf_printf(&folder, "%s/%s", look->folder, name);
    snprintf(view->name, sizeof view->name, "%s", name);
    view->folder = xstrdup(buf_z(&folder));
    view->next = 1;
    buf_fini(&folder);
    look->views[look->count++] = view;
}

/* Workers by their numbers, then `replay`. */
static int by_name(const void *a, const void *b)
{
    struct dead_letter_view *const *first = a, *const *second = b;
    const char *left = (*first)->name, *right = (*second)->name;
    bool is_left = is_digit(*left), is_right = is_digit(*right);
    if (is_left != is_right) return is_left ? -1 : 1;
    size_t l = strlen(left), r = strlen(right);
    return l != r ? (l > r) - (l < r) : strcmp(left, right);
}

int dead_letter_look_find(struct dead_letter_look *look)
{
    uint32_t known = look->count;
    int error = look->files->list(look->files, look->folder, name_found, look);
    if (look->count > known) qsort(look->views + known, look->count - known, sizeof *look->views, by_name);
    return error;
}

/* ---- reading ---- */

int dead_letter_view_open(struct dead_letter_look *look, struct dead_letter_view *view)
{
    struct spool_report report;
    dead_letter_view_close(view);
    int error = spool_open_look(&view->spool, view->folder, look->files, &report);
    if (error) return error;
    view->is_open = true;
    view->last_segment = view->spool.count ? view->spool.segments[view->spool.count - 1].first : 0;
    if (view->is_bounded && !view->until) view->until = view->spool.synced;
    spool_cursor_look_from(&view->spool, &view->cursor, view->next);
    return 0;
}

static int64_t time_of_change(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (int64_t)status.st_mtim.tv_sec * SECOND + status.st_mtim.tv_nsec : 0;
}

/* Was something written since the log was read to its end? Clocks of files are coarse: what changed shortly before
 * it was looked at is looked at again. */
static bool has_changed(struct dead_letter_view *view)
{
    char path[SPOOL_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%020llu.seg", view->folder, (unsigned long long)view->last_segment);
    int64_t folder = time_of_change(view->folder), segment = time_of_change(path);
    int64_t changed = folder > segment ? folder : segment;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    bool is_settled = view->looked_ns && changed == view->changed_ns && changed < view->looked_ns - SECOND;
    view->changed_ns = changed;
    view->looked_ns = (int64_t)now.tv_sec * SECOND + now.tv_nsec;
    return !is_settled;
}

int dead_letter_view_read(struct dead_letter_look *look, struct dead_letter_view *view, struct spool_record *record)
{
    struct spool_loss loss;
    if (!view->is_open) {
        if (!has_changed(view)) return SPOOL_END;
        int error = dead_letter_view_open(look, view);
        if (error) return error == -ENOENT ? SPOOL_END : error; /* made, and nothing in it yet */
    }
    int verdict;
    while ((verdict = spool_read(&view->cursor, record, &loss)) == SPOOL_LOSS) {
        view->lost += loss.last - loss.first + 1;
        view->next = loss.last + 1;
    }
    bool is_beyond = verdict == 0 && view->until && record->sequence > view->until;
    if (verdict == 0 && !is_beyond) {
        view->next = record->sequence + 1;
        return 0;
    }
    dead_letter_view_close(view);
    return verdict < 0 ? verdict : SPOOL_END;
}

/* ---- removing ---- */

int dead_letter_look_remove(const struct dead_letter_look *look, const char *folder, uint64_t done)
{
    /* limits of appending, which is not done */
    struct spool_options options = {.folder = folder, .bytes_max = 1 << 20, .segment_bytes = 1 << 16,
                                    .group_bytes = 4096, .payload_max = 1024};
    struct spool spool;
    struct spool_report report;
    int error = spool_open(&spool, &options, look->files, &report);
    if (error) error = spool_open_look(&spool, folder, look->files, &report);
    if (error) return error;
    int removed = spool_remove_done(&spool, done);
    spool_close(&spool);
    return removed;
}
