/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/support/folder.h"
#include "tests/unit/support/net.h"

extern const struct output_type output_file;

enum { OPEN_MAX_TEST = 256 }; /* one byte more than a name may have */

/* Writes beyond `bytes` fail with EFBIG, as on a full disk after a short write. */
struct rlimit_test { struct rlimit before; };
static struct rlimit_test limit_file_size(rlim_t bytes)
{
    struct rlimit_test limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit.before);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, limit.before.rlim_max});
    return limit;
}
static void unlimit_file_size(struct rlimit_test limit) { setrlimit(RLIMIT_FSIZE, &limit.before); }

static struct bench bench;
static struct folder folder;

static void begin(void) { folder_begin(&folder); }
static void end(void) { folder_end(&folder); }
TestSuite(output_file, .init = begin, .fini = end);

static int start(const char *path, struct bench_option a, struct bench_option b)
{
    bench_begin(&bench, ECS_V8, NULL);
    const struct bench_option options[] = {{"path", folder_at(&folder, path)}, a, b, {NULL, NULL}};
    return bench_output(&bench, &output_file, options);
}
#define NO_OPTION ((struct bench_option){NULL, NULL})

static uint64_t sent(void) { return counter_get(&bench.output.counters.sent); }

static void offer(const char *message)
{
    uint64_t before = sent();
    cr_assert(bench_offer(&bench, message), "%s", message);
    bench_wait(&bench, sent() > before);
    cr_assert_eq(sent(), before + 1, "%s", message);
}

Test(output_file, appends_lines_and_settles_them)
{
    cr_assert_eq(start("deep/a.log", NO_OPTION, NO_OPTION), 0);
    cr_assert(bench_offer(&bench, "one"));
    cr_expect_eq(sent(), 0, "not before it is written");
    cr_assert(bench_offer(&bench, "two"));
    bench_wait(&bench, sent() == 2);
    cr_expect_str_eq(folder_read(&folder, "deep/a.log"), "one\ntwo\n");
    offer("three");
    cr_expect_str_eq(folder_read(&folder, "deep/a.log"), "one\ntwo\nthree\n");
    bench_end(&bench);
}

Test(output_file, ends_the_record_that_a_kill_has_torn)
{
    folder_write(&folder, "torn", "one\ntw");
    folder_write(&folder, "whole", "one\n");
    cr_assert_eq(start("%{message}", NO_OPTION, NO_OPTION), 0);
    offer("torn");
    offer("torn");
    offer("whole");
    cr_expect_str_eq(folder_read(&folder, "torn"), "one\ntw\ntorn\ntorn\n");
    cr_expect_str_eq(folder_read(&folder, "whole"), "one\nwhole\n");
    bench_end(&bench);
}

Test(output_file, stop_writes_what_is_held)
{
    cr_assert_eq(start("a.log", (struct bench_option){"gzip", "true"},
                       (struct bench_option){"flush_interval", "1 h"}), 0);
    for (int i = 0; i < 3; i++) cr_assert(bench_offer(&bench, "gathered"));
    for (int turns = 0; turns < 5; turns++) bench_turn(&bench);
    cr_expect_eq(sent(), 0);
    bench_end(&bench);
    cr_expect_str_eq(folder_unzip(&folder, "a.log"), "gathered\ngathered\ngathered\n");
}

Test(output_file, every_gzip_write_is_a_member)
{
    cr_assert_eq(start("a.gz", (struct bench_option){"gzip", "true"}, NO_OPTION), 0);
    offer("one");
    struct str first = folder_read_bytes(&folder, "a.gz");
    cr_expect_str_eq(folder_unzip(&folder, "a.gz"), "one\n");
    offer("two");
    struct str both = folder_read_bytes(&folder, "a.gz");
    cr_expect_str_eq(folder_unzip(&folder, "a.gz"), "one\ntwo\n");
    cr_assert_gt(both.len, first.len);
    cr_expect_eq((unsigned char)both.ptr[first.len], 0x1f);
    cr_expect_eq((unsigned char)both.ptr[first.len + 1], 0x8b);
    bench_end(&bench);
}

Test(output_file, paths_of_events_stay_beneath_the_root)
{
    char name[OPEN_MAX_TEST + 1];
    memset(name, 'n', OPEN_MAX_TEST);
    name[OPEN_MAX_TEST] = 0;
    folder_write(&folder, "outside/x", "");
    folder_write(&folder, "root/plain", "");
    symlink("../outside", folder_at(&folder, "root/link"));
    cr_assert_eq(start("root/%{message}", NO_OPTION, NO_OPTION), 0);
    const char *good[] = {"a", "b/c", "a", "..b", "%{x}"};
    const char *bad[] = {"../outside/new", "x/../../outside/new", "link/new", "plain/x", "b", "",
                         "b/", "..", name};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) offer(good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) offer(bad[i]);
    cr_expect_str_eq(folder_read(&folder, "root/a"), "a\na\n");
    cr_expect_str_eq(folder_read(&folder, "root/b/c"), "b/c\n");
    cr_expect_str_eq(folder_read(&folder, "root/..b"), "..b\n");
    cr_expect_str_eq(folder_read(&folder, "root/%{x}"), "%{x}\n");
    cr_expect_null(folder_read(&folder, "outside/new"));
    struct buf expected = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) buf_printf(&expected, "%s\n", bad[i]);
    cr_expect_str_eq(folder_read(&folder, "root/_filepath_failures"), buf_z(&expected));
    buf_fini(&expected);
    bench_end(&bench);
}

