/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/rate.h"
#include <assert.h>

void rate_init(struct rate *rate, double per_second, uint64_t now_ms)
{
    assert(per_second >= 0);
    *rate = (struct rate){.per_second = per_second, .left = per_second, .at_ms = now_ms};
}

uint64_t rate_wait_ms(struct rate *rate, uint64_t now_ms)
{
    if (rate->per_second == 0) return 0;
    if (now_ms > rate->at_ms) rate->left += (double)(now_ms - rate->at_ms) * rate->per_second / 1000;
    if (rate->left > rate->per_second) rate->left = rate->per_second;
    rate->at_ms = now_ms;
    return rate->left > 0 ? 0 : (uint64_t)(-rate->left * 1000 / rate->per_second) + 1;
}

void rate_spend(struct rate *rate, double amount)
{
    assert(amount >= 0);
    if (rate->per_second > 0) rate->left -= amount;
}
