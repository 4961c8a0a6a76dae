/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/lsp.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "pipelines/lsp/server.h"

struct lsp *lsp_create(void)
{
    struct lsp *lsp = xcalloc(1, sizeof *lsp);
    arena_init(&lsp->arena, NULL);
    return lsp;
}

void lsp_destroy(struct lsp *lsp)
{
    documents_fini(&lsp->documents);
    frames_fini(&lsp->frames);
    buf_fini(&lsp->out);
    arena_fini(&lsp->arena);
    free(lsp);
}

struct buf *lsp_output(struct lsp *lsp) { return &lsp->out; }
bool lsp_has_ended(const struct lsp *lsp) { return lsp->has_ended; }
bool lsp_was_shut_down(const struct lsp *lsp) { return lsp->state == LSP_SHUT_DOWN; }

/* ---- for handlers ---- */

json_t *lsp_refuse(struct lsp *lsp, const char *problem)
{
    lsp->error = PROTOCOL_INVALID_PARAMS;
    lsp->problem = problem;
    return NULL;
}

struct document *lsp_document(struct lsp *lsp, const json_t *params)
{
    const json_t *name = json_object_get(json_object_get(params, "textDocument"), "uri");
    if (!json_is_string(name)) {
        lsp_refuse(lsp, "textDocument.uri is missing");
        return NULL;
    }
    return documents_find(&lsp->documents, protocol_string(name));
}

struct document *lsp_pipeline(struct lsp *lsp, const json_t *params)
{
    struct document *document = lsp_document(lsp, params);
    if (!document || document->is_refused || document->kind != DOCUMENT_PIPELINE) return NULL;
    return document;
}

struct document *lsp_scan(struct lsp *lsp, const json_t *params, struct scan *scan)
{
    struct document *document = lsp_pipeline(lsp, params);
    if (document) scan_text(scan, document->source.text, 0, &lsp->arena);
    return document;
}

struct document *lsp_scan_at(struct lsp *lsp, const json_t *params, struct scan *scan)
{
    struct position position;
    if (!protocol_read_position(json_object_get(params, "position"), &position)) {
        lsp_refuse(lsp, "position is missing");
        return NULL;
    }
    struct document *document = lsp_pipeline(lsp, params);
    if (!document) return NULL;
    scan_text(scan, document->source.text, document_offset(document, lsp->encoding, position), &lsp->arena);
    return document;
}

json_t *lsp_markup(const struct lsp *lsp, struct str text)
{
    json_t *json = json_object();
    protocol_set(json, "kind", json_string(lsp->has_markdown ? "markdown" : "plaintext"));
    protocol_set(json, "value", protocol_text(text));
    return json;
}

/* ---- sending ---- */

static void send(struct lsp *lsp, json_t *message)
{
    protocol_set(message, "jsonrpc", json_string("2.0"));
    char *text = json_dumps(message, JSON_COMPACT | JSON_ENCODE_ANY);
    assert(text);
    frame_write(&lsp->out, str_of(text));
    free(text);
    json_decref(message);
}

static void send_result(struct lsp *lsp, const json_t *id, json_t *result)
{
    json_t *message = json_object();
    protocol_set(message, "id", json_incref((json_t *)id));
    protocol_set(message, "result", result ? result : json_null());
    send(lsp, message);
}

/* `id` NULL: the request was not readable. */
static void send_error(struct lsp *lsp, const json_t *id, enum protocol_error code, const char *problem)
{
    json_t *message = json_object(), *error = json_object();
    protocol_set(error, "code", json_integer(code));
    protocol_set(error, "message", json_string(problem));
    protocol_set(message, "id", id ? json_incref((json_t *)id) : json_null());
    protocol_set(message, "error", error);
    send(lsp, message);
}

void lsp_notify(struct lsp *lsp, const char *method, json_t *params)
{
    json_t *message = json_object();
    protocol_set(message, "method", json_string(method));
    protocol_set(message, "params", params);
    send(lsp, message);
}

/* ---- dispatch ---- */

static json_t *shutdown_answer(struct lsp *lsp, const json_t *params)
{
    (void)params;
    lsp->state = LSP_SHUT_DOWN;
    return NULL;
}

static json_t *ended(struct lsp *lsp, const json_t *params)
{
    (void)params;
    lsp->has_ended = true;
    return NULL;
}

static json_t *nothing(struct lsp *lsp, const json_t *params)
{
    (void)lsp, (void)params;
    return NULL;
}

