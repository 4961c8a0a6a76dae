/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/repl.h"
#include "core/text/json.h"
#include "core/text/time.h"
#include "dsl/checker.h"
#include "dsl/failure.h"
#include "dsl/fragment.h"
#include "pipelines/pipeline.h"
#include "pipelines/repl/changes.h"
#include "pipelines/repl/prompt.h"
#include "pipelines/repl/stage.h"
#include "pipelines/repl/trace.h"
#include <assert.h>
#include <stdlib.h>

struct repl {
    const struct repl_options *options;
    struct prompt prompt;
    struct stages stages;
    struct buf out;   /* the answer */
    struct buf typed; /* lines of one text whose braces are open */
    struct diag diag;
    struct arena arena;      /* of the text at hand: its tree, its program */
    struct arena file_arena; /* of the file that is loaded */
    struct sandbox *file;    /* its program; NULL: none is loaded */
    struct sandbox *routes;  /* its outputs alone */
    struct str path;
    bool has_failed, is_over;
};

static void say(struct repl *repl, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct repl *repl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(&repl->out, format, args);
    va_end(args);
    buf_append_char(&repl->out, '\n');
}

static void fail(struct repl *repl, const char *what)
{
    say(repl, "error: %s", what);
    repl->has_failed = true;
}

static struct str trim(struct str text)
{
    while (text.len && is_blank(text.ptr[0])) text = str_from(text, 1);
    while (text.len && is_blank(text.ptr[text.len - 1])) text.len--;
    return text;
}

/* Complaints of the text at hand. False when there was an error. */
static bool diag_say(struct repl *repl)
{
    bool ok = repl->diag.errors == 0;
    diag_render(&repl->diag, &repl->out);
    diag_fini(&repl->diag);
    diag_init(&repl->diag);
    if (!ok) repl->has_failed = true;
    return ok;
}

static struct sandbox *sandbox_of(struct repl *repl, struct config *config, struct arena *arena)
{
    static const struct sandbox_input by_hand;
    struct sandbox_options options = {.settings = repl->options->settings,
                                      .environment = repl->options->environment,
                                      .inputs = &by_hand,
                                      .input_count = 1};
    return sandbox_create(config, &options, arena, &repl->diag);
}

/* ---- the event ---- */

static void event_show(struct repl *repl, const struct event *event)
{
    struct time_cache times = {0};
    json_encode_event(event, &times, &repl->out);
    buf_append_char(&repl->out, '\n');
    if (!event->metadata.live) return;
    buf_append_z(&repl->out, "@metadata ");
    json_encode_map(&event->metadata, &repl->out);
    buf_append_char(&repl->out, '\n');
}

/* False (said): all were dropped. */
static bool has_events(struct repl *repl)
{
    bool has = stages_top(&repl->stages)->count > 0;
    if (!has) fail(repl, "there is no event: all were dropped (:undo, :reset, or give one)");
    return has;
}

static void events_show(struct repl *repl)
{
    const struct stage *stage = stages_top(&repl->stages);
    if (!stage->count) say(repl, "no event: all were dropped");
    for (uint32_t i = 0; i < stage->count; i++) event_show(repl, stage->events[i]);
}

/* What was fed into the sandbox is the event from now on. */
static void event_given(struct repl *repl, struct sandbox *sandbox)
{
    sandbox_run(sandbox);
    stages_push(&repl->stages, sandbox, true);
    const struct stage *stage = stages_top(&repl->stages);
    for (uint32_t i = 0; i < stage->count; i++)
        changes_print(NULL, stage->events[i], "", &repl->out);
}

static bool json_feed(struct repl *repl, const struct source_text *source, struct sandbox *sandbox)
{
    struct json_report report;
    struct value value;
    struct event *event = sandbox_event(sandbox, 0);
    if (!json_decode(source->text, JSON_WHOLE, event->arena, &value, &report)) {
        uint32_t at = (uint32_t)report.offset, end = at < source->text.len ? at + 1 : at;
        diag_hint(&repl->diag,
                  diag_error(&repl->diag, (struct place){source, at, end}, "this is no JSON"), "%s",
                  report.reason);
        return false;
    }
    assert(value.kind == VALUE_MAP); /* the text began with `{` */
    event_take_map(event, value.map);
    sandbox_event_done(sandbox, 0, event);
    return true;
}

