/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of reference_rows.h; and every case that lies beside the project in the vectors' folder,
 * answered as its row says. */
#include "reference_rows.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/event/template.h"
#include "core/text/time.h"
#include "tests/unit/support/cases.h"
#include "tests/unit/support/events.h"

static struct scene scene;
static void begin(void)
{
    setenv("TZ", "UTC", 1);
    scene_begin(&scene);
}
static void end(void) { scene_end(&scene); }
TestSuite(reference, .init = begin, .fini = end);

#define ROWS(rows_) (sizeof(rows_) / sizeof *(rows_))

/* The text, or NULL: refused. */
static const char *expanded(const char *text, const char *json)
{
    static struct buf out;
    struct template template;
    buf_clear(&out);
    if (!template_compile(&template, str_of(text), &scene.config, NULL)) return NULL;
    template_append(&template, scene_event(&scene, json), &out);
    return buf_z(&out);
}

static bool same_text(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

Test(reference, templates)
{
    for (size_t i = 0; i < ROWS(sprintf_rows); i++) {
        const struct sprintf_row *row = &sprintf_rows[i];
        const char *got = expanded(row->text, row->event);
        bool passed = case_count("templates", "1.12", same_text(got, row->result), row->departure);
        cr_expect(passed, "%s on %s: %s", row->text, row->event, got ? got : "refused");
    }
}

/* The event's time, or NULL with the tag. */
static const char *time_of(const char *json)
{
    static char text[TIME_ISO_SIZE + 1];
    struct buf data = {0};
    buf_printf(&data, "{\"@timestamp\":%s}", json);
    const struct event *event = scene_event(&scene, buf_z(&data));
    buf_fini(&data);
    if (event_has_tag(event, STR("_timestampparsefailure"))) return NULL;
    const struct value *time = event_slot(event, SLOT_TIMESTAMP);
    text[time_print_iso(time->seconds, time->len, text)] = '\0';
    return text;
}

Test(reference, timestamps)
{
    for (size_t i = 0; i < ROWS(timestamp_rows); i++) {
        const char *got = time_of(timestamp_rows[i].value);
        bool passed = case_count("timestamps", "2.1", same_text(got, timestamp_rows[i].time), NULL);
        cr_expect(passed, "%s: %s", timestamp_rows[i].value, got ? got : "_timestampparsefailure");
    }
}

static enum op_result set(struct event *event, const struct path *path, const char *json)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    enum path_result result = path_set(path, event, scene_value(event->arena, value));
    json_decref(value);
    return result == PATH_SET || result == PATH_IGNORED ? OP_DONE : OP_FAILS;
}

static enum op_result run(const struct op_row *row, struct event **event)
{
    struct path path;
    if (row->op == OP_TAG) {
        event_tag(*event, str_of(row->path));
        return OP_DONE;
    }
    if (row->op == OP_COPY) {
        struct event *copy = batch_event(scene.batch);
        event_copy(copy, *event, true);
        *event = copy;
        return OP_DONE;
    }
    if (!path_compile(&path, str_of(row->path), &scene.config)) return OP_REFUSED;
    if (row->op == OP_SET) return set(*event, &path, row->value);
    if (row->op == OP_REMOVE) path_remove(&path, *event);
    else path_get(&path, *event);
    return OP_DONE;
}

Test(reference, changes_of_events)
{
    for (size_t i = 0; i < ROWS(op_rows); i++) {
        const struct op_row *row = &op_rows[i];
        struct event *event = scene_event(&scene, row->before);
        enum op_result result = run(row, &event);
        char *difference = scene_difference(event, row->after);
        bool is_read = strstr(row->path, "tags") == NULL && row->op == OP_GET;
        bool passed = case_count("events", is_read ? "1.11" : "2.2", result == row->result && !difference, NULL);
        cr_expect(passed, "%s: %d %s", row->name, result, difference ? difference : "");
        free(difference);
    }
}

/* ---- the vectors beside the project ---- */

static const struct sprintf_row *sprintf_row_of(const char *text, json_t *event)
{
    for (size_t i = 0; i < ROWS(sprintf_rows); i++) {
        if (strcmp(sprintf_rows[i].text, text) != 0) continue;
        json_t *data = json_loads(sprintf_rows[i].event, 0, NULL);
        bool is_same = json_equal(data, event);
        json_decref(data);
        if (is_same) return &sprintf_rows[i];
    }
    return NULL;
}

static bool sprintf_vector(json_t *vector, const char **departure)
{
    const char *text = json_string_value(json_object_get(vector, "sprintf"));
    json_t *event = json_object_get(vector, "event");
    const struct sprintf_row *row = sprintf_row_of(text, event);
    if (!row) return false;
    *departure = row->departure;
    char *data = json_dumps(event, 0);
    const char *got = expanded(text, data);
    free(data);
    if (row->departure) return same_text(got, row->result);
    json_t *expected = json_loads(json_string_value(json_object_get(vector, "result")), JSON_DECODE_ANY, NULL);
    bool passed = same_text(got, json_string_value(expected));
    json_decref(expected);
    return passed;
}

static bool timestamp_vector(json_t *vector)
{
    char *value = json_dumps(json_object_get(vector, "timestamp_in"), JSON_ENCODE_ANY);
    const char *out = json_string_value(json_object_get(vector, "out"));
    bool passed = same_text(time_of(value), out[0] == '_' ? NULL : out);
    free(value);
    return passed;
}

/* Calls of the Event class that no plugin of this program makes. */
static bool is_not_here(const char *op) { return !strcmp(op, "append") || !strcmp(op, "include? nil value"); }

static bool op_vector(json_t *vector, const char **departure)
{
    const char *op = json_string_value(json_object_get(vector, "op"));
    if (is_not_here(op)) {
        *departure = "a call that no plugin makes here";
        return true;
    }
    for (size_t i = 0; i < ROWS(op_rows); i++) {
        if (strcmp(op_rows[i].name, op) != 0) continue;
        char *before = json_dumps(json_object_get(vector, "before"), 0);
        char *after = json_dumps(json_object_get(vector, "after"), 0);
        struct event *event = scene_event(&scene, before);
        bool fails = !strncmp(json_string_value(json_object_get(vector, "returned")), "EXC", 3);
        bool passed = (run(&op_rows[i], &event) != OP_DONE) == fails;
        char *difference = scene_difference(event, after);
        passed = passed && !difference;
        free(difference);
        free(before);
        free(after);
        return passed;
    }
    return false;
}

Test(reference, vectors_beside_the_project)
{
    const char *path = scene_shared("spec/vectors/sprintf_event_timestamp.jsonl");
    if (!path) cr_skip("no vectors in this checkout");
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    int count = 0;
    while (getline(&line, &capacity, file) > 0) {
        if (!strncmp(line, "{\"condition\"", 12)) continue; /* tests/unit/dsl/condition.c */
        json_t *vector = json_loads(line, 0, NULL);
        cr_assert(vector, "%s", line);
        const char *departure = NULL;
        bool passed = json_object_get(vector, "sprintf") ? sprintf_vector(vector, &departure)
                      : json_object_get(vector, "op")    ? op_vector(vector, &departure)
                                                         : timestamp_vector(vector);
        cr_expect(case_count("sprintf_event_timestamp.jsonl", "vectors", passed, departure), "%s", line);
        count++;
        json_decref(vector);
    }
    free(line);
    fclose(file);
    cr_expect_geq(count, 80);
}
