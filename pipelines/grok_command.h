/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace grok`: tries patterns on sample lines, and says for each line which one won and what it
 * captured, or how far the nearest one got; `--suggest` proposes patterns, `--cost` ranks them by
 * time. docs/grok.md is the manual. Nothing is started or connected. */
#ifndef PIPELINES_GROK_COMMAND_H
#define PIPELINES_GROK_COMMAND_H
#include "pipelines/supervisor.h"

struct grok_command {
    const struct settings *settings;
    const struct environment *environment;
    struct str_list arguments;
    const struct setting_list *flags; /* of this command, in the order given */
    struct arena *arena;
    struct diag *diag;
    /* Prints what is told so far, and empties it. */
    void (*print)(void *opaque, struct buf *text);
    void *opaque;
};

/* EXIT_RUNTIME: a line is not matched, or a file cannot be read; EXIT_CONFIG: a pattern or
 * configuration is wrong. The diag says why. */
enum exit_code grok_command(struct grok_command *command);

#endif
