/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/tap_print.h"
#include <jansson.h>
#include <stdlib.h>
#include "core/text/json.h"
#include "core/xmalloc.h"
#include "pipelines/terminal.h"

enum { NAME_COLUMNS_MAX = 32 }; /* to which values are aligned */

/* ---- fields ---- */

struct field {
    struct str name, text; /* `[a][b]`, or `a` at the top; the value as JSON */
    bool is_seen;          /* found in the other event */
};
struct fields {
    struct field *items;
    uint32_t count, capacity;
    struct arena *arena;
};

static void field_add(struct fields *fields, struct str name, const struct value *value)
{
    if (fields->count == fields->capacity) {
        uint32_t wanted = fields->capacity ? fields->capacity * 2 : 32;
        fields->items =
            arena_regrow(fields->arena, fields->items, fields->capacity * sizeof *fields->items,
                         wanted * sizeof *fields->items);
        fields->capacity = wanted;
    }
    struct buf text = {0};
    json_encode_value(value, &text);
    fields->items[fields->count++] =
        (struct field){.name = name, .text = arena_copy(fields->arena, buf_str(&text))};
    buf_fini(&text);
}

/* JSON is at most JSON_DEPTH_MAX deep, so this is. */
static void fields_of(struct fields *fields, struct str prefix, const struct map *map)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct entry *entry = &map->entries[i];
        if (entry->value.kind == VALUE_MISSING) continue;
        bool is_open = entry->value.kind == VALUE_MAP && entry->value.map->live;
        struct str key = key_text(&entry->key);
        struct str name = prefix.len || is_open ? arena_printf(fields->arena, "%.*s[%.*s]",
                                                               STR_ARG(prefix), STR_ARG(key))
                                                : key;
        if (is_open)
            fields_of(fields, name, entry->value.map);
        else
            field_add(fields, name, &entry->value);
    }
}

/* Mostly both events have their fields in the same order: the search goes on where it was. */
static struct field *field_find(struct fields *fields, struct str name, uint32_t *from)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        uint32_t at = (*from + i) % fields->count;
        if (!str_eq(fields->items[at].name, name)) continue;
        *from = at + 1;
        return &fields->items[at];
    }
    return NULL;
}

/* ---- words and colours ---- */

#define RED "\x1b[31m"
#define GREEN "\x1b[32m"
#define YELLOW "\x1b[33m"
#define BOLD "\x1b[1m"
#define DIM "\x1b[2m"
#define PLAIN "\x1b[0m"

static void colour(const struct tap_printer *printer, const char *code, struct buf *out)
{
    if (printer->has_colours) buf_append_z(out, code);
}

static size_t columns(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

static size_t name_columns(const struct fields *fields, size_t widest)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        size_t width = columns(fields->items[i].name);
        if (width > widest) widest = width;
    }
    return widest < NAME_COLUMNS_MAX ? widest : NAME_COLUMNS_MAX;
}

static void put_field(const struct tap_printer *printer, char sign, const char *code,
                      const struct field *field, struct str old, size_t width, struct buf *out)
{
    size_t used = columns(field->name);
    colour(printer, code, out);
    buf_printf(out, "  %c ", sign);
    terminal_put_clean(field->name, out);
    buf_printf(out, "%*s", (int)(used < width ? width - used + 2 : 2), "");
    if (old.len) {
        terminal_put_clean(old, out);
        buf_append_z(out, " → ");
    }
    terminal_put_clean(field->text, out);
    colour(printer, PLAIN, out);
    buf_append_char(out, '\n');
}

static void put_fields(const struct tap_printer *printer, const struct fields *fields,
                       struct buf *out)
{
    size_t width = name_columns(fields, 0);
    for (uint32_t i = 0; i < fields->count; i++)
        put_field(printer, ' ', "", &fields->items[i], (struct str){0}, width, out);
}

/* What is behind the plugin in its order, what is gone at the end. Returns whether anything
 * changed. */
