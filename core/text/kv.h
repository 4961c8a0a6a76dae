/* SPDX-License-Identifier: Apache-2.0 */
/* Finds key=value pairs in a text: `src=10.0.0.1 msg="a b" flags=(SYN)`. A pair is
 *
 *     KEY  value splitter  [VALUE]  field splitter or the end of a line
 *
 * looked for from left to right; text that belongs to no pair is passed over. A VALUE is "…", '…', with
 * brackets also (…) […] <…>, when a field splitter or a line's end follows; else all up to the next field
 * splitter. A backslash takes the next character with it and stays in the value.
 *
 * Splitters are sets of characters, written as a regular expression's bracket class has them, or whole
 * expressions. One expression says what a pair is; where both sets have ASCII characters only (nearly
 * always) a scanner of tables and 16-byte blocks finds the same pairs, and asks the expression only where
 * a backslash makes it doubtful (tests/unit/core/text/kv.c compares the two).
 *
 * Ownership: kv_create() makes, kv_destroy() frees. Keys and values are slices of the text. Threads: one
 * at a time, as a regex. Limits are the constants: hostile text ends with KV_LIMIT, in bounded time. */
#ifndef CORE_TEXT_KV_H
#define CORE_TEXT_KV_H
#include "core/text/regex.h"

enum {
    KV_WORK_MAX = 16 * 1024 * 1024,     /* bytes looked at behind opening quotes and brackets, for a text */
    KV_BUDGET_NS = 50 * 1000 * 1000,    /* time of a text where the expression must be asked */
};

struct kv_syntax {
    struct str field_split, value_split;     /* characters */
    struct str field_pattern, value_pattern; /* expressions instead of them; empty: none */
    bool is_strict;                          /* no blanks around the value splitter */
    bool has_brackets;
};

/* Which of the four is wrong, and why. */
struct kv_problem {
    const struct str *what; /* a member of the syntax given */
    struct regex_problem why;
};

struct kv;
struct kv *kv_create(const struct kv_syntax *syntax, struct kv_problem *problem);
void kv_destroy(struct kv *kv); /* NULL is allowed */
/* A smaller budget than KV_BUDGET_NS. */
void kv_budget_set(struct kv *kv, int64_t ns);

/* BLOCK bytes of the text (core/text/kv.c), a bit for each of them: what splits a pair, what ends a value;
 * backslashes in both. */
struct kv_block {
    size_t end; /* place behind the last one; 0: no block yet */
    uint64_t splits, ends;
};
struct kv_scan {
    struct str text;
    uint8_t flags; /* of the text's value (enum string_flags) */
    size_t at;     /* begins as 0, as all that follows */
    size_t work;
    struct kv_block block;
    int64_t end_ns; /* 0: the clock was not needed yet */
};
struct kv_pair {
    struct str key;
    struct str value; /* without its quotes; empty when there is none */
};
enum kv_verdict { KV_END, KV_PAIR, KV_LIMIT };
/* The next pairs, `capacity` at most, and how many. The verdict is KV_PAIR when there may be more. */
uint32_t kv_next(struct kv *kv, struct kv_scan *scan, struct kv_pair *pairs, uint32_t capacity,
                 enum kv_verdict *verdict);
/* One, by the expression alone: for tests, and for kv_next(). */
enum kv_verdict kv_next_by_regex(struct kv *kv, struct kv_scan *scan, struct kv_pair *pair);
bool kv_has_tables(const struct kv *kv);

#endif
