/* SPDX-License-Identifier: Apache-2.0 */
/* What a tap is asked for: one table for the query of /_tap and the flags of `tailrace tap`. */
#ifndef PIPELINES_TAP_OPTIONS_H
#define PIPELINES_TAP_OPTIONS_H
#include "core/option.h"

enum {
    TAP_WHERE_BYTES_MAX = 4096, /* of a condition's text */
    TAP_SECONDS_MAX =
        24 * 3600, /* nobody looks longer; who forgets a tap does not leave it for ever */
};

enum tap_at { TAP_AT_AUTO, TAP_AT_IN, TAP_AT_OUT, TAP_AT_BOTH };

struct tap_options {
    struct str pipeline, plugin; /* empty: the only pipeline; the pipeline as a whole */
    struct choice at;
    struct str where;    /* a condition; empty: all events */
    int64_t limit, rate; /* events, events a second; 0: no bound */
    int64_t sample;      /* of so many one */
    int64_t seconds;
    bool metadata;
};

extern const struct option tap_option_rows[];

const char *tap_at_name(enum tap_at at); /* "in", "out" */

#endif
