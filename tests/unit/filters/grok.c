/* SPDX-License-Identifier: Apache-2.0 */
#include "filters/grok.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_grok;

/* options, event, fate, fields afterwards */
struct row { const char *options, *event; enum fate fate; const char *expected; };
#define FAILED_TAG "'tags': ['_grokparsefailure']"

static const struct row ROWS[] = {
    {"{'match': {'message': '%{WORD:w} %{INT:n:int} %{NUMBER:f:float}'}}", "{'message': 'a 12 1.5'}", FATE_MATCHED,
     "{'message': 'a 12 1.5', 'w': 'a', 'n': 12, 'f': 1.5}"},
    {"{'match': {'message': '%{WORD:w} x'}}", "{'message': 'a b'}", FATE_FAILED, "{'message': 'a b', " FAILED_TAG "}"},
    {"{'match': ['message', '%{WORD:w}']}", "{'message': 'a'}", FATE_MATCHED, "{'message': 'a', 'w': 'a'}"},
    /* coercion */
    {"{'match': {'m': '%{INT:a:int} %{INT:a:int}'}}", "{'m': '1 2'}", FATE_MATCHED, "{'m': '1 2', 'a': 1}"},
    {"{'match': {'m': '(?<a>\\\\d+) (?<a>\\\\d+)'}}", "{'m': '1 1'}", FATE_MATCHED, "{'m': '1 1', 'a': ['1', '1']}"},
    {"{'match': {'m': '%{INT:a:integer} %{WORD:b:string}'}}", "{'m': '1 x'}", FATE_MATCHED, "{'m': '1 x', 'a': '1', 'b': 'x'}"},
    {"{'match': {'m': '(?<a:int>\\\\d+)'}}", "{'m': '7'}", FATE_MATCHED, "{'m': '7', 'int': '7'}"},
    {"{'match': {'m': '%{NOTSPACE:a:int}'}}", "{'m': '0xff'}", FATE_MATCHED, "{'m': '0xff', 'a': 0}"},
    {"{'match': {'m': '%{NUMBER:a:int}'}}", "{'m': '3.99'}", FATE_MATCHED, "{'m': '3.99', 'a': 3}"},
    {"{'match': {'m': '(?:%{INT:a:int}|%{WORD:b})'}}", "{'m': 'x'}", FATE_MATCHED, "{'m': 'x', 'b': 'x'}"},
    /* references */
    {"{'match': {'m': '%{INT:a b} %{WORD:[x][code]?}'}}", "{'m': '1 z'}", FATE_MATCHED, "{'m': '1 z', 'a': '1', 'x': {'code': 'z'}}"},
    {"{'match': {'m': '%{FIZZLE=\\\\d+}x%{FIZZLE:n}'}}", "{'m': '1x22'}", FATE_MATCHED, "{'m': '1x22', 'n': '22'}"},
    {"{'match': {'m': '%{TWO:t=[a-z]{2}}%{TWO:u}'}}", "{'m': 'abcd'}", FATE_MATCHED, "{'m': 'abcd', 't': 'ab', 'u': 'cd'}"},
    {"{'match': {'m': 'a%{x'}}", "{'m': 'a%{x'}", FATE_MATCHED, "{'m': 'a%{x'}"},
    {"{'match': {'m': '(?<[a][b]>x)(plain)?'}}", "{'m': 'xplain'}", FATE_MATCHED, "{'m': 'xplain', 'a': {'b': 'x'}}"},
    {"{'match': {'m': '%{WORD:foo-bar}'}}", "{'m': 'x'}", FATE_MATCHED, "{'m': 'x', 'foo-bar': 'x'}"},
    {"{'match': {'m': '%{WORD:a}'}, 'named_captures_only': false}", "{'m': 'x'}", FATE_MATCHED, "{'m': 'x', 'a': 'x'}"},
    {"{'match': {'m': '%{DATE_EU}'}, 'named_captures_only': false}", "{'m': '31/12/99'}", FATE_MATCHED,
     "{'m': '31/12/99', 'DATE_EU': '31/12/99', 'MONTHDAY': '31', 'MONTHNUM': '12', 'YEAR': '99'}"},
    {"{'match': {'m': '^%{X:a}$'}, 'pattern_definitions': {'X': 'a|b', 'WORD': 'no'}}", "{'m': 'b'}", FATE_MATCHED, "{'m': 'b', 'a': 'b'}"},
    {"{'match': {'m': '%{SYSLOGPROG}'}, 'pattern_definitions': {'PROG': 'my prog'}}", "{'m': 'my prog[1]'}", FATE_MATCHED,
     "{'m': 'my prog[1]', 'program': 'my prog', 'pid': '1'}"},
    /* existing fields */
    {"{'match': {'message': 'x %{GREEDYDATA:message}'}}", "{'message': 'x y'}", FATE_MATCHED, "{'message': ['x y', 'y']}"},
    {"{'match': {'message': 'x %{GREEDYDATA:message}'}, 'overwrite': ['message']}", "{'message': 'x y'}", FATE_MATCHED, "{'message': 'y'}"},
    {"{'match': {'message': '%{WORD:a}'}}", "{'message': 'x', 'a': ['p']}", FATE_MATCHED, "{'message': 'x', 'a': ['p', 'x']}"},
    {"{'match': {'message': '%{WORD:a}'}}", "{'message': 'x', 'a': null}", FATE_MATCHED, "{'message': 'x', 'a': 'x'}"},
    {"{'match': {'message': '%{WORD:a}'}}", "{'message': 'x', 'a': 5}", FATE_MATCHED, "{'message': 'x', 'a': 5}"},
    {"{'match': {'message': '%{WORD:a}'}}", "{'message': 'x', 'a': {'b': 1}}", FATE_MATCHED, "{'message': 'x', 'a': {'b': 1}}"},
    {"{'match': {'message': '%{WORD:a}'}, 'overwrite': 'a'}", "{'message': 'x', 'a': 5}", FATE_MATCHED, "{'message': 'x', 'a': 'x'}"},
    {"{'match': {'message': '%{WORD:[a][b]} %{WORD:[a][c]}'}}", "{'message': 'x y', 'a': {'b': 'o'}}", FATE_MATCHED,
     "{'message': 'x y', 'a': {'b': ['o', 'x'], 'c': 'y'}}"},
    {"{'match': {'message': '%{WORD:[a][b]}'}}", "{'message': 'x', 'a': 'text'}", FATE_MATCHED, "{'message': 'x', 'a': 'text'}"},
    {"{'match': {'message': '%{WORD:a} %{WORD:[a][b]}'}}", "{'message': 'x y'}", FATE_MATCHED, "{'message': 'x y', 'a': 'x'}"},
    {"{'match': {'message': '%{WORD:[a][0]}'}}", "{'message': 'x', 'a': ['p']}", FATE_MATCHED, "{'message': 'x', 'a': [['p', 'x']]}"},
    {"{'match': {'message': '%{WORD:tags}'}}", "{'message': 'x', 'tags': ['p']}", FATE_MATCHED, "{'message': 'x', 'tags': ['p', 'x']}"},
    {"{'match': {'message': '%{WORD:[@metadata][k][l]}'}}", "{'message': 'x'}", FATE_MATCHED, "{'message': 'x', '@metadata': {'k': {'l': 'x'}}}"},
    /* target */
    {"{'match': {'message': '%{WORD:a} %{WORD:[b][c]}'}, 'target': 'g'}", "{'message': 'x y'}", FATE_MATCHED,
     "{'message': 'x y', 'g': {'a': 'x', 'b': {'c': 'y'}}}"},
    {"{'match': {'message': '%{WORD:a}'}, 'target': '[@metadata][grok]'}", "{'message': 'x'}", FATE_MATCHED,
     "{'message': 'x', '@metadata': {'grok': {'a': 'x'}}}"},
    {"{'match': {'message': '%{WORD:a}'}, 'target': 'g', 'overwrite': 'a'}", "{'message': 'x', 'g': {'a': 'o'}}", FATE_MATCHED,
     "{'message': 'x', 'g': {'a': 'x'}}"},
    /* empty captures */
    {"{'match': {'m': '^(?<a>x)?(?<b>y*)z'}}", "{'m': 'z'}", FATE_MATCHED, "{'m': 'z'}"},
    {"{'match': {'m': '^(?<a>x)?(?<b>y*)z'}, 'keep_empty_captures': true}", "{'m': 'z'}", FATE_MATCHED, "{'m': 'z', 'a': null, 'b': ''}"},
    {"{'match': {'m': '^(?:%{INT:a:int})?z'}, 'keep_empty_captures': true}", "{'m': 'z'}", FATE_MATCHED, "{'m': 'z', 'a': null}"},
    /* values that are no strings */
    {"{'match': {'m': '%{NUMBER:a}'}}", "{'m': 403}", FATE_MATCHED, "{'m': 403, 'a': '403'}"},
    {"{'match': {'m': '%{NUMBER:a}'}}", "{'m': 1.0}", FATE_MATCHED, "{'m': 1.0, 'a': '1.0'}"},
    {"{'match': {'m': '%{WORD:a}'}}", "{'m': true}", FATE_MATCHED, "{'m': true, 'a': 'true'}"},
    {"{'match': {'m': '^%{GREEDYDATA:a}$'}}", "{}", FATE_MATCHED, "{}"},
    {"{'match': {'m': '^$'}}", "{'m': null}", FATE_MATCHED, "{'m': null}"},
    {"{'match': {'m': '.'}}", "{}", FATE_FAILED, "{" FAILED_TAG "}"},
    {"{'match': {'m': '%{INT:a}'}}", "{'m': ['1', 'x', '3']}", FATE_MATCHED, "{'m': ['1', 'x', '3'], 'a': ['1', '3']}"},
    {"{'match': {'m': '%{INT:a}'}}", "{'m': ['y', 'x']}", FATE_FAILED, "{'m': ['y', 'x'], " FAILED_TAG "}"},
    {"{'match': {'m': '%{WORD:m}'}}", "{'m': ['y', 'x']}", FATE_MATCHED, "{'m': ['y', 'x', 'y', 'x']}"},
    {"{'match': {'m': 'x'}}", "{'m': []}", FATE_FAILED, "{'m': [], " FAILED_TAG "}"},
    /* several patterns, several fields */
    {"{'match': {'m': ['%{INT:a}', '%{WORD:b}']}}", "{'m': '1'}", FATE_MATCHED, "{'m': '1', 'a': '1'}"},
    {"{'match': {'m': ['%{INT:a}', '%{WORD:b}']}}", "{'m': 'x'}", FATE_MATCHED, "{'m': 'x', 'b': 'x'}"},
    {"{'match': {'m': ['%{INT:a}', '%{WORD:b}']}, 'break_on_match': false}", "{'m': '1'}", FATE_MATCHED, "{'m': '1', 'a': '1', 'b': '1'}"},
    {"{'match': {'m': ['%{INT:a}', 'q']}, 'break_on_match': false}", "{'m': '1'}", FATE_FAILED, "{'m': '1', 'a': '1', " FAILED_TAG "}"},
    {"{'match': {'m': '%{INT:a}', 'n': '%{WORD:b}'}}", "{'m': '1', 'n': 'x'}", FATE_MATCHED, "{'m': '1', 'n': 'x', 'a': '1'}"},
    {"{'match': {'m': '%{INT:a}', 'n': '%{WORD:b}'}, 'break_on_match': false}", "{'m': '1', 'n': 'x'}", FATE_MATCHED,
     "{'m': '1', 'n': 'x', 'a': '1', 'b': 'x'}"},
    {"{'match': {'m': 'q', 'n': '%{WORD:b}'}}", "{'m': '1', 'n': 'x'}", FATE_MATCHED, "{'m': '1', 'n': 'x', 'b': 'x'}"},
    {"{'match': ['m', 'q', 'n', '%{WORD:b}', 'm', '%{INT:a}']}", "{'m': '1', 'n': 'x'}", FATE_MATCHED, "{'m': '1', 'n': 'x', 'a': '1'}"},
    /* tags */
    {"{'match': {'m': 'q'}, 'tag_on_failure': ['a', 'b']}", "{'m': 'x', 'tags': ['a']}", FATE_FAILED, "{'m': 'x', 'tags': ['a', 'b']}"},
    {"{'match': {'m': 'q'}, 'tag_on_failure': []}", "{'m': 'x'}", FATE_FAILED, "{'m': 'x'}"},
    {"{'match': {}}", "{'m': 'x'}", FATE_FAILED, "{'m': 'x', " FAILED_TAG "}"},
};

