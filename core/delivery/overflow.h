/* SPDX-License-Identifier: Apache-2.0 */
/* The stage between the program and an output, for outputs that do not block: what happens to events that the
 * output does not take, and what waits in front of it. Without one (the preset) an output that is full parks
 * the batch, as in Logstash; then this module costs a pointer's test.
 *
 *   block         the batch waits                       divert   another output is offered them
 *   drop_newest   they are dropped and counted          spill    they wait in memory and on disk (spill.h)
 *   drop_oldest   they wait in memory (HOLD_BYTES_MAX), and the oldest of those are dropped
 *
 * An overflow counts for the output what it accepts (`offered`); what it diverts is in the books of the other
 * output alone. Events that wait are in flight.
 *
 * One worker's thread, but overflow_create(), _link() and _destroy(): the control thread. */
#ifndef CORE_DELIVERY_OVERFLOW_H
#define CORE_DELIVERY_OVERFLOW_H
#include "core/delivery/hold.h"
#include "core/option.h"

enum overflow_policy { OVERFLOW_BLOCK, OVERFLOW_DROP_NEWEST, OVERFLOW_DROP_OLDEST, OVERFLOW_DIVERT, OVERFLOW_SPILL };

/* The options that every output has. */
struct overflow_settings {
    struct choice when_full;        /* overflow_policy */
    struct str divert_to;
    struct byte_size spill_max_bytes;
    struct choice spill_when_full;  /* block, drop_newest, drop_oldest */
};
extern const struct option overflow_options[];

struct output;
struct selection;
struct plugin_context;
struct spill;

struct overflow {
    struct output *output;
    const struct overflow_settings *settings;
    enum overflow_policy policy;
    struct output *divert;   /* of DIVERT */
    struct place divert_place;
    struct hold hold;        /* of DROP_OLDEST */
    struct spill *spill;     /* of SPILL; of others while a log of earlier is emptied; NULL: none */
    bool is_full;            /* the output took less than it was offered, and has not said that it is ready */
    bool is_giving;          /* what is held to the output: a hook may bring new events meanwhile */
    bool is_started;
};

/* False after a complaint. */
bool overflow_is_sound(const struct overflow_settings *settings, const struct plugin_context *context);
/* NULL when it blocks. The settings outlive it. */
struct overflow *overflow_create(struct output *output, const struct overflow_settings *settings,
                                 const struct plugin_context *context);
/* Finds the outputs that are diverted to: unknown ids and circles are complaints. */
bool overflow_link(struct output *const *outputs, uint32_t count, struct diag *diag);
void overflow_destroy(struct overflow *overflow); /* or NULL */

/* The output was started. It may get an overflow now: for events that an earlier process left on disk. */
void overflow_start(struct output *output, struct str path_data);
/* As output_type.take; for an output that has one. */
uint32_t overflow_take(struct overflow *overflow, struct batch *batch, const struct selection *in,
                       struct obligation *obligation);
/* The end of a loop turn, before the output's own. */
void overflow_turn(struct overflow *overflow);
/* Asked each turn of the end, first before the output's stop(): does nothing wait any more that only the output
 * can take? Then after it has stopped: is everything closed? */
bool overflow_may_stop(struct overflow *overflow);
bool overflow_has_ended(struct overflow *overflow);

/* Told by core/output.c. */
void overflow_ready(struct overflow *overflow);
void overflow_failed(struct overflow *overflow, const struct obligation *obligation, uint32_t event,
                     enum verdict verdict);
/* An event is dropped because there is no room: counted, said. */
void overflow_drop(struct output *output, struct obligation *obligation, uint32_t event, const char *why);

#endif
