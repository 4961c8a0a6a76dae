/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include "core/text/json.h"
#include "core/xmalloc.h"
#include "pipelines/dlq_parts.h"

enum { GROUPS_MAX = 64, PIPELINES_LISTED_MAX = 1024 };

struct group {
    enum dead_letter_stage stage;
    char id[128], reason[128];
    uint64_t count, left, oldest_ns, newest_ns;
};
struct listing {
    struct group groups[GROUPS_MAX]; /* the last one: all others */
    uint32_t count;
};

static struct group *group_find(struct listing *listing, const struct dead_letter *letter)
{
    struct group wanted = {.stage = letter->stage, .oldest_ns = UINT64_MAX};
    snprintf(wanted.id, sizeof wanted.id, "%.*s", STR_ARG(letter->id));
    snprintf(wanted.reason, sizeof wanted.reason, "%.*s", STR_ARG(letter->reason));
    for (uint32_t i = 0; i < listing->count; i++) {
        struct group *group = &listing->groups[i];
        if (group->stage == wanted.stage && !strcmp(group->id, wanted.id) && !strcmp(group->reason, wanted.reason))
            return group;
    }
    if (listing->count == GROUPS_MAX) return &listing->groups[GROUPS_MAX - 1];
    if (listing->count == GROUPS_MAX - 1) snprintf(wanted.reason, sizeof wanted.reason, "(and others)");
    listing->groups[listing->count] = wanted;
    return &listing->groups[listing->count++];
}

static bool listing_add(void *opaque, const struct dlq_letter *letter)
{
    struct group *group = group_find(opaque, &letter->record.letter);
    uint64_t time = letter->record.time_ns;
    group->count++;
    group->left += !letter->is_replayed;
    if (time < group->oldest_ns) group->oldest_ns = time;
    if (time > group->newest_ns) group->newest_ns = time;
    return true;
}

static void listing_json(const struct listing *listing, struct str pipeline, uint64_t bytes, struct buf *out)
{
    buf_append_z(out, "{\"pipeline\":");
    json_encode_string(pipeline, out);
    buf_printf(out, ",\"bytes\":%llu,\"letters\":[", (number)bytes);
    for (uint32_t i = 0; i < listing->count; i++) {
        const struct group *group = &listing->groups[i];
        buf_printf(out, "%s{\"stage\":\"%s\",\"id\":", i ? "," : "", dead_letter_stage_name(group->stage));
        json_encode_string(str_of(group->id), out);
        buf_append_z(out, ",\"reason\":");
        json_encode_string(str_of(group->reason), out);
        buf_printf(out, ",\"count\":%llu,\"left\":%llu,\"oldest\":\"", (number)group->count, (number)group->left);
        dlq_append_time(out, group->oldest_ns);
        buf_append_z(out, "\",\"newest\":\"");
        dlq_append_time(out, group->newest_ns);
        buf_append_z(out, "\"}");
    }
    buf_append_z(out, "]}\n");
}

static void listing_text(const struct listing *listing, struct str pipeline, uint64_t bytes, struct buf *out)
{
    uint64_t count = 0, left = 0;
    for (uint32_t i = 0; i < listing->count; i++) {
        count += listing->groups[i].count;
        left += listing->groups[i].left;
    }
    buf_printf(out, "%.*s: %llu letter%s, %llu not replayed, %llu bytes on disk\n", STR_ARG(pipeline), (number)count,
               plural(count), (number)left, (number)bytes);
    for (uint32_t i = 0; i < listing->count; i++) {
        const struct group *group = &listing->groups[i];
        buf_printf(out, "  %8llu  %-9s ", (number)group->count, dead_letter_stage_name(group->stage));
        dlq_append_text(out, str_of(group->id));
        buf_append_z(out, ": ");
        dlq_append_text(out, str_of(group->reason));
        buf_append_z(out, ", ");
        dlq_append_time(out, group->oldest_ns);
        buf_append_z(out, " to ");
        dlq_append_time(out, group->newest_ns);
        buf_append_char(out, '\n');
    }
}

static enum exit_code list_one(struct dlq_command *command, struct str pipeline, struct str folder)
{
    struct listing *listing = xcalloc(1, sizeof *listing);
    struct dlq_walk walk = {.command = command, .folder = folder, .visit = listing_add, .opaque = listing};
    enum exit_code code = dlq_walk_end(&walk, dlq_walk(&walk));
    struct buf out = {0};
    (command->flags.json ? listing_json : listing_text)(listing, pipeline, walk.bytes, &out);
    command->print(command->opaque, &out);
    buf_fini(&out);
    free(listing);
    return code;
}

struct names {
    struct arena *arena;
    struct str items[PIPELINES_LISTED_MAX];
    uint32_t count;
};

static void name_note(void *opaque, const char *name)
{
    struct names *names = opaque;
    if (*name != '.' && names->count < PIPELINES_LISTED_MAX)
        names->items[names->count++] = arena_copy(names->arena, str_of(name));
}

static int by_text(const void *a, const void *b)
{
    const struct str *left = a, *right = b;
    size_t len = left->len < right->len ? left->len : right->len;
    int order = memcmp(left->ptr, right->ptr, len);
    return order ? order : (left->len > right->len) - (left->len < right->len);
}

static void say_nothing_there(struct dlq_command *command, struct str top)
{
    struct buf out = {0};
    if (!command->flags.json) buf_printf(&out, "no dead letters in %.*s\n", STR_ARG(top));
    command->print(command->opaque, &out);
    buf_fini(&out);
}

static enum exit_code list_all(struct dlq_command *command, struct names *names)
{
    struct str top = settings_dead_letters(command->settings, command->arena);
    enum exit_code code = EXIT_DONE;
    int status = file_ops_real.list(&file_ops_real, arena_copy_z(command->arena, top), name_note, names);
    qsort(names->items, names->count, sizeof *names->items, by_text);
    for (uint32_t i = 0; i < names->count; i++) {
        struct str folder = arena_printf(command->arena, "%.*s/%.*s", STR_ARG(top), STR_ARG(names->items[i]));
        if (list_one(command, names->items[i], folder) != EXIT_DONE) code = EXIT_RUNTIME;
    }
    if (!names->count && (!status || status == -ENOENT)) say_nothing_there(command, top);
    if (!status || status == -ENOENT) return code;
    diag_error(command->diag, (struct place){0}, "%.*s cannot be read: %s", STR_ARG(top), uv_strerror(status));
    return EXIT_RUNTIME;
}

enum exit_code dlq_list(struct dlq_command *command)
{
    struct str folder;
    if (command->pipeline.len)
        return dlq_folder(command, command->pipeline, &folder) ? list_one(command, command->pipeline, folder)
                                                               : EXIT_RUNTIME;
    struct names *names = xcalloc(1, sizeof *names);
    names->arena = command->arena;
    enum exit_code code = list_all(command, names);
    free(names);
    return code;
}
