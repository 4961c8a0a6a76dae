/* SPDX-License-Identifier: Apache-2.0 */
/* Tree to program. Plugin instances are made by the caller, which knows workers and settings; the
 * compiler asks for them in the order of execution. Start-up only; one thread. */
#ifndef DSL_COMPILER_H
#define DSL_COMPILER_H
#include "dsl/program.h"

struct compiler {
    struct program *program; /* zeroed */
    struct arena *arena;     /* of the generation */
    struct diag *diag;
    /* The instance for a block, or NULL after complaining to the diag. */
    struct filter *(*filter)(void *opaque, const struct plugin_block *block);
    struct output *(*output)(void *opaque, const struct plugin_block *block);
    void *opaque;
};

/* Fills the program from the filter and output sections. False: the diag says what is wrong; the
 * program must still be given to program_destroy(). */
bool compile(struct compiler *compiler, const struct config *config);
/* Frees what lives outside the arena: conditions, assignments. Instances belong to the caller. */
void program_destroy(struct program *program);

#endif
