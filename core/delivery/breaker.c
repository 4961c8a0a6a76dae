/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/breaker.h"
#include <assert.h>

void breaker_init(struct breaker *breaker, uint32_t failures_max, struct backoff pause)
{
    assert(failures_max);
    *breaker = (struct breaker){.failures_max = failures_max, .pause = pause};
}

uint64_t breaker_wait_ms(const struct breaker *breaker, uint64_t now_ms)
{
    switch (breaker->state) {
    case BREAKER_CLOSED: return 0;
    case BREAKER_PROBING: return UINT64_MAX;
    case BREAKER_OPEN: break;
    }
    return breaker->until_ms > now_ms ? breaker->until_ms - now_ms : 0;
}

void breaker_begin(struct breaker *breaker)
{
    assert(breaker->state != BREAKER_PROBING);
    if (breaker->state == BREAKER_OPEN) breaker->state = BREAKER_PROBING;
}

bool breaker_succeeded(struct breaker *breaker)
{
    bool was_open = breaker->state != BREAKER_CLOSED;
    breaker->state = BREAKER_CLOSED;
    breaker->failures = breaker->trips = 0;
    return was_open;
}

/* What began before it opened may fail while it is open: that changes nothing. */
bool breaker_failed(struct breaker *breaker, uint64_t now_ms)
{
    bool was_closed = breaker->state == BREAKER_CLOSED;
    if (breaker->state == BREAKER_OPEN) return false;
    if (was_closed && ++breaker->failures < breaker->failures_max) return false;
    breaker->state = BREAKER_OPEN;
    breaker->until_ms = now_ms + backoff_delay(breaker->pause, ++breaker->trips);
    return was_closed;
}
