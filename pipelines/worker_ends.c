/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/spill_folder.h"
#include "core/log.h"
#include "pipelines/worker_part.h"

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

bool worker_inputs_have_stopped(const struct worker *worker)
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

bool worker_is_drained(const struct worker *worker)
{
    bool is_queue_drained = !worker->queue || queue_is_drained(worker->queue);
    return is_queue_drained && worker_inputs_have_stopped(worker) && !worker->ingest.batch && !worker->first;
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

void worker_settle_end(struct worker *worker)
{
    if (!worker_is_drained(worker)) return;
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

void worker_start_parts(struct worker *worker)
{
    if (worker->options.dead_letters)
        dead_letters_start(worker->options.dead_letters, &worker->loop, worker->options.disk);
    outputs_start(worker);
    filters_start(worker);
    queue_start(worker);
    inputs_start(worker);
}

void worker_stop_inputs(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->generation->input_count; i++) {
        struct input *input = worker->generation->inputs[i];
        if (input->is_stopped || input->is_stopping) continue;
        input->is_stopping = true;
        input->type->stop(input->self);
    }
}
