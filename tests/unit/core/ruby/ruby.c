/* SPDX-License-Identifier: Apache-2.0 */
/* What the text cases of filters/ruby cannot show: limits, what instance variables hold over many
 * events, and variables that the caller gives. */
#include "core/ruby/ruby.h"
#include "tests/unit/support/events.h"
#include <criterion/criterion.h>

static struct scene scene;
static struct ruby *ruby;
static struct ruby_problem problem;
static void begin(void) { scene_begin(&scene); }
static void end(void)
{
    ruby_destroy(ruby);
    ruby = NULL;
    scene_end(&scene);
}
TestSuite(ruby, .init = begin, .fini = end);

static bool compiled(const char *init, const char *code)
{
    struct ruby_source source = {.init = str_of(init), .code = str_of(code)};
    ruby = ruby_compile(&source, &scene.config, &problem);
    return ruby != NULL;
}

static struct event *make_event(void *opaque, const struct event *copied)
{
    struct event *event = batch_event(opaque);
    event_copy(event, copied, false);
    return event;
}

static struct ruby_work run(struct event *event)
{
    struct ruby_work work = {.event = event, .make = make_event, .opaque = scene.batch};
    ruby_run_event(ruby, &work);
    return work;
}

static void expect_limit(const char *init, const char *code, const char *message)
{
    cr_assert(compiled(init, code), "%s", problem.text);
    struct ruby_work work = run(scene_event(&scene, "{}"));
    cr_expect(work.is_limit);
    cr_expect(str_eq_z(work.message, message), "%.*s", STR_ARG(work.message));
}

Test(ruby, ends_a_loop_at_the_limit_of_steps)
{
    expect_limit("", "i = 0; while true do i += 1 end",
                 "LimitError: the code takes too many steps for one event");
}
Test(ruby, lets_a_loop_below_the_limit_of_steps_end)
{
    cr_assert(compiled("", "i = 0; i += 1 while i < 900000; event.set('i', i)"));
    struct event *event = scene_event(&scene, "{}");
    run(event);
    scene_expect(event, "{'i': 900000}");
}
Test(ruby, ends_recursion_at_the_limit_of_depth)
{
    expect_limit("def f(x) 1 + f(x) end", "f(1)", "LimitError: the code calls itself too deeply");
}
Test(ruby, bounds_texts)
{
    expect_limit("", "s = 'abcd'; s += s while true", "LimitError: a value becomes too large");
}
Test(ruby, bounds_repeated_texts)
{
    expect_limit("", "'a' * 9223372036854775807", "LimitError: a value becomes too large");
}
Test(ruby, bounds_lists)
{
    expect_limit("", "a = []; a[9999999] = 1", "LimitError: a list becomes too long");
}
Test(ruby, bounds_events)
{
    expect_limit("", "20000.times { LogStash::Event.new }",
                 "LimitError: the code makes too many events");
}
Test(ruby, bounds_patterns_that_are_built)
{
    expect_limit("", "100.times { |i| Regexp.new(i.to_s) }",
                 "LimitError: too many patterns are built for one event");
}
Test(ruby, bounds_the_nesting_of_the_text)
{
    struct buf code = {0};
    for (int i = 0; i < 2000; i++) buf_append_z(&code, "[");
    cr_expect(!compiled("", buf_z(&code)));
    cr_expect(strstr(problem.text, "nested more than"), "%s", problem.text);
    buf_fini(&code);
}
Test(ruby, bounds_the_text)
{
    struct buf code = {0};
    while (code.len <= RUBY_CODE_BYTES_MAX) buf_append_z(&code, "nil; ");
    cr_expect(!compiled("", buf_z(&code)));
    cr_expect(strstr(problem.text, "more than"), "%s", problem.text);
    buf_fini(&code);
}

