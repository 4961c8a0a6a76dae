/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/repl/trace.h"
#include <assert.h>
#include "pipelines/repl/changes.h"

struct trace {
    struct sandbox *sandbox;
    enum trace_detail detail;
    struct buf *out;
    struct arena arena; /* of the copies of one step */
    const char *indent;
    bool is_many; /* several events: lines say of which one */
};

/* ---- where ---- */

/* Where on its line a statement ends: behind the brace that closes it; what opens a branch before
 * its block. Quotes hide braces. */
static size_t statement_end(struct str line, bool is_branch)
{
    int32_t depth = 0;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        const char *close =
            c == '"' || c == '\'' ? memchr(line.ptr + i + 1, c, line.len - i - 1) : NULL;
        if (close) i = (size_t)(close - line.ptr);
        if (c == '{' && is_branch) return i;
        if (c == '}' && depth <= 1) return depth ? i + 1 : i;
        depth += c == '{';
        depth -= c == '}';
    }
    return line.len;
}

/* The line from the word that the place names. */
static void draw_place(const struct trace *trace, struct place place, bool is_branch)
{
    if (trace->detail == TRACE_CHANGES || !place.source) return;
    struct line_column at = place_line(place);
    size_t start = (size_t)(place.source->text.ptr + place.start - at.text.ptr);
    assert(start <= at.text.len);
    struct str line = str_from(at.text, start);
    line.len = statement_end(line, is_branch);
    while (line.len && is_blank(line.ptr[line.len - 1])) line.len--;
    bool is_cut = line.len > TRACE_LINE_MAX;
    if (is_cut) line.len = TRACE_LINE_MAX;
    if (trace->detail == TRACE_PLACES)
        buf_printf(trace->out, "%.*s:%u:%u  ", STR_ARG(place.source->name), at.line, at.column);
    buf_printf(trace->out, "%.*s%s\n", STR_ARG(line), is_cut ? "\xe2\x80\xa6" : "");
}

/* `event 2: `, where there are several; numbers are those of the batch. */
static void draw_event(const struct trace *trace, const struct event *event)
{
    buf_append_z(trace->out, trace->indent);
    if (trace->is_many) buf_printf(trace->out, "event %u: ", event->index + 1);
}

static void draw_word(const struct trace *trace, const struct event *event, const char *word)
{
    draw_event(trace, event);
    buf_printf(trace->out, "%s\n", word);
}

/* ---- filters and assignments ---- */

/* Copies of the events that are about to be changed. */
static struct event **copies_of(struct trace *trace, struct batch *batch, struct selection in)
{
    assert(in.count <= batch->count);
    struct event **copies = arena_alloc(&trace->arena, (in.count + 1) * sizeof *copies);
    for (uint32_t i = 0; i < in.count; i++) {
        copies[i] = arena_alloc(&trace->arena, sizeof **copies);
        event_init(copies[i], &trace->arena, value_time(0, 0));
        event_copy(copies[i], batch->events[in.index[i]], false);
    }
    return copies;
}

/* Of one event; `dropped` and `unchanged` are told where no line of a field says more. */
static void draw_changes(struct trace *trace, const struct event *before, const struct event *after)
{
    if (trace->is_many) draw_word(trace, after, "");
    uint32_t count =
        changes_print(before, after, trace->is_many ? "    " : trace->indent, trace->out);
    if (after->is_cancelled)
        draw_word(trace, after, "dropped");
    else if (!count && before)
        draw_word(trace, after, "unchanged");
}

static void step_change(struct trace *trace, const struct vm_position *at)
{
    struct batch *batch = sandbox_batch(trace->sandbox);
    struct selection in = at->now;
    struct place place = at->next->place;
    if (!in.count) {
        sandbox_step(trace->sandbox);
        return;
    }
    struct event **copies = copies_of(trace, batch, in);
    uint32_t count = batch->count;
    trace->is_many |= count > 1;
    sandbox_step(trace->sandbox);
    trace->is_many |= batch->count > 1;
    draw_place(trace, place, false);
    for (uint32_t i = 0; i < in.count; i++)
        draw_changes(trace, copies[i], batch->events[in.index[i]]);
    for (uint32_t i = count; i < batch->count; i++) {
        draw_word(trace, batch->events[i], "created");
        changes_print(NULL, batch->events[i], "    ", trace->out);
    }
    arena_fini(&trace->arena);
}

