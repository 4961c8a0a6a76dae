/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_date;
#define BEFORE "2024-03-05T07:08:09.120Z" /* @timestamp of a scene's events */

struct row {
    const char *options, *before, *after;
    enum fate fate;
};

static void check(const struct row *row)
{
    struct scene scene;
    struct rig rig;
    scene_begin(&scene);
    struct event *event = scene_event(&scene, row->before);
    cr_assert(rig_open(&rig, &scene, &filter_date, row->options), "%s: %s", row->options, rig_complaint(&rig));
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), row->fate, "%s on %s", row->options, row->before);
    scene_expect(event, row->after);
    rig_close(&rig);
    scene_end(&scene);
}

Test(filter_date, rows)
{
    static const struct row rows[] = {
        /* ISO8601, zones */
        {"{'match': ['t', 'ISO8601'], 'timezone': 'America/Los_Angeles'}", "{'t': '2001-01-01T00:00:00-0800'}",
         "{'t': '2001-01-01T00:00:00-0800', '@timestamp': '2001-01-01T08:00:00.000Z'}", FATE_MATCHED},
        {"{'match': ['t', 'ISO8601'], 'timezone': 'America/Los_Angeles'}", "{'t': '2010-05-03T08:18:18'}",
         "{'t': '2010-05-03T08:18:18', '@timestamp': '2010-05-03T15:18:18.000Z'}", FATE_MATCHED},
        {"{'match': ['t', 'yyyy MMM dd HH:mm:ss'], 'timezone': 'America/Los_Angeles'}", "{'t': '2013 Nov 24 01:29:01'}",
         "{'t': '2013 Nov 24 01:29:01', '@timestamp': '2013-11-24T09:29:01.000Z'}", FATE_MATCHED},
        {"{'match': ['t', 'yyyy MMM dd HH:mm:ss'], 'timezone': 'CET'}", "{'t': '2016 Mar 27 02:00:01'}",
         "{'t': '2016 Mar 27 02:00:01', '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}", FATE_FAILED},
        {"{'match': ['t', 'yyyy-MM-dd HH:mm:ss'], 'timezone': '%{z}'}", "{'t': '2013-06-01 12:00:00', 'z': 'Europe/Paris'}",
         "{'t': '2013-06-01 12:00:00', 'z': 'Europe/Paris', '@timestamp': '2013-06-01T10:00:00.000Z'}", FATE_MATCHED},
        {"{'match': ['t', 'yyyy-MM-dd HH:mm:ss'], 'timezone': '%{z}'}", "{'t': '2013-06-01 12:00:00', 'z': 'Nowhere'}",
         "{'t': '2013-06-01 12:00:00', 'z': 'Nowhere', '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}", FATE_FAILED},
        {"{'match': ['t', 'ISO8601'], 'timezone': '%{z}'}", "{'t': '2013-06-01T12:00:00Z'}",
         "{'t': '2013-06-01T12:00:00Z', '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}", FATE_FAILED},
        {"{'match': ['t', 'ISO8601', 'UNIX'], 'timezone': '%{z}'}", "{'t': '1000000000'}",
         "{'t': '1000000000', '@timestamp': '2001-09-09T01:46:40.000Z'}", FATE_MATCHED},
        /* numbers */
        {"{'match': ['t', 'UNIX']}", "{'t': 1000000000}", "{'t': 1000000000, '@timestamp': '2001-09-09T01:46:40.000Z'}", FATE_MATCHED},
        {"{'match': ['t', 'UNIX']}", "{'t': 1478207457.456}", "{'t': 1478207457.456, '@timestamp': '2016-11-03T21:10:57.456Z'}", FATE_MATCHED},
        {"{'match': ['t', 'UNIX', 'UNIX_MS']}", "{'t': 1000000000123}", "{'t': 1000000000123, '@timestamp': '2001-09-09T01:46:40.123Z'}", FATE_MATCHED},
        {"{'match': ['t', 'UNIX_MS']}", "{'t': '1000000000123'}", "{'t': '1000000000123', '@timestamp': '2001-09-09T01:46:40.123Z'}", FATE_MATCHED},
        {"{'match': ['t', 'yyyy']}", "{'t': 2013}", "{'t': 2013, '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}", FATE_FAILED},
        {"{'match': ['t', 'ISO8601', 'UNIX']}", "{'t': ['2013']}", "{'t': ['2013'], '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}", FATE_FAILED},
        {"{'match': ['t', 'ISO8601', 'UNIX']}", "{'t': true}", "{'t': true, '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}", FATE_FAILED},
        {"{'match': ['t', 'TAI64N']}", "{'t': '@4000000050d506482dbdf024'}",
         "{'t': '@4000000050d506482dbdf024', '@timestamp': '2012-12-22T01:00:46.767Z'}", FATE_MATCHED},
        /* fields, targets, tags */
        {"{'match': ['[data][deep]', 'ISO8601'], 'timezone': 'UTC'}", "{'data': {'deep': '2013-01-01T00:00:00Z'}}",
         "{'data': {'deep': '2013-01-01T00:00:00Z'}, '@timestamp': '2013-01-01T00:00:00.000Z'}", FATE_MATCHED},
        {"{'match': ['t', 'ISO8601']}", "{'u': 1}", "{'u': 1, '@timestamp': '" BEFORE "'}", FATE_PASSED},
        {"{'match': ['t', 'ISO8601']}", "{'t': null}", "{'t': null, '@timestamp': '" BEFORE "'}", FATE_PASSED},
        {"{'match': ['t', 'ISO8601']}", "{'t': ''}", "{'t': '', '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}", FATE_FAILED},
        {"{'match': ['t', 'yyyy', 'ISO8601'], 'tag_on_failure': ['bad', 'date']}", "{'t': 'x', 'tags': ['bad']}",
         "{'t': 'x', '@timestamp': '" BEFORE "', 'tags': ['bad', 'date']}", FATE_FAILED},
        {"{'match': ['t', 'ISO8601'], 'target': '[a][b]'}", "{'t': '2013-01-01T00:00:00Z'}",
         "{'t': '2013-01-01T00:00:00Z', 'a': {'b': '2013-01-01T00:00:00.000Z'}, '@timestamp': '" BEFORE "'}", FATE_MATCHED},
        {"{'match': ['t', 'ISO8601'], 'target': '[t][b]'}", "{'t': '2013-01-01T00:00:00Z'}",
         "{'t': '2013-01-01T00:00:00Z', '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}", FATE_FAILED},
        /* languages, several formats */
        {"{'match': ['t', 'dd MMMM yyyy'], 'locale': 'fr_FR', 'timezone': 'UTC'}", "{'t': '14 juillet 2013'}",
         "{'t': '14 juillet 2013', '@timestamp': '2013-07-14T00:00:00.000Z'}", FATE_MATCHED},
        {"{'match': ['t', 'dd/MMM/yyyy:HH:mm:ss Z', 'ISO8601'], 'locale': 'en'}", "{'t': '10/Oct/2000:13:55:36 -0700'}",
         "{'t': '10/Oct/2000:13:55:36 -0700', '@timestamp': '2000-10-10T20:55:36.000Z'}", FATE_MATCHED},
        {"{'match': ['t', 'ISO8601', 'dd/MMM/yyyy:HH:mm:ss Z']}", "{'t': '10/Oct/2000:13:55:36 -0700'}",
         "{'t': '10/Oct/2000:13:55:36 -0700', '@timestamp': '2000-10-10T20:55:36.000Z'}", FATE_MATCHED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check(&rows[i]);
}

Test(filter_date, the_zone_follows_the_event)
{
    static const char *const rows[][2] = {
        {"{'t': '2013-06-01 12:00:00', 'z': 'Europe/Paris'}", "{'t': '2013-06-01 12:00:00', 'z': 'Europe/Paris', '@timestamp': '2013-06-01T10:00:00.000Z'}"},
        {"{'t': '2013-06-01 12:00:00', 'z': 'UTC'}", "{'t': '2013-06-01 12:00:00', 'z': 'UTC', '@timestamp': '2013-06-01T12:00:00.000Z'}"},
        {"{'t': '2013-06-01 12:00:00', 'z': '+01:00'}", "{'t': '2013-06-01 12:00:00', 'z': '+01:00', '@timestamp': '2013-06-01T11:00:00.000Z'}"},
        {"{'t': '2013-06-01 12:00:00', 'z': 'PST'}", "{'t': '2013-06-01 12:00:00', 'z': 'PST', '@timestamp': '" BEFORE "', 'tags': ['_dateparsefailure']}"},
        {"{'t': '2013-06-01 12:00:00', 'z': '+01:00'}", "{'t': '2013-06-01 12:00:00', 'z': '+01:00', '@timestamp': '2013-06-01T11:00:00.000Z'}"},
    };
    struct scene scene;
    struct rig rig;
    scene_begin(&scene);
    cr_assert(rig_open(&rig, &scene, &filter_date, "{'match': ['t', 'yyyy-MM-dd HH:mm:ss'], 'timezone': '%{z}'}"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event *event = scene_event(&scene, rows[i][0]);
        rig_run(&rig, event);
        scene_expect(event, rows[i][1]);
    }
    rig_close(&rig);
    scene_end(&scene);
}

Test(filter_date, cancelled_events_are_left_alone)
{
    struct scene scene;
    struct rig rig;
    scene_begin(&scene);
    cr_assert(rig_open(&rig, &scene, &filter_date, "{'match': ['t', 'UNIX']}"));
    struct event *gone = scene_event(&scene, "{'t': 5}"), *there = scene_event(&scene, "{'t': 6}");
    gone->is_cancelled = true;
    rig_run_all(&rig);
    scene_expect(gone, "{'t': 5, '@timestamp': '" BEFORE "'}");
    scene_expect(there, "{'t': 6, '@timestamp': '1970-01-01T00:00:06.000Z'}");
    rig_close(&rig);
    scene_end(&scene);
}

Test(filter_date, mistakes_are_named)
{
    static const char *const rows[][2] = {
        {"{}", "match"},
        {"{'match': ['t']}", "at least one format"},
        {"{'match': ['t[', 'ISO8601']}", "`t[`"},
        {"{'match': ['t', 'ISO8601', 'yyyy-MM-ddTHH:mm']}", "yyyy-MM-ddTHH:mm"},
        {"{'match': ['t', 'ISO8601'], 'timezone': 'PST'}", "`PST`"},
        {"{'match': ['t', 'ISO8601'], 'timezone': 'UTC+2'}", "`UTC+2`"},
        {"{'match': ['t', 'dd MMM'], 'locale': 'ja'}", "dd MMM"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        struct rig rig;
        scene_begin(&scene);
        cr_expect_not(rig_open(&rig, &scene, &filter_date, rows[i][0]), "%s", rows[i][0]);
        cr_expect(strstr(rig_complaint(&rig), rows[i][1]), "%s: %s", rows[i][0], rig_complaint(&rig));
        rig_close(&rig);
        scene_end(&scene);
    }
}

Test(filter_date, counts)
{
    struct scene scene;
    struct rig rig;
    struct metric_row counters[2];
    scene_begin(&scene);
    cr_assert(rig_open(&rig, &scene, &filter_date, "{'match': ['t', 'UNIX']}"));
    rig_run(&rig, scene_event(&scene, "{'t': 5}"));
    rig_run(&rig, scene_event(&scene, "{'t': 'x'}"));
    rig_run(&rig, scene_event(&scene, "{'t': 6}"));
    rig_run(&rig, scene_event(&scene, "{}"));
    cr_assert_eq(filter_date.metrics(rig.self, counters, 2), 2);
    cr_assert_str_eq(counters[0].name, "matches");
    cr_assert_eq(counter_get(counters[0].counter), 2);
    cr_assert_str_eq(counters[1].name, "failures");
    cr_assert_eq(counter_get(counters[1].counter), 1);
    rig_close(&rig);
    scene_end(&scene);
}
