/* SPDX-License-Identifier: Apache-2.0 */
/* From Ruby's regular expressions (Onigmo) to PCRE2's, and what can be known of a pattern without
 * running it. Rewritten: `\h`, `(?m)`, names of groups (numbered here, so any name is legal, twice
 * too), quantifiers upon quantifiers (`.?*`), nested and intersected classes, `{,n}`, `{n}?`,
 * `(?i)` up to the end of its group across `|`, `\v`, `\u`, escapes that only PCRE2 knows, ASCII
 * `\d \w \s` where Unicode properties are on. Refused with a reason: absence operators and
 * back-references with a level.
 *
 * Pure; the result owns its memory: translation_fini(). One thread. */
#ifndef CORE_TEXT_REGEX_TRANSLATE_H
#define CORE_TEXT_REGEX_TRANSLATE_H
#include "core/text/buf.h"
#include "core/text/regex.h"

enum { REGEX_LITERALS_MAX = 32, REGEX_CALLOUT = 1 };

enum regex_mode {
    REGEX_PLAIN,   /* searches; a callout at the start when an attempt may be long */
    REGEX_PINNED,  /* matches at the start offset only, no callouts */
    REGEX_GUARDED, /* searches; callouts in loops */
    REGEX_MODES,
};

struct regex_kind {
    bool is_utf; /* else bytes */
    enum regex_mode mode;
};

/* Place in the translated text -> place in the original. */
struct translation_mark {
    uint32_t out, in;
    bool is_reference; /* of a grok pattern: all up to the next mark stands for one reference */
};

/* A run of bytes that every match contains. */
struct regex_required {
    uint32_t start, len;
}; /* within literal_bytes */

struct translation {
    struct buf text; /* for PCRE2, without any options but UTF and UCP */
    struct translation_mark *marks;
    uint32_t mark_count, mark_capacity;

    struct regex_name *names; /* point into the original */
    uint32_t name_count, name_capacity;
    uint32_t groups;
    bool has_named, has_numbered_reference;

    /* Facts, true for every match. Literals do not overlap and stand in this order. */
    struct buf literal_bytes;
    struct regex_required literals[REGEX_LITERALS_MAX];
    uint32_t literal_count;
    size_t length_min; /* bytes */
    bool is_anchored;  /* every alternative begins with \A */
    bool begins_line;  /* every alternative begins with ^ or \A */
    bool has_loop;     /* anything without a small bound: an attempt may be long */
    /* Places in the original between the parts of its outermost sequence, quantifiers included:
     * what stands before one is an expression by itself. None where the whole is alternatives. */
    uint32_t *cuts;
    uint32_t cut_count, cut_capacity;
};

bool regex_translate(struct translation *to, struct str pattern,
                     const struct regex_options *options, struct regex_kind kind,
                     struct regex_problem *problem);
void translation_fini(struct translation *translation);
/* Where in the original the translated byte `out` comes from. */
size_t translation_origin(const struct translation *translation, size_t out);

#endif
