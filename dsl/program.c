/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/program.h"
#include <assert.h>

static const struct {
    const char *name, *a, *jump, *effect;
} opcodes[] = {
#define OPCODE(name_, a_, b_, effect_) [OP_##name_] = {#name_, a_, b_, effect_},
#include "dsl/opcodes.def"
#undef OPCODE
};

const char *opcode_name(enum opcode opcode)
{
    assert(opcode < OP_COUNT);
    return opcodes[opcode].name;
}

const char *opcode_effect(enum opcode opcode)
{
    assert(opcode < OP_COUNT);
    return opcodes[opcode].effect;
}

uint64_t program_failures(const struct program *program)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < program->action_count; i++) sum += counter_get(&program->actions[i].failed);
    for (uint32_t i = 0; i < program->condition_count; i++) sum += counter_get(&program->conditions[i].failed);
    return sum;
}

static void operand_print(const struct program *program, const struct instruction *at, struct buf *out)
{
    switch ((enum opcode)at->opcode) {
    case OP_FILTER: {
        const struct filter *filter = program->filters[at->a];
        buf_printf(out, " %s `%.*s`", filter->type->name, STR_ARG(filter->id));
        break;
    }
    case OP_OUTPUT: {
        const struct output *output = program->outputs[at->a];
        buf_printf(out, " %s `%.*s`", output->type->name, STR_ARG(output->id));
        break;
    }
    case OP_TEST:
        buf_append_char(out, ' ');
        expression_print(program->conditions[at->a].expression, out);
        buf_printf(out, " none: %u", at->jump);
        break;
    case OP_RUN:
        buf_append_char(out, ' ');
        statement_print(program->actions[at->a].source, out);
        break;
    case OP_ELSE: buf_printf(out, " none: %u", at->jump); break;
    default: break;
    }
}

static void block_print(const struct statements *list, uint32_t depth, struct buf *out);

static void arms_print(const struct branch *branch, uint32_t depth, struct buf *out)
{
    for (uint32_t i = 0; i < branch->count; i++) {
        const struct branch_arm *arm = &branch->arms[i];
        buf_printf(out, "%*s%s", (int)(depth * 2), "", i == 0 ? "if " : arm->condition ? "else if " : "else");
        if (arm->condition) expression_print(arm->condition, out);
        buf_append_char(out, '\n');
        block_print(&arm->block, depth + 1, out);
    }
}

/* The body of a loop: it has no instructions of its own, each event runs it alone. */
static void block_print(const struct statements *list, uint32_t depth, struct buf *out)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        if (statement->kind == STATEMENT_BRANCH) {
            arms_print(statement->branch, depth, out);
            continue;
        }
        buf_printf(out, "%*s", (int)(depth * 2), "");
        statement_print(statement, out);
        buf_append_char(out, '\n');
        if (statement->kind == STATEMENT_FOR) block_print(&statement->loop->body, depth + 1, out);
    }
}

void program_print(const struct program *program, struct buf *out)
{
    enum { LISTING_INDENT = 7 }; /* half the columns before a statement */
    uint32_t depth = 0;
    for (uint32_t i = 0; i < program->code_count; i++) {
        const struct instruction *at = &program->code[i];
        if (at->opcode == OP_END) depth--;
        buf_printf(out, "%4u  %*s%-6s", i, (int)(depth * 2), "", opcode_name(at->opcode));
        operand_print(program, at, out);
        if (at->place.source) {
            struct line_column where = place_line(at->place);
            buf_printf(out, "   # %.*s:%u:%u", STR_ARG(at->place.source->name), where.line,
                       where.column);
        }
        buf_append_char(out, '\n');
        const struct statement *statement = at->opcode == OP_RUN ? program->actions[at->a].source : NULL;
        if (statement && statement->kind == STATEMENT_FOR)
            block_print(&statement->loop->body, depth + LISTING_INDENT, out);
        if (at->opcode == OP_BRANCH) depth++;
    }
}
