/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/worker.h"
#include <signal.h>
#include <stdlib.h>
#include "core/log.h"
#include "core/net/tls.h"
#include "core/xmalloc.h"
#include "pipelines/worker_part.h"

static void state_set(struct worker *worker, enum worker_state state)
{
    atomic_store(&worker->state, state);
    if (state == WORKER_RUNNING || state == WORKER_ENDED)
        worker->changed(worker, worker->changed_opaque);
}

static void outputs_turn(struct worker *worker)
{
    struct program *program = &worker->generation->program;
    for (uint32_t i = 0; i < program->output_count; i++) {
        struct output *output = program->outputs[i];
        if (output->overflow) overflow_turn(output->overflow);
        if (output->type->turn && !output->is_stopped) output->type->turn(output->self);
    }
}

static void queue_settle(struct worker *worker)
{
    /* inputs that ended by themselves leave nothing to come back to */
    if (worker_inputs_have_stopped(worker))
        queue_end(worker->queue, worker->options.queue->drains || atomic_load(&worker->state) == WORKER_RUNNING);
    worker_settle_capture(worker);
    if (!worker->ingest.is_paused && queue_can_replay(worker->queue)) loop_wake(&worker->loop);
}

/* The end of a loop turn: what has gathered is run, what was written is started, and whoever waits
 * for either is told. */
static void worker_turn(struct worker *worker)
{
    if (worker->may_resume) {
        worker->may_resume = false;
        if (worker->is_parked) worker_run_batches(worker);
    }
    if (worker->queue) {
        if (!worker->is_parked && queue_is_alone(worker->queue)) worker->ingest.is_paused = false;
        queue_replay(worker->queue);
    }
    worker_close_batch(worker);
    worker_flush(worker);
    outputs_turn(worker);
    if (worker->may_resume && worker->is_parked) {
        /* an output became ready while being told of the turn: come again at once */
        worker->may_resume = false;
        worker_run_batches(worker);
    }
    worker_settle_pause(worker);
    if (worker->queue) queue_settle(worker);
    if (worker->ingest.batch || worker->may_resume) loop_wake(&worker->loop);
    worker_settle_end(worker);
}

static void turn_prepare(uv_prepare_t *handle)
{
    struct worker *worker = handle->data;
    worker_turn(worker);
    loop_turn(&worker->loop);
}
static void turn_check(uv_check_t *handle) { worker_turn(handle->data); }

static void worker_stop_here(struct loop_note *note)
{
    struct worker *worker = ((struct note_door *)(void *)note)->worker;
    /* posted when it had ended, run by loop_fini(): its instances are gone */
    if (atomic_load(&worker->state) == WORKER_ENDED) return;
    if (atomic_load(&worker->state) == WORKER_RUNNING) state_set(worker, WORKER_STOPPING);
    worker_stop_inputs(worker);
}

static void worker_reopen_here(struct loop_note *note)
{
    struct note_door *door = (struct note_door *)(void *)note;
    if (atomic_load(&door->worker->state) == WORKER_ENDED) return;
    struct program *program = &door->worker->generation->program;
    atomic_store(&door->is_posted, false);
    for (uint32_t i = 0; i < program->output_count; i++) {
        struct output *output = program->outputs[i];
        if (output->type->reopen && !output->is_stopped) output->type->reopen(output->self);
    }
    tls_look_all(&door->worker->loop);
}

/* A note is run between two batches: the first of those that wait is underway if it is parked. */
static void worker_code_here(struct loop_note *note)
{
    struct note_door *door = (struct note_door *)(void *)note;
    struct worker *worker = door->worker;
    /* its instances are gone; the lists go with the worker */
    if (atomic_load(&worker->state) == WORKER_ENDED) return;
    atomic_store(&door->is_posted, false);
    struct code *code = atomic_exchange(&worker->code_wanted, NULL);
    if (!code) return;
    vm_take_code(&worker->generation->program, code, worker->first);
    code_destroy(worker->code);
    worker->code = code;
}

static void handles_init(struct worker *worker)
{
    uv_prepare_init(&worker->loop.uv, &worker->prepare);
    uv_check_init(&worker->loop.uv, &worker->check);
    uv_timer_init(&worker->loop.uv, &worker->memory_poll);
    uv_timer_init(&worker->loop.uv, &worker->flush_timer);
    worker->prepare.data = worker->check.data = worker->flush_timer.data = worker;
    if (worker_has_flushes(worker))
        uv_timer_start(&worker->flush_timer, worker_flush_timer, FLUSH_INTERVAL_MS, FLUSH_INTERVAL_MS);
    uv_prepare_start(&worker->prepare, turn_prepare);
    uv_check_start(&worker->check, turn_check);
}

static void *worker_run(void *opaque)
{
    struct worker *worker = opaque;
    handles_init(worker);
    worker_start_parts(worker);
    uv_sem_post(&worker->started);
    if (atomic_load(&worker->has_failed))
        worker_stop_inputs(worker);
    else
        state_set(worker, WORKER_RUNNING);
    uv_run(&worker->loop.uv, UV_RUN_DEFAULT);
    /* let closed handles go */
    uv_run(&worker->loop.uv, UV_RUN_NOWAIT);
    state_set(worker, WORKER_ENDED);
    return NULL;
}

