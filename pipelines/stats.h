/* SPDX-License-Identifier: Apache-2.0 */
/* Logstash's monitoring documents (/_node, /_node/stats, /_health_report) from the workers' counters.
 * Counts are integers, rates are numbers, and every object a consumer decodes unconditionally is
 * there, the JVM's included with honest substitutes. Control thread; documents belong to the caller. */
#ifndef PIPELINES_STATS_H
#define PIPELINES_STATS_H
#include <jansson.h>
#include "pipelines/flow.h"
#include "pipelines/supervisor.h"

struct taps;

struct stats {
    struct supervisor *supervisor;
    const struct taps *taps; /* those open; set by the API */
    char http_address[96];
    char ephemeral_id[37];
    uint64_t started_ns;
    struct flow total;
    struct flow *flows; /* by pipeline */
    uint64_t peak_files;
    uint32_t cpu_percent;
    uint64_t cpu_last_ns, cpu_last_at_ns;
};

void stats_init(struct stats *stats, struct supervisor *supervisor);
void stats_fini(struct stats *stats);
void stats_sample(struct stats *stats); /* every FLOW_SAMPLE_S */

const char *stats_status(const struct stats *stats); /* green, yellow or red */
bool stats_is_ready(const struct stats *stats);      /* every pipeline runs */
json_t *stats_common(struct stats *stats);           /* the head of every document */
/* `parts`: comma-separated names, or empty for all. NULL: an unknown part. */
json_t *stats_node(struct stats *stats, const char *parts, const char *pipeline, bool graph);
json_t *stats_node_stats(struct stats *stats, const char *parts, const char *pipeline, bool vertices);
json_t *stats_plugins(struct stats *stats);
json_t *stats_health(struct stats *stats);
json_t *stats_hot_threads(struct stats *stats);
json_t *stats_logging(struct stats *stats);

/* Numbers of the process. */
struct process_numbers {
    uint64_t open_files, max_files, virtual_bytes, resident_bytes, cpu_ns;
    double load[3];
};
struct process_numbers process_numbers_read(void);
uint64_t process_numbers_resident(void); /* bytes; cheap */

#endif
