/* SPDX-License-Identifier: Apache-2.0 */
/* Which letters a reader is done with: for each log the numbers, as ranges. Kept in a text file, a line a range:
 *
 *   LOG FIRST LAST
 *
 * Lines that are none are left out and counted. One thread at a time. */
#ifndef CORE_DELIVERY_DEAD_LETTER_MARKS_H
#define CORE_DELIVERY_DEAD_LETTER_MARKS_H
#include "core/text/buf.h"

enum {
    DEAD_LETTER_LOG_NAME_MAX = 15, /* bytes */
    DEAD_LETTER_RANGES_MAX = 1000000, /* of all logs; more are not remembered */
};

struct dead_letter_range { uint64_t first, last; };
struct dead_letter_marks {
    struct dead_letter_mark {
        char log[DEAD_LETTER_LOG_NAME_MAX + 1];
        struct dead_letter_range *ranges; /* in order, with gaps between them */
        uint32_t count, capacity;
    } *logs;
    uint32_t count;  /* of logs */
    uint32_t ranges; /* of all logs */
};

void dead_letter_marks_fini(struct dead_letter_marks *marks);
/* False: there is no room for another range. */
bool dead_letter_marks_add(struct dead_letter_marks *marks, const char *log, uint64_t first, uint64_t last);
bool dead_letter_marks_has(const struct dead_letter_marks *marks, const char *log, uint64_t number);
/* The lowest number, from 1 on, that is not done. */
uint64_t dead_letter_marks_next(const struct dead_letter_marks *marks, const char *log);
/* Adds what a text says; returns how many lines were not readable. */
uint32_t dead_letter_marks_parse(struct dead_letter_marks *marks, struct str text);
void dead_letter_marks_print(const struct dead_letter_marks *marks, struct buf *out);
/* May a log be called this? A worker's number, or `replay`. */
bool dead_letter_log_is(struct str name);

#endif
