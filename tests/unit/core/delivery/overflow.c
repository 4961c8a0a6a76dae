/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of events that an output does not take: every policy, in front of an output that does as it is told.
 * Each test ends with the books: offered = sent + dropped + in flight, and each source's promise. */
#include "core/delivery/overflow.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include "core/delivery/spill.h"
#include "core/delivery/spill_part.h"
#include "core/output.h"
#include "core/xmalloc.h"
#include "tests/unit/support/folder.h"
#include "tests/unit/support/sim_disk.h"

enum { TAKEN_MAX = 20000, TEXT_BYTES = 60000, DEADLINE_S = 20 };

/* Takes while it has room; what it took waits until it is told to settle. */
struct script {
    struct output *host;
    uint32_t room;
    uint32_t taken, settled;
    uint32_t numbers[TAKEN_MAX];
    struct obligation *obligations[TAKEN_MAX];
    uint32_t events[TAKEN_MAX];
    bool is_deaf; /* stop() does not end */
    uint32_t abandoned;
};

static uint32_t script_take(void *opaque, struct batch *batch, const struct selection *in, struct obligation *obligation)
{
    struct script *self = opaque;
    uint32_t taken = 0;
    for (; taken < in->count && self->room; taken++, self->room--) {
        const struct event *event = batch->events[in->index[taken]];
        cr_assert_lt(self->taken, TAKEN_MAX);
        self->numbers[self->taken] = (uint32_t)atoi(value_text(event_slot(event, SLOT_MESSAGE)).ptr);
        self->obligations[self->taken] = obligation;
        self->events[self->taken++] = event->index;
    }
    return taken;
}

static void script_stop(void *opaque)
{
    struct script *self = opaque;
    if (!self->is_deaf) output_stopped(self->host);
}

static void script_abandon(void *opaque)
{
    struct script *self = opaque;
    for (; self->settled < self->taken; self->settled++) obligation_sent(self->obligations[self->settled], 1);
    self->abandoned++;
    output_stopped(self->host);
}

static const struct output_type script_type = {
    .name = "script", .take = script_take, .stop = script_stop, .abandon = script_abandon};

/* One worker with up to two outputs. */
struct rig {
    struct budget budget;
    struct books books;
    struct loop loop;
    struct disk *disk;
    struct output outputs[2];
    struct script scripts[2];
    struct overflow_settings settings;
    struct source *source;
    uint64_t promised; /* up to here the source was told */
    uint32_t fed, next;
    struct batch *parked;
    struct obligation *owed;
    uint32_t *index;
    struct selection rest;
    bool is_ready;
};

static struct rig *the_rig;

static void promised(void *opaque, uint64_t position) { ((struct rig *)opaque)->promised = position; }
static const struct source_hooks source_hooks = {.advance = promised};
static void ready(struct output *output) { (void)output, the_rig->is_ready = true; }

static void output_begin(struct rig *rig, uint32_t n, const char *id)
{
    rig->outputs[n] = (struct output){.type = &script_type, .self = &rig->scripts[n], .id = str_of(id), .pipeline = STR("main"),
                                      .loop = &rig->loop, .disk = rig->disk, .ready = ready, .workers = 1};
    rig->scripts[n] = (struct script){.host = &rig->outputs[n]};
}

static void rig_begin_on(struct rig *rig, const char *folder, enum overflow_policy policy, enum overflow_policy at_limit,
                         int64_t bytes_max, const struct file_ops *files)
{
    memset(rig, 0, sizeof *rig);
    the_rig = rig;
    cr_assert_eq(loop_init(&rig->loop, &rig->budget, &rig->books), 0);
    rig->disk = disk_create("disk");
    output_begin(rig, 0, files ? "log" : "first"); /* the simulated disk has one folder, of this name */
    output_begin(rig, 1, "second");
    rig->settings = (struct overflow_settings){.when_full = {(int32_t)policy}, .divert_to = STR("second"),
                                               .spill_max_bytes = {bytes_max}, .spill_when_full = {(int32_t)at_limit}};
    struct plugin_context context = {0};
    struct diag diag = {0};
    rig->outputs[0].overflow = overflow_create(&rig->outputs[0], &rig->settings, &context);
    struct output *outputs[] = {&rig->outputs[0], &rig->outputs[1]};
    cr_assert(overflow_link(outputs, 2, &diag));
    rig->source = source_open(rig->loop.tickets, &source_hooks, rig);
    if (!files) {
        overflow_start(&rig->outputs[0], str_of(folder ? folder : "/nonexistent"));
        return;
    }
    struct spill_options options = {.path_data = str_of(folder), .bytes_max = (uint64_t)bytes_max, .files = files};
    rig->outputs[0].overflow->spill = spill_create(&rig->outputs[0], &options);
    rig->outputs[0].overflow->is_started = true;
    hold_init(&rig->outputs[0].overflow->hold, &rig->budget);
}

