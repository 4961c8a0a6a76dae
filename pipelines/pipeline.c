/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/pipeline.h"
#include <assert.h>
#include <stdlib.h>
#include <time.h>
#include "core/log.h"
#include "core/text/digest.h"
#include "core/xmalloc.h"
#include "dsl/checker.h"
#include "dsl/parser.h"
#include "dsl/source.h"
#include "pipelines/data_folder.h"
#include "pipelines/queue_settings.h"

static void hash_make(struct pipeline *pipeline, const struct sources *sources)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < sources->count; i++) buf_append(&text, sources->items[i]->text);
    digest_hex(DIGEST_SHA256, buf_str(&text), pipeline->hash);
    buf_fini(&text);
}

/* What complaints call a text that is in no file of its own. */
static struct str text_name(struct pipeline *pipeline)
{
    if (str_eq(pipeline->id, STR("main"))) return STR("-e");
    return arena_printf(pipeline->arena, "config.string of %.*s", STR_ARG(pipeline->id));
}

static bool config_read(struct pipeline *pipeline, struct diag *diag)
{
    const struct settings *settings = &pipeline->settings;
    struct sources sources = {0};
    bool ok = true;
    for (uint32_t i = 0; i < settings->path_config.count; i++)
        ok = sources_read_files(&sources, settings->path_config.items[i], pipeline->arena, diag) && ok;
    if (settings->config_string.ptr)
        ok = sources_take_text(&sources, text_name(pipeline), settings->config_string, pipeline->arena, diag) && ok;
    hash_make(pipeline, &sources);
    struct parse_options options = {.has_escapes = settings->support_escapes,
                                    .is_strict_precedence = settings->strict_precedence};
    for (uint32_t i = 0; i < sources.count; i++)
        ok = parse_source(&pipeline->config, sources.items[i], &options, pipeline->arena, diag) && ok;
    return ok;
}

/* What follows from the text before there is an event. */
static void fields_follow(const struct config *config, const struct generation *generation, struct diag *diag)
{
    struct flow_plugins plugins = generation_plugins(generation);
    flow_follow(config, &plugins, NULL, diag);
}

/* The dead letters of one worker, in files or, when an output says so, there; NULL: they are not kept. */
static struct dead_letters *dead_letters_of(struct pipeline *pipeline, uint32_t worker,
                                            const struct generation *generation)
{
    const struct settings *settings = &pipeline->settings;
    if (settings->test_and_exit) return NULL;
    if (generation_keeps_letters(generation))
        return dead_letters_create(&(struct dead_letters_options){.hash = str_of(pipeline->hash),
                                                                  .pipeline = pipeline->id});
    if (!settings->dead_letter_queue_enable) return NULL;
    struct dead_letters_options options = {
        .folder = pipeline->dead_letters,
        /* beside those of an instance that may be running */
        .log = settings->input_as ? STR("replay") : arena_printf(pipeline->arena, "%u", worker),
        .bytes_max = (uint64_t)settings->dead_letter_queue_max_bytes.bytes / (uint64_t)settings->workers,
        .policy = (enum dead_letters_policy)settings->dead_letter_queue_storage_policy.value,
        .age_ns_max = settings->dead_letter_queue_retain_age.ns,
        .hash = str_of(pipeline->hash),
        .pipeline = pipeline->id,
        .files = &file_ops_real,
    };
    return dead_letters_create(&options);
}

/* False: said. */
static bool dead_letters_place(struct pipeline *pipeline, struct diag *diag)
{
    struct buf folder = {0};
    struct str path = settings_dead_letters(&pipeline->settings, pipeline->arena);
    bool ok = dead_letters_folder(&folder, path, pipeline->id);
    pipeline->dead_letters = (struct str){arena_copy_z(pipeline->arena, buf_str(&folder)), folder.len};
    buf_fini(&folder);
    if (!ok)
        diag_error(diag, (struct place){0}, "the folder of the dead letters of pipeline `%.*s` has too long a name",
                   STR_ARG(pipeline->id));
    return ok;
}

