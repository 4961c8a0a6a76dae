/* SPDX-License-Identifier: Apache-2.0 */
/* What a syslog message becomes in an event, under the names of Logstash's syslog input (legacy or
 * ECS). The text is a field of the event; afterwards that field is the message alone.
 *
 *                  legacy                         ECS
 *   priority       priority facility severity     [log][syslog][priority], [facility][code],
 *                                                 [severity][code]
 *   labels         facility_label severity_label  [log][syslog][facility|severity][name]
 *   time           timestamp (timestamp8601)      @timestamp alone
 *   host           logsource                      [host][hostname]
 *   program        program, pid                   [process][name], [process][pid] when a number
 *   RFC 5424       [log][syslog][version|appname|procid|msgid|structured_data] in both
 *
 * With a pattern of the user's what it captures stands for host, program and the rest; priority,
 * labels and time are as above. One thread, for the clock. */
#ifndef CORE_TEXT_SYSLOG_EVENT_H
#define CORE_TEXT_SYSLOG_EVENT_H
#include "core/plugin.h"
#include "core/text/syslog.h"
#include "core/text/syslog_pattern.h"

enum { SYSLOG_FACILITIES = 24, SYSLOG_SEVERITIES = 8 };

struct syslog_names;

struct syslog_reader {
    struct syslog_names *names;
    struct path field;          /* the text */
    bool is_ecs, use_labels;
    struct str_list facilities, severities; /* labels; fewer than needed: no label beyond */
    struct str service_type;    /* ECS; empty: none */
    struct syslog_clock clock;
    struct syslog_pattern *pattern; /* the user's, instead of syslog_parse(); NULL: none */
};

/* Fill field, labels, pattern, service_type and the clock's zone first. Memory of `arena`. */
void syslog_reader_init(struct syslog_reader *reader, enum ecs ecs, struct arena *arena);
/* Call before the events of a turn: what "this year" is. */
void syslog_reader_now(struct syslog_reader *reader, int64_t seconds);
void syslog_reader_apply(struct syslog_reader *reader, struct event *event);
/* What an event can have afterwards. */
void syslog_reader_fields(const struct syslog_reader *reader, struct field_set *fields);

#endif
