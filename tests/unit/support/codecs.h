/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a codec with options and decodes frames into a scene (events.h), without a worker.
 *
 *     struct codec *codec = codec_make(&scene, &codec_json, "{'target': 'doc'}", ECS_DISABLED);
 *     cr_assert_eq(codec_decode(&scene, codec, STR("{}")), 1);
 *     codec_unmake(codec); */
#ifndef TESTS_UNIT_SUPPORT_CODECS_H
#define TESTS_UNIT_SUPPORT_CODECS_H
#include "core/plugin.h"
#include "tests/unit/support/events.h"

/* Options as in filters.h. NULL when they or create() were refused. */
struct codec *codec_make(struct scene *scene, const struct codec_type *type, const char *options,
                         enum ecs ecs);
void codec_unmake(struct codec *codec);
/* Decodes one frame into the scene's batch; returns how many events came of it: they are the last
 * ones of the batch. */
uint32_t codec_decode(struct scene *scene, struct codec *codec, struct str frame);
/* The event's @timestamp as ISO 8601, in memory of the scene. */
const char *event_time(struct scene *scene, const struct event *event);

#endif