/* Building the instances checks their options, so it is tried even when the text is not sound. */
static bool workers_create(struct pipeline *pipeline, bool is_sound, struct diag *diag)
{
    uint32_t count = (uint32_t)pipeline->settings.workers;
    uint32_t made = pipeline->settings.test_and_exit ? 1 : count; /* they are alike */
    state_scope_init(&pipeline->scope, &pipeline->budget, count);
    bool is_queued = queue_settings_apply(&pipeline->settings, &pipeline->queue, pipeline->arena);
    pipeline->workers = xcalloc(made, sizeof *pipeline->workers);
    for (uint32_t i = 0; i < made; i++) {
        struct generation_options options = {.pipeline = pipeline->id,
                                             .path_data = pipeline->settings.path_data,
                                             .ecs = settings_ecs(&pipeline->settings),
                                             .worker = i,
                                             .workers = count,
                                             .scope = &pipeline->scope,
                                             .lacks_dead_letters = !pipeline->settings.dead_letter_queue_enable,
                                             .input_as = pipeline->settings.input_as};
        struct diag_mark mark = diag_mark(diag);
        struct generation *generation = generation_create(&pipeline->config, &options, diag);
        if (!generation) return false;
        if (i > 0) diag_forget(diag, mark); /* warnings are the same for all workers */
        if (!is_sound) {
            /* only the options were of interest: the text is wrong elsewhere */
            generation_destroy(generation);
            return false;
        }
        struct worker_options worker = {.pipeline = pipeline->id,
                                        .budget = &pipeline->budget,
                                        .disk = pipeline->disk,
                                        .scope = &pipeline->scope,
                                        .batch_events_max = (uint32_t)pipeline->settings.batch_size,
                                        .number = i,
                                        .queue = is_queued ? &pipeline->queue : NULL};
        worker.dead_letters = dead_letters_of(pipeline, i, generation);
        pipeline->workers[i] = worker_create(&worker, generation);
        pipeline->worker_count++;
    }
    return true;
}

struct pipeline *pipeline_create(const struct settings *settings, struct arena *arena, struct diag *diag)
{
    struct pipeline *pipeline = xcalloc(1, sizeof *pipeline);
    pipeline->arena = arena;
    pipeline->settings = *settings;
    pipeline->id = (struct str){arena_copy_z(pipeline->arena, settings->pipeline_id),
                                settings->pipeline_id.len};
    pipeline->budget.limit = (size_t)settings->memory.bytes;
    uuid_make(pipeline->ephemeral_id);
    bool ok = config_read(pipeline, diag);
    struct checker_options options = {.filters = filter_types, .inputs = input_types,
                                      .outputs = output_types, .environment = settings->environment};
    ok = check_config(&pipeline->config, &options, pipeline->arena, diag) && ok;
    ok = dead_letters_place(pipeline, diag) && ok;
    char name[32];
    snprintf(name, sizeof name, "disk %.10s", pipeline->id.ptr);
    if (ok) pipeline->disk = disk_create(name);
    if (workers_create(pipeline, ok, diag)) {
        if (!settings->input_as) fields_follow(&pipeline->config, worker_generation(pipeline->workers[0]), diag);
        return pipeline;
    }
    pipeline_destroy(pipeline);
    return NULL;
}

bool pipeline_read(const struct settings *settings, struct arena *arena, struct config *config, struct diag *diag)
{
    struct pipeline pipeline = {.arena = arena, .settings = *settings, .id = settings->pipeline_id};
    bool ok = config_read(&pipeline, diag);
    *config = pipeline.config;
    return ok;
}

bool pipeline_check(const struct settings *settings, struct arena *arena, struct config *config, struct diag *diag)
{
    struct pipeline pipeline = {.arena = arena, .settings = *settings, .id = settings->pipeline_id};
    bool ok = config_read(&pipeline, diag);
    struct checker_options options = {.filters = filter_types, .inputs = input_types,
                                      .outputs = output_types, .environment = settings->environment};
    ok = check_config(&pipeline.config, &options, arena, diag) && ok;
    struct generation_options first = {.pipeline = pipeline.id, .path_data = settings->path_data,
                                       .ecs = settings_ecs(settings), .workers = 1};
    struct generation *generation = generation_create(&pipeline.config, &first, diag);
    if (generation && ok) fields_follow(&pipeline.config, generation, diag);
    if (generation) generation_destroy(generation);
    *config = pipeline.config;
    return ok && generation;
}