/* An event from JSON, or from a text by the codec plain. */
static void event_take(struct repl *repl, const struct source_text *source)
{
    struct config config = {0};
    struct sandbox *sandbox = sandbox_of(repl, &config, &repl->arena);
    sandbox_begin(sandbox);
    bool ok = str_starts(source->text, STR("{")) ? json_feed(repl, source, sandbox)
                                                 : sandbox_text(sandbox, 0, source->text);
    if (diag_say(repl) && ok) event_given(repl, sandbox);
    sandbox_destroy(sandbox);
}

/* ---- statements ---- */

/* Runs a program over the events at hand, which are what comes out from now on. */
static void program_run(struct repl *repl, struct sandbox *sandbox, enum trace_detail detail)
{
    if (!has_events(repl)) return;
    sandbox_begin(sandbox);
    if (!stages_feed(&repl->stages, sandbox)) {
        fail(repl, "the events are too many or too large");
        return;
    }
    trace_run(sandbox, detail, &repl->out);
    stages_push(&repl->stages, sandbox, false);
}

static void statements_run(struct repl *repl, const struct source_text *source)
{
    struct fragment fragment = {
        .place = {source, 0, (uint32_t)source->text.len},
        .options = {.has_escapes = repl->options->settings->support_escapes},
        .arena = &repl->arena,
        .diag = &repl->diag};
    struct config config = {0};
    bool ok = fragment_statements(&fragment, &config);
    struct sandbox *sandbox = ok ? sandbox_of(repl, &config, &repl->arena) : NULL;
    if (diag_say(repl) && sandbox)
        program_run(repl, sandbox,
                    trace_count(sandbox_program(sandbox)) > 1 ? TRACE_LINES : TRACE_CHANGES);
    sandbox_destroy(sandbox);
}

/* ---- expressions ---- */

/* `an integer` as `integer`. */
static struct str type_name(const struct value *value, struct arena *arena)
{
    struct str name = type_names(type_of_value(value), arena);
    ptrdiff_t blank = str_find(name, STR(" "));
    return blank >= 0 ? str_from(name, (size_t)blank + 1) : name;
}

static void value_say(struct repl *repl, const struct node *node, const struct event *event)
{
    struct run run = {.event = event, .arena = &repl->arena};
    struct value value;
    bool ok = node_eval(&run, node, &value);
    if (ok && value.kind == VALUE_MISSING) ok = run_fails(&run, node, "is missing");
    if (!ok) {
        struct failure failure = failure_of(&run);
        diag_error(&repl->diag, failure.place, "%.*s%s%s", STR_ARG(failure.subject),
                   failure.subject.len ? " " : "", failure.problem);
        diag_say(repl);
        return;
    }
    json_encode_value(&value, &repl->out);
    buf_printf(&repl->out, "  (%.*s)\n", STR_ARG(type_name(&value, &repl->arena)));
}

/* As in a configuration, `${NAME}` is replaced: the checker sees the expression as an assignment's. */
static bool variables_replace(struct repl *repl, struct expression *expression)
{
    struct assignment assignment = {.place = expression->place, .value = expression};
    struct statement statement = {.kind = STATEMENT_ASSIGNMENT, .assignment = &assignment};
    struct config config = {.sections[SECTION_FILTER] = {&statement, 1}};
    struct checker_options checks = {.inputs = input_types,
                                     .filters = filter_types,
                                     .outputs = output_types,
                                     .environment = repl->options->environment};
    return check_config(&config, &checks, &repl->arena, &repl->diag);
}

