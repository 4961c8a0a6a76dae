/* SPDX-License-Identifier: Apache-2.0 */
/* syslog_pri: takes the number of a syslog message (RFC 5424 section 6.2.1) apart: facility * 8 +
 * severity. Departure: a number below 0 counts as no number. */
#include "core/plugin.h"
#include "core/text/number.h"

enum { PRIORITY_UNKNOWN = 13 }; /* user-level, notice (RFC 3164 section 4.3.3) */

struct syslog_pri {
    struct path syslog_pri_field_name;
    bool use_labels;
    struct str_list facility_labels, severity_labels;
    struct path severity_code, facility_code, severity, facility;
};

static const char FACILITIES[] =
    "[\"kernel\", \"user-level\", \"mail\", \"daemon\", \"security/authorization\", "
    "\"syslogd\", \"line printer\", \"network news\", \"uucp\", \"clock\", "
    "\"security/authorization\", \"ftp\", \"ntp\", \"log audit\", \"log alert\", "
    "\"clock\", \"local0\", \"local1\", \"local2\", \"local3\", \"local4\", \"local5\", "
    "\"local6\", \"local7\"]";
static const char SEVERITIES[] =
    "[\"emergency\", \"alert\", \"critical\", \"error\", \"warning\", \"notice\", "
    "\"informational\", \"debug\"]";

static const struct option syslog_pri_options[] = {
    OPTION_PATH(struct syslog_pri, syslog_pri_field_name,
                .help = "Field with the priority; preset: [log][syslog][priority], without ECS `syslog_pri`."),
    OPTION_BOOL(struct syslog_pri, use_labels, .preset = "true", .help = "Set the names, too, not only the numbers."),
    OPTION_STRINGS(struct syslog_pri, facility_labels, .preset = FACILITIES,
                   .help = "Names of the facilities, from 0."),
    OPTION_STRINGS(struct syslog_pri, severity_labels, .preset = SEVERITIES,
                   .help = "Names of the severities, from 0."),
    OPTION_END};

static bool syslog_pri_create(void *opaque, const struct plugin_context *context)
{
    struct syslog_pri *self = opaque;
    bool is_ecs = context->ecs != ECS_DISABLED;
    const struct {
        struct path *path;
        struct str legacy, ecs;
    } rows[] = {
        {&self->severity_code, STR("syslog_severity_code"), STR("[log][syslog][severity][code]")},
        {&self->facility_code, STR("syslog_facility_code"), STR("[log][syslog][facility][code]")},
        {&self->severity, STR("syslog_severity"), STR("[log][syslog][severity][name]")},
        {&self->facility, STR("syslog_facility"), STR("[log][syslog][facility][name]")},
        {&self->syslog_pri_field_name, STR("syslog_pri"), STR("[log][syslog][priority]")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!rows[i].path->text.len)
            path_compile(rows[i].path, is_ecs ? rows[i].ecs : rows[i].legacy, context->arena);
    return true;
}

static int64_t priority_of(const struct value *value, struct arena *arena)
{
    int64_t priority = 0;
    if (value && value->kind == VALUE_ARRAY) value = value->array->count ? value->array->items : NULL;
    if (!value || value->kind == VALUE_NULL) return PRIORITY_UNKNOWN;
    struct value number = *value;
    if (value->kind == VALUE_STRING) number = number_lenient_integer(value_text(value), arena);
    if (value_is_number(&number)) number_as_int64(&number, &priority);
    return priority < 0 ? PRIORITY_UNKNOWN : priority;
}

static void apply_event(const struct syslog_pri *self, struct event *event)
{
    int64_t priority = priority_of(path_get(&self->syslog_pri_field_name, event), event->arena);
    int64_t severity = priority & 7, facility = priority >> 3;
    path_set(&self->severity_code, event, value_int(severity));
    path_set(&self->facility_code, event, value_int(facility));
    if (!self->use_labels) return;
    if (facility >= self->facility_labels.count) {
        event_tag(event, STR("_syslogpriparsefailure"));
        return;
    }
    path_set(&self->facility, event, value_string(self->facility_labels.items[facility]));
    if (severity < self->severity_labels.count)
        path_set(&self->severity, event, value_string(self->severity_labels.items[severity]));
}

static void syslog_pri_apply(void *self, struct batch *batch, const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event)
    {
        apply_event(self, event);
        outcome_matched(out, event);
    }
}

static void syslog_pri_fields(const void *opaque, struct field_set *fields)
{
    const struct syslog_pri *self = opaque;
    fields_read_if_set(fields, &self->syslog_pri_field_name);
    fields_may_put(fields, &self->severity_code, TYPE_INTEGER);
    fields_may_put(fields, &self->facility_code, TYPE_INTEGER);
    if (!self->use_labels) return;
    fields_may_put(fields, &self->facility, TYPE_STRING);
    fields_may_put(fields, &self->severity, TYPE_STRING);
}

const struct filter_type filter_syslog_pri = {
    .name = "syslog_pri",
    .summary = "Takes the priority of a syslog message apart: facility and severity.",
    .size = sizeof(struct syslog_pri),
    .options = syslog_pri_options,
    .create = syslog_pri_create,
    .apply = syslog_pri_apply,
    .fields = syslog_pri_fields,
    .is_ecs = true,
};
