/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications about documents: opened, changed, saved, closed; and what is told of them in return. */
#include "pipelines/lsp/server.h"

static void show_warning(struct lsp *lsp, const char *text)
{
    enum { WARNING = 2 };
    json_t *params = json_object();
    protocol_set(params, "type", json_integer(WARNING));
    protocol_set(params, "message", json_string(text));
    lsp_notify(lsp, "window/showMessage", params);
}

static void publish(struct lsp *lsp, const struct document *document, json_t *diagnostics)
{
    json_t *params = json_object();
    protocol_set(params, "uri", protocol_text(str_of(document->uri)));
    protocol_set(params, "version", json_integer(document->version));
    protocol_set(params, "diagnostics", diagnostics);
    lsp_notify(lsp, "textDocument/publishDiagnostics", params);
}

json_t *did_open(struct lsp *lsp, const json_t *params)
{
    const json_t *told = json_object_get(params, "textDocument");
    const json_t *uri = json_object_get(told, "uri"), *text = json_object_get(told, "text");
    if (!json_is_string(uri) || !json_is_string(text)) return NULL;
    struct document *document = documents_open(&lsp->documents, protocol_string(uri),
                                               protocol_string(json_object_get(told, "languageId")));
    if (!document) {
        show_warning(lsp, "tailrace: too many documents are open, this one is not checked: close others");
        return NULL;
    }
    document->version = json_integer_value(json_object_get(told, "version"));
    document_set(&lsp->documents, document, protocol_string(text));
    return NULL;
}

static void change_take(struct lsp *lsp, struct document *document, const json_t *change)
{
    const json_t *range = json_object_get(change, "range"), *text = json_object_get(change, "text");
    uint32_t start, end;
    if (!json_is_string(text)) return;
    if (!range) document_set(&lsp->documents, document, protocol_string(text));
    else if (protocol_read_range(range, document, lsp->encoding, &start, &end))
        document_splice(&lsp->documents, document, start, end, protocol_string(text));
}

json_t *did_change(struct lsp *lsp, const json_t *params)
{
    struct document *document = lsp_document(lsp, params);
    if (!document) return NULL;
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(params, "contentChanges"), i, item) change_take(lsp, document, item);
    document->version = json_integer_value(json_object_get(json_object_get(params, "textDocument"), "version"));
    document->is_checked = false;
    return NULL;
}

/* Files that a plugin reads (patterns_dir) may have changed with it. */
json_t *did_save(struct lsp *lsp, const json_t *params)
{
    struct document *document = lsp_document(lsp, params);
    memset(&lsp->sound, 0, sizeof lsp->sound);
    if (document) document->is_checked = false;
    return NULL;
}

json_t *did_close(struct lsp *lsp, const json_t *params)
{
    struct document *document = lsp_document(lsp, params);
    if (!document) return NULL;
    publish(lsp, document, json_array());
    documents_close(&lsp->documents, document);
    return NULL;
}

void lsp_settle(struct lsp *lsp)
{
    if (lsp->state != LSP_READY) return;
    for (uint32_t i = 0; i < lsp->documents.count; i++) {
        struct document *document = lsp->documents.items[i];
        if (document->is_checked) continue;
        document->is_checked = true;
        publish(lsp, document, diagnostics_json(lsp, document));
        arena_fini(&lsp->arena);
    }
}
