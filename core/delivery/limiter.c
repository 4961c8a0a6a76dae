/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/limiter.h"
#include <assert.h>

void limiter_init(struct limiter *limiter, uint32_t most)
{
    assert(most >= 1 && most <= LIMITER_MOST);
    *limiter = (struct limiter){.limit = most < LIMITER_START ? most : LIMITER_START, .most = most};
}

static void fall(struct limiter *limiter, uint64_t began_ns, uint64_t now_ns, double factor)
{
    if (limiter->fell_ns && began_ns <= limiter->fell_ns) return;
    limiter->fell_ns = now_ns;
    limiter->limit *= factor;
    if (limiter->limit < 1) limiter->limit = 1;
}

void limiter_answer(struct limiter *limiter, uint64_t began_ns, uint64_t now_ns, bool was_full,
                    enum limiter_news news)
{
    assert(now_ns >= began_ns);
    if (news == LIMITER_OVERLOAD) {
        fall(limiter, began_ns, now_ns, LIMITER_OVERLOAD_FACTOR);
        return;
    }
    double took = (double)(now_ns - began_ns);
    bool is_slow = limiter->mean_ns > 0 && took > LIMITER_SLOW_TIMES * limiter->mean_ns;
    limiter->mean_ns += limiter->mean_ns > 0 ? LIMITER_MEAN_PART * (took - limiter->mean_ns) : took;
    if (is_slow)
        fall(limiter, began_ns, now_ns, LIMITER_SLOW_FACTOR);
    else if (was_full)
        limiter->limit += 1 / limiter->limit;
    if (limiter->limit > limiter->most) limiter->limit = limiter->most;
}
