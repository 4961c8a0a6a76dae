/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/codecs.h"
#include <criterion/criterion.h>
#include "core/decoder.h"
#include "core/text/time.h"
#include "tests/unit/support/filters.h"

struct codec *codec_make(struct scene *scene, const struct codec_type *type, const char *options,
                         enum ecs ecs)
{
    struct diag diag;
    uint32_t count;
    diag_init(&diag);
    const struct setting *settings = rig_settings(&scene->config, options, &count);
    struct codec *codec = arena_zalloc(&scene->config, sizeof *codec);
    struct options_context loading = {
        .diag = &diag, .arena = &scene->config, .section = "codec", .plugin = str_of(type->name)};
    struct plugin_context context = {.diag = &diag,
                                     .arena = &scene->config,
                                     .ecs = ecs,
                                     .codec = codec,
                                     .settings = settings,
                                     .setting_count = count};
    *codec = (struct codec){.type = type, .delimiter = STR("\n")};
    codec->self = arena_zalloc(&scene->config, type->size + 1);
    bool is_made = options_load(type->options, codec->self, settings, count, &loading) &&
                   (!type->create || type->create(codec->self, &context));
    cr_assert_eq(is_made, diag.errors == 0, "a refusal says why, and only a refusal");
    diag_fini(&diag);
    return is_made ? codec : NULL;
}

void codec_unmake(struct codec *codec)
{
    if (codec->type->destroy) codec->type->destroy(codec->self);
}

uint32_t codec_decode(struct scene *scene, struct codec *codec, struct str frame)
{
    struct ingest ingest = {.batch = scene->batch, .batch_events_max = UINT32_MAX};
    static const struct input_type type = {.name = "test"};
    struct input input = {.type = &type, .ingest = &ingest, .codec = codec};
    struct stream stream = {.input = &input, .ingest = &ingest, .codec = codec};
    struct decoder decoder = {.stream = &stream};
    uint32_t before = scene->batch->count;
    codec->type->decode(codec->self, frame, &decoder);
    return scene->batch->count - before;
}

const char *event_time(struct scene *scene, const struct event *event)
{
    const struct value *time = event_slot(event, SLOT_TIMESTAMP);
    char text[TIME_ISO_SIZE];
    cr_assert(time && time->kind == VALUE_TIME);
    size_t len = time_print_iso(time->seconds, time->len, text);
    return arena_copy_z(&scene->config, (struct str){text, len});
}
