/* SPDX-License-Identifier: Apache-2.0 */
/* The same in the language of configurations, for code that has an equal there: fields that are set to
 * constants, copied, removed, computed from numbers; an event that is dropped; branches over fields.
 * What raises in Ruby (a missing field in a sum) fails there, too, with the tag _expression_failure. */
#include "core/event/template.h"
#include "core/ruby/machine.h"

enum { OFFER_BYTES_MAX = 200 }; /* longer code is not shown beside the original */

struct offer {
    struct buf *out;
    struct arena *arena;
    struct str number; /* a field that must be a number for the two to be equal */
};

static bool constant_print(struct offer *offer, struct value value)
{
    struct str text = value.kind == VALUE_STRING ? value_text(&value) : (struct str){0};
    switch (value.kind) {
    case VALUE_NULL: buf_append_z(offer->out, "null"); return true;
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_DOUBLE: value_print(&value, offer->out); return true;
    case VALUE_STRING: break;
    default: return false;
    }
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || strchr("\"\\%", text.ptr[i])) return false;
    buf_printf(offer->out, "\"%.*s\"", STR_ARG(text));
    return true;
}

static bool is_event(const struct ruby_node *node)
{
    return node && node->run == do_local && node->slot == 0; /* the variable that the code begins with */
}

static bool field_print(struct offer *offer, const struct path *path)
{
    struct str text = path->text;
    bool is_plain = !str_starts(text, STR("["));
    if (str_eq(text, STR("@timestamp")) || str_eq(text, STR("[@timestamp]"))) return false;
    buf_printf(offer->out, is_plain ? "[%.*s]" : "%.*s", STR_ARG(text));
    return true;
}

static bool is_get(const struct ruby_node *node)
{
    return node->run == do_event_get && is_event(node->left) && !node->is_safe;
}

static bool is_number(const struct ruby_node *node)
{
    return node->run == do_value && (node->value.kind == VALUE_INT || node->value.kind == VALUE_DOUBLE);
}

/* `event.get("a") * 1000` */
static bool sum_print(struct offer *offer, const struct ruby_node *node)
{
    bool is_known = node->op == OP_ADD || node->op == OP_SUBTRACT || node->op == OP_MULTIPLY;
    if (!is_known || !is_get(node->left) || !is_number(node->right)) return false;
    if (!field_print(offer, node->left->path)) return false;
    offer->number = node->left->path->text;
    buf_printf(offer->out, " %s ", ruby_op_names[node->op]);
    return constant_print(offer, node->right->value);
}

static bool value_offer(struct offer *offer, const struct ruby_node *node)
{
    if (node->run == do_value) return constant_print(offer, node->value);
    if (node->run == do_binary) return sum_print(offer, node);
    if (!is_get(node) || !field_print(offer, node->path)) return false;
    buf_append_z(offer->out, " ?? null");
    return true;
}

static bool condition_print(struct offer *offer, const struct ruby_node *node)
{
    if (is_get(node)) return field_print(offer, node->path);
    bool is_equality = node->run == do_binary && (node->op == OP_EQUAL || node->op == OP_DIFFERS);
    if (!is_equality || !is_get(node->left) || node->right->run != do_value) return false;
    if (node->right->value.kind != VALUE_STRING && !is_number(node->right)) return false;
    if (!field_print(offer, node->left->path)) return false;
    buf_printf(offer->out, " %s ", ruby_op_names[node->op]);
    return constant_print(offer, node->right->value);
}

static bool statement_print(struct offer *offer, const struct ruby_node *node);

static bool branch_print(struct offer *offer, const struct ruby_node *node)
{
    const struct ruby_node *condition = node->left;
    bool is_negated = condition->run == do_not;
    if (is_negated) condition = condition->left;
    bool has_parens = is_negated && !is_get(condition);
    buf_printf(offer->out, "if %s%s", is_negated ? "!" : "", has_parens ? "(" : "");
    if (!condition_print(offer, condition)) return false;
    buf_append_z(offer->out, has_parens ? ") { " : " { ");
    if (!node->right || !statement_print(offer, node->right)) return false;
    buf_append_z(offer->out, " }");
    if (!node->third) return true;
    buf_append_z(offer->out, " else { ");
    if (!statement_print(offer, node->third)) return false;
    buf_append_z(offer->out, " }");
    return true;
}

static bool call_print(struct offer *offer, const struct ruby_node *node)
{
    if (!is_event(node->left) || node->block || node->is_safe) return false;
    if (str_eq(node->name, STR("cancel"))) {
        buf_append_z(offer->out, "drop { }");
        return true;
    }
    struct path path;
    bool has_name = node->count == 1 && node->items[0]->run == do_value &&
                    node->items[0]->value.kind == VALUE_STRING;
    if (!str_eq(node->name, STR("remove")) || !has_name) return false;
    if (!path_compile(&path, value_text(&node->items[0]->value), offer->arena)) return false;
    buf_append_z(offer->out, "remove ");
    return field_print(offer, &path);
}

static bool statement_print(struct offer *offer, const struct ruby_node *node)
{
    if (node->run == do_if) return branch_print(offer, node);
    if (node->run == do_call) return call_print(offer, node);
    if (node->run == do_event_set && is_event(node->left)) {
        if (!field_print(offer, node->path)) return false;
        buf_append_z(offer->out, " = ");
        return value_offer(offer, node->items[1]);
    }
    if (node->run != do_sequence || !node->count) return false;
    for (uint32_t i = 0; i < node->count; i++) {
        bool is_drop = node->items[i]->run == do_call && i + 1 < node->count &&
                       str_eq(node->items[i]->name, STR("cancel"));
        if (i) buf_append_char(offer->out, ' ');
        if (is_drop || !statement_print(offer, node->items[i])) return false; /* Ruby goes on behind cancel */
    }
    return true;
}

bool ruby_offer(const struct ruby *ruby, struct arena *arena, struct str *text, struct str *number)
{
    struct buf out = buf_in_arena(arena);
    struct offer offer = {.out = &out, .arena = arena};
    if (ruby->filter || ruby->defs || ruby->init || ruby->local_count || !ruby->code) return false;
    if (!statement_print(&offer, ruby->code) || out.len > OFFER_BYTES_MAX) return false;
    *text = buf_take(&out);
    *number = offer.number;
    return true;
}
