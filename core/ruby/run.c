/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes compute: values, branches, loops, errors. */
#include "core/ruby/machine.h"
#include <stdarg.h>
#include <stdio.h>

/* ---- errors ---- */
static struct value raise_error(struct ruby_run *run, const char *name, struct str message,
                                bool is_limit)
{
    struct ruby_error *error = arena_alloc(run->arena, sizeof *error);
    *error = (struct ruby_error){name, message, is_limit};
    run->left = ruby_of_pointer(RUBY_ERROR, error);
    run->leave = LEAVE_RAISE;
    return LEFT;
}

struct value ruby_raise(struct ruby_run *run, const char *name, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return raise_error(run, name, arena_copy(run->arena, str_of(text)), false);
}

struct value ruby_raise_limit(struct ruby_run *run, const char *what)
{
    return raise_error(run, "LimitError", str_of(what), true);
}

struct value ruby_eval_deep(struct ruby_run *run, const struct ruby_node *node)
{
    run->at = node;
    return ruby_raise_limit(run, "the code calls itself too deeply");
}

bool ruby_step_slow(struct ruby_run *run)
{
    bool is_long = run->steps > RUBY_STEPS_MAX;
    if (run->ruby->kept->bytes > 4 * (size_t)RUBY_STATE_BYTES_MAX)
        return ruby_raise_limit(run, "the instance variables hold too much"), false;
    ruby_raise_limit(run, is_long ? "the code takes too many steps for one event"
                                  : "the batch has no memory left");
    return false;
}

bool ruby_allows(struct ruby_run *run, size_t bytes)
{
    if (bytes <= RUBY_TEXT_BYTES_MAX && arena_allows(run->arena, bytes)) return true;
    ruby_raise_limit(run, bytes > RUBY_TEXT_BYTES_MAX ? "a value becomes too large"
                                                      : "the batch has no memory left");
    return false;
}

/* ---- values ---- */
struct value do_value(struct ruby_run *run, const struct ruby_node *node)
{
    (void)run;
    return node->value;
}

struct value do_template(struct ruby_run *run, const struct ruby_node *node)
{
    struct buf out = buf_in_arena(run->arena);
    for (uint32_t i = 0; i < node->count; i++) {
        EVAL(part, run, node->items[i]);
        if (part.kind == VALUE_STRING && !ruby_allows(run, out.len + part.len)) return LEFT;
        ruby_print(run, part, &out);
        if (out.len > RUBY_TEXT_BYTES_MAX) return ruby_allows(run, out.len), LEFT;
    }
    return ruby_string(buf_take(&out));
}

struct value do_pattern(struct ruby_run *run, const struct ruby_node *node)
{
    struct buf out = buf_in_arena(run->arena);
    for (uint32_t i = 0; i < node->count; i++) {
        EVAL(part, run, node->items[i]);
        if (part.kind == RUBY_REGEX)
            return ruby_raise(run, "NotImplementedError", "a pattern within a pattern");
        ruby_print(run, part, &out);
    }
    struct regex *regex = ruby_regex_made(run, buf_str(&out), node->slot);
    return regex ? ruby_of_pointer(RUBY_REGEX, regex) : LEFT;
}

struct value do_splat(struct ruby_run *run, const struct ruby_node *node)
{
    return ruby_eval(run, node->left);
}

struct value do_list(struct ruby_run *run, const struct ruby_node *node)
{
    if (!ruby_step(run, 1 + node->count)) return LEFT;
    struct value list = ruby_list_new(run, node->count);
    for (uint32_t i = 0; i < node->count; i++) {
        EVAL(item, run, node->items[i]);
        bool is_splat = node->items[i]->run == do_splat;
        if (is_splat && item.kind == RUBY_RANGE && has_left(item = ruby_range_list(run, item)))
            return LEFT;
        if (is_splat && item.kind == VALUE_NULL) continue;
        if (!is_splat || item.kind != VALUE_ARRAY) {
            if (!ruby_push(run, list, item)) return LEFT;
            continue;
        }
        ARRAY_EACH (item.array, inner)
            if (!ruby_push(run, list, *inner)) return LEFT;
    }
    return list;
}

