/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace top`: watches a running instance through its API, on the whole terminal until a key or
 * signal ends it; `--once`: prints one table, of what happened within one interval. */
#ifndef PIPELINES_TOP_COMMAND_H
#define PIPELINES_TOP_COMMAND_H
#include "pipelines/supervisor.h"

/* `flags`: of this command, in the order given. EXIT_USAGE: the diag or standard error says why;
 * EXIT_RUNTIME: no answer. */
enum exit_code top_command(const struct settings *settings, const struct setting_list *flags,
                           struct arena *arena, struct diag *diag);

#endif
