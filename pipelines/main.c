/* SPDX-License-Identifier: Apache-2.0 */
/* The program: arguments in, one call for each command. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/event/path.h"
#include "core/log.h"
#include "core/xmalloc.h"
#include "pipelines/command_line.h"
#include "pipelines/compat.h"
#include "pipelines/data_folder.h"
#include "pipelines/dlq_replay.h"
#include "pipelines/docs.h"
#include "pipelines/fields_report.h"
#include "pipelines/exactly_once.h"
#include "pipelines/format_command.h"
#include "pipelines/grok_command.h"
#include "pipelines/ports.h"
#include "pipelines/health_check.h"
#include "pipelines/keystore_command.h"
#include "pipelines/lsp/lsp.h"
#include "pipelines/queue_command.h"
#include "pipelines/repl.h"
#include "pipelines/supervisor.h"
#include "pipelines/tap_command.h"
#include "pipelines/top_command.h"
#include "pipelines/topology.h"

struct program_run {
    struct arena arena; /* settings and their texts */
    struct diag diag;
    struct command_line line;
    struct setting_list base; /* file, environment, command line */
    struct settings settings; /* of the process */
    struct setting_list *entries; /* of pipelines.yml */
    uint32_t entry_count;
    struct pipeline **pipelines;
    struct pipeline **start_order; /* of the pipelines: receivers before their senders */
    uint32_t pipeline_count, refused;
    uint32_t warnings; /* said so far */
    struct keystore keystore;
    struct environment environment; /* of `${NAME}`: the keystore first */
};

/* For people on standard error; for editors, who asked for JSON, on standard output. */
static void diag_print(struct program_run *run)
{
    struct diag *diag = &run->diag;
    run->warnings += diag->warnings;
    if (!diag->count) return;
    struct buf text = {0};
    (run->line.is_json ? diag_render_json : diag_render)(diag, &text);
    keystore_mask(&run->keystore, &text); /* a secret in a wrong place must not be quoted */
    fwrite(text.ptr, 1, text.len, run->line.is_json ? stdout : stderr);
    buf_fini(&text);
    diag_fini(diag);
    diag_init(diag);
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static struct str settings_folder(const struct program_run *run)
{
    if (run->line.path_settings.len) return run->line.path_settings;
    const char *folder = getenv("LS_SETTINGS_DIR");
    if (folder && *folder) return str_of(folder);
    return is_folder("/etc/tailrace") ? STR("/etc/tailrace") : STR("config");
}

static void add_setting(struct setting_list *list, const char *key, struct str value)
{
    setting_list_add(list, (struct setting){.key = str_of(key),
                                            .value = {.kind = CONFIG_STRING, .text = value}});
}

static bool keystore_gather(struct program_run *run, struct str folder)
{
    char path[PATH_MAX];
    bool is_missing;
    snprintf(path, sizeof path, "%.*s/" KEYSTORE_FILE, STR_ARG(folder));
    run->environment = keystore_environment(&run->keystore);
    run->base.environment = &run->environment;
    return keystore_load(&run->keystore, path, keystore_password(), &is_missing, &run->diag) || is_missing;
}

/* Where the setting that counts, the last of its key, is given. */
static struct place place_of_setting(const struct setting_list *list, const char *key)
{
    for (uint32_t i = list->count; i-- > 0;)
        if (str_eq_z(list->items[i].key, key)) return list->items[i].key_place;
    return (struct place){0};
}

/* File, then environment, then command line; folders get their defaults last. */
static bool settings_gather(struct program_run *run)
{
    struct str folder = settings_folder(run);
    run->base.arena = &run->arena;
    if (!keystore_gather(run, folder)) return false;
    char path[PATH_MAX];
    data_folder_default(path, sizeof path);
    add_setting(&run->base, "path.data", arena_copy(&run->arena, str_of(path)));
    add_setting(&run->base, "path.settings", folder);
    static const char *const names[] = {"tailrace.yml", "logstash.yml"};
    bool is_missing = true, ok = true;
    for (size_t i = 0; i < 2 && is_missing; i++) {
        snprintf(path, sizeof path, "%.*s/%s", STR_ARG(folder), names[i]);
        ok = settings_read_file(&run->base, path, &is_missing, &run->diag) || is_missing;
    }
    settings_read_environment(&run->base);
    for (uint32_t i = 0; i < run->line.settings.count; i++)
        setting_list_add(&run->base, run->line.settings.items[i]);
    ok = settings_load(&run->settings, &run->base, &run->arena, &run->diag) && ok;
    if (run->settings.reload_automatic)
        diag_warning(&run->diag, place_of_setting(&run->base, "config.reload.automatic"),
                     "automatic reload is not in this version: restart after a change");
    return ok;
}

static bool has_setting(const struct setting_list *list, const char *key)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (str_eq_z(list->items[i].key, key)) return true;
    return false;
}

