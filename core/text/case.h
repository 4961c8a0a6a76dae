/* SPDX-License-Identifier: Apache-2.0 */
/* Upper, lower and title case of UTF-8 text with full mappings (one character may become three: ß is
 * SS), as Ruby's upcase, downcase and capitalize: no locale, no context (Σ is always σ). Bytes that
 * are not UTF-8 stay as they are. Single characters: libc's tables of the C.UTF-8 locale; where that
 * locale is not installed only ASCII and the characters listed in case.c change. Any thread.
 * Source: Unicode's SpecialCasing, unconditional mappings. */
#ifndef CORE_TEXT_CASE_H
#define CORE_TEXT_CASE_H
#include "core/event/arena.h"

enum case_kind {
    CASE_UPPER,
    CASE_LOWER,
    CASE_CAPITAL, /* the first character in title case, all others in lower case */
};

enum { CASE_GROWTH = 3 }; /* times the bytes of the text, at most */

/* The text itself when nothing changes, else memory of `arena`. */
struct str case_map(struct str text, enum case_kind kind, struct arena *arena);

#endif
