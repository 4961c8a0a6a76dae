/* SPDX-License-Identifier: Apache-2.0 */
/* The disk's side of a queue on a simulated disk: what was written comes back in order, whatever is full, fails or is
 * stopped between. Frames say their number. */
#include "core/queue/queue_log.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include "tests/unit/support/sim_disk.h"

enum { FRAMES_OF_RECORD = 3 };

static struct sim_disk disk;
static enum compression compression; /* of the tests to come */
static struct record_pack *pack;
static struct queue_log queue;
static struct spool_report report;
static struct chunk_pool pool;
static struct budget budget;
static uint64_t next_frame;
static const struct spool_options options = {.folder = "sim/log", .bytes_max = 4096, .segment_bytes = 1024,
                                             .group_bytes = 512, .payload_max = 400};

static void begin(void)
{
    sim_init(&disk, 7);
    chunk_pool_init(&pool, &budget);
    pack = record_pack_create(compression);
    cr_assert_eq(queue_log_open(&queue, &options, &disk.ops, pack, &report), 0);
    next_frame = queue.next_frame;
}
static void end(void)
{
    queue_log_close(&queue);
    record_pack_destroy(pack);
    chunk_pool_fini(&pool);
    sim_fini(&disk);
}
TestSuite(queue_log, .init = begin, .fini = end);

static void record_add(struct queue_group *group, int frames, size_t len)
{
    struct queue_head head = {.first = next_frame, .arrival = value_time(1700000000, 0), .type = STR("tcp"), .id = STR("t")};
    char text[400];
    queue_record_begin(&group->bytes, &head);
    for (int i = 0; i < frames; i++) {
        memset(text, '.', sizeof text);
        snprintf(text, sizeof text, "%llu", (unsigned long long)next_frame++);
        queue_record_frame(&group->bytes, (struct str){text, len}, NULL, 0);
        group->frames++;
    }
    queue_group_end(group);
}

static int write_records(int records, size_t len)
{
    struct queue_group group = {0};
    for (int i = 0; i < records; i++) record_add(&group, FRAMES_OF_RECORD, len);
    int verdict = queue_log_write(&queue, &group);
    if (verdict == 0) cr_expect_eq(group.written, group.count);
    queue_group_fini(&group);
    return verdict;
}

/* Frames of the page: the first number, and each one more than the one before. Returns their count. */
static uint64_t page_check(const struct queue_page *page, uint64_t *next)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < page->count; i++) {
        struct str rest = {page->block->bytes + page->rows[i].offset, page->rows[i].len};
        struct queue_head head;
        struct queue_frame frame;
        cr_assert(queue_record_open(&rest, &head));
        if (!*next) *next = head.first;
        cr_expect_eq(head.first, *next);
        for (; queue_record_next(&rest, &frame) == QUEUE_NEXT_FRAME; count++)
            cr_expect_eq(strtoull(frame.bytes.ptr, NULL, 10), (*next)++);
    }
    return count;
}

/* All that is there, through blocks of so many bytes; the number of the first frame, 0: none. */
static uint64_t read_all(size_t block_bytes, uint64_t *first)
{
    struct queue_page page = {0};
    uint64_t next = 0, count = 0;
    *first = 0;
    page.block = block_create(&pool, block_bytes);
    page.block->capacity = block_bytes; /* as small as the test wants it */
    do {
        cr_assert_eq(queue_log_read(&queue, &page), 0);
        if (page.wanted) page.block->capacity = page.wanted;
        uint64_t got = page_check(&page, &next);
        if (!*first && got) *first = next - got;
        count += got;
        cr_expect_eq(page.loss_count, 0);
    } while (!page.is_at_end);
    block_drop(page.block, &pool);
    return count;
}

static void again(void)
{
    queue_log_close(&queue);
    cr_assert_eq(queue_log_open(&queue, &options, &disk.ops, pack, &report), 0);
}

Test(queue_log, gives_back_all_frames_in_order_whatever_the_pages_hold)
{
    static const size_t blocks[] = {1, 64, 100, 4096};
    cr_assert_eq(write_records(8, 40), 0);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        uint64_t first;
        again();
        cr_expect_eq(read_all(blocks[i], &first), 8 * FRAMES_OF_RECORD, "blocks of %zu bytes", blocks[i]);
        cr_expect_eq(first, 1);
    }
}

Test(queue_log, knows_how_many_frames_wait_and_goes_on_counting)
{
    cr_assert_eq(write_records(4, 40), 0);
    again();
    cr_expect_eq(queue.frames_at_open, 4 * FRAMES_OF_RECORD);
    cr_expect_eq(queue.next_frame, next_frame);
    cr_expect_eq(queue.oldest_ns, 1700000000000000000u);
    uint64_t first;
    read_all(4096, &first);
    cr_assert_eq(queue_log_checkpoint(&queue, 3), 0);
    again();
    cr_expect_eq(queue.frames_at_open, FRAMES_OF_RECORD);
    read_all(4096, &first);
    cr_assert_eq(queue_log_checkpoint(&queue, 4), 0);
    again();
    cr_expect_eq(queue.frames_at_open, 0);
}