static void verdict_say(struct repl *repl, const struct condition *condition, struct run *run)
{
    switch (condition_eval(condition, run)) {
    case CONDITION_TRUE: say(repl, "true  (condition)"); break;
    case CONDITION_FALSE: say(repl, "false  (condition)"); break;
    case CONDITION_FAILED: say(repl, "cannot be computed: %s", run->problem); break;
    case CONDITION_ERROR: say(repl, "cannot be decided: %s", condition_problem(condition, run)); break;
    }
}

/* What is no expression may be a condition: `level >= WARN`. */
static bool condition_try(struct repl *repl, const struct fragment *fragment)
{
    struct diag unheard;
    diag_init(&unheard);
    struct fragment quiet = *fragment;
    quiet.diag = &unheard;
    struct expression *expression = fragment_condition(&quiet);
    struct condition *condition =
        expression ? condition_compile(expression, &repl->arena, &unheard) : NULL;
    const struct stage *stage = stages_top(&repl->stages);
    for (uint32_t i = 0; condition && i < stage->count; i++) {
        struct run run = {.event = stage->events[i], .arena = &repl->arena};
        verdict_say(repl, condition, &run);
    }
    if (condition) condition_destroy(condition);
    diag_fini(&unheard);
    return condition != NULL;
}

static void expression_run(struct repl *repl, const struct source_text *source)
{
    struct fragment fragment = {
        .place = {source, 0, (uint32_t)source->text.len},
        .options = {.has_escapes = repl->options->settings->support_escapes},
        .arena = &repl->arena,
        .diag = &repl->diag};
    struct expression *expression = fragment_expression(&fragment);
    if (!expression && condition_try(repl, &fragment)) {
        diag_fini(&repl->diag);
        diag_init(&repl->diag);
        return;
    }
    struct compilation compilation = {.arena = &repl->arena, .diag = &repl->diag};
    const struct node *node = NULL;
    if (expression && variables_replace(repl, expression))
        node = expression_compile(&compilation, expression);
    diag_say(repl);
    const struct stage *stage = stages_top(&repl->stages);
    for (uint32_t i = 0; node && i < stage->count; i++) value_say(repl, node, stage->events[i]);
    regexes_destroy(compilation.regexes);
}

/* ---- the file ---- */

static void file_close(struct repl *repl)
{
    sandbox_destroy(repl->file);
    sandbox_destroy(repl->routes);
    repl->file = repl->routes = NULL;
    arena_fini(&repl->file_arena);
}

/* The file's program; with `only_outputs` without its filters. */
static struct sandbox *file_open(struct repl *repl, struct str path, bool only_outputs)
{
    struct settings settings = *repl->options->settings;
    struct config config = {0};
    settings.path_config = (struct str_list){&path, 1};
    settings.config_string = (struct str){0};
    bool ok = pipeline_read(&settings, &repl->file_arena, &config, &repl->diag);
    if (only_outputs) config.sections[SECTION_FILTER] = (struct statements){0};
    struct sandbox *sandbox = sandbox_of(repl, &config, &repl->file_arena);
    if (ok) return sandbox;
    sandbox_destroy(sandbox);
    return NULL;
}

static const char *plural(uint32_t count) { return count == 1 ? "" : "s"; }

static bool file_load(struct repl *repl, struct str path)
{
    file_close(repl);
    path = arena_copy(&repl->file_arena, path);
    repl->path = path;
    repl->file = file_open(repl, path, false);
    bool ok = diag_say(repl) && repl->file;
    if (ok) {
        repl->routes = file_open(repl, path, true);
        const struct program *program = sandbox_program(repl->file);
        diag_fini(&repl->diag); /* what it says was said of the whole */
        diag_init(&repl->diag);
        uint32_t filters = program->filter_count + program->action_count;
        say(repl, "%.*s: %u filter%s, %u condition%s, %u output%s; :run runs it", STR_ARG(path),
            filters, plural(filters), program->condition_count, plural(program->condition_count),
            program->output_count, plural(program->output_count));
    }
    return ok;
}

static bool has_file(struct repl *repl)
{
    if (!repl->file) fail(repl, "no file is loaded: :load FILE");
    return repl->file != NULL;
}

