/* SPDX-License-Identifier: Apache-2.0 */
/* textDocument/hover: what stands under the pointer, from the manual's tables and from the text. */
#include <assert.h>
#include "pipelines/lsp/fields.h"
#include "pipelines/lsp/groks.h"
#include "pipelines/lsp/manual.h"
#include "pipelines/lsp/given_names.h"
#include "pipelines/lsp/server.h"

enum { HOVER_LINES_MAX = 8 }; /* places told of one field and use */

struct hover {
    struct lsp *lsp;
    const struct document *document;
    const struct scan *scan;
    const struct mark *mark;
    uint32_t offset;
    uint32_t start, end; /* what the text is about */
    struct buf text;
};

/* ---- plugins and options ---- */

static void hover_plugin(struct hover *hover)
{
    const struct scan *scan = hover->scan;
    struct described plugin;
    enum plugin_kind kind = KIND_CODEC;
    if (hover->mark->role == ROLE_PLUGIN && hover->mark->scope != SCAN_NONE)
        kind = (enum plugin_kind)scan->scopes[hover->mark->scope].section;
    if (catalogue_find(kind, mark_text(scan, hover->mark), &plugin)) manual_plugin(&plugin, &hover->text);
}

static void hover_test(struct hover *hover)
{
    struct described test;
    if (str_eq_z(mark_text(hover->scan, hover->mark), "test") && catalogue_get(KIND_TEST, 0, &test))
        manual_plugin(&test, &hover->text);
}

static void hover_option(struct hover *hover, const struct mark *mark)
{
    struct described plugin;
    const struct scope *scope = scan_plugin_of(hover->scan, mark->scope);
    if (!scope || !catalogue_find_scope(hover->scan, scope, &plugin)) return;
    const struct option *option = described_option(&plugin, mark_text(hover->scan, mark));
    if (option) manual_option(&plugin, option, &hover->text);
}

/* ---- fields ---- */

/* `set in line 4 (grok), 9 (mutate)` */
static void field_lines(struct hover *hover, const struct fields *fields, struct str field, enum field_use use,
                        const char *word)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field_place *place = &fields->items[i];
        if (place->use != use || !str_eq(place->field, field)) continue;
        if (++count > HOVER_LINES_MAX) continue;
        const struct mark *mark = &hover->scan->marks[place->mark];
        const struct scope *plugin = scan_plugin_of(hover->scan, mark->scope);
        uint32_t line = document_position(hover->document, hover->lsp->encoding, place->start).line + 1;
        if (count == 1) buf_printf(&hover->text, "\n- %s in line %u", word, line);
        else buf_printf(&hover->text, ", %u", line);
        if (plugin) buf_printf(&hover->text, " (%.*s)", STR_ARG(scope_name(hover->scan, plugin)));
    }
    if (count > HOVER_LINES_MAX) buf_printf(&hover->text, " and %u more", count - HOVER_LINES_MAX);
}

static bool hover_field(struct hover *hover)
{
    struct fields fields;
    fields_collect(&fields, hover->scan, &hover->lsp->options);
    const struct field_place *place = fields_at(&fields, hover->offset);
    if (!place) return false;
    hover->start = place->start;
    hover->end = place->end;
    buf_printf(&hover->text, "**%.*s** (field)\n", STR_ARG(place->field));
    field_lines(hover, &fields, place->field, FIELD_SET, "set");
    field_lines(hover, &fields, place->field, FIELD_READ, "read");
    field_lines(hover, &fields, place->field, FIELD_REMOVED, "removed");
    buf_append_char(&hover->text, '\n');
    return true;
}

/* ---- strings ---- */

