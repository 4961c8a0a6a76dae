/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/testing/test_run.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "pipelines/pipeline.h"
#include "pipelines/testing/compare_events.h"

/* ---- the environment of a test ---- */

struct test_environment {
    struct environment environment;
    const struct str_pairs *pairs;
    const struct environment *outer;
};

static bool test_secret(void *opaque, struct str name, struct arena *arena, struct str *value)
{
    const struct test_environment *self = opaque;
    for (uint32_t i = 0; i < self->pairs->count; i++)
        if (str_eq(self->pairs->items[i].name, name)) {
            *value = self->pairs->items[i].value;
            return true;
        }
    const struct environment *outer = self->outer;
    return outer && outer->secret && outer->secret(outer->opaque, name, arena, value);
}

/* ---- one test ---- */

/* Fields go to each event that came of one input value. */
static void fields_add(const struct test *test, struct batch *batch, uint32_t from)
{
    for (uint32_t i = from; test->fields.kind == VALUE_MAP && i < batch->count; i++) {
        struct event *event = batch->events[i];
        MAP_EACH (test->fields.map, entry) {
            struct value *old = map_get(&event->root, &entry->key);
            bool is_metadata = str_eq_z(key_text(&entry->key), "@metadata");
            struct map *into = is_metadata                     ? &event->metadata
                               : old && old->kind == VALUE_MAP ? old->map
                                                               : NULL;
            if (into && entry->value.kind == VALUE_MAP)
                test_tree_merge(into, event->arena, entry->value.map);
            else
                event_set_decoded(event, entry->key,
                                  value_copy(event->arena, &entry->value, false));
        }
    }
}

/* A text goes through the codec; an event is copied, for filters change what they are given. */
static bool input_feed(struct sandbox *sandbox, uint32_t number, const struct value *input)
{
    if (input->kind == VALUE_STRING) return sandbox_text(sandbox, number, value_text(input));
    assert(input->kind == VALUE_MAP);
    struct event *event = sandbox_event(sandbox, number);
    if (!event) return false;
    struct value copy = value_copy(event->arena, input, false);
    event_take_map(event, copy.map);
    return sandbox_event_done(sandbox, number, event);
}

static bool test_feed(struct sandbox *sandbox, uint32_t number, const struct test *test)
{
    sandbox_forget(sandbox);
    sandbox_begin(sandbox);
    for (uint32_t i = 0; i < test->input_count; i++) {
        uint32_t before = sandbox_batch(sandbox)->count;
        if (!input_feed(sandbox, number, &test->inputs[i])) return false;
        fields_add(test, sandbox_batch(sandbox), before);
    }
    return true;
}

/* Where a name stands in a list, or in lists within it. */
static struct place name_place(const struct config_value *value, struct str name)
{
    if (value->kind != CONFIG_ARRAY)
        return value->text.ptr == name.ptr ? value->place : (struct place){0};
    struct place place = {0};
    for (uint32_t i = 0; i < value->count && !place.source; i++)
        place = name_place(&value->items[i], name);
    return place;
}

/* False (said): a test names an output that is not there. */
static bool outputs_are_known(const struct test *test, const struct sandbox *sandbox,
                              uint32_t output_count, struct arena *arena, struct diag *diag)
{
    bool ok = true;
    struct str *names = arena_alloc(arena, (output_count + 1) * sizeof *names);
    for (uint32_t i = 0; i < output_count; i++) names[i] = sandbox_output_name(sandbox, i);
    for (uint32_t i = 0; i < test->output_count; i++)
        for (uint32_t k = 0; k < test->outputs[i].count; k++) {
            struct str name = test->outputs[i].items[k];
            if (sandbox_output_find(sandbox, name) >= 0) continue;
            struct message *message = diag_error(diag, name_place(test->outputs_source, name),
                                                 "there is no output `%.*s`", STR_ARG(name));
            struct str near = suggest(name, names, output_count);
            if (near.len) diag_hint(diag, message, "did you mean `%.*s`?", STR_ARG(near));
            struct buf list = buf_in_arena(arena);
            for (uint32_t n = 0; n < output_count; n++)
                buf_printf(&list, "%s%.*s", n ? ", " : "", STR_ARG(names[n]));
            if (list.len) diag_note(diag, message, "outputs are: %.*s", STR_ARG(buf_str(&list)));
            ok = false;
        }
    return ok;
}

