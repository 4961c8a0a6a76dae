/* SPDX-License-Identifier: Apache-2.0 */
/* Options of filters that hold Ruby text (core/ruby/ruby.h): what is said of a text that is refused, and
 * the events that code makes. */
#ifndef CORE_RUBY_OPTION_H
#define CORE_RUBY_OPTION_H
#include "core/plugin.h"
#include "core/ruby/ruby.h"

/* The text of an option that is code for each event, with variables beside `event`. NULL: refused, said
 * at the very bytes. */
struct ruby *ruby_option_compile(const struct plugin_context *context, const char *option, struct str code,
                                 const struct ruby_local *locals, uint32_t local_count);
void ruby_option_refused(struct diag *diag, struct place place, const struct ruby_problem *problem);

/* The `opaque` of ruby_work: events that it makes stand behind the parent. */
struct ruby_making {
    struct outcome *out;
    struct event *parent;
};
struct event *ruby_option_make(void *making, const struct event *copied); /* the `make` of ruby_work */

#endif
