/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of a filter: instance, common options, counters. One worker's thread; counters are
 * read by anyone. */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H
#include "core/common_options.h"
#include "core/plugin.h"

struct filter_counters {
    atomic_uint_fast64_t in, out, matched, failed, cancelled, created;
    atomic_uint_fast64_t duration_ns;
};

struct filter {
    const struct filter_type *type;
    void *self;
    struct str id, pipeline;
    struct filter_common common;
    bool has_common; /* any of add_field, remove_field, add_tag, remove_tag was given */
    struct filter_counters counters;
};

/* add_field, remove_field, add_tag, remove_tag of a filter that said it matched. */
void filter_matched(const struct filter *filter, struct event *event);

#endif
