/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests may be under way at once: grows by one for each round of good answers while that many
 * were wanted, falls by a part when the other side is overloaded or its answers take much longer than they
 * used to. News of requests that began before the last fall say nothing new and do not lower it again.
 * One thread; time is the caller's. */
#ifndef CORE_DELIVERY_LIMITER_H
#define CORE_DELIVERY_LIMITER_H
#include <stdbool.h>
#include <stdint.h>

enum { LIMITER_MOST = 64, LIMITER_START = 2 };
#define LIMITER_OVERLOAD_FACTOR 0.5 /* of the limit is left after a refusal */
#define LIMITER_SLOW_FACTOR 0.8     /* after an answer that took too long */
#define LIMITER_SLOW_TIMES 4.0      /* too long: so many times the mean */
#define LIMITER_MEAN_PART 0.1       /* of a new answer in the mean */

struct limiter {
    double limit; /* 1 to `most` */
    uint32_t most;
    double mean_ns; /* of good answers; 0: none yet */
    uint64_t fell_ns; /* when the limit fell last */
};

enum limiter_news { LIMITER_GOOD, LIMITER_OVERLOAD };

/* `most` 1 to LIMITER_MOST. */
void limiter_init(struct limiter *limiter, uint32_t most);
static inline uint32_t limiter_limit(const struct limiter *limiter) { return (uint32_t)limiter->limit; }
/* A request that began at `began_ns` was answered; `was_full`: as many were under way as may be. */
void limiter_answer(struct limiter *limiter, uint64_t began_ns, uint64_t now_ns, bool was_full,
                    enum limiter_news news);

#endif
