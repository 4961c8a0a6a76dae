/* SPDX-License-Identifier: Apache-2.0 */
/* textDocument/completion. The cursor's scope and state (pipelines/lsp/scan.h) say what can be read there;
 * everything of that kind is offered, and the editor chooses by what was typed. */
#include "pipelines/lsp/complete.h"
#include <assert.h>
#include <stdlib.h>
#include "core/text/level.h"
#include "core/xmalloc.h"
#include "dsl/functions.h"
#include "pipelines/lsp/fields.h"
#include "pipelines/lsp/groks.h"
#include "pipelines/lsp/given_names.h"

static void add_word(struct completion *completion, enum item_kind kind, const char *word, const char *detail)
{
    item_add(completion, &(struct item){.kind = kind, .label = str_of(word), .detail = str_of(detail)});
}

static void add_snippet(struct completion *completion, const char *word, const char *detail, const char *snippet)
{
    item_add(completion, &(struct item){.kind = ITEM_KEYWORD, .label = str_of(word), .detail = str_of(detail),
                                        .snippet = str_of(snippet)});
}

/* ---- fields ---- */

static int by_text(const void *left, const void *right)
{
    return str_cmp(*(const struct str *)left, *(const struct str *)right);
}

/* As it stands in strings: a field without others above it needs no brackets. */
static struct str bare(struct str field)
{
    assert(field.len > 2 && field.ptr[0] == '[');
    bool is_single = !memchr(field.ptr + 1, '[', field.len - 1);
    return is_single ? str_slice(field, 1, field.len - 1) : field;
}

/* Fields of the text, and those that events have anyhow. `close`: behind each, or "". */
static void add_fields(struct completion *completion, bool is_bare, const char *close)
{
    static const char *const usual[] = {"[@timestamp]", "[@version]", "[@metadata]", "[message]",
                                        "[tags]", "[host]", "[type]", "[event][original]"};
    enum { USUAL = sizeof usual / sizeof *usual };
    struct fields fields;
    fields_collect(&fields, completion->scan, &completion->lsp->options);
    struct str *names = xcalloc(fields.count + USUAL, sizeof *names);
    uint32_t count = 0;
    for (size_t i = 0; i < USUAL; i++) names[count++] = str_of(usual[i]);
    for (uint32_t i = 0; i < fields.count; i++) { /* but not the one that is being written */
        const struct field_place *place = &fields.items[i];
        if (completion->offset < place->start || completion->offset > place->end) names[count++] = place->field;
    }
    qsort(names, count, sizeof *names, by_text);
    for (uint32_t i = 0; i < count; i++) {
        if (i && str_eq(names[i], names[i - 1])) continue;
        struct str label = is_bare ? bare(names[i]) : names[i];
        struct str text = arena_printf(&completion->lsp->arena, "%.*s%s", STR_ARG(label), close);
        item_add(completion, &(struct item){.kind = ITEM_FIELD, .label = label, .text = text});
    }
    free(names);
}

/* ---- sections and statements ---- */

static void complete_section(struct completion *completion)
{
    add_snippet(completion, "input", "where events come from", "input {\n\t$0\n}");
    add_snippet(completion, "filter", "what is done with them", "filter {\n\t$0\n}");
    add_snippet(completion, "output", "where they go", "output {\n\t$0\n}");
    add_snippet(completion, "test", "a test of these",
                "test \"$1\" {\n\tinput => { \"message\" => \"$2\" }\n\texpect => { $0 }\n}");
}

/* Loops hold no plugins. */
static bool is_in_loop(const struct scan *scan, uint32_t scope)
{
    while (scope != SCAN_NONE && scan->scopes[scope].kind != SCOPE_LOOP) scope = scan->scopes[scope].parent;
    return scope != SCAN_NONE;
}

static void complete_statement(struct completion *completion, const struct nesting *nesting)
{
    const struct scan *scan = completion->scan;
    if (nesting->scope == SCAN_NONE) return;
    enum section_kind section = scan->scopes[nesting->scope].section;
    bool is_loop = is_in_loop(scan, nesting->scope);
    struct described plugin;
    for (size_t i = 0; !is_loop && catalogue_get((enum plugin_kind)section, i, &plugin); i++)
        item_plugin(completion, &plugin);
    if (section == SECTION_INPUT) return;
    add_snippet(completion, "if", "a branch", "if ${1:[field]} {\n\t$0\n}");
    add_snippet(completion, "else", "the other branch", "else {\n\t$0\n}");
    add_snippet(completion, "else if", "another branch", "else if ${1:[field]} {\n\t$0\n}");
    if (section != SECTION_FILTER) return;
    add_snippet(completion, "let", "names a value", "let ${1:name} = $0");
    add_snippet(completion, "for", "a loop", "for ${1:item} in ${2:[list]} {\n\t$0\n}");
    add_snippet(completion, "remove", "removes fields", "remove ${1:[field]}");
    if (is_loop) add_word(completion, ITEM_KEYWORD, "break", "ends the loop");
    if (is_loop) add_word(completion, ITEM_KEYWORD, "continue", "goes on with the next item");
    add_fields(completion, false, " = ");
}

