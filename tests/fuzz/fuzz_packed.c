/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a packed event: they are refused, or the event packs to bytes that give the same event. */
#include <stdlib.h>
#include "core/event/packed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event event_of(struct arena *arena)
{
    struct event event;
    event_init(&event, arena, value_time(0, 0));
    return event;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, NULL);
    struct event event = event_of(&arena), again = event_of(&arena);
    struct str in = {(const char *)data, size};
    if (unpack_event(&in, &event)) {
        struct buf first = {0}, second = {0};
        pack_event(&first, &event);
        struct str bytes = {first.ptr, first.len};
        if (!unpack_event(&bytes, &again) || bytes.len) abort();
        pack_event(&second, &again);
        if (first.len != second.len || memcmp(first.ptr, second.ptr, first.len)) abort();
        buf_fini(&first);
        buf_fini(&second);
    }
    arena_fini(&arena);
    return 0;
}