void test_run(struct test *test, struct sandbox *sandbox, uint32_t input, struct arena *arena,
              struct diag *diag)
{
    uint32_t output_count = sandbox_program(sandbox)->output_count;
    assert(test->result != TEST_BROKEN && test->problem_count == 0);
    test->result = TEST_BROKEN;
    if (!outputs_are_known(test, sandbox, output_count, arena, diag)) return;
    if (!test_feed(sandbox, input, test)) {
        diag_error(diag, test->place, "more than %d events, or more than %d bytes of them, go in",
                   SANDBOX_EVENTS_MAX, ARENA_BYTES_MAX);
        return;
    }
    sandbox_run(sandbox);
    test_compare(test, sandbox, arena);
    test->result = test->problem_count ? TEST_FAILED : TEST_PASSED;
}

/* ---- tests of one setup ---- */

static bool pairs_are_equal(const struct str_pairs *a, const struct str_pairs *b)
{
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!str_eq(a->items[i].name, b->items[i].name) ||
            !str_eq(a->items[i].value, b->items[i].value))
            return false;
    return true;
}

static bool setups_are_equal(const struct test_setup *a, const struct test_setup *b)
{
    if (a->ecs.value != b->ecs.value || a->files.count != b->files.count) return false;
    for (uint32_t i = 0; i < a->files.count; i++)
        if (!str_eq(a->files.items[i], b->files.items[i])) return false;
    return pairs_are_equal(&a->environment, &b->environment);
}

/* A sandbox with an input for each test. */
static struct sandbox *group_open(const struct test_running *running, struct test *const *tests,
                                  uint32_t count, struct test_environment *environment,
                                  struct diag *diag)
{
    assert(count > 0);
    const struct test_setup *setup = &tests[0]->setup;
    struct settings *settings = arena_alloc(running->arena, sizeof *settings);
    struct sandbox_input *inputs = arena_alloc(running->arena, count * sizeof *inputs);
    for (uint32_t i = 0; i < count; i++) inputs[i] = tests[i]->source;
    *environment =
        (struct test_environment){.environment = {.secret = test_secret, .opaque = environment},
                                  .pairs = &setup->environment,
                                  .outer = running->environment};
    *settings = *running->settings;
    settings->path_config = setup->files;
    settings->config_string = (struct str){0};
    settings->environment = &environment->environment;
    if (setup->ecs.value != ECS_CHOICE_PIPELINE) settings->ecs_compatibility = setup->ecs;
    struct sandbox_options options = {.settings = settings,
                                      .environment = &environment->environment,
                                      .inputs = inputs,
                                      .input_count = count,
                                      .is_ended = true};
    struct config config = {0};
    bool is_read = pipeline_read(settings, running->arena, &config, diag);
    struct sandbox *sandbox = sandbox_create(&config, &options, running->arena, diag);
    if (is_read) return sandbox;
    sandbox_destroy(sandbox);
    return NULL;
}

static void group_run(const struct test_running *running, struct test *const *tests, uint32_t count)
{
    struct diag diag;
    struct test_environment environment;
    diag_init(&diag);
    struct sandbox *sandbox = group_open(running, tests, count, &environment, &diag);
    for (uint32_t i = 0; i < count; i++) {
        if (sandbox)
            test_run(tests[i], sandbox, i, running->arena, &diag);
        else
            tests[i]->result = TEST_BROKEN;
    }
    if (sandbox) coverage_add(running->coverage, sandbox_program(sandbox));
    if (diag.errors) running->complain(running->opaque, &diag);
    sandbox_destroy(sandbox);
    diag_fini(&diag);
}

void test_run_all(const struct test_running *running, struct test_list *tests)
{
    struct test **group = xcalloc(tests->count + 1, sizeof *group);
    bool *is_done = xcalloc(tests->count + 1, sizeof *is_done);
    for (uint32_t i = 0; i < tests->count; i++) {
        struct test *first = &tests->items[i];
        uint32_t count = 0;
        if (is_done[i] || first->result == TEST_BROKEN) continue;
        for (uint32_t k = i; k < tests->count && str_eq(tests->items[k].file, first->file); k++) {
            struct test *test = &tests->items[k];
            if (is_done[k] || test->result == TEST_BROKEN ||
                !setups_are_equal(&test->setup, &first->setup))
                continue;
            group[count++] = test;
            is_done[k] = true;
        }
        group_run(running, group, count);
    }
    free(group);
    free(is_done);
}
