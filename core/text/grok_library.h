/* SPDX-License-Identifier: Apache-2.0 */
/* Named expressions of grok and their expansion. A library holds `NAME -> regex`: the built-in ones
 * of a set (core/text/grok_files.h) and the user's. Binding is late: a later definition of a name
 * wins for all uses, also within built-in expressions.
 *
 * References: %{NAME} %{NAME:field} %{NAME:field:type} %{NAME=regex} %{NAME:field=regex}.
 * Ownership: what is defined lives in the arena given. The built-in expressions are read once for the
 * process, at the first library, and shared by all threads, which never change them. A library is for
 * start-up only, one thread. */
#ifndef CORE_TEXT_GROK_LIBRARY_H
#define CORE_TEXT_GROK_LIBRARY_H
#include "core/event/value.h"
#include "core/text/buf.h"
#include "core/text/grok_files.h"
#include "core/text/regex_translate.h"

enum {
    GROK_SUBSTITUTIONS_MAX = 10000, /* references replaced in one pattern */
    GROK_NESTING_MAX = 200,         /* references within references */
    GROK_EXPANDED_MAX = REGEX_PATTERN_MAX,
};

struct grok_library {
    struct arena *arena;
    const struct map *built_in; /* name -> text */
    struct map names;           /* the user's, which win */
};

struct grok_problem {
    char text[256]; /* a sentence without a full stop */
    char hint[128]; /* `did you mean …`, or empty */
    size_t offset;  /* in the pattern as written */
};

void grok_library_init(struct grok_library *library, bool is_ecs, struct arena *arena);
/* Both texts are borrowed and must outlive the library. */
void grok_library_define(struct grok_library *library, struct str name, struct str text);
/* The lines of a pattern file. Comments begin with #; blanks before a name are skipped; a name
 * alone defines nothing. Returns how many were defined. */
uint32_t grok_library_read(struct grok_library *library, struct str text);
bool grok_library_find(const struct grok_library *library, struct str name, struct str *text);
/* What a built-in pattern matches, in a line; empty: there is none, or the user defined it anew. */
struct str grok_library_meaning(const struct grok_library *library, struct str name);
/* The next name and its text, each name once; `*at` is 0 at first. False: there is none any more. */
bool grok_library_next(const struct grok_library *library, uint32_t *at, struct str *name, struct str *text);

struct grok_reference {
    struct str name;       /* NAME */
    struct str full;       /* NAME:field:type */
    struct str definition; /* of %{NAME=…} */
    bool has_field, has_definition;
    size_t len; /* of the whole %{…} */
};
/* Reads a reference at the start of `text`, which begins with `%{`; false: it is none, and stands for
 * itself. */
bool grok_reference_read(struct str text, struct grok_reference *reference);

/* Appends the pattern with all references replaced. Groups are named as the reference was written,
 * `NAME:field:type`. `named_only`: %{NAME} captures nothing; else it captures as NAME. `marks`, if
 * not NULL, get places of the text -> places of the pattern. */
bool grok_expand(const struct grok_library *library, struct str pattern, bool named_only,
                 struct buf *out, struct translation_mark **marks, uint32_t *mark_count,
                 struct grok_problem *problem);

#endif
