/* SPDX-License-Identifier: Apache-2.0 */
/* A delivery over a store that answers when it is told to. */
#include "core/delivery/delivery.h"
#include <criterion/criterion.h>

enum { FLYING_MAX = 64 };

struct world {
    struct budget budget;
    struct books books;
    struct loop loop;
    struct output output;
    struct delivery delivery;
    struct parcel *flying[FLYING_MAX];
    uint32_t flying_count, ready, sends, rejected, cancelled;
    bool is_drained, has_beside;
};

static const struct output_type type = {.name = "fake"};

static void parcel_send(void *opaque, struct parcel *parcel)
{
    struct world *world = opaque;
    world->sends++;
    world->flying[world->flying_count++] = parcel;
}
static void parcel_cancel(void *opaque, struct parcel *parcel)
{
    struct world *world = opaque;
    for (uint32_t i = 0; i < world->flying_count; i++) {
        if (world->flying[i] != parcel) continue;
        world->flying[i] = world->flying[--world->flying_count];
        world->cancelled++;
        return;
    }
    cr_assert(false, "it is not under way");
}
static bool restore(void *opaque, struct str document, struct str beside, struct event *event)
{
    cr_expect(str_eq_z(beside, ((struct world *)opaque)->has_beside ? "beside" : ""));
    ((struct world *)opaque)->rejected++;
    event_slot_set(event, SLOT_MESSAGE, value_string(document));
    return true;
}
static void ready(struct output *output) { ((struct world *)output->self)->ready++; }
static void drained(void *opaque) { ((struct world *)opaque)->is_drained = true; }

static struct delivery_options presets(void)
{
    return (struct delivery_options){.events_max = 2, .bytes_max = 1000, .held_max = 100, .endpoints = 1,
                                     .requests_max = 8, .failures_max = 3, .again = {1, 2}, .alone = {1, 2}};
}

static void begin(struct world *world, struct delivery_options options)
{
    static const struct delivery_hooks hooks = {parcel_send, parcel_cancel, restore};
    *world = (struct world){0};
    cr_assert_eq(loop_init(&world->loop, &world->budget, &world->books), 0);
    world->output = (struct output){.type = &type, .self = world, .id = STR("fake"), .loop = &world->loop, .ready = ready};
    delivery_init(&world->delivery, &world->output, &options, &hooks, world);
    delivery_release(&world->delivery);
}

/* Events of one batch; returns how many were taken. */
static uint32_t offer(struct world *world, uint32_t count, uint32_t key)
{
    struct ticket *ticket = ticket_open(world->loop.tickets);
    ticket_count(ticket, count, 0, 0);
    struct obligation *obligation = obligation_open(ticket, count);
    ticket_seal(ticket);
    uint32_t taken = 0;
    for (; taken < count; taken++) {
        struct parcel *parcel = delivery_room(&world->delivery);
        if (!parcel) break;
        uint32_t at = (uint32_t)parcel->data.len;
        buf_append_z(&parcel->data, "0123456789");
        if (world->has_beside) buf_append_z(&parcel->beside, "beside");
        struct parcel_item item = {.obligation = obligation, .event = taken, .key = key, .document = at, .document_end = at + 10};
        delivery_add(&world->delivery, &item);
    }
    if (taken < count) output_sent(&world->output, obligation, count - taken); /* not ours to deliver */
    delivery_turn(&world->delivery);
    return taken;
}

static struct parcel *landed(struct world *world)
{
    cr_assert(world->flying_count);
    struct parcel *parcel = world->flying[0];
    memmove(world->flying, world->flying + 1, --world->flying_count * sizeof *world->flying);
    return parcel;
}

static void turn_timer(uv_timer_t *timer) { (void)timer; }

/* One turn, in which a millisecond passes. The timer repeats: the loop's clock may be late, and a single one, or the
 * delivery's own, be over before the poll, which would then wait for ever. */
static void turn(struct world *world)
{
    uv_timer_t timer;
    uv_timer_init(&world->loop.uv, &timer);
    uv_timer_start(&timer, turn_timer, 1, 1);
    uv_run(&world->loop.uv, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&world->loop.uv, UV_RUN_NOWAIT);
}

static void until_flying(struct world *world, uint32_t count)
{
    for (int i = 0; i < 10000 && world->flying_count < count; i++) turn(world);
    cr_assert_eq(world->flying_count, count);
}

static void until_later(struct world *world, uint64_t ms)
{
    uint64_t then = uv_now(&world->loop.uv) + ms;
    while (uv_now(&world->loop.uv) < then) turn(world);
}

