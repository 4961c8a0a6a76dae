/* SPDX-License-Identifier: Apache-2.0 */
/* A value that outlives the batch it came from: a copy, texts included, in memory of its own. One thread
 * at a time; the owner charges kept_bytes() to its budget. */
#ifndef CORE_STATE_KEPT_H
#define CORE_STATE_KEPT_H
#include "core/event/value.h"

struct kept {
    struct arena arena;
    void *block; /* of the arena: as large as the value needs */
    size_t block_bytes;
    struct value value; /* not the owner's to change, nor to give to an event but by a copy with its texts */
};

/* Replaces what was kept, which may be part of `value`. */
void kept_set(struct kept *kept, const struct value *value);
void kept_fini(struct kept *kept); /* a zeroed one is allowed */
static inline size_t kept_bytes(const struct kept *kept) { return kept->block_bytes + kept->arena.bytes; }

#endif
