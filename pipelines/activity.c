/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/activity.h"
#include "pipelines/components.h"
#include "pipelines/patterns.h"

static void put(json_t *object, const char *name, json_t *value)
{
    int failed = json_object_set_new(object, name, value);
    assert(!failed);
    (void)failed;
}

static void put_number(json_t *object, const char *name, uint64_t n)
{
    put(object, name, json_integer((json_int_t)n));
}

/* Text of the configuration is UTF-8, but what the environment put into it may not be. */
static json_t *text(struct str s)
{
    json_t *string = json_stringn(s.ptr, s.len);
    return string ? string : json_string("(no UTF-8)");
}

struct number {
    const char *name;
    size_t offset; /* of the counter in the instance */
};

static json_t *numbers_of(const struct pipeline *pipeline, enum component_kind kind, uint32_t i,
                          const struct number *rows, size_t count)
{
    json_t *object = json_object();
    for (size_t k = 0; k < count; k++)
        put_number(object, rows[k].name, component_sum(pipeline, kind, i, rows[k].offset));
    return object;
}

/* ---- a pipeline ---- */

static const char *state_name(enum pipeline_state state)
{
    static const char *const names[] = {[PIPELINE_STARTING] = "starting",
                                        [PIPELINE_RUNNING] = "running",
                                        [PIPELINE_STOPPING] = "stopping",
                                        [PIPELINE_FINISHED] = "finished",
                                        [PIPELINE_FAILED] = "failed"};
    return names[state];
}

json_t *activity_of(const struct pipeline *pipeline)
{
    json_t *object = json_object();
    struct str waits = {0};
    uint64_t batches = 0, busy_ns = 0, paused_ns = 0, paused = 0, queued = 0;
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        const struct worker_counters *counters = worker_counters(pipeline->workers[i]);
        batches += counter_get(&counters->batches);
        busy_ns += counter_get(&counters->busy_ns);
        paused_ns += worker_paused_ns(pipeline->workers[i]);
        paused += counter_get(&counters->paused);
        queued += counter_get(&counters->queued);
        if (!waits.len) waits = worker_waits_for(pipeline->workers[i]);
    }
    put(object, "state", json_string(state_name(pipeline_state(pipeline))));
    put_number(object, "batches", batches);
    put_number(object, "busy_in_nanos", busy_ns);
    put_number(object, "paused_in_nanos", paused_ns);
    put_number(object, "paused_workers", paused);
    put_number(object, "queued_batches", queued);
    put(object, "waits_for", waits.len ? text(waits) : json_null());
    put_number(object, "memory_used_in_bytes", budget_used(&pipeline->budget));
    put_number(object, "memory_limit_in_bytes", pipeline->budget.limit);
    return object;
}

/* ---- plugins ---- */

#define INPUT(member_) offsetof(struct input, counters.member_)
void activity_add_input(json_t *row, const struct pipeline *pipeline, uint32_t i)
{
    static const struct number rows[] = {
        {"frames", INPUT(frames)},           {"bytes", INPUT(bytes)},   {"cut", INPUT(cut)},
        {"connections", INPUT(connections)}, {"errors", INPUT(errors)},
    };
    put(row, "reading", numbers_of(pipeline, COMPONENT_INPUT, i, rows, sizeof rows / sizeof *rows));
}

static json_t *patterns_of(const struct pipeline *pipeline, uint32_t filter)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < patterns_count(pipeline, filter); i++) {
        struct pattern_numbers numbers = patterns_read(pipeline, filter, i);
        json_t *row = json_object();
        put(row, "pattern", text(numbers.pattern));
        put_number(row, "attempts", numbers.attempts);
        put_number(row, "matches", numbers.matches);
        put_number(row, "misses", numbers.misses);
        put_number(row, "limits", numbers.limits);
        put_number(row, "duration_in_nanos", numbers.ns);
        json_array_append_new(list, row);
    }
    return list;
}

#define FILTER(member_) offsetof(struct filter, counters.member_)
void activity_add_filter(json_t *row, const struct pipeline *pipeline, uint32_t i)
{
    static const struct number rows[] = {
        {"matched", FILTER(matched)},
        {"failed", FILTER(failed)},
        {"cancelled", FILTER(cancelled)},
        {"created", FILTER(created)},
        {"duration_in_nanos", FILTER(duration_ns)},
    };
    put(row, "outcome",
        numbers_of(pipeline, COMPONENT_FILTER, i, rows, sizeof rows / sizeof *rows));
    if (patterns_count(pipeline, i)) put(row, "patterns", patterns_of(pipeline, i));
}

/* How long an output holds workers up now, beyond what was counted when it last went on. */
static uint64_t full_now_ns(const struct pipeline *pipeline, struct str id)
{
    uint64_t ns = 0;
    for (uint32_t i = 0; i < pipeline->worker_count; i++)
        if (str_eq(worker_waits_for(pipeline->workers[i]), id))
            ns += worker_waits_ns(pipeline->workers[i]);
    return ns;
}

#define OUTPUT(member_) offsetof(struct output, counters.member_)
void activity_add_output(json_t *row, const struct pipeline *pipeline, uint32_t i)
{
    enum { SETTLED = 3 }; /* the first rows */
    static const struct number rows[] = {
        {"sent", OUTPUT(sent)},
        {"dead_lettered", OUTPUT(dead_lettered)},
        {"dropped", OUTPUT(dropped)},
        {"offered",
         OUTPUT(offered)}, /* behind what is settled: none is settled before it was offered */
        {"bytes", OUTPUT(bytes)},
        {"requests", OUTPUT(requests)},
        {"retries", OUTPUT(retries)},
        {"errors", OUTPUT(errors)},
        {"full_in_nanos", OUTPUT(full_ns)},
        {"dropped_full", OUTPUT(dropped_full)},
        {"dropped_lost", OUTPUT(dropped_lost)},
        {"diverted", OUTPUT(diverted)},
        {"spilled", OUTPUT(spilled)},
        {"spilled_bytes", OUTPUT(spilled_bytes)},
        {"drained", OUTPUT(drained)},
        {"waiting", OUTPUT(waiting)},
        {"spill_bytes", OUTPUT(log_bytes)},
    };
    json_t *delivery = numbers_of(pipeline, COMPONENT_OUTPUT, i, rows, sizeof rows / sizeof *rows);
    struct str id = component_at(component_generation(pipeline), COMPONENT_OUTPUT, i).id;
    json_int_t full = json_integer_value(json_object_get(delivery, "full_in_nanos"));
    put_number(delivery, "full_in_nanos", (uint64_t)full + full_now_ns(pipeline, id));
    json_int_t settled = 0;
    for (size_t k = 0; k < SETTLED; k++)
        settled += json_integer_value(json_object_get(delivery, rows[k].name));
    json_int_t offered = json_integer_value(json_object_get(delivery, "offered"));
    put_number(delivery, "in_flight", offered > settled ? (uint64_t)(offered - settled) : 0);
    put(row, "delivery", delivery);
}
