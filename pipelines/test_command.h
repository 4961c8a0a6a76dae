/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace test [PATH…]`: finds files of tests, runs them, tells what came of it and what no test has
 * reached. docs/testing.md is the manual. Runs once and ends; files are read, nothing else is opened. */
#ifndef PIPELINES_TEST_COMMAND_H
#define PIPELINES_TEST_COMMAND_H
#include "pipelines/settings.h"
#include "pipelines/supervisor.h"

enum { TEST_FOLDERS_DEPTH_MAX = 32 }; /* folders within folders that are searched */

/* What only the command line says. */
struct test_flags {
    struct str filter;     /* only tests whose name holds this; empty: all */
    struct str junit;      /* a file to write; empty: none */
    bool lists_coverage;
    uint32_t coverage_min; /* percent; 0: none */
};

struct test_command {
    const struct settings *settings;
    const struct environment *environment;
    struct str_list paths;  /* files and folders; none: beside `config`, else the current folder */
    struct str_list config; /* -f: under test where tests name no files */
    struct test_flags flags;
    bool is_json;
    struct arena *arena;
    struct buf complaints, report; /* made by test_command(), the caller's to print and to free */
};

/* 0 all passed, 1 a failure or too little coverage, 2 nothing to run, 78 a test or a configuration is
 * wrong. */
enum exit_code test_command(struct test_command *command);

#endif
