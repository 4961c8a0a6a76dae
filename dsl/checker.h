/* SPDX-License-Identifier: Apache-2.0 */
/* Names: resolves every plugin of a tree against the type tables (given as an argument: the language
 * knows no plugin), gives each an id and refuses ids used twice. Options are read, and patterns
 * compiled, when instances are made (pipelines/generation.h), by the same diag. Start-up only. */
#ifndef DSL_CHECKER_H
#define DSL_CHECKER_H
#include "core/plugin.h"
#include "dsl/ast.h"

struct checker_options {
    const struct input_type *const *inputs; /* NULL-ended */
    const struct filter_type *const *filters;
    const struct output_type *const *outputs;
};

/* False when anything is wrong; all of it is in the diag. */
bool check_config(struct config *config, const struct checker_options *options, struct arena *arena,
                  struct diag *diag);

#endif
