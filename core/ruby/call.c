/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of methods, blocks and lambdas. */
#include "core/ruby/machine.h"

/* ---- parameters ---- */
static struct value list_given(struct ruby_run *run, const struct value *values, uint32_t count)
{
    return ruby_list_of(run, values, count);
}

bool ruby_params_bind(struct ruby_run *run, const struct ruby_param *params, uint32_t count,
                      const struct value *values, uint32_t given)
{
    uint32_t at = 0, behind = 0;
    for (uint32_t i = 0, seen = 0; i < count; i++) {
        behind += seen;
        seen |= params[i].is_rest;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct ruby_param *param = &params[i];
        struct value value = value_null();
        if (param->is_rest) {
            uint32_t rest = given > at + behind ? given - at - behind : 0;
            value = list_given(run, rest ? values + at : NULL, rest);
            at += rest;
        } else if (at < given) {
            value = values[at++];
        } else if (param->preset) {
            value = ruby_eval(run, param->preset);
        }
        if (has_left(value)) return false;
        if (param->parts) {
            bool is_list = value.kind == VALUE_ARRAY;
            if (!ruby_params_bind(run, param->parts, param->part_count,
                                  is_list ? value.array->items : &value,
                                  is_list ? value.array->count : 1))
                return false;
        } else {
            run->frame[param->slot] = value;
        }
    }
    return true;
}

/* ---- blocks ---- */

/* A block may run within itself (a lambda that calls itself): its variables are put aside. */
static struct value block_run(struct ruby_run *run, const struct ruby_proc *proc,
                              const struct value *values, uint32_t count, bool takes_apart)
{
    const struct ruby_block *block = proc->block;
    struct value *caller = run->frame, *saved = NULL, result;
    uint32_t own = block->end - block->first;
    if (!ruby_step(run, 1 + own / 8)) return LEFT;
    run->frame = proc->frame;
    if (block->is_free && !proc->frame) {
        run->frame = arena_alloc(run->arena, (block->end + 1) * sizeof *saved);
        for (uint32_t i = 0; i < block->end; i++) run->frame[i] = value_null();
    } else if (own && block->is_lambda) {
        saved = arena_alloc(run->arena, own * sizeof *saved);
        memcpy(saved, run->frame + block->first, own * sizeof *saved);
    }
    for (uint32_t i = block->first; i < block->end; i++) run->frame[i] = value_null();
    if (takes_apart && block->param_count > 1 && count == 1 && values[0].kind == VALUE_ARRAY) {
        count = values[0].array->count;
        values = values[0].array->items;
    }
    result = ruby_params_bind(run, block->params, block->param_count, values, count)
                 ? ruby_eval(run, block->body)
                 : LEFT;
    if (saved) memcpy(run->frame + block->first, saved, own * sizeof *saved);
    run->frame = caller;
    return result;
}

struct value ruby_yield(struct ruby_run *run, const struct ruby_proc *proc,
                        const struct value *values, uint32_t count)
{
    if (!proc->block->body) { /* &:name */
        struct value self = count ? values[0] : value_null();
        return ruby_send(run, run->at, proc->block->name, self,
                         count > 1 ? (struct value *)(uintptr_t)(values + 1) : NULL,
                         count > 1 ? count - 1 : 0);
    }
    struct value result = block_run(run, proc, values, count, true);
    bool ends_here = run->leave == LEAVE_NEXT || (proc->block->is_lambda && run->leave == LEAVE_RETURN);
    return has_left(result) && ends_here ? run->left : result;
}

struct value ruby_call_proc(struct ruby_run *run, const struct ruby_proc *proc,
                            const struct value *values, uint32_t count)
{
    if (!proc->block->body) return ruby_yield(run, proc, values, count);
    const struct ruby_block *block = proc->block;
    uint32_t required = 0;
    bool has_rest = false;
    for (uint32_t i = 0; i < block->param_count; i++) {
        required += !block->params[i].is_rest && !block->params[i].preset;
        has_rest |= block->params[i].is_rest;
    }
    if (block->is_lambda && (count < required || (count > block->param_count && !has_rest)))
        return ruby_raise(run, "ArgumentError", "wrong number of arguments (given %u, expected %u)",
                          count, required);
    struct value result = block_run(run, proc, values, count, !block->is_lambda);
    bool ends_here = has_left(result) &&
                     (run->leave == LEAVE_NEXT || (block->is_lambda && run->leave == LEAVE_RETURN));
    return ends_here ? run->left : result;
}

/* ---- methods of the text ---- */
struct value ruby_call_def(struct ruby_run *run, const struct ruby_def *def, struct value *values,
                           uint32_t count)
{
    struct value *caller = run->frame;
    if (!ruby_step(run, 1 + def->frame_size / 8)) return LEFT;
    run->frame = arena_alloc(run->arena, (def->frame_size + 1) * sizeof *run->frame);
    for (uint32_t i = 0; i < def->frame_size; i++) run->frame[i] = value_null();
    struct value result = ruby_params_bind(run, def->params, def->param_count, values, count)
                              ? ruby_eval(run, def->body)
                              : LEFT;
    run->frame = caller;
    return has_left(result) && run->leave == LEAVE_RETURN ? run->left : result;
}

static bool arguments_eval(struct ruby_run *run, const struct ruby_node *node, struct value *values)
{
    for (uint32_t i = 0; i < node->count; i++) {
        values[i] = ruby_eval(run, node->items[i]);
        if (has_left(values[i])) return false;
    }
    return true;
}

