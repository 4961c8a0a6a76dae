/* SPDX-License-Identifier: Apache-2.0 */
/* mutate's options become steps, in the order in which Logstash runs its operations. */
#include "core/mutate/mutate_part.h"
#include "core/text/replace.h"

struct compiler {
    struct mutate *self;
    const struct plugin_context *context;
    bool ok;
};

/* The step may move when the next one is added. */
static struct mutate_step *step_add(struct compiler *c, struct mutate_step step)
{
    struct mutate *self = c->self;
    assert(step.run);
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

/* coerce, update, replace: the field's name is not a template. */
static void texts_compile(struct compiler *c, const struct template_pairs *pairs, mutate_run *run)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct template_pair *pair = &pairs->items[i];
        /* a key given twice has two values: the last one counts */
        if (pair->values.count == 0) continue;
        struct mutate_step *step = step_add(c, (struct mutate_step){.run = run});
        step->text = pair->values.items[pair->values.count - 1];
        reference_compile(c, &step->path, pair->name.text, pair->place);
    }
}

static void renames_compile(struct compiler *c)
{
    for (uint32_t i = 0; i < c->self->rename.count; i++) {
        const struct template_pair *pair = &c->self->rename.items[i];
        if (pair->values.count == 0) continue;
        struct mutate_step *step = step_add(c, (struct mutate_step){.run = mutate_rename_dynamic});
        step->name = pair->name;
        step->other_name = pair->values.items[pair->values.count - 1];
        if (!step->name.is_literal || !step->other_name.is_literal) continue;
        step->run = mutate_rename;
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
        struct mutate_step *step = step_add(c, (struct mutate_step){.run = mutate_convert});
        reference_compile(c, &step->path, pair->name, pair->name_place);
        step->type = convert_type_of(pair->value);
        if (step->type != CONVERT_TYPES) continue;
        type_unknown(c, pair);
    }
}

/* An expression with fields of the event in it is compiled when there is an event: what is wrong with it can only be
 * tagged then. */
static void pattern_compile(struct compiler *c, struct mutate_step *step, struct str pattern,
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

/* Groups are checked where both texts are known by now. */
static void replacement_compile(struct compiler *c, struct mutate_step *step, struct str replacement,
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
        struct mutate_step *step = step_add(c, (struct mutate_step){.run = mutate_gsub});
        struct place places[3];
        for (uint32_t k = 0; k < 3; k++) places[k] = context_item_place(c->context, "gsub", i + k);
        reference_compile(c, &step->path, list->items[i], places[0]);
        pattern_compile(c, step, list->items[i + 1], places[1]);
        replacement_compile(c, step, list->items[i + 2], places[2]);
    }
}

static void paths_compile(struct compiler *c, const struct path_list *paths, mutate_run *run,
                          enum case_kind kind)
{
    for (uint32_t i = 0; i < paths->count; i++)
        step_add(c, (struct mutate_step){.run = run, .path = paths->items[i], .kind = kind});
}

static void separators_compile(struct compiler *c, const struct str_pairs *pairs, mutate_run *run)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct str_pair *pair = &pairs->items[i];
        struct mutate_step *step = step_add(c, (struct mutate_step){.run = run, .separator = pair->value});
        reference_compile(c, &step->path, pair->name, pair->name_place);
    }
}

/* Unlike texts_compile(), a key given twice adds the fields of both. */
static void merges_compile(struct compiler *c)
{
    for (uint32_t i = 0; i < c->self->merge.count; i++) {
        const struct template_pair *pair = &c->self->merge.items[i];
        struct mutate_step *step = step_add(c, (struct mutate_step){.run = mutate_merge});
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
        struct mutate_step *step = step_add(c, (struct mutate_step){.run = mutate_copy});
        reference_compile(c, &step->path, pair->name, pair->name_place);
        reference_compile(c, &step->other, pair->value, pair->place);
    }
}

void mutate_steps_fini(struct mutate *self)
{
    assert(self->step_count <= self->step_capacity);
    for (uint32_t i = 0; i < self->step_count; i++) template_regex_fini(&self->steps[i].pattern);
    self->step_count = 0;
}

bool mutate_steps_create(struct mutate *self, const struct plugin_context *context)
{
    assert(self->step_count == 0);
    struct compiler c = {self, context, true};
    texts_compile(&c, &self->coerce, mutate_coerce);
    renames_compile(&c);
    texts_compile(&c, &self->update, mutate_update);
    texts_compile(&c, &self->replace, mutate_replace);
    converts_compile(&c);
    gsubs_compile(&c);
    paths_compile(&c, &self->uppercase, mutate_case, CASE_UPPER);
    paths_compile(&c, &self->capitalize, mutate_case, CASE_CAPITAL);
    paths_compile(&c, &self->lowercase, mutate_case, CASE_LOWER);
    paths_compile(&c, &self->strip, mutate_strip, CASE_UPPER);
    separators_compile(&c, &self->split, mutate_split);
    separators_compile(&c, &self->join, mutate_join);
    merges_compile(&c);
    copies_compile(&c);
    if (!c.ok) mutate_steps_fini(self);
    return c.ok;
}
