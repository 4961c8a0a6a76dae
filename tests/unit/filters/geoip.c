/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>
#include "core/text/encode.h"
#include "tests/unit/support/filters.h"
#include "tests/unit/support/folder.h"

/* tests/tools/make_mmdb.py GeoLite2-ASN - <<< '{"::/1": {"autonomous_system_number": 1}}', and 2 */
static const char ONE[] =
    "AAARAAABAAAAAAAAAAAAAAAAAAAAAOFYYXV0b25vbW91c19zeXN0ZW1fbnVtYmVywQGrze9NYXhNaW5kLmNvbelKbm9kZV9jb3Vu"
    "dMEBS3JlY29yZF9zaXploRhKaXBfdmVyc2lvbqEGTWRhdGFiYXNlX3R5cGVMR2VvTGl0ZTItQVNOSWxhbmd1YWdlcwEEQmVuW2Jp"
    "bmFyeV9mb3JtYXRfbWFqb3JfdmVyc2lvbqECW2JpbmFyeV9mb3JtYXRfbWlub3JfdmVyc2lvbqBLYnVpbGRfZXBvY2gEAmVT8QBL"
    "ZGVzY3JpcHRpb27hQmVuSG9mIHRlc3Rz";
static const char TWO[] =
    "AAARAAABAAAAAAAAAAAAAAAAAAAAAOFYYXV0b25vbW91c19zeXN0ZW1fbnVtYmVywQKrze9NYXhNaW5kLmNvbelKbm9kZV9jb3Vu"
    "dMEBS3JlY29yZF9zaXploRhKaXBfdmVyc2lvbqEGTWRhdGFiYXNlX3R5cGVMR2VvTGl0ZTItQVNOSWxhbmd1YWdlcwEEQmVuW2Jp"
    "bmFyeV9mb3JtYXRfbWFqb3JfdmVyc2lvbqECW2JpbmFyeV9mb3JtYXRfbWlub3JfdmVyc2lvbqBLYnVpbGRfZXBvY2gEAmVT8QBL"
    "ZGVzY3JpcHRpb27hQmVuSG9mIHRlc3Rz";

extern const struct filter_type filter_geoip;
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
TestSuite(geoip, .init = begin, .fini = end);

static void put(const char *base64)
{
    static char bytes[4096];
    size_t len;
    cr_assert(base64_decode(str_of(base64), bytes, &len));
    folder_write_bytes(&folder, "new", (struct str){bytes, len});
    rename(folder_at(&folder, "new"), folder_at(&folder, "d.mmdb"));
}

static uint64_t counted(const char *name)
{
    struct metric_row rows[8];
    uint32_t count = filter_geoip.metrics(rig.self, rows, 8);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0) return counter_get(rows[i].counter);
    return UINT64_MAX;
}

static void open_database(void)
{
    struct str options = arena_printf(&folder.arena, "{'source': 'ip', 'target': 'g', 'database': '%s'}", folder_at(&folder, "d.mmdb"));
    cr_assert(rig_open(&rig, &scene, &filter_geoip, arena_copy_z(&folder.arena, options)), "%s", rig_complaint(&rig));
}

/* An event, an hour later, again and again until the filter has seen the change, which a thread reads. */
static void run_until(const char *counter)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    scene.batch->now.seconds += 3600;
    struct event *event = scene_event(&scene, "{}");
    do {
        rig_run(&rig, event);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (counted(counter) == 0 && now.tv_sec < start.tv_sec + 10);
}

static void expect(const char *json)
{
    struct event *event = scene_event(&scene, "{'ip': '1.2.3.4'}");
    rig_run(&rig, event);
    scene_expect(event, json);
}

Test(geoip, a_changed_database_is_used)
{
    put(ONE);
    open_database();
    expect("{'ip': '1.2.3.4', 'g': {'ip': '1.2.3.4', 'asn': 1}}");
    put(TWO);
    run_until("reloads");
    expect("{'ip': '1.2.3.4', 'g': {'ip': '1.2.3.4', 'asn': 2}}");
}

/* It is not read from the file's own pages, which are gone. */
Test(geoip, a_file_that_is_overwritten_in_place_does_no_harm)
{
    put(ONE);
    open_database();
    folder_write(&folder, "d.mmdb", "");
    expect("{'ip': '1.2.3.4', 'g': {'ip': '1.2.3.4', 'asn': 1}}");
    run_until("reload_failures");
    cr_expect_eq(counted("reload_failures"), 1);
    expect("{'ip': '1.2.3.4', 'g': {'ip': '1.2.3.4', 'asn': 1}}");
}
