/* SPDX-License-Identifier: Apache-2.0 */
/* A tap's own rules, without workers: which events it shows, how, and what its limits keep out. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include "pipelines/tap.h"
#include "pipelines/tap_ring.h"
#include "tests/unit/support/events.h"

static struct scene scene;
static struct tap *tap;
static struct buf said; /* all that was read so far */
static uint32_t wakes;
static void woken(void *opaque) { (void)opaque, wakes++; }
static void begin(void) { scene_begin(&scene); }
static void end(void)
{
    if (tap) tap_drop(tap);
    buf_fini(&said);
    scene_end(&scene);
}
TestSuite(tap, .init = begin, .fini = end);

static struct tap_options asked(enum tap_at at)
{
    return (struct tap_options){.pipeline = STR("main"), .plugin = STR("it"), .at.value = (int32_t)at, .sample = 1};
}

static void open_tap(struct tap_options options) { tap = tap_create(&options, 1, woken, NULL); }

static void look_at(enum tap_at at, const uint32_t *index, uint32_t count)
{
    struct probe probe = tap_probe(tap, 0, at);
    struct selection in = {index, count};
    probe.hooks->look(probe.opaque, scene.batch, &in);
    probe.hooks->dropped(probe.opaque);
}

static void look(enum tap_at at)
{
    uint32_t index[8];
    for (uint32_t i = 0; i < scene.batch->count; i++) index[i] = i;
    look_at(at, index, scene.batch->count);
}

/* The next line that is to be read, or "". */
static const char *line(void)
{
    char c;
    buf_clear(&said);
    while (tap_read(tap, &c, 1) && c != '\n') buf_append_char(&said, c);
    return buf_z(&said);
}

/* The same, from `"at"` on and without its time. */
static const char *short_line(void)
{
    line();
    ptrdiff_t at = str_find(buf_str(&said), STR("\"at\"")), time = str_find(buf_str(&said), STR(",\"time\""));
    if (at < 0) return buf_z(&said);
    ptrdiff_t behind = time + (ptrdiff_t)sizeof ",\"time\":\"2026-01-01T00:00:00.000000000Z\"" - 1;
    memmove(said.ptr, said.ptr + at, (size_t)(time - at));
    memmove(said.ptr + (time - at), said.ptr + behind, said.len - (size_t)behind);
    said.len -= (size_t)(at + behind - time);
    return buf_z(&said);
}

#define STAMP "\"@timestamp\":\"2024-03-05T07:08:09.120Z\",\"@version\":\"1\""

Test(tap, shows_a_line_for_each_event)
{
    scene_event(&scene, "{'a': 1}");
    scene_event(&scene, "{'b': 'x'}");
    open_tap(asked(TAP_AT_IN));
    look(TAP_AT_IN);
    cr_expect_eq(wakes, 1u);
    cr_expect(tap_has_news(tap));
    cr_expect_str_eq(short_line(), "\"at\":\"in\",\"event\":{" STAMP ",\"a\":1}}");
    cr_expect_str_eq(short_line(), "\"at\":\"in\",\"event\":{" STAMP ",\"b\":\"x\"}}");
    cr_expect_not(tap_has_news(tap));
    cr_expect_str_eq(line(), "");
    struct tap_counts counts = tap_count(tap);
    cr_expect(counts.passed == 2 && counts.shown == 2);
}

Test(tap, shows_metadata_when_asked)
{
    scene_event(&scene, "{'@metadata': {'k': [1]}}");
    struct tap_options options = asked(TAP_AT_OUT);
    options.metadata = true;
    open_tap(options);
    look(TAP_AT_OUT);
    cr_expect_str_eq(short_line(), "\"at\":\"out\",\"event\":{" STAMP ",\"@metadata\":{\"k\":[1]}}}");
}

static uint64_t shown(struct tap_options options, const char *where)
{
    for (int i = 0; i < 6; i++) scene_event(&scene, i % 2 ? "{'n': 1}" : "{'n': 2}");
    options.where = str_of(where);
    open_tap(options);
    look(TAP_AT_IN);
    return tap_count(tap).shown;
}

Test(tap, shows_those_for_which_the_condition_holds)
{
    cr_expect_eq(shown(asked(TAP_AT_IN), "[n] == 2"), 3);
    cr_expect_eq(tap_count(tap).failed, 0);
}

Test(tap, computes_conditions_in_memory_of_its_own)
{
    size_t before = scene.batch->arena.bytes;
    cr_expect_eq(shown(asked(TAP_AT_IN), "repeat([message] ?? \"x\", 20000 * [n]) != \"\" and [n] * 2 == 4"), 3);
    for (int i = 0; i < 9; i++) look(TAP_AT_IN);
    cr_expect_eq(tap_count(tap).shown, 3u * 10);
    cr_expect_eq(tap_count(tap).failed, 0);
    cr_expect_eq(scene.batch->arena.bytes, before);
}

Test(tap, counts_events_for_which_the_condition_cannot_be_evaluated)
{
    cr_expect_eq(shown(asked(TAP_AT_IN), "[n] > \"x\""), 0);
    cr_expect_eq(tap_count(tap).failed, 6);
}

