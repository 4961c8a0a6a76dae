/* SPDX-License-Identifier: Apache-2.0 */
/* mutate: changes fields. Its operations run in Logstash's fixed order, whatever the order in the
 * configuration: coerce, rename, update, replace, convert, gsub, uppercase, capitalize, lowercase,
 * strip, split, join, merge, copy. create() compiles them into one list of steps.
 *
 * The first step that fails ends the event: what was changed before stays, the event is tagged, and
 * the common options do not run. A step that would make a batch larger than its limit is such a
 * failure with the tag `_memory_limit`. Departure from Logstash: a rename whose target cannot be
 * written leaves the field where it was (there: it is lost). */
#include <stdlib.h>
#include "core/event/template_regex.h"
#include "core/plugin.h"
#include "core/text/case.h"
#include "core/text/convert.h"
#include "core/text/replace.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"

struct mutate {
    struct template_pairs coerce, rename, update, replace, merge;
    struct str_pairs convert, split, join, copy;
    struct str_list gsub;
    struct path_list uppercase, capitalize, lowercase, strip;
    struct str tag_on_failure;

    struct step *steps; /* in the order in which they run */
    uint32_t step_count, step_capacity;
};

static const struct option mutate_options[] = {
    OPTION_TEMPLATE_PAIRS(struct mutate, coerce, .help = "Fields that get a text when they are null."),
    OPTION_TEMPLATE_PAIRS(struct mutate, rename, .help = "Fields to rename: old => new."),
    OPTION_TEMPLATE_PAIRS(struct mutate, update, .help = "Fields that get a new text if they exist."),
    OPTION_TEMPLATE_PAIRS(struct mutate, replace, .help = "Fields that get a new text."),
    OPTION_PAIRS(struct mutate, convert,
                 .help = "Fields and their new type: integer, float, integer_eu, float_eu, string, "
                         "boolean."),
    OPTION_STRINGS(struct mutate, gsub,
                   .help = "Triples of field, regular expression and what replaces each match."),
    OPTION_PATHS(struct mutate, uppercase, .help = "Fields to write in upper case."),
    OPTION_PATHS(struct mutate, capitalize, .help = "Fields to write in lower case but for the first letter."),
    OPTION_PATHS(struct mutate, lowercase, .help = "Fields to write in lower case."),
    OPTION_PATHS(struct mutate, strip, .help = "Fields to free of white space at both ends."),
    OPTION_PAIRS(struct mutate, split, .help = "Fields to split into an array, and the separator."),
    OPTION_PAIRS(struct mutate, join, .help = "Arrays to join into a text, and the separator."),
    OPTION_TEMPLATE_PAIRS(struct mutate, merge, .help = "Arrays or maps, and the fields to add to each."),
    OPTION_PAIRS(struct mutate, copy, .help = "Fields to copy: source => target."),
    OPTION_STRING(struct mutate, tag_on_failure, .preset = "_mutate_error",
                  .help = "Tag of an event whose change failed."),
    OPTION_END
};

enum step_result { STEP_DONE, STEP_FAILED, STEP_MEMORY };

struct step {
    enum step_result (*run)(struct step *step, struct event *event);
    struct path path, other;          /* the field; the target */
    struct path_list added;           /* of merge */
    struct template name, other_name; /* of rename: what `path` and `other` are when they depend on
                                       * the event */
    struct template text;             /* the new text, the replacement */
    struct str separator;
    struct template_regex pattern;
    enum convert_type type;
    enum case_kind kind;
};

/* ---- what steps share ---- */

static enum step_result written(enum path_result result)
{
    return result == PATH_SET || result == PATH_IGNORED ? STEP_DONE : STEP_FAILED;
}

/* Sets a template's text; the template can multiply what is in the event. */
static enum step_result text_set(const struct step *step, struct event *event)
{
    if (!arena_allows(event->arena, 0)) return STEP_MEMORY;
    return written(path_set(&step->path, event, template_value(&step->text, event)));
}

typedef enum step_result change_value(struct step *step, struct event *event, struct value *value);

