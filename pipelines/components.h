/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins of a pipeline by kind, for whatever reports on them. Each worker has instances of its own
 * (inputs that are single only the first); the same plugin is found on every worker by its id. */
#ifndef PIPELINES_COMPONENTS_H
#define PIPELINES_COMPONENTS_H
#include "pipelines/pipeline.h"

enum component_kind { COMPONENT_INPUT, COMPONENT_FILTER, COMPONENT_OUTPUT, COMPONENT_CODEC };

struct component {
    struct str id;
    const char *type;
    const void *instance; /* struct input, filter, output or codec */
};

const char *component_kind_name(enum component_kind kind);
uint32_t component_count(const struct generation *generation, enum component_kind kind);
struct component component_at(const struct generation *generation, enum component_kind kind,
                              uint32_t number);
/* The first worker has every plugin. */
const struct generation *component_generation(const struct pipeline *pipeline);
/* Sum over the workers of the counter that lies at `offset` in the instance. */
uint64_t component_sum(const struct pipeline *pipeline, enum component_kind kind, uint32_t number,
                       size_t offset);
/* The same of a counter in struct delivery_counters, of an output that stands on core/delivery. False: it does not. */
bool component_delivery(const struct pipeline *pipeline, uint32_t output, size_t offset, uint64_t *sum);

#endif
