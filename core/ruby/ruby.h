/* SPDX-License-Identifier: Apache-2.0 */
/* A subset of Ruby (docs/ruby.md), for filters whose options hold Ruby text: the text is read once,
 * names of variables, methods, field references and patterns are decided then, and what is outside
 * the subset is refused at the very bytes. What is left runs over the values of events, within
 * limits: steps, depth, memory. Nothing here reaches files, processes or the network.
 *
 * What outlives an event is what instance variables hold. It lies in memory of its own
 * (core/ruby/state.c), bounded by RUBY_STATE_BYTES_MAX, and belongs to this one compiled code: each
 * worker has its own.
 *
 * Compiled at start-up into the configuration arena; run by one worker's thread. */
#ifndef CORE_RUBY_RUBY_H
#define CORE_RUBY_RUBY_H
#include "core/event/event.h"

enum {
    RUBY_CODE_BYTES_MAX = 256 * 1024, /* of one text */
    RUBY_NEST_MAX = 150,              /* of expressions and blocks within each other */
    RUBY_VARIABLES_MAX = 1000,        /* local ones of a method, and instance variables */
    RUBY_ARGUMENTS_MAX = 32,          /* of a call, parameters of a block or method */
    RUBY_STEPS_MAX = 1000000,         /* calls and turns of loops for one event */
    RUBY_DEPTH_MAX = 1200,            /* of what is computed within each other */
    RUBY_TEXT_BYTES_MAX = 4 << 20,    /* of a text that is built */
    RUBY_VALUE_DEPTH_MAX = 100,       /* of lists and hashes that are stored in an event */
    RUBY_STATE_BYTES_MAX = 16 << 20,  /* of what the instance variables hold */
    RUBY_PATTERNS_MAX = 64,           /* that are built of texts for one event */
    RUBY_EVENTS_MAX = 10000,          /* that the code makes for one event */
    RUBY_PROBLEM_MAX = 240,
};

/* Why the text is refused: a sentence without full stop, a remedy (may be empty), bytes of which
 * text. */
struct ruby_problem {
    char text[RUBY_PROBLEM_MAX], hint[RUBY_PROBLEM_MAX];
    enum ruby_part { RUBY_INIT, RUBY_CODE } part;
    size_t start, end;
};

/* A variable that the caller gives for each event beside `event`: aggregate's `map`. With
 * `attributes` (NULL-ended) it is a record: `map_meta.timeout` is its entry `timeout`. */
struct ruby_local {
    const char *name;
    const char *const *attributes;
};

struct ruby_source {
    struct str init, code;
    bool is_script;             /* `code` is a script file: `register(params)`, `filter(event)` */
    const struct value *params; /* of register: a map */
    const struct ruby_local *locals;
    uint32_t local_count;
};

struct ruby;
/* NULL: refused. Texts are borrowed for as long as it lives. `init` has run afterwards. */
struct ruby *ruby_compile(const struct ruby_source *source, struct arena *arena,
                          struct ruby_problem *problem);
void ruby_destroy(struct ruby *ruby); /* NULL is allowed */
/* Does the code (not only `init`) write instance variables? Its offset: for a warning. */
bool ruby_writes_state(const struct ruby *ruby, size_t *start, size_t *end);

/* The same as statements of the configuration's language, where there is an equal; texts in `arena`. `number`
 * (may be empty) is a field that must be a number for that. */
bool ruby_offer(const struct ruby *ruby, struct arena *arena, struct str *text, struct str *number);

/* What fields the code reads and sets, for warnings before the first event; `code` is that of the source: the
 * text that complaints point at. */
struct field_set;
void ruby_fields(const struct ruby *ruby, struct str code, struct field_set *fields);

/* For one event. `make` gives new events that go on behind it, empty or as copies of `copied`; NULL
 * at a limit. `locals` are read and written, as many as were declared, their values in the event's
 * arena. */
struct ruby_work {
    struct event *event;
    struct value *locals; /* lists and maps keep what is done to them, a name that is given another value does not */
    struct event *(*make)(void *opaque, const struct event *copied);
    void *opaque;
    bool is_cancelled;  /* out: event.cancel was called, or the script gave the event not back */
    bool is_limit;      /* out: what failed is a limit of the above */
    struct str message; /* out: of what failed, `NoMethodError: undefined method …`; in the event's
                           arena */
};
/* False: it failed, with a message; the event has what was set until then. */
bool ruby_run_event(struct ruby *ruby, struct ruby_work *work);

#endif