static bool put_changes(const struct tap_printer *printer, struct fields *before,
                        const struct fields *behind, struct buf *out)
{
    size_t width = name_columns(behind, name_columns(before, 0));
    bool has_changed = false;
    for (uint32_t i = 0, from = 0; i < behind->count; i++) {
        const struct field *now = &behind->items[i];
        struct field *old = field_find(before, now->name, &from);
        bool is_same = old && str_eq(old->text, now->text);
        has_changed |= !is_same;
        if (old) old->is_seen = true;
        put_field(printer,
                  !old      ? '+'
                  : is_same ? ' '
                            : '~',
                  !old      ? GREEN
                  : is_same ? DIM
                            : YELLOW,
                  now, old && !is_same ? old->text : (struct str){0}, width, out);
    }
    for (uint32_t i = 0; i < before->count; i++) {
        if (before->items[i].is_seen) continue;
        has_changed = true;
        put_field(printer, '-', RED, &before->items[i], (struct str){0}, width, out);
    }
    return has_changed;
}

/* ---- lines ---- */

/* A line as it came, its parts found. */
struct parts {
    const struct value *event; /* a map, or null: dropped */
    struct str pipeline, plugin, at, time, id;
    int64_t worker;
    bool is_child;
};

static struct str text_member(const struct map *map, struct str name)
{
    struct key key = key_of(name);
    const struct value *value = map_get(map, &key);
    return value && value->kind == VALUE_STRING ? value_text(value) : (struct str){0};
}

static bool parts_read(struct str line, struct arena *arena, struct parts *parts)
{
    struct value root;
    struct json_report report;
    if (!line.len || !json_decode(line, JSON_WHOLE, arena, &root, &report) || root.kind != VALUE_MAP)
        return false;
    struct key event = key_of(STR("event")), worker = key_of(STR("worker")),
               child = key_of(STR("child"));
    const struct value *number = map_get(root.map, &worker);
    *parts = (struct parts){.event = map_get(root.map, &event),
                            .pipeline = text_member(root.map, STR("pipeline")),
                            .plugin = text_member(root.map, STR("plugin")),
                            .at = text_member(root.map, STR("at")),
                            .time = text_member(root.map, STR("time")),
                            .id = text_member(root.map, STR("id")),
                            .worker = number && number->kind == VALUE_INT ? number->integer : 0,
                            .is_child = map_get(root.map, &child) != NULL};
    return parts->event && (parts->event->kind == VALUE_MAP || parts->event->kind == VALUE_NULL);
}

static void put_head(const struct tap_printer *printer, const struct parts *parts, const char *what,
                     struct buf *out)
{
    colour(printer, BOLD, out);
    terminal_put_clean(parts->pipeline, out);
    if (parts->plugin.len) buf_append_char(out, '/');
    terminal_put_clean(parts->plugin, out);
    buf_printf(out, " %s", what);
    colour(printer, PLAIN, out);
    colour(printer, DIM, out);
    buf_append_z(out, "  ");
    terminal_put_clean(parts->time, out);
    buf_printf(out, "  worker %lld", (long long)parts->worker);
    colour(printer, PLAIN, out);
    buf_append_char(out, '\n');
}

static void put_pair(const struct tap_printer *printer, const struct parts *before,
                     const struct parts *behind, struct arena *arena, struct buf *out)
{
    struct fields old = {.arena = arena}, now = {.arena = arena};
    struct buf changes = {0};
    fields_of(&old, (struct str){0}, before->event->map);
    if (behind->event->kind == VALUE_NULL) {
        put_head(printer, behind, "dropped", out);
        put_fields(printer, &old, out);
        return;
    }
    fields_of(&now, (struct str){0}, behind->event->map);
    bool has_changed = put_changes(printer, &old, &now, &changes);
    put_head(printer, behind,
             behind->is_child ? "made"
             : has_changed    ? "changed"
                              : "unchanged",
             out);
    buf_append(out, buf_str(&changes));
    buf_fini(&changes);
}

static void put_alone(const struct tap_printer *printer, const struct parts *parts,
                      struct arena *arena, struct buf *out)
{
    struct fields fields = {.arena = arena};
    char what[8];
    snprintf(what, sizeof what, "%.*s", (int)(parts->at.len < 4 ? parts->at.len : 4),
             parts->at.ptr);
    put_head(printer, parts, what, out);
    if (parts->event->kind == VALUE_MAP) fields_of(&fields, (struct str){0}, parts->event->map);
    put_fields(printer, &fields, out);
}

