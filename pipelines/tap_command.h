/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace tap PIPELINE[/PLUGIN-ID]`: looks at the events of a running instance through its API.
 * Events go to standard output, what is said about them to standard error. */
#ifndef PIPELINES_TAP_COMMAND_H
#define PIPELINES_TAP_COMMAND_H
#include "pipelines/supervisor.h"

/* `words`: what is looked at; `flags`: of this command, in the order given. EXIT_USAGE: the diag or
 * standard error says why; EXIT_RUNTIME: no connection, or it broke. */
enum exit_code tap_command(const struct settings *settings, const struct str_list *words,
                           const struct setting_list *flags, struct arena *arena,
                           struct diag *diag);

#endif
