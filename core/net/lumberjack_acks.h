/* SPDX-License-Identifier: Apache-2.0 */
/* Which events of a Lumberjack connection are owed an acknowledgement, and when which is written.
 *
 * Events get positions 1, 2, 3 … as they come. A window is a run of them with sequence numbers that the shipper
 * chose. An acknowledgement names a sequence number: of the last event of a window that is settled whole, or,
 * where numbers follow each other, of the last one that is settled with all before it. They are written in the
 * order of the windows; number 0 says that work goes on. Of version 1 a window holds until another is announced: some
 * shippers announce one for a whole connection. One connection, one thread. */
#ifndef CORE_NET_LUMBERJACK_ACKS_H
#define CORE_NET_LUMBERJACK_ACKS_H
#include "core/net/lumberjack.h"

enum { LUMBERJACK_WINDOWS_MAX = 65536 }; /* not acknowledged yet, of one connection */

struct lumberjack_window {
    uint64_t start;   /* position before its first event */
    uint32_t wanted;  /* events that were announced */
    uint32_t count;   /* that have come */
    uint32_t first, last; /* their sequence numbers */
    uint32_t acked;   /* events of it that were acknowledged */
    char version;
    bool is_complete; /* no further event comes */
    bool is_counting; /* each number was one more than that before */
};

struct lumberjack_acks {
    struct lumberjack_window *windows; /* from `head` on; the last one is being filled unless complete */
    uint32_t head, count, capacity;
    uint64_t received, settled; /* positions */
    uint32_t lasting; /* of version 1: a window of this size follows each; 0: none does */
};

void lumberjack_acks_fini(struct lumberjack_acks *acks);
/* A window is announced; what is missing of the one before does not come any more. False: too many. */
bool lumberjack_acks_window(struct lumberjack_acks *acks, char version, uint32_t wanted);
/* An event has come. False: no window has room for it. */
bool lumberjack_acks_event(struct lumberjack_acks *acks, uint32_t sequence);
/* Events up to `position` are settled: appends what is to be written. */
void lumberjack_acks_settled(struct lumberjack_acks *acks, uint64_t position, struct buf *out);
/* Some that have come are not settled yet. */
static inline bool lumberjack_acks_owes(const struct lumberjack_acks *acks) { return acks->received > acks->settled; }
/* Work goes on: appends that. Only while something is owed. */
void lumberjack_acks_keep_alive(const struct lumberjack_acks *acks, struct buf *out);

#endif
