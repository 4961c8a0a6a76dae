/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/taps.h"
#include <assert.h>
#include <stdlib.h>
#include "core/log.h"
#include "core/xmalloc.h"
#include "pipelines/components.h"
#include "pipelines/tap_place.h"

enum {
    NOTE_TICKS = 5, /* between two notes of what is not shown */
    WHO_MAX = 96,
};
_Static_assert(TAPS_MAX * 2 <= PROBES_MAX, "a tap has two probes at most");

struct open_tap {
    struct taps *taps;
    struct open_tap *next;
    struct tap *tap;
    struct pipeline *pipeline;
    struct tap_place place;
    uint64_t ends_at_ms;
    bool is_started, is_ended;
    char who[WHO_MAX];
};

struct taps {
    struct supervisor *supervisor;
    uv_loop_t *loop;
    void (*news)(void *opaque);
    void *opaque;
    uv_async_t wake;
    uv_timer_t tick;
    uint32_t ticks;
    struct open_tap *first; /* newest first */
    uint32_t count;
    uint64_t opened, shown_before; /* `shown_before`: of those that were closed */
    bool is_stopping;
};

/* ---- probes ---- */

static void probe_add(struct probe *probes, uint32_t *count, const struct open_tap *open,
                      uint32_t worker, enum tap_at at)
{
    struct probe probe = tap_probe(open->tap, worker, at);
    const struct tap_point *point = at == TAP_AT_IN ? &open->place.in : &open->place.out;
    probe.at = point->at;
    probe.is_behind = point->is_behind;
    probes[(*count)++] = probe;
}

/* The worker gets a list with the probes of all taps that look at its pipeline now. */
static void worker_renew(const struct taps *taps, struct pipeline *pipeline, uint32_t worker)
{
    struct probe probes[PROBES_MAX];
    uint32_t count = 0;
    for (const struct open_tap *open = taps->first; open; open = open->next) {
        if (open->pipeline != pipeline || open->is_ended) continue;
        enum tap_at at = (enum tap_at)tap_asked(open->tap)->at.value;
        if (at != TAP_AT_OUT) probe_add(probes, &count, open, worker, TAP_AT_IN);
        if (at != TAP_AT_IN) probe_add(probes, &count, open, worker, TAP_AT_OUT);
    }
    const struct program *program = &worker_generation(pipeline->workers[worker])->program;
    worker_run_code(pipeline->workers[worker], code_create(program, probes, count));
}

static void pipeline_renew(const struct taps *taps, struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->worker_count; i++) worker_renew(taps, pipeline, i);
}

/* ---- the course of a tap ---- */

static void end(struct open_tap *open, const char *why)
{
    if (open->is_ended) return;
    open->is_ended = true;
    tap_stop(open->tap);
    pipeline_renew(open->taps, open->pipeline);
    tap_say_ended(open->tap, why);
}

/* From when on nothing is missed: every worker looks, or has ended. */
static bool has_begun(const struct open_tap *open)
{
    for (uint32_t i = 0; i < open->pipeline->worker_count; i++)
        if (!tap_has_begun(open->tap, i) &&
            worker_state(open->pipeline->workers[i]) != WORKER_ENDED)
            return false;
    return true;
}

/* True: there is something to read. */
static bool settle(struct open_tap *open)
{
    if (!open->is_started && has_begun(open)) {
        open->is_started = true;
        tap_say_started(open->tap);
    }
    if (tap_is_full(open->tap)) end(open, "limit");
    return tap_has_news(open->tap);
}

static void woken(uv_async_t *async)
{
    const struct taps *taps = async->data;
    bool has_news = false;
    for (struct open_tap *open = taps->first; open; open = open->next) has_news |= settle(open);
    if (has_news) taps->news(taps->opaque);
}

static void ticked(uv_timer_t *timer)
{
    struct taps *taps = timer->data;
    bool is_note_due = ++taps->ticks % NOTE_TICKS == 0, has_news = false;
    for (struct open_tap *open = taps->first; open; open = open->next) {
        if (uv_now(taps->loop) >= open->ends_at_ms) end(open, "seconds");
        if (pipeline_has_ended(open->pipeline)) end(open, "pipeline_ended");
        if (is_note_due && open->is_started) tap_say_not_shown(open->tap);
        has_news |= settle(open);
    }
    if (has_news) taps->news(taps->opaque);
}

/* ---- opening and closing ---- */

static struct open_tap *refuse(struct tap_refusal *refusal, unsigned status, json_t *error)
{
    *refusal = (struct tap_refusal){status, error};
    return NULL;
}

json_t *tap_complaint(const struct diag *diag)
{
    struct buf text = {0};
    diag_render(diag, &text);
    const struct message *first = &diag->messages[0];
    for (uint32_t i = 1; i < diag->count && first->severity != SEVERITY_ERROR; i++)
        first = &diag->messages[i];
    json_t *error = json_pack("{s:s%, s:s%}", "message", first->text.ptr, first->text.len, "text",
                              text.ptr, text.len);
    if (first->hint.len)
        json_object_set_new(error, "hint", json_stringn(first->hint.ptr, first->hint.len));
    buf_fini(&text);
    return error;
}

