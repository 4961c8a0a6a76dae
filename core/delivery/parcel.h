/* SPDX-License-Identifier: Apache-2.0 */
/* A parcel: encoded events that go to a store in one request, and what became of each. Bytes of an event are
 * one run; within it lies the document that it can be rebuilt from, and beside it what the document lacks, which is
 * not sent. Parcels of a delivery
 * (core/delivery/delivery.h) have growing numbers; what is in one is settled before the parcel ends.
 *
 * Events may have a key (a document's id): the store must see what has one key in the order it came. A parcel
 * knows the keys in it, so that a later one with one of them can wait. One worker's thread. */
#ifndef CORE_DELIVERY_PARCEL_H
#define CORE_DELIVERY_PARCEL_H
#include "core/event/ticket.h"
#include "core/text/buf.h"

enum { PARCEL_ITEMS_MAX = 20000 };

/* What one answer says of an event. */
enum item_verdict { ITEM_SENT, ITEM_AGAIN, ITEM_REJECTED };

struct parcel_item {
    struct obligation *obligation;
    uint32_t event; /* its index in its batch */
    uint32_t end;   /* of its bytes; they begin where the item before ends */
    uint32_t document, document_end; /* in them; equal: there is none */
    uint32_t beside_end; /* of what is kept beside; begins as `end` does */
    uint32_t key;   /* 0: none */
    uint8_t verdict; /* enum item_verdict, of the last answer */
};

struct parcel {
    struct parcel *next;
    uint64_t number;
    struct buf data, beside;
    struct parcel_item *items;
    uint32_t count, capacity;
    uint32_t *keys; /* open addressing; 0: free */
    uint32_t key_count, key_room;
    size_t charged; /* bytes of the budget */
    /* the delivery's */
    uint64_t after; /* number of the parcel that must have ended before; 0: none */
    uint64_t opened_ms, due_ms, began_ns;
    uint32_t attempts, endpoint;
    uint8_t last_class; /* of the answer before */
    bool is_flying, was_full;
    void *carrier; /* of whoever sends it, while it is flying */
};

struct parcel *parcel_create(uint64_t number);
void parcel_destroy(struct parcel *parcel);
/* Empty again, its memory kept. */
void parcel_renew(struct parcel *parcel, uint64_t number);
/* Takes over the bytes behind the last item up to item->end and item->beside_end. */
void parcel_add(struct parcel *parcel, const struct parcel_item *item);
uint32_t parcel_begin(const struct parcel *parcel, uint32_t at); /* where the bytes of item `at` begin */
struct str parcel_document(const struct parcel *parcel, uint32_t at);
struct str parcel_beside(const struct parcel *parcel, uint32_t at);
static inline size_t parcel_bytes(const struct parcel *parcel) { return parcel->data.len + parcel->beside.len; }
bool parcel_has_key(const struct parcel *parcel, uint32_t key);
/* An event is sent again with those of its key behind it, which would else be overwritten by it. */
void parcel_hold_keys(struct parcel *parcel);
/* Only items that are to be sent again stay, their bytes moved together. */
void parcel_compact(struct parcel *parcel);
/* The items from `at` on go to the end of another. */
void parcel_move_tail(struct parcel *parcel, uint32_t at, struct parcel *to);

#endif
