/* SPDX-License-Identifier: Apache-2.0 */
/* One pipeline: its text, tree, budget, disk thread and workers. An island: it shares nothing with
 * other pipelines. Created, started, stopped and destroyed by the control thread; `changed` is called
 * on a worker's thread. */
#ifndef PIPELINES_PIPELINE_H
#define PIPELINES_PIPELINE_H
#include "core/text/digest.h"
#include "pipelines/settings.h"
#include "pipelines/worker.h"

enum pipeline_state { PIPELINE_STARTING, PIPELINE_RUNNING, PIPELINE_STOPPING, PIPELINE_FINISHED, PIPELINE_FAILED };

struct pipeline {
    struct str id;
    struct settings settings;
    struct arena *arena;    /* texts and tree; borrowed */
    struct config config;
    struct budget budget;
    struct disk *disk;
    struct worker_queue queue;    /* on disk */
    struct state_scope scope;     /* what filters of all workers share */
    struct worker **workers;
    uint32_t worker_count;
    bool is_stopping;
    uint64_t started_at_ms; /* wall clock */
    struct str dead_letters; /* folder of them; NUL-terminated */
    char hash[DIGEST_HEX_MAX];          /* of the text: SHA-256 in hex */
    char ephemeral_id[37];
};

/* Reads, parses, checks and compiles; NULL when anything is wrong (the diag says what, all of it).
 * `settings` has path_config or config_string; with test_and_exit one worker is made, which is enough to be
 * looked at. Texts and tree go to `arena`, which outlives the pipeline and, because complaints point into
 * them, the diag. */
struct pipeline *pipeline_create(const struct settings *settings, struct arena *arena, struct diag *diag);
/* The texts of path_config and config_string, parsed but not checked. False: the diag says what is wrong;
 * `config` holds what could be read. */
bool pipeline_read(const struct settings *settings, struct arena *arena, struct config *config, struct diag *diag);
/* All that pipeline_create() checks, without making anything that stays: fills `config` as far as the
 * text could be read. */
bool pipeline_check(const struct settings *settings, struct arena *arena, struct config *config, struct diag *diag);
void pipeline_destroy(struct pipeline *pipeline); /* all workers have ended, or none was started */
/* 0 or a UV_E code. `changed` tells that a worker's state changed: look with pipeline_state(). */
int pipeline_start(struct pipeline *pipeline, void (*changed)(struct worker *worker, void *opaque),
                   void *opaque);
void pipeline_wait_started(struct pipeline *pipeline); /* its inputs and outputs; at most once */
void pipeline_stop(struct pipeline *pipeline);
void pipeline_join(struct pipeline *pipeline); /* waits for its threads, which have ended */
void pipeline_reopen(struct pipeline *pipeline);
enum pipeline_state pipeline_state(const struct pipeline *pipeline);
bool pipeline_has_ended(const struct pipeline *pipeline);

/* Sums over workers. */
struct books_sum { uint64_t received, created, delivered, filtered, dead_lettered, dropped, in_flight; };
struct books_sum pipeline_books(const struct pipeline *pipeline);
struct dead_letters_sum {
    bool is_on;
    uint64_t written, dropped[DEAD_LETTERS_LOSSES], expired, evicted, bytes;
    const char *problem; /* of the last write, or NULL */
};
struct dead_letters_sum pipeline_dead_letters(const struct pipeline *pipeline);

#endif
