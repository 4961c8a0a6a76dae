/* SPDX-License-Identifier: Apache-2.0 */
/* A log on a simulated disk, what was done with it, and the oracle: what a log that comes up again must give.
 *
 *   - every record that a sync had answered for, intact, in order, unless its reader was done with it
 *   - nothing that was not appended under this number
 *   - nothing that a checkpoint which returned had as done
 *   - and a record appended then passes
 *
 * Each record says its number and in which life of the log (epoch) it was appended. */
#ifndef TESTS_UNIT_SUPPORT_SPOOL_WORLD_H
#define TESTS_UNIT_SUPPORT_SPOOL_WORLD_H
#include "core/store/spool/spool.h"
#include "tests/unit/support/sim_disk.h"

enum { WORLD_CURSORS = 2, WORLD_RECORDS_MAX = 2048, WORLD_EPOCHS_MAX = 64, WORLD_PAYLOAD_MAX = 160 };

struct world_books {
    uint64_t promised;                     /* by a sync that returned 0 */
    uint64_t epochs[WORLD_RECORDS_MAX];    /* bits: appended under this number in which epochs */
    uint8_t epoch_of[WORLD_RECORDS_MAX];   /* of the promised ones */
    uint32_t epoch;
    uint64_t done[WORLD_CURSORS];          /* told to the log */
    uint64_t done_durable[WORLD_CURSORS];  /* by a checkpoint that returned 0 */
    bool may_lose;                         /* calls failed: what was not promised may be told as lost */
};

struct world {
    struct sim_disk disk;
    struct spool spool;
    struct spool_report report;
    struct spool_cursor cursors[WORLD_CURSORS];
    struct world_books books;
    bool is_open;
    char problem[256]; /* what the oracle found wrong; empty: nothing */
};

extern const struct spool_options world_options;

/* On an empty disk; not open yet. */
void world_init(struct world *world, uint64_t seed);
/* The disk of `from` as it comes up, with the books of it. */
void world_survive(const struct world *from, enum sim_survival survival, uint64_t seed, struct world *after);
void world_fini(struct world *world);
int world_open(struct world *world);
void world_close(struct world *world);
int world_append(struct world *world, int count); /* syncs and reads where the log asks for it */
int world_sync(struct world *world);
int world_read(struct world *world, int cursor, int most); /* and is done with them */
int world_checkpoint(struct world *world);
/* A mixed life of `steps`, the same for one seed; ends early when the disk stops. Calls that fail are tried
 * again later. */
void world_live(struct world *world, uint64_t seed, int steps);
/* Opens, and asks the oracle; then a fresh record has to pass. */
bool world_is_right(struct world *world);

#endif
