/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>
#include "core/log.h"
#include "core/xmalloc.h"
#include "pipelines/activity.h"
#include "pipelines/components.h"
#include "pipelines/data_folder.h"
#include "pipelines/graph.h"
#include "pipelines/queue_stats.h"
#include "pipelines/stats_part.h"

/* Consumers decode a version of Logstash's line: below 7.3 they leave pipelines out. */
#define API_VERSION "9.5.2"

/* ---- sums ---- */

struct sums {
    uint64_t in, filtered, out, busy_ns, paused_ns;
};

static void sums_add(struct sums *sums, const struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        const struct books *books = worker_books(pipeline->workers[i]);
        const struct worker_counters *counters = worker_counters(pipeline->workers[i]);
        sums->in += counter_get(&books->received);
        sums->filtered += counter_get(&books->received);
        sums->out += counter_get(&books->delivered);
        sums->busy_ns += counter_get(&counters->busy_ns);
        sums->paused_ns += counter_get(&counters->paused_ns);
    }
}

static struct sums sums_all(const struct stats *stats)
{
    struct sums sums = {0};
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
        sums_add(&sums, stats->supervisor->pipelines[i]);
    return sums;
}

static void sample(struct flow *flow, const struct sums *sums, uint64_t now)
{
    uint64_t values[FLOW_VALUES] = {sums->in, sums->filtered, sums->out, sums->busy_ns / 1000000,
                                    sums->paused_ns / 1000000};
    flow_sample(flow, now, values);
}

void stats_sample(struct stats *stats)
{
    uint64_t now = now_ns();
    struct sums all = {0};
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++) {
        struct sums sums = {0};
        sums_add(&sums, stats->supervisor->pipelines[i]);
        sample(&stats->flows[i], &sums, now);
        sums_add(&all, stats->supervisor->pipelines[i]);
    }
    sample(&stats->total, &all, now);
    struct process_numbers process = process_numbers_read();
    if (process.open_files > stats->peak_files) stats->peak_files = process.open_files;
    if (now > stats->cpu_last_at_ns)
        stats->cpu_percent = (uint32_t)((process.cpu_ns - stats->cpu_last_ns) * 100 / (now - stats->cpu_last_at_ns));
    stats->cpu_last_ns = process.cpu_ns;
    stats->cpu_last_at_ns = now;
}

void stats_init(struct stats *stats, struct supervisor *supervisor)
{
    *stats = (struct stats){.supervisor = supervisor, .started_ns = now_ns()};
    stats->flows = xcalloc(supervisor->pipeline_count + 1, sizeof *stats->flows);
    uuid_make(stats->ephemeral_id);
    stats->cpu_last_at_ns = stats->started_ns;
    stats_sample(stats);
}

void stats_fini(struct stats *stats) { free(stats->flows); }

/* ---- common parts ---- */

const char *stats_status(const struct stats *stats)
{
    const struct supervisor *supervisor = stats->supervisor;
    const char *worst = supervisor->refused ? "red" : "green";
    for (uint32_t i = 0; i < supervisor->pipeline_count; i++)
        switch (pipeline_state(supervisor->pipelines[i])) {
        case PIPELINE_FAILED: return "red";
        case PIPELINE_RUNNING: break;
        default:
            if (*worst == 'g') worst = "yellow";
        }
    return worst;
}

bool stats_is_ready(const struct stats *stats)
{
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
        if (pipeline_state(stats->supervisor->pipelines[i]) != PIPELINE_RUNNING) return false;
    return stats->supervisor->refused == 0;
}

static json_t *host_name(void)
{
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    return json_string(name);
}

json_t *stats_common(struct stats *stats)
{
    const struct settings *settings = stats->supervisor->settings;
    json_t *root = json_object(), *pipeline = json_object();
    put(root, "host", host_name());
    put_text(root, "version", API_VERSION);
    put_text(root, "http_address", stats->http_address);
    put_text(root, "id", stats->supervisor->node_id);
    put(root, "name", settings->node_name.len ? text(settings->node_name) : host_name());
    put_text(root, "ephemeral_id", stats->ephemeral_id);
    put(root, "snapshot", json_false());
    put_text(root, "status", stats_status(stats));
    put_number(pipeline, "workers", (uint64_t)settings->workers);
    put_number(pipeline, "batch_size", (uint64_t)settings->batch_size);
    put_number(pipeline, "batch_delay", (uint64_t)settings->batch_delay);
    put(root, "pipeline", pipeline);
    return root;
}

static json_t *events_of(const struct sums *sums)
{
    json_t *events = json_object();
    put_number(events, "in", sums->in);
    put_number(events, "filtered", sums->filtered);
    put_number(events, "out", sums->out);
    put_number(events, "duration_in_millis", sums->busy_ns / 1000000);
    put_number(events, "queue_push_duration_in_millis", sums->paused_ns / 1000000);
    return events;
}

