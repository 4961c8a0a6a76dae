/* SPDX-License-Identifier: Apache-2.0 */
/* The text as a whole: the order of the families, how a line is written, and the families of the process. */
#include "pipelines/metrics_text.h"
#include "pipelines/memory_limit.h"
#include "pipelines/metrics_part.h"
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

void metrics_family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_row(struct buf *out, const char *name, const struct metrics_labels *labels, double value)
{
    assert(!labels->extra == !labels->extra_value && !labels->kind == !labels->type);
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

/* ---- the process ---- */

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
        metrics_family(out, rows[i].name, rows[i].type, rows[i].help);
        buf_printf(out, "%s %.17g\n", rows[i].name, rows[i].value);
    }
}

/* Nothing without a ceiling: a limit of 0 would read as one that is reached. */
static void memory(const struct stats *stats, struct buf *out)
{
    const struct memory_limit *memory = stats->supervisor->memory;
    if (!memory || !memory->ceiling) return;
    metrics_family(out, "tailrace_process_memory_bytes", "gauge", "Events of all pipelines, and what else is resident");
    buf_printf(out, "tailrace_process_memory_bytes %zu\n", budget_used(&memory->budget));
    metrics_family(out, "tailrace_process_memory_limit_bytes", "gauge", "The inputs of all pipelines pause at this");
    buf_printf(out, "tailrace_process_memory_limit_bytes %zu\n", memory->budget.limit);
}

static void taps(const struct stats *stats, struct buf *out)
{
    const struct { const char *name, *type, *help; uint64_t value; } rows[] = {
        {"tailrace_taps_open", "gauge", "Taps that look at events now", taps_count(stats->taps)},
        {"tailrace_taps_opened_total", "counter", "Taps that were opened", taps_opened(stats->taps)},
        {"tailrace_tap_events_total", "counter", "Events that taps have shown", taps_shown(stats->taps)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        metrics_family(out, rows[i].name, rows[i].type, rows[i].help);
        buf_printf(out, "%s %llu\n", rows[i].name, (unsigned long long)rows[i].value);
    }
}

void metrics_text(struct stats *stats, struct buf *out)
{
    metrics_family(out, "tailrace_build_info", "gauge", "Version of the program");
    buf_printf(out, "tailrace_build_info{version=\"%s\"} 1\n", TAILRACE_VERSION);
    metrics_family(out, "tailrace_pipeline_up", "gauge", "1 while a pipeline runs");
    EACH_PIPELINE(stats, pipeline)
    {
        struct metrics_labels labels = {.pipeline = pipeline->id, .extra = "config_hash",
                                        .extra_value = pipeline->hash};
        metrics_row(out, "tailrace_pipeline_up", &labels, pipeline_state(pipeline) == PIPELINE_RUNNING);
    }
    metrics_books(stats, out);
    metrics_dead_letters(stats, out);
    metrics_workers(stats, out);
    metrics_queues(stats, out);
    metrics_expressions(stats, out);
    metrics_components(stats, COMPONENT_INPUT, out);
    metrics_components(stats, COMPONENT_FILTER, out);
    metrics_components(stats, COMPONENT_OUTPUT, out);
    metrics_deliveries(stats, out);
    metrics_waiting_ages(stats, out);
    metrics_components(stats, COMPONENT_CODEC, out);
    metrics_lag(stats, out);
    metrics_states(stats, out);
    metrics_tls(stats, out);
    metrics_grok_patterns(stats, out);
    taps(stats, out);
    memory(stats, out);
    process(out);
}
