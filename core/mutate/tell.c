/* SPDX-License-Identifier: Apache-2.0 */
/* What mutate's steps say of the fields behind them, for warnings before there is an event. */
#include "core/mutate/mutate_part.h"

typedef void tell_step(const struct mutate_step *step, struct field_set *fields);

static void tell_coerce(const struct mutate_step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    fields_read_template(fields, &step->text);
    if (types & TYPE_NULL) fields_retype(fields, &step->path, types | TYPE_STRING);
}

static void tell_rename(const struct mutate_step *step, struct field_set *fields)
{
    fields_read(fields, &step->path);
    fields_rename(fields, &step->path, &step->other);
}

static void tell_rename_dynamic(const struct mutate_step *step, struct field_set *fields)
{
    fields_read_template(fields, &step->name);
    fields_read_template(fields, &step->other_name);
    fields_forget(fields);
}

static void tell_update(const struct mutate_step *step, struct field_set *fields)
{
    fields_read(fields, &step->path);
    fields_read_template(fields, &step->text);
    fields_retype(fields, &step->path, TYPE_STRING);
}

static void tell_replace(const struct mutate_step *step, struct field_set *fields)
{
    fields_put_text(fields, &step->path, &step->text);
}

static unsigned type_converted(unsigned types, enum convert_type type)
{
    unsigned kept = types & (TYPE_ARRAY | TYPE_OBJECT | TYPE_NULL);
    if (!(types & TYPE_SCALAR)) return types;
    switch (type) {
    case CONVERT_INTEGER:
    case CONVERT_INTEGER_EU: return kept | TYPE_INTEGER;
    case CONVERT_FLOAT:
    case CONVERT_FLOAT_EU: return kept | TYPE_FLOAT;
    case CONVERT_STRING: return kept | TYPE_STRING;
    case CONVERT_BOOLEAN:
    case CONVERT_TYPES: break;
    }
    return types | TYPE_BOOLEAN; /* what is neither true nor false stays */
}

static void tell_convert(const struct mutate_step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    fields_fail(fields);
    fields_retype(fields, &step->path, type_converted(types, step->type));
}

static void tell_gsub(const struct mutate_step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    fields_read_template(fields, &step->pattern.template);
    fields_read_template(fields, &step->text);
    fields_fail(fields);
    fields_retype(fields, &step->path, types);
}

static void tell_text(const struct mutate_step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    if (types & TYPE_ARRAY) fields_fail(fields);
    fields_retype(fields, &step->path, types);
}

static void tell_split(const struct mutate_step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    if (types & TYPE_STRING) types = (types & ~(unsigned)TYPE_STRING) | TYPE_ARRAY;
    fields_retype(fields, &step->path, types);
}

static void tell_join(const struct mutate_step *step, struct field_set *fields)
{
    unsigned types = fields_read(fields, &step->path);
    if (types & TYPE_ARRAY) types = (types & ~(unsigned)TYPE_ARRAY) | TYPE_STRING;
    fields_retype(fields, &step->path, types);
}

static void tell_merge(const struct mutate_step *step, struct field_set *fields)
{
    for (uint32_t i = 0; i < step->added.count; i++) fields_read(fields, &step->added.items[i]);
    fields_read_if_set(fields, &step->path);
    fields_fail(fields);
    fields_may_change(fields, &step->path, TYPE_ARRAY);
}

static void tell_copy(const struct mutate_step *step, struct field_set *fields)
{
    fields_read(fields, &step->path);
    fields_copy(fields, &step->path, &step->other);
}

static tell_step *tell_of(mutate_run *run)
{
    static const struct {
        mutate_run *run;
        tell_step *tell;
    } rows[] = {
        {mutate_coerce, tell_coerce},   {mutate_rename, tell_rename}, {mutate_rename_dynamic, tell_rename_dynamic},
        {mutate_update, tell_update},   {mutate_replace, tell_replace}, {mutate_convert, tell_convert},
        {mutate_gsub, tell_gsub},       {mutate_case, tell_text},     {mutate_strip, tell_text},
        {mutate_split, tell_split},     {mutate_join, tell_join},     {mutate_merge, tell_merge},
        {mutate_copy, tell_copy},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].run == run) return rows[i].tell;
    assert(false && "a step of which nothing is told");
    return NULL;
}

void mutate_tell(const struct mutate *self, struct field_set *fields)
{
    for (uint32_t i = 0; i < self->step_count; i++) tell_of(self->steps[i].run)(&self->steps[i], fields);
}
