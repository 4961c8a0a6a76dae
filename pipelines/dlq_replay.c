/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/dlq_replay.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "core/delivery/dead_letter_feed.h"
#include "core/xmalloc.h"
#include "pipelines/topology.h"

enum { OPEN_MAX = 500 }; /* letters under way: what a kill repeats */

#define LOCK_NAME "replay.lock"

struct dlq_replay {
    struct dlq_command *command;
    struct dead_letter_feed_options options;
    struct pipeline *pipeline;
    struct dead_letter_feed *feed;
    uint64_t homeless; /* letters of outputs that are not in the text any more */
};

/* ---- the input ---- */

struct replay_input {
    struct dlq_replay *replay; /* first: the stand-in's */
};

/* The output with this id, counted from 1. */
static uint32_t output_find(const struct dlq_replay *replay, struct str id)
{
    const struct program *program = &worker_generation(replay->pipeline->workers[0])->program;
    for (uint32_t i = 0; i < program->output_count; i++)
        if (str_eq(program->outputs[i]->id, id)) return i + 1;
    return 0;
}

static bool is_direct(const struct dlq_replay *replay, const struct dead_letter_record *record)
{
    return record->letter.stage == DEAD_LETTER_OUTPUT && record->event.len && !replay->command->flags.filters;
}

static bool replay_wants(void *opaque, const struct dead_letter_record *record, struct event *event)
{
    struct dlq_replay *replay = opaque;
    if (!dlq_holds(replay->command, event)) return false;
    if (!is_direct(replay, record) || output_find(replay, record->letter.id)) return true;
    replay->homeless++;
    return false;
}

static uint32_t replay_begins(void *opaque, const struct dead_letter_record *record)
{
    const struct dlq_replay *replay = opaque;
    return is_direct(replay, record) ? output_find(replay, record->letter.id) : 0;
}

static int input_start(void *opaque, struct input *host)
{
    struct dlq_replay *replay = ((struct replay_input *)opaque)->replay;
    return dead_letter_feed_start(&replay->feed, &replay->options, host);
}
static void input_pause(void *opaque, bool paused)
{
    dead_letter_feed_pause(((struct replay_input *)opaque)->replay->feed, paused);
}
static void input_stop(void *opaque) { dead_letter_feed_stop(((struct replay_input *)opaque)->replay->feed); }

static const struct input_type input_replay = {
    .name = "replay",
    .summary = "Dead letters that are sent again.",
    .size = sizeof(struct replay_input),
    .is_single = true,
    .start = input_start,
    .pause = input_pause,
    .stop = input_stop,
};

/* ---- the command ---- */

/* -1: said. */
static int lock_take(struct dlq_command *command, struct str folder)
{
    struct str path = arena_printf(command->arena, "%.*s/" LOCK_NAME, STR_ARG(folder));
    int fd = open(arena_copy_z(command->arena, path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
    if (!error) return fd;
    if (fd >= 0) close(fd);
    if (error == EWOULDBLOCK)
        diag_error(command->diag, (struct place){0}, "another replay of pipeline `%.*s` is running",
                   STR_ARG(command->pipeline));
    else
        diag_error(command->diag, (struct place){0}, "%.*s cannot be locked: %s", STR_ARG(path), strerror(error));
    return -1;
}

static void report(const struct dlq_replay *replay)
{
    struct dead_letter_feed_counts counts = {0};
    struct dead_letters_sum letters = pipeline_dead_letters(replay->pipeline);
    struct books_sum books = pipeline_books(replay->pipeline);
    if (replay->feed) counts = dead_letter_feed_counts(replay->feed);
    uint64_t dropped = books.dropped;
    struct buf out = {0};
    buf_printf(&out, "%llu replayed: %llu dead again, %llu dropped; %llu left\n", (unsigned long long)counts.given,
               (unsigned long long)letters.written, (unsigned long long)dropped,
               (unsigned long long)(counts.passed + counts.given - counts.settled));
    replay->command->print(replay->command->opaque, &out);
    buf_fini(&out);
    struct diag *diag = replay->command->diag;
    if (replay->homeless)
        diag_hint(diag,
                  diag_warning(diag, (struct place){0},
                               "%llu letters are left: the outputs that refused them are not in the configuration",
                               (unsigned long long)replay->homeless),
                  "give the output its old id, or replay with --filters");
    if (counts.damaged)
        diag_warning(diag, (struct place){0}, "%llu letters are damaged, or of a newer version",
                     (unsigned long long)counts.damaged);
    if (counts.status)
        diag_error(diag, (struct place){0}, "reading or remembering failed: %s", uv_strerror(counts.status));
}

static enum exit_code run(struct dlq_replay *replay, struct settings *settings)
{
    struct supervisor supervisor = {.settings = settings, .pipelines = &replay->pipeline,
                                    .start_order = &replay->pipeline, .pipeline_count = 1, .node_id = ""};
    enum exit_code code = supervisor_run(&supervisor);
    report(replay);
    if (replay->homeless || (replay->feed && dead_letter_feed_counts(replay->feed).status)) code = EXIT_RUNTIME;
    return code;
}

/* What is different from the pipeline as it runs: its inputs, one worker, nothing that another instance has. */
static struct settings settings_of(const struct settings *settings, const struct input_stand_in *input)
{
    struct settings own = *settings;
    own.input_as = input;
    own.workers = 1;
    own.queue_type.value = 0;
    own.api_enabled = false;
    own.test_and_exit = false;
    own.dead_letter_queue_enable = true;
    return own;
}

/* It is alone: a receiver of its events is not here. */
static bool stands_alone(struct dlq_replay *replay)
{
    struct pipeline *order[1];
    bool is_wrong[1] = {false};
    topology_check(&replay->pipeline, 1, is_wrong, order, replay->command->diag);
    return !is_wrong[0];
}

enum exit_code dlq_replay(struct dlq_command *command, const struct settings *settings)
{
    struct dlq_replay replay = {.command = command};
    struct str folder;
    struct dlq_command place = *command;
    place.settings = settings;
    if (!dlq_folder(&place, command->pipeline, &folder)) return EXIT_RUNTIME;
    int lock = lock_take(command, folder);
    if (lock < 0) return EXIT_RUNTIME;
    struct str marks = arena_printf(command->arena, "%.*s/" DLQ_POSITION, STR_ARG(folder));
    replay.options = (struct dead_letter_feed_options){
        .folder = folder, .marks = arena_copy_z(command->arena, marks), .ends = true, .saves_at_once = true,
        .open_max = OPEN_MAX, .wants = replay_wants, .begins = replay_begins, .opaque = &replay};
    struct input_stand_in input = {&input_replay, STR("replay"), &replay};
    struct settings own = settings_of(settings, &input);
    enum exit_code code = EXIT_CONFIG;
    replay.pipeline = pipeline_create(&own, command->arena, command->diag);
    if (replay.pipeline && stands_alone(&replay)) code = run(&replay, &own);
    if (replay.pipeline) pipeline_destroy(replay.pipeline);
    dead_letter_feed_destroy(replay.feed);
    close(lock);
    return code;
}
