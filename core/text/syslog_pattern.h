/* SPDX-License-Identifier: Apache-2.0 */
/* A grok pattern of the user's in place of core/text/syslog.h, as Logstash's syslog input has it:
 * its captures go to the event, the field that is read is overwritten by a capture of its name. The
 * time is then taken from `timestamp8601` or `timestamp`.
 *
 * Ownership: compiled into the arena given; syslog_pattern_destroy() frees what the regex engine
 * holds. One thread, for the readers of dates. */
#ifndef CORE_TEXT_SYSLOG_PATTERN_H
#define CORE_TEXT_SYSLOG_PATTERN_H
#include "core/text/date.h"
#include "core/text/grok.h"

enum { SYSLOG_DATE_FORMATS = 4 };

struct syslog_pattern {
    struct grok *grok;
    bool is_ecs;
    struct path priority, timestamp, timestamp8601;
    struct date_reader dates[SYSLOG_DATE_FORMATS];
};

struct syslog_pattern_options {
    struct str pattern, field; /* field: as written, for `overwrite` */
    bool is_ecs;
    struct zone zone;             /* of times that do not say one */
    const struct locale *locale;  /* of names of months */
};

/* NULL: the pattern is refused, `problem` says how. */
struct syslog_pattern *syslog_pattern_compile(const struct syslog_pattern_options *options,
                                              struct arena *arena, struct grok_problem *problem);
void syslog_pattern_destroy(struct syslog_pattern *pattern); /* NULL is allowed */
/* The present time: what "this year" is. */
void syslog_pattern_now(struct syslog_pattern *pattern, int64_t seconds);
/* Takes `text` apart; tags the event when it does not match, or its time cannot be read. Returns the
 * priority it gave, or -1. */
int64_t syslog_pattern_apply(struct syslog_pattern *pattern, struct str text, struct event *event);

#endif