/* Of an array all items are changed or none. */
static enum step_result each_item(struct step *step, struct event *event, struct array *array, change_value *change)
{
    bool is_tags = step->path.slot == SLOT_TAGS && step->path.count == 1;
    size_t bytes = array->count * sizeof *array->items;
    if (!arena_allows(event->arena, bytes)) return STEP_MEMORY;
    struct value *changed = arena_alloc(event->arena, bytes);
    for (uint32_t i = 0; i < array->count; i++) {
        changed[i] = array->items[i];
        enum step_result result = change(step, event, &changed[i]);
        if (result != STEP_DONE) return result;
        if (is_tags && changed[i].kind != VALUE_STRING) return STEP_FAILED;
    }
    if (array->count) memcpy(array->items, changed, bytes);
    return STEP_DONE;
}

/* Calls `change` for the field, or for each item of an array. */
static enum step_result each_value(struct step *step, struct event *event, change_value *change)
{
    struct value *value = path_get(&step->path, event);
    if (!value || value->kind == VALUE_MAP) return STEP_DONE;
    if (value->kind != VALUE_ARRAY) {
        /* @timestamp and tags keep their types: a change goes through path_set() */
        struct value changed = *value;
        enum step_result result = change(step, event, &changed);
        if (result != STEP_DONE) return result;
        if (step->path.slot < 0 || (changed.kind == value->kind)) {
            *value = changed;
            return STEP_DONE;
        }
        return written(path_set(&step->path, event, changed));
    }
    return each_item(step, event, value->array, change);
}

/* ---- coerce, update, replace, rename ---- */

static enum step_result coerce_run(struct step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    return value && value->kind == VALUE_NULL ? text_set(step, event) : STEP_DONE;
}

static enum step_result update_run(struct step *step, struct event *event)
{
    return path_get(&step->path, event) ? text_set(step, event) : STEP_DONE;
}

static enum step_result replace_run(struct step *step, struct event *event)
{
    return text_set(step, event);
}

/* Puts a removed value back where it was; in an array the items behind it move up again. */
static void put_back(const struct path *path, struct event *event, struct value value)
{
    struct path parent_path = *path;
    parent_path.count--;
    const struct value *parent = path->count > 1 ? path_get(&parent_path, event) : NULL;
    if (!parent || parent->kind != VALUE_ARRAY) {
        path_set(path, event, value);
        return;
    }
    struct array *array = parent->array;
    int32_t index = path->steps[path->count - 1].index;
    uint32_t at = (uint32_t)(index < 0 ? index + (int32_t)array->count + 1 : index);
    array_push(array, event->arena, value);
    memmove(array->items + at + 1, array->items + at, (array->count - 1 - at) * sizeof value);
    array->items[at] = value;
}

static enum step_result rename_paths(const struct path *from, const struct path *to,
                                     struct event *event)
{
    if (!path_get(from, event)) return STEP_DONE;
    struct value value = path_remove(from, event);
    if (path_set(to, event, value) == PATH_SET) return STEP_DONE;
    put_back(from, event, value); /* also where a write would be silently nothing: a name in an array */
    return STEP_FAILED;
}

static enum step_result rename_run(struct step *step, struct event *event)
{
    return rename_paths(&step->path, &step->other, event);
}

static enum step_result rename_dynamic_run(struct step *step, struct event *event)
{
    if (!arena_allows(event->arena, 0)) return STEP_MEMORY;
    struct path from, to;
    if (!path_compile(&from, template_render(&step->name, event), event->arena) ||
        !path_compile(&to, template_render(&step->other_name, event), event->arena))
        return STEP_FAILED;
    return rename_paths(&from, &to, event);
}

/* ---- convert, gsub, case, strip ---- */

static enum step_result convert_change(struct step *step, struct event *event, struct value *value)
{
    if (!arena_allows(event->arena, value->kind == VALUE_STRING ? value->len : 0))
        return STEP_MEMORY;
    return convert_value(value, step->type, event->arena) ? STEP_DONE : STEP_FAILED;
}

static enum step_result convert_run(struct step *step, struct event *event)
{
    return each_value(step, event, convert_change);
}

static enum step_result gsub_change(struct step *step, struct event *event, struct value *value)
{
    if (value->kind != VALUE_STRING) return STEP_DONE;
    struct str out, replacement = template_render(&step->text, event);
    switch (replace_all(step->pattern.regex, value, replacement, event->arena, &out)) {
    case REPLACE_NONE: return STEP_DONE;
    case REPLACE_DONE: *value = value_string(out); return STEP_DONE;
    case REPLACE_MEMORY: return STEP_MEMORY;
    case REPLACE_LIMIT:
    case REPLACE_BAD_NAME: break;
    }
    return STEP_FAILED;
}

