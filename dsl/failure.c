/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/failure.h"
#include "core/log.h"

#define TAG_EXPRESSION_FAILURE STR("_expression_failure")

/* "[a] is missing", but no subject for "a division by zero". */
struct failure failure_of(const struct run *run)
{
    const struct expression *source = run->at->source;
    struct failure failure = {.problem = run->problem, .place = source->place};
    bool is_named = source->kind == EXPRESSION_FIELD || source->kind == EXPRESSION_NAME ||
                    source->kind == EXPRESSION_INDEX || source->kind == EXPRESSION_PATH;
    bool is_said_of_it = strncmp(run->problem, "is ", 3) == 0 || strncmp(run->problem, "has ", 4) == 0;
    if (is_named && is_said_of_it)
        failure.subject = str_slice(source->place.source->text, source->place.start, source->place.end);
    return failure;
}

void failure_tag(const struct failure *failure, struct failure_where *where, struct event *event,
                 struct str pipeline)
{
    if (where->start != failure->place.start)
        *where = (struct failure_where){failure->place.start, place_line(failure->place)};
    struct str subject = failure->subject, file = failure->place.source->name;
    struct str text = arena_printf(event->arena, "%.*s:%u:%u: %.*s%s%s", STR_ARG(file), where->at.line,
                                   where->at.column, STR_ARG(subject), subject.len ? " " : "", failure->problem);
    event_tag(event, TAG_EXPRESSION_FAILURE);
    map_set(&event->metadata, event->arena, key_of(STR("expression_failure")), value_string(text));
    LOG(LOG_DEBUG, "pipeline.expression_failed", pipeline, "%.*s", STR_ARG(text));
}