static void outputs_show(struct repl *repl)
{
    const struct sandbox_event *rows;
    if (!has_events(repl)) return;
    sandbox_begin(repl->routes);
    if (!stages_feed(&repl->stages, repl->routes)) {
        fail(repl, "the events are too many or too large");
        return;
    }
    sandbox_run(repl->routes);
    uint32_t count = sandbox_events(repl->routes, &rows);
    for (uint32_t i = 0; i < count; i++) {
        if (count > 1) buf_printf(&repl->out, "event %u: ", i + 1);
        for (uint32_t k = 0; k < rows[i].output_count; k++)
            buf_printf(&repl->out, "%s%.*s (%s)", k ? ", " : "",
                       STR_ARG(sandbox_output_name(repl->routes, rows[i].outputs[k])),
                       sandbox_output_type(repl->routes, rows[i].outputs[k]));
        say(repl, "%s", rows[i].output_count ? "" : "no output");
    }
}

/* ---- commands ---- */

static void run_event(struct repl *repl, struct str argument)
{
    struct source_text source = {STR("event"), argument};
    if (argument.len)
        event_take(repl, &source);
    else
        events_show(repl);
}

static void run_load(struct repl *repl, struct str argument)
{
    if (argument.len)
        file_load(repl, argument);
    else
        fail(repl, "which file? :load FILE");
}

static void run_run(struct repl *repl, struct str argument)
{
    (void)argument;
    if (has_file(repl)) program_run(repl, repl->file, TRACE_PLACES);
}

static void run_outputs(struct repl *repl, struct str argument)
{
    (void)argument;
    if (has_file(repl)) outputs_show(repl);
}

static void run_undo(struct repl *repl, struct str argument)
{
    (void)argument;
    if (stages_undo(&repl->stages))
        events_show(repl);
    else
        fail(repl, "nothing is left to take back");
}

static void run_reset(struct repl *repl, struct str argument)
{
    (void)argument;
    stages_reset(&repl->stages);
    events_show(repl);
}

static void run_quit(struct repl *repl, struct str argument)
{
    (void)argument;
    repl->is_over = true;
}

static void run_help(struct repl *repl, struct str argument);

static const struct command {
    const char *name, *argument, *help;
    void (*run)(struct repl *repl, struct str argument);
} commands[] = {
    {":event", " [TEXT]", "show the event; with TEXT: a new one, JSON or plain text", run_event},
    {":load", " FILE", "take a configuration: a file, a folder or a pattern", run_load},
    {":run", "", "run it over the event, step by step", run_run},
    {":outputs", "", "to which of its outputs the event would go now", run_outputs},
    {":undo", "", "take the last step back", run_undo},
    {":reset", "", "the event as it was given", run_reset},
    {":help", "", "this", run_help},
    {":quit", "", "end; ^D does, too", run_quit},
};
enum { REPL_COMMANDS = sizeof commands / sizeof *commands };

static void run_help(struct repl *repl, struct str argument)
{
    (void)argument;
    say(repl, "{\"message\": \"a=1\"}         a JSON object: a new event\n"
              "[x] = [y] * 2              a statement: changes the event and says what it changed\n"
              "grok { match => { … } }    a filter, or a branch: if [x] > 3 { drop { } }\n"
              "[x] + 1                    an expression: its value and type");
    for (size_t i = 0; i < REPL_COMMANDS; i++) {
        char left[32];
        snprintf(left, sizeof left, "%s%s", commands[i].name, commands[i].argument);
        say(repl, "%-26s %s", left, commands[i].help);
    }
    say(repl, "Lines are read on while a brace, bracket or quote is open; a line with a command "
              "ends that.");
}

