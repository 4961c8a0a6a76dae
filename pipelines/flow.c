/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/flow.h"

const char *const flow_window_names[FLOW_WINDOWS] = {
    "current", "last_1_minute", "last_5_minutes", "last_15_minutes", "last_1_hour", "last_24_hours"};

/* Each window is kept in at most FLOW_SLOTS samples, so the longer ones are coarser. */
static const uint32_t window_s[FLOW_WINDOWS] = {10, 60, 300, 900, 3600, 86400};

static uint64_t interval_ns(enum flow_window window)
{
    uint64_t seconds = window_s[window] / (FLOW_SLOTS - 4);
    if (seconds < FLOW_SAMPLE_S) seconds = FLOW_SAMPLE_S;
    return seconds * 1000000000u;
}

static const struct flow_sample *ring_at(const struct flow_ring *ring, uint32_t back)
{
    return &ring->slots[(ring->next + FLOW_SLOTS - 1 - back) % FLOW_SLOTS];
}

void flow_sample(struct flow *flow, uint64_t now_ns, const uint64_t values[FLOW_VALUES])
{
    struct flow_sample sample = {.at_ns = now_ns};
    for (size_t i = 0; i < FLOW_VALUES; i++) sample.values[i] = values[i];
    if (!flow->first.at_ns) flow->first = sample;
    flow->last = sample;
    for (int i = 0; i < FLOW_WINDOWS; i++) {
        struct flow_ring *ring = &flow->rings[i];
        /* a little early is still in time: timers are not exact */
        uint64_t due = interval_ns((enum flow_window)i) - FLOW_SAMPLE_S * 500000000ull;
        if (ring->count && now_ns - ring_at(ring, 0)->at_ns < due) continue;
        ring->slots[ring->next] = sample;
        ring->next = (ring->next + 1) % FLOW_SLOTS;
        if (ring->count < FLOW_SLOTS) ring->count++;
    }
}

static double increase(const struct flow_sample *from, const struct flow_sample *to, size_t value)
{
    double seconds = (double)(to->at_ns - from->at_ns) / 1e9;
    return seconds > 0 ? (double)(to->values[value] - from->values[value]) / seconds : 0;
}

bool flow_rate(const struct flow *flow, enum flow_window window, size_t value, double *rate)
{
    const struct flow_ring *ring = &flow->rings[window];
    uint64_t span = window_s[window] * 1000000000ull;
    for (uint32_t back = 0; back < ring->count; back++) {
        const struct flow_sample *old = ring_at(ring, back);
        uint64_t age = flow->last.at_ns - old->at_ns;
        if (age + FLOW_SAMPLE_S * 500000000ull < span) continue;
        *rate = increase(old, &flow->last, value);
        return true;
    }
    /* the current rate is shown from the second sample on */
    if (window != FLOW_CURRENT || ring->count < 2) return false;
    *rate = increase(ring_at(ring, ring->count - 1), &flow->last, value);
    return true;
}

double flow_lifetime(const struct flow *flow, size_t value)
{
    return increase(&flow->first, &flow->last, value);
}
