/* SPDX-License-Identifier: Apache-2.0 */
/* The names of grok's library and what each captures, as tests/unit/core/text/grok_captures.txt lists
 * them. Texts point into the table's own memory. */
#ifndef TESTS_UNIT_SUPPORT_GROK_TABLE_H
#define TESTS_UNIT_SUPPORT_GROK_TABLE_H
#include "core/text/grok_library.h"

enum { GROK_ROWS_MAX = 400, GROK_ROW_CAPTURES_MAX = 64 };
extern const char *const grok_set_names[GROK_SETS];

struct grok_row_set {
    bool is_there;
    struct str captures[GROK_ROW_CAPTURES_MAX]; /* field, or field:int, field:float */
    uint32_t count;
};

struct grok_row {
    struct str group, name;
    struct grok_row_set sets[GROK_SETS];
};

struct grok_table {
    char *text;
    struct grok_row rows[GROK_ROWS_MAX];
    uint32_t count;
};
void grok_table_read(struct grok_table *table); /* fails the test when it cannot be read */
void grok_table_free(struct grok_table *table);
struct grok_row *grok_table_find(struct grok_table *table, struct str name); /* NULL: none */

/* The lines of tests/cases/grok, whose format stands at the head of core.case: kind is one of `=+-` or
 * ' ' for expected fields; '>' is the beginning of a file (text: its name), '<' its end. In `+` and `-`
 * the signs for newline and tab are replaced; such a text lives until the callback returns. */
struct grok_case_line {
    const char *file;
    unsigned number;
    char kind;
    struct str text;
};
typedef void grok_case_each(void *opaque, const struct grok_case_line *line);
void grok_cases_read(grok_case_each *each, void *opaque);

enum { GROK_NAMED_MAX = 16 };
/* The rows of the names that a pattern refers to; returns how many. */
uint32_t grok_named(struct grok_table *table, struct str pattern, struct grok_row *rows[GROK_NAMED_MAX]);

/* The field of `field:int`. */
struct str grok_capture_field(struct str capture);

#endif
