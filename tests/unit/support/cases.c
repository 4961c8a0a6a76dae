/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/cases.h"
#include <stdio.h>
#include <stdlib.h>

bool case_count(const char *table, const char *section, bool passed, const char *departure)
{
    const char *path = getenv("TAILRACE_CASES");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) return passed;
    fprintf(file, "%s\t%s\t%s\t%s\n", table, section, passed ? "passed" : "failed", departure ? departure : "");
    fclose(file);
    return passed;
}
