/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, links and rings: both sides on one thread, each with a loop of its own, so that every step can
 * be looked at. Threads are for tests/stress/stress_bus.c. */
#include "core/delivery/bus.h"
#include <criterion/criterion.h>

/* A side with its memory and loop; as a receiver it keeps what it was given. */
struct side {
    struct budget budget;
    struct books books;
    struct loop loop;
    struct batch *batch; /* adopts everything */
    struct bus_link *link;
    uint64_t taken;
    bool is_blocked;
    uint32_t joined, left, closed, changed, gone;
};

static void side_init(struct side *side)
{
    *side = (struct side){0};
    cr_assert_eq(loop_init(&side->loop, &side->budget, &side->books), 0);
}

static void turn(struct side *side)
{
    for (int i = 0; i < 4; i++) uv_run(&side->loop.uv, UV_RUN_NOWAIT);
}

static void side_fini(struct side *side)
{
    if (side->batch) batch_destroy(side->batch);
    loop_fini(&side->loop);
    cr_expect_eq(budget_used(&side->budget), 0);
}

static void *joined(void *opaque, struct bus_link *link)
{
    struct side *side = opaque;
    side->joined++;
    side->link = link;
    return side;
}
static bool may_take(void *opaque) { return !((struct side *)opaque)->is_blocked; }
static void take(void *opaque, struct bus_parcel *parcel)
{
    struct side *side = opaque;
    if (!side->batch) side->batch = batch_create(&side->loop.pool, NULL);
    side->taken += parcel->count;
    batch_adopt(side->batch, &parcel->arena, parcel->events, parcel->count);
}
static void left(void *opaque) { ((struct side *)opaque)->left++; }
static void closed(void *opaque) { ((struct side *)opaque)->closed++; }
static void changed(void *opaque) { ((struct side *)opaque)->changed++; }
static void gone(void *opaque) { ((struct side *)opaque)->gone++; }

static const struct bus_port_hooks port_hooks = {joined, may_take, take, left, closed};
static const struct bus_link_hooks link_hooks = {changed, gone};

static struct bus_port *port_open(struct side *side, const char *address, uint32_t worker,
                                  uint32_t workers, uint32_t events_max)
{
    struct bus_port_options options = {str_of(address), worker, workers, events_max, &side->loop,
                                       &port_hooks, side};
    return bus_port_open(&options);
}

static void add(struct side *from, struct bus_link *link, const char *text)
{
    struct batch *batch = batch_create(&from->loop.pool, NULL);
    struct event *event = batch_event(batch);
    event_slot_set(event, SLOT_MESSAGE, value_string(str_of(text)));
    bus_link_add(link, event);
    batch_destroy(batch);
}

/* Everything settled, said goodbye, both sides empty. */
static void part(struct side *from, struct side *to, struct bus_link *link, struct bus_port *port)
{
    bus_link_flush(link);
    turn(to);
    bus_settled(to->link, bus_link_sent(link));
    turn(from);
    bus_link_close(link);
    bus_port_close(port);
    turn(to);
    turn(from);
    cr_expect_eq(to->closed, 1u);
    cr_expect_eq(from->gone, 1u);
    side_fini(to);
    side_fini(from);
}

Test(bus, a_worker_has_one_port_of_an_address_and_senders_choose_by_number)
{
    struct side a, b, from;
    side_init(&a), side_init(&b), side_init(&from);
    struct bus_port *first = port_open(&a, "x", 0, 2, 125), *second = port_open(&b, "x", 1, 2, 125);
    cr_assert(first && second);
    cr_expect_null(port_open(&a, "x", 0, 2, 125));
    cr_expect_null(bus_link_open(STR("y"), 0, &from.loop, &link_hooks, &from));
    struct bus_link *link = bus_link_open(STR("x"), 3, &from.loop, &link_hooks, &from);
    cr_assert(link);
    turn(&a), turn(&b);
    cr_expect_eq(a.joined, 0u);
    cr_expect_eq(b.joined, 1u);
    bus_port_close(first);
    cr_expect_eq(a.closed, 1u, "nobody had joined");
    cr_expect_null(bus_link_open(STR("x"), 2, &from.loop, &link_hooks, &from), "closed");
    side_fini(&a);
    part(&from, &b, link, second);
}

Test(bus, events_are_deep_copies_with_metadata_and_absent_slots)
{
    struct side to, from;
    side_init(&to), side_init(&from);
    struct bus_port *port = port_open(&to, "x", 0, 1, 125);
    struct bus_link *link = bus_link_open(STR("x"), 0, &from.loop, &link_hooks, &from);
    struct batch *batch = batch_create(&from.loop.pool, NULL);
    struct event *event = batch_event(batch);
    char text[] = "text", key[] = "key", deep[] = "deep";
    event_slot_set(event, SLOT_MESSAGE, value_string(str_of(text)));
    event_slot_set(event, SLOT_VERSION, (struct value){0});
    event_slot_set(event, SLOT_TIMESTAMP, value_time(12, 34));
    map_append(&event->metadata, event->arena, key_of(str_of(key)), value_string(str_of(deep)));
    bus_link_add(link, event);
    memset(text, '!', 4), memset(key, '!', 3), memset(deep, '!', 4);
    batch_destroy(batch);
    cr_expect_eq(budget_used(&from.budget), 0, "the copy is charged to the receiver");
    cr_expect_eq(budget_used(&to.budget), CHUNK_BYTES);
    turn(&to);
    cr_expect_eq(to.taken, 0, "not flushed");
    bus_link_flush(link);
    turn(&to);
    cr_assert_eq(to.taken, 1);
    const struct event *copy = to.batch->events[0];
    cr_expect_eq(copy->arena, &to.batch->arena);
    cr_expect(str_eq(value_text(event_slot(copy, SLOT_MESSAGE)), STR("text")));
    cr_expect_null(event_slot(copy, SLOT_VERSION));
    cr_expect_null(event_slot(copy, SLOT_TAGS));
    cr_expect_eq(event_slot(copy, SLOT_TIMESTAMP)->seconds, 12);
    struct key wanted = key_of(STR("key"));
    const struct value *value = map_get(copy->metadata_value.map, &wanted);
    cr_assert(value);
    cr_expect(str_eq(value_text(value), STR("deep")));
    part(&from, &to, link, port);
}

