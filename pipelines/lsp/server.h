/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of pipelines/lsp share: the server's state and the request at hand. A handler gets
 * `params` (borrowed), returns the result (a new reference; NULL stands for null), and uses
 * `lsp->arena`, which is emptied after each message. */
#ifndef PIPELINES_LSP_SERVER_H
#define PIPELINES_LSP_SERVER_H
#include "pipelines/lsp/analysis.h"
#include "pipelines/lsp/documents.h"
#include "pipelines/lsp/frames.h"
#include "pipelines/lsp/lsp.h"
#include "pipelines/lsp/protocol.h"
#include "pipelines/lsp/scan.h"

enum lsp_state { LSP_NEW, LSP_READY, LSP_SHUT_DOWN };

struct lsp {
    enum lsp_state state;
    bool has_ended;
    struct frames frames;
    struct buf out;
    struct documents documents;
    struct sound_plugins sound;
    struct analysis_options options;
    struct arena arena;
    enum encoding encoding;
    bool has_snippets, has_markdown, has_related; /* what the editor understands */
    /* Set by a handler that refuses its request. */
    enum protocol_error error;
    const char *problem;
};

typedef json_t *lsp_handler(struct lsp *lsp, const json_t *params);

/* requests */
lsp_handler initialize_answer, complete_answer, hover_answer, format_answer, symbols_answer, folding_answer,
    definition_answer, references_answer, actions_answer, signature_answer;
/* notifications: what they return is always NULL */
lsp_handler did_open, did_change, did_save, did_close;

/* Diagnostics of a document, as the protocol's notification has them. */
json_t *diagnostics_json(struct lsp *lsp, const struct document *document);
void lsp_notify(struct lsp *lsp, const char *method, json_t *params); /* takes the params */

/* ---- for handlers ---- */
json_t *lsp_refuse(struct lsp *lsp, const char *problem); /* the params are wrong; always NULL */
/* The document that params.textDocument names; NULL when it is not open. */
struct document *lsp_document(struct lsp *lsp, const json_t *params);
/* The pipeline that params.textDocument names; NULL when it is not open, too large or no pipeline. */
struct document *lsp_pipeline(struct lsp *lsp, const json_t *params);
/* The same, scanned into the arena. */
struct document *lsp_scan(struct lsp *lsp, const json_t *params, struct scan *scan);
/* The same with the cursor at params.position; NULL also when there is none, which is refused. */
struct document *lsp_scan_at(struct lsp *lsp, const json_t *params, struct scan *scan);
/* { kind, value }: Markdown where the editor shows it. */
json_t *lsp_markup(const struct lsp *lsp, struct str text);

#endif
