/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a spill, shared by spill.c (turns, begin and end), spill_line.c (the line: what comes in, what the
 * output is given, what is settled) and spill_jobs.c (what is asked of the disk, and what came of it). */
#ifndef CORE_DELIVERY_SPILL_PART_H
#define CORE_DELIVERY_SPILL_PART_H
#include <assert.h>
#include "core/delivery/spill.h"
#include "core/delivery/spill_log.h"
#include "core/output.h"

/* What was read, being given to the output. */
struct spill_hand {
    struct batch *batch; /* NULL: none */
    struct obligation *obligation;
    uint32_t *index;
    uint64_t *positions;  /* of the events */
    uint64_t *since_ms;
    uint32_t next;
    uint64_t end;         /* position of the last record that was read over */
};

struct spill {
    struct output *output;
    struct spill_options options;
    struct hold hold;
    /* private books: those of the pipeline are done with what is on disk */
    struct books books;
    struct ticket_pool *tickets;
    struct source *source;

    uint64_t settled, given, durable, last; /* positions, see the header */
    uint64_t hold_base;  /* everything up to it left the hold */
    uint64_t appended;   /* in the own log, or in its group that is not synced */
    int64_t bases[SPILL_LOGS_MAX];    /* position of a record less its number, by log */
    uint64_t lasts[SPILL_LOGS_MAX];   /* position of the last record of a log that only is read */
    uint64_t next;       /* number of the next record of the own log */
    uint64_t synced[SPILL_LOGS_MAX];
    uint64_t checkpointed; /* `settled` in the newest checkpoint */
    struct spill_hand hand;

    struct spill_logs logs;
    struct spill_work work;
    struct disk_job job;
    uv_timer_t tick;
    size_t charged;      /* for what was read */
    size_t pack_charged; /* for compressing */
    uint64_t retry_at_ms, reread_at_ms, checkpoint_at_ms; /* of the loop's clock */
    uint64_t stop_ms;     /* when the end began and all was on disk; 0: not yet. Then nothing is given any more */
    uint64_t progress_ms; /* when the output settled something, or was given something while it had nothing */
    bool is_working;
    bool is_open;
    bool is_full;        /* the output took less, and has not said that it is ready */
    bool is_log_full;    /* or the disk refuses: what is in memory stays there */
    bool is_told;        /* that it spills */
    bool is_giving;      /* to the output: a hook may bring new events meanwhile */
    bool owes_ready;     /* less was taken than offered */
    bool is_ending, is_abandoned, is_closing, is_closed;
    bool is_timer_closed;
};

static inline uint64_t clock_ms(const struct spill *spill) { return uv_now(&spill->output->loop->uv); }

static inline struct output_counters *counters(const struct spill *spill) { return &spill->output->counters; }

/* The number that a position has in a log; 0: it came before it. */
static inline uint64_t number_of(const struct spill *spill, uint32_t log, uint64_t position)
{
    int64_t n = (int64_t)position - spill->bases[log];
    return n > 0 ? (uint64_t)n : 0;
}

/* ---- spill_line.c ---- */
extern const struct source_hooks spill_source;
/* What is settled or durable leaves the memory. */
void spill_settle(struct spill *spill);
/* Who was not taken is told that there is room. */
void spill_tell_room(struct spill *spill);
/* When the n-th event of the hold came. */
uint64_t spill_held_since_ms(const struct spill *spill, uint64_t n);
/* As much as the output takes. */
void spill_give(struct spill *spill);
/* What was read is done with; what the output has not taken of it is not given any more. */
void spill_hand_end(struct spill *spill);

/* ---- spill_jobs.c ---- */
/* Asks for what is to be done on the disk, unless a job is underway. */
void spill_plan(struct spill *spill);
/* The last job: a checkpoint, then everything is closed. */
void spill_submit_close(struct spill *spill);

#endif
