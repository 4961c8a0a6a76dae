/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/groks.h"
#include <assert.h>
#include "core/text/utf8.h"

/* Is this the expression of a pair of the filter's pattern_definitions? */
static bool is_definition(const struct scan *scan, const struct mark *mark, const struct scope *plugin)
{
    bool is_pair = mark->role == ROLE_VALUE && mark->key != SCAN_NONE && mark->option != SCAN_NONE;
    return is_pair && str_eq_z(mark_text(scan, &scan->marks[mark->option]), "pattern_definitions") &&
           scan_plugin_of(scan, mark->scope) == plugin;
}

bool groks_has_own(const struct scan *scan, const struct scope *plugin)
{
    assert(plugin);
    if (str_find(scan->text, STR("pattern_definitions")) < 0) return false; /* nearly always */
    for (uint32_t i = 0; i < scan->mark_count; i++)
        if (is_definition(scan, &scan->marks[i], plugin)) return true;
    return false;
}

void groks_load(struct grok_library *library, const struct analysis_options *options, const struct scan *scan,
                const struct scope *plugin)
{
    grok_library_init(library, options->ecs != ECS_DISABLED, scan->arena);
    for (uint32_t i = 0; plugin && i < scan->mark_count; i++) {
        const struct mark *mark = &scan->marks[i];
        if (is_definition(scan, mark, plugin))
            grok_library_define(library, mark_text(scan, &scan->marks[mark->key]), mark_text(scan, mark));
    }
}

static void code(struct str text, struct buf *out)
{
    bool is_cut = text.len > GROK_SHOWN_MAX;
    if (is_cut) text.len = utf8_valid_len(str_slice(text, 0, GROK_SHOWN_MAX));
    buf_printf(out, "```\n%.*s%s\n```\n", STR_ARG(text), is_cut ? "…" : "");
}

static void captures(const struct grok *grok, struct buf *out)
{
    static const char *const types[] = {[GROK_STRING] = "", [GROK_INT] = " (int)", [GROK_FLOAT] = " (float)"};
    if (!grok->capture_count) return;
    buf_append_z(out, "\nSets: ");
    for (uint32_t i = 0; i < grok->capture_count; i++) {
        if (grok_capture_is_repeated(grok, i)) continue;
        buf_printf(out, "%s`%.*s`%s", i ? ", " : "", STR_ARG(grok->captures[i].path.text),
                   types[grok->captures[i].type]);
    }
    buf_append_char(out, '\n');
}

bool groks_page(const struct grok_library *library, struct str name, struct arena *arena, struct buf *out)
{
    struct str definition;
    if (!grok_library_find(library, name, &definition)) return false;
    struct str pattern = arena_printf(arena, "%%{%.*s}", STR_ARG(name));
    struct grok_problem problem;
    struct buf expansion = {0};
    struct str meaning = grok_library_meaning(library, name);
    buf_printf(out, "**%.*s** (grok pattern)\n\n", STR_ARG(name));
    if (meaning.len) buf_printf(out, "%.*s\n\n", STR_ARG(meaning));
    code(definition, out);
    bool is_expanded = grok_expand(library, definition, true, &expansion, NULL, NULL, &problem);
    if (is_expanded && !str_eq(buf_str(&expansion), definition)) {
        buf_append_z(out, "\nas an expression:\n\n");
        code(buf_str(&expansion), out);
    }
    buf_fini(&expansion);
    struct grok *grok = grok_compile(library, pattern, &(struct grok_options){.named_only = true}, arena, &problem);
    if (grok) captures(grok, out);
    else buf_printf(out, "\nIt is refused: %s.\n", problem.text);
    grok_destroy(grok);
    return true;
}
