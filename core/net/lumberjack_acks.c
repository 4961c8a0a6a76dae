/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/lumberjack_acks.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

void lumberjack_acks_fini(struct lumberjack_acks *acks) { free(acks->windows); }

static struct lumberjack_window *last_window(const struct lumberjack_acks *acks)
{
    return acks->count ? &acks->windows[acks->head + acks->count - 1] : NULL;
}

/* Room for one more behind the last. */
static void make_room(struct lumberjack_acks *acks)
{
    if (acks->head + acks->count < acks->capacity) return;
    if (acks->head < acks->capacity / 2 || !acks->head) {
        acks->capacity = acks->capacity ? acks->capacity * 2 : 4;
        acks->windows = xreallocarray(acks->windows, acks->capacity, sizeof *acks->windows);
    }
    memmove(acks->windows, acks->windows + acks->head, acks->count * sizeof *acks->windows);
    acks->head = 0;
}

bool lumberjack_acks_window(struct lumberjack_acks *acks, char version, uint32_t wanted)
{
    struct lumberjack_window *before = last_window(acks);
    if (before && !before->is_complete) {
        before->is_complete = true;
        if (!before->count || before->acked == before->count) acks->count--; /* nothing is owed for it */
    }
    if (acks->count >= LUMBERJACK_WINDOWS_MAX) return false;
    acks->lasting = version == '1' ? wanted : 0;
    if (!acks->count) acks->head = 0;
    make_room(acks);
    acks->windows[acks->head + acks->count++] = (struct lumberjack_window){
        .start = acks->received, .wanted = wanted, .version = version, .is_complete = !wanted, .is_counting = true};
    return true;
}

bool lumberjack_acks_event(struct lumberjack_acks *acks, uint32_t sequence)
{
    struct lumberjack_window *window = last_window(acks);
    if (!window || window->is_complete) {
        if (!acks->lasting || !lumberjack_acks_window(acks, '1', acks->lasting)) return false;
        window = last_window(acks);
    }
    if (!window->count) window->first = sequence;
    else if (sequence != window->last + 1) window->is_counting = false;
    window->last = sequence;
    window->is_complete = ++window->count == window->wanted;
    acks->received++;
    return true;
}

static void append_ack(struct buf *out, char version, uint32_t sequence)
{
    char ack[LUMBERJACK_ACK_BYTES];
    lumberjack_ack(ack, version, sequence);
    buf_append(out, (struct str){ack, sizeof ack});
}

void lumberjack_acks_settled(struct lumberjack_acks *acks, uint64_t position, struct buf *out)
{
    assert(position <= acks->received);
    if (position > acks->settled) acks->settled = position;
    while (acks->count) {
        struct lumberjack_window *window = &acks->windows[acks->head];
        if (window->is_complete && acks->settled >= window->start + window->count) {
            if (!window->wanted || window->acked < window->count) append_ack(out, window->version, window->last);
            acks->head++;
            acks->count--;
            continue;
        }
        uint32_t done = acks->settled > window->start ? (uint32_t)(acks->settled - window->start) : 0;
        if (done > window->acked && window->is_counting) {
            append_ack(out, window->version, window->first + done - 1);
            window->acked = done;
        }
        return;
    }
}

void lumberjack_acks_keep_alive(const struct lumberjack_acks *acks, struct buf *out)
{
    assert(lumberjack_acks_owes(acks) && acks->count);
    append_ack(out, acks->windows[acks->head].version, 0);
}
