/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/worker.h"
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include "core/delivery/spill_folder.h"
#include "core/log.h"
#include "core/net/tls.h"
#include "core/xmalloc.h"
#include "dsl/vm.h"

enum { MEMORY_POLL_MS = 10 }; /* another worker may give the budget's memory back unseen */

struct note_door {
    struct loop_note note;
    struct worker *worker;
    atomic_bool is_posted;
};

struct worker {
    struct worker_options options;
    void (*changed)(struct worker *worker, void *opaque);
    void *changed_opaque;
    struct generation *generation;
    struct loop loop;
    struct ingest ingest;
    struct books books;
    struct worker_counters counters;
    pthread_t thread;
    bool has_thread;
    atomic_int state;
    atomic_bool has_failed;
    struct batch *first, **last; /* batches not through; the first may be parked */
    bool is_parked;
    bool may_resume;             /* an output said it is ready */
    bool was_seen_paused;        /* ingest.is_paused was set since inputs were last told to go on */
    uv_sem_t started;            /* posted once inputs and outputs are started */
    atomic_uint_fast64_t paused_at; /* since when inputs are paused, or 0; by this thread, as parked_at */
    atomic_uint_fast64_t parked_at; /* since when the first batch is parked, or 0 */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t memory_poll;
    struct note_door stop_door, reopen_door, code_door;
    _Atomic(struct code *) code_wanted; /* handed over, not taken yet */
    struct code *code;                  /* what runs; NULL: the list as compiled */
    _Atomic(const struct str *) waits_for; /* id of an output or filter */
    uv_timer_t flush_timer;
    uint64_t flush_ns;   /* when the round of questions began that goes on, or ended last */
    uint32_t flush_next; /* filter to be asked next what it holds back; all of them: none */
    bool flush_is_final, is_flushed, is_last; /* is_last: of the workers, at the end */
    bool filters_stopping;
    struct queue *queue;      /* on disk; NULL: what is read goes straight into batches */
    struct queue_counters queue_counters;
    bool was_capture_paused;  /* so were the inputs told that are queued */
};

static uint64_t now_ns(void) { return uv_hrtime(); }

static struct worker *worker_of(struct ingest *ingest)
{
    return (struct worker *)(void *)((char *)ingest - offsetof(struct worker, ingest));
}

static void state_set(struct worker *worker, enum worker_state state)
{
    atomic_store(&worker->state, state);
    if (state == WORKER_RUNNING || state == WORKER_ENDED)
        worker->changed(worker, worker->changed_opaque);
}

static void counter_set(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, n, memory_order_relaxed);
}

/* ---- batches ---- */

static void queue_append(struct worker *worker, struct batch *batch)
{
    batch->next = NULL;
    *worker->last = batch;
    worker->last = &batch->next;
    counter_add(&worker->counters.queued, 1);
    worker->ingest.underway++;
}

static void queue_pop(struct worker *worker)
{
    struct batch *batch = worker->first;
    worker->first = batch->next;
    if (!worker->first) worker->last = &worker->first;
    counter_add(&worker->counters.queued, (uint64_t)-1);
    worker->ingest.underway--;
    batch_destroy(batch);
}

/* Runs batches from the head until one parks. An output's waiting time is counted when it ends. */
static void queue_run(struct worker *worker)
{
    struct program *program = &worker->generation->program;
    uint64_t start = now_ns();
    if (worker->is_parked) {
        struct output *output = vm_parked_at(program, worker->first).output;
        if (output) counter_add(&output->counters.full_ns, start - counter_get(&worker->parked_at));
        counter_set(&worker->parked_at, 0);
    }
    worker->is_parked = false;
    while (worker->first) {
        if (vm_run(program, worker->first) == VM_PARKED) {
            worker->is_parked = true;
            struct vm_wait wait = vm_parked_at(program, worker->first);
            atomic_store(&worker->waits_for, wait.output ? &wait.output->id : &wait.filter->id);
            counter_set(&worker->parked_at, now_ns());
            break;
        }
        counter_add(&worker->counters.batches, 1);
        queue_pop(worker);
    }
    if (!worker->is_parked) atomic_store(&worker->waits_for, NULL);
    counter_add(&worker->counters.busy_ns, now_ns() - start);
}