static enum step_result gsub_run(struct step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    if (!value || (value->kind != VALUE_STRING && value->kind != VALUE_ARRAY)) return STEP_DONE;
    if (!arena_allows(event->arena, 0)) return STEP_MEMORY;
    if (!template_regex_ready(&step->pattern, event)) return STEP_FAILED;
    return each_value(step, event, gsub_change);
}

static enum step_result case_change(struct step *step, struct event *event, struct value *value)
{
    if (value->kind != VALUE_STRING) return STEP_DONE;
    if (!arena_allows(event->arena, (size_t)value->len * CASE_GROWTH)) return STEP_MEMORY;
    struct str text = case_map(value_text(value), step->kind, event->arena);
    if (text.ptr != value->text) *value = value_string(text);
    return STEP_DONE;
}

static enum step_result case_run(struct step *step, struct event *event)
{
    return each_value(step, event, case_change);
}

static bool is_stripped(char c) { return is_blank(c) || c == '\v' || c == '\f' || c == '\0'; }

static enum step_result strip_change(struct step *step, struct event *event, struct value *value)
{
    (void)step;
    (void)event;
    if (value->kind != VALUE_STRING) return STEP_FAILED; /* an item; Logstash raises, too */
    while (value->len && is_stripped(value->text[0])) value->text++, value->len--;
    while (value->len && is_stripped(value->text[value->len - 1])) value->len--;
    return STEP_DONE;
}

static enum step_result strip_run(struct step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    bool fits = value && (value->kind == VALUE_STRING || value->kind == VALUE_ARRAY);
    return fits ? each_value(step, event, strip_change) : STEP_DONE;
}

/* ---- split, join ---- */

/* The next piece of `rest` by Ruby's rules: one space stands for any run of white space, the empty
 * separator for the border of characters. False at the end. */
static bool piece_take(struct str *rest, struct str separator, struct str *piece)
{
    if (rest->len == 0) return false;
    size_t len, skip = separator.len;
    if (separator.len == 0) {
        utf8_decode(*rest, &len);
        if (len == 0) len = 1;
    } else if (str_eq(separator, STR(" "))) {
        while (rest->len && is_stripped(rest->ptr[0])) *rest = str_from(*rest, 1);
        for (len = 0; len < rest->len && !is_stripped(rest->ptr[len]);) len++;
        skip = len < rest->len;
        if (len == 0) return false;
    } else {
        ptrdiff_t found = str_find(*rest, separator);
        len = found < 0 ? rest->len : (size_t)found;
        if (found < 0) skip = 0;
    }
    *piece = str_slice(*rest, 0, len);
    *rest = str_from(*rest, len + skip);
    return true;
}

static enum step_result split_run(struct step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    if (!value_is_string(value)) return STEP_DONE;
    /* one item a byte at most, and array_push() doubles */
    size_t items = value->len / (step->separator.len ? step->separator.len : 1) + 1;
    if (!arena_allows(event->arena, items * 3 * sizeof *value)) return STEP_MEMORY;
    struct str rest = value_text(value), piece;
    struct value array = value_array(event->arena, 4);
    uint32_t count = 0; /* up to the last piece that is not empty */
    while (piece_take(&rest, step->separator, &piece)) {
        if (array.array->count == ARRAY_COUNT_MAX) return STEP_MEMORY;
        array_push(array.array, event->arena, value_string(piece));
        if (piece.len) count = array.array->count;
    }
    array.array->count = count;
    return written(path_set(&step->path, event, array));
}

static void join_append(const struct array *array, struct str separator, struct arena *arena,
                        bool *is_first, struct buf *out)
{
    ARRAY_EACH(array, item)
    {
        if (item->kind == VALUE_ARRAY) {
            join_append(item->array, separator, arena, is_first, out);
            continue;
        }
        if (!*is_first) buf_append(out, separator);
        *is_first = false;
        struct value text = *item;
        convert_value(&text, CONVERT_STRING, arena);
        value_print(&text, out);
    }
}

