/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/fields_report.h"
#include "core/text/json.h"

enum {
    REPORT_NAME_WIDTH = 28,  /* columns of a field's name */
    REPORT_TYPES_WIDTH = 22, /* … of its types */
    REPORT_HEAD_MAX = 70,    /* bytes of a statement's text that are shown */
    REPORT_DEPTH_MAX = 300,  /* statements within each other */
};

struct report {
    struct buf *out;
    struct arena arenas[REPORT_DEPTH_MAX]; /* of the fields before the statements that are open */
    struct flow_fields before[REPORT_DEPTH_MAX];
    uint32_t open;
    const struct source_text *source; /* of the first statement: its name is said once */
};

static const struct { unsigned types; const char *name; } type_words[] = {
    {TYPE_ANY, "any"},         {TYPE_NUMBER, "number"}, {TYPE_INTEGER, "integer"}, {TYPE_FLOAT, "float"},
    {TYPE_STRING, "string"},   {TYPE_BOOLEAN, "boolean"}, {TYPE_TIME, "time"},     {TYPE_ARRAY, "array"},
    {TYPE_OBJECT, "object"},   {TYPE_NULL, "null"},
};

/* The next word for what is left of the types; NULL: nothing is. */
static const char *type_take(unsigned *types)
{
    for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++)
        if ((*types & type_words[i].types) == type_words[i].types) {
            *types &= ~type_words[i].types;
            return type_words[i].name;
        }
    return NULL;
}

/* ---- as text ---- */

static void print_types(const struct flow_field *field, struct buf *out)
{
    unsigned types = field->types & ~(unsigned)TYPE_MISSING;
    const char *separator = "";
    for (const char *word; (word = type_take(&types)); separator = " or ")
        buf_printf(out, "%s%s", separator, word);
    if (field->types & TYPE_MISSING) buf_append_char(out, '?');
}

static void print_place(struct place place, const struct source_text *known, struct buf *out)
{
    struct line_column at = place_line(place);
    if (place.source != known) buf_printf(out, "%.*s:", STR_ARG(place.source->name));
    buf_printf(out, "%u:%u", at.line, at.column);
}

static void print_indent(uint32_t depth, struct buf *out)
{
    for (uint32_t i = 0; i < depth; i++) buf_append_z(out, "  ");
}

static void pad(size_t start, size_t width, struct buf *out)
{
    do buf_append_char(out, ' ');
    while (out->len < start + width);
}

static void print_field(const struct flow_field *field, char sign, uint32_t depth,
                        const struct source_text *source, struct buf *out)
{
    print_indent(depth, out);
    buf_printf(out, "    %c ", sign);
    size_t start = out->len;
    buf_append(out, field->name);
    if (sign != '-') {
        pad(start, REPORT_NAME_WIDTH, out);
        start = out->len;
        print_types(field, out);
        bool is_first = true;
        for (uint32_t i = 0; i < field->place_count; i++) {
            if (!field->places[i].source) continue;
            if (is_first) pad(start, REPORT_TYPES_WIDTH, out);
            else buf_append_z(out, ", ");
            is_first = false;
            print_place(field->places[i], source, out);
        }
        if (field->has_more_places) buf_append_z(out, ", …");
    }
    buf_append_char(out, '\n');
}

static bool is_same(const struct flow_field *a, const struct flow_field *b)
{
    if (a->types != b->types || a->is_open != b->is_open || a->place_count != b->place_count) return false;
    return !a->place_count || memcmp(a->places, b->places, a->place_count * sizeof *a->places) == 0;
}

static struct map index_of(const struct flow_fields *list, struct arena *arena)
{
    struct map map;
    map_init(&map, arena, list->count + 1);
    for (uint32_t i = 0; i < list->count; i++)
        map_set(&map, arena, key_of(list->items[i].name), value_int(i));
    return map;
}

