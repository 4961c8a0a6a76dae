/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state/task_file.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include "core/text/crc32c.h"
#include "tests/unit/support/events.h"
#include "tests/unit/support/folder.h"

static struct scene scene;
static struct buf bytes;
static void set_up(void) { scene_begin(&scene); }
static void tear_down(void)
{
    buf_fini(&bytes);
    scene_end(&scene);
}
TestSuite(task_file, .init = set_up, .fini = tear_down);

static struct task_saved task_of(const char *key, const char *map)
{
    struct event *event = scene_event(&scene, map);
    const struct key name = key_of(STR("m"));
    return (struct task_saved){.key = str_of(key),
                               .map = *map_get(&event->root, &name),
                               .created = value_time(1700000000, 5),
                               .last = value_time(1700000001, 0),
                               .age_ns = 7000000000,
                               .idle_ns = 0,
                               .timeout_ns = -1,
                               .inactivity_ns = 3};
}

static void two_sets(void)
{
    struct task_saved one = task_of("a", "{'m': {'n': 1, 'list': [1.5, 'x', null, {'y': true}]}}"), two = task_of("", "{'m': {}}");
    task_file_begin(&bytes, 1700000009);
    task_file_set(&bytes, STR("%{a}"), 2);
    task_file_task(&bytes, &one);
    task_file_task(&bytes, &two);
    task_file_set(&bytes, STR("%{b}"), 0);
    task_file_end(&bytes);
}

Test(task_file, comes_back_as_it_was)
{
    two_sets();
    struct task_file file;
    struct str name;
    struct task_saved got, want = task_of("a", "{'m': {'n': 1, 'list': [1.5, 'x', null, {'y': true}]}}");
    cr_assert(task_file_open(&file, buf_str(&bytes)));
    cr_expect_eq(file.written_s, 1700000009);
    cr_assert(task_file_next_set(&file, &name));
    cr_expect(str_eq(name, STR("%{a}")));
    cr_assert(task_file_next(&file, &scene.config, &got));
    cr_expect(str_eq(got.key, want.key));
    cr_expect(value_equal(&got.map, &want.map));
    cr_expect(value_equal(&got.created, &want.created) && value_equal(&got.last, &want.last));
    cr_expect(got.age_ns == want.age_ns && got.idle_ns == 0 && got.timeout_ns == -1 && got.inactivity_ns == 3);
    cr_assert(task_file_next(&file, &scene.config, &got));
    cr_expect(got.key.len == 0 && got.map.map->live == 0);
    cr_expect_not(task_file_next(&file, &scene.config, &got));
    cr_assert(task_file_next_set(&file, &name));
    cr_expect(str_eq(name, STR("%{b}")) && file.tasks == 0);
    cr_expect_not(task_file_next_set(&file, &name));
    cr_expect_null(file.problem);
}

/* Reads all of it; NULL when it is sound. */
static const char *problem_of(struct str text)
{
    struct task_file file;
    struct str name;
    struct task_saved task;
    if (task_file_open(&file, text))
        while (task_file_next_set(&file, &name))
            while (task_file_next(&file, &scene.config, &task)) { }
    return file.problem;
}

Test(task_file, every_changed_byte_and_every_cut_is_seen)
{
    two_sets();
    cr_expect_null(problem_of(buf_str(&bytes)));
    for (size_t i = 0; i < bytes.len; i++) {
        cr_expect(problem_of(str_slice(buf_str(&bytes), 0, i)), "cut at %zu", i);
        bytes.ptr[i] ^= 0x10;
        cr_expect(problem_of(buf_str(&bytes)), "byte %zu changed", i);
        bytes.ptr[i] ^= 0x10;
    }
    cr_expect_str_eq(problem_of(STR("")), "it is not a file of saved maps");
    cr_expect_str_eq(problem_of(STR("TRTASKS1")), "its end is missing");
}

/* Whoever can write the file can write its sum. */
Test(task_file, broken_parts_with_a_right_sum_are_refused)
{
    static const struct { const char *body; size_t len; } rows[] = {
        {"", 0},               /* no time */
        {"\x01\x01", 2},       /* a name without its bytes */
        {"\x01\x01" "a\x05", 4}, /* five tasks, and none there */
        {"\x01\x01" "a\x01\x01k\x07\x00", 8}, /* a map that is a text */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text = {0};
        uint32_t sum = crc32c(0, rows[i].body, rows[i].len);
        buf_append_z(&text, "TRTASKS1");
        for (int k = 0; k < 4; k++) buf_append_char(&text, (char)(sum >> 8 * k));
        buf_append(&text, (struct str){rows[i].body, rows[i].len});
        cr_expect(problem_of(buf_str(&text)), "row %zu", i);
        buf_fini(&text);
    }
}

Test(task_file, no_file_is_empty_and_a_folder_is_an_error)
{
    cr_expect_eq(task_file_load("/nonexistent/maps", &bytes), 0);
    cr_expect_eq(bytes.len, 0u);
    cr_expect_lt(task_file_load("/", &bytes), 0);
}
