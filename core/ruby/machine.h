/* SPDX-License-Identifier: Apache-2.0 */
/* The machine of core/ruby: what a value is while Ruby code runs, nodes, and what they share.
 * Private to core/ruby/.
 *
 * A value is a struct value. Lists and hashes of the machine are references with an owner's mark
 * behind the container (struct ruby_list, struct ruby_hash), never those of an event: what is read
 * from an event is copied, what is stored is copied, as Logstash does. Keys of a hash that are no
 * texts carry a mark (core/ruby/hash.c). Texts are never changed in place.
 *
 * Control that leaves an expression (raise, next, break, return) is the value RUBY_LEFT with the
 * rest in the run: whoever gets it from a part gives it on. */
#ifndef CORE_RUBY_MACHINE_H
#define CORE_RUBY_MACHINE_H
#include "core/diag.h"
#include "core/event/path.h"
#include "core/ruby/ruby.h"
#include "core/text/buf.h"
#include "core/text/regex.h"
#include "core/text/timezone.h"

/* Kinds beside those of events. */
enum ruby_kind {
    RUBY_SYMBOL = 16,
    RUBY_TIME, /* seconds, nanoseconds; `unused`: minutes east; flags: 1 UTC */
    RUBY_REGEX,
    RUBY_RANGE,
    RUBY_EVENT,
    RUBY_CLASS,
    RUBY_MATCH,
    RUBY_ERROR,
    RUBY_PROC,
    RUBY_NEW_EVENT, /* new_event_block */
    RUBY_LEFT = 255,
};
#define IS(kind_) (1u << (kind_))
#define IS_NIL IS(VALUE_NULL)
#define IS_INT IS(VALUE_INT)
#define IS_BIG IS(VALUE_NUMBER)
#define IS_FLOAT IS(VALUE_DOUBLE)
#define IS_NUMBER (IS_INT | IS_FLOAT | IS_BIG)
#define IS_STRING IS(VALUE_STRING)
#define IS_SYMBOL IS(RUBY_SYMBOL)
#define IS_LIST IS(VALUE_ARRAY)
#define IS_HASH IS(VALUE_MAP)
#define IS_RANGE IS(RUBY_RANGE)
#define IS_STAMP IS(VALUE_TIME)
#define IS_TIME IS(RUBY_TIME)
#define IS_ANY 0xffffffffu

struct ruby_run;
struct ruby_node;

struct ruby_list {
    struct array array; /* first: value.array */
    struct arena *home;
    struct ruby_list *moved, *next_written;
    bool is_written, is_frozen;
};
struct ruby_hash {
    struct map map; /* first: value.map */
    struct arena *home;
    struct ruby_hash *moved, *next_written;
    bool is_written, is_frozen;
    uint32_t walked;                /* by how many loops just now */
    struct value fallback;         /* Hash.new(0) */
    const struct ruby_proc *maker; /* Hash.new { |hash, key| … } */
};
struct ruby_range {
    struct value from, to; /* to: nil without an end */
    bool is_open;          /* `...` */
};
struct ruby_match {
    struct str subject;
    const struct regex *regex;
    uint32_t count;
    size_t offsets[]; /* two a group */
};
struct ruby_error {
    const char *name; /* `ArgumentError` */
    struct str message;
    bool is_limit; /* no `rescue` takes it */
};

/* ---- code ---- */
struct ruby_param {
    uint32_t slot;
    bool is_rest;
    const struct ruby_node *preset;
    const struct ruby_param *parts; /* of `(a, b)` */
    uint32_t part_count;
};
struct ruby_block {
    const struct ruby_param *params;
    uint32_t param_count;
    uint32_t first, end; /* variables that are its own */
    const struct ruby_node *body;
    bool is_lambda, is_free;          /* free: uses no variable from outside */
    const struct ruby_native *native; /* of `&:name` */
    struct str name;
};
/* A block with the variables it was written beside. */
struct ruby_proc {
    const struct ruby_block *block;
    struct value *frame;
};
struct ruby_def {
    struct str name;
    const struct ruby_param *params;
    uint32_t param_count, required;
    uint32_t frame_size;
    const struct ruby_node *body;
    struct ruby_def *next;
};