static const struct flow_field *find(const struct flow_fields *list, const struct map *map, struct str name)
{
    struct key key = key_of(name);
    const struct value *at = map_get(map, &key);
    return at ? &list->items[at->integer] : NULL;
}

static void print_open(bool is_open, const char *what, uint32_t depth, struct buf *out)
{
    if (!is_open) return;
    print_indent(depth, out);
    buf_printf(out, "    + any other field%s\n", what);
}

static void print_changes(const struct flow_fields *before, const struct flow_fields *after, uint32_t depth,
                          const struct source_text *source, struct arena *arena, struct buf *out)
{
    struct map old = index_of(before, arena), new = index_of(after, arena);
    for (uint32_t i = 0; i < after->count; i++) {
        const struct flow_field *field = &after->items[i], *was = find(before, &old, field->name);
        if (!was || !is_same(was, field)) print_field(field, was ? '~' : '+', depth, source, out);
    }
    for (uint32_t i = 0; i < before->count; i++)
        if (!find(after, &new, before->items[i].name))
            print_field(&before->items[i], '-', depth, source, out);
    print_open(after->is_open && !before->is_open, "", depth, out);
    print_open(after->is_metadata_open && !before->is_metadata_open, " of @metadata", depth, out);
}

static struct str one_line(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\n' || text.ptr[i] == '\r' || i >= REPORT_HEAD_MAX) return str_slice(text, 0, i);
    return text;
}

static void print_head(const struct report *report, struct place place, struct str text, uint32_t depth)
{
    struct str line = one_line(text);
    print_indent(depth, report->out);
    print_place(place, report->source, report->out);
    buf_printf(report->out, " %.*s%s\n", STR_ARG(line), line.len < text.len ? "…" : "");
}

static struct str text_at(struct place place)
{
    return str_slice(place.source->text, place.start, place.end);
}

/* ---- as JSON ---- */

static void json_place(struct place place, struct buf *out)
{
    struct line_column at = place_line(place);
    buf_append_z(out, "\"file\":");
    json_encode_string(place.source->name, out);
    buf_printf(out, ",\"line\":%u,\"column\":%u", at.line, at.column);
}

static void json_field(const struct flow_field *field, struct buf *out)
{
    unsigned types = field->types & ~(unsigned)TYPE_MISSING;
    buf_append_z(out, "{\"name\":");
    json_encode_string(field->name, out);
    buf_append_z(out, ",\"types\":[");
    const char *separator = "";
    for (const char *word; (word = type_take(&types)); separator = ",")
        buf_printf(out, "%s\"%s\"", separator, word);
    buf_printf(out, "],\"missing\":%s,\"open\":%s,\"from\":[",
               field->types & TYPE_MISSING ? "true" : "false", field->is_open ? "true" : "false");
    separator = "";
    for (uint32_t i = 0; i < field->place_count; i++) {
        if (!field->places[i].source) continue;
        buf_printf(out, "%s{", separator);
        json_place(field->places[i], out);
        buf_append_char(out, '}');
        separator = ",";
    }
    buf_append_z(out, "]}");
}

static void json_list(const struct flow_fields *list, struct place place, struct str statement, struct buf *out)
{
    buf_append_z(out, "{\"fields_after\":");
    json_encode_string(statement, out);
    if (place.source) buf_append_char(out, ','), json_place(place, out);
    buf_printf(out, ",\"open\":%s,\"metadata_open\":%s,\"fields\":[", list->is_open ? "true" : "false",
               list->is_metadata_open ? "true" : "false");
    for (uint32_t i = 0; i < list->count; i++) {
        if (i) buf_append_char(out, ',');
        json_field(&list->items[i], out);
    }
    buf_append_z(out, "]}\n");
}

/* ---- following ---- */

/* What a statement is called; of blocks their end, where it is spoken of. */
static struct str name_of(const struct statement *statement)
{
    if (statement->kind == STATEMENT_BRANCH) return STR("end of if");
    if (statement->kind == STATEMENT_FOR) return STR("end of for");
    return text_at(statement_place(statement));
}

