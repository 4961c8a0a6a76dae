/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that a source gives to each of its events (address, port, path): laid out once in one block
 * of memory, given to an event by one allocation, one copy and a few moved pointers, instead of a
 * search for each field. Containers have one owner, so every event gets its own.
 *
 * Ownership: the graft owns its block, texts included; names of fields are borrowed, as those of
 * path_set() are, or lie in the block too. At most MAP_INDEX_MIN fields in a map. One thread. */
#ifndef CORE_EVENT_GRAFT_H
#define CORE_EVENT_GRAFT_H
#include "core/event/event.h"

enum { GRAFT_BYTES_MAX = 64 * 1024 };

struct graft {
    char *memory;       /* begins with struct graft_roots; NULL: not made yet */
    uint32_t *pointers; /* places in it of what points into it */
    uint32_t size, pointer_count;
    bool has_names;     /* those of the fields lie in it */
};

/* The fields of `model`, but for those that every event has in a slot. */
void graft_init(struct graft *graft, const struct event *model);
/* The same with the names of the fields, for a model that does not live as long as the events. False: it has
 * what a graft cannot hold (arrays, too many fields, too many bytes). */
bool graft_init_whole(struct graft *graft, const struct event *model);
void graft_fini(struct graft *graft); /* a zeroed one is allowed */
/* Adds each field that the event does not have. */
void graft_apply(const struct graft *graft, struct event *event);

#endif
