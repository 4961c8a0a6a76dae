/* SPDX-License-Identifier: Apache-2.0 */
/* dissect: takes texts apart at delimiters, without expressions. The engine is core/text/dissect.h; keys are
 * compiled to fields once. All delimiters are found before the first field is written; then plain fields are
 * set, then what is appended (by its number), then fields that are named by a value. Mappings run in order
 * and may read what earlier ones set; the common options run after each that succeeds. */
#include "core/text/dissect.h"
#include "core/log.h"
#include "core/plugin.h"
#include "core/text/decimal.h"
#include "core/text/number.h"

struct mapping {
    struct path source;
    struct dissect dissect;
    struct path *paths; /* of the fields; of an indirect one: where its name is */
    uint32_t *appends;  /* numbers of fields, in the order in which they are appended */
    uint32_t append_count;
    bool has_indirect;
};

struct conversion {
    struct path field;
    bool is_integer;
    struct str null_tag, wrong_tag;
};

struct dissect_filter {
    struct str_pairs mapping, convert_datatype;
    struct str_list tag_on_failure;

    struct mapping *mappings;
    uint32_t mapping_count;
    struct conversion *conversions;
    uint32_t conversion_count;
    struct str *values; /* of the mapping that runs */
    struct str id;
    atomic_uint_fast64_t matches, failures;
};

static const struct option dissect_options[] = {
    OPTION_PAIRS(struct dissect_filter, mapping,
                 .help = "Fields and the pattern of each: \"message\" => \"%{ts} %{+ts} %{level}: %{text}\"."),
    OPTION_PAIRS(struct dissect_filter, convert_datatype,
                 .help = "Fields and their new type, int or float, when all mappings are done."),
    OPTION_STRINGS(struct dissect_filter, tag_on_failure, .preset = "_dissectfailure",
                   .help = "Tags of events whose text lacks a delimiter."),
    OPTION_END};

/* ---- storing ---- */

static struct str text_of(const struct value *value, struct arena *arena)
{
    if (value->kind == VALUE_STRING || value->kind == VALUE_NUMBER) return value_text(value);
    struct buf text = buf_in_arena(arena);
    value_print(value, &text);
    return buf_take(&text);
}

static bool append(const struct path *path, struct str joiner, struct str value, struct event *event)
{
    const struct value *old = path_get(path, event);
    if (!old || old->kind == VALUE_NULL) return path_set(path, event, value_string(value)) == PATH_SET;
    struct buf text = buf_in_arena(event->arena);
    buf_append(&text, text_of(old, event->arena));
    buf_append(&text, joiner);
    buf_append(&text, value);
    return path_set(path, event, value_string(buf_take(&text))) == PATH_SET;
}

/* The name of the field that `&key` stands for: what `key` has in the event, else what a part of this name
 * has found. Empty: there is none. */
static struct str name_of(const struct mapping *mapping, uint32_t number, const struct str *values,
                          struct event *event)
{
    const struct value *named = path_get(&mapping->paths[number], event);
    if (named && named->kind != VALUE_NULL) return text_of(named, event->arena);
    for (uint32_t i = 0; i < mapping->dissect.count; i++) {
        const struct dissect_field *field = &mapping->dissect.fields[i];
        if (i != number && str_eq(field->key, mapping->dissect.fields[number].key)) return values[i];
    }
    return STR("");
}

static bool indirect_store(const struct mapping *mapping, uint32_t number, const struct str *values,
                           struct event *event)
{
    struct path path;
    struct str name = name_of(mapping, number, values, event);
    if (!name.len) return true;
    return path_compile(&path, name, event->arena) &&
           path_set(&path, event, value_string(values[number])) == PATH_SET;
}

static bool fields_store(const struct mapping *mapping, const struct str *values, uint8_t flags, struct event *event)
{
    const struct dissect_field *fields = mapping->dissect.fields;
    uint32_t count = mapping->dissect.count;
    bool ok = true;
    for (uint32_t i = 0; i < count && ok; i++)
        if (fields[i].kind == DISSECT_PLAIN)
            ok = path_set(&mapping->paths[i], event, value_string_flagged(values[i], flags)) == PATH_SET;
    for (uint32_t i = 0; i < mapping->append_count && ok; i++) {
        uint32_t number = mapping->appends[i];
        ok = append(&mapping->paths[number], fields[number].joiner, values[number], event);
    }
    for (uint32_t i = 0; mapping->has_indirect && i < count && ok; i++)
        if (fields[i].kind == DISSECT_INDIRECT) ok = indirect_store(mapping, i, values, event);
    return ok;
}

/* ---- one event ---- */

enum mapping_verdict { MAPPING_MATCHED, MAPPING_FAILED, MAPPING_ABSENT };

