/* SPDX-License-Identifier: Apache-2.0 */
/* What came out against what a test expects: fields, missing fields, conditions, outputs. Differences go
 * to the test (test_problem), texts to its arena. No state; the command's thread. */
#ifndef PIPELINES_TESTING_COMPARE_EVENTS_H
#define PIPELINES_TESTING_COMPARE_EVENTS_H
#include "pipelines/testing/test.h"

/* All that the test says of the events of a run that has ended. */
void test_compare(struct test *test, struct sandbox *sandbox, struct arena *arena);

#endif
