/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal: a question that is not echoed, and the whole screen for a command that goes on
 * until a key ends it. The screen comes back as it was however the program ends: by a key, an exit,
 * a signal or a crash. One thread; one screen. */
#ifndef PIPELINES_TERMINAL_H
#define PIPELINES_TERMINAL_H
#include "core/text/buf.h"

/* One line of standard input; on a terminal after the prompt, without echo. False: there is none.
 */
bool terminal_read_secret(const char *prompt, char *line, size_t size, struct str *value);

/* Colours are for a terminal, and not where NO_COLOR is set. */
bool terminal_has_colours(int fd);

/* Appends text without what a terminal would obey: controls, also DEL and U+0080 to U+009F, and
 * bytes that are no UTF-8 become \u00… */
void terminal_put_clean(struct str text, struct buf *out);

/* Takes the whole screen; false: standard output is no terminal. */
bool terminal_open(void);
void terminal_close(void);

struct terminal_size {
    unsigned rows, columns;
};
struct terminal_size terminal_size(void);

/* Shows `text`, lines that end in \n, from the top left; lines longer than the screen must be cut
 * by the caller. */
void terminal_show(struct str text);

enum terminal_event {
    TERMINAL_TIME,    /* the time is over */
    TERMINAL_RESIZED, /* or in the foreground again: draw */
    TERMINAL_ENDED,   /* a signal asks for the end, or the terminal is gone */
    TERMINAL_UP,
    TERMINAL_DOWN,
    TERMINAL_LEFT,
    TERMINAL_RIGHT,
    TERMINAL_TAB,
    TERMINAL_TAB_BACK,
    TERMINAL_KEY, /* any other: `*key` */
};
enum terminal_event terminal_wait(int ms, char *key);

#endif
