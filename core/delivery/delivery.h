/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs that send requests and are answered stand on this: what is taken gathers in parcels, parcels go out
 * side by side, and each event gets its verdict.
 *
 *   take() ─▶ delivery_room, delivery_add ─▶ [gathering] ─▶ [waiting …] ─▶ send() ─▶ the store
 *                                         count, bytes, time  limits, pauses           │
 *   settled ◀── delivery_sent / _mixed / _failed / _too_large ◀────── the answer ◀─────┘
 *
 * An answer has a class, and the class has a policy (the table in delivery.c): does the store want less at once
 * (core/delivery/limiter.h), is this endpoint to be left alone for a while (core/delivery/breaker.h: one for each).
 * What was not taken is sent again, without end, after a pause that grows (core/delivery/backoff.h): the whole
 * parcel, or those events alone that the store did not take. Nothing is given up here; only what the store
 * refuses for ever leaves, by delivery_reject() or delivery_drop().
 *
 * Order: none, since parcels overtake each other; but of events with one key the store gets the later one only
 * when it has the earlier. With `is_ordered` one request is under way, and the next waits until all of it is
 * settled. Bounds: `held_max` bytes and PARCELS_MAX parcels; beyond, take() takes fewer until output_ready().
 * Memory is charged to the pipeline's budget. One worker's thread. */
#ifndef CORE_DELIVERY_DELIVERY_H
#define CORE_DELIVERY_DELIVERY_H
#include "core/delivery/breaker.h"
#include "core/delivery/limiter.h"
#include "core/delivery/parcel.h"
#include "core/delivery/rate.h"
#include "core/output.h"

enum {
    PARCELS_MAX = 64,                        /* that are held by one delivery */
    PARCEL_SPARES_MAX = 2,                   /* emptied ones that are kept: less page faults */
    DELIVERY_HELD_MAX = 32 * 1024 * 1024,    /* preset of what is held before it is full */
    ENDPOINTS_MAX = 64,
};

enum delivery_class {
    DELIVERY_GOOD,
    DELIVERY_BUSY,      /* too much at once (429) */
    DELIVERY_BLOCKED,   /* takes nothing for now: a full disk, a block on writes */
    DELIVERY_SERVER,    /* the other side has a problem (5xx) */
    DELIVERY_UNREACHED, /* no connection, or it broke */
    DELIVERY_TIMEOUT,
    DELIVERY_DENIED,    /* the login or its rights (401, 403) */
    DELIVERY_GARBAGE,   /* an answer that cannot be understood */
    DELIVERY_CLASSES
};
const char *delivery_class_name(enum delivery_class class);

/* For /metrics; one writer. */
struct delivery_counters {
    atomic_uint_fast64_t in_flight, limit; /* requests under way, and how many may be */
    atomic_uint_fast64_t open;             /* endpoints that are left alone now */
    atomic_uint_fast64_t held_bytes, splits;
    atomic_uint_fast64_t again[DELIVERY_CLASSES]; /* events sent again, by why */
};

struct delivery_options {
    uint32_t events_max; /* of a parcel, at most PARCEL_ITEMS_MAX */
    size_t bytes_max;    /* of a parcel; one event that is larger goes alone */
    uint64_t wait_ms;    /* how long an event waits for others */
    size_t held_max;
    uint32_t endpoints, requests_max, failures_max;
    bool is_ordered;
    struct backoff again; /* pause before a parcel is sent again */
    struct backoff alone; /* how long an endpoint is left alone */
    double events_per_second, bytes_per_second; /* 0: no limit */
};

struct delivery;
struct delivery_hooks {
    /* Sends parcel->data to endpoint number parcel->endpoint. Answers later, never from within, with exactly one
     * of the calls below. */
    void (*send)(void *opaque, struct parcel *parcel);
    /* Gives up a request under way: it is not answered any more. */
    void (*cancel)(void *opaque, struct parcel *parcel);
    /* The event whose document this is, with what was kept beside it, for a dead letter; texts may be borrowed. False:
     * it cannot be rebuilt. */
    bool (*restore)(void *opaque, struct str document, struct str beside, struct event *event);
};

struct endpoint { struct breaker breaker; };

struct delivery {
    struct output *output;
    struct delivery_options options;
    const struct delivery_hooks *hooks;
    void *opaque;
    struct parcel *first, **last; /* all that are not gathering, by number */
    struct parcel *gathering;
    struct parcel *spare;
    uint32_t parcel_count, spare_count; /* gathering counts, spares do not */
    uint64_t number;
    size_t held;
    uint32_t in_flight;
    struct limiter limiter;
    struct rate events, bytes;
    struct endpoint *endpoints;
    uint32_t next_endpoint;
    uv_timer_t timer;
    bool is_held, is_closing, is_over, was_full;
    void (*drained)(void *opaque);
    struct delivery_counters counters;
};

/* In start(). Nothing is sent before delivery_release(). */
void delivery_init(struct delivery *delivery, struct output *output, const struct delivery_options *options,
                   const struct delivery_hooks *hooks, void *opaque);
void delivery_release(struct delivery *delivery);

/* To whose `data` the next event's bytes are to be appended, and to `beside` what its dead letter needs of the event
 * and they lack; NULL: full. */
struct parcel *delivery_room(struct delivery *delivery);
/* They were appended. Both ends are filled in. */
void delivery_add(struct delivery *delivery, struct parcel_item *item);
/* End of a turn: what is due goes out. */
void delivery_turn(struct delivery *delivery);

/* ---- answers ---- */
void delivery_sent(struct delivery *delivery, struct parcel *parcel);
/* Each item's verdict was set; those with ITEM_AGAIN are sent again, for this reason. */
void delivery_mixed(struct delivery *delivery, struct parcel *parcel, enum delivery_class why);
/* None was taken, for all that is known. */
void delivery_failed(struct delivery *delivery, struct parcel *parcel, enum delivery_class why);
/* The request is too large: it goes in halves; a single event is rejected with this text. */
void delivery_too_large(struct delivery *delivery, struct parcel *parcel, struct str text);
/* One event is refused for ever / is not wanted: settled at once, and its verdict set. Before one of the above. */
void delivery_reject(struct delivery *delivery, struct parcel *parcel, uint32_t at, struct str reason,
                     struct str text);
void delivery_drop(struct delivery *delivery, struct parcel *parcel, uint32_t at);

/* Sends what is held, then calls `drained` (perhaps at once). */
void delivery_close(struct delivery *delivery, void (*drained)(void *opaque));
/* After that: lets go of what is held, as somebody else has it, too; nothing is counted as sent, `drained` is called.
 * Not from within an answer. */
void delivery_abandon(struct delivery *delivery);
/* After `drained`, or when it was never opened. */
void delivery_fini(struct delivery *delivery);

#endif
