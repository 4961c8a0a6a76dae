/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of Prometheus' text share: metrics_text.c (the text, its lines, the process), metrics_pipelines.c,
 * metrics_components.c and metrics_waiting.c. A family is one metrics_family() and then its rows; no other family's
 * row may stand between them. The control thread; what it reads are counters that workers set, so sums of several
 * are of no one instant. */
#ifndef PIPELINES_METRICS_PART_H
#define PIPELINES_METRICS_PART_H
#include <assert.h>
#include "pipelines/components.h"
#include "pipelines/stats.h"

struct metrics_labels {
    struct str pipeline, id;
    const char *kind, *type; /* of a component, with `id`; or NULL */
    const char *extra, *extra_value;
    const struct backlog_row *partition; /* or NULL */
};

/* A family that is read from one counter: where it lies in what is summed. */
struct metrics_counter {
    const char *name, *type, *help;
    size_t offset;
    double scale; /* to the unit of the name */
};

#define EACH_PIPELINE(stats_, pipeline_)                                                           \
    for (uint32_t p_ = 0; p_ < (stats_)->supervisor->pipeline_count; p_++)                         \
        for (const struct pipeline *pipeline_ = (stats_)->supervisor->pipelines[p_]; pipeline_; pipeline_ = NULL)

/* The counter at `offset` of `object`: the tables' offsets have no type. */
static inline uint64_t metrics_counter_at(const void *object, size_t offset)
{
    const char *at = (const char *)object + offset;
    assert((uintptr_t)at % _Alignof(atomic_uint_fast64_t) == 0);
    return counter_get((const atomic_uint_fast64_t *)(const void *)at);
}

/* ---- metrics_text.c ---- */
void metrics_family(struct buf *out, const char *name, const char *type, const char *help);
/* One line; the texts of labels are escaped, names are the tables' own. */
void metrics_row(struct buf *out, const char *name, const struct metrics_labels *labels, double value);

/* ---- metrics_pipelines.c ---- */
void metrics_books(struct stats *stats, struct buf *out);
void metrics_dead_letters(struct stats *stats, struct buf *out);
void metrics_workers(struct stats *stats, struct buf *out);
void metrics_queues(struct stats *stats, struct buf *out); /* of pipelines that have one on disk */
void metrics_expressions(struct stats *stats, struct buf *out);

/* ---- metrics_components.c ---- */
/* A family for each counter of the kind, in it a line for each plugin. */
void metrics_components(struct stats *stats, enum component_kind kind, struct buf *out);
void metrics_states(struct stats *stats, struct buf *out);
void metrics_tls(struct stats *stats, struct buf *out);
void metrics_grok_patterns(struct stats *stats, struct buf *out);

/* ---- metrics_waiting.c ---- */
void metrics_deliveries(struct stats *stats, struct buf *out);
void metrics_waiting_ages(struct stats *stats, struct buf *out);
void metrics_lag(struct stats *stats, struct buf *out);

#endif