/* What pipelines there are: one of -f or -e, or those of pipelines.yml. */
static bool entries_gather(struct program_run *run)
{
    static struct setting_list one;
    if (has_setting(&run->base, "path.config") && has_setting(&run->base, "config.string")) {
        diag_error(&run->diag, (struct place){0}, "path.config (-f) and config.string (-e) exclude each other");
        return false;
    }
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/pipelines.yml", STR_ARG(run->settings.path_settings));
    if (has_setting(&run->base, "path.config") || has_setting(&run->base, "config.string")) {
        run->entries = &one;
        run->entry_count = 1;
        if (run->line.command == COMMAND_RUN && access(path, F_OK) == 0)
            diag_warning(&run->diag, (struct place){0}, "%s is not read: -f, -e or path.config says what runs", path);
        return true;
    }
    bool is_missing;
    bool ok = settings_read_pipelines(path, &run->entries, &run->entry_count, &is_missing,
                                      &run->environment, &run->arena, &run->diag);
    if (is_missing)
        diag_error(&run->diag, (struct place){0},
                   "nothing to run: give a configuration with -f PATH or -e TEXT, or list pipelines in %s",
                   path);
    return ok;
}

/* A pipeline has one source of its text. */
static bool has_text(const struct settings *settings, const struct setting_list *list, struct diag *diag)
{
    bool has_string = settings->config_string.ptr;
    if (has_string != (settings->path_config.count > 0)) return true;
    struct place place = place_of_setting(list, has_string ? "config.string" : "pipeline.id");
    struct message *message =
        has_string ? diag_error(diag, place, "pipeline `%.*s` has both path.config and config.string",
                                STR_ARG(settings->pipeline_id))
                   : diag_error(diag, place, "pipeline `%.*s` has neither path.config nor config.string",
                                STR_ARG(settings->pipeline_id));
    diag_hint(diag, message, has_string ? "remove one" : "add one");
    return false;
}

/* The process's settings, then the pipeline's own. */
static struct setting_list merge(struct program_run *run, const struct setting_list *entry)
{
    struct setting_list merged = {.arena = &run->arena, .environment = &run->environment};
    for (uint32_t k = 0; k < run->base.count; k++) setting_list_add(&merged, run->base.items[k]);
    for (uint32_t k = 0; k < entry->count; k++) setting_list_add(&merged, entry->items[k]);
    return merged;
}

/* NULL: it is wrong, and all that is wrong with its settings and its text is said. */
static struct pipeline *pipeline_build(struct program_run *run, const struct setting_list *entry)
{
    struct setting_list merged = merge(run, entry);
    struct settings settings;
    bool is_right = settings_load(&settings, &merged, &run->arena, &run->diag);
    is_right = has_text(&settings, &merged, &run->diag) && is_right;
    settings.test_and_exit |= run->line.command == COMMAND_CHECK || run->line.command == COMMAND_EXPLAIN;
    if (is_right) return pipeline_create(&settings, &run->arena, &run->diag);
    struct config unused = {0};
    pipeline_check(&settings, &run->arena, &unused, &run->diag);
    return NULL;
}

/* Of settings that are wrong themselves: what is wrong with the texts is said in the same run. */
static void texts_check(struct program_run *run)
{
    for (uint32_t i = 0; i < run->entry_count; i++) {
        struct setting_list merged = merge(run, &run->entries[i]);
        struct settings settings;
        struct config unused = {0};
        struct diag said; /* already */
        diag_init(&said);
        settings_load(&settings, &merged, &run->arena, &said);
        diag_fini(&said);
        pipeline_check(&settings, &run->arena, &unused, &run->diag);
    }
}

/* One pipeline that is wrong is said and does not stop the others. */
static void pipelines_build(struct program_run *run)
{
    run->pipelines = xcalloc(run->entry_count + 1, sizeof *run->pipelines);
    for (uint32_t i = 0; i < run->entry_count; i++) {
        run->diag.takes_offers = run->line.command == COMMAND_CHECK;
        struct pipeline *pipeline = pipeline_build(run, &run->entries[i]);
        if (pipeline && (!ports_check(pipeline, run->pipelines, run->pipeline_count, &run->diag) ||
                         !exactly_once_check(pipeline, &run->diag))) {
            pipeline_destroy(pipeline);
            pipeline = NULL;
        }
        if (pipeline)
            run->pipelines[run->pipeline_count++] = pipeline;
        else
            run->refused++;
        diag_print(run);
    }
}

