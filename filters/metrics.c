/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: counts events and measures numbers in them, and makes an event of what it found every few
 * seconds. Events pass unchanged; the common options are those of the event it makes. One set of numbers
 * for all workers of a pipeline.
 *
 * Names are taken literally: `a.b` and `[a]` are one field each, with the numbers below it. */
#include <uv.h>
#include "core/input.h"
#include "core/plugin.h"
#include "core/state/meter.h"
#include "core/state/table.h"
#include "core/text/number.h"

struct percentile {
    double percent;
    struct str name; /* p95 */
};

struct metrics {
    struct template_list meter;
    struct template_pairs timer;
    struct duration ignore_older_than;
    int64_t flush_interval, clear_interval, max_metrics;
    struct config_option rates, percentiles;
    bool has_rate[METER_RATES];
    struct percentile *percents;
    uint32_t percent_count;
    struct str host_name;
    struct shared *shared;
};

struct measured {
    struct meter meter;
    struct sample sample; /* of timers */
};

struct metrics_state {
    struct table meters, timers;
    int64_t since_flush_s, since_clear_s;
    uint64_t random;
};

static const struct option metrics_options[] = {
    OPTION_TEMPLATES(struct metrics, meter, .help = "Names under which each event is counted."),
    OPTION_TEMPLATE_PAIRS(struct metrics, timer,
                          .help = "Names, each with the number to measure: { \"took\" => \"%{duration}\" }."),
    OPTION_DURATION(struct metrics, ignore_older_than, .preset = "0", .unit = "s",
                    .help = "Events whose time is further back are not counted. 0: all are."),
    OPTION_INT(struct metrics, flush_interval, .preset = "5", .min = 1, .max = INT32_MAX,
               .help = "Seconds between two events of numbers: 5, 10, 15 and so on."),
    OPTION_INT(struct metrics, clear_interval, .preset = "-1", .min = -1, .max = INT32_MAX,
               .help = "Seconds after which all numbers begin anew: 5, 10, 15 and so on. -1 or 0: never."),
    OPTION_RAW(struct metrics, rates,
               .help = "Which rates an event tells, in minutes: of 1, 5 and 15, which are all by default."),
    OPTION_RAW(struct metrics, percentiles,
               .help = "Percentiles of timers; 1, 5, 10, 90, 95, 99 and 100 by default."),
    OPTION_INT(struct metrics, max_metrics, .preset = "10000", .min = 1, .max = UINT32_MAX,
               .help = "Most names kept. Beyond it the one not seen for longest is forgotten and counted."),
    OPTION_END
};

/* ---- options ---- */

static bool rates_read(struct metrics *self, const struct plugin_context *context)
{
    const struct config_value *list = self->rates.value;
    bool ok = true;
    for (int i = 0; i < METER_RATES; i++) self->has_rate[i] = !list;
    uint32_t count = !list ? 0 : list->kind == CONFIG_ARRAY ? list->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        const struct config_value *item = list->kind == CONFIG_ARRAY ? &list->items[i] : list;
        int64_t minutes = 0;
        double real;
        bool is_known = config_number(item->text, &minutes, &real) == NUMBER_INT;
        for (int k = 0; k < METER_RATES; k++)
            if (is_known && meter_minutes[k] == minutes) self->has_rate[k] = true;
        if (is_known && (minutes == 1 || minutes == 5 || minutes == 15)) continue;
        struct message *message = diag_error(context->diag, item->place,
                                             "there is no rate of `%.*s` minutes", STR_ARG(item->text));
        diag_hint(context->diag, message, "rates are 1, 5 and 15");
        ok = false;
    }
    return ok;
}

static bool percentile_read(struct metrics *self, const struct plugin_context *context,
                            const struct config_value *item)
{
    struct percentile *row = &self->percents[self->percent_count++];
    int64_t integer = 0;
    enum number_form form = config_number(item->text, &integer, &row->percent);
    if (form == NUMBER_INT) row->percent = (double)integer;
    row->name = arena_printf(context->arena, "p%.*s", STR_ARG(item->text));
    bool is_number = form == NUMBER_INT || form == NUMBER_DOUBLE;
    if (is_number && row->percent >= 0 && row->percent <= 100) return true;
    diag_error(context->diag, item->place, "`%.*s` is no percentile: a number from 0 to 100", STR_ARG(item->text));
    return false;
}

