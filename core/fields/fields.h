/* SPDX-License-Identifier: Apache-2.0 */
/* What fields an event can have at one place of a pipeline, said before there is any event. A plugin's
 * `fields` function (core/plugin.h) is told what can be there and says, in the order in which it does
 * it, what it reads, sets and removes:
 *
 *     static void shorten_fields(const void *opaque, struct field_set *fields)
 *     {
 *         const struct shorten *self = opaque;
 *         for (uint32_t i = 0; i < self->fields.count; i++)
 *             fields_read(fields, &self->fields.items[i]);
 *     }
 *
 * What follows from it (a field that nothing can have set, a text compared with a number) is said by
 * dsl/flow.h as warnings with places, so nothing may be said here that is not certain: in doubt more
 * can be there, of more types. A plugin without the function may do anything.
 *
 * Paths and templates are those of the instance's options: a complaint finds its place by their text.
 * The tags are always possible and need not be mentioned. Start-up only; one thread. */
#ifndef CORE_FIELDS_FIELDS_H
#define CORE_FIELDS_FIELDS_H
#include "core/diag.h"
#include "core/event/template.h"
#include "core/event/type.h"

struct field_set;

/* ---- reading: each gives the types that the field can have, TYPE_MISSING among them ---- */
/* The value is used; whoever wrote it is warned when there can be none. */
unsigned fields_read(struct field_set *fields, const struct path *path);
/* The value is used when there is one, and nothing is wrong without. */
unsigned fields_read_if_set(struct field_set *fields, const struct path *path);
/* Only asked, now or before the plugin began. */
unsigned fields_types(const struct field_set *fields, const struct path *path);
unsigned fields_types_before(const struct field_set *fields, const struct path *path);
/* All fields that the template names. */
void fields_read_template(struct field_set *fields, const struct template *template);

/* ---- setting ---- */
/* Whatever was there. A value that is a list or a map has contents that nobody knows. */
void fields_put(struct field_set *fields, const struct path *path, unsigned types);
/* The template's text, whose fields are read. */
void fields_put_text(struct field_set *fields, const struct path *path, const struct template *text);
/* Unless there is a value already: what inputs add to decoded events. */
void fields_put_absent(struct field_set *fields, const struct path *path, unsigned types);
/* Perhaps: what was there may stay, too. */
void fields_may_put(struct field_set *fields, const struct path *path, unsigned types);
/* The same of what a pattern captures; `where` is the name in the text of the pattern. */
void fields_capture(struct field_set *fields, const struct path *path, unsigned types, struct str where);
/* One value more, as event_add_field() does: what was there becomes a list. */
void fields_append_text(struct field_set *fields, const struct path *path, const struct template *text);
/* By a name that is no option's. */
void fields_put_name(struct field_set *fields, const char *reference, unsigned types);
void fields_may_put_name(struct field_set *fields, const char *reference, unsigned types);
/* It may be of these types now (TYPE_MISSING: removed), and nobody knows what is below it. */
void fields_may_change(struct field_set *fields, const struct path *path, unsigned types);
/* A value that is there has these types from now on; what is missing stays missing. */
void fields_retype(struct field_set *fields, const struct path *path, unsigned types);
/* Any field may have been set, to anything, @metadata too. */
void fields_open(struct field_set *fields);
/* Or removed: nothing is known any more. */
void fields_forget(struct field_set *fields);

void fields_remove(struct field_set *fields, const struct path *path);
/* With all that is below. */
void fields_copy(struct field_set *fields, const struct path *from, const struct path *to);
void fields_rename(struct field_set *fields, const struct path *from, const struct path *to);

/* ---- what becomes of the event ---- */
/* It may stop here: what was said so far is done, the rest and the common options are not. Events that
 * the filter passes by stop before anything is done. Writes that can fail say so themselves. */
void fields_fail(struct field_set *fields);
/* It goes no further (but for those of which fields_fail() was said before). */
void fields_cancel(struct field_set *fields);

/* A complaint at `where`, a text of the options; for hint, note or second place. Not said of a place
 * that no event reaches. */
struct message *fields_warning(struct field_set *fields, struct str where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fields_hint(struct field_set *fields, struct message *message, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
