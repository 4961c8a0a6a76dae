/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/memory_limit.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const size_t PHYSICAL = 1u << 30;
static char root[64];

static void make(void)
{
    strcpy(root, "/tmp/tailrace-unit-XXXXXX");
    cr_assert(mkdtemp(root));
}

static void clean(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", root);
    cr_assert_eq(system(command), 0);
}

/* `path` may have folders that are not there yet. */
static void put(const char *path, const char *text)
{
    char full[256];
    int len = snprintf(full, sizeof full, "%s/%s", root, path);
    for (int i = (int)strlen(root) + 1; i < len; i++) {
        if (full[i] != '/') continue;
        full[i] = 0;
        mkdir(full, 0700);
        full[i] = '/';
    }
    FILE *file = fopen(full, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

TestSuite(memory_limit, .init = make, .fini = clean);

Test(memory_limit, is_that_of_the_own_group_in_version_1)
{
    put("memory/a/b/memory.limit_in_bytes", "300000\n");
    put("memory/memory.limit_in_bytes", "9223372036854771712\n");
    cr_assert_eq(memory_of_cgroup("5:cpu:/x\n4:hugetlb,memory:/a/b\n", root, PHYSICAL), 300000);
}

Test(memory_limit, is_the_smallest_on_the_way_up)
{
    put("memory/a/b/memory.limit_in_bytes", "300000\n");
    put("memory/a/memory.limit_in_bytes", "200000\n");
    cr_assert_eq(memory_of_cgroup("4:memory:/a/b\n", root, PHYSICAL), 200000);
}

Test(memory_limit, is_that_of_the_root_where_the_own_path_is_not_to_be_seen)
{
    put("memory/memory.limit_in_bytes", "400000\n");
    cr_assert_eq(memory_of_cgroup("4:memory:/docker/0123\n", root, PHYSICAL), 400000);
}

Test(memory_limit, is_read_in_version_2)
{
    put("a/b/memory.max", "max\n");
    put("a/memory.max", "500000\n");
    cr_assert_eq(memory_of_cgroup("0::/a/b\n", root, PHYSICAL), 500000);
}

Test(memory_limit, is_none_when_it_is_max_or_not_below_the_machines_memory)
{
    put("a/memory.max", "max\n");
    cr_assert_eq(memory_of_cgroup("0::/a\n", root, PHYSICAL), 0);
    put("memory/a/memory.limit_in_bytes", "1073741824\n");
    cr_assert_eq(memory_of_cgroup("4:memory:/a\n", root, PHYSICAL), 0);
    put("memory/a/memory.limit_in_bytes", "1073741823\n");
    cr_assert_eq(memory_of_cgroup("4:memory:/a\n", root, PHYSICAL), 1073741823);
}

Test(memory_limit, is_none_where_nothing_says_one)
{
    static const char *const texts[] = {"", "x", ":", "::", "0::", "1:memory", "1:memorynot:/a\n", "\n\n", "0::/none\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert_eq(memory_of_cgroup(texts[i], root, PHYSICAL), 0, "%s", texts[i]);
}
