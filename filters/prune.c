/* SPDX-License-Identifier: Apache-2.0 */
/* prune: removes fields at the top of the event by their names or values. Names first, then values; what
 * lists allow is asked before what they forbid. @timestamp and @version are fields as all others, @metadata
 * is none.
 *
 * Departure: values that are no text are matched as text (there: an error that ends the pipeline). */
#include "core/event/template_regex.h"
#include "core/plugin.h"

struct name_rules {
    struct template_regex *regexes;
    uint32_t count;
};
struct value_rule {
    struct template name;
    struct template_regex regex;
};
struct value_rules {
    struct value_rule *rules;
    uint32_t count;
};

struct prune {
    bool interpolate;
    struct str_list whitelist_names, blacklist_names;
    struct str_pairs whitelist_values, blacklist_values;

    struct name_rules names_allowed, names_forbidden;
    struct value_rules values_allowed, values_forbidden;
    struct buf text; /* of a value that is no string */
};

static const struct option prune_options[] = {
    OPTION_BOOL(struct prune, interpolate, .preset = "false",
                .help = "Names and expressions may have fields in them: `%{kind}_.*`."),
    OPTION_STRINGS(struct prune, whitelist_names,
                   .help = "Expressions: only fields whose names match one are kept, @timestamp too."),
    OPTION_STRINGS(struct prune, blacklist_names, .preset = "%\\{[^}]+\\}",
                   .help = "Expressions: fields whose names match one are removed."),
    OPTION_PAIRS(struct prune, whitelist_values,
                 .help = "Fields and expressions: removed when the value does not match; of a list what does not."),
    OPTION_PAIRS(struct prune, blacklist_values,
                 .help = "Fields and expressions: removed when the value matches; of a list what does."),
    OPTION_END};

/* ---- create ---- */

/* An expression at `place`, or a template of one. */
static bool regex_create(const struct prune *self, struct str text, struct place place,
                         const struct plugin_context *context, struct template_regex *made)
{
    struct regex_problem problem;
    struct str why;
    made->template = (struct template){.is_literal = true, .text = text};
    if (self->interpolate && !template_compile(&made->template, text, context->arena, &why)) {
        diag_error(context->diag, place, "prune: %.*s", STR_ARG(why));
        return false;
    }
    if (!made->template.is_literal) return true;
    made->regex = regex_compile(text, &(struct regex_options){0}, &problem);
    if (made->regex) return true;
    diag_error(context->diag, place_within(place, text, problem.offset, text.len),
               "prune: regular expression `%.*s`: %s", STR_ARG(text), problem.text);
    return false;
}

static bool names_create(const struct prune *self, const char *option, struct str_list texts,
                         const struct plugin_context *context, struct name_rules *rules)
{
    bool ok = true;
    rules->regexes = arena_zalloc(context->arena, (texts.count + 1) * sizeof *rules->regexes);
    for (; rules->count < texts.count; rules->count++)
        ok &= regex_create(self, texts.items[rules->count], context_item_place(context, option, rules->count), context,
                           &rules->regexes[rules->count]);
    return ok;
}

static bool values_create(const struct prune *self, struct str_pairs pairs, const struct plugin_context *context,
                          struct value_rules *rules)
{
    bool ok = true;
    rules->rules = arena_zalloc(context->arena, (pairs.count + 1) * sizeof *rules->rules);
    for (; rules->count < pairs.count; rules->count++) {
        const struct str_pair *pair = &pairs.items[rules->count];
        struct value_rule *rule = &rules->rules[rules->count];
        struct str why;
        rule->name = (struct template){.is_literal = true, .text = pair->name};
        if (self->interpolate && !template_compile(&rule->name, pair->name, context->arena, &why)) {
            diag_error(context->diag, pair->name_place, "prune: %.*s", STR_ARG(why));
            ok = false;
        }
        ok &= regex_create(self, pair->value, pair->place, context, &rule->regex);
    }
    return ok;
}

/* A list that forgets @timestamp is seldom meant: indices and files are named by it. */
static void warn_of_time(const struct prune *self, const struct plugin_context *context)
{
    bool is_kept = self->names_allowed.count == 0 || self->interpolate;
    for (uint32_t i = 0; !is_kept && i < self->names_allowed.count; i++) {
        struct regex *regex = self->names_allowed.regexes[i].regex;
        is_kept = regex_match(regex, STR("@timestamp"), STRING_ASCII, 0, NULL) == REGEX_MATCH;
    }
    if (is_kept) return;
    diag_hint(context->diag,
              diag_warning(context->diag, context_place(context, "whitelist_names"),
                           "`whitelist_names` removes @timestamp"),
              "add \"^@timestamp$\", or events have no time any more");
}

