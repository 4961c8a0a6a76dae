/* SPDX-License-Identifier: Apache-2.0 */
/* Ruby's gsub: every match of a pattern replaced. In the replacement
 *     \0 \&      the whole match          \1 … \9    a group; empty when it took no part
 *     \k<name>   a named group            \` \'      what stands before and behind the match
 *     \\         one backslash            \x         both characters, whatever else x is
 * An empty match takes no character; the one behind it is copied. The regex belongs to one thread. */
#ifndef CORE_TEXT_REPLACE_H
#define CORE_TEXT_REPLACE_H
#include "core/event/value.h"
#include "core/text/regex.h"

enum replace_verdict {
    REPLACE_NONE,      /* no match: the text is the answer */
    REPLACE_DONE,
    REPLACE_LIMIT,     /* the pattern was given up (REGEX_LIMIT) */
    REPLACE_MEMORY,    /* the result would not fit (arena_allows) */
    REPLACE_BAD_NAME,  /* \k<name> of no group */
};

/* `*out`, in memory of `arena`, is filled by REPLACE_DONE only. */
enum replace_verdict replace_all(struct regex *regex, const struct value *subject,
                                 struct str replacement, struct arena *arena, struct str *out);
/* Does every \k<name> name a group? What it names otherwise goes to `*name`. */
bool replace_check(const struct regex *regex, struct str replacement, struct str *name);

#endif
