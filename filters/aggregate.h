/* SPDX-License-Identifier: Apache-2.0 */
/* The door for the language of aggregate's `code` and `timeout_code`: whoever has one sets
 * aggregate_language before the first pipeline is built. Without one both options are refused.
 *
 * Code is compiled by create() for each worker. It runs for one event, inside the state of its task: other
 * workers wait, so it may not wait for anything. */
#ifndef FILTERS_AGGREGATE_H
#define FILTERS_AGGREGATE_H
#include "core/plugin.h"

struct aggregate_call {
    struct event *event;
    /* The map of the task, and what is known of it: `creation_timestamp`, `lastevent_timestamp`, `task_id`,
     * `timeout`, `inactivity_timeout`. Both are maps in the event's memory, read and written; what the map
     * holds afterwards is kept. A `timeout` of 0 ends the task at once. NULL for timeout_code. */
    struct value *map, *map_meta;
    struct outcome *out; /* for new events: outcome_child(out, event, false) */
    bool is_cancelled;   /* out: event.cancel */
    struct str message;  /* out: why it failed */
};

struct aggregate_language {
    /* NULL: refused, and said at the option's place. */
    void *(*compile)(const struct plugin_context *context, const char *option, struct str code);
    bool (*run)(void *code, struct aggregate_call *call); /* false: it failed */
    void (*destroy)(void *code);
};
extern const struct aggregate_language *aggregate_language; /* NULL: none */

#endif
