/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/analysis.h"
#include <assert.h>
#include "dsl/checker.h"
#include "dsl/compiler.h"
#include "dsl/parser.h"
#include "pipelines/generation.h"
#include "pipelines/settings.h"
#include "pipelines/testing/test_file.h"

/* ---- names that are not defined ---- */

static void undefined_add(void *opaque, struct place value, struct place place, struct str name)
{
    struct analysis *analysis = opaque;
    if (analysis->undefined_count == UNDEFINED_MAX || !place.source) return;
    if (!analysis->undefined)
        analysis->undefined = arena_alloc(&analysis->arena, UNDEFINED_MAX * sizeof *analysis->undefined);
    analysis->undefined[analysis->undefined_count++] =
        (struct undefined_name){value, place, arena_copy(&analysis->arena, name)};
}

static bool is_within(struct place inner, struct place outer)
{
    return inner.source == outer.source && inner.start >= outer.start && inner.end <= outer.end;
}

/* What else is wrong with a value whose placeholder could not be replaced is wrong here only. */
static void drop_consequences(struct analysis *analysis)
{
    struct diag *diag = &analysis->diag;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < diag->count; i++) {
        bool is_consequence = false;
        for (uint32_t k = 0; k < analysis->undefined_count && !is_consequence; k++)
            is_consequence = diag->messages[i].severity == SEVERITY_ERROR &&
                             is_within(diag->messages[i].place, analysis->undefined[k].value);
        if (!is_consequence) diag->messages[kept++] = diag->messages[i];
    }
    diag->count = kept;
}

/* ---- plugins ---- */

struct building {
    struct analysis *analysis;
    const struct analysis_options *options;
    struct sound_plugins *sound;
};

static void digest_plugin(const struct building *building, enum section_kind section,
                          const struct plugin_block *block, char digest[DIGEST_HEX_MAX])
{
    assert(section < SECTION_KINDS && block->place.source);
    struct buf text = {0};
    buf_printf(&text, "%d %d %d ", (int)section, (int)building->options->ecs, building->options->has_escapes);
    buf_append(&text, str_slice(block->place.source->text, block->place.start, block->place.end));
    digest_hex(DIGEST_SHA256, buf_str(&text), digest);
    buf_fini(&text);
}

static char (*bucket_of(struct sound_plugins *sound, const char *digest))[SOUND_DIGEST]
{
    return sound->digests[key_hash(str_of(digest)) % SOUND_BUCKETS];
}

static bool is_sound(struct sound_plugins *sound, const char *digest)
{
    char(*bucket)[SOUND_DIGEST] = bucket_of(sound, digest);
    for (int way = 0; way < SOUND_WAYS; way++)
        if (memcmp(bucket[way], digest, SOUND_DIGEST) == 0) return true;
    return false;
}

static void sound_add(struct sound_plugins *sound, const char *digest)
{
    assert(strlen(digest) >= SOUND_DIGEST && !is_sound(sound, digest));
    char(*bucket)[SOUND_DIGEST] = bucket_of(sound, digest);
    memmove(bucket[1], bucket[0], (SOUND_WAYS - 1) * SOUND_DIGEST);
    memcpy(bucket[0], digest, SOUND_DIGEST);
}

/* Builds one plugin as the start of a pipeline does, for what it complains about. */
static void try_plugin(const struct building *building, enum section_kind section, struct plugin_block *block)
{
    /* The checker spoke of an unknown one; of one that is being written options are missing anyhow. */
    if (!block->filter || block->has_fault) return;
    char digest[DIGEST_HEX_MAX];
    digest_plugin(building, section, block, digest);
    if (is_sound(building->sound, digest)) return;
    struct statement statement = {.kind = STATEMENT_PLUGIN, .plugin = block};
    struct config one = {0};
    one.sections[section] = (struct statements){&statement, 1};
    struct generation_options options = {.pipeline = STR("main"), .ecs = building->options->ecs, .workers = 1};
    struct diag *diag = &building->analysis->diag;
    uint32_t before = diag->errors + diag->warnings;
    struct generation *generation = generation_create(&one, &options, diag);
    if (generation) generation_destroy(generation);
    if (diag->errors + diag->warnings == before) sound_add(building->sound, digest);
}

/* compile() goes on after a plugin that could not be built: none is kept. */
static struct filter *try_filter(void *opaque, const struct plugin_block *block)
{
    try_plugin(opaque, SECTION_FILTER, (struct plugin_block *)block);
    return NULL;
}

static struct output *try_output(void *opaque, const struct plugin_block *block)
{
    try_plugin(opaque, SECTION_OUTPUT, (struct plugin_block *)block);
    return NULL;
}

static void try_inputs(const struct building *building, const struct statements *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        if (statement->kind == STATEMENT_PLUGIN) try_plugin(building, SECTION_INPUT, statement->plugin);
        if (statement->kind != STATEMENT_BRANCH) continue;
        for (uint32_t k = 0; k < statement->branch->count; k++)
            try_inputs(building, &statement->branch->arms[k].block);
    }
}

/* ---- whole texts ---- */

/* As `tailrace test` reads them; they are not run. */
static void check_tests(struct building *building, const struct config *config, const struct source_text *source)
{
    struct test_list tests = {.arena = &building->analysis->arena};
    struct test_reading reading = {.tests = &tests, .diag = &building->analysis->diag};
    test_blocks_take(&reading, config, source->name);
    test_list_fini(&tests);
}

static void check_pipeline(struct building *building, const struct source_text *source,
                           const struct environment *environment)
{
    struct arena *arena = &building->analysis->arena;
    struct diag *diag = &building->analysis->diag;
    struct parse_options parsing = {.has_escapes = building->options->has_escapes};
    struct checker_options checks = {.inputs = input_types, .filters = filter_types,
                                     .outputs = output_types, .environment = environment};
    struct config config = {0};
    parse_source(&config, source, &parsing, arena, diag);
    check_config(&config, &checks, arena, diag);
    try_inputs(building, &config.sections[SECTION_INPUT]);
    struct program program = {.pipeline = STR("main")};
    struct compiler compiler = {.program = &program, .arena = arena, .diag = diag,
                                .filter = try_filter, .output = try_output, .opaque = building};
    compile(&compiler, &config);
    program_destroy(&program);
    if (config.test_count) check_tests(building, &config, source);
}

void analysis_run(struct analysis *analysis, const struct document *document,
                  const struct analysis_options *options, struct sound_plugins *sound)
{
    assert(!document->is_refused);
    *analysis = (struct analysis){.undefined_count = 0};
    arena_init(&analysis->arena, NULL);
    diag_init(&analysis->diag);
    struct environment environment = {.undefined = undefined_add, .opaque = analysis};
    struct building building = {analysis, options, sound};
    switch (document->kind) {
    case DOCUMENT_PIPELINE: check_pipeline(&building, &document->source, &environment); break;
    case DOCUMENT_PIPELINES:
        settings_check_pipelines(&document->source, &environment, &analysis->arena, &analysis->diag);
        break;
    case DOCUMENT_SETTINGS:
        settings_check_file(&document->source, &environment, &analysis->arena, &analysis->diag);
        break;
    case DOCUMENT_OTHER: break;
    }
    drop_consequences(analysis);
}

void analysis_fini(struct analysis *analysis)
{
    diag_fini(&analysis->diag);
    arena_fini(&analysis->arena);
}
