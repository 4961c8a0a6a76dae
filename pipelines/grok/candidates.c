/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/grok/candidates.h"
#include "core/text/utf8.h"
#include "filters/grok.h"
#include "pipelines/grok/sample.h"
#include "pipelines/pipeline.h"

enum { HEAD_SHOWN = 24, TAIL_SHOWN = 80 }; /* bytes of a long pattern */

static bool files_read(struct candidates *to, const struct str_list *files, struct diag *diag)
{
    bool ok = true;
    for (uint32_t i = 0; i < files->count; i++) {
        struct str text;
        if (sample_read(files->items[i], &text, to->arena, diag))
            grok_library_read(&to->library, text);
        else
            ok = false;
    }
    return ok;
}

bool candidates_of_pattern(struct candidates *to, struct str pattern, const struct str_list *files,
                           bool is_ecs, struct arena *arena, struct diag *diag)
{
    *to = (struct candidates){.arena = arena, .is_ecs = is_ecs};
    grok_library_init(&to->library, is_ecs, arena);
    if (!files_read(to, files, diag)) return false;
    struct source_text *source = arena_zalloc(arena, sizeof *source);
    *source = (struct source_text){STR("pattern"), pattern};
    struct place place = {source, 0, (uint32_t)pattern.len};
    struct grok_problem problem;
    struct grok *grok = grok_compile(&to->library, pattern,
                                     &(struct grok_options){.named_only = true}, arena, &problem);
    if (!grok) {
        place.start = (uint32_t)problem.offset;
        struct message *message = diag_error(diag, place, "%s", problem.text);
        if (problem.hint[0]) diag_hint(diag, message, "%s", problem.hint);
        return false;
    }
    to->items = arena_zalloc(arena, sizeof *to->items);
    to->items[to->count++] =
        (struct candidate){.grok = grok, .library = &to->library, .field = STR("message")};
    return true;
}

static void filter_add(struct candidates *to, const struct filter *filter)
{
    struct grok *const *groks;
    uint32_t count = grok_filter_patterns(filter->self, &groks);
    for (uint32_t i = 0; i < count; i++)
        to->items[to->count++] =
            (struct candidate){.grok = groks[i],
                               .library = grok_filter_library(filter->self),
                               .field = grok_filter_field(filter->self, i)->text,
                               .place = grok_filter_place(filter->self, i)};
}

static bool is_grok(const struct filter *filter) { return strcmp(filter->type->name, "grok") == 0; }

bool candidates_of_config(struct candidates *to, struct str path, const struct settings *settings,
                          const struct environment *environment, struct arena *arena,
                          struct diag *diag)
{
    static const struct sandbox_input by_hand;
    struct settings own = *settings;
    struct config config = {0};
    *to = (struct candidates){.arena = arena, .is_ecs = settings_ecs(settings) != ECS_DISABLED};
    own.path_config = (struct str_list){&path, 1};
    own.config_string = (struct str){0};
    bool ok = pipeline_read(&own, arena, &config, diag);
    struct sandbox_options options = {
        .settings = &own, .environment = environment, .inputs = &by_hand, .input_count = 1};
    to->sandbox = sandbox_create(&config, &options, arena, diag);
    if (!ok || !to->sandbox) return false;
    const struct program *program = sandbox_program(to->sandbox);
    struct grok *const *groks;
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->filter_count; i++)
        if (is_grok(program->filters[i]))
            count += grok_filter_patterns(program->filters[i]->self, &groks);
    to->items = arena_zalloc(arena, (count + 1) * sizeof *to->items);
    for (uint32_t i = 0; i < program->filter_count; i++)
        if (is_grok(program->filters[i])) filter_add(to, program->filters[i]);
    if (!to->count)
        diag_error(diag, (struct place){0}, "%.*s has no grok filter with patterns", STR_ARG(path));
    return to->count > 0;
}

void candidates_end(struct candidates *candidates)
{
    for (uint32_t i = 0; i < candidates->count; i++)
        grok_explainer_destroy(candidates->items[i].explainer);
    if (!candidates->sandbox)
        for (uint32_t i = 0; i < candidates->count; i++) grok_destroy(candidates->items[i].grok);
    sandbox_destroy(candidates->sandbox);
    *candidates = (struct candidates){.count = 0};
}

void candidate_name(const struct candidate *candidate, struct buf *out)
{
    if (!candidate->place.source) {
        buf_append_z(out, "the pattern");
        return;
    }
    struct line_column at = place_line(candidate->place);
    buf_printf(out, "%.*s:%u:%u", STR_ARG(candidate->place.source->name), at.line, at.column);
}

void candidate_text(const struct candidate *candidate, struct buf *out)
{
    struct str text = candidate->grok->pattern;
    if (text.len <= HEAD_SHOWN + TAIL_SHOWN) {
        buf_append(out, text);
        return;
    }
    size_t tail = text.len - TAIL_SHOWN;
    while (tail < text.len && (text.ptr[tail] & 0xC0) == 0x80)
        tail++; /* where a character begins */
    buf_append(out, str_slice(text, 0, utf8_valid_len(str_slice(text, 0, HEAD_SHOWN))));
    buf_append_z(out, "…");
    buf_append(out, str_from(text, tail));
}
