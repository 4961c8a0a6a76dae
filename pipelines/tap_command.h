/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace tap PIPELINE[/PLUGIN-ID]`: looks at the events of a running instance through its API.
 * Events go to standard output, what is said about them to standard error. */
#ifndef PIPELINES_TAP_COMMAND_H
#define PIPELINES_TAP_COMMAND_H
#include "pipelines/settings.h"

enum tap_ending { TAP_DONE, TAP_FAILED, TAP_USAGE }; /* TAP_FAILED: said on standard error */

/* `words`: what is looked at; `flags`: of this command, in the order given. */
enum tap_ending tap_command(const struct settings *settings, const struct str_list *words,
                            const struct setting_list *flags, struct arena *arena,
                            struct diag *diag);

#endif
