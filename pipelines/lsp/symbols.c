/* SPDX-License-Identifier: Apache-2.0 */
/* textDocument/documentSymbol and /foldingRange: the outline of a text, from its scopes. */
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "pipelines/lsp/server.h"

enum { SYMBOL_NAME_MAX = 120 }; /* bytes of a condition shown */

/* The protocol's numbers. */
enum symbol_kind {
    SYMBOL_NAMESPACE = 3, SYMBOL_METHOD = 6, SYMBOL_BOOLEAN = 17, SYMBOL_ARRAY = 18, SYMBOL_OBJECT = 19
};

static int kind_of(const struct scope *scope)
{
    switch (scope->kind) {
    case SCOPE_SECTION: return SYMBOL_NAMESPACE;
    case SCOPE_PLUGIN: return SYMBOL_OBJECT;
    case SCOPE_TEST: return SYMBOL_METHOD;
    case SCOPE_BRANCH: return SYMBOL_BOOLEAN;
    case SCOPE_LOOP: return SYMBOL_ARRAY;
    case SCOPE_CODEC:
    case SCOPE_ARRAY:
    case SCOPE_HASH:
    case SCOPE_CALL: break;
    }
    return 0;
}

/* `if [a] == "b"` on one line; of others the name. */
static struct str name_of(const struct scan *scan, const struct scope *scope)
{
    if (scope->name_end > scope->name) return scope_name(scan, scope);
    struct str head = scan_slice(scan, scope->start, scope->open);
    struct buf name = buf_in_arena(scan->arena);
    for (size_t i = 0; i < head.len; i++) {
        bool is_gap = is_blank(head.ptr[i]);
        bool is_first = !name.len || name.ptr[name.len - 1] == ' ';
        bool is_cut = name.len >= SYMBOL_NAME_MAX && !((unsigned char)head.ptr[i] & 0x80);
        if (is_cut) break;
        if (!is_gap) buf_append_char(&name, head.ptr[i]);
        else if (!is_first) buf_append_char(&name, ' ');
    }
    if (name.len && name.ptr[name.len - 1] == ' ') name.len--;
    return name.len ? buf_str(&name) : STR("{ }");
}

/* Values of the option `id`, by scope: marks, or SCAN_NONE. The caller frees them. */
static uint32_t *ids_of(const struct scan *scan)
{
    uint32_t *ids = xcalloc(scan->scope_count + 1, sizeof *ids);
    for (uint32_t i = 0; i < scan->scope_count; i++) ids[i] = SCAN_NONE;
    for (uint32_t i = 0; i < scan->mark_count; i++) {
        const struct mark *mark = &scan->marks[i];
        if (mark->role != ROLE_VALUE || mark->option == SCAN_NONE || mark->scope == SCAN_NONE) continue;
        if (str_eq_z(mark_text(scan, &scan->marks[mark->option]), "id")) ids[mark->scope] = i;
    }
    return ids;
}

static json_t *symbol(const struct lsp *lsp, const struct document *document, const struct scan *scan,
                      const struct scope *scope, uint32_t id)
{
    json_t *json = json_object();
    uint32_t head = scope->name_end > scope->name ? scope->name_end : scope->open;
    protocol_set(json, "name", protocol_text(name_of(scan, scope)));
    if (id != SCAN_NONE) protocol_set(json, "detail", protocol_text(mark_text(scan, &scan->marks[id])));
    protocol_set(json, "kind", json_integer(kind_of(scope)));
    protocol_set(json, "range", protocol_range(document, lsp->encoding, scope->start, scope->end));
    protocol_set(json, "selectionRange", protocol_range(document, lsp->encoding, scope->start, head));
    protocol_set(json, "children", json_array());
    return json;
}

json_t *symbols_answer(struct lsp *lsp, const json_t *params)
{
    struct scan scan;
    const struct document *document = lsp_scan(lsp, params, &scan);
    if (!document) return NULL;
    json_t *roots = json_array();
    /* lists of children by scope; borrowed from the symbols */
    json_t **children = xcalloc(scan.scope_count + 1, sizeof *children);
    uint32_t *ids = ids_of(&scan);
    for (uint32_t i = 0; i < scan.scope_count; i++) {
        const struct scope *scope = &scan.scopes[i];
        json_t *siblings = scope->parent == SCAN_NONE ? roots : children[scope->parent];
        if (!kind_of(scope) || scope->open == SCAN_NONE || !siblings) continue;
        assert(scope->parent == SCAN_NONE || scope->parent < i);
        json_t *json = symbol(lsp, document, &scan, scope, ids[i]);
        children[i] = json_object_get(json, "children");
        protocol_append(siblings, json);
    }
    free(children);
    free(ids);
    return roots;
}

json_t *folding_answer(struct lsp *lsp, const json_t *params)
{
    struct scan scan;
    const struct document *document = lsp_scan(lsp, params, &scan);
    if (!document) return NULL;
    json_t *folds = json_array();
    uint32_t last = UINT32_MAX;
    for (uint32_t i = 0; i < scan.scope_count; i++) {
        const struct scope *scope = &scan.scopes[i];
        if (scope->open == SCAN_NONE) continue;
        uint32_t first = document_position(document, lsp->encoding, scope->open).line;
        uint32_t end = document_position(document, lsp->encoding, scope->end).line;
        end -= scope->is_closed && end > first; /* the closing sign's line stays to be seen */
        if (end <= first || first == last) continue;
        protocol_append(folds, json_pack("{s:i, s:i}", "startLine", (int)first, "endLine", (int)end));
        last = first;
    }
    return folds;
}
