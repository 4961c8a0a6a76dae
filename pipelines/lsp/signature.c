/* SPDX-License-Identifier: Apache-2.0 */
/* textDocument/signatureHelp: the function whose arguments the cursor stands in. */
#include <assert.h>
#include "dsl/functions.h"
#include "pipelines/lsp/server.h"

/* The innermost call of a function that exists; `*argument`: which of its arguments. */
static const struct function *function_at(const struct scan *scan, uint32_t *argument)
{
    assert(scan->cursor.depth > 0 && scan->cursor.nestings[0].scope == SCAN_NONE);
    for (uint32_t depth = scan->cursor.depth; depth > 1; depth--) {
        const struct nesting *nesting = &scan->cursor.nestings[depth - 1];
        const struct scope *scope = &scan->scopes[nesting->scope];
        if (scope->kind != SCOPE_CALL || scope->name == scope->name_end) continue;
        const struct function *function = function_find(scope_name(scan, scope));
        *argument = nesting->item;
        if (function) return function;
    }
    return NULL;
}

static json_t *signature(const struct lsp *lsp, const struct function *function)
{
    struct buf text = {0};
    json_t *json = json_object(), *parameters = json_array();
    function_print_signature(function, &text);
    for (uint32_t i = 0; i < function_parameter_count(function); i++) {
        /* found in the signature by its text: the colon keeps `text` from being found in another's name */
        struct buf label = {0};
        buf_printf(&label, "%s:", function->parameters[i].name);
        protocol_append(parameters, json_pack("{s:o}", "label", protocol_text(buf_str(&label))));
        buf_fini(&label);
    }
    protocol_set(json, "label", protocol_text(buf_str(&text)));
    protocol_set(json, "documentation", lsp_markup(lsp, str_of(function->help)));
    protocol_set(json, "parameters", parameters);
    buf_fini(&text);
    return json;
}

json_t *signature_answer(struct lsp *lsp, const json_t *params)
{
    struct scan scan;
    uint32_t argument = 0;
    if (!lsp_scan_at(lsp, params, &scan)) return NULL;
    const struct function *function = scan.cursor.is_comment ? NULL : function_at(&scan, &argument);
    if (!function) return NULL;
    return json_pack("{s:[o], s:i, s:i}", "signatures", signature(lsp, function), "activeSignature", 0,
                     "activeParameter", (int)argument);
}
