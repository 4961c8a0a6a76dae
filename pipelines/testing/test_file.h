/* SPDX-License-Identifier: Apache-2.0 */
/* Reads tests: `test "name" { … }` blocks of the pipeline's language, and the JSON cases of Logstash
 * Filter Verifier. Both become struct test. What is wrong is said with its place, all of it.
 * The command's thread; limits are those of test.h. */
#ifndef PIPELINES_TESTING_TEST_FILE_H
#define PIPELINES_TESTING_TEST_FILE_H
#include "pipelines/testing/test.h"

struct test_reading {
    struct test_list *tests;
    struct str_list files; /* of -f: for tests that name no files; none: by the test file's name */
    struct diag *diag;
};

/* Appends the tests of a file: `*.json` is Filter Verifier's, everything else the language's. False: the
 * diag says what is wrong; tests that could be read are there. */
bool test_file_read(struct test_reading *reading, struct str path);
/* The same for texts at hand (the fuzzer). */
bool test_blocks_read(struct test_reading *reading, const struct source_text *source);
bool test_json_read(struct test_reading *reading, const struct source_text *source);
/* The blocks of a tree that was read already, of the file of this name. */
bool test_blocks_take(struct test_reading *reading, const struct config *config, struct str file);
extern const struct option test_block_options[]; /* of a block; for the manual in editors */

/* Is it a name that `tailrace test` looks for in folders? */
bool test_file_is_named(struct str path);
/* The files under test of a file that does not say: its own (`has_sections`), those of -f, the
 * configuration of its name, or all of its folder. */
struct str_list test_files_default(const struct test_reading *reading, struct str path, bool has_sections);

#endif
