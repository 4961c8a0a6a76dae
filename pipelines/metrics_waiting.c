/* SPDX-License-Identifier: Apache-2.0 */
/* The families of what is not done yet: requests of outputs, what waits in front of outputs, and what Kafka's
 * partitions still hold for inputs. */
#include "core/delivery/delivery.h"
#include "core/delivery/spill.h"
#include "pipelines/metrics_part.h"

/* ---- outputs that send requests ---- */

#define DELIVERY(member_) offsetof(struct delivery_counters, member_)
static const struct metrics_counter delivery_rows[] = {
    {"output_requests_in_flight", "gauge", "Requests under way", DELIVERY(in_flight), 1},
    {"output_request_limit", "gauge", "Requests that may be under way, by the answers so far", DELIVERY(limit), 1},
    {"output_hosts_open", "gauge", "Hosts that failed in a row and are only tried now and then", DELIVERY(open), 1},
    {"output_held_bytes", "gauge", "Bytes that wait or are under way", DELIVERY(held_bytes), 1},
    {"output_request_splits_total", "counter", "Requests that were too large and went in halves", DELIVERY(splits), 1},
};

static void delivery_line(const struct pipeline *pipeline, uint32_t number, const struct metrics_counter *at,
                          const char *class, struct buf *out)
{
    uint64_t sum;
    if (!component_delivery(pipeline, number, at->offset, &sum)) return;
    struct component output = component_at(component_generation(pipeline), COMPONENT_OUTPUT, number);
    metrics_row(out, at->name,
                &(struct metrics_labels){.pipeline = pipeline->id,
                                         .id = output.id,
                                         .type = output.type,
                                         .kind = "output",
                                         .extra = class ? "class" : NULL,
                                         .extra_value = class},
                (double)sum * at->scale);
}

static void delivery_family(struct stats *stats, const struct metrics_counter *at, const char *class, struct buf *out)
{
    EACH_PIPELINE(stats, pipeline)
    {
        uint32_t count = component_count(component_generation(pipeline), COMPONENT_OUTPUT);
        for (uint32_t i = 0; i < count; i++) delivery_line(pipeline, i, at, class, out);
    }
}

void metrics_deliveries(struct stats *stats, struct buf *out)
{
    for (size_t i = 0; i < sizeof delivery_rows / sizeof *delivery_rows; i++) {
        metrics_family(out, delivery_rows[i].name, delivery_rows[i].type, delivery_rows[i].help);
        delivery_family(stats, &delivery_rows[i], NULL, out);
    }
    struct metrics_counter again = {.name = "output_events_again_total", .scale = 1};
    metrics_family(out, again.name, "counter", "Events sent again, by the class of the answer");
    for (uint32_t class = DELIVERY_GOOD + 1; class < DELIVERY_CLASSES; class++) {
        again.offset = DELIVERY(again) + class * sizeof(atomic_uint_fast64_t);
        delivery_family(stats, &again, delivery_class_name(class), out);
    }
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

void metrics_waiting_ages(struct stats *stats, struct buf *out)
{
    metrics_family(out, "component_waiting_seconds", "gauge",
                   "Age of the oldest event that waits in front of an output");
    EACH_PIPELINE(stats, pipeline)
    {
        const struct generation *generation = component_generation(pipeline);
        for (uint32_t k = 0; k < component_count(generation, COMPONENT_OUTPUT); k++) {
            struct component at = component_at(generation, COMPONENT_OUTPUT, k);
            struct metrics_labels labels = {.pipeline = pipeline->id, .id = at.id, .type = at.type, .kind = "output"};
            metrics_row(out, "component_waiting_seconds", &labels, waiting_seconds(pipeline, at.id));
        }
    }
}

/* ---- lag of Kafka's partitions: rows are bounded for each member, the rest is one sum ---- */

struct lag_sums { uint64_t partitions, others; int64_t others_lag; };

static void lag_rows(const struct metrics_labels *labels, struct backlog *backlog, struct lag_sums *sums,
                     struct buf *out)
{
    static struct backlog copy; /* large; control thread */
    backlog_read(backlog, &copy);
    for (uint32_t i = 0; i < copy.count; i++) {
        int64_t lag = backlog_lag(&copy.rows[i]);
        struct metrics_labels own = *labels;
        own.partition = &copy.rows[i];
        if (lag >= 0) metrics_row(out, "tailrace_kafka_lag", &own, (double)lag);
    }
    sums->partitions += copy.count + copy.others;
    sums->others += copy.others;
    sums->others_lag += copy.others_lag;
}

/* Of the instances of one input on all workers; false: it has no partitions to tell of. */
static bool lag_of_input(const struct pipeline *pipeline, const struct metrics_labels *labels, struct lag_sums *sums,
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

void metrics_lag(struct stats *stats, struct buf *out)
{
    struct buf partitions = {0};
    metrics_family(out, "tailrace_kafka_lag", "gauge", "Records of a partition that outputs are not done with yet");
    metrics_family(&partitions, "tailrace_kafka_partitions", "gauge", "Partitions that this process has");
    EACH_PIPELINE(stats, pipeline)
    {
        const struct generation *generation = component_generation(pipeline);
        for (uint32_t k = 0; k < component_count(generation, COMPONENT_INPUT); k++) {
            struct component at = component_at(generation, COMPONENT_INPUT, k);
            struct metrics_labels labels = {.pipeline = pipeline->id, .id = at.id, .type = at.type, .kind = "input"};
            struct lag_sums sums = {0};
            if (!lag_of_input(pipeline, &labels, &sums, out)) continue;
            metrics_row(&partitions, "tailrace_kafka_partitions", &labels, (double)sums.partitions);
            labels.extra = "partition";
            labels.extra_value = "others";
            if (sums.others) metrics_row(out, "tailrace_kafka_lag", &labels, (double)sums.others_lag);
        }
    }
    buf_append(out, buf_str(&partitions));
    buf_fini(&partitions);
}