Test(bus, a_ring_is_full_at_its_parcels_and_has_room_after_one_is_taken)
{
    struct side to, from;
    side_init(&to), side_init(&from);
    to.is_blocked = true;
    struct bus_port *port = port_open(&to, "x", 0, 1, 125);
    struct bus_link *link = bus_link_open(STR("x"), 0, &from.loop, &link_hooks, &from);
    for (uint32_t i = 0; i < BUS_RING_PARCELS; i++) {
        cr_assert(bus_link_has_room(link), "%u", i);
        add(&from, link, "x");
        bus_link_flush(link);
        turn(&to);
    }
    cr_expect(!bus_link_has_room(link));
    cr_expect_eq(to.taken, 0);
    to.is_blocked = false;
    bus_port_go_on(port);
    cr_expect_eq(to.taken, BUS_RING_PARCELS);
    cr_expect(bus_link_has_room(link));
    cr_expect_eq(from.changed, 0u);
    turn(&from);
    cr_expect_geq(from.changed, 1u);
    cr_expect_eq(bus_link_sent(link), BUS_RING_PARCELS);
    cr_expect_eq(bus_link_settled(link), 0);
    part(&from, &to, link, port);
}

Test(bus, a_ring_is_full_at_its_bytes_and_over_the_receivers_budget)
{
    struct side to, from;
    side_init(&to), side_init(&from);
    to.is_blocked = true;
    struct bus_port *port = port_open(&to, "x", 0, 1, 125);
    struct bus_link *link = bus_link_open(STR("x"), 0, &from.loop, &link_hooks, &from);
    char *text = calloc(1, BUS_RING_BYTES / 8 + 1);
    memset(text, 'x', BUS_RING_BYTES / 8);
    for (uint32_t i = 0; i < 7; i++) add(&from, link, text);
    cr_expect(bus_link_has_room(link), "7 of 8");
    add(&from, link, text);
    cr_expect(!bus_link_has_room(link), "8 of 8; each was a parcel of its own");
    to.is_blocked = false;
    turn(&to);
    cr_expect_eq(to.taken, 8);
    cr_expect(bus_link_has_room(link));
    to.budget.limit = 1;
    cr_expect(!bus_link_has_room(link), "over its budget");
    to.budget.limit = 0;
    cr_expect(bus_link_has_room(link));
    free(text);
    part(&from, &to, link, port);
}

Test(bus, a_parcel_holds_no_more_than_the_receivers_batch)
{
    static const struct { uint32_t batch, parcel; } rows[] = {
        {3, 3}, {BUS_PARCEL_EVENTS, BUS_PARCEL_EVENTS}, {BUS_PARCEL_EVENTS + 1, BUS_PARCEL_EVENTS}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct side to, from;
        side_init(&to), side_init(&from);
        struct bus_port *port = port_open(&to, "x", 0, 1, rows[r].batch);
        struct bus_link *link = bus_link_open(STR("x"), 0, &from.loop, &link_hooks, &from);
        struct batch *batch = batch_create(&from.loop.pool, NULL);
        struct event *event = batch_event(batch);
        for (uint32_t i = 1; i < rows[r].parcel; i++) bus_link_add(link, event);
        turn(&to);
        uint64_t before = to.taken;
        cr_expect_lt(before, rows[r].parcel);
        bus_link_add(link, event);
        turn(&to);
        cr_expect_eq(to.taken, rows[r].parcel, "sent without a flush");
        batch_destroy(batch);
        part(&from, &to, link, port);
    }
}

Test(bus, a_port_waits_for_its_senders_and_goes_on_taking)
{
    struct side to, from;
    side_init(&to), side_init(&from);
    struct bus_port *port = port_open(&to, "x", 0, 1, 125);
    struct bus_link *link = bus_link_open(STR("x"), 0, &from.loop, &link_hooks, &from);
    bus_port_close(port);
    turn(&to);
    cr_expect_eq(to.closed, 0u);
    add(&from, link, "late");
    bus_link_flush(link);
    turn(&to);
    cr_expect_eq(to.taken, 1);
    bus_settled(to.link, 1);
    turn(&from);
    cr_expect_eq(bus_link_settled(link), 1);
    bus_link_close(link);
    cr_expect_eq(to.closed, 0u);
    turn(&to);
    cr_expect_eq(to.left, 1u);
    cr_expect_eq(to.closed, 1u);
    cr_expect_eq(from.gone, 0u);
    turn(&from);
    cr_expect_eq(from.gone, 1u);
    side_fini(&to);
    side_fini(&from);
}

Test(bus, a_sender_may_leave_before_it_was_looked_at)
{
    struct side to, from;
    side_init(&to), side_init(&from);
    struct bus_port *port = port_open(&to, "x", 0, 1, 125);
    bus_link_close(bus_link_open(STR("x"), 0, &from.loop, &link_hooks, &from));
    bus_port_close(port);
    turn(&to);
    turn(&from);
    cr_expect_eq(to.joined, 1u);
    cr_expect_eq(to.left, 1u);
    cr_expect_eq(to.closed, 1u);
    cr_expect_eq(from.gone, 1u);
    side_fini(&to);
    side_fini(&from);
}
