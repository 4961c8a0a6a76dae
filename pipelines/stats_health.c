/* SPDX-License-Identifier: Apache-2.0 */
/* /_health_report. */
#include <time.h>
#include "core/delivery/delivery.h"
#include "pipelines/queue_stats.h"
#include "pipelines/stats_part.h"

static json_t *diagnosis(const char *id, const char *cause, const char *action)
{
    json_t *list = json_array(), *row = json_object();
    put_text(row, "id", id);
    put_text(row, "cause", cause);
    put_text(row, "action", action);
    put_text(row, "help_url", "");
    json_array_append_new(list, row);
    return list;
}

static json_t *impacts(const char *id, const char *description)
{
    json_t *list = json_array(), *row = json_object(), *areas = json_array();
    put_text(row, "id", id);
    put_number(row, "severity", 1);
    put_text(row, "description", description);
    json_array_append_new(areas, json_string("pipeline_execution"));
    put(row, "impact_areas", areas);
    json_array_append_new(list, row);
    return list;
}

/* Do hosts of an output fail, so that they are only tried now and then? */
static bool has_open_hosts(const struct pipeline *pipeline)
{
    uint64_t open;
    uint32_t count = component_count(component_generation(pipeline), COMPONENT_OUTPUT);
    for (uint32_t i = 0; i < count; i++)
        if (component_delivery(pipeline, i, offsetof(struct delivery_counters, open), &open) && open) return true;
    return false;
}

static json_t *pipeline_health(struct stats *stats, uint32_t i, const char **status)
{
    static const struct { const char *state, *status, *symptom; } rows[] = {
        [PIPELINE_STARTING] = {"LOADING", "yellow", "The pipeline is starting."},
        [PIPELINE_RUNNING] = {"RUNNING", "green", "The pipeline is healthy."},
        [PIPELINE_STOPPING] = {"RUNNING", "yellow", "The pipeline is draining."},
        [PIPELINE_FINISHED] = {"FINISHED", "yellow", "The pipeline has ended: its inputs have no more."},
        [PIPELINE_FAILED] = {"TERMINATED", "red", "The pipeline could not start."},
    };
    enum pipeline_state state = pipeline_state(stats->supervisor->pipelines[i]);
    json_t *root = json_object(), *details = json_object(), *inner = json_object();
    *status = rows[state].status;
    put_text(root, "status", rows[state].status);
    put_text(root, "symptom", rows[state].symptom);
    if (state == PIPELINE_FAILED) {
        put(root, "diagnosis", diagnosis("tailrace:health:pipeline:start", "an input or output refused to start",
                                         "read the log, correct the configuration, restart"));
        put(root, "impacts", impacts("tailrace:health:pipeline:impact", "the pipeline processes nothing"));
    }
    if (state == PIPELINE_RUNNING && has_open_hosts(stats->supervisor->pipelines[i]))
        put(root, "diagnosis", diagnosis("tailrace:health:output:hosts", "hosts of an output fail again and again",
                                         "read the log: what it is about is the network, the store or its login"));
    if (state == PIPELINE_RUNNING && queue_sum(stats->supervisor->pipelines[i]).is_blocked)
        put(root, "diagnosis", diagnosis("tailrace:health:queue:blocked",
                                         "the queue waits at events of an input that is gone",
                                         "put the input back, or set dead_letter_queue.enable: true, and restart"));
    put_text(inner, "state", rows[state].state);
    put(details, "status", inner);
    if (state == PIPELINE_RUNNING) {
        json_t *flow = json_object();
        uint32_t workers = stats->supervisor->pipelines[i]->worker_count;
        put(flow, "worker_utilization", stats_window(&stats->flows[i], RATE_BUSY_MS, 0.1 / workers));
        put(details, "flow", flow);
    }
    put(root, "details", details);
    return root;
}

json_t *stats_health(struct stats *stats)
{
    json_t *root = stats_common(stats), *indicators = json_object(), *pipelines = json_object();
    json_t *each = json_object();
    json_object_del(root, "pipeline");
    const char *worst = stats_status(stats);
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++) {
        const char *status;
        put(each, stats->supervisor->pipelines[i]->id.ptr, pipeline_health(stats, i, &status));
    }
    char stamp[32];
    time_t seconds = time(NULL);
    struct tm utc;
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    const char *symptom = *worst == 'g' ? "1 indicator is healthy (`pipelines`)"
                                        : "1 indicator is concerning (`pipelines`)";
    put_text(root, "symptom", symptom);
    put_text(root, "timestamp", stamp);
    put_text(pipelines, "status", worst);
    put_text(pipelines, "symptom", *worst == 'g' ? "all pipelines run" : "not all pipelines run");
    put(pipelines, "indicators", each);
    put(indicators, "pipelines", pipelines);
    put(root, "indicators", indicators);
    return root;
}
