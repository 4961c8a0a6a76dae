/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/bus.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

struct bus_link {
    /* the sender's */
    struct loop *loop;
    const struct bus_link_hooks *hooks;
    void *opaque;
    struct chunk_pool pool; /* charges the receiver's budget */
    struct bus_parcel *open;
    uint64_t sent;
    /* shared */
    struct bus_port *port;
    struct bus_parcel *ring[BUS_RING_PARCELS];
    atomic_uint head, tail; /* next to take; next to put */
    atomic_size_t bytes;    /* of the parcels in the ring */
    atomic_uint_fast64_t settled;
    atomic_bool is_told;    /* `tell` is on its way */
    struct loop_note tell;  /* receiver to sender: look at `settled`, and for room */
    struct loop_note leave; /* sender to receiver, its last word */
    struct loop_note gone;  /* receiver to sender, its last word */
    /* the receiver's */
    struct bus_link *next;
    void *receiver;
};

struct bus_port {
    struct bus_port_options options;
    struct bus_port *next;    /* in the registry */
    struct bus_link *joining; /* opened by senders, under the registry's mutex */
    uint32_t link_count;      /* joining ones included; under the mutex */
    struct bus_link *links;
    struct loop_note look;    /* senders to receiver: there is something in a ring */
    atomic_bool is_looked;    /* `look` is on its way */
    struct loop_note again;   /* to itself: more in the next turn */
    bool is_again, is_closing;
};

