/* SPDX-License-Identifier: Apache-2.0 */
/* What a stop leaves behind when it ends before everything is delivered: how many events of which pipeline,
 * which output holds them, and which of them come again at the next start. Control thread, while workers
 * still run: numbers are of the moment. */
#ifndef PIPELINES_STOP_REPORT_H
#define PIPELINES_STOP_REPORT_H
#include "pipelines/pipeline.h"

enum { STOP_PARTITIONS_MAX = 8 }; /* named of one input; the others are counted */

/* The output or filter that the pipeline waits for, or empty. */
struct str stop_waits_for(const struct pipeline *pipeline);
/* One line for the pipeline and one for each of its inputs that had events; returns the events left. */
uint64_t stop_report(const struct pipeline *pipeline);

#endif
