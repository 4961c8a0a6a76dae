/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of an input: from frames to decorated events in the worker's current batch.
 *
 *   bytes ──▶ framer ──▶ frame ──▶ stream ──▶ codec ──▶ event ──▶ batch
 *                                  (connection, partition, file: position and promise)
 *
 * An input reads, cuts frames (a framer does it for lines) and calls stream_emit() for each. When
 * input_is_paused() says so after a frame, it stops at once, keeps what it has not emitted, and goes
 * on when its type's pause(false) is called. One worker's thread. */
#ifndef CORE_INPUT_H
#define CORE_INPUT_H
#include "core/backlog.h"
#include "core/common_options.h"
#include "core/net/loop.h"
#include "core/plugin.h"
#include "core/store/disk.h"

enum {
    LINE_BYTES_LIMIT = 1024 * 1024, /* preset of the longest line; a longer one is cut */
    FRAME_EVENTS_MAX = 16384,       /* events decoded from one frame; the rest is dropped, tagged */
};

struct gather;

/* Where a worker's inputs put their events. */
struct ingest {
    struct loop *loop;
    struct batch *batch;       /* being filled; NULL when empty */
    uint32_t batch_events_max; /* -b */
    uint32_t underway;         /* batches that were closed and are not through */
    struct dead_letters *dead_letters; /* of the worker; NULL: they are not kept */
    bool is_paused;            /* a batch is parked, or memory is over its budget */
    void (*batch_full)(struct ingest *ingest); /* the worker takes ingest->batch and runs it */
    struct gather *gather;     /* not NULL: frames go to the queue on disk, and come again from there */
};

struct input_counters {
    atomic_uint_fast64_t events, frames, bytes;
    atomic_uint_fast64_t cut;        /* frames longer than the limit, or cut by the half-frame budget */
    atomic_uint_fast64_t cut_bytes;  /* their bytes that were thrown away */
    atomic_uint_fast64_t discarded;  /* half frames thrown away with their connection */
    atomic_uint_fast64_t connections, refused; /* open now; turned away at a limit */
    atomic_uint_fast64_t kernel_drops;         /* datagrams the kernel says it dropped */
    atomic_uint_fast64_t errors;
};

struct input {
    const struct input_type *type;
    void *self;
    struct str id, pipeline;
    struct place place;  /* of its name in the text */
    struct loop *loop;
    struct ingest *ingest;
    struct disk *disk;   /* of the pipeline */
    struct codec *codec; /* the input's; of this worker */
    const struct input_common *common; /* type, tags, add_field */
    enum ecs ecs;
    uint32_t worker, workers;
    struct input_counters counters;
    _Atomic(struct backlog *) backlog; /* of inputs that know one, once started; theirs */
    struct tls *tls; /* NULL: it has none that is on */
    void (*stopped)(struct input *input); /* set by the worker */
    bool is_stopping, is_stopped;
    bool is_exhausted;   /* ended by itself: stdin's end, generator's count */
};

static inline bool input_is_paused(const struct input *input) { return input->ingest->is_paused; }
/* The input has ended: everything it had is emitted and its handles are closed. Either after
 * stop(), or by itself when there is nothing more to read (then a pipeline whose inputs have all
 * ended drains and ends). */
void input_stopped(struct input *input);
/* This machine's name, for the fields that inputs add; in memory of `arena`. */
struct str input_host_name(struct arena *arena);

/* ---- streams ---- */
struct frame {
    struct str bytes;
    struct block *block; /* the bytes lie in it; NULL: they are copied into the batch */
    uint64_t position;   /* of the stream behind this frame; grows */
    struct str tag;      /* not empty: the events get it (`_line_cut`) */
};

struct stream {
    struct input *input;
    struct ingest *ingest; /* the input's; the worker's for one that is read from the queue */
    struct source *source;
    /* Adds what the stream knows to an event (address, path, offset), its origin. Looks at nothing but which
     * fields are there: with a queue it is asked once, of an empty event. May be NULL. */
    void (*decorate)(void *opaque, struct event *event);
    void *opaque;
    struct codec *codec; /* the input's unless set otherwise after opening */
    uint64_t position;   /* behind the last whole frame */
    bool is_repeatable;  /* it has hooks: what is not settled can be read again */
    struct joiner *joiner; /* of a codec that joins frames (core/joiner.h) */
    struct str tag;      /* not empty: events of its next frames get it, beside the frames' own */
    struct buf origin;   /* what `decorate` adds, packed, for the queue */
    bool has_origin;
};