/* Memory is over, and waiting gives some back: with nothing under way nothing would, and what holds it (state,
 * half frames, other workers and pipelines) may hold it for long. So one batch at a time goes on. */
static bool memory_pauses(const struct worker *worker)
{
    return budget_is_over(worker->loop.budget) &&
           (worker->first || ticket_pool_open(worker->loop.tickets));
}

static bool must_pause(const struct worker *worker)
{
    return worker->is_parked || memory_pauses(worker) || dead_letters_are_behind(worker->options.dead_letters);
}

static void ingest_close(struct worker *worker)
{
    struct batch *batch = worker->ingest.batch;
    if (!batch) return;
    worker->ingest.batch = NULL;
    ticket_count(batch->ticket, batch->received, 0, 0);
    queue_append(worker, batch);
    if (!worker->is_parked) queue_run(worker);
    worker->ingest.is_paused = must_pause(worker);
    worker->was_seen_paused |= worker->ingest.is_paused;
}

static void worker_batch_full(struct ingest *ingest)
{
    ingest_close(worker_of(ingest));
}

/* ---- what filters hold back ---- */

static bool flush_is_wanted(struct worker *worker, const struct filter *filter)
{
    if (!filter->type->flush) return false;
    if (!filter->shared) return true;
    return worker->flush_is_final ? worker->is_last : shared_is_due(filter->shared, worker->flush_ns);
}

/* True: it has more. */
static bool flush_one(struct worker *worker, uint32_t filter)
{
    struct batch *batch = batch_create(&worker->loop.pool, worker->loop.tickets);
    batch->now = loop_now(&worker->loop);
    bool has_more = vm_flush(&worker->generation->program, batch, filter, worker->flush_is_final);
    if (!batch->count) {
        ticket_seal(batch->ticket);
        batch_destroy(batch);
        return false;
    }
    queue_append(worker, batch);
    queue_run(worker);
    return has_more;
}

/* Filter by filter in the order of the text: what one gives may be kept by one behind it. */
static void flush_go_on(struct worker *worker)
{
    struct program *program = &worker->generation->program;
    while (worker->flush_next < program->filter_count && !worker->first) {
        bool is_wanted = flush_is_wanted(worker, program->filters[worker->flush_next]);
        if (!is_wanted || !flush_one(worker, worker->flush_next)) worker->flush_next++;
    }
}

static void flush_begin(struct worker *worker, bool is_final)
{
    worker->flush_is_final = is_final;
    worker->flush_next = 0;
    worker->flush_ns = now_ns();
}

static void flush_timer_fired(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    bool goes_on = worker->flush_next < worker->generation->program.filter_count;
    if (!goes_on && !worker->flush_is_final) flush_begin(worker, false); /* the turn that follows asks */
}

static bool has_timers(const struct program *program)
{
    for (uint32_t i = 0; i < program->filter_count; i++)
        if (program->filters[i]->type->flush) return true;
    return false;
}

/* ---- pausing ---- */

static void memory_polled(uv_timer_t *timer) { (void)timer; /* the turn that follows looks */ }

/* Those that put their events there. */
static void inputs_pause(struct worker *worker, const struct ingest *ingest, bool is_paused)
{
    struct generation *generation = worker->generation;
    for (uint32_t i = 0; i < generation->input_count; i++) {
        struct input *input = generation->inputs[i];
        if (input->ingest == ingest && !input->is_stopped && input->type->pause)
            input->type->pause(input->self, is_paused);
    }
}