struct value do_hash(struct ruby_run *run, const struct ruby_node *node)
{
    if (!ruby_step(run, 1 + node->count)) return LEFT;
    struct value hash = ruby_hash_new(run, node->count / 2);
    for (uint32_t i = 0; i + 1 < node->count; i += 2) {
        EVAL(key, run, node->items[i]);
        EVAL(value, run, node->items[i + 1]);
        if (!ruby_hash_set(run, hash, key, value)) return LEFT;
    }
    return hash;
}

struct value do_range(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(from, run, node->left);
    struct value to = node->right ? ruby_eval(run, node->right) : value_null();
    if (has_left(to)) return to;
    struct ruby_range *range = arena_alloc(run->arena, sizeof *range);
    *range = (struct ruby_range){from, to, node->slot};
    return ruby_of_pointer(RUBY_RANGE, range);
}

struct value do_local(struct ruby_run *run, const struct ruby_node *node)
{
    return run->frame[node->slot];
}
struct value do_state(struct ruby_run *run, const struct ruby_node *node)
{
    return run->ruby->state[node->slot];
}

struct value do_group(struct ruby_run *run, const struct ruby_node *node)
{
    if (node->slot == UINT32_MAX || run->match.kind == VALUE_NULL) return run->match;
    return ruby_match_group(run->match, node->slot);
}

struct value do_defined(struct ruby_run *run, const struct ruby_node *node)
{
    struct value value = ruby_eval(run, node->left);
    if (has_left(value)) return run->leave == LEAVE_RAISE ? value_null() : value;
    if (node->left->run == do_state && value.kind == VALUE_NULL) return value_null();
    return ruby_string(STR("expression"));
}

/* ---- logic ---- */
struct value do_and(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(left, run, node->left);
    return is_true(left) ? ruby_eval(run, node->right) : left;
}

struct value do_or(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(left, run, node->left);
    return is_true(left) ? left : ruby_eval(run, node->right);
}

struct value do_not(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(left, run, node->left);
    return value_bool(!is_true(left));
}

struct value do_if(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(condition, run, node->left);
    const struct ruby_node *branch = is_true(condition) ? node->right : node->third;
    return branch ? ruby_eval(run, branch) : value_null();
}

struct value do_sequence(struct ruby_run *run, const struct ruby_node *node)
{
    struct value last = value_null();
    for (uint32_t i = 0; i < node->count && !has_left(last); i++)
        last = ruby_eval(run, node->items[i]);
    return last;
}

struct value do_case(struct ruby_run *run, const struct ruby_node *node)
{
    struct value subject = node->left ? ruby_eval(run, node->left) : value_null();
    if (has_left(subject)) return subject;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct ruby_node *when = node->items[i];
        for (uint32_t k = 0; k < when->count; k++) {
            EVAL(pattern, run, when->items[k]);
            struct value fits = node->left ? ruby_case_equal(run, pattern, subject) : pattern;
            if (has_left(fits)) return fits;
            if (is_true(fits)) return ruby_eval(run, when->left);
        }
    }
    return node->third ? ruby_eval(run, node->third) : value_null();
}

/* ---- loops ---- */

/* After a turn: true when the loop goes on; else `*result` is what it gives. */
static bool turn_ends_loop(struct ruby_run *run, struct value turn, struct value *result)
{
    if (!has_left(turn) || run->leave == LEAVE_NEXT) return false;
    *result = run->leave == LEAVE_BREAK ? run->left : turn;
    return true;
}

struct value do_while(struct ruby_run *run, const struct ruby_node *node)
{
    struct value result = value_null();
    for (;;) {
        EVAL(condition, run, node->left);
        if (!is_true(condition)) return result;
        if (!ruby_step(run, 1)) return LEFT;
        if (turn_ends_loop(run, ruby_eval(run, node->right), &result)) return result;
    }
}