static void rig_begin(struct rig *rig, const char *folder, enum overflow_policy policy, enum overflow_policy at_limit,
                      int64_t bytes_max)
{
    rig_begin_on(rig, folder, policy, at_limit, bytes_max, NULL);
}

static void offer(struct rig *rig)
{
    struct output *output = &rig->outputs[0];
    uint32_t taken = output->overflow ? overflow_take(output->overflow, rig->parked, &rig->rest, rig->owed)
                                      : output->type->take(output->self, rig->parked, &rig->rest, rig->owed);
    rig->rest.index += taken;
    rig->rest.count -= taken;
    if (rig->rest.count) return;
    ticket_seal(rig->parked->ticket);
    batch_destroy(rig->parked);
    rig->parked = NULL;
}

/* Short ones are compressed on disk, long ones (TEXT_BYTES) have nothing that could be. */
static void text_fill(char *text, uint32_t len, uint32_t number)
{
    uint32_t state = number;
    for (uint32_t i = 0; i < len; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = len < TEXT_BYTES ? 'x' : (char)(state >> 24 ? state >> 24 : 1);
    }
}

/* A batch of so many numbered events; false when it is parked. */
static bool feed(struct rig *rig, uint32_t count, uint32_t text_bytes)
{
    cr_assert(!rig->parked);
    struct batch *batch = rig->parked = batch_create(&rig->loop.pool, rig->loop.tickets);
    uint32_t *index = arena_alloc(&batch->arena, count * sizeof *index);
    char *text = malloc(text_bytes + 32);
    for (uint32_t i = 0; i < count; i++) {
        text_fill(text, text_bytes + 31, rig->next);
        text[sprintf(text, "%u", rig->next++)] = ' ';
        text[text_bytes + 31] = 0;
        event_slot_set(batch_event(batch), SLOT_MESSAGE, value_string(arena_copy(&batch->arena, str_of(text))));
        index[i] = i;
    }
    free(text);
    rig->fed += count;
    ticket_cover(batch->ticket, rig->source, rig->fed);
    ticket_count(batch->ticket, count, 0, 0);
    rig->owed = obligation_open(batch->ticket, count);
    rig->rest = (struct selection){index, count};
    offer(rig);
    return !rig->parked;
}

static void turn(struct rig *rig)
{
    for (int i = 0; i < 3; i++) uv_run(&rig->loop.uv, UV_RUN_NOWAIT);
    if (rig->is_ready && rig->parked) {
        rig->is_ready = false;
        offer(rig);
    }
    for (int i = 0; i < 2; i++)
        if (rig->outputs[i].overflow) overflow_turn(rig->outputs[i].overflow);
}

