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
    GROK_SAMPLE = 64,            /* one attempt in so many is timed */
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

struct grok_counters {
    atomic_uint_fast64_t attempts, hits, limits; /* the rest were misses */
    atomic_uint_fast64_t sampled, sampled_ns;
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
};

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

/* Matches and, on a match, stores the captures into the event as slices of `subject`, which must
 * live as long as the event. */
enum regex_verdict grok_apply(struct grok *grok, struct str subject, uint8_t string_flags,
                              struct event *event);

/* Tries the patterns in order; the first that matches wins and is stored. `*which`: its number.
 * REGEX_LIMIT ends the search. */
enum regex_verdict grok_first(struct grok *const *groks, uint32_t count, struct str subject,
                              uint8_t string_flags, struct event *event, uint32_t *which);

#endif
