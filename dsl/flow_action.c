/* SPDX-License-Identifier: Apache-2.0 */
/* Assignments, `remove`, `let`. */
#include "dsl/flow_parts.h"

/* ---- assignments ---- */

/* A literal object with what its members are worth, before the target is written: they may read it. */
struct member {
    struct key name;
    unsigned types;
    struct member *members, *next;
};

static struct member *members_of(struct flow *flow, const struct expression *object)
{
    struct member *members = NULL;
    if (object->kind != EXPRESSION_OBJECT) return NULL;
    flow->fields.quiet++; /* they were looked at before */
    for (uint32_t i = object->count; i--;) {
        struct member *member = arena_alloc(&flow->arena, sizeof *member);
        unsigned types = flow_worth(flow, object->items[i], true).types & ~(unsigned)TYPE_MISSING;
        if (!types) types = TYPE_ANY; /* never computed, and so never set */
        *member = (struct member){key_of(object->keys[i]), types, members_of(flow, object->items[i]), members};
        members = member;
    }
    flow->fields.quiet--;
    return members;
}

static void put_members(struct flow *flow, struct field *field, const struct member *members)
{
    struct field_state state = field->state;
    state.is_open = false;
    field_write(&flow->fields, field, &state);
    for (; members; members = members->next) {
        struct field *member = fields_name_child(&flow->fields, field, members->name);
        if (!member) break;
        struct field_site *site = field_put(&flow->fields, member, members->types, (struct str){0});
        site->is_read = true; /* the object has a site of its own */
        if (members->members) put_members(flow, member, members->members);
    }
}

static void put_worth(struct flow *flow, const struct path *target, const struct expression *value,
                      unsigned types)
{
    struct field_set *fields = &flow->fields;
    struct member *members = members_of(flow, value);
    fields_put(fields, target, types);
    struct field *field = fields_find(fields, target);
    bool is_sure = field && field->parent && field->state.site_count == 1 &&
                   !(field_types(fields, field) & TYPE_MISSING);
    if (!is_sure) return;
    if (members) put_members(flow, field, members);
    if (value->kind != EXPRESSION_CONSTANT || value->value.kind == CONFIG_NUMBER) return;
    field->state.sites[0]->has_text = true;
    field->state.sites[0]->text = value->value.text;
}

void flow_begin_action(struct flow *flow, struct place place)
{
    fields_begin(&flow->fields, NULL, FIELD_FROM_ASSIGNMENT);
    flow->fields.place = place;
}

/* What a failure leaves behind. */
void flow_end_action(struct flow *flow, bool can_fail)
{
    static const char failure[] = "[@metadata][expression_failure]";
    fields_end(&flow->fields);
    struct path path = flow_path(flow, str_of(failure));
    if (!can_fail || fields_types(&flow->fields, &path) & TYPE_STRING) return;
    flow_begin_action(flow, (struct place){0});
    flow->fields.origin = FIELD_FROM_HOST;
    fields_may_put(&flow->fields, &path, TYPE_STRING);
    fields_end(&flow->fields);
}

/* A target with computed steps: anything below what is written may be set, or removed. */
static void change_computed(struct flow *flow, const struct target *target)
{
    struct path prefix;
    flow_worth(flow, target->computed, true);
    flow_begin_action(flow, target->place);
    if (flow_prefix(flow, target->computed, &prefix))
        fields_may_change(&flow->fields, &prefix, TYPE_OBJECT);
    else
        fields_forget(&flow->fields);
    flow_end_action(flow, true);
}

void flow_assignment(struct flow *flow, const struct assignment *assignment)
{
    struct field_set *fields = &flow->fields;
    const struct expression *value = assignment->value;
    struct worth worth = flow_worth(flow, value, false);
    if (assignment->targets[0].computed) {
        change_computed(flow, &assignment->targets[0]);
        return;
    }
    struct path target = flow_path(flow, assignment->targets[0].text);
    flow_begin_action(flow, assignment->targets[0].place);
    if (worth.can_fail) fields_fail(fields);
    if (value->kind == EXPRESSION_FIELD) {
        struct path source = flow_path(flow, value->text);
        fields_copy(fields, &source, &target);
    } else if (worth.types & ~(unsigned)TYPE_MISSING)
        put_worth(flow, &target, value, worth.types & ~(unsigned)TYPE_MISSING);
    flow_end_action(flow, worth.can_fail || fields->stops);
}

void flow_remove(struct flow *flow, const struct assignment *assignment)
{
    for (uint32_t i = 0; i < assignment->count; i++) {
        const struct target *target = &assignment->targets[i];
        if (target->computed) {
            change_computed(flow, target);
            continue;
        }
        struct path path = flow_path(flow, target->text);
        flow_begin_action(flow, target->place);
        flow_removal(flow, &path, target->place);
        flow_end_action(flow, false);
    }
}

void flow_let(struct flow *flow, const struct let *let)
{
    struct worth worth = flow_worth(flow, let->value, false);
    flow_begin_action(flow, let->place);
    flow_end_action(flow, worth.can_fail);
}

void flow_doubt(struct flow *flow, const struct target *target)
{
    if (target->computed) {
        change_computed(flow, target);
        return;
    }
    struct path path = flow_path(flow, target->text);
    flow_begin_action(flow, target->place);
    fields_may_change(&flow->fields, &path, TYPE_FIELD);
    flow_end_action(flow, true);
}
