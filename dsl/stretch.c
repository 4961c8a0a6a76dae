/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/stretch.h"
#include <assert.h>

/* Instructions `first` to `last`; with the first filter alone, first == last: nothing is shared. */
struct stretch {
    uint32_t first, last;
};

static bool is_arm(const struct instruction *at)
{
    return at->opcode == OP_TEST || at->opcode == OP_ELSE || at->opcode == OP_JOIN;
}

/* Widened until no branch is cut through. */
static struct stretch whole_branches(const struct program *program, struct stretch stretch)
{
    const struct instruction *code = program->code;
    int depth = 0, lowest = 0; /* of open branches, seen from the first instruction */
    for (uint32_t i = stretch.first; i <= stretch.last; i++) {
        depth += code[i].opcode == OP_BRANCH;
        depth -= code[i].opcode == OP_END;
        if (depth - is_arm(&code[i]) < lowest) lowest = depth - is_arm(&code[i]);
    }
    for (int open = 0; open > lowest; stretch.first--) {
        open -= code[stretch.first - 1].opcode == OP_BRANCH;
        open += code[stretch.first - 1].opcode == OP_END;
    }
    for (; depth > lowest; stretch.last++) {
        depth += code[stretch.last + 1].opcode == OP_BRANCH;
        depth -= code[stretch.last + 1].opcode == OP_END;
    }
    return stretch;
}

/* From instruction `at` on: the first stretch whose filters share the state of the one there. */
static bool stretch_at(const struct program *program, uint32_t at, struct stretch *stretch)
{
    const struct instruction *code = program->code;
    if (code[at].opcode != OP_FILTER || !program->filters[code[at].a]->shared) return false;
    *stretch = (struct stretch){at, at};
    for (uint32_t i = at + 1; i < program->code_count; i++)
        if (code[i].opcode == OP_FILTER && program->filters[code[i].a]->shared == program->filters[code[at].a]->shared)
            stretch->last = i;
    if (stretch->last == at) return false;
    *stretch = whole_branches(program, *stretch);
    return true;
}

/* All stretches, those that overlap as one, in order. */
static uint32_t stretches_find(const struct program *program, struct stretch *found)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->code_count; i++) {
        struct stretch stretch;
        if (!stretch_at(program, i, &stretch)) continue;
        while (count && found[count - 1].last >= stretch.first) {
            count--;
            if (found[count].first < stretch.first) stretch.first = found[count].first;
            if (found[count].last > stretch.last) stretch.last = found[count].last;
            stretch = whole_branches(program, stretch);
        }
        found[count++] = stretch;
    }
    return count;
}

void stretches_run_singly(struct program *program, struct arena *arena)
{
    uint32_t count = program->code_count;
    struct stretch *stretches = arena_alloc(arena, (count + 1) * sizeof *stretches);
    uint32_t found = stretches_find(program, stretches);
    if (!found) return;
    struct instruction *code = arena_alloc(arena, (count + 2 * found) * sizeof *code);
    uint32_t *moved = arena_alloc(arena, (count + 1) * sizeof *moved), n = 0, next = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool is_first = next < found && stretches[next].first == i;
        if (is_first) code[n++] = (struct instruction){.opcode = OP_EACH, .place = program->code[i].place};
        moved[i] = n;
        code[n++] = program->code[i];
        if (next == found || stretches[next].last != i) continue;
        code[n++] = (struct instruction){.opcode = OP_NEXT, .jump = moved[stretches[next].first],
                                         .place = program->code[i].place};
        next++;
    }
    moved[count] = n;
    assert(n == count + 2 * found && next == found);
    for (uint32_t i = 0; i < n; i++)
        if (code[i].opcode == OP_TEST || code[i].opcode == OP_ELSE) code[i].jump = moved[code[i].jump];
    program->code = code;
    program->code_count = program->code_capacity = n;
    program->depth++;
}
