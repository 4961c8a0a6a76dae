/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of an output: counters, the doors back to the worker, and lanes, which every
 * output that writes bytes in order to one destination (file, connection, stdout) is built on.
 *
 *   take() ──▶ lane_append ──▶ [open request] ──▶ sealed … ──▶ in flight ──▶ lane_done
 *              (codec)         request_bytes      at most bytes_max   settles its obligations
 *
 * One worker's thread. */
#ifndef CORE_OUTPUT_H
#define CORE_OUTPUT_H
#include "core/common_options.h"
#include "core/delivery/dead_letters.h"
#include "core/delivery/overflow.h"
#include "core/net/loop.h"
#include "core/plugin.h"
#include "core/store/disk.h"

enum {
    REQUEST_BYTES = 256 * 1024,             /* preset: a request is sealed when it holds this much */
    LANE_BYTES_MAX = 4 * 1024 * 1024,       /* preset of what a lane may hold before it is full */
    LANE_SPARES_MAX = 4,                    /* emptied requests a lane keeps: less page faults */
    RETRY_DELAY_MS_MIN = 100,
    RETRY_DELAY_MS_MAX = 30000,
};

/* offered = sent + dead_lettered + dropped + in_flight */
struct output_counters {
    atomic_uint_fast64_t offered, sent, dead_lettered, dropped;
    atomic_uint_fast64_t bytes, requests, retries, errors;
    atomic_uint_fast64_t full_ns; /* time it made the worker wait */
    /* of its overflow */
    atomic_uint_fast64_t dropped_full;  /* of `dropped`: there was no room */
    atomic_uint_fast64_t dropped_lost;  /* of `dropped`: the log on disk cannot be read there */
    atomic_uint_fast64_t diverted;      /* to another output, in whose books they are */
    atomic_uint_fast64_t spilled, spilled_bytes; /* written to the log on disk */
    atomic_uint_fast64_t drained;       /* taken by the output out of that log */
    atomic_uint_fast64_t waiting;       /* now, in front of the output */
    atomic_uint_fast64_t waiting_since_ms; /* by the wall clock, of the oldest of them; 0: none */
    atomic_uint_fast64_t log_bytes;     /* now, on disk */
};

struct ingest;
struct delivery_counters; /* core/delivery/delivery.h */

struct output {
    const struct output_type *type;
    void *self;
    struct str id, pipeline;
    struct place place; /* of its name in the text */
    struct loop *loop;
    struct disk *disk;
    struct codec *codec;
    enum ecs ecs;
    uint32_t worker, workers;
    struct output_counters counters;
    struct tls *tls; /* NULL: it has none that is on */
    struct overflow *overflow;              /* NULL: it blocks when it is full */
    struct ingest *ingest;                  /* of the worker */
    const struct delivery_counters *delivery; /* of outputs that stand on it; else NULL */
    struct dead_letters *dead_letters;      /* of the worker; NULL: they are not kept */
    void (*ready)(struct output *output);   /* set by the worker */
    void (*stopped)(struct output *output);
    bool is_stopping, is_stopped;
};

/* Where the pipeline's dead letters go instead of files; empty: this output does not say. */
struct str output_letters_topic(const struct output *output);
/* There is room again after a take() that took fewer than offered. */
void output_ready(struct output *output);
void output_stopped(struct output *output);
/* Settles and counts: events of an obligation that were sent / that one event was not. */
void output_sent(struct output *output, struct obligation *obligation, uint32_t count);
void output_failed(struct output *output, struct obligation *obligation, uint32_t event,
                   enum verdict verdict);
/* The destination refuses this event for ever. It is settled when its dead letter is on disk; without dead letters
 * at once, as dropped. Said in the log. */
void output_reject(struct output *output, struct obligation *obligation, uint32_t event,
                   const struct dead_letter *letter);

struct request_row { struct obligation *obligation; uint32_t count; };
struct request {
    struct buf data;
    struct request_row *rows;
    uint32_t row_count, row_capacity;
    uint32_t events;
    uint32_t attempts;
    size_t last;    /* where its last event begins */
    uint32_t *ends; /* where each event ends, when the lane keeps them; as many as events */
    uint32_t end_capacity;
    size_t charged; /* bytes of the budget */
    struct request *next;
};

struct lane {
    struct output *output;
    /* Starts writing request->data; ends with lane_done(). */
    void (*write)(void *opaque, struct request *request);
    void *opaque;
    size_t bytes_max;
    size_t request_bytes;               /* REQUEST_BYTES unless set after lane_init() */
    struct request *open;               /* being filled; NULL when empty */
    struct request *first, **last;      /* sealed, in order */
    struct request *in_flight;
    struct request *spare;              /* emptied ones for reuse, at most LANE_SPARES_MAX */
    uint32_t spare_count;
    size_t bytes;                       /* held: open, sealed and in flight */
    uv_timer_t *retry;                  /* allocated at the first retry */
    bool keeps_ends;                    /* set after lane_init(): requests know their events' ends */
    uint64_t retry_ms_max;              /* RETRY_DELAY_MS_MAX unless set after lane_init() */
    bool is_closing;
    void (*drained)(void *opaque);      /* after lane_close(): nothing is held any more */
};

void lane_init(struct lane *lane, struct output *output,
               void (*write)(void *opaque, struct request *request), void *opaque);
/* False when the lane is full: the event was not taken. */
bool lane_append(struct lane *lane, const struct event *event, struct obligation *obligation);
/* The common case: all events of a selection to one lane. Returns how many were taken. */
uint32_t lane_take(struct lane *lane, struct batch *batch, const struct selection *in,
                   struct obligation *obligation);
/* End of a turn: what has gathered goes out unless a request is in flight already. */
void lane_turn(struct lane *lane);
/* Where the event begins that holds byte `written` of the data, or ends before it exactly there: from
 * where a stream of records is resent on a new connection. The lane keeps ends. */
size_t request_whole(const struct request *request, size_t written);
enum lane_result { LANE_SENT, LANE_RETRY };
/* The request in flight was written, or is to be written again after a growing, jittered delay. */
void lane_done(struct lane *lane, enum lane_result result);
/* Between lane_close() and `drained`: lets go of what is held, as somebody else has it, too. The request in
 * flight is forgotten by its writer. Nothing is counted as sent. */
void lane_abandon(struct lane *lane);
/* Drains what is held, then calls `drained` (perhaps at once) after its timer is closed. */
void lane_close(struct lane *lane, void (*drained)(void *opaque));
/* Frees spares; nothing may be held. */
void lane_fini(struct lane *lane);
static inline bool lane_is_idle(const struct lane *lane) { return lane->bytes == 0 && !lane->in_flight; }

#endif
