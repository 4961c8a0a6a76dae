/* SPDX-License-Identifier: Apache-2.0 */
/* What delivery.c (gathering, sending) and delivery_answer.c (what comes of it) share. */
#ifndef CORE_DELIVERY_DELIVERY_INNER_H
#define CORE_DELIVERY_DELIVERY_INNER_H
#include "core/delivery/delivery.h"

static inline uint64_t delivery_now_ms(const struct delivery *delivery)
{
    return uv_now(&delivery->output->loop->uv);
}

/* Of the bytes held, `before` become `after`. */
void delivery_held(struct delivery *delivery, size_t before, size_t after);
/* A parcel that is not linked yet. */
struct parcel *delivery_parcel_take(struct delivery *delivery, uint64_t number);
void delivery_parcel_charge(struct delivery *delivery, struct parcel *parcel);
/* Out of the list, emptied, kept or freed. */
void delivery_parcel_end(struct delivery *delivery, struct parcel *parcel);
/* After every answer: sends what may go, says when there is room, ends when all is drained. */
void delivery_go_on(struct delivery *delivery);

#endif
