/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the rows of the language's tables for tests/count_language_cases.py: a line for each row in
 * the file that TAILRACE_CASES names. Without it nothing is written. */
#ifndef TESTS_UNIT_SUPPORT_CASES_H
#define TESTS_UNIT_SUPPORT_CASES_H
#include <stdbool.h>

/* `table`: what the row belongs to, as "conditions"; `section`: "1.9"; `departure`: NULL, or why the
 * answer is not Logstash's. Returns `passed`. */
bool case_count(const char *table, const char *section, bool passed, const char *departure);

#endif