Test(queue_log, a_full_log_keeps_what_has_room_and_goes_on_with_the_rest)
{
    struct queue_group group = {0};
    for (int i = 0; i < 40; i++) record_add(&group, FRAMES_OF_RECORD, 40);
    cr_assert_eq(queue_log_write(&queue, &group), SPOOL_FULL);
    uint32_t written = group.written;
    uint64_t first;
    cr_expect(written > 0 && written < 40);
    cr_expect_eq(queue_log_write(&queue, &group), SPOOL_FULL);
    cr_expect_eq(group.written, written, "nothing is written twice");
    cr_expect_eq(read_all(4096, &first), (uint64_t)written * FRAMES_OF_RECORD);
    cr_assert_eq(queue_log_checkpoint(&queue, written), 0);
    while (queue_log_write(&queue, &group) == SPOOL_FULL) {
        read_all(4096, &first);
        cr_assert_eq(queue_log_checkpoint(&queue, group.written), 0);
    }
    cr_expect_eq(group.written, 40);
    queue_group_fini(&group);
}

Test(queue_log, a_disk_that_refuses_loses_nothing_and_doubles_nothing)
{
    static const int errors[] = {-ENOSPC, -EIO};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        for (uint64_t call = 1; call <= 12; call++) {
            struct queue_group group = {0};
            uint64_t first, done = queue.spool.synced;
            for (int k = 0; k < 4; k++) record_add(&group, FRAMES_OF_RECORD, 40);
            disk.fail_at = disk.calls + call;
            disk.fail_error = errors[i];
            int verdict = queue_log_write(&queue, &group);
            if (verdict) verdict = queue_log_write(&queue, &group);
            cr_assert_eq(verdict, 0, "call %llu: %d", (unsigned long long)call, verdict);
            disk.fail_at = UINT64_MAX;
            cr_expect_eq(read_all(4096, &first), 4 * FRAMES_OF_RECORD, "call %llu", (unsigned long long)call);
            cr_assert_eq(queue_log_checkpoint(&queue, done + 4), 0);
            queue_group_fini(&group);
        }
}

Test(queue_log, a_checkpoint_needs_no_room)
{
    uint64_t first;
    cr_assert_eq(write_records(2, 40), 0);
    cr_expect_eq(read_all(4096, &first), 2 * FRAMES_OF_RECORD);
    disk.room = sim_used(&disk);
    cr_expect_eq(write_records(20, 100), -ENOSPC);
    cr_expect_eq(queue_log_checkpoint(&queue, 2), 0);
}

Test(queue_log, a_log_that_is_read_to_its_end_is_deleted)
{
    uint64_t first;
    cr_assert_eq(write_records(8, 40), 0);
    again(); /* of another worker: nothing is being written */
    read_all(4096, &first);
    queue_log_delete(&queue); /* the folder itself is the real file system's */
    cr_expect(!queue.is_open);
    cr_expect_eq(sim_used(&disk), 0, "no file is left");
}

/* One life until the disk stops: groups and checkpoints in turn. The frames that were promised, and those done. */
static void live(uint64_t *promised, uint64_t *done)
{
    for (int i = 0; i < 6; i++) {
        if (write_records(2, 30)) return;
        *promised = next_frame - 1;
        if (i % 2) continue;
        struct queue_page page = {.block = block_create(&pool, 4096)};
        bool is_read = queue_log_read(&queue, &page) == 0 && page.count;
        uint64_t sequence = is_read ? page.rows[page.count - 1].sequence : 0, behind = 0;
        if (is_read) page_check(&page, &behind);
        block_drop(page.block, &pool);
        if (!is_read) return;
        *done = behind - 1; /* told, perhaps durable */
        if (queue_log_checkpoint(&queue, sequence)) return;
    }
}

static uint64_t calls_of_life(void)
{
    uint64_t before = disk.calls, promised = 0, done = 0;
    live(&promised, &done);
    return disk.calls - before;
}

