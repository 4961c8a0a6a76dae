/* SPDX-License-Identifier: Apache-2.0 */
/* textDocument/codeAction: where a complaint says "did you mean `x`?", x is put in place of the wrong
 * word, which the complaint names last in its first line. */
#include <assert.h>
#include "pipelines/lsp/server.h"

/* What stands between the last two backticks of `text`, or empty. */
static struct str last_quoted(struct str text)
{
    const char *end = text.len ? memrchr(text.ptr, '`', text.len) : NULL;
    if (!end) return (struct str){0};
    size_t close = (size_t)(end - text.ptr);
    const char *start = close ? memrchr(text.ptr, '`', close) : NULL;
    return start ? str_slice(text, (size_t)(start - text.ptr) + 1, close) : (struct str){0};
}

struct fix {
    uint32_t start, end;
    struct str text;
};

static bool find_fix(const struct message *message, const struct source_text *source, struct fix *fix)
{
    if (!str_starts(message->hint, STR("did you mean `")) || message->place.source != source) return false;
    struct str wrong = last_quoted(message->text);
    struct str place = str_slice(source->text, message->place.start, message->place.end);
    ptrdiff_t at = wrong.len ? str_find(place, wrong) : -1;
    if (at < 0) return false;
    assert(at + (ptrdiff_t)wrong.len <= (ptrdiff_t)place.len);
    *fix = (struct fix){.start = message->place.start + (uint32_t)at, .text = last_quoted(message->hint)};
    fix->end = fix->start + (uint32_t)wrong.len;
    return fix->text.len > 0;
}

static json_t *action(struct lsp *lsp, const struct document *document, const struct fix *fix)
{
    json_t *json = json_object(), *edits = json_array(), *changes = json_object();
    struct str title = arena_printf(&lsp->arena, "Write `%.*s`", STR_ARG(fix->text));
    protocol_append(edits, protocol_edit(document, lsp->encoding, fix->start, fix->end, fix->text));
    protocol_set(changes, document->uri, edits);
    protocol_set(json, "title", protocol_text(title));
    protocol_set(json, "kind", json_string("quickfix"));
    protocol_set(json, "isPreferred", json_true());
    protocol_set(json, "edit", json_pack("{s:o}", "changes", changes));
    return json;
}

json_t *actions_answer(struct lsp *lsp, const json_t *params)
{
    const struct document *document = lsp_pipeline(lsp, params);
    uint32_t start, end;
    if (!document) return NULL;
    if (!protocol_read_range(json_object_get(params, "range"), document, lsp->encoding, &start, &end))
        return lsp_refuse(lsp, "range is missing");
    struct analysis analysis;
    json_t *actions = json_array();
    analysis_run(&analysis, document, &lsp->options, &lsp->sound);
    for (uint32_t i = 0; i < analysis.diag.count; i++) {
        const struct message *message = &analysis.diag.messages[i];
        struct fix fix;
        bool is_near = message->place.start <= end && message->place.end >= start;
        if (is_near && find_fix(message, &document->source, &fix))
            protocol_append(actions, action(lsp, document, &fix));
    }
    analysis_fini(&analysis);
    return actions;
}
