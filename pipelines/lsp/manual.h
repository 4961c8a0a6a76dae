/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of the manual as Markdown, from the tables that `tailrace docs` prints. Appends to `out`. Any
 * thread. */
#ifndef PIPELINES_LSP_MANUAL_H
#define PIPELINES_LSP_MANUAL_H
#include "dsl/functions.h"
#include "pipelines/lsp/catalogue.h"

/* All of a plugin; its options in short. */
void manual_plugin(const struct described *plugin, struct buf *out);
/* Type, preset, help. */
void manual_option(const struct described *plugin, const struct option *option, struct buf *out);
void manual_function(const struct function *function, struct buf *out);
/* An operator, a keyword, `level`; false: nothing is known of it. */
bool manual_word(struct str word, struct buf *out);
/* `whole number, required`, for a completion's detail. */
void manual_type(const struct option *option, struct buf *out);

#endif