/* The only thing that pipelines share: which ports are open. */
static struct {
    pthread_mutex_t mutex;
    struct bus_port *ports;
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- the receiver ---- */

static void link_tell(struct bus_link *link)
{
    if (!atomic_exchange(&link->is_told, true)) loop_post(link->loop, &link->tell);
}

void bus_settled(struct bus_link *link, uint64_t count)
{
    atomic_store_explicit(&link->settled, count, memory_order_release);
    link_tell(link);
}

static struct bus_parcel *ring_take(struct bus_link *link)
{
    unsigned head = atomic_load_explicit(&link->head, memory_order_relaxed);
    if (head == atomic_load_explicit(&link->tail, memory_order_acquire)) return NULL;
    struct bus_parcel *parcel = link->ring[head % BUS_RING_PARCELS];
    atomic_fetch_sub_explicit(&link->bytes, parcel->arena.bytes, memory_order_relaxed);
    atomic_store_explicit(&link->head, head + 1, memory_order_release);
    return parcel;
}

/* Links that senders have opened meanwhile. */
static void port_admit(struct bus_port *port)
{
    pthread_mutex_lock(&registry.mutex);
    struct bus_link *fresh = port->joining;
    port->joining = NULL;
    pthread_mutex_unlock(&registry.mutex);
    while (fresh) {
        struct bus_link *link = fresh;
        fresh = link->next;
        link->next = port->links;
        port->links = link;
        link->receiver = port->options.hooks->joined(port->options.opaque, link);
    }
}

/* One parcel of each link in turn, so that none waits for another. */
static void port_take(struct bus_port *port)
{
    const struct bus_port_hooks *hooks = port->options.hooks;
    bool is_more = true;
    for (uint32_t taken = 0; is_more && taken < BUS_TURN_PARCELS;) {
        is_more = false;
        for (struct bus_link *link = port->links; link; link = link->next) {
            if (!hooks->may_take(port->options.opaque)) return;
            struct bus_parcel *parcel = ring_take(link);
            if (!parcel) continue;
            hooks->take(link->receiver, parcel);
            link_tell(link);
            is_more = true;
            taken++;
        }
    }
    if (!is_more || port->is_again) return;
    port->is_again = true;
    loop_post(port->options.loop, &port->again);
}

/* Under the mutex nobody can join between the count and the end. The caller forgets the port. */
static void port_close_check(struct bus_port *port)
{
    if (!port->is_closing || port->is_again) return;
    pthread_mutex_lock(&registry.mutex);
    bool is_closed = port->link_count == 0;
    if (is_closed) {
        struct bus_port **at = &registry.ports;
        while (*at != port) at = &(*at)->next;
        *at = port->next;
    }
    pthread_mutex_unlock(&registry.mutex);
    if (!is_closed) return;
    struct bus_port_options options = port->options;
    free(port);
    options.hooks->closed(options.opaque);
}

static void port_look(struct loop_note *note)
{
    struct bus_port *port = (struct bus_port *)(void *)((char *)note - offsetof(struct bus_port, look));
    atomic_store(&port->is_looked, false);
    port_admit(port);
    port_take(port);
}

static void port_again(struct loop_note *note)
{
    struct bus_port *port = (struct bus_port *)(void *)((char *)note - offsetof(struct bus_port, again));
    port->is_again = false;
    port_take(port);
    port_close_check(port);
}

/* The sender's earlier notes have run before: it will not touch the port any more. */
static void link_left(struct loop_note *note)
{
    struct bus_link *link = (struct bus_link *)(void *)((char *)note - offsetof(struct bus_link, leave));
    struct bus_port *port = link->port;
    port_admit(port); /* it may leave before it was looked at */
    struct bus_link **at = &port->links;
    while (*at != link) at = &(*at)->next;
    *at = link->next;
    port->options.hooks->left(link->receiver);
    pthread_mutex_lock(&registry.mutex);
    assert(port->link_count);
    port->link_count--;
    pthread_mutex_unlock(&registry.mutex);
    loop_post(link->loop, &link->gone);
    port_close_check(port);
}

struct bus_port *bus_port_open(const struct bus_port_options *options)
{
    assert(options->worker < options->workers && options->batch_events_max);
    struct bus_port *port = xcalloc(1, sizeof *port);
    port->options = *options;
    port->look.run = port_look;
    port->again.run = port_again;
    pthread_mutex_lock(&registry.mutex);
    bool is_taken = false;
    for (const struct bus_port *other = registry.ports; other; other = other->next)
        is_taken |= str_eq(other->options.address, options->address) &&
                    other->options.worker == options->worker;
    if (!is_taken) {
        port->next = registry.ports;
        registry.ports = port;
    }
    pthread_mutex_unlock(&registry.mutex);
    if (!is_taken) return port;
    free(port);
    return NULL;
}

void bus_port_go_on(struct bus_port *port) { port_take(port); }

void bus_port_close(struct bus_port *port)
{
    assert(!port->is_closing);
    port->is_closing = true;
    port_close_check(port);
}

/* ---- the sender ---- */

static void link_told(struct loop_note *note)
{
    struct bus_link *link = (struct bus_link *)(void *)((char *)note - offsetof(struct bus_link, tell));
    atomic_store(&link->is_told, false);
    link->hooks->changed(link->opaque);
}

static void link_gone(struct loop_note *note)
{
    struct bus_link *link = (struct bus_link *)(void *)((char *)note - offsetof(struct bus_link, gone));
    const struct bus_link_hooks *hooks = link->hooks;
    void *opaque = link->opaque;
    free(link);
    hooks->gone(opaque);
}

static void port_tell(struct bus_port *port)
{
    if (!atomic_exchange(&port->is_looked, true)) loop_post(port->options.loop, &port->look);
}

static struct bus_link *link_create(struct loop *loop, const struct bus_link_hooks *hooks,
                                    void *opaque)
{
    struct bus_link *link = xcalloc(1, sizeof *link);
    link->loop = loop;
    link->hooks = hooks;
    link->opaque = opaque;
    link->tell.run = link_told;
    link->leave.run = link_left;
    link->gone.run = link_gone;
    return link;
}

struct bus_link *bus_link_open(struct str address, uint32_t worker, struct loop *loop,
                               const struct bus_link_hooks *hooks, void *opaque)
{
    struct bus_link *link = NULL;
    pthread_mutex_lock(&registry.mutex);
    for (struct bus_port *port = registry.ports; port && !link; port = port->next) {
        if (!str_eq(port->options.address, address)) continue;
        if (port->options.worker != worker % port->options.workers) continue;
        link = link_create(loop, hooks, opaque);
        chunk_pool_init(&link->pool, port->options.loop->budget);
        link->port = port;
        link->next = port->joining;
        port->joining = link;
        port->link_count++;
    }
    pthread_mutex_unlock(&registry.mutex);
    if (link) port_tell(link->port);
    return link;
}

bool bus_link_has_room(const struct bus_link *link)
{
    if (link->open) return true;
    unsigned used = atomic_load_explicit(&link->tail, memory_order_relaxed) -
                    atomic_load_explicit(&link->head, memory_order_acquire);
    /* the receiver's own bound: that of the process holds the sender's inputs back */
    return used < BUS_RING_PARCELS &&
           atomic_load_explicit(&link->bytes, memory_order_relaxed) < BUS_RING_BYTES &&
           !budget_is_full(link->pool.budget);
}

static struct bus_parcel *parcel_create(struct bus_link *link)
{
    struct arena arena;
    arena_init(&arena, &link->pool);
    struct bus_parcel *parcel = arena_alloc(&arena, sizeof *parcel);
    uint32_t capacity = link->port->options.batch_events_max;
    if (capacity > BUS_PARCEL_EVENTS) capacity = BUS_PARCEL_EVENTS;
    struct event **events = arena_alloc(&arena, capacity * sizeof(struct event *));
    *parcel = (struct bus_parcel){.arena = arena, .events = events, .capacity = capacity};
    return parcel;
}

/* Puts the open parcel into the ring: there was a place when it was begun, and only this side takes
 * places. */
void bus_link_flush(struct bus_link *link)
{
    struct bus_parcel *parcel = link->open;
    if (!parcel) return;
    link->open = NULL;
    unsigned tail = atomic_load_explicit(&link->tail, memory_order_relaxed);
    assert(tail - atomic_load(&link->head) < BUS_RING_PARCELS);
    atomic_fetch_add_explicit(&link->bytes, parcel->arena.bytes, memory_order_relaxed);
    link->ring[tail % BUS_RING_PARCELS] = parcel;
    atomic_store_explicit(&link->tail, tail + 1, memory_order_release);
    port_tell(link->port);
}

void bus_link_add(struct bus_link *link, const struct event *event)
{
    if (!link->open) link->open = parcel_create(link);
    struct bus_parcel *parcel = link->open;
    struct event *copy = arena_alloc(&parcel->arena, sizeof *copy);
    event_init(copy, &parcel->arena, value_time(0, 0)); /* @timestamp comes with the copy */
    event_copy(copy, event, true);
    parcel->events[parcel->count++] = copy;
    link->sent++;
    if (parcel->count == parcel->capacity || parcel->arena.bytes >= BUS_PARCEL_BYTES)
        bus_link_flush(link);
}

uint64_t bus_link_sent(const struct bus_link *link) { return link->sent; }

uint64_t bus_link_settled(const struct bus_link *link)
{
    return atomic_load_explicit((atomic_uint_fast64_t *)(uintptr_t)&link->settled,
                                memory_order_acquire);
}

void bus_link_close(struct bus_link *link)
{
    assert(!link->open && bus_link_settled(link) == link->sent);
    chunk_pool_fini(&link->pool);
    loop_post(link->port->options.loop, &link->leave);
}
