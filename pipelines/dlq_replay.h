/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace dlq replay`: a pipeline whose inputs are replaced by its dead letters, run in this process until those
 * that are there now are settled.
 *
 *   letters of an output ─▶ that output alone, by its id        all others ─▶ filters ─▶ outputs
 *   what dies again ─▶ the log `replay` of the same folder       what is settled ─▶ replay.position, synced
 *
 * An instance that runs the pipeline goes on meanwhile. A second replay of it is refused. The control thread,
 * but for the input, which is its worker's. */
#ifndef PIPELINES_DLQ_REPLAY_H
#define PIPELINES_DLQ_REPLAY_H
#include "pipelines/dlq_command.h"

/* `settings`: of the pipeline, whose text is read anew. */
enum exit_code dlq_replay(struct dlq_command *command, const struct settings *settings);

#endif
