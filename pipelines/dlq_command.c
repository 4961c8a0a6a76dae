/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <uv.h>
#include "core/delivery/dead_letters.h"
#include "core/text/time.h"
#include "dsl/fragment.h"
#include "pipelines/dlq_parts.h"


static const struct option flag_rows[] = {
    OPTION_STRING(struct dlq_flags, where, .help = "Only letters whose events this condition holds for."),
    OPTION_STRING(struct dlq_flags, before, .help = "Of purge: only files whose letters are all older."),
    OPTION_INT(struct dlq_flags, limit, .preset = "0", .min = 0, .max = INT64_MAX, .help = "Ends after so many."),
    OPTION_BOOL(struct dlq_flags, json, .preset = "false", .help = "One object a line."),
    OPTION_BOOL(struct dlq_flags, replayed, .preset = "false", .help = "Of purge: only files that were replayed."),
    OPTION_BOOL(struct dlq_flags, filters, .preset = "false",
                .help = "Of replay: letters of outputs begin at the filters, too."),
    OPTION_END};

/* ---- arguments ---- */

static bool refuse(struct dlq_command *command, const char *what, const char *hint)
{
    diag_hint(command->diag, diag_error(command->diag, (struct place){0}, "%s", what), "%s", hint);
    return false;
}

static bool where_read(struct dlq_command *command)
{
    struct str where = command->flags.where;
    if (!where.len) return true;
    struct source_text *source = arena_alloc(command->arena, sizeof *source);
    *source = (struct source_text){STR("where"), where};
    struct fragment fragment = {
        .place = {source, 0, (uint32_t)where.len}, .arena = command->arena, .diag = command->diag};
    const struct expression *expression = fragment_condition(&fragment);
    if (expression) command->where = condition_compile(expression, command->arena, command->diag);
    return command->where;
}

static bool flags_fit(struct dlq_command *command)
{
    const struct dlq_flags *flags = &command->flags;
    bool is_purge = str_eq(command->action, STR("purge")), is_show = str_eq(command->action, STR("show"));
    bool is_replay = str_eq(command->action, STR("replay"));
    if (is_purge && flags->where.len)
        return refuse(command, "purge deletes whole files, so it takes no --where",
                      "--before TIME, or --replayed, or neither for all");
    if (flags->where.len && !is_show && !is_replay)
        return refuse(command, "--where is for show and replay", "leave it out");
    if (flags->limit && !is_show) return refuse(command, "--limit is for show", "leave it out");
    if ((flags->before.len || flags->replayed) && !is_purge)
        return refuse(command, "--before and --replayed are for purge", "leave them out");
    if (flags->before.len && flags->replayed)
        return refuse(command, "--before and --replayed exclude each other", "give one");
    if (flags->filters && !is_replay) return refuse(command, "--filters is for replay", "leave it out");
    return true;
}

bool dlq_command_read(struct dlq_command *command, const struct str_list *words, const struct setting_list *flags)
{
    static const char *const actions[] = {"ls", "show", "purge", "replay", NULL};
    const struct options_part parts[] = {{flag_rows, &command->flags}};
    struct options_context context = {.diag = command->diag, .arena = command->arena, .section = "command",
                                      .plugin = STR("dlq")};
    if (!options_load_parts(parts, 1, flags->items, flags->count, &context)) return false;
    bool is_known = false;
    for (int i = 0; words->count && actions[i]; i++) is_known |= str_eq_z(words->items[0], actions[i]);
    bool is_list = words->count && str_eq_z(words->items[0], "ls");
    if (!is_known || words->count > 2 || (words->count < 2 && !is_list))
        return refuse(command, "what is to be done with whose dead letters?",
                      "tailrace dlq ls [PIPELINE], show PIPELINE, replay PIPELINE or purge PIPELINE");
    command->action = words->items[0];
    if (words->count == 2) command->pipeline = words->items[1];
    return flags_fit(command) && where_read(command);
}

void dlq_command_end(struct dlq_command *command)
{
    if (command->where) condition_destroy(command->where);
    command->where = NULL;
}

bool dlq_holds(const struct dlq_command *command, struct event *event)
{
    if (!command->where) return true;
    struct run run = {.arena = event->arena, .event = event};
    return condition_eval(command->where, &run) == CONDITION_TRUE;
}

bool dlq_folder(struct dlq_command *command, struct str pipeline, struct str *folder)
{
    struct buf path = {0};
    struct str top = settings_dead_letters(command->settings, command->arena);
    bool is_short = dead_letters_folder(&path, top, pipeline);
    *folder = arena_copy(command->arena, buf_str(&path));
    buf_fini(&path);
    uv_fs_t request;
    bool is_there = is_short && uv_fs_stat(NULL, &request, arena_copy_z(command->arena, *folder), NULL) == 0;
    uv_fs_req_cleanup(&request);
    if (is_there) return true;
    diag_hint(command->diag,
              diag_error(command->diag, (struct place){0}, "no dead letters of pipeline `%.*s` are in %.*s",
                         STR_ARG(pipeline), STR_ARG(top)),
              "is it this folder? --path.data DIR or -S path.dead_letter_queue=DIR says another");
    return false;
}

/* ---- purge ---- */

/* Of each log: the number up to which all letters may go. */
struct purging {
    uint64_t before_ns; /* UINT64_MAX: all */
    struct dead_letter_marks young; /* letters that stay */
};

static bool young_note(void *opaque, const struct dlq_letter *letter)
{
    struct purging *purging = opaque;
    if (letter->record.time_ns >= purging->before_ns)
        dead_letter_marks_add(&purging->young, letter->view->name, letter->sequence, letter->sequence);
    return true;
}

static uint64_t done_of(const struct purging *purging, const struct dlq_walk *walk, const struct dlq_command *command,
                        const char *log)
{
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
    buf_printf(&out, "%u file%s deleted\n", files, plural(files));
    command->print(command->opaque, &out);
    buf_fini(&out);
    if (status < 0)
        diag_error(command->diag, (struct place){0}, "%.*s: %s", STR_ARG(walk->folder), uv_strerror(status));
    return status < 0 ? EXIT_RUNTIME : EXIT_DONE;
}

static enum exit_code purge(struct dlq_command *command)
{
    struct purging purging = {.before_ns = UINT64_MAX};
    struct dlq_walk walk = {.command = command, .visit = young_note, .opaque = &purging};
    int64_t seconds;
    uint32_t ns;
    if (command->flags.before.len) {
        if (!time_parse_iso(command->flags.before, &seconds, &ns) || seconds < 0 || seconds > INT64_MAX / 2000000000) {
            refuse(command, "--before is no time since 1970", "write it like 2024-03-05T07:00:00Z");
            return EXIT_USAGE;
        }
        purging.before_ns = (uint64_t)seconds * 1000000000 + ns;
    }
    if (!dlq_folder(command, command->pipeline, &walk.folder)) return EXIT_RUNTIME;
    int status = command->flags.before.len ? dlq_walk(&walk) : 0;
    enum exit_code code = status ? dlq_walk_end(&walk, status) : purge_files(command, &purging, &walk);
    dead_letter_marks_fini(&purging.young);
    return code;
}

enum exit_code dlq_command(struct dlq_command *command)
{
    if (str_eq(command->action, STR("ls"))) return dlq_list(command);
    if (str_eq(command->action, STR("show"))) return dlq_show(command);
    return purge(command);
}