Test(output_file, opens_no_more_than_its_limit)
{
    cr_assert_eq(start("d/%{message}", NO_OPTION, NO_OPTION), 0);
    char name[16];
    for (int i = 0; i < 1500; i++) {
        snprintf(name, sizeof name, "%d", i);
        bool is_taken = bench_offer(&bench, name);
        if (!is_taken) {
            uint32_t readies = bench.output_readies;
            bench_wait(&bench, bench.output_readies > readies);
            cr_assert(bench_offer(&bench, name));
        }
    }
    bench_wait(&bench, sent() == 1500);
    for (int i = 0; i < 1500; i += 37) {
        char path[24];
        snprintf(path, sizeof path, "d/%d", i);
        snprintf(name, sizeof name, "%d\n", i);
        cr_expect_str_eq(folder_read(&folder, path), name);
    }
    bench_end(&bench);
}

Test(output_file, a_moved_or_deleted_file_is_made_anew)
{
    cr_assert_eq(start("a.log", (struct bench_option){"stale_cleanup_interval", "50 ms"}, NO_OPTION), 0);
    offer("1");
    unlink(folder_at(&folder, "a.log"));
    offer("2");
    cr_expect_str_eq(folder_read(&folder, "a.log"), "2\n");
    rename(folder_at(&folder, "a.log"), folder_at(&folder, "a.log.1"));
    output_file.reopen(bench.output.self);
    offer("3");
    cr_expect_str_eq(folder_read(&folder, "a.log"), "3\n");
    rename(folder_at(&folder, "a.log"), folder_at(&folder, "a.log.2"));
    bench_wait(&bench, (offer("4"), folder_read(&folder, "a.log") != NULL));
    cr_expect_eq(*folder_read(&folder, "a.log"), '4');
    cr_expect_str_eq(folder_read(&folder, "a.log.1"), "2\n");
    bench_end(&bench);
}

Test(output_file, a_missing_file_may_be_a_failure)
{
    folder_write(&folder, "there.log", "");
    cr_assert_eq(start("there.log", (struct bench_option){"create_if_deleted", "false"}, NO_OPTION), 0);
    offer("1");
    unlink(folder_at(&folder, "there.log"));
    offer("2");
    cr_expect_null(folder_read(&folder, "there.log"));
    cr_expect_str_eq(folder_read(&folder, "_filepath_failures"), "2\n");
    bench_end(&bench);
}

Test(output_file, overwrite_keeps_the_last_event)
{
    cr_assert_eq(start("a", (struct bench_option){"write_behavior", "overwrite"},
                       (struct bench_option){"file_mode", "384"}), 0);
    cr_assert(bench_offer(&bench, "a long first one"));
    cr_assert(bench_offer(&bench, "second"));
    bench_wait(&bench, sent() == 2);
    cr_expect_str_eq(folder_read(&folder, "a"), "second\n");
    offer("3");
    cr_expect_str_eq(folder_read(&folder, "a"), "3\n");
    struct stat status;
    cr_assert_eq(stat(folder_at(&folder, "a"), &status), 0);
    cr_expect_eq(status.st_mode & 07777, 0600);
    bench_end(&bench);
}

Test(output_file, a_fifo_without_a_reader_waits_and_is_served_when_one_comes)
{
    cr_assert_eq(mkfifo(folder_at(&folder, "fifo"), 0600), 0);
    cr_assert_eq(start("fifo", NO_OPTION, NO_OPTION), 0);
    cr_assert(bench_offer(&bench, "hello"));
    bench_wait(&bench, counter_get(&bench.output.counters.retries) == 1);
    int reader = open(folder_at(&folder, "fifo"), O_RDONLY | O_NONBLOCK);
    bench_wait(&bench, sent() == 1);
    char text[16] = "";
    cr_expect_eq(read(reader, text, sizeof text - 1), 6);
    cr_expect_str_eq(text, "hello\n");
    close(reader);
    bench_end(&bench);
}

/* A full disk is a small tmpfs elsewhere; here a file size limit stands for it. */
Test(output_file, goes_on_where_a_short_write_ended)
{
    struct rlimit_test limit = limit_file_size(1000);
    cr_assert_eq(start("a.log", NO_OPTION, NO_OPTION), 0);
    struct buf expected = {0};
    for (int i = 0; i < 200; i++) {
        char text[32];
        snprintf(text, sizeof text, "line number %d", i);
        cr_assert(bench_offer(&bench, text));
        buf_printf(&expected, "%s\n", text);
    }
    bench_wait(&bench, counter_get(&bench.output.counters.retries) == 1);
    cr_expect_eq(sent(), 0);
    cr_expect_eq(strlen(folder_read(&folder, "a.log")), 1000);
    unlimit_file_size(limit);
    bench_wait(&bench, sent() == 200);
    cr_expect_str_eq(folder_read(&folder, "a.log"), buf_z(&expected));
    buf_fini(&expected);
    bench_end(&bench);
}

Test(output_file, refuses_what_cannot_work)
{
    const struct bench_option rows[][2] = {
        {{"path", "%{host}/a.log"}},
        {{"path", "/%{host}/a.log"}},
        {{"path", "/tmp/"}},
        {{"path", "/tmp/x"}, {"filename_failure", "a/b"}},
        {{"path", "/tmp/x"}, {"filename_failure", ".."}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench_begin(&bench, ECS_V8, NULL);
        const struct bench_option options[] = {rows[i][0], rows[i][1], {NULL, NULL}};
        cr_expect_eq(bench_output(&bench, &output_file, options), 1, "%zu", i);
        cr_expect_eq(bench.diag.errors, 1, "%zu", i);
        bench_end(&bench);
    }
}