static struct scene scene;
static struct rig rig;
static void begin(void) { scene_begin(&scene); }
static void rig_done(void)
{
    if (rig.scene) rig_close(&rig);
    rig.scene = NULL;
}
static void end(void)
{
    rig_done();
    scene_end(&scene);
}
TestSuite(grok, .init = begin, .fini = end);

Test(grok, rows)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        const struct row *row = &ROWS[i];
        cr_assert(rig_open(&rig, &scene, &filter_grok, row->options), "%s: %s", row->options, rig_complaint(&rig));
        struct event *event = scene_event(&scene, row->event);
        rig_run(&rig, event);
        cr_expect_eq(rig_fate(&rig, event), row->fate, "%s on %s", row->options, row->event);
        char *difference = scene_difference(event, row->expected);
        cr_expect_null(difference, "%s on %s: %s", row->options, row->event, difference);
        free(difference);
        rig_done();
    }
}

/* A number is not extended, an array is: there the second, uncoerced one shows. */
Test(grok, second_of_equal_names_is_text)
{
    cr_assert(rig_open(&rig, &scene, &filter_grok, "{'match': {'m': '%{INT:a:int} %{INT:a:int}'}}"));
    struct event *event = scene_event(&scene, "{'m': '1 2', 'a': ['0']}");
    rig_run(&rig, event);
    scene_expect(event, "{'m': '1 2', 'a': ['0', 1, '2']}");
}

