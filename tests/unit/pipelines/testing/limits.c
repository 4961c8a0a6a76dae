/* SPDX-License-Identifier: Apache-2.0 */
/* The bounds of what `tailrace test` reads and keeps: at each, and one beyond. */
#include <criterion/criterion.h>
#include "core/text/json.h"
#include "core/xmalloc.h"
#include "dsl/parser.h"
#include "pipelines/test_command.h"
#include "pipelines/testing/compare_events.h"
#include "pipelines/testing/test_file.h"
#include "pipelines/testing/test_run.h"
#include "tests/unit/support/folder.h"

struct reading {
    struct arena arena;
    struct diag diag;
    struct test_list tests;
    struct test_reading reading;
    struct source_text source;
    struct buf text, messages;
    struct str preset;
};

static void reading_begin(struct reading *at)
{
    *at = (struct reading){.preset = STR("none.conf")};
    arena_init(&at->arena, NULL);
    diag_init(&at->diag);
    at->tests.arena = &at->arena;
    at->reading = (struct test_reading){.tests = &at->tests, .files = {&at->preset, 1}, .diag = &at->diag};
}

static bool reading_read(struct reading *at, bool is_json)
{
    at->source = (struct source_text){STR("a.test.conf"), buf_str(&at->text)};
    bool ok = (is_json ? test_json_read : test_blocks_read)(&at->reading, &at->source);
    diag_render(&at->diag, &at->messages);
    return ok;
}

static bool reading_says(struct reading *at, const char *words)
{
    return str_find(buf_str(&at->messages), str_of(words)) >= 0;
}

static void reading_end(struct reading *at)
{
    test_list_fini(&at->tests);
    buf_fini(&at->text);
    buf_fini(&at->messages);
    diag_fini(&at->diag);
    arena_fini(&at->arena);
}

static void repeat(struct buf *text, const char *part, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) buf_printf(text, "%s%s", i ? "," : "", part);
}

Test(testing_limits, so_many_events_go_in)
{
    for (uint32_t over = 0; over < 2; over++) {
        struct reading at;
        reading_begin(&at);
        buf_append_z(&at.text, "test \"t\" { dropped => true input => [");
        repeat(&at.text, "\"x\"", TEST_EVENTS_MAX + over);
        buf_append_z(&at.text, "] }");
        cr_expect_eq(reading_read(&at, false), !over, "%s", buf_z(&at.messages));
        if (over) cr_expect(reading_says(&at, "more than 1000 events or texts"));
        else cr_expect_eq(at.tests.items[0].input_count, (uint32_t)TEST_EVENTS_MAX);
        reading_end(&at);
    }
}

Test(testing_limits, so_many_events_of_a_json_case)
{
    static const struct { const char *text, *item, *says; } rows[] = {
        {"{\"expected\": [], \"input\": [", "\"x\"", "`input` of the file has more than 1000 items"},
        {"{\"input\": [], \"expected\": [", "{}", "`expected` of the file has more than 1000 items"},
    };
    for (uint32_t i = 0; i < 4; i++) {
        struct reading at;
        uint32_t over = i % 2;
        reading_begin(&at);
        buf_append_z(&at.text, rows[i / 2].text);
        repeat(&at.text, rows[i / 2].item, TEST_EVENTS_MAX + over);
        buf_append_z(&at.text, "]}");
        cr_expect_eq(reading_read(&at, true), !over, "%s", buf_z(&at.messages));
        if (over) cr_expect(reading_says(&at, rows[i / 2].says), "%s", buf_z(&at.messages));
        reading_end(&at);
    }
}

Test(testing_limits, so_many_json_cases)
{
    for (uint32_t over = 0; over < 2; over++) {
        struct reading at;
        reading_begin(&at);
        buf_append_z(&at.text, "{\"testcases\": [");
        repeat(&at.text, "\n{\"input\":[],\"expected\":[]}", TEST_CASES_MAX + over);
        buf_append_z(&at.text, "]}");
        cr_expect_eq(reading_read(&at, true), !over, "%s", buf_z(&at.messages));
        if (over) cr_expect(reading_says(&at, "more than 10000 tests"));
        else cr_expect_eq(place_line(at.tests.items[TEST_CASES_MAX - 1].place).line, (uint32_t)TEST_CASES_MAX + 1);
        reading_end(&at);
    }
}

Test(testing_limits, so_many_bytes_of_a_file)
{
    struct folder folder;
    folder_begin(&folder);
    char *bytes = xmalloc(TEST_FILE_BYTES_MAX + 1);
    memset(bytes, '\n', TEST_FILE_BYTES_MAX + 1);
    for (uint32_t over = 0; over < 2; over++) {
        struct reading at;
        reading_begin(&at);
        folder_write_bytes(&folder, "big.test.conf", (struct str){bytes, TEST_FILE_BYTES_MAX + over});
        cr_expect_eq(test_file_read(&at.reading, str_of(folder_at(&folder, "big.test.conf"))), !over);
        diag_render(&at.diag, &at.messages);
        if (over) cr_expect(reading_says(&at, "a file of tests has more than 16777216 bytes"), "%s", buf_z(&at.messages));
        reading_end(&at);
    }
    free(bytes);
    folder_end(&folder);
}

