/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of every value. */
#include "core/ruby/methods.h"
#include "core/text/json.h"

METHOD(is_nil)
{
    (void)run;
    return value_bool(args->self.kind == VALUE_NULL);
}
METHOD(to_s) { return ruby_string(ruby_to_s(run, args->self)); }
METHOD(inspect)
{
    struct buf out = buf_in_arena(run->arena);
    ruby_inspect(run, args->self, &out, 0);
    return ruby_allows(run, out.len) ? text_of_buf(&out) : LEFT;
}
METHOD(is_kind)
{
    if (ARG(0).kind != RUBY_CLASS) return ruby_raise(run, "TypeError", "class or module required");
    return value_bool(ruby_is_a(args->self, ruby_text(ARG(0))));
}
METHOD(instance_of)
{
    if (ARG(0).kind != RUBY_CLASS) return ruby_raise(run, "TypeError", "class or module required");
    return value_bool(str_eq_z(ruby_text(ARG(0)), ruby_class_name(args->self)));
}
METHOD(class_of)
{
    (void)run;
    struct value value = ruby_string(str_of(ruby_class_name(args->self)));
    value.kind = RUBY_CLASS;
    return value;
}
METHOD(responds)
{
    if (!is_text(ARG(0))) return want_text(run, ARG(0), &(struct str){0}), LEFT;
    for (uint32_t i = 0; ruby_methods[i]; i++)
        for (const struct ruby_native *native = ruby_methods[i]; native->name; native++)
            if ((native->kinds & 1u << (args->self.kind & 31)) &&
                str_eq_z(ruby_text(ARG(0)), native->name))
                return value_bool(true);
    return value_bool(false);
}
METHOD(freeze)
{
    (void)run;
    if (args->self.kind == VALUE_ARRAY) list_of(args->self)->is_frozen = true;
    if (args->self.kind == VALUE_MAP) hash_of(args->self)->is_frozen = true;
    return args->self;
}
METHOD(itself)
{
    (void)run;
    return args->self;
}
METHOD(tap) { return has_left(ruby_yield_one(run, args->block, args->self)) ? LEFT : args->self; }
METHOD(then) { return ruby_yield_one(run, args->block, args->self); }
METHOD(nil_to_i)
{
    (void)run;
    return value_int(0);
}
METHOD(nil_to_f)
{
    (void)run;
    return value_double(0);
}
METHOD(nil_to_a) { return ruby_list_new(run, 0); }
METHOD(nil_to_h) { return ruby_hash_new(run, 0); }
METHOD(to_json)
{
    struct value value;
    if (!ruby_to_event(run, args->self, 0, &value)) return LEFT;
    struct buf out = buf_in_arena(run->arena);
    json_encode_value(&value, &out);
    return ruby_allows(run, out.len) ? text_of_buf(&out) : LEFT;
}
METHOD(eql)
{
    return value_bool(args->self.kind == ARG(0).kind && ruby_equal(run, args->self, ARG(0)));
}
METHOD(symbol_name)
{
    (void)run;
    return ruby_string(ruby_text(args->self));
}
METHOD(error_message) { return ruby_string(ruby_to_s(run, args->self)); }
METHOD(error_trace) { return ruby_list_new(run, 0); }
METHOD(call_proc)
{
    if (args->self.kind == RUBY_NEW_EVENT)
        return ruby_emit(run, HAS(0) ? ARG(0) : value_null()) ? value_null() : LEFT;
    return ruby_call_proc(run, ruby_pointer(args->self), args->items, args->count);
}

const struct ruby_native ruby_object_methods[] = {
    {"nil?", IS_ANY, 0, 0, 0, is_nil, NULL},
    {"to_s", IS_ANY & ~IS_NUMBER, 0, 0, 0, to_s, NULL},
    {"inspect", IS_ANY, 0, 0, 0, inspect, NULL},
    {"is_a?", IS_ANY, 1, 1, 0, is_kind, NULL},
    {"kind_of?", IS_ANY, 1, 1, 0, is_kind, NULL},
    {"instance_of?", IS_ANY, 1, 1, 0, instance_of, NULL},
    {"class", IS_ANY, 0, 0, 0, class_of, NULL},
    {"respond_to?", IS_ANY, 1, 1, 0, responds, NULL},
    {"freeze", IS_ANY, 0, 0, 0, freeze, NULL},
    {"dup", IS_ANY & ~(IS_LIST | IS_HASH | IS(RUBY_EVENT)), 0, 0, 0, itself, NULL},
    {"clone", IS_ANY & ~(IS_LIST | IS_HASH | IS(RUBY_EVENT)), 0, 0, 0, itself, NULL},
    {"itself", IS_ANY, 0, 0, 0, itself, NULL},
    {"tap", IS_ANY, 0, 0, BLOCK_MUST, tap, NULL},
    {"then", IS_ANY, 0, 0, BLOCK_MUST, then, NULL},
    {"to_i", IS_NIL, 0, 0, 0, nil_to_i, NULL},
    {"to_f", IS_NIL, 0, 0, 0, nil_to_f, NULL},
    {"to_a", IS_NIL, 0, 0, 0, nil_to_a, NULL},
    {"to_h", IS_NIL, 0, 0, 0, nil_to_h, NULL},
    {"to_json", IS_ANY, 0, 0, 0, to_json, NULL},
    {"eql?", IS_ANY, 1, 1, 0, eql, NULL},
    {"equal?", IS_NIL | IS(VALUE_BOOL) | IS_INT, 1, 1, 0, eql, NULL},
    {"name", IS(RUBY_CLASS) | IS_SYMBOL, 0, 0, 0, symbol_name, NULL},
    {"message", IS(RUBY_ERROR), 0, 0, 0, error_message, NULL},
    {"full_message", IS(RUBY_ERROR), 0, 0, 0, error_message, NULL},
    {"backtrace", IS(RUBY_ERROR), 0, 0, 0, error_trace, NULL},
    {"call", IS(RUBY_PROC) | IS(RUBY_NEW_EVENT), 0, -1, 0, call_proc, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