/* ---- the control thread's side ---- */

struct worker *worker_create(const struct worker_options *options, struct generation *generation)
{
    struct worker *worker = xcalloc(1, sizeof *worker);
    worker->options = *options;
    worker->generation = generation;
    worker->flush_next = generation->program.filter_count;
    worker->last = &worker->first;
    generation->program.dead_letters = options->dead_letters;
    worker->stop_door = (struct note_door){.note.run = worker_stop_here, .worker = worker};
    worker->reopen_door = (struct note_door){.note.run = worker_reopen_here, .worker = worker};
    worker->code_door = (struct note_door){.note.run = worker_code_here, .worker = worker};
    int status = loop_init(&worker->loop, options->budget, &worker->books);
    if (!status) status = uv_sem_init(&worker->started, 0);
    if (status) {
        LOG(LOG_FATAL, "worker.loop", options->pipeline, "no event loop: %s", uv_strerror(status));
        abort();
    }
    worker->ingest = (struct ingest){.loop = &worker->loop,
                                     .batch_events_max = options->batch_events_max,
                                     .dead_letters = options->dead_letters,
                                     .batch_full = worker_batch_full};
    return worker;
}

void worker_watch(struct worker *worker, void (*changed)(struct worker *worker, void *opaque),
                  void *opaque)
{
    worker->changed = changed;
    worker->changed_opaque = opaque;
}

int worker_start(struct worker *worker)
{
    assert(!worker->has_thread && worker->changed);
    atomic_store(&worker->state, WORKER_STARTING);
    /* signals belong to the control thread */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&worker->thread, NULL, worker_run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status) return uv_translate_sys_error(status);
    worker->has_thread = true;
    char name[32];
    snprintf(name, sizeof name, "%.10s/%u", worker->options.pipeline.ptr, worker->options.number);
    name[15] = 0;
    pthread_setname_np(worker->thread, name);
    return 0;
}

void worker_stop(struct worker *worker)
{
    if (!worker->has_thread || atomic_exchange(&worker->stop_door.is_posted, true)) return;
    loop_post(&worker->loop, &worker->stop_door.note);
}

void worker_reopen(struct worker *worker)
{
    if (!worker->has_thread || atomic_exchange(&worker->reopen_door.is_posted, true)) return;
    loop_post(&worker->loop, &worker->reopen_door.note);
}

void worker_run_code(struct worker *worker, struct code *code)
{
    code_destroy(atomic_exchange(&worker->code_wanted, code));
    if (!worker->has_thread || atomic_exchange(&worker->code_door.is_posted, true)) return;
    loop_post(&worker->loop, &worker->code_door.note);
}

void worker_wait_started(struct worker *worker)
{
    if (worker->has_thread) uv_sem_wait(&worker->started);
}

void worker_join(struct worker *worker)
{
    if (worker->has_thread) pthread_join(worker->thread, NULL);
    worker->has_thread = false;
}

void worker_destroy(struct worker *worker)
{
    worker_join(worker);
    if (worker->queue) queue_destroy(worker->queue);
    generation_destroy(worker->generation);
    loop_fini(&worker->loop);
    dead_letters_destroy(worker->options.dead_letters);
    code_destroy(worker->code);
    code_destroy(atomic_load(&worker->code_wanted));
    uv_sem_destroy(&worker->started);
    free(worker);
}

enum worker_state worker_state(const struct worker *worker)
{
    return (enum worker_state)atomic_load((atomic_int *)(uintptr_t)&worker->state);
}

bool worker_has_failed(const struct worker *worker)
{
    return atomic_load((atomic_bool *)(uintptr_t)&worker->has_failed);
}

const struct dead_letters *worker_dead_letters(const struct worker *worker) { return worker->options.dead_letters; }
const struct queue_counters *worker_queue(const struct worker *worker)
{
    return worker->options.queue ? &worker->queue_counters : NULL;
}

const struct books *worker_books(const struct worker *worker) { return &worker->books; }
const struct worker_counters *worker_counters(const struct worker *worker)
{
    return &worker->counters;
}
const struct generation *worker_generation(const struct worker *worker) { return worker->generation; }

uint64_t worker_paused_ns(const struct worker *worker)
{
    uint64_t since, ns;
    do { /* a pause that ends meanwhile is not counted twice */
        since = counter_get(&worker->paused_at);
        ns = counter_get(&worker->counters.paused_ns);
    } while (counter_get(&worker->paused_at) != since);
    uint64_t now = uv_hrtime();
    return since && now > since ? ns + now - since : ns;
}

uint64_t worker_waits_ns(const struct worker *worker)
{
    uint64_t since = counter_get(&worker->parked_at), now = uv_hrtime();
    return since && now > since ? now - since : 0;
}

struct str worker_waits_for(const struct worker *worker)
{
    const struct str *id = atomic_load((_Atomic(const struct str *) *)(uintptr_t)&worker->waits_for);
    return id ? *id : (struct str){0};
}
