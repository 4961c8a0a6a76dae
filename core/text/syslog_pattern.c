/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/syslog_pattern.h"
#include <assert.h>
#include "core/event/event.h"
#include "core/text/time.h"

static const char *const formats[SYSLOG_DATE_FORMATS] = {"MMM dd HH:mm:ss", "MMM  d HH:mm:ss",
                                                         "MMM d HH:mm:ss", "ISO8601"};

static void known_path(struct path *path, const char *reference, struct arena *arena)
{
    bool is_good = path_compile(path, str_of(reference), arena);
    assert(is_good);
    (void)is_good;
}

static void dates_compile(struct syslog_pattern *pattern,
                          const struct syslog_pattern_options *options, struct arena *arena)
{
    int32_t year = time_civil(event_now().seconds).year;
    for (int i = 0; i < SYSLOG_DATE_FORMATS; i++) {
        const struct date_parser *parser =
            date_parser_compile(str_of(formats[i]), options->locale, year, arena, NULL);
        assert(parser);
        date_reader_init(&pattern->dates[i], parser, options->zone);
    }
}

struct syslog_pattern *syslog_pattern_compile(const struct syslog_pattern_options *options,
                                              struct arena *arena, struct grok_problem *problem)
{
    struct grok_library library;
    grok_library_init(&library, options->is_ecs, arena);
    struct grok_options grok_options = {
        .named_only = true, .overwrite = &options->field, .overwrite_count = 1};
    struct grok *grok = grok_compile(&library, options->pattern, &grok_options, arena, problem);
    if (!grok) return NULL;
    struct syslog_pattern *pattern = arena_zalloc(arena, sizeof *pattern);
    pattern->grok = grok;
    pattern->is_ecs = options->is_ecs;
    known_path(&pattern->priority, options->is_ecs ? "[log][syslog][priority]" : "priority", arena);
    known_path(&pattern->timestamp, "timestamp", arena);
    known_path(&pattern->timestamp8601, "timestamp8601", arena);
    dates_compile(pattern, options, arena);
    return pattern;
}

void syslog_pattern_destroy(struct syslog_pattern *pattern)
{
    if (pattern) grok_destroy(pattern->grok);
}

void syslog_pattern_now(struct syslog_pattern *pattern, int64_t seconds)
{
    for (int i = 0; i < SYSLOG_DATE_FORMATS; i++) date_reader_now(&pattern->dates[i], seconds);
}

/* The first of the formats that fits; false: none does. */
static bool read_time(struct syslog_pattern *pattern, const struct value *text, struct event *event)
{
    int64_t seconds;
    uint32_t ns;
    if (text->kind != VALUE_STRING) return false;
    for (int i = 0; i < SYSLOG_DATE_FORMATS; i++)
        if (date_parse(&pattern->dates[i], value_text(text), &seconds, &ns)) {
            event_slot_set(event, SLOT_TIMESTAMP, value_time(seconds, ns));
            return true;
        }
    return false;
}

/* Legacy names keep the text of the time, whichever capture gave it, in `timestamp`; with ECS
 * @timestamp alone stays. */
static void apply_time(struct syslog_pattern *pattern, struct event *event)
{
    const struct value *iso = pattern->is_ecs ? NULL : path_get(&pattern->timestamp8601, event);
    if (value_is_string(iso)) path_set(&pattern->timestamp, event, *iso);
    const struct value *text = path_get(&pattern->timestamp, event);
    if (!text || text->kind == VALUE_NULL) return;
    if (!read_time(pattern, text, event)) event_tag(event, STR("_dateparsefailure"));
    if (pattern->is_ecs) path_remove(&pattern->timestamp, event);
}

/* A number of digits alone; a capture that came twice, or was anything else, is none. */
static int64_t priority_of(const struct value *value)
{
    if (value && value->kind == VALUE_INT) return value->integer;
    if (!value_is_string(value)) return -1;
    struct str text = value_text(value);
    int64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) || number > INT32_MAX) return -1;
        number = number * 10 + (text.ptr[i] - '0');
    }
    return text.len ? number : -1;
}

int64_t syslog_pattern_apply(struct syslog_pattern *pattern, struct str text, struct event *event)
{
    struct value subject = value_string(text);
    enum regex_verdict verdict =
        grok_apply(pattern->grok, text, value_string_flags(&subject), event);
    if (verdict != REGEX_MATCH) {
        event_tag(event, verdict == REGEX_LIMIT ? STR("_groktimeout")
                                                : STR("_grokparsefailure_sysloginput"));
        return -1;
    }
    apply_time(pattern, event);
    return priority_of(path_get(&pattern->priority, event));
}
