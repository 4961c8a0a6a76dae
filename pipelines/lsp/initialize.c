/* SPDX-License-Identifier: Apache-2.0 */
/* initialize: what the editor understands and wishes, what the server does. */
#include <assert.h>
#include "pipelines/lsp/server.h"

static bool has_text(const json_t *array, const char *wanted)
{
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) if (str_eq_z(protocol_string(item), wanted)) return true;
    return false;
}

/* `{"pipeline.ecs_compatibility": "v8", "config.support_escapes": true}`, as the settings are called. */
static void read_options(struct lsp *lsp, const json_t *options)
{
    struct str ecs = protocol_string(json_object_get(options, "pipeline.ecs_compatibility"));
    lsp->options.ecs = str_eq_z(ecs, "disabled") ? ECS_DISABLED : str_eq_z(ecs, "v1") ? ECS_V1 : ECS_V8;
    lsp->options.has_escapes = json_is_true(json_object_get(options, "config.support_escapes"));
}

static void read_client(struct lsp *lsp, const json_t *params)
{
    const json_t *client = json_object_get(params, "capabilities");
    const json_t *text = json_object_get(client, "textDocument");
    const json_t *encodings = json_object_get(json_object_get(client, "general"), "positionEncodings");
    lsp->encoding = has_text(encodings, "utf-8") ? ENCODING_UTF8 : ENCODING_UTF16;
    const json_t *item = json_object_get(json_object_get(text, "completion"), "completionItem");
    lsp->has_snippets = json_is_true(json_object_get(item, "snippetSupport"));
    lsp->has_markdown = has_text(json_object_get(json_object_get(text, "hover"), "contentFormat"), "markdown");
    const json_t *told = json_object_get(text, "publishDiagnostics");
    lsp->has_related = json_is_true(json_object_get(told, "relatedInformation"));
    read_options(lsp, json_object_get(params, "initializationOptions"));
}

static json_t *capabilities(const struct lsp *lsp)
{
    enum { SYNC_INCREMENTAL = 2 };
    json_t *sync = json_pack("{s:b, s:i, s:b}", "openClose", 1, "change", SYNC_INCREMENTAL, "save", 1);
    json_t *json = json_pack("{s:s, s:o, s:b, s:b, s:b, s:b, s:b, s:b}", "positionEncoding",
                             lsp->encoding == ENCODING_UTF8 ? "utf-8" : "utf-16", "textDocumentSync", sync,
                             "hoverProvider", 1, "documentFormattingProvider", 1, "documentSymbolProvider", 1,
                             "foldingRangeProvider", 1, "definitionProvider", 1, "referencesProvider", 1);
    assert(json);
    protocol_set(json, "completionProvider",
                 json_pack("{s:[s,s,s,s,s]}", "triggerCharacters", "%", "{", "[", "\"", "'"));
    protocol_set(json, "signatureHelpProvider", json_pack("{s:[s,s]}", "triggerCharacters", "(", ","));
    protocol_set(json, "codeActionProvider", json_pack("{s:[s]}", "codeActionKinds", "quickfix"));
    return json;
}

json_t *initialize_answer(struct lsp *lsp, const json_t *params)
{
    read_client(lsp, params);
    lsp->state = LSP_READY;
    return json_pack("{s:o, s:{s:s, s:s}}", "capabilities", capabilities(lsp), "serverInfo", "name", "tailrace",
                     "version", TAILRACE_VERSION);
}
