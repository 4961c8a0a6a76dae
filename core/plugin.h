/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin author provides and what the host gives. A plugin is one file in filters/, inputs/,
 * outputs/ or core/codecs/, named after itself; the file's name is its registration (CMake globs the
 * folders). It says what became of events; all that plugins share (id, add_field, tags, metrics,
 * codecs, batching, retry, pauses) belongs to the host.
 *
 * Threads: every function of an instance is called on one worker's thread, except create() and
 * destroy(), which run on the control thread before the worker starts and after it ended. */
#ifndef CORE_PLUGIN_H
#define CORE_PLUGIN_H
#include "core/event/batch.h"
#include "core/fields/fields.h"
#include "core/option.h"
#include "core/state/shared.h"

struct filter;  /* core/filter.h: the host of one */
struct loop;    /* core/net/loop.h: uv loop, memory, read block of a worker */
struct worker;

enum ecs { ECS_DISABLED, ECS_V1, ECS_V8 };

/* What create() may ask. */
struct plugin_context {
    struct diag *diag;
    struct arena *arena; /* of the configuration */
    struct place place;  /* of the plugin's name in the text */
    struct str id, pipeline;
    enum ecs ecs;
    const struct setting *settings; /* as written, for places in complaints */
    uint32_t setting_count;
    struct str path_data;
    uint32_t worker, workers; /* number of this worker, and how many there are */
    struct codec *codec;      /* of an input or output: its codec; of a codec: itself */
    struct state_scope *scope;      /* of a filter: what those of all workers share (context_share) */
    struct shared **shared;
};
/* Place of a setting's value, or of the plugin's name when it was not given. */
struct place context_place(const struct plugin_context *context, const char *option);
/* Of the n-th item of an option that is written as one list; else of the option. */
struct place context_item_place(const struct plugin_context *context, const char *option, uint32_t n);
/* An error at an option; `hint` may be NULL. False, for the caller to return. */
bool option_complain(const struct plugin_context *context, const char *option, const char *what, const char *hint);
/* Was the option written, under this very name? */
bool context_is_given(const struct plugin_context *context, const char *option);

/* ---- filters ---- */
/* The state that this filter has in common with those of other workers, and with all that ask for the
 * same kind and key (core/state/shared.h). At most one a filter; in create(). */
struct shared *context_share(const struct plugin_context *context, const struct shared_type *type,
                             struct str key);
/* A state of this block alone: of the same id with the same options. A block whose options were changed begins
 * anew when a text is loaded again; comments and places do not matter. */
struct shared *context_share_own(const struct plugin_context *context, const struct shared_type *type);

/* The events of a batch that a filter sees, in arrival order: those on its branch, not cancelled. */
struct selection {
    const uint32_t *index; /* into batch->events */
    uint32_t count;
};

