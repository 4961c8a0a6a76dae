/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/syslog_event.h"
#include <assert.h>
#include "core/fields/captures.h"

/* Names that are looked up for every event, hashed once. */
#define NAMES(X)                                                                                   \
    X(log) X(syslog) X(priority) X(facility) X(severity) X(code) X(name) X(version) X(appname)     \
    X(procid) X(msgid) X(structured_data) X(host) X(hostname) X(process) X(pid) X(service) X(type) \
    X(event) X(original) X(facility_label) X(severity_label) X(timestamp) X(timestamp8601)         \
    X(logsource) X(program) X(sequence)

struct syslog_names {
#define NAME(name_) struct key name_;
    NAMES(NAME)
#undef NAME
};

void syslog_reader_init(struct syslog_reader *reader, enum ecs ecs, struct arena *arena)
{
    reader->names = arena_zalloc(arena, sizeof *reader->names);
    reader->is_ecs = ecs != ECS_DISABLED;
#define NAME(name_) reader->names->name_ = key_of(STR(#name_));
    NAMES(NAME)
#undef NAME
    syslog_reader_now(reader, event_now().seconds);
}

void syslog_reader_now(struct syslog_reader *reader, int64_t seconds)
{
    syslog_clock_set(&reader->clock, seconds);
    if (reader->pattern) syslog_pattern_now(reader->pattern, seconds);
}

/* The map under a name, made when absent; NULL when something else stands there. */
static struct map *child(struct map *map, struct event *event, const struct key *name)
{
    struct value *found = map_get(map, name);
    if (found) return found->kind == VALUE_MAP ? found->map : NULL;
    struct value made = value_map(event->arena, 4);
    map_append(map, event->arena, *name, made);
    return made.map;
}

static void put(struct map *map, struct event *event, const struct key *name, struct value value)
{
    if (map) map_set(map, event->arena, *name, value);
}

static void put_text(struct map *map, struct event *event, const struct key *name, struct str text)
{
    if (text.len) put(map, event, name, value_string(text));
}

static struct map *child_of(struct map *map, struct event *event, const struct key *name)
{
    return map ? child(map, event, name) : NULL;
}

/* [log][syslog], made only when something is put into it. */
static struct map *syslog_map(struct syslog_reader *reader, struct event *event)
{
    return child_of(child(&event->root, event, &reader->names->log), event,
                    &reader->names->syslog);
}

static struct str label(struct str_list labels, int64_t number)
{
    return number >= 0 && number < labels.count ? labels.items[number] : (struct str){0};
}

static void put_priority(struct syslog_reader *reader, struct event *event, int64_t priority)
{
    const struct syslog_names *names = reader->names;
    if (priority < 0) priority = SYSLOG_PRIORITY_PRESET;
    int64_t facility = priority >> 3, severity = priority & 7;
    struct str facility_label = {0}, severity_label = {0};
    if (reader->use_labels) {
        facility_label = label(reader->facilities, facility);
        severity_label = label(reader->severities, severity);
    }
    if (!reader->is_ecs) {
        struct map *root = &event->root;
        put(root, event, &names->priority, value_int(priority));
        put(root, event, &names->severity, value_int(severity));
        put(root, event, &names->facility, value_int(facility));
        put_text(root, event, &names->severity_label, severity_label);
        put_text(root, event, &names->facility_label, facility_label);
        return;
    }
    struct map *syslog = syslog_map(reader, event);
    put(syslog, event, &names->priority, value_int(priority));
    struct map *at = child_of(syslog, event, &names->severity);
    put(at, event, &names->code, value_int(severity));
    put_text(at, event, &names->name, severity_label);
    at = child_of(syslog, event, &names->facility);
    put(at, event, &names->code, value_int(facility));
    put_text(at, event, &names->name, facility_label);
}

/* A process id that is one; RFC 5424's may be any text. */
static bool number_of(struct str text, int64_t *number)
{
    *number = 0;
    if (text.len == 0 || text.len > 18) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) return false;
        *number = *number * 10 + (text.ptr[i] - '0');
    }
    return true;
}

