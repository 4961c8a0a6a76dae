/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from whoever sits at the terminal, with editing and a history of this session, or from a pipe or
 * file, without prompts, so that a script's output is only answers. Editing is libedit's, looked up when
 * a terminal asks for it: a running instance never loads it, and without it the terminal's own editing
 * is left. Nothing is written to disk. The command's thread. */
#ifndef PIPELINES_REPL_PROMPT_H
#define PIPELINES_REPL_PROMPT_H
#include <stdbool.h>
#include <stddef.h>

enum { PROMPT_HISTORY_MAX = 1000 }; /* lines remembered */

struct prompt {
    bool is_terminal;
    char *(*read_line)(const char *prompt); /* libedit's; NULL: plain lines */
    int (*remember)(const char *line);
    char *line; /* the last one read */
    size_t capacity;
};

void prompt_open(struct prompt *prompt);
void prompt_close(struct prompt *prompt);
/* The next line without its end, valid until the next call; NULL at the end of what is typed. */
const char *prompt_read(struct prompt *prompt, const char *text);
/* Makes a line come back by the arrow keys. */
void prompt_remember(struct prompt *prompt, const char *line);

#endif
