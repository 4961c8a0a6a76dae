/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of grok's patterns, summed over the workers of a pipeline, for whatever reports on them.
 * Control thread. */
#ifndef PIPELINES_PATTERNS_H
#define PIPELINES_PATTERNS_H
#include "pipelines/pipeline.h"

struct pattern_numbers {
    struct str pattern; /* as written */
    uint64_t attempts, matches, misses;
    uint64_t limits; /* attempts ended by the time limit */
    uint64_t ns;     /* in all attempts; some of them were measured */
};

/* 0 for a filter that is not grok. */
uint32_t patterns_count(const struct pipeline *pipeline, uint32_t filter);
struct pattern_numbers patterns_read(const struct pipeline *pipeline, uint32_t filter,
                                     uint32_t number);

#endif