Test(tap, shows_one_of_so_many)
{
    struct tap_options options = asked(TAP_AT_IN);
    options.sample = 4;
    cr_expect_eq(shown(options, ""), 2);
}

Test(tap, ends_at_its_limit)
{
    struct tap_options options = asked(TAP_AT_IN);
    options.limit = 4;
    cr_expect_eq(shown(options, ""), 4);
    cr_expect(tap_is_full(tap));
    look(TAP_AT_IN);
    cr_expect_eq(tap_count(tap).shown, 4);
    cr_expect_eq(tap_count(tap).passed, 6);
}

Test(tap, shows_no_more_than_its_rate)
{
    struct tap_options options = asked(TAP_AT_IN);
    options.rate = 2;
    for (int i = 0; i < 6; i++) scene_event(&scene, "{}");
    open_tap(options);
    for (int i = 0; i < 4; i++) look(TAP_AT_IN); /* of one second, or of two */
    struct tap_counts counts = tap_count(tap);
    cr_expect(counts.shown == 2 || counts.shown == 4, "%d", (int)counts.shown);
    cr_expect_eq(counts.rate, 24 - counts.shown);
}

Test(tap, shows_nothing_once_it_is_stopped)
{
    scene_event(&scene, "{}");
    open_tap(asked(TAP_AT_IN));
    tap_stop(tap);
    look(TAP_AT_IN);
    cr_expect_eq(tap_count(tap).passed, 0);
}

/* An event whose only text has so many bytes. */
static void event_of(size_t bytes, char fill)
{
    char *text = arena_alloc(&scene.batch->arena, bytes);
    memset(text, fill, bytes);
    struct event *event = scene_event(&scene, "{}");
    event_slot_set(event, SLOT_MESSAGE, value_string((struct str){text, bytes}));
}

Test(tap, shows_no_event_over_its_limit_of_bytes)
{
    /* keys and values of the fields that every event has, and 16 bytes for each value */
    size_t others = strlen("@timestamp") + strlen("@version") + 1 + strlen("message") + 3 * sizeof(struct value);
    event_of(TAP_EVENT_BYTES_MAX - others, 'x');
    event_of(TAP_EVENT_BYTES_MAX - others + 1, 'x');
    open_tap(asked(TAP_AT_IN));
    look(TAP_AT_IN);
    struct tap_counts counts = tap_count(tap);
    cr_expect(counts.shown == 1 && counts.large == 1, "%d shown", (int)counts.shown);
}

Test(tap, shows_no_line_that_the_ring_could_not_hold)
{
    event_of(TAP_EVENT_BYTES_MAX - 100, '\1'); /* six bytes each in JSON */
    open_tap(asked(TAP_AT_IN));
    look(TAP_AT_IN);
    cr_expect_eq(tap_count(tap).large, 1);
}

Test(tap, counts_what_a_slow_watcher_misses_and_gives_its_place_to_others)
{
    struct tap_options options = asked(TAP_AT_IN);
    options.limit = 12;
    event_of(100 * 1024, 'x');
    open_tap(options);
    for (int i = 0; i < 14; i++) look(TAP_AT_IN);
    struct tap_counts counts = tap_count(tap);
    cr_expect(counts.shown == 10 && counts.slow_watcher == 4);
    cr_expect_not(tap_is_full(tap));
    char out[4096];
    while (tap_read(tap, out, sizeof out)) continue;
    for (int i = 0; i < 4; i++) look(TAP_AT_IN);
    cr_expect(tap_is_full(tap));
}

/* ---- before and behind ---- */

Test(tap, shows_both_sides_of_a_plugin)
{
    struct event *event = scene_event(&scene, "{'a': 1}");
    scene_event(&scene, "{'b': 1}");
    open_tap(asked(TAP_AT_BOTH));
    look(TAP_AT_IN);
    cr_expect_not(tap_has_news(tap));
    struct path path = scene_path(&scene, "c");
    path_set(&path, event, value_int(2));
    look_at(TAP_AT_OUT, (uint32_t[]){0}, 1); /* the other was dropped */
    cr_expect_str_eq(short_line(), "\"at\":\"in\",\"id\":\"0-1\",\"event\":{" STAMP ",\"a\":1}}");
    cr_expect_str_eq(short_line(), "\"at\":\"out\",\"id\":\"0-1\",\"event\":{" STAMP ",\"a\":1,\"c\":2}}");
    cr_expect_str_eq(short_line(), "\"at\":\"in\",\"id\":\"0-2\",\"event\":{" STAMP ",\"b\":1}}");
    cr_expect_str_eq(short_line(), "\"at\":\"out\",\"id\":\"0-2\",\"event\":null}");
    cr_expect_eq(tap_count(tap).shown, 2);
}

