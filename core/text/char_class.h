/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a regular expression's bracket class (`a-z\t`) as a set of bytes: options of the filter kv
 * are written so. Pure; any thread. */
#ifndef CORE_TEXT_CHAR_CLASS_H
#define CORE_TEXT_CHAR_CLASS_H
#include <stdint.h>
#include "core/event/arena.h"
#include "core/text/regex.h"

enum { CLASS_STOPS_MAX = 8 }; /* members that byte_set_find() looks for 16 bytes at a time */

struct byte_set {
    uint8_t has[256];
    char stops[CLASS_STOPS_MAX];
    uint32_t count; /* of members; above CLASS_STOPS_MAX `stops` is not used */
};

void byte_set_add(struct byte_set *set, unsigned char byte);
static inline bool byte_set_has(const struct byte_set *set, char byte) { return set->has[(unsigned char)byte]; }
/* First member in `text` at or behind `from`; text.len when there is none. */
size_t byte_set_find(const struct byte_set *set, struct str text, size_t from);

enum char_class {
    CHAR_CLASS_WRONG, /* no bracket class: the problem says why, with its offset in `body` */
    CHAR_CLASS_BYTES, /* all members are ASCII, and in the set */
    CHAR_CLASS_WIDE,  /* it may have others; the set is empty */
};
enum char_class char_class_read(struct str body, struct byte_set *set, struct regex_problem *problem);

/* Takes the members of a class out of texts. Zeroed: there are none. One thread at a time. */
struct char_cutter {
    struct byte_set set;
    struct regex *ends, *each; /* of a wide class; owned */
};
bool char_cutter_init(struct char_cutter *cutter, struct str body, struct regex_problem *problem);
void char_cutter_fini(struct char_cutter *cutter);
/* From both ends. Of a wide class the text may be anew in `arena`; a text on which the expression is given up
 * stays as it is. */
struct str char_cutter_trim(const struct char_cutter *cutter, struct str text, struct arena *arena);
/* From everywhere; a text that loses something is anew in `arena`. */
struct str char_cutter_remove(const struct char_cutter *cutter, struct str text, struct arena *arena);

#endif
