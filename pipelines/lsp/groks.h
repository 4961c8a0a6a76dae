/* SPDX-License-Identifier: Apache-2.0 */
/* Grok patterns in an editor: the built-in library of the pipeline's field names with a filter's own
 * pattern_definitions on top. Files of patterns_dir are not read. Memory is the scan's arena. */
#ifndef PIPELINES_LSP_GROKS_H
#define PIPELINES_LSP_GROKS_H
#include "core/text/grok.h"
#include "pipelines/lsp/analysis.h"
#include "pipelines/lsp/scan.h"

enum { GROK_SHOWN_MAX = 400 }; /* bytes of an expansion that are shown */

/* `plugin`: the filter around the text; NULL: none. */
void groks_load(struct grok_library *library, const struct analysis_options *options, const struct scan *scan,
                const struct scope *plugin);
/* Does the filter define patterns of its own? */
bool groks_has_own(const struct scan *scan, const struct scope *plugin);
/* A page about one pattern; false: there is none of this name. */
bool groks_page(const struct grok_library *library, struct str name, struct arena *arena, struct buf *out);

#endif
