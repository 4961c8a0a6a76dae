/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before something is tried again: doubles from `least` to `most`, each time between half
 * and all of it, so that many that failed together do not come back together. No state: any thread. */
#ifndef CORE_DELIVERY_BACKOFF_H
#define CORE_DELIVERY_BACKOFF_H
#include <stdint.h>

struct backoff { uint64_t least_ms, most_ms; };

/* `attempts` were made, at least one. `noise` is any number. */
uint64_t backoff_of(struct backoff backoff, uint32_t attempts, uint32_t noise);
/* With noise of the system. */
uint64_t backoff_delay(struct backoff backoff, uint32_t attempts);

#endif
