/* SPDX-License-Identifier: Apache-2.0 */
/* sprintf templates: `%{field}`, `%{[a][b]}`, `%{+yyyy.MM.dd}` (Joda), `%{{yyyy-MM-dd}}`
 * (java.time), `%{{TIME_NOW}}`; compiled once. Behaviour: Logstash's StringInterpolation, with the
 * departures of ARCHITECTURE.md (`%{}` and an unclosed form are literal text; a missing field leaves
 * its placeholder). */
#ifndef CORE_EVENT_TEMPLATE_H
#define CORE_EVENT_TEMPLATE_H
#include "core/event/path.h"
#include "core/text/buf.h"

struct template_part;

struct template {
    struct template_part *parts;
    uint32_t count;
    bool is_literal; /* no part depends on the event: `text` is the result */
    struct str text; /* as written */
};

/* False: an illegal reference or date pattern; `*problem` (if not NULL) says which, in memory of
 * `arena`. */
bool template_compile(struct template *, struct str text, struct arena *arena, struct str *problem);
/* Appends the text for this event. */
void template_append(const struct template *, const struct event *event, struct buf *out);
/* The text for this event: the literal itself, or memory of the event's arena. */
struct str template_render(const struct template *, const struct event *event);

/* The text of a value as sprintf prints it: strings as they are, arrays joined by `,` and flattened,
 * maps as JSON, doubles in Java's form, times as ISO 8601. */
void value_print(const struct value *value, struct buf *out);

#endif
