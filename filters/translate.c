/* SPDX-License-Identifier: Apache-2.0 */
/* translate: looks the text of a field up in a dictionary. Engine: core/text/dictionary.h; a dictionary in a
 * file is read again when it changes (core/store/live_file.h).
 *
 * Departures: a file that has not changed is not read again, whatever refresh_interval says; a dictionary
 * of expressions has at most DICTIONARY_REGEXES_MAX. */
#include <stdlib.h>
#include "core/plugin.h"
#include "core/store/live_file.h"
#include "core/text/dictionary.h"
#include "core/text/number.h"
#include "core/text/regex.h"

enum { INLINE_BYTES = 64 * 1024 }; /* of a file whose change is read between two batches: about 2 ms */
enum { BEHAVIOUR_MERGE, BEHAVIOUR_REPLACE };
static const char *const BEHAVIOURS[] = {"merge", "replace", NULL};

struct translate {
    struct path source, target;
    struct config_option dictionary;
    struct str dictionary_path;
    bool override, exact, regex;
    struct template fallback;
    int64_t refresh_interval;
    struct choice refresh_behaviour;
    struct path iterate_on;

    enum dictionary_rule rule;
    enum dictionary_format format;
    struct dictionary *table; /* of the text; a file's is live_file's */
    struct live_file file;
    bool has_fallback, is_in_place, is_list;
    struct path item_source, item_target; /* of an item of iterate_on, whose number is the step `item_at` */
    uint32_t item_at;
    struct buf text; /* of a value that is no string */
    atomic_uint_fast64_t matches, misses;
};

static const struct option translate_options[] = {
    OPTION_PATH(struct translate, source, .required = true, .help = "Field whose text is looked up."),
    {.name = "field", .kind = OPTION_IS_PATH, .offset = offsetof(struct translate, source), .alias_of = "source",
     .deprecated = "use `source`", .help = "Old name of source."},
    OPTION_PATH(struct translate, target,
                .help = "Field that gets the value; preset: the source itself, `translation` where ECS is disabled."),
    {.name = "destination", .kind = OPTION_IS_PATH, .offset = offsetof(struct translate, target),
     .alias_of = "target", .deprecated = "use `target`", .help = "Old name of target."},
    OPTION_RAW(struct translate, dictionary, .help = "What texts stand for: \"200\" => \"OK\"."),
    OPTION_STRING(struct translate, dictionary_path,
                  .help = "A file of them instead: .yml, .yaml, .json, or .csv with two columns."),
    OPTION_BOOL(struct translate, override, .preset = "false",
                .help = "Replace the target when it is there already; always done when it is the source."),
    OPTION_BOOL(struct translate, exact, .preset = "true",
                .help = "The whole text is looked up; false: every key that occurs in it is replaced."),
    OPTION_BOOL(struct translate, regex, .preset = "false",
                .help = "Keys are regular expressions: the first that matches wins. With exact only."),
    OPTION_TEMPLATE(struct translate, fallback, .help = "Value when there is none in the dictionary."),
    OPTION_INT(struct translate, refresh_interval, .preset = "300", .min = INT64_MIN / 2, .max = INT64_MAX / 2,
               .help = "Seconds between two looks at whether the file has changed; 0 and less: never again."),
    OPTION_CHOICE(struct translate, refresh_behaviour, .preset = "merge", .choices = BEHAVIOURS,
                  .help = "What becomes of entries that a changed file has no more: merge keeps them."),
    OPTION_PATH(struct translate, iterate_on,
                .help = "A list: each item is looked up, or, when it is not the source, the source of each item."),
    OPTION_IGNORED("yaml_load_strategy", "Accepted: files are read in one go."),
    OPTION_IGNORED("yaml_dictionary_code_point_limit", "Accepted: a file may have 128 MiB."),
    OPTION_END};

/* ---- create ---- */