static enum step_result join_run(struct step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    if (!value || value->kind != VALUE_ARRAY) return STEP_DONE;
    /* a value's footprint is more than its text, but for controls in maps, which are escaped */
    size_t most = value_footprint(value) * 6 + step->separator.len * value_footprint(value) / 16;
    if (!arena_allows(event->arena, most)) return STEP_MEMORY;
    struct buf out = {0};
    bool is_first = true;
    join_append(value->array, step->separator, event->arena, &is_first, &out);
    struct str text = arena_copy(event->arena, buf_str(&out));
    buf_fini(&out);
    return written(path_set(&step->path, event, value_string(text)));
}

/* ---- merge, copy ---- */

/* Ruby's concat(Array(value)); items that change their owner are not copied. */
static void items_append(struct array *array, const struct value *value, bool copied,
                         struct arena *arena)
{
    if (!value || value->kind == VALUE_NULL) return;
    const struct value *items = value->kind == VALUE_ARRAY ? value->array->items : value;
    uint32_t count = value->kind == VALUE_ARRAY ? value->array->count : 1;
    for (uint32_t i = 0; i < count; i++)
        array_push(array, arena, copied ? value_copy(arena, &items[i], false) : items[i]);
}

static enum step_result maps_merge(const struct value *into, const struct value *added,
                                   struct arena *arena)
{
    if (into->map == added->map) return STEP_DONE;
    MAP_EACH(added->map, entry)
        map_set(into->map, arena, entry->key, value_copy(arena, &entry->value, false));
    return STEP_DONE;
}

static enum step_result merge_one(const struct path *path, const struct value *into,
                                  const struct value *added, struct event *event)
{
    bool into_map = into && into->kind == VALUE_MAP, added_map = added && added->kind == VALUE_MAP;
    if (into_map != added_map) return STEP_DONE; /* a map and something else: not possible */
    size_t most = (added ? value_footprint(added) : 0) * 2;
    if (into && into->kind == VALUE_ARRAY) most += into->array->count * sizeof *into * 2;
    if (!arena_allows(event->arena, most)) return STEP_MEMORY;
    if (into_map) return maps_merge(into, added, event->arena);
    struct value array = value_array(event->arena, 4);
    items_append(array.array, into, false, event->arena);
    items_append(array.array, added, true, event->arena);
    if (array.array->count > ARRAY_COUNT_MAX) return STEP_MEMORY;
    return written(path_set(path, event, array));
}

/* Several fields may be added to one. An array or a map takes them all; but Logstash reads the
 * destination once, so to a scalar or to nothing only the last one stays added. */
static enum step_result merge_run(struct step *step, struct event *event)
{
    const struct value *into = path_get(&step->path, event);
    struct value first = into ? *into : VALUE_NONE;
    bool grows = into && (into->kind == VALUE_ARRAY || into->kind == VALUE_MAP);
    enum step_result result = STEP_DONE;
    for (uint32_t i = 0; i < step->added.count && result == STEP_DONE; i++) {
        into = grows ? path_get(&step->path, event) : first.kind ? &first : NULL;
        result = merge_one(&step->path, into, path_get(&step->added.items[i], event), event);
    }
    return result;
}

static enum step_result copy_run(struct step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    if (!value || value->kind == VALUE_NULL) return STEP_DONE;
    if (!arena_allows(event->arena, value_footprint(value))) return STEP_MEMORY;
    return written(path_set(&step->other, event, value_copy(event->arena, value, false)));
}

/* ---- compiling ---- */

struct compiler {
    struct mutate *self;
    const struct plugin_context *context;
    bool ok;
};

static struct step *step_add(struct compiler *c, struct step step)
{
    struct mutate *self = c->self;
    if (self->step_count == self->step_capacity) {
        uint32_t capacity = self->step_capacity ? self->step_capacity * 2 : 8;
        self->steps = arena_regrow(c->context->arena, self->steps,
                                   self->step_capacity * sizeof step, capacity * sizeof step);
        self->step_capacity = capacity;
    }
    self->steps[self->step_count++] = step;
    return &self->steps[self->step_count - 1];
}