static void end(struct world *world)
{
    delivery_close(&world->delivery, drained);
    for (int i = 0; i < 10000 && !world->is_drained; i++) {
        while (world->flying_count) delivery_sent(&world->delivery, landed(world));
        uv_run(&world->loop.uv, UV_RUN_NOWAIT);
    }
    cr_assert(world->is_drained);
    delivery_fini(&world->delivery);
    cr_expect_eq(ticket_pool_open(world->loop.tickets), 0, "every event was settled");
    loop_fini(&world->loop);
    cr_expect_eq(budget_used(&world->budget), 0);
}

Test(delivery, lets_go_of_all_that_it_holds_wherever_it_is)
{
    struct world world;
    begin(&world, presets());
    cr_expect_eq(offer(&world, 7, 0), 7); /* two under way, one waits, one gathers */
    struct parcel *mixed = landed(&world);
    delivery_reject(&world.delivery, mixed, 0, STR("mapping"), STR("no"));
    mixed->items[1].verdict = ITEM_AGAIN;
    delivery_mixed(&world.delivery, mixed, DELIVERY_BUSY);
    delivery_close(&world.delivery, drained);
    uint32_t flying = world.flying_count;
    uint64_t sent = counter_get(&world.output.counters.sent);
    cr_assert_gt(flying, 0);
    delivery_abandon(&world.delivery);
    cr_expect_eq(world.cancelled, flying);
    cr_expect_eq(counter_get(&world.output.counters.sent), sent, "nobody counts them");
    for (int i = 0; i < 100 && !world.is_drained; i++) uv_run(&world.loop.uv, UV_RUN_NOWAIT);
    cr_assert(world.is_drained);
    delivery_fini(&world.delivery);
    cr_expect_eq(ticket_pool_open(world.loop.tickets), 0, "every event was settled");
    loop_fini(&world.loop);
    cr_expect_eq(budget_used(&world.budget), 0);
}

Test(delivery, parcels_go_out_side_by_side_up_to_the_limit)
{
    struct world world;
    begin(&world, presets());
    cr_expect_eq(offer(&world, 8, 0), 8);
    cr_expect_eq(world.flying_count, 2, "the limit begins with two");
    delivery_sent(&world.delivery, landed(&world));
    cr_expect_eq(world.flying_count, 2, "the next follows at once");
    end(&world);
}

Test(delivery, at_its_bound_it_takes_fewer_and_says_when_there_is_room)
{
    struct world world;
    begin(&world, presets());
    cr_expect_eq(offer(&world, 20, 0), 10);
    cr_expect_eq(offer(&world, 1, 0), 0);
    delivery_sent(&world.delivery, landed(&world));
    cr_expect_eq(world.ready, 1);
    cr_expect_eq(offer(&world, 20, 0), 2);
    end(&world);
}

Test(delivery, what_is_kept_beside_counts_as_held)
{
    struct world world;
    begin(&world, presets());
    world.has_beside = true;
    cr_expect_eq(offer(&world, 20, 0), 7, "of 16 bytes each");
    end(&world);
    cr_expect_eq(world.delivery.held, 0);
}

Test(delivery, parcels_are_bounded_in_number)
{
    struct world world;
    struct delivery_options options = presets();
    options.events_max = 1;
    options.held_max = 1000000;
    begin(&world, options);
    cr_expect_eq(offer(&world, 100, 0), PARCELS_MAX);
    end(&world);
}

Test(delivery, a_large_event_goes_alone_and_bytes_end_a_parcel)
{
    struct world world;
    struct delivery_options options = presets();
    options.events_max = 100;
    options.bytes_max = 25;
    begin(&world, options);
    offer(&world, 5, 0);
    cr_expect_eq(world.flying_count, 2);
    cr_expect_eq(world.flying[0]->count, 2);
    cr_expect_eq(world.flying[0]->data.len, 20);
    end(&world);
}

Test(delivery, what_failed_comes_again_after_a_pause_and_only_what_was_not_taken)
{
    struct world world;
    begin(&world, presets());
    world.has_beside = true;
    offer(&world, 2, 0);
    delivery_failed(&world.delivery, landed(&world), DELIVERY_SERVER);
    cr_expect_eq(world.flying_count, 0);
    until_flying(&world, 1);
    cr_expect_eq(world.flying[0]->count, 2);
    struct parcel *parcel = landed(&world);
    parcel->items[1].verdict = ITEM_AGAIN;
    delivery_mixed(&world.delivery, parcel, DELIVERY_BUSY);
    until_flying(&world, 1);
    cr_expect_eq(world.flying[0]->count, 1);
    cr_expect_eq(world.flying[0]->items[0].event, 1);
    cr_expect_eq(counter_get(&world.delivery.counters.again[DELIVERY_SERVER]), 2);
    cr_expect_eq(counter_get(&world.delivery.counters.again[DELIVERY_BUSY]), 1);
    end(&world);
    cr_expect_eq(counter_get(&world.output.counters.sent), 2);
}

