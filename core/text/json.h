/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259) to values and back, for the event path. One pass, no tree in between: strings
 * without escapes are slices of the text, everything else is arena memory, so the text must live as
 * long as the values.
 *
 * What is decided here where documents are at odds with the standard or with each other:
 *   numbers      whole numbers that fit become VALUE_INT; all others (`-0`, fractions, exponents,
 *                more than 64 bits) stay VALUE_NUMBER, digits unchanged
 *   equal keys   the last value wins, in the first one's place
 *   `\ud800`     half a surrogate pair is refused: it names no character, and to put U+FFFD there
 *                would change the data silently. The codec keeps the whole text and tags it
 *   invalid UTF-8  bytes in a string are kept as they are, flagged STRING_BINARY: a log line with
 *                one Latin-1 byte in it keeps all its fields. The encoder prints U+FFFD for each
 *   byte order mark  at the start is skipped (RFC 8259 section 8.1 permits it)
 *   NaN, comments, single quotes, trailing commas, bare control characters: refused
 *
 * Limits are the constants below and the arena's (arena_allows): hostile text is refused with a
 * reason, in time linear in its length. No state: any thread. */
#ifndef CORE_TEXT_JSON_H
#define CORE_TEXT_JSON_H
#include "core/event/event.h"
#include "core/text/buf.h"

enum {
    JSON_DEPTH_MAX = 128,         /* objects and arrays within each other */
    JSON_MEMBERS_MAX = 1 << 16,   /* of one object */
    JSON_ITEMS_MAX = 1 << 17,     /* of one array */
    JSON_VALUES_MAX = 1 << 18,    /* of the whole document */
    JSON_NUMBER_MAX = 10000,      /* bytes of one number */
};

enum json_rule {
    JSON_WHOLE,    /* nothing but blanks may follow the document */
    JSON_LEADING,  /* what follows the first document is ignored */
};

struct json_report {
    size_t offset;      /* of the wrong byte; the text's length when it ended too early; on success
                           where the document ended */
    const char *reason; /* a few words, static; NULL on success */
    bool is_binary;     /* some string or key is not valid UTF-8 */
};

/* False: the report says why; `*out` is not set, and memory already taken from the arena stays
 * taken. Blank text is an error, too: see json_is_blank(). */
bool json_decode(struct str text, enum json_rule rule, struct arena *arena, struct value *out,
                 struct json_report *report);
bool json_is_blank(struct str text);

/* Compact text: no blanks, `/` and U+2028 as they are, controls escaped, doubles in Java's form
 * (NaN and infinities as quoted strings), times as quoted ISO 8601. What lies deeper than
 * VALUE_DEPTH_MAX is printed as null. */
void json_encode_value(const struct value *value, struct buf *out);
void json_encode_map(const struct map *map, struct buf *out);
void json_encode_string(struct str text, struct buf *out);
/* The fields without @metadata; no newline. `times` (core/text/time.h) is the caller's, kept from one
 * event to the next: most are of the same minute. */
struct time_cache;
void json_encode_event(const struct event *event, struct time_cache *times, struct buf *out);

#endif
