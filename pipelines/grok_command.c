/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/grok_command.h"
#include "core/text/grok_list.h"
#include "core/text/grok_suggest.h"
#include "core/text/json.h"
#include "pipelines/grok/cost.h"
#include "pipelines/grok/tell.h"
#include <unistd.h>

enum { SUGGESTIONS_SHOWN_MAX = 20 };

struct grok_flags {
    struct str config, sample;
    struct str_list patterns;
    bool suggest, cost, summary, json;
};

static const struct option grok_flag_rows[] = {
    OPTION_STRING(struct grok_flags, config,
                  .help = "The configuration whose grok filters are tried."),
    OPTION_STRING(struct grok_flags, sample, .help = "The file of lines; - is standard input."),
    OPTION_STRINGS(struct grok_flags, patterns, .help = "A file of patterns of one's own."),
    OPTION_BOOL(struct grok_flags, suggest, .preset = "false",
                .help = "Proposes patterns for the lines."),
    OPTION_BOOL(struct grok_flags, cost, .preset = "false", .help = "Ranks the patterns by time."),
    OPTION_BOOL(struct grok_flags, summary, .preset = "false",
                .help = "Only counts, and misses that are alike once."),
    OPTION_BOOL(struct grok_flags, json, .preset = "false",
                .help = "Prints JSON, one object a line."),
    OPTION_END};

struct grok_run {
    struct grok_command *command;
    struct grok_flags flags;
    struct str pattern, sample_name;
    struct sample sample;
    struct candidates candidates;
    struct buf out;
};

static void flush(void *opaque)
{
    struct grok_run *run = opaque;
    run->command->print(run->command->opaque, &run->out);
}

/* ---- the command line ---- */
static enum exit_code refuse(struct grok_run *run, const char *what)
{
    diag_note(run->command->diag, diag_error(run->command->diag, (struct place){0}, "%s", what),
              "tailrace grok PATTERN [FILE]; tailrace grok --config FILE --sample LINES; tailrace "
              "grok --suggest [FILE]");
    return EXIT_USAGE;
}

static bool flags_load(struct grok_run *run)
{
    const struct options_part parts[] = {{grok_flag_rows, &run->flags}};
    struct options_context context = {.diag = run->command->diag,
                                      .arena = run->command->arena,
                                      .section = "command",
                                      .plugin = STR("grok")};
    return options_load_parts(parts, 1, run->command->flags->items, run->command->flags->count,
                              &context);
}

/* EXIT_DONE: there is a pattern, or a configuration, or none is needed; and the name of a sample.
 */
static enum exit_code arguments_read(struct grok_run *run)
{
    const struct str_list *arguments = &run->command->arguments;
    uint32_t used = 0;
    if (!flags_load(run)) return EXIT_USAGE;
    bool wants_pattern = !run->flags.config.len && !run->flags.suggest;
    if (run->flags.suggest && (run->flags.cost || run->flags.config.len))
        return refuse(run, "--suggest stands without --cost and --config: it has no patterns yet");
    if (wants_pattern && !arguments->count) return refuse(run, "which pattern is to be tried?");
    if (wants_pattern) run->pattern = arguments->items[used++];
    run->sample_name = run->flags.sample;
    if (!run->sample_name.len && used < arguments->count)
        run->sample_name = arguments->items[used++];
    if (used < arguments->count)
        return refuse(run, "there are more arguments than a pattern and a file");
    if (!run->sample_name.len && isatty(STDIN_FILENO)) return refuse(run, "on which lines?");
    if (!run->sample_name.len) run->sample_name = STR("-");
    return EXIT_DONE;
}

/* ---- --suggest ---- */
static uint32_t hits_of(struct grok_run *run, const struct grok_library *library,
                        struct str pattern)
{
    struct grok_problem problem;
    uint32_t hits = 0;
    struct grok *grok = grok_compile(library, pattern, &(struct grok_options){.named_only = true},
                                     run->command->arena, &problem);
    for (uint32_t i = 0; grok && i < run->sample.count; i++)
        hits += regex_match(grok->regex, run->sample.lines[i], 0, 0, NULL) == REGEX_MATCH;
    grok_destroy(grok);
    return hits;
}

