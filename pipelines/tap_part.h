/* SPDX-License-Identifier: Apache-2.0 */
/* Inside a tap, for tap.c (the control thread's side), tap_look.c and tap_line.c (the workers'). A
 * part belongs to one worker's thread, but for the ring's reading end and the counters, which
 * anyone reads. */
#ifndef PIPELINES_TAP_PART_H
#define PIPELINES_TAP_PART_H
#include "core/event/ticket.h"
#include "core/text/time.h"
#include "pipelines/tap.h"
#include "pipelines/tap_ring.h"

enum tap_loss {
    TAP_LOSS_RATE,
    TAP_LOSS_SLOW,
    TAP_LOSS_BUSY,
    TAP_LOSS_LARGE,
    TAP_LOSS_FAILED,
    TAP_LOSSES
};

/* An event seen before the plugin, until it is seen behind it. */
struct tap_pair {
    uint32_t event; /* index in the batch */
    bool holds;     /* the condition, before the plugin */
    uint64_t id;
    size_t start, end; /* its line in `before` */
};

struct tap_part {
    struct tap *tap;
    uint32_t worker;
    struct tap_ring ring;
    struct condition *where; /* of its own: evaluating one is for one thread */
    struct str head[2];      /* how lines begin, up to the time: before and behind */
    atomic_bool has_begun;
    atomic_uint_fast64_t passed;
    atomic_uint_fast64_t lost[TAP_LOSSES];
    /* the worker's alone */
    uint64_t found; /* events for which the condition held: of these `sample` takes its share */
    uint64_t last_id;
    struct buf text, before; /* lines being made; before the plugin, while it is at work */
    struct time_cache times;
    struct arena scratch;    /* of evaluating the condition: the batch's arena is not a tap's to use */
    struct tap_pair *pairs; /* in order of their events */
    uint32_t pair_count, pair_capacity, count_before;
    uint32_t *marks; /* by event: number of its pair from 1, or 0 */
    uint32_t mark_capacity;
    uint64_t second, busy_ns; /* CPU used in this second */
    uint64_t cpu_ns, looked_ns;
    bool has_news;
};

struct tap {
    atomic_uint references;
    struct arena arena;
    struct tap_options options;
    void (*wake)(void *opaque);
    void *opaque;
    atomic_bool is_stopped;
    atomic_uint_fast64_t claimed, shown; /* of `limit`: promised to some event, and written */
    atomic_uint_fast64_t window;         /* of `rate`: the second, and events in it below */
    /* the control thread's */
    struct buf notes;
    size_t notes_read;
    struct tap_counts told;
    uint32_t reading; /* the part whose lines are being read, up to `until` of its ring */
    uint64_t until;
    const char *end; /* why; NULL: not yet */
    bool end_is_said;
    uint32_t part_count;
    struct tap_part parts[];
};

extern const struct probe_hooks tap_look_alone_in, tap_look_alone_out, tap_look_before,
    tap_look_behind;

/* Keys and values are no more than TAP_EVENT_BYTES_MAX; the walk ends where they are. */
bool tap_event_fits(const struct event *event, bool metadata);
/* Appends a line. `event` NULL: the plugin dropped it. `id` 0: none is told. */
void tap_line_put(struct tap_part *part, enum tap_at at, uint64_t id, bool is_child,
                  const struct event *event, struct buf *out);

void tap_release(struct tap *tap); /* any thread: one reference less */

#endif
