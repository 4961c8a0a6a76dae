/* SPDX-License-Identifier: Apache-2.0 */
/* Proposes grok patterns for sample lines. A line is read from the left: the first name of a list
 * that matches there with a border behind it (a time, an address, a quoted text, a number …)
 * becomes a part, any other run up to a blank or a bracket a word, the rest single characters.
 * Lines with the same kinds of parts have one shape, and a shape one pattern: words that are the
 * same in all of its lines stand in it as they are, the others become fields. `key=` names its
 * field.
 *
 * Ownership: everything lives in the arena given; grok_suggester_destroy() frees the expressions.
 * Lines are borrowed. For tools; one thread. Limits: SUGGEST_SHAPES_MAX shapes, SUGGEST_PARTS_MAX
 * parts of a line; what is beyond is %{GREEDYDATA}. */
#ifndef CORE_TEXT_GROK_SUGGEST_H
#define CORE_TEXT_GROK_SUGGEST_H
#include "core/text/grok_library.h"

enum { SUGGEST_SHAPES_MAX = 1000, SUGGEST_PARTS_MAX = 80 };

struct grok_suggester;
struct grok_suggestion {
    struct str pattern;
    struct str example; /* the first line of the shape */
    uint32_t lines;
    bool is_general; /* of all lines with one kind of beginning: what they have in common, and the
                        rest */
};

struct grok_suggester *grok_suggester_create(bool is_ecs, struct arena *arena);
void grok_suggester_destroy(struct grok_suggester *suggester);
void grok_suggester_add(struct grok_suggester *suggester, struct str line);
/* General ones first, where lines begin alike, then by the number of lines. */
uint32_t grok_suggestions(struct grok_suggester *suggester, struct grok_suggestion *to,
                          uint32_t capacity);

#endif
