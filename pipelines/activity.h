/* SPDX-License-Identifier: Apache-2.0 */
/* What Logstash's monitoring documents have no place for, put beside what they have: exact times,
 * what became of events, patterns, delivery, memory. `tailrace top` reads them. Control thread. */
#ifndef PIPELINES_ACTIVITY_H
#define PIPELINES_ACTIVITY_H
#include "pipelines/pipeline.h"
#include <jansson.h>

/* Of a pipeline: its member "activity". */
json_t *activity_of(const struct pipeline *pipeline);
/* Add members to the row of input, filter or output number `i`. */
void activity_add_input(json_t *row, const struct pipeline *pipeline, uint32_t i);
void activity_add_filter(json_t *row, const struct pipeline *pipeline, uint32_t i);
void activity_add_output(json_t *row, const struct pipeline *pipeline, uint32_t i);

#endif