struct ruby_args {
    const struct ruby_node *node;
    struct value self;
    struct value *items;
    uint32_t count;
    const struct ruby_proc *block; /* NULL: none */
};
typedef struct value ruby_native_fn(struct ruby_run *run, const struct ruby_args *args);
enum ruby_block_use { BLOCK_NONE, BLOCK_MAY, BLOCK_MUST };
/* A method: for receivers of these kinds. Of a class: IS(RUBY_CLASS) and its name. */
struct ruby_native {
    const char *name;
    unsigned kinds;
    int8_t least, most;
    uint8_t block;
    ruby_native_fn *run;
    const char *class_name;
};
/* Ended by a row without a name. */
extern const struct ruby_native ruby_object_methods[], ruby_string_methods[],
    ruby_pattern_methods[], ruby_number_methods[], ruby_list_methods[], ruby_walk_methods[],
    ruby_hash_methods[], ruby_time_methods[], ruby_event_methods[], ruby_class_methods[];
extern const struct ruby_native *const ruby_methods[]; /* NULL-ended */
extern const char *const ruby_classes[];               /* NULL-ended */

typedef struct value ruby_node_fn(struct ruby_run *run, const struct ruby_node *node);
struct ruby_node {
    ruby_node_fn *run;
    uint32_t start, end; /* bytes of the text */
    uint32_t count;      /* of items */
    uint32_t slot;       /* of a variable; number of a group */
    uint8_t op;          /* enum ruby_op */
    bool is_safe;        /* `&.` */
    bool is_parenthesized;
    struct ruby_node *left, *right, *third;
    struct ruby_node **items;
    struct ruby_block *block;
    struct ruby_node *block_value; /* `&handler` */
    struct str name;               /* of a method, variable, class */
    const struct ruby_native *
        *natives; /* those of that name, `count` of them by kinds; NULL-ended */
    struct ruby_def *def;
    struct value value; /* of a constant */
    struct path *path;  /* of a field reference that is written out */
    struct regex *regex;
};

struct ruby {
    struct arena *arena; /* of the configuration */
    struct ruby_def *defs;
    struct str *state_names;
    struct value *state; /* instance variables and constants */
    uint32_t state_count;
    const struct ruby_node *init, *code;
    uint32_t init_frame, code_frame;
    const struct ruby_def *filter; /* of a script */
    const struct ruby_local *locals;
    uint32_t local_count;
    struct ruby_regex {
        struct regex *regex;
        struct ruby_regex *next;
    } * regexes;
    /* patterns that are built while events run, by text; all are given up when there are too many,
     * between two events: no value outlives one with such a pattern in it */
    struct ruby_pattern {
        struct regex *regex;
        char *text;
        size_t len;
        unsigned options;
    } patterns[RUBY_PATTERNS_MAX];
    uint32_t pattern_count;
    struct arena kepts[2], *kept; /* what the state holds, in one of them */
    size_t kept_live;             /* bytes after it was last moved together */
    bool is_state_full;
    size_t write_start, write_end; /* of the first instance variable that `code` writes */
    uint64_t random;
    struct zone zone;
    struct zone_cursor cursor;
};

enum ruby_leave { LEAVE_RAISE, LEAVE_NEXT, LEAVE_BREAK, LEAVE_RETURN };
struct ruby_run {
    struct ruby *ruby;
    struct ruby_work *work;
    struct event *event;
    struct arena *arena;
    struct value *frame;
    uint32_t steps, depth;
    uint32_t made; /* events */
    enum ruby_leave leave;
    struct value left;               /* of next, break, return; the error of raise */
    struct value match;              /* $~ */
    struct ruby_list *written_lists; /* kept ones that were changed */
    struct ruby_hash *written_hashes;
    bool is_state_written;
    const struct ruby_node *at;
};

/* ---- running: run.c, call.c ---- */
struct value ruby_eval_deep(struct ruby_run *run, const struct ruby_node *node); /* says so */
static inline struct value ruby_eval(struct ruby_run *run, const struct ruby_node *node)
{
    if (run->depth >= RUBY_DEPTH_MAX) return ruby_eval_deep(run, node);
    run->depth++;
    struct value value = node->run(run, node);
    run->depth--;
    return value;
}
#define LEFT ((struct value){.kind = RUBY_LEFT})
static inline bool has_left(struct value value) { return value.kind == RUBY_LEFT; }
/* Evaluates, and gives on whatever leaves. */
#define EVAL(name_, run_, node_)                                                                   \
    struct value name_ = ruby_eval((run_), (node_));                                               \
    if (has_left(name_)) return name_

