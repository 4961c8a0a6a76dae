/* SPDX-License-Identifier: Apache-2.0 */
/* What fields the code reads and sets, from the references that are written out, for warnings before the first
 * event. The code is looked at as a whole: what it may do anywhere, it may do. Where the event itself goes another way
 * (`e = event`, a reference that is computed, new events, methods of one's own) nothing is known. */
#include "core/event/template.h"
#include "core/fields/state.h"
#include "core/ruby/machine.h"

enum tell_pass { TELL_SETS, TELL_READS };
struct tell {
    struct field_set *fields;
    struct arena *arena;
    struct str code;
    enum tell_pass pass; /* sets first: what a loop sets is there when it comes to the read again */
    bool is_unknown;     /* what the event is used for is not to be seen */
    bool has_leave;      /* there is `next` or `return`: what stands behind may be left out */
};

static bool is_event(const struct ruby_node *node)
{
    return node && node->run == do_local && node->slot == 0; /* the variable that the code begins with */
}

static unsigned types_of(const struct ruby_node *node)
{
    if (node->run == do_template) return TYPE_STRING;
    if (node->run != do_value) return TYPE_ANY & ~TYPE_MISSING;
    switch (node->value.kind) {
    case VALUE_NULL: return TYPE_NULL;
    case VALUE_BOOL: return TYPE_BOOLEAN;
    case VALUE_INT: return TYPE_INTEGER;
    case VALUE_DOUBLE: return TYPE_FLOAT;
    case VALUE_STRING: return TYPE_STRING;
    default: return TYPE_ANY & ~TYPE_MISSING;
    }
}

/* The reference as it stands in the code, where complaints point at. */
static const struct path *reference(const struct tell *tell, const struct ruby_node *node)
{
    const struct ruby_node *name = node->items[0];
    struct path *path = arena_alloc(tell->arena, sizeof *path);
    *path = *node->path;
    if (name->end > tell->code.len || name->end - name->start != path->text.len + 2) return path;
    struct str text = str_slice(tell->code, name->start + 1, name->end - 1);
    if (str_eq(text, path->text)) path->text = text;
    return path;
}

/* The tags need not be told of, and @timestamp stays a time: a write of something else fails. */
static bool is_kept(const struct path *path)
{
    return path->slot == SLOT_TAGS || path->slot == SLOT_TIMESTAMP || path->count == 0;
}

/* Does nil know the method? Others raise on it. */
static bool nil_has(struct str method)
{
    static const char *const names[] = {"to_s", "to_i", "to_f", "to_a", "to_h", "to_json", "nil?", "is_a?", "kind_of?",
                                        "instance_of?", "inspect", "class", "dup", "clone", "freeze", "respond_to?",
                                        "then", "tap", "hash", "==", "!=", "===", "=~"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_z(method, names[i])) return true;
    return false;
}

static void template_tell(struct tell *tell, const struct ruby_node *node)
{
    struct template template;
    struct str problem;
    uint32_t at = 0;
    bool is_text = node->count == 1 && node->items[0]->run == do_value && node->items[0]->value.kind == VALUE_STRING;
    if (!is_text || !template_compile(&template, value_text(&node->items[0]->value), tell->arena, &problem)) {
        tell->is_unknown = true;
        return;
    }
    for (const struct path *path; (path = template_next_field(&template, &at));)
        if (tell->pass == TELL_READS) fields_read_if_set(tell->fields, path);
}

