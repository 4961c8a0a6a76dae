/* SPDX-License-Identifier: Apache-2.0 */
/* grok: takes text apart by named expressions. The engine is core/text/grok.h; this file says which
 * texts are tried and what became of the event. As in Logstash a missing field is the empty text,
 * and with `break_on_match => false` the last pattern tried decides whether a field matched.
 *
 * Departures: the budget of an attempt is REGEX_BUDGET_NS even where timeout_millis asks for more;
 * a map is matched as JSON text (there: Ruby's inspect). */
#include "filters/grok.h"
#include "core/fields/captures.h"
#include "core/pattern_files.h"
#include "core/plugin.h"
#include "core/text/grok_doubts.h"
#include "core/text/grok_list.h"
#include "core/text/number.h"
#include <stdlib.h>
#include <time.h>

/* One field of `match` with its patterns. */
struct match_field {
    struct path path;
    struct grok **groks;
    uint32_t count;
    struct grok_list *list; /* of several patterns; NULL: they are tried one by one */
};

struct grok_filter {
    struct str_pairs match;
    struct str_list patterns_dir;
    struct str patterns_files_glob;
    struct str_pairs pattern_definitions;
    bool break_on_match, named_captures_only, keep_empty_captures;
    struct str target;
    struct str_list overwrite, tag_on_failure;
    struct str tag_on_timeout;
    int64_t timeout_millis;
    struct choice timeout_scope;

    struct grok_library library;
    struct match_field *fields;
    uint32_t field_count;
    struct grok **groks; /* of all fields */
    struct place *places; /* of their patterns */
    uint32_t grok_count;
    int64_t shared_ns; /* the timeout of all that is tried on a field; 0: each attempt has its own */
    struct buf text;   /* of a value that is no string */
    atomic_uint_fast64_t matches, failures, timeouts;
};

enum { SCOPE_PATTERN, SCOPE_EVENT };
static const char *const SCOPES[] = {"pattern", "event", NULL};

static const struct option grok_options[] = {
    OPTION_PAIRS(struct grok_filter, match,
                 .help = "Fields and the patterns to try on each, in order. The library: tailrace docs patterns."),
    OPTION_STRINGS(struct grok_filter, patterns_dir,
                   .help = "Folders or files with patterns of your own, `NAME regex` lines."),
    OPTION_STRING(struct grok_filter, patterns_files_glob, .preset = "*",
                  .help = "Which files of a folder in patterns_dir are read."),
    OPTION_PAIRS(struct grok_filter, pattern_definitions,
                 .help = "Patterns of your own: name => regex; they win over all others."),
    OPTION_BOOL(struct grok_filter, break_on_match, .preset = "true",
                .help = "Stop at the first pattern that matches."),
    OPTION_BOOL(struct grok_filter, named_captures_only, .preset = "true",
                .help = "Store only %{NAME:field}, not %{NAME}."),
    OPTION_BOOL(struct grok_filter, keep_empty_captures, .preset = "false",
                .help = "Store captures that are empty or took no part."),
    OPTION_STRING(struct grok_filter, target,
                  .help = "Field below which captures are stored; default the event itself."),
    OPTION_STRINGS(struct grok_filter, overwrite,
                   .help = "Fields that a capture replaces instead of adding to."),
    OPTION_STRINGS(struct grok_filter, tag_on_failure, .preset = "_grokparsefailure",
                   .help = "Tags of events that match no pattern."),
    OPTION_STRING(struct grok_filter, tag_on_timeout, .preset = "_groktimeout",
                  .help = "Tag of events on which a pattern took too long."),
    OPTION_INT(struct grok_filter, timeout_millis, .preset = "30000", .min = 0,
               .max = INT64_MAX / 1000000,
               .help = "CPU time of an attempt; never more than 10 ms."),
    OPTION_CHOICE(struct grok_filter, timeout_scope, .preset = "pattern", .choices = SCOPES,
                  .help = "Whether the timeout holds for each pattern or for all of a field."),
    OPTION_END};

/* ---- compiling ---- */

