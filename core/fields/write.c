/* SPDX-License-Identifier: Apache-2.0 */
/* Writing one field: where its value comes from, what becomes of those above and below it. */
#include "core/fields/write.h"

/* ---- sites ---- */

struct field_site *field_site_new(struct field_set *fields, const struct field *field, struct str where)
{
    struct field_site *site = arena_alloc(fields->arena, sizeof *site);
    *site = (struct field_site){.origin = fields->origin, .place = fields->place, .user = fields->user,
                                .where = where, .field = field, .is_read = fields->quiet > 0,
                                .next = fields->sites};
    return fields->sites = site;
}

/* If nobody has read it by the end, nobody could. */
void field_undo(struct field *field, const struct field_site *by)
{
    if (!by) return;
    for (uint32_t i = 0; i < field->state.site_count; i++)
        if (!field->state.sites[i]->undone_by) field->state.sites[i]->undone_by = by;
}

void field_reset_below(struct field_set *fields, struct field *field, const struct field_site *by)
{
    static const struct field_state nothing = {.is_inherited = true};
    for (struct field *child = field->child; child; child = child->next) {
        field_undo(child, by);
        field_write(fields, child, &nothing);
        field_reset_below(fields, child, by);
    }
}

/* ---- writing ---- */

static void say_blocked(struct field_set *fields, const struct path *path, struct str where,
                        const struct field *field)
{
    struct buf name = {0};
    field_print(fields, field, &name);
    struct str types = type_names(field_types(fields, field), fields->arena);
    fields_hint(fields,
                fields_warning(fields, where, "`%.*s` cannot be set: `%.*s` is %.*s here",
                               STR_ARG(path->text), STR_ARG(buf_str(&name)), STR_ARG(types)),
                "rename one of them");
    buf_fini(&name);
}

enum way field_way(struct field_set *fields, const struct path *path, struct str where, struct field *leaf,
                   bool is_weak)
{
    enum way way = WAY_SURE;
    assert(leaf->parent); /* a root has no way */
    for (struct field *field = leaf->parent; field && field->parent; field = field->parent) {
        unsigned types = field_types(fields, field);
        unsigned fit = types & (TYPE_OBJECT | TYPE_ARRAY | TYPE_MISSING);
        if (!fit) {
            say_blocked(fields, path, where, field);
            return WAY_NONE;
        }
        if (types & ~(unsigned)(TYPE_OBJECT | TYPE_MISSING) && !is_weak) fields_fail(fields);
        if (types & (TYPE_ARRAY | TYPE_SCALAR | TYPE_NULL)) way = WAY_UNSURE;
        if (types & TYPE_ARRAY) field_reset_below(fields, field, NULL); /* an item has two names, [0] and [-1] */
        struct field_state state = field->state;
        state.is_open = field_has_unnamed(fields, field);
        state.is_inherited = false;
        state.types = (uint16_t)(types | TYPE_OBJECT);
        if (!is_weak) state.types &= TYPE_OBJECT | TYPE_ARRAY;
        field_write(fields, field, &state);
    }
    return way;
}

void field_state_add_site(struct field_state *state, struct field_site *site)
{
    assert(state->site_count <= FIELD_SITES_MAX);
    if (state->site_count < FIELD_SITES_MAX) state->sites[state->site_count++] = site;
    else state->has_more_sites = site->is_read = true;
}

/* What is above may be something else now. */
static void weaken_below(struct field_set *fields, struct field *field)
{
    for (struct field *child = field->child; child; child = child->next) {
        struct field_state state = child->state;
        state.types |= TYPE_MISSING;
        if (!(child->state.types & TYPE_MISSING)) field_write(fields, child, &state);
        weaken_below(fields, child);
    }
}

struct field_site *field_put_weak(struct field_set *fields, struct field *leaf, unsigned types, struct str where)
{
    struct field_site *site = field_site_new(fields, leaf, where);
    struct field_state state = leaf->state;
    bool is_array = field_types(fields, leaf) & TYPE_ARRAY; /* the items are others now */
    state.types = (uint16_t)(state.types | types);
    state.is_open |= (types & TYPE_OBJECT) != 0;
    state.known = NULL;
    field_state_add_site(&state, site);
    field_write(fields, leaf, &state);
    if (is_array) field_reset_below(fields, leaf, NULL);
    else weaken_below(fields, leaf);
    return site;
}

struct field_site *field_put(struct field_set *fields, struct field *leaf, unsigned types, struct str where)
{
    assert(leaf->parent);
    struct field_site *site = field_site_new(fields, leaf, where);
    field_undo(leaf, site);
    struct field_state state = {.types = (uint16_t)types, .is_open = types & TYPE_OBJECT};
    field_state_add_site(&state, site);
    field_write(fields, leaf, &state);
    field_reset_below(fields, leaf, site);
    return site;
}

/* Of any name, or of none. */
void field_forget_below(struct field_set *fields, struct field *field)
{
    static const struct field_state anything = {.is_inherited = true};
    for (struct field *child = field->child; child; child = child->next) {
        field_write(fields, child, &anything);
        field_forget_below(fields, child);
    }
}

void field_open_root(struct field_set *fields, struct field *root, struct field_site *site)
{
    struct field_state state = root->state;
    state.is_open = true;
    field_state_add_site(&state, site);
    field_write(fields, root, &state);
}

void fields_change_metadata(struct field_set *fields)
{
    struct field_site *site = field_site_new(fields, &fields->metadata, (struct str){0});
    site->is_read = true;
    fields_mark_read(fields);
    field_open_root(fields, &fields->metadata, site);
    field_forget_below(fields, &fields->metadata);
}

struct field_site *fields_put_at(struct field_set *fields, const struct path *path, unsigned types,
                                 struct str where, bool is_weak)
{
    assert(types);
    if (path->count == 0) { /* all of @metadata */
        fields_fail(fields);
        fields_change_metadata(fields);
        return NULL;
    }
    if (path_is_timestamp(path)) {
        if (types != TYPE_TIME) fields_fail(fields);
        types &= TYPE_TIME;
        if (!types) return NULL;
    }
    if (path->slot == SLOT_TAGS && types != TYPE_STRING) fields_fail(fields);
    struct field *leaf = fields_name(fields, path);
    if (!leaf) return NULL;
    enum way way = field_way(fields, path, where, leaf, is_weak);
    if (way == WAY_NONE) {
        fields_fail(fields);
        return NULL;
    }
    return way == WAY_UNSURE || is_weak ? field_put_weak(fields, leaf, types, where)
                                        : field_put(fields, leaf, types, where);
}
