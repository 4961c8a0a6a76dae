/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/command_line.h"
#include <assert.h>
#include "dsl/format.h"

struct flag {
    char letter;         /* 0: none */
    const char *name;    /* without dashes; of most the setting's key */
    const char *key;     /* NULL: handled here */
    const char *fixed;   /* value of a flag without argument; NULL: takes one */
    const char *argument;
    const char *help;
};

static const struct flag flags[] = {
    {'f', "path.config", "path.config", NULL, "PATH", "Pipeline text: a file, folder or glob."},
    {'e', "config.string", "config.string", NULL, "TEXT", "Pipeline text itself; stdin and stdout are added."},
    {'t', "config.test_and_exit", "config.test_and_exit", "true", NULL, "Check the configuration and exit."},
    {'w', "pipeline.workers", "pipeline.workers", NULL, "N", "Threads of the pipeline."},
    {'b', "pipeline.batch.size", "pipeline.batch.size", NULL, "N", "Most events of a batch."},
    {'u', "pipeline.batch.delay", "pipeline.batch.delay", NULL, "MS", "Longest wait for a batch."},
    {0, "path.settings", NULL, NULL, "DIR", "Folder of logstash.yml and pipelines.yml."},
    {0, "path.data", "path.data", NULL, "DIR", "Folder for positions; locked while running."},
    {'l', "path.logs", "path.logs", NULL, "DIR", "Accepted; the log goes to standard error."},
    {0, "pipeline.id", "pipeline.id", NULL, "ID", "Name of the pipeline."},
    {0, "pipeline.ecs_compatibility", "pipeline.ecs_compatibility", NULL, "MODE", "disabled, v1 or v8."},
    {0, "pipeline.ordered", "pipeline.ordered", NULL, "MODE", "Accepted: order is always kept."},
    {0, "pipeline.unsafe_shutdown", "pipeline.unsafe_shutdown", "true", NULL, "Accepted."},
    {0, "config.debug", "config.debug", "true", NULL, "Log the compiled program."},
    {0, "field-reference-escape-style", "config.field_reference.escape_style", NULL, "STYLE",
     "none, percent or ampersand."},
    {'p', "path.plugins", "path.plugins", NULL, "DIR", "Accepted: Ruby plugins have no effect."},
    {0, "plugin-classloaders", "pipeline.plugin_classloaders", "true", NULL, "Accepted."},
    {0, "pipeline.batch.output_chunking.growth_threshold_factor",
     "pipeline.batch.output_chunking.growth_threshold_factor", NULL, "N", "Accepted."},
    {0, "log.format.json.fix_duplicate_message_fields", "log.format.json.fix_duplicate_message_fields", NULL,
     "BOOL", "Accepted."},
    {0, "log.level", "log.level", NULL, "LEVEL", "fatal, error, warn, info, debug or trace."},
    {0, "log.format", "log.format", NULL, "FORMAT", "plain or json."},
    {0, "verbose", "log.level", "info", NULL, "Older name of --log.level info."},
    {0, "debug", "log.level", "debug", NULL, "Older name of --log.level debug."},
    {0, "quiet", "log.level", "error", NULL, "Older name of --log.level error."},
    {'n', "node.name", "node.name", NULL, "NAME", "Name of this instance."},
    {'r', "config.reload.automatic", "config.reload.automatic", "true", NULL, "Not in this version."},
    {0, "config.reload.interval", "config.reload.interval", NULL, "TIME", "Not in this version."},
    {0, "api.enabled", "api.enabled", NULL, "BOOL", "Serve the API."},
    {0, "api.http.host", "api.http.host", NULL, "HOST", "Address of the API."},
    {0, "api.http.port", "api.http.port", NULL, "PORT", "Port or range of the API."},
    {0, "shutdown.timeout", "shutdown.timeout", NULL, "TIME", "Longest time to drain at a stop."},
    {0, "format", NULL, NULL, "FORMAT", "text (tap: pretty), or json: one object a line."},
    {0, "compat", NULL, NULL, "DIR", "Report how a Logstash's settings folder would run here."},
    {0, "check", NULL, "", NULL, "Only name the files that are not formatted; exit code 1."},
    {0, "width", NULL, NULL, "COLUMNS", "Widest that a line may be made, 40 to 1000 (100)."},
    {0, "filter", NULL, NULL, "TEXT", "Only tests whose name holds this text."},
    {0, "coverage", NULL, "", NULL, "List what no test reached: branches, filters, patterns, outputs."},
    {0, "coverage-min", NULL, NULL, "PERCENT", "Fail when less than this is reached."},
    {0, "junit", NULL, NULL, "FILE", "Write the results as JUnit's XML, too."},
    {0, "where", NULL, NULL, "CONDITION", "Only events for which it holds: '[status] >= 500'."},
    {0, "at", NULL, NULL, "PLACE", "in (before it), out (behind it) or both."},
    {0, "limit", NULL, NULL, "N", "End after so many events."},
    {0, "rate", NULL, NULL, "N", "Most events a second (100); 0: as many as can be."},
    {0, "sample", NULL, NULL, "N", "Of tap: one of so many; of grok: the file of lines."},
    {0, "config", NULL, NULL, "FILE", "The configuration whose grok filters are tried."},
    {0, "patterns", NULL, NULL, "FILE", "A file of `NAME expression` lines."},
    {0, "suggest", "suggest", "true", NULL, "Propose patterns for the lines."},
    {0, "cost", "cost", "true", NULL, "Rank the patterns by time; name a faster order."},
    {0, "summary", "summary", "true", NULL, "Only counts, and misses that are alike once."},
    {0, "json", "json", "true", NULL, "Print JSON, one object a line."},
    {0, "seconds", NULL, NULL, "N", "End after so many seconds (3600)."},
    {0, "metadata", "metadata", "true", NULL, "Show [@metadata], too."},
    {0, "before", NULL, NULL, "TIME", "Of purge: only files whose letters are all older."},
    {0, "replayed", "replayed", "true", NULL, "Of purge: only files whose letters were all replayed."},
    {0, "filters", "filters", "true", NULL, "Of replay: letters of outputs begin at the filters, too."},
    {0, "interval", NULL, NULL, "TIME", "How often the numbers are renewed (1s)."},
    {0, "once", "once", "true", NULL, "Print one table and end."},
    {0, "url", NULL, NULL, "URL", "The instance's API: http://HOST:PORT."},
    {0, "user", NULL, NULL, "NAME", "User of the API, NAME or NAME:PASSWORD."},
    {0, "fields", NULL, "", NULL, "Print which fields there can be behind each statement."},
    {0, "strict", NULL, "", NULL, "Exit with 78 for warnings, too."},
    {0, "stdin", NULL, "", NULL, "Read values line by line (done anyhow unless it is a terminal)."},
    {0, "stdio", NULL, "", NULL, "Talk over standard input and output (done anyhow)."},
    {'S', "setting", NULL, NULL, "KEY=VALUE", "Any setting."},
    {'V', "version", NULL, "", NULL, "Print the version."},
    {'h', "help", NULL, "", NULL, "Print this help."},
};
enum { FLAG_COUNT = sizeof flags / sizeof *flags };