/* What is wrong between pipelines: those that cannot start are refused like those that are wrong
 * themselves. */
static void pipelines_join(struct program_run *run)
{
    run->start_order = xcalloc(run->pipeline_count + 1, sizeof *run->start_order);
    bool *is_wrong = xcalloc(run->pipeline_count + 1, sizeof *is_wrong);
    uint32_t kept = 0;
    topology_check(run->pipelines, run->pipeline_count, is_wrong, run->start_order, &run->diag);
    diag_print(run);
    for (uint32_t i = 0; i < run->pipeline_count; i++) {
        if (!is_wrong[i]) {
            run->pipelines[kept++] = run->pipelines[i];
            continue;
        }
        pipeline_destroy(run->pipelines[i]);
        run->refused++;
    }
    run->pipeline_count = kept;
    free(is_wrong);
}

static void explain(struct program_run *run)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < run->pipeline_count; i++) {
        struct pipeline *pipeline = run->pipelines[i];
        const struct generation *generation = worker_generation(pipeline->workers[0]);
        int64_t workers = pipeline->settings.workers;
        buf_printf(&text, "%spipeline `%.*s`, %lld worker%s\n", i ? "\n" : "", STR_ARG(pipeline->id),
                   (long long)workers, workers == 1 ? "" : "s");
        program_print(&generation->program, generation->inputs, generation->input_count, &text);
    }
    keystore_mask(&run->keystore, &text);
    fwrite(text.ptr, 1, text.len, stdout);
    buf_fini(&text);
}

static void explain_fields(struct program_run *run)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < run->pipeline_count; i++)
        fields_report(run->pipelines[i], run->line.is_json, &text);
    keystore_mask(&run->keystore, &text);
    fwrite(text.ptr, 1, text.len, stdout);
    buf_fini(&text);
}

static void pipelines_destroy(struct program_run *run)
{
    for (uint32_t i = 0; i < run->pipeline_count; i++) pipeline_destroy(run->pipelines[i]);
    free(run->pipelines);
    free(run->start_order);
}

static enum exit_code run_all(struct program_run *run)
{
    struct data_folder folder;
    char *path = arena_copy_z(&run->arena, run->settings.path_data);
    if (!data_folder_open(&folder, path)) return EXIT_RUNTIME;
    struct supervisor supervisor = {.settings = &run->settings,
                                    .pipelines = run->pipelines,
                                    .start_order = run->start_order,
                                    .pipeline_count = run->pipeline_count,
                                    .node_id = folder.id,
                                    .refused = run->refused};
    enum exit_code code = supervisor_run(&supervisor);
    data_folder_close(&folder);
    return code;
}

static enum exit_code run_docs(struct program_run *run)
{
    struct buf text = {0};
    enum exit_code code = EXIT_DONE;
    if (!run->line.arguments.count) docs_list(&text);
    for (uint32_t i = 0; i < run->line.arguments.count; i++) {
        struct str name = run->line.arguments.items[i], names[DOCS_NAMES_MAX];
        if (docs_page(name, &text)) continue;
        struct str near = suggest(name, names, docs_names(names, DOCS_NAMES_MAX));
        fprintf(stderr, "tailrace: no plugin or pattern is called `%.*s`%s%.*s; `tailrace docs` lists the"
                " plugins, `tailrace docs patterns` the patterns\n",
                STR_ARG(name), near.len ? ", did you mean " : "", STR_ARG(near));
        code = EXIT_USAGE;
    }
    if (text.len) fwrite(text.ptr, 1, text.len, stdout);
    buf_fini(&text);
    return code;
}

/* Paths given to check and explain stand for -f. */
static void arguments_to_settings(struct program_run *run)
{
    if (!run->line.arguments.count) return;
    struct config_value *items = arena_zalloc(&run->arena, run->line.arguments.count * sizeof *items);
    for (uint32_t i = 0; i < run->line.arguments.count; i++)
        items[i] = (struct config_value){.kind = CONFIG_STRING, .text = run->line.arguments.items[i]};
    setting_list_add(&run->line.settings,
                     (struct setting){.key = STR("path.config"),
                                      .value = {.kind = CONFIG_ARRAY, .items = items,
                                                .count = run->line.arguments.count}});
}

