/* SPDX-License-Identifier: Apache-2.0 */
/* Where values come from and whether they are read; what is said of fields. */
#include <stdarg.h>
#include <stdlib.h>
#include "core/fields/state.h"
#include "core/xmalloc.h"

/* ---- places ---- */

/* The value in the settings whose text holds `where`, by address: the same word may stand in several. */
static const struct config_value *value_holding(const struct config_value *value, struct str where)
{
    uintptr_t first = (uintptr_t)value->text.ptr, at = (uintptr_t)where.ptr;
    if (value->text.ptr && at >= first && at + where.len <= first + value->text.len) return value;
    const struct config_value *found = NULL;
    if (value->kind == CONFIG_PLUGIN) {
        for (uint32_t i = 0; i < value->count && !found; i++)
            found = value_holding(&value->settings[i].value, where);
        return found;
    }
    for (uint32_t i = 0; i < value->count && !found; i++) {
        if (value->keys) found = value_holding(&value->keys[i], where);
        if (!found) found = value_holding(&value->items[i], where);
    }
    return found;
}

struct place field_user_place(const struct field_user *user, struct str where)
{
    const struct config_value *value = NULL;
    for (uint32_t i = 0; where.len && i < user->setting_count && !value; i++)
        value = value_holding(&user->settings[i].value, where);
    if (!value) return user->place;
    struct place place = value->place;
    bool is_quoted = place.end - place.start == value->text.len + 2;
    bool is_bare = place.end - place.start == value->text.len;
    if (!is_quoted && !is_bare) return place; /* escapes or ${NAME} changed the text */
    place.start += (uint32_t)(where.ptr - value->text.ptr) + is_quoted;
    place.end = place.start + (uint32_t)where.len;
    return place;
}

struct place field_site_place(const struct field_site *site)
{
    if (site->place.source || !site->user) return site->place;
    return field_user_place(site->user, site->where);
}

/* ---- reading ---- */

static void mark_sites(struct field_state *state)
{
    for (uint32_t i = 0; i < state->site_count; i++) state->sites[i]->is_read = true;
}

static void mark_below(struct field *field)
{
    mark_sites(&field->state);
    for (struct field *child = field->child; child; child = child->next) mark_below(child);
}

void field_mark_read(struct field *field)
{
    mark_below(field);
    for (field = field->parent; field; field = field->parent) mark_sites(&field->state);
}

void fields_mark_read(struct field_set *fields)
{
    mark_below(&fields->root);
    mark_below(&fields->metadata);
}

/* Of a path that has no entry the nearest above it is read. */
unsigned fields_read_if_set(struct field_set *fields, const struct path *path)
{
    struct path above = *path;
    struct field *field = fields_find(fields, &above);
    if (field) {
        field_mark_read(field);
        return fields_types(fields, path);
    }
    while (!field && above.count > 1) above.count--, field = fields_find(fields, &above);
    for (; field; field = field->parent) mark_sites(&field->state);
    return fields_types(fields, path);
}

unsigned fields_read(struct field_set *fields, const struct path *path)
{
    unsigned types = fields_read_if_set(fields, path);
    if (types != TYPE_MISSING || fields->quiet) return types;
    struct place place = fields->user ? field_user_place(fields->user, path->text) : fields->place;
    fields_say_unset(fields, place, path);
    return types;
}

void fields_read_template(struct field_set *fields, const struct template *template)
{
    uint32_t at = 0;
    const struct path *path;
    if (template->is_literal) return;
    mark_sites(&fields->root.child->state); /* @timestamp, of a date */
    while ((path = template_next_field(template, &at))) fields_read(fields, path);
}

/* ---- saying ---- */

struct message *fields_warning(struct field_set *fields, struct str where, const char *format, ...)
{
    if (fields->quiet) return &fields->diag->spare;
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    struct place place = fields->user ? field_user_place(fields->user, where) : fields->place;
    struct message *message = diag_warning(fields->diag, place, "%.*s", STR_ARG(buf_str(&text)));
    buf_fini(&text);
    return message;
}

void fields_hint(struct field_set *fields, struct message *message, const char *format, ...)
{
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    diag_hint(fields->diag, message, "%.*s", STR_ARG(buf_str(&text)));
    buf_fini(&text);
}

void field_print(const struct field_set *fields, const struct field *field, struct buf *out)
{
    if (field->parent == &fields->root) {
        buf_append(out, key_text(&field->key));
        return;
    }
    const struct field *way[PATH_STEPS_MAX + 1];
    uint32_t count = 0;
    for (; field && field != &fields->root && count <= PATH_STEPS_MAX; field = field->parent)
        way[count++] = field;
    while (count--) buf_printf(out, "[%.*s]", STR_ARG(key_text(&way[count]->key)));
}

/* The site that took the field away, if that is all there is. */
static const struct field_site *removed_by(const struct field_set *fields, const struct path *path)
{
    struct path above = *path;
    for (; above.count; above.count--) {
        const struct field *field = fields_find(fields, &above);
        if (!field || !field->state.site_count) continue;
        const struct field_site *site = field->state.sites[0];
        return site->origin == FIELD_REMOVED ? site : NULL;
    }
    return NULL;
}

/* What stands above the field and can hold none; NULL: nothing does. */
static const struct field *scalar_above(const struct field_set *fields, const struct path *path)
{
    struct path above = *path;
    while (above.count > 1) {
        above.count--;
        const struct field *field = fields_find(fields, &above);
        unsigned types = field ? field_types(fields, field) : (unsigned)TYPE_MISSING;
        if (types != TYPE_MISSING) return types & (TYPE_OBJECT | TYPE_ARRAY) ? NULL : field;
    }
    return NULL;
}

struct message *fields_say_unset(struct field_set *fields, struct place place, const struct path *path)
{
    if (fields->quiet) return &fields->diag->spare;
    const struct field_site *removed = removed_by(fields, path);
    struct message *message =
        removed ? diag_warning(fields->diag, place, "`%.*s` is not there any more", STR_ARG(path->text))
                : diag_warning(fields->diag, place, "nothing sets `%.*s` before this", STR_ARG(path->text));
    struct str near = removed ? (struct str){0} : fields_suggest(fields, path, false);
    if (near.len) fields_hint(fields, message, "did you mean `%.*s`?", STR_ARG(near));
    if (removed) diag_other(fields->diag, message, field_site_place(removed), "removed here");
    const struct field *scalar = scalar_above(fields, path);
    if (!scalar) return message;
    struct buf name = {0};
    field_print(fields, scalar, &name);
    diag_note(fields->diag, message, "`%.*s` is %.*s here, nothing is below it", STR_ARG(buf_str(&name)),
              STR_ARG(type_names(field_types(fields, scalar), fields->arena)));
    buf_fini(&name);
    return message;
}