static void reference_compile(struct compiler *c, struct path *path, struct str text,
                              struct place place)
{
    if (path_compile(path, text, c->context->arena)) return;
    diag_error(c->context->diag, place, "`%.*s` is not a field reference", STR_ARG(text));
    c->ok = false;
}

typedef enum step_result run_step(struct step *step, struct event *event);

/* coerce, update, replace: the field's name is not a template. */
static void texts_compile(struct compiler *c, const struct template_pairs *pairs, run_step *run)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct template_pair *pair = &pairs->items[i];
        /* a key given twice has two values: the last one counts */
        if (pair->values.count == 0) continue;
        struct step *step = step_add(c, (struct step){.run = run});
        step->text = pair->values.items[pair->values.count - 1];
        reference_compile(c, &step->path, pair->name.text, pair->place);
    }
}

static void renames_compile(struct compiler *c)
{
    for (uint32_t i = 0; i < c->self->rename.count; i++) {
        const struct template_pair *pair = &c->self->rename.items[i];
        if (pair->values.count == 0) continue;
        struct step *step = step_add(c, (struct step){.run = rename_dynamic_run});
        step->name = pair->name;
        step->other_name = pair->values.items[pair->values.count - 1];
        if (!step->name.is_literal || !step->other_name.is_literal) continue;
        step->run = rename_run;
        reference_compile(c, &step->path, step->name.text, pair->place);
        reference_compile(c, &step->other, step->other_name.text, pair->place);
    }
}

static void type_unknown(struct compiler *c, const struct str_pair *pair)
{
    static const struct str types[] = {{"integer", 7},  {"float", 5},  {"integer_eu", 10},
                                       {"float_eu", 8}, {"string", 6}, {"boolean", 7}};
    struct message *message =
        diag_error(c->context->diag, pair->place, "`%.*s` is not a type", STR_ARG(pair->value));
    struct str near = suggest(pair->value, types, sizeof types / sizeof *types);
    if (near.len) diag_hint(c->context->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    diag_note(c->context->diag, message, "types: integer, float, integer_eu, float_eu, string, boolean");
    c->ok = false;
}

static void converts_compile(struct compiler *c)
{
    for (uint32_t i = 0; i < c->self->convert.count; i++) {
        const struct str_pair *pair = &c->self->convert.items[i];
        struct step *step = step_add(c, (struct step){.run = convert_run});
        reference_compile(c, &step->path, pair->name, pair->name_place);
        step->type = convert_type_of(pair->value);
        if (step->type != CONVERT_TYPES) continue;
        type_unknown(c, pair);
    }
}

static void pattern_compile(struct compiler *c, struct step *step, struct str pattern,
                            struct place place)
{
    struct regex_problem problem;
    step->pattern.template.is_literal = str_find(pattern, STR("%{")) < 0;
    if (!step->pattern.template.is_literal) {
        struct str why;
        if (template_compile(&step->pattern.template, pattern, c->context->arena, &why)) return;
        diag_error(c->context->diag, place, "gsub: %.*s", STR_ARG(why));
        c->ok = false;
        return;
    }
    step->pattern.regex = regex_compile(pattern, &(struct regex_options){0}, &problem);
    if (step->pattern.regex) return;
    diag_error(c->context->diag, place_within(place, pattern, problem.offset, pattern.len),
               "gsub: regular expression `%.*s`: %s", STR_ARG(pattern), problem.text);
    c->ok = false;
}

static void replacement_compile(struct compiler *c, struct step *step, struct str replacement,
                                struct place place)
{
    struct str why, name;
    if (!template_compile(&step->text, replacement, c->context->arena, &why)) {
        diag_error(c->context->diag, place, "gsub: %.*s", STR_ARG(why));
        c->ok = false;
    } else if (step->pattern.regex && step->text.is_literal &&
               !replace_check(step->pattern.regex, step->text.text, &name)) {
        diag_error(c->context->diag, place, "gsub: the expression has no group named `%.*s`",
                   STR_ARG(name));
        c->ok = false;
    }
}

static void gsubs_compile(struct compiler *c)
{
    const struct str_list *list = &c->self->gsub;
    if (list->count % 3 != 0) {
        struct message *message =
            diag_error(c->context->diag, context_place(c->context, "gsub"),
                       "gsub takes triples, but %u texts are given", list->count);
        diag_hint(c->context->diag, message, "field, regular expression, replacement");
        c->ok = false;
        return;
    }
    for (uint32_t i = 0; i < list->count; i += 3) {
        struct step *step = step_add(c, (struct step){.run = gsub_run});
        struct place places[3];
        for (uint32_t k = 0; k < 3; k++) places[k] = context_item_place(c->context, "gsub", i + k);
        reference_compile(c, &step->path, list->items[i], places[0]);
        pattern_compile(c, step, list->items[i + 1], places[1]);
        replacement_compile(c, step, list->items[i + 2], places[2]);
    }
}

static void paths_compile(struct compiler *c, const struct path_list *paths, run_step *run,
                          enum case_kind kind)
{
    for (uint32_t i = 0; i < paths->count; i++)
        step_add(c, (struct step){.run = run, .path = paths->items[i], .kind = kind});
}

static void separators_compile(struct compiler *c, const struct str_pairs *pairs, run_step *run)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct str_pair *pair = &pairs->items[i];
        struct step *step = step_add(c, (struct step){.run = run, .separator = pair->value});
        reference_compile(c, &step->path, pair->name, pair->name_place);
    }
}

