/* SPDX-License-Identifier: Apache-2.0 */
/* Events that wait in memory, oldest first, as bytes (core/event/packed.h) with whom they are owed to: what an
 * output does not take, without the batch that it came in. A line of packs; each is filled, then only read.
 *
 *   push ─▶ [pack, being filled] … [pack] [pack, the oldest] ─▶ pop
 *
 * Charged to the budget. It is full at HOLD_BYTES_MAX and then still takes one event, of any size. One thread,
 * but a sealed pack's bytes and ends may be read by another. */
#ifndef CORE_DELIVERY_HOLD_H
#define CORE_DELIVERY_HOLD_H
#include "core/event/batch.h"
#include "core/text/buf.h"

enum {
    HOLD_BYTES_MAX = 8 * 1024 * 1024, /* rows included */
    PACK_BYTES = 256 * 1024,          /* a pack that holds this much is sealed */
    PACK_ROWS_MAX = 4096,
};

struct hold_row {
    struct obligation *obligation; /* of the batch it came in */
    struct obligation *given;      /* what an output has it under, or NULL */
    uint32_t event;                /* index in the batch it came in */
    uint32_t end;                  /* behind its bytes, in its pack */
    uint8_t verdict;               /* what the output said of it */
};

struct pack {
    struct pack *next; /* newer */
    struct buf bytes;
    struct hold_row *rows;
    uint32_t count, capacity;
    uint32_t first;    /* rows before it were popped */
    size_t charged;
    uint64_t since_ms; /* its first event came */
    bool is_sealed;
};

struct hold {
    struct budget *budget; /* borrowed */
    struct pack *first, *last;
    struct pack *spare;    /* one emptied, for the next */
    size_t bytes;          /* of rows that were not popped */
    uint64_t count;        /* of them */
};

void hold_init(struct hold *hold, struct budget *budget);
/* Nothing may be held. */
void hold_fini(struct hold *hold);
static inline bool hold_has_room(const struct hold *hold) { return hold->bytes < HOLD_BYTES_MAX; }
/* Appends the event; its bytes begin with the present time (milliseconds of the wall clock). `given`: or NULL. */
void hold_push(struct hold *hold, const struct event *event, struct obligation *obligation, struct obligation *given,
               uint64_t now_ms);
/* The n-th oldest row, and its bytes. */
struct hold_row *hold_row_at(const struct hold *hold, uint64_t n, struct str *bytes);
struct str pack_row_bytes(const struct pack *pack, uint32_t row);
/* Lets the oldest go. */
void hold_pop(struct hold *hold);
/* The pack of the n-th oldest row, or the newest when there are only n; *row is where in it. No event is added to it
 * any more. Something is held. */
struct pack *hold_seal(struct hold *hold, uint64_t n, uint32_t *row);

/* Events of the rows from the n-th on into the batch, at most `most`, and all owed to one, which is returned. They
 * have the index that they had in the batch they came in; `index` is where they are in this one. */
struct obligation *hold_give_batch(const struct hold *hold, uint64_t n, uint32_t most, struct batch *batch,
                                   uint32_t *index, uint32_t *count);
/* The event in a row's bytes, as a new event of the batch; `at_ms` is when it came. False: these are no such bytes,
 * and the event that was begun is not the batch's. */
bool hold_unpack(struct batch *batch, struct str bytes, uint64_t *at_ms);

#endif
