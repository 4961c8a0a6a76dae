/* SPDX-License-Identifier: Apache-2.0 */
/* Every point at which a log can be stopped: the same mixed life (append, sync, new segment, read, checkpoint,
 * delete, open again) is stopped at each call that changes the disk; each time the disk comes up in every way
 * that it may, and the oracle of spool_world.h is asked. Then the recovery itself is stopped at each of its
 * calls. All of it by `./test long`; a seeded sample otherwise. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/support/spool_world.h"

enum { STEPS = 110, RANDOM_STATES = 4, SEEDS = 2, SAMPLE = 24 };

struct way {
    enum sim_survival survival;
    uint64_t seed;
};
enum { WAYS = 4 + RANDOM_STATES };

static struct way way_of(int number)
{
    static const enum sim_survival plain[] = {SIM_KILLED, SIM_SYNCED, SIM_LAST, SIM_NOT_FIRST};
    if (number < 4) return (struct way){plain[number], 0};
    return (struct way){SIM_RANDOM, (uint64_t)number * 7919};
}

static bool is_long(void)
{
    const char *mode = getenv("TAILRACE_TEST_MODE");
    return mode && !strcmp(mode, "long");
}

static uint64_t states, second_states, drawn = 20260101;

/* One in SAMPLE, by a generator that every run begins alike. */
static bool is_chosen(uint64_t one_in)
{
    drawn = drawn * 6364136223846793005u + 1442695040888963407u;
    return is_long() || (drawn >> 33) % one_in == 0;
}

static void live(struct world *world, uint64_t seed, uint64_t stop_at, uint32_t torn)
{
    world_init(world, seed);
    world->disk.stop_at = stop_at;
    world->disk.torn = torn;
    world_live(world, seed, STEPS);
    cr_assert(!*world->problem, "seed %llu, stopped at %llu, while living: %s", (unsigned long long)seed,
              (unsigned long long)stop_at, world->problem);
}

/* The recovery from this state is stopped, too. */
static void recover_stopped(const struct world *first, struct way way, uint64_t calls)
{
    static struct world second, third;
    for (uint64_t stop = 1; stop <= calls; stop++) {
        if (!is_chosen(SAMPLE)) continue;
        world_survive(first, way.survival, way.seed, &second);
        second.disk.stop_at = stop;
        cr_assert(world_is_right(&second), "recovery stopped at %llu: %s", (unsigned long long)stop, second.problem);
        for (int again = 0; again < WAYS; again += 2) {
            struct way next = way_of(again);
            world_survive(&second, next.survival, next.seed + stop, &third);
            cr_assert(world_is_right(&third), "recovered way %d after recovery (way %d) stopped at %llu: %s", again,
                      way.survival, (unsigned long long)stop, third.problem);
            world_fini(&third);
            second_states++;
        }
        world_fini(&second);
    }
}

static void come_up(const struct world *stopped, uint64_t seed, uint64_t stop_at)
{
    static struct world after, again;
    for (int number = 0; number < WAYS; number++) {
        struct way way = way_of(number);
        way.seed += stop_at;
        world_survive(stopped, way.survival, way.seed, &after);
        cr_assert(world_is_right(&after), "seed %llu stopped at %llu, way %d: %s", (unsigned long long)seed,
                  (unsigned long long)stop_at, number, after.problem);
        states++;
        uint64_t calls = after.disk.calls;
        /* and once more, without power, after the fresh record */
        world_survive(&after, SIM_SYNCED, 0, &again);
        cr_assert(world_is_right(&again), "seed %llu stopped at %llu, way %d, and then without power: %s",
                  (unsigned long long)seed, (unsigned long long)stop_at, number, again.problem);
        world_fini(&again);
        world_fini(&after);
        recover_stopped(stopped, way, calls);
    }
}

