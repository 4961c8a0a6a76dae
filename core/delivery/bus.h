/* SPDX-License-Identifier: Apache-2.0 */
/* The one door between pipelines (ARCHITECTURE.md, "A pipeline is an island").
 *
 *   port     a receiving worker's end of an address. It knows its links.
 *   link     from one output of one sending worker to one port: a ring of parcels there (one producer,
 *            one consumer, no lock), a count of settled events back. A sending worker always uses the
 *            same port, its number modulo the receiver's workers, so the order of a source is kept.
 *   parcel   deep copies of events in an arena of their own, whose chunks are charged to the
 *            receiver's budget. The receiver adopts the arena; nothing is copied twice.
 *   registry of the process: which ports are open. Its mutex is taken when a port opens or closes and
 *            when a link opens or leaves, never for events.
 *
 *   sender's thread                                           receiver's thread
 *   bus_link_add ▸ bus_link_flush ──▶ [parcel|parcel|…] ──▶ hooks.take ▸ batch ▸ ticket
 *   hooks.changed ◀────────────────── settled: 12345 ◀────── bus_settled
 *
 * A link is full at BUS_RING_PARCELS or BUS_RING_BYTES, or while the receiver's pipeline is over its
 * budget. Each side ends with a note of its own that is its last touch of the other one's memory: the
 * sender's `leave` (everything is settled then), answered by the receiver's `gone`. */
#ifndef CORE_DELIVERY_BUS_H
#define CORE_DELIVERY_BUS_H
#include "core/net/loop.h"

enum {
    BUS_RING_PARCELS = 64,               /* not taken yet, of one link; a power of two */
    BUS_RING_BYTES = 4 * 1024 * 1024,    /* a link that holds this much is full */
    BUS_PARCEL_EVENTS = 128,             /* and never more than the receiver's batch */
    BUS_PARCEL_BYTES = 256 * 1024,       /* a parcel that holds this much is sent */
    BUS_TURN_PARCELS = 64,               /* taken in one turn of the receiver's loop */
    BUS_ADDRESSES_MAX = 64,              /* of one output */
};

struct bus_parcel {
    struct arena arena; /* holds the parcel itself, its events and their text */
    struct event **events;
    uint32_t count, capacity;
};

struct bus_port;
struct bus_link;

/* ---- the receiver: all on its loop's thread ---- */
struct bus_port_hooks {
    void *(*joined)(void *opaque, struct bus_link *link); /* returns what take() and left() get */
    bool (*may_take)(void *opaque);
    void (*take)(void *link_opaque, struct bus_parcel *parcel); /* adopts its arena */
    void (*left)(void *link_opaque);
    void (*closed)(void *opaque); /* after bus_port_close(), when no sender is left */
};
struct bus_port_options {
    struct str address; /* outlives the port */
    uint32_t worker, workers;
    uint32_t batch_events_max;
    struct loop *loop;
    const struct bus_port_hooks *hooks;
    void *opaque;
};
/* NULL: this worker's port of the address is open already. */
struct bus_port *bus_port_open(const struct bus_port_options *options);
/* may_take() is true again. */
void bus_port_go_on(struct bus_port *port);
/* Waits until all senders have left; goes on taking meanwhile. */
void bus_port_close(struct bus_port *port);
/* Of all events that came over this link, the first `count` are settled. */
void bus_settled(struct bus_link *link, uint64_t count);

/* ---- the sender: all on its loop's thread ---- */
struct bus_link_hooks {
    void (*changed)(void *opaque); /* something was settled, or there is room */
    void (*gone)(void *opaque);    /* after bus_link_close(); the link does not exist any more */
};
/* NULL: nobody listens at the address (yet). */
struct bus_link *bus_link_open(struct str address, uint32_t worker, struct loop *loop,
                               const struct bus_link_hooks *hooks, void *opaque);
bool bus_link_has_room(const struct bus_link *link); /* for one event more */
/* Copies it. There is room. */
void bus_link_add(struct bus_link *link, const struct event *event);
void bus_link_flush(struct bus_link *link);
uint64_t bus_link_sent(const struct bus_link *link);    /* events added so far */
uint64_t bus_link_settled(const struct bus_link *link); /* and settled */
/* Everything is settled. */
void bus_link_close(struct bus_link *link);

#endif