static void command_run(struct repl *repl, struct str line)
{
    size_t len = 0;
    while (len < line.len && !is_blank(line.ptr[len])) len++;
    struct str name = str_slice(line, 0, len), argument = trim(str_from(line, len)),
               names[REPL_COMMANDS];
    for (size_t i = 0; i < REPL_COMMANDS; i++) {
        names[i] = str_of(commands[i].name);
        if (!str_eq(name, names[i])) continue;
        commands[i].run(repl, argument);
        return;
    }
    struct str near = suggest(name, names, REPL_COMMANDS);
    say(repl, "error: there is no command `%.*s`%s%.*s", (int)(name.len < 64 ? name.len : 64),
        name.ptr, near.len ? ": did you mean " : ": see :help", STR_ARG(near));
    repl->has_failed = true;
}

/* ---- what is typed ---- */

/* An object of an expression has `=>` behind its first name, JSON a colon. */
static bool is_json(struct str text)
{
    size_t at = 1;
    if (!str_starts(text, STR("{"))) return false;
    while (at < text.len && is_blank(text.ptr[at])) at++;
    if (at == text.len || text.ptr[at] != '"') return str_find(text, STR("=>")) < 0;
    for (at++; at < text.len && text.ptr[at] != '"'; at++) at += text.ptr[at] == '\\';
    struct str behind = trim(str_from(text, at + 1));
    return !str_starts(behind, STR("=>"));
}

static void text_run(struct repl *repl, struct str text)
{
    struct source_text source = {STR("typed"), text};
    if (is_json(text))
        event_take(repl, &source);
    else if (fragment_is_statement(text))
        statements_run(repl, &source);
    else if (has_events(repl))
        expression_run(repl, &source);
}

static void answer(struct repl *repl)
{
    repl->options->print(repl->options->opaque, &repl->out);
    arena_fini(&repl->arena);
    fflush(stdout);
}

/* One line; what is whole with it is run. */
static void line_take(struct repl *repl, struct str line)
{
    bool is_command = str_starts(trim(line), STR(":"));
    if (is_command && repl->typed.len) {
        say(repl, "what was open before is dropped");
        buf_clear(&repl->typed);
    }
    if (repl->typed.len + line.len > REPL_TEXT_MAX) {
        say(repl, "error: more than %d bytes at once", REPL_TEXT_MAX);
        repl->has_failed = true;
        buf_clear(&repl->typed);
    } else if (is_command) {
        command_run(repl, trim(line));
    } else {
        if (repl->typed.len) buf_append_char(&repl->typed, '\n');
        buf_append(&repl->typed, line);
        struct str text = trim(buf_str(&repl->typed));
        if (fragment_is_open(text, is_json(text))) return;
        if (text.len) text_run(repl, text);
        buf_clear(&repl->typed);
    }
    answer(repl);
}

enum exit_code repl_run(const struct repl_options *options)
{
    struct repl repl = {.options = options};
    diag_init(&repl.diag);
    arena_init(&repl.arena, NULL);
    arena_init(&repl.file_arena, NULL);
    stages_init(&repl.stages);
    prompt_open(&repl.prompt);
    if (repl.prompt.is_terminal)
        say(&repl, "an empty event is at hand; :help says what can be done with it");
    bool ok = !options->file.len || file_load(&repl, options->file);
    answer(&repl);
    const char *line = NULL;
    while (ok && !repl.is_over &&
           (line = prompt_read(&repl.prompt, repl.typed.len ? "| " : "> "))) {
        prompt_remember(&repl.prompt, line);
        line_take(&repl, str_of(line));
    }
    if (repl.typed.len && !line) { /* the end came while something was open: it is said what */
        text_run(&repl, trim(buf_str(&repl.typed)));
        answer(&repl);
    }
    if (repl.prompt.is_terminal && !line) puts("");
    enum exit_code code = !ok                                           ? EXIT_CONFIG
                          : repl.has_failed && !repl.prompt.is_terminal ? EXIT_RUNTIME
                                                                        : EXIT_DONE;
    prompt_close(&repl.prompt);
    file_close(&repl);
    stages_fini(&repl.stages);
    diag_fini(&repl.diag);
    buf_fini(&repl.out);
    buf_fini(&repl.typed);
    return code;
}