Test(grok, runaway_pattern_is_a_timeout)
{
    enum { LEN = 30000 };
    cr_assert(rig_open(&rig, &scene, &filter_grok, "{'match': {'m': ['%{WORD:first}', '(?:a(?=.)|x)*[bc]', '%{WORD:never}']}, 'break_on_match': false}"));
    char *text = arena_alloc(&scene.batch->arena, LEN);
    memset(text, 'a', LEN);
    struct event *event = scene_event(&scene, "{}");
    struct path path = scene_path(&scene, "m");
    path_set(&path, event, value_string((struct str){text, LEN}));
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), FATE_FAILED);
    cr_expect(event_has_tag(event, STR("_groktimeout")));
    cr_expect(!event_has_tag(event, STR("_grokparsefailure")));
    struct path first = scene_path(&scene, "first"), never = scene_path(&scene, "never");
    cr_expect_not_null(path_get(&first, event));
    cr_expect_null(path_get(&never, event));
    struct metric_row rows[4];
    cr_assert_eq(filter_grok.metrics(rig.self, rows, 4), 3);
    cr_expect_str_eq(rows[2].name, "timeouts");
    cr_expect_eq(counter_get(rows[2].counter), 1);
    struct grok *const *groks;
    cr_assert_eq(grok_filter_patterns(rig.self, &groks), 3);
    cr_expect_eq(counter_get(&groks[1]->counters.limits), 1);
    cr_expect_eq(counter_get(&groks[0]->counters.hits), 1);
    cr_expect_eq(grok_attempts(groks[2]), 0);
}

