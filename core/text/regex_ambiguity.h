/* SPDX-License-Identifier: Apache-2.0 */
/* What in a pattern can match one text in very many ways, so that a match that fails takes its
 * time: a loop within a loop, `(a+)+` or `(\w+ ?)*`, whose ways double with each character, and two
 * loops side by side that take the same characters, `.*.*` or `\s*\s+x`, whose time grows with the
 * square.
 *
 * Only what is certain is told: what is between, what follows and what cannot give back
 * (possessive, atomic) are looked at, and a pattern that is not wholly understood, or is not
 * accepted, has nothing. Loops side by side with different sets count only where neither takes
 * everything (`.*\d+` is how people skip to a number) and what follows can fail.
 *
 * Pure; start-up only. Limits: those of core/text/regex_tree.h; a longer pattern has nothing. */
#ifndef CORE_TEXT_REGEX_AMBIGUITY_H
#define CORE_TEXT_REGEX_AMBIGUITY_H
#include "core/text/regex.h"

enum ambiguity_kind {
    AMBIGUITY_NESTED,   /* `one` is the outer loop, `other` the inner one */
    AMBIGUITY_ADJACENT, /* `one` stands before `other` */
};

/* Bytes [start, end) of the pattern, quantifier included. */
struct ambiguity_range {
    size_t start, end;
};

struct ambiguity {
    enum ambiguity_kind kind;
    struct ambiguity_range one, other;
    char rewrite[80]; /* an expression that matches the same, for both; empty where there is none */
};

/* In the order of their places; returns their number, at most `capacity`. */
uint32_t regex_ambiguities(struct str pattern, struct ambiguity *found, uint32_t capacity);

#endif
