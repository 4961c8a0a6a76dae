/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <uv.h>
#include "core/delivery/dead_letters.h"
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

bool dlq_refuse(struct dlq_command *command, const char *what, const char *hint)
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
    if (flags->where.len && !is_show && !is_replay && !is_purge)
        return dlq_refuse(command, "--where is for show, replay and purge", "leave it out");
    if (flags->where.len && (flags->before.len || flags->replayed))
        return dlq_refuse(command, "--where excludes --before and --replayed",
                      "ask in the condition for [@metadata][dead_letter_queue][entry_time]");
    if (flags->limit && !is_show) return dlq_refuse(command, "--limit is for show", "leave it out");
    if ((flags->before.len || flags->replayed) && !is_purge)
        return dlq_refuse(command, "--before and --replayed are for purge", "leave them out");
    if (flags->before.len && flags->replayed)
        return dlq_refuse(command, "--before and --replayed exclude each other", "give one");
    if (flags->filters && !is_replay) return dlq_refuse(command, "--filters is for replay", "leave it out");
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
        return dlq_refuse(command, "what is to be done with whose dead letters?",
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

enum exit_code dlq_command(struct dlq_command *command)
{
    if (str_eq(command->action, STR("ls"))) return dlq_list(command);
    if (str_eq(command->action, STR("show"))) return dlq_show(command);
    return dlq_purge(command);
}
