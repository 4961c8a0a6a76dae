/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include "tests/unit/support/folder.h"
#include "tests/unit/support/net.h"

extern const struct input_type input_file;

static struct bench bench;
static struct folder folder;

static void begin(void) { folder_begin(&folder); }
static void end(void) { folder_end(&folder); }
TestSuite(input_file, .init = begin, .fini = end);

/* Starts the input on `pattern` with these options, looking every few milliseconds. */
static int start(const char *pattern, struct bench_option a, struct bench_option b,
                 struct bench_option c)
{
    static const char *const fields[] = {"[log][file][path]", NULL};
    bench_begin(&bench, ECS_V8, fields);
    const struct bench_option options[] = {{"path", folder_at(&folder, pattern)},
                                           {"sincedb_path", folder_at(&folder, "db")},
                                           {"stat_interval", "3 ms"},
                                           {"discover_interval", "2"},
                                           {"sincedb_write_interval", "5 ms"},
                                           a, b, c, {NULL, NULL}};
    return bench_input(&bench, &input_file, options);
}
#define NO_OPTION ((struct bench_option){NULL, NULL})
#define BEGINNING ((struct bench_option){"start_position", "beginning"})
#define READ ((struct bench_option){"mode", "read"})

/* The events so far, `message|file` a line, the file without its folder. */
static const char *events(void)
{
    struct buf text = {0};
    struct str all = buf_str(&bench.events);
    for (ptrdiff_t at; (at = str_find(all, str_of(folder.path))) >= 0;) {
        buf_append(&text, str_slice(all, 0, (size_t)at));
        all = str_from(all, (size_t)at + strlen(folder.path) + 1);
    }
    buf_append(&text, all);
    const char *result = arena_copy_z(&folder.arena, buf_str(&text));
    buf_fini(&text);
    return result;
}

static void expect(uint32_t count, const char *text)
{
    cr_expect(bench_wait_events(&bench, count));
    cr_expect_str_eq(events(), text);
}

/* The offset that the sincedb has for a file; -1: none. */
static long recorded(const char *name)
{
    const char *db = folder_read(&folder, "db"), *path = folder_at(&folder, name);
    for (const char *line = db; line && *line; line = strchr(line, '\n') + 1) {
        unsigned long inode;
        unsigned device_major, device_minor;
        long offset;
        double active;
        char found[4096];
        if (sscanf(line, "%lu %u %u %ld %lf %4095[^\n]", &inode, &device_major, &device_minor,
                   &offset, &active, found) == 6 && !strcmp(found, path))
            return offset;
    }
    return -1;
}

Test(input_file, emits_complete_lines_and_keeps_the_position)
{
    folder_write(&folder, "a.log", "one\ntwo\nhal");
    cr_assert_eq(start("*.log", BEGINNING, NO_OPTION, NO_OPTION), 0);
    expect(2, "one|a.log\ntwo|a.log\n");
    folder_append(&folder, "a.log", "f\n\nthree\n");
    expect(5, "one|a.log\ntwo|a.log\nhalf|a.log\n|a.log\nthree|a.log\n");
    folder_append(&folder, "a.log", "rest");
    bench_wait(&bench, recorded("a.log") == 20);
    cr_expect_eq(recorded("a.log"), 20);
    bench_end(&bench);

    folder_append(&folder, "a.log", " of it\n");
    cr_assert_eq(start("*.log", BEGINNING, NO_OPTION, NO_OPTION), 0);
    expect(1, "rest of it|a.log\n");
    bench_end(&bench);
    cr_expect_eq(recorded("a.log"), 31, "written at the end");
}

Test(input_file, begins_at_the_end_of_what_was_there_and_at_the_start_of_what_comes)
{
    folder_write(&folder, "old.log", "before\n");
    cr_assert_eq(start("**/*.log", NO_OPTION, NO_OPTION, NO_OPTION), 0);
    bench_wait(&bench, recorded("old.log") == 7);
    folder_write(&folder, "sub/new.log", "first\n");
    expect(1, "first|sub/new.log\n");
    folder_append(&folder, "old.log", "after\n");
    expect(2, "first|sub/new.log\nafter|old.log\n");
    bench_end(&bench);
}

Test(input_file, position_moves_only_with_what_outputs_have_done)
{
    folder_write(&folder, "a.log", "one\ntwo\n");
    cr_assert_eq(start("a.log", BEGINNING, NO_OPTION, NO_OPTION), 0);
    bench.holds = true;
    expect(2, "one|a.log\ntwo|a.log\n");
    bench_wait(&bench, recorded("a.log") >= 0);
    for (int turns = 0; turns < 10; turns++) bench_turn(&bench);
    cr_expect_eq(recorded("a.log"), 0, "nothing is settled");
    bench_settle(&bench);
    bench_wait(&bench, recorded("a.log") == 8);
    cr_expect_eq(recorded("a.log"), 8);
    bench_end(&bench);
}

