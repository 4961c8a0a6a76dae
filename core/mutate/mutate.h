/* SPDX-License-Identifier: Apache-2.0 */
/* Filter mutate's engine: its options are compiled into one list of steps when the filter is created; filters/mutate.c
 * runs the list for each event. Logstash fixes the order, whatever the order in the configuration: coerce, rename,
 * update, replace, convert, gsub, uppercase, capitalize, lowercase, strip, split, join, merge, copy.
 *
 * The steps lie in the configuration's arena; of what they hold only compiled expressions need mutate_steps_fini().
 * A step asks the event's arena before it makes anything that grows with the event: what would make a batch larger
 * than its limit is refused. Nothing here is shared: each worker has steps of its own, which only its thread runs
 * (an expression with fields in it is compiled anew between events). */
#ifndef CORE_MUTATE_MUTATE_H
#define CORE_MUTATE_MUTATE_H
#include "core/event/template_regex.h"
#include "core/plugin.h"
#include "core/text/case.h"
#include "core/text/convert.h"

enum mutate_result {
    MUTATE_DONE, /* also: there was nothing to change */
    MUTATE_FAILED,
    MUTATE_MEMORY, /* refused: the batch would become too large */
};

struct mutate_step;
typedef enum mutate_result mutate_run(struct mutate_step *step, struct event *event);

struct mutate_step {
    mutate_run *run;
    struct path path, other;          /* the field; the target */
    struct path_list added;           /* of merge */
    struct template name, other_name; /* of rename: what `path` and `other` are when they depend on
                                       * the event */
    struct template text;             /* the new text, the replacement */
    struct str separator;
    struct template_regex pattern;
    enum convert_type type;
    enum case_kind kind;
};

struct mutate {
    struct template_pairs coerce, rename, update, replace, merge;
    struct str_pairs convert, split, join, copy;
    struct str_list gsub;
    struct path_list uppercase, capitalize, lowercase, strip;
    struct str tag_on_failure;

    struct mutate_step *steps; /* in the order in which they run */
    uint32_t step_count, step_capacity;
};

/* Everything that is wrong with the options is said to context->diag; false then, and there are no steps. */
bool mutate_steps_create(struct mutate *self, const struct plugin_context *context);
void mutate_steps_fini(struct mutate *self); /* zeroed, or a second time: allowed */

/* What the fields of an event are once all steps have run, one after another. */
void mutate_tell(const struct mutate *self, struct field_set *fields);

#endif
