/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/supervisor.h"
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/log.h"
#include "core/text/regex.h"
#include "core/xmalloc.h"
#include "pipelines/api.h"
#include "pipelines/memory_limit.h"
#include "pipelines/notify.h"
#include "pipelines/stop_report.h"
#include "pipelines/topology.h"

enum { STOP_REPORT_MS = 5000 };

struct control {
    struct supervisor *supervisor;
    uv_loop_t loop;
    uv_async_t changed; /* a worker's state changed */
    uv_signal_t terminate, interrupt, hangup;
    uv_timer_t report;
    struct api *api;
    struct memory_limit memory;
    bool is_ready, is_stopping;
    uint64_t stop_began_ms;
    bool *said; /* by pipeline: its end or failure was logged */
    enum exit_code code;
};

static void worker_changed(struct worker *worker, void *opaque)
{
    (void)worker;
    uv_async_send(opaque);
}

static void stop_look(uv_timer_t *timer);

static uint64_t stop_limit_ms(const struct control *control)
{
    return (uint64_t)control->supervisor->settings->shutdown_timeout.ns / 1000000;
}

/* The next look, or shutdown.timeout if that is sooner. */
static void stop_look_arm(struct control *control, uint64_t ms)
{
    uint64_t limit_ms = stop_limit_ms(control);
    bool is_last = limit_ms && limit_ms < ms + STOP_REPORT_MS;
    uv_timer_start(&control->report, stop_look, is_last ? limit_ms - ms : STOP_REPORT_MS, 0);
}

/* Events that are not delivered, each pipeline's said. */
static uint64_t stop_report_all(const struct control *control)
{
    uint64_t left = 0;
    for (uint32_t i = 0; i < control->supervisor->pipeline_count; i++) {
        const struct pipeline *pipeline = control->supervisor->pipelines[i];
        if (!pipeline_has_ended(pipeline)) left += stop_report(pipeline);
    }
    return left;
}

static void stop_say_waiting(const struct control *control, uint64_t ms)
{
    for (uint32_t i = 0; i < control->supervisor->pipeline_count; i++) {
        const struct pipeline *pipeline = control->supervisor->pipelines[i];
        if (pipeline_has_ended(pipeline)) continue;
        struct str waits = stop_waits_for(pipeline);
        LOG(LOG_WARN, "stop.waiting", pipeline->id,
            "still draining after %llu s: %llu events in flight%s%.*s",
            (unsigned long long)ms / 1000, (unsigned long long)pipeline_books(pipeline).in_flight,
            waits.len ? ", held up by output " : "", STR_ARG(waits));
    }
}

static void stop_look(uv_timer_t *timer)
{
    struct control *control = timer->data;
    uint64_t ms = uv_now(&control->loop) - control->stop_began_ms, limit_ms = stop_limit_ms(control);
    if (!limit_ms || ms < limit_ms) {
        stop_say_waiting(control, ms);
        stop_look_arm(control, ms);
        return;
    }
    uint64_t left = stop_report_all(control);
    LOG(LOG_WARN, "stop.timeout", (struct str){0},
        "not drained within shutdown.timeout: %llu events were not delivered; the lines before say where they are",
        (unsigned long long)left);
    _exit((int)control->code);
}

static void stop_all(struct control *control)
{
    if (control->is_stopping) return;
    control->is_stopping = true;
    notify("STOPPING=1");
    uv_update_time(&control->loop);
    control->stop_began_ms = uv_now(&control->loop);
    stop_look_arm(control, 0);
    for (uint32_t i = 0; i < control->supervisor->pipeline_count; i++)
        pipeline_stop(control->supervisor->pipelines[i]);
}

static void signal_stop(uv_signal_t *handle, int number)
{
    struct control *control = handle->data;
    const char *name = number == SIGTERM ? "SIGTERM" : "SIGINT";
    if (control->is_stopping) {
        LOG(LOG_FATAL, "stop.forced", (struct str){0}, "%s again: ending at once, without draining", name);
        stop_report_all(control);
        _exit(EXIT_RUNTIME);
    }
    LOG(LOG_WARN, "stop.signal", (struct str){0}, "%s: stopping inputs and draining", name);
    stop_all(control);
}

static void signal_reopen(uv_signal_t *handle, int number)
{
    struct control *control = handle->data;
    (void)number;
    LOG(LOG_INFO, "reopen.signal", (struct str){0}, "SIGHUP: reopening output files");
    for (uint32_t i = 0; i < control->supervisor->pipeline_count; i++)
        pipeline_reopen(control->supervisor->pipelines[i]);
}

static void handles_close(struct control *control)
{
    if (uv_is_closing((uv_handle_t *)&control->changed)) return;
    if (control->api) api_stop(control->api);
    uv_close((uv_handle_t *)&control->changed, NULL);
    uv_close((uv_handle_t *)&control->terminate, NULL);
    uv_close((uv_handle_t *)&control->interrupt, NULL);
    uv_close((uv_handle_t *)&control->hangup, NULL);
    uv_close((uv_handle_t *)&control->report, NULL);
    memory_limit_close(&control->memory);
}