static bool library_load(struct grok_filter *self, const struct plugin_context *context)
{
    grok_library_init(&self->library, context->ecs != ECS_DISABLED, context->arena);
    bool ok = pattern_files_read(&self->library, &self->patterns_dir, self->patterns_files_glob, context);
    for (uint32_t i = 0; i < self->pattern_definitions.count; i++)
        grok_library_define(&self->library, self->pattern_definitions.items[i].name,
                            self->pattern_definitions.items[i].value);
    return ok;
}

/* `%{INT:n:integer}` converts nothing, and Logstash says nothing of it. */
static void type_check(const struct grok *grok, const struct str_pair *pair, struct diag *diag)
{
    struct str capture, type;
    for (uint32_t at = 0; grok_type_ignored(grok, &at, &capture, &type);) {
        struct place place = pair->place;
        ptrdiff_t found = str_find(pair->value, capture);
        if (found >= 0) { /* else in a definition */
            size_t end = (size_t)found + capture.len;
            place = place_within(place, pair->value, end - type.len, end);
        }
        struct message *message =
            diag_warning(diag, place, "`%.*s` converts nothing: `%%{%.*s}` stays a text",
                         STR_ARG(type), STR_ARG(capture));
        bool is_text = str_eq(type, STR("string"));
        diag_hint(diag, message, is_text ? "leave `:string` out" : "the types are `int` and `float`");
    }
}

static bool pattern_compile(struct grok_filter *self, struct match_field *field,
                            const struct str_pair *pair, const struct plugin_context *context)
{
    struct grok_options options = {.named_only = self->named_captures_only,
                                   .keep_empty = self->keep_empty_captures,
                                   .target = self->target,
                                   .overwrite = self->overwrite.items,
                                   .overwrite_count = self->overwrite.count};
    struct grok_problem problem;
    struct grok *grok =
        grok_compile(&self->library, pair->value, &options, context->arena, &problem);
    if (!grok) {
        struct message *message =
            diag_error(context->diag,
                       place_within(pair->place, pair->value, problem.offset, pair->value.len),
                       "%s", problem.text);
        if (problem.hint[0]) diag_hint(context->diag, message, "%s", problem.hint);
        return false;
    }
    type_check(grok, pair, context->diag);
    grok_doubts_say(&self->library, pair->value, pair->place, context->diag);
    if (self->timeout_millis) regex_budget_set(grok->regex, self->timeout_millis * 1000000);
    field->groks[field->count++] = grok;
    self->places[self->grok_count] = pair->place;
    self->groks[self->grok_count++] = grok;
    return true;
}

/* All patterns of the field that pair `first` names; pairs of one field need not be neighbours. */
static bool field_compile(struct grok_filter *self, uint32_t first,
                          const struct plugin_context *context)
{
    const struct str_pair *pairs = self->match.items;
    for (uint32_t i = 0; i < first; i++)
        if (str_eq(pairs[i].name, pairs[first].name)) return true;
    struct match_field *field = &self->fields[self->field_count++];
    field->groks = arena_zalloc(context->arena, self->match.count * sizeof(struct grok *));
    bool ok = path_compile(&field->path, pairs[first].name, context->arena);
    if (!ok)
        diag_error(context->diag, pairs[first].name_place, "`%.*s` is not a field reference",
                   STR_ARG(pairs[first].name));
    for (uint32_t i = first; i < self->match.count; i++)
        if (str_eq(pairs[i].name, pairs[first].name))
            ok &= pattern_compile(self, field, &pairs[i], context);
    return ok;
}

static void grok_filter_destroy(void *opaque)
{
    struct grok_filter *self = opaque;
    for (uint32_t i = 0; i < self->field_count; i++) grok_list_destroy(self->fields[i].list);
    for (uint32_t i = 0; i < self->grok_count; i++) grok_destroy(self->groks[i]);
    buf_fini(&self->text);
}

static bool grok_create(void *opaque, const struct plugin_context *context)
{
    struct grok_filter *self = opaque;
    bool ok = library_load(self, context);
    self->fields = arena_zalloc(context->arena, (self->match.count + 1) * sizeof *self->fields);
    self->groks = arena_zalloc(context->arena, (self->match.count + 1) * sizeof *self->groks);
    self->places = arena_zalloc(context->arena, (self->match.count + 1) * sizeof *self->places);
    for (uint32_t i = 0; i < self->match.count; i++) ok &= field_compile(self, i, context);
    for (uint32_t i = 0; ok && self->break_on_match && i < self->field_count; i++) {
        struct match_field *field = &self->fields[i];
        if (field->count > 1 && field->count <= GROK_LIST_MAX)
            field->list = grok_list_create(field->groks, field->count, context->arena);
    }
    if (self->timeout_scope.value == SCOPE_EVENT) self->shared_ns = self->timeout_millis * 1000000;
    if (!ok) grok_filter_destroy(self); /* what was refused is not destroyed again */
    return ok;
}