bool tap_print_line(struct tap_printer *printer, struct str line, struct buf *out)
{
    struct arena arena;
    struct parts parts, before;
    arena_init(&arena, NULL);
    bool is_event = parts_read(line, &arena, &parts);
    bool is_before = is_event && parts.id.len && str_eq(parts.at, STR("in"));
    if (is_before) { /* the line stays until all behind the plugin have been compared with it */
        buf_clear(&printer->before);
        buf_append(&printer->before, line);
    } else if (is_event && parts.id.len && parts_read(buf_str(&printer->before), &arena, &before) &&
               str_eq(before.id, parts.id) && before.event->kind == VALUE_MAP)
        put_pair(printer, &before, &parts, &arena, out);
    else if (is_event)
        put_alone(printer, &parts, &arena, out);
    arena_fini(&arena);
    return is_event;
}

void tap_printer_fini(struct tap_printer *printer) { buf_fini(&printer->before); }

/* ---- notes ---- */

static unsigned long long count_of(const json_t *note, const char *name)
{
    json_int_t count = json_integer_value(json_object_get(note, name));
    return count > 0 ? (unsigned long long)count : 0;
}

static void put_not_shown(const json_t *note, struct buf *out)
{
    static const struct {
        const char *name, *why;
    } rows[] = {{"rate", "more than --rate in their second"},
                {"slow_watcher", "not read in time"},
                {"busy", "beyond what a tap may take of a worker"},
                {"large", "larger than a tap shows"}};
    const json_t *counts = json_object_get(note, "not_shown");
    const char *before = "; not shown: ";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned long long count = count_of(counts, rows[i].name);
        if (!count) continue;
        buf_printf(out, "%s%llu %s", before, count, rows[i].why);
        before = ", ";
    }
    unsigned long long failed = count_of(note, "where_failed");
    if (failed) buf_printf(out, "; for %llu the condition cannot be evaluated", failed);
}

static void put_started(const json_t *note, struct buf *out)
{
    const char *pipeline = json_string_value(json_object_get(note, "pipeline"));
    const char *plugin = json_string_value(json_object_get(note, "plugin"));
    const char *at = json_string_value(json_object_get(note, "at"));
    bool is_in = at && !strcmp(at, "in"), is_out = at && !strcmp(at, "out");
    buf_append_z(out, is_in ? "before " : is_out ? "behind " : "before and behind ");
    terminal_put_clean(str_of(pipeline ? pipeline : ""), out);
    if (plugin) buf_append_char(out, '/');
    terminal_put_clean(str_of(plugin ? plugin : ""), out);
    unsigned long long rate = count_of(note, "rate"), workers = count_of(note, "workers");
    buf_printf(out, ", %llu worker%s", workers, workers == 1 ? "" : "s");
    if (rate) buf_printf(out, ", at most %llu events a second", rate);
}

bool tap_print_note(struct str line, bool *has_ended, struct buf *out)
{
    *has_ended = false;
    if (!str_starts(line, STR("{\"note\":"))) return false;
    json_t *note = json_loadb(line.ptr, line.len, 0, NULL);
    const char *kind = json_string_value(json_object_get(note, "note"));
    const char *why = json_string_value(json_object_get(note, "why"));
    buf_append_z(out, "tailrace: ");
    *has_ended = kind && !strcmp(kind, "ended");
    if (kind && !strcmp(kind, "started")) {
        put_started(note, out);
    } else {
        if (*has_ended) {
            buf_append_z(out, "ended: ");
            terminal_put_clean(str_of(why ? why : "?"), out);
            buf_append_z(out, "; ");
        }
        buf_printf(out, "%llu events passed, %llu shown", count_of(note, "passed"),
                   count_of(note, "shown"));
        put_not_shown(note, out);
    }
    buf_append_char(out, '\n');
    json_decref(note);
    return true;
}
