/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/repl/session.h"
#include <assert.h>
#include "core/text/json.h"
#include "core/text/time.h"

void session_init(struct session *session, const struct repl_options *options)
{
    assert(options->settings && options->print);
    *session = (struct session){.options = options};
    diag_init(&session->diag);
    arena_init(&session->arena, NULL);
    arena_init(&session->file_arena, NULL);
    stages_init(&session->stages);
    prompt_open(&session->prompt);
}

void session_fini(struct session *session)
{
    assert((session->file == NULL) == (session->routes == NULL));
    prompt_close(&session->prompt);
    sandbox_destroy(session->file);
    sandbox_destroy(session->routes);
    arena_fini(&session->file_arena);
    arena_fini(&session->arena);
    stages_fini(&session->stages);
    diag_fini(&session->diag);
    buf_fini(&session->out);
    buf_fini(&session->typed);
}

/* ---- the answer ---- */

void session_say(struct session *session, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(&session->out, format, args);
    va_end(args);
    buf_append_char(&session->out, '\n');
}

void session_fail(struct session *session, const char *what)
{
    session_say(session, "error: %s", what);
    session->has_failed = true;
}

void session_forget_diag(struct session *session)
{
    diag_fini(&session->diag);
    diag_init(&session->diag);
}

bool session_say_diag(struct session *session)
{
    bool ok = session->diag.errors == 0;
    diag_render(&session->diag, &session->out);
    session_forget_diag(session);
    if (!ok) session->has_failed = true;
    return ok;
}

void session_answer(struct session *session)
{
    assert(session->diag.count == 0); /* it was said, or forgotten on purpose */
    session->options->print(session->options->opaque, &session->out);
    assert(session->out.len == 0);
    arena_fini(&session->arena);
    fflush(stdout);
}

/* ---- events ---- */

bool session_has_events(struct session *session)
{
    bool has = stages_top(&session->stages)->count > 0;
    if (!has)
        session_fail(session, "there is no event: all were dropped (:undo, :reset, or give one)");
    return has;
}

static void show(struct session *session, const struct event *event)
{
    struct time_cache times = {0};
    json_encode_event(event, &times, &session->out);
    buf_append_char(&session->out, '\n');
    if (!event->metadata.live) return;
    buf_append_z(&session->out, "@metadata ");
    json_encode_map(&event->metadata, &session->out);
    buf_append_char(&session->out, '\n');
}

void session_show_events(struct session *session)
{
    const struct stage *stage = stages_top(&session->stages);
    if (!stage->count) session_say(session, "no event: all were dropped");
    for (uint32_t i = 0; i < stage->count; i++) show(session, stage->events[i]);
}

/* ---- programs ---- */

struct sandbox *session_sandbox(struct session *session, struct config *config, struct arena *arena)
{
    static const struct sandbox_input by_hand;
    struct sandbox_options options = {.settings = session->options->settings,
                                      .environment = session->options->environment,
                                      .inputs = &by_hand,
                                      .input_count = 1};
    return sandbox_create(config, &options, arena, &session->diag);
}

bool session_feed(struct session *session, struct sandbox *sandbox)
{
    if (!session_has_events(session)) return false;
    sandbox_begin(sandbox);
    if (stages_feed(&session->stages, sandbox)) return true;
    session_fail(session, "the events are too many or too large");
    return false;
}

void session_run(struct session *session, struct sandbox *sandbox, enum trace_detail detail)
{
    if (!session_feed(session, sandbox)) return;
    trace_run(sandbox, detail, &session->out);
    stages_push(&session->stages, sandbox, false);
}
