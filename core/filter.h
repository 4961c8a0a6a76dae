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
    struct place place; /* of its name in the text */
    struct filter_common common;
    bool has_common; /* any of add_field, remove_field, add_tag, remove_tag was given */
    struct filter_counters counters;
    struct shared *shared; /* its state, common to all workers; NULL: it has none */
    /* Of filters that wait for answers: */
    struct loop *loop;                      /* NULL: there is none, they are passed by */
    struct ingest *ingest;                  /* of the worker */
    void (*ready)(struct filter *filter);   /* set by the worker */
    bool is_stopped;
};

/* Answers have come: the batch that waits may be asked for again. */
void filter_ready(struct filter *filter);
/* After stop(): its handles are closed. */
void filter_stopped(struct filter *filter);
/* add_field, remove_field, add_tag, remove_tag of a filter that said it matched. */
void filter_matched(const struct filter *filter, struct event *event);

#endif
