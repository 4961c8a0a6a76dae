/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/fields.h"
#include <assert.h>
#include "core/event/path.h"
#include "pipelines/lsp/groks.h"

/* ---- what strings mean ---- */

/* Options that name fields without saying so by their kind. Uses: r read, s set, x removed, p a grok
 * expression, - no field. */
static const struct {
    const char *plugin, *option; /* plugin NULL: any */
    char key, value;
    uint32_t every; /* of a list, only each n-th item is one; 0: all; UINT32_MAX: the first */
} uses[] = {
    {NULL, "add_field", 's', '-', 0},        {NULL, "remove_field", '-', 'x', 0},
    {NULL, "target", '-', 's', 0},           {"grok", "match", 'r', 'p', 0},
    {"grok", "pattern_definitions", '-', 'p', 0}, {"grok", "overwrite", '-', 's', 0},
    {"date", "match", '-', 'r', UINT32_MAX}, {"mutate", "rename", 'x', 's', 0},
    {"mutate", "copy", 'r', 's', 0},         {"mutate", "merge", 's', 'r', 0},
    {"mutate", "gsub", '-', 's', 3},         {"mutate", "convert", 's', '-', 0},
    {"mutate", "split", 's', '-', 0},        {"mutate", "join", 's', '-', 0},
    {"mutate", "coerce", 's', '-', 0},       {"mutate", "update", 's', '-', 0},
    {"mutate", "replace", 's', '-', 0},      {"mutate", NULL, '-', 's', 0},
};

static char use_of(const char *plugin, const struct option *option, bool is_key, uint32_t item)
{
    bool is_path = option->kind == OPTION_IS_PATH || option->kind == OPTION_IS_PATHS;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        if (uses[i].plugin && strcmp(uses[i].plugin, plugin) != 0) continue;
        if (uses[i].option ? strcmp(uses[i].option, option->name) != 0 : !is_path) continue;
        if (is_key) return uses[i].key;
        bool is_one = uses[i].every == 0 || (uses[i].every == UINT32_MAX ? item == 0 : item % uses[i].every == 0);
        return is_one ? uses[i].value : '-';
    }
    return is_path && !is_key ? 'r' : '-';
}

static bool is_template(const struct option *option)
{
    return option->kind == OPTION_IS_TEMPLATE || option->kind == OPTION_IS_TEMPLATES ||
           option->kind == OPTION_IS_TEMPLATE_PAIRS;
}

struct meaning value_meaning(const struct scan *scan, uint32_t scope, uint32_t option, bool is_key,
                             uint32_t item)
{
    struct meaning meaning = {.use = FIELD_READ};
    const struct scope *plugin = scan_plugin_of(scan, scope);
    if (!plugin || option == SCAN_NONE) return meaning;
    if (!catalogue_find_scope(scan, plugin, &meaning.plugin)) return meaning;
    meaning.option = described_option(&meaning.plugin, mark_text(scan, &scan->marks[option]));
    if (!meaning.option) return meaning;
    char use = use_of(meaning.plugin.name, meaning.option, is_key, item);
    meaning.is_pattern = use == 'p';
    meaning.is_field = use == 'r' || use == 's' || use == 'x';
    meaning.use = use == 's' ? FIELD_SET : use == 'x' ? FIELD_REMOVED : FIELD_READ;
    meaning.has_fields = is_template(meaning.option);
    return meaning;
}

struct meaning string_meaning(const struct scan *scan, const struct mark *mark)
{
    return value_meaning(scan, mark->scope, mark->option, mark->role == ROLE_KEY, mark->item);
}

/* ---- forms ---- */

struct str field_normal(struct str reference, struct arena *arena)
{
    struct path path;
    struct buf text = buf_in_arena(arena);
    if (reference.len == 0 || !path_compile(&path, reference, arena)) return (struct str){0};
    if (path.is_metadata) buf_append_z(&text, "[@metadata]");
    for (uint32_t i = 0; i < path.count; i++) {
        struct str step = key_text(&path.steps[i].key);
        buf_printf(&text, "[%.*s]", STR_ARG(step));
    }
    return buf_take(&text);
}