#define until(rig_, condition_)                                                                                          \
    do {                                                                                                                 \
        uint64_t deadline_ = uv_hrtime() + DEADLINE_S * 1000000000ull;                                                   \
        while (!(condition_) && uv_hrtime() < deadline_) turn(rig_);                                                     \
        cr_assert(condition_, "%s", #condition_);                                                                        \
    } while (0)

static void settle(struct rig *rig, uint32_t output, uint32_t count)
{
    struct script *script = &rig->scripts[output];
    for (; count && script->settled < script->taken; count--, script->settled++)
        output_sent(&rig->outputs[output], script->obligations[script->settled], 1);
}

static void give_room(struct rig *rig, uint32_t room)
{
    rig->scripts[0].room = room;
    output_ready(&rig->outputs[0]);
}

static uint64_t in_flight(const struct output *output)
{
    const struct output_counters *c = &output->counters;
    return counter_get(&c->offered) - counter_get(&c->sent) - counter_get(&c->dropped) - counter_get(&c->dead_lettered);
}

#define COUNTER(rig_, output_, name_) counter_get(&(rig_)->outputs[output_].counters.name_)

static void end(struct rig *rig)
{
    struct output *output = &rig->outputs[0];
    until(rig, !output->overflow || overflow_may_stop(output->overflow));
    output->is_stopping = true;
    output->type->stop(output->self);
    until(rig, output->is_stopped && (!output->overflow || overflow_has_ended(output->overflow)));
    overflow_destroy(output->overflow);
    source_close(rig->source);
    uv_run(&rig->loop.uv, UV_RUN_NOWAIT);
    disk_destroy(rig->disk);
    cr_expect_eq(ticket_pool_open(rig->loop.tickets), 0);
    loop_fini(&rig->loop);
    cr_expect_eq(budget_used(&rig->budget), 0);
}

static void expect_order(const struct script *script, uint32_t from, uint32_t count)
{
    cr_assert_eq(script->taken, count, "%u of %u", script->taken, count);
    for (uint32_t i = 0; i < count; i++) cr_assert_eq(script->numbers[i], from + i, "at %u: %u", i, script->numbers[i]);
}

/* ---- without a disk ---- */

Test(overflow, a_full_output_drops_the_newest_and_counts_each)
{
    static struct rig rig;
    rig_begin(&rig, NULL, OVERFLOW_DROP_NEWEST, OVERFLOW_BLOCK, 0);
    rig.scripts[0].room = 3;
    cr_assert(feed(&rig, 5, 10));
    cr_assert(feed(&rig, 5, 10), "still full: not even asked");
    settle(&rig, 0, 3);
    give_room(&rig, 2);
    cr_assert(feed(&rig, 2, 10));
    settle(&rig, 0, 2);
    const uint32_t expected[] = {0, 1, 2, 10, 11};
    cr_assert_arr_eq(rig.scripts[0].numbers, expected, sizeof expected);
    cr_expect_eq(COUNTER(&rig, 0, offered), 12);
    cr_expect_eq(COUNTER(&rig, 0, dropped), 7);
    cr_expect_eq(COUNTER(&rig, 0, dropped_full), 7);
    cr_expect_eq(in_flight(&rig.outputs[0]), 0);
    cr_expect_eq(rig.promised, 12);
    cr_expect_eq(counter_get(&rig.books.dropped), 7);
    cr_expect_eq(counter_get(&rig.books.delivered), 5);
    end(&rig);
}

Test(overflow, what_is_not_taken_goes_to_the_other_output_in_whose_books_it_is)
{
    static struct rig rig;
    rig_begin(&rig, NULL, OVERFLOW_DIVERT, OVERFLOW_BLOCK, 0);
    rig.scripts[0].room = 2;
    rig.scripts[1].room = 3;
    cr_assert_not(feed(&rig, 6, 10), "the other is full as well: the batch is parked");
    give_room(&rig, 1);
    until(&rig, !rig.parked);
    settle(&rig, 0, 3);
    settle(&rig, 1, 3);
    expect_order(&rig.scripts[1], 2, 3);
    cr_expect_eq(COUNTER(&rig, 0, offered), 3);
    cr_expect_eq(COUNTER(&rig, 0, diverted), 3);
    cr_expect_eq(COUNTER(&rig, 1, offered), 3);
    cr_expect_eq(in_flight(&rig.outputs[0]) + in_flight(&rig.outputs[1]), 0);
    cr_expect_eq(rig.promised, 6);
    end(&rig);
}

Test(overflow, the_oldest_of_those_that_wait_in_memory_are_dropped_at_the_limit)
{
    static struct rig rig;
    rig_begin(&rig, NULL, OVERFLOW_DROP_OLDEST, OVERFLOW_BLOCK, 0);
    rig.scripts[0].room = 10;
    uint32_t fed = 0;
    while (COUNTER(&rig, 0, dropped) == 0) fed += feed(&rig, 10, TEXT_BYTES) ? 10 : 0;
    uint32_t dropped = (uint32_t)COUNTER(&rig, 0, dropped);
    cr_expect_geq(COUNTER(&rig, 0, waiting) * TEXT_BYTES, HOLD_BYTES_MAX - 2 * TEXT_BYTES);
    cr_expect_leq(COUNTER(&rig, 0, waiting) * TEXT_BYTES, HOLD_BYTES_MAX + TEXT_BYTES);
    cr_expect_eq(COUNTER(&rig, 0, waiting), fed - 10 - dropped);
    give_room(&rig, TAKEN_MAX);
    until(&rig, rig.scripts[0].taken == fed - dropped);
    for (uint32_t i = 0; i < fed - dropped; i++)
        cr_assert_eq(rig.scripts[0].numbers[i], i < 10 ? i : i + dropped);
    settle(&rig, 0, fed);
    cr_expect_eq(COUNTER(&rig, 0, offered), fed);
    cr_expect_eq(in_flight(&rig.outputs[0]), 0);
    cr_expect_eq(rig.promised, fed);
    cr_expect_eq(counter_get(&rig.books.dropped), dropped);
    end(&rig);
}

/* ---- on disk ---- */

/* Feeds until nothing more is taken in, but not beyond `most`; returns how many were. */
static uint32_t flood(struct rig *rig, uint32_t most)
{
    uint32_t before = rig->fed;
    until(rig, !rig->parked);
    while (rig->fed - before < most) {
        feed(rig, 10, TEXT_BYTES);
        until(rig, !rig->parked);
    }
    return rig->fed - before;
}

enum { LARGE = 64 << 20, SMALL = 2 << 20 };

Test(overflow, a_stuck_output_spills_and_gets_everything_in_order_when_it_is_back)
{
    static struct rig rig;
    struct folder folder;
    folder_begin(&folder);
    rig_begin(&rig, folder.path, OVERFLOW_SPILL, OVERFLOW_BLOCK, LARGE);
    rig.scripts[0].room = 7;
    uint32_t fed = flood(&rig, 400);
    until(&rig, rig.promised == fed); /* though the output has settled nothing */
    cr_expect_eq(rig.scripts[0].taken, 7);
    cr_expect_eq(COUNTER(&rig, 0, sent), 0);
    cr_expect_eq(in_flight(&rig.outputs[0]), fed);
    cr_expect_eq(counter_get(&rig.books.delivered), fed);
    const struct spill *spill = rig.outputs[0].overflow->spill;
    cr_expect_gt(spill->pack_charged, RECORD_PACK_BYTES, "compressing takes memory");
    give_room(&rig, 300);
    until(&rig, rig.scripts[0].taken == 307);
    fed += flood(&rig, 100);
    give_room(&rig, TAKEN_MAX);
    until(&rig, rig.scripts[0].taken == fed);
    cr_expect_gt(COUNTER(&rig, 0, drained), 300);
    until(&rig, COUNTER(&rig, 0, waiting) == 0);
    uint64_t drained = COUNTER(&rig, 0, drained);
    cr_assert(feed(&rig, 10, 10), "and on directly");
    fed += 10;
    expect_order(&rig.scripts[0], 0, fed);
    settle(&rig, 0, fed);
    until(&rig, rig.promised == fed);
    cr_expect_eq(COUNTER(&rig, 0, drained), drained);
    cr_expect_eq(in_flight(&rig.outputs[0]), 0);
    until(&rig, spill->pack_charged == 0); /* and gives it back */
    end(&rig);
    folder_end(&folder);
}

Test(overflow, an_output_that_is_full_for_a_moment_gets_its_events_out_of_memory)
{
    static struct rig rig;
    struct folder folder;
    folder_begin(&folder);
    rig_begin(&rig, folder.path, OVERFLOW_SPILL, OVERFLOW_BLOCK, LARGE);
    rig.scripts[0].room = 5;
    flood(&rig, 20);
    until(&rig, COUNTER(&rig, 0, waiting) == 15);
    give_room(&rig, TAKEN_MAX);
    until(&rig, rig.scripts[0].taken == 20);
    expect_order(&rig.scripts[0], 0, 20);
    for (uint32_t i = 0; i < 20; i++)
        if (i == 3 || i == 17) output_failed(&rig.outputs[0], rig.scripts[0].obligations[i], rig.scripts[0].events[i], VERDICT_DROPPED);
        else output_sent(&rig.outputs[0], rig.scripts[0].obligations[i], 1);
    until(&rig, rig.promised == 20);
    cr_expect_eq(COUNTER(&rig, 0, spilled), 0);
    cr_expect_eq(COUNTER(&rig, 0, dropped), 2);
    cr_expect_eq(counter_get(&rig.books.dropped), 2, "its verdicts reach the books of the pipeline");
    cr_expect_eq(counter_get(&rig.books.delivered), 18);
    end(&rig);
    folder_end(&folder);
}

Test(overflow, an_event_that_is_not_settled_in_time_is_written_though_there_is_room)
{
    static struct rig rig;
    struct folder folder;
    folder_begin(&folder);
    rig_begin(&rig, folder.path, OVERFLOW_SPILL, OVERFLOW_BLOCK, LARGE);
    rig.scripts[0].room = TAKEN_MAX;
    flood(&rig, 10);
    until(&rig, rig.promised == 10);
    cr_expect_eq(COUNTER(&rig, 0, spilled), 10);
    cr_expect_eq(COUNTER(&rig, 0, sent), 0);
    settle(&rig, 0, 10);
    cr_expect_eq(in_flight(&rig.outputs[0]), 0);
    expect_order(&rig.scripts[0], 0, 10);
    end(&rig);
    folder_end(&folder);
}

Test(overflow, what_lies_on_disk_at_a_stop_is_sent_first_at_the_next_start)
{
    static struct rig rig;
    struct folder folder;
    folder_begin(&folder);
    rig_begin(&rig, folder.path, OVERFLOW_SPILL, OVERFLOW_BLOCK, LARGE);
    rig.scripts[0].room = 50;
    rig.scripts[0].is_deaf = true;
    uint32_t fed = flood(&rig, 200);
    until(&rig, rig.promised == fed);
    settle(&rig, 0, 30);
    end(&rig); /* it does not stop: it is let go */
    cr_expect_eq(rig.scripts[0].abandoned, 1);
    cr_expect_eq(COUNTER(&rig, 0, sent), 30);

    rig_begin(&rig, folder.path, OVERFLOW_BLOCK, OVERFLOW_BLOCK, 0); /* whatever the option says now */
    rig.scripts[0].room = TAKEN_MAX;
    rig.next = 1000;
    cr_expect_not(feed(&rig, 1, 10), "what is there comes first");
    until(&rig, !rig.parked);
    cr_expect_eq(rig.scripts[0].taken, fed - 30 + 1);
    for (uint32_t i = 0; i < fed - 30; i++) cr_assert_eq(rig.scripts[0].numbers[i], 30 + i);
    cr_expect_eq(rig.scripts[0].numbers[fed - 30], 1000);
    cr_expect_eq(COUNTER(&rig, 0, offered), fed - 30 + 1);
    settle(&rig, 0, fed);
    cr_expect_eq(in_flight(&rig.outputs[0]), 0);
    until(&rig, rig.promised == 1);
    end(&rig);

    rig_begin(&rig, folder.path, OVERFLOW_BLOCK, OVERFLOW_BLOCK, 0);
    cr_expect_null(rig.outputs[0].overflow, "nothing is left, and nothing is in the way");
    end(&rig);
    folder_end(&folder);
}

Test(overflow, at_the_limit_of_the_log_the_batch_waits_and_nothing_is_lost)
{
    static struct rig rig;
    struct folder folder;
    folder_begin(&folder);
    rig_begin(&rig, folder.path, OVERFLOW_SPILL, OVERFLOW_BLOCK, SMALL);
    uint32_t fed = 0;
    while (COUNTER(&rig, 0, log_bytes) < SMALL * 3 / 4 || !rig.parked) {
        if (!rig.parked) feed(&rig, 10, TEXT_BYTES), fed += 10;
        turn(&rig);
        cr_assert_lt(fed, 1000);
    }
    cr_expect_leq(COUNTER(&rig, 0, log_bytes), SMALL);
    for (int i = 0; i < 20; i++) turn(&rig);
    cr_expect(rig.parked);
    cr_expect_eq(COUNTER(&rig, 0, dropped), 0);
    give_room(&rig, TAKEN_MAX);
    while (rig.scripts[0].taken < fed) {
        turn(&rig);
        settle(&rig, 0, TAKEN_MAX); /* what is sent makes room on the disk */
    }
    expect_order(&rig.scripts[0], 0, fed);
    until(&rig, rig.promised == fed);
    cr_expect_eq(in_flight(&rig.outputs[0]), 0);
    end(&rig);
    folder_end(&folder);
}

Test(overflow, at_the_limit_of_the_log_the_newest_are_dropped_and_counted)
{
    static struct rig rig;
    struct folder folder;
    folder_begin(&folder);
    rig_begin(&rig, folder.path, OVERFLOW_SPILL, OVERFLOW_DROP_NEWEST, SMALL);
    uint32_t fed = flood(&rig, 1000);
    uint32_t dropped = (uint32_t)COUNTER(&rig, 0, dropped);
    cr_expect_gt(dropped, 0);
    cr_expect_eq(COUNTER(&rig, 0, dropped_full), dropped);
    cr_expect_eq(in_flight(&rig.outputs[0]), fed - dropped);
    give_room(&rig, TAKEN_MAX);
    while (rig.scripts[0].taken < fed - dropped) {
        turn(&rig);
        settle(&rig, 0, TAKEN_MAX);
    }
    settle(&rig, 0, TAKEN_MAX);
    expect_order(&rig.scripts[0], 0, fed - dropped);
    until(&rig, rig.promised == fed);
    cr_expect_eq(in_flight(&rig.outputs[0]), 0);
    cr_expect_eq(counter_get(&rig.books.dropped), dropped);
    end(&rig);
    folder_end(&folder);
}

Test(overflow, at_the_limit_of_the_log_the_oldest_are_dropped_and_counted)
{
    static struct rig rig;
    struct folder folder;
    folder_begin(&folder);
    rig_begin(&rig, folder.path, OVERFLOW_SPILL, OVERFLOW_DROP_OLDEST, SMALL);
    rig.scripts[0].room = 3;
    uint32_t fed = flood(&rig, 1000);
    until(&rig, rig.promised == fed);
    uint32_t dropped = (uint32_t)COUNTER(&rig, 0, dropped);
    cr_expect_gt(dropped, 500);
    cr_expect_leq(COUNTER(&rig, 0, log_bytes), SMALL);
    give_room(&rig, TAKEN_MAX);
    until(&rig, rig.scripts[0].taken == fed - dropped);
    for (uint32_t i = 3; i < fed - dropped; i++) cr_assert_eq(rig.scripts[0].numbers[i], i + dropped, "the newest are there");
    settle(&rig, 0, TAKEN_MAX);
    cr_expect_eq(in_flight(&rig.outputs[0]), 0);
    cr_expect_eq(COUNTER(&rig, 0, waiting), 0);
    end(&rig);
    folder_end(&folder);
}

/* ---- stopped at every call that changes the disk ---- */

enum { CRASH_ROUNDS = 16, CRASH_EVENTS_MAX = 200 };

static void jobs_end(struct rig *rig)
{
    struct spill *spill = rig->outputs[0].overflow->spill;
    for (int i = 0; i < 2; i++) {
        turn(rig);
        until(rig, !spill->is_working);
    }
}

/* Spills, reads back, is done with some, in every order: the same calls in each life. */
static void crash_live(struct rig *rig, struct sim_disk *disk)
{
    rig->budget.limit = 1; /* memory is short: everything is written at once */
    jobs_end(rig);
    for (uint32_t round = 0; round < CRASH_ROUNDS && !disk->is_stopped; round++) {
        if (!rig->parked) feed(rig, 3, 20);
        jobs_end(rig);
        if (round % 3 == 2) give_room(rig, 7);
        jobs_end(rig);
        if (round % 3 == 0) settle(rig, 0, 5);
        rig->outputs[0].overflow->spill->checkpoint_at_ms = 0;
        jobs_end(rig);
    }
}

/* The disk is gone: what is in memory goes to the output, so that everything can be freed. */
static void crash_end(struct rig *rig)
{
    if (!rig->outputs[0].overflow->spill->is_open) {
        if (rig->parked) {
            obligation_sent(rig->owed, rig->rest.count);
            ticket_seal(rig->parked->ticket);
            batch_destroy(rig->parked);
            rig->parked = NULL;
        }
        end(rig);
        return;
    }
    give_room(rig, TAKEN_MAX);
    struct spill *spill = rig->outputs[0].overflow->spill;
    while (rig->parked || spill->hold.count) {
        /* what only the disk had will not be read any more */
        if (!spill->hand.batch && spill->given < spill->durable) spill->given = spill->durable;
        turn(rig);
        settle(rig, 0, TAKEN_MAX);
    }
    settle(rig, 0, TAKEN_MAX);
    end(rig);
}

struct crash_books {
    uint32_t promised, fed;
    bool is_settled[CRASH_EVENTS_MAX];
};

/* Comes up on what is left of the disk: every promised event was sent or comes now, in order; a fresh one passes. */
static const char *crash_look(const struct sim_disk *stopped, enum sim_survival survival, uint64_t seed,
                              const struct crash_books *books)
{
    static struct sim_disk disk;
    static struct rig rig;
    const char *problem = NULL;
    sim_survive(stopped, survival, seed, &disk);
    rig_begin_on(&rig, "/data", OVERFLOW_SPILL, OVERFLOW_BLOCK, SMALL, &disk.ops);
    rig.scripts[0].room = TAKEN_MAX;
    rig.next = 1000;
    until(&rig, rig.parked ? false : rig.fed ? true : (feed(&rig, 1, 10), !rig.parked));
    until(&rig, spill_is_empty(rig.outputs[0].overflow->spill));
    const struct script *script = &rig.scripts[0];
    bool came[CRASH_EVENTS_MAX] = {0};
    for (uint32_t i = 0; i < script->taken; i++) {
        if (i && script->numbers[i] <= script->numbers[i - 1]) problem = "out of order, or twice";
        if (script->numbers[i] < CRASH_EVENTS_MAX) came[script->numbers[i]] = true;
        if (script->numbers[i] >= books->fed && script->numbers[i] != 1000) problem = "never fed";
    }
    for (uint32_t n = 0; n < books->promised; n++)
        if (!books->is_settled[n] && !came[n]) problem = "promised and gone";
    if (!script->taken || script->numbers[script->taken - 1] != 1000) problem = "a fresh one does not pass";
    settle(&rig, 0, TAKEN_MAX);
    end(&rig);
    sim_fini(&disk);
    return problem;
}

static void crash_at(uint64_t call, uint32_t torn, uint64_t *calls, uint32_t *looks)
{
    static struct sim_disk disk;
    static struct rig rig;
    sim_init(&disk, 1);
    disk.stop_at = call;
    disk.torn = torn;
    rig_begin_on(&rig, "/data", OVERFLOW_SPILL, OVERFLOW_BLOCK, SMALL, &disk.ops);
    rig.scripts[0].room = 4;
    crash_live(&rig, &disk);
    struct crash_books books = {.promised = (uint32_t)rig.promised, .fed = rig.fed};
    for (uint32_t i = 0; i < rig.scripts[0].settled; i++) books.is_settled[rig.scripts[0].numbers[i]] = true;
    *calls = disk.calls;
    /* a kill, and two of the losses of power */
    const int survivals[] = {SIM_KILLED, SIM_SYNCED, SIM_LAST + (int)(call % 3)};
    for (int i = 0; i < 3 && disk.is_stopped; i++, ++*looks) {
        int survival = survivals[i];
        const char *problem = crash_look(&disk, (enum sim_survival)survival, call, &books);
        the_rig = &rig;
        cr_assert_null(problem, "stopped at call %lu, survival %d: %s", (unsigned long)call, survival, problem);
    }
    if (disk.is_stopped)
        crash_end(&rig);
    else {
        settle(&rig, 0, TAKEN_MAX);
        give_room(&rig, TAKEN_MAX);
        until(&rig, spill_is_empty(rig.outputs[0].overflow->spill));
        settle(&rig, 0, TAKEN_MAX);
        end(&rig);
    }
    sim_fini(&disk);
}

Test(overflow, stopped_at_any_call_nothing_that_was_promised_is_gone)
{
    uint64_t calls, now;
    uint32_t looks = 0;
    crash_at(0, 0, &calls, &looks);
    cr_assert_gt(calls, 40);
    for (uint64_t call = 1; call <= calls; call++) crash_at(call, call % 2 ? 0 : 128, &now, &looks);
    cr_log_info("%lu calls, %u states\n", (unsigned long)calls, looks);
    cr_expect_gt(looks, calls * 2);
}
