/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline's program in the hand: the filters, conditions and routes of a text, compiled as for a
 * worker (pipelines/generation.h) but without its inputs, and with every output replaced by one that
 * only writes down what it is given. Nothing is opened, bound or connected; there is no thread and no
 * loop. `tailrace test` and `tailrace repl` are built on it.
 *
 *   sandbox_begin ─▶ sandbox_text, sandbox_event … ─▶ sandbox_run, or sandbox_step … ─▶ sandbox_events
 *
 * Ownership: the sandbox owns generation, memory and batch; tree and texts are the arena's given. Events
 * are valid until the next sandbox_begin(). Filters keep what state they have from one run to the next,
 * unless sandbox_forget() is called. Those that wait for answers of others (dns, http) are passed by.
 * Limits: SANDBOX_EVENTS_MAX events in, ARENA_BYTES_MAX of memory for a run, as for any batch. */
#ifndef PIPELINES_SANDBOX_H
#define PIPELINES_SANDBOX_H
#include "dsl/vm.h"
#include "pipelines/generation.h"
#include "pipelines/settings.h"

enum { SANDBOX_EVENTS_MAX = 10000 }; /* of one run, before filters make more */

/* How texts become events. */
struct sandbox_input {
    struct place place;               /* of whoever asks for it, for complaints */
    struct str from;                  /* id of an input of the text: its codec, type, tags, add_field; or empty */
    const struct config_value *codec; /* wins over that of `from`; NULL: plain */
};

struct sandbox_options {
    const struct settings *settings; /* pipeline.id, path.data, ECS mode */
    const struct environment *environment;
    const struct sandbox_input *inputs; /* at least one when texts or events come in by number */
    uint32_t input_count;
    bool is_ended; /* each run is all there ever is: filters with timers give what they hold back, as at a
                      stop. Else a run is followed by one beat of the timers */
};

/* `config` is parsed and was not checked before; its inputs are not looked at, but for `from`. NULL: the
 * diag says what is wrong, all of it. */
struct sandbox *sandbox_create(struct config *config, const struct sandbox_options *options,
                               struct arena *arena, struct diag *diag);
void sandbox_destroy(struct sandbox *sandbox); /* NULL is allowed */

/* ---- one run ---- */
void sandbox_begin(struct sandbox *sandbox); /* forgets the run before */
void sandbox_forget(struct sandbox *sandbox); /* what filters have kept so far */
/* A text through the codec of input `input`: any number of events. False: more than SANDBOX_EVENTS_MAX,
 * or more memory than a batch may have; the run holds those that there was room for. */
bool sandbox_text(struct sandbox *sandbox, uint32_t input, struct str text);
/* A fresh event to be filled, and when it is, the fields that `from` adds. NULL: as above. */
struct event *sandbox_event(struct sandbox *sandbox, uint32_t input);
bool sandbox_event_done(struct sandbox *sandbox, uint32_t input, struct event *event);
/* Events of the run so far. */
struct batch *sandbox_batch(struct sandbox *sandbox);
void sandbox_run(struct sandbox *sandbox); /* to the end */
/* Runs the instruction at sandbox_position(); false when that was the last one. */
bool sandbox_step(struct sandbox *sandbox);
struct vm_position sandbox_position(struct sandbox *sandbox);

/* ---- what came of it ---- */
struct sandbox_event {
    const struct event *event;
    bool is_created; /* by a filter */
    bool is_dropped; /* by a filter, or because a condition could not be evaluated */
    const uint32_t *outputs; /* numbers of those that got it, in the order of the text */
    uint32_t output_count;
};
/* After the end of a run: every event, children behind their parents. Returns their number. */
uint32_t sandbox_events(struct sandbox *sandbox, const struct sandbox_event **events);

struct program *sandbox_program(struct sandbox *sandbox);
/* What users call an output: its id, or the plugin's name when it has none and is the only one of it,
 * or the id made of its place. */
struct str sandbox_output_name(const struct sandbox *sandbox, uint32_t number);
const char *sandbox_output_type(const struct sandbox *sandbox, uint32_t number);
/* The output that users call so, or -1. */
ptrdiff_t sandbox_output_find(const struct sandbox *sandbox, struct str name);

#endif