#define SELECTION_EACH(batch_, in_, event_)                                                          \
    for (uint32_t n_##event_ = 0; n_##event_ < (in_)->count; n_##event_++)                            \
        for (struct event *event_ = (batch_)->events[(in_)->index[n_##event_]]; event_; event_ = NULL)

enum fate { FATE_PASSED, FATE_MATCHED, FATE_FAILED, FATE_CANCELLED };

/* What became of each event. Saying nothing means: passed through, not matched. */
struct filter;
struct outcome {
    struct batch *batch;
    const struct filter *filter; /* whose common options outcome_common() runs; NULL: none */
    uint8_t *fate; /* enum fate, by event index */
    uint32_t matched, failed, cancelled, created;
    struct outcome_child { struct event *event; bool matched; } *children; /* in order */
    uint32_t children_capacity;
    bool has_more; /* of flush(): there was no room for all of it, ask again */
};
enum { FLUSH_EVENTS_MAX = 1000 }; /* of one call of flush() */
/* The host then runs add_field, remove_field, add_tag, remove_tag, in this order. */
static inline void outcome_matched(struct outcome *out, struct event *event)
{
    out->fate[event->index] = FATE_MATCHED;
    out->matched++;
}
static inline void outcome_failed(struct outcome *out, struct event *event, struct str tag)
{
    out->fate[event->index] = FATE_FAILED;
    out->failed++;
    if (tag.len) event_tag(event, tag);
}
static inline void outcome_failed_tags(struct outcome *out, struct event *event, struct str_list tags)
{
    out->fate[event->index] = FATE_FAILED;
    out->failed++;
    for (uint32_t i = 0; i < tags.count; i++) event_tag(event, tags.items[i]);
}
static inline void outcome_cancelled(struct outcome *out, struct event *event)
{
    out->fate[event->index] = FATE_CANCELLED;
    out->cancelled++;
    event->is_cancelled = true;
}
/* A new event behind its parent, or behind all others without one; it continues with the next filter.
 * NULL at the batch's limit. `matched`: the host runs the common options on it. */
struct event *outcome_child(struct outcome *out, struct event *parent, bool matched);
/* Runs the common options at once: for a filter that succeeds several times on one event (dissect's mappings),
 * after each success but the last, which outcome_matched() tells. */
void outcome_common(struct outcome *out, struct event *event);
/* Asked by flush() before each event; if not, it comes again for the rest. */
static inline bool outcome_has_room(struct outcome *out)
{
    bool has_room = out->created < FLUSH_EVENTS_MAX && out->batch->arena.bytes < ARENA_BYTES_MAX / 2;
    out->has_more |= !has_room;
    return has_room;
}

/* A number of a plugin's own that /metrics and the API show: grok's matches and failures. */
struct metric_row {
    const char *name;
    atomic_uint_fast64_t *counter;
};

struct filter_type {
    const char *name, *summary;
    size_t size; /* of the instance: given zeroed, options already written; at least sizeof(void *) or 0 */
    const struct option *options;
    /* Compiles patterns, checks options against each other. Complaints go to context->diag. */
    bool (*create)(void *self, const struct plugin_context *context);
    void (*apply)(void *self, struct batch *batch, const struct selection *in, struct outcome *out);
    void (*destroy)(void *self); /* frees only what create() took outside the configuration arena */
    /* What it holds back and is due now goes on as new events (outcome_child without a parent), behind
     * the filter. Asked every FLUSH_INTERVAL_MS, and with `is_final` once, at the end of all inputs.
     * NULL: it holds nothing back. */
    void (*flush)(void *self, struct batch *batch, struct outcome *out, bool is_final);
    /* For filters that wait for answers (of a name server): start() before the first event, with the
     * worker's loop in `host`; 0 or a UV_E code. Then before apply() `ask` is called with the same events:
     * it starts the questions and returns false while answers are missing. The batch waits; filter_ready()
     * has `ask` called again, until it returns true. stop() gives everything up and calls
     * filter_stopped(). Without a loop (`tailrace test`, repl) such a filter is passed by. A filter without `ask`
     * may have start() and stop() for what it does once; without a loop they are not called. */
    int (*start)(void *self, struct filter *host);
    bool (*ask)(void *self, struct batch *batch, const struct selection *in);
    void (*stop)(void *self);
    /* Rows for the API; returns their number (at most `capacity`). */
    uint32_t (*metrics)(void *self, struct metric_row *rows, uint32_t capacity);
    /* What it reads, sets and removes, for the checks before start. NULL: it may do anything. */
    void (*fields)(const void *self, struct field_set *fields);
    bool is_ecs;                 /* has an ecs_compatibility of its own */
};

/* ---- codecs ---- */
struct decoder; /* where decoded events go (core/source.h) */
/* A fresh event in the current batch, with @timestamp and @version. NULL at a limit: stop. */
struct event *decoder_event(struct decoder *decoder);
/* A frame could not be decoded as it should: counted for the codec, said in the log. The event that
 * keeps the frame's text is the codec's to make. */
void decoder_failed(struct decoder *decoder, const char *what);
/* Memory of that batch, for codecs that must read the frame before they know how many events it
 * holds. */
struct arena *decoder_arena(struct decoder *decoder);

enum framing { FRAMING_WHOLE, FRAMING_LINES };

struct codec_type {
    const char *name, *summary;
    size_t size;
    const struct option *options;
    enum framing framing;    /* LINES: the host cuts bytes at `delimiter` before decode() */
    bool (*create)(void *self, const struct plugin_context *context);
    /* One whole frame: a line without its delimiter, a datagram, a record. Bytes live as long as the
     * batch. NULL: the codec cannot decode. */
    void (*decode)(void *self, struct str frame, struct decoder *decoder);
    /* Appends the event's text, delimiter included. NULL: cannot encode. */
    void (*encode)(void *self, const struct event *event, struct buf *out);
    void (*destroy)(void *self);
    void (*fields)(const void *self, struct field_set *fields); /* what decode() sets */
    const char *streaming_as; /* the codec that streaming inputs use instead: plain → line, json → json_lines */
    bool is_ecs;
};
struct codec {
    const struct codec_type *type;
    void *self;
    struct str id;
    struct str delimiter; /* of FRAMING_LINES; "\n" */
    bool dead_letters_failed; /* frames that cannot be decoded go to the dead letters */
    const struct join_rules *join; /* set by create(): frames are joined before decode() (core/joiner.h) */
    atomic_uint_fast64_t decoded_frames, decoded_events, encoded_events;
    atomic_uint_fast64_t failed; /* frames that could not be decoded */
};

/* Addresses of the doors between pipelines (core/delivery/bus.h) that an input or output names, for
 * the check over all pipelines. */
struct bus_ends {
    const struct str *addresses;
    uint32_t count;
    const struct place *places; /* of each address */
};

/* ---- inputs ---- */
struct input;
/* A port that an input listens on, so that two inputs on one are seen before anything starts. */
struct listen_place {
    struct str host; /* as configured */
    int64_t port;
    bool is_tcp, is_udp;
};
struct input_type {
    const char *name, *summary;
    size_t size;
    const struct option *options;
    const char *default_codec;
    bool is_streaming;  /* bytes without message borders: plain becomes line, json becomes json_lines */
    bool is_queued;     /* nobody can be asked for its frames again: the queue on disk keeps them */
    bool is_single;     /* one instance for the pipeline, on its first worker (stdin, file, generator) */
    bool (*create)(void *self, const struct plugin_context *context);
    /* False when it listens nowhere. After create(). */
    bool (*listens)(const void *self, struct listen_place *place);
    /* 0 or a UV_E code, said in context by the host. */
    int (*start)(void *self, struct input *host);
    void (*pause)(void *self, bool paused); /* outputs are full or memory is: stop reading, keep sockets */
    /* Reads no more; once what it emitted is settled and its promise kept (offset committed, position
     * written), closes everything and calls input_stopped(). Outputs go on meanwhile. */
    void (*stop)(void *self);
    void (*destroy)(void *self);
    bool is_rewound;    /* what was not settled is read again at the next start */
    struct bus_ends (*receives)(const void *self);
    /* The servers of the cluster with whose transactions its positions can be written. NULL: none. */
    struct str (*transacts)(const void *self);
    /* What it makes of a decoded event by itself, whoever sent it (syslog reads the line). With a queue that
     * is done when the event leaves it. `now`: the time of arrival. May be NULL. */
    void (*refine)(void *self, struct event *event, const struct value *now);
    void (*fields)(const void *self, struct field_set *fields); /* what it adds to decoded events */
    bool is_ecs;
};

/* ---- outputs ---- */
struct output;
struct output_type {
    const char *name, *summary;
    size_t size;
    const struct option *options;
    const char *default_codec;
    bool is_pipeline_scope; /* one object for all workers */
    bool (*create)(void *self, const struct plugin_context *context);
    int (*start)(void *self, struct output *host);
    /* Takes events of `in` in order and returns how many: all, or fewer when it is full, and then
     * calls output_ready() when there is room. Keeps no pointer into the batch. Every event taken is
     * settled later, exactly once, through `obligation`. */
    uint32_t (*take)(void *self, struct batch *batch, const struct selection *in,
                     struct obligation *obligation);
    void (*turn)(void *self);   /* the end of a loop turn in which take() was called */
    void (*reopen)(void *self); /* SIGHUP */
    void (*stop)(void *self);   /* settle what is held, then output_stopped() */
    /* After stop(), when the destination does not take what is held and it lies on disk: settles it with
     * obligation_sent(), which nobody counts, then output_stopped(). NULL: it is waited for. */
    void (*abandon)(void *self);
    void (*destroy)(void *self);
    struct bus_ends (*sends)(const void *self);
    /* The servers of the cluster whose transactions it writes in; empty: it does not. NULL: never. */
    struct str (*transacts)(const void *self);
    /* Outputs of one worker that transact share one connection to the cluster: the option by which the other one
     * would be connected otherwise; NULL: none. */
    const char *(*differs)(const void *self, const void *other);
    /* Where dead letters of the whole pipeline go instead of files; empty: to files. NULL: never elsewhere. After
     * start() it has opened the door of output->dead_letters (core/delivery/dead_letters.h). */
    struct str (*letters_topic)(const void *self);
    bool is_ecs;
};

/* Generated by CMake from the file names; NULL-ended. */
extern const struct filter_type *const filter_types[];
extern const struct input_type *const input_types[];
extern const struct output_type *const output_types[];
extern const struct codec_type *const codec_types[];

#endif