json_t *stats_window(const struct flow *flow, size_t value, double scale)
{
    json_t *object = json_object();
    double rate;
    for (int i = 0; i < FLOW_WINDOWS; i++)
        if (flow_rate(flow, (enum flow_window)i, value, &rate))
            put(object, flow_window_names[i], json_real(rate * scale));
    put(object, "lifetime", json_real(flow_lifetime(flow, value) * scale));
    if (!json_object_get(object, "current")) put(object, "current", json_real(0));
    return object;
}

static json_t *flow_of(const struct flow *flow, uint32_t workers)
{
    json_t *object = json_object();
    put(object, "input_throughput", stats_window(flow, RATE_IN, 1));
    put(object, "filter_throughput", stats_window(flow, RATE_FILTERED, 1));
    put(object, "output_throughput", stats_window(flow, RATE_OUT, 1));
    put(object, "queue_backpressure", stats_window(flow, RATE_PAUSED_MS, 0.001));
    put(object, "worker_concurrency", stats_window(flow, RATE_BUSY_MS, 0.001));
    /* of a pipeline: percent of its workers' time */
    if (workers) put(object, "worker_utilization", stats_window(flow, RATE_BUSY_MS, 0.1 / workers));
    return object;
}

static json_t *reloads(bool detailed)
{
    json_t *object = json_object();
    put_number(object, "successes", 0);
    put_number(object, "failures", 0);
    if (!detailed) return object;
    put(object, "last_success_timestamp", json_null());
    put(object, "last_failure_timestamp", json_null());
    put(object, "last_error", json_null());
    return object;
}

static json_t *books_of(const struct pipeline *pipeline)
{
    struct books_sum sum = pipeline_books(pipeline);
    json_t *books = json_object();
    put_number(books, "received", sum.received);
    put_number(books, "created", sum.created);
    put_number(books, "delivered", sum.delivered);
    put_number(books, "filtered", sum.filtered);
    put_number(books, "dead_lettered", sum.dead_lettered);
    put_number(books, "dropped", sum.dropped);
    put_number(books, "in_flight", sum.in_flight);
    return books;
}

/* As Logstash; `written` and `dropped` by reason are ours. */
static json_t *dead_letters_of(const struct pipeline *pipeline)
{
    static const char *const policies[] = {"drop_newer", "drop_older"}; /* enum dead_letters_policy */
    struct dead_letters_sum sum = pipeline_dead_letters(pipeline);
    json_t *root = json_object(), *reasons = json_object();
    uint64_t dropped = sum.evicted;
    for (int i = 0; i < DEAD_LETTERS_LOSSES; i++) {
        dropped += sum.dropped[i];
        put_number(reasons, dead_letters_loss_name((enum dead_letters_loss)i), sum.dropped[i]);
    }
    put_number(reasons, "evicted", sum.evicted);
    put_number(root, "queue_size_in_bytes", sum.bytes);
    put_number(root, "max_queue_size_in_bytes", (uint64_t)pipeline->settings.dead_letter_queue_max_bytes.bytes);
    put_number(root, "written_events", sum.written);
    put_number(root, "dropped_events", dropped);
    put_number(root, "expired_events", sum.expired);
    put(root, "dropped", reasons);
    put_text(root, "last_error", sum.problem ? sum.problem : "no errors");
    put_text(root, "storage_policy", policies[pipeline->settings.dead_letter_queue_storage_policy.value]);
    return root;
}

static json_t *pipeline_stats(struct stats *stats, uint32_t i, bool vertices)
{
    const struct pipeline *pipeline = stats->supervisor->pipelines[i];
    struct sums sums = {0};
    sums_add(&sums, pipeline);
    json_t *root = json_object(), *plugins = json_object(), *settings = json_object();
    put(root, "events", events_of(&sums));
    put(root, "flow", flow_of(&stats->flows[i], pipeline->worker_count));
    put(plugins, "inputs", stats_plugin_rows(stats, pipeline, COMPONENT_INPUT));
    put(plugins, "codecs", stats_plugin_rows(stats, pipeline, COMPONENT_CODEC));
    put(plugins, "filters", stats_plugin_rows(stats, pipeline, COMPONENT_FILTER));
    put(plugins, "outputs", stats_plugin_rows(stats, pipeline, COMPONENT_OUTPUT));
    put(root, "plugins", plugins);
    put(root, "reloads", reloads(true));
    put(root, "queue", queue_stats(pipeline));
    if (pipeline_dead_letters(pipeline).is_on) put(root, "dead_letter_queue", dead_letters_of(pipeline));
    put(root, "books", books_of(pipeline));
    put(root, "activity", activity_of(pipeline));
    put_number(settings, "workers", pipeline->worker_count);
    put_number(settings, "batch_size", (uint64_t)pipeline->settings.batch_size);
    put_number(settings, "batch_delay", (uint64_t)pipeline->settings.batch_delay);
    put(root, "pipeline", settings);
    put_text(root, "hash", pipeline->hash);
    put_text(root, "ephemeral_id", pipeline->ephemeral_id);
    if (vertices) put(root, "vertices", graph_vertices(pipeline, true));
    return root;
}

static bool pipeline_is(const struct pipeline *pipeline, const char *id)
{
    return !id || str_eq_z(pipeline->id, id);
}

