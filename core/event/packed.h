/* SPDX-License-Identifier: Apache-2.0 */
/* Values and events as bytes, for what outlives the process: the queue's and the spill's records, dead letters,
 * saved state. Every value comes back as it was: digits of numbers, doubles bit by bit, order of keys, strings
 * of any bytes. What is known of a string (its flags) is found out anew.
 *
 *   value   a byte for its kind, then
 *             1 null  2 false  3 true   nothing
 *             4 integer                 varint, zigzag
 *             5 double                  8 bytes, IEEE 754, little-endian
 *             6 number-text  7 string   varint length, bytes
 *             8 time                    varint seconds, zigzag; varint nanoseconds
 *             9 array                   varint count, values
 *            10 map                     varint count, then varint length, bytes of the key, value
 *            11 the text of a string before, again: varint distance from this 11 back to its first byte, varint
 *               length. `message` and [event][original] are one text in most events, and most of their bytes.
 *   event   the map of its fields, then the map of its metadata
 *   varint  7 bits a byte, lowest first, the highest bit: more follows (LEB128)
 *
 * The bytes are a format on disk: kinds keep their numbers. Whoever reads bytes that may not be its own checks
 * sums first; unpacking takes any bytes all the same, and says false. One thread at a time. */
#ifndef CORE_EVENT_PACKED_H
#define CORE_EVENT_PACKED_H
#include "core/event/event.h"
#include "core/text/buf.h"

enum {
    PACKED_VARINT_MAX = 10, /* bytes */
    PACKED_AGAIN_MIN = 32   /* bytes; a text that is shorter is written each time */
};

void pack_varint(struct buf *out, uint64_t number);
void pack_text(struct buf *out, struct str text); /* varint length, bytes */
/* At most VALUE_DEPTH_MAX containers within each other, as everything that walks values. */
void pack_value(struct buf *out, const struct value *value);
void pack_event(struct buf *out, const struct event *event);

/* Each takes its bytes off the front of `in`; false: they are not such bytes, and `in` stands anywhere. Texts are
 * borrowed from the bytes, containers lie in `arena`: about 16 times the bytes at worst; texts that come again have no
 * more bytes together than were given. */
bool unpack_varint(struct str *in, uint64_t *number);
bool unpack_text(struct str *in, struct str *text);
bool unpack_value(struct str *in, struct arena *arena, struct value *value);
/* Into a new event (event_init), whose @timestamp and @version go. False as well when a field cannot be what it
 * says: an @timestamp that is no time, tags that are no strings. */
bool unpack_event(struct str *in, struct event *event);

#endif
