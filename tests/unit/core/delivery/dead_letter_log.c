/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of dead letters on a simulated disk: a letter that was told as kept is there, intact, in order, after
 * failures, kills and losses of power; one that was told as lost is not. Each letter says its number. */
#include "core/delivery/dead_letter_log.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/support/sim_disk.h"

enum { LETTERS_MAX = 2000, WAYS = 6 };
#define SECOND UINT64_C(1000000000)

struct world {
    struct sim_disk disk;
    struct dead_letter_log log;
    struct dead_letter_heap heap;
    uint32_t next;            /* number of the next letter */
    int status[LETTERS_MAX];  /* as told; INT_MAX: nothing was told */
};

static struct dead_letters_options options_of(const struct sim_disk *disk, enum dead_letters_policy policy)
{
    return (struct dead_letters_options){.folder = STR("sim"), .log = STR("log"), .bytes_max = DEAD_LETTERS_BYTES_MIN,
                                         .policy = policy, .hash = STR("h"), .pipeline = STR("main"), .files = &disk->ops};
}

static void world_init(struct world *world, enum dead_letters_policy policy, int64_t age_ns)
{
    memset(world, 0, sizeof *world);
    sim_init(&world->disk, 1);
    struct dead_letters_options options = options_of(&world->disk, policy);
    options.age_ns_max = age_ns;
    dead_letter_log_init(&world->log, &options);
}

static void world_fini(struct world *world)
{
    dead_letter_log_fini(&world->log);
    dead_letter_heap_fini(&world->heap);
    sim_fini(&world->disk);
}

/* `count` letters of about `size` bytes, written together at this time. */
static void letters_write(struct world *world, int count, size_t size, uint64_t now_ns)
{
    static char text[DEAD_LETTER_ORIGINAL_MAX];
    if (!*text) memset(text, 'x', sizeof text);
    uint32_t first = world->next;
    for (int i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", world->next);
        struct dead_letter letter = {.id = str_of(id), .original = {text, size}};
        cr_assert_lt(world->next, LETTERS_MAX);
        world->status[world->next++] = INT_MAX;
        dead_letter_heap_add(&world->heap, &letter, now_ns, 1, STR("h"));
    }
    dead_letter_log_write(&world->log, &world->heap, now_ns);
    for (uint32_t i = 0; i < world->heap.count && !world->disk.is_stopped; i++)
        world->status[first + i] = world->heap.letters[i].status;
    dead_letter_heap_clear(&world->heap);
}

/* Numbers of the letters that a reader finds, in order; how many. */
static uint32_t found(const struct sim_disk *disk, uint32_t numbers[LETTERS_MAX])
{
    struct spool spool;
    struct spool_cursor cursor;
    struct spool_report report;
    struct spool_record record;
    struct spool_loss loss;
    struct dead_letter_record letter;
    uint32_t count = 0;
    int verdict = spool_open_look(&spool, "sim/log", &disk->ops, &report);
    if (verdict == -ENOENT) return 0;
    cr_assert_eq(verdict, 0);
    spool_cursor_look(&spool, &cursor);
    while ((verdict = spool_read(&cursor, &record, &loss)) != SPOOL_END) {
        if (verdict == SPOOL_LOSS) continue;
        cr_assert(verdict == 0 && dead_letter_unpack(record.payload, &letter));
        numbers[count++] = (uint32_t)atoi(letter.letter.id.ptr);
    }
    spool_close(&spool);
    return count;
}

/* "0-9 12": what is there. */
static const char *there(const struct sim_disk *disk)
{
    static char out[512];
    static uint32_t numbers[LETTERS_MAX];
    uint32_t count = found(disk, numbers);
    size_t len = 0;
    *out = 0;
    for (uint32_t i = 0, k; i < count; i = k) {
        for (k = i + 1; k < count && numbers[k] == numbers[k - 1] + 1;) k++;
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%u-%u", len ? " " : "", numbers[i], numbers[k - 1]);
    }
    return out;
}

static struct world world;

Test(dead_letter_log, what_was_kept_is_read_in_order)
{
    world_init(&world, DEAD_LETTERS_DROP_NEWER, 0);
    for (int i = 0; i < 10; i++) letters_write(&world, 5, 300, SECOND);
    cr_expect_str_eq(there(&world.disk), "0-49");
    cr_expect_eq(world.log.status, 0);
    dead_letter_log_close(&world.log);
    letters_write(&world, 1, 300, SECOND);
    cr_expect_str_eq(there(&world.disk), "0-50", "after it was closed and opened");
    world_fini(&world);
}

