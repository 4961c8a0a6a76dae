/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include "tests/unit/support/filters.h"
#include "tests/unit/support/folder.h"

extern const struct filter_type filter_translate;
static struct scene scene;
static struct rig rig;
static struct folder folder;
static void begin(void)
{
    scene_begin(&scene);
    scene.batch->now = event_now();
    folder_begin(&folder);
}
static void end(void)
{
    rig_close(&rig);
    folder_end(&folder);
    scene_end(&scene);
}
TestSuite(translate, .init = begin, .fini = end);

static void open_file(const char *more)
{
    const char *path = folder_at(&folder, "d.yml");
    struct str options = arena_printf(&folder.arena, "{'source': 'a', 'target': 'b', 'dictionary_path': '%s', 'refresh_interval': 1%s}", path, more);
    cr_assert(rig_open(&rig, &scene, &filter_translate, arena_copy_z(&folder.arena, options)), "%s", rig_complaint(&rig));
}

/* The batch of a moment so many seconds later. */
static void run_later(struct event *event, int seconds)
{
    scene.batch->now.seconds += seconds;
    rig_run(&rig, event);
}

static void put(const char *text)
{
    folder_write(&folder, "new", text);
    rename(folder_at(&folder, "new"), folder_at(&folder, "d.yml"));
}

static uint64_t counted(const char *name)
{
    struct metric_row rows[8];
    uint32_t count = filter_translate.metrics(rig.self, rows, 8);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0) return counter_get(rows[i].counter);
    cr_assert_fail("no counter %s", name);
    return 0;
}

Test(translate, a_changed_file_is_read_again_and_merged)
{
    put("x: old\ny: kept\n");
    open_file("");
    put("x: new\n");
    struct event *first = scene_event(&scene, "{'a': 'x'}"), *second = scene_event(&scene, "{'a': 'x'}");
    struct event *third = scene_event(&scene, "{'a': 'y'}");
    rig_run(&rig, first);
    run_later(second, 2);
    rig_run(&rig, third);
    scene_expect(first, "{'a': 'x', 'b': 'old'}");
    scene_expect(second, "{'a': 'x', 'b': 'new'}");
    scene_expect(third, "{'a': 'y', 'b': 'kept'}");
    cr_expect_eq(counted("reloads"), 1);
    cr_expect_eq(counted("matches"), 3);
}

Test(translate, replace_drops_what_the_file_has_no_more)
{
    put("x: old\ny: gone\n");
    open_file(", 'refresh_behaviour': 'replace'");
    put("x: new\n");
    struct event *first = scene_event(&scene, "{'a': 'x'}"), *second = scene_event(&scene, "{'a': 'y'}");
    run_later(first, 2);
    rig_run(&rig, second);
    scene_expect(first, "{'a': 'x', 'b': 'new'}");
    scene_expect(second, "{'a': 'y'}");
    cr_expect_eq(counted("misses"), 1);
}

Test(translate, a_file_that_is_wrong_keeps_the_old_table)
{
    put("x: old\n");
    open_file("");
    put("x: [\n");
    struct event *event = scene_event(&scene, "{'a': 'x'}");
    run_later(event, 2);
    scene_expect(event, "{'a': 'x', 'b': 'old'}");
    cr_expect_eq(counted("reload_failures"), 1);
    cr_expect_eq(counted("reloads"), 0);
}

Test(translate, values_of_a_file_outlive_it)
{
    put("x: [old, { k: v }]\n");
    open_file("");
    struct event *event = scene_event(&scene, "{'a': 'x'}"), *other = scene_event(&scene, "{'a': 'x'}");
    rig_run(&rig, event);
    put("x: new\n");
    run_later(other, 2);
    scene_expect(event, "{'a': 'x', 'b': ['old', {'k': 'v'}]}");
    scene_expect(other, "{'a': 'x', 'b': 'new'}");
}

Test(translate, expressions_of_a_file_are_compiled_anew)
{
    put("'^a': one\n");
    open_file(", 'regex': true");
    put("'b$': two\n");
    struct event *event = scene_event(&scene, "{'a': 'xb'}"), *old = scene_event(&scene, "{'a': 'ab'}");
    run_later(event, 2);
    rig_run(&rig, old);
    scene_expect(event, "{'a': 'xb', 'b': 'two'}");
    scene_expect(old, "{'a': 'ab', 'b': 'one'}");
}

Test(translate, what_grows_beyond_a_batch_is_tagged)
{
    char *many = arena_alloc(&folder.arena, (1 << 20) + 1);
    memset(many, 'a', 1 << 20);
    many[1 << 20] = 0;
    cr_assert(rig_open(&rig, &scene, &filter_translate,
                       "{'source': 'a', 'target': 'b', 'exact': false, 'dictionary': {'a': '0123456789012345678901234567890123456789'}}"));
    struct event *event = scene_event(&scene, "{}");
    struct path path = scene_path(&scene, "a");
    path_set(&path, event, value_string(str_of(many)));
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), FATE_FAILED);
    cr_expect(event_has_tag(event, STR("_memory_limit")));
}

Test(translate, too_many_expressions_are_refused)
{
    struct buf options = {0};
    buf_append_z(&options, "{'source': 'a', 'target': 'b', 'regex': true, 'dictionary': {");
    for (int i = 0; i <= 10000; i++) buf_printf(&options, "%s'k%d': 1", i ? ", " : "", i);
    buf_append_z(&options, "}}");
    cr_expect_not(rig_open(&rig, &scene, &filter_translate, buf_z(&options)));
    cr_expect(strstr(rig_complaint(&rig), "the dictionary cannot be used: it has more than 10000 expressions"));
    buf_fini(&options);
}
