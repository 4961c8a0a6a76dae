/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tests/cases/grok: texts that the library's patterns must match, with their captures, and texts
 * that they must not. The format stands at the head of core.case. Every name of the library must have
 * both kinds in each of its sets, and its matches must show all of its captures. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/text/grok.h"
#include "tests/unit/support/events.h"
#include "tests/unit/support/grok_table.h"

/* What the cases have shown of a name. */
struct shown {
    bool has_match, has_miss;
    bool captures[GROK_ROW_CAPTURES_MAX];
};

struct cases {
    struct scene scene;
    struct grok_table *table;
    struct shown (*shown)[GROK_SETS]; /* by row of the table */
    struct grok_library libraries[GROK_SETS];
    struct grok *groks[GROK_SETS]; /* NULL: not this set */
    struct event *events[GROK_SETS];
    struct grok_row *named[GROK_NAMED_MAX]; /* whom the pattern at hand refers to */
    uint32_t named_count;
    const char *file;
    unsigned line, count;
};

/* ---- what is shown ---- */
static void shown_note(struct cases *cases, int set, bool is_match)
{
    for (uint32_t i = 0; i < cases->named_count; i++) {
        const struct grok_row_set *row = &cases->named[i]->sets[set];
        struct shown *shown = &cases->shown[cases->named[i] - cases->table->rows][set];
        shown->has_match |= is_match;
        shown->has_miss |= !is_match;
        for (uint32_t c = 0; is_match && c < row->count; c++) {
            struct path path;
            bool ok = path_compile(&path, grok_capture_field(row->captures[c]), &cases->scene.config);
            cr_assert(ok);
            shown->captures[c] |= path_get(&path, cases->events[set]) != NULL;
        }
    }
}

static void shown_check(const struct grok_row *row, int set, const struct shown *shown)
{
    if (!row->sets[set].is_there) return;
    cr_expect(shown->has_match && shown->has_miss, "%s %.*s has no case that %s", grok_set_names[set],
              STR_ARG(row->name), shown->has_match ? "fails" : "matches");
    for (uint32_t c = 0; c < row->sets[set].count; c++)
        cr_expect(shown->captures[c], "%s %.*s: no case shows %.*s", grok_set_names[set], STR_ARG(row->name),
                  STR_ARG(row->sets[set].captures[c]));
}

/* ---- running ---- */
static void pattern_begin(struct cases *cases, struct str text)
{
    struct str set = str_slice(text, 0, (size_t)str_find(text, STR(" ")));
    struct str pattern = arena_copy(&cases->scene.config, str_from(text, set.len + 1));
    cases->named_count = grok_named(cases->table, pattern, cases->named);
    for (int i = 0; i < GROK_SETS; i++) {
        struct grok_problem problem;
        grok_destroy(cases->groks[i]);
        cases->groks[i] = NULL;
        if (!str_eq_z(set, grok_set_names[i]) && !str_eq(set, STR("both"))) continue;
        cases->groks[i] = grok_compile(&cases->libraries[i], pattern, &(struct grok_options){.named_only = true},
                                       &cases->scene.config, &problem);
        cr_assert(cases->groks[i], "%s:%u: %s", cases->file, cases->line, problem.text);
    }
}

static void subject_check(struct cases *cases, struct str text, bool must_match)
{
    struct str subject = arena_copy(&cases->scene.batch->arena, text);
    for (int i = 0; i < GROK_SETS; i++) {
        if (!cases->groks[i]) continue;
        cases->events[i] = scene_event(&cases->scene, "{}");
        enum regex_verdict verdict = grok_apply(cases->groks[i], subject, 0, cases->events[i]);
        cr_expect_eq(verdict, must_match ? REGEX_MATCH : REGEX_NO_MATCH, "%s:%u: %s: %d", cases->file, cases->line, grok_set_names[i], verdict);
        shown_note(cases, i, must_match);
        cases->count++;
    }
}

static void fields_check(struct cases *cases, struct str json)
{
    char *text = strndup(json.ptr, json.len);
    for (int i = 0; i < GROK_SETS; i++) {
        if (!cases->groks[i]) continue;
        char *difference = scene_difference(cases->events[i], text);
        cr_expect_null(difference, "%s:%u: %s: %s", cases->file, cases->line, grok_set_names[i], difference);
        free(difference);
    }
    free(text);
}

static void file_begin(struct cases *cases, const char *name)
{
    cases->file = name;
    scene_begin(&cases->scene);
    for (int i = 0; i < GROK_SETS; i++)
        grok_library_init(&cases->libraries[i], i == GROK_ECS_V1, &cases->scene.config);
}

static void file_end(struct cases *cases)
{
    for (int i = 0; i < GROK_SETS; i++) {
        grok_destroy(cases->groks[i]);
        cases->groks[i] = NULL;
    }
    scene_end(&cases->scene);
}

static void line_run(void *opaque, const struct grok_case_line *line)
{
    struct cases *cases = opaque;
    cases->line = line->number;
    switch (line->kind) {
    case '>': file_begin(cases, line->file); return;
    case '<': file_end(cases); return;
    case '=': pattern_begin(cases, line->text); return;
    case '+': subject_check(cases, line->text, true); return;
    case '-': subject_check(cases, line->text, false); return;
    default: fields_check(cases, line->text); return;
    }
}

Test(grok_cases, hold_and_show_every_pattern_and_capture)
{
    struct grok_table table;
    grok_table_read(&table);
    struct cases cases = {.table = &table};
    cases.shown = calloc(table.count, sizeof *cases.shown);
    cr_assert(cases.shown);
    grok_cases_read(line_run, &cases);
    for (uint32_t i = 0; i < table.count; i++)
        for (int set = 0; set < GROK_SETS; set++)
            shown_check(&table.rows[i], set, &cases.shown[i][set]);
    cr_expect_gt(cases.count, 1500);
    free(cases.shown);
    grok_table_free(&table);
}
