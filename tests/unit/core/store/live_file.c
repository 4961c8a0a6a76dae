/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/live_file.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "core/xmalloc.h"
#include "tests/unit/support/folder.h"

/* A table is the file's text; "bad" is refused. */
static int destroyed;
static void *load(void *opaque, struct str content, const void *old, struct buf *problem)
{
    bool joins = opaque != NULL;
    struct buf text = {0};
    if (str_starts(content, STR("bad"))) return buf_append_z(problem, "it is bad"), NULL;
    if (joins && old) buf_append_z(&text, old);
    buf_append(&text, content);
    char *table = xstrdup(buf_z(&text));
    buf_fini(&text);
    return table;
}
static void destroy(void *table)
{
    destroyed++;
    free(table);
}
static const struct live_file_type small = {"note", load, destroy, 100, 100};
static const struct live_file_type threaded = {"note", load, destroy, 100, 0};

static struct folder folder;
static const char *path;
static struct buf problem;
static void begin(void)
{
    folder_begin(&folder);
    path = folder_at(&folder, "note");
    destroyed = 0;
}
static void end(void)
{
    buf_fini(&problem);
    folder_end(&folder);
}
TestSuite(live_file, .init = begin, .fini = end);

/* Beside it and renamed: a new inode, whatever the clock's grain. */
static void put(const char *text)
{
    folder_write(&folder, "note.new", text);
    rename(folder_at(&folder, "note.new"), path);
}

static struct live_file opened(const struct live_file_type *type)
{
    struct live_file file = {.type = type, .id = STR("unit"), .path = path, .interval_s = 10};
    cr_assert(live_file_open(&file, 1000, &problem));
    return file;
}

Test(live_file, is_read_again_when_it_has_changed_and_the_interval_is_over)
{
    put("one");
    struct live_file file = opened(&small);
    put("two");
    cr_expect_str_eq(live_file_current(&file, 1009), "one");
    cr_expect_str_eq(live_file_current(&file, 1010), "two");
    cr_expect_eq(atomic_load(&file.reloads), 1);
    cr_expect_eq(destroyed, 1);
    cr_expect_str_eq(live_file_current(&file, 1020), "two");
    cr_expect_eq(atomic_load(&file.reloads), 1, "unchanged");
    live_file_close(&file);
    cr_expect_eq(destroyed, 2);
}

Test(live_file, what_cannot_be_read_keeps_the_old_table_and_is_counted_once)
{
    put("one");
    struct live_file file = opened(&small);
    put("bad");
    cr_expect_str_eq(live_file_current(&file, 1010), "one");
    cr_expect_str_eq(live_file_current(&file, 1020), "one");
    cr_expect_eq(atomic_load(&file.failures), 1);
    put("two");
    cr_expect_str_eq(live_file_current(&file, 1030), "two");
    unlink(path);
    cr_expect_str_eq(live_file_current(&file, 1040), "two");
    cr_expect_str_eq(live_file_current(&file, 1050), "two");
    cr_expect_eq(atomic_load(&file.failures), 2);
    put("three");
    cr_expect_str_eq(live_file_current(&file, 1060), "three");
    live_file_close(&file);
}

Test(live_file, a_clock_that_was_set_back_is_no_reason_to_wait)
{
    put("one");
    struct live_file file = opened(&small);
    put("two");
    cr_expect_str_eq(live_file_current(&file, 500), "two");
    live_file_close(&file);
}

Test(live_file, without_an_interval_it_is_read_once)
{
    put("one");
    struct live_file file = opened(&small);
    file.interval_s = 0;
    put("two");
    cr_expect_str_eq(live_file_current(&file, INT64_MAX), "one");
    live_file_close(&file);
}

static const char *current_within(struct live_file *file, int64_t now_s, const char *wanted)
{
    struct timespec deadline, now;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    for (;;) {
        const char *text = live_file_current(file, now_s);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (strcmp(text, wanted) == 0 || now.tv_sec > deadline.tv_sec + 10) return text;
    }
}

Test(live_file, a_large_one_is_read_by_a_thread)
{
    put("one");
    struct live_file file = opened(&threaded);
    put("two");
    cr_expect_str_eq(live_file_current(&file, 1010), "one", "the thread has begun");
    cr_expect_str_eq(current_within(&file, 1010, "two"), "two");
    put("bad");
    live_file_current(&file, 1020);
    while (atomic_load(&file.failures) == 0) live_file_current(&file, 1020);
    cr_expect_str_eq(live_file_current(&file, 1020), "two");
    put("four");
    live_file_current(&file, 1030);
    live_file_close(&file); /* while the thread may still read */
    cr_expect_eq(destroyed, 3);
}

Test(live_file, the_old_table_may_be_read_while_the_new_one_is_made)
{
    put("one");
    struct live_file file = {.type = &small, .opaque = &problem, .id = STR("unit"), .path = path, .interval_s = 1};
    cr_assert(live_file_open(&file, 1, &problem));
    put(" and two");
    cr_expect_str_eq(live_file_current(&file, 2), "one and two");
    live_file_close(&file);
}

Test(live_file, says_what_is_wrong_at_first)
{
    char text[102];
    struct live_file file = {.type = &small, .id = STR("unit"), .path = path, .interval_s = 1};
    cr_expect_not(live_file_open(&file, 1, &problem));
    cr_expect_str_eq(buf_z(&problem), "No such file or directory");
    buf_clear(&problem);
    memset(text, 'x', 101);
    text[101] = 0;
    put(text);
    cr_expect_not(live_file_open(&file, 1, &problem));
    cr_expect_str_eq(buf_z(&problem), "it has more than 100 bytes");
    text[100] = 0;
    put(text);
    cr_expect(live_file_open(&file, 1, &problem), "a file of the very size");
    live_file_close(&file);
    file = (struct live_file){.type = &small, .id = STR("unit"), .path = folder.path, .interval_s = 1};
    buf_clear(&problem);
    cr_expect_not(live_file_open(&file, 1, &problem));
    cr_expect_str_eq(buf_z(&problem), "Is a directory");
}
