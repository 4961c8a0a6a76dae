/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/docs_patterns.h"
#include "core/text/grok.h"
#include <assert.h>

enum { COLUMNS = 100, INDENT = 15 };

static const char *const set_names[GROK_SETS] = {"legacy", "ecs-v1"};
static const char *const type_names[] = {"", ":int", ":float"};

struct manual {
    struct arena arena;
    struct grok_library libraries[GROK_SETS];
};

static void manual_open(struct manual *manual)
{
    arena_init(&manual->arena, NULL);
    for (int set = 0; set < GROK_SETS; set++)
        grok_library_init(&manual->libraries[set], set == GROK_ECS_V1, &manual->arena);
}

/* `a, [b][c]:int`, broken into lines. False: the set has no such name. */
static bool captures_print(struct manual *manual, int set, struct str name, struct buf *out)
{
    struct str text;
    if (!grok_library_find(&manual->libraries[set], name, &text)) return false;
    struct grok_problem problem;
    struct str pattern = arena_printf(&manual->arena, "%%{%.*s}", STR_ARG(name));
    struct grok *grok =
        grok_compile(&manual->libraries[set], pattern, &(struct grok_options){.named_only = true},
                     &manual->arena, &problem);
    assert(grok); /* the unit tests compile every one */
    size_t column = INDENT;
    for (uint32_t i = 0; i < grok->capture_count; i++) {
        if (grok_capture_is_repeated(grok, i)) continue;
        struct str field = grok->captures[i].path.text;
        const char *type = type_names[grok->captures[i].type];
        size_t len = field.len + strlen(type) + 2;
        bool is_full = i && column + len > COLUMNS;
        if (i) buf_append_z(out, is_full ? "," : ", ");
        if (is_full) buf_printf(out, "\n%*s", INDENT, "");
        column = (is_full ? INDENT : column) + len;
        buf_printf(out, "%.*s%s", STR_ARG(field), type);
    }
    grok_destroy(grok);
    return true;
}

/* Once where both sets agree. */
static void pattern_captures(struct manual *manual, struct str name, struct buf *out)
{
    struct buf lists[GROK_SETS] = {{.len = 0}};
    bool is_there[GROK_SETS];
    for (int set = 0; set < GROK_SETS; set++)
        is_there[set] = captures_print(manual, set, name, &lists[set]);
    bool is_same = is_there[GROK_LEGACY] && is_there[GROK_ECS_V1] &&
                   str_eq(buf_str(&lists[GROK_LEGACY]), buf_str(&lists[GROK_ECS_V1]));
    for (int set = 0; set < GROK_SETS; set++) {
        if (lists[set].len && !(is_same && set))
            buf_printf(out, "    %-*s%.*s\n", INDENT - 4, is_same ? "captures" : set_names[set],
                       STR_ARG(buf_str(&lists[set])));
        buf_fini(&lists[set]);
    }
    if (!is_there[GROK_LEGACY]) buf_append_z(out, "    (not in the legacy set)\n");
}

static void pattern_print(struct manual *manual, const struct grok_entry *entry, struct buf *out)
{
    buf_printf(out, "  %.*s\n    %.*s\n", STR_ARG(entry->name), STR_ARG(entry->meaning));
    pattern_captures(manual, entry->name, out);
}

void docs_patterns(struct buf *out)
{
    struct manual manual;
    manual_open(&manual);
    buf_append_z(
        out,
        "patterns of grok, by group\n\n"
        "  What a pattern captures depends on ecs_compatibility: `legacy` when it is disabled,\n"
        "  else `ecs-v1`. A pattern's expression: tailrace docs NAME\n");
    for (const struct grok_file *file = grok_files; file->group; file++) {
        buf_printf(out, "\n%s - %.*s\n\n", file->group, STR_ARG(grok_file_title(file)));
        struct grok_reader reader = grok_reader_open(file);
        struct str last = {NULL, 0};
        for (struct grok_entry entry; grok_reader_next(&reader, &entry); last = entry.name)
            if (!grok_name_is_hidden(entry.name) && !str_eq(entry.name, last))
                pattern_print(&manual, &entry, out);
    }
    arena_fini(&manual.arena);
}

bool docs_pattern(struct str name, struct buf *out)
{
    struct manual manual;
    bool is_found = false;
    manual_open(&manual);
    for (const struct grok_file *file = grok_files; file->group; file++) {
        struct grok_reader reader = grok_reader_open(file);
        for (struct grok_entry entry; grok_reader_next(&reader, &entry);) {
            if (!str_eq(entry.name, name)) continue;
            if (!is_found) {
                buf_printf(out, "pattern of grok, group %s\n\n", file->group);
                pattern_print(&manual, &entry, out);
            }
            is_found = true;
            bool is_both = entry.is_in[GROK_LEGACY] && entry.is_in[GROK_ECS_V1];
            buf_printf(out, "\n  %s\n    %.*s\n",
                       is_both ? "Expression" : set_names[entry.is_in[GROK_ECS_V1]],
                       STR_ARG(entry.text));
        }
    }
    if (is_found) buf_append_char(out, '\n');
    arena_fini(&manual.arena);
    return is_found;
}

size_t docs_pattern_names(struct str *names, size_t capacity)
{
    size_t count = 0;
    for (const struct grok_file *file = grok_files; file->group; file++) {
        struct grok_reader reader = grok_reader_open(file);
        for (struct grok_entry entry; grok_reader_next(&reader, &entry) && count < capacity;)
            if (!grok_name_is_hidden(entry.name)) names[count++] = entry.name;
    }
    return count;
}
