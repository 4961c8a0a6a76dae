/* SPDX-License-Identifier: Apache-2.0 */
/* Input `file`: the plugin's options and table; how files are followed is told by core/follow/follow.h. */
#include <sys/stat.h>
#include "core/follow/follow.h"

/* In the order of enum follow_mode, follow_completed, follow_begin and watch_order. */
static const char *const modes[] = {"tail", "read", NULL};
static const char *const completed_actions[] = {"delete", "log", "log_and_delete", NULL};
static const char *const start_positions[] = {"beginning", "end", NULL};
static const char *const sort_keys[] = {"last_modified", "path", NULL};
static const char *const sort_directions[] = {"asc", "desc", NULL};

#define SECOND INT64_C(1000000000)
static const struct option file_options[] = {
    OPTION_STRINGS(struct follow, path, .required = true, .min = 1, .max = 4096,
                   .help = "Absolute paths or patterns (* ? [a-z] {a,b} **)."),
    OPTION_STRINGS(struct follow, exclude, .help = "Patterns of file names to leave out."),
    OPTION_CHOICE(struct follow, mode, .preset = "tail", .choices = modes,
                  .help = "Follow files, or read each once to its end."),
    OPTION_CHOICE(struct follow, start_position, .preset = "end", .choices = start_positions,
                  .help = "Where files found at start and not known from before begin."),
    OPTION_STRING(struct follow, sincedb_path,
                  .help = "File for the positions; /dev/null: they are not kept."),
    OPTION_DURATION(struct follow, sincedb_write_interval, .preset = "15", .unit = "s",
                    .min = 1000000, .max = INT64_MAX, .help = "How often positions are written."),
    OPTION_DURATION(struct follow, sincedb_clean_after, .preset = "14", .unit = "days",
                    .help = "Positions of files not seen for so long are forgotten."),
    OPTION_DURATION(struct follow, stat_interval, .preset = "1", .unit = "s", .min = 1000000,
                    .max = 3600 * SECOND, .help = "How often files are looked at."),
    OPTION_INT(struct follow, discover_interval, .preset = "15", .min = 1, .max = 1000000,
               .help = "New files are searched for every so many stat_intervals."),
    OPTION_DURATION(struct follow, ignore_older, .unit = "s",
                    .help = "Leave out files not modified for so long, until they are."),
    OPTION_DURATION(struct follow, close_older, .preset = "1 hour", .unit = "s",
                    .help = "Close files without new content for so long."),
    OPTION_INT(struct follow, max_open_files, .preset = "4095", .min = 1, .max = 1000000,
               .help = "Open at most so many files at a time."),
    OPTION_STRING(struct follow, delimiter, .preset = "\n", .help = "What ends a line."),
    OPTION_INT(struct follow, file_chunk_size, .preset = "32768", .min = 1, .max = INT64_MAX,
               .help = "Bytes of a chunk, for file_chunk_count."),
    OPTION_INT(struct follow, file_chunk_count, .preset = "4611686018427387903", .min = 1,
               .max = INT64_MAX, .help = "Chunks read from a file before the next file's turn."),
    OPTION_CHOICE(struct follow, file_sort_by, .preset = "last_modified", .choices = sort_keys,
                  .help = "Which of several files is read first."),
    OPTION_CHOICE(struct follow, file_sort_direction, .preset = "asc",
                  .choices = sort_directions, .help = "Oldest or lowest first, or last."),
    OPTION_CHOICE(struct follow, file_completed_action, .preset = "delete",
                  .choices = completed_actions,
                  .help = "Mode read: what happens to a file whose events all outputs have done."),
    OPTION_STRING(struct follow, file_completed_log_path,
                  .help = "Mode read: file that the paths of completed files are appended to."),
    OPTION_BOOL(struct follow, exit_after_read, .preset = "false",
                .help = "Mode read: end when all files were read."),
    OPTION_BOOL(struct follow, check_archive_validity, .preset = "false",
                .help = "Mode read: leave out gzip files that are damaged, instead of reading up to "
                        "the damage."),
    OPTION_END};

static bool file_check(const struct follow *self, const struct plugin_context *context)
{
    uint32_t errors = context->diag->errors;
    for (uint32_t i = 0; i < self->path.count; i++)
        if (!str_starts(self->path.items[i], STR("/")))
            diag_hint(context->diag,
                      diag_error(context->diag, context_item_place(context, "path", i),
                                 "`%.*s` is not an absolute path", STR_ARG(self->path.items[i])),
                      "begin it with /");
    bool is_read = self->mode.value == MODE_READ;
    if (is_read && self->file_completed_action.value != COMPLETED_DELETE &&
        self->file_completed_log_path.len == 0)
        diag_error(context->diag, context_place(context, "file_completed_action"),
                   "this action needs `file_completed_log_path`");
    if (self->exit_after_read && !is_read)
        diag_error(context->diag, context_place(context, "exit_after_read"),
                   "`exit_after_read` needs `mode => \"read\"`");
    if (self->delimiter.len == 0)
        diag_error(context->diag, context_place(context, "delimiter"), "`delimiter` is empty");
    struct stat status;
    if (self->sincedb_path.len && stat(self->sincedb_file ? self->sincedb_file : "", &status) == 0 &&
        S_ISDIR(status.st_mode))
        diag_error(context->diag, context_place(context, "sincedb_path"),
                   "`sincedb_path` is a directory: name a file");
    return context->diag->errors == errors;
}

static const char *sincedb_place(const struct follow *self, const struct plugin_context *context)
{
    if (str_eq(self->sincedb_path, STR("/dev/null")) || str_eq(self->sincedb_path, STR("NUL")))
        return NULL;
    if (self->sincedb_path.len) return arena_copy_z(context->arena, self->sincedb_path);
    struct str name = sincedb_name(&self->path, context->arena);
    struct str file = arena_printf(context->arena, "%.*s/plugins/inputs/file/%.*s",
                                   STR_ARG(context->path_data), STR_ARG(name));
    return arena_copy_z(context->arena, file);
}

static bool file_create(void *opaque, const struct plugin_context *context)
{
    struct follow *self = opaque;
    self->sincedb_file = sincedb_place(self, context);
    self->completed_log = arena_copy_z(context->arena, self->file_completed_log_path);
    if (!file_check(self, context)) return false;
    follow_find_fields(self, context);
    follow_init(self, context->arena);
    return true;
}

const struct input_type input_file = {
    .name = "file",
    .summary = "Follows files, or reads them once.",
    .size = sizeof(struct follow),
    .options = file_options,
    .default_codec = "plain",
    .is_single = true,
    .is_rewound = true,
    .create = file_create,
    .start = follow_start,
    .pause = follow_pause,
    .stop = follow_stop,
    .destroy = follow_destroy,
    .fields = follow_fields,
    .is_ecs = true,
};
