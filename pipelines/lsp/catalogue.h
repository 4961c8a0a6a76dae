/* SPDX-License-Identifier: Apache-2.0 */
/* The option tables of all that has options under one view, for whoever only describes it. Everything is
 * static. Any thread. */
#ifndef PIPELINES_LSP_CATALOGUE_H
#define PIPELINES_LSP_CATALOGUE_H
#include "core/plugin.h"
#include "pipelines/lsp/scan.h"

/* Sections are the first kinds, by their own numbers. */
enum plugin_kind { KIND_INPUT, KIND_FILTER, KIND_OUTPUT, KIND_CODEC, KIND_TEST };

struct described {
    enum plugin_kind kind;
    const char *name, *summary;
    const struct option *own, *common; /* tables; `own` may be NULL */
    bool can_decode, can_encode;       /* of a codec */
};

const char *plugin_kind_name(enum plugin_kind kind); /* "input", … */
/* Number `index` of a kind; false behind the last. */
bool catalogue_get(enum plugin_kind kind, size_t index, struct described *out);
bool catalogue_find(enum plugin_kind kind, struct str name, struct described *out);
/* What a scope is whose options are known: a plugin, a codec, a test. */
bool catalogue_find_scope(const struct scan *scan, const struct scope *scope, struct described *out);
/* The row of an option, old spellings resolved; NULL: it has none. */
const struct option *described_option(const struct described *plugin, struct str name);

#endif