static enum exit_code command(struct folder *folder, struct test_command *command, struct arena *arena)
{
    static const struct settings settings = {.pipeline_id = {"main", 4}, .ecs_compatibility = {ECS_V8}};
    static struct str path;
    path = str_of(folder->path);
    *command = (struct test_command){.settings = &settings, .paths = {&path, 1}, .arena = arena};
    return test_command(command);
}

Test(testing_limits, so_many_files)
{
    struct folder folder;
    struct test_command run;
    struct arena arena;
    char name[32];
    folder_begin(&folder);
    for (uint32_t over = 0; over < 2; over++) {
        for (uint32_t i = over ? TEST_FILES_MAX : 0; i < TEST_FILES_MAX + over; i++) {
            snprintf(name, sizeof name, "%05u.test.conf", i);
            folder_write(&folder, name, "");
        }
        arena_init(&arena, NULL);
        cr_expect_eq(command(&folder, &run, &arena), over ? EXIT_CONFIG : EXIT_USAGE, "no test is in them");
        cr_expect(str_find(buf_str(&run.complaints),
                           str_of(over ? "there are more than 10000 files of tests" : "there is no test")) >= 0);
        buf_fini(&run.complaints);
        buf_fini(&run.report);
        arena_fini(&arena);
    }
    folder_end(&folder);
}

Test(testing_limits, so_many_folders_within_each_other)
{
    struct folder folder;
    struct test_command run;
    struct arena arena;
    struct buf name = {0};
    folder_begin(&folder);
    for (int i = 0; i < TEST_FOLDERS_DEPTH_MAX; i++) buf_append_z(&name, "d/");
    size_t len = name.len;
    folder_write(&folder, "a.conf", "");
    buf_append_z(&name, "a.test.conf");
    folder_write(&folder, buf_z(&name), "test \"deep enough\" { input => \"x\" outputs => [] files => \"/dev/null\" }");
    buf_truncate(&name, len);
    buf_append_z(&name, "d/a.test.conf");
    folder_write(&folder, buf_z(&name), "test \"too deep\" { input => \"x\" outputs => [] files => \"/dev/null\" }");
    arena_init(&arena, NULL);
    cr_expect_eq(command(&folder, &run, &arena), EXIT_DONE, "%s", buf_z(&run.complaints));
    cr_expect(str_find(buf_str(&run.report), STR("1 passed, 0 failed")) >= 0, "%s", buf_z(&run.report));
    buf_fini(&run.complaints);
    buf_fini(&run.report);
    buf_fini(&name);
    arena_fini(&arena);
    folder_end(&folder);
}

/* A program without a statement, and one test run in it. */
static void run_alone(struct reading *at)
{
    struct settings settings = {.pipeline_id = STR("main")};
    struct config config = {0};
    struct test *test = &at->tests.items[0];
    struct sandbox_options options = {.settings = &settings, .inputs = &test->source, .input_count = 1};
    struct sandbox *sandbox = sandbox_create(&config, &options, &at->arena, &at->diag);
    cr_assert(sandbox);
    test_run(test, sandbox, 0, &at->arena, &at->diag);
    sandbox_destroy(sandbox);
    diag_render(&at->diag, &at->messages);
}

Test(testing_limits, so_many_differences_are_kept)
{
    for (uint32_t over = 0; over < 2; over++) {
        struct reading at;
        reading_begin(&at);
        buf_append_z(&at.text, "test \"t\" { input => \"x\" expect => {");
        for (uint32_t i = 0; i < TEST_PROBLEMS_MAX + over; i++) buf_printf(&at.text, " field%u => 1", i);
        buf_append_z(&at.text, " } }");
        cr_assert(reading_read(&at, false), "%s", buf_z(&at.messages));
        run_alone(&at);
        const struct test *test = &at.tests.items[0];
        cr_expect_eq(test->result, TEST_FAILED);
        cr_expect_eq(test->problem_count, TEST_PROBLEMS_MAX + over);
        cr_expect_str_eq(arena_copy_z(&at.arena, test->problems[TEST_PROBLEMS_MAX - 1].subject), "[field99]");
        reading_end(&at);
    }
}

Test(testing_limits, what_goes_in_stays_within_a_batch)
{
    for (uint32_t over = 0; over < 2; over++) {
        struct reading at;
        reading_begin(&at);
        buf_append_z(&at.text, "test \"t\" { codec => line outputs => [] input => \"");
        for (uint32_t i = 0; i < SANDBOX_EVENTS_MAX + over; i++) buf_append_z(&at.text, "x\\n");
        buf_append_z(&at.text, "\" }");
        cr_assert(reading_read(&at, false), "%s", buf_z(&at.messages));
        run_alone(&at);
        cr_expect_eq(at.tests.items[0].result, over ? TEST_BROKEN : TEST_PASSED);
        if (over) cr_expect(reading_says(&at, "more than 10000 events, or more than 16777216 bytes of them, go in"));
        reading_end(&at);
    }
}
