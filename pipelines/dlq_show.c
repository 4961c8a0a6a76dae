/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/json.h"
#include "core/text/time.h"
#include "pipelines/dlq_parts.h"

struct showing {
    struct dlq_command *command;
    uint64_t shown;
    struct buf out;
    struct time_cache times;
};

static void show_json(struct showing *showing, const struct dlq_letter *letter)
{
    const struct dead_letter *told = &letter->record.letter;
    struct buf *out = &showing->out;
    buf_printf(out, "{\"log\":\"%s\",\"number\":%llu,\"time\":\"", letter->view->name, (number)letter->sequence);
    dlq_append_time(out, letter->record.time_ns);
    buf_printf(out, "\",\"stage\":\"%s\"", dead_letter_stage_name(told->stage));
    const struct { const char *name; struct str text; } texts[] = {
        {"plugin", told->plugin}, {"id", told->id}, {"reason", told->reason}, {"text", told->text},
        {"config_hash", letter->record.hash}, {"original", dead_letter_original(&letter->record, letter->event)}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buf_printf(out, ",\"%s\":", texts[i].name);
        json_encode_string(texts[i].text, out);
    }
    buf_printf(out, ",\"attempts\":%u,\"deaths\":%u,\"replayed\":%s,\"event\":", told->attempts, letter->record.deaths,
               letter->is_replayed ? "true" : "false");
    json_encode_event(letter->event, &showing->times, out);
    buf_append_z(out, ",\"metadata\":");
    json_encode_map(&letter->event->metadata, out);
    buf_append_z(out, "}\n");
}

static void show_text(struct showing *showing, const struct dlq_letter *letter)
{
    const struct dead_letter *told = &letter->record.letter;
    struct buf *out = &showing->out, event = {0};
    buf_printf(out, "%s/%llu ", letter->view->name, (number)letter->sequence);
    dlq_append_time(out, letter->record.time_ns);
    buf_printf(out, " %s ", dead_letter_stage_name(told->stage));
    dlq_append_text(out, told->id);
    buf_append_z(out, ": ");
    dlq_append_text(out, told->reason);
    if (told->text.len) buf_append_z(out, ": ");
    dlq_append_text(out, told->text);
    buf_printf(out, "\n  attempts %u, deaths %u, configuration %.12s%s\n  original: ", told->attempts,
               letter->record.deaths, letter->record.hash.len >= 12 ? letter->record.hash.ptr : "?",
               letter->is_replayed ? ", replayed" : "");
    dlq_append_text(out, dead_letter_original(&letter->record, letter->event));
    buf_append_z(out, "\n  event: ");
    json_encode_event(letter->event, &showing->times, &event);
    dlq_append_text(out, buf_str(&event));
    if (letter->event->metadata.count > 1) { /* beside what is told above */
        buf_clear(&event);
        json_encode_map(&letter->event->metadata, &event);
        buf_append_z(out, "\n  @metadata: ");
        dlq_append_text(out, buf_str(&event));
    }
    buf_append_z(out, "\n");
    buf_fini(&event);
}

static bool show_letter(void *opaque, const struct dlq_letter *letter)
{
    struct showing *showing = opaque;
    struct dlq_command *command = showing->command;
    (command->flags.json ? show_json : show_text)(showing, letter);
    command->print(command->opaque, &showing->out);
    return ++showing->shown != (uint64_t)command->flags.limit;
}

enum exit_code dlq_show(struct dlq_command *command)
{
    struct showing showing = {.command = command};
    struct dlq_walk walk = {.command = command, .visit = show_letter, .opaque = &showing};
    if (!dlq_folder(command, command->pipeline, &walk.folder)) return EXIT_RUNTIME;
    enum exit_code code = dlq_walk_end(&walk, dlq_walk(&walk));
    buf_fini(&showing.out);
    return code;
}

