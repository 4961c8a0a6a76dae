/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace repl [FILE]`: a prompt at which an event is given and filters, assignments, branches and
 * expressions are tried on it, each telling what it changed; a configuration can be run over it step by
 * step. Nothing is opened but the files that are named. docs/testing.md is the manual. */
#ifndef PIPELINES_REPL_H
#define PIPELINES_REPL_H
#include "pipelines/settings.h"
#include "pipelines/supervisor.h"

enum { REPL_TEXT_MAX = 1024 * 1024 }; /* bytes of what is typed at once, over all its lines */

struct repl_options {
    const struct settings *settings;
    const struct environment *environment;
    struct str file; /* loaded first; or empty */
    /* Prints what is answered, and empties it. */
    void (*print)(void *opaque, struct buf *text);
    void *opaque;
};

/* Until the end of what is typed. 78: `file` could not be loaded; 1: nobody sat at a terminal, and
 * something that was typed was wrong. */
enum exit_code repl_run(const struct repl_options *options);

#endif
