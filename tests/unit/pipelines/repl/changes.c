/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/repl/changes.h"
#include <criterion/criterion.h>
#include "pipelines/repl/stage.h"
#include "tests/unit/support/events.h"

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(changes, .init = begin, .fini = end);

static const struct { const char *before, *after, *lines; } rows[] = {
    {"{}", "{}", ""},
    {"{'a': 1}", "{'a': 1, 'b': 'x'}", "+ [b]  \"x\"\n"},
    {"{'a': 1, 'b': 2}", "{'b': 3}", "- [a]  1\n~ [b]  2 -> 3\n"},
    {"{'a': 1}", "{'a': 1.0}", "~ [a]  1 -> 1.0\n"},
    {"{}", "{'a': {'b': {'c': 1}, 'd': []}}", "+ [a][b][c]  1\n+ [a][d]  []\n"},
    {"{'a': {'b': 1, 'c': 2}}", "{'a': {'c': 3}}", "- [a][b]  1\n~ [a][c]  2 -> 3\n"},
    {"{'a': {'b': 1}}", "{'a': 5}", "~ [a]  {\"b\":1} -> 5\n"},
    {"{'a': {'b': 1}}", "{}", "- [a][b]  1\n"},
    {"{'a': {}}", "{}", "- [a]  {}\n"},
    {"{'a': [1]}", "{'a': [1, 2]}", "~ [a]  [1] -> [1,2]\n"},
    {"{'message': 'x'}", "{'message': 'y'}", "~ [message]  \"x\" -> \"y\"\n"},
    {"{}", "{'tags': ['a', 'b']}", "+ tag a\n+ tag b\n"},
    {"{'tags': ['a', 'b']}", "{'tags': ['b', 'c']}", "- tag a\n+ tag c\n"},
    {"{'tags': 'a'}", "{'tags': ['a', 'b']}", "+ tag b\n"},
    {"{'tags': ['a', 'b']}", "{'tags': ['b', 'a']}", "~ [tags]  [\"a\",\"b\"] -> [\"b\",\"a\"]\n"},
    {"{'@metadata': {'k': 1}}", "{'@metadata': {'k': 2, 'l': 3}}", "~ [@metadata][k]  1 -> 2\n+ [@metadata][l]  3\n"},
    {NULL, "{'message': 'x', 'a': 1}", "+ [message]  \"x\"\n+ [a]  1\n"},
};

Test(changes, are_told_field_by_field)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = {0};
        struct event *before = rows[i].before ? scene_event(&scene, rows[i].before) : NULL;
        uint32_t count = changes_print(before, scene_event(&scene, rows[i].after), "", &out);
        uint32_t lines = 0;
        for (size_t k = 0; k < out.len; k++) lines += out.ptr[k] == '\n';
        cr_expect_str_eq(buf_z(&out), rows[i].lines, "%s: %s", rows[i].after, buf_z(&out));
        cr_expect_eq(count, lines);
        buf_fini(&out);
    }
}

Test(changes, cut_long_values)
{
    char text[CHANGES_VALUE_MAX + 2];
    for (int over = 0; over < 2; over++) {
        struct buf out = {0};
        struct event *before = scene_event(&scene, "{}"), *after = scene_event(&scene, "{}");
        size_t len = CHANGES_VALUE_MAX - 2 + (size_t)over; /* with its quotes */
        memset(text, 'x', len);
        event_slot_set(after, SLOT_MESSAGE, value_string((struct str){text, len}));
        changes_print(before, after, "", &out);
        cr_expect_eq(str_find(buf_str(&out), STR("\xe2\x80\xa6")) >= 0, over);
        buf_fini(&out);
    }
}

/* ---- stages ---- */

static struct sandbox *sandbox_open(struct arena *arena, struct diag *diag)
{
    static const struct settings settings = {.pipeline_id = {"main", 4}};
    static const struct sandbox_input input;
    static struct config config;
    struct sandbox_options options = {.settings = &settings, .inputs = &input, .input_count = 1};
    return sandbox_create(&config, &options, arena, diag);
}

static const char *top_text(struct stages *stages)
{
    static char text[16];
    const struct value *message = stages_top(stages)->count ? event_slot(stages_top(stages)->events[0], SLOT_MESSAGE) : NULL;
    snprintf(text, sizeof text, "%.*s", message ? (int)message->len : 1, message ? message->text : "-");
    return text;
}

Test(stages, are_taken_back_one_by_one_and_are_so_many)
{
    static struct stages stages;
    struct arena arena;
    struct diag diag;
    char text[16];
    arena_init(&arena, NULL);
    diag_init(&diag);
    stages_init(&stages);
    struct sandbox *sandbox = sandbox_open(&arena, &diag);
    cr_expect_str_eq(top_text(&stages), "-", "an empty event is at hand");
    for (int i = 0; i < STAGES_MAX + 5; i++) {
        snprintf(text, sizeof text, "%d", i);
        sandbox_begin(sandbox);
        cr_assert(sandbox_text(sandbox, 0, str_of(text)));
        sandbox_run(sandbox);
        stages_push(&stages, sandbox, i == 0);
    }
    cr_expect_str_eq(top_text(&stages), "104");
    uint32_t taken = 0;
    while (stages_undo(&stages)) taken++;
    cr_expect_eq(taken, (uint32_t)STAGES_MAX - 1);
    cr_expect_str_eq(top_text(&stages), "5", "older ones are forgotten");
    stages_reset(&stages);
    cr_expect_str_eq(top_text(&stages), "0", "what was given");
    sandbox_begin(sandbox);
    cr_expect(stages_feed(&stages, sandbox));
    cr_expect_eq(sandbox_batch(sandbox)->count, 1u);
    sandbox_destroy(sandbox);
    stages_fini(&stages);
    diag_fini(&diag);
    arena_fini(&arena);
}