static void merges_compile(struct compiler *c)
{
    for (uint32_t i = 0; i < c->self->merge.count; i++) {
        const struct template_pair *pair = &c->self->merge.items[i];
        struct step *step = step_add(c, (struct step){.run = merge_run});
        reference_compile(c, &step->path, pair->name.text, pair->place);
        uint32_t count = pair->values.count;
        struct path *added = arena_alloc(c->context->arena, count * sizeof *added);
        for (uint32_t n = 0; n < count; n++)
            reference_compile(c, &added[n], pair->values.items[n].text, pair->place);
        step->added = (struct path_list){added, count};
    }
}

static void copies_compile(struct compiler *c)
{
    for (uint32_t i = 0; i < c->self->copy.count; i++) {
        const struct str_pair *pair = &c->self->copy.items[i];
        struct step *step = step_add(c, (struct step){.run = copy_run});
        reference_compile(c, &step->path, pair->name, pair->name_place);
        reference_compile(c, &step->other, pair->value, pair->place);
    }
}

static void mutate_destroy(void *opaque)
{
    struct mutate *self = opaque;
    for (uint32_t i = 0; i < self->step_count; i++) template_regex_fini(&self->steps[i].pattern);
    self->step_count = 0;
}

static bool mutate_create(void *opaque, const struct plugin_context *context)
{
    struct mutate *self = opaque;
    struct compiler c = {self, context, true};
    texts_compile(&c, &self->coerce, coerce_run);
    renames_compile(&c);
    texts_compile(&c, &self->update, update_run);
    texts_compile(&c, &self->replace, replace_run);
    converts_compile(&c);
    gsubs_compile(&c);
    paths_compile(&c, &self->uppercase, case_run, CASE_UPPER);
    paths_compile(&c, &self->capitalize, case_run, CASE_CAPITAL);
    paths_compile(&c, &self->lowercase, case_run, CASE_LOWER);
    paths_compile(&c, &self->strip, strip_run, CASE_UPPER);
    separators_compile(&c, &self->split, split_run);
    separators_compile(&c, &self->join, join_run);
    merges_compile(&c);
    copies_compile(&c);
    if (!c.ok) mutate_destroy(self);
    return c.ok;
}

/* ---- what can be there ---- */

typedef void tell_step(const struct step *step, struct field_set *fields);

static void tell_coerce(const struct step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    fields_read_template(fields, &step->text);
    if (types & TYPE_NULL) fields_retype(fields, &step->path, types | TYPE_STRING);
}

static void tell_rename(const struct step *step, struct field_set *fields)
{
    fields_read(fields, &step->path);
    fields_rename(fields, &step->path, &step->other);
}

static void tell_rename_dynamic(const struct step *step, struct field_set *fields)
{
    fields_read_template(fields, &step->name);
    fields_read_template(fields, &step->other_name);
    fields_forget(fields);
}

static void tell_update(const struct step *step, struct field_set *fields)
{
    fields_read(fields, &step->path);
    fields_read_template(fields, &step->text);
    fields_retype(fields, &step->path, TYPE_STRING);
}

