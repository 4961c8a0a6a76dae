/* SPDX-License-Identifier: Apache-2.0 */
/* The patterns that `tailrace grok` tries: one given by hand, or those of all grok filters of a
 * configuration, in its order. Ownership: candidates_end() frees what they hold outside of the
 * arena. */
#ifndef PIPELINES_GROK_CANDIDATES_H
#define PIPELINES_GROK_CANDIDATES_H
#include "core/text/grok_explain.h"
#include "pipelines/sandbox.h"

struct candidate {
    struct grok *grok;
    const struct grok_library *library;
    struct str field;                 /* that it is tried on; every line stands for it */
    struct place place;               /* in the configuration; no source: given by hand */
    struct grok_explainer *explainer; /* made at need */
    uint64_t hits, limits;
};

struct candidates {
    struct candidate *items;
    uint32_t count;
    struct grok_library library; /* of a pattern given by hand */
    struct sandbox *sandbox;     /* of a configuration */
    struct arena *arena;
    bool is_ecs;
};

/* False: the diag says what is wrong. `files`: pattern files or folders. */
bool candidates_of_pattern(struct candidates *to, struct str pattern, const struct str_list *files,
                           bool is_ecs, struct arena *arena, struct diag *diag);
bool candidates_of_config(struct candidates *to, struct str path, const struct settings *settings,
                          const struct environment *environment, struct arena *arena,
                          struct diag *diag);
void candidates_end(struct candidates *candidates);

/* `web.conf:12:5`, or `the pattern`. */
void candidate_name(const struct candidate *candidate, struct buf *out);
/* Its text; of a long one the beginning and the end, which tells neighbours apart. */
void candidate_text(const struct candidate *candidate, struct buf *out);

#endif