Test(dead_letter_log, at_its_size_new_letters_are_refused)
{
    world_init(&world, DEAD_LETTERS_DROP_NEWER, 0);
    for (int i = 0; i < 100; i++) letters_write(&world, 1, 8000, SECOND);
    cr_expect_eq(world.log.status, SPOOL_FULL);
    cr_expect(world.status[30] == 0 && world.status[33] == SPOOL_FULL && world.status[99] == SPOOL_FULL);
    cr_expect_leq(world.log.bytes, DEAD_LETTERS_BYTES_MIN);
    letters_write(&world, 1, 100, SECOND);
    cr_expect_eq(world.status[100], 0, "a small one may still fit");
    world_fini(&world);
}

Test(dead_letter_log, at_its_size_the_oldest_file_goes)
{
    world_init(&world, DEAD_LETTERS_DROP_OLDER, 0);
    for (int i = 0; i < 100; i++) letters_write(&world, 1, 8000, SECOND);
    for (int i = 0; i < 100; i++) cr_assert_eq(world.status[i], 0);
    static uint32_t numbers[LETTERS_MAX];
    uint32_t count = found(&world.disk, numbers);
    cr_expect_eq(numbers[count - 1], 99);
    cr_expect_eq(numbers[0], world.log.evicted);
    cr_expect_eq(count + world.log.evicted, 100);
    cr_expect_leq(world.log.bytes, DEAD_LETTERS_BYTES_MIN);
    world_fini(&world);
}

Test(dead_letter_log, a_letter_has_a_limit)
{
    world_init(&world, DEAD_LETTERS_DROP_NEWER, 0);
    size_t most = world.log.options.payload_max;
    letters_write(&world, 1, most - 30, SECOND);
    letters_write(&world, 1, most + 1, SECOND);
    letters_write(&world, 1, 10, SECOND);
    cr_expect(world.status[0] == 0 && world.status[1] == SPOOL_TOO_LARGE && world.status[2] == 0);
    world_fini(&world);
}

Test(dead_letter_log, files_go_when_their_newest_letter_is_too_old)
{
    world_init(&world, DEAD_LETTERS_DROP_NEWER, (int64_t)(10 * SECOND));
    for (int i = 0; i < 12; i++) letters_write(&world, 1, 8000, 100 * SECOND); /* 7 in a file */
    letters_write(&world, 1, 8000, 105 * SECOND);
    letters_write(&world, 0, 0, 110 * SECOND);
    cr_expect_str_eq(there(&world.disk), "0-12", "not older than the limit");
    letters_write(&world, 0, 0, 110 * SECOND + 1);
    cr_expect_str_eq(there(&world.disk), "8-12", "the first file is; of the other a letter is not");
    letters_write(&world, 0, 0, 116 * SECOND);
    cr_expect_str_eq(there(&world.disk), "");
    cr_expect_eq(world.log.expired, 13);
    letters_write(&world, 1, 10, 116 * SECOND);
    cr_expect_str_eq(there(&world.disk), "13-13");
    cr_expect_eq(world.log.spool.synced, 14, "numbers are not used again");
    world_fini(&world);
}

Test(dead_letter_log, numbers_are_not_used_again_after_all_was_deleted)
{
    world_init(&world, DEAD_LETTERS_DROP_NEWER, (int64_t)SECOND);
    letters_write(&world, 5, 10, SECOND);
    letters_write(&world, 0, 0, 10 * SECOND);
    static struct sim_disk after;
    sim_survive(&world.disk, SIM_KILLED, 0, &after);
    cr_assert_str_eq(there(&after), "");
    struct dead_letters_options options = options_of(&after, DEAD_LETTERS_DROP_NEWER);
    struct dead_letter_log log;
    struct dead_letter_heap empty = {0};
    dead_letter_log_init(&log, &options);
    dead_letter_log_write(&log, &empty, 11 * SECOND);
    cr_expect_eq(log.spool.next, 6);
    dead_letter_log_fini(&log);
    sim_fini(&after);
    world_fini(&world);
}