/* ---- options and values ---- */

static bool is_given(const struct completion *completion, uint32_t scope, const char *name)
{
    const struct scan *scan = completion->scan;
    for (uint32_t i = 0; i < scan->mark_count; i++) {
        const struct mark *mark = &scan->marks[i];
        bool is_own = i == scan->cursor.mark; /* the word that is being written */
        if (mark->role == ROLE_OPTION && mark->scope == scope && !is_own && str_eq_z(mark_text(scan, mark), name))
            return true;
    }
    return false;
}

static void add_options(struct completion *completion, const struct described *plugin, uint32_t scope,
                        const struct option *table)
{
    for (const struct option *option = table; option && option->name; option++) {
        if (option->kind == OPTION_IS_GROUP) add_options(completion, plugin, scope, option->group);
        else if (!option->alias_of && !option->obsolete && !option->is_ignored &&
                 !is_given(completion, scope, option->name))
            item_option(completion, plugin, option);
    }
}

static void complete_option(struct completion *completion, const struct nesting *nesting)
{
    const struct scan *scan = completion->scan;
    const struct scope *scope = scan_plugin_of(scan, nesting->scope);
    struct described plugin;
    if (!scope || !catalogue_find_scope(scan, scope, &plugin)) return;
    add_options(completion, &plugin, nesting->scope, plugin.own);
    add_options(completion, &plugin, nesting->scope, plugin.common);
}

static void add_codecs(struct completion *completion, enum plugin_kind owner, bool is_quoted)
{
    struct described codec;
    for (size_t i = 0; catalogue_get(KIND_CODEC, i, &codec); i++)
        if (owner == KIND_OUTPUT ? codec.can_encode : codec.can_decode)
            item_value(completion, str_of(codec.name), is_quoted, codec.summary);
}

static void complete_words(struct completion *completion, const struct meaning *meaning, bool is_quoted)
{
    switch (meaning->option->kind) {
    case OPTION_IS_BOOL:
        item_value(completion, STR("true"), is_quoted, "");
        item_value(completion, STR("false"), is_quoted, "");
        break;
    case OPTION_IS_CHOICE:
        for (const char *const *choice = meaning->option->choices; *choice; choice++)
            item_value(completion, str_of(*choice), is_quoted, "");
        break;
    case OPTION_IS_CODEC: add_codecs(completion, meaning->plugin.kind, is_quoted); break;
    default: break;
    }
}

static void complete_value(struct completion *completion, const struct nesting *nesting)
{
    struct meaning meaning = value_meaning(completion->scan, nesting->scope, nesting->option,
                                           nesting->state == STATE_KEY, nesting->item);
    if (meaning.option && nesting->state == STATE_VALUE) complete_words(completion, &meaning, false);
}

/* ---- strings ---- */

static void add_patterns(struct completion *completion, const char *open, const char *close)
{
    enum { DETAIL_MAX = 80 };
    const struct scan *scan = completion->scan;
    struct grok_library library;
    groks_load(&library, &completion->lsp->options, scan, scan_plugin_of(scan, cursor_nesting(&scan->cursor)->scope));
    struct str name, detail;
    for (uint32_t at = 0; grok_library_next(&library, &at, &name, &detail);) {
        if (grok_name_is_hidden(name)) continue;
        if (detail.len > DETAIL_MAX) detail.len = DETAIL_MAX;
        struct str text = arena_printf(&completion->lsp->arena, "%s%.*s%s", open, STR_ARG(name), close);
        item_add(completion, &(struct item){.kind = ITEM_ENUM, .label = name, .detail = detail, .text = text});
    }
}

/* Within `%{…}` of a grok expression: the name, the field, the type. */
static void complete_capture(struct completion *completion, struct str text, const struct placeholder *found,
                             uint32_t first)
{
    const char *close = found->is_closed ? "" : "}";
    uint32_t colons = 0;
    for (size_t i = found->start; i < completion->offset - first; i++) {
        if (text.ptr[i] != ':') continue;
        colons++;
        completion->start = first + (uint32_t)i + 1;
    }
    if (colons == 0) add_patterns(completion, "", close);
    else if (colons == 1) add_fields(completion, true, close);
    else {
        add_word(completion, ITEM_VALUE, "int", "a whole number");
        add_word(completion, ITEM_VALUE, "float", "a number");
    }
}

