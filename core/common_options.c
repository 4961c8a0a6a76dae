/* SPDX-License-Identifier: Apache-2.0 */
#include "core/common_options.h"

static const char *const ecs_choices[] = {"disabled", "v1", "v8", "pipeline", NULL};

static const struct option any_options[] = {
    OPTION_STRING(struct any_common, id,
                  .help = "Names this plugin in metrics, logs and the API; unique in its pipeline."),
    OPTION_BOOL(struct any_common, enable_metric, .preset = "true",
                .help = "Whether the API shows this plugin's counters."),
    OPTION_CHOICE(struct any_common, ecs_compatibility, .preset = "pipeline", .choices = ecs_choices,
                  .help = "Names of fields: Elastic Common Schema, or Logstash's older ones."),
    OPTION_END,
};

const struct option input_common_options[] = {
    OPTION_GROUP(struct input_common, any, any_options),
    OPTION_STRING(struct input_common, type, .help = "Sets the field `type` of events that have none."),
    OPTION_STRINGS(struct input_common, tags, .help = "Tags that every event gets."),
    OPTION_TEMPLATE_PAIRS(struct input_common, add_field, .help = "Fields that every event gets."),
    OPTION_CODEC(struct input_common, codec, .help = "Turns received bytes into events."),
    OPTION_OBSOLETE("debug", "set log.level instead"),
    OPTION_OBSOLETE("format", "give a codec instead"),
    OPTION_OBSOLETE("charset", "give the codec this charset"),
    OPTION_OBSOLETE("message_format", "give the codec this format"),
    OPTION_END,
};

const struct option filter_common_options[] = {
    OPTION_GROUP(struct filter_common, any, any_options),
    OPTION_TEMPLATE_PAIRS(struct filter_common, add_field,
                          .help = "Fields to add when the filter succeeds."),
    OPTION_TEMPLATES(struct filter_common, remove_field,
                     .help = "Fields to remove when the filter succeeds."),
    OPTION_TEMPLATES(struct filter_common, add_tag, .help = "Tags to add when the filter succeeds."),
    OPTION_TEMPLATES(struct filter_common, remove_tag,
                     .help = "Tags to remove when the filter succeeds."),
    OPTION_BOOL(struct filter_common, periodic_flush, .preset = "false",
                .help = "Accepted: filters that hold something back give it out every 5 s anyway."),
    OPTION_BOOL(struct filter_common, dead_letter_on_failure, .preset = "false",
                .help = "An event that the filter fails on goes to the dead letters, and no further. Tailrace's own."),
    OPTION_END,
};

const struct option output_common_options[] = {
    OPTION_GROUP(struct output_common, any, any_options),
    OPTION_CODEC(struct output_common, codec, .help = "Turns events into bytes."),
    OPTION_GROUP(struct output_common, overflow, overflow_options),
    {.name = "workers", .kind = OPTION_IS_RAW, .is_ignored = true, .offset = SIZE_MAX,
     .deprecated = "remove it: pipeline.workers decides",
     .help = "Accepted without effect."},
    OPTION_OBSOLETE("type", "put the output into an if instead"),
    OPTION_OBSOLETE("tags", "put the output into an if instead"),
    OPTION_OBSOLETE("exclude_tags", "put the output into an if instead"),
    OPTION_END,
};

const struct option codec_common_options[] = {
    OPTION_GROUP(struct codec_common, any, any_options),
    OPTION_BOOL(struct codec_common, dead_letter_on_failure, .preset = "false",
                .help = "Of inputs: what cannot be decoded goes to the dead letters, and no further. Tailrace's own."),
    OPTION_END,
};
