/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/open.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/support/folder.h"

Test(open, knows_what_can_lie_beneath_a_root)
{
    char name[OPEN_NAME_MAX + 2], deep[2 * OPEN_DEPTH_MAX + 8] = "";
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    for (int i = 0; i <= OPEN_DEPTH_MAX; i++) strcat(deep, "d/");
    const struct { struct str path; bool is_contained; } rows[] = {
        {STR("a"), true}, {STR("a/b.log"), true}, {STR("a//b"), true}, {STR("./a"), true},
        {STR("..a/b.."), true}, {STR("%{host}"), true}, {STR("a b\n"), true},
        {STR(""), false}, {STR("."), false}, {STR(".."), false}, {STR("../a"), false},
        {STR("a/../b"), false}, {STR("a/.."), false}, {STR("/a"), false}, {STR("a/"), false},
        {STR("a/."), false}, {STR("a\0b"), false},
        {str_of(name), false}, {{name, OPEN_NAME_MAX}, true},
        {{deep, 2 * (OPEN_DEPTH_MAX + 1) - 1}, true},
        {{deep, 2 * (OPEN_DEPTH_MAX + 1)}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(open_is_contained(rows[i].path), rows[i].is_contained, "%zu: %.*s", i,
                     STR_ARG(rows[i].path));
    strcat(deep, "x");
    cr_expect_not(open_is_contained(str_of(deep)), "one directory too deep");
}

static int open_close(const struct open_rules *rules, const char *path)
{
    int fd = open_append(rules, path);
    if (fd < 0) return fd;
    close(fd);
    return 0;
}

static unsigned mode_of(struct folder *folder, const char *name)
{
    struct stat status;
    return stat(folder_at(folder, name), &status) ? 0 : status.st_mode & 07777;
}

Test(open, makes_directories_and_modes)
{
    struct folder folder;
    folder_begin(&folder);
    umask(027);
    struct open_rules rules = {.root = folder_at(&folder, "new/root"), .file_mode = 0646,
                               .dir_mode = 0757, .may_create = true, .is_append = true};
    cr_assert_eq(open_close(&rules, "a/b/c.log"), 0);
    cr_expect_eq(mode_of(&folder, "new/root/a/b/c.log"), 0646);
    cr_expect_eq(mode_of(&folder, "new/root/a/b"), 0757);
    cr_expect_eq(mode_of(&folder, "new"), 0757);
    rules.file_mode = rules.dir_mode = -1;
    cr_assert_eq(open_close(&rules, "m/c.log"), 0);
    cr_expect_eq(mode_of(&folder, "new/root/m/c.log"), 0640);
    cr_expect_eq(mode_of(&folder, "new/root/m"), 0750);
    rules.root = NULL;
    cr_assert_eq(open_close(&rules, folder_at(&folder, "x//y/z")), 0);
    rules.may_create = false;
    cr_expect_eq(open_close(&rules, folder_at(&folder, "nothing")), -ENOENT);
    folder_end(&folder);
}

Test(open, follows_no_link_out_of_the_root)
{
    struct folder folder;
    folder_begin(&folder);
    folder_write(&folder, "outside/secret", "s");
    folder_write(&folder, "root/in/file", "f");
    symlink("../outside", folder_at(&folder, "root/out"));
    symlink("/tmp", folder_at(&folder, "root/absolute"));
    symlink("../outside/secret", folder_at(&folder, "root/file_link"));
    symlink("in", folder_at(&folder, "root/inside"));
    symlink("../outside/new", folder_at(&folder, "root/dangling"));
    struct open_rules rules = {.root = folder_at(&folder, "root"), .file_mode = -1, .dir_mode = -1,
                               .may_create = true, .is_append = true};
    cr_expect_eq(open_close(&rules, "out/secret"), -EXDEV);
    cr_expect_eq(open_close(&rules, "out/new"), -EXDEV);
    cr_expect_eq(open_close(&rules, "out/sub/new"), -EXDEV);
    cr_expect_eq(open_close(&rules, "absolute/x"), -EXDEV);
    cr_expect_eq(open_close(&rules, "file_link"), -EXDEV);
    cr_expect_lt(open_close(&rules, "dangling"), 0);
    cr_expect_eq(open_close(&rules, "inside/file"), 0, "a link that stays inside is fine");
    cr_expect_eq(open_close(&rules, "in/file/x"), -ENOTDIR);
    cr_expect_eq(open_close(&rules, "in"), -EISDIR);
    cr_expect_null(folder_read(&folder, "outside/new"));
    folder_end(&folder);
}

Test(open, an_operators_own_path_may_be_a_link)
{
    struct folder folder;
    folder_begin(&folder);
    symlink("target", folder_at(&folder, "link"));
    struct open_rules rules = {.file_mode = -1, .dir_mode = -1, .may_create = true};
    cr_expect_eq(open_close(&rules, folder_at(&folder, "link")), 0);
    cr_expect_str_eq(folder_read(&folder, "target"), "");
    cr_assert_eq(mkfifo(folder_at(&folder, "fifo"), 0600), 0);
    cr_expect_eq(open_close(&rules, folder_at(&folder, "fifo")), -ENXIO, "no reader, no waiting");
    folder_end(&folder);
}
