/* SPDX-License-Identifier: Apache-2.0 */
/* The prompt's lines: commands, and texts gathered until nothing in them is open. */
#include "pipelines/repl.h"
#include <assert.h>
#include <stdio.h>
#include "dsl/fragment.h"
#include "pipelines/pipeline.h"
#include "pipelines/repl/session.h"

static struct str trim(struct str text)
{
    while (text.len && is_blank(text.ptr[0])) text = str_from(text, 1);
    while (text.len && is_blank(text.ptr[text.len - 1])) text.len--;
    return text;
}

/* ---- the file ---- */

static void file_close(struct session *session)
{
    sandbox_destroy(session->file);
    sandbox_destroy(session->routes);
    session->file = session->routes = NULL;
    arena_fini(&session->file_arena);
}

/* The file's program; with `only_outputs` without its filters. NULL: the diag says why. */
static struct sandbox *file_open(struct session *session, struct str path, bool only_outputs)
{
    struct settings settings = *session->options->settings;
    struct config config = {0};
    settings.path_config = (struct str_list){&path, 1};
    settings.config_string = (struct str){0};
    bool ok = pipeline_read(&settings, &session->file_arena, &config, &session->diag);
    if (only_outputs) config.sections[SECTION_FILTER] = (struct statements){0};
    struct sandbox *sandbox = session_sandbox(session, &config, &session->file_arena);
    if (ok) return sandbox;
    sandbox_destroy(sandbox);
    return NULL;
}

static const char *plural(uint32_t count) { return count == 1 ? "" : "s"; }

static void file_tell(struct session *session, struct str path)
{
    assert(session->file && session->routes);
    const struct program *program = sandbox_program(session->file);
    uint32_t filters = program->filter_count + program->action_count;
    session_say(session, "%.*s: %u filter%s, %u condition%s, %u output%s; :run runs it",
                STR_ARG(path), filters, plural(filters), program->condition_count,
                plural(program->condition_count), program->output_count,
                plural(program->output_count));
}

/* What was loaded before is gone, also when this one is wrong. */
static bool file_load(struct session *session, struct str path)
{
    file_close(session);
    path = arena_copy(&session->file_arena, path);
    session->file = file_open(session, path, false);
    bool ok = session_say_diag(session) && session->file;
    /* read once more for its outputs: a tree that was checked cannot be checked again */
    if (ok) session->routes = file_open(session, path, true);
    session_forget_diag(session); /* it was said of the whole */
    if (ok && session->routes) {
        file_tell(session, path);
        return true;
    }
    file_close(session);
    return false;
}

static bool has_file(struct session *session)
{
    if (!session->file) session_fail(session, "no file is loaded: :load FILE");
    return session->file != NULL;
}

static void outputs_show(struct session *session)
{
    const struct sandbox_event *rows;
    if (!session_feed(session, session->routes)) return;
    sandbox_run(session->routes);
    uint32_t count = sandbox_events(session->routes, &rows);
    for (uint32_t i = 0; i < count; i++) {
        if (count > 1) buf_printf(&session->out, "event %u: ", i + 1);
        for (uint32_t k = 0; k < rows[i].output_count; k++)
            buf_printf(&session->out, "%s%.*s (%s)", k ? ", " : "",
                       STR_ARG(sandbox_output_name(session->routes, rows[i].outputs[k])),
                       sandbox_output_type(session->routes, rows[i].outputs[k]));
        session_say(session, "%s", rows[i].output_count ? "" : "no output");
    }
}

/* ---- commands ---- */

static void run_event(struct session *session, struct str argument)
{
    struct source_text source = {STR("event"), argument};
    if (argument.len)
        typed_event(session, &source);
    else
        session_show_events(session);
}

static void run_load(struct session *session, struct str argument)
{
    if (argument.len)
        file_load(session, argument);
    else
        session_fail(session, "which file? :load FILE");
}

static void run_run(struct session *session, struct str argument)
{
    (void)argument;
    if (has_file(session)) session_run(session, session->file, TRACE_PLACES);
}

static void run_outputs(struct session *session, struct str argument)
{
    (void)argument;
    if (has_file(session)) outputs_show(session);
}

static void run_undo(struct session *session, struct str argument)
{
    (void)argument;
    if (stages_undo(&session->stages))
        session_show_events(session);
    else
        session_fail(session, "nothing is left to take back");
}

