/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/grok_table.h"
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

static const char FILE_NAME[] = "tests/unit/core/text/grok_captures.txt";
const char *const grok_set_names[GROK_SETS] = {"legacy", "ecs-v1"};

struct grok_row *grok_table_find(struct grok_table *table, struct str name)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (str_eq(table->rows[i].name, name)) return &table->rows[i];
    return NULL;
}

static void captures_read(struct grok_row_set *set, struct str list)
{
    set->is_there = true;
    if (str_eq(list, STR("-"))) return;
    while (list.len) {
        ptrdiff_t comma = str_find(list, STR(", "));
        size_t end = comma < 0 ? list.len : (size_t)comma;
        cr_assert_lt(set->count, GROK_ROW_CAPTURES_MAX);
        set->captures[set->count++] = str_slice(list, 0, end);
        list = str_from(list, comma < 0 ? list.len : end + 2);
    }
}

static void line_read(struct grok_table *table, struct str *group, struct str line)
{
    if (!line.len || line.ptr[0] == '#') return;
    struct str name = grok_word_take(&line);
    if (str_eq(name, STR("="))) {
        *group = line;
        return;
    }
    struct str which = grok_word_take(&line);
    struct grok_row *row = grok_table_find(table, name);
    if (!row) {
        cr_assert_lt(table->count, GROK_ROWS_MAX);
        row = &table->rows[table->count++];
        *row = (struct grok_row){.group = *group, .name = name};
    }
    for (int i = 0; i < GROK_SETS; i++)
        if (str_eq_z(which, grok_set_names[i]) || str_eq(which, STR("both")))
            captures_read(&row->sets[i], line);
}

void grok_table_read(struct grok_table *table)
{
    *table = (struct grok_table){.count = 0};
    FILE *file = fopen(FILE_NAME, "r");
    cr_assert(file, "%s: run from the project's root", FILE_NAME);
    size_t size = 0;
    ssize_t len = getdelim(&table->text, &size, '\0', file);
    cr_assert_gt(len, 0);
    fclose(file);
    struct str rest = {table->text, (size_t)len}, group = STR("");
    while (rest.len) line_read(table, &group, grok_line_take(&rest));
}

void grok_table_free(struct grok_table *table)
{
    free(table->text);
    table->text = NULL;
}

struct str grok_capture_field(struct str capture)
{
    ptrdiff_t colon = str_find(capture, STR(":"));
    return colon < 0 ? capture : str_slice(capture, 0, (size_t)colon);
}

/* ---- cases ---- */
static void signs_replace(struct str text, struct buf *out)
{
    static const struct { struct str sign; char meant; } SIGNS[] = {{STR("⏎"), '\n'}, {STR("⇥"), '\t'}};
    while (text.len) {
        size_t taken = 1;
        char c = text.ptr[0];
        for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
            if (str_starts(text, SIGNS[i].sign)) c = SIGNS[i].meant, taken = SIGNS[i].sign.len;
        buf_append_char(out, c);
        text = str_from(text, taken);
    }
}

static void file_read(const char *name, grok_case_each *each, void *opaque)
{
    FILE *file = fopen(name, "r");
    cr_assert(file, "%s", name);
    struct grok_case_line line = {.file = name, .kind = '>', .text = str_of(name)};
    struct buf meant = {.len = 0};
    char *text = NULL;
    size_t size = 0;
    each(opaque, &line);
    for (ssize_t len; (len = getline(&text, &size, file)) > 0;) {
        line.number++;
        line.text = (struct str){text, (size_t)len - (text[len - 1] == '\n')};
        if (!line.text.len || text[0] == '#') continue;
        line.kind = text[0];
        line.text = str_from(line.text, 2);
        buf_clear(&meant);
        if (line.kind == '+' || line.kind == '-') {
            signs_replace(line.text, &meant);
            line.text = buf_str(&meant);
        }
        each(opaque, &line);
    }
    line.kind = '<';
    each(opaque, &line);
    buf_fini(&meant);
    free(text);
    fclose(file);
}

void grok_cases_read(grok_case_each *each, void *opaque)
{
    glob_t files;
    cr_assert_eq(glob("tests/cases/grok/*.case", 0, NULL, &files), 0, "run from the project's root");
    for (size_t i = 0; i < files.gl_pathc; i++) file_read(files.gl_pathv[i], each, opaque);
    globfree(&files);
}

uint32_t grok_named(struct grok_table *table, struct str pattern, struct grok_row *rows[GROK_NAMED_MAX])
{
    uint32_t count = 0;
    for (ptrdiff_t at; (at = str_find(pattern, STR("%{"))) >= 0;) {
        pattern = str_from(pattern, (size_t)at + 2);
        size_t end = 0;
        while (end < pattern.len && pattern.ptr[end] != '}' && pattern.ptr[end] != ':') end++;
        struct grok_row *row = grok_table_find(table, str_slice(pattern, 0, end));
        if (row && count < GROK_NAMED_MAX) rows[count++] = row;
    }
    return count;
}
