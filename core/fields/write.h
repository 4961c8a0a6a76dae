/* SPDX-License-Identifier: Apache-2.0 */
/* What core/fields/fields.c and change.c are made of. One thread. */
#ifndef CORE_FIELDS_WRITE_H
#define CORE_FIELDS_WRITE_H
#include "core/fields/state.h"

static inline bool path_is_timestamp(const struct path *path)
{
    return path->count == 1 && path->slot == SLOT_TIMESTAMP;
}

/* A new place of whoever speaks now. */
struct field_site *field_site_new(struct field_set *fields, const struct field *field, struct str where);
void field_state_add_site(struct field_state *state, struct field_site *site);
/* What was there is gone by `by` (NULL: it is not said of anybody). */
void field_undo(struct field *field, const struct field_site *by);
void field_reset_below(struct field_set *fields, struct field *field, const struct field_site *by);

/* What stands between the root and the field becomes an object, as writing makes it. UNSURE: it may be
 * a list, whose items have no names, or something else that cannot hold the field; NONE: it can only be
 * that, and it is said at `where`. `is_weak`: the write may not happen. */
enum way { WAY_SURE, WAY_UNSURE, WAY_NONE };
enum way field_way(struct field_set *fields, const struct path *path, struct str where, struct field *leaf,
                   bool is_weak);
/* Besides what is there (put_weak), or instead of it (field_put, state.h). */
struct field_site *field_put_weak(struct field_set *fields, struct field *leaf, unsigned types, struct str where);

/* What fields_put() and fields_may_put() do, with the place of a complaint. NULL: it cannot be set, or need
 * not be followed. */
struct field_site *fields_put_at(struct field_set *fields, const struct path *path, unsigned types,
                                 struct str where, bool is_weak);

/* Below a root any name may be there. */
void field_open_root(struct field_set *fields, struct field *root, struct field_site *site);
void field_forget_below(struct field_set *fields, struct field *field);
/* All of @metadata may be another map. */
void fields_change_metadata(struct field_set *fields);

#endif
