/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/overflow.h"
#include <assert.h>
#include <stdlib.h>
#include "core/delivery/spill.h"
#include "core/log.h"
#include "core/output.h"
#include "core/xmalloc.h"

enum { GIVE_EVENTS_MAX = 256 }; /* unpacked at a time */

static const char *const policies[] = {"block", "drop_newest", "drop_oldest", "divert", "spill", NULL};
static const char *const limit_policies[] = {"block", "drop_newest", "drop_oldest", NULL};

const struct option overflow_options[] = {
    OPTION_CHOICE(struct overflow_settings, when_full, .preset = "block", .choices = policies,
                  .help = "What happens to events that it does not take: all wait (block), they are dropped "
                          "(drop_newest), some wait in memory and the oldest of those are dropped (drop_oldest), "
                          "another output gets them (divert), they wait on disk (spill)."),
    OPTION_STRING(struct overflow_settings, divert_to,
                  .help = "The id of the output that gets them, with when_full => divert."),
    OPTION_SIZE(struct overflow_settings, spill_max_bytes, .preset = "1gb", .min = SPILL_BYTES_MIN,
                .max = INT64_C(1) << 50, .unit = "1024",
                .help = "Most bytes that events may take on disk, for each worker, with when_full => spill."),
    OPTION_CHOICE(struct overflow_settings, spill_when_full, .preset = "block", .choices = limit_policies,
                  .help = "What happens when these are used up or the disk is full."),
    OPTION_END,
};

/* ---- before the start ---- */

bool overflow_is_sound(const struct overflow_settings *settings, const struct plugin_context *context)
{
    struct diag *diag = context->diag;
    uint32_t errors = diag->errors;
    enum overflow_policy policy = (enum overflow_policy)settings->when_full.value;
    struct place place = context_place(context, "when_full");
    if (policy == OVERFLOW_DIVERT && !settings->divert_to.len)
        diag_hint(diag, diag_error(diag, place, "`when_full => divert` needs to know where to"),
                  "add divert_to => \"ID\", with the id of another output of this pipeline");
    if (policy != OVERFLOW_DIVERT && settings->divert_to.len)
        diag_hint(diag, diag_error(diag, context_place(context, "divert_to"), "`divert_to` does nothing here"),
                  "set when_full => divert, too");
    if (policy == OVERFLOW_SPILL && !context_is_given(context, "id"))
        diag_hint(diag,
                  diag_error(diag, place, "an output that spills needs an id: its events on disk are found by it"),
                  "add id => \"NAME\"");
    static const char *const of_spill[] = {"spill_max_bytes", "spill_when_full"};
    for (size_t i = 0; i < 2 && policy != OVERFLOW_SPILL; i++) {
        place = context_place(context, of_spill[i]);
        if (context_is_given(context, of_spill[i]))
            diag_hint(diag, diag_error(diag, place, "`%s` does nothing here", of_spill[i]),
                      "set when_full => spill, too");
    }
    return diag->errors == errors;
}

static struct overflow *overflow_new(struct output *output, enum overflow_policy policy)
{
    struct overflow *overflow = xcalloc(1, sizeof *overflow);
    overflow->output = output;
    overflow->policy = policy;
    return overflow;
}

struct overflow *overflow_create(struct output *output, const struct overflow_settings *settings,
                                 const struct plugin_context *context)
{
    enum overflow_policy policy = (enum overflow_policy)settings->when_full.value;
    if (policy == OVERFLOW_BLOCK) return NULL;
    struct overflow *overflow = overflow_new(output, policy);
    overflow->settings = settings;
    overflow->divert_place = context_place(context, "divert_to");
    return overflow;
}

static struct output *output_find(struct output *const *outputs, uint32_t count, struct str id)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_eq(outputs[i]->id, id)) return outputs[i];
    return NULL;
}

/* Does the way from here come back to where it began? */
static bool is_circle(const struct output *output, uint32_t count)
{
    const struct output *at = output;
    for (uint32_t steps = 0; steps <= count && at->overflow && at->overflow->divert; steps++) {
        at = at->overflow->divert;
        if (at == output) return true;
    }
    return false;
}

