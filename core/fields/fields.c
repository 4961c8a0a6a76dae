/* SPDX-License-Identifier: Apache-2.0 */
/* What each thing that a plugin says makes of one field. */
#include "core/fields/write.h"

void fields_put(struct field_set *fields, const struct path *path, unsigned types)
{
    fields_put_at(fields, path, types, path->text, false);
}

void fields_put_text(struct field_set *fields, const struct path *path, const struct template *text)
{
    fields_read_template(fields, text);
    struct field_site *site = fields_put_at(fields, path, TYPE_STRING, path->text, false);
    if (!site || !text->is_literal) return;
    site->has_text = true;
    site->text = text->text;
}

void fields_may_put(struct field_set *fields, const struct path *path, unsigned types)
{
    fields_put_at(fields, path, types, path->text, true);
}

void fields_capture(struct field_set *fields, const struct path *path, unsigned types, struct str where)
{
    struct field_site *site = fields_put_at(fields, path, types, where, true);
    if (site) site->origin = FIELD_FROM_CAPTURE;
}

void fields_put_absent(struct field_set *fields, const struct path *path, unsigned types)
{
    unsigned before = fields_types(fields, path);
    if (!(before & TYPE_MISSING)) return;
    struct field *leaf = fields_name(fields, path);
    if (!leaf) return;
    enum way way = field_way(fields, path, path->text, leaf, true);
    if (way == WAY_NONE) return;
    if (way == WAY_SURE && before == TYPE_MISSING) {
        fields_put(fields, path, types);
        return;
    }
    field_put_weak(fields, leaf, types, path->text);
    if (way == WAY_UNSURE) return;
    struct field_state state = leaf->state;
    state.types = (uint16_t)((before | types) & ~(unsigned)TYPE_MISSING);
    state.is_open = before & TYPE_OBJECT;
    state.is_inherited = false;
    field_write(fields, leaf, &state);
}

static void say_appended(struct field_set *fields, const struct path *path)
{
    struct message *message = fields_warning(
        fields, path->text, "`%.*s` has a value already: adding another makes an array of both",
        STR_ARG(path->text));
    fields_hint(fields, message, "to change it: mutate { replace => … }");
}

void fields_append_text(struct field_set *fields, const struct path *path, const struct template *text)
{
    unsigned before = fields_types(fields, path);
    if (before == TYPE_MISSING) {
        fields_put_text(fields, path, text);
        return;
    }
    fields_read_template(fields, text);
    if (path_is_timestamp(path) || path->slot == SLOT_TAGS || !path->count) return;
    if (!(before & (TYPE_MISSING | TYPE_ARRAY | TYPE_NULL))) say_appended(fields, path);
    struct field *leaf = fields_name(fields, path);
    enum way way = leaf ? field_way(fields, path, path->text, leaf, false) : WAY_NONE;
    if (way == WAY_NONE) return;
    field_mark_read(leaf); /* what was there is an item of the new value */
    unsigned types = before & TYPE_MISSING ? TYPE_STRING | TYPE_ARRAY : TYPE_ARRAY;
    if (way == WAY_UNSURE) {
        fields_may_change(fields, path, types);
        return;
    }
    field_put_weak(fields, leaf, types, path->text);
    struct field_state state = leaf->state;
    state.types = (uint16_t)types;
    state.is_inherited = false;
    field_write(fields, leaf, &state);
    field_reset_below(fields, leaf, NULL);
}

static void put_name(struct field_set *fields, const char *reference, unsigned types, bool is_weak)
{
    struct path path;
    bool is_path = path_compile(&path, arena_copy(fields->arena, str_of(reference)), fields->arena);
    assert(is_path);
    (void)is_path;
    fields_put_at(fields, &path, types, path.text, is_weak);
}

void fields_put_name(struct field_set *fields, const char *reference, unsigned types)
{
    put_name(fields, reference, types, false);
}

void fields_may_put_name(struct field_set *fields, const char *reference, unsigned types)
{
    put_name(fields, reference, types, true);
}

void fields_retype(struct field_set *fields, const struct path *path, unsigned types)
{
    unsigned before = fields_types(fields, path);
    if (!(before & ~(unsigned)TYPE_MISSING) || path_is_timestamp(path) || !path->count) return;
    struct field *leaf = fields_name(fields, path);
    if (!leaf) return;
    struct field_site *site = field_site_new(fields, leaf, path->text);
    struct field_state state = {.types = (uint16_t)(types | (before & TYPE_MISSING)),
                                .is_open = field_has_unnamed(fields, leaf)};
    field_state_add_site(&state, site);
    field_write(fields, leaf, &state);
    if (!(types & TYPE_OBJECT) || types & TYPE_ARRAY) field_reset_below(fields, leaf, NULL);
}

void fields_may_change(struct field_set *fields, const struct path *path, unsigned types)
{
    struct field *leaf = fields_name(fields, path);
    if (!path->count) fields_change_metadata(fields);
    if (!leaf || !path->count) return;
    field_way(fields, path, path->text, leaf, true);
    struct field_state state = leaf->state;
    state.types = (uint16_t)(state.types | types);
    state.is_open = true;
    state.known = NULL;
    field_state_add_site(&state, field_site_new(fields, leaf, path->text));
    field_write(fields, leaf, &state);
    field_reset_below(fields, leaf, NULL);
}