/* `hooks` may be NULL: nobody waits for the settlement. */
void stream_open(struct stream *stream, struct input *input, const struct source_hooks *hooks,
                 void (*decorate)(void *opaque, struct event *event), void *opaque);
void stream_close(struct stream *stream);
/* What a codec holds back of the stream is whole: its sender has ended, or its file. Closing does the
 * same where nobody could repeat it. */
void stream_flush(struct stream *stream);
/* Decodes a frame into events of the current batch; may run the batch when it is full. */
void stream_emit(struct stream *stream, const struct frame *frame);
/* What `decorate` adds is something else from now on: another sender (datagrams). */
void stream_origin_changed(struct stream *stream);
/* A frame that comes from the queue, arrived then: decoded as if it came now. `frame->tag` is not looked at. */
void stream_replay(struct stream *stream, const struct frame *frame, const struct str *tags, uint32_t tag_count,
                   const struct value *arrival);
/* A frame that comes from the queue, and whose input is gone: `stream` has none, only an ingest, a source and
 * `decorate`. Goes to the dead letters, of which there are some, and not into the pipeline; as an event with its
 * bytes in `message`. The letter is filled in but for `event` and `original`. */
struct dead_letter;
void stream_refuse(struct stream *stream, const struct frame *frame, const struct str *tags, uint32_t tag_count,
                   const struct value *arrival, struct dead_letter *letter);
/* For inputs that build events themselves (no codec): begin gives a fresh event that decode would
 * have given, end decorates it and moves the position. */
struct event *stream_event(struct stream *stream);
void stream_event_done(struct stream *stream, struct event *event, uint64_t position);

/* Positions begin anew at 0; what is held back or not settled is forgotten. */
void stream_restart(struct stream *stream);
/* Of core/joiner.c. A record of several frames is decoded; nothing in positions up to `position` is held. */
void stream_record(struct stream *stream, struct str text, const struct str *tags, uint32_t tag_count,
                   uint64_t position);
/* Its frame is counted. `is_covered`: nothing of it is held. */
void stream_joined(struct stream *stream, const struct frame *frame, bool is_covered);

/* For events that exist already (of another pipeline): taken over with their arena, in one batch. The
 * position moves on by their number, which is at most batch_events_max. */
void stream_adopt(struct stream *stream, struct arena *arena, struct event *const *events,
                  uint32_t count);

/* ---- lines ---- */
/* Cuts a stream of bytes at a delimiter. What is unfinished is kept here, charged to the budget:
 * half frames of all connections may take a quarter of it, beyond that the largest is cut. */
struct framer {
    struct str delimiter;
    size_t limit;        /* longest line in bytes, without delimiter */
    char *tail;          /* unfinished line */
    size_t tail_len, tail_capacity;
    size_t counted;      /* bytes still to come of a frame of known length; 0: lines */
    bool is_skipping;    /* the line was cut: throw away up to the delimiter */
    uint64_t position;   /* bytes consumed, or the position given at init plus these */
    struct stream *stream;
    struct framer *next, **link; /* of those that hold half a frame */
};

void framer_init(struct framer *framer, struct stream *stream, struct str delimiter, size_t limit,
                 uint64_t position);
void framer_fini(struct framer *framer); /* forgets the unfinished line (counted as discarded) */
/* Emits the lines of `bytes` (in `block`, or NULL) until they are used up or the input is paused.
 * Returns how many bytes were consumed; the caller keeps the rest and comes again. */
size_t framer_feed(struct framer *framer, struct str bytes, struct block *block);
/* The same, but at most one frame: afterwards the framer is between frames, or needs more. */
size_t framer_feed_one(struct framer *framer, struct str bytes, struct block *block);
/* The next frame is `len` bytes long, whatever they are; behind it come lines again. Only between
 * frames. */
void framer_count(struct framer *framer, size_t len);
static inline bool framer_is_between(const struct framer *framer)
{
    return framer->tail_len == 0 && !framer->counted && !framer->is_skipping;
}
/* The stream has ended: the unfinished line is a line. */
void framer_flush(struct framer *framer);

#endif
