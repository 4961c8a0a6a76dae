/* SPDX-License-Identifier: Apache-2.0 */
/* What tests and coverage are told as: lines for people, one JSON object a line for programs, JUnit's XML
 * for CI. Only text is made here. */
#ifndef PIPELINES_TESTING_TEST_REPORT_H
#define PIPELINES_TESTING_TEST_REPORT_H
#include "pipelines/testing/coverage.h"
#include "pipelines/testing/test.h"

enum { REPORT_VALUE_MAX = 100 }; /* bytes shown of a value; longer ones are cut around the difference */

struct test_counts { uint32_t passed, failed, broken; };
struct test_counts test_counts(const struct test_list *tests);

/* A line, and for a failure what differs. */
void report_test(const struct test *test, struct buf *out);
void report_test_json(const struct test *test, struct buf *out);
/* `coverage: 83 % (branches 3 of 4, …)`; with `lists` what was not reached. */
void report_coverage(const struct coverage *coverage, bool lists, struct buf *out);
/* `N passed, N failed`. */
void report_counts(const struct test_counts *counts, struct buf *out);
/* Counts and coverage. */
void report_sum_json(const struct test_counts *counts, const struct coverage *coverage, struct buf *out);
void report_junit(const struct test_list *tests, struct buf *out);

#endif
