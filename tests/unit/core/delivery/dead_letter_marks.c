/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/dead_letter_marks.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static struct dead_letter_marks marks;
static struct buf text;
static void end(void)
{
    dead_letter_marks_fini(&marks);
    buf_fini(&text);
}
TestSuite(dead_letter_marks, .fini = end);

static const char *printed(void)
{
    buf_clear(&text);
    dead_letter_marks_print(&marks, &text);
    return buf_z(&text);
}

Test(dead_letter_marks, ranges_that_meet_become_one)
{
    static const struct { uint64_t first, last; const char *expected; } steps[] = {
        {5, 7, "0 5 7\n"},
        {9, 9, "0 5 7\n0 9 9\n"},
        {8, 8, "0 5 9\n"},
        {1, 2, "0 1 2\n0 5 9\n"},
        {20, 30, "0 1 2\n0 5 9\n0 20 30\n"},
        {6, 8, "0 1 2\n0 5 9\n0 20 30\n"},
        {2, 25, "0 1 30\n"},
        {31, 31, "0 1 31\n"},
        {40, 41, "0 1 31\n0 40 41\n"},
        {32, 50, "0 1 50\n"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        cr_assert(dead_letter_marks_add(&marks, "0", steps[i].first, steps[i].last));
        cr_expect_str_eq(printed(), steps[i].expected, "step %zu", i);
    }
    cr_expect_eq(marks.ranges, 1);
}

Test(dead_letter_marks, agree_with_a_plain_list_whatever_is_added)
{
    enum { NUMBERS = 200 };
    bool model[NUMBERS + 1] = {false};
    srand(7);
    for (int i = 0; i < 2000; i++) {
        uint64_t first = 1 + (uint64_t)rand() % NUMBERS, last = first + (uint64_t)rand() % 4;
        if (last > NUMBERS) last = NUMBERS;
        if (i % 300 == 0) {
            dead_letter_marks_fini(&marks);
            memset(model, 0, sizeof model);
        }
        dead_letter_marks_add(&marks, "7", first, last);
        for (uint64_t k = first; k <= last; k++) model[k] = true;
        uint64_t next = 1;
        while (next <= NUMBERS && model[next]) next++;
        cr_assert_eq(dead_letter_marks_next(&marks, "7"), next);
        for (uint64_t k = 1; k <= NUMBERS; k++) cr_assert_eq(dead_letter_marks_has(&marks, "7", k), model[k]);
    }
}

Test(dead_letter_marks, logs_do_not_mix)
{
    dead_letter_marks_add(&marks, "0", 1, 3);
    dead_letter_marks_add(&marks, "replay", 1, 1);
    cr_expect_eq(dead_letter_marks_next(&marks, "0"), 4);
    cr_expect_eq(dead_letter_marks_next(&marks, "replay"), 2);
    cr_expect_eq(dead_letter_marks_next(&marks, "1"), 1);
    cr_expect_not(dead_letter_marks_has(&marks, "1", 1));
    cr_expect_str_eq(printed(), "0 1 3\nreplay 1 1\n");
}

Test(dead_letter_marks, lines_that_are_none_are_left_out)
{
    static const char *const bad[] = {"x 1 2", "0 1", "0 1 2 3", "0 2 1", "0 0 1", "0 -1 2", "0 1 99999999999999999999",
                                      "0 1 18446744073709551615", "../0 1 2", " 0 1 2", "", "00000000000 1 2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf line = {0};
        buf_printf(&line, "%s\n3 1 2\n", bad[i]);
        cr_expect_eq(dead_letter_marks_parse(&marks, buf_str(&line)), 1, "`%s`", bad[i]);
        buf_fini(&line);
    }
    cr_expect_str_eq(printed(), "3 1 2\n");
    cr_expect_eq(dead_letter_marks_parse(&marks, STR("3 3 4")), 0, "the last line needs no end");
    cr_expect_str_eq(printed(), "3 1 4\n");
}

Test(dead_letter_marks, there_is_a_limit_of_ranges)
{
    for (uint64_t i = 1; i <= DEAD_LETTER_RANGES_MAX; i++) cr_assert(dead_letter_marks_add(&marks, "0", 2 * i, 2 * i));
    uint64_t beyond = 2 * (uint64_t)DEAD_LETTER_RANGES_MAX + 2;
    cr_expect_not(dead_letter_marks_add(&marks, "0", beyond, beyond));
    cr_expect(dead_letter_marks_add(&marks, "0", 3, 3), "what joins two is no new one");
    cr_expect(dead_letter_marks_add(&marks, "0", beyond, beyond));
}
