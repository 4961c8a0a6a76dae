/* SPDX-License-Identifier: Apache-2.0 */
/* Two inputs on one port: said before anything starts, with both places. Control thread. */
#ifndef PIPELINES_PORTS_H
#define PIPELINES_PORTS_H
#include "pipelines/pipeline.h"

/* Compares the inputs of `fresh` with each other and with those of `others`. False after complaints. */
bool ports_check(const struct pipeline *fresh, struct pipeline *const *others, uint32_t count,
                 struct diag *diag);

#endif
