/* SPDX-License-Identifier: Apache-2.0 */
/* csv: the fields of one record of comma-separated values become fields of the event. The reader is
 * core/text/csv.h, the types core/text/csv_convert.h; all is read and converted before the first is written. */
#include "core/text/csv.h"
#include "core/plugin.h"
#include "core/text/csv_convert.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include <stdlib.h>

enum { CSV_COLUMNS_MAX = 4096 /* of a record; one more is a failure */ };

struct column {
    struct str name; /* empty: only made up from its number */
    struct path path;
    enum csv_type type;
    bool is_known;  /* the path is compiled */
    bool is_ignored; /* it has no name, and none is made up */
    bool is_wrong;   /* the name that the data has brought is no reference */
};

struct csv {
    struct path source, target;
    struct str_list columns;
    struct str separator, quote_char;
    bool autogenerate_column_names, autodetect_column_names, skip_header, skip_empty_columns, skip_empty_rows;
    struct str_pairs convert;

    struct csv_syntax syntax;
    struct csv_converter converter;
    struct arena names;     /* of columns that the data has brought */
    struct column *list;    /* as many as any record has had, with those that have names first */
    struct csv_field *read; /* of the record at hand */
    uint32_t named, count, capacity;
};

static const struct option csv_options[] = {
    OPTION_PATH(struct csv, source, .preset = "message", .help = "Field that holds the record."),
    OPTION_STRINGS(struct csv, columns, .help = "Names of the columns, in order; further ones are column1, column2 …"),
    OPTION_STRING(struct csv, separator, .preset = ",",
                  .help = "What stands between fields; a tab is typed as one, or `\\t` with config.support_escapes."),
    OPTION_STRING(struct csv, quote_char, .preset = "\"", .help = "What fields are quoted with; `\\x00`: nothing."),
    OPTION_PATH(struct csv, target, .help = "Field below which columns are stored; preset: the event itself."),
    OPTION_BOOL(struct csv, autogenerate_column_names, .preset = "true",
                .help = "Whether columns without a name are stored as column1, column2 …"),
    OPTION_BOOL(struct csv, autodetect_column_names, .preset = "false",
                .help = "Take the names from the first record; needs one worker."),
    OPTION_BOOL(struct csv, skip_header, .preset = "false",
                .help = "Drop records that are the columns' names."),
    OPTION_BOOL(struct csv, skip_empty_columns, .preset = "false", .help = "Leave out columns without a value."),
    OPTION_BOOL(struct csv, skip_empty_rows, .preset = "false",
                .help = "Tag empty texts `_csvskippedemptyfield`, not as failures."),
    OPTION_PAIRS(struct csv, convert,
                 .help = "Types of columns: integer, float, boolean, date, date_time."),
    OPTION_END};

/* ---- columns ---- */

static enum csv_type type_of(const struct csv *self, struct str name)
{
    for (uint32_t i = 0; i < self->convert.count; i++)
        if (str_eq(self->convert.items[i].name, name)) return csv_type_of(self->convert.items[i].value);
    return CSV_TEXT;
}

/* Where a column is stored: a name that begins with `[` is a reference, any other a name. */
static bool column_compile(const struct csv *self, struct column *column, struct str name, struct arena *arena)
{
    bool is_reference = str_starts(name, STR("["));
    struct str target = self->target.text;
    bool is_nested = target.len && !str_starts(target, STR("["));
    struct str text = arena_printf(arena, "%s%.*s%s%s%.*s%s", is_nested ? "[" : "", STR_ARG(target),
                                   is_nested ? "]" : "", is_reference ? "" : "[", STR_ARG(name),
                                   is_reference ? "" : "]");
    column->type = type_of(self, name);
    column->is_known = path_compile(&column->path, text, arena);
    column->is_wrong = !column->is_known;
    return column->is_known;
}

/* Columns up to `count`; what is new has no name. False: too many, or a name is no reference. */
static bool columns_reach(struct csv *self, uint32_t count)
{
    if (count > CSV_COLUMNS_MAX) return false;
    if (count > self->capacity) {
        self->capacity = count < 16 ? 32 : count * 2;
        self->list = xreallocarray(self->list, self->capacity, sizeof *self->list);
        self->read = xreallocarray(self->read, self->capacity, sizeof *self->read);
    }
    for (; self->count < count; self->count++) self->list[self->count] = (struct column){.is_known = false};
    return true;
}