/* ---- running ---- */
static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* When what is tried on a field must have ended; 0: each attempt ends by its own budget, and all of
 * them together before the shared timeout could. */
static int64_t deadline_of(const struct grok_filter *self, uint64_t attempts)
{
    bool matters = self->shared_ns && (uint64_t)self->shared_ns / REGEX_BUDGET_NS < attempts;
    return matters ? now_ns() + self->shared_ns : 0;
}

/* An attempt that gets what is left until then. */
static enum regex_verdict apply_until(const struct grok_filter *self, struct grok *grok,
                                      struct str text, uint8_t flags, int64_t deadline,
                                      struct event *event)
{
    if (!deadline) return grok_apply(grok, text, flags, event);
    int64_t left = deadline - now_ns();
    if (left <= 0) return REGEX_LIMIT;
    regex_budget_set(grok->regex, left);
    enum regex_verdict verdict = grok_apply(grok, text, flags, event);
    regex_budget_set(grok->regex, self->shared_ns);
    return verdict;
}

static enum regex_verdict match_text(const struct grok_filter *self,
                                     const struct match_field *field, struct str text,
                                     uint8_t flags, int64_t deadline, struct event *event)
{
    enum regex_verdict verdict = REGEX_NO_MATCH;
    uint32_t which;
    if (field->list && !deadline) return grok_list_apply(field->list, text, flags, event, &which);
    for (uint32_t i = 0; i < field->count; i++) {
        verdict = apply_until(self, field->groks[i], text, flags, deadline, event);
        if (verdict == REGEX_LIMIT || (verdict == REGEX_MATCH && self->break_on_match)) break;
    }
    return verdict; /* of the last pattern tried, as in Logstash */
}

/* The text of anything but a string or an array, as Ruby's to_s writes it. */
static struct str scalar_text(struct grok_filter *self, const struct value *value,
                              struct arena *arena)
{
    buf_clear(&self->text);
    if (value->kind == VALUE_DOUBLE) {
        buf_reserve(&self->text, NUMBER_PRINT_MAX);
        self->text.len = number_print_ruby(value->real, self->text.ptr);
    } else {
        value_print(value, &self->text);
    }
    return arena_copy(arena, buf_str(&self->text));
}

static enum regex_verdict match_value(struct grok_filter *self, const struct match_field *field,
                                      struct value *value, int64_t deadline, struct event *event)
{
    if (!value) return match_text(self, field, STR(""), STRING_ASCII | STRING_UTF8, deadline, event);
    if (value->kind == VALUE_STRING) {
        uint8_t flags = value_string_flags(value);
        return match_text(self, field, value_text(value), flags, deadline, event);
    }
    return match_text(self, field, scalar_text(self, value, event->arena), 0, deadline, event);
}

/* Captures may write the very array that is read: its items are taken first. */
static enum regex_verdict match_items(struct grok_filter *self, const struct match_field *field,
                                      const struct array *array, struct event *event)
{
    enum regex_verdict result = REGEX_NO_MATCH;
    uint32_t count = array->count;
    int64_t deadline = deadline_of(self, (uint64_t)count * field->count);
    struct value *items = arena_alloc(event->arena, count * sizeof *items);
    memcpy(items, array->items, count * sizeof *items);
    for (uint32_t i = 0; i < count; i++) {
        enum regex_verdict verdict = match_value(self, field, &items[i], deadline, event);
        if (verdict == REGEX_LIMIT) return REGEX_LIMIT;
        if (verdict == REGEX_MATCH) result = REGEX_MATCH;
    }
    return result;
}

/* Lists and long texts have one account for all attempts; the limit of each is enough for others. */
static bool is_large(const struct value *value)
{
    return value && (value->kind == VALUE_ARRAY || (value->kind == VALUE_STRING && value->len > REGEX_SHORT_BYTES));
}

