/* SPDX-License-Identifier: Apache-2.0 */
/* An event: a map of fields and a second root, @metadata, which outputs never see. It lives in its
 * batch's arena and never moves. The first entries of the root are fixed slots, so that the fields
 * that every event has are found without a search. One thread at a time. */
#ifndef CORE_EVENT_EVENT_H
#define CORE_EVENT_EVENT_H
#include "core/event/value.h"

enum event_slot { SLOT_TIMESTAMP, SLOT_VERSION, SLOT_MESSAGE, SLOT_TAGS, SLOT_COUNT };
/* The slot of a top-level name, or -1. */
int event_slot_of(struct str name);

enum {
    EVENT_ENTRIES = 24, /* room for fields before the root map grows */
    TAGS_MAX = 1024,    /* tags of one event; further ones are not added */
};

struct event {
    struct map root; /* root.fixed == SLOT_COUNT */
    struct map metadata;
    struct value metadata_value; /* the map above as a value: what `[@metadata]` reads */
    struct arena *arena; /* of its batch */
    uint32_t index;      /* in its batch */
    uint32_t rank;       /* place in arrival order within the batch (core/event/batch.h) */
    uint32_t parent;     /* index of the event it was made from; its own index for a received one */
    bool is_cancelled;
};

/* All slots absent but @version "1" and @timestamp, which is given. index, rank and parent are the
 * batch's to set. */
void event_init(struct event *event, struct arena *arena, struct value timestamp);

static inline struct value *event_slot(const struct event *event, enum event_slot slot)
{
    struct value *value = &event->root.entries[slot].value;
    return value->kind == VALUE_MISSING ? NULL : value;
}

/* No check of types: for values known to fit. */
static inline void event_slot_set(struct event *event, enum event_slot slot, struct value value)
{
    struct value *at = &event->root.entries[slot].value;
    event->root.live += (uint32_t)(at->kind == VALUE_MISSING);
    event->root.live -= (uint32_t)(value.kind == VALUE_MISSING);
    *at = value;
}

/* Sets a top-level field by a literal name with Logstash's rules for @timestamp, tags and
 * @metadata, for whatever builds events from decoded data:
 *   @timestamp   a time is taken; ISO 8601 text is parsed; else now, tag _timestampparsefailure and
 *                the original in _@timestamp
 *   tags         a string or strings; else moved to _tags, tags = [_tagsparsefailure]
 *   @metadata    a map becomes the metadata; anything else is dropped
 */
void event_set_decoded(struct event *event, struct key key, struct value value);
/* Takes all entries of a decoded map (see event_set_decoded). */
void event_take_map(struct event *event, const struct map *map);

/* Adds a tag unless it is there; text is borrowed. A string in `tags` becomes an array. */
void event_tag(struct event *event, struct str tag);
/* Adds it even if it is there (the common option add_tag of Logstash's filters). */
void event_tag_append(struct event *event, struct str tag);
bool event_has_tag(const struct event *event, struct str tag);
void event_untag(struct event *event, struct str tag); /* removes all equal; leaves [] behind */

/* Sets or extends as Logstash's add_field: what exists becomes an array (null an empty one, a map its
 * pairs) and gets the new value behind. False: the path cannot be written (core/event/path.h) or the
 * array is full; the event is unchanged. */
struct path;
bool event_add_field(struct event *event, const struct path *path, struct value value);

/* May `tags` hold this? A string, or an array of strings. */
bool event_tags_are_legal(const struct value *tags);

/* A deep copy of fields and metadata into `copy`, made with event_init(); text too when the copy
 * outlives the original's bytes. */
void event_copy(struct event *copy, const struct event *event, bool text_too);
/* About how many bytes a new event takes that is such a copy without its text: to ask arena_allows() before. */
size_t event_footprint(const struct event *event);

struct value event_now(void); /* VALUE_TIME of the wall clock, nanoseconds */

#endif
