/* SPDX-License-Identifier: Apache-2.0 */
/* One grok pattern, ready to run: the expanded expression and, for each capture, the field it goes
 * to. Fields are resolved when the pattern is compiled; nested ones (`[http][request][method]`)
 * share their parents, so that a line's captures look up each map once.
 *
 * Ownership: grok_compile() creates with memory of the arena and of the regex engine;
 * grok_destroy() frees the latter. One thread at a time; counters may be read by any. */
#ifndef CORE_TEXT_GROK_H
#define CORE_TEXT_GROK_H
#include "core/event/path.h"
#include "core/event/ticket.h"
#include "core/text/grok_library.h"

enum {
    GROK_SAMPLE = 64,            /* one run in so many is timed, on average; which, is drawn */
    GROK_FIELD_ITEMS_MAX = 1024, /* captures collected in one field; further ones are dropped */
};

enum grok_type { GROK_STRING, GROK_INT, GROK_FLOAT };

struct grok_options {
    bool named_only;
    bool keep_empty;             /* absent and empty captures are stored as null and "" */
    struct str target;           /* empty: the root */
    const struct str *overwrite; /* fields, as written in the pattern */
    uint32_t overwrite_count;
};

/* Attempts are in grok_attempts(); what was neither hit nor limit was a miss. */
struct grok_counters {
    atomic_uint_fast64_t alone;        /* attempts that were not a list's */
    atomic_uint_fast64_t runs;         /* of the expression: a list passes over what cannot match */
    atomic_uint_fast64_t hits, limits;
    atomic_uint_fast64_t sampled, sampled_ns; /* runs that were timed */
};

struct grok_capture {
    uint32_t group;
    uint8_t type; /* enum grok_type */
    bool is_overwrite;
    bool is_direct; /* `parent` and `key` lead there; else by the path */
    bool is_first;  /* direct, and no capture before it has the same parent and key */
    uint32_t parent;
    struct key key;
    struct path path;
};

/* A map on the way to captures; number 0 is the event, 1 is @metadata. */
struct grok_parent {
    uint32_t parent, children;
    struct key key;
};

struct grok {
    struct str pattern; /* as written */
    struct regex *regex;
    bool keep_empty;
    struct grok_capture *captures;
    uint32_t capture_count;
    struct grok_parent *parents;
    struct map **maps; /* of the event at hand, by parent */
    uint64_t *blooms;  /* of these maps as they were before anything was stored */
    uint32_t parent_count;
    struct grok_counters counters;
    uint32_t sample_in, random;           /* runs until the next that is timed; what draws them */
    const atomic_uint_fast64_t *list_ends; /* of a list: lines that ended here, at the next … */
    uint32_t list_ends_count;
};

extern const struct regex_options grok_regex_options; /* how expanded patterns are read */

/* NULL when the pattern is refused. The pattern's text is borrowed. */
struct grok *grok_compile(const struct grok_library *library, struct str pattern,
                          const struct grok_options *options, struct arena *arena,
                          struct grok_problem *problem);
void grok_destroy(struct grok *grok); /* NULL is allowed */
/* Several groups of one field are one capture, with the type of the first: is this a later one? */
bool grok_capture_is_repeated(const struct grok *grok, uint32_t capture);
/* The next capture from number `*at` on whose type says nothing (anything but int and float), as
 * `NAME:field:type`, and the type; both live as long as the pattern. False: there is none. */
bool grok_type_ignored(const struct grok *grok, uint32_t *at, struct str *capture,
                       struct str *type);

/* Part of a list: `ends` are lines that ended at this pattern and at those behind it. */
void grok_join(struct grok *grok, const atomic_uint_fast64_t *ends, uint32_t count);
/* How often the pattern was tried, be it that it was not run because it could not match. */
uint64_t grok_attempts(const struct grok *grok);

/* Matches and, on a match, stores the captures into the event as slices of `subject`, which must
 * live as long as the event. */
enum regex_verdict grok_apply(struct grok *grok, struct str subject, uint8_t string_flags,
                              struct event *event);

/* The same for a list, which counts attempts itself. `has_literal`: the subject is known to contain
 * regex_literal(), or another run that the pattern requires. */
enum regex_verdict grok_run(struct grok *grok, struct str subject, uint8_t string_flags,
                            bool has_literal, struct event *event);

#endif