static bool percentiles_read(struct metrics *self, const struct plugin_context *context)
{
    static const int preset[] = {1, 5, 10, 90, 95, 99, 100};
    const struct config_value *list = self->percentiles.value;
    uint32_t count = !list ? sizeof preset / sizeof *preset : list->kind == CONFIG_ARRAY ? list->count : 1;
    bool ok = true;
    self->percents = arena_zalloc(context->arena, (count + 1) * sizeof *self->percents);
    for (uint32_t i = 0; i < count; i++)
        if (list)
            ok = percentile_read(self, context, list->kind == CONFIG_ARRAY ? &list->items[i] : list) && ok;
        else
            self->percents[self->percent_count++] =
                (struct percentile){preset[i], arena_printf(context->arena, "p%d", preset[i])};
    return ok;
}

/* Accepted, as there: the next beat is the one at which it is over. */
static void interval_check(const struct plugin_context *context, const char *option, int64_t seconds)
{
    if (seconds <= 0 || seconds % METER_TICK_S == 0) return;
    struct message *message = diag_warning(context->diag, context_place(context, option),
                                           "%s is a multiple of %d seconds", option, METER_TICK_S);
    diag_hint(context->diag, message, "it is %lld",
              (long long)(seconds + METER_TICK_S - seconds % METER_TICK_S));
}

/* ---- state ---- */

static void measured_drop(void *payload) { sample_fini(&((struct measured *)payload)->sample); }

static void state_init(void *opaque, struct shared *shared)
{
    struct metrics_state *state = opaque;
    state->random = 0x9e3779b97f4a7c15u;
    table_init(&state->meters, shared, sizeof(struct measured), measured_drop);
    table_init(&state->timers, shared, sizeof(struct measured), measured_drop);
}

static void state_fini(void *opaque)
{
    struct metrics_state *state = opaque;
    table_fini(&state->meters);
    table_fini(&state->timers);
}

static const struct shared_type metrics_shared = {
    .name = "metrics", .size = sizeof(struct metrics_state), .init = state_init, .fini = state_fini};

static bool metrics_create(void *opaque, const struct plugin_context *context)
{
    struct metrics *self = opaque;
    self->shared = context_share_own(context, &metrics_shared);
    self->host_name = input_host_name(context->arena);
    bool ok = rates_read(self, context);
    ok = percentiles_read(self, context) && ok;
    interval_check(context, "flush_interval", self->flush_interval);
    interval_check(context, "clear_interval", self->clear_interval);
    if (self->meter.count || self->timer.count) return ok;
    diag_hint(context->diag, diag_error(context->diag, context->place, "there is nothing to measure"),
              "set meter or timer");
    return false;
}

/* ---- events ---- */

static struct measured *measured_of(const struct metrics *self, struct table *table, struct str name)
{
    struct measured *measured = table_find(table, name);
    if (!measured) {
        while (!table_has_room(table, (uint64_t)self->max_metrics, sizeof *measured + name.len))
            table_evict(table, table_oldest(table));
        measured = table_add(table, name);
    }
    table_touch(table, measured);
    return measured;
}

static double random_next(struct metrics_state *state)
{
    state->random ^= state->random << 13;
    state->random ^= state->random >> 7;
    state->random ^= state->random << 17;
    return (double)(state->random >> 11) / (double)((uint64_t)1 << 53);
}

static void timer_update(const struct metrics *self, struct metrics_state *state, const struct template_pair *pair,
                         const struct event *event)
{
    struct str name = template_render(&pair->name, event);
    double value = pair->values.count ? number_lenient_float(template_render(&pair->values.items[0], event)) : 0;
    struct measured *measured = measured_of(self, &state->timers, name);
    size_t before = sample_bytes(&measured->sample);
    meter_mark(&measured->meter);
    sample_add(&measured->sample, value, (double)uv_hrtime() / 1e9, random_next(state));
    table_charge(&state->timers, measured, before, sample_bytes(&measured->sample));
}

static bool is_too_old(const struct metrics *self, const struct batch *batch, const struct event *event)
{
    const struct value *time = event_slot(event, SLOT_TIMESTAMP);
    if (!self->ignore_older_than.ns || !time || time->kind != VALUE_TIME) return false;
    return (double)batch->now.seconds - (double)time->seconds > (double)self->ignore_older_than.ns / 1e9;
}

