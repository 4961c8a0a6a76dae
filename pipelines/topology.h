/* SPDX-License-Identifier: Apache-2.0 */
/* How pipelines are joined by `pipeline` inputs and outputs: checked before any starts. An address
 * has one input in the process, and events cannot come back to where they were (a cycle would wait
 * for itself at the stop, and fill up before). Start-up only. */
#ifndef PIPELINES_TOPOLOGY_H
#define PIPELINES_TOPOLOGY_H
#include "pipelines/pipeline.h"

/* Sets is_wrong[i] for pipelines that must not start; complaints go to the diag. Puts the others into
 * `order` so that receivers come before their senders, and returns how many they are. */
uint32_t topology_check(struct pipeline *const *pipelines, uint32_t count, bool *is_wrong,
                        struct pipeline **order, struct diag *diag);
/* Does an input of the pipeline take events of other pipelines, or an output send to them? */
bool topology_is_joined(const struct pipeline *pipeline);

#endif
