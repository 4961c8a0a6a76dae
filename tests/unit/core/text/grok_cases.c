/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tests/cases/grok: texts that the library's patterns must match, with their captures, and texts
 * that they must not. The format stands at the head of core.case. */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/text/grok.h"
#include "tests/unit/support/events.h"

enum { SETS = 2 };
static const char *const SET_NAMES[SETS] = {"legacy", "ecs-v1"};

struct cases {
    struct scene scene;
    struct grok_library libraries[SETS];
    struct grok *groks[SETS]; /* NULL: not this set */
    struct event *events[SETS];
    const char *file;
    unsigned line, count;
};

static void pattern_begin(struct cases *cases, struct str text)
{
    struct str set = str_slice(text, 0, (size_t)str_find(text, STR(" ")));
    struct str pattern = arena_copy(&cases->scene.config, str_from(text, set.len + 1));
    for (int i = 0; i < SETS; i++) {
        struct grok_problem problem;
        grok_destroy(cases->groks[i]);
        cases->groks[i] = NULL;
        if (!str_eq_z(set, SET_NAMES[i]) && !str_eq(set, STR("both"))) continue;
        cases->groks[i] = grok_compile(&cases->libraries[i], pattern, &(struct grok_options){.named_only = true},
                                       &cases->scene.config, &problem);
        cr_assert(cases->groks[i], "%s:%u: %s", cases->file, cases->line, problem.text);
    }
}

static struct str subject_of(struct cases *cases, struct str text)
{
    struct buf out = {.len = 0};
    for (size_t i = 0; i < text.len; i++) {
        bool is_newline = str_starts(str_from(text, i), STR("⏎"));
        buf_append_char(&out, is_newline ? '\n' : text.ptr[i]);
        if (is_newline) i += sizeof("⏎") - 2;
    }
    struct str subject = arena_copy(&cases->scene.batch->arena, buf_str(&out));
    buf_fini(&out);
    return subject;
}

static void subject_check(struct cases *cases, struct str text, bool must_match)
{
    struct str subject = subject_of(cases, text);
    for (int i = 0; i < SETS; i++) {
        if (!cases->groks[i]) continue;
        cases->events[i] = scene_event(&cases->scene, "{}");
        enum regex_verdict verdict = grok_apply(cases->groks[i], subject, 0, cases->events[i]);
        cr_expect_eq(verdict, must_match ? REGEX_MATCH : REGEX_NO_MATCH, "%s:%u: %s: %d", cases->file, cases->line, SET_NAMES[i], verdict);
        cases->count++;
    }
}

static void fields_check(struct cases *cases, struct str json)
{
    char *text = strndup(json.ptr, json.len);
    for (int i = 0; i < SETS; i++) {
        if (!cases->groks[i]) continue;
        char *difference = scene_difference(cases->events[i], text);
        cr_expect_null(difference, "%s:%u: %s: %s", cases->file, cases->line, SET_NAMES[i], difference);
        free(difference);
    }
    free(text);
}

static void line_run(struct cases *cases, struct str line)
{
    if (!line.len || line.ptr[0] == '#') return;
    struct str rest = str_from(line, 2);
    switch (line.ptr[0]) {
    case '=': pattern_begin(cases, rest); return;
    case '+': subject_check(cases, rest, true); return;
    case '-': subject_check(cases, rest, false); return;
    default: fields_check(cases, rest); return;
    }
}

static void file_run(const char *name, unsigned *count)
{
    struct cases cases = {.file = name};
    scene_begin(&cases.scene);
    for (int i = 0; i < SETS; i++) grok_library_init(&cases.libraries[i], i == 1, &cases.scene.config);
    FILE *file = fopen(name, "r");
    cr_assert(file, "%s", name);
    char *line = NULL;
    size_t size = 0;
    for (ssize_t len; (len = getline(&line, &size, file)) > 0;) {
        cases.line++;
        line_run(&cases, (struct str){line, (size_t)len - (line[len - 1] == '\n')});
    }
    free(line);
    fclose(file);
    for (int i = 0; i < SETS; i++) grok_destroy(cases.groks[i]);
    *count += cases.count;
    scene_end(&cases.scene);
}

Test(grok_cases, all)
{
    glob_t files;
    unsigned count = 0;
    cr_assert_eq(glob("tests/cases/grok/*.case", 0, NULL, &files), 0, "run from the project's root");
    for (size_t i = 0; i < files.gl_pathc; i++) file_run(files.gl_pathv[i], &count);
    globfree(&files);
    cr_expect_gt(count, 500);
}