/* Every call of a life is the last one once, for every way in which a disk may survive it. */
static void stop_everywhere(void)
{
    uint64_t calls = calls_of_life();
    uint32_t states = 0;
    cr_assert_gt(calls, 10);
    for (uint64_t stop = 1; stop <= calls; stop++)
        for (int survival = SIM_KILLED; survival <= SIM_RANDOM; survival++) {
            static struct sim_disk after;
            uint64_t promised = 0, done = 0, first;
            end();
            begin();
            disk.stop_at = disk.calls + stop;
            disk.torn = (uint32_t)(stop * 37 % 256);
            live(&promised, &done);
            sim_survive(&disk, (enum sim_survival)survival, stop, &after);
            queue_log_close(&queue);
            sim_fini(&disk);
            disk = after;
            cr_assert_eq(queue_log_open(&queue, &options, &disk.ops, pack, &report), 0);
            uint64_t count = read_all(100, &first);
            cr_expect(promised <= done || (count && first <= done + 1 && first + count > promised),
                      "call %llu, survival %d: promised %llu, done %llu, got %llu from %llu", (unsigned long long)stop, survival,
                      (unsigned long long)promised, (unsigned long long)done, (unsigned long long)count, (unsigned long long)first);
            cr_assert_eq(write_records(1, 30), 0);
            states++;
        }
    cr_assert_gt(states, 50);
}

Test(queue_log, wherever_it_is_stopped_each_promised_frame_comes_or_was_done) { stop_everywhere(); }

static void begin_with(enum compression wanted)
{
    end();
    compression = wanted;
    begin();
}

Test(queue_log, the_same_when_records_are_packed)
{
    begin_with(COMPRESS_BALANCED);
    stop_everywhere();
}

Test(queue_log, packed_records_come_back_in_order_whatever_the_pages_hold)
{
    static const size_t blocks[] = {1, 600, 1000, 4096};
    begin_with(COMPRESS_SPEED);
    for (int i = 0; i < 5; i++) cr_assert_eq(write_records(8, 40), 0);
    cr_expect_eq(queue.spool.synced, 5, "one record for each group");
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        uint64_t first;
        again();
        cr_expect_eq(read_all(blocks[i], &first), 40 * FRAMES_OF_RECORD, "blocks of %zu bytes", blocks[i]);
        cr_expect_eq(first, 1);
        cr_expect_eq(queue.frames_at_open, 40 * FRAMES_OF_RECORD);
        cr_expect_eq(queue.next_frame, next_frame);
    }
}

Test(queue_log, rows_of_a_packed_record_are_done_with_the_last_of_them)
{
    struct queue_page page = {0};
    begin_with(COMPRESS_SPEED);
    cr_assert_eq(write_records(4, 40), 0);
    cr_assert_eq(write_records(1, 40), 0);
    page.block = block_create(&pool, 4096);
    cr_assert_eq(queue_log_read(&queue, &page), 0);
    cr_assert_eq(page.count, 5);
    for (uint32_t i = 0; i < page.count; i++) {
        cr_expect_eq(page.rows[i].sequence, i < 4 ? 1 : 2);
        cr_expect_eq(page.rows[i].is_last, i >= 3);
    }
    block_drop(page.block, &pool);
}

Test(queue_log, records_of_both_versions_lie_in_one_log)
{
    uint64_t first;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(write_records(2, 40), 0);
        record_pack_destroy(pack);
        pack = record_pack_create(i % 2 ? COMPRESS_NOTHING : COMPRESS_SIZE);
        again();
    }
    cr_expect_eq(read_all(4096, &first), 6 * FRAMES_OF_RECORD);
}

Test(queue_log, a_record_of_a_newer_version_is_refused_each_time)
{
    struct str newer = STR("\3whatever it may be");
    uint64_t sequence;
    cr_assert_eq(write_records(2, 40), 0);
    cr_assert_eq(spool_append(&queue.spool, &newer, 1, &sequence), 0);
    cr_assert_eq(spool_sync(&queue.spool), 0);
    queue_log_close(&queue);
    for (int i = 0; i < 2; i++) { /* the first time changed nothing */
        cr_expect_eq(queue_log_open(&queue, &options, &disk.ops, pack, &report), -EPROTONOSUPPORT);
        cr_expect_eq(report.newer_format, 3);
        cr_expect(strstr(report.newer_name, "1.seg"), "%s", report.newer_name);
    }
}

Test(queue_log, a_record_that_cannot_be_unpacked_comes_as_it_is)
{
    struct str bad = STR("\2\x40no frame of zstd");
    struct queue_page page = {0};
    uint64_t sequence;
    cr_assert_eq(spool_append(&queue.spool, &bad, 1, &sequence), 0);
    cr_assert_eq(write_records(1, 40), 0);
    page.block = block_create(&pool, 4096);
    cr_assert_eq(queue_log_read(&queue, &page), 0);
    cr_assert_eq(page.count, 2);
    cr_expect(str_eq((struct str){page.block->bytes + page.rows[0].offset, page.rows[0].len}, bad));
    cr_expect(page.rows[0].is_last);
    block_drop(page.block, &pool);
}
