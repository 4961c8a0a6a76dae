/* SPDX-License-Identifier: Apache-2.0 */
/* ruby: runs Ruby code for each event. The language is core/ruby/ruby.h; this file says where the
 * code comes from and what becomes of the event. An error keeps what the code had done until then.
 */
#include "core/log.h"
#include "core/ruby_option.h"
#include <errno.h>
#include <stdio.h>

struct ruby_filter {
    struct str code, init, path;
    struct config_option script_params;
    struct str tag_on_exception;
    bool tag_with_exception_message;

    struct ruby *ruby;
    struct str pipeline, id;
    atomic_uint_fast64_t exceptions, limits;
};

static const struct option options[] = {
    OPTION_STRING(struct ruby_filter, code,
                  .help =
                      "Ruby code that is run for each `event`; which part of Ruby: docs/ruby.md."),
    OPTION_STRING(struct ruby_filter, init,
                  .help =
                      "Ruby code that is run once, before the first event; its @variables stay."),
    OPTION_STRING(
        struct ruby_filter, path,
        .help =
            "Script file instead of `code`, with `filter(event)` and perhaps `register(params)`."),
    OPTION_RAW(struct ruby_filter, script_params,
               .help = "Hash that the script's `register` gets."),
    OPTION_STRING(struct ruby_filter, tag_on_exception, .preset = "_rubyexception",
                  .help = "Tag of events on which the code failed."),
    OPTION_BOOL(struct ruby_filter, tag_with_exception_message, .preset = "false",
                .help = "Add a tag with the error's message, too."),
    OPTION_END};

/* ---- before the first event ---- */
static bool script_read(struct ruby_filter *self, const struct plugin_context *context)
{
    const char *name = arena_copy_z(context->arena, self->path);
    FILE *file = fopen(name, "rb");
    if (!file)
        return diag_error(context->diag, context_place(context, "path"),
                          "cannot read the script `%s`: %s", name, strerror(errno)),
               false;
    char *bytes = arena_alloc(context->arena, RUBY_CODE_BYTES_MAX + 1);
    size_t len = fread(bytes, 1, RUBY_CODE_BYTES_MAX + 1, file);
    fclose(file);
    self->code = (struct str){bytes, len};
    return true;
}

/* The hash of script_params as a map: texts, numbers, lists, hashes. */
static struct value params_of(const struct config_value *given, struct arena *arena)
{
    int64_t integer;
    double real;
    if (given->kind == CONFIG_NUMBER) {
        enum number_form form = config_number(given->text, &integer, &real);
        return form == NUMBER_INT      ? value_int(integer)
               : form == NUMBER_DOUBLE ? value_double(real)
                                       : value_null();
    }
    if (given->kind == CONFIG_ARRAY) {
        struct value list = value_array(arena, given->count);
        for (uint32_t i = 0; i < given->count; i++)
            array_push(list.array, arena, params_of(&given->items[i], arena));
        return list;
    }
    if (given->kind != CONFIG_HASH) return value_string(given->text);
    struct value map = value_map(arena, given->count);
    for (uint32_t i = 0; i < given->count; i++)
        map_set(map.map, arena, key_of(given->keys[i].text), params_of(&given->items[i], arena));
    return map;
}

static void refused(const struct ruby_filter *self, const struct plugin_context *context,
                    const struct ruby_problem *problem)
{
    bool is_init = problem->part == RUBY_INIT;
    struct place place = context_place(context, self->path.len && !is_init ? "path"
                                                : is_init                  ? "init"
                                                                           : "code");
    struct str text = is_init ? self->init : self->code;
    if (self->path.len && !is_init) {
        struct arena *arena =
            &context->diag->arena; /* it is shown when the configuration is gone */
        struct source_text *script = arena_alloc(arena, sizeof *script);
        *script = (struct source_text){arena_copy(arena, self->path), arena_copy(arena, text)};
        place = (struct place){script, (uint32_t)problem->start, (uint32_t)problem->end};
    } else {
        place = place_within(place, text, problem->start, problem->end);
    }
    ruby_option_refused(context->diag, place, problem);
}

static void warn_of_workers(const struct ruby_filter *self, const struct plugin_context *context)
{
    size_t start, end;
    if (context->workers < 2 || context->worker || !ruby_writes_state(self->ruby, &start, &end) ||
        self->path.len)
        return;
    struct place place = place_within(context_place(context, "code"), self->code, start, end);
    struct message *message =
        diag_warning(context->diag, place,
                     "each worker has an instance variable of its own, and there are %u workers",
                     context->workers);
    diag_hint(context->diag, message, "for one value in all, set pipeline.workers to 1");
}

