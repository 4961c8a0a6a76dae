/* SPDX-License-Identifier: Apache-2.0 */
/* Fields some of whose steps are known only for an event: `[labels][(key)]`. A step that is a text means
 * what it would mean if it were written there; a whole number is an item of an array, or a name. Compiled
 * into the configuration arena; one worker's thread. */
#ifndef DSL_COMPUTED_PATH_H
#define DSL_COMPUTED_PATH_H
#include "dsl/expression.h"

struct computed_step {
    const struct node *node;
    uint32_t at; /* among the steps */
};

struct computed_path {
    struct path path;        /* ready but for the computed steps; all of it when the first one is written */
    struct path_step *steps; /* written ones, and room for the others */
    uint32_t count;
    struct computed_step *computed;
    uint32_t computed_count;
};

/* NULL (said): it is wrong. */
struct computed_path *computed_path_compile(struct compilation *compilation, const struct expression *source);
/* The path for one event, valid until the next call; NULL: run->problem and run->at say why. */
const struct path *computed_path_of(struct run *run, struct computed_path *computed);

#endif