static inline bool is_true(struct value value)
{
    return value.kind != VALUE_NULL && !(value.kind == VALUE_BOOL && !value.boolean);
}
struct value ruby_raise(struct ruby_run *run, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* LEFT */
struct value ruby_raise_limit(struct ruby_run *run, const char *what);
/* Counts; false (said): too many, or no memory left. */
bool ruby_step_slow(struct ruby_run *run);
static inline bool ruby_step(struct ruby_run *run, uint32_t steps)
{
    run->steps += steps < RUBY_STEPS_MAX ? steps : RUBY_STEPS_MAX;
    return run->steps <= RUBY_STEPS_MAX && arena_allows(run->arena, 0) ? true : ruby_step_slow(run);
}
/* May so many bytes be taken? Says so when not. */
bool ruby_allows(struct ruby_run *run, size_t bytes);
/* Calls a block with these values: several parameters take a list apart. */
struct value ruby_yield(struct ruby_run *run, const struct ruby_proc *proc,
                        const struct value *values, uint32_t count);
static inline struct value ruby_yield_one(struct ruby_run *run, const struct ruby_proc *proc,
                                          struct value value)
{
    return ruby_yield(run, proc, &value, 1);
}
struct value ruby_call_proc(struct ruby_run *run, const struct ruby_proc *proc,
                            const struct value *values, uint32_t count);
struct value ruby_call_def(struct ruby_run *run, const struct ruby_def *def, struct value *values,
                           uint32_t count);
/* A method by name, without a node: for `&:name`, sum, sort. */
struct value ruby_send(struct ruby_run *run, const struct ruby_node *node, struct str name,
                       struct value self, struct value *values, uint32_t count);
bool ruby_params_bind(struct ruby_run *run, const struct ruby_param *params, uint32_t count,
                      const struct value *values, uint32_t given);

enum ruby_op {
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_MODULO,
    OP_POWER,
    OP_SHIFT_LEFT,
    OP_SHIFT_RIGHT,
    OP_AND,
    OP_OR,
    OP_XOR,
    OP_EQUAL,
    OP_DIFFERS,
    OP_CASE,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_COMPARE,
    OP_MATCH,
    OP_NO_MATCH,
    OP_LOGICAL_AND,
    OP_LOGICAL_OR,
    OP_COUNT
};
extern const char *const ruby_op_names[OP_COUNT];
struct value ruby_binary(struct ruby_run *run, enum ruby_op op, struct value left,
                         struct value right);
struct value ruby_match_run(struct ruby_run *run, struct value left, struct value right); /* =~ */
struct value ruby_case_equal(struct ruby_run *run, struct value pattern, struct value value);
struct value ruby_format(struct ruby_run *run, struct str format, const struct value *values,
                         uint32_t count);
struct value ruby_divide_floor(struct ruby_run *run, struct value left, struct value right);

/* ---- values: text.c, convert.c ---- */
const char *ruby_class_name(struct value value);
bool ruby_is_a(struct value value, struct str class_name);
struct value ruby_string(struct str text);
static inline struct value ruby_symbol(struct str text)
{
    struct value value = value_string(text);
    value.kind = RUBY_SYMBOL;
    return value;
}
static inline struct value ruby_of_pointer(enum ruby_kind kind, const void *pointer)
{
    return (struct value){.kind = (uint8_t)kind, .text = pointer};
}
static inline const void *ruby_pointer(struct value value) { return value.text; }
static inline struct str ruby_text(struct value value)
{
    return (struct str){value.text, value.len};
}
static inline bool is_text(struct value value)
{
    return value.kind == VALUE_STRING || value.kind == RUBY_SYMBOL;
}
void ruby_print(struct ruby_run *run, struct value value, struct buf *out); /* to_s */
void ruby_inspect(struct ruby_run *run, struct value value, struct buf *out, uint32_t depth);
struct str ruby_to_s(struct ruby_run *run, struct value value);
bool ruby_equal(struct ruby_run *run, struct value a, struct value b);
/* False: the two have no order. */
bool ruby_compare(struct ruby_run *run, struct value a, struct value b, int *order);
bool ruby_as_double(struct value value, double *out);
static inline struct ruby_list *list_of(struct value value)
{
    return (struct ruby_list *)(void *)value.array;
}
static inline struct ruby_hash *hash_of(struct value value)
{
    return (struct ruby_hash *)(void *)value.map;
}
struct value ruby_list_new(struct ruby_run *run, uint32_t capacity);
struct value ruby_list_of(struct ruby_run *run, const struct value *items, uint32_t count);
struct value ruby_hash_new(struct ruby_run *run, uint32_t capacity);
/* Changes count as one step; false (said): frozen, too large, or walked by a loop. */
bool ruby_push(struct ruby_run *run, struct value list, struct value item);
bool ruby_list_touch(struct ruby_run *run, struct value list);
bool ruby_hash_touch(struct ruby_run *run, struct value hash);
/* False (said): it can be no key here. */
bool ruby_key(struct ruby_run *run, struct value key, struct key *out);
struct value ruby_key_value(const struct key *key);
/* What the machine has for a value of an event, and back. False (said): too deep, too large. */
bool ruby_from_event(struct ruby_run *run, const struct value *value, struct value *out);
bool ruby_to_event(struct ruby_run *run, struct value value, uint32_t depth, struct value *out);
struct value ruby_hash_get(struct ruby_run *run, struct value hash, struct value key);
bool ruby_hash_set(struct ruby_run *run, struct value hash, struct value key, struct value value);
struct value ruby_index(struct ruby_run *run, struct value self, struct value *values,
                        uint32_t count);
struct value ruby_index_set(struct ruby_run *run, struct value self, struct value *values,
                            uint32_t count, struct value value);
bool ruby_range_bounds(struct ruby_run *run, const struct ruby_range *range, int64_t len,
                       int64_t *from, int64_t *count);
struct value ruby_range_list(struct ruby_run *run, struct value range);

/* Characters of a text: offsets when it is not ASCII. */
size_t ruby_char_count(struct str text);
size_t ruby_char_offset(struct str text, size_t characters);

bool ruby_emit(struct ruby_run *run, struct value event); /* new_event_block.call; false (said) */
struct value ruby_event_write(struct ruby_run *run, struct value event, const struct path *path,
                              struct value value);
struct value ruby_event_new(struct ruby_run *run, const struct event *copied, struct value fields);

/* ---- patterns: pattern.c ---- */
struct regex *ruby_regex_of(struct ruby_run *run, struct value value); /* NULL (said) */
struct regex *ruby_regex_made(struct ruby_run *run, struct str text, unsigned options);
void ruby_patterns_forget(struct ruby *ruby);
enum ruby_regex_option { REGEX_CASELESS = 1, REGEX_DOTALL = 2, REGEX_EXTENDED = 4 };
struct regex *ruby_regex_compile(struct str text, unsigned options, struct arena *arena,
                                 struct regex_problem *problem);
/* 1 found (and $~ set), 0 not, -1 left. */
int ruby_search(struct ruby_run *run, struct regex *regex, struct str subject, size_t start,
                struct regex_match *match);
struct value ruby_match_group(struct value match, uint32_t group);
struct value ruby_match_named(struct value match, struct str name);

/* ---- times: time.c, strftime.c ---- */
struct value ruby_time(int64_t seconds, uint32_t ns, int32_t offset, bool is_utc);
bool ruby_strftime(struct ruby_run *run, struct value time, struct str format, struct buf *out);
bool ruby_strptime(struct ruby_run *run, struct str text, struct str format, struct value *out);
struct value ruby_time_add(struct ruby_run *run, struct value time, struct value number, int sign);
struct value ruby_time_subtract(struct value a, struct value b);

/* ---- state: state.c ---- */
/* What a variable of the state or a kept container is given: texts are copied at once, the rest
 * when the event is done. */
struct value ruby_keep(struct ruby_run *run, struct arena *home, struct value value);
/* False: what is held is more than may be. */
bool ruby_state_settle(struct ruby_run *run);

/* What computes each kind of node (run.c, assign.c, call.c). */
ruby_node_fn do_value, do_template, do_list, do_hash, do_range, do_local, do_state, do_group,
    do_and, do_or, do_not, do_binary, do_negate, do_if, do_while, do_case, do_begin, do_sequence,
    do_return, do_next, do_break, do_lambda, do_assign_local, do_assign_state, do_assign_index,
    do_assign_many, do_op_assign, do_call, do_call_def, do_call_index, do_bang, do_append,
    do_event_get, do_pattern, do_for, do_loop, do_defined, do_splat, do_complement, do_attribute,
    do_assign_attribute, do_rescue_inline, do_event_set;

#endif
