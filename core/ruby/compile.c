/* SPDX-License-Identifier: Apache-2.0 */
/* From texts to what runs, and one run of it. */
#include "core/ruby/parse.h"
#include <stdio.h>
#include <stdlib.h>

const struct ruby_native *const ruby_methods[] = {ruby_object_methods,
                                                  ruby_string_methods,
                                                  ruby_pattern_methods,
                                                  ruby_number_methods,
                                                  ruby_list_methods,
                                                  ruby_walk_methods,
                                                  ruby_hash_methods,
                                                  ruby_time_methods,
                                                  ruby_event_methods,
                                                  ruby_class_methods,
                                                  NULL};

/* Tests at the end of a script are not for us. */
static struct str without_tests(struct str text)
{
    for (size_t at = 0; at < text.len; at++) {
        struct str line = str_from(text, at);
        bool begins = at == 0 || text.ptr[at - 1] == '\n';
        if (begins && (str_starts(line, STR("test \"")) || str_starts(line, STR("test '"))))
            return str_slice(text, 0, at);
    }
    return text;
}

static bool part_compile(struct ruby *ruby, const struct ruby_source *source, enum ruby_part part,
                         struct arena *arena, struct ruby_problem *problem)
{
    struct ruby_parser *p = arena_zalloc(arena, sizeof *p);
    struct node_list pending = {0};
    struct str text = part == RUBY_INIT ? source->init : source->code;
    if (part == RUBY_CODE && source->is_script) text = without_tests(text);
    *p = (struct ruby_parser){.ruby = ruby,
                              .arena = arena,
                              .text = text,
                              .part = part,
                              .problem = problem,
                              .pending = &pending,
                              .is_script = source->is_script,
                              .lowest_used = UINT32_MAX};
    p->variables = arena_alloc(arena, RUBY_VARIABLES_MAX * sizeof *p->variables);
    if (text.len > RUBY_CODE_BYTES_MAX) {
        read_error(p, 0, 0, "the Ruby text has more than %d bytes", RUBY_CODE_BYTES_MAX);
        return false;
    }
    uint32_t slot;
    bool has_event = part == RUBY_CODE && !source->is_script;
    if (has_event && !variable_make(p, STR("event"), &slot)) return false;
    for (uint32_t i = 0; has_event && i < source->local_count; i++)
        if (!variable_make(p, str_of(source->locals[i].name), &slot)) return false;
    struct ruby_node *node = read_statements(p);
    if (node && !at_end(p)) read_error(p, p->at, p->at + 1, "nothing opens what ends here");
    if (!p->has_failed) call_check_later(p);
    if (part == RUBY_INIT)
        ruby->init = node, ruby->init_frame = p->slots;
    else
        ruby->code = node, ruby->code_frame = p->slots;
    return !p->has_failed;
}

/* What the machine needs of a batch while there is none: init and register run with memory of their
 * own. */
static bool start_run(struct ruby *ruby, const struct ruby_source *source,
                      struct ruby_problem *problem)
{
    struct arena arena;
    struct ruby_work work = {0};
    arena_init(&arena, NULL);
    struct ruby_run run = {.ruby = ruby, .work = &work, .arena = &arena, .match = value_null()};
    struct value value = value_null();
    const struct ruby_def *start = NULL;
    enum ruby_part part = RUBY_INIT;
    if (ruby->init) {
        run.frame = arena_zalloc(&arena, (ruby->init_frame + 1) * sizeof *run.frame);
        for (uint32_t i = 0; i < ruby->init_frame; i++) run.frame[i] = value_null();
        value = ruby_eval(&run, ruby->init);
    }
    for (const struct ruby_def *def = ruby->defs; source->is_script && def; def = def->next)
        if (str_eq(def->name, STR("register")) && def->param_count == 1) start = def;
    if (source->is_script && !has_left(value)) {
        part = RUBY_CODE;
        run.frame = arena_zalloc(&arena, (ruby->code_frame + 1) * sizeof *run.frame);
        for (uint32_t i = 0; i < ruby->code_frame; i++) run.frame[i] = value_null();
        value = ruby_eval(&run, ruby->code);
        struct value params = ruby_hash_new(&run, 0);
        if (source->params && !ruby_from_event(&run, source->params, &params)) value = LEFT;
        if (start && !has_left(value)) value = ruby_call_def(&run, start, &params, 1);
    }
    bool ok = !(has_left(value) && run.leave == LEAVE_RAISE);
    if (ok && !ruby_state_settle(&run)) ok = false;
    if (!ok) {
        const struct ruby_error *error = ruby_pointer(run.left);
        snprintf(problem->text, sizeof problem->text, "this fails before the first event: %s: %.*s",
                 error->name, STR_ARG(error->message));
        problem->hint[0] = '\0';
        problem->part = part;
        problem->start = run.at ? run.at->start : 0;
        problem->end = run.at ? run.at->end : 0;
    }
    arena_fini(&arena);
    return ok;
}

