/* SPDX-License-Identifier: Apache-2.0 */
/* A language server for pipelines (`tailrace lsp`): the Language Server Protocol 3.17, from the program's
 * own parser, checker and tables, so that an editor says what a start would say.
 *
 *   bytes ▸ frames ▸ JSON ▸ one handler for each method ▸ JSON ▸ frames ▸ bytes
 *
 * No I/O here: lsp_feed() takes what was read, answers gather in lsp_output(). Requests are answered in
 * the order they come, each before the next is looked at, so there is never one to cancel. What is wrong
 * with a text is told by lsp_settle(), which is called when nothing more is waiting to be read: of many
 * keystrokes only the last is checked.
 *
 * Everything but the open texts lives for one message. Limits: pipelines/lsp/frames.h, documents.h,
 * LSP_VALUES_MAX. One thread. */
#ifndef PIPELINES_LSP_LSP_H
#define PIPELINES_LSP_LSP_H
#include "core/text/buf.h"

enum { LSP_VALUES_MAX = 200000 }; /* JSON values of one message */

struct lsp;

struct lsp *lsp_create(void);
void lsp_destroy(struct lsp *lsp);
void lsp_feed(struct lsp *lsp, struct str bytes);
void lsp_settle(struct lsp *lsp);
/* What is to be written; the caller empties it. */
struct buf *lsp_output(struct lsp *lsp);
bool lsp_has_ended(const struct lsp *lsp); /* `exit` came */
bool lsp_was_shut_down(const struct lsp *lsp);

/* Serves standard input and output until either ends. Returns the exit code: 0 after `shutdown`. */
int lsp_serve(int in, int out);

#endif
