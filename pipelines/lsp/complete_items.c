/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/complete.h"
#include <assert.h>
#include "dsl/lexer.h"
#include "pipelines/lsp/manual.h"

void item_add(struct completion *completion, const struct item *item)
{
    enum { FORMAT_SNIPPET = 2 };
    assert(completion->start <= completion->offset && item->label.len > 0);
    if (completion->count++ >= COMPLETIONS_MAX) return;
    const struct lsp *lsp = completion->lsp;
    bool is_snippet = lsp->has_snippets && item->snippet.len;
    struct str text = is_snippet ? item->snippet : item->text.len ? item->text : item->label;
    json_t *json = json_object();
    protocol_set(json, "label", protocol_text(item->label));
    protocol_set(json, "kind", json_integer(item->kind));
    if (item->detail.len) protocol_set(json, "detail", protocol_text(item->detail));
    if (item->help.len) protocol_set(json, "documentation", lsp_markup(lsp, item->help));
    if (is_snippet) protocol_set(json, "insertTextFormat", json_integer(FORMAT_SNIPPET));
    protocol_set(json, "textEdit", protocol_edit(completion->document, lsp->encoding, completion->start,
                                                 completion->offset, text));
    protocol_append(completion->items, json);
}

/* ---- snippets ---- */

struct snippet {
    struct buf text;
    uint32_t stops; /* places to fill in so far */
};

/* `$` and `\` mean something in a snippet, `}` and more within a choice. */
static void append_choices(struct snippet *snippet, const char *const *choices)
{
    bool is_first = true;
    assert(choices && *choices);
    buf_printf(&snippet->text, "${%u|", ++snippet->stops);
    for (; *choices; choices++) {
        if (!**choices) continue;
        struct lexer lexer;
        struct source_text source = {.text = str_of(*choices)};
        struct token token;
        lexer_init(&lexer, &source);
        bool is_bare = lexer_take(&lexer, TOKEN_BAREWORD, &token) && lexer_is_end(&lexer);
        buf_printf(&snippet->text, "%s%s%s%s", is_first ? "" : ",", is_bare ? "" : "\"", *choices, is_bare ? "" : "\"");
        is_first = false;
    }
    buf_append_z(&snippet->text, "|}");
}

static void append_codecs(struct snippet *snippet, enum plugin_kind owner)
{
    struct described codec;
    bool is_first = true;
    buf_printf(&snippet->text, "${%u|", ++snippet->stops);
    for (size_t i = 0; catalogue_get(KIND_CODEC, i, &codec); i++) {
        if (owner == KIND_OUTPUT ? !codec.can_encode : !codec.can_decode) continue;
        buf_printf(&snippet->text, "%s%s", is_first ? "" : ",", codec.name);
        is_first = false;
    }
    buf_append_z(&snippet->text, "|}");
}

static void append_value(struct snippet *snippet, enum plugin_kind owner, const struct option *option)
{
    static const char *const truths[] = {"true", "false", NULL};
    switch (option->kind) {
    case OPTION_IS_BOOL: append_choices(snippet, truths); break;
    case OPTION_IS_CHOICE: append_choices(snippet, option->choices); break;
    case OPTION_IS_CODEC: append_codecs(snippet, owner); break;
    case OPTION_IS_INT:
    case OPTION_IS_DOUBLE:
    case OPTION_IS_RAW: buf_printf(&snippet->text, "$%u", ++snippet->stops); break;
    case OPTION_IS_STRINGS:
    case OPTION_IS_PATHS:
    case OPTION_IS_TEMPLATES: buf_printf(&snippet->text, "[\"$%u\"]", ++snippet->stops); break;
    case OPTION_IS_PAIRS:
    case OPTION_IS_TEMPLATE_PAIRS:
        buf_printf(&snippet->text, "{ \"$%u\" => \"$%u\" }", snippet->stops + 1, snippet->stops + 2);
        snippet->stops += 2;
        break;
    case OPTION_IS_STRING:
    case OPTION_IS_SECRET:
    case OPTION_IS_DURATION:
    case OPTION_IS_SIZE:
    case OPTION_IS_PATH:
    case OPTION_IS_TEMPLATE: buf_printf(&snippet->text, "\"$%u\"", ++snippet->stops); break;
    case OPTION_IS_GROUP: break;
    }
}

static void append_required(struct snippet *snippet, enum plugin_kind owner, const struct option *table)
{
    for (const struct option *option = table; option && option->name; option++) {
        if (option->kind == OPTION_IS_GROUP) append_required(snippet, owner, option->group);
        if (!option->required || option->alias_of) continue;
        buf_printf(&snippet->text, "\n\t%s => ", option->name);
        append_value(snippet, owner, option);
    }
}

void item_plugin(struct completion *completion, const struct described *plugin)
{
    struct snippet snippet = {.text = buf_in_arena(&completion->lsp->arena)};
    buf_printf(&snippet.text, "%s {", plugin->name);
    append_required(&snippet, plugin->kind, plugin->own);
    if (snippet.stops == 0) buf_append_z(&snippet.text, "\n\t$0");
    buf_append_z(&snippet.text, "\n}");
    item_add(completion, &(struct item){.kind = ITEM_MODULE, .label = str_of(plugin->name),
                                        .detail = str_of(plugin->summary), .snippet = buf_str(&snippet.text)});
}

void item_option(struct completion *completion, const struct described *plugin, const struct option *option)
{
    struct arena *arena = &completion->lsp->arena;
    struct snippet snippet = {.text = buf_in_arena(arena)};
    struct buf type = buf_in_arena(arena), help = buf_in_arena(arena);
    buf_printf(&snippet.text, "%s => ", option->name);
    append_value(&snippet, plugin->kind, option);
    manual_type(option, &type);
    manual_option(plugin, option, &help);
    item_add(completion, &(struct item){.kind = ITEM_PROPERTY, .label = str_of(option->name),
                                        .detail = buf_str(&type), .help = buf_str(&help),
                                        .text = arena_printf(arena, "%s => ", option->name),
                                        .snippet = buf_str(&snippet.text)});
}

void item_value(struct completion *completion, struct str value, bool is_quoted, const char *detail)
{
    struct source_text source = {.text = value};
    struct lexer lexer;
    struct token token;
    if (!value.len) return;
    lexer_init(&lexer, &source);
    bool is_bare = lexer_take(&lexer, TOKEN_BAREWORD, &token) && lexer_is_end(&lexer);
    struct str text = value;
    if (!is_bare && !is_quoted) text = arena_printf(&completion->lsp->arena, "\"%.*s\"", STR_ARG(value));
    item_add(completion, &(struct item){.kind = ITEM_VALUE, .label = value, .detail = str_of(detail), .text = text});
}
