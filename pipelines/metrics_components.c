/* SPDX-License-Identifier: Apache-2.0 */
/* The families of single plugins: each kind's counters, the state that filters keep, TLS, grok's patterns. */
#include "core/net/tls.h"
#include "pipelines/metrics_part.h"
#include "pipelines/patterns.h"

#define INPUT(member_) offsetof(struct input, counters.member_)
static const struct metrics_counter input_rows[] = {
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
static const struct metrics_counter filter_rows[] = {
    {"component_filter_events_in_total", "counter", "Events a filter saw", FILTER(in), 1},
    {"component_filter_events_out_total", "counter", "Events that went on", FILTER(out), 1},
    {"component_filter_matched_total", "counter", "Events it succeeded on", FILTER(matched), 1},
    {"component_filter_failed_total", "counter", "Events it tagged as failed", FILTER(failed), 1},
    {"component_filter_cancelled_total", "counter", "Events it dropped", FILTER(cancelled), 1},
    {"component_filter_created_total", "counter", "Events it made", FILTER(created), 1},
    {"component_filter_seconds_total", "counter", "Time spent in it", FILTER(duration_ns), 1e-9},
};
#define OUTPUT(member_) offsetof(struct output, counters.member_)
static const struct metrics_counter output_rows[] = {
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

#define CODEC(member_) offsetof(struct codec, member_)
static const struct metrics_counter codec_rows[] = {
    {"component_decoded_frames_total", "counter", "Frames a codec decoded", CODEC(decoded_frames), 1},
    {"component_decode_failures_total", "counter", "Frames that could not be decoded, tagged", CODEC(failed), 1},
};

#define ROWS(rows_) {rows_, sizeof(rows_) / sizeof *(rows_)}
static const struct {
    const struct metrics_counter *rows;
    size_t count;
} kinds[] = {
    [COMPONENT_INPUT] = ROWS(input_rows),
    [COMPONENT_FILTER] = ROWS(filter_rows),
    [COMPONENT_OUTPUT] = ROWS(output_rows),
    [COMPONENT_CODEC] = ROWS(codec_rows),
};

void metrics_components(struct stats *stats, enum component_kind kind, struct buf *out)
{
    assert((size_t)kind < sizeof kinds / sizeof *kinds && kinds[kind].rows);
    const struct metrics_counter *rows = kinds[kind].rows;
    for (size_t i = 0; i < kinds[kind].count; i++) {
        metrics_family(out, rows[i].name, rows[i].type, rows[i].help);
        EACH_PIPELINE(stats, pipeline)
        {
            const struct generation *generation = component_generation(pipeline);
            for (uint32_t k = 0; k < component_count(generation, kind); k++) {
                struct component at = component_at(generation, kind, k);
                struct metrics_labels labels = {
                    .pipeline = pipeline->id, .id = at.id, .type = at.type, .kind = component_kind_name(kind)};
                double sum = (double)component_sum(pipeline, kind, k, rows[i].offset);
                metrics_row(out, rows[i].name, &labels, sum * rows[i].scale);
            }
        }
    }
}

/* ---- state that filters keep, once for all workers ---- */

#define STATE(member_) offsetof(struct state_counters, member_)
static const struct metrics_counter state_rows[] = {
    {"component_filter_states", "gauge", "Keys that a filter remembers now", STATE(states), 1},
    {"component_filter_state_bytes", "gauge", "Bytes of memory for them", STATE(bytes), 1},
    {"component_filter_states_evicted_total", "counter", "Keys given up at a limit", STATE(evicted), 1},
};

static void state_lines(const struct pipeline *pipeline, const struct metrics_counter *at, struct buf *out)
{
    const struct program *program = &component_generation(pipeline)->program;
    for (uint32_t i = 0; i < program->filter_count; i++) {
        const struct filter *filter = program->filters[i];
        if (!filter->shared) continue;
        uint64_t value = metrics_counter_at(&filter->shared->counters, at->offset);
        struct metrics_labels labels = {
            .pipeline = pipeline->id, .id = filter->id, .type = filter->type->name, .kind = "filter"};
        metrics_row(out, at->name, &labels, (double)value * at->scale);
    }
}

void metrics_states(struct stats *stats, struct buf *out)
{
    for (size_t i = 0; i < sizeof state_rows / sizeof *state_rows; i++) {
        metrics_family(out, state_rows[i].name, state_rows[i].type, state_rows[i].help);
        EACH_PIPELINE(stats, pipeline) state_lines(pipeline, &state_rows[i], out);
    }
}

/* ---- TLS of inputs and outputs ---- */

#define TLS(member_) offsetof(struct tls, counters.member_)
static const struct metrics_counter tls_rows[] = {
    {"component_tls_handshakes_total", "counter", "TLS handshakes that succeeded", TLS(handshakes), 1},
    {"component_tls_sessions", "gauge", "TLS sessions open", TLS(sessions), 1},
    {"component_tls_reloads_total", "counter", "Changed certificate files that were taken", TLS(reloads), 1},
    {"component_tls_reload_failures_total", "counter", "Changed certificate files that could not be used",
     TLS(reload_failures), 1},
};

static const enum component_kind tls_kinds[] = {COMPONENT_INPUT, COMPONENT_OUTPUT};

static const struct tls *tls_of(const struct component *at, enum component_kind kind)
{
    assert(kind == COMPONENT_INPUT || kind == COMPONENT_OUTPUT);
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
        sum += (double)metrics_counter_at(tls, offset);
    }
    return sum;
}

/* A line for each plugin that has TLS; with `failure` its reason. */
static void tls_lines(struct stats *stats, const struct metrics_counter *at, const char *failure, struct buf *out)
{
    EACH_PIPELINE(stats, pipeline)
        for (int i = 0; i < 2; i++)
            for (uint32_t k = 0; k < component_count(component_generation(pipeline), tls_kinds[i]); k++) {
                struct component plugin = component_at(component_generation(pipeline), tls_kinds[i], k);
                if (!tls_of(&plugin, tls_kinds[i])) continue;
                struct metrics_labels labels = {.pipeline = pipeline->id,
                                                .id = plugin.id,
                                                .type = plugin.type,
                                                .kind = component_kind_name(tls_kinds[i]),
                                                .extra = failure ? "reason" : NULL,
                                                .extra_value = failure};
                metrics_row(out, at->name, &labels, tls_sum(pipeline, tls_kinds[i], k, at->offset));
            }
}

/* Each worker has read the same file: the first one's time is told. */
static void tls_expiry(struct stats *stats, struct buf *out)
{
    metrics_family(out, "component_tls_certificate_expires_seconds", "gauge",
                   "When the own certificate expires, seconds since 1970");
    EACH_PIPELINE(stats, pipeline)
        for (int i = 0; i < 2; i++)
            for (uint32_t k = 0; k < component_count(component_generation(pipeline), tls_kinds[i]); k++) {
                struct component plugin = component_at(component_generation(pipeline), tls_kinds[i], k);
                const struct tls *tls = tls_of(&plugin, tls_kinds[i]);
                uint64_t expires_s = tls ? counter_get(&tls->counters.expires_s) : 0;
                if (!expires_s) continue;
                metrics_row(out, "component_tls_certificate_expires_seconds",
                            &(struct metrics_labels){.pipeline = pipeline->id,
                                                     .id = plugin.id,
                                                     .type = plugin.type,
                                                     .kind = component_kind_name(tls_kinds[i])},
                            (double)expires_s);
            }
}

void metrics_tls(struct stats *stats, struct buf *out)
{
    for (size_t i = 0; i < sizeof tls_rows / sizeof *tls_rows; i++) {
        metrics_family(out, tls_rows[i].name, tls_rows[i].type, tls_rows[i].help);
        tls_lines(stats, &tls_rows[i], NULL, out);
    }
    metrics_family(out, "component_tls_failed_handshakes_total", "counter", "TLS handshakes that failed, by reason");
    for (int i = 0; i < TLS_FAILURES; i++) {
        size_t offset = TLS(failed) + (size_t)i * sizeof(atomic_uint_fast64_t);
        tls_lines(stats, &(struct metrics_counter){.name = "component_tls_failed_handshakes_total", .offset = offset},
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
        metrics_row(out, at->name,
                    &(struct metrics_labels){.pipeline = pipeline->id,
                                             .id = id,
                                             .kind = "filter",
                                             .type = "grok",
                                             .extra = "pattern",
                                             .extra_value = label},
                    (double)value * at->scale);
    }
}

void metrics_grok_patterns(struct stats *stats, struct buf *out)
{
    for (size_t i = 0; i < sizeof grok_rows / sizeof *grok_rows; i++) {
        metrics_family(out, grok_rows[i].name, "counter", grok_rows[i].help);
        EACH_PIPELINE(stats, pipeline)
            for (uint32_t k = 0; k < component_count(component_generation(pipeline), COMPONENT_FILTER); k++)
                grok_filter_rows(pipeline, k, &grok_rows[i], out);
    }
}
