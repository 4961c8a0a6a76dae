/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction lists with probes in them. The control thread makes one beside the running program,
 * out of the compiled list, which never changes; the worker takes it between two batches
 * (vm_take_code) and gives up the one before. Plugins, conditions and their state stay as they are,
 * and a program without probes runs as if there were none: nothing asks for them.
 *
 *   compiled:  filter a · filter b · output c · done
 *   probed:    filter a · PROBE · filter b · PROBE · output c · done
 *
 * A list belongs to whoever holds it, one thread at a time; making one calls malloc. */
#ifndef DSL_PROBE_H
#define DSL_PROBE_H
#include "dsl/program.h"

enum { PROBES_MAX = 64 }; /* of one list */

struct code {
    struct instruction *items;
    uint32_t count;
    uint32_t probe_count;
    struct probe probes[];
};

/* Takes over the probes (at most PROBES_MAX): code_destroy() drops them. Without any it stands for
 * the compiled list. */
struct code *code_create(const struct program *program, const struct probe *probes, uint32_t count);
/* Nothing runs it any more, or it never ran. NULL is allowed. */
void code_destroy(struct code *code);
/* The program runs this list; its probes are told. */
void code_use(const struct code *code, struct program *program);

/* The same place in the list as compiled and in a running one. */
uint32_t code_compiled_at(const struct instruction *running, uint32_t at);
uint32_t code_running_at(const struct instruction *running, uint32_t compiled);

#endif
