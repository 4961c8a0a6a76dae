/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern of Ruby's as a tree of its parts, for judging it without running it: single characters
 * and classes, groups with their alternatives, assertions, and what is not looked into
 * (references). Parts are numbers into an array; 0 is none.
 *
 * What is rare (flags that change what follows, conditionals, octal numbers, comments, quantifiers
 * upon quantifiers) makes the whole `failed`: whoever judges says nothing then. The pattern is to
 * be one that the engine accepts. Ownership: regex_tree_free(). Limit: REGEX_TREE_PARTS_MAX parts;
 * more fail. */
#ifndef CORE_TEXT_REGEX_TREE_H
#define CORE_TEXT_REGEX_TREE_H
#include "core/text/regex.h"

enum { REGEX_TREE_PARTS_MAX = 20000, REGEX_PART_NONE = 0, REGEX_ENDLESS = UINT32_MAX };

enum regex_part_kind {
    PART_SEQUENCE, /* parts one after the other: an alternative */
    PART_ONE,      /* one character of a set */
    PART_GROUP,    /* its children are alternatives */
    PART_ASSERTION,
    PART_OPAQUE,
};

struct regex_part {
    enum regex_part_kind kind;
    bool gives_nothing;            /* possessive, or an atomic group */
    bool is_line_end;              /* `$` */
    uint32_t min, max;             /* repeats */
    uint32_t start, atom_end, end; /* bytes of the pattern: without and with the quantifier */
    uint32_t parent, child, next;
};

struct regex_tree {
    struct str in;
    size_t at;
    struct regex_part *parts;
    uint32_t count, capacity;
    bool failed; /* not understood */
};

/* The number of the whole, a group. `pattern` is borrowed. */
uint32_t regex_tree_read(struct regex_tree *tree, struct str pattern);
void regex_tree_free(struct regex_tree *tree);
/* A part's text without its quantifier. */
struct str regex_part_atom(const struct regex_tree *tree, uint32_t number);

#endif