static void suggestion_tell(struct grok_run *run, const struct grok_library *library,
                            const struct grok_suggestion *suggestion)
{
    uint32_t hits = hits_of(run, library, suggestion->pattern);
    if (run->flags.json) {
        buf_append_z(&run->out, "{\"pattern\":");
        json_encode_string(suggestion->pattern, &run->out);
        buf_printf(&run->out,
                   ",\"shape_lines\":%u,\"matches\":%u,\"lines\":%u,\"general\":%s,\"example\":",
                   suggestion->lines, hits, run->sample.count,
                   suggestion->is_general ? "true" : "false");
        json_encode_string(suggestion->example, &run->out);
        buf_append_z(&run->out, "}\n");
        return;
    }
    buf_printf(&run->out, "# %u of %u lines%s\n%.*s\n", hits, run->sample.count,
               suggestion->is_general ? ": what they begin with, and the rest" : "",
               STR_ARG(suggestion->pattern));
}

static enum exit_code suggest_patterns(struct grok_run *run)
{
    struct grok_suggestion suggestions[SUGGESTIONS_SHOWN_MAX];
    struct arena arena;
    struct grok_library library;
    bool is_ecs = settings_ecs(run->command->settings) != ECS_DISABLED;
    arena_init(&arena, NULL);
    grok_library_init(&library, is_ecs, &arena);
    struct grok_suggester *suggester = grok_suggester_create(is_ecs, &arena);
    for (uint32_t i = 0; i < run->sample.count; i++)
        if (run->sample.lines[i].len) grok_suggester_add(suggester, run->sample.lines[i]);
    uint32_t count = grok_suggestions(suggester, suggestions, SUGGESTIONS_SHOWN_MAX);
    for (uint32_t i = 0; i < count; i++) suggestion_tell(run, &library, &suggestions[i]);
    grok_suggester_destroy(suggester);
    arena_fini(&arena);
    if (count) return EXIT_DONE;
    diag_error(run->command->diag, (struct place){0}, "the sample has no lines");
    return EXIT_RUNTIME;
}

/* ---- trying ---- */
static bool candidates_find(struct grok_run *run)
{
    struct grok_command *command = run->command;
    if (run->flags.config.len)
        return candidates_of_config(&run->candidates, run->flags.config, command->settings,
                                    command->environment, command->arena, command->diag);
    return candidates_of_pattern(&run->candidates, run->pattern, &run->flags.patterns,
                                 settings_ecs(command->settings) != ECS_DISABLED, command->arena,
                                 command->diag);
}

static enum exit_code try_patterns(struct grok_run *run)
{
    if (!candidates_find(run)) return EXIT_CONFIG;
    if (run->flags.cost)
        return cost_tell(&run->candidates, &run->sample, run->flags.json, &run->out,
                         run->command->diag)
                   ? EXIT_DONE
                   : EXIT_RUNTIME;
    struct tell tell = {.candidates = &run->candidates,
                        .is_json = run->flags.json,
                        .only_counts = run->flags.summary,
                        .out = &run->out,
                        .flush = flush,
                        .opaque = run};
    return tell_lines(&tell, &run->sample) ? EXIT_DONE : EXIT_RUNTIME;
}

enum exit_code grok_command(struct grok_command *command)
{
    struct grok_run run = {.command = command};
    enum exit_code code = arguments_read(&run);
    if (code == EXIT_DONE &&
        !sample_lines(&run.sample, run.sample_name, command->arena, command->diag))
        code = EXIT_RUNTIME;
    if (code == EXIT_DONE) code = run.flags.suggest ? suggest_patterns(&run) : try_patterns(&run);
    flush(&run);
    candidates_end(&run.candidates);
    buf_fini(&run.out);
    return code;
}
