/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from one worker to the control thread, in a ring of bytes. The worker never waits: what has
 * no room is refused. One thread writes, one reads; neither takes a lock. */
#ifndef PIPELINES_TAP_RING_H
#define PIPELINES_TAP_RING_H
#include <stdatomic.h>
#include <stdint.h>
#include "core/text/str.h"

enum {
    TAP_RING_BYTES = 1024 * 1024
}; /* a power of two; memory that was never written is not there */

struct tap_ring {
    char *bytes;
    atomic_uint_fast64_t written, read; /* since the beginning */
};

void tap_ring_init(struct tap_ring *ring);
void tap_ring_fini(struct tap_ring *ring);
/* All of it or nothing: false when there is no room. */
bool tap_ring_write(struct tap_ring *ring, struct str lines);
/* Bytes written so far: up to there the ring holds whole lines. */
uint64_t tap_ring_written(const struct tap_ring *ring);
/* Takes at most `size` bytes, none beyond the place `end` (of tap_ring_written). */
size_t tap_ring_take(struct tap_ring *ring, uint64_t end, char *out, size_t size);

#endif
