/* SPDX-License-Identifier: Apache-2.0 */
/* Runs pipelines side by side on the control thread: starts them, listens to signals, serves the
 * API, reports what ends, stops and drains. */
#ifndef PIPELINES_SUPERVISOR_H
#define PIPELINES_SUPERVISOR_H
#include "pipelines/pipeline.h"

enum exit_code { EXIT_DONE = 0, EXIT_RUNTIME = 1, EXIT_USAGE = 2, EXIT_CONFIG = 78 };

struct supervisor {
    const struct settings *settings; /* of the process */
    struct pipeline **pipelines;
    struct pipeline **start_order; /* the same: receivers of other pipelines before their senders */
    uint32_t pipeline_count;
    const char *node_id;    /* persistent, of path.data */
    struct memory_limit *memory; /* set by supervisor_run() */
    uint32_t refused;       /* pipelines whose configuration was wrong: not among these */
};

/* Until all pipelines have ended or a signal stopped them. */
enum exit_code supervisor_run(struct supervisor *supervisor);

#endif
