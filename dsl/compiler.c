/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/compiler.h"
#include "dsl/stretch.h"
#include <assert.h>

/* Makes room for one more item of an array in the arena. */
static void *grow(struct arena *arena, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) return items;
    uint32_t wanted = *capacity ? *capacity * 2 : 8;
    items = arena_regrow(arena, items, *capacity * size, wanted * size);
    *capacity = wanted;
    return items;
}

static uint32_t emit(struct compiler *compiler, enum opcode opcode, uint32_t a, struct place place)
{
    struct program *program = compiler->program;
    program->code = grow(compiler->arena, program->code, program->code_count,
                         &program->code_capacity, sizeof *program->code);
    program->code[program->code_count] =
        (struct instruction){.opcode = opcode, .a = a, .place = place};
    return program->code_count++;
}

static bool compile_statements(struct compiler *compiler, const struct statements *list,
                               enum section_kind section, uint32_t depth);

static bool compile_plugin(struct compiler *compiler, const struct plugin_block *block,
                           enum section_kind section)
{
    struct program *program = compiler->program;
    if (section == SECTION_FILTER) {
        struct filter *filter = compiler->filter(compiler->opaque, block);
        if (!filter) return false;
        program->filters = grow(compiler->arena, program->filters, program->filter_count,
                                &program->filter_capacity, sizeof *program->filters);
        program->filters[program->filter_count] = filter;
        emit(compiler, OP_FILTER, program->filter_count++, block->name_place);
        return true;
    }
    struct output *output = compiler->output(compiler->opaque, block);
    if (!output) return false;
    program->outputs = grow(compiler->arena, program->outputs, program->output_count,
                            &program->output_capacity, sizeof *program->outputs);
    program->outputs[program->output_count] = output;
    emit(compiler, OP_OUTPUT, program->output_count++, block->name_place);
    return true;
}

static bool add_condition(struct compiler *compiler, const struct expression *expression,
                          uint32_t *number)
{
    struct condition *condition = condition_compile(expression, compiler->arena, compiler->diag);
    if (!condition) return false;
    struct program *program = compiler->program;
    program->conditions = grow(compiler->arena, program->conditions, program->condition_count,
                               &program->condition_capacity, sizeof *program->conditions);
    struct program_condition *row = &program->conditions[program->condition_count];
    memset(row, 0, sizeof *row);
    row->condition = condition;
    row->expression = expression;
    row->where.start = UINT32_MAX;
    *number = program->condition_count++;
    return true;
}

static bool compile_action(struct compiler *compiler, const struct statement *statement, struct place place)
{
    struct action *action = action_compile(statement, compiler->arena, compiler->diag);
    if (!action) return false;
    struct program *program = compiler->program;
    program->actions = grow(compiler->arena, program->actions, program->action_count,
                            &program->action_capacity, sizeof *program->actions);
    struct program_action *row = &program->actions[program->action_count];
    memset(row, 0, sizeof *row);
    row->action = action;
    row->source = statement;
    emit(compiler, OP_RUN, program->action_count++, place);
    return true;
}

static bool compile_branch(struct compiler *compiler, const struct branch *branch,
                           enum section_kind section, uint32_t depth)
{
    struct program *program = compiler->program;
    assert(depth < PROGRAM_DEPTH_MAX); /* the parser limits nesting */
    if (depth + 1 > program->depth) program->depth = depth + 1;
    bool ok = true;
    emit(compiler, OP_BRANCH, 0, branch->arms[0].place);
    for (uint32_t i = 0; i < branch->count; i++) {
        const struct branch_arm *arm = &branch->arms[i];
        uint32_t number = 0;
        if (arm->condition && !add_condition(compiler, arm->condition, &number)) ok = false;
        uint32_t test = emit(compiler, arm->condition ? OP_TEST : OP_ELSE, number, arm->place);
        if (!compile_statements(compiler, &arm->block, section, depth + 1)) ok = false;
        emit(compiler, OP_JOIN, 0, arm->close);
        program->code[test].jump = program->code_count;
    }
    emit(compiler, OP_END, 0, branch->arms[branch->count - 1].close);
    return ok;
}

static bool compile_statements(struct compiler *compiler, const struct statements *list,
                               enum section_kind section, uint32_t depth)
{
    bool ok = true;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        switch (statement->kind) {
        case STATEMENT_PLUGIN: ok &= compile_plugin(compiler, statement->plugin, section); break;
        case STATEMENT_BRANCH: ok &= compile_branch(compiler, statement->branch, section, depth); break;
        case STATEMENT_ASSIGNMENT:
            ok &= compile_action(compiler, statement, statement->assignment->place);
            break;
        case STATEMENT_LET: ok &= compile_action(compiler, statement, statement->let->place); break;
        case STATEMENT_FOR: ok &= compile_action(compiler, statement, statement->loop->place); break;
        case STATEMENT_BREAK:
        case STATEMENT_CONTINUE: assert(false && "they stand within a loop"); break;
        }
    }
    return ok;
}

bool compile(struct compiler *compiler, const struct config *config)
{
    compiler->program->slots = config->slots;
    bool filters = compile_statements(compiler, &config->sections[SECTION_FILTER], SECTION_FILTER, 0);
    struct program *program = compiler->program;
    stretches_run_singly(program, compiler->arena);
    program->outputs_at = program->code_count;
    bool outputs = compile_statements(compiler, &config->sections[SECTION_OUTPUT], SECTION_OUTPUT, 0);
    emit(compiler, OP_DONE, 0, (struct place){0});
    program->running = program->code;
    program->running_count = program->code_count;
    return filters && outputs;
}

void program_destroy(struct program *program)
{
    for (uint32_t i = 0; i < program->condition_count; i++)
        condition_destroy(program->conditions[i].condition);
    program->condition_count = 0;
    for (uint32_t i = 0; i < program->action_count; i++) action_destroy(program->actions[i].action);
    program->action_count = 0;
}