/* ---- branches and outputs ---- */

static bool holds(struct selection selection, uint32_t index)
{
    for (uint32_t i = 0; i < selection.count; i++)
        if (selection.index[i] == index) return true;
    return false;
}

/* What the condition said of an event. */
static void draw_verdict(struct trace *trace, const struct program_condition *row,
                         const struct event *before, const struct event *event, bool is_true)
{
    if (event->is_cancelled) {
        struct run run = {.event = event,
                          .names = vm_names(sandbox_batch(trace->sandbox), event),
                          .arena = &trace->arena};
        draw_event(trace, event);
        buf_printf(trace->out, "dropped: the condition cannot be decided (%s)\n",
                   condition_problem(row->condition, &run));
        return;
    }
    if (trace->detail != TRACE_CHANGES) draw_word(trace, event, is_true ? "true" : "false");
    changes_print(before, event, trace->indent, trace->out); /* what could not be computed is tagged */
}

static void step_test(struct trace *trace, const struct vm_position *at)
{
    struct batch *batch = sandbox_batch(trace->sandbox);
    struct selection in = at->rest;
    const struct program_condition *row =
        &sandbox_program(trace->sandbox)->conditions[at->next->a];
    struct place place = at->next->place;
    struct event **copies = copies_of(trace, batch, in);
    assert(at->next->opcode == OP_TEST);
    sandbox_step(trace->sandbox);
    if (in.count) draw_place(trace, place, true);
    struct selection held = sandbox_position(trace->sandbox).now;
    for (uint32_t i = 0; i < in.count; i++) {
        const struct event *event = batch->events[in.index[i]];
        draw_verdict(trace, row, copies[i], event, holds(held, event->index));
    }
    arena_fini(&trace->arena);
}

/* The events are still what they were: an output changes none. */
static void step_output(struct trace *trace, const struct vm_position *at)
{
    struct batch *batch = sandbox_batch(trace->sandbox);
    assert(at->next->opcode == OP_OUTPUT);
    struct str name = sandbox_output_name(trace->sandbox, at->next->a);
    if (at->now.count) draw_place(trace, at->next->place, false);
    SELECTION_EACH (batch, &at->now, event) {
        draw_event(trace, event);
        buf_printf(trace->out, "goes to %.*s\n", STR_ARG(name));
    }
    sandbox_step(trace->sandbox);
}

static void step_else(struct trace *trace, const struct vm_position *at)
{
    if (at->rest.count) draw_place(trace, at->next->place, true);
    sandbox_step(trace->sandbox);
}

/* All is through: filters with timers may give events that they held back. */
static bool step_done(struct trace *trace)
{
    const struct batch *batch = sandbox_batch(trace->sandbox);
    uint32_t count = batch->count;
    bool goes_on = sandbox_step(trace->sandbox);
    trace->is_many |= batch->count > 1;
    for (uint32_t i = count; i < batch->count; i++) {
        draw_word(trace, batch->events[i], "created, by a timer");
        changes_print(NULL, batch->events[i], "    ", trace->out);
    }
    return goes_on;
}

/* Instructions that nothing is told of are stepped over. */
static bool step(struct trace *trace)
{
    struct vm_position at = sandbox_position(trace->sandbox);
    switch ((enum opcode)at.next->opcode) {
    case OP_FILTER:
    case OP_RUN: step_change(trace, &at); return true;
    case OP_TEST: step_test(trace, &at); return true;
    case OP_ELSE: step_else(trace, &at); return true;
    case OP_OUTPUT: step_output(trace, &at); return true;
    case OP_DONE: return step_done(trace);
    default: return sandbox_step(trace->sandbox);
    }
}

uint32_t trace_count(const struct program *program)
{
    return program->filter_count + program->action_count + program->condition_count;
}

void trace_run(struct sandbox *sandbox, enum trace_detail detail, struct buf *out)
{
    struct trace trace = {.sandbox = sandbox,
                          .detail = detail,
                          .out = out,
                          .indent = detail == TRACE_CHANGES ? "" : "  "};
    arena_init(&trace.arena, NULL);
    assert(sandbox_batch(sandbox));
    trace.is_many = sandbox_batch(sandbox)->count > 1;
    while (step(&trace)) continue;
    arena_fini(&trace.arena);
}