/* LIST, the number of an item, and what stands behind it. */
static void item_path(struct translate *self, const struct path *behind, struct path *path, struct arena *arena)
{
    const struct path *list = &self->iterate_on;
    struct path_step *steps = arena_alloc(arena, (list->count + 1 + behind->count) * sizeof *steps);
    memcpy(steps, list->steps, list->count * sizeof *steps);
    steps[list->count] = path_step_of(STR("0"));
    memcpy(steps + list->count + 1, behind->steps, behind->count * sizeof *steps);
    path_of_steps(path, steps, list->count + 1 + behind->count);
    path->is_metadata = list->is_metadata;
    path->slot = list->slot;
}

static bool targets_create(struct translate *self, const struct plugin_context *context)
{
    if (!self->target.text.len) {
        self->target = self->source;
        if (context->ecs == ECS_DISABLED) path_compile(&self->target, STR("translation"), context->arena);
    }
    self->is_in_place = path_same(&self->source, &self->target);
    if (self->is_in_place && context_is_given(context, "override") && !self->override) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "override"),
                             "`override => false` would keep the source as it is"),
                  "leave it out, or give another `target`");
        return false;
    }
    self->override |= self->is_in_place;
    if (!self->iterate_on.text.len) return true;
    self->is_list = path_same(&self->iterate_on, &self->source);
    if (self->is_list) return true;
    item_path(self, &self->source, &self->item_source, context->arena);
    item_path(self, &self->target, &self->item_target, context->arena);
    self->item_at = self->iterate_on.count;
    return true;
}

/* A written value as data: numbers are numbers, all else is text. */
static struct value written_value(const struct config_value *written, struct arena *arena)
{
    int64_t integer;
    double real;
    struct value value;
    enum number_form form = NUMBER_NONE;
    switch (written->kind) {
    case CONFIG_ARRAY:
        value = value_array(arena, written->count);
        for (uint32_t i = 0; i < written->count; i++)
            array_push(value.array, arena, written_value(&written->items[i], arena));
        return value;
    case CONFIG_HASH:
        value = value_map(arena, written->count);
        for (uint32_t i = 0; i < written->count; i++)
            map_set(value.map, arena, key_of(written->keys[i].text), written_value(&written->items[i], arena));
        return value;
    case CONFIG_NUMBER: form = config_number(written->text, &integer, &real); break;
    default: break;
    }
    if (form == NUMBER_INT) return value_int(integer);
    return form == NUMBER_DOUBLE ? value_double(real) : value_string(written->text);
}

/* Says of an expression that is none where it stands. */
static bool key_check(const struct translate *self, const struct config_value *key, struct diag *diag)
{
    struct regex_problem problem;
    if (self->rule != DICTIONARY_REGEX) return true;
    struct regex *regex = regex_compile(key->text, &(struct regex_options){0}, &problem);
    if (!regex)
        diag_error(diag, place_within(key->place, key->text, problem.offset, key->text.len), "%s", problem.text);
    regex_destroy(regex);
    return regex != NULL;
}

/* The pairs of a hash, or of a list of even length. */
static bool text_create(struct translate *self, const struct plugin_context *context)
{
    const struct config_value *written = self->dictionary.value;
    bool is_hash = written->kind == CONFIG_HASH, ok = true;
    struct buf problem = {0};
    if (!is_hash && (written->kind != CONFIG_ARRAY || written->count % 2)) {
        diag_hint(context->diag, diag_error(context->diag, written->place, "`dictionary` takes pairs"),
                  "as in { \"200\" => \"OK\" }");
        return false;
    }
    self->table = dictionary_create(self->rule);
    for (uint32_t i = 0; i < written->count; i += is_hash ? 1 : 2) {
        const struct config_value *key = is_hash ? &written->keys[i] : &written->items[i];
        struct value value = written_value(is_hash ? &written->items[i] : &written->items[i + 1], context->arena);
        ok &= key_check(self, key, context->diag) && dictionary_add(self->table, key->text, &value);
    }
    if (ok && !dictionary_finish(self->table, &problem)) {
        diag_error(context->diag, written->place, "the dictionary cannot be used: %.*s", STR_ARG(buf_str(&problem)));
        ok = false;
    }
    buf_fini(&problem);
    return ok;
}