/* Flags of some commands alone. */
static const struct {
    const char *flag;
    enum command command;
} owners[] = {
    {"format", COMMAND_CHECK},   {"format", COMMAND_TEST},       {"compat", COMMAND_CHECK},
    {"stdin", COMMAND_KEYSTORE}, {"filter", COMMAND_TEST},       {"junit", COMMAND_TEST},
    {"coverage", COMMAND_TEST},  {"coverage-min", COMMAND_TEST}, {"check", COMMAND_FMT},
    {"width", COMMAND_FMT},      {"stdio", COMMAND_LSP},         {"where", COMMAND_TAP},
    {"at", COMMAND_TAP},         {"limit", COMMAND_TAP},         {"rate", COMMAND_TAP},
    {"sample", COMMAND_TAP},     {"seconds", COMMAND_TAP},       {"metadata", COMMAND_TAP},
    {"format", COMMAND_TAP},     {"url", COMMAND_TAP},           {"user", COMMAND_TAP},
    {"interval", COMMAND_TOP},    {"once", COMMAND_TOP},          {"url", COMMAND_TOP},
    {"user", COMMAND_TOP},       {"fields", COMMAND_CHECK},      {"strict", COMMAND_CHECK},
    {"sample", COMMAND_GROK},    {"config", COMMAND_GROK},       {"patterns", COMMAND_GROK},
    {"suggest", COMMAND_GROK},   {"cost", COMMAND_GROK},         {"summary", COMMAND_GROK},
    {"json", COMMAND_GROK},      {"where", COMMAND_DLQ},         {"json", COMMAND_DLQ},
    {"limit", COMMAND_DLQ},      {"before", COMMAND_DLQ},        {"replayed", COMMAND_DLQ},
    {"filters", COMMAND_DLQ},
};

