/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace queue ls|check|dump|repair FOLDER`: looks at a log on disk (core/store/spool), whether or not an
 * instance has it open; repair alone changes it, and only when none has. Runs once and ends. */
#ifndef PIPELINES_QUEUE_COMMAND_H
#define PIPELINES_QUEUE_COMMAND_H
#include "core/diag.h"
#include "core/option_value.h"
#include "pipelines/supervisor.h"

/* EXIT_RUNTIME: something is lost or could not be read; EXIT_USAGE: the words of the command are wrong. What was
 * found goes to standard output, complaints to the diag. */
enum exit_code queue_command(const struct str_list *words, struct diag *diag);

#endif
