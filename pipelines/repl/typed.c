/* SPDX-License-Identifier: Apache-2.0 */
/* One text that was typed: events, statements, expressions. What each of them is can be told from its
 * beginning: JSON begins with `{` and a name with a colon, statements as the language says
 * (fragment_is_statement), and all else is an expression or a condition. */
#include <assert.h>
#include "core/text/json.h"
#include "dsl/checker.h"
#include "dsl/failure.h"
#include "dsl/fragment.h"
#include "pipelines/repl/changes.h"
#include "pipelines/repl/session.h"

static struct fragment fragment_of(struct session *session, const struct source_text *source)
{
    return (struct fragment){
        .place = {source, 0, (uint32_t)source->text.len},
        .options = {.has_escapes = session->options->settings->support_escapes},
        .arena = &session->arena,
        .diag = &session->diag,
    };
}

/* ---- events ---- */

/* What was fed into the sandbox is the event from now on. */
static void event_given(struct session *session, struct sandbox *sandbox)
{
    sandbox_run(sandbox);
    stages_push(&session->stages, sandbox, true);
    const struct stage *stage = stages_top(&session->stages);
    for (uint32_t i = 0; i < stage->count; i++)
        changes_print(NULL, stage->events[i], "", &session->out);
}

static bool json_feed(struct session *session, const struct source_text *source,
                      struct sandbox *sandbox)
{
    struct json_report report;
    struct value value;
    struct event *event = sandbox_event(sandbox, 0);
    if (!json_decode(source->text, JSON_WHOLE, event->arena, &value, &report)) {
        uint32_t at = (uint32_t)report.offset, end = at < source->text.len ? at + 1 : at;
        struct place place = {source, at, end};
        diag_hint(&session->diag, diag_error(&session->diag, place, "this is no JSON"), "%s",
                  report.reason);
        return false;
    }
    assert(value.kind == VALUE_MAP); /* the text begins with `{` */
    event_take_map(event, value.map);
    return sandbox_event_done(sandbox, 0, event);
}

void typed_event(struct session *session, const struct source_text *source)
{
    struct config config = {0};
    struct sandbox *sandbox = session_sandbox(session, &config, &session->arena);
    assert(sandbox); /* nothing can be wrong with no statement at all */
    sandbox_begin(sandbox);
    bool ok = str_starts(source->text, STR("{")) ? json_feed(session, source, sandbox)
                                                 : sandbox_text(sandbox, 0, source->text);
    if (session_say_diag(session) && ok) event_given(session, sandbox);
    sandbox_destroy(sandbox);
}

/* ---- statements ---- */

static void statements_run(struct session *session, const struct source_text *source)
{
    struct fragment fragment = fragment_of(session, source);
    struct config config = {0};
    bool ok = fragment_statements(&fragment, &config);
    struct sandbox *sandbox = ok ? session_sandbox(session, &config, &session->arena) : NULL;
    if (session_say_diag(session) && sandbox) {
        bool is_one = trace_count(sandbox_program(sandbox)) == 1;
        session_run(session, sandbox, is_one ? TRACE_CHANGES : TRACE_LINES);
    }
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

static void value_say(struct session *session, const struct node *node, struct event *event)
{
    struct run run = {.event = event, .arena = &session->arena};
    struct value value = node_eval(&run, node);
    if (value.kind == VALUE_MISSING) value = run_fails(&run, node, "is missing");
    if (value.kind == VALUE_FAILED) {
        struct failure failure = failure_of(&run);
        diag_error(&session->diag, failure.place, "%.*s%s%s", STR_ARG(failure.subject),
                   failure.subject.len ? " " : "", failure.problem);
        session_say_diag(session);
        return;
    }
    json_encode_value(&value, &session->out);
    buf_printf(&session->out, "  (%.*s)\n", STR_ARG(type_name(&value, &session->arena)));
}

/* As in a configuration, `${NAME}` is replaced: the checker sees the expression as an assignment's. */
static bool variables_replace(struct session *session, struct expression *expression)
{
    struct assignment assignment = {.place = expression->place, .value = expression};
    struct statement statement = {.kind = STATEMENT_ASSIGNMENT, .assignment = &assignment};
    struct config config = {.sections[SECTION_FILTER] = {&statement, 1}};
    struct checker_options checks = {.inputs = input_types,
                                     .filters = filter_types,
                                     .outputs = output_types,
                                     .environment = session->options->environment};
    return check_config(&config, &checks, &session->arena, &session->diag);
}

static void verdict_say(struct session *session, const struct condition *condition,
                        struct run *run)
{
    switch (condition_eval(condition, run)) {
    case CONDITION_TRUE: session_say(session, "true  (condition)"); break;
    case CONDITION_FALSE: session_say(session, "false  (condition)"); break;
    case CONDITION_FAILED: session_say(session, "cannot be computed: %s", run->problem); break;
    case CONDITION_ERROR:
        session_say(session, "cannot be decided: %s", condition_problem(condition, run));
        break;
    }
}

/* What is no expression may be a condition: `level >= WARN`. Its own faults are not said: those of the
 * expression are what was looked for. */
static bool condition_try(struct session *session, const struct fragment *fragment)
{
    struct diag unheard;
    diag_init(&unheard);
    struct fragment quiet = *fragment;
    quiet.diag = &unheard;
    struct expression *expression = fragment_condition(&quiet);
    struct condition *condition =
        expression ? condition_compile(expression, &session->arena, &unheard) : NULL;
    const struct stage *stage = stages_top(&session->stages);
    for (uint32_t i = 0; condition && i < stage->count; i++) {
        struct run run = {.event = stage->events[i], .arena = &session->arena};
        verdict_say(session, condition, &run);
    }
    if (condition) condition_destroy(condition);
    diag_fini(&unheard);
    return condition != NULL;
}

static void expression_run(struct session *session, const struct source_text *source)
{
    struct fragment fragment = fragment_of(session, source);
    struct expression *expression = fragment_expression(&fragment);
    if (!expression && condition_try(session, &fragment)) {
        session_forget_diag(session);
        return;
    }
    struct compilation compilation = {.arena = &session->arena, .diag = &session->diag};
    const struct node *node = NULL;
    if (expression && variables_replace(session, expression))
        node = expression_compile(&compilation, expression);
    session_say_diag(session);
    const struct stage *stage = stages_top(&session->stages);
    for (uint32_t i = 0; node && i < stage->count; i++)
        value_say(session, node, stage->events[i]);
    regexes_destroy(compilation.regexes);
}

/* ---- which of them ---- */

/* An object of an expression has `=>` behind its first name, JSON a colon. */
bool typed_is_json(struct str text)
{
    size_t at = 1;
    if (!str_starts(text, STR("{"))) return false;
    while (at < text.len && is_blank(text.ptr[at])) at++;
    if (at == text.len || text.ptr[at] != '"') return str_find(text, STR("=>")) < 0;
    for (at++; at < text.len && text.ptr[at] != '"'; at++) at += text.ptr[at] == '\\';
    for (at++; at < text.len && is_blank(text.ptr[at]);) at++;
    return !str_starts(str_from(text, at), STR("=>"));
}

void typed_run(struct session *session, struct str text)
{
    struct source_text source = {STR("typed"), text};
    assert(text.len && text.len <= REPL_TEXT_MAX);
    if (typed_is_json(text)) typed_event(session, &source);
    else if (fragment_is_statement(text)) statements_run(session, &source);
    else if (session_has_events(session)) expression_run(session, &source);
}