Test(ruby, keeps_state_in_order_over_many_events)
{
    cr_assert(compiled("@seen = {}; @list = [[], 'x']",
                       "n = event.get('n')\n"
                       "@seen[\"key#{n % 50}\"] = { 'n' => n, 'l' => [n.to_s * 20] }\n"
                       "@list[0] << \"t#{n}\"\n"
                       "@list[0].shift if @list[0].size > 3\n"
                       "@same = @list[0]\n"
                       "@same << 'both' if n == 19999\n"
                       "event.set('r', [@seen.size, @seen['key7'], @list])"));
    struct ruby_work work;
    for (int i = 0; i < 20000; i++) { /* a fresh arena now and then, as batches come and go */
        struct batch *batch = batch_create(&scene.pool, NULL);
        struct event *event = batch_event(batch);
        event_set_decoded(event, key_of(STR("n")), value_int(i));
        work = (struct ruby_work){.event = event};
        cr_assert(ruby_run_event(ruby, &work), "%.*s", STR_ARG(work.message));
        if (i == 19999)
            scene_expect(event,
                         "{'n': 19999, 'r': [50, {'n': 19957, 'l': "
                         "['"
                         "1995719957199571995719957199571995719957199571995719957199571995719957199"
                         "571995719957"
                         "199571995719957']}, [['t19997', 't19998', 't19999', 'both'], 'x']]}");
        batch_destroy(batch);
    }
}
Test(ruby, refuses_state_that_grows_for_ever)
{
    cr_assert(compiled("@a = []", "@a << 'x' * 1_000_000"));
    struct ruby_work work = {0};
    bool ok = true;
    for (int i = 0; i < 100 && ok; i++) {
        struct batch *batch = batch_create(&scene.pool, NULL);
        work = (struct ruby_work){.event = batch_event(batch)};
        ok = ruby_run_event(ruby, &work);
        cr_assert(ok || work.is_limit);
        batch_destroy(batch);
    }
    cr_expect(!ok);
}
Test(ruby, keeps_no_events)
{
    cr_assert(compiled("", "@e = event"));
    cr_expect(!run(scene_event(&scene, "{}")).is_limit);
    cr_expect(!compiled("", "@f = lambda { event }") || run(scene_event(&scene, "{}")).message.len);
}

/* As aggregate uses it. */
Test(ruby, gives_and_takes_variables_of_the_caller)
{
    static const char *const attributes[] = {"timeout", "creation_timestamp", NULL};
    static const struct ruby_local locals[] = {{"map", NULL}, {"map_meta", attributes}};
    struct ruby_source source = {
        .code =
            STR("map['n'] ||= 0; map['n'] += event.get('d'); map_meta.timeout = 5 if map['n'] > 3\n"
                "event.set('t', map_meta.timeout)"),
        .locals = locals,
        .local_count = 2};
    ruby = ruby_compile(&source, &scene.config, &problem);
    cr_assert(ruby, "%s", problem.text);
    struct value values[2] = {value_map(&scene.config, 0), value_map(&scene.config, 0)};
    struct event *event = NULL;
    for (int i = 0; i < 2; i++) {
        event = scene_event(&scene, "{'d': 2}");
        struct ruby_work work = {.event = event, .locals = values};
        cr_assert(ruby_run_event(ruby, &work), "%.*s", STR_ARG(work.message));
    }
    scene_expect(event, "{'d': 2, 't': 5}");
    struct key name = key_of(STR("n"));
    cr_expect_eq(map_get(values[0].map, &name)->integer, 4);
}
Test(ruby, refuses_attributes_that_a_record_has_not)
{
    static const char *const attributes[] = {"timeout", NULL};
    static const struct ruby_local locals[] = {{"map_meta", attributes}};
    struct ruby_source source = {
        .code = STR("map_meta.timeuot = 1"), .locals = locals, .local_count = 1};
    ruby = ruby_compile(&source, &scene.config, &problem);
    cr_expect(!ruby);
    cr_expect_str_eq(problem.text, "`map_meta` has no `timeuot`");
}
Test(ruby, tells_where_state_is_written)
{
    size_t start, finish;
    cr_assert(compiled("@n = 0", "x = 1; @n += 1"));
    cr_expect(ruby_writes_state(ruby, &start, &finish));
    cr_expect_eq(start, 7);
    cr_expect_eq(finish, 9);
}
