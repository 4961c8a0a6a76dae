/* SPDX-License-Identifier: Apache-2.0 */
/* throttle: matches events of which too few or too many came within a period, by key. Counts are by the
 * events' own time, in slots of a period each, and those of one pipeline: the number of workers does not
 * change them.
 *
 *   key ─▶ first second seen · latest · [slot, count] [slot, count] …
 *
 * Departure: at max_counters the key that was not seen for longest is forgotten, at once. (Logstash goes
 * over it and shortens max_age step by step.) */
#include <stdlib.h>
#include "core/plugin.h"
#include "core/state/table.h"
#include "core/text/number.h"
#include "core/xmalloc.h"

enum { PERIOD_PRESET_S = 60, SLOTS_FIRST = 2 };

struct throttle {
    struct template key, period;
    int64_t before_count, after_count, max_counters;
    struct duration max_age;
    struct shared *shared;
};

struct slot {
    int64_t start, count;
};

struct counts {
    int64_t first, latest; /* seconds, of events */
    struct slot *slots;
    uint32_t slot_count, slot_capacity;
};

struct throttle_state {
    struct table keys;
    uint64_t counters; /* slots of all keys */
    int64_t latest;
};

static const struct option throttle_options[] = {
    OPTION_TEMPLATE(struct throttle, key, .required = true,
                    .help = "What is counted: events with the same text belong together."),
    OPTION_INT(struct throttle, before_count, .preset = "-1", .min = -1, .max = INT64_MAX,
               .help = "Matches while fewer than so many have come. -1: off."),
    OPTION_INT(struct throttle, after_count, .preset = "-1", .min = -1, .max = INT64_MAX,
               .help = "Matches once more than so many have come. -1: off."),
    OPTION_TEMPLATE(struct throttle, period, .preset = "60",
                    .help = "Seconds after which counting begins anew. What is no number above 0 means 60."),
    OPTION_DURATION(struct throttle, max_age, .preset = "3600", .unit = "s",
                    .help = "How long a count is kept behind the latest event; at least twice the period."),
    OPTION_INT(struct throttle, max_counters, .preset = "100000", .min = -1, .max = INT64_MAX,
               .help = "Most counts kept. Beyond it the key not seen for longest is forgotten. -1: as many "
                       "as there is memory for."),
    OPTION_END
};

/* ---- state ---- */

static void counts_drop(void *payload) { free(((struct counts *)payload)->slots); }

static void state_init(void *opaque, struct shared *shared)
{
    struct throttle_state *state = opaque;
    state->latest = INT64_MIN;
    table_init(&state->keys, shared, sizeof(struct counts), counts_drop);
}

static void state_fini(void *opaque) { table_fini(&((struct throttle_state *)opaque)->keys); }

static const struct shared_type throttle_shared = {
    .name = "throttle", .size = sizeof(struct throttle_state), .init = state_init, .fini = state_fini};

static void key_forget(struct throttle_state *state, struct counts *counts, bool is_evicted)
{
    state->counters -= counts->slot_count;
    if (is_evicted)
        table_evict(&state->keys, counts);
    else
        table_remove(&state->keys, counts);
}

/* The last key that is left gives up its earliest count. */
static void slot_forget(struct throttle_state *state, struct counts *counts)
{
    uint32_t earliest = 0;
    if (!counts->slot_count) return;
    for (uint32_t i = 1; i < counts->slot_count; i++)
        if (counts->slots[i].start < counts->slots[earliest].start) earliest = i;
    counts->slots[earliest] = counts->slots[--counts->slot_count];
    state->counters--;
    counter_add(&state->keys.shared->counters.evicted, 1);
}

/* Until there is room for one count more; `kept` stays. */
static void room_make(const struct throttle *self, struct throttle_state *state, struct counts *kept)
{
    uint64_t most = self->max_counters > 0 ? (uint64_t)self->max_counters : UINT64_MAX;
    size_t bytes = sizeof(struct counts) + SLOTS_FIRST * sizeof(struct slot);
    while (state->counters >= most || !table_has_room(&state->keys, 0, bytes)) {
        struct counts *oldest = table_oldest(&state->keys);
        if (oldest && oldest != kept) {
            key_forget(state, oldest, true);
            continue;
        }
        if (kept) slot_forget(state, kept);
        return;
    }
}

static struct counts *counts_of(const struct throttle *self, struct throttle_state *state, struct str key,
                                int64_t second)
{
    struct counts *counts = table_find(&state->keys, key);
    if (!counts) {
        room_make(self, state, NULL);
        counts = table_add(&state->keys, key);
        counts->first = counts->latest = second;
    }
    table_touch(&state->keys, counts);
    return counts;
}

static struct slot *slot_find(const struct counts *counts, int64_t start)
{
    for (uint32_t i = counts->slot_count; i-- > 0;)
        if (counts->slots[i].start == start) return &counts->slots[i];
    return NULL;
}

