/* SPDX-License-Identifier: Apache-2.0 */
/* What is compiled from text for one worker: program, filter, output, input and codec instances. Built
 * on the control thread beside whatever runs, handed to the worker, destroyed after it ended. Its
 * building is also the whole check of a configuration: every option is read, every pattern compiled.
 * Instances belong to the worker's thread once it has started. */
#ifndef PIPELINES_GENERATION_H
#define PIPELINES_GENERATION_H
#include "core/input.h"
#include "dsl/compiler.h"
#include "dsl/flow.h"

/* What stands in for an output while nothing is to be opened; its instance begins with this. */
struct stand_in {
    const struct output_type *original;
};

/* One input instead of those of the text: its instance begins with `opaque`. */
struct input_stand_in {
    const struct input_type *type;
    struct str id;
    void *opaque;
};

struct generation_options {
    struct str pipeline;  /* id */
    struct str path_data;
    enum ecs ecs;         /* of the pipeline */
    uint32_t worker, workers;
    struct state_scope *scope; /* of the pipeline; NULL: the generation stands alone and has its own */
    /* Every output is one of this type once its own options were checked and it was destroyed: its
     * instance begins with a struct stand_in. NULL: outputs are what the text says. */
    const struct output_type *output_as;
    bool lacks_dead_letters; /* dead_letter_queue.enable is false: options that need them are warned of */
    const struct input_stand_in *input_as; /* NULL: inputs are what the text says */
};

struct generation {
    struct arena arena;
    struct generation_options options;
    const struct config *config; /* borrowed; outlives it */
    struct diag *diag;           /* while it is built */
    struct program program;
    struct input **inputs;
    uint32_t input_count, input_capacity;
    struct codec **codecs;       /* all, for metrics */
    uint32_t codec_count, codec_capacity;
    struct letter_wish *letter_wishes; /* plugins with dead_letter_on_failure, while it is built */
    struct state_scope own_scope;   /* when none was given */
    struct budget own_budget;
};

/* Does an output keep the dead letters of the pipeline, instead of files? */
bool generation_keeps_letters(const struct generation *generation);
/* NULL when anything is wrong; the diag says what. `config` has passed the checker. */
struct generation *generation_create(const struct config *config,
                                     const struct generation_options *options, struct diag *diag);
/* Its instances, for dsl/flow.h; of the first worker, which has all. */
struct flow_plugins generation_plugins(const struct generation *generation);
void generation_destroy(struct generation *generation);

#endif