/* A part of an ASCII text is ASCII; of other texts a delimiter may cut a character. */
static enum mapping_verdict mapping_run(struct dissect_filter *self, const struct mapping *mapping, struct event *event)
{
    const struct value *source = path_get(&mapping->source, event);
    if (!source) {
        LOG(LOG_WARN, "dissect.field_missing", self->id, "an event has no field `%.*s`",
            STR_ARG(mapping->source.text));
        return MAPPING_ABSENT;
    }
    if (source->kind == VALUE_NULL) return MAPPING_FAILED;
    struct str text = text_of(source, event->arena);
    uint8_t flags = source->kind == VALUE_STRING && source->flags & STRING_ASCII ? STRING_ASCII | STRING_UTF8 : 0;
    bool is_done = text.len && dissect_match(&mapping->dissect, text, self->values) &&
                   fields_store(mapping, self->values, flags, event);
    return is_done ? MAPPING_MATCHED : MAPPING_FAILED;
}

static bool number_make(const struct conversion *conversion, const struct value *old, struct arena *arena,
                        struct value *out)
{
    struct value exact;
    if (old->kind != VALUE_STRING && !value_is_number(old)) return false;
    if (!decimal_read(text_of(old, arena), arena, &exact)) return false;
    if (!conversion->is_integer) return *out = exact, true;
    return number_truncate(&exact, arena, out);
}

static void conversion_run(const struct conversion *conversion, struct event *event)
{
    const struct value *old = path_get(&conversion->field, event);
    struct value number;
    if (!old || old->kind == VALUE_NULL)
        event_tag(event, conversion->null_tag);
    else if (!number_make(conversion, old, event->arena, &number) ||
             path_set(&conversion->field, event, number) != PATH_SET)
        event_tag(event, conversion->wrong_tag);
}

/* The common options run after each success; after the last one the host runs them. */
static void event_dissect(struct dissect_filter *self, struct event *event, struct outcome *out)
{
    enum mapping_verdict last = MAPPING_ABSENT;
    bool has_failed = false;
    for (uint32_t i = 0; i < self->mapping_count; i++) {
        if (last == MAPPING_MATCHED) outcome_common(out, event);
        last = mapping_run(self, &self->mappings[i], event);
        has_failed |= last != MAPPING_MATCHED;
        for (uint32_t k = 0; last == MAPPING_FAILED && k < self->tag_on_failure.count; k++)
            event_tag(event, self->tag_on_failure.items[k]);
    }
    for (uint32_t i = 0; i < self->conversion_count; i++) conversion_run(&self->conversions[i], event);
    if (last == MAPPING_MATCHED)
        outcome_matched(out, event);
    else if (self->mapping_count)
        outcome_failed(out, event, STR(""));
    counter_add(has_failed ? &self->failures : &self->matches, 1);
}

static void dissect_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event) event_dissect(opaque, event, out);
}

/* ---- compiling ---- */

static bool keys_compile(struct mapping *mapping, const struct str_pair *pair, const struct plugin_context *context)
{
    bool ok = true;
    for (uint32_t i = 0; i < mapping->dissect.count; i++) {
        const struct dissect_field *field = &mapping->dissect.fields[i];
        mapping->has_indirect |= field->kind == DISSECT_INDIRECT;
        if (field->kind == DISSECT_SKIP || path_compile(&mapping->paths[i], field->key, context->arena)) continue;
        diag_error(context->diag, place_within(pair->place, pair->value, field->start, field->end),
                   "`%.*s` is not a field reference", STR_ARG(field->key));
        ok = false;
    }
    return ok;
}

/* Stable, by number. */
static void appends_sort(struct mapping *mapping, struct arena *arena)
{
    const struct dissect *dissect = &mapping->dissect;
    mapping->appends = arena_alloc(arena, dissect->count * sizeof *mapping->appends);
    for (uint32_t i = 0; i < dissect->count; i++) {
        if (dissect->fields[i].kind != DISSECT_APPEND) continue;
        uint32_t at = mapping->append_count++;
        while (at && dissect->fields[mapping->appends[at - 1]].order > dissect->fields[i].order) {
            mapping->appends[at] = mapping->appends[at - 1];
            at--;
        }
        mapping->appends[at] = i;
    }
}

static bool mapping_compile(struct mapping *mapping, const struct str_pair *pair, const struct plugin_context *context)
{
    struct dissect_problem problem;
    if (!path_compile(&mapping->source, pair->name, context->arena))
        return diag_error(context->diag, pair->name_place, "`%.*s` is not a field reference", STR_ARG(pair->name)),
               false;
    if (!dissect_compile(&mapping->dissect, pair->value, context->arena, &problem)) {
        diag_error(context->diag, place_within(pair->place, pair->value, problem.start, problem.end), "%s",
                   problem.text);
        return false;
    }
    const struct dissect *dissect = &mapping->dissect;
    if (dissect->never_matches) {
        const struct dissect_field *second = &dissect->fields[dissect->adjacent];
        diag_hint(context->diag,
                  diag_warning(context->diag, place_within(pair->place, pair->value, second->start, second->end),
                               "no text can match: two fields have nothing between them"),
                  "put the text that separates them before it");
    }
    mapping->paths = arena_zalloc(context->arena, dissect->count * sizeof *mapping->paths);
    appends_sort(mapping, context->arena);
    return keys_compile(mapping, pair, context);
}