Test(input_file, unsettled_lines_come_again)
{
    folder_write(&folder, "a.log", "one\ntwo\n");
    cr_assert_eq(start("a.log", BEGINNING, NO_OPTION, NO_OPTION), 0);
    bench.holds = true;
    expect(2, "one|a.log\ntwo|a.log\n");
    bench_wait(&bench, recorded("a.log") == 0);
    /* as a kill would leave it: what is written now is all there is */
    const char *db = folder_read(&folder, "db");
    bench_end(&bench);
    folder_write(&folder, "db", db);
    cr_assert_eq(start("a.log", NO_OPTION, NO_OPTION, NO_OPTION), 0);
    expect(2, "one|a.log\ntwo|a.log\n");
    bench_end(&bench);
}

Test(input_file, follows_a_rename_to_its_end_and_the_new_file_from_its_start)
{
    folder_write(&folder, "a.log", "1\n");
    cr_assert_eq(start("a.log", BEGINNING, NO_OPTION, NO_OPTION), 0);
    expect(1, "1|a.log\n");
    cr_assert_eq(rename(folder_at(&folder, "a.log"), folder_at(&folder, "a.log.1")), 0);
    folder_append(&folder, "a.log.1", "2\n"); /* the daemon has not reopened yet */
    expect(2, "1|a.log\n2|a.log\n");
    folder_write(&folder, "a.log", "3\n");
    expect(3, "1|a.log\n2|a.log\n3|a.log\n");
    folder_append(&folder, "a.log.1", "late\n");
    expect(4, "1|a.log\n2|a.log\n3|a.log\nlate|a.log\n");
    bench_end(&bench);
}

Test(input_file, a_rename_within_the_pattern_is_the_same_file)
{
    folder_write(&folder, "a.log", "1\n");
    cr_assert_eq(start("a.log*", BEGINNING, NO_OPTION, NO_OPTION), 0);
    expect(1, "1|a.log\n");
    rename(folder_at(&folder, "a.log"), folder_at(&folder, "a.log.1"));
    folder_write(&folder, "a.log", "2\n");
    expect(2, "1|a.log\n2|a.log\n");
    folder_append(&folder, "a.log.1", "3\n");
    cr_expect(bench_wait_events(&bench, 3));
    for (int turns = 0; turns < 10; turns++) bench_turn(&bench);
    cr_expect_eq(bench.event_count, 3);
    bench_end(&bench);
}

Test(input_file, a_smaller_file_begins_anew)
{
    folder_write(&folder, "a.log", "long line\nand half");
    cr_assert_eq(start("a.log", BEGINNING, NO_OPTION, NO_OPTION), 0);
    expect(1, "long line|a.log\n");
    folder_write(&folder, "a.log", "new\n"); /* truncates, keeps the inode */
    expect(2, "long line|a.log\nnew|a.log\n");
    bench_wait(&bench, recorded("a.log") == 4);
    cr_expect_eq(recorded("a.log"), 4);
    bench_end(&bench);
    folder_write(&folder, "a.log", "x\n");
    cr_assert_eq(start("a.log", NO_OPTION, NO_OPTION, NO_OPTION), 0);
    expect(1, "x|a.log\n");
    bench_end(&bench);
}

Test(input_file, a_deleted_file_is_read_to_its_end_and_its_inode_is_forgotten)
{
    folder_write(&folder, "a.log", "1\n");
    cr_assert_eq(start("a.log", BEGINNING, NO_OPTION, NO_OPTION), 0);
    expect(1, "1|a.log\n");
    FILE *writer = fopen(folder_at(&folder, "a.log"), "a");
    unlink(folder_at(&folder, "a.log"));
    fputs("2\nhalf", writer);
    fclose(writer);
    expect(3, "1|a.log\n2|a.log\nhalf|a.log\n");
    bench_wait(&bench, recorded("a.log") == -1);
    cr_expect_eq(recorded("a.log"), -1);
    bench_end(&bench);
}

