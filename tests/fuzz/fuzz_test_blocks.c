/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of tests: `test` blocks, or, when they begin with `{`, cases of Filter Verifier. What
 * can be read is run through a small program, compared and reported. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "core/log.h"
#include "dsl/parser.h"
#include "pipelines/testing/test_file.h"
#include "pipelines/testing/test_report.h"
#include "pipelines/testing/test_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char program[] = "input { stdin { id => \"in\" codec => json_lines type => \"t\" } }\n"
                              "filter { if [message] == \"drop\" { drop { } } [n] = [message] + \"x\" }\n"
                              "output { if [n] { stdout { id => \"a\" } } else { null { } } }";

static void run(struct test *test, struct arena *arena, struct diag *diag)
{
    struct source_text source = {STR("fuzz.conf"), str_of(program)};
    struct parse_options options = {0};
    struct config config = {0};
    struct settings settings = {.pipeline_id = STR("main")};
    struct sandbox_options wanted = {.settings = &settings, .inputs = &test->source, .input_count = 1};
    if (!parse_source(&config, &source, &options, arena, diag)) abort();
    struct sandbox *sandbox = sandbox_create(&config, &wanted, arena, diag);
    if (!sandbox) return;
    struct coverage coverage = {0};
    struct buf out = {0};
    test_run(test, sandbox, 0, arena, diag);
    coverage_add(&coverage, sandbox_program(sandbox));
    coverage_settle(&coverage);
    report_test(test, &out);
    report_test_json(test, &out);
    report_coverage(&coverage, true, &out);
    buf_fini(&out);
    coverage_fini(&coverage);
    sandbox_destroy(sandbox);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy) return 0;
    if (size) memcpy(copy, data, size);
    struct source_text source = {STR("fuzz.test.conf"), {copy, size}};
    struct arena arena;
    struct diag diag;
    struct buf out = {0};
    log_setup(LOG_FATAL, false);
    arena_init(&arena, NULL);
    diag_init(&diag);
    struct str preset = STR("none.conf");
    struct test_list tests = {.arena = &arena};
    struct test_reading reading = {.tests = &tests, .files = {&preset, 1}, .diag = &diag};
    bool is_json = size && data[0] == '{';
    bool is_right = (is_json ? test_json_read : test_blocks_read)(&reading, &source);
    if (is_right != (diag.errors == 0)) abort();
    for (uint32_t i = 0; i < tests.count && i < 8; i++)
        if (tests.items[i].result != TEST_BROKEN) run(&tests.items[i], &arena, &diag);
    report_junit(&tests, &out);
    diag_render(&diag, &out);
    buf_fini(&out);
    test_list_fini(&tests);
    diag_fini(&diag);
    arena_fini(&arena);
    free(copy);
    return 0;
}
