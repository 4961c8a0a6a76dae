/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/backoff.h"
#include <assert.h>
#include <sys/random.h>

uint64_t backoff_of(struct backoff backoff, uint32_t attempts, uint32_t noise)
{
    assert(attempts && backoff.least_ms && backoff.least_ms <= backoff.most_ms);
    uint64_t delay = backoff.least_ms;
    for (uint32_t i = 1; i < attempts && delay < backoff.most_ms; i++) delay *= 2;
    if (delay > backoff.most_ms) delay = backoff.most_ms;
    return delay - delay / 2 + noise % (delay / 2 + 1);
}

uint64_t backoff_delay(struct backoff backoff, uint32_t attempts)
{
    uint32_t noise = 0;
    if (getrandom(&noise, sizeof noise, GRND_NONBLOCK) < 0) noise = attempts * 2654435761u;
    return backoff_of(backoff, attempts, noise);
}
