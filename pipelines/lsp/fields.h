/* SPDX-License-Identifier: Apache-2.0 */
/* The fields that a text names, with what is done to them: in conditions and assignments, in options
 * that take fields, in `%{…}` of texts, in captures of grok patterns. What a string means depends on the
 * option it belongs to: string_meaning() says. Captures within a named grok pattern count as set where the
 * pattern is named.
 *
 * One field is written in several ways (`a`, `[a]`, `[[a]]`); places carry its normal form `[a][b]`.
 * Memory is the scan's arena. */
#ifndef PIPELINES_LSP_FIELDS_H
#define PIPELINES_LSP_FIELDS_H
#include "pipelines/lsp/analysis.h"
#include "pipelines/lsp/catalogue.h"
#include "pipelines/lsp/scan.h"

enum { FIELD_PLACES_MAX = 100000 };

enum field_use { FIELD_READ, FIELD_SET, FIELD_REMOVED };

struct field_place {
    struct str field;    /* normal form */
    enum field_use use;
    uint32_t start, end; /* of the reference, without quotes or `%{ }` */
    uint32_t mark;       /* the one it stands in */
};

struct fields {
    struct field_place *items; /* in the order of the text */
    uint32_t count, capacity;
};

/* What a string is to its plugin. */
struct meaning {
    bool is_field;        /* the whole string is one field */
    enum field_use use;   /* of that field */
    bool is_pattern;      /* a grok expression */
    bool has_fields;      /* `%{field}` within it is replaced */
    const struct option *option; /* NULL: unknown */
    struct described plugin;     /* when `option` is known */
};

struct meaning string_meaning(const struct scan *scan, const struct mark *mark);
/* Of a string that would stand at the cursor, whose level this is. */
struct meaning value_meaning(const struct scan *scan, uint32_t scope, uint32_t option, bool is_key,
                             uint32_t item);

void fields_collect(struct fields *fields, const struct scan *scan, const struct analysis_options *options);
/* The place that `offset` lies in or directly behind; NULL: none. */
const struct field_place *fields_at(const struct fields *fields, uint32_t offset);
/* Empty: not a legal reference. */
struct str field_normal(struct str reference, struct arena *arena);

/* `%{` … `}` around an offset of a text; `end` is the closing brace's place, or where the text or word
 * ends without one. */
struct placeholder {
    size_t start, end; /* of what stands within */
    bool is_closed;
};
bool placeholder_at(struct str text, size_t offset, struct placeholder *found);

#endif
