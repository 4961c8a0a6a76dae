/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a configuration by following its fields, before any event: from what the inputs
 * and their codecs add, through filters, assignments and branches, to what the outputs name.
 *
 *     input { stdin { } }                       message, host, @timestamp, @version
 *     filter {
 *       grok { match => { "message" => "%{NUMBER:status}" } }   + status, text, perhaps missing
 *       if [status] == 200 { … }                              text is never the number 200: a warning
 *     }
 *
 * Warned of, and only when it is certain (docs/language.md, "What check warns of"): a field that nothing
 * can have set is read; a branch is never taken, a statement never reached; a pattern or add_field makes
 * an array of a field; a value is gone before anything reads it. Plugins say what they do in their
 * `fields` functions (core/fields/fields.h); one that says nothing may do anything.
 *
 * Each statement is followed once, a loop's block too, and each condition twice; what a branch costs
 * is what is changed in it. Start-up only; one thread. */
#ifndef DSL_FLOW_H
#define DSL_FLOW_H
#include "core/fields/state.h"
#include "core/filter.h"
#include "core/input.h"
#include "core/output.h"
#include "dsl/ast.h"

/* The instances of a configuration that has passed the checker, each list in the order of the text;
 * NULL where there is none: nothing is known of that plugin then. */
struct flow_plugins {
    struct input *const *inputs;
    uint32_t input_count;
    struct filter *const *filters;
    uint32_t filter_count;
    struct output *const *outputs;
    uint32_t output_count;
};

/* Where the follower stands. */
enum flow_stop_kind { FLOW_INPUTS, FLOW_BEFORE, FLOW_AFTER, FLOW_ARM, FLOW_OUTPUTS };
struct flow_stop {
    enum flow_stop_kind kind;
    const struct statement *statement; /* of BEFORE, AFTER */
    const struct branch_arm *arm;      /* of ARM: its condition holds */
    uint32_t depth;                    /* of branches and loops */
};
struct flow_watch {
    void (*stop)(void *opaque, const struct flow_stop *stop, struct field_set *fields);
    void *opaque;
};

/* Adds warnings to the diag. `watch` may be NULL. */
void flow_follow(const struct config *config, const struct flow_plugins *plugins,
                 const struct flow_watch *watch, struct diag *diag);

/* ---- which fields there are ---- */
struct flow_field {
    struct str name;  /* `message`, `[a][b]` */
    unsigned types;   /* enum type_set, TYPE_MISSING too; 0 of what stands for all names below it */
    bool is_open;     /* fields may be below it that no text names */
    struct place places[FIELD_SITES_MAX]; /* from where; source NULL: from the host */
    uint32_t place_count;
    bool has_more_places;
};
struct flow_fields {
    struct flow_field *items; /* memory of `arena` */
    uint32_t count;
    bool is_open;          /* any other field may be there */
    bool is_metadata_open;
};
/* All that can be there now, in the order of being named. */
void flow_list(struct field_set *fields, struct arena *arena, struct flow_fields *list);
/* For editors: what can be there at a place of the text, before the statement in which or before which
 * it stands; behind the last statement of a block, after that. False: the place is in no filter or output
 * section's block. */
bool flow_at(const struct config *config, const struct flow_plugins *plugins, struct place place,
             struct arena *arena, struct flow_fields *list);

#endif