Test(grok, ecs_sets)
{
    static const struct { enum ecs ecs; const char *expected; } SETS[] = {
        {ECS_DISABLED, "{'message': 'hi', 'timestamp': 'Feb  9 01:02:03', 'logsource': 'h', 'program': 'p', 'pid': '7'}"},
        {ECS_V1, "{'message': 'hi', 'timestamp': 'Feb  9 01:02:03', 'host': {'hostname': 'h'}, 'process': {'name': 'p', 'pid': 7}}"},
        {ECS_V8, "{'message': 'hi', 'timestamp': 'Feb  9 01:02:03', 'host': {'hostname': 'h'}, 'process': {'name': 'p', 'pid': 7}}"},
    };
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++) {
        cr_assert(rig_open_ecs(&rig, &scene, &filter_grok, "{'match': {'message': '%{SYSLOGLINE}'}, 'overwrite': ['message']}", SETS[i].ecs));
        struct event *event = scene_event(&scene, "{'message': 'Feb  9 01:02:03 h p[7]: hi'}");
        rig_run(&rig, event);
        scene_expect(event, SETS[i].expected);
        rig_done();
    }
}

static const struct { const char *options, *complaint; } REFUSED[] = {
    {"{'match': {'m': '%{WROD:a}'}}", "grok pattern `WROD` is not defined"},
    {"{'match': {'m': '%{S3_ACCES_LOG}'}}", "grok pattern `S3_ACCES_LOG` is not defined"},
    {"{'match': {'m': 'a(b'}}", "`(` has no end `)`"},
    {"{'match': {'m': '%{A}'}, 'pattern_definitions': {'A': 'x%{B}', 'B': '%{A}'}}",
     "grok pattern `A` refers to itself, or more than 10000 references are needed"},
    {"{'match': {'m': '%{WORD:[a}'}}", "`[a` is not a field reference; write [a][b]"},
    {"{'match': {'[m': 'x'}}", "`[m` is not a field reference"},
};