static void metrics_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    (void)out;
    const struct metrics *self = opaque;
    struct metrics_state *state = shared_enter(self->shared);
    SELECTION_EACH (batch, in, event) {
        if (is_too_old(self, batch, event)) continue;
        for (uint32_t i = 0; i < self->meter.count; i++)
            meter_mark(&measured_of(self, &state->meters, template_render(&self->meter.items[i], event))->meter);
        for (uint32_t i = 0; i < self->timer.count; i++)
            timer_update(self, state, &self->timer.items[i], event);
    }
    shared_leave(self->shared);
}

/* ---- telling ---- */

static void put(struct event *event, struct str name, struct str what, struct value value)
{
    struct path_step steps[] = {path_step_of(name), path_step_of(what)};
    struct path path;
    path_of_steps(&path, steps, 2);
    path_set(&path, event, value);
}

static void rates_put(const struct metrics *self, struct event *event, struct str name, const struct meter *meter)
{
    static const char *const names[METER_RATES] = {"rate_1m", "rate_5m", "rate_15m"};
    put(event, name, STR("count"), value_int((int64_t)meter->count));
    for (int i = 0; i < METER_RATES; i++)
        if (self->has_rate[i]) put(event, name, str_of(names[i]), value_double(meter->rates[i]));
}

static void sample_put(const struct metrics *self, struct event *event, struct str name, const struct sample *sample)
{
    double values[SAMPLE_MAX];
    uint32_t count = sample_sorted(sample, values);
    put(event, name, STR("min"), value_double(sample->min));
    put(event, name, STR("max"), value_double(sample->max));
    put(event, name, STR("stddev"), value_double(sample_deviation(sample)));
    put(event, name, STR("mean"), value_double(sample_mean(sample)));
    for (uint32_t i = 0; i < self->percent_count; i++)
        put(event, name, self->percents[i].name,
            value_double(sample_percentile(values, count, self->percents[i].percent)));
}

static void tell(const struct metrics *self, const struct metrics_state *state, struct outcome *out)
{
    struct event *event = outcome_child(out, NULL, true);
    if (!event) return;
    event_slot_set(event, SLOT_MESSAGE, value_string(self->host_name));
    const struct table *tables[] = {&state->meters, &state->timers};
    for (int t = 0; t < 2; t++)
        for (struct measured *at = table_oldest(tables[t]); at; at = table_newer(tables[t], at)) {
            if (!arena_allows(event->arena, 4096)) return;
            struct str name = arena_copy(event->arena, table_key(tables[t], at));
            rates_put(self, event, name, &at->meter);
            if (t == 1) sample_put(self, event, name, &at->sample);
        }
}

static void tick(struct table *table)
{
    for (struct measured *at = table_oldest(table); at; at = table_newer(table, at)) meter_tick(&at->meter);
}

static void metrics_flush(void *opaque, struct batch *batch, struct outcome *out, bool is_final)
{
    (void)batch, (void)is_final;
    const struct metrics *self = opaque;
    struct metrics_state *state = shared_enter(self->shared);
    state->since_flush_s += METER_TICK_S;
    state->since_clear_s += METER_TICK_S;
    tick(&state->meters);
    tick(&state->timers);
    if (state->since_flush_s >= self->flush_interval && (state->meters.count || state->timers.count)) {
        tell(self, state, out);
        state->since_flush_s = 0;
        if (self->clear_interval > 0 && state->since_clear_s >= self->clear_interval) {
            table_clear(&state->meters);
            table_clear(&state->timers);
            state->since_clear_s = 0;
        }
    }
    shared_leave(self->shared);
}

static void metrics_fields(const void *opaque, struct field_set *fields)
{
    const struct metrics *self = opaque;
    for (uint32_t i = 0; i < self->meter.count; i++) fields_read_template(fields, &self->meter.items[i]);
    for (uint32_t i = 0; i < self->timer.count; i++) fields_read_template(fields, &self->timer.items[i].name);
    fields_forget(fields); /* events of its own come behind it, which lack what others have */
}

const struct filter_type filter_metrics = {
    .name = "metrics",
    .summary = "Counts events and measures numbers in them, and tells it every few seconds.",
    .size = sizeof(struct metrics),
    .options = metrics_options,
    .create = metrics_create,
    .apply = metrics_apply,
    .flush = metrics_flush,
    .fields = metrics_fields,
};
