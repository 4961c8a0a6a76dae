/* SPDX-License-Identifier: Apache-2.0 */
/* `dlq purge`: whole files are deleted. Letters among others (--where) are noted in a file of marks that everyone who
 * reads dead letters looks at, and deleted with their file once all of it is. */
#include <errno.h>
#include <uv.h>
#include "core/store/sincedb.h"
#include "core/text/time.h"
#include "pipelines/dlq_parts.h"

/* Of each log: the number up to which all letters may go. */
struct purging {
    uint64_t before_ns; /* UINT64_MAX: all */
    struct dead_letter_marks young; /* letters that stay */
    struct dead_letter_marks gone;  /* of --where: now and before */
    uint64_t count;                 /* of them, now */
    bool is_full;                   /* more than can be remembered */
};

static bool young_note(void *opaque, const struct dlq_letter *letter)
{
    struct purging *purging = opaque;
    if (letter->record.time_ns >= purging->before_ns)
        dead_letter_marks_add(&purging->young, letter->view->name, letter->sequence, letter->sequence);
    return true;
}

static bool gone_note(void *opaque, const struct dlq_letter *letter)
{
    struct purging *purging = opaque;
    const struct dead_letter_view *view = letter->view;
    uint64_t first = view->spool.count ? view->spool.segments[0].first : 1; /* those before are no more */
    if (first > 1) dead_letter_marks_add(&purging->gone, view->name, 1, first - 1);
    purging->is_full = !dead_letter_marks_add(&purging->gone, view->name, letter->sequence, letter->sequence);
    purging->count += !purging->is_full;
    return !purging->is_full;
}

static uint64_t done_of(const struct purging *purging, const struct dlq_walk *walk, const struct dlq_command *command,
                        const char *log)
{
    if (command->where) return dead_letter_marks_next(&purging->gone, log) - 1;
    if (command->flags.replayed) return dead_letter_marks_next(&walk->marks, log) - 1;
    for (uint32_t i = 0; i < purging->young.count; i++)
        if (!strcmp(purging->young.logs[i].log, log)) return purging->young.logs[i].ranges[0].first - 1;
    return UINT64_MAX / 2;
}

static enum exit_code purge_files(struct dlq_command *command, struct purging *purging, struct dlq_walk *walk)
{
    struct dead_letter_look look;
    uint32_t files = 0;
    dead_letter_look_init(&look, walk->folder, &file_ops_real);
    dlq_marks_load(walk);
    int status = dead_letter_look_find(&look);
    for (uint32_t i = 0; i < look.count && status >= 0; i++) {
        uint64_t done = done_of(purging, walk, command, look.views[i]->name);
        status = done ? dead_letter_look_remove(&look, look.views[i]->folder, done) : 0;
        if (status == -ENOENT) status = 0;
        if (status > 0) files += (uint32_t)status;
    }
    dead_letter_look_fini(&look);
    dead_letter_marks_fini(&walk->marks);
    struct buf out = {0};
    if (command->where) buf_printf(&out, "%llu letter%s purged, ", (number)purging->count, plural(purging->count));
    buf_printf(&out, "%u file%s deleted\n", files, plural(files));
    command->print(command->opaque, &out);
    buf_fini(&out);
    if (status < 0)
        diag_error(command->diag, (struct place){0}, "%.*s: %s", STR_ARG(walk->folder), uv_strerror(status));
    return status < 0 ? EXIT_RUNTIME : EXIT_DONE;
}

/* What the condition holds for is gone from now on for everyone, durably; then files go that have nothing else. */
static enum exit_code purge_where(struct dlq_command *command, struct dlq_walk *walk, struct purging *purging)
{
    struct buf path = {0}, text = {0};
    buf_printf(&path, "%.*s/" DEAD_LETTERS_PURGED, STR_ARG(walk->folder));
    walk->visit = gone_note;
    dlq_purged_load(walk->folder, &purging->gone);
    enum exit_code code = dlq_walk_end(walk, dlq_walk(walk));
    dead_letter_marks_print(&purging->gone, &text);
    int status = purging->count ? sincedb_save(buf_z(&path), buf_str(&text)) : 0;
    if (status)
        diag_error(command->diag, (struct place){0}, "%s cannot be written: %s", path.ptr, uv_strerror(status));
    if (purging->is_full)
        diag_hint(command->diag, diag_error(command->diag, (struct place){0}, "not all can be remembered"),
                  "purge whole files: --before TIME, or --replayed");
    if (status == 0 && purge_files(command, purging, walk) != EXIT_DONE) code = EXIT_RUNTIME;
    buf_fini(&path);
    buf_fini(&text);
    return status || purging->is_full ? EXIT_RUNTIME : code;
}

enum exit_code dlq_purge(struct dlq_command *command)
{
    struct purging purging = {.before_ns = UINT64_MAX};
    struct dlq_walk walk = {.command = command, .visit = young_note, .opaque = &purging};
    int64_t seconds;
    uint32_t ns;
    if (command->flags.before.len) {
        if (!time_parse_iso(command->flags.before, &seconds, &ns) || seconds < 0 || seconds > INT64_MAX / 2000000000) {
            dlq_refuse(command, "--before is no time since 1970", "write it like 2024-03-05T07:00:00Z");
            return EXIT_USAGE;
        }
        purging.before_ns = (uint64_t)seconds * 1000000000 + ns;
    }
    if (!dlq_folder(command, command->pipeline, &walk.folder)) return EXIT_RUNTIME;
    enum exit_code code;
    int status = command->flags.before.len ? dlq_walk(&walk) : 0;
    if (command->where)
        code = purge_where(command, &walk, &purging);
    else
        code = status ? dlq_walk_end(&walk, status) : purge_files(command, &purging, &walk);
    dead_letter_marks_fini(&purging.young);
    dead_letter_marks_fini(&purging.gone);
    return code;
}