static void arm_head(const struct report *report, const struct flow_stop *stop)
{
    struct place place = stop->arm->place;
    if (stop->arm->condition) place.end = stop->arm->condition->place.end;
    print_head(report, place, stop->arm->condition ? text_at(place) : STR("else"), stop->depth);
}

static void text_before(struct report *report, const struct flow_stop *stop, struct field_set *fields)
{
    const struct statement *statement = stop->statement;
    assert(report->open < REPORT_DEPTH_MAX); /* the parser limits nesting */
    arena_init(&report->arenas[report->open], NULL);
    flow_list(fields, &report->arenas[report->open], &report->before[report->open]);
    report->open++;
    if (statement->kind != STATEMENT_FOR) return;
    print_head(report, statement->loop->place, text_at(statement->loop->place), stop->depth);
}

static void text_after(struct report *report, const struct flow_stop *stop, const struct flow_fields *now,
                       struct arena *arena)
{
    report->open--;
    print_head(report, statement_place(stop->statement), name_of(stop->statement), stop->depth);
    print_changes(&report->before[report->open], now, stop->depth, report->source, arena, report->out);
    arena_fini(&report->arenas[report->open]);
}

static void text_stop(struct report *report, const struct flow_stop *stop, struct field_set *fields)
{
    static const struct flow_fields nothing = {0};
    struct flow_fields now;
    struct arena arena;
    arena_init(&arena, NULL);
    flow_list(fields, &arena, &now);
    switch (stop->kind) {
    case FLOW_ARM: arm_head(report, stop); break;
    case FLOW_BEFORE: text_before(report, stop, fields); break;
    case FLOW_AFTER: text_after(report, stop, &now, &arena); break;
    case FLOW_INPUTS:
    case FLOW_OUTPUTS:
        buf_append_z(report->out, stop->kind == FLOW_INPUTS ? "from the inputs\n" : "at the outputs\n");
        print_changes(&nothing, &now, 0, report->source, &arena, report->out);
        break;
    }
    arena_fini(&arena);
}

static void on_text_stop(void *opaque, const struct flow_stop *stop, struct field_set *fields)
{
    text_stop(opaque, stop, fields);
}

static void on_json_stop(void *opaque, const struct flow_stop *stop, struct field_set *fields)
{
    struct report *report = opaque;
    if (stop->kind == FLOW_BEFORE || stop->kind == FLOW_ARM) return;
    struct flow_fields now;
    struct arena arena;
    struct place place = {0};
    arena_init(&arena, NULL);
    flow_list(fields, &arena, &now);
    if (stop->kind == FLOW_AFTER) place = statement_place(stop->statement);
    struct str name = stop->kind == FLOW_INPUTS    ? STR("inputs")
                      : stop->kind == FLOW_OUTPUTS ? STR("filters")
                                                   : name_of(stop->statement);
    json_list(&now, place, name, report->out);
    arena_fini(&arena);
}

/* The text of the first plugin. */
static const struct source_text *first_source(const struct config *config)
{
    for (int section = 0; section < SECTION_KINDS; section++) {
        const struct statements *list = &config->sections[section];
        if (list->count) return statement_place(&list->items[0]).source;
    }
    return NULL;
}

void fields_report(const struct pipeline *pipeline, bool is_json, struct buf *out)
{
    struct report report = {.out = out, .source = first_source(&pipeline->config)};
    struct flow_watch watch = {is_json ? on_json_stop : on_text_stop, &report};
    struct flow_plugins plugins = generation_plugins(worker_generation(pipeline->workers[0]));
    struct diag diag;
    diag_init(&diag);
    struct str name = report.source ? report.source->name : STR("no text");
    if (!is_json) buf_printf(out, "pipeline `%.*s`, %.*s\n", STR_ARG(pipeline->id), STR_ARG(name));
    flow_follow(&pipeline->config, &plugins, &watch, &diag);
    diag_fini(&diag);
}