/* Likewise for inputs that are queued: they wait for the queue, not for outputs. */
static void capture_settle(struct worker *worker)
{
    struct ingest *capture = queue_capture(worker->queue);
    bool was_seen = capture->is_paused || worker->was_capture_paused;
    queue_turn(worker->queue);
    bool is_paused = capture->is_paused, must_tell = is_paused ? !worker->was_capture_paused : was_seen;
    worker->was_capture_paused = is_paused;
    if (!must_tell) return;
    inputs_pause(worker, capture, is_paused);
    loop_wake(&worker->loop); /* they may have emitted */
}

/* Tells inputs when they may go on or must stop. pause(false) may emit and so pause again. */
static void pause_settle(struct worker *worker)
{
    bool was_paused = counter_get(&worker->paused_at) != 0;
    bool is_paused = must_pause(worker);
    worker->ingest.is_paused = is_paused;
    /* a pause that began and ended within this turn: an input may have stopped at it */
    bool was_seen = worker->was_seen_paused && !is_paused;
    worker->was_seen_paused = is_paused;
    if (is_paused == was_paused) {
        if (was_seen) inputs_pause(worker, &worker->ingest, false);
        return;
    }
    if (is_paused) {
        counter_set(&worker->paused_at, now_ns());
        uv_timer_start(&worker->memory_poll, memory_polled, MEMORY_POLL_MS, MEMORY_POLL_MS);
    } else {
        counter_add(&worker->counters.paused_ns, now_ns() - counter_get(&worker->paused_at));
        counter_set(&worker->paused_at, 0);
        uv_timer_stop(&worker->memory_poll);
    }
    counter_add(&worker->counters.paused, is_paused ? 1 : (uint64_t)-1);
    inputs_pause(worker, &worker->ingest, is_paused);
}

/* ---- starting and ending ---- */

static void failed(struct worker *worker, struct str id, const char *what, int status)
{
    LOG(LOG_ERROR, "pipeline.start_failed", id, "pipeline `%.*s`: %s could not start: %s",
        STR_ARG(worker->options.pipeline), what, uv_strerror(status));
    atomic_store(&worker->has_failed, true);
}

static void output_is_ready(struct output *output)
{
    worker_of(output->ingest)->may_resume = true;
}

static void filter_is_ready(struct filter *filter)
{
    worker_of(filter->ingest)->may_resume = true;
}

static bool inputs_have_stopped(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->generation->input_count; i++)
        if (!worker->generation->inputs[i]->is_stopped) return false;
    return true;
}

static bool outputs_have_stopped(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->generation->program.output_count; i++) {
        struct output *output = worker->generation->program.outputs[i];
        if (!output->is_stopped) return false;
        if (output->overflow && !overflow_has_ended(output->overflow)) return false;
    }
    return true;
}

static void handles_close(struct worker *worker)
{
    if (uv_is_closing((uv_handle_t *)&worker->prepare)) return;
    uv_close((uv_handle_t *)&worker->prepare, NULL);
    uv_close((uv_handle_t *)&worker->check, NULL);
    uv_close((uv_handle_t *)&worker->memory_poll, NULL);
    uv_close((uv_handle_t *)&worker->flush_timer, NULL);
    uv_stop(&worker->loop.uv);
}

/* Nothing comes any more, and nothing is underway. */
static bool is_drained(const struct worker *worker)
{
    bool is_queue_drained = !worker->queue || queue_is_drained(worker->queue);
    return is_queue_drained && inputs_have_stopped(worker) && !worker->ingest.batch && !worker->first;
}

/* The last worker of a pipeline asks for what the filters of all hold back: before, others may add to it. */
static void flush_turn(struct worker *worker)
{
    if (is_drained(worker) && !worker->flush_is_final) {
        worker->is_last = state_scope_leave(worker->options.scope);
        flush_begin(worker, true);
    }
    flush_go_on(worker);
    bool is_done = worker->flush_next == worker->generation->program.filter_count;
    worker->is_flushed = worker->flush_is_final && is_done && !worker->first;
}

