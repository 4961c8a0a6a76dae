/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tests: those of one file that agree in files, environment and ECS mode share a sandbox, so that
 * a configuration is compiled once for them. The command's thread. */
#ifndef PIPELINES_TESTING_TEST_RUN_H
#define PIPELINES_TESTING_TEST_RUN_H
#include "pipelines/testing/coverage.h"
#include "pipelines/testing/test.h"

struct test_running {
    const struct settings *settings;
    const struct environment *environment; /* of the process: behind that of a test */
    struct coverage *coverage;
    struct arena *arena;
    /* What is wrong with a configuration: given the complaints about it, of one sandbox at a time. */
    void (*complain)(void *opaque, const struct diag *diag);
    void *opaque;
};

/* One test in a sandbox whose input number `input` was made of test->source. */
void test_run(struct test *test, struct sandbox *sandbox, uint32_t input, struct arena *arena, struct diag *diag);
/* Fills result and problems of every test that is not broken already. */
void test_run_all(const struct test_running *running, struct test_list *tests);

#endif
