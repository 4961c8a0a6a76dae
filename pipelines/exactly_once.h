/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline that delivers exactly once (outputs/kafka.c) can keep that only if everything it does ends in the
 * transaction: whatever else the text has is refused before anything starts, with the reason. Control thread. */
#ifndef PIPELINES_EXACTLY_ONCE_H
#define PIPELINES_EXACTLY_ONCE_H
#include "pipelines/pipeline.h"

/* False: said to the diag. */
bool exactly_once_check(const struct pipeline *pipeline, struct diag *diag);

#endif
