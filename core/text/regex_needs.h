/* SPDX-License-Identifier: Apache-2.0 */
/* Which texts must a subject contain one of, for a pattern to match it? Unlike regex_literal() it looks into
 * alternatives, and into patterns that do not tell capitals: `(?:iPhone|iPad)\d` needs one of `iphone`, `ipad`.
 * For whoever tries very many patterns (core/text/user_agent.c, with core/text/literals.h).
 *
 * Texts are in small letters: the subject, with its ASCII capitals made small, contains one of them. It must be
 * ASCII itself: beyond, a pattern that does not tell capitals finds an `s` in `ſ`. The pattern is one that
 * regex_compile() accepts. Limit: REGEX_NEEDS_MAX texts; what needs one of more says nothing. */
#ifndef CORE_TEXT_REGEX_NEEDS_H
#define CORE_TEXT_REGEX_NEEDS_H
#include "core/event/arena.h"
#include "core/text/regex.h"

enum { REGEX_NEEDS_MAX = 256 };

/* Texts of `bytes_min` bytes or more, in memory of `arena`. Returns how many; 0: nothing is known. */
uint32_t regex_needs(struct str pattern, size_t bytes_min, struct arena *arena, struct str texts[REGEX_NEEDS_MAX]);

#endif
