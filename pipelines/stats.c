/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/stats.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "core/delivery/delivery.h"
#include "core/log.h"
#include "core/xmalloc.h"
#include "pipelines/activity.h"
#include "pipelines/components.h"
#include "pipelines/data_folder.h"
#include "pipelines/graph.h"
#include "pipelines/queue_stats.h"

/* Consumers decode a version of Logstash's line: below 7.3 they leave pipelines out. */
#define API_VERSION "9.5.2"

enum { METRIC_ROWS_MAX = 16 };

/* The counters whose rates are shown, by place in a flow. */
enum { RATE_IN, RATE_FILTERED, RATE_OUT, RATE_BUSY_MS, RATE_PAUSED_MS };

static uint64_t now_ns(void) { return uv_hrtime(); }
static json_t *number(uint64_t n) { return json_integer((json_int_t)n); }
static json_t *text(struct str s) { return json_stringn(s.ptr ? s.ptr : "", s.len); }
static void put(json_t *object, const char *name, json_t *value)
{
    int failed = json_object_set_new(object, name, value);
    assert(!failed);
    (void)failed;
}
static void put_number(json_t *object, const char *name, uint64_t n) { put(object, name, number(n)); }
static void put_text(json_t *object, const char *name, const char *z) { put(object, name, json_string(z)); }

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

static json_t *window(const struct flow *flow, size_t value, double scale)
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
    put(object, "input_throughput", window(flow, RATE_IN, 1));
    put(object, "filter_throughput", window(flow, RATE_FILTERED, 1));
    put(object, "output_throughput", window(flow, RATE_OUT, 1));
    put(object, "queue_backpressure", window(flow, RATE_PAUSED_MS, 0.001));
    put(object, "worker_concurrency", window(flow, RATE_BUSY_MS, 0.001));
    /* of a pipeline: percent of its workers' time */
    if (workers) put(object, "worker_utilization", window(flow, RATE_BUSY_MS, 0.1 / workers));
    return object;
}

/* ---- jvm, process, os: honest substitutes ---- */

static json_t *pool(uint64_t used)
{
    json_t *object = json_object();
    put_number(object, "used_in_bytes", used);
    put_number(object, "max_in_bytes", used);
    put_number(object, "peak_used_in_bytes", used);
    put_number(object, "peak_max_in_bytes", used);
    put_number(object, "committed_in_bytes", used);
    return object;
}

static uint64_t memory_limit(const struct stats *stats)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
        sum += stats->supervisor->pipelines[i]->budget.limit;
    return sum;
}

static json_t *jvm_stats(const struct stats *stats)
{
    struct process_numbers process = process_numbers_read();
    uint64_t used = process.resident_bytes, most = memory_limit(stats) + used;
    json_t *jvm = json_object(), *threads = json_object(), *mem = json_object(), *pools = json_object();
    json_t *gc = json_object(), *collectors = json_object();
    uint64_t count = 1;
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
        count += stats->supervisor->pipelines[i]->worker_count + 1;
    put_number(threads, "count", count);
    put_number(threads, "peak_count", count);
    put(jvm, "threads", threads);
    put_number(jvm, "uptime_in_millis", (now_ns() - stats->started_ns) / 1000000);
    put_number(mem, "heap_used_percent", most ? used * 100 / most : 0);
    put_number(mem, "heap_committed_in_bytes", used);
    put_number(mem, "heap_max_in_bytes", most);
    put_number(mem, "heap_used_in_bytes", used);
    put_number(mem, "non_heap_used_in_bytes", 0);
    put_number(mem, "non_heap_committed_in_bytes", 0);
    put(pools, "young", pool(0));
    put(pools, "old", pool(used));
    put(pools, "survivor", pool(0));
    put(mem, "pools", pools);
    put(jvm, "mem", mem);
    static const char *const names[] = {"young", "old"};
    for (size_t i = 0; i < 2; i++) {
        json_t *collector = json_object();
        put_number(collector, "collection_count", 0);
        put_number(collector, "collection_time_in_millis", 0);
        put(collectors, names[i], collector);
    }
    put(gc, "collectors", collectors);
    put(jvm, "gc", gc);
    return jvm;
}

static json_t *process_stats(const struct stats *stats)
{
    struct process_numbers numbers = process_numbers_read();
    json_t *process = json_object(), *mem = json_object(), *cpu = json_object(), *load = json_object();
    put_number(process, "open_file_descriptors", numbers.open_files);
    put_number(process, "peak_open_file_descriptors",
               numbers.open_files > stats->peak_files ? numbers.open_files : stats->peak_files);
    put_number(process, "max_file_descriptors", numbers.max_files);
    put_number(mem, "total_virtual_in_bytes", numbers.virtual_bytes);
    put(process, "mem", mem);
    put_number(cpu, "total_in_millis", numbers.cpu_ns / 1000000);
    put_number(cpu, "percent", stats->cpu_percent);
    put(load, "1m", json_real(numbers.load[0]));
    put(load, "5m", json_real(numbers.load[1]));
    put(load, "15m", json_real(numbers.load[2]));
    put(cpu, "load_average", load);
    put(process, "cpu", cpu);
    return process;
}

