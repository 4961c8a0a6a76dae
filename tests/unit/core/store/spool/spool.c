/* SPDX-License-Identifier: Apache-2.0 */
/* What a log does for its callers: limits, cursors, deletion, what lies in its folder. */
#include "core/store/spool/spool.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include "tests/unit/support/folder.h"
#include "tests/unit/support/sim_disk.h"

static struct sim_disk disk;
static struct spool spool;
static struct spool_report report;
static struct spool_options options;
static char text[4096];

static void begin(void)
{
    sim_init(&disk, 1);
    memset(text, 'x', sizeof text);
    options = (struct spool_options){.folder = "sim/log", .bytes_max = 4096, .segment_bytes = 1024, .group_bytes = 512,
                                     .payload_max = 400};
    cr_assert_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
}
static void end(void)
{
    spool_close(&spool);
    sim_fini(&disk);
}
TestSuite(spool, .init = begin, .fini = end);

static int again(void)
{
    spool_close(&spool);
    return spool_open(&spool, &options, &disk.ops, &report);
}

static int append(size_t len)
{
    uint64_t sequence = 0;
    int verdict = spool_append(&spool, &(struct str){text, len}, 1, &sequence);
    cr_expect(verdict || sequence == spool.next - 1);
    return verdict;
}

static void fill(int count, size_t len) /* each a group of its own */
{
    for (int i = 0; i < count; i++) {
        cr_assert_eq(append(len), 0);
        cr_assert_eq(spool_sync(&spool), 0);
    }
}

/* Reads to the end: the numbers, as "1-3 !4-5 6": `!` are losses. */
static const char *numbers(struct spool_cursor *cursor)
{
    static char out[512];
    struct spool_record record;
    struct spool_loss loss;
    uint64_t first = 0, last = 0;
    size_t len = 0;
    for (;;) {
        int verdict = spool_read(cursor, &record, &loss);
        if (verdict == 0 && first && record.sequence == last + 1) {
            last++;
            continue;
        }
        if (first) len += (size_t)snprintf(out + len, sizeof out - len, "%llu-%llu ", (unsigned long long)first, (unsigned long long)last);
        first = last = verdict == 0 ? record.sequence : 0;
        if (verdict == SPOOL_LOSS)
            len += (size_t)snprintf(out + len, sizeof out - len, "!%llu-%llu ", (unsigned long long)loss.first,
                                    (unsigned long long)loss.last);
        if (verdict == SPOOL_END) break;
        cr_assert(verdict >= 0, "%d", verdict);
    }
    out[len ? len - 1 : 0] = 0;
    return out;
}

static struct spool_cursor *cursor_named(const char *name, enum spool_from from)
{
    static struct spool_cursor cursors[4];
    static int used;
    struct spool_cursor *cursor = &cursors[used++ % 4];
    cr_assert_eq(spool_cursor_open(&spool, name, from, cursor), 0);
    return cursor;
}

Test(spool, refuses_what_is_over_a_limit_and_takes_what_is_at_it)
{
    cr_expect_eq(append(401), SPOOL_TOO_LARGE);
    cr_expect_eq(append(400), 0);
    cr_expect_eq(append(512 - 416 - 16 + 1), SPOOL_SYNC_FIRST, "one byte more than the group has room for");
    cr_expect_eq(append(512 - 416 - 16), 0);
    cr_expect_eq(spool.next, 3, "what was refused has no number");
    cr_assert_eq(spool_sync(&spool), 0);
    cr_expect_eq(spool.synced, 2);
    cr_expect_eq(spool.bytes, 64 + 512);
}

static int run(size_t len, uint32_t numbers)
{
    uint64_t sequence = 0;
    return spool_append_run(&spool, &(struct str){text, len}, 1, numbers, &sequence);
}