static bool is_looking(enum command command) { return command == COMMAND_TAP || command == COMMAND_TOP; }

static bool is_of_another(const struct flag *flag, enum command command)
{
    /* who looks at a running instance needs of the settings only where it is */
    bool is_owned = is_looking(command) && flag->key && strncmp(flag->key, "api.http.", 9);
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        if (strcmp(owners[i].flag, flag->name)) continue;
        if (owners[i].command == command) return false;
        is_owned = true;
    }
    bool has_settings = command != COMMAND_FMT && command != COMMAND_LSP && command != COMMAND_QUEUE;
    return is_owned || (!has_settings && flag->letter != 'h' && flag->letter != 'V');
}

/* Flags of its own that the command reads by an option table. */
static bool is_read_by_command(const struct flag *flag, enum command command)
{
    if (!is_looking(command) && command != COMMAND_GROK && command != COMMAND_DLQ) return false;
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
        if (owners[i].command == command && !strcmp(owners[i].flag, flag->name)) return true;
    return false;
}

static const struct {
    const char *name, *arguments, *help;
} commands[COMMAND_COUNT] = {
    [COMMAND_RUN] = {"run", "", "Run pipelines (what is done without a command)."},
    [COMMAND_CHECK] = {"check", " [PATH...]", "Check configurations and say all that is wrong."},
    [COMMAND_EXPLAIN] = {"explain", " [PATH...]", "Print the compiled program with its places."},
    [COMMAND_DOCS] = {"docs", " [PLUGIN...]", "Print the manual, from the option tables."},
    [COMMAND_HEALTH] = {"health", "", "Ask a running instance, by its API, whether it is well (exit code 0 or 1)."},
    [COMMAND_KEYSTORE] = {"keystore", " create | add NAME... | list | remove NAME...",
                          "Keep secrets for ${NAME}; values come from a prompt or standard input."},
    [COMMAND_FMT] = {"fmt", " [FILE|FOLDER|-]...",
                     "Format configurations in place (of a folder its *.conf); - is standard input to output."},
    [COMMAND_LSP] = {"lsp", "", "Serve an editor, which starts it: the Language Server Protocol."},
    [COMMAND_TEST] = {"test", " [PATH...]", "Run the tests of *.test.conf files beside the configuration."},
    [COMMAND_REPL] = {"repl", " [FILE]", "Try filters and expressions on an event, step by step."},
    [COMMAND_TAP] = {"tap", " [PIPELINE][/PLUGIN-ID]",
                     "Look at events that pass a place of a running pipeline, and at what a filter changes."},
    [COMMAND_GROK] = {"grok", " PATTERN [FILE]",
                      "Try grok patterns on sample lines: who wins, what is captured, how far a miss got."},
    [COMMAND_QUEUE] = {"queue", " ls|check|dump|repair FOLDER",
                       "Look at a queue on disk, while it is in use, too; repair it when it is not."},
    [COMMAND_DLQ] = {"dlq", " ls|show|replay|purge [PIPELINE]",
                     "Dead letters: count them, look at them, send them again, delete them."},
    [COMMAND_TOP] = {"top", "", "Watch a running instance: what it does, and what costs the most."},
};

/* The arguments as one text, so that complaints have a line and a caret. */
struct words {
    const struct source_text *source;
    struct place *places;
    int count;
};

static struct words words_of(int argc, char **argv, struct arena *arena)
{
    struct words words = {.count = argc};
    struct source_text *source = arena_zalloc(arena, sizeof *source);
    words.places = arena_zalloc(arena, (size_t)argc * sizeof *words.places);
    struct buf text = {0};
    for (int i = 0; i < argc; i++) {
        if (i) buf_append_char(&text, ' ');
        words.places[i] = (struct place){source, (uint32_t)text.len, 0};
        buf_append_z(&text, i ? argv[i] : "tailrace");
        words.places[i].end = (uint32_t)text.len;
    }
    source->name = STR("command line");
    source->text = arena_copy(arena, buf_str(&text));
    buf_fini(&text);
    words.source = source;
    return words;
}

