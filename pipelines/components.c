/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/components.h"
#include <assert.h>

const char *component_kind_name(enum component_kind kind)
{
    static const char *const names[] = {"input", "filter", "output", "codec"};
    return names[kind];
}

uint32_t component_count(const struct generation *generation, enum component_kind kind)
{
    switch (kind) {
    case COMPONENT_INPUT: return generation->input_count;
    case COMPONENT_FILTER: return generation->program.filter_count;
    case COMPONENT_OUTPUT: return generation->program.output_count;
    case COMPONENT_CODEC: return generation->codec_count;
    }
    return 0;
}

struct component component_at(const struct generation *generation, enum component_kind kind,
                              uint32_t number)
{
    assert(number < component_count(generation, kind));
    switch (kind) {
    case COMPONENT_INPUT: {
        const struct input *input = generation->inputs[number];
        return (struct component){input->id, input->type->name, input};
    }
    case COMPONENT_FILTER: {
        const struct filter *filter = generation->program.filters[number];
        return (struct component){filter->id, filter->type->name, filter};
    }
    case COMPONENT_OUTPUT: {
        const struct output *output = generation->program.outputs[number];
        return (struct component){output->id, output->type->name, output};
    }
    case COMPONENT_CODEC: {
        const struct codec *codec = generation->codecs[number];
        return (struct component){codec->id, codec->type->name, codec};
    }
    }
    return (struct component){0};
}

const struct generation *component_generation(const struct pipeline *pipeline)
{
    return worker_generation(pipeline->workers[0]);
}

/* Its instance on a worker: mostly under the same number, else wherever its id is; or NULL. */
static const void *instance_on(const struct generation *generation, enum component_kind kind,
                               uint32_t number, struct str id)
{
    uint32_t count = component_count(generation, kind);
    for (uint32_t i = 0; i < count; i++) {
        struct component at = component_at(generation, kind, (number + i) % count);
        if (str_eq(at.id, id)) return at.instance;
    }
    return NULL;
}

uint64_t component_sum(const struct pipeline *pipeline, enum component_kind kind, uint32_t number,
                       size_t offset)
{
    struct str id = component_at(component_generation(pipeline), kind, number).id;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        const char *instance = instance_on(worker_generation(pipeline->workers[i]), kind, number, id);
        if (instance)
            sum += counter_get((const atomic_uint_fast64_t *)(const void *)(instance + offset));
    }
    return sum;
}

bool component_delivery(const struct pipeline *pipeline, uint32_t number, size_t offset, uint64_t *sum)
{
    struct str id = component_at(component_generation(pipeline), COMPONENT_OUTPUT, number).id;
    *sum = 0;
    bool found = false;
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        const struct generation *generation = worker_generation(pipeline->workers[i]);
        const struct output *output = instance_on(generation, COMPONENT_OUTPUT, number, id);
        const char *counters = output ? (const char *)output->delivery : NULL;
        if (!counters) continue;
        found = true;
        *sum += counter_get((const atomic_uint_fast64_t *)(const void *)(counters + offset));
    }
    return found;
}
