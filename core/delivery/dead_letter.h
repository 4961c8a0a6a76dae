/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of an event that a stage could not deal with, so that it can be looked at, mended and sent
 * again. All texts are borrowed until the call returns. */
#ifndef CORE_DELIVERY_DEAD_LETTER_H
#define CORE_DELIVERY_DEAD_LETTER_H
#include "core/event/event.h"

enum dead_letter_stage {
    DEAD_LETTER_CODEC,     /* the bytes could not be decoded */
    DEAD_LETTER_FILTER,
    DEAD_LETTER_CONDITION, /* could not be evaluated */
    DEAD_LETTER_OUTPUT,    /* the store refused it for ever */
    DEAD_LETTER_QUEUE,     /* the input that received it is not in the configuration any more */
};

enum { DEAD_LETTER_TEXT_MAX = 4096 }; /* bytes of `text` that are kept */

struct dead_letter {
    enum dead_letter_stage stage;
    struct str plugin;         /* its kind: elasticsearch */
    struct str id;             /* its id in the configuration */
    struct str reason;         /* a word for the class: mapping, too_large */
    struct str text;           /* what the store or the filter said */
    uint32_t attempts;
    struct str original;       /* bytes as they were received; empty: those of the event's `message` */
    const struct event *event; /* as it was there; NULL: there are only bytes */
};

#endif