static bool for_bind(struct ruby_run *run, const struct ruby_node *node, struct value item)
{
    bool is_list = node->count > 1 && item.kind == VALUE_ARRAY;
    for (uint32_t i = 0; i < node->count; i++) {
        struct value part = i == 0 ? item : value_null();
        if (is_list) part = i < item.array->count ? item.array->items[i] : value_null();
        run->frame[node->items[i]->slot] = part;
    }
    return true;
}

struct value do_for(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(list, run, node->left);
    struct value items = list, result = list;
    if (list.kind == RUBY_RANGE) items = ruby_range_list(run, list);
    if (list.kind == VALUE_MAP) items = ruby_send(run, node, STR("to_a"), list, NULL, 0);
    if (has_left(items)) return items;
    if (items.kind != VALUE_ARRAY)
        return ruby_raise(run, "NoMethodError", "undefined method `each' for %s",
                          ruby_class_name(list));
    for (uint32_t i = 0; i < items.array->count; i++) {
        if (!ruby_step(run, 1)) return LEFT;
        for_bind(run, node, items.array->items[i]);
        if (turn_ends_loop(run, ruby_eval(run, node->right), &result)) return result;
    }
    return list;
}

struct value do_loop(struct ruby_run *run, const struct ruby_node *node)
{
    struct ruby_proc proc = {node->block, run->frame};
    for (;;) {
        if (!ruby_step(run, 1)) return LEFT;
        struct value turn = ruby_yield(run, &proc, NULL, 0);
        if (has_left(turn)) return run->leave == LEAVE_BREAK ? run->left : turn;
    }
}

/* ---- leaving ---- */
static struct value leave(struct ruby_run *run, const struct ruby_node *node, enum ruby_leave how)
{
    struct value value = node->left ? ruby_eval(run, node->left) : value_null();
    if (has_left(value)) return value;
    run->left = value;
    run->leave = how;
    return LEFT;
}

struct value do_return(struct ruby_run *run, const struct ruby_node *node)
{
    return leave(run, node, LEAVE_RETURN);
}
struct value do_next(struct ruby_run *run, const struct ruby_node *node)
{
    return leave(run, node, LEAVE_NEXT);
}
struct value do_break(struct ruby_run *run, const struct ruby_node *node)
{
    return leave(run, node, LEAVE_BREAK);
}

/* ---- errors that are taken ---- */
static bool rescue_takes(const struct ruby_node *rescue, const struct ruby_error *error)
{
    if (error->is_limit) return false;
    bool takes = rescue->count == 0;
    for (uint32_t i = 0; i < rescue->count; i++)
        takes |= ruby_is_a(ruby_of_pointer(RUBY_ERROR, error), ruby_text(rescue->items[i]->value));
    return takes;
}

static struct value rescued(struct ruby_run *run, const struct ruby_node *node, struct value result)
{
    const struct ruby_error *error = ruby_pointer(run->left);
    for (uint32_t i = 0; i < node->count; i++) {
        const struct ruby_node *rescue = node->items[i];
        if (!rescue_takes(rescue, error)) continue;
        if (rescue->slot) run->frame[rescue->slot - 1] = run->left;
        return ruby_eval(run, rescue->left);
    }
    return result;
}

struct value do_begin(struct ruby_run *run, const struct ruby_node *node)
{
    struct value result = ruby_eval(run, node->left);
    if (has_left(result) && run->leave == LEAVE_RAISE)
        result = rescued(run, node, result);
    else if (!has_left(result) && node->right)
        result = ruby_eval(run, node->right);
    if (!node->third) return result;
    struct value left = run->left;
    enum ruby_leave how = run->leave;
    EVAL(ensured, run, node->third);
    (void)ensured;
    run->left = left;
    run->leave = how;
    return result;
}

struct value do_rescue_inline(struct ruby_run *run, const struct ruby_node *node)
{
    struct value result = ruby_eval(run, node->left);
    if (!has_left(result) || run->leave != LEAVE_RAISE) return result;
    const struct ruby_error *error = ruby_pointer(run->left);
    return error->is_limit || !ruby_is_a(run->left, STR("StandardError"))
               ? result
               : ruby_eval(run, node->right);
}
