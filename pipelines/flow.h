/* SPDX-License-Identifier: Apache-2.0 */
/* Rates over Logstash's windows (current, last_1_minute … last_24_hours, lifetime) from counters that
 * are sampled. Control thread. */
#ifndef PIPELINES_FLOW_H
#define PIPELINES_FLOW_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOW_SAMPLE_S = 5, FLOW_SLOTS = 24, FLOW_VALUES = 6 };
enum flow_window {
    FLOW_CURRENT, FLOW_1_MINUTE, FLOW_5_MINUTES, FLOW_15_MINUTES, FLOW_1_HOUR, FLOW_24_HOURS,
    FLOW_WINDOWS
};

struct flow_sample {
    uint64_t at_ns;
    uint64_t values[FLOW_VALUES];
};

struct flow_ring {
    struct flow_sample slots[FLOW_SLOTS];
    uint32_t count, next;
};

struct flow {
    struct flow_sample first, last;
    struct flow_ring rings[FLOW_WINDOWS];
};

extern const char *const flow_window_names[FLOW_WINDOWS];

/* Keeps what each window needs. Called every FLOW_SAMPLE_S. */
void flow_sample(struct flow *flow, uint64_t now_ns, const uint64_t values[FLOW_VALUES]);
/* Increase of a value a second over the window; false while the window is not filled. */
bool flow_rate(const struct flow *flow, enum flow_window window, size_t value, double *rate);
double flow_lifetime(const struct flow *flow, size_t value);

#endif
