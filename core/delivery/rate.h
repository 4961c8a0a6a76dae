/* SPDX-License-Identifier: Apache-2.0 */
/* So much a second and no more, with a second's worth at once at most. What is spent may be more than there
 * is: then the next waits for it. One thread; time is the caller's. */
#ifndef CORE_DELIVERY_RATE_H
#define CORE_DELIVERY_RATE_H
#include <stdint.h>

struct rate {
    double per_second; /* 0: no limit */
    double left;       /* at `at_ms`; below 0: a debt */
    uint64_t at_ms;
};

void rate_init(struct rate *rate, double per_second, uint64_t now_ms);
/* May something be spent now? 0: yes. Else after so many ms. */
uint64_t rate_wait_ms(struct rate *rate, uint64_t now_ms);
void rate_spend(struct rate *rate, double amount);

#endif
