/* SPDX-License-Identifier: Apache-2.0 */
/* What `tailrace top` shows, as text: the instance, its pipelines, and of one of them (or all) the
 * filters by what they cost, grok's slowest patterns, outputs and inputs. Lines are cut to the
 * screen. One thread. */
#ifndef PIPELINES_TOP_TABLE_H
#define PIPELINES_TOP_TABLE_H
#include "pipelines/top_sample.h"

enum {
    TOP_PATTERNS_MAX = 5, /* shown: the slowest */
    TOP_ITEMS_MAX = 1024, /* pipelines, or plugins of one kind, that are looked at */
};

struct top_view {
    unsigned rows, columns; /* 0: no end */
    bool has_colours;
    bool has_one;       /* only the selected pipeline's plugins */
    size_t selected;    /* number of it by cost; brought into range by printing */
    const char *status; /* at the end of the head: what is wrong; or "" */
    const char *keys;   /* the line below it, or "" */
};

void top_table_print(const struct top_sample *sample, struct top_view *view, struct buf *out);

#endif