static void names_fini(struct name_rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++) template_regex_fini(&rules->regexes[i]);
}

static void values_fini(struct value_rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++) template_regex_fini(&rules->rules[i].regex);
}

static void prune_destroy(void *opaque)
{
    struct prune *self = opaque;
    names_fini(&self->names_allowed);
    names_fini(&self->names_forbidden);
    values_fini(&self->values_allowed);
    values_fini(&self->values_forbidden);
    buf_fini(&self->text);
}

static bool prune_create(void *opaque, const struct plugin_context *context)
{
    struct prune *self = opaque;
    bool ok = names_create(self, "whitelist_names", self->whitelist_names, context, &self->names_allowed);
    ok &= names_create(self, "blacklist_names", self->blacklist_names, context, &self->names_forbidden);
    ok &= values_create(self, self->whitelist_values, context, &self->values_allowed);
    ok &= values_create(self, self->blacklist_values, context, &self->values_forbidden);
    if (ok) warn_of_time(self, context);
    else prune_destroy(self);
    return ok;
}

/* ---- apply ---- */

static bool fits(struct template_regex *regex, struct str text, uint8_t flags, const struct event *event)
{
    return template_regex_ready(regex, event) && regex_match(regex->regex, text, flags, 0, NULL) == REGEX_MATCH;
}

static bool any_fits(struct name_rules *rules, struct str text, const struct event *event)
{
    for (uint32_t i = 0; i < rules->count; i++)
        if (fits(&rules->regexes[i], text, 0, event)) return true;
    return false;
}

static void prune_names(struct prune *self, struct event *event)
{
    MAP_EACH(&event->root, entry)
    {
        struct str name = key_text(&entry->key);
        bool is_kept = !self->names_allowed.count || any_fits(&self->names_allowed, name, event);
        if (!is_kept || any_fits(&self->names_forbidden, name, event)) map_drop(&event->root, &entry->value);
    }
}

static bool value_fits(struct prune *self, struct template_regex *regex, const struct value *value,
                       const struct event *event)
{
    if (value->kind == VALUE_STRING) return fits(regex, value_text(value), value->flags, event);
    buf_clear(&self->text);
    value_print(value, &self->text);
    return fits(regex, buf_str(&self->text), 0, event);
}

/* Of the value what fits, or what does not, is kept. Nothing left: the field goes. */
static void prune_value(struct prune *self, struct value_rule *rule, bool keeps_fitting, struct event *event)
{
    struct key key = key_of(template_render(&rule->name, event));
    struct value *value = map_get(&event->root, &key);
    if (!value || value->kind == VALUE_NULL || (value->kind == VALUE_BOOL && !value->boolean)) return;
    bool is_kept = false;
    if (value->kind == VALUE_ARRAY) {
        uint32_t kept = 0;
        ARRAY_EACH(value->array, item)
            if (value_fits(self, &rule->regex, item, event) == keeps_fitting) value->array->items[kept++] = *item;
        value->array->count = kept;
        is_kept = kept > 0;
    } else {
        is_kept = value_fits(self, &rule->regex, value, event) == keeps_fitting;
    }
    if (!is_kept) map_drop(&event->root, value);
}

static void prune_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct prune *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        regex_event_begin();
        prune_names(self, event);
        for (uint32_t i = 0; i < self->values_allowed.count; i++)
            prune_value(self, &self->values_allowed.rules[i], true, event);
        for (uint32_t i = 0; i < self->values_forbidden.count; i++)
            prune_value(self, &self->values_forbidden.rules[i], false, event);
        outcome_matched(out, event);
    }
    regex_event_end();
}

static void prune_fields(const void *opaque, struct field_set *fields)
{
    (void)opaque;
    fields_forget(fields); /* any of them may be gone */
}

const struct filter_type filter_prune = {
    .name = "prune",
    .summary = "Removes fields by their names or values.",
    .size = sizeof(struct prune),
    .options = prune_options,
    .create = prune_create,
    .apply = prune_apply,
    .destroy = prune_destroy,
    .fields = prune_fields,
};