bool overflow_link(struct output *const *outputs, uint32_t count, struct diag *diag)
{
    uint32_t errors = diag->errors;
    for (uint32_t i = 0; i < count; i++) {
        struct overflow *overflow = outputs[i]->overflow;
        if (!overflow || overflow->policy != OVERFLOW_DIVERT) continue;
        overflow->divert = output_find(outputs, count, overflow->settings->divert_to);
        if (!overflow->divert)
            diag_hint(diag, diag_error(diag, overflow->divert_place, "no output of this pipeline has the id `%.*s`",
                                       STR_ARG(overflow->settings->divert_to)),
                      "give the output that is meant this id");
    }
    for (uint32_t i = 0; i < count; i++)
        if (is_circle(outputs[i], count))
            diag_hint(diag, diag_error(diag, outputs[i]->overflow->divert_place,
                                       "what this output does not take would come back to it"),
                      "divert to an output that does not divert to this one");
    return diag->errors == errors;
}

void overflow_destroy(struct overflow *overflow)
{
    if (!overflow) return;
    if (overflow->spill) spill_destroy(overflow->spill);
    if (overflow->is_started) hold_fini(&overflow->hold);
    free(overflow);
}

void overflow_start(struct output *output, struct str path_data)
{
    struct overflow *overflow = output->overflow;
    bool spills = overflow && overflow->policy == OVERFLOW_SPILL;
    struct spill_options options = {
        .path_data = path_data,
        .bytes_max = spills ? (uint64_t)overflow->settings->spill_max_bytes.bytes : SPILL_BYTES_MIN,
        .at_limit = spills ? (enum overflow_policy)overflow->settings->spill_when_full.value : OVERFLOW_BLOCK,
        .is_emptied = !spills};
    struct spill *spill = spill_create(output, &options);
    if (spill && !overflow) overflow = output->overflow = overflow_new(output, OVERFLOW_BLOCK);
    if (!overflow) return;
    overflow->spill = spill;
    overflow->is_started = true;
    hold_init(&overflow->hold, output->loop->budget);
}

/* ---- events ---- */

void overflow_drop(struct output *output, struct obligation *obligation, uint32_t event, const char *why)
{
    counter_add(&output->counters.dropped, 1);
    counter_add(&output->counters.dropped_full, 1);
    LOG(LOG_WARN, "output.dropped", output->id, "an event was dropped: %s", why);
    obligation_failed(obligation, event, VERDICT_DROPPED);
}

static struct selection behind(const struct selection *in, uint32_t taken)
{
    return (struct selection){in->index + taken, in->count - taken};
}

/* What the output itself takes; counted as offered. */
static uint32_t give(struct overflow *overflow, struct batch *batch, const struct selection *in,
                     struct obligation *obligation)
{
    struct output *output = overflow->output;
    if (overflow->is_full || !in->count) return 0;
    uint32_t taken = output->type->take(output->self, batch, in, obligation);
    assert(taken <= in->count);
    counter_add(&output->counters.offered, taken);
    overflow->is_full = taken < in->count;
    return taken;
}

static uint32_t divert(struct overflow *overflow, struct batch *batch, const struct selection *in,
                       struct obligation *obligation)
{
    struct output *other = overflow->divert;
    uint32_t taken = other->overflow ? overflow_take(other->overflow, batch, in, obligation)
                                     : other->type->take(other->self, batch, in, obligation);
    if (!other->overflow) counter_add(&other->counters.offered, taken);
    counter_add(&overflow->output->counters.diverted, taken);
    return taken;
}

static void drop_newest(struct overflow *overflow, struct batch *batch, const struct selection *in,
                        struct obligation *obligation)
{
    counter_add(&overflow->output->counters.offered, in->count);
    SELECTION_EACH(batch, in, event)
        overflow_drop(overflow->output, obligation, event->index, "the output is full (when_full => drop_newest)");
}

