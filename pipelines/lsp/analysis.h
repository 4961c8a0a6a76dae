/* SPDX-License-Identifier: Apache-2.0 */
/* Everything `tailrace check` says of a text, for an editor: parsed, checked, conditions and
 * assignments compiled, each plugin built once and thrown away. One file alone: what other files of its
 * pipeline say is not known here.
 *
 * Two things are otherwise than at a start. A `${NAME}` that is not defined is no error, since it is
 * this machine's environment and not that of the machine which will run the text; errors about the
 * value it stands in are left out. And a plugin whose text was found without fault is not built again
 * while its text stays the same (building compiles its patterns, which is most of the time).
 *
 * Memory: an analysis owns its arena and messages, which point into the text; analysis_fini() gives
 * all back. The set of sound plugins has a fixed size. One thread. */
#ifndef PIPELINES_LSP_ANALYSIS_H
#define PIPELINES_LSP_ANALYSIS_H
#include "core/plugin.h"
#include "core/text/digest.h"
#include "pipelines/lsp/documents.h"

enum {
    SOUND_BUCKETS = 1024, /* plugins are remembered as sound in buckets by their digests */
    SOUND_WAYS = 8,       /* of one bucket; the oldest gives way */
    SOUND_DIGEST = 32,    /* characters kept of a digest: 128 bits */
    UNDEFINED_MAX = 1000, /* undefined names told of one text */
};

/* Digests of plugins' texts in which nothing was wrong. Zeroed: empty. */
struct sound_plugins {
    char digests[SOUND_BUCKETS][SOUND_WAYS][SOUND_DIGEST]; /* newest first */
};

struct analysis_options {
    enum ecs ecs;     /* of the pipeline */
    bool has_escapes; /* config.support_escapes */
};

/* A name in `${}` that nobody defines. */
struct undefined_name {
    struct place value;
    struct place place; /* of the placeholder in it */
    struct str name;
};

struct analysis {
    struct arena arena;
    struct diag diag;
    struct undefined_name *undefined;
    uint32_t undefined_count;
};

/* The document outlives the analysis and does not change meanwhile. */
void analysis_run(struct analysis *analysis, const struct document *document,
                  const struct analysis_options *options, struct sound_plugins *sound);
void analysis_fini(struct analysis *analysis);

#endif