static struct open_tap *refuse_count(struct tap_refusal *refusal)
{
    char text[64];
    snprintf(text, sizeof text, "%d taps are open already", TAPS_MAX);
    return refuse(refusal, 429,
                  json_pack("{s:s, s:s}", "message", text, "hint", "end another one first"));
}

static void tap_log(const struct open_tap *open)
{
    const struct tap_options *options = tap_asked(open->tap);
    LOG(LOG_INFO, "tap.opened", open->pipeline->id, "%s looks at events: %.*s%s%.*s, %s%s%.*s",
        open->who, STR_ARG(options->pipeline), options->plugin.len ? "/" : "",
        STR_ARG(options->plugin), tap_at_name((enum tap_at)options->at.value),
        options->where.len ? ", where " : "", STR_ARG(options->where));
}

static struct open_tap *open_make(struct taps *taps, struct tap *tap, struct pipeline *pipeline,
                                  const struct tap_place *place, const char *who)
{
    struct open_tap *open = xcalloc(1, sizeof *open);
    *open = (struct open_tap){
        .taps = taps, .next = taps->first, .tap = tap, .pipeline = pipeline, .place = *place};
    snprintf(open->who, sizeof open->who, "%s", who);
    uv_update_time(taps->loop);
    open->ends_at_ms = uv_now(taps->loop) + (uint64_t)tap_asked(tap)->seconds * 1000;
    if (!taps->first) uv_timer_start(&taps->tick, ticked, TAPS_TICK_MS, TAPS_TICK_MS);
    taps->first = open;
    taps->count++;
    taps->opened++;
    return open;
}

static void wake(void *opaque) { uv_async_send(&((struct taps *)opaque)->wake); }

struct open_tap *taps_open(struct taps *taps, const struct tap_options *options, const char *who,
                           struct tap_refusal *refusal)
{
    struct tap_place place;
    struct tap_options found = *options;
    json_t *error = NULL;
    unsigned status = tap_place_find(taps->supervisor, &found, &place, &error);
    if (status) return refuse(refusal, status, error);
    if (taps->is_stopping)
        return refuse(refusal, 503, json_pack("{s:s}", "message", "the program stops"));
    if (taps->count == TAPS_MAX) return refuse_count(refusal);
    struct pipeline *pipeline = taps->supervisor->pipelines[place.pipeline];
    struct tap *tap = tap_create(&found, pipeline->worker_count, wake, taps);
    struct open_tap *open = open_make(taps, tap, pipeline, &place, who);
    tap_log(open);
    pipeline_renew(taps, pipeline);
    return open;
}

void taps_close(struct open_tap *open)
{
    struct taps *taps = open->taps;
    end(open, "watcher_gone");
    struct open_tap **link = &taps->first;
    while (*link != open) link = &(*link)->next;
    *link = open->next;
    taps->count--;
    if (!taps->first && !uv_is_closing((uv_handle_t *)&taps->tick)) uv_timer_stop(&taps->tick);
    uint64_t shown = tap_count(open->tap).shown;
    taps->shown_before += shown;
    LOG(LOG_INFO, "tap.closed", open->pipeline->id, "%s looks no more: %llu events were shown",
        open->who, (unsigned long long)shown);
    tap_drop(open->tap);
    free(open);
}

struct tap *taps_tap(const struct open_tap *open) { return open->tap; }
uint32_t taps_count(const struct taps *taps) { return taps->count; }
uint64_t taps_opened(const struct taps *taps) { return taps->opened; }

uint64_t taps_shown(const struct taps *taps)
{
    uint64_t shown = taps->shown_before;
    for (const struct open_tap *open = taps->first; open; open = open->next)
        shown += tap_count(open->tap).shown;
    return shown;
}

/* ---- life ---- */

struct taps *taps_create(struct supervisor *supervisor, uv_loop_t *loop, void (*news)(void *opaque),
                         void *opaque)
{
    struct taps *taps = xcalloc(1, sizeof *taps);
    *taps = (struct taps){.supervisor = supervisor, .loop = loop, .news = news, .opaque = opaque};
    uv_async_init(loop, &taps->wake, woken);
    uv_timer_init(loop, &taps->tick);
    taps->wake.data = taps->tick.data = taps;
    return taps;
}

void taps_stop(struct taps *taps)
{
    taps->is_stopping = true;
    for (struct open_tap *open = taps->first; open; open = open->next) end(open, "stopped");
    if (taps->first) taps->news(taps->opaque);
    uv_close((uv_handle_t *)&taps->wake, NULL);
    uv_close((uv_handle_t *)&taps->tick, NULL);
}

void taps_destroy(struct taps *taps)
{
    assert(!taps->first);
    free(taps);
}
