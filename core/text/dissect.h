/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a text apart at fixed delimiters: `%{ts} %{+ts} [%{level}] %{msg}`. A pattern is literal text and
 * fields `%{key}`; a field reaches to the first place of the literal text behind it, the last one to the end.
 *
 *   %{key}     a field                      %{+key}    appended to what `key` has
 *   %{?key}    matched, not stored          %{+key/2}  the second to be appended
 *   %{}        the same                     %{&key}    a field whose name is the value of `key`
 *   %{key->}   the delimiter behind it may be repeated
 *
 * All is compiled once; matching is a search for each delimiter, 16 bytes at a time, and stores nothing.
 * Bytes only: invalid UTF-8 is as good as any other text. A compiled pattern never changes: any thread. */
#ifndef CORE_TEXT_DISSECT_H
#define CORE_TEXT_DISSECT_H
#include <stdint.h>
#include "core/event/arena.h"

enum {
    DISSECT_FIELDS_MAX = 512, /* of one pattern */
    DISSECT_PROBLEM_MAX = 120,
};

enum dissect_kind { DISSECT_PLAIN, DISSECT_SKIP, DISSECT_APPEND, DISSECT_INDIRECT };

struct dissect_field {
    enum dissect_kind kind;
    struct str key;       /* as written, without its signs */
    struct str delimiter; /* behind it; of the last field empty */
    struct str joiner;    /* of an append: the delimiter before it, or a blank */
    uint32_t order;       /* of an append: /2 */
    bool is_padded;       /* -> */
    uint32_t start, end;  /* in the pattern */
};

struct dissect {
    struct str head; /* literal text before the first field */
    struct dissect_field *fields;
    uint32_t count;
    bool never_matches; /* two fields without a delimiter between them: `adjacent` is the second */
    uint32_t adjacent;
};

struct dissect_problem {
    char text[DISSECT_PROBLEM_MAX];
    size_t start, end; /* in the pattern */
};

/* The pattern is borrowed and must outlive the result, which lies in `arena`. */
bool dissect_compile(struct dissect *out, struct str pattern, struct arena *arena, struct dissect_problem *problem);
/* Slices of the text, one a field. False: some delimiter is not there; `values` is then undefined. */
bool dissect_match(const struct dissect *dissect, struct str text, struct str *values);

#endif