void pipeline_destroy(struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->worker_count; i++) worker_destroy(pipeline->workers[i]);
    if (pipeline->disk) disk_destroy(pipeline->disk);
    state_scope_fini(&pipeline->scope);
    free(pipeline->workers);
    free(pipeline);
}

int pipeline_start(struct pipeline *pipeline, void (*changed)(struct worker *worker, void *opaque),
                   void *opaque)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    pipeline->started_at_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        worker_watch(pipeline->workers[i], changed, opaque);
        int status = worker_start(pipeline->workers[i]);
        if (status) return status;
        /* the first one sees whether a port is in use, before the others share it */
        if (i == 0 && pipeline->worker_count > 1) worker_wait_started(pipeline->workers[0]);
    }
    return 0;
}

void pipeline_wait_started(struct pipeline *pipeline)
{
    /* of several workers the first was waited for already */
    for (uint32_t i = pipeline->worker_count > 1; i < pipeline->worker_count; i++)
        worker_wait_started(pipeline->workers[i]);
}

void pipeline_stop(struct pipeline *pipeline)
{
    pipeline->is_stopping = true;
    for (uint32_t i = 0; i < pipeline->worker_count; i++) worker_stop(pipeline->workers[i]);
}

void pipeline_join(struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->worker_count; i++) worker_join(pipeline->workers[i]);
}

void pipeline_reopen(struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->worker_count; i++) worker_reopen(pipeline->workers[i]);
}

enum pipeline_state pipeline_state(const struct pipeline *pipeline)
{
    uint32_t running = 0, ended = 0;
    bool failed = false;
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        enum worker_state state = worker_state(pipeline->workers[i]);
        failed |= worker_has_failed(pipeline->workers[i]);
        running += state == WORKER_RUNNING;
        ended += state == WORKER_ENDED;
    }
    if (failed) return PIPELINE_FAILED;
    if (ended == pipeline->worker_count) return PIPELINE_FINISHED;
    if (pipeline->is_stopping) return PIPELINE_STOPPING;
    return running + ended == pipeline->worker_count ? PIPELINE_RUNNING : PIPELINE_STARTING;
}

bool pipeline_has_ended(const struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        enum worker_state state = worker_state(pipeline->workers[i]);
        if (state != WORKER_ENDED && state != WORKER_CREATED) return false;
    }
    return true;
}

struct dead_letters_sum pipeline_dead_letters(const struct pipeline *pipeline)
{
    struct dead_letters_sum sum = {0};
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        const struct dead_letters *letters = worker_dead_letters(pipeline->workers[i]);
        if (!letters) continue;
        const struct dead_letters_counters *counters = dead_letters_counters(letters);
        sum.is_on = true;
        sum.written += counter_get(&counters->written);
        sum.expired += counter_get(&counters->expired);
        sum.evicted += counter_get(&counters->evicted);
        sum.bytes += counter_get(&counters->bytes);
        for (int loss = 0; loss < DEAD_LETTERS_LOSSES; loss++)
            sum.dropped[loss] += counter_get(&counters->dropped[loss]);
        if (!sum.problem) sum.problem = dead_letters_problem(letters);
    }
    return sum;
}

struct books_sum pipeline_books(const struct pipeline *pipeline)
{
    struct books_sum sum = {0};
    for (uint32_t i = 0; i < pipeline->worker_count; i++) {
        const struct books *books = worker_books(pipeline->workers[i]);
        sum.delivered += counter_get(&books->delivered);
        sum.filtered += counter_get(&books->filtered);
        sum.dead_lettered += counter_get(&books->dead_lettered);
        sum.dropped += counter_get(&books->dropped);
        /* read last: what is settled was received before */
        sum.created += counter_get(&books->created);
        sum.received += counter_get(&books->received);
    }
    uint64_t in = sum.received + sum.created;
    uint64_t out = sum.delivered + sum.filtered + sum.dead_lettered + sum.dropped;
    sum.in_flight = in > out ? in - out : 0;
    return sum;
}