Test(input_file, keeps_what_it_has_while_paused)
{
    struct buf text = {0};
    for (int i = 0; i < 100000; i++) buf_printf(&text, "%d\n", i);
    folder_write_bytes(&folder, "a.log", buf_str(&text));
    cr_assert_eq(start("a.log", BEGINNING, NO_OPTION, NO_OPTION), 0);
    bench.pause_after = 1000;
    cr_expect(bench_wait_events(&bench, 1000));
    uint32_t paused_at = bench.event_count;
    for (int turns = 0; turns < 20; turns++) bench_turn(&bench);
    cr_expect_eq(bench.event_count, paused_at);
    cr_expect_leq(paused_at, 1125);
    bench_resume(&bench);
    cr_expect(bench_wait_events(&bench, 100000));
    uint32_t wrong = 0;
    const char *line = buf_z(&bench.events);
    for (int i = 0; i < 100000; i++, line = strchr(line, '\n') + 1) wrong += atoi(line) != i;
    cr_expect_eq(wrong, 0);
    buf_fini(&text);
    bench_end(&bench);
}

Test(input_file, two_files_take_turns)
{
    struct buf text = {0};
    while (text.len < 3 * BLOCK_BYTES) buf_append_z(&text, "a line of some length to read\n");
    folder_write_bytes(&folder, "a.log", buf_str(&text));
    folder_write(&folder, "b.log", "b\n");
    cr_assert_eq(start("*.log", BEGINNING, (struct bench_option){"file_sort_by", "path"}, NO_OPTION), 0);
    cr_expect(bench_wait_events(&bench, (uint32_t)(text.len / 30) + 1));
    const char *all = events(), *b = strstr(all, "\nb|b.log"), *last = strrchr(all, 'a');
    cr_assert_not_null(b);
    cr_expect_lt(b, last, "b does not wait for the end of a");
    buf_fini(&text);
    bench_end(&bench);
}

Test(input_file, opens_no_more_than_its_limit)
{
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.log", i);
        folder_write(&folder, name, "1\n");
    }
    cr_assert_eq(start("*.log", BEGINNING, (struct bench_option){"max_open_files", "3"}, NO_OPTION), 0);
    cr_expect(bench_wait_events(&bench, 10));
    folder_append(&folder, "0.log", "2\n");
    folder_append(&folder, "9.log", "2\n");
    cr_expect(bench_wait_events(&bench, 12));
    bench_end(&bench);
}

Test(input_file, excludes_and_ignores_old_files_until_they_change)
{
    folder_write(&folder, "a.log", "a\n");
    folder_write(&folder, "b.tmp.log", "b\n");
    folder_write(&folder, "old.log", "old\n");
    struct timespec old[2] = {{1000, 0}, {1000, 0}};
    utimensat(AT_FDCWD, folder_at(&folder, "old.log"), old, 0);
    cr_assert_eq(start("*.log", BEGINNING, (struct bench_option){"exclude", "*.tmp.log"},
                       (struct bench_option){"ignore_older", "1 h"}), 0);
    expect(1, "a|a.log\n");
    folder_append(&folder, "old.log", "new\n");
    expect(2, "a|a.log\nnew|old.log\n");
    bench_end(&bench);
}

Test(input_file, closes_idle_files_and_goes_on_with_them)
{
    folder_write(&folder, "a.log", "1\nha");
    cr_assert_eq(start("a.log", BEGINNING, (struct bench_option){"close_older", "5 ms"}, NO_OPTION), 0);
    expect(1, "1|a.log\n");
    for (int turns = 0; turns < 10; turns++) bench_turn(&bench);
    folder_append(&folder, "a.log", "lf\n");
    expect(2, "1|a.log\nhalf|a.log\n");
    bench_end(&bench);
}

Test(input_file, another_delimiter)
{
    folder_write(&folder, "a.log", "1;;2\n;;3");
    cr_assert_eq(start("a.log", BEGINNING, (struct bench_option){"delimiter", ";;"}, NO_OPTION), 0);
    expect(2, "1|a.log\n2\n|a.log\n");
    bench_end(&bench);
}

/* ---- mode read ---- */

Test(input_file, reads_once_and_deletes_when_settled)
{
    folder_write(&folder, "a.log", "1\n2");
    cr_assert_eq(start("*.log", READ, NO_OPTION, NO_OPTION), 0);
    bench.holds = true;
    expect(2, "1|a.log\n2|a.log\n");
    for (int turns = 0; turns < 10; turns++) bench_turn(&bench);
    cr_expect_not_null(folder_read(&folder, "a.log"), "its events are not settled");
    bench_settle(&bench);
    bench_wait(&bench, !folder_read(&folder, "a.log"));
    cr_expect_null(folder_read(&folder, "a.log"));
    bench.holds = false;
    /* mostly with the same inode, and larger */
    folder_write(&folder, "a.log", "3\n4\n5\n");
    expect(5, "1|a.log\n2|a.log\n3|a.log\n4|a.log\n5|a.log\n");
    bench_end(&bench);
}

