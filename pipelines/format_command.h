/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace fmt`: files in place, or standard input to standard output. A file is replaced whole or not
 * at all, only when its form changes, and then named on standard output; complaints go to standard
 * error. Neither settings nor secrets are read. Runs once and ends. */
#ifndef PIPELINES_FORMAT_COMMAND_H
#define PIPELINES_FORMAT_COMMAND_H
#include "pipelines/command_line.h"
#include "pipelines/supervisor.h"

/* EXIT_CONFIG when a text has errors, else EXIT_RUNTIME when a file could not be read or written or
 * (--check) is not formatted. The other files are done all the same. */
enum exit_code format_command(const struct command_line *line);

#endif
