/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a program a tap looks: from the ids that were asked for to instructions, the same in
 * every worker of the pipeline. Control thread. */
#ifndef PIPELINES_TAP_PLACE_H
#define PIPELINES_TAP_PLACE_H
#include <jansson.h>
#include "pipelines/supervisor.h"
#include "pipelines/tap_options.h"

/* Before or behind an instruction of the program as compiled. */
struct tap_point {
    uint32_t at;
    bool is_behind;
};

struct tap_place {
    uint32_t pipeline;        /* number */
    struct tap_point in, out; /* those that options->at says */
};

/* 0: found; options->pipeline and ->at are filled in where they were left open. Else an HTTP
 * status, and the error as in struct tap_refusal. */
unsigned tap_place_find(const struct supervisor *supervisor, struct tap_options *options,
                        struct tap_place *place, json_t **error);

#endif
