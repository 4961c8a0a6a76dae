/* SPDX-License-Identifier: Apache-2.0 */
/* Field references: `[a][b][0]`, `message`, `[@metadata][x]`, compiled once, never re-parsed for an
 * event. Grammar and behaviour: Logstash's Event API (FieldReference); brackets nest and flatten,
 * a step on an array is an index, a negative one counts from the end. Reads never fail. */
#ifndef CORE_EVENT_PATH_H
#define CORE_EVENT_PATH_H
#include "core/event/event.h"

enum {
    PATH_STEPS_MAX = 64,
    PATH_INDEX_MAX = ARRAY_COUNT_MAX - 1, /* writing beyond the end pads with null up to here */
};

struct path_step {
    struct key key;
    uint32_t place; /* in the map where it was found last: a path is used by one thread */
    bool is_index; /* the text is a whole number: an index when the container is an array */
    int32_t index;
};

struct path {
    struct path_step *steps; /* from `first` on relative to root or metadata; 0 steps: all of it */
    uint32_t count;
    bool is_metadata;   /* the first step was @metadata (not among `steps`) */
    int8_t slot;        /* of the first step: enum event_slot, or -1 */
    struct str text;    /* as written */
};

/* How a name in a reference may write the brackets that it has: `%5B` (any %XX of capital digits, read
 * as UTF-8) or `&#91;` (any decimal number of a character). Of the whole process, as in Logstash: set
 * once at the start, before the first path is compiled. */
enum path_escapes { PATH_ESCAPES_NONE, PATH_ESCAPES_PERCENT, PATH_ESCAPES_AMPERSAND };
void path_escapes_set(enum path_escapes escapes);

/* Compiles `reference` into memory of `arena`. Both must outlive the path: its text is the very one
 * given, by which a complaint finds its place. False: not a legal reference (`a[b]`, `[a`, `[]`, …) or
 * more than PATH_STEPS_MAX steps. */
bool path_compile(struct path *path, struct str reference, struct arena *arena);

/* One step, at the top, and no name that is treated in its own way: map_get_near() does. */
static inline bool path_is_plain(const struct path *path)
{
    return path->count == 1 && path->slot < 0 && !path->is_metadata;
}

struct value *path_walk(const struct path *path, const struct event *event);
/* The value, or NULL when any step is missing. Valid until the event changes. The whole of
 * `[@metadata]` is read as a map; it is not the caller's to change. */
static inline struct value *path_get(const struct path *path, const struct event *event)
{
    if (path->count != 1 || path->is_metadata) return path_walk(path, event);
    if (path->slot >= 0) return event_slot(event, (enum event_slot)path->slot);
    return map_get_near(&event->root, &path->steps[0].key, &path->steps[0].place);
}

enum path_result {
    PATH_SET,
    PATH_IGNORED,    /* an array step that is not a number: silently nothing, as in Logstash */
    PATH_NOT_A_MAP,  /* a step in the middle is a scalar or null */
    PATH_OUT_OF_RANGE, /* before the first item, beyond PATH_INDEX_MAX, or padding past the memory limit */
    PATH_BAD_TYPE,   /* @timestamp takes a time, tags a string or strings, @metadata a map */
};
/* Writes; missing steps are made as maps. The event takes `value` (containers change owner). Unless
 * PATH_SET the event is unchanged. */
enum path_result path_set(const struct path *path, struct event *event, struct value value);

/* Writes unless there is a value already: what inputs add to decoded events. */
void path_set_absent_slow(const struct path *path, struct event *event, struct value value);
static inline void path_set_absent(const struct path *path, struct event *event, struct value value)
{
    struct map *root = path->is_metadata ? &event->metadata : &event->root;
    bool is_field = path->count == 1 && path->slot < 0;
    if (is_field && !map_may_have(root, &path->steps[0].key))
        map_append(root, event->arena, path->steps[0].key, value);
    else
        path_set_absent_slow(path, event, value);
}

/* Removes and returns the value, now the caller's; VALUE_MISSING when there was none. Array elements
 * shift down; `[@metadata]` is emptied. */
struct value path_remove(const struct path *path, struct event *event);

/* Do both lead to one field, however they are written? */
bool path_same(const struct path *a, const struct path *b);

/* A path whose steps are known only now; they are not copied. There is at least one. */
struct path_step path_step_of(struct str name);
void path_of_steps(struct path *path, struct path_step *steps, uint32_t count);

/* One-step path to a top-level field whose name is taken literally (no brackets read). Borrowed, too. */
void path_of_name(struct path *path, struct str name, struct arena *arena);

#endif
