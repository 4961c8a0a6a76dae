/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of methods share. Private to core/ruby/. A method gets arguments as they are: what
 * a wrong type means is said as Ruby says it, with an error that the code may rescue. */
#ifndef CORE_RUBY_METHODS_H
#define CORE_RUBY_METHODS_H
#include "core/ruby/machine.h"

#define METHOD(name_)                                                                              \
    static struct value name_(__attribute__((unused)) struct ruby_run *run,                        \
                              __attribute__((unused)) const struct ruby_args *args)
#define SELF_TEXT ruby_text(args->self)
#define ARG(n_) (args->items[n_])
#define HAS(n_) (args->count > (n_))

/* Each gives false with an error said. */
static inline bool want_text(struct ruby_run *run, struct value value, struct str *out)
{
    *out = is_text(value) ? ruby_text(value) : STR("");
    if (value.kind == VALUE_STRING) return true;
    ruby_raise(run, "TypeError", "no implicit conversion of %s into String",
               value.kind == VALUE_NULL ? "nil" : ruby_class_name(value));
    return false;
}
static inline bool want_int(struct ruby_run *run, struct value value, int64_t *out)
{
    *out = value.kind == VALUE_INT ? value.integer : 0;
    if (value.kind == VALUE_INT) return true;
    bool fits = value.kind == VALUE_DOUBLE && value.real > -9e18 && value.real < 9e18;
    if (fits) return *out = (int64_t)value.real, true;
    ruby_raise(run, "TypeError", "no implicit conversion from %s to integer",
               value.kind == VALUE_NULL ? "nil" : ruby_class_name(value));
    return false;
}
static inline bool want_list(struct ruby_run *run, struct value value)
{
    if (value.kind == VALUE_ARRAY) return true;
    ruby_raise(run, "TypeError", "no implicit conversion of %s into Array",
               value.kind == VALUE_NULL ? "nil" : ruby_class_name(value));
    return false;
}
static inline struct value text_of_buf(struct buf *out) { return ruby_string(buf_take(out)); }
/* Regular expressions that a text stands for itself in: its characters escaped. */
bool is_blank_text(struct str text);
struct str text_strip(struct str text, bool left, bool right);

#endif
