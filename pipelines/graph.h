/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline as the graph that Logstash's consumers draw: vertices (plugins, conditions, the queue)
 * and edges. Made from the compiled program. Control thread. */
#ifndef PIPELINES_GRAPH_H
#define PIPELINES_GRAPH_H
#include <jansson.h>
#include "pipelines/pipeline.h"

json_t *graph_of(const struct pipeline *pipeline);
/* The vertices alone; with their counters for /_node/stats?vertices=true. */
json_t *graph_vertices(const struct pipeline *pipeline, bool with_counters);

#endif
