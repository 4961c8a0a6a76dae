/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/patterns.h"
#include <assert.h>
#include "filters/grok.h"

static uint32_t patterns_of(const struct worker *worker, uint32_t filter,
                            struct grok *const **groks)
{
    const struct filter *instance = worker_generation(worker)->program.filters[filter];
    if (strcmp(instance->type->name, "grok")) return 0;
    return grok_filter_patterns(instance->self, groks);
}

uint32_t patterns_count(const struct pipeline *pipeline, uint32_t filter)
{
    struct grok *const *groks;
    return patterns_of(pipeline->workers[0], filter, &groks);
}

/* Time is measured on some runs only and scaled up to all. */
static uint64_t ns_of(const struct grok_counters *counters)
{
    uint64_t sampled = counter_get(&counters->sampled);
    if (!sampled) return 0;
    double each = (double)counter_get(&counters->sampled_ns) / (double)sampled;
    return (uint64_t)(each * (double)counter_get(&counters->runs));
}

struct pattern_numbers patterns_read(const struct pipeline *pipeline, uint32_t filter,
                                     uint32_t number)
{
    struct pattern_numbers sum = {0};
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        struct grok *const *groks;
        uint32_t count = patterns_of(pipeline->workers[i], filter, &groks);
        assert(number < count);
        (void)count;
        const struct grok_counters *counters = &groks[number]->counters;
        sum.pattern = groks[number]->pattern;
        /* attempts last: each was begun before it ended */
        sum.matches += counter_get(&counters->hits);
        sum.limits += counter_get(&counters->limits);
        sum.ns += ns_of(counters);
        sum.attempts += grok_attempts(groks[number]);
    }
    uint64_t done = sum.matches + sum.limits;
    sum.misses = sum.attempts > done ? sum.attempts - done : 0;
    return sum;
}