static void *file_load(void *opaque, struct str content, const void *old, struct buf *problem)
{
    const struct translate *self = opaque;
    struct dictionary *fresh = dictionary_create(self->rule);
    /* the old entries first: they keep their places, and the new values win */
    bool ok = !old || self->refresh_behaviour.value == BEHAVIOUR_REPLACE || dictionary_merge(fresh, old);
    if (ok && dictionary_read(fresh, content, self->format, problem) && dictionary_finish(fresh, problem)) return fresh;
    if (!problem->len) buf_printf(problem, "it would have more than %d entries", DICTIONARY_ENTRIES_MAX);
    dictionary_destroy(fresh);
    return NULL;
}

static void file_destroy(void *table) { dictionary_destroy(table); }

static const struct live_file_type dictionary_file = {
    .noun = "dictionary",
    .load = file_load,
    .destroy = file_destroy,
    .bytes_max = DICTIONARY_BYTES_MAX,
    .inline_bytes = INLINE_BYTES,
};

static bool format_of(struct str path, enum dictionary_format *format)
{
    static const struct {
        struct str end;
        enum dictionary_format format;
    } ends[] = {{{".yml", 4}, DICTIONARY_YAML}, {{".yaml", 5}, DICTIONARY_YAML},
                {{".json", 5}, DICTIONARY_JSON}, {{".csv", 4}, DICTIONARY_CSV}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!str_ends(path, ends[i].end)) continue;
        *format = ends[i].format;
        return true;
    }
    return false;
}

static bool file_create(struct translate *self, const struct plugin_context *context)
{
    struct str odd;
    struct buf problem = {0};
    struct place place = context_place(context, "dictionary_path");
    if (!format_of(self->dictionary_path, &self->format)) {
        diag_hint(context->diag,
                  diag_error(context->diag, place, "`%.*s` has no ending that says what it is",
                             STR_ARG(self->dictionary_path)),
                  "name it .yml, .yaml, .json or .csv");
        return false;
    }
    self->file = (struct live_file){.type = &dictionary_file,
                                    .opaque = self,
                                    .id = context->id,
                                    .path = arena_copy_z(context->arena, self->dictionary_path),
                                    .interval_s = self->refresh_interval > 0 ? self->refresh_interval : 0};
    bool ok = live_file_open(&self->file, event_now().seconds, &problem);
    if (!ok)
        diag_error(context->diag, place, "the dictionary `%s` cannot be read: %.*s", self->file.path,
                   STR_ARG(buf_str(&problem)));
    else if (dictionary_odd_key(self->file.table, &odd))
        diag_hint(context->diag,
                  diag_warning(context->diag, place, "the key `%.*s` of the dictionary is no text and never matches",
                               STR_ARG(odd)),
                  "put such keys in quotes, in %s", self->file.path);
    buf_fini(&problem);
    return ok;
}

static void translate_destroy(void *opaque)
{
    struct translate *self = opaque;
    dictionary_destroy(self->table);
    live_file_close(&self->file);
    buf_fini(&self->text);
}

static bool dictionary_make(struct translate *self, const struct plugin_context *context)
{
    const struct config_value *written = self->dictionary.value;
    bool has_file = self->dictionary_path.len;
    if (written && written->count && has_file) {
        struct message *message = diag_error(context->diag, context_place(context, "dictionary_path"),
                                             "`dictionary` and `dictionary_path` exclude each other");
        diag_other(context->diag, message, written->place, "the other one is here");
        return false;
    }
    if (has_file) return file_create(self, context);
    bool is_list = written && (written->kind == CONFIG_ARRAY || written->kind == CONFIG_HASH);
    if (written && (written->count || !is_list)) return text_create(self, context);
    diag_hint(context->diag, diag_warning(context->diag, context->place, "the dictionary is empty: nothing matches"),
              "give `dictionary` or `dictionary_path`");
    self->table = dictionary_create(self->rule);
    return dictionary_finish(self->table, &self->text);
}