static bool script_check(struct ruby *ruby, struct ruby_problem *problem)
{
    for (const struct ruby_def *def = ruby->defs; def; def = def->next)
        if (str_eq(def->name, STR("filter")) && def->param_count == 1) ruby->filter = def;
    if (ruby->filter) return true;
    *problem = (struct ruby_problem){.text = "the script defines no method `filter(event)`",
                                     .part = RUBY_CODE};
    return false;
}

struct ruby *ruby_compile(const struct ruby_source *source, struct arena *arena,
                          struct ruby_problem *problem)
{
    struct ruby *ruby = arena_zalloc(arena, sizeof *ruby);
    ruby->arena = arena;
    ruby->state_names = arena_alloc(arena, RUBY_VARIABLES_MAX * sizeof *ruby->state_names);
    ruby->state = arena_alloc(arena, RUBY_VARIABLES_MAX * sizeof *ruby->state);
    ruby->locals = source->locals;
    ruby->local_count = source->local_count;
    ruby->zone = zone_system();
    arena_init(&ruby->kepts[0], NULL);
    arena_init(&ruby->kepts[1], NULL);
    ruby->kept = &ruby->kepts[0];
    struct value now = event_now();
    ruby->random = (uint64_t)now.seconds * 1000000007u ^ now.len ^ (uint64_t)(uintptr_t)ruby;
    bool ok = (!source->init.len || part_compile(ruby, source, RUBY_INIT, arena, problem)) &&
              part_compile(ruby, source, RUBY_CODE, arena, problem) &&
              (!source->is_script || script_check(ruby, problem)) &&
              start_run(ruby, source, problem);
    if (ok) return ruby;
    ruby_destroy(ruby);
    return NULL;
}

void ruby_destroy(struct ruby *ruby)
{
    if (!ruby) return;
    for (struct ruby_regex *owned = ruby->regexes; owned; owned = owned->next)
        regex_destroy(owned->regex);
    ruby_patterns_forget(ruby);
    ruby->regexes = NULL;
    arena_fini(&ruby->kepts[0]);
    arena_fini(&ruby->kepts[1]);
}

bool ruby_writes_state(const struct ruby *ruby, size_t *start, size_t *end)
{
    *start = ruby->write_start;
    *end = ruby->write_end;
    return ruby->write_end > 0;
}

/* What a script gives back: the event (among others), or nothing, which drops it. False: it failed.
 */
static bool script_result(struct ruby_run *run, struct value result)
{
    bool is_kept = result.kind == RUBY_EVENT && ruby_pointer(result) == run->event;
    if (result.kind == VALUE_ARRAY)
        ARRAY_EACH (result.array, item) {
            if (item->kind != RUBY_EVENT)
                return ruby_raise(run, "TypeError", "filter gives no list of events"), false;
            is_kept |= ruby_pointer(*item) == run->event;
            if (ruby_pointer(*item) != run->event && !ruby_emit(run, *item)) return false;
        }
    run->work->is_cancelled |= !is_kept;
    return true;
}

static struct value run_code(struct ruby_run *run)
{
    struct ruby *ruby = run->ruby;
    struct value event = ruby_of_pointer(RUBY_EVENT, run->event);
    run->frame = arena_alloc(run->arena, (ruby->code_frame + 2) * sizeof *run->frame);
    for (uint32_t i = 0; i < ruby->code_frame; i++) run->frame[i] = value_null();
    if (ruby->filter) {
        struct value result = ruby_call_def(run, ruby->filter, &event, 1);
        if (!has_left(result) && !script_result(run, result)) return LEFT;
        return result;
    }
    run->frame[0] = event;
    /* `map = 1` gives the name another object; the caller's is the one it began with */
    struct value *objects = arena_alloc(run->arena, (ruby->local_count + 1) * sizeof *objects);
    for (uint32_t i = 0; i < ruby->local_count; i++) {
        if (!ruby_from_event(run, &run->work->locals[i], &objects[i])) return LEFT;
        run->frame[1 + i] = objects[i];
    }
    struct value result = ruby_eval(run, ruby->code);
    for (uint32_t i = 0; i < ruby->local_count; i++)
        if (!ruby_to_event(run, objects[i], 0, &run->work->locals[i])) return LEFT;
    return result;
}

bool ruby_run_event(struct ruby *ruby, struct ruby_work *work)
{
    struct ruby_run run = {.ruby = ruby,
                           .work = work,
                           .event = work->event,
                           .arena = work->event->arena,
                           .match = value_null(),
                           .left = value_null(),
                           .leave = LEAVE_NEXT};
    work->is_cancelled = work->is_limit = false;
    if (ruby->pattern_count > RUBY_PATTERNS_MAX / 2) ruby_patterns_forget(ruby);
    regex_event_begin();
    struct value value = ruby->is_state_full
                             ? ruby_raise_limit(&run, "the instance variables hold too much")
                             : run_code(&run);
    regex_event_end();
    bool failed = has_left(value) && run.leave == LEAVE_RAISE;
    if (!ruby_state_settle(&run)) failed = true;
    if (!failed) return true;
    const struct ruby_error *error = ruby_pointer(run.left);
    work->is_limit = error->is_limit;
    work->message = arena_printf(run.arena, "%s: %.*s", error->name, STR_ARG(error->message));
    return false;
}