static void waiting_tell(struct overflow *overflow)
{
    uint64_t since = overflow->hold.first ? overflow->hold.first->since_ms : 0;
    atomic_store_explicit(&overflow->output->counters.waiting, overflow->hold.count, memory_order_relaxed);
    atomic_store_explicit(&overflow->output->counters.waiting_since_ms, since, memory_order_relaxed);
}

static void drop_oldest(struct overflow *overflow)
{
    struct hold_row row = *hold_row_at(&overflow->hold, 0, NULL);
    hold_pop(&overflow->hold);
    overflow_drop(overflow->output, row.obligation, row.event, "the output is full (when_full => drop_oldest)");
}

static void keep(struct overflow *overflow, struct batch *batch, const struct selection *in,
                 struct obligation *obligation)
{
    uint64_t now_ms = spill_now_ms();
    counter_add(&overflow->output->counters.offered, in->count);
    SELECTION_EACH(batch, in, event)
    {
        if (!hold_has_room(&overflow->hold) && !overflow->is_giving) drop_oldest(overflow);
        hold_push(&overflow->hold, event, obligation, NULL, now_ms);
    }
    waiting_tell(overflow);
}

uint32_t overflow_take(struct overflow *overflow, struct batch *batch, const struct selection *in,
                       struct obligation *obligation)
{
    struct spill *spill = overflow->spill;
    if (spill && (overflow->policy == OVERFLOW_SPILL || !spill_is_empty(spill)))
        return spill_take(spill, batch, in, obligation);
    uint32_t taken = overflow->hold.count ? 0 : give(overflow, batch, in, obligation);
    struct selection rest = behind(in, taken);
    if (!rest.count) return taken;
    switch (overflow->policy) {
    case OVERFLOW_DIVERT: return taken + divert(overflow, batch, &rest, obligation);
    case OVERFLOW_DROP_NEWEST: drop_newest(overflow, batch, &rest, obligation); return in->count;
    case OVERFLOW_DROP_OLDEST: keep(overflow, batch, &rest, obligation); return in->count;
    case OVERFLOW_BLOCK:
    case OVERFLOW_SPILL: break;
    }
    return taken;
}

/* ---- what waits in memory ---- */

/* The oldest of one batch, under what they are owed by: the output settles them as ever. */
static bool hold_give(struct overflow *overflow)
{
    struct hold *hold = &overflow->hold;
    struct output *output = overflow->output;
    struct batch *batch = batch_create(&output->loop->pool, NULL);
    uint32_t index[GIVE_EVENTS_MAX];
    struct selection in = {index, 0};
    struct obligation *obligation = hold_give_batch(hold, 0, GIVE_EVENTS_MAX, batch, index, &in.count);
    overflow->is_giving = true;
    uint32_t taken = output->type->take(output->self, batch, &in, obligation);
    overflow->is_giving = false;
    overflow->is_full = taken < in.count;
    for (uint32_t i = 0; i < taken; i++) hold_pop(hold);
    batch_destroy(batch);
    return !overflow->is_full;
}

void overflow_turn(struct overflow *overflow)
{
    if (!overflow->is_started) return;
    if (overflow->spill) spill_turn(overflow->spill);
    if (overflow->policy != OVERFLOW_DROP_OLDEST || !overflow->hold.count) return;
    bool goes_on = !overflow->is_full;
    while (goes_on && overflow->hold.count) goes_on = hold_give(overflow);
    waiting_tell(overflow);
}

bool overflow_may_stop(struct overflow *overflow)
{
    if (!overflow->is_started) return true;
    return overflow->hold.count == 0 && (!overflow->spill || spill_may_stop(overflow->spill));
}

bool overflow_has_ended(struct overflow *overflow)
{
    return !overflow->spill || spill_has_ended(overflow->spill);
}

void overflow_ready(struct overflow *overflow)
{
    overflow->is_full = false;
    if (overflow->spill) spill_ready(overflow->spill);
}

void overflow_failed(struct overflow *overflow, const struct obligation *obligation, uint32_t event,
                     enum verdict verdict)
{
    if (overflow->spill) spill_failed(overflow->spill, obligation, event, verdict);
}