/* False: some are not through yet. */
static bool filters_stop(struct worker *worker)
{
    struct program *program = &worker->generation->program;
    bool are_stopped = true;
    for (uint32_t i = 0; i < program->filter_count; i++) {
        struct filter *filter = program->filters[i];
        if (!filter->loop) continue;
        if (!worker->filters_stopping && !filter->is_stopped) filter->type->stop(filter->self);
        are_stopped &= filter->is_stopped;
    }
    worker->filters_stopping = true;
    return are_stopped;
}

/* Once; what waits in front of it comes first. */
static void output_stop(struct output *output)
{
    if (output->is_stopping || (output->overflow && !overflow_may_stop(output->overflow))) return;
    output->is_stopping = true;
    if (output->is_stopped) return;
    if (output->type->stop)
        output->type->stop(output->self);
    else
        output_stopped(output);
}

/* Goes one step towards the end whenever the step before is complete. */
static void end_settle(struct worker *worker)
{
    if (!is_drained(worker)) return;
    if (!worker->is_flushed) {
        loop_wake(&worker->loop);
        return;
    }
    struct program *program = &worker->generation->program;
    if (!filters_stop(worker)) return;
    for (uint32_t i = 0; i < program->output_count; i++) output_stop(program->outputs[i]);
    if (!outputs_have_stopped(worker)) return;
    if (worker->options.dead_letters && !dead_letters_stop(worker->options.dead_letters)) return;
    if (!worker->queue || queue_close(worker->queue)) handles_close(worker);
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
    if (inputs_have_stopped(worker))
        queue_end(worker->queue, worker->options.queue->drains || atomic_load(&worker->state) == WORKER_RUNNING);
    capture_settle(worker);
    if (!worker->ingest.is_paused && queue_can_replay(worker->queue)) loop_wake(&worker->loop);
}

/* The end of a loop turn: what has gathered is run, what was written is started, and whoever waits
 * for either is told. */
static void worker_turn(struct worker *worker)
{
    if (worker->may_resume) {
        worker->may_resume = false;
        if (worker->is_parked) queue_run(worker);
    }
    if (worker->queue) {
        if (!worker->is_parked && queue_is_alone(worker->queue)) worker->ingest.is_paused = false;
        queue_replay(worker->queue);
    }
    ingest_close(worker);
    flush_turn(worker);
    outputs_turn(worker);
    if (worker->may_resume && worker->is_parked) {
        /* an output became ready while being told of the turn: come again at once */
        worker->may_resume = false;
        queue_run(worker);
    }
    pause_settle(worker);
    if (worker->queue) queue_settle(worker);
    if (worker->ingest.batch || worker->may_resume) loop_wake(&worker->loop);
    end_settle(worker);
}

static void turn_prepare(uv_prepare_t *handle)
{
    struct worker *worker = handle->data;
    worker_turn(worker);
    loop_turn(&worker->loop);
}
static void turn_check(uv_check_t *handle) { worker_turn(handle->data); }

static void outputs_start(struct worker *worker)
{
    struct program *program = &worker->generation->program;
    for (uint32_t i = 0; i < program->output_count; i++) {
        struct output *output = program->outputs[i];
        output->loop = &worker->loop;
        output->ingest = &worker->ingest;
        output->disk = worker->options.disk;
        output->dead_letters = worker->options.dead_letters;
        output->ready = output_is_ready;
        int status = output->type->start ? output->type->start(output->self, output) : 0;
        if (status) {
            output->is_stopped = true;
            failed(worker, output->id, "an output", status);
            continue;
        }
        overflow_start(output, worker->generation->options.path_data);
    }
    if (worker->options.number == 0)
        spill_folders_report(worker->generation->options.path_data, worker->options.pipeline, program->outputs,
                             program->output_count);
}

