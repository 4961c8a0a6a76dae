/* SPDX-License-Identifier: Apache-2.0 */
/* The library against the table grok_captures.txt: every name is there in its sets and in no other,
 * captures exactly what is listed, and says what it means. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/text/grok.h"
#include "tests/unit/support/events.h"
#include "tests/unit/support/grok_table.h"

enum { LEGACY_NAMES = 317, ECS_NAMES = 361, MEANING_MAX = 106 };

static struct scene scene;
static struct grok_table table;
static struct grok_library libraries[GROK_SETS];

static void begin(void)
{
    scene_begin(&scene);
    grok_table_read(&table);
    for (int i = 0; i < GROK_SETS; i++)
        grok_library_init(&libraries[i], i == GROK_ECS_V1, &scene.config);
}

static void end(void)
{
    grok_table_free(&table);
    scene_end(&scene);
}
TestSuite(grok_captures, .init = begin, .fini = end);

static const char *const TYPES[] = {"", ":int", ":float"};

static void captures_print(const struct grok *grok, struct buf *out)
{
    for (uint32_t i = 0; i < grok->capture_count; i++) {
        if (grok_capture_is_repeated(grok, i)) continue;
        buf_printf(out, "%s%.*s%s", out->len ? ", " : "", STR_ARG(grok->captures[i].path.text),
                   TYPES[grok->captures[i].type]);
    }
}

static void row_check(const struct grok_row *row, int set)
{
    struct buf expected = {.len = 0}, got = {.len = 0};
    const struct grok_row_set *columns = &row->sets[set];
    for (uint32_t i = 0; i < columns->count; i++)
        buf_printf(&expected, "%s%.*s", i ? ", " : "", STR_ARG(columns->captures[i]));
    struct grok_problem problem;
    struct str pattern = arena_printf(&scene.config, "%%{%.*s}", STR_ARG(row->name));
    struct grok *grok = grok_compile(&libraries[set], pattern,
                                     &(struct grok_options){.named_only = true}, &scene.config, &problem);
    cr_assert(grok, "%s %.*s: %s", grok_set_names[set], STR_ARG(row->name), problem.text);
    captures_print(grok, &got);
    cr_expect(str_eq(buf_str(&got), buf_str(&expected)), "%s %.*s\n  captures %.*s\n  expected %.*s",
              grok_set_names[set], STR_ARG(row->name), STR_ARG(buf_str(&got)), STR_ARG(buf_str(&expected)));
    grok_destroy(grok);
    buf_fini(&expected);
    buf_fini(&got);
}

Test(grok_captures, of_every_name_are_those_of_the_table)
{
    uint32_t counts[GROK_SETS] = {0};
    for (uint32_t i = 0; i < table.count; i++) {
        for (int set = 0; set < GROK_SETS; set++) {
            struct str text;
            bool is_there = table.rows[i].sets[set].is_there;
            cr_expect_eq(grok_library_find(&libraries[set], table.rows[i].name, &text), is_there, "%s %.*s",
                         grok_set_names[set], STR_ARG(table.rows[i].name));
            counts[set] += is_there;
            if (is_there) row_check(&table.rows[i], set);
        }
    }
    cr_expect_eq(counts[GROK_LEGACY], LEGACY_NAMES);
    cr_expect_eq(counts[GROK_ECS_V1], ECS_NAMES);
}

static bool table_is_in(struct str name, enum grok_set set)
{
    const struct grok_row *row = grok_table_find(&table, name);
    return row && row->sets[set].is_there;
}

/* In the order of the files: each name in its group, with a meaning, once in each set, both together. */
Test(grok_captures, every_definition_is_in_the_table_and_has_a_meaning)
{
    for (const struct grok_file *file = grok_files; file->group; file++) {
        cr_expect_gt(grok_file_title(file).len, 4, "%s", file->group);
        struct grok_reader reader = grok_reader_open(file);
        struct str last = {NULL, 0};
        for (struct grok_entry entry; grok_reader_next(&reader, &entry); last = entry.name) {
            if (grok_name_is_hidden(entry.name)) continue;
            cr_expect(entry.is_in[GROK_LEGACY] || !table_is_in(entry.name, GROK_LEGACY) || str_eq(entry.name, last),
                      "%.*s: its two definitions do not follow each other", STR_ARG(entry.name));
            const struct grok_row *row = grok_table_find(&table, entry.name);
            cr_assert(row, "%s: %.*s is in no table", file->group, STR_ARG(entry.name));
            cr_expect(str_eq_z(row->group, file->group), "%.*s is in %s", STR_ARG(entry.name), file->group);
            cr_expect(entry.meaning.len > 2 && entry.meaning.len <= MEANING_MAX, "%.*s: `%.*s`",
                      STR_ARG(entry.name), STR_ARG(entry.meaning));
            for (int set = 0; set < GROK_SETS; set++) {
                struct str text;
                if (entry.is_in[set] && grok_library_find(&libraries[set], entry.name, &text))
                    cr_expect_eq(text.ptr, entry.text.ptr, "%.*s is defined twice", STR_ARG(entry.name));
            }
        }
    }
}