static enum exit_code run_pipelines(struct program_run *run)
{
    arguments_to_settings(run);
    bool is_right = settings_gather(run);
    bool has_base = run->base.count > 0; /* else the keystore could not be opened */
    if (!has_base || !entries_gather(run) || !is_right) {
        if (has_base && !is_right) texts_check(run);
        diag_print(run);
        return EXIT_CONFIG;
    }
    path_escapes_set((enum path_escapes)run->settings.escape_style.value);
    log_setup((enum log_level)run->settings.log_level.value, run->settings.log_format.value == 1);
    pipelines_build(run);
    pipelines_join(run);
    enum exit_code code = run->refused ? EXIT_CONFIG : EXIT_DONE;
    bool is_check = run->line.command == COMMAND_CHECK || run->settings.test_and_exit;
    if (run->line.is_strict && run->warnings) code = EXIT_CONFIG;
    if (run->line.wants_fields) explain_fields(run);
    if (run->line.command == COMMAND_EXPLAIN)
        explain(run);
    else if (is_check && code == EXIT_DONE && !run->line.is_json && !run->line.wants_fields)
        puts("Configuration OK");
    else if (!is_check && run->pipeline_count)
        code = run_all(run);
    pipelines_destroy(run);
    return code;
}

static enum exit_code run_compat(struct program_run *run)
{
    struct buf text = {0};
    bool ok = compat_report(run->line.compat, run->line.is_json, &run->arena, &text);
    fwrite(text.ptr, 1, text.len, stdout);
    buf_fini(&text);
    return ok ? EXIT_DONE : EXIT_CONFIG;
}

static enum exit_code run_keystore(struct program_run *run)
{
    char path[PATH_MAX];
    bool is_usage;
    snprintf(path, sizeof path, "%.*s/" KEYSTORE_FILE, STR_ARG(settings_folder(run)));
    bool ok = keystore_command(path, &run->line.arguments, &is_usage, &run->diag);
    diag_print(run);
    return ok ? EXIT_DONE : is_usage ? EXIT_USAGE : EXIT_RUNTIME;
}

static enum exit_code run_queue(struct program_run *run)
{
    enum exit_code code = queue_command(&run->line.arguments, &run->diag);
    diag_print(run);
    return code;
}

static enum exit_code run_health(struct program_run *run)
{
    bool ok = settings_gather(run);
    diag_print(run);
    if (!ok) return EXIT_CONFIG;
    return health_check(&run->settings) ? EXIT_DONE : EXIT_RUNTIME;
}

/* The log stays silent unless asked: what goes wrong with an event is told by the command itself. */
static bool hand_begin(struct program_run *run)
{
    bool ok = settings_gather(run);
    bool is_asked = has_setting(&run->base, "log.level");
    diag_print(run);
    log_setup(is_asked ? (enum log_level)run->settings.log_level.value : LOG_ERROR,
              run->settings.log_format.value == 1);
    return ok;
}

static void masked_print(struct program_run *run, struct buf *text, FILE *to)
{
    keystore_mask(&run->keystore, text);
    if (text->len) fwrite(text->ptr, 1, text->len, to);
    buf_fini(text);
}

static enum exit_code run_test(struct program_run *run)
{
    if (!hand_begin(run)) return EXIT_CONFIG;
    struct test_command command = {.settings = &run->settings,
                                   .environment = &run->environment,
                                   .paths = run->line.arguments,
                                   .flags = run->line.test,
                                   .is_json = run->line.is_json,
                                   .arena = &run->arena};
    if (has_setting(&run->line.settings, "path.config")) command.config = run->settings.path_config;
    enum exit_code code = test_command(&command);
    masked_print(run, &command.complaints, run->line.is_json ? stdout : stderr);
    masked_print(run, &command.report, stdout);
    return code;
}

static void hand_print(void *opaque, struct buf *text)
{
    struct program_run *run = opaque;
    keystore_mask(&run->keystore, text);
    if (text->len) fwrite(text->ptr, 1, text->len, stdout);
    buf_clear(text);
}

static enum exit_code run_repl(struct program_run *run)
{
    if (!hand_begin(run)) return EXIT_CONFIG;
    struct repl_options options = {.settings = &run->settings,
                                   .environment = &run->environment,
                                   .print = hand_print,
                                   .opaque = run};
    if (run->line.arguments.count > 1) {
        diag_hint(&run->diag, diag_error(&run->diag, (struct place){0}, "one configuration can be loaded"),
                  "give a folder, or a pattern in quotes");
        diag_print(run);
        return EXIT_USAGE;
    }
    if (run->line.arguments.count) options.file = run->line.arguments.items[0];
    return repl_run(&options);
}