static void filters_start(struct worker *worker)
{
    struct program *program = &worker->generation->program;
    for (uint32_t i = 0; i < program->filter_count; i++) {
        struct filter *filter = program->filters[i];
        if (!filter->type->start) continue;
        assert(filter->type->stop);
        filter->loop = &worker->loop;
        filter->ingest = &worker->ingest;
        filter->ready = filter_is_ready;
        int status = filter->type->start(filter->self, filter);
        if (status) {
            filter->is_stopped = true;
            failed(worker, filter->id, "a filter", status);
        }
    }
}

static void inputs_start(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->generation->input_count; i++) {
        struct input *input = worker->generation->inputs[i];
        input->loop = &worker->loop;
        bool is_queued = worker->queue && input->type->is_queued;
        input->ingest = is_queued ? queue_capture(worker->queue) : &worker->ingest;
        input->disk = worker->options.disk;
        if (atomic_load(&worker->has_failed)) {
            input->is_stopped = true;
            continue;
        }
        int status = input->type->start(input->self, input);
        if (status) {
            input->is_stopped = true;
            failed(worker, input->id, "an input", status);
        }
    }
}

/* Before inputs start. What waits in it is found here, which may read a file. */
static void queue_start(struct worker *worker)
{
    const struct worker_queue *settings = worker->options.queue;
    if (!settings || atomic_load(&worker->has_failed)) return;
    struct queue_options options = {.pipeline = worker->options.pipeline,
                                    .folder = settings->folder,
                                    .worker = worker->options.number,
                                    .workers = settings->workers,
                                    .log = settings->log,
                                    .compression = settings->compression,
                                    .frames_max = settings->frames_max,
                                    .checkpoint_frames = settings->checkpoint_frames,
                                    .files = &file_ops_real,
                                    .counters = &worker->queue_counters};
    worker->queue = queue_open(&options, &worker->ingest, worker->options.disk, worker->generation->inputs,
                               worker->generation->input_count);
    if (!worker->queue) atomic_store(&worker->has_failed, true);
}

static void inputs_stop(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->generation->input_count; i++) {
        struct input *input = worker->generation->inputs[i];
        if (input->is_stopped || input->is_stopping) continue;
        input->is_stopping = true;
        input->type->stop(input->self);
    }
}

static void worker_stop_here(struct loop_note *note)
{
    struct worker *worker = ((struct note_door *)(void *)note)->worker;
    /* posted when it had ended, run by loop_fini(): its instances are gone */
    if (atomic_load(&worker->state) == WORKER_ENDED) return;
    if (atomic_load(&worker->state) == WORKER_RUNNING) state_set(worker, WORKER_STOPPING);
    inputs_stop(worker);
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
    if (has_timers(&worker->generation->program))
        uv_timer_start(&worker->flush_timer, flush_timer_fired, FLUSH_INTERVAL_MS, FLUSH_INTERVAL_MS);
    uv_prepare_start(&worker->prepare, turn_prepare);
    uv_check_start(&worker->check, turn_check);
}

static void *worker_run(void *opaque)
{
    struct worker *worker = opaque;
    handles_init(worker);
    if (worker->options.dead_letters)
        dead_letters_start(worker->options.dead_letters, &worker->loop, worker->options.disk);
    outputs_start(worker);
    filters_start(worker);
    queue_start(worker);
    inputs_start(worker);
    uv_sem_post(&worker->started);
    if (atomic_load(&worker->has_failed))
        inputs_stop(worker);
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
    uint64_t now = now_ns();
    return since && now > since ? ns + now - since : ns;
}

uint64_t worker_waits_ns(const struct worker *worker)
{
    uint64_t since = counter_get(&worker->parked_at), now = now_ns();
    return since && now > since ? now - since : 0;
}

struct str worker_waits_for(const struct worker *worker)
{
    const struct str *id = atomic_load((_Atomic(const struct str *) *)(uintptr_t)&worker->waits_for);
    return id ? *id : (struct str){0};
}
