/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions as Ruby reads them (Onigmo), run by PCRE2's JIT. The text is translated once
 * (core/text/regex_translate.h); what a subject must contain is derived from it and tested first,
 * so that a miss is nearly free.
 *
 * One regex exists in up to four compilations, made at first need:
 *
 *               subject is ASCII or not UTF-8      subject is other valid UTF-8
 *    short      bytes                              UTF and UCP, \d \w \s kept ASCII
 *    long       bytes, guarded                     the same, guarded
 *
 * An attempt never runs away. PCRE2's match limit counts anew at each start position and does not
 * count what a loop over one class skips; so the guarded kind has a callout at the start and in
 * each loop, which spends REGEX_BUDGET_NS of the thread's CPU time for the whole attempt. Subjects
 * up to REGEX_SHORT_BYTES are first tried under a small limit with one callout at the start.
 *
 * Ownership: regex_compile() creates, regex_destroy() frees; match results point into the regex
 * and are valid until its next match. Threads: one regex belongs to one thread at a time (each
 * worker compiles its own); nothing is shared.
 * Sources: Onigmo doc/RE (Ruby syntax), pcre2pattern(3), pcre2jit(3). */
#ifndef CORE_TEXT_REGEX_H
#define CORE_TEXT_REGEX_H
#include "core/text/str.h"
#include <stdint.h>

enum {
    REGEX_PATTERN_MAX = 256 * 1024,     /* bytes of a pattern's text */
    REGEX_GROUPS_MAX = 4096,            /* capturing groups */
    REGEX_DEPTH_MAX = 120,              /* of groups and classes within each other */
    REGEX_REPEAT_MAX = 65535,           /* {n,m}: PCRE2's own bound */
    REGEX_SHORT_BYTES = 2048,           /* subjects up to this are first tried without guards */
    REGEX_SHORT_STEPS = 2000,           /* match limit of that try, for each start position */
    REGEX_STEPS = 100000,               /* match limit otherwise, plus one for each byte */
    REGEX_BUDGET_NS = 10 * 1000 * 1000, /* CPU time of an attempt; ends within twice of it */
    REGEX_EVENT_BUDGET_NS = 100 * 1000 * 1000, /* CPU time of all attempts of one event, where asked for */
    REGEX_STACK_BYTES = 1024 * 1024,    /* of the JIT, for subjects that need more than 32 KiB */
    REGEX_HEAP_KIB = 8 * 1024,          /* of the interpreter, where there is no JIT */
    REGEX_PROBLEM_MAX = 160,
};

/* Zeroed: as Ruby's //: `.` stops at a newline, letters keep their case, and plain groups capture
 * unless there is a named one. `^` and `$` always match at every line. */
struct regex_options {
    bool is_dotall; /* `.` matches a newline too (Ruby's m; grok) */
    bool is_caseless;
    bool named_only; /* plain groups never capture (unless a numbered back-reference needs them) */
};

/* Why a pattern was refused: a sentence without a full stop, and where in its text. */
struct regex_problem {
    char text[REGEX_PROBLEM_MAX];
    size_t offset;
};

enum regex_verdict {
    REGEX_NO_MATCH,
    REGEX_MATCH,
    REGEX_LIMIT, /* given up: budget, match limit or stack. Says nothing about the subject */
};

#define REGEX_UNSET (~(size_t)0)

/* Offsets of group n in the subject: [2n] start, [2n+1] end; REGEX_UNSET when it took no part. */
struct regex_match {
    const size_t *offsets;
    uint32_t count; /* groups with offsets, the whole match (0) included; further ones are unset */
};

/* A named group. Several groups may have one name. */
struct regex_name {
    struct str name;
    uint32_t group; /* from 1 */
};

struct regex;

/* NULL when the pattern is refused; `problem` then says why. */
struct regex *regex_compile(struct str pattern, const struct regex_options *options,
                            struct regex_problem *problem);
void regex_destroy(struct regex *regex); /* NULL is allowed */

/* Searches from byte `start` (at a character's border). `string_flags` are those of the subject's
 * value (enum string_flags); 0: they are looked up here. `out` may be NULL; it is filled only by
 * REGEX_MATCH. */
enum regex_verdict regex_match(struct regex *regex, struct str subject, uint8_t string_flags,
                               size_t start, struct regex_match *out);

/* The same for a subject in which regex_literal() was found already. */
enum regex_verdict regex_match_likely(struct regex *regex, struct str subject, uint8_t string_flags,
                                      size_t start, struct regex_match *out);

/* The text of a group of the last match; false when it took no part. */
static inline bool regex_group(const struct regex_match *match, struct str subject, uint32_t group,
                               struct str *text)
{
    if (group >= match->count || match->offsets[2 * group] == REGEX_UNSET) return false;
    *text = str_slice(subject, match->offsets[2 * group], match->offsets[2 * group + 1]);
    return true;
}

/* For whoever makes many attempts for one event (lists of texts, many patterns): those of this thread between the
 * two have REGEX_EVENT_BUDGET_NS of its CPU time together; further ones are REGEX_LIMIT at once. A second begin
 * starts anew. */
void regex_event_begin(void);
void regex_event_end(void);

/* Named groups in order of their numbers, valid as long as the regex. */
const struct regex_name *regex_names(const struct regex *regex, uint32_t *count);
uint32_t regex_group_count(const struct regex *regex); /* without the whole match */
/* CPU time of an attempt, for a user's timeout; never more than REGEX_BUDGET_NS. */
void regex_budget_set(struct regex *regex, int64_t ns);

/* What must hold for any match, for whoever tries many patterns: bytes the subject must contain
 * (empty: none known) and its least length. */
struct str regex_literal(const struct regex *regex);
/* All runs of bytes that any match contains, of which regex_literal() is the longest; those that
 * are empty say nothing. */
uint32_t regex_literal_count(const struct regex *regex);
struct str regex_literal_at(const struct regex *regex, uint32_t number);
size_t regex_length_min(const struct regex *regex);
struct str regex_pattern(const struct regex *regex); /* as it was given */
/* Places in it, ascending, where it can be cut in two: any match begins with one of what stands
 * before. */
const uint32_t *regex_cuts(const struct regex *regex, uint32_t *count);

/* False where executable memory is refused: everything works, several times slower. Said once at
 * start and in /health by whoever runs the program. */
bool regex_has_jit(void);

/* A text to search for, and the places of its two bytes that logs hold least often. */
struct needle {
    struct str text;
    size_t one, other; /* one <= other */
};
struct needle needle_of(struct str text); /* borrowed, not empty */
/* First place of the needle in `text`, or -1: 16 bytes at a time by its two rare bytes. */
ptrdiff_t needle_find(const struct needle *needle, struct str text);

#endif
