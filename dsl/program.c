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
