/* SPDX-License-Identifier: Apache-2.0 */
/* Logstash's own words for a syntax error: `Expected one of A, B at line L, column C (byte B) after
 * TEXT`. Logstash's parser tries alternatives in order and, when all have failed, names what it
 * would have taken at the farthest place it reached. The same walk is made here, over a file that is
 * known to be wrong, only to find that place and those names. Start-up only. */
#ifndef DSL_CLASSIC_H
#define DSL_CLASSIC_H
#include "core/diag.h"

enum {
    CLASSIC_NAMES_MAX = 48, /* distinct things expected at one place; the grammar has fewer */
    CLASSIC_DEPTH_MAX = 512,
};

/* Appends the words to `out` and sets `at` to the byte where the walk ended. False: the text is
 * nested too deep for the walk, or it parses after all. */
bool classic_error(struct str text, struct buf *out, uint32_t *at);

#endif
