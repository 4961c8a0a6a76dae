/* SPDX-License-Identifier: Apache-2.0 */
/* mutate: changes fields. core/mutate/ makes steps of the options, in Logstash's fixed order; here they run.
 *
 * The first step that fails ends the event: what was changed before stays, the event is tagged, and
 * the common options do not run. A step that would make a batch larger than its limit is such a
 * failure with the tag `_memory_limit`. */
#include "core/mutate/mutate.h"
static const struct option mutate_options[] = {
    OPTION_TEMPLATE_PAIRS(struct mutate, coerce, .help = "Fields that get a text when they are null."),
    OPTION_TEMPLATE_PAIRS(struct mutate, rename, .help = "Fields to rename: old => new."),
    OPTION_TEMPLATE_PAIRS(struct mutate, update, .help = "Fields that get a new text if they exist."),
    OPTION_TEMPLATE_PAIRS(struct mutate, replace, .help = "Fields that get a new text."),
    OPTION_PAIRS(struct mutate, convert,
                 .help = "Fields and their new type: integer, float, integer_eu, float_eu, string, "
                         "boolean."),
    OPTION_STRINGS(struct mutate, gsub,
                   .help = "Triples of field, regular expression and what replaces each match."),
    OPTION_PATHS(struct mutate, uppercase, .help = "Fields to write in upper case."),
    OPTION_PATHS(struct mutate, capitalize, .help = "Fields to write in lower case but for the first letter."),
    OPTION_PATHS(struct mutate, lowercase, .help = "Fields to write in lower case."),
    OPTION_PATHS(struct mutate, strip, .help = "Fields to free of white space at both ends."),
    OPTION_PAIRS(struct mutate, split, .help = "Fields to split into an array, and the separator."),
    OPTION_PAIRS(struct mutate, join, .help = "Arrays to join into a text, and the separator."),
    OPTION_TEMPLATE_PAIRS(struct mutate, merge, .help = "Arrays or maps, and the fields to add to each."),
    OPTION_PAIRS(struct mutate, copy, .help = "Fields to copy: source => target."),
    OPTION_STRING(struct mutate, tag_on_failure, .preset = "_mutate_error",
                  .help = "Tag of an event whose change failed."),
    OPTION_END
};

static bool mutate_create(void *opaque, const struct plugin_context *context)
{
    return mutate_steps_create(opaque, context);
}

static void mutate_destroy(void *opaque) { mutate_steps_fini(opaque); }

static void mutate_fields(const void *opaque, struct field_set *fields) { mutate_tell(opaque, fields); }

static enum mutate_result event_mutate(struct mutate *self, struct event *event)
{
    enum mutate_result result = MUTATE_DONE;
    for (uint32_t i = 0; i < self->step_count && result == MUTATE_DONE; i++)
        result = self->steps[i].run(&self->steps[i], event);
    return result;
}

static void mutate_apply(void *opaque, struct batch *batch, const struct selection *in,
                         struct outcome *out)
{
    struct mutate *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        regex_event_begin();
        enum mutate_result result = event_mutate(self, event);
        if (result == MUTATE_DONE)
            outcome_matched(out, event);
        else
            outcome_failed(out, event,
                           result == MUTATE_MEMORY ? STR("_memory_limit") : self->tag_on_failure);
    }
    regex_event_end();
}

const struct filter_type filter_mutate = {
    .name = "mutate",
    .summary = "Changes fields: renames, replaces, converts, splits, joins and more.",
    .size = sizeof(struct mutate),
    .options = mutate_options,
    .create = mutate_create,
    .apply = mutate_apply,
    .destroy = mutate_destroy,
    .fields = mutate_fields,
};
