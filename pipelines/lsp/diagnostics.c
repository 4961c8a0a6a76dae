/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a text, as the editor shows it: the message, the remedy below it, a second place
 * beside it. Logstash's own words for a syntax error are left out: they are for scripts. */
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "pipelines/lsp/server.h"

enum diagnostic_severity { DIAGNOSTIC_ERROR = 1, DIAGNOSTIC_WARNING, DIAGNOSTIC_INFORMATION };

static bool is_for_scripts(struct str note)
{
    return str_starts(note, STR("Expected ")) || str_starts(note, STR("Cannot evaluate"));
}

static json_t *text_json(const struct message *message)
{
    struct buf text = {0};
    buf_append(&text, message->text);
    if (message->hint.len) buf_printf(&text, "\n%.*s", STR_ARG(message->hint));
    if (message->note.len && !is_for_scripts(message->note)) buf_printf(&text, "\n%.*s", STR_ARG(message->note));
    json_t *json = protocol_text(buf_str(&text));
    buf_fini(&text);
    return json;
}

static json_t *diagnostic(const struct lsp *lsp, const struct document *document, struct place place,
                          enum diagnostic_severity severity, json_t *text)
{
    bool is_placed = place.source == &document->source;
    assert(!is_placed || place.end <= document->source.text.len);
    json_t *json = json_object();
    protocol_set(json, "range", protocol_range(document, lsp->encoding, is_placed ? place.start : 0,
                                               is_placed ? place.end : 0));
    protocol_set(json, "severity", json_integer(severity));
    protocol_set(json, "source", json_string("tailrace"));
    protocol_set(json, "message", text);
    return json;
}

static void add_related(const struct lsp *lsp, const struct document *document, const struct message *message,
                        json_t *json)
{
    struct place other = message->other;
    if (!lsp->has_related || other.source != &document->source) return;
    json_t *related = json_object(), *list = json_array();
    protocol_set(related, "location", protocol_location(document, lsp->encoding, other.start, other.end));
    protocol_set(related, "message", protocol_text(message->other_hint));
    protocol_append(list, related);
    protocol_set(json, "relatedInformation", list);
}

static int by_place(const void *left, const void *right)
{
    const struct message *a = *(struct message *const *)left, *b = *(struct message *const *)right;
    if (a->place.start != b->place.start) return a->place.start < b->place.start ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static void add_messages(const struct lsp *lsp, const struct document *document, struct diag *diag, json_t *list)
{
    struct message **sorted = xcalloc(diag->count + 1, sizeof *sorted);
    for (uint32_t i = 0; i < diag->count; i++) sorted[i] = &diag->messages[i];
    qsort(sorted, diag->count, sizeof *sorted, by_place);
    for (uint32_t i = 0; i < diag->count; i++) {
        bool is_error = sorted[i]->severity == SEVERITY_ERROR;
        json_t *json = diagnostic(lsp, document, sorted[i]->place,
                                  is_error ? DIAGNOSTIC_ERROR : DIAGNOSTIC_WARNING, text_json(sorted[i]));
        add_related(lsp, document, sorted[i], json);
        protocol_append(list, json);
    }
    free(sorted);
}

static void add_undefined(struct lsp *lsp, const struct document *document, const struct analysis *analysis,
                          json_t *list)
{
    for (uint32_t i = 0; i < analysis->undefined_count; i++) {
        const struct undefined_name *name = &analysis->undefined[i];
        struct str text = arena_printf(&lsp->arena,
                                       "the variable `%.*s` is not defined on this machine\n"
                                       "set it where this will run, or write ${%.*s:default}",
                                       STR_ARG(name->name), STR_ARG(name->name));
        protocol_append(list, diagnostic(lsp, document, name->place, DIAGNOSTIC_INFORMATION, protocol_text(text)));
    }
}

json_t *diagnostics_json(struct lsp *lsp, const struct document *document)
{
    json_t *list = json_array();
    if (document->is_refused) {
        struct str text = arena_printf(&lsp->arena,
                                       "this text is not checked: it is over %zu KiB, or all open ones are over %d MiB",
                                       document_bytes_max(document) >> 10, DOCUMENTS_BYTES_MAX >> 20);
        protocol_append(list, diagnostic(lsp, document, (struct place){0}, DIAGNOSTIC_WARNING,
                                         protocol_text(text)));
        return list;
    }
    struct analysis analysis;
    analysis_run(&analysis, document, &lsp->options, &lsp->sound);
    add_messages(lsp, document, &analysis.diag, list);
    add_undefined(lsp, document, &analysis, list);
    analysis_fini(&analysis);
    return list;
}
