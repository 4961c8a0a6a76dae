/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/topology.h"
#include <stdlib.h>
#include "core/xmalloc.h"

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct topology {
    struct pipeline *const *pipelines;
    uint32_t count;
    bool *is_wrong;
    enum mark *marks;
    uint32_t *chain; /* of the walk: numbers of pipelines */
    uint32_t depth;
    struct pipeline **order;
    uint32_t ordered;
    struct diag *diag;
};

/* The first worker has every plugin. */
static const struct generation *generation_of(const struct pipeline *pipeline)
{
    return worker_generation(pipeline->workers[0]);
}

static struct bus_ends input_ends(const struct generation *generation, uint32_t number)
{
    const struct input *input = generation->inputs[number];
    return input->type->receives ? input->type->receives(input->self) : (struct bus_ends){0};
}

static struct bus_ends output_ends(const struct generation *generation, uint32_t number)
{
    const struct output *output = generation->program.outputs[number];
    return output->type->sends ? output->type->sends(output->self) : (struct bus_ends){0};
}

bool topology_is_joined(const struct pipeline *pipeline)
{
    const struct generation *generation = generation_of(pipeline);
    for (uint32_t i = 0; i < generation->input_count; i++)
        if (generation->inputs[i]->type->receives) return true;
    for (uint32_t i = 0; i < generation->program.output_count; i++)
        if (generation->program.outputs[i]->type->sends) return true;
    return false;
}

/* Is the address taken by an input before this one? Says so. */
static bool address_is_taken(struct topology *topology, uint32_t number, uint32_t input,
                             struct bus_ends ends)
{
    for (uint32_t i = 0; i <= number; i++) {
        if (topology->is_wrong[i] && i < number) continue;
        const struct generation *other = generation_of(topology->pipelines[i]);
        uint32_t end = i == number ? input : other->input_count;
        for (uint32_t k = 0; k < end; k++) {
            struct bus_ends theirs = input_ends(other, k);
            if (!theirs.count || !str_eq(theirs.addresses[0], ends.addresses[0])) continue;
            struct message *message = diag_error(
                topology->diag, ends.places[0],
                "pipeline `%.*s`: the address `%.*s` is taken by pipeline `%.*s`; one input has an address",
                STR_ARG(topology->pipelines[number]->id), STR_ARG(ends.addresses[0]),
                STR_ARG(topology->pipelines[i]->id));
            diag_other(topology->diag, message, theirs.places[0], "taken here");
            return true;
        }
    }
    return false;
}

static void addresses_check(struct topology *topology)
{
    for (uint32_t i = 0; i < topology->count; i++) {
        const struct generation *generation = generation_of(topology->pipelines[i]);
        for (uint32_t k = 0; k < generation->input_count; k++) {
            struct bus_ends ends = input_ends(generation, k);
            if (ends.count && address_is_taken(topology, i, k, ends)) topology->is_wrong[i] = true;
        }
    }
}

static bool listens_at(const struct pipeline *pipeline, struct str address)
{
    const struct generation *generation = generation_of(pipeline);
    for (uint32_t i = 0; i < generation->input_count; i++) {
        struct bus_ends ends = input_ends(generation, i);
        if (ends.count && str_eq(ends.addresses[0], address)) return true;
    }
    return false;
}

/* The walk came back to a pipeline that it is still in: all from there on are in the circle. */
static void cycle_say(struct topology *topology, uint32_t number, struct str address, struct place place)
{
    uint32_t first = topology->depth - 1;
    while (topology->chain[first] != number) first--;
    struct buf names = {0};
    for (uint32_t i = first; i < topology->depth; i++) {
        struct str id = topology->pipelines[topology->chain[i]]->id;
        topology->is_wrong[topology->chain[i]] = true;
        buf_printf(&names, "`%.*s` -> ", STR_ARG(id));
    }
    struct message *message =
        diag_error(topology->diag, place, "pipelines send to each other in a circle: %.*s`%.*s`",
                   STR_ARG(buf_str(&names)), STR_ARG(topology->pipelines[number]->id));
    diag_hint(topology->diag, message, "the address `%.*s` closes it", STR_ARG(address));
    buf_fini(&names);
}

/* Depth first; at most PIPELINES_MAX deep. A pipeline is placed after all that it sends to. */
static void walk(struct topology *topology, uint32_t number)
{
    topology->marks[number] = MARK_OPEN;
    topology->chain[topology->depth++] = number;
    const struct generation *generation = generation_of(topology->pipelines[number]);
    for (uint32_t i = 0; i < generation->program.output_count; i++) {
        struct bus_ends ends = output_ends(generation, i);
        for (uint32_t k = 0; k < ends.count; k++) {
            for (uint32_t to = 0; to < topology->count; to++) {
                if (topology->marks[to] == MARK_DONE || topology->is_wrong[to]) continue;
                if (!listens_at(topology->pipelines[to], ends.addresses[k])) continue;
                if (topology->marks[to] == MARK_OPEN)
                    cycle_say(topology, to, ends.addresses[k], ends.places[k]);
                else
                    walk(topology, to);
            }
        }
    }
    topology->depth--;
    topology->marks[number] = MARK_DONE;
    if (!topology->is_wrong[number])
        topology->order[topology->ordered++] = topology->pipelines[number];
}

uint32_t topology_check(struct pipeline *const *pipelines, uint32_t count, bool *is_wrong,
                        struct pipeline **order, struct diag *diag)
{
    struct topology topology = {.pipelines = pipelines, .count = count, .is_wrong = is_wrong,
                                .order = order, .diag = diag};
    topology.marks = xcalloc(count + 1, sizeof *topology.marks);
    topology.chain = xcalloc(count + 1, sizeof *topology.chain);
    addresses_check(&topology);
    for (uint32_t i = 0; i < count; i++)
        if (topology.marks[i] == MARK_NEW && !is_wrong[i]) walk(&topology, i);
    free(topology.marks);
    free(topology.chain);
    return topology.ordered;
}
