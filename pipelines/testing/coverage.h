/* SPDX-License-Identifier: Apache-2.0 */
/* What of the programs under test no test has reached: outcomes of conditions, filters and assignments,
 * grok patterns, outputs. Counters of the programs are summed by place, so that several programs of one
 * text count once. The command's thread. */
#ifndef PIPELINES_TESTING_COVERAGE_H
#define PIPELINES_TESTING_COVERAGE_H
#include "dsl/program.h"

enum coverage_kind { COVERAGE_BRANCHES, COVERAGE_FILTERS, COVERAGE_PATTERNS, COVERAGE_OUTPUTS, COVERAGE_KINDS };

struct coverage_item {
    enum coverage_kind kind;
    struct place place;
    const char *what; /* was not seen: "this condition was never true" */
    uint32_t outcome; /* tells items of one place apart */
    uint64_t hits;
};

/* A file that several tests name in several ways, `a.conf` and `sub/../a.conf`, is one. */
struct coverage_file {
    char *real;
    const struct source_text *source; /* as it was named first */
};

struct coverage {
    struct coverage_item *items;
    uint32_t count, capacity;
    struct coverage_file *files;
    uint32_t file_count, file_capacity;
    const struct source_text *last, *last_stands; /* looked up before: items of a file come in a row */
};

struct coverage_sum { uint32_t reached[COVERAGE_KINDS], all[COVERAGE_KINDS]; };

/* Adds what a program has counted; its texts must outlive the coverage. */
void coverage_add(struct coverage *coverage, const struct program *program);
/* Sorts by file and place, and makes one of what several programs say of a place. */
void coverage_settle(struct coverage *coverage);
void coverage_fini(struct coverage *coverage);

/* After coverage_settle(). */
/* Was item `number` not reached, and is it not what the one before says already? */
bool coverage_is_told(const struct coverage *coverage, uint32_t number);
struct coverage_sum coverage_sum(const struct coverage *coverage);
const char *coverage_kind_name(enum coverage_kind kind); /* "branches" */
/* Of all kinds together, rounded down; 100 when there is nothing. */
uint32_t coverage_percent(const struct coverage_sum *sum);

#endif
