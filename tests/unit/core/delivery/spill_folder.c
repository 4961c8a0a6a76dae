/* SPDX-License-Identifier: Apache-2.0 */
/* Where the logs of spills lie, and whose they are. */
#include "core/delivery/spill_folder.h"
#include <criterion/criterion.h>
#include "core/output.h"
#include "tests/unit/support/folder.h"

static struct output output_of(const char *id, uint32_t worker, uint32_t workers)
{
    return (struct output){.id = str_of(id), .pipeline = STR("main"), .worker = worker, .workers = workers};
}

Test(spill_folder, has_a_name_that_stays_below_its_parent_and_is_nobody_elses)
{
    static const struct { const char *id, *path; } rows[] = {
        {"es", "/d/spill/main/3/es"},
        {"es-1_a.b", "/d/spill/main/3/es-1_a.b"},
        {"..", "/d/spill/main/3/%2e."},
        {".x", "/d/spill/main/3/%2ex"},
        {"a/b", "/d/spill/main/3/a%2fb"},
        {"a%2fb", "/d/spill/main/3/a%252fb"},
        {"\xc3\xa9 1", "/d/spill/main/3/%c3%a9%201"},
    };
    struct buf path = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct output output = output_of(rows[i].id, 0, 1);
        spill_folder(&path, STR("/d"), &output, 3);
        cr_expect_str_eq(path.ptr, rows[i].path);
    }
    buf_fini(&path);
}

Test(spill_folder, a_worker_empties_those_of_gone_ones_that_have_its_number_modulo_how_many_there_are)
{
    struct folder folder;
    folder_begin(&folder);
    const char *const names[] = {"0", "1", "2", "3", "4", "5", "7", "12", "x", "5x", "99999999999"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "spill/main/%s/es/file", names[i]);
        folder_write(&folder, path, "");
    }
    uint32_t numbers[8];
    struct output second = output_of("es", 1, 2), only = output_of("es", 0, 1), none = output_of("es", 0, 100);
    const uint32_t of_second[] = {3, 5, 7}, of_only[] = {1, 2, 3, 4, 5, 7, 12};
    cr_assert_eq(spill_folder_workers(str_of(folder.path), &second, numbers, 8), 3);
    cr_expect_arr_eq(numbers, of_second, sizeof of_second);
    cr_assert_eq(spill_folder_workers(str_of(folder.path), &only, numbers, 8), 7);
    cr_expect_arr_eq(numbers, of_only, sizeof of_only);
    cr_expect_eq(spill_folder_workers(str_of(folder.path), &only, numbers, 2), 2, "at most so many");
    cr_expect_eq(spill_folder_workers(str_of(folder.path), &none, numbers, 8), 0);
    cr_expect_eq(spill_folder_count(folder_at(&folder, "spill/main/0/es")), 0, "no log is there");
    folder_end(&folder);
}