static void run_reset(struct session *session, struct str argument)
{
    (void)argument;
    stages_reset(&session->stages);
    session_show_events(session);
}

static void run_quit(struct session *session, struct str argument)
{
    (void)argument;
    session->is_over = true;
}

static void run_help(struct session *session, struct str argument);

static const struct command {
    const char *name, *argument, *help;
    void (*run)(struct session *session, struct str argument);
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

static void run_help(struct session *session, struct str argument)
{
    (void)argument;
    session_say(session, "{\"message\": \"a=1\"}         a JSON object: a new event\n"
              "[x] = [y] * 2              a statement: changes the event and says what it changed\n"
              "grok { match => { … } }    a filter, or a branch: if [x] > 3 { drop { } }\n"
              "[x] + 1                    an expression: its value and type");
    for (size_t i = 0; i < REPL_COMMANDS; i++) {
        char left[32];
        snprintf(left, sizeof left, "%s%s", commands[i].name, commands[i].argument);
        session_say(session, "%-26s %s", left, commands[i].help);
    }
    session_say(session, "Lines are read on while a brace, bracket or quote is open; a line with a command "
              "ends that.");
}

/* `:name argument`. */
static void command_run(struct session *session, struct str line)
{
    assert(str_starts(line, STR(":")));
    size_t len = 0;
    while (len < line.len && !is_blank(line.ptr[len])) len++;
    struct str name = str_slice(line, 0, len), argument = trim(str_from(line, len)),
               names[REPL_COMMANDS];
    for (size_t i = 0; i < REPL_COMMANDS; i++) {
        names[i] = str_of(commands[i].name);
        if (!str_eq(name, names[i])) continue;
        commands[i].run(session, argument);
        return;
    }
    struct str near = suggest(name, names, REPL_COMMANDS);
    session_say(session, "error: there is no command `%.*s`%s%.*s", (int)(name.len < 64 ? name.len : 64),
        name.ptr, near.len ? ": did you mean " : ": see :help", STR_ARG(near));
    session->has_failed = true;
}

/* ---- what is typed ---- */

/* One line; what is whole with it is run. */
static void line_take(struct session *session, struct str line)
{
    bool is_command = str_starts(trim(line), STR(":"));
    if (is_command && session->typed.len) {
        session_say(session, "what was open before is dropped");
        buf_clear(&session->typed);
    }
    size_t behind = session->typed.len ? session->typed.len + 1 : 0; /* and a line end */
    if (behind + line.len > REPL_TEXT_MAX) {
        session_say(session, "error: more than %d bytes at once", REPL_TEXT_MAX);
        session->has_failed = true;
        buf_clear(&session->typed);
    } else if (is_command) {
        command_run(session, trim(line));
    } else {
        if (session->typed.len) buf_append_char(&session->typed, '\n');
        buf_append(&session->typed, line);
        struct str text = trim(buf_str(&session->typed));
        if (fragment_is_open(text, typed_is_json(text))) return;
        if (text.len) typed_run(session, text);
        buf_clear(&session->typed);
    }
    session_answer(session);
}

/* The end came while something was open: it is said what. */
static void rest_take(struct session *session)
{
    struct str text = trim(buf_str(&session->typed));
    if (text.len) typed_run(session, text);
    session_answer(session);
}

static void lines_take(struct session *session)
{
    const char *line = NULL;
    while (!session->is_over) {
        line = prompt_read(&session->prompt, session->typed.len ? "| " : "> ");
        if (!line) break;
        prompt_remember(&session->prompt, line);
        line_take(session, str_of(line));
    }
    if (line) return;
    rest_take(session);
    if (session->prompt.is_terminal) puts("");
}

enum exit_code repl_run(const struct repl_options *options)
{
    struct session session;
    session_init(&session, options);
    bool is_terminal = session.prompt.is_terminal;
    if (is_terminal)
        session_say(&session, "an empty event is at hand; :help says what can be done with it");
    bool is_loaded = !options->file.len || file_load(&session, options->file);
    session_answer(&session);
    if (is_loaded) lines_take(&session);
    bool has_failed = session.has_failed && !is_terminal;
    session_fini(&session);
    if (!is_loaded) return EXIT_CONFIG;
    return has_failed ? EXIT_RUNTIME : EXIT_DONE;
}
