/* SPDX-License-Identifier: Apache-2.0 */
/* date: takes the time of an event from a field. The formats are tried in order; the first that
 * fits sets the target, to the millisecond. A field that is absent or null changes nothing.
 * Engine: core/text/date.h. */
#include "core/plugin.h"
#include "core/text/date.h"
#include "core/text/time.h"

struct date {
    struct str_list match;
    struct path target;
    struct template timezone;
    struct str locale;
    struct str_list tag_on_failure;

    struct path field;
    struct date_reader *readers; /* one for each format */
    uint32_t reader_count;
    bool is_timestamp;     /* the target is @timestamp */
    bool is_zone_dynamic;  /* `timezone` depends on the event */
    bool is_zone_known;    /* of the event before, `zone_text` */
    size_t zone_len;
    char zone_text[ZONE_ID_MAX];
    atomic_uint_fast64_t matches, failures;
};

static const struct option date_options[] = {
    OPTION_STRINGS(struct date, match, .required = true,
                   .help = "The field, then the formats to try: ISO8601, UNIX, UNIX_MS, TAI64N or a "
                           "Joda pattern such as `MMM dd yyyy HH:mm:ss`."),
    OPTION_PATH(struct date, target, .preset = "@timestamp", .help = "Field that gets the time."),
    OPTION_TEMPLATE(struct date, timezone,
                    .help = "Time zone of dates that name none: `Europe/Paris`, `+02:00`, `%{field}`. "
                            "Without it the machine's."),
    OPTION_STRING(struct date, locale,
                  .help = "Language of the names of months and days: en, de, fr, es, it, pt or nl."),
    OPTION_STRINGS(struct date, tag_on_failure, .preset = "_dateparsefailure",
                   .help = "Tags of an event whose date fits no format."),
    OPTION_END
};

/* ---- create ---- */
static bool zone_create(struct date *self, const struct plugin_context *context, struct zone *zone)
{
    *zone = (struct zone){0};
    if (self->timezone.text.len == 0) {
        *zone = zone_system();
        return true;
    }
    self->is_zone_dynamic = !self->timezone.is_literal;
    if (self->is_zone_dynamic) return true;
    enum zone_status status = zone_find(self->timezone.text, zone);
    if (status == ZONE_FOUND) return true;
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "timezone"),
                         "time zone `%.*s` is not known", STR_ARG(self->timezone.text)),
              "%s", zone_explain(status));
    return false;
}

static bool formats_create(struct date *self, const struct plugin_context *context, struct zone zone)
{
    struct zone here = zone_system();
    struct zone_cursor cursor = {0};
    int64_t now = event_now().seconds;
    int32_t year = time_civil(now + zone_offset(&here, &cursor, now)).year;
    const struct locale *locale = self->locale.len ? date_locale(self->locale) : date_locale_english();
    bool is_good = true;
    self->reader_count = self->match.count - 1;
    self->readers = arena_alloc(context->arena, self->reader_count * sizeof *self->readers);
    for (uint32_t i = 0; i < self->reader_count; i++) {
        struct str problem = {0}, format = self->match.items[i + 1];
        struct date_parser *parser = date_parser_compile(format, locale, year, context->arena, &problem);
        if (parser) {
            date_reader_init(&self->readers[i], parser, zone);
            continue;
        }
        diag_hint(context->diag,
                  diag_error(context->diag, context_item_place(context, "match", i + 1),
                             "date format `%.*s` cannot be read", STR_ARG(format)),
                  "%.*s", STR_ARG(problem));
        is_good = false;
    }
    return is_good;
}

static bool date_create(void *opaque, const struct plugin_context *context)
{
    struct date *self = opaque;
    if (self->match.count < 2) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "match"),
                             "`match` needs a field and at least one format"),
                  "as in match => [\"timestamp\", \"ISO8601\"]");
        return false;
    }
    struct zone zone;
    bool is_good = zone_create(self, context, &zone);
    if (!path_compile(&self->field, self->match.items[0], context->arena)) {
        diag_error(context->diag, context_item_place(context, "match", 0), "`%.*s` is not a field reference",
                   STR_ARG(self->match.items[0]));
        is_good = false;
    }
    const struct path *target = &self->target;
    self->is_timestamp = !target->is_metadata && target->count == 1 && target->slot == SLOT_TIMESTAMP;
    return formats_create(self, context, zone) && is_good;
}

