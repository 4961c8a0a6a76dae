/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/sincedb.h"
#include <criterion/criterion.h>
#include <sys/stat.h>
#include "tests/unit/support/folder.h"

Test(sincedb, reads_lines_of_both_versions_and_leaves_out_the_rest)
{
    static const struct {
        const char *line;
        bool is_good;
        uint64_t inode, offset;
        double active;
        const char *path;
    } rows[] = {
        {"6283 0 64513 12345 1700000000.5 /var/log/a b.log", true, 6283, 12345, 1700000000.5,
         "/var/log/a b.log"},
        {"1 0 2 3", true, 1, 3, 99, NULL},
        {"1 0 2 3 4.0", true, 1, 3, 4, NULL},
        {"18446744073709551615 4294967295 4294967295 9223372036854775807 0 x", true, UINT64_MAX,
         INT64_MAX, 0, "x"},
        {"18446744073709551616 0 0 0", false, 0, 0, 0, NULL},
        {"1 4294967296 0 0", false, 0, 0, 0, NULL},
        {"1 0 0 9223372036854775808", false, 0, 0, 0, NULL},
        {"1 0 0", false, 0, 0, 0, NULL},
        {"1 0 0 -5", false, 0, 0, 0, NULL},
        {"a 0 0 5", false, 0, 0, 0, NULL},
        {"1  0 0 5", false, 0, 0, 0, NULL},
        {"1 0 0 5 soon /x", false, 0, 0, 0, NULL},
        {"1 0 0 5 inf /x", false, 0, 0, 0, NULL},
        {"1 0 0 5 1e300 /x", false, 0, 0, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sincedb db = {0};
        uint32_t bad = sincedb_parse(&db, str_of(rows[i].line), 99);
        cr_expect_eq(bad, !rows[i].is_good, "%s", rows[i].line);
        cr_expect_eq(db.count, rows[i].is_good, "%s", rows[i].line);
        if (db.count && rows[i].is_good) {
            cr_expect_eq(db.entries[0].id.inode, rows[i].inode);
            cr_expect_eq(db.entries[0].offset, rows[i].offset);
            cr_expect_eq(db.entries[0].active, rows[i].active);
            if (rows[i].path)
                cr_expect_str_eq(db.entries[0].path, rows[i].path);
            else
                cr_expect_null(db.entries[0].path);
        }
        sincedb_fini(&db);
    }
}

Test(sincedb, prints_what_it_reads)
{
    const char *text = "6283 0 64513 12345 1700000000.250000 /var/log/a b.log\n"
                       "7 1 2 0 1700000001.000000\n";
    struct sincedb db = {0};
    struct buf out = {0};
    cr_assert_eq(sincedb_parse(&db, str_of(text), 0), 0);
    cr_expect_not(db.is_changed);
    sincedb_print(&db, &out);
    cr_expect_str_eq(buf_z(&out), text);
    buf_fini(&out);
    sincedb_fini(&db);
}

static struct file_id id_of(uint64_t inode) { return (struct file_id){inode, 8, 1}; }

Test(sincedb, finds_sets_removes_and_cleans)
{
    struct sincedb db = {0};
    for (uint64_t i = 1; i <= 1000; i++)
        cr_assert(sincedb_set(&db, id_of(i), i * 10, (double)i, "/x"));
    cr_expect_eq(db.count, 1000);
    cr_expect_null(sincedb_find(&db, (struct file_id){5, 8, 2}), "another device is another file");
    for (uint64_t i = 1; i <= 1000; i += 3) sincedb_remove(&db, id_of(i));
    sincedb_find(&db, id_of(2))->is_in_use = true;
    sincedb_clean(&db, 500);
    for (uint64_t i = 1; i <= 1000; i++) {
        struct sincedb_entry *entry = sincedb_find(&db, id_of(i));
        bool is_kept = i % 3 != 1 && (i >= 500 || i == 2);
        cr_expect_eq(entry != NULL, is_kept, "%d", (int)i);
        if (entry) cr_expect_eq(entry->offset, i * 10);
    }
    sincedb_fini(&db);
}

Test(sincedb, a_path_with_a_newline_stays_out_of_the_file)
{
    struct sincedb db = {0};
    struct buf out = {0};
    sincedb_set(&db, id_of(1), 5, 2, "/a\n9 9 9 9");
    sincedb_print(&db, &out);
    sincedb_set(&db, id_of(2), 6, 3, "/b\r"); /* would be read as `/b` before a CRLF */
    sincedb_print(&db, &out);
    cr_expect_str_eq(buf_z(&out), "1 8 1 5 2.000000\n1 8 1 5 2.000000\n2 8 1 6 3.000000\n");
    buf_fini(&out);
    sincedb_fini(&db);
}

Test(sincedb, name_is_the_md5_of_the_paths)
{
    struct arena arena;
    arena_init(&arena, NULL);
    struct str paths[] = {STR("/var/log/a.log"), STR("/var/log/*.txt")};
    struct str_list list = {paths, 2};
    struct str name = sincedb_name(&list, &arena);
    /* of the two paths and the comma, by md5sum */
    cr_expect(str_eq_z(name, ".sincedb_2896f55eb46a34ed46ca377bf3121ad1"), "%.*s", STR_ARG(name));
    arena_fini(&arena);
}

Test(sincedb, saves_whole_or_not_at_all)
{
    struct folder folder;
    folder_begin(&folder);
    struct buf text = {0};
    const char *path = folder_at(&folder, "deep/er/db");
    cr_assert_eq(sincedb_load(path, &text), 0);
    cr_expect_eq(text.len, 0);
    cr_assert_eq(sincedb_save(path, STR("1 2 3 4\n")), 0);
    cr_assert_eq(sincedb_save(path, STR("5 6 7 8\n")), 0);
    cr_expect_str_eq(folder_read(&folder, "deep/er/db"), "5 6 7 8\n");
    cr_expect_null(folder_read(&folder, "deep/er/db.tmp"));
    cr_assert_eq(sincedb_load(path, &text), 0);
    cr_expect(str_eq(buf_str(&text), STR("5 6 7 8\n")));
    cr_expect_lt(sincedb_load(folder.path, &text), 0, "a directory is no sincedb");
    cr_expect_lt(sincedb_save(folder.path, STR("x")), 0);
    buf_fini(&text);
    folder_end(&folder);
}