/* The NAME of `%{NAME:field}`, when the pointer is on it. */
static bool hover_pattern(struct hover *hover)
{
    struct str text = mark_text(hover->scan, hover->mark);
    uint32_t first = hover->mark->start + (hover->mark->kind == MARK_STRING);
    struct placeholder found;
    if (hover->offset < first || hover->offset > first + text.len) return false;
    if (!placeholder_at(text, hover->offset - first, &found)) return false;
    size_t end = found.start;
    while (end < found.end && text.ptr[end] != ':' && text.ptr[end] != '=') end++;
    if (hover->offset - first > end) return false;
    struct grok_library library;
    groks_load(&library, &hover->lsp->options, hover->scan, scan_plugin_of(hover->scan, hover->mark->scope));
    hover->start = first + (uint32_t)found.start;
    hover->end = first + (uint32_t)end;
    return groks_page(&library, str_slice(text, found.start, end), &hover->lsp->arena, &hover->text);
}

static void hover_value(struct hover *hover)
{
    struct meaning meaning = string_meaning(hover->scan, hover->mark);
    if (meaning.is_pattern && hover_pattern(hover)) return;
    if (hover_field(hover)) return;
    if (!meaning.option) return;
    enum option_kind kind = meaning.option->kind;
    struct described codec;
    if (kind == OPTION_IS_CODEC && catalogue_find(KIND_CODEC, mark_text(hover->scan, hover->mark), &codec))
        manual_plugin(&codec, &hover->text);
    else if (kind == OPTION_IS_CHOICE || kind == OPTION_IS_BOOL)
        manual_option(&meaning.plugin, meaning.option, &hover->text);
}

/* ---- words ---- */

/* A name that `let` or `for` gave. */
static void hover_name(struct hover *hover)
{
    struct str name = mark_text(hover->scan, hover->mark);
    struct given_names names;
    if (!given_name_may_be(hover->mark)) return;
    given_names_find(&names, hover->scan, name);
    const struct mark *given = given_names_of(&names, hover->mark);
    if (!given) return;
    uint32_t line = document_position(hover->document, hover->lsp->encoding, given->start).line + 1;
    buf_printf(&hover->text, "**%.*s** (name)\n\n- given in line %u\n", STR_ARG(name), line);
}

static void hover_word(struct hover *hover)
{
    struct str word = mark_text(hover->scan, hover->mark);
    const struct function *function = function_find(word);
    if (hover->mark->role == ROLE_LEVEL) manual_word(STR("level"), &hover->text);
    else if (hover->mark->role == ROLE_FUNCTION && function) manual_function(function, &hover->text);
    else if (hover->mark->role == ROLE_NAMED || !manual_word(word, &hover->text)) hover_name(hover);
}

static void hover_mark(struct hover *hover)
{
    switch (hover->mark->role) {
    case ROLE_PLUGIN:
    case ROLE_CODEC: hover_plugin(hover); break;
    case ROLE_OPTION: hover_option(hover, hover->mark); break;
    case ROLE_VALUE:
    case ROLE_KEY: hover_value(hover); break;
    case ROLE_TARGET:
    case ROLE_REMOVED: hover_field(hover); break;
    case ROLE_KEYWORD:
    case ROLE_OPERAND:
    case ROLE_FUNCTION:
    case ROLE_LEVEL:
    case ROLE_NAMED:
        if (hover->mark->kind == MARK_REFERENCE) hover_field(hover);
        else if (hover->mark->kind == MARK_WORD) hover_word(hover);
        break;
    case ROLE_SECTION: hover_test(hover); break;
    case ROLE_UNKNOWN: break;
    }
}

json_t *hover_answer(struct lsp *lsp, const json_t *params)
{
    struct scan scan;
    struct hover hover = {.lsp = lsp, .document = lsp_scan_at(lsp, params, &scan), .scan = &scan};
    if (!hover.document) return NULL;
    hover.offset = scan.cursor.offset;
    hover.mark = scan_mark_at(&scan, hover.offset);
    if (!hover.mark) return NULL;
    assert(hover.offset >= hover.mark->start && hover.offset <= hover.mark->end);
    hover.start = hover.mark->start;
    hover.end = hover.mark->end;
    hover_mark(&hover);
    json_t *json = NULL;
    if (hover.text.len) {
        json = json_object();
        protocol_set(json, "contents", lsp_markup(lsp, buf_str(&hover.text)));
        protocol_set(json, "range", protocol_range(hover.document, lsp->encoding, hover.start, hover.end));
    }
    buf_fini(&hover.text);
    return json;
}