static const struct flag *flag_find(struct str name, bool is_letter)
{
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (is_letter ? name.len == 1 && name.ptr[0] == flags[i].letter
                      : str_eq_z(name, flags[i].name))
            return &flags[i];
    return NULL;
}

static void flag_unknown(enum command command, struct diag *diag, struct place place, struct str name)
{
    struct str names[FLAG_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (!is_of_another(&flags[i], command)) names[count++] = str_of(flags[i].name);
    struct message *message = diag_error(diag, place, "unknown option");
    struct str near = suggest(name, names, count);
    if (near.len) diag_hint(diag, message, "did you mean `--%.*s`?", STR_ARG(near));
    for (const struct option *row = settings_options; row->name; row++)
        if (str_eq_z(name, row->name)) diag_hint(diag, message, "write -S %s=VALUE", row->name);
    diag_note(diag, message, "`tailrace --help` lists them");
}

static void setting_add(struct setting_list *list, struct str key, struct place key_place,
                        struct str value, struct place place)
{
    setting_list_add(list,
                     (struct setting){.key = key, .key_place = key_place,
                                      .value = {.kind = CONFIG_STRING, .place = place, .text = value}});
}

static bool setting_flag(struct command_line *line, struct str text, struct place place,
                         struct diag *diag)
{
    ptrdiff_t equals = str_find(text, STR("="));
    if (equals < 1) {
        diag_error(diag, place, "expected KEY=VALUE");
        return false;
    }
    struct place key = place, value = place;
    value.start = place.end - (uint32_t)(text.len - (size_t)equals - 1); /* `-Skey=value` is one word, too */
    key.start = value.start - (uint32_t)equals - 1;
    key.end = value.start - 1;
    setting_add(&line->settings, str_slice(text, 0, (size_t)equals), key, str_from(text, (size_t)equals + 1), value);
    return true;
}

static bool format_flag(struct command_line *line, struct str text, struct place place, struct diag *diag)
{
    line->is_json = str_eq_z(text, "json");
    if (line->is_json || str_eq_z(text, "text")) return true;
    diag_error(diag, place, "expected text or json");
    return false;
}

/* A whole number within bounds. */
static bool number_flag(uint32_t *number, struct str text, uint32_t least, uint32_t most, struct place place,
                        struct diag *diag)
{
    int64_t given;
    double real;
    bool is_number = text.len < 8 && config_number(text, &given, &real) == NUMBER_INT;
    if (!is_number || given < least || given > most) {
        diag_error(diag, place, "expected a number from %u to %u", least, most);
        return false;
    }
    *number = (uint32_t)given;
    return true;
}

/* One flag at argv[*at]; advances over its value. */
static bool flag_parse(struct command_line *line, int *at, char **argv, const struct words *words,
                       struct diag *diag)
{
    struct str word = str_of(argv[*at]);
    struct place place = words->places[*at];
    bool is_letter = word.ptr[1] != '-';
    struct str name = str_from(word, is_letter ? 1 : 2), value = {0};
    struct place value_place = place;
    ptrdiff_t equals = str_find(name, STR("="));
    if (!is_letter && equals > 0) {
        value = str_from(name, (size_t)equals + 1);
        value_place.start = place.end - (uint32_t)value.len;
        name.len = (size_t)equals;
    } else if (is_letter && name.len > 1 && flag_find(str_slice(name, 0, 1), true)) {
        value = str_from(name, 1); /* -w4 */
        name.len = 1;
    }
    const struct flag *flag = flag_find(name, is_letter);
    if (!flag || is_of_another(flag, line->command)) {
        flag_unknown(line->command, diag, place, name);
        return false;
    }
    bool is_own = is_read_by_command(flag, line->command);
    struct setting_list *list = is_own ? &line->flags : &line->settings;
    if (flag->fixed) {
        line->wants_help |= flag->letter == 'h';
        line->wants_version |= flag->letter == 'V';
        line->only_names |= !strcmp(flag->name, "check");
        line->test.lists_coverage |= !strcmp(flag->name, "coverage");
        line->wants_fields |= !strcmp(flag->name, "fields");
        line->is_strict |= !strcmp(flag->name, "strict");
        if (flag->key)
            setting_add(list, str_of(flag->key), place, value.len ? value : str_of(flag->fixed), place);
        return true;
    }
    if (!value.ptr) {
        if (*at + 1 >= words->count) {
            diag_hint(diag, diag_error(diag, place, "the option needs a value"), "%s", flag->argument);
            return false;
        }
        value = str_of(argv[++*at]);
        value_place = words->places[*at];
    }
    if (str_eq_z(name, "path.settings"))
        line->path_settings = value;
    else if (flag->letter == 'S')
        return setting_flag(line, value, value_place, diag);
    else if (is_own)
        setting_add(list, str_of(flag->name), place, value, value_place);
    else if (str_eq_z(name, "format"))
        return format_flag(line, value, value_place, diag);
    else if (str_eq_z(name, "width"))
        return number_flag(&line->width, value, FORMAT_WIDTH_MIN, FORMAT_WIDTH_MAX, value_place, diag);
    else if (str_eq_z(name, "compat"))
        line->compat = value;
    else if (str_eq_z(name, "coverage-min"))
        return number_flag(&line->test.coverage_min, value, 0, 100, value_place, diag);
    else if (str_eq_z(name, "filter"))
        line->test.filter = value;
    else if (str_eq_z(name, "junit"))
        line->test.junit = value;
    else
        setting_add(list, str_of(flag->key), place, value, value_place);
    return true;
}

static bool command_find(const char *word, enum command *command)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(word, commands[i].name)) {
            *command = (enum command)i;
            return true;
        }
    return false;
}