Test(delivery, too_large_goes_in_halves_and_a_single_event_is_rejected)
{
    struct world world;
    begin(&world, presets());
    world.has_beside = true;
    offer(&world, 2, 0);
    delivery_too_large(&world.delivery, landed(&world), STR("large"));
    cr_expect_eq(world.flying_count, 2);
    delivery_too_large(&world.delivery, landed(&world), STR("large"));
    cr_expect_eq(world.rejected, 1);
    end(&world);
    cr_expect_eq(counter_get(&world.output.counters.sent), 1);
    cr_expect_eq(counter_get(&world.output.counters.dropped), 1);
}

Test(delivery, of_one_key_a_parcel_waits_for_the_one_before)
{
    struct world world;
    begin(&world, presets());
    offer(&world, 2, 7);
    offer(&world, 2, 7);
    offer(&world, 2, 8);
    cr_expect_eq(world.flying_count, 2, "that of the other key overtakes");
    cr_expect_eq(world.flying[1]->number, 3);
    delivery_sent(&world.delivery, landed(&world));
    cr_expect_eq(world.flying_count, 2);
    cr_expect_eq(world.flying[1]->number, 2);
    end(&world);
}

Test(delivery, of_one_key_halves_go_one_after_the_other)
{
    struct world world;
    begin(&world, presets());
    offer(&world, 2, 7);
    delivery_too_large(&world.delivery, landed(&world), STR("large"));
    cr_expect_eq(world.flying_count, 1);
    end(&world);
}

Test(delivery, ordered_waits_for_all_of_a_parcel)
{
    struct world world;
    struct delivery_options options = presets();
    options.is_ordered = true;
    begin(&world, options);
    offer(&world, 6, 0);
    cr_expect_eq(world.flying_count, 1);
    struct parcel *parcel = landed(&world);
    parcel->items[1].verdict = ITEM_AGAIN;
    delivery_mixed(&world.delivery, parcel, DELIVERY_BUSY);
    cr_expect_eq(world.flying_count, 0);
    until_flying(&world, 1);
    cr_expect_eq(world.flying[0]->number, 1);
    end(&world);
}

Test(delivery, an_endpoint_that_fails_in_a_row_is_left_alone_and_tried_by_one_request)
{
    struct world world;
    struct delivery_options options = presets();
    options.endpoints = 2;
    options.alone = (struct backoff){20, 20};
    begin(&world, options);
    for (int i = 0; i < 20; i++) {
        offer(&world, 2, 0);
        until_flying(&world, 1);
        bool is_dead = world.flying[0]->endpoint == 1;
        struct parcel *parcel = landed(&world);
        if (is_dead)
            delivery_failed(&world.delivery, parcel, DELIVERY_UNREACHED);
        else
            delivery_sent(&world.delivery, parcel);
        while (world.flying_count) delivery_sent(&world.delivery, landed(&world)); /* at the other, at once */
    }
    cr_expect(world.delivery.endpoints[1].breaker.trips + world.delivery.endpoints[1].breaker.failures <= 4);
    end(&world);
}

Test(delivery, a_parcel_does_not_go_from_one_dead_host_to_the_next)
{
    struct world world;
    struct delivery_options options = presets();
    options.endpoints = 4;
    options.failures_max = 1;
    begin(&world, options);
    for (int i = 0; i < 20; i++) {
        offer(&world, 2, 0);
        for (int tries = 0;; tries++) {
            cr_assert(tries < 4, "it comes to the one that answers");
            until_flying(&world, 1);
            struct parcel *parcel = landed(&world);
            until_later(&world, 3); /* longer than the others are left alone */
            if (parcel->endpoint != 3) {
                delivery_failed(&world.delivery, parcel, DELIVERY_TIMEOUT);
                continue;
            }
            delivery_sent(&world.delivery, parcel);
            break;
        }
    }
    end(&world);
}

Test(delivery, a_rate_limit_holds_back)
{
    struct world world;
    struct delivery_options options = presets();
    options.events_per_second = 50;
    options.events_max = 50;
    options.held_max = 10000;
    begin(&world, options);
    uint64_t start = uv_hrtime();
    offer(&world, 100, 0);
    cr_expect_eq(world.flying_count, 1, "a second's worth goes at once");
    until_flying(&world, 2);
    cr_expect((uv_hrtime() - start) / 1000000 < 1000);
    end(&world);
}
