/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves somebody alone who fails again and again: after `failures_max` in a row it is open, and then one
 * request at a time may try, after a pause that grows. The first that succeeds closes it.
 *
 *   closed ── failures_max in a row ──▶ open ── pause over ──▶ probing ── success ──▶ closed
 *                                         ▲                       │
 *                                         └───── failure ─────────┘
 * One thread; time is the caller's. */
#ifndef CORE_DELIVERY_BREAKER_H
#define CORE_DELIVERY_BREAKER_H
#include <stdbool.h>
#include "core/delivery/backoff.h"

enum { BREAKER_FAILURES_MAX = 3 }; /* preset */
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

struct breaker {
    struct backoff pause;
    uint32_t failures_max;
    uint32_t failures; /* in a row */
    uint32_t trips;    /* pauses in a row */
    enum breaker_state state;
    uint64_t until_ms; /* of OPEN */
};

void breaker_init(struct breaker *breaker, uint32_t failures_max, struct backoff pause);
/* May a request begin? 0: yes. Else after so many ms; UINT64_MAX: when the probe is answered. */
uint64_t breaker_wait_ms(const struct breaker *breaker, uint64_t now_ms);
/* A request begins that was allowed. */
void breaker_begin(struct breaker *breaker);
/* True: it was open and is closed now. */
bool breaker_succeeded(struct breaker *breaker);
/* True: it was closed and is open now. */
bool breaker_failed(struct breaker *breaker, uint64_t now_ms);

#endif
