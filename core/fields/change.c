/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins say of many fields: that any may have changed, that one is gone, copied or has another
 * name, with all that is below. */
#include "core/fields/write.h"

/* ---- everything at once ---- */

/* Its value may be another now, of any type; what is below that may be gone with the old one. */
static void open_below(struct field_set *fields, struct field *field, struct field_site *site)
{
    for (struct field *child = field->child; child; child = child->next) {
        bool is_root = !field->parent;
        bool is_time = field == &fields->root && str_eq(key_text(&child->key), STR("@timestamp"));
        struct field_state state = child->state;
        if (!is_time) {
            state.types |= is_root ? TYPE_ANY : TYPE_FIELD;
            state.is_open = true;
            state.known = NULL;
            field_state_add_site(&state, site);
            field_write(fields, child, &state);
        }
        open_below(fields, child, site);
    }
}

void fields_open(struct field_set *fields)
{
    struct field_site *site = field_site_new(fields, &fields->root, (struct str){0});
    site->is_read = true;
    field_open_root(fields, &fields->root, site);
    field_open_root(fields, &fields->metadata, site);
    open_below(fields, &fields->root, site);
    open_below(fields, &fields->metadata, site);
}

void fields_forget(struct field_set *fields)
{
    fields_mark_read(fields);
    fields_open(fields);
    field_forget_below(fields, &fields->root);
    field_forget_below(fields, &fields->metadata);
}

/* ---- removing, copying ---- */

/* The outermost list above the field; NULL: there is none. */
static struct field *array_above(const struct field_set *fields, const struct field *field)
{
    struct field *found = NULL;
    for (struct field *above = field->parent; above && above->parent; above = above->parent)
        if (field_types(fields, above) & TYPE_ARRAY) found = above;
    return found;
}

void fields_remove(struct field_set *fields, const struct path *path)
{
    if (!(fields_types(fields, path) & ~(unsigned)TYPE_MISSING)) return;
    struct field *leaf = fields_name(fields, path);
    if (!leaf) return;
    struct field *array = array_above(fields, leaf);
    if (array) { /* the items behind it move up */
        field_mark_read(array);
        field_reset_below(fields, array, NULL);
        return;
    }
    struct field_site *site = field_site_new(fields, leaf, path->text);
    site->origin = FIELD_REMOVED;
    site->is_read = true;
    field_undo(leaf, site);
    field_reset_below(fields, leaf, site);
    struct field_state state = {.types = TYPE_MISSING};
    if (!leaf->parent) state.types = TYPE_OBJECT; /* @metadata is emptied */
    field_state_add_site(&state, site);
    field_write(fields, leaf, &state);
}

static bool is_within(const struct field *field, const struct field *container)
{
    for (; field; field = field->parent)
        if (field == container) return true;
    return false;
}

static void copy_below(struct field_set *fields, const struct field *from, struct field *to, bool is_weak)
{
    for (const struct field *child = from->child; child; child = child->next) {
        unsigned types = field_types(fields, child);
        if (types == TYPE_MISSING) continue;
        struct field *copy = fields_name_child(fields, to, child->key);
        if (!copy) return;
        struct field_state state = is_weak ? copy->state : (struct field_state){0};
        state.types = (uint16_t)(state.types | types);
        state.is_open |= field_has_unnamed(fields, child);
        state.known = NULL;
        for (uint32_t i = 0; i < to->state.site_count && !state.site_count; i++)
            field_state_add_site(&state, to->state.sites[i]);
        field_write(fields, copy, &state);
        copy_below(fields, child, copy, is_weak);
    }
}

/* May something stand above the field that cannot hold it? */
static bool may_be_blocked(const struct field_set *fields, const struct field *field)
{
    for (field = field ? field->parent : NULL; field && field->parent; field = field->parent)
        if (field_types(fields, field) & ~(unsigned)(TYPE_OBJECT | TYPE_MISSING)) return true;
    return false;
}

void fields_copy(struct field_set *fields, const struct path *from, const struct path *to)
{
    unsigned types = fields_types(fields, from);
    unsigned present = types & ~(unsigned)TYPE_MISSING;
    if (!present) return;
    const struct field *source = fields_find(fields, from);
    const struct field *target = fields_name(fields, to);
    bool is_nested = !source || !target || is_within(target, source) || is_within(source, target);
    bool was_open = !source || field_has_unnamed(fields, source), is_weak = types & TYPE_MISSING;
    if (may_be_blocked(fields, target)) fields_fail(fields); /* when the source is there */
    struct field_site *site = fields_put_at(fields, to, present, to->text, is_weak);
    if (!site) return;
    struct field *leaf = fields_find(fields, to);
    struct field_state state = leaf->state;
    state.is_open = was_open || is_nested || (is_weak && state.is_open);
    field_write(fields, leaf, &state);
    if (!is_nested) copy_below(fields, source, leaf, is_weak);
}

void fields_rename(struct field_set *fields, const struct path *from, const struct path *to)
{
    fields_copy(fields, from, to);
    struct field *source = fields_find(fields, from), *target = fields_find(fields, to);
    if (source && target && is_within(source, target)) return; /* it went with what was there */
    if (source && target && is_within(target, source)) fields_open(fields);
    else fields_remove(fields, from);
}
