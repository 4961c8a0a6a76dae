/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/tap_ring.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

_Static_assert((TAP_RING_BYTES & (TAP_RING_BYTES - 1)) == 0, "places are masked");

void tap_ring_init(struct tap_ring *ring)
{
    *ring = (struct tap_ring){.bytes = xcalloc(1, TAP_RING_BYTES)};
}

void tap_ring_fini(struct tap_ring *ring)
{
    free(ring->bytes);
    ring->bytes = NULL;
}

/* How far a run of bytes goes before it must go on at the ring's start. */
static size_t straight(uint64_t from, size_t len)
{
    size_t left = TAP_RING_BYTES - (size_t)(from & (TAP_RING_BYTES - 1));
    return len < left ? len : left;
}

bool tap_ring_write(struct tap_ring *ring, struct str lines)
{
    uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    /* what the reader has taken may be written over: its copy happened before */
    uint64_t held = written - atomic_load_explicit(&ring->read, memory_order_acquire);
    assert(held <= TAP_RING_BYTES);
    if (lines.len > TAP_RING_BYTES - held) return false;
    size_t first = straight(written, lines.len);
    memcpy(ring->bytes + (written & (TAP_RING_BYTES - 1)), lines.ptr, first);
    memcpy(ring->bytes, lines.ptr + first, lines.len - first);
    atomic_store_explicit(&ring->written, written + lines.len, memory_order_release);
    return true;
}

uint64_t tap_ring_written(const struct tap_ring *ring)
{
    return atomic_load_explicit((atomic_uint_fast64_t *)(uintptr_t)&ring->written,
                                memory_order_acquire);
}

size_t tap_ring_take(struct tap_ring *ring, uint64_t end, char *out, size_t size)
{
    uint64_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
    assert(read <= end && end - read <= TAP_RING_BYTES);
    size_t len = (size_t)(end - read) < size ? (size_t)(end - read) : size;
    size_t first = straight(read, len);
    memcpy(out, ring->bytes + (read & (TAP_RING_BYTES - 1)), first);
    memcpy(out + first, ring->bytes, len - first);
    atomic_store_explicit(&ring->read, read + len, memory_order_release);
    return len;
}