static void enumerate(uint64_t seed)
{
    static struct world world;
    live(&world, seed, 0, 0);
    uint64_t calls = world.disk.calls;
    world_fini(&world);
    cr_assert_gt(calls, 100, "the life of seed %llu has %llu calls", (unsigned long long)seed,
                 (unsigned long long)calls);
    for (uint64_t stop = 1; stop <= calls; stop++)
        for (uint32_t torn = 0; torn < 256; torn += 100) {
            if (!is_chosen(4)) continue;
            live(&world, seed, stop, torn);
            if (torn == 0 || world.disk.is_write_torn) come_up(&world, seed, stop);
            world_fini(&world);
        }
}

Test(spool_crash, comes_up_right_from_every_point, .timeout = 3600)
{
    uint64_t seeds = SEEDS;
    for (uint64_t seed = 1; seed <= seeds; seed++) enumerate(seed);
    fprintf(stderr, "%llu crash states, %llu of a recovery that was stopped\n", (unsigned long long)states,
                (unsigned long long)second_states);
    cr_expect_gt(states, 500);
}

static void fail_live(uint64_t seed, uint64_t at, int error, bool keeps_failing)
{
    static struct world world, after;
    world_init(&world, seed);
    world.books.may_lose = true;
    world.disk.fail_at = at;
    world.disk.fail_error = error;
    world.disk.keeps_failing = keeps_failing;
    world_live(&world, seed, keeps_failing ? STEPS / 2 : STEPS);
    world.disk.keeps_failing = false; /* the disk is well again */
    world.disk.fail_at = UINT64_MAX;
    world_live(&world, seed + 1, keeps_failing ? STEPS / 2 : 10);
    cr_assert(!*world.problem, "call %llu failed with %d: %s", (unsigned long long)at, error, world.problem);
    for (int number = 0; number < WAYS; number++) {
        struct way way = way_of(number);
        world_survive(&world, way.survival, way.seed + at, &after);
        cr_assert(world_is_right(&after), "call %llu failed with %d, then way %d: %s", (unsigned long long)at, error,
                  number, after.problem);
        world_fini(&after);
        states++;
    }
    world_fini(&world);
}

Test(spool_crash, survives_the_failure_of_every_call, .timeout = 3600)
{
    static struct world world;
    static const int errors[] = {EIO * -1, ENOSPC * -1, EDQUOT * -1, 0 /* half a write, a sync that fails */};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        live(&world, seed, 0, 0);
        uint64_t calls = world.disk.calls;
        world_fini(&world);
        for (uint64_t at = 1; at <= calls; at++)
            for (int kind = 0; kind < 8; kind++)
                if (is_chosen(8)) fail_live(seed, at, errors[kind / 2], kind & 1);
    }
    fprintf(stderr, "%llu states after a failed call\n", (unsigned long long)states);
}

Test(spool_crash, a_full_disk_loses_nothing_and_goes_on_by_itself, .timeout = 3600)
{
    static struct world world, after;
    for (uint64_t room = 8192 + 64; room < 8192 + 4096; room += is_long() ? 16 : 160) {
        world_init(&world, room);
        world.books.may_lose = true;
        world.disk.room = room;
        world_live(&world, room, STEPS);
        cr_assert(!*world.problem, "room for %llu: %s", (unsigned long long)room, world.problem);
        /* not one byte more, but what was read is checkpointed */
        world.disk.room = sim_used(&world.disk);
        for (int i = 0; i < WORLD_CURSORS && world.is_open; i++) world_read(&world, i, WORLD_RECORDS_MAX);
        if (world.is_open) cr_assert_eq(world_checkpoint(&world), 0, "a checkpoint needs no room");
        world.disk.room = 0;
        cr_assert(world.is_open || world_open(&world) == 0);
        cr_assert_eq(world_append(&world, 1), 0);
        cr_assert_eq(world_sync(&world), 0);
        world_survive(&world, SIM_SYNCED, 0, &after);
        cr_assert(world_is_right(&after), "room for %llu: %s", (unsigned long long)room, after.problem);
        world_fini(&after);
        world_fini(&world);
    }
}
