/* SPDX-License-Identifier: Apache-2.0 */
/* textDocument/definition and /references: of fields, and of names that `let` and `for` give. A field is
 * defined wherever it is set. */
#include "pipelines/lsp/fields.h"
#include "pipelines/lsp/given_names.h"
#include "pipelines/lsp/server.h"

struct search {
    const struct lsp *lsp;
    const struct document *document;
    const struct scan *scan;
    uint32_t offset;
    bool has_definitions, has_uses; /* which are wanted */
    json_t *found;
};

static void add(const struct search *search, uint32_t start, uint32_t end)
{
    protocol_append(search->found, protocol_location(search->document, search->lsp->encoding, start, end));
}

static bool search_field(const struct search *search)
{
    struct fields fields;
    fields_collect(&fields, search->scan, &search->lsp->options);
    const struct field_place *at = fields_at(&fields, search->offset);
    for (uint32_t i = 0; at && i < fields.count; i++) {
        const struct field_place *place = &fields.items[i];
        bool is_wanted = place->use == FIELD_SET ? search->has_definitions : search->has_uses;
        if (is_wanted && str_eq(place->field, at->field)) add(search, place->start, place->end);
    }
    return at != NULL;
}

static void search_name(const struct search *search)
{
    const struct scan *scan = search->scan;
    const struct mark *at = scan_mark_at(scan, search->offset), *given;
    struct given_names names;
    if (!at || !given_name_may_be(at)) return;
    given_names_find(&names, scan, mark_text(scan, at));
    if (!(given = given_names_of(&names, at))) return;
    for (uint32_t i = 0; i < scan->mark_count; i++) {
        const struct mark *mark = &scan->marks[i];
        bool is_wanted = mark->role == ROLE_NAMED ? search->has_definitions : search->has_uses;
        if (is_wanted && given_name_may_be(mark) && str_eq(mark_text(scan, mark), mark_text(scan, at)) &&
            given_names_of(&names, mark) == given)
            add(search, mark->start, mark->end);
    }
}

static json_t *search_run(struct lsp *lsp, const json_t *params, bool has_definitions, bool has_uses)
{
    struct scan scan;
    struct search search = {.lsp = lsp, .document = lsp_scan_at(lsp, params, &scan), .scan = &scan,
                            .has_definitions = has_definitions, .has_uses = has_uses};
    if (!search.document) return NULL;
    search.offset = scan.cursor.offset;
    search.found = json_array();
    if (!search_field(&search)) search_name(&search);
    return search.found;
}

json_t *definition_answer(struct lsp *lsp, const json_t *params) { return search_run(lsp, params, true, false); }

json_t *references_answer(struct lsp *lsp, const json_t *params)
{
    const json_t *context = json_object_get(params, "context");
    return search_run(lsp, params, json_is_true(json_object_get(context, "includeDeclaration")), true);
}