/* A method of the event, or the value of a field. */
static void event_tell(struct tell *tell, const struct ruby_node *node)
{
    static const char *const harmless[] = {"tag", "cancel", "uncancel", "cancelled?", "timestamp"};
    static const char *const whole[] = {"to_hash", "to_hash_with_metadata", "to_json"};
    bool is_reading = tell->pass == TELL_READS;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (str_eq_z(node->name, harmless[i])) return;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (!str_eq_z(node->name, whole[i])) continue;
        if (is_reading) fields_mark_read(tell->fields);
        return;
    }
    if (str_eq_z(node->name, "sprintf")) {
        template_tell(tell, node);
        return;
    }
    if (!node->path) {
        tell->is_unknown = true;
    } else if (node->run == do_event_get || str_eq_z(node->name, "include?")) {
        if (is_reading) fields_read_if_set(tell->fields, reference(tell, node));
    } else if (node->run == do_event_set) {
        if (!is_reading && !is_kept(node->path))
            fields_may_put(tell->fields, reference(tell, node), types_of(node->items[1]));
    } else if (str_eq_z(node->name, "remove")) {
        if (is_reading) return;
        unsigned types = fields_types(tell->fields, node->path);
        fields_may_change(tell->fields, reference(tell, node), types | TYPE_MISSING);
    } else {
        tell->is_unknown = true;
    }
}

static void node_tell(struct tell *tell, const struct ruby_node *node);

static void params_tell(struct tell *tell, const struct ruby_param *params, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (params[i].preset) node_tell(tell, params[i].preset);
        params_tell(tell, params[i].parts, params[i].part_count);
    }
}

/* What cannot work on nil: `event.get("a").length`, `event.get("a") + 1`. */
static void need_tell(struct tell *tell, const struct ruby_node *node)
{
    const struct ruby_node *left = node->left;
    if (tell->pass != TELL_READS || !left || left->run != do_event_get || !is_event(left->left) || !left->path) return;
    bool needs = (node->run == do_binary && node->op <= OP_XOR) ||
                 (node->run == do_call && !node->is_safe && !nil_has(node->name));
    if (needs) fields_read(tell->fields, reference(tell, left));
}

/* The parser bounds how deep nodes lie within each other (RUBY_NEST_MAX). */
static void node_tell(struct tell *tell, const struct ruby_node *node)
{
    if (!node || tell->is_unknown) return;
    tell->has_leave |= node->run == do_next || node->run == do_return;
    bool is_making = node->run == do_value && node->value.kind == RUBY_NEW_EVENT;
    bool is_assigned = (node->run == do_assign_local || node->run == do_op_assign) && node->slot == 0;
    if (is_event(node) || is_assigned || is_making) {
        tell->is_unknown = true;
        return;
    }
    bool is_of_event = is_event(node->left) &&
                       (node->run == do_call || node->run == do_event_get || node->run == do_event_set);
    if (is_of_event) event_tell(tell, node);
    else node_tell(tell, node->left);
    need_tell(tell, node);
    node_tell(tell, node->right);
    node_tell(tell, node->third);
    node_tell(tell, node->block_value);
    for (uint32_t i = 0; node->items && i < node->count; i++) node_tell(tell, node->items[i]);
    if (!node->block) return;
    params_tell(tell, node->block->params, node->block->param_count);
    node_tell(tell, node->block->body);
}

/* Set in each event that gets through: outermost statements, fields of the event itself. */
static void certain_tell(struct tell *tell, const struct ruby_node *code)
{
    if (code->run == do_sequence) {
        for (uint32_t i = 0; i < code->count; i++) certain_tell(tell, code->items[i]);
        return;
    }
    bool is_set = code->run == do_event_set && is_event(code->left);
    if (is_set && !is_kept(code->path) && code->path->count == 1)
        fields_put(tell->fields, reference(tell, code), types_of(code->items[1]));
}

void ruby_fields(const struct ruby *ruby, struct str code, struct field_set *fields)
{
    struct tell tell = {.fields = fields, .arena = ruby->arena, .code = code};
    bool is_known = ruby->code && !ruby->filter && !ruby->defs;
    if (is_known) {
        fields_fail(fields);
        node_tell(&tell, ruby->code);
        tell.pass = TELL_READS;
        node_tell(&tell, ruby->code);
    }
    if (!is_known || tell.is_unknown) {
        fields_forget(fields);
    } else {
        fields_fail(fields);
        if (!tell.has_leave) certain_tell(&tell, ruby->code);
    }
}