static bool translate_create(void *opaque, const struct plugin_context *context)
{
    struct translate *self = opaque;
    self->has_fallback = context_is_given(context, "fallback");
    self->rule = !self->exact ? DICTIONARY_PARTS : self->regex ? DICTIONARY_REGEX : DICTIONARY_EXACT;
    bool ok = targets_create(self, context);
    ok = dictionary_make(self, context) && ok;
    if (!ok) translate_destroy(self); /* what was refused is not destroyed again */
    return ok;
}

/* ---- apply ---- */

/* What is looked up: a list's first item, as text; null is empty text. */
static struct value lookup_text(struct translate *self, const struct value *value)
{
    if (value->kind == VALUE_ARRAY) {
        if (value->array->count == 0) return value_string(STR(""));
        value = value->array->items;
    }
    if (value->kind == VALUE_STRING) return *value;
    buf_clear(&self->text);
    if (value->kind == VALUE_DOUBLE) {
        buf_reserve(&self->text, NUMBER_PRINT_MAX);
        self->text.len = number_print_ruby(value->real, self->text.ptr);
    } else {
        value_print(value, &self->text);
    }
    return value_string(buf_str(&self->text));
}

enum lookup { LOOKUP_MISS, LOOKUP_FOUND, LOOKUP_MEMORY };

/* What stands for the value: a copy that belongs to the event. */
static enum lookup translated(struct translate *self, struct dictionary *dictionary, const struct value *value,
                               struct event *event, struct value *out)
{
    struct value text = lookup_text(self, value);
    if (self->rule == DICTIONARY_PARTS) {
        struct str made;
        switch (dictionary_replace(dictionary, value_text(&text), event->arena, &made)) {
        case DICTIONARY_REPLACED: *out = value_string(made); return LOOKUP_FOUND;
        case DICTIONARY_MEMORY: return LOOKUP_MEMORY;
        case DICTIONARY_UNCHANGED: return LOOKUP_MISS;
        }
    }
    const struct value *found = dictionary_find(dictionary, &text);
    if (!found) return LOOKUP_MISS;
    if (!arena_allows(event->arena, value_footprint(found))) return LOOKUP_MEMORY;
    *out = value_copy(event->arena, found, dictionary != self->table);
    return LOOKUP_FOUND;
}

/* The value, or else the fallback. */
static enum lookup answer(struct translate *self, struct dictionary *dictionary, const struct value *value,
                           struct event *event, struct value *out)
{
    enum lookup lookup = translated(self, dictionary, value, event, out);
    if (lookup == LOOKUP_MEMORY) return lookup;
    counter_add(lookup == LOOKUP_FOUND ? &self->matches : &self->misses, 1);
    if (lookup == LOOKUP_FOUND || !self->has_fallback) return lookup;
    if (!arena_allows(event->arena, 0)) return LOOKUP_MEMORY;
    *out = template_value(&self->fallback, event);
    return LOOKUP_FOUND;
}

static enum lookup apply_value(struct translate *self, struct dictionary *dictionary, struct event *event)
{
    const struct value *value = path_get(&self->source, event);
    struct value out;
    if (!value || (!self->override && path_get(&self->target, event))) return LOOKUP_MISS;
    enum lookup lookup = answer(self, dictionary, value, event, &out);
    if (lookup == LOOKUP_MISS) return self->is_in_place ? LOOKUP_FOUND : LOOKUP_MISS;
    if (lookup == LOOKUP_FOUND && path_set(&self->target, event, out) != PATH_SET) return LOOKUP_MISS;
    return lookup;
}

