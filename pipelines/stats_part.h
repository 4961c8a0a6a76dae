/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the monitoring documents share: stats.c (the documents), stats_plugins.c, stats_process.c and
 * stats_health.c. The control thread. */
#ifndef PIPELINES_STATS_PART_H
#define PIPELINES_STATS_PART_H
#include <assert.h>
#include <uv.h>
#include "pipelines/components.h"
#include "pipelines/stats.h"

/* The counters whose rates are shown, by place in a flow. */
enum { RATE_IN, RATE_FILTERED, RATE_OUT, RATE_BUSY_MS, RATE_PAUSED_MS };

static inline uint64_t now_ns(void) { return uv_hrtime(); }
static inline json_t *number(uint64_t n) { return json_integer((json_int_t)n); }
static inline json_t *text(struct str s) { return json_stringn(s.ptr ? s.ptr : "", s.len); }
static inline void put(json_t *object, const char *name, json_t *value)
{
    int failed = json_object_set_new(object, name, value);
    assert(!failed);
    (void)failed;
}
static inline void put_number(json_t *object, const char *name, uint64_t n) { put(object, name, number(n)); }
static inline void put_text(json_t *object, const char *name, const char *z) { put(object, name, json_string(z)); }

/* A rate's windows. */
json_t *stats_window(const struct flow *flow, size_t value, double scale);

/* ---- stats_process.c ---- */
json_t *stats_jvm(const struct stats *stats);
json_t *stats_process(const struct stats *stats);
json_t *stats_os_info(void);
json_t *stats_jvm_info(const struct stats *stats);

/* ---- stats_plugins.c ---- */
/* The plugins of a kind, summed over the workers of the pipeline. */
json_t *stats_plugin_rows(const struct stats *stats, const struct pipeline *pipeline,
                          enum component_kind kind);

#endif