static void complete_string(struct completion *completion, const struct mark *mark)
{
    struct str text = mark_text(completion->scan, mark);
    uint32_t first = mark->start + 1, at = completion->offset - first;
    assert(completion->offset >= first);
    struct meaning meaning = string_meaning(completion->scan, mark);
    struct placeholder found;
    if (at > text.len) at = (uint32_t)text.len;
    completion->start = first;
    if (!meaning.option) return;
    if ((meaning.is_pattern || meaning.has_fields) && placeholder_at(text, at, &found)) {
        completion->start = first + (uint32_t)found.start;
        if (meaning.is_pattern) complete_capture(completion, text, &found, first);
        else add_fields(completion, true, found.is_closed ? "" : "}");
    } else if (meaning.is_field) {
        add_fields(completion, true, "");
    } else if (meaning.is_pattern) { /* `%` may have been typed */
        completion->start = completion->offset - (at > 0 && text.ptr[at - 1] == '%');
        add_patterns(completion, "%{", "}");
    } else {
        complete_words(completion, &meaning, true);
    }
}

/* ---- conditions and expressions ---- */

static void add_functions(struct completion *completion)
{
    struct arena *arena = &completion->lsp->arena;
    for (const struct function *const *table = function_tables; *table; table++)
        for (const struct function *function = *table; function->name; function++) {
            struct buf signature = buf_in_arena(arena);
            function_print_signature(function, &signature);
            item_add(completion, &(struct item){.kind = ITEM_FUNCTION, .label = str_of(function->name),
                                                .detail = buf_str(&signature), .help = str_of(function->help),
                                                .text = arena_printf(arena, "%s(", function->name),
                                                .snippet = arena_printf(arena, "%s($0)", function->name)});
        }
}

/* Names that `let` and `for` gave and that are known at the cursor. */
static void add_names(struct completion *completion)
{
    const struct scan *scan = completion->scan;
    uint32_t scope = cursor_nesting(&scan->cursor)->scope;
    for (uint32_t i = 0; i < scan->mark_count && scan->marks[i].end < completion->start; i++) {
        const struct mark *mark = &scan->marks[i];
        if (mark->role == ROLE_NAMED && given_name_is_known(scan, mark, scope, completion->start))
            item_add(completion, &(struct item){.kind = ITEM_VARIABLE, .label = mark_text(scan, mark)});
    }
}

static void add_levels(struct completion *completion)
{
    for (int level = LEVEL_TRACE; level <= LEVEL_FATAL; level++)
        add_word(completion, ITEM_ENUM, level_name((enum level)level), "level");
}

static void add_operators(struct completion *completion)
{
    static const char *const operators[] = {"and", "or", "in", "not in", "==", "!=", "<", "<=", ">", ">=", "=~", "!~"};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        add_word(completion, ITEM_OPERATOR, operators[i], "");
}

static void complete_operand(struct completion *completion, const struct nesting *nesting)
{
    if (nesting->wants_level) {
        add_levels(completion);
        return;
    }
    if (nesting->has_operand) {
        add_operators(completion);
        if (nesting->state == STATE_EXPRESSION && nesting->head == SCAN_NONE) complete_statement(completion, nesting);
        return;
    }
    add_fields(completion, false, "");
    add_names(completion);
    add_word(completion, ITEM_KEYWORD, "level", "the event's log level");
    add_functions(completion);
    add_word(completion, ITEM_KEYWORD, "true", "");
    add_word(completion, ITEM_KEYWORD, "false", "");
    add_word(completion, ITEM_KEYWORD, "null", "");
}

/* ---- the cursor ---- */

static void complete_state(struct completion *completion, const struct nesting *nesting)
{
    switch (nesting->state) {
    case STATE_SECTION: complete_section(completion); break;
    case STATE_STATEMENT: complete_statement(completion, nesting); break;
    case STATE_REMOVED: add_fields(completion, false, ""); break;
    case STATE_CONDITION:
    case STATE_EXPRESSION: complete_operand(completion, nesting); break;
    case STATE_OPTION: complete_option(completion, nesting); break;
    case STATE_VALUE:
    case STATE_KEY: complete_value(completion, nesting); break;
    case STATE_BRACE:
    case STATE_NAMED:
    case STATE_ASSIGN:
    case STATE_ARROW: break;
    }
}

static void complete(struct completion *completion)
{
    const struct cursor *cursor = &completion->scan->cursor;
    const struct mark *mark = cursor->mark == SCAN_NONE ? NULL : &completion->scan->marks[cursor->mark];
    if (cursor->is_comment || (mark && mark->kind == MARK_PATTERN)) return;
    if (mark) completion->start = mark->start;
    if (mark && mark->kind == MARK_STRING) complete_string(completion, mark);
    else if (mark && mark->kind == MARK_REFERENCE)
        add_fields(completion, false, mark->role == ROLE_TARGET ? " = " : "");
    else complete_state(completion, cursor_nesting(cursor));
}

json_t *complete_answer(struct lsp *lsp, const json_t *params)
{
    struct scan scan;
    struct completion completion = {.lsp = lsp, .document = lsp_scan_at(lsp, params, &scan), .scan = &scan};
    if (!completion.document) return NULL;
    completion.start = completion.offset = scan.cursor.offset;
    completion.items = json_array();
    complete(&completion);
    json_t *json = json_object();
    protocol_set(json, "isIncomplete", json_boolean(completion.count > COMPLETIONS_MAX));
    protocol_set(json, "items", completion.items);
    return json;
}
