/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/probe.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

/* Appends the probes that stand before (or behind) an instruction, in the order given. */
static void put_probes(struct code *code, uint32_t at, bool is_behind)
{
    for (uint32_t i = 0; i < code->probe_count; i++)
        if (code->probes[i].at == at && code->probes[i].is_behind == is_behind)
            code->items[code->count++] = (struct instruction){.opcode = OP_PROBE, .a = i};
}

/* A jump to an instruction also meets the probes before it, and none that stand behind its
 * neighbour. */
static void jumps_move(struct code *code, const uint32_t *entry)
{
    for (uint32_t i = 0; i < code->count; i++)
        if (code->items[i].opcode != OP_PROBE) code->items[i].jump = entry[code->items[i].jump];
}

struct code *code_create(const struct program *program, const struct probe *probes, uint32_t count)
{
    assert(count <= PROBES_MAX && program->code_count > 0);
    struct code *code = xcalloc(1, sizeof *code + count * sizeof *probes);
    code->probe_count = count;
    if (!count) return code;
    memcpy(code->probes, probes, count * sizeof *probes);
    code->items = xcalloc(program->code_count + count, sizeof *code->items);
    uint32_t *entry = xcalloc(program->code_count, sizeof *entry);
    for (uint32_t i = 0; i < program->code_count; i++) {
        entry[i] = code->count;
        put_probes(code, i, false);
        code->items[code->count++] = program->code[i];
        put_probes(code, i, true);
    }
    assert(code->count == program->code_count + count); /* every probe names an instruction */
    jumps_move(code, entry);
    free(entry);
    return code;
}

void code_destroy(struct code *code)
{
    if (!code) return;
    for (uint32_t i = 0; i < code->probe_count; i++)
        code->probes[i].hooks->dropped(code->probes[i].opaque);
    free(code->items);
    free(code);
}

void code_use(const struct code *code, struct program *program)
{
    bool is_probed = code->probe_count > 0;
    program->running = is_probed ? code->items : program->code;
    program->running_count = is_probed ? code->count : program->code_count;
    program->probes = code->probes;
    for (uint32_t i = 0; i < code->probe_count; i++)
        code->probes[i].hooks->begun(code->probes[i].opaque);
}

uint32_t code_compiled_at(const struct instruction *running, uint32_t at)
{
    uint32_t probes = 0;
    for (uint32_t i = 0; i < at; i++) probes += running[i].opcode == OP_PROBE;
    return at - probes;
}

uint32_t code_running_at(const struct instruction *running, uint32_t compiled)
{
    uint32_t at = 0;
    for (uint32_t passed = 0;; at++) {
        if (running[at].opcode == OP_PROBE) continue;
        if (passed++ == compiled) return at;
    }
}