Test(input_file, reads_in_order_logs_and_exits)
{
    folder_write(&folder, "b.log", "b1\nb2\n");
    folder_write(&folder, "a.log", "a1\n");
    folder_write(&folder, "empty.log", "");
    struct timespec old[2] = {{1000, 0}, {1000, 0}};
    utimensat(AT_FDCWD, folder_at(&folder, "b.log"), old, 0);
    static const char *const fields[] = {"[log][file][path]", NULL};
    bench_begin(&bench, ECS_V8, fields);
    const struct bench_option options[] = {
        {"path", folder_at(&folder, "*.log")}, {"sincedb_path", "/dev/null"}, {"mode", "read"},
        {"stat_interval", "3 ms"}, {"discover_interval", "2"}, {"exit_after_read", "true"},
        {"file_completed_action", "log"},
        {"file_completed_log_path", folder_at(&folder, "done.txt")}, {NULL, NULL}};
    cr_assert_eq(bench_input(&bench, &input_file, options), 0);
    bench_wait(&bench, bench.input.is_stopped);
    cr_expect(bench.input.is_exhausted);
    cr_expect_str_eq(events(), "b1|b.log\nb2|b.log\na1|a.log\n");
    const char *done = folder_read(&folder, "done.txt");
    cr_assert_not_null(done);
    cr_expect_not_null(strstr(done, "/b.log\n"));
    cr_expect_not_null(strstr(done, "/a.log\n"));
    cr_expect_not_null(strstr(done, "/empty.log\n"));
    cr_expect_not_null(folder_read(&folder, "a.log"));
    bench_end(&bench);
}

Test(input_file, reads_gzip_files_whole)
{
    struct str one = folder_zip(&folder, "1\n2\n"), two = folder_zip(&folder, "3\nrest");
    struct buf both = {0};
    buf_append(&both, one);
    buf_append(&both, two);
    folder_write_bytes(&folder, "a.gz", buf_str(&both));
    cr_assert_eq(start("*.gz", READ, NO_OPTION, NO_OPTION), 0);
    expect(4, "1|a.gz\n2|a.gz\n3|a.gz\nrest|a.gz\n");
    bench_wait(&bench, !folder_read(&folder, "a.gz"));
    cr_expect_null(folder_read(&folder, "a.gz"));
    /* cut short: what is there is read, the file stays */
    folder_write_bytes(&folder, "cut.gz", (struct str){both.ptr, one.len + two.len - 8});
    cr_expect(bench_wait_events(&bench, 8));
    cr_expect_eq(counter_get(&bench.input.counters.errors), 1);
    cr_expect_not_null(folder_read_bytes(&folder, "cut.gz").ptr);
    folder_write(&folder, "none.gz", "not gzip at all");
    bench_wait(&bench, counter_get(&bench.input.counters.errors) == 2);
    cr_expect_eq(bench.event_count, 8);
    buf_fini(&both);
    bench_end(&bench);
}

Test(input_file, leaves_out_damaged_archives_when_told)
{
    struct str one = folder_zip(&folder, "1\n2\n");
    folder_write_bytes(&folder, "cut.gz", (struct str){one.ptr, one.len - 4});
    folder_write_bytes(&folder, "good.gz", one);
    cr_assert_eq(start("*.gz", READ, (struct bench_option){"check_archive_validity", "true"},
                       NO_OPTION), 0);
    expect(2, "1|good.gz\n2|good.gz\n");
    bench_wait(&bench, counter_get(&bench.input.counters.errors) == 1);
    cr_expect_eq(bench.event_count, 2);
    bench_end(&bench);
}

/* ---- complaints ---- */

Test(input_file, refuses_what_cannot_work)
{
    const struct bench_option rows[][3] = {
        {{"path", "relative/*.log"}},
        {{"path", "/x"}, {"mode", "read"}, {"file_completed_action", "log"}},
        {{"path", "/x"}, {"exit_after_read", "true"}},
        {{"path", "/x"}, {"sincedb_path", "/tmp"}},
        {{"path", "/x"}, {"delimiter", ""}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench_begin(&bench, ECS_V8, NULL);
        const struct bench_option options[] = {rows[i][0], rows[i][1], rows[i][2], {NULL, NULL}};
        cr_expect_eq(bench_input(&bench, &input_file, options), 1, "%zu", i);
        cr_expect_eq(bench.diag.errors, 1, "%zu", i);
        bench_end(&bench);
    }
}
