/* SPDX-License-Identifier: Apache-2.0 */
/* The manual of grok's patterns, printed from the pattern files themselves: their names by group, what
 * they match and what they capture. Start-up only, one thread. */
#ifndef PIPELINES_DOCS_PATTERNS_H
#define PIPELINES_DOCS_PATTERNS_H
#include "core/text/buf.h"

/* All patterns by group. */
void docs_patterns(struct buf *out);
/* One pattern, with its expressions; false when there is none of this name. */
bool docs_pattern(struct str name, struct buf *out);
/* Names, for suggestions; returns how many. */
size_t docs_pattern_names(struct str *names, size_t capacity);

#endif
