/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/metrics_text.h"
#include "core/delivery/delivery.h"
#include "core/net/tls.h"
#include "core/delivery/spill.h"
#include "pipelines/components.h"
#include "pipelines/memory_limit.h"
#include "pipelines/patterns.h"
#include "pipelines/queue_stats.h"
#include "pipelines/taps.h"

static void label_value(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n') {
            buf_append_z(out, "\\n");
            continue;
        }
        if (c == '"' || c == '\\') buf_append_char(out, '\\');
        buf_append_char(out, c);
    }
}

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

struct labels {
    struct str pipeline, id;
    const char *kind, *type;
    const char *extra, *extra_value;
    const struct backlog_row *partition; /* or NULL */
};

static void row(struct buf *out, const char *name, const struct labels *labels, double value)
{
    buf_printf(out, "%s{pipeline=\"", name);
    label_value(out, labels->pipeline);
    buf_append_char(out, '"');
    if (labels->kind) {
        buf_printf(out, ",component_kind=\"%s\",component_type=\"%s\",component_id=\"", labels->kind, labels->type);
        label_value(out, labels->id);
        buf_append_char(out, '"');
    }
    if (labels->extra) {
        buf_printf(out, ",%s=\"", labels->extra);
        label_value(out, str_of(labels->extra_value));
        buf_append_char(out, '"');
    }
    if (labels->partition) {
        buf_append_z(out, ",topic=\"");
        label_value(out, labels->partition->topic);
        buf_printf(out, "\",partition=\"%d\"", (int)labels->partition->partition);
    }
    buf_printf(out, "} %.17g\n", value);
}

#define EACH_PIPELINE(stats_, pipeline_)                                                           \
    for (uint32_t p_ = 0; p_ < (stats_)->supervisor->pipeline_count; p_++)                         \
        for (const struct pipeline *pipeline_ = (stats_)->supervisor->pipelines[p_]; pipeline_; pipeline_ = NULL)

static void books(struct stats *stats, struct buf *out)
{
    family(out, "tailrace_events_total", "counter",
           "received + created = delivered + filtered + dead_lettered + dropped + in flight");
    EACH_PIPELINE(stats, pipeline)
    {
        struct books_sum sum = pipeline_books(pipeline);
        const struct { const char *state; uint64_t n; } rows[] = {
            {"received", sum.received}, {"created", sum.created}, {"delivered", sum.delivered},
            {"filtered", sum.filtered}, {"dead_lettered", sum.dead_lettered}, {"dropped", sum.dropped}};
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            row(out, "tailrace_events_total",
                &(struct labels){.pipeline = pipeline->id, .extra = "state", .extra_value = rows[i].state},
                (double)rows[i].n);
    }
    family(out, "tailrace_events_in_flight", "gauge", "Events received or created and not settled yet");
    EACH_PIPELINE(stats, pipeline)
        row(out, "tailrace_events_in_flight", &(struct labels){.pipeline = pipeline->id},
            (double)pipeline_books(pipeline).in_flight);
}

static void dead_letter_rows(struct stats *stats, const char *name, const char *type, const char *help, size_t offset,
                             struct buf *out)
{
    family(out, name, type, help);
    EACH_PIPELINE(stats, pipeline)
    {
        struct dead_letters_sum sum = pipeline_dead_letters(pipeline);
        uint64_t value;
        memcpy(&value, (const char *)&sum + offset, sizeof value);
        if (sum.is_on) row(out, name, &(struct labels){.pipeline = pipeline->id}, (double)value);
    }
}

#define DEAD_LETTERS(member_) offsetof(struct dead_letters_sum, member_)
static void dead_letters(struct stats *stats, struct buf *out)
{
    dead_letter_rows(stats, "tailrace_dead_letters_written_total", "counter", "Dead letters kept on disk",
                     DEAD_LETTERS(written), out);
    dead_letter_rows(stats, "tailrace_dead_letters_expired_total", "counter", "Dead letters deleted for their age",
                     DEAD_LETTERS(expired), out);
    dead_letter_rows(stats, "tailrace_dead_letters_evicted_total", "counter", "Dead letters deleted for newer ones",
                     DEAD_LETTERS(evicted), out);
    dead_letter_rows(stats, "tailrace_dead_letters_bytes", "gauge", "Bytes of dead letters on disk",
                     DEAD_LETTERS(bytes), out);
    family(out, "tailrace_dead_letters_dropped_total", "counter", "Events that died and could not be kept, by reason");
    EACH_PIPELINE(stats, pipeline)
    {
        struct dead_letters_sum sum = pipeline_dead_letters(pipeline);
        for (int i = 0; sum.is_on && i < DEAD_LETTERS_LOSSES; i++)
            row(out, "tailrace_dead_letters_dropped_total",
                &(struct labels){.pipeline = pipeline->id, .extra = "reason",
                                 .extra_value = dead_letters_loss_name((enum dead_letters_loss)i)},
                (double)sum.dropped[i]);
    }
}

