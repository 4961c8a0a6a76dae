/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/repl/stage.h"
#include <assert.h>

static void stage_init(struct stage *stage, uint32_t capacity)
{
    arena_init(&stage->arena, NULL);
    stage->events = arena_alloc(&stage->arena, (capacity + 1) * sizeof *stage->events);
    stage->count = 0;
}

static struct event *stage_add(struct stage *stage, struct value timestamp)
{
    assert(stage->events);
    struct event *event = arena_alloc(&stage->arena, sizeof *event);
    event_init(event, &stage->arena, timestamp);
    event->index = event->rank = event->parent = stage->count;
    stage->events[stage->count++] = event;
    return event;
}

/* Texts too: the other stage may go first. */
static void stage_copy(struct stage *to, const struct stage *from)
{
    stage_init(to, from->count);
    for (uint32_t i = 0; i < from->count; i++)
        event_copy(stage_add(to, value_time(0, 0)), from->events[i], true);
}

void stages_init(struct stages *stages)
{
    *stages = (struct stages){.count = 1};
    stage_init(&stages->given, 1);
    stage_add(&stages->given, event_now());
    stage_copy(&stages->items[0], &stages->given);
}

void stages_fini(struct stages *stages)
{
    for (uint32_t i = 0; i < stages->count; i++) arena_fini(&stages->items[i].arena);
    arena_fini(&stages->given.arena);
}

struct stage *stages_top(struct stages *stages)
{
    assert(stages->count > 0);
    return &stages->items[stages->count - 1];
}

/* A place for a new stage; the oldest makes room. */
static struct stage *stage_next(struct stages *stages)
{
    if (stages->count == STAGES_MAX) {
        arena_fini(&stages->items[0].arena);
        memmove(stages->items, stages->items + 1, (STAGES_MAX - 1) * sizeof *stages->items);
        stages->count--;
    }
    assert(stages->count < STAGES_MAX);
    return &stages->items[stages->count++];
}

void stages_push(struct stages *stages, struct sandbox *sandbox, bool is_given)
{
    const struct sandbox_event *rows;
    uint32_t count = sandbox_events(sandbox, &rows);
    struct stage *stage = stage_next(stages);
    stage_init(stage, count);
    for (uint32_t i = 0; i < count; i++)
        if (!rows[i].is_dropped)
            event_copy(stage_add(stage, value_time(0, 0)), rows[i].event, true);
    if (!is_given) return;
    arena_fini(&stages->given.arena);
    stage_copy(&stages->given, stage);
}

bool stages_undo(struct stages *stages)
{
    if (stages->count < 2) return false;
    arena_fini(&stages->items[--stages->count].arena);
    return true;
}

void stages_reset(struct stages *stages) { stage_copy(stage_next(stages), &stages->given); }

bool stages_feed(struct stages *stages, struct sandbox *sandbox)
{
    const struct stage *stage = stages_top(stages);
    for (uint32_t i = 0; i < stage->count; i++) {
        struct event *event = sandbox_event(sandbox, 0);
        if (!event) return false;
        event_copy(event, stage->events[i], true);
        if (!sandbox_event_done(sandbox, 0, event)) return false;
    }
    return true;
}