/* The column at a place, with its path. NULL: its name is no reference. */
static struct column *column_ready(struct csv *self, uint32_t number)
{
    struct column *column = &self->list[number];
    if (column->is_known || column->is_ignored) return column;
    if (column->is_wrong) return NULL;
    if (!column->name.len && !self->autogenerate_column_names) {
        column->is_ignored = true;
        return column;
    }
    struct str name = column->name.len ? column->name : arena_printf(&self->names, "column%u", number + 1);
    return column_compile(self, column, name, &self->names) ? column : NULL;
}

/* ---- one record ---- */

enum record { RECORD_READ, RECORD_EMPTY, RECORD_WRONG };

static enum record record_read(struct csv *self, struct str text, struct arena *arena, uint32_t *count)
{
    struct csv_reader reader = {.syntax = &self->syntax, .text = text};
    struct csv_field field = {.is_quoted = false};
    enum csv_result result;
    *count = 0;
    if (!text.len) return RECORD_EMPTY;
    while ((result = csv_next(&reader, arena, &field)) == CSV_FIELD) {
        if (!columns_reach(self, *count + 1)) return RECORD_WRONG;
        self->read[(*count)++] = field;
        field.is_quoted = false;
    }
    return result == CSV_END ? RECORD_READ : RECORD_WRONG;
}

static bool is_header(const struct csv *self, uint32_t count)
{
    if (!self->named || count != self->named) return false;
    for (uint32_t i = 0; i < count; i++)
        if (!str_eq(self->read[i].text, self->list[i].name)) return false;
    return true;
}

/* The names outlive the batch. */
static void header_take(struct csv *self, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        self->list[i] = (struct column){.name = arena_copy(&self->names, self->read[i].text)};
    self->named = count;
}

/* False: a column without a value is to be a boolean, which Logstash takes for a failure, too. */
static bool value_of(struct csv *self, const struct csv_field *field, enum csv_type type, uint8_t flags,
                     struct arena *arena, struct value *value)
{
    bool is_null = !field->text.len && !field->is_quoted;
    *value = is_null ? value_null() : value_string_flagged(field->text, flags);
    if (is_null) return type != CSV_BOOLEAN;
    if (type != CSV_TEXT) csv_convert(&self->converter, type, arena, value);
    return true;
}

static bool record_store(struct csv *self, struct event *event, uint8_t source_flags, uint32_t count)
{
    uint8_t flags = source_flags & STRING_ASCII ? STRING_ASCII | STRING_UTF8 : 0; /* of a part, too */
    struct value *values = arena_alloc(event->arena, count * sizeof *values);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = VALUE_NONE;
        const struct column *column = column_ready(self, i);
        bool is_skipped = self->skip_empty_columns && !self->read[i].text.len;
        if (!column) return false;
        if (column->is_ignored || is_skipped) continue;
        if (!value_of(self, &self->read[i], column->type, flags, event->arena, &values[i])) return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].kind == VALUE_MISSING) continue;
        if (path_set(&self->list[i].path, event, values[i]) != PATH_SET) return false;
    }
    return true;
}

static void event_parse(struct csv *self, struct event *event, struct outcome *out)
{
    const struct value *source = path_get(&self->source, event);
    uint32_t count;
    if (!source || source->kind == VALUE_NULL || (source->kind == VALUE_BOOL && !source->boolean)) return;
    enum record record = source->kind == VALUE_STRING ? record_read(self, value_text(source), event->arena, &count)
                                                      : RECORD_WRONG;
    if (record == RECORD_EMPTY && self->skip_empty_rows) {
        event_tag(event, STR("_csvskippedemptyfield"));
        return;
    }
    if (record == RECORD_READ && self->autodetect_column_names && !self->named && count) {
        header_take(self, count);
        outcome_cancelled(out, event);
    } else if (record == RECORD_READ && self->skip_header && is_header(self, count)) {
        outcome_cancelled(out, event);
    } else if (record == RECORD_READ && record_store(self, event, source->flags, count)) {
        outcome_matched(out, event);
    } else {
        outcome_failed(out, event, STR("_csvparsefailure"));
    }
}

static void csv_apply(void *self, struct batch *batch, const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event) event_parse(self, event, out);
}

/* ---- compiling ---- */

