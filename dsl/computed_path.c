/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/computed_path.h"
#include "core/text/number.h"

/* ---- compiling ---- */

static void add_written(struct compilation *compilation, struct computed_path *path, const struct expression *run)
{
    struct path written;
    bool is_legal = path_compile(&written, run->text, compilation->arena);
    assert(is_legal); /* it is short enough, and the parser took it for a field */
    /* the first step may have become something else */
    if (written.is_metadata) path->steps[path->count++] = path_step_of(STR("@metadata"));
    for (uint32_t i = 0; i < written.count; i++) path->steps[path->count++] = written.steps[i];
}

static bool add_computed(struct compilation *compilation, struct computed_path *path, const struct expression *source)
{
    const struct node *node = expression_compile(compilation, source);
    if (!node || !check_type(compilation, node, TYPE_STRING | TYPE_INTEGER, "a step of a field")) return false;
    path->computed[path->computed_count++] = (struct computed_step){node, path->count++};
    return true;
}

static uint32_t count_steps(const struct expression *source)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < source->count; i++) {
        const struct expression *item = source->items[i];
        if (item->is_grouped) count++;
        else
            for (size_t k = 0; k < item->text.len; k++) count += item->text.ptr[k] == '[';
    }
    return count;
}

struct computed_path *computed_path_compile(struct compilation *compilation, const struct expression *source)
{
    uint32_t steps = count_steps(source);
    if (steps > PATH_STEPS_MAX) {
        diag_error(compilation->diag, source->place, "a field reference has more than %d steps", PATH_STEPS_MAX);
        return NULL;
    }
    struct computed_path *path = arena_zalloc(compilation->arena, sizeof *path);
    path->steps = arena_zalloc(compilation->arena, steps * sizeof *path->steps);
    path->computed = arena_alloc(compilation->arena, source->count * sizeof *path->computed);
    bool is_right = true;
    for (uint32_t i = 0; i < source->count; i++) {
        if (!source->items[i]->is_grouped) add_written(compilation, path, source->items[i]);
        else if (!add_computed(compilation, path, source->items[i])) is_right = false;
    }
    if (!is_right) return NULL;
    assert(path->count == steps && path->computed_count);
    if (path->computed[0].at) path_of_steps(&path->path, path->steps, path->count);
    return path;
}

/* ---- running ---- */

static bool step_of_value(struct run *run, const struct node *node, struct path_step *step)
{
    struct value value = value_normalised(node_eval(run, node));
    if (value.kind == VALUE_STRING) {
        *step = path_step_of(value_text(&value));
        return true;
    }
    if (value.kind == VALUE_MISSING) run_fails(run, node, "is missing");
    else if (value.kind != VALUE_INT && value.kind != VALUE_FAILED)
        run_fails(run, node, "is neither a string nor an integer");
    if (value.kind != VALUE_INT) return false;
    char *digits = arena_alloc(run->arena, NUMBER_PRINT_MAX);
    *step = path_step_of((struct str){digits, number_print_int(value.integer, digits)});
    return true;
}

const struct path *computed_path_of(struct run *run, struct computed_path *computed)
{
    for (uint32_t i = 0; i < computed->computed_count; i++) {
        const struct computed_step *step = &computed->computed[i];
        if (!step_of_value(run, step->node, &computed->steps[step->at])) return NULL;
    }
    if (computed->computed[0].at == 0) path_of_steps(&computed->path, computed->steps, computed->count);
    return &computed->path;
}