bool placeholder_at(struct str text, size_t offset, struct placeholder *found)
{
    assert(offset <= text.len);
    size_t start = offset;
    while (start > 0 && text.ptr[start - 1] != '}' && text.ptr[start - 1] != '\n') {
        start--;
        if (start + 2 > offset || text.ptr[start] != '%' || text.ptr[start + 1] != '{') continue;
        size_t end = start + 2;
        while (end < text.len && !strchr("}\n \"'", text.ptr[end])) end++;
        *found = (struct placeholder){start + 2, end, end < text.len && text.ptr[end] == '}'};
        return offset <= end;
    }
    return false;
}

/* ---- collecting ---- */

struct collector {
    struct fields *fields;
    const struct scan *scan;
    const struct analysis_options *options;
    uint32_t mark;
    /* Made when first needed: the built-in patterns, and those of the filter `owner` if it has own ones. */
    struct grok_library *built_in, *own;
    const struct scope *owner;
};

static void add_named(struct collector *collector, struct str reference, size_t start, size_t end,
                      enum field_use use)
{
    struct fields *fields = collector->fields;
    struct arena *arena = collector->scan->arena;
    assert(start <= end);
    struct str field = field_normal(reference, arena);
    if (!field.len || fields->count == FIELD_PLACES_MAX) return;
    if (fields->count == fields->capacity) {
        uint32_t wanted = fields->capacity ? 2 * fields->capacity : 64;
        fields->items = arena_regrow(arena, fields->items, fields->capacity * sizeof *fields->items,
                                     wanted * sizeof *fields->items);
        fields->capacity = wanted;
    }
    fields->items[fields->count++] =
        (struct field_place){field, use, (uint32_t)start, (uint32_t)end, collector->mark};
}

static void add(struct collector *collector, size_t start, size_t end, enum field_use use)
{
    add_named(collector, scan_slice(collector->scan, (uint32_t)start, (uint32_t)end), start, end, use);
}

/* `%{field}`; dates and what is not closed are none. `at`: where the text begins. */
static void add_placeholders(struct collector *collector, struct str text, size_t at)
{
    for (size_t i = 0; i + 2 < text.len; i++) {
        if (text.ptr[i] != '%' || text.ptr[i + 1] != '{') continue;
        const char *close = memchr(text.ptr + i + 2, '}', text.len - i - 2);
        if (!close) return;
        size_t end = (size_t)(close - text.ptr);
        if (text.ptr[i + 2] != '+' && text.ptr[i + 2] != '{') add(collector, at + i + 2, at + end, FIELD_READ);
        i = end;
    }
}

static size_t skip_until(struct str text, size_t at, const char *ends)
{
    while (at < text.len && !strchr(ends, text.ptr[at])) at++;
    return at;
}

/* The field of a group called `NAME:field:type` or `field`. */
static struct str group_field(struct str name)
{
    size_t start = skip_until(name, 0, ":");
    if (start == name.len) return name;
    return str_slice(name, start + 1, skip_until(name, start + 1, ":"));
}

static const struct grok_library *library_of(struct collector *collector)
{
    const struct scan *scan = collector->scan;
    const struct scope *owner = scan_plugin_of(scan, scan->marks[collector->mark].scope);
    if (!collector->built_in) {
        collector->built_in = arena_alloc(scan->arena, sizeof *collector->built_in);
        groks_load(collector->built_in, collector->options, scan, NULL);
    }
    if (owner != collector->owner) {
        collector->owner = owner;
        collector->own = NULL;
        if (groks_has_own(scan, owner)) {
            collector->own = arena_alloc(scan->arena, sizeof *collector->own);
            groks_load(collector->own, collector->options, scan, owner);
        }
    }
    return collector->own ? collector->own : collector->built_in;
}