static void put_sender(struct syslog_reader *reader, struct event *event,
                       const struct syslog_message *message)
{
    const struct syslog_names *names = reader->names;
    if (!reader->is_ecs) {
        put_text(&event->root, event, &names->logsource, message->host);
        put_text(&event->root, event, &names->program, message->program);
        put_text(&event->root, event, &names->pid, message->pid);
        return;
    }
    if (message->host.len)
        put_text(child(&event->root, event, &names->host), event, &names->hostname, message->host);
    if (!message->program.len && !message->pid.len) return;
    struct map *process = child(&event->root, event, &names->process);
    put_text(process, event, &names->name, message->program);
    int64_t pid;
    if (number_of(message->pid, &pid))
        put(process, event, &names->pid, value_int(pid));
    else if (message->kind == SYSLOG_3164)
        put_text(syslog_map(reader, event), event, &names->procid, message->pid);
}

static void put_time(struct syslog_reader *reader, struct event *event,
                     const struct syslog_message *message)
{
    const struct syslog_names *names = reader->names;
    if (!reader->is_ecs && message->timestamp.len) {
        put_text(&event->root, event, &names->timestamp, message->timestamp);
        if (message->is_iso)
            put_text(&event->root, event, &names->timestamp8601, message->timestamp);
    }
    if (message->time == SYSLOG_TIME_GOOD)
        event_slot_set(event, SLOT_TIMESTAMP, value_time(message->seconds, message->ns));
    if (message->time == SYSLOG_TIME_BAD) event_tag(event, STR("_dateparsefailure"));
}

static struct str param_text(const struct syslog_params *params, struct event *event)
{
    if (!params->is_escaped) return params->value;
    char *text = arena_alloc(event->arena, params->value.len);
    return (struct str){text, syslog_unescape(params->value, text)};
}

/* A parameter given twice becomes an array of its values. */
static void put_param(struct map *element, struct event *event, const struct syslog_params *params)
{
    struct key name = key_of(params->name);
    struct value text = value_string(param_text(params, event));
    struct value *old = map_get(element, &name);
    if (!old) {
        map_append(element, event->arena, name, text);
    } else if (old->kind == VALUE_ARRAY) {
        array_push(old->array, event->arena, text);
    } else {
        struct value both = value_array(event->arena, 2);
        array_push(both.array, event->arena, *old);
        array_push(both.array, event->arena, text);
        *old = both;
    }
}

static void put_structured_data(struct map *syslog, struct syslog_reader *reader,
                                struct event *event, struct str text)
{
    struct map *data = child_of(syslog, event, &reader->names->structured_data);
    struct map *element = NULL;
    struct syslog_params params = {.rest = text};
    uint32_t elements = 0, count = 0;
    while (data && syslog_params_next(&params)) {
        if (params.name.len ? ++count > SYSLOG_PARAMS_MAX : ++elements > SYSLOG_ELEMENTS_MAX) {
            event_tag(event, STR("_syslog_structured_data_limit"));
            return;
        }
        struct key id = params.name.len ? (struct key){0} : key_of(params.id);
        if (!params.name.len)
            element = child(data, event, &id);
        else if (element)
            put_param(element, event, &params);
    }
}

static void put_5424(struct syslog_reader *reader, struct event *event,
                     const struct syslog_message *message)
{
    const struct syslog_names *names = reader->names;
    struct map *syslog = syslog_map(reader, event);
    put_text(syslog, event, &names->version, message->version);
    put_text(syslog, event, &names->appname, message->program);
    put_text(syslog, event, &names->procid, message->pid);
    put_text(syslog, event, &names->msgid, message->message_id);
    if (message->structured_data.len)
        put_structured_data(syslog, reader, event, message->structured_data);
}

static void put_ecs(struct syslog_reader *reader, struct event *event, struct str original)
{
    const struct syslog_names *names = reader->names;
    struct map *map = child(&event->root, event, &names->event);
    if (map && !map_get(map, &names->original)) put(map, event, &names->original, value_string(original));
    if (reader->service_type.len)
        put_text(child(&event->root, event, &names->service), event, &names->type,
                 reader->service_type);
}

