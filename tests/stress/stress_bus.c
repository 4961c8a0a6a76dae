/* SPDX-License-Identifier: Apache-2.0 */
/* Two senders on threads of their own and one receiver: every event arrives once, in its sender's order,
 * whole; receivers settle late and in bursts; each side checks that all
 * memory came back. Built with
 * -fsanitize=thread. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/delivery/bus.h"
#include "core/xmalloc.h"

enum { SENDERS = 2, EVENTS = 20000, ROUNDS = 5, SETTLE_EVERY = 97 };

struct receiver;
struct sender {
    struct budget budget;
    struct books books;
    struct loop loop;
    pthread_t thread;
    struct bus_link *link;
    uv_idle_t idle;
    uint32_t next;
    int number;
    bool is_leaving;
};
struct joint { /* the receiver's side of a link */
    struct receiver *receiver;
    struct bus_link *link;
    int64_t sender, next;
};
struct receiver {
    struct budget budget;
    struct books books;
    struct loop loop;
    struct bus_port *port;
    uint32_t left;
    bool is_closed;
};

static void *joined(void *opaque, struct bus_link *link)
{
    struct receiver *receiver = opaque;
    struct joint *joint = calloc(1, sizeof *joint);
    *joint = (struct joint){receiver, link, -1, 0};
    return joint;
}

static bool may_take(void *opaque) { (void)opaque; return true; }

static void take(void *opaque, struct bus_parcel *parcel)
{
    struct joint *joint = opaque;
    struct batch *batch = batch_create(&joint->receiver->loop.pool, NULL);
    batch_adopt(batch, &parcel->arena, parcel->events, parcel->count);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct str text = value_text(event_slot(batch->events[i], SLOT_MESSAGE));
        char copy[64];
        assert(text.len < sizeof copy);
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = 0;
        int sender, number;
        assert(sscanf(copy, "sender %d number %d", &sender, &number) == 2);
        assert(joint->sender < 0 || joint->sender == sender);
        joint->sender = sender;
        assert(number == joint->next);
        joint->next++;
        if (joint->next % SETTLE_EVERY == 0 || joint->next == EVENTS)
            bus_settled(joint->link, (uint64_t)joint->next);
    }
    batch_destroy(batch);
}

static void left(void *opaque)
{
    struct joint *joint = opaque;
    assert(joint->next == EVENTS);
    joint->receiver->left++;
    free(joint);
}

static void closed(void *opaque)
{
    struct receiver *receiver = opaque;
    assert(receiver->left == SENDERS);
    receiver->is_closed = true;
}

static const struct bus_port_hooks port_hooks = {joined, may_take, take, left, closed};

static void sender_fill(uv_idle_t *idle)
{
    struct sender *sender = idle->data;
    struct batch *batch = batch_create(&sender->loop.pool, NULL);
    while (sender->next < EVENTS && batch->count < 100 && bus_link_has_room(sender->link)) {
        struct event *event = batch_event(batch);
        event_slot_set(event, SLOT_MESSAGE,
                       value_string(arena_printf(&batch->arena, "sender %d number %u", sender->number,
                                                 sender->next++)));
        bus_link_add(sender->link, event);
    }
    bus_link_flush(sender->link);
    batch_destroy(batch);
    /* full: changed() tells of room */
    if (sender->next == EVENTS || !bus_link_has_room(sender->link)) uv_idle_stop(idle);
}

static void changed(void *opaque)
{
    struct sender *sender = opaque;
    if (sender->next < EVENTS) uv_idle_start(&sender->idle, sender_fill);
    if (bus_link_settled(sender->link) < EVENTS || sender->is_leaving) return;
    sender->is_leaving = true;
    bus_link_close(sender->link);
}

static void gone(void *opaque)
{
    struct sender *sender = opaque;
    uv_close((uv_handle_t *)&sender->idle, NULL);
    uv_stop(&sender->loop.uv);
}

static const struct bus_link_hooks link_hooks = {changed, gone};

static void *sender_run(void *opaque)
{
    struct sender *sender = opaque;
    sender->link = bus_link_open(STR("stress"), 0, &sender->loop, &link_hooks, sender);
    assert(sender->link);
    uv_idle_init(&sender->loop.uv, &sender->idle);
    sender->idle.data = sender;
    uv_idle_start(&sender->idle, sender_fill);
    uv_run(&sender->loop.uv, UV_RUN_DEFAULT);
    uv_run(&sender->loop.uv, UV_RUN_NOWAIT);
    return NULL;
}

static void receiver_run(struct receiver *receiver)
{
    while (receiver->left < SENDERS) uv_run(&receiver->loop.uv, UV_RUN_ONCE);
    bus_port_close(receiver->port);
    assert(receiver->is_closed);
}

static void round_run(void)
{
    struct receiver receiver = {.left = 0};
    struct sender *senders = xcalloc(SENDERS, sizeof *senders);
    assert(loop_init(&receiver.loop, &receiver.budget, &receiver.books) == 0);
    receiver.port = bus_port_open(&(struct bus_port_options){STR("stress"), 0, 1, 125, &receiver.loop,
                                                             &port_hooks, &receiver});
    for (int i = 0; i < SENDERS; i++) {
        senders[i].number = i;
        assert(loop_init(&senders[i].loop, &senders[i].budget, &senders[i].books) == 0);
        pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]);
    }
    receiver_run(&receiver);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        loop_fini(&senders[i].loop);
        assert(budget_used(&senders[i].budget) == 0);
    }
    free(senders);
    loop_fini(&receiver.loop);
    assert(budget_used(&receiver.budget) == 0);
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++) round_run();
    printf("%d senders, %d events each, %d rounds: all once, in order\n", SENDERS, EVENTS, ROUNDS);
    return 0;
}
