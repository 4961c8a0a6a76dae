/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ruby_option.h"

void ruby_option_refused(struct diag *diag, struct place place, const struct ruby_problem *problem)
{
    struct message *message = diag_error(diag, place, "%s", problem->text);
    if (problem->hint[0]) diag_hint(diag, message, "%s", problem->hint);
}

struct ruby *ruby_option_compile(const struct plugin_context *context, const char *option, struct str code,
                                 const struct ruby_local *locals, uint32_t local_count)
{
    struct ruby_problem problem = {0};
    struct ruby_source source = {.code = code, .locals = locals, .local_count = local_count};
    struct ruby *ruby = ruby_compile(&source, context->arena, &problem);
    if (ruby) return ruby;
    struct place place = place_within(context_place(context, option), code, problem.start, problem.end);
    ruby_option_refused(context->diag, place, &problem);
    return NULL;
}

struct event *ruby_option_make(void *opaque, const struct event *copied)
{
    struct ruby_making *making = opaque;
    struct event *child = outcome_child(making->out, making->parent, false);
    if (child) event_copy(child, copied, false);
    return child;
}