static void tell_replace(const struct step *step, struct field_set *fields)
{
    fields_put_text(fields, &step->path, &step->text);
}

static unsigned type_converted(unsigned types, enum convert_type type)
{
    unsigned kept = types & (TYPE_ARRAY | TYPE_OBJECT | TYPE_NULL);
    if (!(types & TYPE_SCALAR)) return types;
    switch (type) {
    case CONVERT_INTEGER:
    case CONVERT_INTEGER_EU: return kept | TYPE_INTEGER;
    case CONVERT_FLOAT:
    case CONVERT_FLOAT_EU: return kept | TYPE_FLOAT;
    case CONVERT_STRING: return kept | TYPE_STRING;
    case CONVERT_BOOLEAN:
    case CONVERT_TYPES: break;
    }
    return types | TYPE_BOOLEAN; /* what is neither true nor false stays */
}

static void tell_convert(const struct step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    fields_fail(fields);
    fields_retype(fields, &step->path, type_converted(types, step->type));
}

static void tell_gsub(const struct step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    fields_read_template(fields, &step->pattern.template);
    fields_read_template(fields, &step->text);
    fields_fail(fields);
    fields_retype(fields, &step->path, types);
}

static void tell_text(const struct step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    if (types & TYPE_ARRAY) fields_fail(fields);
    fields_retype(fields, &step->path, types);
}

static void tell_split(const struct step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    if (types & TYPE_STRING) types = (types & ~(unsigned)TYPE_STRING) | TYPE_ARRAY;
    fields_retype(fields, &step->path, types);
}

static void tell_join(const struct step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    if (types & TYPE_ARRAY) types = (types & ~(unsigned)TYPE_ARRAY) | TYPE_STRING;
    fields_retype(fields, &step->path, types);
}

static void tell_merge(const struct step *step, struct field_set *fields)
{
    for (uint32_t i = 0; i < step->added.count; i++) fields_read(fields, &step->added.items[i]);
    fields_read_if_set(fields, &step->path);
    fields_fail(fields);
    fields_may_change(fields, &step->path, TYPE_ARRAY);
}

static void tell_copy(const struct step *step, struct field_set *fields)
{
    fields_read(fields, &step->path);
    fields_copy(fields, &step->path, &step->other);
}

static tell_step *tell_of(run_step *run)
{
    static const struct {
        run_step *run;
        tell_step *tell;
    } rows[] = {
        {coerce_run, tell_coerce},   {rename_run, tell_rename}, {rename_dynamic_run, tell_rename_dynamic},
        {update_run, tell_update},   {replace_run, tell_replace}, {convert_run, tell_convert},
        {gsub_run, tell_gsub},       {case_run, tell_text},     {strip_run, tell_text},
        {split_run, tell_split},     {join_run, tell_join},     {merge_run, tell_merge},
        {copy_run, tell_copy},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].run == run) return rows[i].tell;
    assert(false && "a step of which nothing is told");
    return NULL;
}

static void mutate_fields(const void *opaque, struct field_set *fields)
{
    const struct mutate *self = opaque;
    for (uint32_t i = 0; i < self->step_count; i++) tell_of(self->steps[i].run)(&self->steps[i], fields);
}

/* ---- running ---- */

static enum step_result event_mutate(struct mutate *self, struct event *event)
{
    enum step_result result = STEP_DONE;
    for (uint32_t i = 0; i < self->step_count && result == STEP_DONE; i++)
        result = self->steps[i].run(&self->steps[i], event);
    return result;
}

static void mutate_apply(void *opaque, struct batch *batch, const struct selection *in,
                         struct outcome *out)
{
    struct mutate *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        regex_event_begin();
        enum step_result result = event_mutate(self, event);
        if (result == STEP_DONE)
            outcome_matched(out, event);
        else
            outcome_failed(out, event,
                           result == STEP_MEMORY ? STR("_memory_limit") : self->tag_on_failure);
    }
    regex_event_end();
}

const struct filter_type filter_mutate = {
    .name = "mutate",
    .summary = "Changes fields: renames, replaces, converts, splits, joins and more.",
    .size = sizeof(struct mutate),
    .options = mutate_options,
    .create = mutate_create,
    .apply = mutate_apply,
    .destroy = mutate_destroy,
    .fields = mutate_fields,
};
