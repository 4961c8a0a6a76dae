/* SPDX-License-Identifier: Apache-2.0 */
/* A test of a pipeline's filters and routes, whichever file it came from (test_file.h), and what came
 * of it (test_run.h): plain data between reading, running and reporting. docs/testing.md is the manual.
 *
 * All memory is the arena's of the command, which outlives tests, sandboxes and complaints. */
#ifndef PIPELINES_TESTING_TEST_H
#define PIPELINES_TESTING_TEST_H
#include "dsl/condition.h"
#include "pipelines/sandbox.h"

enum {
    TEST_FILES_MAX = 10000,                 /* of one command */
    TEST_FILE_BYTES_MAX = 16 * 1024 * 1024, /* of one file */
    TEST_CASES_MAX = 10000,                 /* tests of one file */
    TEST_EVENTS_MAX = 1000,                 /* values of one `input` */
    TEST_PROBLEMS_MAX = 100,                /* differences kept of one test */
};

/* What a test's program is built from: tests that agree in it share one. */
struct test_setup {
    struct str_list files;        /* paths and patterns */
    struct str_pairs environment; /* of ${NAME}, before the process's own */
    struct choice ecs;            /* ECS_CHOICE_PIPELINE: not given */
};

struct test_condition {
    struct condition *condition;
    const struct expression *source;
    struct str text;
};

/* One difference. Texts are JSON where they are values. */
struct test_problem {
    uint32_t event;      /* the number of the event that came out, from 1; 0: of the test as a whole */
    struct str subject;  /* `[user][name]`, `where`, `outputs`, … */
    struct str expected; /* `ptr` NULL: nothing */
    struct str got;
    bool is_value;       /* of a field: both texts are JSON */
};

enum test_result { TEST_PASSED, TEST_FAILED, TEST_BROKEN /* its configuration or itself: said in the diag */ };

struct test {
    struct str file; /* as named on the command line or found */
    struct str name;
    struct place place;
    uint32_t line; /* of the place; 0: a JSON file's, whose cases have none */
    struct test_setup setup;

    /* what goes in */
    struct value *inputs; /* strings go through the codec, maps are events */
    uint32_t input_count;
    struct sandbox_input source;
    struct value fields; /* a map added to every event, or VALUE_MISSING */

    /* what must come out */
    struct value *expected; /* maps, one an event, in order */
    uint32_t expected_count;
    bool has_expected;
    bool is_exact;          /* nothing else may be in the events */
    bool covers_metadata;   /* … nor in their @metadata */
    struct str *ignored;    /* normalised: `[a][b]` */
    uint32_t ignored_count;
    struct path_list absent;
    struct test_condition *conditions;
    uint32_t condition_count;
    struct str_list *outputs; /* one for all events, or one each */
    uint32_t output_count;
    const struct config_value *outputs_source; /* as written, for places */
    bool has_outputs, has_outputs_each;
    bool is_dropped;

    /* what came of it */
    enum test_result result;
    struct test_problem *problems; /* at most TEST_PROBLEMS_MAX */
    uint32_t problem_count;        /* all of them */
};

struct test_list {
    struct test *items;
    uint32_t count, capacity;
    struct arena *arena;
};
/* A zeroed test at the end; the pointer is valid until the next one. */
struct test *test_list_add(struct test_list *list);
/* Lines of a text, each counted once while places come in its order. Zeroed at first. */
struct line_count {
    const struct source_text *source;
    uint32_t at, line;
};
uint32_t line_count_to(struct line_count *count, struct place place);
void test_list_fini(struct test_list *list); /* conditions live partly outside the arena */

/* ---- values (test_value.c) ---- */
/* A value as written in a test: barewords true, false and null are JSON's, other words are strings. */
struct value test_value(const struct config_value *value, struct arena *arena);
/* Puts `value` where `reference` leads in a tree of maps: `[a][b]` leads into it, other names are keys.
 * False: something that is no map is in the way, or the reference is not legal. */
bool test_tree_put(struct value *tree, struct arena *arena, struct str reference, struct value value);
/* An object's entries as such a tree. NULL, or the key that does not fit. */
const struct key *test_tree_of(const struct map *map, struct arena *arena, struct value *tree);
/* Adds the entries of `from` to `map`; maps in both become one. */
void test_tree_merge(struct map *map, struct arena *arena, const struct map *from);
/* `[a][b]`, whatever way the path was written in; in memory of `arena`. */
struct str test_path_text(const struct path *path, struct arena *arena);

#endif