static void argument_unexpected(struct diag *diag, struct place place, struct str word, bool is_first)
{
    struct str names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++) names[i] = str_of(commands[i].name);
    struct str near = is_first ? suggest(word, names, COMMAND_COUNT) : (struct str){0};
    struct message *message = diag_error(diag, place, "unexpected argument");
    if (near.len) diag_hint(diag, message, "did you mean `tailrace %.*s`?", STR_ARG(near));
    diag_note(diag, message, "a configuration is given with -f PATH; `tailrace --help` lists the commands");
}

bool command_line_parse(struct command_line *line, int argc, char **argv, struct arena *arena,
                        struct diag *diag)
{
    *line = (struct command_line){.settings.arena = arena, .flags.arena = arena};
    struct words words = words_of(argc, argv, arena);
    line->arguments.items = arena_zalloc(arena, (size_t)(argc + 1) * sizeof *line->arguments.items);
    int at = 1;
    if (argc > 1 && command_find(argv[1], &line->command)) at++;
    bool ok = true;
    for (; at < argc; at++) {
        if (argv[at][0] == '-' && argv[at][1]) {
            if (flag_parse(line, &at, argv, &words, diag)) continue;
            ok = false;
            /* the value of a flag that is not known is no argument */
            if (at + 1 < argc && argv[at + 1][0] != '-') at++;
        } else if (line->command == COMMAND_RUN || line->command == COMMAND_HEALTH ||
                   line->command == COMMAND_LSP || line->command == COMMAND_TOP) {
            argument_unexpected(diag, words.places[at], str_of(argv[at]), at == 1);
            return false;
        } else
            line->arguments.items[line->arguments.count++] = str_of(argv[at]);
    }
    return ok;
}

void command_line_help(enum command command, struct buf *out)
{
    if (command == COMMAND_RUN) {
        buf_append_z(out, "tailrace: runs Logstash pipelines, compiled.\n\n"
                          "Usage: tailrace [COMMAND] [OPTIONS]\n\nCommands:\n");
        for (int i = 0; i < COMMAND_COUNT; i++)
            buf_printf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    } else
        buf_printf(out, "Usage: tailrace %s [OPTIONS]%s\n\n%s\n", commands[command].name,
                   commands[command].arguments, commands[command].help);
    buf_append_z(out, "\nOptions:\n");
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (is_of_another(&flags[i], command)) continue;
        char left[64];
        snprintf(left, sizeof left, "%c%c%s --%s%s%s", flags[i].letter ? '-' : ' ',
                 flags[i].letter ? flags[i].letter : ' ', flags[i].letter ? "," : " ", flags[i].name,
                 flags[i].argument ? " " : "", flags[i].argument ? flags[i].argument : "");
        buf_printf(out, "  %-42s %s\n", left, flags[i].help);
    }
    buf_append_z(out, "\nExit codes: 0 done, 1 failed while running, 2 wrong usage, 78 wrong configuration.\n"
                      "Every setting of logstash.yml can also be an environment variable: PIPELINE_WORKERS=4.\n"
                      "Manual of a plugin: tailrace docs grok\n");
}