/* What a named pattern captures by itself: COMBINEDAPACHELOG sets a dozen fields. */
static void add_inner_captures(struct collector *collector, struct str name, size_t start)
{
    const struct grok_library *library = library_of(collector);
    struct str text;
    struct grok_problem problem;
    struct buf expansion = {0};
    if (!grok_library_find(library, name, &text)) return;
    grok_expand(library, text, true, &expansion, NULL, NULL, &problem);
    text = buf_str(&expansion);
    for (size_t i = 0; i < text.len; i++) {
        if (!str_starts(str_from(text, i), STR("(?<"))) continue;
        size_t end = skip_until(text, i, ">)=!");
        if (end == text.len || text.ptr[end] != '>') continue;
        add_named(collector, group_field(str_slice(text, i + 3, end)), start, start + name.len, FIELD_SET);
    }
    buf_fini(&expansion);
}

/* `%{NAME:field:type}`; returns where to go on. */
static size_t add_reference(struct collector *collector, struct str text, size_t i, size_t at)
{
    size_t name = skip_until(text, i + 2, ":=}\n");
    if (name == text.len || text.ptr[name] == '\n') return name;
    size_t end = skip_until(text, name + 1, ":=}\n");
    if (text.ptr[name] == ':' && end > name + 1 && end < text.len)
        add(collector, at + name + 1, at + end, FIELD_SET);
    add_inner_captures(collector, str_slice(text, i + 2, name), at + i + 2);
    return name;
}

/* `%{NAME:field:type}` and `(?<field>…)`. */
static void add_captures(struct collector *collector, struct str text, size_t at)
{
    for (size_t i = 0; i + 2 < text.len; i++) {
        if (text.ptr[i] == '%' && text.ptr[i + 1] == '{') {
            i = add_reference(collector, text, i, at);
        } else if (str_starts(str_from(text, i), STR("(?<"))) {
            size_t end = skip_until(text, i + 3, ">)=!\n");
            if (end < text.len && text.ptr[end] == '>') add(collector, at + i + 3, at + end, FIELD_SET);
        }
    }
}

static void add_string(struct collector *collector, const struct mark *mark)
{
    const struct scan *scan = collector->scan;
    struct str text = mark_text(scan, mark);
    size_t at = mark->start + 1;
    if (mark->kind != MARK_STRING) at = mark->start;
    struct meaning meaning = string_meaning(scan, mark);
    bool has_placeholder = str_find(text, STR("%{")) >= 0;
    if (meaning.is_pattern) add_captures(collector, text, at);
    else if (meaning.is_field && !has_placeholder) add(collector, at, at + text.len, meaning.use);
    else if (meaning.has_fields) add_placeholders(collector, text, at);
}

void fields_collect(struct fields *fields, const struct scan *scan, const struct analysis_options *options)
{
    struct collector collector = {.fields = fields, .scan = scan, .options = options};
    *fields = (struct fields){.count = 0};
    for (uint32_t i = 0; i < scan->mark_count; i++) {
        const struct mark *mark = &scan->marks[i];
        collector.mark = i;
        if (mark->kind == MARK_REFERENCE) {
            enum field_use use = mark->role == ROLE_TARGET ? FIELD_SET
                                 : mark->role == ROLE_REMOVED ? FIELD_REMOVED : FIELD_READ;
            /* `[a][(b)]` is another field for each event */
            bool is_computed = str_find(mark_text(scan, mark), STR("[(")) >= 0;
            if (mark->is_closed && !is_computed) add(&collector, mark->start, mark->end, use);
        } else if (mark->is_closed && (mark->role == ROLE_VALUE || mark->role == ROLE_KEY)) {
            add_string(&collector, mark);
        }
    }
}

const struct field_place *fields_at(const struct fields *fields, uint32_t offset)
{
    for (uint32_t i = 0; i < fields->count; i++)
        if (offset >= fields->items[i].start && offset <= fields->items[i].end) return &fields->items[i];
    return NULL;
}