/* The settings of the pipeline that is to be replayed; false: said. */
static bool replayed_find(struct program_run *run, struct str id, struct settings *settings)
{
    bool is_given = has_setting(&run->base, "path.config") || has_setting(&run->base, "config.string");
    if (is_given) add_setting(&run->base, "pipeline.id", id); /* the text is this pipeline's */
    if (!entries_gather(run)) return false;
    for (uint32_t i = 0; i < run->entry_count; i++) {
        struct setting_list merged = merge(run, &run->entries[i]);
        if (!settings_load(settings, &merged, &run->arena, &run->diag)) return false;
        if (str_eq(settings->pipeline_id, id)) return has_text(settings, &merged, &run->diag);
    }
    diag_hint(&run->diag,
              diag_error(&run->diag, (struct place){0}, "pipelines.yml has no pipeline `%.*s`", STR_ARG(id)),
              "-f PATH gives its text");
    return false;
}

static enum exit_code run_replay(struct program_run *run, struct dlq_command *command)
{
    struct settings settings;
    if (!replayed_find(run, command->pipeline, &settings)) return EXIT_CONFIG;
    log_setup(has_setting(&run->base, "log.level") ? (enum log_level)run->settings.log_level.value : LOG_WARN,
              run->settings.log_format.value == 1);
    return dlq_replay(command, &settings);
}

static enum exit_code run_dlq(struct program_run *run)
{
    struct dlq_command command = {.settings = &run->settings, .arena = &run->arena, .diag = &run->diag,
                                  .print = hand_print, .opaque = run};
    if (!hand_begin(run)) return EXIT_CONFIG;
    enum exit_code code = EXIT_USAGE;
    if (dlq_command_read(&command, &run->line.arguments, &run->line.flags))
        code = str_eq(command.action, STR("replay")) ? run_replay(run, &command) : dlq_command(&command);
    diag_print(run);
    dlq_command_end(&command);
    return code;
}

static enum exit_code run_grok(struct program_run *run)
{
    if (!hand_begin(run)) return EXIT_CONFIG;
    struct grok_command command = {.settings = &run->settings,
                                   .environment = &run->environment,
                                   .arguments = run->line.arguments,
                                   .flags = &run->line.flags,
                                   .arena = &run->arena,
                                   .diag = &run->diag,
                                   .print = hand_print,
                                   .opaque = run};
    enum exit_code code = grok_command(&command);
    diag_print(run);
    return code;
}

/* Commands that look into a running instance. */
static enum exit_code run_looking(struct program_run *run)
{
    bool ok = settings_gather(run);
    diag_print(run);
    if (!ok) return EXIT_CONFIG;
    const struct command_line *line = &run->line;
    enum exit_code code =
        line->command == COMMAND_TOP
            ? top_command(&run->settings, &line->flags, &run->arena, &run->diag)
            : tap_command(&run->settings, &line->arguments, &line->flags, &run->arena, &run->diag);
    diag_print(run);
    return code;
}

static enum exit_code run_command(struct program_run *run, int argc, char **argv)
{
    if (!command_line_parse(&run->line, argc, argv, &run->arena, &run->diag)) {
        diag_print(run);
        return EXIT_USAGE;
    }
    if (run->line.wants_version) {
        puts("tailrace " TAILRACE_VERSION);
        return EXIT_DONE;
    }
    if (run->line.wants_help) {
        struct buf text = {0};
        command_line_help(run->line.command, &text);
        fwrite(text.ptr, 1, text.len, stdout);
        buf_fini(&text);
        return EXIT_DONE;
    }
    if (run->line.compat.len) return run_compat(run);
    switch (run->line.command) {
    case COMMAND_DOCS: return run_docs(run);
    case COMMAND_KEYSTORE: return run_keystore(run);
    case COMMAND_HEALTH: return run_health(run);
    case COMMAND_FMT: return format_command(&run->line);
    case COMMAND_LSP: return lsp_serve(STDIN_FILENO, STDOUT_FILENO) == 0 ? EXIT_DONE : EXIT_RUNTIME;
    case COMMAND_TEST: return run_test(run);
    case COMMAND_REPL: return run_repl(run);
    case COMMAND_GROK: return run_grok(run);
    case COMMAND_QUEUE: return run_queue(run);
    case COMMAND_DLQ: return run_dlq(run);
    case COMMAND_TAP:
    case COMMAND_TOP: return run_looking(run);
    default: return run_pipelines(run);
    }
}

int main(int argc, char **argv)
{
    struct program_run run = {0};
    arena_init(&run.arena, NULL);
    diag_init(&run.diag);
    enum exit_code code = run_command(&run, argc, argv);
    diag_fini(&run.diag);
    keystore_fini(&run.keystore);
    arena_fini(&run.arena);
    return (int)code;
}