#define WORKER(member_) offsetof(struct worker_counters, member_)
static void workers(struct stats *stats, struct buf *out)
{
    static const struct { const char *name, *type, *help; size_t offset; double scale; } rows[] = {
        {"tailrace_batches_total", "counter", "Batches run", WORKER(batches), 1},
        {"tailrace_busy_seconds_total", "counter", "Time in filters and outputs", WORKER(busy_ns), 1e-9},
        {"tailrace_paused_seconds_total", "counter", "Time inputs were paused", WORKER(paused_ns), 1e-9},
        {"tailrace_paused", "gauge", "Workers whose inputs are paused now", WORKER(paused), 1},
        {"tailrace_queued_batches", "gauge", "Batches waiting at a full output", WORKER(queued), 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        family(out, rows[i].name, rows[i].type, rows[i].help);
        EACH_PIPELINE(stats, pipeline)
        {
            double sum = 0;
            for (uint32_t w = 0; w < pipeline->worker_count; w++)
                sum += (double)counter_get((const atomic_uint_fast64_t *)(const void *)(
                    (const char *)worker_counters(pipeline->workers[w]) + rows[i].offset));
            row(out, rows[i].name, &(struct labels){.pipeline = pipeline->id}, sum * rows[i].scale);
        }
    }
    family(out, "tailrace_memory_bytes", "gauge", "Memory of a pipeline's events, charged to its budget");
    EACH_PIPELINE(stats, pipeline)
        row(out, "tailrace_memory_bytes", &(struct labels){.pipeline = pipeline->id},
            (double)budget_used(&pipeline->budget));
    family(out, "tailrace_memory_limit_bytes", "gauge", "Limit of that budget");
    EACH_PIPELINE(stats, pipeline)
        row(out, "tailrace_memory_limit_bytes", &(struct labels){.pipeline = pipeline->id},
            (double)pipeline->budget.limit);
}

#define QUEUE(member_) offsetof(struct queue_sum, member_)
static void queues(struct stats *stats, struct buf *out)
{
    static const struct { const char *name, *type, *help; size_t offset; double scale; } rows[] = {
        {"tailrace_queue_synced_events_total", "counter", "Frames made durable", QUEUE(synced_frames), 1},
        {"tailrace_queue_synced_bytes_total", "counter", "Bytes of them", QUEUE(synced_bytes), 1},
        {"tailrace_queue_stored_bytes_total", "counter", "What they took in the log", QUEUE(stored_bytes), 1},
        {"tailrace_queue_syncs_total", "counter", "Groups made durable", QUEUE(syncs), 1},
        {"tailrace_queue_sync_seconds_total", "counter", "Time that took", QUEUE(sync_ns), 1e-9},
        {"tailrace_queue_checkpoints_total", "counter", "Checkpoints of the queue", QUEUE(checkpoints), 1},
        {"tailrace_queue_gathered_events", "gauge", "Frames received and not durable yet", QUEUE(gathered_frames), 1},
        {"tailrace_queue_events", "gauge", "Frames in the queue that are not settled", QUEUE(waiting_frames), 1},
        {"tailrace_queue_bytes", "gauge", "Bytes of the queue on disk", QUEUE(bytes), 1},
        {"tailrace_queue_limit_bytes", "gauge", "Their limit, 0: none", QUEUE(bytes_max), 1},
        {"tailrace_queue_oldest_seconds", "gauge", "Age of the oldest that is being read", QUEUE(oldest_age_ms), 1e-3},
        {"tailrace_queue_full", "gauge", "Workers whose queue is full", QUEUE(is_full), 1},
        {"tailrace_queue_failing", "gauge", "Workers whose queue's disk refuses", QUEUE(is_failing), 1},
        {"tailrace_queue_errors_total", "counter", "Errors of the queue's disk", QUEUE(errors), 1},
        {"tailrace_queue_lost_records_total", "counter", "Records found damaged or missing", QUEUE(lost_records), 1},
        {"tailrace_queue_lost_bytes_total", "counter", "Their bytes", QUEUE(lost_bytes), 1},
        {"tailrace_queue_lost_events_total", "counter", "Their frames, as far as known", QUEUE(lost_frames), 1},
        {"tailrace_queue_orphaned_events_total", "counter", "Frames whose input is gone", QUEUE(orphan_frames), 1},
        {"tailrace_queue_blocked", "gauge", "Workers whose queue waits at such a frame", QUEUE(is_blocked), 1},
        {"tailrace_queue_folders_left", "gauge", "Queues of former workers", QUEUE(folders_left), 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        family(out, rows[i].name, rows[i].type, rows[i].help);
        EACH_PIPELINE(stats, pipeline)
        {
            struct queue_sum sum = queue_sum(pipeline);
            uint64_t value;
            memcpy(&value, (const char *)&sum + rows[i].offset, sizeof value);
            if (!sum.is_persisted) continue;
            row(out, rows[i].name, &(struct labels){.pipeline = pipeline->id}, (double)value * rows[i].scale);
        }
    }
}

static void expressions(struct stats *stats, struct buf *out)
{
    family(out, "tailrace_expression_failures_total", "counter",
           "Expressions that could not be computed; the events are tagged _expression_failure");
    EACH_PIPELINE(stats, pipeline)
    {
        uint64_t sum = 0;
        for (uint32_t w = 0; w < pipeline->worker_count; w++)
            sum += program_failures(&worker_generation(pipeline->workers[w])->program);
        row(out, "tailrace_expression_failures_total", &(struct labels){.pipeline = pipeline->id}, (double)sum);
    }
}

struct counter_row {
    const char *name, *type, *help;
    size_t offset;
    double scale;
};

#define INPUT(member_) offsetof(struct input, counters.member_)
static const struct counter_row input_rows[] = {
    {"component_received_events_total", "counter", "Events decoded by an input", INPUT(events), 1},
    {"component_received_bytes_total", "counter", "Bytes of frames of an input", INPUT(bytes), 1},
    {"component_received_frames_total", "counter", "Frames (lines, datagrams, records) of an input", INPUT(frames), 1},
    {"component_cut_frames_total", "counter", "Frames longer than the limit, cut", INPUT(cut), 1},
    {"component_cut_bytes_total", "counter", "Bytes cut off from them", INPUT(cut_bytes), 1},
    {"component_discarded_frames_total", "counter", "Half frames thrown away", INPUT(discarded), 1},
    {"component_open_connections", "gauge", "Connections open", INPUT(connections), 1},
    {"component_refused_connections_total", "counter", "Connections turned away at the limit", INPUT(refused), 1},
    {"component_kernel_drops_total", "counter", "Datagrams the kernel dropped", INPUT(kernel_drops), 1},
    {"component_input_errors_total", "counter", "Errors of an input", INPUT(errors), 1},
};
#define FILTER(member_) offsetof(struct filter, counters.member_)
static const struct counter_row filter_rows[] = {
    {"component_filter_events_in_total", "counter", "Events a filter saw", FILTER(in), 1},
    {"component_filter_events_out_total", "counter", "Events that went on", FILTER(out), 1},
    {"component_filter_matched_total", "counter", "Events it succeeded on", FILTER(matched), 1},
    {"component_filter_failed_total", "counter", "Events it tagged as failed", FILTER(failed), 1},
    {"component_filter_cancelled_total", "counter", "Events it dropped", FILTER(cancelled), 1},
    {"component_filter_created_total", "counter", "Events it made", FILTER(created), 1},
    {"component_filter_seconds_total", "counter", "Time spent in it", FILTER(duration_ns), 1e-9},
};
#define OUTPUT(member_) offsetof(struct output, counters.member_)
static const struct counter_row output_rows[] = {
    {"component_offered_events_total", "counter", "Events offered: sent, dead-lettered, dropped and in flight",
     OUTPUT(offered), 1},
    {"component_sent_events_total", "counter", "Events sent", OUTPUT(sent), 1},
    {"component_sent_bytes_total", "counter", "Bytes sent", OUTPUT(bytes), 1},
    {"component_dead_lettered_events_total", "counter", "Events dead-lettered", OUTPUT(dead_lettered), 1},
    {"component_dropped_events_total", "counter", "Events dropped", OUTPUT(dropped), 1},
    {"component_requests_total", "counter", "Requests (writes) made", OUTPUT(requests), 1},
    {"output_retry_total", "counter", "Requests made again", OUTPUT(retries), 1},
    {"component_output_errors_total", "counter", "Errors of an output", OUTPUT(errors), 1},
    {"component_full_dropped_events_total", "counter", "Of the dropped: there was no room", OUTPUT(dropped_full), 1},
    {"component_lost_events_total", "counter", "Of the dropped: not readable on disk", OUTPUT(dropped_lost), 1},
    {"component_diverted_events_total", "counter", "Events another output got", OUTPUT(diverted), 1},
    {"component_spilled_events_total", "counter", "Events written to disk", OUTPUT(spilled), 1},
    {"component_spilled_bytes_total", "counter", "Bytes of them", OUTPUT(spilled_bytes), 1},
    {"component_drained_events_total", "counter", "Events taken from disk again", OUTPUT(drained), 1},
    {"component_waiting_events", "gauge", "Events in front of the output, in memory and on disk", OUTPUT(waiting), 1},
    {"component_spill_bytes", "gauge", "Bytes of its logs on disk", OUTPUT(log_bytes), 1},
};

/* ---- outputs that send requests ---- */

#define DELIVERY(member_) offsetof(struct delivery_counters, member_)
static const struct counter_row delivery_rows[] = {
    {"output_requests_in_flight", "gauge", "Requests under way", DELIVERY(in_flight), 1},
    {"output_request_limit", "gauge", "Requests that may be under way, by the answers so far", DELIVERY(limit), 1},
    {"output_hosts_open", "gauge", "Hosts that failed in a row and are only tried now and then", DELIVERY(open), 1},
    {"output_held_bytes", "gauge", "Bytes that wait or are under way", DELIVERY(held_bytes), 1},
    {"output_request_splits_total", "counter", "Requests that were too large and went in halves", DELIVERY(splits), 1},
};

static void delivery_line(const struct pipeline *pipeline, uint32_t number, const struct counter_row *at,
                          const char *class, struct buf *out)
{
    uint64_t sum;
    if (!component_delivery(pipeline, number, at->offset, &sum)) return;
    struct component output = component_at(component_generation(pipeline), COMPONENT_OUTPUT, number);
    row(out, at->name,
        &(struct labels){.pipeline = pipeline->id, .id = output.id, .type = output.type, .kind = "output",
                         .extra = class ? "class" : NULL, .extra_value = class},
        (double)sum * at->scale);
}

static void delivery_family(struct stats *stats, const struct counter_row *at, const char *class, struct buf *out)
{
    EACH_PIPELINE(stats, pipeline)
    {
        uint32_t count = component_count(component_generation(pipeline), COMPONENT_OUTPUT);
        for (uint32_t i = 0; i < count; i++) delivery_line(pipeline, i, at, class, out);
    }
}

static void deliveries(struct stats *stats, struct buf *out)
{
    for (size_t i = 0; i < sizeof delivery_rows / sizeof *delivery_rows; i++) {
        family(out, delivery_rows[i].name, delivery_rows[i].type, delivery_rows[i].help);
        delivery_family(stats, &delivery_rows[i], NULL, out);
    }
    struct counter_row again = {.name = "output_events_again_total", .scale = 1};
    family(out, again.name, "counter", "Events sent again, by the class of the answer");
    for (uint32_t class = DELIVERY_GOOD + 1; class < DELIVERY_CLASSES; class++) {
        again.offset = DELIVERY(again) + class * sizeof(atomic_uint_fast64_t);
        delivery_family(stats, &again, delivery_class_name(class), out);
    }
}

#define CODEC(member_) offsetof(struct codec, member_)
static const struct counter_row codec_rows[] = {
    {"component_decoded_frames_total", "counter", "Frames a codec decoded", CODEC(decoded_frames), 1},
    {"component_decode_failures_total", "counter", "Frames that could not be decoded, tagged", CODEC(failed), 1},
};

/* A family for each row, in it a line for each plugin of the kind. */
static void families(struct stats *stats, enum component_kind kind, const struct counter_row *rows,
                     size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        family(out, rows[i].name, rows[i].type, rows[i].help);
        EACH_PIPELINE(stats, pipeline)
        {
            const struct generation *generation = component_generation(pipeline);
            for (uint32_t k = 0; k < component_count(generation, kind); k++) {
                struct component at = component_at(generation, kind, k);
                struct labels labels = {.pipeline = pipeline->id, .id = at.id, .type = at.type,
                                        .kind = component_kind_name(kind)};
                double sum = (double)component_sum(pipeline, kind, k, rows[i].offset);
                row(out, rows[i].name, &labels, sum * rows[i].scale);
            }
        }
    }
}

/* ---- lag of Kafka's partitions: rows are bounded for each member, the rest is one sum ---- */

struct lag_sums { uint64_t partitions, others; int64_t others_lag; };

static void lag_rows(const struct labels *labels, struct backlog *backlog, struct lag_sums *sums, struct buf *out)
{
    static struct backlog copy; /* large; control thread */
    backlog_read(backlog, &copy);
    for (uint32_t i = 0; i < copy.count; i++) {
        int64_t lag = backlog_lag(&copy.rows[i]);
        struct labels own = *labels;
        own.partition = &copy.rows[i];
        if (lag >= 0) row(out, "tailrace_kafka_lag", &own, (double)lag);
    }
    sums->partitions += copy.count + copy.others;
    sums->others += copy.others;
    sums->others_lag += copy.others_lag;
}

/* Of the instances of one input on all workers; false: it has no partitions to tell of. */
static bool lag_of_input(const struct pipeline *pipeline, const struct labels *labels, struct lag_sums *sums,
                         struct buf *out)
{
    bool has_any = false;
    for (uint32_t w = 0; w < pipeline->worker_count; w++) {
        const struct generation *generation = worker_generation(pipeline->workers[w]);
        for (uint32_t i = 0; i < generation->input_count; i++) {
            struct input *input = generation->inputs[i];
            struct backlog *backlog = str_eq(input->id, labels->id) ? atomic_load(&input->backlog) : NULL;
            if (!backlog) continue;
            has_any = true;
            lag_rows(labels, backlog, sums, out);
        }
    }
    return has_any;
}

static void lag(struct stats *stats, struct buf *out)
{
    struct buf partitions = {0};
    family(out, "tailrace_kafka_lag", "gauge", "Records of a partition that outputs are not done with yet");
    family(&partitions, "tailrace_kafka_partitions", "gauge", "Partitions that this process has");
    EACH_PIPELINE(stats, pipeline)
    {
        const struct generation *generation = component_generation(pipeline);
        for (uint32_t k = 0; k < component_count(generation, COMPONENT_INPUT); k++) {
            struct component at = component_at(generation, COMPONENT_INPUT, k);
            struct labels labels = {.pipeline = pipeline->id, .id = at.id, .type = at.type, .kind = "input"};
            struct lag_sums sums = {0};
            if (!lag_of_input(pipeline, &labels, &sums, out)) continue;
            row(&partitions, "tailrace_kafka_partitions", &labels, (double)sums.partitions);
            labels.extra = "partition";
            labels.extra_value = "others";
            if (sums.others) row(out, "tailrace_kafka_lag", &labels, (double)sums.others_lag);
        }
    }
    buf_append(out, buf_str(&partitions));
    buf_fini(&partitions);
}

/* ---- what waits in front of outputs ---- */

/* The oldest event that waits, on whichever worker. */
static double waiting_seconds(const struct pipeline *pipeline, struct str id)
{
    uint64_t oldest = 0, now_ms = spill_now_ms();
    for (uint32_t w = 0; w < pipeline->worker_count; w++) {
        const struct program *program = &worker_generation(pipeline->workers[w])->program;
        for (uint32_t i = 0; i < program->output_count; i++) {
            uint64_t since = counter_get(&program->outputs[i]->counters.waiting_since_ms);
            if (str_eq(program->outputs[i]->id, id) && since && (!oldest || since < oldest)) oldest = since;
        }
    }
    return oldest && oldest < now_ms ? (double)(now_ms - oldest) / 1000 : 0;
}

static void waiting_ages(struct stats *stats, struct buf *out)
{
    family(out, "component_waiting_seconds", "gauge", "Age of the oldest event that waits in front of an output");
    EACH_PIPELINE(stats, pipeline)
    {
        const struct generation *generation = component_generation(pipeline);
        for (uint32_t k = 0; k < component_count(generation, COMPONENT_OUTPUT); k++) {
            struct component at = component_at(generation, COMPONENT_OUTPUT, k);
            struct labels labels = {.pipeline = pipeline->id, .id = at.id, .type = at.type, .kind = "output"};
            row(out, "component_waiting_seconds", &labels, waiting_seconds(pipeline, at.id));
        }
    }
}

/* ---- state that filters keep, once for all workers ---- */

#define STATE(member_) offsetof(struct state_counters, member_)
static const struct counter_row state_rows[] = {
    {"component_filter_states", "gauge", "Keys that a filter remembers now", STATE(states), 1},
    {"component_filter_state_bytes", "gauge", "Bytes of memory for them", STATE(bytes), 1},
    {"component_filter_states_evicted_total", "counter", "Keys given up at a limit", STATE(evicted), 1},
};

static void state_lines(const struct pipeline *pipeline, const struct counter_row *at, struct buf *out)
{
    const struct program *program = &component_generation(pipeline)->program;
    for (uint32_t i = 0; i < program->filter_count; i++) {
        const struct filter *filter = program->filters[i];
        if (!filter->shared) continue;
        const char *counters = (const char *)&filter->shared->counters;
        uint64_t value = counter_get((const atomic_uint_fast64_t *)(const void *)(counters + at->offset));
        struct labels labels = {.pipeline = pipeline->id, .id = filter->id, .type = filter->type->name,
                                .kind = "filter"};
        row(out, at->name, &labels, (double)value * at->scale);
    }
}

static void states(struct stats *stats, struct buf *out)
{
    for (size_t i = 0; i < sizeof state_rows / sizeof *state_rows; i++) {
        family(out, state_rows[i].name, state_rows[i].type, state_rows[i].help);
        EACH_PIPELINE(stats, pipeline) state_lines(pipeline, &state_rows[i], out);
    }
}

/* ---- TLS of inputs and outputs ---- */

#define TLS(member_) offsetof(struct tls, counters.member_)
static const struct counter_row tls_rows[] = {
    {"component_tls_handshakes_total", "counter", "TLS handshakes that succeeded", TLS(handshakes), 1},
    {"component_tls_sessions", "gauge", "TLS sessions open", TLS(sessions), 1},
    {"component_tls_reloads_total", "counter", "Changed certificate files that were taken", TLS(reloads), 1},
    {"component_tls_reload_failures_total", "counter", "Changed certificate files that could not be used",
     TLS(reload_failures), 1},
};

static const struct tls *tls_of(const struct component *at, enum component_kind kind)
{
    return kind == COMPONENT_INPUT ? ((const struct input *)at->instance)->tls
                                   : ((const struct output *)at->instance)->tls;
}

/* Sum over the workers of a counter of what `first`, the first worker's plugin, has its TLS in. */
static double tls_sum(const struct pipeline *pipeline, enum component_kind kind, uint32_t number, size_t offset)
{
    double sum = 0;
    for (uint32_t w = 0; w < pipeline->worker_count; w++) {
        const struct generation *generation = worker_generation(pipeline->workers[w]);
        if (number >= component_count(generation, kind)) continue;
        struct component at = component_at(generation, kind, number);
        const struct tls *tls = tls_of(&at, kind);
        if (!tls) continue;
        sum += (double)counter_get((const atomic_uint_fast64_t *)(const void *)((const char *)tls + offset));
    }
    return sum;
}

/* A line for each plugin that has TLS; with `failure` its reason. */
static void tls_lines(struct stats *stats, const struct counter_row *at, const char *failure, struct buf *out)
{
    static const enum component_kind kinds[] = {COMPONENT_INPUT, COMPONENT_OUTPUT};
    EACH_PIPELINE(stats, pipeline)
        for (int i = 0; i < 2; i++)
            for (uint32_t k = 0; k < component_count(component_generation(pipeline), kinds[i]); k++) {
                struct component plugin = component_at(component_generation(pipeline), kinds[i], k);
                if (!tls_of(&plugin, kinds[i])) continue;
                struct labels labels = {.pipeline = pipeline->id, .id = plugin.id, .type = plugin.type,
                                        .kind = component_kind_name(kinds[i]),
                                        .extra = failure ? "reason" : NULL, .extra_value = failure};
                row(out, at->name, &labels, tls_sum(pipeline, kinds[i], k, at->offset));
            }
}

/* Each worker has read the same file: the first one's time is told. */
static void tls_expiry(struct stats *stats, struct buf *out)
{
    static const enum component_kind kinds[] = {COMPONENT_INPUT, COMPONENT_OUTPUT};
    family(out, "component_tls_certificate_expires_seconds", "gauge",
           "When the own certificate expires, seconds since 1970");
    EACH_PIPELINE(stats, pipeline)
        for (int i = 0; i < 2; i++)
            for (uint32_t k = 0; k < component_count(component_generation(pipeline), kinds[i]); k++) {
                struct component plugin = component_at(component_generation(pipeline), kinds[i], k);
                const struct tls *tls = tls_of(&plugin, kinds[i]);
                uint64_t expires_s = tls ? counter_get(&tls->counters.expires_s) : 0;
                if (!expires_s) continue;
                row(out, "component_tls_certificate_expires_seconds",
                    &(struct labels){.pipeline = pipeline->id, .id = plugin.id, .type = plugin.type,
                                     .kind = component_kind_name(kinds[i])}, (double)expires_s);
            }
}

static void tls_families(struct stats *stats, struct buf *out)
{
    for (size_t i = 0; i < sizeof tls_rows / sizeof *tls_rows; i++) {
        family(out, tls_rows[i].name, tls_rows[i].type, tls_rows[i].help);
        tls_lines(stats, &tls_rows[i], NULL, out);
    }
    family(out, "component_tls_failed_handshakes_total", "counter", "TLS handshakes that failed, by reason");
    for (int i = 0; i < TLS_FAILURES; i++) {
        size_t offset = TLS(failed) + (size_t)i * sizeof(atomic_uint_fast64_t);
        tls_lines(stats, &(struct counter_row){.name = "component_tls_failed_handshakes_total", .offset = offset},
                  tls_failure_names[i], out);
    }
    tls_expiry(stats, out);
}

/* ---- grok's patterns ---- */

enum { PATTERN_LABEL_MAX = 120 }; /* characters of a pattern that are shown */

struct grok_row {
    const char *name, *help;
    size_t offset; /* in struct pattern_numbers */
    double scale;
};

#define PATTERN(member_) offsetof(struct pattern_numbers, member_)
static const struct grok_row grok_rows[] = {
    {"grok_pattern_attempts_total", "Attempts of a grok pattern", PATTERN(attempts), 1},
    {"grok_pattern_matches_total", "Attempts that matched", PATTERN(matches), 1},
    {"grok_pattern_misses_total", "Attempts that did not match", PATTERN(misses), 1},
    {"grok_pattern_limit_total", "Attempts ended by the time limit", PATTERN(limits), 1},
    {"grok_pattern_seconds_total", "Time spent in a pattern, sampled", PATTERN(ns), 1e-9},
};

/* The pattern's place and its text, cut at a whole character. */
static void pattern_label(char label[PATTERN_LABEL_MAX + 16], uint32_t number, struct str text)
{
    size_t len = text.len < PATTERN_LABEL_MAX ? text.len : PATTERN_LABEL_MAX;
    while (len && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80) len--;
    snprintf(label, PATTERN_LABEL_MAX + 16, "%u: %.*s", number, (int)len, text.ptr);
}

static void grok_filter_rows(const struct pipeline *pipeline, uint32_t filter, const struct grok_row *at,
                             struct buf *out)
{
    struct str id = component_at(component_generation(pipeline), COMPONENT_FILTER, filter).id;
    for (uint32_t i = 0; i < patterns_count(pipeline, filter); i++) {
        struct pattern_numbers numbers = patterns_read(pipeline, filter, i);
        uint64_t value;
        memcpy(&value, (const char *)&numbers + at->offset, sizeof value);
        char label[PATTERN_LABEL_MAX + 16];
        pattern_label(label, i, numbers.pattern);
        row(out, at->name, &(struct labels){.pipeline = pipeline->id, .id = id, .kind = "filter",
                                            .type = "grok", .extra = "pattern", .extra_value = label},
            (double)value * at->scale);
    }
}

static void grok_patterns(struct stats *stats, struct buf *out)
{
    for (size_t i = 0; i < sizeof grok_rows / sizeof *grok_rows; i++) {
        family(out, grok_rows[i].name, "counter", grok_rows[i].help);
        EACH_PIPELINE(stats, pipeline)
            for (uint32_t k = 0; k < component_count(component_generation(pipeline), COMPONENT_FILTER); k++)
                grok_filter_rows(pipeline, k, &grok_rows[i], out);
    }
}

static void process(struct buf *out)
{
    struct process_numbers numbers = process_numbers_read();
    const struct { const char *name, *type, *help; double value; } rows[] = {
        {"process_cpu_seconds_total", "counter", "CPU time", (double)numbers.cpu_ns / 1e9},
        {"process_resident_memory_bytes", "gauge", "Resident memory", (double)numbers.resident_bytes},
        {"process_virtual_memory_bytes", "gauge", "Virtual memory", (double)numbers.virtual_bytes},
        {"process_open_fds", "gauge", "Open file descriptors", (double)numbers.open_files},
        {"process_max_fds", "gauge", "Limit of file descriptors", (double)numbers.max_files}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        family(out, rows[i].name, rows[i].type, rows[i].help);
        buf_printf(out, "%s %.17g\n", rows[i].name, rows[i].value);
    }
}

/* Nothing without a ceiling. */
static void memory(const struct stats *stats, struct buf *out)
{
    const struct memory_limit *memory = stats->supervisor->memory;
    if (!memory || !memory->ceiling) return;
    family(out, "tailrace_process_memory_bytes", "gauge", "Events of all pipelines, and what else is resident");
    buf_printf(out, "tailrace_process_memory_bytes %zu\n", budget_used(&memory->budget));
    family(out, "tailrace_process_memory_limit_bytes", "gauge", "The inputs of all pipelines pause at this");
    buf_printf(out, "tailrace_process_memory_limit_bytes %zu\n", memory->budget.limit);
}

static void taps(const struct stats *stats, struct buf *out)
{
    const struct { const char *name, *type, *help; uint64_t value; } rows[] = {
        {"tailrace_taps_open", "gauge", "Taps that look at events now", taps_count(stats->taps)},
        {"tailrace_taps_opened_total", "counter", "Taps that were opened", taps_opened(stats->taps)},
        {"tailrace_tap_events_total", "counter", "Events that taps have shown", taps_shown(stats->taps)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        family(out, rows[i].name, rows[i].type, rows[i].help);
        buf_printf(out, "%s %llu\n", rows[i].name, (unsigned long long)rows[i].value);
    }
}

void metrics_text(struct stats *stats, struct buf *out)
{
    family(out, "tailrace_build_info", "gauge", "Version of the program");
    buf_printf(out, "tailrace_build_info{version=\"%s\"} 1\n", TAILRACE_VERSION);
    family(out, "tailrace_pipeline_up", "gauge", "1 while a pipeline runs");
    EACH_PIPELINE(stats, pipeline)
        row(out, "tailrace_pipeline_up", &(struct labels){.pipeline = pipeline->id, .extra = "config_hash",
                                                          .extra_value = pipeline->hash},
            pipeline_state(pipeline) == PIPELINE_RUNNING);
    books(stats, out);
    dead_letters(stats, out);
    workers(stats, out);
    queues(stats, out);
    expressions(stats, out);
    families(stats, COMPONENT_INPUT, input_rows, sizeof input_rows / sizeof *input_rows, out);
    families(stats, COMPONENT_FILTER, filter_rows, sizeof filter_rows / sizeof *filter_rows, out);
    families(stats, COMPONENT_OUTPUT, output_rows, sizeof output_rows / sizeof *output_rows, out);
    deliveries(stats, out);
    waiting_ages(stats, out);
    families(stats, COMPONENT_CODEC, codec_rows, sizeof codec_rows / sizeof *codec_rows, out);
    lag(stats, out);
    states(stats, out);
    tls_families(stats, out);
    grok_patterns(stats, out);
    taps(stats, out);
    memory(stats, out);
    process(out);
}
