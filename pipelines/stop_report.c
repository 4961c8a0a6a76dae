/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/stop_report.h"
#include <inttypes.h>
#include <stdlib.h>
#include "core/input.h"
#include "core/log.h"
#include "core/output.h"
#include "core/xmalloc.h"
#include "pipelines/components.h"

/* Each line once a stop, however many pipelines there are: no rate limit. */
#define SAY(code_, subject_, ...)                                  \
    do {                                                           \
        struct log_site site_ = {.code = code_};                   \
        if (log_is_on(LOG_WARN)) log_write(&site_, LOG_WARN, subject_, __VA_ARGS__); \
    } while (0)

struct str stop_waits_for(const struct pipeline *pipeline)
{
    struct str waits = {0};
    for (uint32_t i = 0; i < pipeline->worker_count && !waits.len; i++)
        waits = worker_waits_for(pipeline->workers[i]);
    return waits;
}

#define OUTPUT(member_) offsetof(struct output, counters.member_)
static uint64_t output_holds(const struct pipeline *pipeline, uint32_t number)
{
    static const size_t done[] = {OUTPUT(sent), OUTPUT(dead_lettered), OUTPUT(dropped)};
    uint64_t out = 0;
    for (size_t i = 0; i < sizeof done / sizeof *done; i++)
        out += component_sum(pipeline, COMPONENT_OUTPUT, number, done[i]);
    uint64_t offered = component_sum(pipeline, COMPONENT_OUTPUT, number, OUTPUT(offered));
    return offered > out ? offered - out : 0;
}

static void outputs_append(const struct pipeline *pipeline, struct buf *text)
{
    const struct generation *generation = component_generation(pipeline);
    for (uint32_t i = 0; i < component_count(generation, COMPONENT_OUTPUT); i++) {
        uint64_t held = output_holds(pipeline, i);
        if (!held) continue;
        struct str id = component_at(generation, COMPONENT_OUTPUT, i).id;
        buf_printf(text, ", %" PRIu64 " in output %.*s", held, STR_ARG(id));
    }
    struct str waits = stop_waits_for(pipeline);
    if (waits.len) buf_printf(text, "; held up by %.*s", STR_ARG(waits));
}

static uint32_t partitions_append(struct backlog *backlog, struct buf *text, uint32_t named, uint32_t *others,
                                  int64_t *open)
{
    static struct backlog copy; /* large; control thread */
    backlog_read(backlog, &copy);
    for (uint32_t i = 0; i < copy.count; i++) {
        const struct backlog_row *row = &copy.rows[i];
        int64_t own = backlog_open(row);
        *open += own;
        if (!own) continue;
        if (named == STOP_PARTITIONS_MAX) {
            ++*others;
            continue;
        }
        named++;
        buf_printf(text, ", %.*s partition %d from offset %" PRId64, STR_ARG(row->topic), (int)row->partition,
                   row->done);
    }
    *open += copy.others_open;
    *others += copy.others;
    return named;
}

static const struct input *input_of(const struct pipeline *pipeline, uint32_t worker, uint32_t number)
{
    const struct generation *generation = worker_generation(pipeline->workers[worker]);
    struct str id = component_at(component_generation(pipeline), COMPONENT_INPUT, number).id;
    for (uint32_t i = 0; i < generation->input_count; i++)
        if (str_eq(generation->inputs[i]->id, id)) return generation->inputs[i];
    return NULL;
}

/* Partitions of all workers. */
static void backlog_say(const struct pipeline *pipeline, uint32_t number, struct str id)
{
    struct buf text = {0};
    uint32_t named = 0, others = 0;
    int64_t open = 0;
    for (uint32_t w = 0; w < pipeline->worker_count; w++) {
        const struct input *input = input_of(pipeline, w, number);
        struct backlog *backlog = input ? atomic_load(&((struct input *)(uintptr_t)input)->backlog) : NULL;
        if (backlog) named = partitions_append(backlog, &text, named, &others, &open);
    }
    if (others) buf_printf(&text, " and %u more partitions", others);
    SAY("stop.again", id, "%" PRId64 " records are not done and are read again at the next start%s", open,
        text.len ? buf_z(&text) : "");
    buf_fini(&text);
}

static void input_say(const struct pipeline *pipeline, uint32_t number)
{
    struct component at = component_at(component_generation(pipeline), COMPONENT_INPUT, number);
    const struct input *input = at.instance;
    if (!component_sum(pipeline, COMPONENT_INPUT, number, offsetof(struct input, counters.events))) return;
    if (atomic_load(&((struct input *)(uintptr_t)input)->backlog))
        backlog_say(pipeline, number, at.id);
    else if (input->type->is_rewound || (pipeline->queue.folder && input->type->is_queued))
        SAY("stop.again", at.id, "what is left of input %s is read again at the next start", at.type);
    else if (!input->type->receives)
        SAY("stop.lost", at.id, "what is left of input %s is lost unless its senders send it again: they were promised "
            "nothing", at.type);
}

uint64_t stop_report(const struct pipeline *pipeline)
{
    uint64_t left = pipeline_books(pipeline).in_flight;
    struct buf text = {0};
    outputs_append(pipeline, &text);
    SAY("stop.left", pipeline->id, "%" PRIu64 " events are left%s", left, text.len ? buf_z(&text) : "");
    buf_fini(&text);
    const struct generation *generation = component_generation(pipeline);
    for (uint32_t i = 0; left && i < component_count(generation, COMPONENT_INPUT); i++) input_say(pipeline, i);
    return left;
}
