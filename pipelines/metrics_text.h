/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus' text format (0.0.4) from the workers' counters. Names and labels come from the
 * configuration alone, never from event data. Control thread. */
#ifndef PIPELINES_METRICS_TEXT_H
#define PIPELINES_METRICS_TEXT_H
#include "pipelines/stats.h"

void metrics_text(struct stats *stats, struct buf *out);

#endif