static bool equals_word(struct str text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

static bool conversion_compile(struct conversion *conversion, const struct str_pair *pair,
                               const struct plugin_context *context)
{
    struct arena *arena = context->arena;
    conversion->is_integer = equals_word(pair->value, "int");
    const char *type = conversion->is_integer ? "int" : "float";
    conversion->null_tag = arena_printf(arena, "_dataconversionnullvalue_%.*s_%s", STR_ARG(pair->name), type);
    conversion->wrong_tag = arena_printf(arena, "_dataconversionuncoercible_%.*s_%s", STR_ARG(pair->name), type);
    bool is_reference = path_compile(&conversion->field, pair->name, arena);
    if (!is_reference)
        diag_error(context->diag, pair->name_place, "`%.*s` is not a field reference", STR_ARG(pair->name));
    if (conversion->is_integer || equals_word(pair->value, "float")) return is_reference;
    struct message *message =
        diag_error(context->diag, pair->place, "`%.*s` is not a type", STR_ARG(pair->value));
    diag_hint(context->diag, message, "dissect converts to `int` and `float`");
    return false;
}

/* A field with an empty pattern is not looked at. */
static bool dissect_create(void *opaque, const struct plugin_context *context)
{
    struct dissect_filter *self = opaque;
    struct arena *arena = context->arena;
    bool ok = true;
    uint32_t most = 1;
    self->id = context->id;
    self->mappings = arena_zalloc(arena, (self->mapping.count + 1) * sizeof *self->mappings);
    self->conversions = arena_zalloc(arena, (self->convert_datatype.count + 1) * sizeof *self->conversions);
    for (uint32_t i = 0; i < self->mapping.count; i++) {
        if (!self->mapping.items[i].value.len) continue;
        struct mapping *mapping = &self->mappings[self->mapping_count++];
        ok &= mapping_compile(mapping, &self->mapping.items[i], context);
        if (mapping->dissect.count > most) most = mapping->dissect.count;
    }
    for (uint32_t i = 0; i < self->convert_datatype.count; i++) {
        struct conversion *conversion = &self->conversions[self->conversion_count++];
        ok &= conversion_compile(conversion, &self->convert_datatype.items[i], context);
    }
    self->values = arena_alloc(arena, most * sizeof *self->values);
    return ok;
}

/* ---- what can be there ---- */

static void mapping_tell(const struct mapping *mapping, struct field_set *fields)
{
    fields_read(fields, &mapping->source);
    fields_fail(fields);
    for (uint32_t i = 0; i < mapping->dissect.count; i++) {
        switch (mapping->dissect.fields[i].kind) {
        case DISSECT_PLAIN:
        case DISSECT_APPEND: fields_put(fields, &mapping->paths[i], TYPE_STRING); break;
        case DISSECT_INDIRECT: fields_open(fields); break;
        case DISSECT_SKIP: break;
        }
    }
    fields_fail(fields);
}

static void dissect_tell(const void *opaque, struct field_set *fields)
{
    const struct dissect_filter *self = opaque;
    for (uint32_t i = 0; i < self->mapping_count; i++) {
        if (i) fields_forget(fields); /* the common options, of which nothing is known here, have run */
        mapping_tell(&self->mappings[i], fields);
    }
    for (uint32_t i = 0; i < self->conversion_count; i++) {
        const struct conversion *conversion = &self->conversions[i];
        unsigned types = fields_read(fields, &conversion->field);
        fields_fail(fields);
        fields_retype(fields, &conversion->field,
                      types | (conversion->is_integer ? TYPE_INTEGER : TYPE_INTEGER | TYPE_FLOAT));
    }
    fields_fail(fields);
}

static uint32_t dissect_metrics(void *opaque, struct metric_row *rows, uint32_t capacity)
{
    struct dissect_filter *self = opaque;
    if (capacity < 2) return 0;
    rows[0] = (struct metric_row){"matches", &self->matches};
    rows[1] = (struct metric_row){"failures", &self->failures};
    return 2;
}

const struct filter_type filter_dissect = {
    .name = "dissect",
    .summary = "Takes texts apart at delimiters.",
    .size = sizeof(struct dissect_filter),
    .options = dissect_options,
    .create = dissect_create,
    .apply = dissect_apply,
    .metrics = dissect_metrics,
    .fields = dissect_tell,
};