/* A list of what its items stand for; null for what stands for nothing. */
static enum lookup apply_list(struct translate *self, struct dictionary *dictionary, struct event *event)
{
    const struct value *value = path_get(&self->source, event);
    if (!value || (!self->override && path_get(&self->target, event))) return LOOKUP_MISS;
    const struct value *items = value->kind == VALUE_ARRAY ? value->array->items : value;
    uint32_t count = value->kind == VALUE_ARRAY ? value->array->count : value->kind != VALUE_NULL;
    if (!arena_allows(event->arena, count * sizeof *items)) return LOOKUP_MEMORY;
    struct value list = value_array(event->arena, count);
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        struct value out = value_null();
        if (answer(self, dictionary, &items[i], event, &out) == LOOKUP_MEMORY) return LOOKUP_MEMORY;
        any |= out.kind != VALUE_NULL && (out.kind != VALUE_BOOL || out.boolean);
        array_push(list.array, event->arena, out);
    }
    if (path_set(&self->target, event, list) != PATH_SET) return LOOKUP_MISS;
    return any ? LOOKUP_FOUND : LOOKUP_MISS;
}

static void item_set(struct translate *self, uint32_t number, char text[NUMBER_PRINT_MAX])
{
    size_t len = number_print_int(number, text);
    struct path_step step = path_step_of((struct str){text, len});
    self->item_source.steps[self->item_at] = step;
    self->item_target.steps[self->item_at] = step;
}

/* A list of maps: each gets a field for one of its own. */
static enum lookup apply_maps(struct translate *self, struct dictionary *dictionary, struct event *event)
{
    const struct value *list = path_get(&self->iterate_on, event);
    enum lookup any = LOOKUP_MISS;
    char number[NUMBER_PRINT_MAX];
    for (uint32_t i = 0; list && list->kind == VALUE_ARRAY && i < list->array->count; i++) {
        struct value out;
        item_set(self, i, number);
        const struct value *value = path_get(&self->item_source, event);
        if (!value || value->kind == VALUE_NULL) continue;
        enum lookup lookup = answer(self, dictionary, value, event, &out);
        if (lookup == LOOKUP_MEMORY) return lookup;
        if (lookup == LOOKUP_FOUND && path_set(&self->item_target, event, out) == PATH_SET) any = LOOKUP_FOUND;
        list = path_get(&self->iterate_on, event);
    }
    return any;
}

static void translate_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct translate *self = opaque;
    struct dictionary *dictionary = self->table ? self->table : live_file_current(&self->file, batch->now.seconds);
    SELECTION_EACH(batch, in, event)
    {
        regex_event_begin();
        enum lookup lookup = self->is_list               ? apply_list(self, dictionary, event)
                               : self->iterate_on.text.len ? apply_maps(self, dictionary, event)
                                                           : apply_value(self, dictionary, event);
        if (lookup == LOOKUP_FOUND) outcome_matched(out, event);
        else if (lookup == LOOKUP_MEMORY) outcome_failed(out, event, STR("_memory_limit"));
    }
    regex_event_end();
}

static void translate_fields(const void *opaque, struct field_set *fields)
{
    const struct translate *self = opaque;
    fields_read_template(fields, &self->fallback);
    if (self->iterate_on.text.len && !self->is_list) {
        fields_read(fields, &self->iterate_on);
        fields_may_change(fields, &self->iterate_on, TYPE_ARRAY);
        return;
    }
    fields_read(fields, &self->source);
    fields_may_put(fields, &self->target, self->is_list ? TYPE_ARRAY : TYPE_ANY);
}

static uint32_t translate_metrics(void *opaque, struct metric_row *rows, uint32_t capacity)
{
    struct translate *self = opaque;
    const struct metric_row all[] = {{"matches", &self->matches},
                                     {"misses", &self->misses},
                                     {"reloads", &self->file.reloads},
                                     {"reload_failures", &self->file.failures}};
    uint32_t count = self->table ? 2 : 4;
    if (capacity < count) return 0;
    memcpy(rows, all, count * sizeof *all);
    return count;
}

const struct filter_type filter_translate = {
    .name = "translate",
    .summary = "Replaces texts by what a dictionary says of them.",
    .size = sizeof(struct translate),
    .options = translate_options,
    .create = translate_create,
    .apply = translate_apply,
    .destroy = translate_destroy,
    .metrics = translate_metrics,
    .fields = translate_fields,
    .is_ecs = true,
};