static const struct method {
    const char *name;
    lsp_handler *handler;
    bool is_request;
} methods[] = {
    {"initialize", initialize_answer, true},
    {"shutdown", shutdown_answer, true},
    {"textDocument/completion", complete_answer, true},
    {"textDocument/hover", hover_answer, true},
    {"textDocument/formatting", format_answer, true},
    {"textDocument/documentSymbol", symbols_answer, true},
    {"textDocument/foldingRange", folding_answer, true},
    {"textDocument/definition", definition_answer, true},
    {"textDocument/references", references_answer, true},
    {"textDocument/codeAction", actions_answer, true},
    {"textDocument/signatureHelp", signature_answer, true},
    {"initialized", nothing, false},
    {"exit", ended, false},
    {"textDocument/didOpen", did_open, false},
    {"textDocument/didChange", did_change, false},
    {"textDocument/didSave", did_save, false},
    {"textDocument/didClose", did_close, false},
};

static const struct method *method_find(struct str name, bool is_request)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].is_request == is_request && str_eq_z(name, methods[i].name)) return &methods[i];
    return NULL;
}

static void request(struct lsp *lsp, const json_t *id, struct str name, const json_t *params)
{
    assert(!lsp->arena.chunks);
    const struct method *method = method_find(name, true);
    bool is_first = method && method->handler == initialize_answer;
    if (lsp->state == LSP_NEW && !is_first)
        send_error(lsp, id, PROTOCOL_NOT_INITIALIZED, "the first request is initialize");
    else if (lsp->state == LSP_SHUT_DOWN)
        send_error(lsp, id, PROTOCOL_INVALID_REQUEST, "the server was shut down: only exit may follow");
    else if (!method)
        send_error(lsp, id, PROTOCOL_NO_METHOD, "there is no such method");
    else if (is_first && lsp->state != LSP_NEW)
        send_error(lsp, id, PROTOCOL_INVALID_REQUEST, "initialize comes once");
    else {
        lsp->problem = NULL;
        json_t *result = method->handler(lsp, params);
        if (lsp->problem) send_error(lsp, id, lsp->error, lsp->problem);
        else send_result(lsp, id, result);
    }
}

/* Of a notification nothing is ever answered; unknown ones, $/cancelRequest among them, mean nothing. */
static void notification(struct lsp *lsp, struct str name, const json_t *params)
{
    const struct method *method = method_find(name, false);
    if (!method || (lsp->state != LSP_READY && method->handler != ended)) return;
    method->handler(lsp, params);
}

static void message(struct lsp *lsp, const json_t *json)
{
    const json_t *id = json_object_get(json, "id"), *method = json_object_get(json, "method");
    bool is_id = json_is_string(id) || json_is_integer(id);
    bool is_answer = is_id && !method; /* to a request of ours: there are none */
    if (is_answer) return;
    if (!json_is_object(json) || !json_is_string(method) || (id && !is_id))
        send_error(lsp, is_id ? id : NULL, PROTOCOL_INVALID_REQUEST, "this is no request");
    else if (id)
        request(lsp, id, protocol_string(method), json_object_get(json, "params"));
    else
        notification(lsp, protocol_string(method), json_object_get(json, "params"));
}

/* Bounds what a message's tree takes: each value but the first begins behind one of these. */
static bool has_too_many_values(struct str body)
{
    uint32_t count = 0;
    bool is_string = false;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.ptr[i];
        if (is_string && c == '\\') i++;
        else if (c == '"') is_string = !is_string;
        else if (!is_string) count += c == ',' || c == '[' || c == '{';
    }
    return count > LSP_VALUES_MAX;
}

static void body_read(struct lsp *lsp, struct str body)
{
    json_error_t error;
    if (has_too_many_values(body)) {
        send_error(lsp, NULL, PROTOCOL_INVALID_REQUEST, "the message has too many values");
        return;
    }
    json_t *json = json_loadb(body.len ? body.ptr : "", body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!json) {
        send_error(lsp, NULL, PROTOCOL_PARSE, "the message is no JSON");
        return;
    }
    message(lsp, json);
    json_decref(json);
    arena_fini(&lsp->arena);
}

void lsp_feed(struct lsp *lsp, struct str bytes)
{
    struct str body;
    frames_feed(&lsp->frames, bytes);
    while (!lsp->has_ended) {
        switch (frames_next(&lsp->frames, &body)) {
        case FRAME_WANTED: return;
        case FRAME_WHOLE: body_read(lsp, body); break;
        case FRAME_MALFORMED:
            send_error(lsp, NULL, PROTOCOL_PARSE, "a message begins with Content-Length: N");
            break;
        case FRAME_TOO_LONG: send_error(lsp, NULL, PROTOCOL_INVALID_REQUEST, "the message is too long"); break;
        }
    }
}
