/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/grok_table.h"
#include <criterion/criterion.h>
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
