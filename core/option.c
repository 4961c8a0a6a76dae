/* SPDX-License-Identifier: Apache-2.0 */
#include "core/option.h"
#include "core/option_value.h"

enum {
    OPTION_NAMES_MAX = 256, /* rows of one table, groups included */
    PRESET_ITEMS_MAX = 24,  /* of a preset that is a list or hash */
    LISTED_NAMES_MAX = 24,  /* a complaint lists so many names; of more it says where they are */
};

/* A row and where its member lies, groups followed. */
struct found {
    const struct option *row;
    size_t base;
};

static struct found find(const struct option *table, struct str name, size_t base)
{
    for (const struct option *row = table; row && row->name; row++) {
        if (row->kind != OPTION_IS_GROUP) {
            if (str_eq_z(name, row->name)) return (struct found){row, base};
            continue;
        }
        struct found found = find(row->group, name, base + row->offset);
        if (found.row) return found;
    }
    return (struct found){0};
}

const struct option *option_find(const struct option *table, struct str name)
{
    return find(table, name, 0).row;
}

static void list_templates(const struct template_list *list,
                           void (*found)(void *opaque, const struct template *), void *opaque)
{
    for (uint32_t i = 0; i < list->count; i++) found(opaque, &list->items[i]);
}

void options_templates(const struct option *table, const void *self,
                       void (*found)(void *opaque, const struct template *), void *opaque)
{
    for (const struct option *row = table; row && row->name; row++) {
        const void *member = row->offset == SIZE_MAX ? NULL : (const char *)self + row->offset;
        const struct template_pairs *pairs = member;
        if (row->alias_of || !member) continue;
        if (row->kind == OPTION_IS_GROUP) options_templates(row->group, member, found, opaque);
        if (row->kind == OPTION_IS_TEMPLATE) found(opaque, member);
        if (row->kind == OPTION_IS_TEMPLATES) list_templates(member, found, opaque);
        for (uint32_t i = 0; row->kind == OPTION_IS_TEMPLATE_PAIRS && i < pairs->count; i++) {
            found(opaque, &pairs->items[i].name);
            list_templates(&pairs->items[i].values, found, opaque);
        }
    }
}

/* ---- presets ---- */

static struct str trim(struct str text)
{
    while (text.len && is_blank(text.ptr[0])) text = str_from(text, 1);
    while (text.len && is_blank(text.ptr[text.len - 1])) text.len--;
    return text;
}

/* Takes `"text"` from the head of a preset. */
static struct config_value preset_item(struct str *rest, struct place place)
{
    assert(rest->len >= 2 && rest->ptr[0] == '"');
    const char *end = memchr(rest->ptr + 1, '"', rest->len - 1);
    assert(end);
    struct str text = str_slice(*rest, 1, (size_t)(end - rest->ptr));
    *rest = trim(str_from(*rest, text.len + 2));
    return (struct config_value){.kind = CONFIG_STRING, .place = place, .text = text};
}

/* Presets are written by programmers: `["a", "b"]`, `{ "k" => "v" }` or one value. */
static struct config_value read_preset(const char *preset, struct options_context *context)
{
    struct str rest = trim(str_of(preset));
    /* one value is taken to the byte: a delimiter's preset is a newline */
    struct config_value value = {
        .kind = CONFIG_STRING, .place = context->place, .text = str_of(preset)};
    bool is_hash = str_starts(rest, STR("{"));
    if (!is_hash && !(str_starts(rest, STR("[\"")) || str_eq_z(rest, "[]"))) return value;
    value.kind = is_hash ? CONFIG_HASH : CONFIG_ARRAY;
    value.items = arena_zalloc(context->arena, PRESET_ITEMS_MAX * sizeof *value.items);
    value.keys = arena_zalloc(context->arena, PRESET_ITEMS_MAX * sizeof *value.keys);
    rest = trim(str_slice(rest, 1, rest.len - 1));
    while (rest.len) {
        assert(value.count < PRESET_ITEMS_MAX);
        if (is_hash) {
            value.keys[value.count] = preset_item(&rest, context->place);
            assert(str_starts(rest, STR("=>")));
            rest = trim(str_from(rest, 2));
        }
        value.items[value.count++] = preset_item(&rest, context->place);
        if (str_starts(rest, STR(","))) rest = trim(str_from(rest, 1));
    }
    return value;
}

static void load_presets(const struct option *table, char *self, struct options_context *context)
{
    for (const struct option *row = table; row->name; row++) {
        if (row->kind == OPTION_IS_GROUP) load_presets(row->group, self + row->offset, context);
        else if (row->preset && !row->alias_of && row->offset != SIZE_MAX) {
            struct config_value *value = arena_alloc(context->arena, sizeof *value);
            *value = read_preset(row->preset, context);
            bool is_right = option_convert(row, value, self + row->offset, context);
            /* A preset that the user's file could not hold is a fault of the plugin's table; one
             * that names a codec may fail when that codec's own options do. */
            assert(is_right || row->kind == OPTION_IS_CODEC);
        }
    }
}

/* ---- names ---- */

static size_t collect_names(const struct option *table, struct str *names, size_t count)
{
    for (const struct option *row = table; row && row->name; row++) {
        if (row->kind == OPTION_IS_GROUP) count = collect_names(row->group, names, count);
        else if (!row->obsolete && !row->is_ignored && !row->alias_of && count < OPTION_NAMES_MAX)
            names[count++] = str_of(row->name);
    }
    return count;
}

