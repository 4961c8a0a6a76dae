/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of names, and the types of each. */
#include "core/fields/state.h"

/* ---- names ---- */

static const struct field *root_of(const struct field_set *fields, const struct path *path)
{
    return path->is_metadata ? &fields->metadata : &fields->root;
}

static uint32_t slot_of(const struct field_set *fields, const struct field *parent, const struct key *key)
{
    uint64_t address = (uint64_t)(uintptr_t)parent * 0x9e3779b97f4a7c15u;
    return ((uint32_t)(address >> 32) ^ key->hash) & fields->mask;
}

static struct field *child_find(const struct field_set *fields, const struct field *parent,
                                const struct key *key)
{
    struct field *field = fields->table[slot_of(fields, parent, key)];
    while (field && !(field->parent == parent && field->key.hash == key->hash &&
                      str_eq(key_text(&field->key), key_text(key))))
        field = field->next_of_hash;
    return field;
}

struct field *fields_name_child(struct field_set *fields, struct field *parent, struct key key)
{
    assert(parent);
    struct field *field = child_find(fields, parent, &key);
    if (field) return field;
    if (fields->count == FIELDS_MAX) {
        fields->is_full = true;
        return NULL;
    }
    fields->count++;
    field = arena_zalloc(fields->arena, sizeof *field);
    struct field **slot = &fields->table[slot_of(fields, parent, &key)];
    *field = (struct field){.key = key, .parent = parent, .next_of_hash = *slot};
    field->state.is_inherited = true;
    *slot = field;
    if (parent->last_child) parent->last_child->next = field;
    else parent->child = field;
    parent->last_child = field;
    return field;
}

struct field *fields_name(struct field_set *fields, const struct path *path)
{
    struct field *field = (struct field *)(uintptr_t)root_of(fields, path);
    for (uint32_t i = 0; field && i < path->count; i++)
        field = fields_name_child(fields, field, path->steps[i].key);
    return field;
}

/* The last entry on the way; `*found`: how many steps of the path lead to it. */
static const struct field *nearest(const struct field_set *fields, const struct path *path, uint32_t *found)
{
    const struct field *field = root_of(fields, path), *child;
    assert(path->count <= PATH_STEPS_MAX && (path->count || path->is_metadata));
    for (*found = 0; *found < path->count; ++*found, field = child)
        if (!(child = child_find(fields, field, &path->steps[*found].key))) break;
    return field;
}

struct field *fields_find(const struct field_set *fields, const struct path *path)
{
    uint32_t found;
    const struct field *field = nearest(fields, path, &found);
    return found == path->count ? (struct field *)(uintptr_t)field : NULL;
}

/* ---- types ---- */

/* May fields be below it that no text names? Not of the items of a list. */
bool field_has_unnamed(const struct field_set *fields, const struct field *field)
{
    if (fields->is_full) return true;
    for (; field; field = field->parent) {
        if (field->state.is_open) return true;
        if (!field->state.is_inherited) return false;
    }
    return false;
}

void field_narrow(struct field_set *fields, struct field *field, unsigned types,
                  const struct field_known *known)
{
    struct field_state state = field->state;
    assert(field->parent && field_types(fields, field) & types);
    state.types = (uint16_t)(field_types(fields, field) & types);
    state.is_open = field_has_unnamed(fields, field);
    state.is_inherited = false;
    state.known = known;
    field_write(fields, field, &state);
}

bool field_is_open(const struct field_set *fields, const struct field *field)
{
    bool is_root = !field->parent;
    return field_has_unnamed(fields, field) || (!is_root && field_types(fields, field) & TYPE_ARRAY);
}

static unsigned types_below(const struct field_set *fields, const struct field *parent)
{
    return field_is_open(fields, parent) ? (unsigned)TYPE_FIELD : (unsigned)TYPE_MISSING;
}

unsigned field_types(const struct field_set *fields, const struct field *field)
{
    unsigned types = field->state.types;
    return field->state.is_inherited ? types | types_below(fields, field->parent) : types;
}

unsigned fields_types(const struct field_set *fields, const struct path *path)
{
    uint32_t found;
    const struct field *field = nearest(fields, path, &found);
    return found == path->count ? field_types(fields, field) : types_below(fields, field);
}

unsigned fields_types_before(const struct field_set *fields, const struct path *path)
{
    struct field *field = fields_find(fields, path);
    if (!field || field->level != fields->level) return fields_types(fields, path);
    struct field_state now = field->state;
    field->state = fields->notes[field->note].before;
    unsigned types = field_types(fields, field);
    field->state = now;
    return types;
}