static bool types_check(const struct csv *self, const struct plugin_context *context)
{
    static const struct str types[] = {{"integer", 7}, {"float", 5}, {"boolean", 7}, {"date", 4}, {"date_time", 9}};
    bool ok = true;
    for (uint32_t i = 0; i < self->convert.count; i++) {
        const struct str_pair *pair = &self->convert.items[i];
        if (csv_type_of(pair->value) != CSV_TYPES) continue;
        struct message *message =
            diag_error(context->diag, pair->place, "`%.*s` is not a type", STR_ARG(pair->value));
        struct str near = suggest(pair->value, types, sizeof types / sizeof *types);
        if (near.len) diag_hint(context->diag, message, "did you mean `%.*s`?", STR_ARG(near));
        diag_note(context->diag, message, "types: integer, float, boolean, date, date_time");
        ok = false;
    }
    return ok;
}

static bool characters_check(struct csv *self, const struct plugin_context *context)
{
    size_t len = 0;
    if (str_eq(self->quote_char, STR("\\x00"))) self->quote_char = STR("");
    if (self->quote_char.len) utf8_decode(self->quote_char, &len);
    bool is_quote = len == self->quote_char.len;
    if (!is_quote)
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "quote_char"),
                             "`quote_char` is one character, not `%.*s`", STR_ARG(self->quote_char)),
                  "`\\x00` switches quoting off");
    if (!self->separator.len)
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "separator"), "`separator` is empty"),
                  "write what stands between two fields");
    if (str_eq(self->separator, STR("\\t")))
        diag_hint(context->diag,
                  diag_warning(context->diag, context_place(context, "separator"),
                               "the separator is a backslash and a t, not a tab"),
                  "type a tab between the quotes, or set config.support_escapes");
    return is_quote && self->separator.len;
}

static bool columns_compile(struct csv *self, const struct plugin_context *context)
{
    bool ok = columns_reach(self, self->columns.count);
    if (!ok)
        return diag_error(context->diag, context_place(context, "columns"), "more than %d columns", CSV_COLUMNS_MAX),
               false;
    self->named = self->columns.count;
    for (uint32_t i = 0; i < self->named; i++) {
        struct column *column = &self->list[i];
        column->name = self->columns.items[i];
        if (!column->name.len || column_compile(self, column, column->name, context->arena)) continue;
        diag_error(context->diag, context_item_place(context, "columns", i), "`%.*s` is not the name of a field",
                   STR_ARG(column->name));
        ok = false;
    }
    return ok;
}

static void csv_destroy(void *opaque)
{
    struct csv *self = opaque;
    free(self->list);
    free(self->read);
    arena_fini(&self->names);
}

static bool csv_create(void *opaque, const struct plugin_context *context)
{
    struct csv *self = opaque;
    arena_init(&self->names, NULL);
    bool ok = types_check(self, context);
    ok &= characters_check(self, context);
    ok &= columns_compile(self, context);
    if (self->autodetect_column_names && context->workers > 1)
        diag_hint(context->diag,
                  diag_warning(context->diag, context_place(context, "autodetect_column_names"),
                               "each of %u workers takes the first record that it sees for the names",
                               context->workers),
                  "set pipeline.workers to 1, or name the columns");
    if (!ok) return csv_destroy(self), false;
    csv_syntax_init(&self->syntax, self->separator, self->quote_char);
    if (self->convert.count) csv_converter_init(&self->converter, context->arena);
    return true;
}

static unsigned types_of(enum csv_type type)
{
    static const unsigned types[] = {
        [CSV_TEXT] = 0,     [CSV_INTEGER] = TYPE_INTEGER, [CSV_FLOAT] = TYPE_FLOAT, [CSV_BOOLEAN] = TYPE_BOOLEAN,
        [CSV_DATE] = TYPE_TIME, [CSV_DATE_TIME] = TYPE_TIME,
    };
    return types[type] | TYPE_STRING | TYPE_NULL;
}

static void csv_fields(const void *opaque, struct field_set *fields)
{
    const struct csv *self = opaque;
    fields_read(fields, &self->source);
    fields_fail(fields);
    if (self->autodetect_column_names || self->autogenerate_column_names) fields_open(fields);
    for (uint32_t i = 0; i < self->named; i++)
        if (self->list[i].is_known) fields_may_put(fields, &self->list[i].path, types_of(self->list[i].type));
    fields_fail(fields);
}

const struct filter_type filter_csv = {
    .name = "csv",
    .summary = "Parses a record of comma-separated values.",
    .size = sizeof(struct csv),
    .options = csv_options,
    .create = csv_create,
    .apply = csv_apply,
    .destroy = csv_destroy,
    .fields = csv_fields,
    .is_ecs = true,
};