Test(tap, shows_events_that_a_plugin_makes_with_their_origin)
{
    struct event *first = scene_event(&scene, "{'a': 1}");
    scene_event(&scene, "{'a': 2}");
    open_tap(asked(TAP_AT_BOTH));
    look(TAP_AT_IN);
    struct event *child = batch_child(scene.batch, first);
    batch_child(scene.batch, child);
    look_at(TAP_AT_OUT, (uint32_t[]){2, 3, 1}, 3); /* the first became two */
    line();
    cr_expect(str_find(buf_str(&said), STR("\"at\":\"in\"")) > 0);
    for (int i = 0; i < 2; i++) {
        line();
        cr_expect(str_find(buf_str(&said), STR("\"id\":\"0-1\",\"child\":true,\"event\":{")) > 0);
    }
    line();
    line();
    cr_expect(str_find(buf_str(&said), STR("\"at\":\"out\"")) > 0);
    cr_expect(str_find(buf_str(&said), STR("\"id\":\"0-2\",\"event\":{")) > 0);
}

Test(tap, shows_a_pair_when_the_condition_holds_on_either_side)
{
    struct tap_options options = asked(TAP_AT_BOTH);
    struct event *becomes = scene_event(&scene, "{'n': 1}");
    struct event *was = scene_event(&scene, "{'n': 2}");
    scene_event(&scene, "{'n': 1}");
    options.where = STR("[n] == 2");
    options.limit = 3;
    open_tap(options);
    struct path path = scene_path(&scene, "n");
    look(TAP_AT_IN);
    path_set(&path, becomes, value_int(2));
    path_set(&path, was, value_int(1));
    look(TAP_AT_OUT);
    cr_expect_eq(tap_count(tap).shown, 2);
    look(TAP_AT_OUT); /* nothing was kept */
    cr_expect_eq(tap_count(tap).shown, 2);
}

Test(tap, takes_no_event_for_one_of_the_batch_before)
{
    struct tap_options options = asked(TAP_AT_BOTH);
    options.sample = 2;
    for (int i = 0; i < 3; i++) scene_event(&scene, "{}");
    open_tap(options);
    look(TAP_AT_IN); /* the first and the third */
    look(TAP_AT_OUT);
    for (int i = 0; i < 4; i++) line();
    look(TAP_AT_IN); /* the second */
    look(TAP_AT_OUT);
    for (int i = 0; i < 2; i++) {
        line();
        cr_expect(str_find(buf_str(&said), STR("\"id\":\"0-3\",\"event\":{")) > 0);
    }
    cr_expect_str_eq(line(), "");
}

/* ---- notes ---- */

Test(tap, tells_what_was_not_shown_once_and_its_end_last)
{
    struct tap_options options = asked(TAP_AT_IN);
    options.where = STR("[n] > \"x\"");
    scene_event(&scene, "{'n': 1}");
    open_tap(options);
    tap_say_started(tap);
    cr_expect_str_eq(line(), "{\"note\":\"started\",\"pipeline\":\"main\",\"plugin\":\"it\",\"at\":\"in\",\"workers\":1,\"rate\":0}");
    tap_say_not_shown(tap);
    cr_expect_not(tap_has_news(tap));
    look(TAP_AT_IN);
    tap_say_not_shown(tap);
    tap_say_not_shown(tap);
    tap_say_ended(tap, "limit");
    tap_say_ended(tap, "seconds");
#define COUNTS "\"passed\":1,\"shown\":0,\"not_shown\":{\"rate\":0,\"slow_watcher\":0,\"busy\":0,\"large\":0},\"where_failed\":1}"
    cr_expect_str_eq(line(), "{\"note\":\"not_shown\"," COUNTS);
    cr_expect_not(tap_is_over(tap));
    cr_expect_str_eq(line(), "{\"note\":\"ended\",\"why\":\"limit\"," COUNTS);
    cr_expect(tap_is_over(tap));
}

Test(tap, refuses_a_wrong_condition_and_one_that_is_too_long)
{
    static const struct { const char *where; bool is_right; } rows[] = {
        {"", true}, {"[a]", true}, {"[a] == 1 and level >= WARN", true}, {"[a] = 1", false}, {"[a] {", false},
        {"[a] =~ /(/", false}, {"}", false}, {"[a] == 1 xor [b] == 1 and [c]", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diag diag;
        diag_init(&diag);
        struct tap_options options = {.where = str_of(rows[i].where)};
        cr_expect_eq(tap_where_is_right(&options, &scene.config, &diag), rows[i].is_right, "%s", rows[i].where);
        cr_expect_eq(diag.errors > 0, !rows[i].is_right);
        diag_fini(&diag);
    }
    struct buf text = {0};
    while (text.len < TAP_WHERE_BYTES_MAX - 3) buf_append_char(&text, ' ');
    buf_append_z(&text, "[a]");
    struct diag diag;
    diag_init(&diag);
    struct tap_options options = {.where = buf_str(&text)};
    cr_expect(tap_where_is_right(&options, &scene.config, &diag));
    buf_append_char(&text, ' ');
    options.where = buf_str(&text);
    cr_expect_not(tap_where_is_right(&options, &scene.config, &diag));
    cr_expect(str_eq_z(diag.messages[0].text, "the condition has more than 4096 bytes"));
    diag_fini(&diag);
    buf_fini(&text);
}
