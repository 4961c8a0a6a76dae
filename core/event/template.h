/* SPDX-License-Identifier: Apache-2.0 */
/* sprintf templates: `%{field}`, `%{[a][b]}`, `%{+yyyy.MM.dd}` (Joda), `%{+%s}` (epoch seconds),
 * `%{{yyyy-MM-dd}}` (java.time), `%{{TIME_NOW}}`; compiled once. A form ends at the next `}`; there is
 * no escape. A missing or null field leaves its placeholder; without @timestamp a date is empty.
 *
 * Behaviour: Logstash's StringInterpolation. Departures: `%{}` is literal text (there: epoch seconds),
 * `%{{x}` too (there: a crash at the end of the text), an illegal reference is a mistake of the
 * configuration (there: an exception when the event comes).
 *
 * What is compiled lives in the arena given and never changes: any thread may use it. */
#ifndef CORE_EVENT_TEMPLATE_H
#define CORE_EVENT_TEMPLATE_H
#include "core/event/path.h"
#include "core/text/buf.h"

struct template_part;

struct template {
    struct template_part *parts;
    uint32_t count;
    bool is_literal; /* no part depends on the event: `text` is the result */
    struct str text; /* as written; of a literal less `%{{}}`, which is empty text */
};

/* The text is borrowed and must outlive the template. False: an illegal reference or date pattern;
 * `*problem` (if not NULL) says which, in memory of `arena`. */
bool template_compile(struct template *, struct str text, struct arena *arena, struct str *problem);
/* The fields it reads, one by one; NULL: no more. `*at` begins as 0. */
const struct path *template_next_field(const struct template *, uint32_t *at);
/* Appends the text for this event. */
void template_append(const struct template *, const struct event *event, struct buf *out);
/* The text for this event, as a string value: the literal itself, the string of the one field that
 * the template is (its flags stay known), or memory of the event's arena. */
struct value template_value(const struct template *, const struct event *event);
/* The same as text. */
struct str template_render(const struct template *, const struct event *event);

/* The text of a value as sprintf prints it: strings as they are, null as nothing, arrays joined by
 * `,` and flattened, maps as JSON (in an array: as Java prints them), doubles in Java's form, times
 * as ISO 8601. */
void value_print(const struct value *value, struct buf *out);
/* As Java prints containers: `{a=1, b=[2, x]}`, null as `null`; scalars as above. */
void value_print_java(const struct value *value, struct buf *out);

#endif