Test(grok, refused)
{
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        cr_expect(!rig_open(&rig, &scene, &filter_grok, REFUSED[i].options), "%s", REFUSED[i].options);
        cr_expect_str_eq(rig_complaint(&rig), REFUSED[i].complaint);
        rig_done();
    }
}

Test(grok, not_utf8_does_no_harm)
{
    cr_assert(rig_open(&rig, &scene, &filter_grok, "{'match': {'m': '^%{DATA:a} %{WORD:b}$'}}"));
    struct event *event = scene_event(&scene, "{}");
    struct path m = scene_path(&scene, "m"), a = scene_path(&scene, "a");
    path_set(&m, event, value_string(STR("\xff\xfe word")));
    rig_run(&rig, event);
    cr_expect_eq(rig_fate(&rig, event), FATE_MATCHED);
    cr_expect(str_eq(value_text(path_get(&a, event)), STR("\xff\xfe")));
    cr_expect_eq(path_get(&a, event)->flags, 0);
}

static void file_write(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

Test(grok, patterns_dir)
{
    char folder[] = "/tmp/tailrace-grok-XXXXXX", path[300], options[400];
    cr_assert(mkdtemp(folder));
    file_write(folder, "a.grok", "# comment\n  MINE   x y \r\nALONE\nWORD [0-9]+\n");
    file_write(folder, "b.old", "MINE never");
    snprintf(path, sizeof path, "%s/sub", folder);
    mkdir(path, 0700);
    snprintf(options, sizeof options, "{'match': {'m': '^%%{MINE:a}%%{WORD:b}$'}, 'patterns_dir': ['%s'], 'patterns_files_glob': '*.grok'}", folder);
    cr_assert(rig_open(&rig, &scene, &filter_grok, options), "%s", rig_complaint(&rig));
    struct event *event = scene_event(&scene, "{'m': 'x y 12'}");
    rig_run(&rig, event);
    scene_expect(event, "{'m': 'x y 12', 'a': 'x y ', 'b': '12'}");
    rig_done();
    snprintf(options, sizeof options, "{'match': {'m': '%%{MINE}'}, 'patterns_dir': '%s/*.old'}", folder);
    cr_assert(rig_open(&rig, &scene, &filter_grok, options), "%s", rig_complaint(&rig));
    rmdir(path);
    snprintf(path, sizeof path, "%s/a.grok", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/b.old", folder);
    unlink(path);
    rmdir(folder);
}

Test(grok, timeout_of_the_whole_field)
{
    cr_assert(rig_open(&rig, &scene, &filter_grok,
                       "{'match': {'m': ['q', '%{WORD:a}']}, 'timeout_scope': 'event', 'timeout_millis': 15}"));
    struct event *event = scene_event(&scene, "{'m': 'x'}");
    rig_run(&rig, event);
    scene_expect(event, "{'m': 'x', 'a': 'x'}");
}
