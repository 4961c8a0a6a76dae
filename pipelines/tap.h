/* SPDX-License-Identifier: Apache-2.0 */
/* A tap: one watcher who looks at events that pass one place of a running pipeline.
 *
 *   worker 0: probe ─ condition, sample, rate, copy ─▶ ring ─╮
 *   worker 1: probe ─ condition, sample, rate, copy ─▶ ring ─┴▶ tap_read(), the control thread
 *
 * What a pipeline pays while somebody looks is bounded: a part of the tap takes at most TAP_BUSY_NS
 * of CPU a second of its worker, copies no event larger than TAP_EVENT_BYTES_MAX, and never waits;
 * what a bound or a slow watcher keeps out is counted by its reason and told.
 *
 * The stream is one JSON object a line:
 *   {"pipeline":"main","worker":0,"plugin":"id","at":"in","time":"…","event":{…}}
 *     of a tap before and behind also "id", which the two lines of an event share; behind it
 *     "event":null when the plugin dropped it, "child":true of one it made
 *   {"note":"started"|"not_shown"|"ended", …}
 *
 * Threads: probes run on their worker's thread, all else is the control thread's. A tap lives until
 * the control thread and every list with a probe of it have let go. */
#ifndef PIPELINES_TAP_H
#define PIPELINES_TAP_H
#include "dsl/probe.h"
#include "pipelines/tap_options.h"

enum {
    TAP_EVENT_BYTES_MAX = 256 * 1024, /* keys and values of an event that is shown */
    TAP_BUSY_NS = 50 * 1000000,       /* CPU a second that a tap may take of one worker */
};

/* Since the tap was opened, over all workers. While they run, the batch that each looks at has passed
 * already and may be neither shown nor counted as not shown yet. */
struct tap_counts {
    uint64_t passed; /* events that came by */
    uint64_t shown;
    uint64_t rate;         /* not shown: more than `rate` a second */
    uint64_t slow_watcher; /* not shown: the ring was full */
    uint64_t busy;         /* not looked at: TAP_BUSY_NS was used up */
    uint64_t large;        /* not shown: TAP_EVENT_BYTES_MAX */
    uint64_t failed;       /* the condition cannot be evaluated for them */
};

struct tap;

/* Whether `where` is a condition; else the diag says what is wrong. Memory of `arena`. */
bool tap_where_is_right(const struct tap_options *options, struct arena *arena, struct diag *diag);
/* `options`, with a right condition, are copied; `at` is not auto. `wake` is called on a worker's
 * thread when there is something to read. */
struct tap *tap_create(const struct tap_options *options, uint32_t workers,
                       void (*wake)(void *opaque), void *opaque);
/* Nobody looks any more: workers copy nothing for it from now on. */
void tap_stop(struct tap *tap);
void tap_drop(struct tap *tap); /* the control thread lets go */

/* For one worker's list; the list holds the tap. `at`: in or out; a tap of both has one of each,
 * with the plugin between them. */
struct probe tap_probe(struct tap *tap, uint32_t worker, enum tap_at at);
/* The worker runs a list with the probe. */
bool tap_has_begun(const struct tap *tap, uint32_t worker);

const struct tap_options *tap_asked(const struct tap *tap);
struct tap_counts tap_count(const struct tap *tap);
bool tap_is_full(const struct tap *tap); /* `limit` events were shown */

/* Notes for the watcher. */
void tap_say_started(struct tap *tap);
void tap_say_not_shown(struct tap *tap);              /* unless there is nothing new to say */
void tap_say_ended(struct tap *tap, const char *why); /* behind all events; the last thing said */

/* The next bytes of the stream; 0: nothing now. */
size_t tap_read(struct tap *tap, char *out, size_t size);
bool tap_has_news(const struct tap *tap); /* tap_read() would give something */
bool tap_is_over(const struct tap *tap);  /* all was read, the end included */

#endif
