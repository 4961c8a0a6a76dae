/* SPDX-License-Identifier: Apache-2.0 */
/* A regular expression that may have fields of the event in it: `%{user}$`. It is compiled anew only when its
 * text is another than the last event's. One thread. */
#ifndef CORE_EVENT_TEMPLATE_REGEX_H
#define CORE_EVENT_TEMPLATE_REGEX_H
#include "core/event/template.h"
#include "core/text/regex.h"

struct template_regex {
    struct template template; /* is_literal: `regex` is compiled already, and stays */
    struct regex *regex;
    char *text; /* malloc; NULL: fixed, or none yet */
    size_t len;
};

/* Is there an expression for this event? Its text may be none. */
bool template_regex_ready(struct template_regex *self, const struct event *event);
void template_regex_fini(struct template_regex *self); /* zeroed: allowed */

#endif
