/* SPDX-License-Identifier: Apache-2.0 */
/* What `tailrace grok` prints of each line: the pattern that won and its captures, or how far the
 * nearest one got; and the counts at the end. With `is_json` one object a line of output. */
#ifndef PIPELINES_GROK_TELL_H
#define PIPELINES_GROK_TELL_H
#include "pipelines/grok/candidates.h"
#include "pipelines/grok/sample.h"

enum { TELL_REASONS_MAX = 1000, TELL_LINE_MAX = 160 };

struct tell {
    struct candidates *candidates;
    bool is_json;
    bool only_counts; /* nothing of the single lines */
    struct buf *out;
    void (*flush)(void *opaque); /* prints and empties `out` */
    void *opaque;
    uint64_t hits, misses, limits;
    struct reason *reasons; /* of misses, each once */
    uint32_t reason_count;
};

/* True: every line is matched. */
bool tell_lines(struct tell *tell, const struct sample *sample);

#endif
