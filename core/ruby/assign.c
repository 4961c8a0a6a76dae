/* SPDX-License-Identifier: Apache-2.0 */
/* Assignments. Each target node stores `run->left` when it has no value of its own: so `a, b =
 * list` and `a ||= b` use the same. */
#include "core/ruby/machine.h"

static struct value value_of(struct ruby_run *run, const struct ruby_node *node)
{
    return node->left ? ruby_eval(run, node->left) : run->left;
}

static struct value store(struct ruby_run *run, const struct ruby_node *node, struct value value)
{
    run->left = value;
    struct value result = node->run(run, node);
    return has_left(result) ? result : value;
}

struct value do_assign_local(struct ruby_run *run, const struct ruby_node *node)
{
    struct value value = value_of(run, node);
    if (!has_left(value)) run->frame[node->slot] = value;
    return value;
}

struct value do_assign_state(struct ruby_run *run, const struct ruby_node *node)
{
    struct value value = value_of(run, node);
    if (has_left(value)) return value;
    run->ruby->state[node->slot] = ruby_keep(run, run->ruby->kept, value);
    run->is_state_written = true;
    return value;
}

struct value do_assign_index(struct ruby_run *run, const struct ruby_node *node)
{
    const struct ruby_node *target = node->third;
    struct value given = run->left, indexes[2];
    EVAL(self, run, target->left);
    for (uint32_t i = 0; i < target->count; i++) {
        indexes[i] = ruby_eval(run, target->items[i]);
        if (has_left(indexes[i])) return LEFT;
    }
    struct value value = node->left ? ruby_eval(run, node->left) : given;
    if (has_left(value)) return value;
    run->at = node;
    if (!ruby_step(run, 1)) return LEFT;
    return ruby_index_set(run, self, indexes, target->count, value);
}

struct value do_attribute(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(self, run, node->left);
    run->at = node;
    if (self.kind != VALUE_MAP)
        return ruby_raise(run, "NoMethodError", "undefined method `%.*s' for %s",
                          STR_ARG(node->name), ruby_class_name(self));
    return ruby_hash_get(run, self, ruby_string(node->name));
}

struct value do_assign_attribute(struct ruby_run *run, const struct ruby_node *node)
{
    const struct ruby_node *target = node->third;
    struct value given = run->left;
    EVAL(self, run, target->left);
    struct value value = node->left ? ruby_eval(run, node->left) : given;
    if (has_left(value)) return value;
    run->at = node;
    if (self.kind == RUBY_EVENT) {
        struct value arguments[2] = {ruby_string(STR("@timestamp")), value};
        struct value result = ruby_send(run, node, STR("set"), self, arguments, 2);
        return has_left(result) ? result : value;
    }
    if (self.kind != VALUE_MAP)
        return ruby_raise(run, "NoMethodError", "undefined method `%.*s=' for %s",
                          STR_ARG(target->name), ruby_class_name(self));
    return ruby_hash_set(run, self, ruby_string(target->name), value) ? value : LEFT;
}

/* `a, *b, c = list` */
struct value do_assign_many(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(value, run, node->left);
    struct value list = value;
    if (value.kind != VALUE_ARRAY) list = ruby_list_of(run, &value, 1);
    const struct array *array = list.array;
    uint32_t behind = node->slot == UINT32_MAX ? 0 : node->count - node->slot - 1;
    uint32_t taken = 0;
    if (!ruby_step(run, node->count)) return LEFT;
    for (uint32_t i = 0; i < node->count; i++) {
        struct value part = value_null();
        if (i == node->slot) {
            uint32_t rest = array->count > taken + behind ? array->count - taken - behind : 0;
            part = ruby_list_of(run, rest ? array->items + taken : NULL, rest);
            taken += rest;
        } else if (taken < array->count) {
            part = array->items[taken++];
        }
        if (has_left(store(run, node->items[i], part))) return LEFT;
    }
    return value;
}

/* `a += b`, `a ||= b`. The target's parts are computed twice, as they have no effect that matters
 * here. */
