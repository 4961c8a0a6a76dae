/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state/kept.h"
#include <stdlib.h>
#include "core/xmalloc.h"

/* The footprint is an estimate: what does not fit into the block takes a chunk of the arena. */
void kept_set(struct kept *kept, const struct value *value)
{
    struct kept old = *kept;
    size_t size = value_footprint(value);
    arena_init(&kept->arena, NULL);
    kept->block_bytes = (size + 7) & ~(size_t)7;
    kept->block = size ? xmalloc(kept->block_bytes) : NULL;
    kept->arena.at = kept->block;
    kept->arena.end = size ? kept->arena.at + kept->block_bytes : kept->arena.at;
    kept->value = value_copy(&kept->arena, value, true);
    kept_fini(&old);
}

void kept_fini(struct kept *kept)
{
    arena_fini(&kept->arena);
    free(kept->block);
    *kept = (struct kept){0};
}
