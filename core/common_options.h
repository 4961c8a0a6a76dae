/* SPDX-License-Identifier: Apache-2.0 */
/* Options that all plugins of a kind share; the host acts on them, plugins never see them.
 * Behaviour: spec of Logstash's plugin base classes (decorate, filter_matched). */
#ifndef CORE_COMMON_OPTIONS_H
#define CORE_COMMON_OPTIONS_H
#include "core/option.h"

struct input_common {
    struct str id;
    bool enable_metric;
    struct str type;
    struct str_list tags;
    struct template_pairs add_field;
    struct codec_option codec;
    struct choice ecs_compatibility;
};

struct filter_common {
    struct str id;
    bool enable_metric;
    struct template_pairs add_field;
    struct template_list remove_field;
    struct template_list add_tag;
    struct template_list remove_tag;
    bool periodic_flush;
    struct choice ecs_compatibility;
};

struct output_common {
    struct str id;
    bool enable_metric;
    struct codec_option codec;
    struct choice ecs_compatibility;
};

struct codec_common {
    struct str id;
    bool enable_metric;
    struct choice ecs_compatibility;
};

extern const struct option input_common_options[], filter_common_options[],
    output_common_options[], codec_common_options[];

/* One pair of add_field: name and values expanded, every value added as text. */
void event_add_pair(struct event *event, const struct template_pair *pair);

/* enum ecs + 1 when given in the block, 0 when not. */
extern const char *const ecs_choices[];

#endif