static struct slot *slot_add(const struct throttle *self, struct throttle_state *state, struct counts *counts,
                             int64_t start)
{
    room_make(self, state, counts);
    if (counts->slot_count == counts->slot_capacity) {
        uint32_t capacity = counts->slot_capacity ? counts->slot_capacity * 2 : SLOTS_FIRST;
        counts->slots = xreallocarray(counts->slots, capacity, sizeof *counts->slots);
        table_charge(&state->keys, counts, counts->slot_capacity * sizeof *counts->slots,
                     capacity * sizeof *counts->slots);
        counts->slot_capacity = capacity;
    }
    state->counters++;
    counts->slots[counts->slot_count] = (struct slot){.start = start};
    return &counts->slots[counts->slot_count++];
}

/* Slots that begin more than max_age before the latest one. */
static void slots_expire(const struct throttle *self, struct throttle_state *state, struct counts *counts)
{
    int64_t latest = INT64_MIN, age = self->max_age.ns / 1000000000;
    for (uint32_t i = 0; i < counts->slot_count; i++)
        if (counts->slots[i].start > latest) latest = counts->slots[i].start;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < counts->slot_count; i++)
        if (counts->slots[i].start >= latest - age) counts->slots[kept++] = counts->slots[i];
    state->counters -= counts->slot_count - kept;
    counts->slot_count = kept;
}

/* ---- events ---- */

static int64_t period_of(const struct throttle *self, const struct event *event)
{
    struct value seconds = number_lenient_integer(template_render(&self->period, event), event->arena);
    bool is_usable = seconds.kind == VALUE_INT && seconds.integer > 0;
    return is_usable ? seconds.integer : PERIOD_PRESET_S;
}

/* Years beyond all reason are as good as the end of time, and nothing overflows. */
static int64_t second_of(const struct event *event, const struct batch *batch)
{
    const struct value *time = event_slot(event, SLOT_TIMESTAMP);
    int64_t second = time && time->kind == VALUE_TIME ? time->seconds : batch->now.seconds;
    const int64_t most = INT64_MAX / 4;
    return second > most ? most : second < -most ? -most : second;
}

static bool is_throttled(const struct throttle *self, struct throttle_state *state, const struct event *event,
                         const struct batch *batch)
{
    int64_t second = second_of(event, batch), period = period_of(self, event);
    struct counts *counts = counts_of(self, state, template_render(&self->key, event), second);
    if (second > counts->latest) counts->latest = second;
    if (second > state->latest) state->latest = second;
    int64_t into = (second - counts->first) % period;
    int64_t start = second - (into < 0 ? into + period : into);
    struct slot *slot = slot_find(counts, start);
    bool is_new = !slot;
    if (is_new) slot = slot_add(self, state, counts, start);
    int64_t count = ++slot->count;
    if (is_new) slots_expire(self, state, counts);
    return (self->before_count != -1 && count < self->before_count) ||
           (self->after_count != -1 && count > self->after_count);
}

static void throttle_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    const struct throttle *self = opaque;
    struct throttle_state *state = shared_enter(self->shared);
    SELECTION_EACH (batch, in, event)
        if (is_throttled(self, state, event, batch)) outcome_matched(out, event);
    shared_leave(self->shared);
}

/* Keys that are idle, by the time of events, are forgotten. Nothing is held back. */
static void throttle_flush(void *opaque, struct batch *batch, struct outcome *out, bool is_final)
{
    (void)batch, (void)out, (void)is_final;
    const struct throttle *self = opaque;
    struct throttle_state *state = shared_enter(self->shared);
    struct counts *counts = table_oldest(&state->keys);
    while (counts) {
        struct counts *next = table_newer(&state->keys, counts);
        if (counts->latest < state->latest - self->max_age.ns / 1000000000) key_forget(state, counts, false);
        counts = next;
    }
    shared_leave(self->shared);
}

static bool throttle_create(void *opaque, const struct plugin_context *context)
{
    struct throttle *self = opaque;
    self->shared = context_share_own(context, &throttle_shared);
    if (self->before_count != -1 || self->after_count != -1) return true;
    struct message *message = diag_warning(context->diag, context->place, "throttle never matches");
    diag_hint(context->diag, message, "set before_count or after_count");
    return true;
}

static void throttle_fields(const void *opaque, struct field_set *fields)
{
    const struct throttle *self = opaque;
    fields_read_template(fields, &self->key);
    fields_read_template(fields, &self->period);
}

const struct filter_type filter_throttle = {
    .name = "throttle",
    .summary = "Tells events of which too few or too many came within a time.",
    .size = sizeof(struct throttle),
    .options = throttle_options,
    .create = throttle_create,
    .apply = throttle_apply,
    .flush = throttle_flush,
    .fields = throttle_fields,
};
