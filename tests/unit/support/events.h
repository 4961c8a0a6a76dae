/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of whatever reads or changes events: a scene owns memory and a batch, makes events from
 * JSON text and compares them with JSON text. jansson reads the JSON: an oracle of its own.
 *
 *     struct scene scene;
 *     scene_begin(&scene);
 *     struct event *event = scene_event(&scene, "{'a': {'b': 1}}");
 *     ...
 *     scene_expect(event, "{'a': {'b': 2}}");
 *     scene_end(&scene);
 *
 * In these texts ' stands for ", unless the text holds a ". */
#ifndef TESTS_UNIT_SUPPORT_EVENTS_H
#define TESTS_UNIT_SUPPORT_EVENTS_H
#include <jansson.h>
#include "core/event/batch.h"
#include "core/event/path.h"
#include "core/text/buf.h"

struct scene {
    struct budget budget;
    struct chunk_pool pool;
    struct arena config; /* of the configuration: paths, templates */
    struct batch *batch;
};
void scene_begin(struct scene *scene);
/* Also checks that all memory was given back. */
void scene_end(struct scene *scene);

/* An event of the batch with @timestamp 2024-03-05T07:08:09.120Z, filled like decoded data
 * (event_set_decoded). Whole numbers become VALUE_INT, others VALUE_DOUBLE. */
struct event *scene_event(struct scene *scene, const char *json);
/* All fields of the event, and nothing else, in this order of no importance. Not compared unless the
 * text names them: @timestamp, @version, @metadata. Numbers must agree in kind (1 is not 1.0); a
 * number kept as text counts as what its digits say, a time as its ISO 8601 text. A failure names the
 * field. */
#define scene_expect(event_, json_) scene_expect_at(event_, json_, __FILE__, __LINE__)
void scene_expect_at(const struct event *event, const char *json, const char *file, int line);
/* NULL when it fits, else what differs; the caller frees. */
char *scene_difference(const struct event *event, const char *json);

struct path scene_path(struct scene *scene, const char *reference);
/* The JSON text with ' for " unless it holds a "; aborts when it is not JSON. */
json_t *scene_json(const char *text);
struct value scene_value(struct arena *arena, json_t *json);
/* "" or the difference of one value. */
bool scene_same(const struct value *value, json_t *expected, struct buf *where, struct buf *out);

/* The shared data folder of this checkout (vectors, corpora), or NULL: tests then skip. */
const char *scene_shared(const char *file);

#endif