struct value do_op_assign(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(old, run, node->left);
    if (node->op == OP_LOGICAL_OR && is_true(old)) return old;
    if (node->op == OP_LOGICAL_AND && !is_true(old)) return old;
    EVAL(right, run, node->right);
    run->at = node;
    struct value value = right;
    if (node->op != OP_LOGICAL_OR && node->op != OP_LOGICAL_AND)
        value = ruby_binary(run, (enum ruby_op)node->op, old, right);
    return has_left(value) ? value : store(run, node->third, value);
}

/* Where a text was: gets the changed one. */
static struct value text_store(struct ruby_run *run, const struct ruby_node *target,
                               struct value value)
{
    if (target->run == do_local) return run->frame[target->slot] = value;
    if (target->run == do_state) {
        run->ruby->state[target->slot] = ruby_keep(run, run->ruby->kept, value);
        return value;
    }
    if (target->run != do_call_index) return value; /* nobody else knows it */
    EVAL(self, run, target->left);
    struct value indexes[2];
    for (uint32_t i = 0; i < target->count; i++) {
        indexes[i] = ruby_eval(run, target->items[i]);
        if (has_left(indexes[i])) return LEFT;
    }
    return ruby_index_set(run, self, indexes, target->count, value);
}

/* `a << b` */
struct value do_append(struct ruby_run *run, const struct ruby_node *node)
{
    EVAL(left, run, node->left);
    EVAL(right, run, node->right);
    run->at = node;
    if (!ruby_step(run, 1)) return LEFT;
    if (left.kind == VALUE_ARRAY) return ruby_push(run, left, right) ? left : LEFT;
    if (left.kind != VALUE_STRING) return ruby_binary(run, OP_SHIFT_LEFT, left, right);
    if (right.kind == VALUE_INT) right = ruby_send(run, node, STR("chr"), right, NULL, 0);
    if (has_left(right)) return LEFT;
    struct value joined = ruby_binary(run, OP_ADD, left, right);
    return has_left(joined) ? joined : text_store(run, node->left, joined);
}

static bool gives_nil_unchanged(struct str name)
{
    static const char *const always[] = {
        "map!",     "collect!",          "sort!",           "sort_by!", "reverse!", "merge!",
        "shuffle!", "transform_values!", "transform_keys!", "encode!",  "scrub!",   NULL};
    for (uint32_t i = 0; always[i]; i++)
        if (str_eq_z(name, always[i])) return false;
    return true;
}

static struct value content_replace(struct ruby_run *run, struct value self, struct value made)
{
    if (self.kind == VALUE_ARRAY) {
        if (!ruby_list_touch(run, self)) return LEFT;
        struct ruby_list *list = list_of(self);
        list->array.count = 0;
        ARRAY_EACH (made.array, item)
            array_push(&list->array, list->home, ruby_keep(run, list->home, *item));
        return self;
    }
    if (!ruby_hash_touch(run, self)) return LEFT;
    struct ruby_hash *hash = hash_of(self);
    map_init(&hash->map, hash->home, made.map->live);
    MAP_EACH (made.map, entry)
        if (!ruby_hash_set(run, self, ruby_key_value(&entry->key), entry->value)) return LEFT;
    return self;
}

/* `text.strip!`, `list.map! { }`: the method without `!`, and its result in the place of the old
 * value. */
struct value do_bang(struct ruby_run *run, const struct ruby_node *node)
{
    struct ruby_node plain = *node;
    plain.run = do_call;
    EVAL(self, run, node->left);
    struct ruby_node given = {
        .run = do_value, .value = self, .start = node->start, .end = node->end};
    plain.left = &given;
    struct value made = do_call(run, &plain);
    if (has_left(made)) return made;
    bool has_changed = !ruby_equal(run, self, made);
    bool is_content = self.kind == VALUE_ARRAY || self.kind == VALUE_MAP;
    if (is_content && made.kind == self.kind) {
        made = content_replace(run, self, made);
    } else if (has_changed) {
        made = text_store(run, node->left, made);
    }
    if (has_left(made)) return made;
    return !has_changed && gives_nil_unchanged(node->name) ? value_null() : made;
}
