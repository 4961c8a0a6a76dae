/* SPDX-License-Identifier: Apache-2.0 */
/* The taps that are open: finds the place that is asked for, puts probes into the workers' running
 * programs and takes them out again, ends taps in time. At most TAPS_MAX at once, over all
 * pipelines. Control thread. */
#ifndef PIPELINES_TAPS_H
#define PIPELINES_TAPS_H
#include <jansson.h>
#include <uv.h>
#include "pipelines/supervisor.h"
#include "pipelines/tap.h"

enum {
    TAPS_MAX = 8,
    TAPS_TICK_MS = 200, /* how late a tap may end, or a note be told */
};

struct taps;
/* `news`: some tap has something to read. It may close taps. */
struct taps *taps_create(struct supervisor *supervisor, uv_loop_t *loop, void (*news)(void *opaque),
                         void *opaque);
/* Ends all taps, of which `news` tells once more. Closes its handles; then the loop turns. */
void taps_stop(struct taps *taps);
void taps_destroy(struct taps *taps); /* after the loop has ended; every tap was closed */

/* Why there is no tap: an HTTP status, and {"message", "hint"?, "ids"?}, the caller's. */
struct tap_refusal {
    unsigned status;
    json_t *error;
};

/* The error for complaints: the first in short, all of them with their places as "text". */
json_t *tap_complaint(const struct diag *diag);

struct open_tap;
/* `who` watches, for the log; the condition is right (tap_where_is_right). NULL: refused. */
struct open_tap *taps_open(struct taps *taps, const struct tap_options *options, const char *who,
                           struct tap_refusal *refusal);
/* The watcher has gone, or has read all. */
void taps_close(struct open_tap *open);
struct tap *taps_tap(const struct open_tap *open);

uint32_t taps_count(const struct taps *taps);  /* open now */
uint64_t taps_opened(const struct taps *taps); /* since the start */
uint64_t taps_shown(const struct taps *taps);  /* events */

#endif
