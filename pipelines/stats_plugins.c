/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins of a pipeline, summed over its workers. */
#include "core/delivery/delivery.h"
#include "pipelines/activity.h"
#include "pipelines/stats_part.h"

enum { METRIC_ROWS_MAX = 16 };

/* Windows of a plugin: its own are not sampled, so what is known is its lifetime. */
static json_t *lifetime(double value)
{
    json_t *object = json_object();
    put(object, "current", json_real(value));
    put(object, "lifetime", json_real(value));
    return object;
}

static double uptime_s(const struct stats *stats)
{
    double seconds = (double)(now_ns() - stats->started_ns) / 1e9;
    return seconds > 0.001 ? seconds : 0.001;
}

static json_t *plugin_flow(const struct stats *stats, const struct pipeline *pipeline, uint64_t events,
                           uint64_t duration_ns)
{
    json_t *flow = json_object();
    put(flow, "worker_utilization",
        lifetime((double)duration_ns / 1e7 / uptime_s(stats) / pipeline->worker_count));
    put(flow, "worker_millis_per_event", lifetime(events ? (double)duration_ns / 1e6 / (double)events : 0));
    return flow;
}

static json_t *plugin_row(struct str id, const char *name)
{
    json_t *row = json_object();
    put(row, "id", text(id));
    put_text(row, "name", name);
    return row;
}

static json_t *events_row(uint64_t in, uint64_t out, uint64_t duration_ns)
{
    json_t *events = json_object();
    put_number(events, "in", in);
    put_number(events, "out", out);
    put_number(events, "duration_in_millis", duration_ns / 1000000);
    return events;
}

static json_t *input_row(const struct stats *stats, const struct pipeline *pipeline, uint32_t i)
{
    struct component at = component_at(component_generation(pipeline), COMPONENT_INPUT, i);
    json_t *row = plugin_row(at.id, at.type), *events = json_object(), *flow = json_object();
    uint64_t out = component_sum(pipeline, COMPONENT_INPUT, i, offsetof(struct input, counters.events));
    put_number(events, "out", out);
    put_number(events, "queue_push_duration_in_millis", 0);
    put(row, "events", events);
    put(flow, "throughput", lifetime((double)out / uptime_s(stats)));
    put(row, "flow", flow);
    activity_add_input(row, pipeline, i);
    return row;
}

/* A filter's own numbers (grok's matches and failures), summed over the workers. */
static void filter_metrics(json_t *row, const struct pipeline *pipeline, uint32_t i)
{
    const struct filter *filter = component_generation(pipeline)->program.filters[i];
    struct metric_row rows[METRIC_ROWS_MAX];
    uint32_t count = filter->type->metrics ? filter->type->metrics(filter->self, rows, METRIC_ROWS_MAX) : 0;
    for (uint32_t k = 0; k < count; k++) {
        uint64_t sum = 0;
        for (uint32_t w = 0; w < pipeline->worker_count; w++) {
            struct metric_row mine[METRIC_ROWS_MAX];
            const struct filter *same = worker_generation(pipeline->workers[w])->program.filters[i];
            if (k < same->type->metrics(same->self, mine, METRIC_ROWS_MAX)) sum += counter_get(mine[k].counter);
        }
        put_number(row, rows[k].name, sum);
    }
}

/* What it remembers, once for all workers. */
static void filter_states(json_t *row, const struct pipeline *pipeline, uint32_t i)
{
    const struct shared *shared = component_generation(pipeline)->program.filters[i]->shared;
    if (!shared) return;
    put_number(row, "states", counter_get(&shared->counters.states));
    put_number(row, "state_bytes", counter_get(&shared->counters.bytes));
    put_number(row, "states_evicted", counter_get(&shared->counters.evicted));
}

/* Where a filter or an output counts what came, what left, and the time that took. */
struct passing {
    size_t in, out, duration_ns;
};

static json_t *passing_row(const struct stats *stats, const struct pipeline *pipeline, enum component_kind kind,
                           uint32_t i, struct passing counters)
{
    struct component at = component_at(component_generation(pipeline), kind, i);
    json_t *row = plugin_row(at.id, at.type);
    uint64_t in = component_sum(pipeline, kind, i, counters.in);
    uint64_t ns = component_sum(pipeline, kind, i, counters.duration_ns);
    put(row, "events", events_row(in, component_sum(pipeline, kind, i, counters.out), ns));
    put(row, "flow", plugin_flow(stats, pipeline, in, ns));
    return row;
}

static json_t *filter_row(const struct stats *stats, const struct pipeline *pipeline, uint32_t i)
{
    static const struct passing counters = {offsetof(struct filter, counters.in), offsetof(struct filter, counters.out),
                                            offsetof(struct filter, counters.duration_ns)};
    json_t *row = passing_row(stats, pipeline, COMPONENT_FILTER, i, counters);
    filter_metrics(row, pipeline, i);
    filter_states(row, pipeline, i);
    activity_add_filter(row, pipeline, i);
    return row;
}

static json_t *output_row(const struct stats *stats, const struct pipeline *pipeline, uint32_t i)
{
    static const struct passing counters = {offsetof(struct output, counters.offered),
                                            offsetof(struct output, counters.sent),
                                            offsetof(struct output, counters.full_ns)};
    json_t *row = passing_row(stats, pipeline, COMPONENT_OUTPUT, i, counters);
    activity_add_output(row, pipeline, i);
    return row;
}

static json_t *codec_row(const struct stats *stats, const struct pipeline *pipeline, uint32_t i)
{
    (void)stats;
    struct component at = component_at(component_generation(pipeline), COMPONENT_CODEC, i);
    json_t *row = plugin_row(at.id, at.type), *decode = json_object(), *encode = json_object();
    put_number(decode, "writes_in",
               component_sum(pipeline, COMPONENT_CODEC, i, offsetof(struct codec, decoded_frames)));
    put_number(decode, "out",
               component_sum(pipeline, COMPONENT_CODEC, i, offsetof(struct codec, decoded_events)));
    put_number(decode, "duration_in_millis", 0);
    put_number(encode, "writes_in",
               component_sum(pipeline, COMPONENT_CODEC, i, offsetof(struct codec, encoded_events)));
    put_number(encode, "duration_in_millis", 0);
    put(row, "decode", decode);
    put(row, "encode", encode);
    return row;
}

json_t *stats_plugin_rows(const struct stats *stats, const struct pipeline *pipeline,
                           enum component_kind kind)
{
    json_t *(*const rows[])(const struct stats *, const struct pipeline *, uint32_t) = {
        [COMPONENT_INPUT] = input_row, [COMPONENT_FILTER] = filter_row,
        [COMPONENT_OUTPUT] = output_row, [COMPONENT_CODEC] = codec_row};
    json_t *list = json_array();
    for (uint32_t i = 0; i < component_count(component_generation(pipeline), kind); i++)
        json_array_append_new(list, rows[kind](stats, pipeline, i));
    return list;
}