static enum regex_verdict match_event(struct grok_filter *self, struct event *event)
{
    enum regex_verdict result = REGEX_NO_MATCH;
    for (uint32_t i = 0; i < self->field_count; i++) {
        const struct match_field *field = &self->fields[i];
        struct value *value = path_get(&field->path, event);
        bool has_items = value && value->kind == VALUE_ARRAY && value->array->count;
        bool is_empty = value && value->kind == VALUE_ARRAY && !value->array->count;
        enum regex_verdict verdict = REGEX_NO_MATCH;
        if (is_large(value)) regex_event_begin();
        if (has_items)
            verdict = match_items(self, field, value->array, event);
        else if (!is_empty)
            verdict = match_value(self, field, value, deadline_of(self, field->count), event);
        if (verdict == REGEX_LIMIT) return REGEX_LIMIT;
        if (verdict == REGEX_MATCH) result = REGEX_MATCH;
        if (verdict == REGEX_MATCH && self->break_on_match) break;
    }
    return result;
}

static void grok_filter_apply(void *opaque, struct batch *batch, const struct selection *in,
                              struct outcome *out)
{
    struct grok_filter *self = opaque;
    uint64_t counts[3] = {0};
    SELECTION_EACH (batch, in, event) {
        enum regex_verdict verdict = match_event(self, event);
        regex_event_end();
        counts[verdict]++;
        if (verdict == REGEX_MATCH)
            outcome_matched(out, event);
        else if (verdict == REGEX_LIMIT)
            outcome_failed(out, event, self->tag_on_timeout);
        else
            outcome_failed_tags(out, event, self->tag_on_failure);
    }
    counter_add(&self->matches, counts[REGEX_MATCH]);
    counter_add(&self->failures, counts[REGEX_NO_MATCH]);
    counter_add(&self->timeouts, counts[REGEX_LIMIT]);
}

static void grok_filter_fields(const void *opaque, struct field_set *fields)
{
    const struct grok_filter *self = opaque;
    for (uint32_t i = 0; i < self->field_count; i++) fields_read(fields, &self->fields[i].path);
    fields_fail(fields);
    for (uint32_t i = 0; i < self->field_count; i++)
        for (uint32_t k = 0; k < self->fields[i].count; k++)
            grok_fields(self->fields[i].groks[k], &self->fields[i].path, !self->break_on_match, fields);
    /* the last one tried decides, whatever those before have stored */
    if (!self->break_on_match) fields_fail(fields);
}

static uint32_t grok_metrics(void *opaque, struct metric_row *rows, uint32_t capacity)
{
    struct grok_filter *self = opaque;
    struct metric_row all[] = {
        {"matches", &self->matches}, {"failures", &self->failures}, {"timeouts", &self->timeouts}};
    uint32_t count = 0;
    while (count < capacity && count < sizeof all / sizeof *all) rows[count] = all[count], count++;
    return count;
}

uint32_t grok_filter_patterns(const void *opaque, struct grok *const **groks)
{
    const struct grok_filter *self = opaque;
    *groks = self->groks;
    return self->grok_count;
}

const struct path *grok_filter_field(const void *opaque, uint32_t number)
{
    const struct grok_filter *self = opaque;
    const struct path *path = NULL;
    for (uint32_t i = 0; i < self->field_count; i++)
        for (uint32_t k = 0; k < self->fields[i].count; k++)
            if (self->fields[i].groks[k] == self->groks[number]) path = &self->fields[i].path;
    assert(path); /* each pattern is of a field */
    return path;
}

const struct grok_library *grok_filter_library(const void *opaque)
{
    return &((const struct grok_filter *)opaque)->library;
}

struct place grok_filter_place(const void *opaque, uint32_t number)
{
    const struct grok_filter *self = opaque;
    assert(number < self->grok_count);
    return self->places[number];
}

const struct filter_type filter_grok = {
    .name = "grok",
    .summary = "Takes text apart by named expressions.",
    .size = sizeof(struct grok_filter),
    .options = grok_options,
    .create = grok_create,
    .apply = grok_filter_apply,
    .destroy = grok_filter_destroy,
    .metrics = grok_metrics,
    .fields = grok_filter_fields,
    .is_ecs = true,
};
