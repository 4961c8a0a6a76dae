/* SPDX-License-Identifier: Apache-2.0 */
/* Sample lines for `tailrace grok`, read whole. Limits: SAMPLE_BYTES_MAX; larger ones are refused.
 */
#ifndef PIPELINES_GROK_SAMPLE_H
#define PIPELINES_GROK_SAMPLE_H
#include "core/diag.h"

enum { SAMPLE_BYTES_MAX = 64 * 1024 * 1024 };

struct sample {
    struct str *lines; /* without their ends */
    uint32_t count;
};

/* A file's text; `-`: standard input. False: the diag says why. */
bool sample_read(struct str name, struct str *text, struct arena *arena, struct diag *diag);
bool sample_lines(struct sample *sample, struct str name, struct arena *arena, struct diag *diag);

#endif
