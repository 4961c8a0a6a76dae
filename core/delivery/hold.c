/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/hold.h"
#include <assert.h>
#include <stdlib.h>
#include "core/event/packed.h"
#include "core/xmalloc.h"

void hold_init(struct hold *hold, struct budget *budget) { *hold = (struct hold){.budget = budget}; }

static void pack_charge(struct hold *hold, struct pack *pack)
{
    size_t bytes = pack->bytes.capacity + pack->capacity * sizeof *pack->rows;
    assert(bytes >= pack->charged);
    budget_charge(hold->budget, bytes - pack->charged);
    pack->charged = bytes;
}

static void pack_free(struct hold *hold, struct pack *pack)
{
    budget_release(hold->budget, pack->charged);
    buf_fini(&pack->bytes);
    free(pack->rows);
    free(pack);
}

void hold_fini(struct hold *hold)
{
    assert(!hold->count && !hold->first);
    if (hold->spare) pack_free(hold, hold->spare);
    hold->spare = NULL;
}

static struct pack *pack_open(struct hold *hold, uint64_t now_ms)
{
    struct pack *last = hold->last;
    if (last && !last->is_sealed && last->bytes.len < PACK_BYTES && last->count < PACK_ROWS_MAX) return last;
    struct pack *pack = hold->spare ? hold->spare : xcalloc(1, sizeof *pack);
    hold->spare = NULL;
    pack->since_ms = now_ms;
    *(last ? &last->next : &hold->first) = pack;
    hold->last = pack;
    if (last) last->is_sealed = true;
    return pack;
}

static size_t row_size(const struct pack *pack, uint32_t row)
{
    return pack_row_bytes(pack, row).len + sizeof *pack->rows;
}

void hold_push(struct hold *hold, const struct event *event, struct obligation *obligation, struct obligation *given,
               uint64_t now_ms)
{
    struct pack *pack = pack_open(hold, now_ms);
    if (pack->count == pack->capacity) {
        pack->capacity = pack->capacity ? pack->capacity * 2 : 64;
        pack->rows = xreallocarray(pack->rows, pack->capacity, sizeof *pack->rows);
    }
    pack_varint(&pack->bytes, now_ms);
    pack_event(&pack->bytes, event);
    assert(pack->bytes.len <= UINT32_MAX);
    pack->rows[pack->count++] = (struct hold_row){
        .obligation = obligation, .given = given, .event = event->index, .end = (uint32_t)pack->bytes.len,
        .verdict = VERDICT_SENT};
    pack_charge(hold, pack);
    hold->bytes += row_size(pack, pack->count - 1);
    hold->count++;
}

struct str pack_row_bytes(const struct pack *pack, uint32_t row)
{
    assert(row < pack->count);
    uint32_t from = row ? pack->rows[row - 1].end : 0;
    return (struct str){pack->bytes.ptr + from, pack->rows[row].end - from};
}

struct hold_row *hold_row_at(const struct hold *hold, uint64_t n, struct str *bytes)
{
    assert(n < hold->count);
    struct pack *pack = hold->first;
    for (; n >= pack->count - pack->first; pack = pack->next) n -= pack->count - pack->first;
    uint32_t row = pack->first + (uint32_t)n;
    if (bytes) *bytes = pack_row_bytes(pack, row);
    return &pack->rows[row];
}

/* Kept for the next one when it is of usual size. */
static void pack_give(struct hold *hold, struct pack *pack)
{
    if (hold->spare || pack->bytes.capacity > 4 * PACK_BYTES) {
        pack_free(hold, pack);
        return;
    }
    buf_clear(&pack->bytes);
    pack->count = pack->first = 0;
    pack->is_sealed = false;
    pack->next = NULL;
    hold->spare = pack;
}

void hold_pop(struct hold *hold)
{
    struct pack *pack = hold->first;
    assert(hold->count && pack->first < pack->count);
    hold->bytes -= row_size(pack, pack->first);
    hold->count--;
    if (++pack->first < pack->count) return;
    hold->first = pack->next;
    if (!hold->first) hold->last = NULL;
    pack_give(hold, pack);
}

struct pack *hold_seal(struct hold *hold, uint64_t n, uint32_t *row)
{
    assert(hold->count && n <= hold->count);
    struct pack *pack = hold->first;
    for (; n >= pack->count - pack->first && pack->next; pack = pack->next) n -= pack->count - pack->first;
    pack->is_sealed = true;
    *row = pack->first + (uint32_t)n;
    return pack;
}

struct obligation *hold_give_batch(const struct hold *hold, uint64_t n, uint32_t most, struct batch *batch,
                                   uint32_t *index, uint32_t *count)
{
    struct obligation *obligation = hold_row_at(hold, n, NULL)->obligation;
    for (*count = 0; *count < most && n < hold->count && arena_allows(&batch->arena, PACK_BYTES); n++) {
        struct str bytes;
        uint64_t at_ms;
        const struct hold_row *row = hold_row_at(hold, n, &bytes);
        if (row->obligation != obligation) break;
        bool is_whole = hold_unpack(batch, bytes, &at_ms);
        assert(is_whole);
        batch->events[batch->count - 1]->index = row->event;
        index[*count] = *count;
        ++*count;
    }
    return obligation;
}

bool hold_unpack(struct batch *batch, struct str bytes, uint64_t *at_ms)
{
    struct event *event = batch_event(batch);
    assert(event);
    if (unpack_varint(&bytes, at_ms) && unpack_event(&bytes, event) && !bytes.len) return true;
    batch->count--;
    return false;
}
