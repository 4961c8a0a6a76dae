/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the events that a stage could not deal with: one log on disk (core/store/spool) for each worker.
 *
 *   dead_letters_take ─▶ waiting (memory) ─▶ disk thread: append, sync ─▶ settled as dead-lettered
 *                                                   └─ full, no disk ─▶ settled as dropped, counted, said
 *
 * A letter's obligation is settled when it is durable, so that no input moves over an event that is nowhere.
 * While half of WAITING_BYTES_MAX waits for the disk, the worker's inputs pause (dead_letters_are_behind); what
 * comes beyond all of it is dropped and counted. A disk that is full or fails never holds anything up. An event
 * that has died DEATHS_MAX times before is dropped: it would come round for ever.
 *
 * Created and destroyed by the control thread, used on one worker's thread, its counters read by anyone; the
 * log itself is touched by jobs of the disk thread alone, one at a time. */
#ifndef CORE_DELIVERY_DEAD_LETTERS_H
#define CORE_DELIVERY_DEAD_LETTERS_H
#include "core/delivery/dead_letter_record.h"
#include "core/event/ticket.h"
#include "core/store/disk.h"
#include "core/store/file_ops.h"

enum {
    DEAD_LETTERS_BYTES_MIN = 256 * 1024,               /* of one log */
    DEAD_LETTERS_WAITING_BYTES_MAX = 16 * 1024 * 1024, /* not durable yet */
    DEAD_LETTERS_DEATHS_MAX = 8,                       /* of one event */
    DEAD_LETTERS_FOLDER_MAX = 3000,                    /* bytes of a pipeline's folder */
};

/* What is done when there is no room: dead_letter_queue.storage_policy. */
enum dead_letters_policy { DEAD_LETTERS_DROP_NEWER, DEAD_LETTERS_DROP_OLDER };

struct dead_letters_options {
    struct str folder;   /* of the pipeline (dead_letters_folder); made with those above it. Empty: there is a door */
    struct str log;      /* name of this log in it: the worker's number */
    uint64_t bytes_max;  /* at least DEAD_LETTERS_BYTES_MIN */
    enum dead_letters_policy policy;
    int64_t age_ns_max;  /* 0: none is too old */
    struct str hash;     /* of the configuration */
    struct str pipeline; /* for the log */
    const struct file_ops *files;
};

/* Why a letter was not kept. */
enum dead_letters_loss { DEAD_LETTERS_FULL, DEAD_LETTERS_DISK, DEAD_LETTERS_TOO_LARGE, DEAD_LETTERS_WAITING,
                         DEAD_LETTERS_POISON, DEAD_LETTERS_TOPIC, DEAD_LETTERS_LOSSES };
const char *dead_letters_loss_name(enum dead_letters_loss loss);

struct dead_letters_counters {
    atomic_uint_fast64_t written;
    atomic_uint_fast64_t dropped[DEAD_LETTERS_LOSSES];
    atomic_uint_fast64_t expired; /* older than age_ns_max, deleted */
    atomic_uint_fast64_t evicted; /* deleted for newer ones */
    atomic_uint_fast64_t bytes;   /* on disk now */
    atomic_int last_error;        /* 0, a SPOOL_ verdict or a negative errno */
};

/* Whom to tell what became of a letter. */
struct dead_letter_debt {
    struct obligation *obligation;
    uint32_t event;
    void (*settle)(void *opaque, struct obligation *obligation, uint32_t event, enum verdict verdict);
    void *opaque;
};

/* Somewhere else than on disk where letters are kept (core/kafka/producer_letter.c). Each is answered later, or within
 * the call, by dead_letters_written() or dead_letters_lose(). */
struct dead_letters_door {
    void (*take)(void *opaque, const struct dead_letter *letter, uint32_t deaths, const struct dead_letter_debt *debt);
    bool (*is_behind)(const void *opaque);
    void *opaque;
};

struct dead_letters;
struct dead_letters *dead_letters_create(const struct dead_letters_options *options);
void dead_letters_destroy(struct dead_letters *letters); /* stopped, or never started */
const struct dead_letters_counters *dead_letters_counters(const struct dead_letters *letters);
/* What last_error says, or NULL. */
const char *dead_letters_problem(const struct dead_letters *letters);

/* On the worker's thread; from here on its loop must turn until dead_letters_stop() says true. */
void dead_letters_start(struct dead_letters *letters, struct loop *loop, struct disk *disk);

/* Takes a copy and settles it later, or at once when it cannot be kept. `settle` NULL: obligation_failed(). */
void dead_letters_take(struct dead_letters *letters, const struct dead_letter *letter,
                       const struct dead_letter_debt *debt);
/* Of those without a folder, before any letter is taken. */
void dead_letters_open_door(struct dead_letters *letters, const struct dead_letters_door *door);
bool dead_letters_have_door(const struct dead_letters *letters); /* NULL: no */
struct str dead_letters_hash(const struct dead_letters *letters);
void dead_letters_written(struct dead_letters *letters, const struct dead_letter_debt *debt);
void dead_letters_lose(struct dead_letters *letters, const struct dead_letter_debt *debt, enum dead_letters_loss loss);
bool dead_letters_are_behind(const struct dead_letters *letters);
/* Asked at every turn at the end: true once all is on disk and the log is closed. */
bool dead_letters_stop(struct dead_letters *letters);

/* PATH/PIPELINE: the pipeline's name as one harmless name of a folder. False: it is too long. */
bool dead_letters_folder(struct buf *out, struct str path, struct str pipeline);

#endif