static json_t *os_info(void)
{
    struct utsname name;
    json_t *os = json_object();
    if (uname(&name)) return os;
    put_text(os, "name", name.sysname);
    put_text(os, "arch", name.machine);
    put_text(os, "version", name.release);
    put_number(os, "available_processors", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
    return os;
}

static json_t *jvm_info(const struct stats *stats)
{
    json_t *jvm = json_object(), *mem = json_object(), *collectors = json_array();
    put_number(jvm, "pid", (uint64_t)getpid());
    put_text(jvm, "version", "none");
    put_text(jvm, "vm_version", TAILRACE_VERSION);
    put_text(jvm, "vm_vendor", "Tailrace");
    put_text(jvm, "vm_name", "Tailrace (no JVM)");
    put_number(jvm, "start_time_in_millis",
               stats->supervisor->pipeline_count ? stats->supervisor->pipelines[0]->started_at_ms : 0);
    put_number(mem, "heap_init_in_bytes", 0);
    put_number(mem, "heap_max_in_bytes", memory_limit(stats));
    put_number(mem, "non_heap_init_in_bytes", 0);
    put_number(mem, "non_heap_max_in_bytes", 0);
    put(jvm, "mem", mem);
    put(jvm, "gc_collectors", collectors);
    return jvm;
}

/* ---- plugins of a pipeline, summed over its workers ---- */

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

static json_t *filter_row(const struct stats *stats, const struct pipeline *pipeline, uint32_t i)
{
    struct component at = component_at(component_generation(pipeline), COMPONENT_FILTER, i);
    json_t *row = plugin_row(at.id, at.type);
    uint64_t in = component_sum(pipeline, COMPONENT_FILTER, i, offsetof(struct filter, counters.in));
    uint64_t out = component_sum(pipeline, COMPONENT_FILTER, i, offsetof(struct filter, counters.out));
    uint64_t ns = component_sum(pipeline, COMPONENT_FILTER, i, offsetof(struct filter, counters.duration_ns));
    put(row, "events", events_row(in, out, ns));
    put(row, "flow", plugin_flow(stats, pipeline, in, ns));
    filter_metrics(row, pipeline, i);
    filter_states(row, pipeline, i);
    activity_add_filter(row, pipeline, i);
    return row;
}

static json_t *output_row(const struct stats *stats, const struct pipeline *pipeline, uint32_t i)
{
    struct component at = component_at(component_generation(pipeline), COMPONENT_OUTPUT, i);
    json_t *row = plugin_row(at.id, at.type);
    uint64_t in = component_sum(pipeline, COMPONENT_OUTPUT, i, offsetof(struct output, counters.offered));
    uint64_t out = component_sum(pipeline, COMPONENT_OUTPUT, i, offsetof(struct output, counters.sent));
    uint64_t ns = component_sum(pipeline, COMPONENT_OUTPUT, i, offsetof(struct output, counters.full_ns));
    put(row, "events", events_row(in, out, ns));
    put(row, "flow", plugin_flow(stats, pipeline, in, ns));
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

static json_t *plugin_rows(const struct stats *stats, const struct pipeline *pipeline,
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
    put(plugins, "inputs", plugin_rows(stats, pipeline, COMPONENT_INPUT));
    put(plugins, "codecs", plugin_rows(stats, pipeline, COMPONENT_CODEC));
    put(plugins, "filters", plugin_rows(stats, pipeline, COMPONENT_FILTER));
    put(plugins, "outputs", plugin_rows(stats, pipeline, COMPONENT_OUTPUT));
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
    if (wants(parts, "jvm")) put(root, "jvm", jvm_stats(stats));
    if (wants(parts, "process")) put(root, "process", process_stats(stats));
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
    if (wants(parts, "os")) put(root, "os", os_info());
    if (wants(parts, "jvm")) put(root, "jvm", jvm_info(stats));
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

/* ---- health ---- */

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
    put_text(inner, "state", rows[state].state);
    put(details, "status", inner);
    if (state == PIPELINE_RUNNING) {
        json_t *flow = json_object();
        uint32_t workers = stats->supervisor->pipelines[i]->worker_count;
        put(flow, "worker_utilization", window(&stats->flows[i], RATE_BUSY_MS, 0.1 / workers));
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
