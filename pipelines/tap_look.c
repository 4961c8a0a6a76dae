/* SPDX-License-Identifier: Apache-2.0 */
/* A tap on a worker's thread: what its probes do with the events that pass. Nothing here waits, and
 * what it may take of the worker is measured while it goes. */
#include <stdlib.h>
#include <time.h>
#include "core/xmalloc.h"
#include "dsl/condition.h"
#include "pipelines/tap_part.h"

enum {
    CHECK_NS = 1000000, /* CPU used is looked at so often: asking costs as much as an event */
    BEFORE_BYTES_MAX = 4 * 1024 * 1024, /* lines of one batch that wait for the plugin */
    TEXT_KEPT_MAX = 64 * 1024,          /* of memory for lines; a large event's is given back */
    SCRATCH_KEPT_MAX = 1024 * 1024,     /* of what conditions have computed, until the look ends */
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void lose(struct tap_part *part, enum tap_loss loss, uint64_t count)
{
    counter_add(&part->lost[loss], count);
}

/* ---- what it may take ---- */

static void busy_add(struct tap_part *part)
{
    uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    part->busy_ns += cpu - part->cpu_ns;
    part->cpu_ns = cpu;
}

static bool may_spend(struct tap_part *part)
{
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (now - part->looked_ns < CHECK_NS) return true;
    part->looked_ns = now;
    busy_add(part);
    return part->busy_ns < TAP_BUSY_NS;
}

/* Then the tap costs next to nothing until the next second. */
static bool rate_is_used_up(const struct tap *tap, uint64_t second)
{
    uint64_t window = counter_get(&tap->window);
    return tap->options.rate && window >> 32 == (uint32_t)second &&
           (uint32_t)window >= (uint64_t)tap->options.rate;
}

/* Else the `count` events left are not looked at. */
static bool may_go_on(struct tap_part *part, uint32_t count)
{
    bool is_used_up = rate_is_used_up(part->tap, part->second);
    if (!is_used_up && may_spend(part)) return true;
    lose(part, is_used_up ? TAP_LOSS_RATE : TAP_LOSS_BUSY, count);
    return false;
}

/* False: nobody looks any more, or this second is used up. */
static bool look_begin(struct tap_part *part, uint32_t count)
{
    const struct tap *tap = part->tap;
    if (atomic_load_explicit(&tap->is_stopped, memory_order_relaxed)) return false;
    if (tap->options.limit && counter_get(&tap->claimed) >= (uint64_t)tap->options.limit)
        return false;
    counter_add(&part->passed, count);
    part->looked_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t second = part->looked_ns / 1000000000u;
    if (second != part->second) {
        part->second = second;
        part->busy_ns = 0;
    }
    bool is_used_up = rate_is_used_up(tap, second);
    if (is_used_up || part->busy_ns >= TAP_BUSY_NS) {
        lose(part, is_used_up ? TAP_LOSS_RATE : TAP_LOSS_BUSY, count);
        return false;
    }
    part->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    return true;
}

static void look_end(struct tap_part *part)
{
    busy_add(part);
    if (part->has_news) part->tap->wake(part->tap->opaque);
    part->has_news = false;
    if (part->text.capacity > TEXT_KEPT_MAX) buf_fini(&part->text);
    if (part->scratch.bytes) arena_fini(&part->scratch);
}

/* ---- which events ---- */

static bool holds(struct tap_part *part, const struct event *event)
{
    if (!part->where) return true;
    struct run run = {.event = event, .arena = &part->scratch};
    enum condition_verdict verdict = condition_eval(part->where, &run);
    if (verdict == CONDITION_ERROR || verdict == CONDITION_FAILED) lose(part, TAP_LOSS_FAILED, 1);
    if (part->scratch.bytes > SCRATCH_KEPT_MAX) arena_fini(&part->scratch);
    return verdict == CONDITION_TRUE;
}

/* Of all workers together at most `rate` in a second. The second and its count are one word. */
static bool rate_claim(struct tap *tap, uint64_t second)
{
    if (!tap->options.rate) return true;
    uint64_t now = second << 32, window = counter_get(&tap->window), next;
    do {
        bool is_new = (window >> 32) != (uint32_t)second;
        if (!is_new && (uint32_t)window >= (uint64_t)tap->options.rate) return false;
        next = is_new ? now + 1 : window + 1;
    } while (!atomic_compare_exchange_weak(&tap->window, &window, next));
    return true;
}

/* Whether an event for which the condition holds is shown. One that is has a claim on `limit`,
 * which is given back if it cannot be written. */
static bool admits(struct tap_part *part)
{
    struct tap *tap = part->tap;
    uint64_t limit = (uint64_t)tap->options.limit;
    if (part->found++ % (uint64_t)tap->options.sample) return false;
    if (limit && atomic_fetch_add(&tap->claimed, 1) >= limit) {
        atomic_fetch_sub(&tap->claimed, 1);
        return false;
    }
    if (rate_claim(tap, part->second)) return true;
    if (limit) atomic_fetch_sub(&tap->claimed, 1);
    lose(part, TAP_LOSS_RATE, 1);
    return false;
}

static void claim_return(struct tap_part *part, enum tap_loss why)
{
    if (part->tap->options.limit) atomic_fetch_sub(&part->tap->claimed, 1);
    lose(part, why, 1);
}

/* ---- lines ---- */

/* What is in `text` goes to the watcher, as one event. */
static void publish(struct tap_part *part)
{
    if (!tap_ring_write(&part->ring, buf_str(&part->text))) {
        claim_return(part, part->text.len > TAP_RING_BYTES ? TAP_LOSS_LARGE : TAP_LOSS_SLOW);
        return;
    }
    atomic_fetch_add_explicit(&part->tap->shown, 1, memory_order_relaxed);
    part->has_news = true;
}

/* ---- at one place ---- */

static void look_alone(struct tap_part *part, enum tap_at at, const struct batch *batch,
                       const struct selection *in)
{
    if (!look_begin(part, in->count)) return;
    for (uint32_t i = 0; i < in->count; i++) {
        const struct event *event = batch->events[in->index[i]];
        if (!may_go_on(part, in->count - i)) break;
        if (!holds(part, event) || !admits(part)) continue;
        if (!tap_event_fits(event, part->tap->options.metadata)) {
            claim_return(part, TAP_LOSS_LARGE);
            continue;
        }
        buf_clear(&part->text);
        tap_line_put(part, at, 0, false, event, &part->text);
        publish(part);
    }
    look_end(part);
}

static void look_in(void *opaque, const struct batch *batch, const struct selection *in)
{
    look_alone(opaque, TAP_AT_IN, batch, in);
}

static void look_out(void *opaque, const struct batch *batch, const struct selection *in)
{
    look_alone(opaque, TAP_AT_OUT, batch, in);
}

/* ---- before and behind ---- */

static struct tap_pair *pair_add(struct tap_part *part)
{
    if (part->pair_count == part->pair_capacity) {
        part->pair_capacity = part->pair_capacity ? part->pair_capacity * 2 : 128;
        part->pairs = xreallocarray(part->pairs, part->pair_capacity, sizeof *part->pairs);
    }
    return &part->pairs[part->pair_count++];
}

/* With a condition every event is kept: it may hold only behind the plugin. */
static void keep(struct tap_part *part, const struct event *event)
{
    bool is_admitted = !part->where;
    if (is_admitted && !admits(part)) return;
    bool fits = tap_event_fits(event, part->tap->options.metadata);
    if (!fits || part->before.len > BEFORE_BYTES_MAX) {
        enum tap_loss why = fits ? TAP_LOSS_BUSY : TAP_LOSS_LARGE;
        if (is_admitted)
            claim_return(part, why);
        else
            lose(part, why, 1);
        return;
    }
    bool does_hold = holds(part, event);
    struct tap_pair *pair = pair_add(part);
    *pair = (struct tap_pair){.event = event->index,
                              .holds = does_hold,
                              .id = ++part->last_id,
                              .start = part->before.len};
    tap_line_put(part, TAP_AT_IN, pair->id, false, event, &part->before);
    pair->end = part->before.len;
}

static void look_before(void *opaque, const struct batch *batch, const struct selection *in)
{
    struct tap_part *part = opaque;
    part->pair_count = 0;
    part->count_before = batch->count;
    buf_clear(&part->before);
    if (!look_begin(part, in->count)) return;
    for (uint32_t i = 0; i < in->count; i++) {
        if (!may_go_on(part, in->count - i)) break;
        keep(part, batch->events[in->index[i]]);
    }
    look_end(part);
}

/* Which of the events seen before the plugin this one is, or was made of. */
static uint32_t origin(const struct tap_part *part, const struct batch *batch,
                       const struct event *event)
{
    while (event->index >= part->count_before && event->parent != event->index)
        event = batch->events[event->parent];
    return event->index;
}

static void marks_set(struct tap_part *part, bool is_set)
{
    if (part->mark_capacity < part->count_before) {
        part->marks = xreallocarray(part->marks, part->count_before, sizeof *part->marks);
        memset(part->marks + part->mark_capacity, 0,
               (part->count_before - part->mark_capacity) * sizeof *part->marks);
        part->mark_capacity = part->count_before;
    }
    for (uint32_t i = 0; i < part->pair_count; i++)
        part->marks[part->pairs[i].event] = is_set ? i + 1 : 0;
}

static uint32_t mark_of(const struct tap_part *part, const struct batch *batch, uint32_t index)
{
    uint32_t from = origin(part, batch, batch->events[index]);
    return from < part->count_before ? part->marks[from] : 0;
}

/* What became of pair number `number`: the selection from *at on, up to the end of the family. Both
 * are in arrival order, and a family stands together. */
static struct selection family(const struct tap_part *part, const struct batch *batch,
                               const struct selection *in, uint32_t number, uint32_t *at)
{
    while (*at < in->count && !mark_of(part, batch, in->index[*at])) ++*at;
    struct selection found = {in->index + *at, 0};
    while (*at < in->count && mark_of(part, batch, in->index[*at]) == number + 1) {
        found.count++;
        ++*at;
    }
    return found;
}

static bool any_holds(struct tap_part *part, const struct batch *batch, const struct selection *in)
{
    for (uint32_t i = 0; i < in->count; i++)
        if (holds(part, batch->events[in->index[i]])) return true;
    return false;
}

static void show_pair(struct tap_part *part, const struct tap_pair *pair, const struct batch *batch,
                      const struct selection *now)
{
    bool metadata = part->tap->options.metadata;
    if (part->where && !((pair->holds || any_holds(part, batch, now)) && admits(part))) return;
    buf_clear(&part->text);
    buf_append(&part->text, str_slice(buf_str(&part->before), pair->start, pair->end));
    for (uint32_t i = 0; i < now->count; i++) {
        const struct event *event = batch->events[now->index[i]];
        if (!tap_event_fits(event, metadata) || part->text.len > TAP_RING_BYTES) {
            claim_return(part, TAP_LOSS_LARGE);
            return;
        }
        tap_line_put(part, TAP_AT_OUT, pair->id, event->index != pair->event, event, &part->text);
    }
    if (!now->count) tap_line_put(part, TAP_AT_OUT, pair->id, false, NULL, &part->text);
    publish(part);
}

static void look_behind(void *opaque, const struct batch *batch, const struct selection *in)
{
    struct tap_part *part = opaque;
    if (!part->pair_count) return;
    part->looked_ns = clock_ns(CLOCK_MONOTONIC);
    part->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    marks_set(part, true);
    for (uint32_t i = 0, at = 0; i < part->pair_count; i++) {
        struct selection now = family(part, batch, in, i, &at);
        if (may_spend(part))
            show_pair(part, &part->pairs[i], batch, &now);
        else if (part->where)
            lose(part, TAP_LOSS_BUSY, 1);
        else
            claim_return(part, TAP_LOSS_BUSY);
    }
    marks_set(part, false);
    part->pair_count = 0;
    if (part->before.capacity > TEXT_KEPT_MAX) buf_fini(&part->before);
    look_end(part);
}

/* ---- hooks ---- */

static void begun(void *opaque)
{
    struct tap_part *part = opaque;
    atomic_store(&part->has_begun, true);
    part->tap->wake(part->tap->opaque);
}

static void dropped(void *opaque) { tap_release(((struct tap_part *)opaque)->tap); }

const struct probe_hooks tap_look_alone_in = {look_in, begun, dropped};
const struct probe_hooks tap_look_alone_out = {look_out, begun, dropped};
const struct probe_hooks tap_look_before = {look_before, begun, dropped};
const struct probe_hooks tap_look_behind = {look_behind, begun, dropped};
