/* SPDX-License-Identifier: Apache-2.0 */
/* A grok pattern as it is written, taken apart: references, words, single characters, classes,
 * groups, each with its quantifier. Slices of the pattern; pure. What is no sound expression gives
 * some parts, none of them empty. */
#ifndef CORE_TEXT_GROK_PARTS_H
#define CORE_TEXT_GROK_PARTS_H
#include "core/text/grok_library.h"

enum grok_part_kind {
    GROK_PART_REFERENCE, /* %{NAME…} */
    GROK_PART_TEXT,      /* a word, or one other character; `literal` is what it matches */
    GROK_PART_GROUP,     /* (…); `body` is what is in it, when that is tried as it stands */
    GROK_PART_ANCHOR,    /* ^ $ \b and the like: matches no character */
    GROK_PART_OTHER,
};

struct grok_part {
    enum grok_part_kind kind;
    struct str text;    /* with its quantifier */
    struct str literal; /* of a word or character, without backslash */
    struct str body;
    struct grok_reference reference;
    bool is_repeated; /* has a quantifier */
    bool is_any;      /* takes any text: %{DATA}, %{GREEDYDATA}, .*, .+ */
};

/* Takes the first part of `*rest`, which is not empty. */
struct grok_part grok_part_take(struct str *rest);
/* Takes what stands before the next `|` that no group encloses, and the `|`. False: nothing is
 * left. */
bool grok_alternative_take(struct str *rest, bool *has_more, struct str *alternative);

#endif
