/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace grok --cost`: what each pattern costs on sample lines, and whether another order of
 * them would be faster. Only orders are proposed that give every line of the sample to the same
 * pattern as now: a pattern stays before those that match one of its lines, too. Both orders are
 * run, not estimated. */
#ifndef PIPELINES_GROK_COST_H
#define PIPELINES_GROK_COST_H
#include "pipelines/grok/candidates.h"
#include "pipelines/grok/sample.h"

enum { COST_LINES_MAX = 20000, COST_PATTERNS_MAX = 1000 };

/* False: the diag says why not. */
bool cost_tell(const struct candidates *candidates, const struct sample *sample, bool is_json,
               struct buf *out, struct diag *diag);

#endif
