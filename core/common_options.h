/* SPDX-License-Identifier: Apache-2.0 */
/* Options that every plugin of a kind has. The host loads and serves them; a plugin's own table
 * holds only what is its own. The loader, the checker and `tailrace docs` read the same rows. */
#ifndef CORE_COMMON_OPTIONS_H
#define CORE_COMMON_OPTIONS_H
#include "core/delivery/overflow.h"

enum { ECS_CHOICE_DISABLED, ECS_CHOICE_V1, ECS_CHOICE_V8, ECS_CHOICE_PIPELINE };

struct any_common {
    struct str id;
    bool enable_metric;
    struct choice ecs_compatibility; /* ECS_CHOICE_PIPELINE: not given */
};

struct input_common {
    struct any_common any;
    struct str type;
    struct str_list tags;
    struct template_pairs add_field;
    struct codec_option codec;
};

struct filter_common {
    struct any_common any;
    struct template_pairs add_field;
    struct template_list remove_field;
    struct template_list add_tag, remove_tag;
    bool periodic_flush;
    bool dead_letter_on_failure;
};

struct output_common {
    struct any_common any;
    struct codec_option codec;
    struct overflow_settings overflow;
};

struct codec_common {
    struct any_common any;
    bool dead_letter_on_failure;
};

extern const struct option input_common_options[];
extern const struct option filter_common_options[];
extern const struct option output_common_options[];
extern const struct option codec_common_options[];

/* One pair of add_field: name and values expanded, every value added as text. */
void event_add_pair(struct event *event, const struct template_pair *pair);

#endif