/* One call of options_load_parts(). */
struct load {
    const struct options_part *parts;
    size_t part_count;
    const struct setting *settings;
    size_t count;
    struct options_context *context;
};

static const struct option *find_row(const struct load *load, struct str name, char **member)
{
    for (size_t i = 0; i < load->part_count; i++) {
        struct found found = find(load->parts[i].table, name, 0);
        if (!found.row) continue;
        *member = (char *)load->parts[i].self + found.base;
        return found.row;
    }
    return NULL;
}

static void unknown_name(const struct load *load, const struct setting *setting)
{
    struct options_context *context = load->context;
    struct str names[OPTION_NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < load->part_count; i++)
        count = collect_names(load->parts[i].table, names, count);
    struct str near = suggest(setting->key, names, count);
    if (!context->plugin.len) { /* a settings file */
        struct message *unknown = diag_error(context->diag, setting->key_place, "there is no %s `%.*s`",
                                             context->section, STR_ARG(setting->key));
        if (near.len) diag_hint(context->diag, unknown, "did you mean `%.*s`?", STR_ARG(near));
        diag_note(context->diag, unknown, "`tailrace docs settings` lists them");
        return;
    }
    struct message *message =
        diag_error(context->diag, setting->key_place, "%s `%.*s` has no option `%.*s`",
                   context->section, STR_ARG(context->plugin), STR_ARG(setting->key));
    if (near.len) diag_hint(context->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    /* The list names what is the plugin's own: the first table. */
    count = load->part_count ? collect_names(load->parts[0].table, names, 0) : 0;
    struct buf list = {0};
    for (size_t i = 0; i < count; i++) buf_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(names[i]));
    if (count > LISTED_NAMES_MAX)
        diag_note(context->diag, message, "`tailrace docs %.*s` lists them", STR_ARG(context->plugin));
    else if (count)
        diag_note(context->diag, message, "%.*s takes: %.*s", STR_ARG(context->plugin),
                  STR_ARG(buf_str(&list)));
    buf_fini(&list);
}

/* The setting that gives this option, under its own name or an old one, other than `but`. */
static const struct setting *find_setting(const struct load *load, const char *name,
                                          const struct setting *but)
{
    char *member;
    for (size_t i = 0; i < load->count; i++) {
        const struct setting *setting = &load->settings[i];
        if (setting == but) continue;
        if (str_eq_z(setting->key, name)) return setting;
        const struct option *row = find_row(load, setting->key, &member);
        if (row && row->alias_of && strcmp(row->alias_of, name) == 0) return setting;
    }
    return NULL;
}

/* ---- loading ---- */

/* An old spelling and the new one together would hide each other. */
static bool is_given_twice(const struct load *load, const struct option *row,
                           const struct setting *setting)
{
    const struct setting *other = find_setting(load, row->alias_of, setting);
    if (!other) return false;
    struct message *message =
        diag_error(load->context->diag, setting->key_place,
                   "`%s` is an old name of `%s`, which is given too", row->name, row->alias_of);
    diag_hint(load->context->diag, message, "remove it");
    diag_other(load->context->diag, message, other->key_place, "given here");
    return true;
}

static void load_setting(const struct load *load, const struct setting *setting)
{
    struct diag *diag = load->context->diag;
    char *member;
    const struct option *row = find_row(load, setting->key, &member);
    if (!row) {
        unknown_name(load, setting);
        return;
    }
    if (row->obsolete) {
        diag_hint(diag, diag_error(diag, setting->key_place, "`%s` is no longer an option", row->name),
                  "%s", row->obsolete);
        return;
    }
    if (row->deprecated)
        diag_hint(diag, diag_warning(diag, setting->key_place, "`%s` is deprecated", row->name), "%s",
                  row->deprecated);
    if (row->is_ignored) return;
    if (row->alias_of && is_given_twice(load, row, setting)) return;
    assert(row->offset != SIZE_MAX);
    option_convert(row, &setting->value, member + row->offset, load->context);
}

static void check_required(const struct load *load, const struct option *rows)
{
    struct options_context *context = load->context;
    for (const struct option *row = rows; row && row->name; row++) {
        if (row->kind == OPTION_IS_GROUP) check_required(load, row->group);
        if (!row->required || row->alias_of || find_setting(load, row->name, NULL)) continue;
        diag_hint(context->diag,
                  diag_error(context->diag, context->place, "%s `%.*s` needs the option `%s`",
                             context->section, STR_ARG(context->plugin), row->name),
                  "add %s => …", row->name);
    }
}

bool options_load_parts(const struct options_part *parts, size_t part_count,
                        const struct setting *settings, size_t count, struct options_context *context)
{
    struct load load = {parts, part_count, settings, count, context};
    uint32_t errors = context->diag->errors;
    for (size_t i = 0; i < part_count; i++)
        if (parts[i].table) load_presets(parts[i].table, parts[i].self, context);
    for (size_t i = 0; i < count; i++) load_setting(&load, &settings[i]);
    for (size_t i = 0; i < part_count; i++) check_required(&load, parts[i].table);
    return context->diag->errors == errors;
}

bool options_load(const struct option *table, void *self, const struct setting *settings,
                  size_t count, struct options_context *context)
{
    return options_load_parts(&(struct options_part){table, self}, 1, settings, count, context);
}
