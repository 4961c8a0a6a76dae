/* SPDX-License-Identifier: Apache-2.0 */
/* The manual, printed from the option tables. */
#ifndef PIPELINES_DOCS_H
#define PIPELINES_DOCS_H
#include "core/plugin.h"

/* All plugins by kind, one line each. */
void docs_list(struct buf *out);
enum { DOCS_NAMES_MAX = 1024 };

/* The page of every plugin with this name (input, filter, output, codec), of `settings`, `functions`,
 * `opcodes` or `patterns`, or of a pattern of grok; false when there is none. */
bool docs_page(struct str name, struct buf *out);
/* What an option of this kind takes, in a few words. */
const char *option_kind_name(enum option_kind kind);
/* Names that docs_page() knows, for suggestions. */
size_t docs_names(struct str *names, size_t capacity);

#endif
