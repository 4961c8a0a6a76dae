/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins: inputs with their codecs, filters, outputs. */
#include <stdlib.h>
#include "core/codec.h"
#include "core/xmalloc.h"
#include "dsl/flow_parts.h"

static const struct field_user *user_of(struct flow *flow, const struct plugin_block *block)
{
    struct field_user *user = arena_alloc(&flow->arena, sizeof *user);
    *user = (struct field_user){block->name, block->name_place, block->settings, block->setting_count};
    return user;
}

/* ---- inputs ---- */

/* `type`, of events that have none. */
static void follow_type(struct field_set *fields, struct str type)
{
    struct path path;
    if (!type.len || !path_compile(&path, STR("type"), fields->arena)) return;
    if (fields_types(fields, &path) != TYPE_MISSING) {
        fields_put_absent(fields, &path, TYPE_STRING);
        return;
    }
    struct field *field = fields_name(fields, &path);
    if (!field) return;
    struct field_site *site = field_put(fields, field, TYPE_STRING, type);
    site->has_text = true;
    site->text = type;
}

/* Literal names; one that depends on the event may be any. */
static void follow_add_field(struct field_set *fields, const struct template_pairs *pairs)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct template_pair *pair = &pairs->items[i];
        fields_read_template(fields, &pair->name);
        for (uint32_t k = 0; k < pair->values.count; k++) {
            bool is_first = pair->has_path && k == 0;
            if (is_first) fields_append_text(fields, &pair->path, &pair->values.items[k]);
            else fields_read_template(fields, &pair->values.items[k]);
        }
        if (!pair->name.is_literal) fields_open(fields);
        if (pair->has_path && pair->values.count > 1) fields_retype(fields, &pair->path, TYPE_ARRAY);
    }
}

static void follow_input(struct flow *flow, const struct plugin_block *block)
{
    struct field_set *fields = &flow->fields;
    const struct field_user *user = user_of(flow, block);
    bool is_known = flow->plugins->inputs && flow->input_at < flow->plugins->input_count;
    const struct input *input = is_known ? flow->plugins->inputs[flow->input_at++] : NULL;
    const struct codec *codec = input ? input->codec : NULL;
    fields_begin(fields, user, FIELD_FROM_INPUT);
    if (codec && codec->type->fields) codec->type->fields(codec->self, fields);
    else fields_forget(fields);
    fields_end(fields);
    fields_begin(fields, user, FIELD_FROM_INPUT);
    if (input && input->type->fields) input->type->fields(input->self, fields);
    else fields_forget(fields);
    fields_end(fields);
    if (!input || !input->common) return;
    fields_begin(fields, user, FIELD_FROM_INPUT);
    follow_type(fields, input->common->type);
    follow_add_field(fields, &input->common->add_field);
    fields_end(fields);
}

static uint32_t count_inputs(const struct statements *list)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        if (statement->kind == STATEMENT_PLUGIN) count += statement->plugin->input != NULL;
        for (uint32_t k = 0; statement->kind == STATEMENT_BRANCH && k < statement->branch->count; k++)
            count += count_inputs(&statement->branch->arms[k].block);
    }
    return count;
}

/* All are started, those in an `if` too. */
static void follow_inputs(struct flow *flow, const struct statements *list, struct field_changes *arms,
                          uint32_t *count)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        for (uint32_t k = 0; statement->kind == STATEMENT_BRANCH && k < statement->branch->count; k++)
            follow_inputs(flow, &statement->branch->arms[k].block, arms, count);
        if (statement->kind != STATEMENT_PLUGIN || !statement->plugin->input) continue;
        fields_push(&flow->fields);
        follow_input(flow, statement->plugin);
        fields_pop(&flow->fields, &arms[(*count)++]);
    }
}

void flow_inputs(struct flow *flow, const struct statements *list)
{
    uint32_t count = 0, expected = count_inputs(list);
    struct field_changes *arms = xcalloc(expected + 1, sizeof *arms);
    follow_inputs(flow, list, arms, &count);
    assert(count == expected);
    if (count) fields_join(&flow->fields, arms, count, false);
    else fields_forget(&flow->fields); /* they may be added elsewhere */
    for (uint32_t i = 0; i < count; i++) field_changes_fini(&arms[i]);
    free(arms);
}

/* ---- filters ---- */

void flow_removal(struct flow *flow, const struct path *path, struct place place)
{
    struct field_set *fields = &flow->fields;
    if (fields_types(fields, path) == TYPE_MISSING && fields_suggest(fields, path, true).len) {
        flow->said++;
        fields_say_unset(fields, place, path);
    }
    fields_remove(fields, path);
}

static void follow_common(struct flow *flow, const struct filter_common *common)
{
    struct field_set *fields = &flow->fields;
    follow_add_field(fields, &common->add_field);
    for (uint32_t i = 0; i < common->remove_field.count; i++) {
        const struct template *name = &common->remove_field.items[i];
        struct path path;
        if (!name->is_literal) {
            fields_read_template(fields, name);
            fields_forget(fields);
        } else if (path_compile(&path, name->text, &flow->arena))
            flow_removal(flow, &path, field_user_place(fields->user, path.text));
    }
    for (uint32_t i = 0; i < common->add_tag.count; i++)
        fields_read_template(fields, &common->add_tag.items[i]);
    for (uint32_t i = 0; i < common->remove_tag.count; i++)
        fields_read_template(fields, &common->remove_tag.items[i]);
}

void flow_filter(struct flow *flow, const struct plugin_block *block)
{
    struct field_set *fields = &flow->fields;
    bool is_known = flow->plugins->filters && flow->filter_at < flow->plugins->filter_count;
    const struct filter *filter = is_known ? flow->plugins->filters[flow->filter_at++] : NULL;
    fields_begin(fields, user_of(flow, block), FIELD_FROM_PLUGIN);
    if (filter && filter->type->fields) {
        filter->type->fields(filter->self, fields);
    } else {
        fields_fail(fields);
        fields_forget(fields);
    }
    if (filter) follow_common(flow, &filter->common);
    if (fields_end(fields)) return;
    flow->is_dead = true;
    flow->dead_end = block->name_place;
}

/* ---- outputs ---- */

static void output_template(void *opaque, const struct template *template)
{
    fields_read_template(opaque, template);
}

/* Their templates are read as the event comes; they change nothing. */
void flow_output(struct flow *flow, const struct plugin_block *block)
{
    struct field_set *fields = &flow->fields;
    bool is_known = flow->plugins->outputs && flow->output_at < flow->plugins->output_count;
    const struct output *output = is_known ? flow->plugins->outputs[flow->output_at++] : NULL;
    if (!output) return;
    fields_begin(fields, user_of(flow, block), FIELD_FROM_PLUGIN);
    options_templates(output->type->options, output->self, output_template, fields);
    if (output->codec)
        options_templates(output->codec->type->options, output->codec->self, output_template, fields);
    fields_end(fields);
}