Test(dead_letter_log, what_others_deleted_makes_room)
{
    world_init(&world, DEAD_LETTERS_DROP_NEWER, 0);
    for (int i = 0; i < 40; i++) letters_write(&world, 1, 8000, SECOND);
    cr_assert_eq(world.status[39], SPOOL_FULL);
    sim_drop(&world.disk, "00000000000000000001.seg");
    letters_write(&world, 1, 8000, SECOND);
    cr_expect_eq(world.status[40], 0);
    world_fini(&world);
}

Test(dead_letter_log, a_disk_that_refuses_is_asked_again_later)
{
    world_init(&world, DEAD_LETTERS_DROP_NEWER, 0);
    world.disk.fail_at = 1;
    world.disk.fail_error = -EACCES;
    world.disk.keeps_failing = true;
    letters_write(&world, 2, 10, 100 * SECOND);
    cr_expect(world.status[0] == -EACCES && world.status[1] == -EACCES && world.log.status == -EACCES);
    world.disk.fail_at = 0;
    letters_write(&world, 1, 10, 100 * SECOND + 1);
    cr_expect_eq(world.status[2], -EACCES, "not at once");
    letters_write(&world, 1, 10, 101 * SECOND);
    cr_expect_eq(world.status[3], 0);
    cr_expect_str_eq(there(&world.disk), "3-3");
    world_fini(&world);
}

/* ---- every call that changes the disk ---- */

static void live(struct world *at)
{
    for (int i = 0; i < 24; i++) letters_write(at, 1 + i % 3, i % 2 ? 200 : 6000, (uint64_t)(i + 1) * 2 * SECOND);
}

static void look_right(const struct world *at, const struct sim_disk *disk, const char *when, uint64_t call)
{
    static uint32_t numbers[LETTERS_MAX];
    static bool is_there[LETTERS_MAX];
    uint32_t count = found(disk, numbers);
    memset(is_there, 0, sizeof is_there);
    for (uint32_t i = 0; i < count; i++) {
        int status = at->status[numbers[i]];
        cr_assert(i == 0 || numbers[i] > numbers[i - 1], "%s %llu: order", when, (unsigned long long)call);
        cr_assert(status == 0 || status == INT_MAX, "%s %llu: letter %u was told as lost, and is there", when,
                  (unsigned long long)call, numbers[i]);
        is_there[numbers[i]] = true;
    }
    for (uint32_t i = 0; i < at->next; i++)
        cr_assert(at->status[i] != 0 || is_there[i], "%s %llu: letter %u was told as kept, and is not there", when,
                  (unsigned long long)call, i);
}

static uint64_t calls_of_a_life(void)
{
    world_init(&world, DEAD_LETTERS_DROP_NEWER, 0);
    live(&world);
    uint64_t calls = world.disk.calls;
    look_right(&world, &world.disk, "undisturbed", 0);
    world_fini(&world);
    cr_assert_gt(calls, 50);
    return calls;
}

Test(dead_letter_log, any_call_may_fail, .timeout = 300)
{
    uint64_t calls = calls_of_a_life();
    static struct sim_disk after;
    for (uint64_t call = 1; call <= calls; call++)
        for (int error = 0; error < 3; error++) {
            world_init(&world, DEAD_LETTERS_DROP_NEWER, 0);
            world.disk.fail_at = call;
            world.disk.fail_error = error == 0 ? -EIO : error == 1 ? -ENOSPC : 0;
            live(&world);
            look_right(&world, &world.disk, "failed at", call);
            sim_survive(&world.disk, SIM_SYNCED, 0, &after);
            look_right(&world, &after, "failed, then without power, at", call);
            sim_fini(&after);
            world_fini(&world);
        }
}

Test(dead_letter_log, it_may_be_stopped_at_any_call, .timeout = 300)
{
    static const enum sim_survival ways[] = {SIM_KILLED, SIM_SYNCED, SIM_LAST, SIM_NOT_FIRST, SIM_RANDOM, SIM_RANDOM};
    uint64_t calls = calls_of_a_life();
    static struct sim_disk after;
    for (uint64_t call = 1; call <= calls; call++)
        for (uint32_t torn = 0; torn < 256; torn += 100) {
            world_init(&world, DEAD_LETTERS_DROP_NEWER, 0);
            world.disk.stop_at = call;
            world.disk.torn = torn;
            live(&world);
            for (int way = 0; way < WAYS; way++) {
                sim_survive(&world.disk, ways[way], call * 7 + (uint64_t)way, &after);
                look_right(&world, &after, "stopped at", call);
                sim_fini(&after);
            }
            world_fini(&world);
        }
}
