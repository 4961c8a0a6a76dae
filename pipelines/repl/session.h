/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `tailrace repl` share: the events at hand, the file that is loaded, the answer that is
 * being written. One command's thread; all of it ends with the session. */
#ifndef PIPELINES_REPL_SESSION_H
#define PIPELINES_REPL_SESSION_H
#include "pipelines/repl.h"
#include "pipelines/repl/prompt.h"
#include "pipelines/repl/stage.h"
#include "pipelines/repl/trace.h"

struct session {
    const struct repl_options *options;
    struct prompt prompt;
    struct stages stages;
    struct buf out;          /* the answer */
    struct buf typed;        /* lines of one text whose braces are open */
    struct diag diag;        /* of the text at hand */
    struct arena arena;      /* of the text at hand: its tree, its program */
    struct arena file_arena; /* of the file that is loaded */
    struct sandbox *file;    /* its program; NULL: none is loaded */
    struct sandbox *routes;  /* its outputs alone; there when `file` is */
    bool has_failed, is_over;
};

void session_init(struct session *session, const struct repl_options *options);
void session_fini(struct session *session);

/* ---- the answer ---- */
void session_say(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* `error: …`: something typed was wrong. */
void session_fail(struct session *session, const char *what);
/* What the diag holds, which is empty then. False when there was an error. */
bool session_say_diag(struct session *session);
void session_forget_diag(struct session *session);
/* Prints the answer and gives back the memory of the text at hand. */
void session_answer(struct session *session);

/* ---- events and programs ---- */
/* False (said): all events were dropped. */
bool session_has_events(struct session *session);
void session_show_events(struct session *session);
/* A program with one input that is fed by hand; NULL: the diag says why. */
struct sandbox *session_sandbox(struct session *session, struct config *config,
                                struct arena *arena);
/* The events at hand go in. False (said): there are none, or they are too many. */
bool session_feed(struct session *session, struct sandbox *sandbox);
/* Runs a program over the events at hand, telling; what comes out is at hand from then on. */
void session_run(struct session *session, struct sandbox *sandbox, enum trace_detail detail);

/* ---- what is typed (typed.c) ---- */
/* Is this an event in JSON, and not an object of an expression? */
bool typed_is_json(struct str text);
/* A whole text: an event, a statement or an expression. */
void typed_run(struct session *session, struct str text);
/* An event from JSON (`{` first), or from a text by the codec plain. */
void typed_event(struct session *session, const struct source_text *source);

#endif