/* Code alone, of which the language of configurations has an equal. */
static void offer(const struct ruby_filter *self, const struct plugin_context *context)
{
    struct str text, number;
    if (context->setting_count != 1 || context->worker) return;
    if (!ruby_offer(self->ruby, context->arena, &text, &number)) return;
    struct place place = place_within(context_place(context, "code"), self->code, 0, self->code.len);
    struct message *message = diag_offer(context->diag, place, "the same without Ruby, and faster");
    diag_hint(context->diag, message, "%.*s", STR_ARG(text));
    if (number.len) diag_note(context->diag, message, "where %.*s is a number", STR_ARG(number));
}

static void destroy(void *opaque)
{
    struct ruby_filter *self = opaque;
    ruby_destroy(self->ruby);
    self->ruby = NULL;
}

static bool create(void *opaque, const struct plugin_context *context)
{
    struct ruby_filter *self = opaque;
    struct ruby_problem problem = {0};
    struct value params = VALUE_NONE;
    self->pipeline = context->pipeline;
    self->id = context->id;
    if (self->path.len && self->code.len)
        return diag_error(context->diag, context_place(context, "path"),
                          "`code` and `path` cannot both be given"),
               false;
    if (!self->path.len && !self->code.len)
        return diag_error(context->diag, context->place, "filter `ruby` needs `code` or `path`"),
               false;
    if (self->path.len && !script_read(self, context)) return false;
    if (self->script_params.value) params = params_of(self->script_params.value, context->arena);
    if (params.kind != VALUE_MISSING && params.kind != VALUE_MAP)
        return diag_error(context->diag, context_place(context, "script_params"),
                          "`script_params` takes a hash"),
               false;
    struct ruby_source source = {.init = self->init,
                                 .code = self->code,
                                 .is_script = self->path.len > 0,
                                 .params = params.kind == VALUE_MAP ? &params : NULL};
    self->ruby = ruby_compile(&source, context->arena, &problem);
    if (!self->ruby) return refused(self, context, &problem), false;
    warn_of_workers(self, context);
    offer(self, context);
    return true;
}

/* ---- running ---- */
static void failed(struct ruby_filter *self, const struct ruby_work *work, struct outcome *out)
{
    struct event *event = work->event;
    counter_add(work->is_limit ? &self->limits : &self->exceptions, 1);
    LOG(LOG_ERROR, "ruby.exception", self->id, "the Ruby code failed: %.*s",
        (int)(work->message.len < 300 ? work->message.len : 300), work->message.ptr);
    outcome_failed(out, event, self->tag_on_exception);
    if (!self->tag_with_exception_message) return;
    const char *behind = strstr(arena_copy_z(event->arena, work->message), ": ");
    event_tag(event, arena_printf(event->arena, "%.*s: %s", STR_ARG(self->tag_on_exception),
                                  behind ? behind + 2 : ""));
}

static void apply(void *opaque, struct batch *batch, const struct selection *in,
                  struct outcome *out)
{
    struct ruby_filter *self = opaque;
    SELECTION_EACH (batch, in, event) {
        struct ruby_making making = {out, event};
        struct ruby_work work = {.event = event, .make = ruby_option_make, .opaque = &making};
        bool ok = ruby_run_event(self->ruby, &work);
        if (!ok)
            failed(self, &work, out);
        else if (work.is_cancelled)
            outcome_cancelled(out, event);
        else
            outcome_matched(out, event);
    }
}

static void ruby_filter_fields(const void *opaque, struct field_set *said)
{
    const struct ruby_filter *self = opaque;
    ruby_fields(self->ruby, self->code, said);
}

static uint32_t metrics(void *opaque, struct metric_row *rows, uint32_t capacity)
{
    struct ruby_filter *self = opaque;
    struct metric_row all[] = {{"exceptions", &self->exceptions}, {"limits", &self->limits}};
    uint32_t count = 0;
    while (count < capacity && count < sizeof all / sizeof *all) rows[count] = all[count], count++;
    return count;
}

const struct filter_type filter_ruby = {
    .name = "ruby",
    .summary = "Runs Ruby code for each event.",
    .size = sizeof(struct ruby_filter),
    .options = options,
    .create = create,
    .apply = apply,
    .destroy = destroy,
    .fields = ruby_filter_fields,
    .metrics = metrics,
};