static json_t *pipelines_stats(struct stats *stats, const char *id, bool vertices)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
        if (pipeline_is(stats->supervisor->pipelines[i], id))
            put(object, stats->supervisor->pipelines[i]->id.ptr, pipeline_stats(stats, i, vertices));
    return object;
}

static bool wants(const char *parts, const char *part)
{
    if (!parts || !*parts) return true;
    size_t len = strlen(part);
    for (const char *at = parts; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, part, len) && (at[len] == ',' || !at[len])) return true;
    return false;
}

static bool parts_are_known(const char *parts, const char *const *known)
{
    for (const char *at = parts && *parts ? parts : NULL; at;) {
        size_t len = strcspn(at, ",");
        bool found = false;
        for (size_t i = 0; known[i]; i++) found |= strlen(known[i]) == len && !strncmp(at, known[i], len);
        if (!found) return false;
        at = at[len] ? at + len + 1 : NULL;
    }
    return true;
}

json_t *stats_node_stats(struct stats *stats, const char *parts, const char *pipeline, bool vertices)
{
    static const char *const known[] = {"jvm", "process", "events", "flow", "pipelines", "reloads",
                                        "os", "queue", NULL};
    if (!parts_are_known(parts, known)) return NULL;
    json_t *root = stats_common(stats);
    struct sums all = sums_all(stats);
    if (wants(parts, "jvm")) put(root, "jvm", stats_jvm(stats));
    if (wants(parts, "process")) put(root, "process", stats_process(stats));
    if (wants(parts, "events")) put(root, "events", events_of(&all));
    if (wants(parts, "flow")) put(root, "flow", flow_of(&stats->total, 0));
    if (wants(parts, "pipelines")) put(root, "pipelines", pipelines_stats(stats, pipeline, vertices));
    if (wants(parts, "reloads")) put(root, "reloads", reloads(false));
    if (wants(parts, "os")) put(root, "os", json_object());
    if (wants(parts, "queue")) {
        uint64_t waiting = 0;
        for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
            waiting += queue_sum(stats->supervisor->pipelines[i]).waiting_frames;
        json_t *queue = json_object();
        put_number(queue, "events_count", waiting);
        put(root, "queue", queue);
    }
    return root;
}

/* ---- node info ---- */

static json_t *pipeline_info(const struct pipeline *pipeline, bool graph)
{
    json_t *root = json_object();
    put_text(root, "ephemeral_id", pipeline->ephemeral_id);
    put_text(root, "hash", pipeline->hash);
    put_number(root, "workers", pipeline->worker_count);
    put_number(root, "batch_size", (uint64_t)pipeline->settings.batch_size);
    put_number(root, "batch_delay", (uint64_t)pipeline->settings.batch_delay);
    put_number(root, "batch_output_chunking_growth_threshold_factor", 1000);
    put(root, "config_reload_automatic", json_false());
    put_number(root, "config_reload_interval", 3000000000);
    bool has_dead_letters = pipeline->settings.dead_letter_queue_enable;
    put(root, "dead_letter_queue_enabled", json_boolean(has_dead_letters));
    if (has_dead_letters) put_text(root, "dead_letter_queue_path", pipeline->dead_letters.ptr);
    if (graph) put(root, "graph", graph_of(pipeline));
    return root;
}

json_t *stats_node(struct stats *stats, const char *parts, const char *pipeline, bool graph)
{
    static const char *const known[] = {"pipelines", "os", "jvm", NULL};
    if (!parts_are_known(parts, known)) return NULL;
    json_t *root = stats_common(stats), *list = json_object();
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
        if (pipeline_is(stats->supervisor->pipelines[i], pipeline))
            put(list, stats->supervisor->pipelines[i]->id.ptr,
                pipeline_info(stats->supervisor->pipelines[i], graph));
    if (wants(parts, "pipelines"))
        put(root, "pipelines", list);
    else
        json_decref(list);
    if (wants(parts, "os")) put(root, "os", stats_os_info());
    if (wants(parts, "jvm")) put(root, "jvm", stats_jvm_info(stats));
    return root;
}

static void plugin_name(json_t *list, const char *kind, const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "logstash-%s-%s", kind, name);
    json_t *row = json_object();
    put_text(row, "name", full);
    put_text(row, "version", TAILRACE_VERSION);
    json_array_append_new(list, row);
}

json_t *stats_plugins(struct stats *stats)
{
    json_t *root = stats_common(stats), *list = json_array();
    for (size_t i = 0; codec_types[i]; i++) plugin_name(list, "codec", codec_types[i]->name);
    for (size_t i = 0; filter_types[i]; i++) plugin_name(list, "filter", filter_types[i]->name);
    for (size_t i = 0; input_types[i]; i++) plugin_name(list, "input", input_types[i]->name);
    for (size_t i = 0; output_types[i]; i++) plugin_name(list, "output", output_types[i]->name);
    put_number(root, "total", json_array_size(list));
    put(root, "plugins", list);
    return root;
}

json_t *stats_logging(struct stats *stats)
{
    json_t *root = stats_common(stats), *loggers = json_object();
    put_text(loggers, "tailrace", log_level_name(log_level_get()));
    put(root, "loggers", loggers);
    return root;
}
