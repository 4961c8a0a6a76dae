/* SPDX-License-Identifier: Apache-2.0 */
#include "core/backlog.h"
#include <criterion/criterion.h>

Test(backlog, counts_what_is_to_come_and_what_is_under_way)
{
    static const struct {
        int64_t done, read, end, lag, open;
    } rows[] = {
        {10, 10, 10, 0, 0}, {10, 15, 40, 30, 5}, {-1, 15, 40, -1, 0}, {10, 15, -1, -1, 5},
        {0, 0, 7, 7, 0},    {40, 40, 39, 0, 0}, /* the broker's end is older than what was read since */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct backlog_row row = {STR("t"), 0, rows[i].done, rows[i].read, rows[i].end};
        cr_expect_eq(backlog_lag(&row), rows[i].lag, "row %zu", i);
        cr_expect_eq(backlog_open(&row), rows[i].open, "row %zu", i);
    }
}

Test(backlog, keeps_sums_beyond_its_rows)
{
    struct backlog *backlog = backlog_create();
    static struct backlog copy;
    for (int round = 0; round < 2; round++) {
        backlog_begin(backlog);
        for (int32_t i = 0; i < BACKLOG_ROWS_MAX + 3; i++)
            backlog_add(backlog, &(struct backlog_row){STR("t"), i, i == BACKLOG_ROWS_MAX ? -1 : 10, 12, 20});
        backlog_end(backlog);
    }
    backlog_read(backlog, &copy);
    cr_assert_eq(copy.count, BACKLOG_ROWS_MAX);
    cr_assert_eq(copy.rows[BACKLOG_ROWS_MAX - 1].partition, BACKLOG_ROWS_MAX - 1);
    cr_assert_eq(copy.others, 3);
    cr_assert_eq(copy.others_lag, 20, "one is not known");
    cr_assert_eq(copy.others_open, 4);
    backlog_destroy(backlog);
}