static void apply_parsed(struct syslog_reader *reader, struct event *event, struct str text)
{
    struct syslog_message message;
    syslog_parse(text, &reader->clock, &message);
    if (message.kind == SYSLOG_NONE || message.is_malformed)
        event_tag(event, STR("_grokparsefailure_sysloginput"));
    else
        text = message.message;
    struct value *field = path_get(&reader->field, event);
    if (value_is_string(field)) *field = value_string(text);
    put_time(reader, event, &message);
    put_priority(reader, event, message.priority);
    put_sender(reader, event, &message);
    if (message.kind == SYSLOG_5424) put_5424(reader, event, &message);
    if (message.sequence.len)
        put_text(syslog_map(reader, event), event, &reader->names->sequence, message.sequence);
}

void syslog_reader_apply(struct syslog_reader *reader, struct event *event)
{
    struct value *field = path_get(&reader->field, event);
    struct str original = value_is_string(field) ? value_text(field) : (struct str){0};
    struct str text = syslog_trim(original);
    if (reader->is_ecs && original.len) put_ecs(reader, event, original);
    if (!reader->pattern) {
        apply_parsed(reader, event, text);
        return;
    }
    if (original.len) path_set(&reader->field, event, value_string(text));
    put_priority(reader, event, syslog_pattern_apply(reader->pattern, text, event));
}

/* ---- what can be there ---- */

/* Names of both modes; NULL: not of that mode. */
static const struct {
    const char *legacy, *ecs;
    unsigned types;
} told[] = {
    {"timestamp", NULL, TYPE_STRING},
    {"timestamp8601", NULL, TYPE_STRING},
    {"logsource", "[host][hostname]", TYPE_STRING},
    {"program", "[process][name]", TYPE_STRING},
    {"pid", NULL, TYPE_STRING},
    {NULL, "[process][pid]", TYPE_INTEGER},
    {NULL, "[event][original]", TYPE_STRING},
    {"[log][syslog][version]", "[log][syslog][version]", TYPE_STRING},
    {"[log][syslog][appname]", "[log][syslog][appname]", TYPE_STRING},
    {"[log][syslog][procid]", "[log][syslog][procid]", TYPE_STRING},
    {"[log][syslog][msgid]", "[log][syslog][msgid]", TYPE_STRING},
    {"[log][syslog][sequence]", "[log][syslog][sequence]", TYPE_STRING},
    {"[log][syslog][structured_data]", "[log][syslog][structured_data]", TYPE_OBJECT},
};

static void labels_fields(const struct syslog_reader *reader, struct field_set *fields)
{
    bool is_ecs = reader->is_ecs;
    fields_put_name(fields, is_ecs ? "[log][syslog][priority]" : "priority", TYPE_INTEGER);
    fields_put_name(fields, is_ecs ? "[log][syslog][severity][code]" : "severity", TYPE_INTEGER);
    fields_put_name(fields, is_ecs ? "[log][syslog][facility][code]" : "facility", TYPE_INTEGER);
    if (!reader->use_labels) return;
    fields_may_put_name(fields, is_ecs ? "[log][syslog][severity][name]" : "severity_label", TYPE_STRING);
    fields_may_put_name(fields, is_ecs ? "[log][syslog][facility][name]" : "facility_label", TYPE_STRING);
}

void syslog_reader_fields(const struct syslog_reader *reader, struct field_set *fields)
{
    if (reader->is_ecs && reader->service_type.len)
        fields_may_put_name(fields, "[service][type]", TYPE_STRING);
    for (size_t i = 0; !reader->pattern && i < sizeof told / sizeof *told; i++) {
        const char *name = reader->is_ecs ? told[i].ecs : told[i].legacy;
        if (name) fields_may_put_name(fields, name, told[i].types);
    }
    if (reader->pattern) {
        fields_may_put_name(fields, reader->is_ecs ? "[event][original]" : "timestamp", TYPE_STRING);
        grok_fields(reader->pattern->grok, &reader->field, false, fields);
    }
    labels_fields(reader, fields);
}