static void say_end(struct control *control, uint32_t i, enum pipeline_state state)
{
    struct pipeline *pipeline = control->supervisor->pipelines[i];
    if (control->said[i]) return;
    control->said[i] = true;
    if (state == PIPELINE_FAILED) {
        control->code = EXIT_RUNTIME;
        LOG(LOG_ERROR, "pipeline.failed", pipeline->id, "the pipeline did not start; see above");
    } else
        LOG(LOG_INFO, "pipeline.ended", pipeline->id, "the pipeline has ended");
}

static void states_look(uv_async_t *handle)
{
    struct control *control = handle->data;
    struct supervisor *supervisor = control->supervisor;
    uint32_t ended = 0, starting = 0, running = 0;
    for (uint32_t i = 0; i < supervisor->pipeline_count; i++) {
        struct pipeline *pipeline = supervisor->pipelines[i];
        enum pipeline_state state = pipeline_state(pipeline);
        if (state == PIPELINE_FAILED && !pipeline_has_ended(pipeline)) pipeline_stop(pipeline);
        if (pipeline_has_ended(pipeline)) {
            ended++;
            say_end(control, i, state);
        }
        starting += state == PIPELINE_STARTING;
        running += state == PIPELINE_RUNNING;
    }
    if (!control->is_ready && !starting) {
        control->is_ready = true;
        LOG(LOG_INFO, "ready", (struct str){0}, "ready: %u of %u pipelines running", running,
            supervisor->pipeline_count + supervisor->refused);
        notify("READY=1");
    }
    if (ended < supervisor->pipeline_count) return;
    /* their last word goes through `changed`: it may be closed once their threads are gone */
    for (uint32_t i = 0; i < supervisor->pipeline_count; i++)
        pipeline_join(supervisor->pipelines[i]);
    handles_close(control);
}

static void control_init(struct control *control)
{
    int failed = uv_loop_init(&control->loop);
    assert(!failed);
    (void)failed;
    uv_async_init(&control->loop, &control->changed, states_look);
    uv_signal_init(&control->loop, &control->terminate);
    uv_signal_init(&control->loop, &control->interrupt);
    uv_signal_init(&control->loop, &control->hangup);
    uv_timer_init(&control->loop, &control->report);
    control->changed.data = control->terminate.data = control->interrupt.data = control;
    control->hangup.data = control->report.data = control;
    signal(SIGPIPE, SIG_IGN);
    uv_signal_start(&control->terminate, signal_stop, SIGTERM);
    uv_signal_start(&control->interrupt, signal_stop, SIGINT);
    uv_signal_start(&control->hangup, signal_reopen, SIGHUP);
}

/* One that is joined to others is waited for: when its senders look, it listens, and when a signal
 * stops all, everyone knows who sends to whom. */
static void pipelines_start(struct control *control)
{
    struct supervisor *supervisor = control->supervisor;
    for (uint32_t i = 0; i < supervisor->pipeline_count; i++) {
        struct pipeline *pipeline = supervisor->start_order[i];
        int status = pipeline_start(pipeline, worker_changed, &control->changed);
        if (topology_is_joined(pipeline)) pipeline_wait_started(pipeline);
        if (!status) continue;
        LOG(LOG_ERROR, "pipeline.thread", pipeline->id, "no thread: %s", uv_strerror(status));
        control->code = EXIT_RUNTIME;
        pipeline_stop(pipeline);
    }
}

enum exit_code supervisor_run(struct supervisor *supervisor)
{
    struct control control = {.supervisor = supervisor};
    control.said = xcalloc(supervisor->pipeline_count + 1, sizeof *control.said);
    control_init(&control);
    if (!regex_has_jit())
        LOG(LOG_WARN, "regex.no_jit", (struct str){0},
            "executable memory is refused here: regular expressions run without JIT, several times slower");
    if (supervisor->settings->api_enabled) control.api = api_start(supervisor, &control.loop);
    memory_limit_start(&control.memory, (size_t)supervisor->settings->memory_limit.bytes, supervisor->pipelines,
                       supervisor->pipeline_count, &control.loop);
    supervisor->memory = &control.memory;
    pipelines_start(&control);
    uv_async_send(&control.changed);
    uv_run(&control.loop, UV_RUN_DEFAULT);
    if (control.api) api_destroy(control.api);
    int busy = uv_loop_close(&control.loop);
    assert(!busy);
    (void)busy;
    memory_limit_detach(&control.memory);
    supervisor->memory = NULL;
    free(control.said);
    if (control.code == EXIT_DONE && supervisor->refused) return EXIT_CONFIG;
    return control.code;
}