Test(spool, a_run_has_as_many_numbers_as_were_asked_for_and_is_given_until_all_are_done)
{
    struct spool_record record;
    struct spool_loss loss;
    options.has_runs = true;
    cr_assert_eq(again(), 0);
    cr_expect_eq(run(399, 2), SPOOL_TOO_LARGE, "its count takes two bytes");
    cr_expect_eq(run(398, SPOOL_RUN_MAX), 0);
    cr_assert_eq(spool_sync(&spool), 0);
    cr_expect_eq(append(10), 0);
    cr_expect_eq(run(20, 4), 0);
    cr_assert_eq(spool_sync(&spool), 0);
    cr_expect_eq(spool.synced, SPOOL_RUN_MAX + 5);
    static const struct { uint64_t done, first; uint32_t numbers; } rows[] = {
        {0, 1, SPOOL_RUN_MAX}, {1, 1, SPOOL_RUN_MAX}, {SPOOL_RUN_MAX - 1, 1, SPOOL_RUN_MAX}, {SPOOL_RUN_MAX, SPOOL_RUN_MAX + 1, 1},
        {SPOOL_RUN_MAX + 1, SPOOL_RUN_MAX + 2, 4}, {SPOOL_RUN_MAX + 4, SPOOL_RUN_MAX + 2, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* each after another start */
        struct spool_cursor *cursor = cursor_named("a", SPOOL_FROM_FIRST);
        if (rows[i].done) spool_skip(cursor, rows[i].done);
        cr_assert_eq(spool_checkpoint(&spool), 0);
        cr_assert_eq(again(), 0);
        cursor = cursor_named("a", SPOOL_FROM_FIRST);
        cr_assert_eq(spool_read(cursor, &record, &loss), 0);
        cr_expect(record.sequence == rows[i].first && record.numbers == rows[i].numbers, "done up to %llu: %llu, %u",
                  (unsigned long long)rows[i].done, (unsigned long long)record.sequence, record.numbers);
    }
}

Test(spool, is_full_at_its_limit_until_a_checkpoint_lets_a_segment_go)
{
    struct spool_cursor *cursor = cursor_named("a", SPOOL_FROM_FIRST);
    int appended = 0;
    for (; append(400) == 0; appended++) cr_assert_eq(spool_sync(&spool), 0);
    cr_expect_eq(append(400), SPOOL_FULL);
    cr_expect_leq(spool.bytes, options.bytes_max);
    cr_expect_gt(spool.bytes + 416 + 64, options.bytes_max);
    cr_expect_leq(sim_used(&disk), options.bytes_max + 8192, "files are made no larger than the limit");
    numbers(cursor);
    spool_done(cursor, 1);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_expect_eq(append(400), SPOOL_FULL, "the first segment has another record");
    spool_done(cursor, 2);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_expect_eq(append(400), 0);
    cr_expect_eq(spool.next - 1, appended + 1);
}

Test(spool, deletes_only_what_all_cursors_are_done_with)
{
    struct spool_cursor *a = cursor_named("a", SPOOL_FROM_FIRST), *b = cursor_named("b", SPOOL_FROM_FIRST);
    fill(6, 400);
    cr_expect_eq(spool.count, 3);
    cr_expect_str_eq(numbers(a), "1-6");
    spool_done(a, 6);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_expect_eq(spool.count, 3);
    cr_expect_str_eq(numbers(b), "1-6");
    spool_done(b, 4);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_expect_eq(spool.count, 1);
    cr_assert_eq(again(), 0);
    cr_expect_str_eq(numbers(cursor_named("b", SPOOL_FROM_FIRST)), "5-6");
    cr_expect_str_eq(numbers(cursor_named("a", SPOOL_FROM_FIRST)), "");
    cr_assert_eq(again(), 0);
    cr_expect(spool_cursor_forget(&spool, "b"));
    cr_expect_not(spool_cursor_forget(&spool, "b"));
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_expect_eq(spool.count, 0, "the last segment, too: nothing is written to it any more");
    fill(1, 10);
    cr_expect_eq(spool.synced, 7, "numbers go on when no segment is left");
}

Test(spool, lets_a_reader_go_on_behind_records_that_it_has_not_read)
{
    static struct spool_cursor cursor;
    struct spool_record record;
    struct spool_loss loss;
    fill(10, 300); /* three or so in a file */
    cr_assert_eq(spool_cursor_open(&spool, "a", SPOOL_FROM_FIRST, &cursor), 0);
    cr_assert_eq(spool_read(&cursor, &record, &loss), 0);
    spool_skip(&cursor, 2); /* within the file */
    cr_assert_eq(spool_read(&cursor, &record, &loss), 0);
    cr_expect_eq(record.sequence, 3);
    uint32_t files = spool.count;
    spool_skip(&cursor, 8); /* over the ends of files, which may go */
    cr_expect_eq(spool_done_up_to(&cursor), 8);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_expect_lt(spool.count, files);
    spool_skip(&cursor, 5); /* what is done stays done */
    cr_expect_eq(spool_done_up_to(&cursor), 8);
    cr_expect_str_eq(numbers(&cursor), "9-10");
    spool_skip(&cursor, 10);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_assert_eq(again(), 0);
    cr_assert_eq(spool_cursor_open(&spool, "a", SPOOL_FROM_FIRST, &cursor), 0);
    cr_expect_str_eq(numbers(&cursor), "");
}

Test(spool, knows_a_cursor_from_the_moment_it_is_opened)
{
    fill(3, 10);
    cursor_named("late", SPOOL_FROM_END);
    fill(2, 10);
    static struct sim_disk after;
    sim_survive(&disk, SIM_SYNCED, 0, &after);
    spool_close(&spool);
    sim_fini(&disk);
    disk = after;
    cr_assert_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
    cr_expect_str_eq(numbers(cursor_named("late", SPOOL_FROM_END)), "4-5", "not at the end a second time");
}

Test(spool, has_so_many_cursors_with_names_of_so_many_bytes)
{
    static struct spool_cursor cursors[SPOOL_CURSORS_MAX + 1];
    char name[SPOOL_CURSOR_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    cr_expect_eq(spool_cursor_open(&spool, name, SPOOL_FROM_FIRST, &cursors[0]), -ENAMETOOLONG);
    for (int i = 0; i < SPOOL_CURSORS_MAX; i++) {
        snprintf(name, sizeof name, "%0*d", SPOOL_CURSOR_NAME_MAX, i);
        cr_assert_eq(spool_cursor_open(&spool, name, SPOOL_FROM_FIRST, &cursors[i]), 0, "%d", i);
    }
    cr_expect_eq(spool_cursor_open(&spool, "one more", SPOOL_FROM_FIRST, &cursors[SPOOL_CURSORS_MAX]), -ENOBUFS);
    spool_cursor_close(&cursors[3]);
    snprintf(name, sizeof name, "%0*d", SPOOL_CURSOR_NAME_MAX, 3);
    cr_expect(spool_cursor_forget(&spool, name));
    fill(1, 10);
    cr_expect_str_eq(numbers(&cursors[SPOOL_CURSORS_MAX - 1]), "1-1");
    spool_done(&cursors[SPOOL_CURSORS_MAX - 1], 1);
    cr_expect_eq(spool_done_up_to(&cursors[SPOOL_CURSORS_MAX - 1]), 1, "moved to the place that became free");
    cr_expect_eq(spool_done_up_to(&cursors[0]), 0);
}

Test(spool, goes_on_in_another_file_when_the_disk_does_not_sync)
{
    struct spool_cursor *cursor = cursor_named("a", SPOOL_FROM_FIRST);
    fill(1, 100);
    cr_assert_eq(append(100), 0);
    disk.fail_at = disk.calls + 2; /* the write, then the sync */
    disk.fail_error = -EIO;
    cr_expect_eq(spool_sync(&spool), -EIO);
    cr_expect_eq(spool.synced, 1);
    cr_expect_str_eq(numbers(cursor), "1-1", "what is not durable is not read");
    cr_assert_eq(append(100), 0);
    cr_expect_eq(spool_sync(&spool), 0);
    cr_expect_eq(spool.count, 2);
    cr_expect_str_eq(numbers(cursor), "2-3");
}

Test(spool, leaves_foreign_files_and_removes_what_was_being_made)
{
    sim_put(&disk, "notes.txt", STR("mine"));
    sim_put(&disk, "0000000000000000000x.seg", STR("mine"));
    sim_put(&disk, "00000000000000000000.seg", STR("zero is no number"));
    sim_put(&disk, "segment.tmp", STR("half"));
    sim_put(&disk, "checkpoint.tmp", STR(""));
    fill(1, 10);
    cr_assert_eq(again(), 0);
    cr_expect_eq(report.foreign, 3);
    cr_expect_eq(report.stale, 1, "making the segment replaced its own");
    cr_expect_str_eq(report.foreign_names[0], "notes.txt");
    cr_expect(sim_content(&disk, "notes.txt"));
    cr_expect_null(sim_content(&disk, "checkpoint.tmp"));
    cr_expect_str_eq(numbers(cursor_named("a", SPOOL_FROM_FIRST)), "1-1");
}

Test(spool, does_not_touch_what_a_newer_version_wrote)
{
    fill(3, 400);
    spool_close(&spool);
    struct sim_image *segment = sim_content(&disk, "00000000000000000003.seg");
    struct spool_header header;
    cr_assert_eq(spool_headers_get(segment->bytes, &header), SPOOL_HEADER_GOOD);
    header.format = SPOOL_FORMAT_RUNS + 1;
    spool_headers_put(segment->bytes, &header);
    sim_put(&disk, "segment.tmp", STR("half"));
    cr_expect_eq(spool_open(&spool, &options, &disk.ops, &report), -EPROTONOSUPPORT);
    cr_expect_str_eq(report.newer_name, "00000000000000000003.seg");
    cr_expect_eq(report.newer_format, SPOOL_FORMAT_RUNS + 1);
    cr_expect(sim_content(&disk, "segment.tmp"));
    sim_drop(&disk, "00000000000000000003.seg");
    cr_expect_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
}

Test(spool, tells_which_records_a_missing_segment_had)
{
    cursor_named("a", SPOOL_FROM_FIRST);
    fill(8, 400);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    spool_close(&spool);
    sim_drop(&disk, "00000000000000000003.seg");
    sim_drop(&disk, "00000000000000000007.seg");
    cr_assert_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
    cr_expect_eq(report.missing.kind, SPOOL_LOSS_MISSING);
    cr_expect_eq(report.missing.first, 7);
    cr_expect_eq(report.missing.last, 8);
    fill(1, 10);
    cr_expect_str_eq(numbers(cursor_named("a", SPOOL_FROM_FIRST)), "1-2 !3-4 5-6 !7-8 9-9");
    cr_assert_eq(again(), 0);
    spool_close(&spool);
    sim_drop(&disk, "00000000000000000001.seg");
    cr_assert_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
    cr_expect_str_eq(numbers(cursor_named("a", SPOOL_FROM_FIRST)), "!1-4 5-6 !7-8 9-9");
}

Test(spool, begins_anew_when_the_checkpoint_is_lost)
{
    struct spool_cursor *a = cursor_named("a", SPOOL_FROM_FIRST);
    fill(2, 10);
    numbers(a);
    spool_done(a, 2);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    spool_close(&spool);
    sim_drop(&disk, "checkpoint");
    cr_assert_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
    cr_expect(report.is_checkpoint_lost);
    cr_expect_str_eq(numbers(cursor_named("a", SPOOL_FROM_END)), "1-2", "rather twice than never");
    spool_close(&spool);
    sim_resize(&disk, "checkpoint", 100);
    cr_assert_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
    cr_expect(report.is_checkpoint_lost, "cut off");
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_assert_eq(again(), 0);
    cr_expect_not(report.is_checkpoint_lost);
}

Test(spool, is_looked_at_while_its_owner_goes_on)
{
    struct spool look;
    struct spool_cursor cursor, *owner = cursor_named("a", SPOOL_FROM_FIRST);
    fill(6, 400);
    cr_assert_eq(append(10), 0);
    uint64_t calls = disk.calls;
    cr_assert_eq(spool_open_look(&look, "sim/log", &disk.ops, &report), 0);
    cr_expect_eq(look.count, 3);
    cr_expect_eq(look.synced, 6);
    cr_expect_eq(disk.calls, calls, "nothing is changed");
    numbers(owner);
    spool_done(owner, 3);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    cr_assert_eq(spool_sync(&spool), 0);
    spool_cursor_look(&look, &cursor);
    cr_expect_str_eq(numbers(&cursor), "3-6", "what its owner deleted meanwhile is no loss");
    spool_close(&look);
    cr_assert_eq(spool_open_look(&look, "sim/log", &disk.ops, &report), 0);
    spool_cursor_look(&look, &cursor);
    cr_expect_str_eq(numbers(&cursor), "3-7");
    spool_close(&look);
}

Test(spool, reads_what_was_written_under_other_limits)
{
    fill(4, 400);
    spool_close(&spool);
    options = (struct spool_options){.folder = "sim/log", .bytes_max = 600, .segment_bytes = 300, .group_bytes = 64,
                                     .payload_max = 40};
    cr_assert_eq(spool_open(&spool, &options, &disk.ops, &report), 0);
    struct spool_cursor *cursor = cursor_named("a", SPOOL_FROM_FIRST);
    cr_expect_eq(append(40), SPOOL_FULL);
    cr_expect_str_eq(numbers(cursor), "1-4");
    spool_done(cursor, 4);
    cr_assert_eq(spool_checkpoint(&spool), 0);
    fill(2, 40);
    cr_expect_str_eq(numbers(cursor), "5-6");
}

Test(spool, lies_on_a_real_disk_and_belongs_to_one_process)
{
    struct folder folder;
    folder_begin(&folder);
    struct spool other, real;
    options.folder = folder_at(&folder, "log");
    cr_assert_eq(spool_open(&real, &options, &file_ops_real, &report), 0);
    struct spool_cursor cursor;
    cr_assert_eq(spool_cursor_open(&real, "a", SPOOL_FROM_FIRST, &cursor), 0);
    uint64_t sequence;
    struct str parts[] = {STR("from 192.0.2.1"), STR(""), STR(": a line")};
    for (int i = 0; i < 80; i++) {
        cr_assert_eq(spool_append(&real, parts, 3, &sequence), 0);
        if (i % 9 == 8) cr_assert_eq(spool_sync(&real), 0);
    }
    cr_assert_eq(spool_sync(&real), 0);
    cr_expect_eq(spool_open(&other, &options, &file_ops_real, &report), -EAGAIN);
    spool_close(&real);
    cr_assert_eq(spool_open(&real, &options, &file_ops_real, &report), 0);
    cr_expect_eq(report.torn.kind, SPOOL_LOSS_NONE);
    cr_assert_eq(spool_cursor_open(&real, "a", SPOOL_FROM_FIRST, &cursor), 0);
    struct spool_record record;
    struct spool_loss loss;
    cr_assert_eq(spool_read(&cursor, &record, &loss), 0);
    cr_expect(str_eq_z(record.payload, "from 192.0.2.1: a line"));
    cr_expect_str_eq(numbers(&cursor), "2-80");
    spool_done(&cursor, 80);
    cr_expect_eq(spool_checkpoint(&real), 0);
    spool_close(&real);
    cr_expect_not(folder_read(&folder, "log/00000000000000000001.seg"));
    cr_expect_eq(folder_read_bytes(&folder, "log/checkpoint").len, 8192);
    folder_end(&folder);
}