/* ---- apply ---- */
/* Gives the readers the event's zone; false: it has no zone that exists. */
static bool zone_of_event(struct date *self, const struct event *event)
{
    struct str text = template_render(&self->timezone, event);
    struct str before = {self->zone_text, self->zone_len};
    if (text.len == 0 || text.len > ZONE_ID_MAX) return false;
    if (str_eq(text, before)) return self->is_zone_known;
    struct zone zone;
    self->is_zone_known = zone_find(text, &zone) == ZONE_FOUND;
    self->zone_len = text.len;
    memcpy(self->zone_text, text.ptr, text.len);
    for (uint32_t i = 0; self->is_zone_known && i < self->reader_count; i++)
        date_reader_zone(&self->readers[i], zone);
    return self->is_zone_known;
}

/* A format's reading of a value that is no string. */
static bool read_number(const struct date_parser *parser, const struct value *value, int64_t *seconds,
                        uint32_t *ns)
{
    switch (value->kind) {
    case VALUE_INT: return date_parse_int(parser, value->integer, seconds, ns);
    case VALUE_DOUBLE: return date_parse_double(parser, value->real, seconds, ns);
    case VALUE_NUMBER: return date_parse_number(parser, value_text(value), seconds, ns);
    default: return false;
    }
}

static bool read_date(struct date *self, const struct event *event, const struct value *value,
                      struct value *time)
{
    int64_t seconds;
    uint32_t ns;
    bool is_string = value->kind == VALUE_STRING;
    bool has_zone = !self->is_zone_dynamic || !is_string || zone_of_event(self, event);
    for (uint32_t i = 0; i < self->reader_count; i++) {
        struct date_reader *reader = &self->readers[i];
        bool is_read;
        if (!is_string) is_read = read_number(reader->parser, value, &seconds, &ns);
        else if (!has_zone && !date_parser_is_numeric(reader->parser)) is_read = false;
        else is_read = date_parse(reader, value_text(value), &seconds, &ns);
        if (!is_read) continue;
        *time = value_time(seconds, ns);
        return true;
    }
    return false;
}

static bool set_target(const struct date *self, struct event *event, struct value time)
{
    if (self->is_timestamp) {
        event_slot_set(event, SLOT_TIMESTAMP, time);
        return true;
    }
    enum path_result result = path_set(&self->target, event, time);
    return result == PATH_SET || result == PATH_IGNORED;
}

static void date_apply(void *opaque, struct batch *batch, const struct selection *in,
                       struct outcome *out)
{
    struct date *self = opaque;
    uint32_t matched = out->matched, failed = out->failed;
    for (uint32_t i = 0; i < self->reader_count; i++)
        date_reader_now(&self->readers[i], batch->now.seconds);
    SELECTION_EACH(batch, in, event)
    {
        const struct value *value = path_get(&self->field, event);
        struct value time;
        if (!value || value->kind == VALUE_NULL) continue;
        if (read_date(self, event, value, &time) && set_target(self, event, time))
            outcome_matched(out, event);
        else
            outcome_failed_tags(out, event, self->tag_on_failure);
    }
    counter_add(&self->matches, out->matched - matched);
    counter_add(&self->failures, out->failed - failed);
}

static void date_fields(const void *opaque, struct field_set *fields)
{
    const struct date *self = opaque;
    fields_read(fields, &self->field);
    fields_read_template(fields, &self->timezone);
    fields_fail(fields);
    fields_put(fields, &self->target, TYPE_TIME);
}

static uint32_t date_metrics(void *opaque, struct metric_row *rows, uint32_t capacity)
{
    struct date *self = opaque;
    if (capacity < 2) return 0;
    rows[0] = (struct metric_row){"matches", &self->matches};
    rows[1] = (struct metric_row){"failures", &self->failures};
    return 2;
}

const struct filter_type filter_date = {
    .name = "date",
    .summary = "Takes the time of an event from a field.",
    .size = sizeof(struct date),
    .options = date_options,
    .create = date_create,
    .apply = date_apply,
    .metrics = date_metrics,
    .fields = date_fields,
};
