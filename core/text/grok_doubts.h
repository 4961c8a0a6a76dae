/* SPDX-License-Identifier: Apache-2.0 */
/* Warns of what makes a grok pattern slow for certain, when a line does not match: loops within
 * loops and loops side by side that take the same (core/text/regex_ambiguity.h), with the part of
 * the pattern as it is written underlined and a rewrite as the remedy. Start-up only; one thread.
 * Limits: the first GROK_DOUBTS_MAX of a pattern are said. */
#ifndef CORE_TEXT_GROK_DOUBTS_H
#define CORE_TEXT_GROK_DOUBTS_H
#include "core/diag.h"
#include "core/text/grok_library.h"

enum { GROK_DOUBTS_MAX = 5 };

/* `pattern` was accepted; it stands at `place`. */
void grok_doubts_say(const struct grok_library *library, struct str pattern, struct place place,
                     struct diag *diag);

#endif
