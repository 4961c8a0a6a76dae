/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/text/ip.h"
#include "tests/unit/support/filters.h"
#include "tests/unit/support/folder.h"

extern const struct filter_type filter_cidr;
static struct scene scene;
static struct rig rig;
static struct folder folder;
static void begin(void)
{
    scene_begin(&scene);
    scene.batch->now = event_now();
    folder_begin(&folder);
}
static void end(void)
{
    rig_close(&rig);
    folder_end(&folder);
    scene_end(&scene);
}
TestSuite(cidr, .init = begin, .fini = end);

static bool open_file(void)
{
    struct str options = arena_printf(&folder.arena, "{'address': '%%{ip}', 'network_path': '%s', 'refresh_interval': 1}",
                                      folder_at(&folder, "nets"));
    return rig_open(&rig, &scene, &filter_cidr, arena_copy_z(&folder.arena, options));
}

static enum fate fate_of(const char *json)
{
    struct event *event = scene_event(&scene, json);
    rig_run(&rig, event);
    return rig_fate(&rig, event);
}

Test(cidr, a_changed_file_is_read_again)
{
    folder_write(&folder, "nets", "10.0.0.0/8\n");
    cr_assert(open_file());
    cr_expect_eq(fate_of("{'ip': '10.1.1.1'}"), FATE_MATCHED);
    folder_write(&folder, "new", "11.0.0.0/8\n# a comment\n");
    rename(folder_at(&folder, "new"), folder_at(&folder, "nets"));
    scene.batch->now.seconds += 2;
    cr_expect_eq(fate_of("{'ip': '10.1.1.1'}"), FATE_PASSED);
    cr_expect_eq(fate_of("{'ip': '11.1.1.1'}"), FATE_MATCHED);
}

Test(cidr, a_file_has_at_most_so_many_networks)
{
    static const char line[] = "10.0.0.1\n";
    size_t len = sizeof line - 1, size = len * IP_SET_MAX;
    char *text = malloc(size + len);
    for (size_t i = 0; i <= IP_SET_MAX; i++) memcpy(text + i * len, line, len);
    folder_write_bytes(&folder, "nets", (struct str){text, size + len});
    cr_expect_not(open_file());
    cr_expect(strstr(rig_complaint(&rig), "it has more than 1048576 networks"), "%s", rig_complaint(&rig));
    rig_close(&rig);
    folder_write_bytes(&folder, "nets", (struct str){text, size});
    cr_expect(open_file());
    cr_expect_eq(fate_of("{'ip': '10.0.0.1'}"), FATE_MATCHED);
    free(text);
}
