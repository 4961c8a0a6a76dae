/* SPDX-License-Identifier: Apache-2.0 */
/* How far a pattern got on a line that it does not match, in its own words:
 *
 *     matched `%{IPORHOST} %{HTTPDUSER} %{HTTPDUSER} [%{HTTPDATE}] `, then expected a quote, found
 * `GET`
 *
 * The pattern's parts (core/text/grok_parts.h) are put together from the left until what they make
 * does not match any more; a reference or a group that fails is looked into in the same way, and of
 * alternatives the one counts that got furthest.
 *
 * Ownership: grok_explainer_create() in the arena; grok_explainer_destroy() frees the expressions,
 * which are compiled at first need and kept. For tools, not for the event path; one thread. Limits:
 * EXPLAIN_DEPTH_MAX references within each other, EXPLAIN_HEADS_MAX expressions: beyond, what was
 * found so far is told. */
#ifndef CORE_TEXT_GROK_EXPLAIN_H
#define CORE_TEXT_GROK_EXPLAIN_H
#include "core/text/grok_parts.h"

enum {
    EXPLAIN_DEPTH_MAX = 8,
    EXPLAIN_HEADS_MAX = 2000,
    EXPLAIN_PARTS_MAX = 500,
    EXPLAIN_TEXT_MAX = 400
};

struct grok_explainer;

struct grok_miss {
    char matched[EXPLAIN_TEXT_MAX];  /* parts that matched, names without fields; may be cut at the
                                        front */
    char expected[EXPLAIN_TEXT_MAX]; /* in words: a quote, `password`, %{INT} */
    char found[EXPLAIN_TEXT_MAX];    /* the word there, or `the end of the line` */
    size_t offset;                   /* of what was found: bytes from the line's start */
    uint32_t column;                 /* the same in characters, from 1 */
    bool is_somewhere; /* expected at the column or behind it: any text may stand before */
    uint32_t
        weight; /* how much matched: of several patterns the one with the most is the nearest */
};

struct grok_explainer *grok_explainer_create(const struct grok_library *library, struct str pattern,
                                             struct arena *arena);
void grok_explainer_destroy(struct grok_explainer *explainer); /* NULL is allowed */
/* Of a line that the pattern does not match. */
void grok_explain(struct grok_explainer *explainer, struct str line, struct grok_miss *miss);

#endif
