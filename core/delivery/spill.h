/* SPDX-License-Identifier: Apache-2.0 */
/* Events that wait for one output of one worker, in memory and on disk. All of them stand in one line, and have a
 * position in it:
 *
 *        settled        given            durable                        last
 *   ───────┼──────────────┼─────────────────┼─────────────────────────────┼──▶ positions
 *    gone  │ output has   │  on disk alone  │  in memory (the hold)       │
 *          └── on disk up to `durable`, in memory behind it ──────────────┘
 *
 * An event comes into the hold as bytes and, when nothing waits, is offered to the output at once. What the output
 * has settled goes. What it does not settle in time (SPILL_AGE_MS, or half of HOLD_BYTES_MAX), taken or not, is
 * written to the log and synced: then its batch is done with it, and its source's promise goes out. In the books of
 * the output it is in flight until it is sent. Behind what is on disk alone everything waits its turn: order holds.
 *
 * What the output has taken is under tickets of the spill's own, so that its settlements tell how far the log is
 * done. At the start the log comes first, and those of workers that are gone (core/delivery/spill_folder.h). At a
 * stop all is written, an output that is stuck is let go after SPILL_STOP_MS, and the rest stays for the next start.
 *
 * One worker's thread; blocking work is one job of the pipeline's disk thread at a time (spill_log.h). */
#ifndef CORE_DELIVERY_SPILL_H
#define CORE_DELIVERY_SPILL_H
#include "core/delivery/overflow.h"
#include "core/store/file_ops.h"

enum {
    SPILL_BYTES_MIN = 1024 * 1024, /* least limit of a log */
    SPILL_AGE_MS = 1000,           /* an event that is not settled by then is written */
    SPILL_TICK_MS = 200,           /* looks at the clock, while anything is held */
    SPILL_RETRY_MS = 1000,         /* between two tries of a disk that refuses */
    SPILL_CHECKPOINT_MS = 1000,    /* what was sent since the last one may be sent twice after a kill */
    SPILL_STOP_MS = 10000,         /* that an output has at a stop for what it holds, once it is on disk */
    SPILL_STOP_IDLE_MS = 1500,     /* when it settles nothing for so long, that is enough */
};

struct spill_options {
    struct str path_data;
    uint64_t bytes_max;
    enum overflow_policy at_limit; /* block, drop_newest, drop_oldest */
    bool is_emptied;               /* what an earlier process left; nothing new comes in */
    const struct file_ops *files;  /* NULL: the real ones */
};

struct spill;
/* NULL: is_emptied, and there is nothing. The output was started. */
struct spill *spill_create(struct output *output, const struct spill_options *options);
void spill_destroy(struct spill *spill); /* after spill_has_ended(), or when the loop is gone */
uint32_t spill_take(struct spill *spill, struct batch *batch, const struct selection *in,
                    struct obligation *obligation);
bool spill_is_empty(const struct spill *spill); /* nothing waits */
void spill_turn(struct spill *spill);
void spill_ready(struct spill *spill); /* the output says so */
void spill_failed(struct spill *spill, const struct obligation *obligation, uint32_t event, enum verdict verdict);
/* From the first call on all is written at once. True: all is on disk, or settled; nothing more is given to the
 * output. */
bool spill_may_stop(struct spill *spill);
bool spill_has_ended(struct spill *spill);
uint64_t spill_now_ms(void); /* wall clock */

#endif