struct value do_call_def(struct ruby_run *run, const struct ruby_node *node)
{
    struct value *values =
        node->count ? arena_alloc(run->arena, node->count * sizeof *values) : NULL;
    if (!arguments_eval(run, node, values)) return LEFT;
    run->at = node;
    return ruby_call_def(run, node->def, values, node->count);
}

/* ---- methods of values ---- */
static struct value method_missing(struct ruby_run *run, struct str name, struct value self)
{
    return ruby_raise(run, "NoMethodError", "undefined method `%.*s' for %s", STR_ARG(name),
                      self.kind == VALUE_NULL ? "nil:NilClass" : ruby_class_name(self));
}

static const struct ruby_native *native_of(const struct ruby_native *const *natives,
                                           struct value self)
{
    unsigned kind = 1u << (self.kind & 31);
    for (; *natives; natives++)
        if (((*natives)->kinds & kind) || (*natives)->class_name) return *natives;
    return NULL;
}

static struct value native_call(struct ruby_run *run, const struct ruby_native *native,
                                const struct ruby_args *args, struct str name)
{
    bool too_many = native->most >= 0 && args->count > (uint32_t)native->most;
    if (args->count < (uint32_t)native->least || too_many)
        return ruby_raise(run, "ArgumentError", "wrong number of arguments for `%.*s' (given %u)",
                          STR_ARG(name), args->count);
    if (native->block == BLOCK_MUST && !args->block)
        return ruby_raise(run, "ArgumentError", "`%.*s' needs a block", STR_ARG(name));
    if (!ruby_step(run, 1)) return LEFT;
    return native->run(run, args);
}

struct value ruby_send(struct ruby_run *run, const struct ruby_node *node, struct str name,
                       struct value self, struct value *values, uint32_t count)
{
    struct ruby_args args = {.node = node, .self = self, .items = values, .count = count};
    unsigned kind = 1u << (self.kind & 31);
    for (enum ruby_op op = OP_ADD; op <= OP_COMPARE && count == 1; op++)
        if (str_eq_z(name, ruby_op_names[op])) return ruby_binary(run, op, self, values[0]);
    for (uint32_t i = 0; ruby_methods[i]; i++)
        for (const struct ruby_native *native = ruby_methods[i]; native->name; native++)
            if ((native->kinds & kind) && !native->class_name && str_eq_z(name, native->name))
                return native_call(run, native, &args, name);
    return method_missing(run, name, self);
}

/* `&handler`: a lambda or a symbol. */
static bool block_value_eval(struct ruby_run *run, const struct ruby_node *node,
                             struct ruby_proc *proc, struct ruby_block *named)
{
    struct value value = ruby_eval(run, node->block_value);
    if (has_left(value)) return false;
    if (value.kind == RUBY_PROC) {
        *proc = *(const struct ruby_proc *)ruby_pointer(value);
        return true;
    }
    if (value.kind != RUBY_SYMBOL) {
        ruby_raise(run, "TypeError", "wrong argument type %s (expected Proc)",
                   ruby_class_name(value));
        return false;
    }
    *named = (struct ruby_block){.name = ruby_text(value)};
    *proc = (struct ruby_proc){named, NULL};
    return true;
}

struct value do_call(struct ruby_run *run, const struct ruby_node *node)
{
    struct value self = node->left ? ruby_eval(run, node->left) : value_null(),
                 values[RUBY_ARGUMENTS_MAX];
    if (has_left(self) || (node->is_safe && self.kind == VALUE_NULL)) return self;
    if (!arguments_eval(run, node, values)) return LEFT;
    struct ruby_proc proc = {node->block, run->frame};
    struct ruby_block named;
    bool has_block = node->block || node->block_value;
    run->at = node;
    if (node->block_value && !block_value_eval(run, node, &proc, &named)) return LEFT;
    const struct ruby_native *native = native_of(node->natives, self);
    if (!native) return method_missing(run, node->name, self);
    struct ruby_args args = {node, self, values, node->count, has_block ? &proc : NULL};
    struct value result = native_call(run, native, &args, node->name);
    if (has_left(result)) {
        if (run->leave == LEAVE_BREAK && node->block) return run->left;
        if (run->leave == LEAVE_RAISE) run->at = run->at ? run->at : node;
    }
    return result;
}

struct value do_call_index(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(self, run, node->left);
    struct value values[2];
    if (!arguments_eval(run, node, values)) return LEFT;
    run->at = node;
    return ruby_index(run, self, values, node->count);
}

struct value do_lambda(struct ruby_run *run, const struct ruby_node *node)
{
    struct ruby_proc *proc = arena_alloc(run->arena, sizeof *proc);
    *proc = (struct ruby_proc){node->block, node->block->is_free ? NULL : run->frame};
    return ruby_of_pointer(RUBY_PROC, proc);
}

/* ---- fields by references that are written out ---- */
struct value do_event_get(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(self, run, node->left);
    run->at = node;
    if (node->is_safe && self.kind == VALUE_NULL) return self;
    if (self.kind != RUBY_EVENT) return method_missing(run, node->name, self);
    const struct value *field = path_get(node->path, ruby_pointer(self));
    struct value value;
    if (!ruby_step(run, 1) || !ruby_from_event(run, field, &value)) return LEFT;
    return value;
}

struct value do_event_set(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(self, run, node->left);
    EVAL(value, run, node->items[1]);
    run->at = node;
    if (self.kind != RUBY_EVENT) return method_missing(run, node->name, self);
    if (!ruby_step(run, 1)) return LEFT;
    return ruby_event_write(run, self, node->path, value);
}
